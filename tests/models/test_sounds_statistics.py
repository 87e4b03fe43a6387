"""Texture statistics of signals for which they are known."""

from __future__ import annotations

from math import gamma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.sounds import statistics as texture

RATE = texture.SAMPLE_RATE
Doubles = NDArray[np.float64]


def noise(seed: int, seconds: float) -> Doubles:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def time_s(seconds: float) -> Doubles:
    return np.arange(round(seconds * RATE)) / RATE


def test_bands_lie_where_the_paper_has_them_and_keep_the_power() -> None:
    assert len(texture.CENTRES_HZ) == 30
    assert texture.CENTRES_HZ[0] == pytest.approx(52.0, abs=0.5)
    assert texture.CENTRES_HZ[-1] == pytest.approx(8844.0, abs=5.0)
    gains, first = texture._cochlear(RATE)
    total = np.zeros(RATE)
    for row, start in zip(gains, first, strict=True):
        total[start : start + row.size] += row**2
    inside = slice(round(texture.CENTRES_HZ[0]) + 1, round(texture.CENTRES_HZ[-1]))
    np.testing.assert_allclose(total[inside], 1.0, atol=1e-9)


def test_a_tone_has_a_steady_envelope_of_its_amplitude() -> None:
    """At the centre of a band the gain is 1, so the envelope is the amplitude to the power 0.3."""
    tone = 0.2 * np.sin(2 * np.pi * texture.CENTRES_HZ[15] * time_s(2.0))
    middle = texture.envelopes(tone)[15, 100:-100]
    np.testing.assert_allclose(middle, 0.2**0.3, rtol=1e-3)


def test_white_noise_has_rayleigh_envelopes() -> None:
    """r^p of a Rayleigh variable: E = Γ(1 + p/2) 2^(p/2) σ^p; narrow bands lose nothing at 400 Hz."""
    found = texture.measured(noise(1, 20.0))
    p = texture.COMPRESSION
    expected = np.sqrt(gamma(1 + p) / gamma(1 + p / 2) ** 2 - 1)
    np.testing.assert_allclose(found.cv[:12], expected, rtol=0.08)
    assert np.all(np.diff(found.mean[::3]) > 0)  # wider bands hold more of a white spectrum
    far = found.correlation[np.triu_indices(30, 5)]
    assert np.sqrt(np.mean(far**2)) < 0.05
    assert np.diag(found.correlation) == pytest.approx(1.0)


@pytest.mark.parametrize("rate_hz", [4.0, 16.0, 60.0])
def test_modulated_noise_peaks_in_its_modulation_band(rate_hz: float) -> None:
    seconds = 6.0
    found = texture.measured(noise(2, seconds) * (1 + 0.95 * np.sin(2 * np.pi * rate_hz * time_s(seconds))))
    nearest = int(np.argmin(np.abs(np.log(texture.MODULATION_HZ / rate_hz))))
    wide = found.modulation[20:]  # narrow bands cannot follow quick modulation
    assert np.all(np.abs(wide.argmax(axis=1) - nearest) <= 1)
    assert np.all(wide[:, nearest] > 2 * texture.measured(noise(2, seconds)).modulation[20:, nearest])


def test_bands_that_move_together_correlate_and_others_do_not() -> None:
    seconds, rng = 8.0, np.random.default_rng(3)
    tones = np.sin(2 * np.pi * texture.CENTRES_HZ[::4, None] * time_s(seconds))
    knots = np.linspace(0.0, seconds, 40)

    def slow() -> Doubles:
        return np.interp(time_s(seconds), knots, rng.uniform(0.1, 1.0, knots.size))

    rows = np.arange(30)[::4]
    together = texture.measured(tones.sum(axis=0) * slow())
    assert together.correlation[np.ix_(rows, rows)].min() > 0.99
    apart = texture.measured(sum(tone * slow() for tone in tones))
    between = apart.correlation[np.ix_(rows, rows)][np.triu_indices(rows.size, 1)]
    assert np.abs(between).mean() < 0.3


def test_modulation_correlations_tell_a_common_rate() -> None:
    seconds = 6.0
    common = texture.measured(noise(4, seconds) * (1 + 0.95 * np.sin(2 * np.pi * 12.5 * time_s(seconds))))
    at = int(np.argmin(np.abs(texture.C1_HZ - 12.5)))
    assert common.c1[at, :, 15:28].min() > 0.8
    assert np.abs(texture.measured(noise(4, seconds)).c1[at, 1, 15:28]).mean() < 0.3


def test_phase_statistics_tell_attacks_from_their_reverse() -> None:
    """Decaying clicks and the same played backwards differ in nothing but the phase of their modulation."""
    t = time_s(6.0)
    decaying = noise(5, 6.0) * np.exp(-12.0 * (t * 3.125 % 1.0))
    forward, backward = texture.measured(decaying), texture.measured(decaying[::-1].copy())
    np.testing.assert_allclose(forward.cv, backward.cv, rtol=1e-3)
    np.testing.assert_allclose(forward.modulation, backward.modulation, atol=1e-3)
    np.testing.assert_allclose(forward.c2[1:3, 20:], backward.c2[1:3, 20:].conj(), atol=0.05)
    assert np.abs(forward.c2[1, 20:].imag).min() > 0.3


@given(seed=st.integers(0, 99), gain=st.floats(1e-4, 10.0), seconds=st.floats(0.5, 3.0))
@settings(max_examples=12, deadline=None)
def test_level_does_not_matter_and_all_is_finite(seed: int, gain: float, seconds: float) -> None:
    sound = noise(seed, seconds)
    one, other = texture.measured(sound), texture.measured(gain * sound)
    for name, value in one.comparable().items():
        assert np.isfinite(value).all()
        np.testing.assert_allclose(value, other.comparable()[name], atol=1e-6)
    assert all(value == pytest.approx(0.0, abs=1e-6) for value in texture.distance(one, other).values())


def test_like_sounds_are_near_and_unlike_ones_far() -> None:
    quiet, also = texture.measured(noise(6, 4.0)), texture.measured(noise(7, 4.0))
    clicks = np.zeros(4 * RATE)
    clicks[:: RATE // 3] = 1.0
    near, far = texture.distance(quiet, also), texture.distance(quiet, texture.measured(clicks))
    assert set(near) == set(texture.GROUPS)
    assert texture.overall(near) < 0.3 * texture.overall(far)
    assert texture.distance(texture.measured(clicks), quiet) == pytest.approx(far)


def test_an_average_lies_between() -> None:
    one, other = texture.measured(noise(8, 1.0)), texture.measured(np.cumsum(noise(9, 1.0)))
    between = texture.averaged([one, other])
    np.testing.assert_allclose(between.mean, (one.mean + other.mean) / 2)
    assert between.c2.dtype == np.complex128


@pytest.mark.parametrize(
    ("signal", "words"),
    [(np.zeros(RATE), "silence"), (np.ones(RATE // 4), "at least"), (np.ones((2, RATE)), "one channel")],
)
def test_what_cannot_be_measured_is_refused(signal: Doubles, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        texture.measured(signal)


def test_none_have_no_average() -> None:
    with pytest.raises(ValueError, match="none"):
        texture.averaged([])
