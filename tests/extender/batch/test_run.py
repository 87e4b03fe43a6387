"""A batch renders what is left to do, however it was ended before, and the result is always the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from extender.batch.record import FOLDER
from models import sha256_of
from tests.extender.batch.conftest import OPTIONS, PICTURES, command, digests, run

COUNT = len(PICTURES)


def test_the_output_mirrors_the_input(undisturbed: Path) -> None:
    assert set(digests(undisturbed)) == {
        "one.soundscape/soundscape.wav", "sub/two.soundscape/soundscape.wav", "sub/three ü.soundscape/soundscape.wav",
    }  # fmt: skip
    told = json.loads((undisturbed / "batch.json").read_text("utf-8"))
    assert [p["status"] for p in told["pictures"]] == ["done"] * COUNT
    assert all(p["place"] and p["licence"] == "CC0-1.0" for p in told["pictures"])
    assert {p["sha256"] for p in told["pictures"]} == set(digests(undisturbed).values())
    page = (undisturbed / "index.html").read_text("utf-8")
    assert page.count('<p class="hear"><a href="./') == COUNT
    assert "three%20%C3%BC.soundscape/soundscape.wav" in page


def test_a_picture_alone_gives_the_same_bytes(undisturbed: Path, pictures: Path, tmp_path: Path) -> None:
    alone = [sys.executable, "-c", "from extender.cli import main; main()", "render"]
    picture = pictures / "sub/two.png"
    subprocess.run([*alone, str(picture), "-o", str(tmp_path / "x"), "-q", *OPTIONS], check=True)
    assert sha256_of(tmp_path / "x/soundscape.wav") == digests(undisturbed)["sub/two.soundscape/soundscape.wav"]


def test_nothing_is_done_twice_unless_it_changed(undisturbed: Path, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(undisturbed), str(output)], check=True)
    before = digests(output)
    done = run(pictures, "-o", output, "--workers", 1, "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["event"] for e in events] == ["kept"] * COUNT + ["summary"]
    # What is damaged, and what has other options, is made anew; the rest is left alone.
    (output / "one.soundscape/soundscape.wav").write_bytes(b"damaged")
    done = run(pictures, "-o", output, "--workers", 1)
    assert "1 made" in done.stderr
    assert f"{COUNT - 1} there already" in done.stderr
    assert digests(output) == before
    done = run(pictures, "-o", output, "--seed", "7", "--workers", 2)
    assert f"{COUNT} made" in done.stderr
    assert digests(output) != before


def test_what_fails_is_told_and_the_rest_goes_on(undisturbed: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture at all")
    done = run(tmp_path / "bad.jpg", pictures / "one.jpg", "-o", tmp_path / "out", code=1)
    assert "failed: " in done.stderr
    assert "1 made" in done.stderr
    told = json.loads((tmp_path / "out/batch.json").read_text("utf-8"))
    assert [p["status"] for p in told["pictures"]] == ["failed", "done"]
    # It is not tried again before somebody asks for it, or the picture is another.
    done = run(tmp_path / "bad.jpg", pictures / "one.jpg", "-o", tmp_path / "out", code=1)
    assert "0 made" in done.stderr
    (tmp_path / "bad.jpg").write_bytes((pictures / "one.jpg").read_bytes())
    done = run(tmp_path / "bad.jpg", pictures / "one.jpg", "-o", tmp_path / "out")
    assert "1 made" in done.stderr
    found = digests(tmp_path / "out")
    assert found["bad.soundscape/soundscape.wav"] == found["one.soundscape/soundscape.wav"]


def test_two_runs_cannot_write_to_one_output(pictures: Path, tmp_path: Path) -> None:
    from filelock import FileLock

    (tmp_path / "out" / FOLDER).mkdir(parents=True)
    with FileLock(tmp_path / "out" / FOLDER / "lock"):
        done = run(pictures, "-o", tmp_path / "out", code=4)
    assert "another run is writing to" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_soundscape_of_somebody_else_is_not_replaced(pictures: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "out" / "one.soundscape"
    foreign.mkdir(parents=True)
    (foreign / "mine.txt").write_text("mine")
    done = run(pictures / "one.jpg", "-o", tmp_path / "out", code=1)
    assert "was not made by a batch" in done.stderr
    assert (foreign / "mine.txt").read_text() == "mine"


def leftovers(output: Path) -> list[Path]:
    return [p for p in output.glob("**/.*.partial") if FOLDER not in p.parts]


def started(output: Path, pictures: Path, *where: str) -> subprocess.Popen[str]:
    """Begin a batch and return when its first picture is being rendered."""
    process = subprocess.Popen(
        [*command(pictures, "-o", output, "--workers", 2, *where), "--duration", "3"],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 120
    while not leftovers(output):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("where", [[], ["--cluster"]], ids=["processes", "cluster"])
def test_ctrl_c_ends_cleanly_within_three_seconds(pictures: Path, tmp_path: Path, where: list[str]) -> None:
    if where:
        pytest.importorskip("distributed", reason="needs the extra `cluster`")
    output = tmp_path / "out"
    process = started(output, pictures, *where)
    os.killpg(process.pid, signal.SIGINT)
    begun = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - begun < 3.0 + 2.0  # those of the processes' ends
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not leftovers(output)


def test_kill_9_loses_only_what_was_in_flight(pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = started(output, pictures)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    done = run(pictures, "-o", output, "--workers", 2, "--duration", "3")
    assert "failed" not in done.stderr
    assert len(digests(output)) == COUNT
    assert not leftovers(output)


def test_a_worker_that_is_killed_is_replaced(pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = started(output, pictures)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.is_file():
        process.kill()
        process.communicate()
        pytest.skip("needs Linux to find the workers")
    workers = [pid for pid in map(int, children.read_text().split()) if b"spawn_main" in _said(pid)]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert len(digests(output)) == COUNT
    assert not leftovers(output)


def _said(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
