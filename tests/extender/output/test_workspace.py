"""A result appears whole or not at all, and nothing of a person's is ever lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from extender.errors import OutputError
from extender.output.workspace import whole_file, whole_folder


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def make(target: Path, text: str, *, force: bool = False) -> None:
    with whole_folder(target, force=force) as work:
        (work / "project.json").write_text(text)


def test_a_folder_appears_with_its_contents(tmp_path: Path) -> None:
    make(tmp_path / "deep" / "er" / "x.soundscape", "1")
    assert (tmp_path / "deep/er/x.soundscape/project.json").read_text() == "1"
    assert names(tmp_path / "deep/er") == {"x.soundscape"}


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with whole_folder(tmp_path / "a" / "x", force=False) as work:
            (work / "half").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == set()


def test_an_existing_result_is_kept_without_force_and_on_errors(tmp_path: Path) -> None:
    target = tmp_path / "x"
    make(target, "old")
    with pytest.raises(OutputError, match="--force"):
        make(target, "new")
    with pytest.raises(RuntimeError), whole_folder(target, force=True):
        raise RuntimeError
    assert (target / "project.json").read_text() == "old"
    make(target, "new", force=True)
    assert (target / "project.json").read_text() == "new"
    assert names(tmp_path) == {"x"}


def test_a_folder_that_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "holiday"
    target.mkdir()
    (target / "diary.txt").write_text("dear")
    with pytest.raises(OutputError, match="not a soundscape"):
        make(target, "new", force=True)
    with pytest.raises(OutputError, match="not a soundscape"):
        make(target / "diary.txt", "new", force=True)
    assert (target / "diary.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission denied"), (errno.EIO, "cannot write")],
)
def test_what_the_system_refuses_is_one_line(tmp_path: Path, code: int, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught, whole_folder(tmp_path / "x", force=False):
        raise OSError(code, os.strerror(code))
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == set()


def test_a_parent_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not a folder"):
        make(tmp_path / "file" / "x", "1")


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "scene.json"
    with whole_file(target, force=False) as work:
        work.write_text("1")
    with pytest.raises(OutputError, match="--force"), whole_file(target, force=False):
        pass

    def failing() -> None:
        with whole_file(target, force=True) as work:
            work.write_text("2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert target.read_text() == "1"
    assert names(tmp_path) == {"scene.json"}


def test_the_folder_one_stands_in_is_replaced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x"
    make(target, "old")
    (target / "sounds").mkdir()
    monkeypatch.chdir(target)
    make(target, "new", force=True)
    assert Path("project.json").read_text() == "new"
    assert names(Path()) == {"project.json"}
    assert names(tmp_path) == {"x"}
