"""What is said of a mix: it is measured, it names every change, and it can be read."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from extender.changes import changes_of, without
from mixer import Compressor, Curve, Duck, Expander, Filter, TrackSettings
from tests.extender.tuned import RATE, band, project_of, run, soundscape

HOME = TrackSettings("bell", 0.0, azimuth_deg=10.0)
DONE = TrackSettings(
    "bell", -3.0, azimuth_deg=-5.0, fader_db=Curve((0.0, 1.0), (0.0, -2.0)), expander=Expander(-60.0),
    filters=(
        Filter("peak", 1_980.0, -4.0, 1.0, "-4.0 dB at 2 kHz, where it masks rain; 1 → 2 % of rain heard"),
        Filter("peak", 2_040.0, Curve((0.0, 1.0), (0.0, -3.0))), Filter("peak", 250.0, 3.0),
        Filter("low_cut", 80.0), Filter("high_shelf", 6_300.0, 2.0),
    ),
    compressor=Compressor(-20.0, 2.0, reason="compressed"), ducks=(Duck("rain", 6.0, -30.0),),
    reason="10° left; moved from +10° to -5°; -4.0 dB at 2 kHz, where it masks rain; 1 → 2 % of rain heard; compressed",
)  # fmt: skip
NAMES = (
    "expander", "cut-2khz", "cut-2khz-2", "boost-250hz", "low-cut-80hz", "high-shelf-6.3khz", "compressor",
    "duck-rain", "moved", "fader",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, synthesised: Path) -> Path:
    root = tmp_path_factory.mktemp("explained")
    (root / "cache").mkdir()
    (root / "cache" / "procedural").symlink_to(synthesised)
    return soundscape(root, root / "cache")


def test_every_change_has_a_name_of_its_own() -> None:
    assert [change.name for change in changes_of(DONE, HOME)] == [f"bell:{name}" for name in NAMES]
    assert changes_of(HOME, HOME, 0.02) == ()
    assert [change.name for change in changes_of(HOME, HOME, -1.0)] == ["bell:fader"]


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_change_can_be_taken_back_by_itself(number: int) -> None:
    changes = changes_of(DONE, HOME)
    left = without(DONE, [changes[number]], HOME)
    names = [change.name for change in changes_of(left, HOME)]
    assert len(names) == len(NAMES) - 1
    gone = {change.part for change in changes} - {change.part for change in changes_of(left, HOME)}
    assert gone <= {changes[number].part}
    if NAMES[number] == "moved":
        assert "moved" not in left.reason
        assert left.azimuth_deg == 10.0
    if NAMES[number] == "cut-2khz":
        assert "rain" not in left.reason


def test_without_all_of_it_the_track_is_as_it_was_placed() -> None:
    left = without(DONE, changes_of(DONE, HOME), HOME)
    assert changes_of(left, HOME) == ()
    assert left.reason == "10° left"


def test_it_is_told_what_was_changed_why_and_what_it_gained(folder: Path) -> None:
    said = run(folder.parent / "cache", "explain", folder / "project.json")
    assert said.exit_code == 0
    assert re.search(r"On average [\d.]+ % of each sound is heard, [\d.]+ % before", said.output)
    cuts = r"bus-1:cut-[\d.]+k?hz\n +(up to )?[\d.]+ dB less at .*: there it lay \d+ dB over [\w-]+ for"
    assert re.search(cuts, said.output)
    assert "is now heard instead of" in said.output
    assert "dB tells how loud" in said.output
    assert "Q " not in said.output
    assert "nan" not in said.output

    words = ("--json", "--each", "--track", "bus-1")
    told = json.loads(run(folder.parent / "cache", "explain", folder / "project.json", *words).output)
    (bus,) = told["tracks"]
    settings = next(t for t in project_of(folder)["plan"]["tracks"] if t["id"] == "bus-1")
    assert sum(":cut-" in c["name"] or ":boost-" in c["name"] for c in bus["changes"]) == len(settings["filters"])
    cut = next(c for c in bus["changes"] if ":cut-" in c["name"])
    whole = json.loads(run(folder.parent / "cache", "explain", folder / "project.json", "--json").output)
    heard = {t["id"]: (t["before"], t["after"]) for t in whole["tracks"]}
    other = max(heard, key=lambda name: (heard[name][1] or 0.0) - (heard[name][0] or 0.0))
    assert heard[other][1] > heard[other][0]
    assert set(cut["without"]) <= set(heard)
    assert any(abs(share - heard[name][1]) > 1e-4 for name, share in cut["without"].items())


def test_the_plan_of_a_mix_is_explained_too(tmp_path: Path) -> None:
    (tmp_path / "stems").mkdir()
    for name, sound in (("hum", band(80, 6_000, 1)), ("song", band(2_500, 6_000, 2, 0.04, swell=True))):
        soundfile.write(tmp_path / "stems" / f"{name}.wav", np.asarray(sound), RATE)
    mixed = run(tmp_path, "mix", tmp_path / "stems", "-o", tmp_path / "song.wav", "--no-report", "--lock", "song:pan")
    assert mixed.exit_code == 0, mixed.output
    said = run(tmp_path, "explain", tmp_path / "song.plan.json", tmp_path / "stems")
    assert said.exit_code == 0, said.output
    assert re.search(r"hum:cut-", said.output)
    assert "song:moved" not in said.output
    missing = run(tmp_path, "explain", tmp_path / "song.plan.json")
    assert missing.exit_code == 2
    assert "give the stems too" in missing.output


@pytest.mark.parametrize(("words", "code", "says"), [(("--track", "nobody"), 2, "there are: "), ((), 3, "cannot read")])
def test_what_cannot_be_explained_is_said_in_one_line(
    folder: Path, words: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    path = folder / "project.json" if words else tmp_path / "no" / "project.json"
    done = run(folder.parent / "cache", "explain", path, *words)
    assert done.exit_code == code
    assert says in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_missing_sound_is_named(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    next((copy / "sounds").glob("bus*")).unlink()
    done = run(tmp_path, "explain", copy / "project.json")
    assert done.exit_code == 3
    assert "is missing" in done.output
