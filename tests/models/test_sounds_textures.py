"""Fitting textures: what is known of a sound is found again, and only what may be analysed is."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from extender.sources.procedural.fitted import library
from extender.sources.procedural.textures import (
    AT_ONCE,
    BANDS,
    CENTRES_HZ,
    FINE_HZ,
    MODULATION_HZ,
    PHASES,
    Texture,
    endless,
    first,
)
from models.sounds.__main__ import main
from models.sounds.split import FREE, JUDGING_FOLDS, recordings
from models.sounds.textures import CLASSES
from models.sounds.textures_analysis import Measured, band_powers, measured
from models.sounds.textures_fitting import matched
from tests.conftest import shared

RATE = 48_000
CARD = Path(__file__).resolve().parents[2] / "models" / "cards" / "sounds.md"


@cache
def noise(seconds: float = 6.0) -> Measured:
    return measured(np.random.default_rng(1).standard_normal(round(seconds * RATE)))


def known() -> Texture:
    """A texture with a spectrum, a rhythm and a sparseness of its own."""
    rate = np.exp(-(np.log2(MODULATION_HZ / 6.0) ** 2))
    spread = np.array([-9.0, -8.0, -6.0, -4.5, -2.5, 0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 19.0])
    table = np.full((BANDS, BANDS), 0.7) + 0.3 * np.eye(BANDS)
    return Texture(
        levels_db=-0.6 * np.abs(np.arange(BANDS) - 20.0),
        quantiles_db=np.tile(spread, (BANDS, 1)),
        modulation=np.tile(rate / rate.sum(), (BANDS, 1)),
        slow_correlation=table,
        quick_correlation=table,
        slow_db=np.zeros(BANDS),
        fine_db=np.zeros(FINE_HZ.size),
        beat_hz=np.zeros(1),
        beat_db=np.zeros((BANDS, PHASES)),
        release_db_s=np.full(BANDS, 1.25 * AT_ONCE),
        grain_rate=np.zeros(1),
        grain_db=np.full(BANDS, -60.0),
        grain_slope=np.zeros(BANDS),
        grain_quantiles_db=np.zeros(12),
        grain_decay_s=np.full(BANDS, 0.01),
    )


@cache
def target() -> Measured:
    """What is measured on that texture."""
    return measured(first(endless(known(), np.random.default_rng(8), 1), 12 * RATE)[0])


@cache
def fitted(rounds: int) -> tuple[Texture, Measured]:
    """A texture fitted to it, and what is measured on that."""
    found = matched(target(), rounds)
    return found, measured(first(endless(found, np.random.default_rng(9), 1), 12 * RATE)[0], cracks=False)


def test_white_noise_has_the_levels_of_its_bands() -> None:
    width = np.diff(np.log(CENTRES_HZ)).mean()
    assert np.diff(noise().levels_db).mean() == pytest.approx(
        10 * np.log10((CENTRES_HZ[-1] + 228.0) / (CENTRES_HZ[0] + 228.0)) / (BANDS - 1), abs=0.15
    )
    assert width > 0
    assert np.abs(noise().slow_db).max() < 0.5
    assert noise().beat_hz == 0.0


def test_powers_of_the_bands_add_up() -> None:
    signal = np.random.default_rng(2).standard_normal(3 * RATE)
    inside = 1.0 - (52.0 + 24_000.0 - CENTRES_HZ[-1]) / 24_000.0
    assert band_powers(signal).mean(axis=1).sum() == pytest.approx(inside, abs=0.06)


def test_beat_is_found() -> None:
    t = np.arange(6 * RATE) / RATE
    chopped = np.random.default_rng(1).standard_normal(t.size) * (0.15 + (np.sin(2 * np.pi * 11.3 * t) > 0.4))
    found = measured(chopped)
    assert found.beat_hz == pytest.approx(11.3, abs=0.1)
    assert np.ptp(found.beat_db, axis=1).mean() > 6.0


def test_cracks_are_counted() -> None:
    rng = np.random.default_rng(1)
    signal = 0.003 * rng.standard_normal(10 * RATE)
    for at in rng.permutation(np.arange(0.4, 9.6, 0.17))[:40]:
        crack = rng.standard_normal(RATE // 20) * np.exp(-np.arange(RATE // 20) / (0.008 * RATE))
        signal[int(at * RATE) :][: crack.size] += crack * rng.lognormal(0.0, 0.3)
    found = measured(signal)
    assert found.grains.rate == pytest.approx(4.0, rel=0.15)
    assert found.grains.decay_s[25] == pytest.approx(0.004, rel=0.5), "energy falls twice as fast as amplitude"
    assert noise().grains.rate == 0.0


def test_slow_motion_is_told_from_modulation() -> None:
    t = np.arange(20 * RATE) / RATE
    swelling = np.random.default_rng(1).standard_normal(t.size) * 10 ** (0.2 * np.sin(2 * np.pi * 0.15 * t))
    found = measured(swelling)
    assert found.slow_db.mean() == pytest.approx(4.0 / np.sqrt(2), rel=0.25)
    assert np.abs(found.quantiles_db - noise().quantiles_db)[:, 3:9].max() < 1.5


@pytest.mark.parametrize("bad", [np.zeros(2 * RATE), np.ones(1_000), np.ones((2, RATE))])
def test_what_cannot_be_measured_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        measured(bad)


def test_fit_brings_a_known_texture_back() -> None:
    found, again = fitted(3)
    heard = slice(3, 33)
    assert np.abs((again.levels_db - target().levels_db)[heard]).mean() < 1.0
    assert np.abs((again.quantiles_db - target().quantiles_db)[heard, 2:11]).mean() < 1.0
    assert np.abs((again.quick_correlation - target().quick_correlation)[heard, heard]).mean() < 0.08
    ratio = 10 * np.log10(again.modulation[heard, 3:14] / target().modulation[heard, 3:14])
    assert np.abs(ratio).mean() < 1.5
    relative = found.levels_db - known().levels_db
    assert np.abs(relative[heard] - relative[heard].mean()).mean() < 1.5, "and with it the parameters"


def test_fit_corrects_what_the_first_guess_gets_wrong() -> None:
    error = [np.abs(fitted(rounds)[1].quantiles_db - target().quantiles_db)[3:33].mean() for rounds in (0, 3)]
    assert error[1] < 0.8 * error[0]


def test_empty_bands_stay_empty() -> None:
    hollow = replace(noise(), levels_db=np.where(np.arange(BANDS) > 30, -90.0, noise().levels_db))
    found = matched(hollow, rounds=1)
    assert found.levels_db[32:].max() < -50.0


# --- what is fitted ------------------------------------------------------------------------------------------------


def test_only_free_recordings_that_do_not_judge_are_in_the_package() -> None:
    rows = {row.file: row for row in recordings(shared("sounds"))}
    for name, textures in library().items():
        for files in textures:
            for file in files.split(", "):
                assert rows[file].licence == FREE
                assert not rows[file].held_out
                assert rows[file].label.lower() in CLASSES[name]


def test_card_names_every_source() -> None:
    told = CARD.read_text(encoding="utf-8")
    for textures in library().values():
        for files in textures:
            for file in files.split(", "):
                assert Path(file).stem in told, f"{file} is not in the card"


def test_whatever_the_card_names_is_free() -> None:
    with (shared("sounds") / "manifest.csv").open(newline="", encoding="utf-8") as file:
        licences = {Path(row["file"]).stem: row["licence"] for row in csv.DictReader(file)}
    named = set(re.findall(r"`([\w-]+)`", CARD.read_text(encoding="utf-8"))) & licences.keys()
    assert named
    assert {licences[stem] for stem in named} == {FREE}


def test_recordings_of_one_source_are_on_one_side() -> None:
    rows = recordings(shared("sounds"))
    sides: dict[str, set[bool]] = {}
    for row in rows:
        sides.setdefault(row.source, set()).add(row.held_out)
        assert row.fold not in JUDGING_FOLDS or row.held_out
    assert all(len(both) == 1 for both in sides.values())
    light = next(row for row in rows if row.file == "antum/sounds_rain_light.ogg")
    assert light.held_out, "it is a file of fold 4 by another name"


def test_command_tells_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--data", str(tmp_path), "--only", "textures"]) == 1
    assert "manifest.csv" in capsys.readouterr().err
