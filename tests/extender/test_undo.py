"""Taking back, keeping and making anew: what a person wants of a mix stays, whatever is done after."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from extender.mixed import opened
from mixer import MixPlan, MixSession
from mixer.locks import curve_db
from tests.extender.tuned import edit, project_of, run, settings_of, soundscape


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, synthesised: Path) -> Path:
    root = tmp_path_factory.mktemp("undone")
    (root / "cache").mkdir()
    (root / "cache" / "procedural").symlink_to(synthesised)
    return soundscape(root, root / "cache")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A soundscape of one's own."""
    return shutil.copytree(made, tmp_path / "out")


def loudness(folder: Path) -> dict[str, float | None]:
    """How loud each track is, as the project has it."""
    with opened(folder / "project.json") as (project, tracks):
        plan = project.plan
        with MixSession(
            tracks, duration_s=plan.duration_s, room=plan.room, stage_half_deg=plan.stage_half_deg
        ) as session:
            levels = session.levels(plan.tracks)
            return {s.id: level.at(s).loudness_lufs for s, level in zip(plan.tracks, levels, strict=True)}


def done(folder: Path, *words: str, ends: int = 0) -> str:
    result = run(folder.parent, *words)
    assert result.exit_code == ends, result.output
    return result.output


def names(folder: Path, track: str = "") -> list[str]:
    """What was done, by name."""
    told = json.loads(done(folder, "explain", str(folder / "project.json"), "--json"))
    return [change["name"] for each in told["tracks"] for change in each["changes"] if not track or each["id"] == track]


def sha(folder: Path) -> str:
    return hashlib.sha256((folder / "soundscape.wav").read_bytes()).hexdigest()


def test_what_is_taken_back_is_gone_and_all_else_stays(folder: Path) -> None:
    before, loud, cut = project_of(folder), loudness(folder), next(n for n in names(folder, "bus-1") if ":cut-" in n)
    said = done(folder, "undo", str(folder / "project.json"), cut)
    assert f"taken back: {cut}" in said
    after = project_of(folder)
    for old, new in zip(before["plan"]["tracks"], after["plan"]["tracks"], strict=True):
        if old["id"] != "bus-1":
            assert new == old
    assert (
        len(settings_of(folder, "bus-1")["filters"])
        == len(next(t for t in before["plan"]["tracks"] if t["id"] == "bus-1")["filters"]) - 1
    )
    assert loudness(folder) == pytest.approx(loud, abs=0.02)
    assert after["by_hand"] == ["bus-1:eq"]
    first = sha(folder)
    done(folder, "render", str(folder / "project.json"), "--force", "--outputs", "credits")
    assert sha(folder) == first


def test_all_of_a_track_is_taken_back_into_another_folder(folder: Path) -> None:
    first, there = sha(folder), names(folder, "bus-1")
    done(
        folder, "undo", str(folder / "project.json"), "--all-of", "bus-1", "bird-1:*", "-o", str(folder.parent / "two")
    )
    assert there
    assert names(folder.parent / "two", "bus-1") == []
    assert names(folder.parent / "two", "bird-1") == []
    assert sha(folder) == first


@pytest.mark.parametrize(
    ("words", "says"),
    [(("bus-1:cut-1hz",), "no change called"), ((), "give --all-of"), (("--all-of", "cow"), "there are: ")],
)
def test_what_is_not_there_cannot_be_taken_back(folder: Path, words: tuple[str, ...], says: str) -> None:
    first = (folder / "project.json").read_bytes()
    said = done(folder, "undo", str(folder / "project.json"), *words, ends=2)
    assert says in said
    assert (folder / "project.json").read_bytes() == first


