"""A batch and the world: full and read-only disks, pictures that vanish, clocks that jump, names of all kinds."""

from __future__ import annotations

import os
import re
import shutil
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from extender.batch.jobs import Job, found_in, named
from extender.batch.pool import LocalPool
from extender.batch.run import Told, run_batch
from extender.cli.batch import options_in
from tests.extender.batch.conftest import OPTIONS, PICTURES, digests, run
from tests.extender.conftest import remount

COUNT = len(PICTURES)
LONG_AGO_NS, LONG_AFTER_NS = 315_532_800 * 10**9, 4_102_444_800 * 10**9


def test_a_full_disk_ends_the_batch_and_nothing_is_lost(undisturbed: Path, pictures: Path, small_disk: Path) -> None:
    done = run(pictures, "-o", small_disk / "out", "--workers", 1, code=4)
    assert "the disk is full" in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("extender: ")
    there = digests(small_disk / "out")
    assert len(there) < COUNT
    remount(small_disk, "size=50m")
    done = run(pictures, "-o", small_disk / "out", "--workers", 1)
    assert f"{COUNT - len(there)} made" in done.stderr
    assert digests(small_disk / "out") == digests(undisturbed)


def test_a_disk_that_cannot_be_written_is_one_line(pictures: Path, small_disk: Path) -> None:
    remount(small_disk, "ro")
    done = run(pictures, "-o", small_disk / "out", code=4)
    assert len(done.stderr.strip().splitlines()) == 1
    assert "give another --output" in done.stderr


def test_a_picture_that_vanishes_is_told_and_the_rest_goes_on(
    undisturbed: Path, pictures: Path, tmp_path: Path
) -> None:
    shutil.copytree(pictures, tmp_path / "in")
    found = list(found_in([str(tmp_path / "in")]))
    options = options_in(OPTIONS)
    jobs = [Job(name, path, options, shown=path.name) for name, (path, _, _) in zip(named(found), found, strict=True)]

    def tell(told: Told) -> None:
        if told.kind == "begun" and told.record.picture == "one.jpg":
            (tmp_path / "in/one.jpg").unlink()  # before its worker, which still starts, has read it
            (tmp_path / "in/sub/two.png").unlink(missing_ok=True)  # before its turn

    summary = run_batch(jobs, tmp_path / "out", LocalPool(tmp_path / "out", 1), tell=tell)
    failed = {record.picture: record.error for record in summary.records if record.status == "failed"}
    assert set(failed) == {"one.jpg", "two.png"}
    assert "there is no file" in failed["one.jpg"]  # as its worker says it
    assert "no such file" in failed["two.png"]
    name = "sub/three ü.soundscape/soundscape.wav"
    assert digests(tmp_path / "out") == {name: digests(undisturbed)[name]}


@pytest.mark.parametrize("when_ns", [LONG_AGO_NS, LONG_AFTER_NS])
def test_clocks_that_jump_make_nothing_old_or_new(
    undisturbed: Path, pictures: Path, tmp_path: Path, when_ns: int
) -> None:
    shutil.copytree(pictures, tmp_path / "in")
    shutil.copytree(undisturbed, tmp_path / "out")
    for path in [*(tmp_path / "in").rglob("*"), *(tmp_path / "out").rglob("*")]:
        os.utime(path, ns=(when_ns, when_ns))
    done = run(tmp_path / "in", "-o", tmp_path / "out")
    assert f"{COUNT} there already" in done.stderr
    assert "0 made" in done.stderr


NAMES = (
    "a b.jpg", "con.jpg", "aux .png", "dot..jpg", "-leading.jpg", "'quote\".jpg", "%41.jpg", "#hash?.jpg",
    "new\nline.jpg", "<b>.jpg", "=1+1.jpg", "🎧 é.jpg", "x" * 250 + ".jpg", "/".join(["d" * 200] * 3) + "/p.jpg",
)  # fmt: skip


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_names_of_all_kinds_in_every_locale(pictures: Path, tmp_path: Path, locale: str) -> None:
    folder = tmp_path / "im Büro 🎧"
    for name in NAMES:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / ("sub/two.png" if name.endswith("png") else "one.jpg"), target)
    (folder / os.fsdecode(b"bytes \xff.jpg")).write_bytes((pictures / "one.jpg").read_bytes())
    output = tmp_path / "aus Büro 🎧"
    options = ("--outputs", "credits", "--duration", "0.5")
    done = run(folder, "-o", output, *options, env={**os.environ, "LC_ALL": locale})
    assert f"{len(NAMES) + 1} made" in done.stderr
    assert len(done.stderr.splitlines()) == len(NAMES) + 3
    made = [path.relative_to(output) for path in output.rglob("*.soundscape")]
    assert len(made) == len(NAMES) + 1
    assert all(set(part) & set('<>:"|?*\\\n') == set() for path in made for part in path.parts)
    assert not {part.partition(".")[0].lower() for path in made for part in path.parts} & {"con", "aux"}
    page = (output / "index.html").read_text("utf-8")
    links = [unescape(link) for link in re.findall(r'(?:src|href)="(\./[^"]+)"', page)]
    assert len(links) >= 3 * len(made)
    reports = [link for link in links if link.endswith("report.html")]
    assert reports == []
    assert all((output / os.fsdecode(unquote(link).encode())).is_file() for link in links), links
