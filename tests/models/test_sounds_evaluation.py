"""The judges of realism: what they listen to, what they may not know, and what they say."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from extender.audio import read_audio
from extender.sources.procedural.registry import BY_NAME
from models.sounds import evaluation, features, hearing, tables
from models.sounds.classes import CLASSES
from models.sounds.classifier import trained, varied
from models.sounds.evaluation import Bench, Row, bench, judge_of, panels, ratios
from models.sounds.features import active, described
from models.sounds.hearing import CLASS_OF, Heard, heard, takes
from models.sounds.split import Recording, recordings
from models.sounds.statistics import GROUPS

RATE = features.SAMPLE_RATE
Doubles = NDArray[np.float64]


def noise(seed: int, seconds: float) -> Doubles:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def tone(hz: float, seconds: float) -> Doubles:
    return np.asarray(np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE))


def clicks(seed: int, seconds: float) -> Doubles:
    rng = np.random.default_rng(seed)
    out = 1e-4 * rng.standard_normal(round(seconds * RATE))
    for start in range(int(rng.integers(2_000, 9_000)), out.size - 2_000, round(RATE * rng.uniform(0.3, 0.5))):
        out[start : start + 400] += rng.standard_normal(400) * np.exp(-np.arange(400) / 60.0)
    return out


def a_recording(number: int, kind: str, *, fold: str = "", held: bool = False) -> Recording:
    label = next(label for label, name in CLASS_OF.items() if name == kind)
    name = f"esc10/{kind}/{fold}-{number}.ogg" if fold else f"other/{number}.ogg"
    return Recording(Path(name), name, label, 2.0, "CC0", "", "", f"source {number}", held)


def a_heard(number: int, kind: str, sound: Doubles, *, fold: str = "", held: bool = False) -> Heard:
    rng = np.random.default_rng(number)
    one = described(sound)
    values = np.stack([one.values, described(varied(sound, rng)).values])
    return Heard(a_recording(number, kind, fold=fold, held=held), kind, values, one.statistics)


@pytest.fixture(scope="module")
def everything() -> tuple[Heard, ...]:
    """Noise called rain and clicks called clock, in five folds of two each."""
    made = []
    for number in range(10):
        fold = str(number % 5 + 1)
        made.append(a_heard(number, "rain", noise(number, 1.5), fold=fold, held=fold in "45"))
        made.append(a_heard(100 + number, "clock", clicks(number, 1.5), fold=fold, held=fold in "45"))
    return tuple(made)


def test_silence_level_and_what_is_above_10_khz_do_not_matter() -> None:
    sound = noise(1, 2.0) * np.linspace(0.5, 1.0, 2 * RATE)
    plain = described(sound).values
    padded = np.concatenate((np.zeros(RATE), sound, np.zeros(3 * RATE)))
    np.testing.assert_allclose(described(padded).values, plain, atol=1e-6)
    np.testing.assert_allclose(described(0.01 * sound).values, plain, atol=1e-6)
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(sound.size, 1 / RATE) > 14_000.0] = 0.0
    dull = described(np.fft.irfft(spectrum, sound.size)).values
    assert np.median(np.abs(dull - plain)) < 0.02


def test_the_pitch_of_a_tone_is_found_and_noise_has_none() -> None:
    square = np.sign(tone(200.0, 1.0))
    *strength, voiced, octave, spread, _, _ = described(square).values[-8:]
    assert min(strength) > 0.95
    assert voiced > 0.97  # the last frame may hold an end
    assert octave == pytest.approx(np.log2(200.0), abs=0.02)
    assert spread == pytest.approx(0.0, abs=0.01)
    assert described(noise(2, 1.0)).values[-5] < 0.1


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.3, 1.0, 9.0])
def test_sounds_of_any_length_have_the_same_features_all_finite(seconds: float) -> None:
    found = described(noise(3, seconds)).values
    assert found.shape == described(tone(440.0, 1.0)).values.shape
    assert np.isfinite(found).all()


def test_silence_cannot_be_described() -> None:
    with pytest.raises(ValueError, match="silence"):
        described(np.zeros(RATE))


def test_the_active_part_is_what_is_heard() -> None:
    sound = np.concatenate((np.zeros(RATE), tone(500.0, 0.5), 1e-4 * noise(4, 1.0)))
    assert active(sound).size == pytest.approx(0.5 * RATE, abs=2 * features.HOP)


def test_a_variant_is_the_sound_heard_elsewhere() -> None:
    sound = tone(500.0, 3.0)
    one, other = (varied(sound, np.random.default_rng(seed)) for seed in (1, 1))
    np.testing.assert_array_equal(one, other)
    for seed in range(8):
        changed = varied(sound, np.random.default_rng(seed))
        assert 0.59 * sound.size < changed.size < 1.2 * sound.size
        assert np.abs(np.fft.rfft(changed)).argmax() * RATE / changed.size == pytest.approx(500.0, abs=2.0)


def test_a_judge_learns_what_tells_classes_apart() -> None:
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((3, 12))
    labels = np.repeat(np.arange(3), (40, 20, 10))
    values = centres[labels] + 0.5 * rng.standard_normal((70, 12))
    judge = trained(("a", "b", "c"), values, labels)
    fresh = centres[labels] + 0.5 * rng.standard_normal((70, 12))
    assert np.mean(judge.named(fresh) == labels) > 0.9
    np.testing.assert_allclose(judge.shares(fresh).sum(axis=1), 1.0)
    again = trained(("a", "b", "c"), values * 7.0 + 3.0, labels)
    np.testing.assert_allclose(again.shares(fresh * 7.0 + 3.0), judge.shares(fresh), atol=1e-3)


def test_a_class_without_sounds_is_refused() -> None:
    with pytest.raises(ValueError, match="none of b"):
        trained(("a", "b"), np.ones((3, 2)), np.zeros(3, np.int64))


def test_the_test_never_trains(everything: tuple[Heard, ...]) -> None:
    final, early = bench(everything, development=False), bench(everything, development=True)
    assert {e.recording.fold for e in final.training} == {"1", "2", "3"}
    assert {e.recording.fold for e in final.testing} == {"4", "5"}
    assert {e.recording.fold for e in early.training} == {"1", "2"}
    assert {e.recording.fold for e in early.testing} == {"3"}


def test_real_recordings_are_split_by_source(recordings: Path) -> None:
    rows = split_of(recordings)
    for development in (False, True):
        sides = bench(rows, development=development)
        sources = [{e.recording.source for e in side} for side in (sides.training, sides.testing)]
        assert not sources[0] & sources[1]
        assert sources[0]
        assert sources[1]
        if development:
            assert not any(e.recording.held_out for side in (sides.training, sides.testing) for e in side)
            assert not any(e.recording.fold in ("4", "5") for side in (sides.training, sides.testing) for e in side)


def split_of(folder: Path) -> tuple[Heard, ...]:
    """The recordings of a folder with no descriptions."""
    blank = described(noise(0, 1.0))
    return tuple(
        Heard(each, CLASS_OF[each.label.lower()], blank.values[None], blank.statistics)
        for each in recordings(folder)
        if each.label.lower() in CLASS_OF
    )


def test_every_model_and_every_label_is_there(recordings: Path) -> None:
    labels = {each.label.lower() for each in split_rows(recordings)}
    assert [label for label in CLASS_OF if label not in labels] == []
    assert len(CLASS_OF) == sum(len(kind.labels) for kind in CLASSES)
    assert [name for kind in CLASSES for name in kind.models if name not in BY_NAME] == []
    assert sum(kind.benchmark for kind in CLASSES) == 10


def split_rows(folder: Path) -> tuple[Recording, ...]:
    return recordings(folder)


def test_judges_hear_the_difference(everything: tuple[Heard, ...]) -> None:
    sides = bench(everything, development=False)
    found = panels(sides)
    assert set(found) == {"ten", "all"}
    assert found["ten"].counted == {"rain": (4, 4), "clock": (4, 4)}
    assert found["ten"].accuracy == 1.0
    naming = found["ten"].naming("rain", [described(noise(77, 1.0)), described(clicks(78, 1.5))])
    assert naming.real == 1.0
    assert naming.synthetic == 0.5
    assert 0.4 < naming.belief < 0.6
    assert naming.taken_for == (("clock", 0.5),)
    assert evaluation.cross_validated(everything, ("rain", "clock")) == 1.0


def test_training_does_not_depend_on_what_tests(everything: tuple[Heard, ...]) -> None:
    sides = bench(everything, development=False)
    other = Bench(sides.training, tuple(replace(e, values=e.values[::-1] * 2.0) for e in sides.testing))
    for name, panel in panels(sides).items():
        np.testing.assert_array_equal(panel.judge.weights, panels(other)[name].judge.weights)


def test_takes_like_recordings_have_a_ratio_of_1(everything: tuple[Heard, ...]) -> None:
    part = bench(everything, development=False).of(("rain",))
    like = ratios([described(noise(50 + n, 1.5)).statistics for n in range(4)], part.testing, part.training)
    unlike = ratios([described(clicks(50 + n, 1.5)).statistics for n in range(4)], part.testing, part.training)
    assert set(like) == {*GROUPS, "overall", "nearest"}
    assert all(0.7 < value < 1.4 for value in like.values())
    assert min(unlike["overall"], unlike["nearest"]) > 2.0
    alone = part.testing[:1]
    assert 0.7 < ratios([described(noise(60, 1.5)).statistics], alone, part.training)["overall"] < 1.5
    assert ratios([described(noise(60, 1.5)).statistics], alone, alone) == {}


def test_a_model_is_heard_by_seeds_of_its_own() -> None:
    one, other = takes(BY_NAME["coins"], 2)
    assert not np.array_equal(one.values, other.values)
    np.testing.assert_array_equal(takes(BY_NAME["coins"], 1)[0].values, one.values)


def test_descriptions_are_kept_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, 0.1 * noise(6, 1.0), RATE)
    asked = [replace(a_recording(1, "rain"), path=path), replace(a_recording(2, "rain"), path=tmp_path / "no.wav")]
    said: list[str] = []
    (first,) = heard(asked, tmp_path / "kept", said.append)
    assert len(said) == 1
    assert "no.wav" in said[0]
    assert first.values.shape[0] == 1 + hearing.VARIANTS
    (kept,) = (tmp_path / "kept").iterdir()
    before = kept.stat().st_mtime_ns
    (again,) = heard(asked[:1], tmp_path / "kept", said.append)
    np.testing.assert_array_equal(again.values, first.values)
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(b"PK damaged")
    (repaired,) = heard(asked[:1], tmp_path / "kept", said.append)
    np.testing.assert_array_equal(repaired.values, first.values)


def test_sums_say_what_is_missed(everything: tuple[Heard, ...]) -> None:
    judges = panels(bench(everything, development=False))
    namings = {
        "rain": {name: panel.naming("rain", [described(noise(80, 1.0))]) for name, panel in judges.items()},
        "clock": {name: panel.naming("clock", [described(noise(81, 1.0))]) for name, panel in judges.items()},
    }
    near = dict.fromkeys((*GROUPS, "overall"), 1.0)
    found = [Row(name, name, 6, 4, near, namings[name]) for name in namings]
    told = tables.summary("ten", judges["ten"], found)
    assert (told.classes, told.chance, told.recordings) == (2, 0.5, 1.0)
    assert told.synthetic == 0.5
    assert told.ratio == 0.5
    assert "missed" in tables.sentence("ten", told)
    assert "no recording" in tables.sentence("ten", tables.summary("ten", judges["ten"], []))
    assert told.below == ("clock", "rain")  # three times chance is more than all, with two classes
    page = tables.markdown(found, judges, {"ten": 0.9})
    assert page.count("\n| ") == 3
    assert "90.0%" in page
    assert "clock" in tables.text(found, judges, {})
    json.dumps(tables.numbers(found, judges, {}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest and twelve short recordings of two classes of ESC-10."""
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hearing, "VARIANTS", 1)
    lines = []
    for number in range(6):
        for kind, label, sound in (("rain", "Rain", noise(number, 0.7)), ("clock", "Clock tick", clicks(number, 0.9))):
            name = f"esc10/{kind}/{number % 5 + 1}-{number}{kind}.wav"
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(tmp_path / name, 0.1 * sound, RATE)
            lines.append([name, label, "0.7", "CC0", "someone", f"https://example.org/{number}{kind}"])
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "label", "seconds", "licence", "author", "source_url"], *lines])
    return tmp_path


