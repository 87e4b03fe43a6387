"""A cluster gives what a machine gives, and loses nothing when a part of it is lost."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from extender.batch.cluster import _on_worker, _unpacked
from extender.batch.jobs import Job
from extender.batch.record import FOLDER
from extender.cli.batch import options_in
from tests.extender.batch.conftest import OPTIONS, PICTURES, digests, run

pytest.importorskip("distributed", reason="needs the extra `cluster`")

BOMB = """
import os

class Bomb:
    name = "bomb"
    def __init__(self, context):
        pass
    def detect(self, pixels):
        if pixels[..., 2].mean() > 1.3 * pixels[..., 0].mean():  # the blue picture
            os._exit(9)
        return []
"""


@pytest.fixture
def bomb(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a detector that kills its process over a blue picture."""
    info = tmp_path / "site" / "bomb-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bomb\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[extender.detectors]\nbomb = planted_bomb:Bomb\n")
    (info.parent / "planted_bomb.py").write_text(BOMB)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(info.parent), os.environ.get("PYTHONPATH", "")])}


def test_a_local_cluster_gives_the_same_bytes(undisturbed: Path, pictures: Path, tmp_path: Path) -> None:
    done = run(pictures, "-o", tmp_path / "out", "--cluster", "--workers", 2)
    assert f"{len(PICTURES)} made" in done.stderr
    assert digests(tmp_path / "out") == digests(undisturbed)


@pytest.mark.parametrize("seen", [True, False])
def test_workers_tell_by_a_token_whether_they_see_the_output(
    undisturbed: Path, pictures: Path, tmp_path: Path, seen: bool
) -> None:
    """A folder of the same name on another machine is not the output."""
    job = Job("one.soundscape", pictures / "one.jpg", options_in(OPTIONS), shown="one.jpg")
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "token").write_text("ours" if seen else "of somebody else")
    sent = _on_worker(job, str(tmp_path), "ours", None)
    assert sent.record is not None
    assert sent.record.status == "done"
    assert bool(sent.archive) is not seen
    assert (tmp_path / job.name).exists() is seen
    if not seen:
        _unpacked(sent.archive, tmp_path / job.name)
    name = "one.soundscape/soundscape.wav"
    assert digests(tmp_path) == {name: digests(undisturbed)[name]}


@pytest.mark.parametrize("where", [["--workers", "2"], ["--cluster", "--workers", "2"]])
def test_a_poisonous_picture_takes_nobody_with_it(
    pictures: Path, tmp_path: Path, bomb: dict[str, str], where: list[str]
) -> None:
    done = run(pictures, "-o", tmp_path / "out", "--detector", "bomb", *where, code=1, env=bomb)
    assert f"{len(PICTURES) - 1} made" in done.stderr
    assert "1 failed" in done.stderr
    assert "one.jpg" in done.stderr
    assert set(digests(tmp_path / "out")) == {
        "sub/two.soundscape/soundscape.wav", "sub/three ü.soundscape/soundscape.wav",
    }  # fmt: skip


def test_a_scheduler_that_is_not_there_is_said_in_one_line(pictures: Path, tmp_path: Path) -> None:
    done = run(pictures, "-o", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9", code=6)
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--cluster", "--scheduler", "tcp://a:1"], "give one of them"),
        (["--cluster", "--timeout", "5"], "--timeout is for processes of this machine"),
        (["--tls", "folder"], "--tls goes with --scheduler"),
        (["--every", "soon"], "--every wants"),
    ],
)
def test_options_that_contradict_each_other_are_said(
    pictures: Path, tmp_path: Path, wrong: list[str], said: str
) -> None:
    assert said in run(pictures, "-o", tmp_path / "out", *wrong, code=2).stderr


def test_jobs_can_be_sent(pictures: Path) -> None:
    import pickle

    job = Job("a", pictures / "one.jpg", options_in(OPTIONS))
    again = pickle.loads(pickle.dumps(job))
    assert again == job == replace(job)
