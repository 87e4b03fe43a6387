"""Filters: their responses, their streams, their silence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixer.curve import Curve
from mixer.equaliser import (
    Automated,
    Cascade,
    LinearPhase,
    Section,
    band_section,
    is_flat,
    is_static,
    response,
    section,
    sections_of,
)
from mixer.kernels import SWITCH
from mixer.processors import Filter, FilterKind
from mixer.types import Samples
from tests.mixer.signals import RATE

KINDS: tuple[FilterKind, ...] = ("peak", "low_shelf", "high_shelf", "low_cut", "high_cut")
SIX = (
    Filter("low_cut", 40.0),
    Filter("peak", 100.0, -3.0, 0.6),
    Filter("peak", 250.0, 3.0, 0.3),
    Filter("peak", 750.0, -5.0, 4.0),
    Filter("low_shelf", 2_500.0, 4.0, 0.7),
    Filter("high_shelf", 7_500.0, -3.0, 1.0),
)
HARD = (Filter("low_cut", 12.0, q=8.0), Filter("peak", 15.0, 20.0, 20.0), Filter("high_cut", 30.0, q=3.0))


def white(seconds: float, channels: int = 1, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, (channels, round(seconds * RATE))).astype(np.float32)


def impulse(seconds: float, at: int = 0) -> Samples:
    sound = np.zeros((1, round(seconds * RATE)), np.float32)
    sound[0, at] = 1.0
    return sound


def cascaded(sound: Samples, sections: list[Section], cuts: tuple[int, ...] = ()) -> Samples:
    cascade = Cascade(sections, sound.shape[0])
    parts = np.split(sound, sorted(cuts), axis=1)
    return np.concatenate([np.asarray(cascade.process(part, part.shape[1])) for part in parts], axis=1)


def recursion(sound: Samples, sections: list[Section]) -> NDArray[np.float64]:
    """The difference equations, as they stand, in float64."""
    from scipy.signal import sosfilt

    return np.asarray(sosfilt([(b0, b1, b2, 1.0, a1, a2) for b0, b1, b2, a1, a2 in sections], sound.astype(np.float64)))


def level_db(values: NDArray[np.floating]) -> float:
    return 20.0 * math.log10(max(1e-20, float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))))


def measured_db(process: Callable[[Samples], Samples], hertz: list[float], seconds: float = 2.0) -> NDArray[np.float64]:
    """Return the magnitude at frequencies of whatever filters an impulse."""
    sound = np.asarray(process(impulse(seconds, RATE // 2)), np.float64)[0]
    n = np.arange(len(sound)) / RATE
    spectrum = [abs(np.sum(sound * np.exp(-2j * np.pi * f * n))) for f in hertz]
    return 20.0 * np.log10(np.maximum(spectrum, 1e-9))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("peak", {10.0: 0.0, 1_000.0: 6.0, 23_900.0: 0.0}),
        ("low_shelf", {10.0: 6.0, 1_000.0: 3.0, 23_900.0: 0.0}),
        ("high_shelf", {10.0: 0.0, 1_000.0: 3.0, 23_900.0: 6.0}),
        ("low_cut", {10.0: -80.0, 1_000.0: -3.0103, 23_900.0: 0.0}),
        ("high_cut", {10.0: 0.0, 1_000.0: -3.0103, 20_000.0: -70.217}),
    ],
)
def test_each_kind_does_what_its_name_says(kind: FilterKind, expected: dict[float, float]) -> None:
    magnitude = np.abs(response([section(kind, 1_000.0, 6.0, math.sqrt(0.5), RATE)], list(expected), RATE))
    assert 20 * np.log10(magnitude) == pytest.approx(list(expected.values()), abs=0.05)


def test_the_digital_response_is_the_analogue_one_bent() -> None:
    """H(s) of the cookbook at s = j tan(πf/fs) / tan(πf0/fs)."""
    A, q, f0 = 10 ** (9 / 40), 1.7, 3_000.0
    hertz = np.array([20.0, 500.0, 2_900.0, 9_000.0, 20_000.0])
    s = 1j * np.tan(np.pi * hertz / RATE) / np.tan(np.pi * f0 / RATE)
    root = np.sqrt(A) / q
    analogue = {
        "peak": (s**2 + s * A / q + 1) / (s**2 + s / (A * q) + 1),
        "low_shelf": A * (s**2 + root * s + A) / (A * s**2 + root * s + 1),
        "high_shelf": A * (A * s**2 + root * s + 1) / (s**2 + root * s + A),
        "low_cut": s**2 / (s**2 + s / q + 1),
        "high_cut": 1 / (s**2 + s / q + 1),
    }
    for kind in KINDS:
        digital = response([section(kind, f0, 9.0, q, RATE)], hertz, RATE)
        assert np.abs(digital - analogue[kind]).max() < 1e-9
    band = response([band_section(f0, q, RATE)], hertz, RATE)
    assert np.abs(band - (s / q) / (s**2 + s / q + 1)).max() < 1e-9


def test_what_is_sounded_has_the_response_and_is_a_cascade_not_a_sum() -> None:
    hertz = [30.0, 60.0, 100.0, 300.0, 1_000.0, 4_000.0, 12_000.0]
    sections = sections_of(SIX, RATE)
    wanted = 20 * np.log10(np.abs(response(sections, hertz, RATE)))
    assert measured_db(lambda x: cascaded(x, sections), hertz) == pytest.approx(wanted, abs=0.01)
    each = sum(20 * np.log10(np.abs(response([s], hertz, RATE))) for s in sections)
    assert wanted == pytest.approx(each, abs=1e-9)


@pytest.mark.parametrize("filters", [SIX, HARD, SIX[:1], SIX[:3]])
def test_lanes_are_the_recursion_to_140_db(filters: tuple[Filter, ...]) -> None:
    sections = sections_of(filters, RATE)
    sound = white(3.1, channels=2)
    exact = recursion(sound, sections)
    assert level_db(cascaded(sound, sections, (65_536, 131_072)) - exact) < level_db(exact) - 140.0


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 40_000), max_size=6), st.sampled_from([SIX, HARD]))
def test_how_a_stream_is_cut_does_not_matter(cuts: list[int], filters: tuple[Filter, ...]) -> None:
    sections = sections_of(filters, RATE)
    sound = white(40_000 / RATE)
    assert np.abs(cascaded(sound, sections, tuple(cuts)) - cascaded(sound, sections)).max() < 1e-6


def test_compiled_and_fallback_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    moving = Filter("peak", Curve((0.0, 0.4), (100.0, 9_000.0)), Curve((0.0, 0.3), (12.0, -24.0)), 3.0)
    sound = white(0.5)

    def results() -> list[Samples | None]:
        return [
            cascaded(sound, sections_of(SIX, RATE), (10_001,)),
            Automated(moving, RATE, 1).process(sound, sound.shape[1], 0),
        ]

    compiled = results()
    monkeypatch.setenv(SWITCH, "1")
    for one, other in zip(compiled, results(), strict=True):
        assert one is not None
        assert other is not None
        assert np.abs(one - other).max() < 1e-6 * np.abs(one).max()


@pytest.mark.parametrize("kind", KINDS)
def test_an_automated_filter_that_stands_still_is_the_static_one(kind: FilterKind) -> None:
    curve = Curve((0.0, 9.0), (-7.0, -7.0))
    settings_ = Filter(kind, 700.0, curve, 1.3)
    sound = white(1.5)
    moving = Automated(settings_, RATE, 1).process(sound, sound.shape[1], 0)
    still = cascaded(sound, sections_of([Filter(kind, 700.0, -7.0, 1.3)], RATE))
    assert moving is not None
    assert level_db(moving - still) < level_db(still) - 130.0


def test_an_automated_gain_follows_its_curve_without_clicks() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(2 * RATE) / RATE)[np.newaxis].astype(np.float32) * np.float32(0.1)
    swing = Filter("peak", 1_000.0, Curve((0.5, 0.6, 1.0, 1.1), (0.0, -12.0, -12.0, 0.0)), 1.0)
    out = Automated(swing, RATE, 1).process(tone, tone.shape[1], 0)
    assert out is not None
    for second, gain_db in ((0.4, 0.0), (0.9, -12.0), (1.8, 0.0)):
        part = slice(round((second - 0.05) * RATE), round((second + 0.05) * RATE))
        assert level_db(out[:, part]) - level_db(tone[:, part]) == pytest.approx(gain_db, abs=0.1)
    # A click would be far from the tone: what lies above 5 kHz stays far below it.
    spectrum = np.abs(np.fft.rfft(out[0] * np.hanning(out.shape[1])))
    assert spectrum[10_000:].max() < 1e-5 * spectrum.max()


def test_extreme_automation_stays_finite() -> None:
    rng = np.random.default_rng(3)
    times = tuple(np.cumsum(rng.uniform(0.0005, 0.01, 200)).tolist())
    for kind in KINDS:
        wild = Filter(
            kind,
            Curve(times, tuple(rng.uniform(10.0, 30_000.0, 200).tolist())),
            Curve(times, tuple(rng.uniform(-36.0, 36.0, 200).tolist())),
            Curve(times, tuple(rng.uniform(0.1, 30.0, 200).tolist())),
        )
        sound = white(1.2)
        out = Automated(wild, RATE, 1).process(sound, sound.shape[1], 0)
        assert out is not None
        assert np.isfinite(out).all()
        assert np.abs(out).max() < 1e4


def linear(sound: Samples, filters: tuple[Filter, ...], block: int = 65_536) -> Samples:
    phase = LinearPhase(sections_of(filters, RATE), RATE, sound.shape[0])
    parts: list[Samples | None] = [sound[:, n : n + block] for n in range(0, sound.shape[1], block)]
    out = []
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        assert part is not None
        filtered = phase.process(part, part.shape[1], following=following)
        assert filtered is not None
        out.append(filtered)
    return np.concatenate(out, axis=1)


def test_linear_phase_has_the_magnitude_and_no_phase() -> None:
    hertz = [60.0, 100.0, 300.0, 1_000.0, 4_000.0, 12_000.0]
    wanted = 20 * np.log10(np.abs(response(sections_of(SIX, RATE), hertz, RATE)))
    assert measured_db(lambda x: linear(x, SIX), hertz) == pytest.approx(wanted, abs=0.01)
    out = linear(impulse(3.0, at=65_600), SIX)[0]  # across the border of two blocks
    assert np.argmax(np.abs(out)) == 65_600
    assert np.abs(out[65_600 - 20_000 : 65_601] - out[65_600 : 65_600 + 20_001][::-1]).max() < 1e-6


def test_flat_filters_and_moving_ones_are_known() -> None:
    assert is_flat(Filter("peak", 100.0))
    assert is_flat(Filter("low_shelf", Curve((0.0, 1.0), (100.0, 200.0)), Curve((0.0,), (0.0,))))
    assert not is_flat(Filter("low_cut", 100.0))
    assert sections_of([Filter("peak", 100.0)], RATE) == []
    assert is_static(Filter("peak", 100.0, Curve((0.0, 1.0), (3.0, 3.0))))
    assert not is_static(Filter("peak", 100.0, Curve((0.0, 1.0), (3.0, 4.0))))


def test_filters_ring_out_into_silence_and_then_are_silent() -> None:
    cascade = Cascade(sections_of(SIX, RATE), 1)
    first = cascade.process(impulse(1.0), RATE)
    assert first is not None
    assert first.any()
    rest = [cascade.process(None, RATE) for _ in range(4)]
    assert rest[-1] is None
    assert all(block is None or np.abs(block).max() < 1e-6 for block in rest[1:])
    assert not cascaded(np.zeros((1, RATE), np.float32), sections_of(SIX, RATE)).any()
    assert Automated(SIX[1], RATE, 1).process(None, RATE, 0) is None
    assert LinearPhase(sections_of(SIX, RATE), RATE, 1).process(None, RATE) is None


def test_an_impulse_in_silence_costs_no_more_than_noise() -> None:
    sections = sections_of(SIX, RATE)

    def seconds(sound: Samples) -> float:
        took = []
        for _ in range(5):
            begin = time.process_time()
            cascaded(sound, sections, tuple(range(65_536, sound.shape[1], 65_536)))
            took.append(time.process_time() - begin)
        return min(took)

    noise, ringing = white(20.0), impulse(20.0)
    seconds(noise)
    assert seconds(ringing) < 1.5 * seconds(noise)