def test_what_a_person_has_set_stays_when_the_mix_is_made_anew(folder: Path) -> None:
    edit(folder, "bird-1", azimuth_deg=-31.0)
    edit(folder, "dog-1", gain_db=-1.25)
    again = ("render", str(folder / "project.json"), "--force", "--outputs", "credits")
    done(folder, *again, "--strategy", "hafezi")
    now = project_of(folder)
    assert now["plan"]["strategy"] == "hafezi"
    assert set(now["by_hand"]) == {"bird-1:pan", "dog-1:gain"}
    assert settings_of(folder, "bird-1")["azimuth_deg"] == -31.0
    assert settings_of(folder, "dog-1")["gain_db"] == -1.25
    done(folder, *again, "--again", "--unlock", "bird-1")
    assert project_of(folder)["by_hand"] == ["dog-1:gain"]
    assert settings_of(folder, "bird-1")["azimuth_deg"] != -31.0
    assert settings_of(folder, "dog-1")["gain_db"] == -1.25


def test_what_was_taken_back_is_not_done_again(folder: Path) -> None:
    cuts = [name for name in names(folder, "bus-1") if ":cut-" in name]
    done(folder, "undo", str(folder / "project.json"), *cuts)
    done(folder, "render", str(folder / "project.json"), "--force", "--again", "--outputs", "credits")
    assert not settings_of(folder, "bus-1")["filters"]


def test_locks_are_kept_in_the_project_and_by_every_mix(folder: Path) -> None:
    before = settings_of(folder, "bird-1")
    again = ("render", str(folder / "project.json"), "--force", "--outputs", "credits")
    locks = ("--lock", "bird", "--lock", "bus-1:eq=-2..0", "--priority", "dog=1")
    done(folder, *again, "--strategy", "hafezi", *locks)
    now = project_of(folder)
    assert now["locks"] == ["bird-1", "bus-1:eq=-2..0"]
    assert now["priorities"] == {"dog-1": 1.0}
    assert settings_of(folder, "bird-1") == before
    for _ in range(2):
        plan = MixPlan.from_json(json.dumps(project_of(folder)["plan"]))
        bus = next(t for t in plan.tracks if t.id == "bus-1")
        assert curve_db(bus.filters, 48_000)[0] >= -2.01
        done(folder, *again, "--again", "--strategy", "unmask")
    assert settings_of(folder, "bird-1") == before
    said = done(folder, "explain", str(folder / "project.json"))
    assert "locked: bird-1" in said


def test_a_new_render_takes_locks_by_what_things_are_called(made: Path, tmp_path: Path) -> None:
    root = made.parent
    words = (
        "render", str(root / "photo.jpg"), "--scene", str(root / "scene.json"), "-d", "2", "--offline",
        "--outputs", "credits", "--sources", "folder,procedural", "--sounds", str(root / "mine"),
        "-o", str(tmp_path / "new"),
    )  # fmt: skip
    result = run(root / "cache", *words, "--lock", "bus:eq", "--lock", "dog")
    assert result.exit_code == 0, result.output
    assert project_of(tmp_path / "new")["locks"] == ["bus-1:eq", "dog-1"]
    assert not settings_of(tmp_path / "new", "bus-1")["filters"]
    for wrong, says in (("cow:eq", "nothing called"), ("bus:colour", "a lock is written as")):
        result = run(root / "cache", *words, "--force", "--lock", wrong)
        assert result.exit_code == 2
        assert says in result.output


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("locks", ["cow"], "no such track"), ("locks", ["bus-1:x"], "a lock is written as"),
        ("priorities", {"cow": 1.0}, "no part"), ("priorities", {"bus-1": 3.0}, "in 0..1"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_said(folder: Path, key: str, value: Any, says: str) -> None:
    project = project_of(folder) | {key: value}
    (folder / "project.json").write_text(json.dumps(project), encoding="utf-8")
    assert says in done(folder, "render", str(folder / "project.json"), "--force", ends=3)


def test_older_files_are_read_and_untouched_ones_followed_to_the_letter(folder: Path) -> None:
    project, first = project_of(folder), sha(folder)
    for key in ("locks", "by_hand", "priorities"):
        del project[key]
    project["made"] = {k: v for k, v in project["made"].items() if k.startswith(("from/", "set/", "bus/"))}
    (folder / "project.json").write_text(json.dumps(project), encoding="utf-8")
    done(folder, "render", str(folder / "project.json"), "--force", "--outputs", "credits")
    assert sha(folder) == first
