"""Metering of whole recordings: each meter against signals of which the answer is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer import AudioBuffer, AudioFile, MixerError
from mixer.loudness import LoudnessMeter
from mixer.meters import CLIP_LEVEL, Metering, _Statistics, meter, steadiness
from tests.mixer.signals import RATE, Mono, levels, noise, sine


def pink(seconds: float, seed: int = 1, level: float = 0.1) -> Mono:
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=round(seconds * RATE)))
    made = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0)), round(seconds * RATE))
    return np.asarray(level * made / made.std())


def avm(sound: Mono, trim: float = 0.0) -> float:
    """By default untrimmed: so the values are easily worked out."""
    loudness = LoudnessMeter(1, RATE)
    loudness.add(AudioBuffer(sound, RATE).samples)
    value = steadiness(loudness.gating_blocks(), trim=trim)
    assert value is not None
    return value


def shaped(gain_db: Mono) -> Mono:
    return np.asarray(sine(-20, len(gain_db) / RATE) * 10 ** (gain_db / 20))


T = np.arange(20 * RATE) / RATE


def test_steadiness_of_what_is_steady_is_one() -> None:
    assert avm(sine(-20, 20)) == pytest.approx(1.0, abs=0.005)
    assert avm(pink(20)) == pytest.approx(1.0, abs=0.01)


def test_steadiness_of_a_fade_and_of_modulation() -> None:
    """A fade of 20 dB: in each half a uniform spread of 10 dB, v = 100/12. ±6 dB at 0.3 Hz: about 0.8."""
    assert avm(shaped(-T)) == pytest.approx(0.76, abs=0.01)
    assert avm(shaped(6 * np.sin(2 * np.pi * 0.3 * T))) == pytest.approx(0.80, abs=0.04)


def test_steadiness_of_plateaus_is_that_of_their_edges() -> None:
    """Two plateaus 10 dB apart: only the blocks across their edge vary, and trimmed, these are left out."""
    plateaus = shaped(np.where(T < 10, 0.0, -10.0))
    assert 0.7 < avm(plateaus) < 0.95
    assert avm(plateaus, trim=0.025) == pytest.approx(1.0, abs=0.005)


def test_steadiness_of_steady_noise_over_erratic_quiet_is_low() -> None:
    erratic = np.repeat(np.random.default_rng(1).uniform(-18, -6, 20), RATE // 2)
    assert avm(shaped(np.concatenate([np.zeros(10 * RATE), erratic]))) < 0.6


def test_steadiness_is_undefined_for_what_is_short_or_silent() -> None:
    assert steadiness(np.full(7, -20.0)) is None
    assert steadiness(np.full(50, -80.0)) is None
    assert steadiness(np.full(50, -np.inf)) is None
    assert steadiness(np.zeros(0)) is None


@settings(deadline=None)
@given(st.lists(st.floats(-69.0, 0.0), min_size=1, max_size=60), st.floats(-0.5, 0.5))
def test_steadiness_is_between_0_and_1_and_does_not_care_for_level(values: list[float], shift_db: float) -> None:
    loudness = np.array(values) - 0.5
    value = steadiness(loudness)
    if value is not None:
        assert 0.0 < value <= 1.0
        assert steadiness(loudness - 0.0) == value
        if loudness.min() + shift_db > -70.0 and np.ptp(loudness) < 19.0:
            assert steadiness(loudness + shift_db) == pytest.approx(value)


def test_levels_of_a_tone() -> None:
    measured = meter(AudioBuffer([sine(-6, 5), sine(-12, 5)], RATE))
    assert measured.duration_s == 5.0
    assert (measured.sample_rate, measured.channels) == (RATE, 2)
    assert measured.sample_peak_dbfs == pytest.approx(-6.0, abs=0.01)
    assert measured.true_peak_dbtp == pytest.approx(-6.0, abs=0.05)
    assert measured.crest_db == pytest.approx(3.01, abs=0.01)
    assert measured.loudness_lufs == pytest.approx(-6.0 - 3.0 + 0.97, abs=0.1)
    assert measured.true_peak_dbtp is not None
    assert measured.loudness_lufs is not None
    assert measured.plr_lu == measured.true_peak_dbtp - measured.loudness_lufs
    assert measured.range_lu == pytest.approx(0.0, abs=0.05)
    assert measured.max_momentary_lufs == pytest.approx(measured.loudness_lufs, abs=0.05)
    assert measured.max_short_term_lufs == pytest.approx(measured.loudness_lufs, abs=0.05)
    assert measured.steadiness == pytest.approx(1.0, abs=0.005)
    assert measured.clipped_samples == 0
    assert measured.series is None


def test_correlation_and_dc() -> None:
    left, right = noise(3, 1).samples[0], noise(3, 2).samples[0]
    measured = meter(AudioBuffer([left, -left, right, 0 * left], RATE))
    expected = np.array([[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert measured.correlation == pytest.approx(expected, abs=0.01)
    assert meter(AudioBuffer([left + 0.25, right - 0.5], RATE)).dc == pytest.approx((0.25, -0.5), abs=0.002)


@pytest.mark.parametrize(("hertz", "mud", "harsh"), [(100, 0, 0), (350, 1, 0), (2_000, 0, 1), (6_000, 0, 0)])
def test_shares_of_tones(hertz: float, mud: float, harsh: float) -> None:
    measured = meter(sine(-20, 2, hertz))
    assert (measured.muddiness, measured.harshness) == pytest.approx((mud, harsh), abs=0.01)


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_shares_of_noise_are_those_of_the_bandwidth(rate: int) -> None:
    measured = meter(noise(8, rate=rate))
    audible = min(20_000, rate / 2) - 20
    assert (measured.muddiness, measured.harshness) == pytest.approx((300 / audible, 3_000 / audible), rel=0.05)


def test_clipping_is_counted_in_runs() -> None:
    wave = np.zeros((2, 1_000), np.float32)
    wave[0, 100] = wave[1, 5] = 1.0  # a peak that just reaches full scale is not cut off
    assert meter(wave).clipped_samples == 0
    wave[0, 200:203] = -1.0
    wave[1, -2:] = 1.5
    assert meter(wave).clipped_samples == 5
    assert meter(np.clip(sine(6, 1), -1, 1)).clipped_samples > 10_000
    assert meter(0.99 * np.clip(sine(6, 1), -1, 1)).clipped_samples == 0


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_clipping_does_not_care_how_a_stream_is_cut(full: list[bool], cuts: list[int]) -> None:
    wave = np.where(full, np.float32(CLIP_LEVEL), np.float32(0.5))[np.newaxis].astype(np.float32)
    parts = _Statistics(1)
    for part in np.split(wave, sorted(cuts), axis=1):
        parts.add(part)
    runs = "".join("x" if f else " " for f in full).split()
    assert parts.clipped == sum(len(run) for run in runs if len(run) > 1)


def test_silence_has_no_levels() -> None:
    measured = meter(AudioBuffer(np.zeros((2, RATE)), RATE))
    undefined = {field.name for field in dataclasses.fields(Metering) if getattr(measured, field.name) is None}
    assert undefined == {
        "loudness_lufs", "max_momentary_lufs", "max_short_term_lufs", "range_lu", "true_peak_dbtp", "sample_peak_dbfs",
        "plr_lu", "crest_db", "steadiness", "muddiness", "harshness", "series",
    }  # fmt: skip
    assert "integrated        –" in str(measured)


def test_files_and_arrays_measure_alike(tmp_path: Path) -> None:
    sound = noise(4, channels=2)
    soundfile.write(tmp_path / "noise.wav", sound.samples.T, RATE, subtype="FLOAT")
    measured = [meter(source) for source in (sound, sound.samples, tmp_path / "noise.wav")]
    assert str(measured[0]) == str(measured[1]) == str(measured[2])
    assert str(meter(AudioFile(tmp_path / "noise.wav"))) == str(measured[0])


def test_series_on_request() -> None:
    measured = meter(levels((-30, 5), (-20, 5)), series=True)
    assert measured.series is not None
    assert len(measured.series.time_s) == 1_000
    assert np.nanmax(measured.series.momentary_lufs) == pytest.approx(measured.max_momentary_lufs)


@pytest.mark.parametrize("rate", [1_000, 8_000, 384_000])
def test_any_rate(rate: int) -> None:
    measured = meter(sine(-20, 2, 200, rate), rate)
    assert measured.sample_rate == rate
    assert measured.duration_s == 2.0
    assert measured.loudness_lufs == pytest.approx(-24.5, abs=1.0)


def test_bad_input_is_refused() -> None:
    for bad, message in (
        (np.full(RATE, np.nan), "finite"),
        (np.zeros((13, RATE)), r"1\.\.12 channels, got 13"),
        ("nowhere.wav", "no such file"),
    ):
        with pytest.raises(MixerError, match=message):
            meter(bad)


def test_one_sample_and_none() -> None:
    assert meter(np.array([0.5])).sample_peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert meter(AudioBuffer(np.zeros((1, 0)), RATE)).loudness_lufs is None


def test_it_shows_in_a_notebook() -> None:
    measured = meter(noise(1, channels=2))
    html = measured._repr_html_()
    assert html.count("<tr>") == len(measured.rows())
    assert "LUFS" in html
    assert "correlation" in str(measured)
