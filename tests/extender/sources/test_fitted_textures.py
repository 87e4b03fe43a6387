"""Fitted textures: what is made has the statistics that were asked for, and goes on for ever."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from extender.sources.procedural import textures
from extender.sources.procedural.fitted import FILE, library, packed, unpacked
from extender.sources.procedural.fitted_textures import MODELS, breaking
from extender.sources.procedural.model import rendered
from extender.sources.procedural.streaming import stream
from extender.sources.procedural.textures import (
    AT_ONCE,
    BANDS,
    CENTRES_HZ,
    FINE_HZ,
    MODULATION_HZ,
    MOTION_RATE,
    PHASES,
    PROBABILITIES,
    Texture,
    blended,
    endless,
    first,
)
from extender.sources.procedural.toolkit import Control
from mixer.types import Samples

NAMES = [model.name for model in MODELS]
RATE = 48_000


def even(depth_db: float = 0.0, share: Control | None = None) -> Texture:
    """Bands of equal power whose envelopes move by so much, in dB of deviation."""
    spread = np.array([-2.58, -2.05, -1.55, -1.04, -0.52, 0.0, 0.52, 1.04, 1.55, 2.05, 2.58, 3.09])
    modulation = np.full(MODULATION_HZ.size, 1.0 / MODULATION_HZ.size) if share is None else share
    return Texture(
        levels_db=np.zeros(BANDS),
        quantiles_db=np.tile(depth_db * spread, (BANDS, 1)),
        modulation=np.tile(modulation, (BANDS, 1)),
        slow_correlation=np.eye(BANDS),
        quick_correlation=np.eye(BANDS),
        slow_db=np.zeros(BANDS),
        fine_db=np.zeros(FINE_HZ.size),
        beat_hz=np.zeros(1),
        beat_db=np.zeros((BANDS, PHASES)),
        release_db_s=np.full(BANDS, 2.0 * AT_ONCE),
        grain_rate=np.zeros(1),
        grain_db=np.full(BANDS, -30.0),
        grain_slope=np.zeros(BANDS),
        grain_quantiles_db=np.zeros(12),
        grain_decay_s=np.full(BANDS, 0.01),
    )


def sound(texture: Texture, seconds: float = 12.0, channels: int = 1, seed: int = 3) -> Samples:
    return first(endless(texture, np.random.default_rng(seed), channels), round(seconds * RATE))


def power_between(samples: Samples, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples[0].astype(float))) ** 2
    f = np.fft.rfftfreq(samples.shape[1], 1.0 / RATE)
    return float(spectrum[(f >= low_hz) & (f < high_hz)].sum())


def octave(samples: Samples, centre_hz: float) -> Control:
    """The envelope of an octave band, 400 points a second."""
    spectrum = np.fft.fft(samples[0].astype(float))
    f = np.fft.fftfreq(samples.shape[1], 1.0 / RATE)
    spectrum[(f < centre_hz / np.sqrt(2)) | (f > centre_hz * np.sqrt(2))] = 0.0
    power = np.abs(np.fft.ifft(spectrum)) ** 2
    return np.asarray(np.sqrt(power[: power.size // 120 * 120].reshape(-1, 120).mean(axis=1)))


def test_levels_are_those_asked_for() -> None:
    texture = replace(even(), levels_db=np.where(np.arange(BANDS) == 20, 0.0, -60.0))
    made = sound(texture)
    near = power_between(made, CENTRES_HZ[19], CENTRES_HZ[21])
    assert near / power_between(made, 0.0, 24_000.0) > 0.97
    assert float(np.mean(made**2)) == pytest.approx(1.0, abs=0.15)


def test_power_is_one_whatever_moves() -> None:
    for depth_db in (0.0, 6.0):
        assert float(np.mean(sound(even(depth_db), 30.0) ** 2)) == pytest.approx(1.0, abs=0.1)


def test_deeper_quantiles_make_sparser_sound() -> None:
    spread = [np.std(octave(sound(even(depth_db)), 2_000.0)) for depth_db in (0.0, 4.0, 9.0)]
    assert spread[0] < spread[1] < spread[2]


def test_modulation_lies_where_it_was_measured() -> None:
    for hz in (4.0, 32.0):
        share = np.where(np.isclose(MODULATION_HZ, hz), 1.0, 0.0)
        envelope = octave(sound(even(8.0, share), 20.0), 4_000.0)
        spectrum = np.abs(np.fft.rfft(np.log(envelope) - np.log(envelope).mean())) ** 2
        f = np.fft.rfftfreq(envelope.size, 1.0 / 400.0)
        inside, beside = (f > hz / 1.3) & (f < hz * 1.3), (f > hz * 2.0) & (f < hz * 2.6)
        assert spectrum[inside].mean() > 5.0 * spectrum[beside].mean()


def test_bands_move_together_as_far_as_asked() -> None:
    share = np.where(MODULATION_HZ < 8.0, 1.0, 0.0) / np.sum(MODULATION_HZ < 8.0)
    alike = []
    for correlation in (0.0, 0.9):
        table = np.full((BANDS, BANDS), correlation)
        np.fill_diagonal(table, 1.0)
        made = sound(replace(even(8.0, share), slow_correlation=table), 20.0)
        alike.append(float(np.corrcoef(octave(made, 500.0), octave(made, 4_000.0))[0, 1]))
    assert abs(alike[0]) < 0.2
    assert alike[1] > 0.6


def test_beats_come_as_often_as_asked() -> None:
    pulse = np.where(np.arange(PHASES) < 3, 9.0, -9.0)
    made = sound(replace(even(), beat_hz=np.array([13.0]), beat_db=np.tile(pulse, (BANDS, 1))), 20.0)
    envelope = octave(made, 2_000.0)
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
    f = np.fft.rfftfreq(envelope.size, 1.0 / 400.0)
    assert f[1:][np.argmax(spectrum[1:])] == pytest.approx(13.0, abs=0.3)


def test_what_is_held_falls_no_faster_than_its_release() -> None:
    def skewness(texture: Texture) -> float:
        steps = np.diff(octave(sound(texture, 20.0), 8_000.0) ** 0.3)
        return float(np.mean((steps - steps.mean()) ** 3) / np.std(steps) ** 3)

    sudden = replace(even(12.0), release_db_s=np.full(BANDS, 400.0))
    assert skewness(sudden) > skewness(even(12.0)) + 0.2


def test_cracks_come_as_often_and_with_the_energy_asked_for() -> None:
    quiet = replace(even(), grain_db=np.full(BANDS, -20.0), grain_rate=np.array([6.0]))
    gain = [sound(texture, 30.0) for texture in (even(), quiet)]
    added = float(np.mean((gain[1]) ** 2) - np.mean(gain[0] ** 2))
    assert added == pytest.approx(6.0 * BANDS * 10.0**-2.0, rel=0.35)


def test_a_crack_is_there_at_once_and_dies_away() -> None:
    lone = replace(even(), grain_db=np.full(BANDS, 10.0), grain_rate=np.array([0.4]), levels_db=np.full(BANDS, -40.0))
    made = np.abs(sound(lone, 20.0)[0])
    peak = int(np.argmax(made[RATE:-RATE])) + RATE
    before, after = (np.mean(made[part] ** 2) for part in (slice(peak - 960, peak - 96), slice(peak + 96, peak + 960)))
    assert after > 10.0 * before


def test_two_sides_are_those_of_a_diffuse_field() -> None:
    left, right = sound(even(), 20.0, 2)
    spectra = [np.fft.rfft(side.astype(float)) for side in (left, right)]
    f = np.fft.rfftfreq(left.size, 1.0 / RATE)
    for low, high, expected in ((60.0, 100.0, 0.98), (3_000.0, 9_000.0, 0.0)):
        inside = (f > low) & (f < high)
        cross = np.sum((spectra[0] * spectra[1].conj()).real[inside])
        norm = np.sqrt(np.prod([np.sum(np.abs(s[inside]) ** 2) for s in spectra]))
        assert cross / norm == pytest.approx(expected, abs=0.06)


def test_blocks_join_without_a_seam() -> None:
    made = sound(even(), 60.0)[0]
    blocks = made[: made.size // 24_576 * 24_576].reshape(-1, 24_576 // 512, 512)
    along = 10 * np.log10(np.mean(blocks**2, axis=(0, 2)))
    assert np.ptp(along) < 1.8, "the level is the same all along a block"
    assert np.abs(np.diff(made)).max() < 12 * np.diff(made).std()


def test_same_seed_same_sound() -> None:
    assert sound(even(5.0), 3.0, 2).tobytes() == sound(even(5.0), 3.0, 2).tobytes()
    assert not np.array_equal(sound(even(5.0), 3.0), sound(even(5.0), 3.0, seed=4))


def test_slow_motion_has_its_deviation_and_no_break() -> None:
    pieces = textures.wandering(np.random.default_rng(1))
    curves = [next(pieces) for _ in range(400)]
    assert all(a[-1] == b[0] for a, b in pairwise(curves))
    assert np.std(np.concatenate([c[:-1] for c in curves])) == pytest.approx(1.0, abs=0.15)


def test_blend_of_one_is_itself_and_of_two_between() -> None:
    low, high = even(2.0), replace(even(6.0), levels_db=np.linspace(0.0, -20.0, BANDS))
    assert np.allclose(blended([low], [3.0]).quantiles_db, low.quantiles_db)
    middle = blended([low, high], [1.0, 1.0])
    assert np.allclose(middle.levels_db, np.linspace(0.0, -10.0, BANDS))
    assert np.allclose(middle.quantiles_db, even(4.0).quantiles_db)


# --- what ships ----------------------------------------------------------------------------------------------------


def test_stored_textures_are_small_and_come_back() -> None:
    assert FILE.stat().st_size < 300_000
    again = unpacked(packed(library()))
    for name, many in library().items():
        for source, texture in many.items():
            other = again[name][source]
            assert np.abs(texture.levels_db - other.levels_db).max() <= 0.25
            assert np.abs(texture.quick_correlation - other.quick_correlation).max() <= 0.005
            assert np.all(np.diff(texture.quantiles_db, axis=1) >= 0.0)
            assert texture.quantiles_db.shape == (BANDS, PROBABILITIES.size)
            assert np.allclose(texture.modulation.sum(axis=1), 1.0)


@cache
def take(name: str) -> Samples:
    model = next(model for model in MODELS if model.name == name)
    return rendered(model, 5, duration_s=8.0)


@pytest.mark.parametrize("name", NAMES)
def test_stream_does_not_depend_on_blocks(name: str) -> None:
    model = next(model for model in MODELS if model.name == name)
    long = [next(stream(model, 5, block=block)) for block in (40_000, 130_000)]
    assert np.array_equal(long[0], long[1][:, :40_000])


@pytest.mark.parametrize("name", [m.name for m in MODELS if m.kind != "event" and m.name not in ("waves",)])
def test_level_is_steady(name: str) -> None:
    halves = np.array_split(take(name), 2, axis=1)
    levels = [10 * np.log10(np.mean(half**2)) for half in halves]
    assert abs(levels[0] - levels[1]) < 4.5


@pytest.mark.parametrize("model", [m for m in MODELS if m.parameters], ids=lambda m: m.name)
def test_parameters_change_the_sound(model) -> None:  # type: ignore[no-untyped-def]
    for parameter in model.parameters:
        low, high = (
            rendered(model, 5, duration_s=2.0, values={parameter.name: value})
            for value in (parameter.low, parameter.high)
        )
        assert not np.array_equal(low, high)


def test_more_rain_is_denser() -> None:
    rain = next(model for model in MODELS if model.name == "rain")
    spread = []
    for intensity in (0.5, 50.0):
        made = rendered(rain, 5, duration_s=8.0, values={"intensity": intensity})
        envelope = 20 * np.log10(octave(made, 4_000.0) + 1e-6)
        spread.append(np.quantile(envelope, 0.98) - np.median(envelope))
    assert spread[0] > spread[1]


@pytest.mark.parametrize("period_s", [4.0, 9.0])
def test_waves_come_at_their_period(period_s: float) -> None:
    pieces = breaking(np.random.default_rng(1), period_s)
    count = round(60 * period_s * MOTION_RATE / 32)
    curve = np.concatenate([next(pieces)[20, :-1] for _ in range(count)])
    spectrum = np.convolve(np.abs(np.fft.rfft(curve - curve.mean())) ** 2, np.ones(9), "same")
    f = np.fft.rfftfreq(curve.size, 1.0 / MOTION_RATE)
    assert 1.0 / f[1:][np.argmax(spectrum[1:])] == pytest.approx(period_s, rel=0.2)
    assert curve.mean() == pytest.approx(0.0, abs=0.3)
    assert curve.std() == pytest.approx(1.0, abs=0.25)
