"""The limiter: never above the ceiling, never touching what is below."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer import AudioBuffer, Limiter, Samples, true_peak
from mixer.limiter import MARGIN_DB, _sliding_maximum
from mixer.truepeak import decibels
from tests.mixer.signals import RATE, barks, ffmpeg_levels, noise


def limited(sound: Samples, ceiling_dbtp: float = -1.0, rate: int = RATE) -> tuple[Samples, Limiter]:
    limiter = Limiter(sound.shape[0], rate, ceiling_dbtp)
    return np.concatenate([limiter.process(sound), limiter.flush()], axis=1), limiter


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_true_peak_passes_the_ceiling(rate: int, seed: int) -> None:
    loud = noise(2, seed, 0.5, rate, channels=2).samples * np.repeat([[1, 8, 0.1, 3]], rate // 2, axis=1).astype("f4")
    result, limiter = limited(loud, -1.0, rate)
    peak_dbtp = true_peak(AudioBuffer(result, rate))
    assert peak_dbtp is not None
    assert -1.5 < peak_dbtp <= -1.0
    assert limiter.reduction_db > 10.0


@pytest.mark.parametrize("ceiling_dbtp", [0.0, -1.0, -6.0])
def test_nor_by_ffmpeg(ceiling_dbtp: float, tmp_path: Path) -> None:
    n = np.arange(2 * RATE)
    clicks = np.where(n % 7_001 == 0, 3.0, 0.0)
    hard = np.sign(np.sin(2 * np.pi * 997 * n / RATE)) * 1.5
    for number, sound in enumerate([noise(2, 3, 1.0).samples[0], barks(2).samples[0] * 8, clicks, hard]):
        result, _ = limited(np.array([sound, sound[::-1]], np.float32), ceiling_dbtp)
        wav = tmp_path / f"{number}.wav"
        soundfile.write(wav, result.T, RATE, subtype="PCM_24")
        assert ffmpeg_levels(wav)[1] <= ceiling_dbtp


def test_what_is_below_passes_bit_for_bit() -> None:
    sound = noise(3, channels=2).samples
    peak_dbtp = true_peak(AudioBuffer(sound, RATE))
    assert peak_dbtp is not None
    result, limiter = limited(sound, peak_dbtp + MARGIN_DB + 0.01)
    assert limiter.reduction_db == 0.0
    assert np.array_equal(result, sound)


def test_a_peak_is_met_in_time_and_left_again() -> None:
    sound = np.full((1, 2 * RATE), 0.1, np.float32)
    sound[0, RATE] = 2.0
    result, limiter = limited(sound)
    touched = np.flatnonzero(result[0] != sound[0])
    assert RATE - 0.012 * RATE < touched[0] < RATE < touched[-1] < RATE + 0.4 * RATE
    assert limiter.reduction_db == pytest.approx(6.02 + 1.0 + MARGIN_DB, abs=0.3)
    gain = result[0] / sound[0]
    assert np.abs(np.diff(gain)).max() < 0.02  # no corner, no click


def test_channels_share_the_gain() -> None:
    left = barks(2).samples[0] * 6
    result, _ = limited(np.array([left, left * 0.25]))
    assert np.abs(result[1] - result[0] * 0.25).max() < 1e-6


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, 2 * RATE), max_size=10))
def test_the_result_does_not_depend_on_the_blocks(cuts: list[int]) -> None:
    sound = noise(2, 4, 0.6, channels=2).samples
    whole, _ = limited(sound)
    limiter = Limiter(2, RATE, -1.0)
    parts = [limiter.process(part) for part in np.split(sound, sorted(cuts), axis=1)] + [limiter.flush()]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


@given(values=st.lists(st.floats(-10, 10), min_size=1, max_size=60), data=st.data())
def test_sliding_maximum(values: list[float], data: st.DataObject) -> None:
    width = data.draw(st.integers(1, len(values)))
    expected = [max(values[n : n + width]) for n in range(len(values) - width + 1)]
    assert _sliding_maximum(np.array(values), width).tolist() == expected


def test_silence_and_nothing() -> None:
    result, limiter = limited(np.zeros((2, 50_000), np.float32))
    assert result.shape == (2, 50_000)
    assert not result.any()
    assert limiter.reduction_db == 0.0
    assert limited(np.zeros((2, 0), np.float32))[0].shape == (2, 0)
    assert decibels(0.0) is None