def test_the_command_judges(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(folder), "--models", "clock", "--takes", "1"]
    assert evaluation.main([*words, "--json", "--cross-validate"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["judges"]) == {"ten", "all"}
    (row,) = told["models"]
    assert row["model"] == "clock"
    assert row["tested_recordings"] == 2
    assert all(0.0 <= told["cross_validation"][title] <= 1.0 for title in ("ten", "all"))
    assert evaluation.main([*words, "--development", "--markdown"]) == 0
    assert "| clock | clock | 3/1 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--models", "unicorn"], "unicorn"),
        (["--takes", "0"], "at least 1"),
        (["--development", "--cross-validate"], "held out"),
    ],
)
def test_what_cannot_be_judged_is_refused(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluation.main(["--data", str(folder), *words])


def test_a_judge_of_recordings_of_real_things_is_right_more_often_than_not(recordings: Path) -> None:
    """A few real recordings, so that the test is quick; the page on realism has the figures of all."""
    rows = [each for each in split_rows(recordings) if each.fold in ("1", "2") and each.label in ("Rain", "Dog bark")]
    rows = [each for number, each in enumerate(rows) if number % 3 == 0]
    found = []
    for each in rows:
        one = described(read_audio(each.path, max_s=3.0).samples[0])
        found.append(Heard(each, CLASS_OF[each.label.lower()], one.values[None], one.statistics))
    judge = judge_of([e for e in found if e.recording.fold == "1"], ("rain", "dog"))
    counted = evaluation.accuracies(judge, [e for e in found if e.recording.fold == "2"])
    assert sum(right for right, _ in counted.values()) / sum(count for _, count in counted.values()) > 0.8
