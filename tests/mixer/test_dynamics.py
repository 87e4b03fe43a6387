"""Dynamics: curves, times, gains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.curve import Curve
from mixer.dynamics import (
    GROUP,
    Detector,
    Dynamics,
    Groups,
    compression_db,
    ducking_db,
    expansion_db,
    gains,
    held,
    peaks_of,
    ramped,
    reductions,
)
from mixer.kernels import SWITCH
from mixer.processors import Compressor, Duck, Expander
from mixer.types import Samples
from tests.mixer.signals import RATE

PER_SECOND = RATE / GROUP


def steps(*segments: tuple[float, float]) -> Groups:
    """Levels through segments of (dB, seconds)."""
    return np.concatenate([np.full(round(s * PER_SECOND), 10 ** (db / 20), np.float32) for db, s in segments])


def noise(frames: int, channels: int = 1, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.2, (channels, frames)).astype(np.float32)


def test_the_compressors_curve_is_that_of_the_paper() -> None:
    levels = np.array([-60.0, -26.0, -23.0, -20.0, -17.0, -14.0, 0.0])
    out = levels - compression_db(levels, -20.0, 4.0, 6.0)
    # y = x below; x + (1/R − 1)(x − T + W/2)²/(2W) in the knee; T + (x − T)/R above
    knee = [x + (1 / 4 - 1) * (x + 20 + 3) ** 2 / 12 for x in (-23.0, -20.0, -17.0)]
    assert out == pytest.approx([-60.0, -26.0, *knee, -18.5, -15.0])
    assert levels - compression_db(levels, -20.0, 4.0, 0.0) == pytest.approx(
        np.minimum(levels, -20 + (levels + 20) / 4)
    )
    assert not compression_db(levels, -20.0, 1.0, 6.0).any()


def test_the_expanders_curve_falls_by_its_ratio_down_to_its_range() -> None:
    levels = np.array([-200.0, -70.0, -50.0, -40.0, -37.0, 0.0])
    assert expansion_db(levels, -40.0, 3.0, 6.0, 30.0) == pytest.approx([30.0, 30.0, 20.0, 2 * 9 / 12, 0.0, 0.0])
    assert expansion_db(levels, -40.0, 3.0, 0.0, 30.0) == pytest.approx([30.0, 30.0, 20.0, 0.0, 0.0, 0.0])


def test_a_duck_goes_to_its_depth_within_its_knee() -> None:
    levels = np.array([-90.0, -43.0, -40.0, -38.5, -37.0, 0.0])
    assert ducking_db(levels, -40.0, 6.0, 8.0) == pytest.approx([0.0, 0.0, 4.0, 6.0, 8.0, 8.0])
    assert ducking_db(levels, -40.0, 0.0, 8.0) == pytest.approx([0.0, 0.0, 0.0, 8.0, 8.0, 8.0])


def first_time(values: Groups, beyond: bool | np.bool_, level: float) -> float:
    """Return when values first pass a level, in seconds."""
    return float(np.argmax(values > level if beyond else values < level)) / PER_SECOND


@pytest.mark.parametrize(("attack_s", "release_s"), [(0.001, 0.05), (0.02, 0.3), (0.2, 0.03)])
def test_attack_and_release_are_time_constants(attack_s: float, release_s: float) -> None:
    compressor = Compressor(-30.0, 2.0, 0.0, attack_s, release_s)
    reduced = Detector(compressor, RATE).follow(steps((-10.0, 2.0), (-60.0, 2.0)))
    assert reduced[round(1.99 * PER_SECOND)] == pytest.approx(10.0, abs=0.01)
    full = 10.0
    assert first_time(reduced, True, full * (1 - math.exp(-1))) == pytest.approx(attack_s, rel=0.05, abs=1e-4)
    falling = reduced[round(2.0 * PER_SECOND) :]
    assert first_time(falling, False, full * math.exp(-1)) == pytest.approx(release_s, rel=0.05, abs=1e-4)


def test_an_expander_opens_by_its_attack_holds_and_closes_by_its_release() -> None:
    gate = Expander(-40.0, 20.0, 40.0, 0.0, attack_s=0.005, release_s=0.05, hold_s=0.2)
    reduced = Detector(gate, RATE).follow(steps((-80.0, 1.0), (-20.0, 1.0), (-80.0, 1.0)))
    assert reduced[round(0.99 * PER_SECOND)] == pytest.approx(40.0, abs=0.01)
    opening = reduced[round(1.0 * PER_SECOND) :]
    assert first_time(opening, False, 40.0 * math.exp(-1)) == pytest.approx(0.005, rel=0.05)
    closing = reduced[round(2.0 * PER_SECOND) :]
    assert closing[: round(0.199 * PER_SECOND)].max() < 0.01
    assert first_time(closing, True, 40.0 * (1 - math.exp(-1))) == pytest.approx(0.25, rel=0.02)


def test_settings_follow_curves() -> None:
    compressor = Compressor(Curve((0.0, 2.0), (-40.0, 0.0)), 2.0, 0.0, 0.001, 0.001)
    reduced = Detector(compressor, RATE).follow(steps((-10.0, 2.0)))
    at = np.array([0.5, 1.0, 1.25, 1.75])
    assert reduced[(at * PER_SECOND).astype(int)] == pytest.approx([10.0, 5.0, 2.5, 0.0], abs=0.1)
    lift = list(gains(zip([reduced[:8]], strict=True), Curve((0.0, 1.0), (6.0, 6.0)), RATE))
    assert lift[0] is not None
    assert 20 * np.log10(lift[0]) == pytest.approx(6.0 - reduced[:8], abs=1e-4)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(1, 1_500), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.003, 0.05]),
    st.sampled_from(["compressor", "expander", "duck"]),
)
def test_how_levels_are_cut_does_not_matter(sizes: list[int], lookahead_s: float, kind: str) -> None:
    processors: dict[str, Dynamics] = {
        "compressor": Compressor(-20.0, 4.0, 6.0, 0.002, 0.05, lookahead_s),
        "expander": Expander(-20.0, 4.0, hold_s=0.01, lookahead_s=lookahead_s),
        "duck": Duck("other", 12.0, -20.0, lookahead_s=lookahead_s),
    }
    processor = processors[kind]
    levels = np.abs(noise(sum(sizes), seed=2)[0])
    levels[len(levels) // 3 : len(levels) // 2] = 0.0
    parts = np.split(levels, np.cumsum(sizes)[:-1])
    cut = list(reductions(parts, processor, RATE))
    assert [len(part) for part in cut] == sizes
    whole = np.concatenate(list(reductions([levels], processor, RATE)))
    assert np.abs(np.concatenate(cut) - whole).max() < 1e-5
    assert (whole >= 0.0).all()


def test_looking_ahead_is_the_same_reduction_earlier() -> None:
    levels = steps((-60.0, 0.5), (-10.0, 0.5), (-60.0, 0.5))
    plain, early = (
        np.concatenate(list(reductions([levels], Compressor(-30.0, 4.0, 6.0, 0.005, 0.1, ahead), RATE)))
        for ahead in (0.0, 0.02)
    )
    shift = round(0.02 * PER_SECOND)
    assert np.abs(early[:-shift] - plain[shift:]).max() < 1e-6


def test_silence_and_what_is_under_the_threshold_is_left_alone() -> None:
    compressor = Compressor(-20.0, 4.0)
    quiet = list(reductions([steps((-30.0, 0.1)), np.zeros(100, np.float32)], compressor, RATE))
    assert not any(part.any() for part in quiet)
    assert list(gains(zip(quiet, strict=True), 0.0, RATE)) == [None, None]


def test_peaks_are_the_loudest_of_four_frames_and_of_all_channels() -> None:
    sound = noise(1_003, 2)
    wanted = [np.abs(sound[:, n : n + GROUP]).max() for n in range(0, 1_003, GROUP)]
    assert peaks_of(sound, 1_003).tolist() == wanted
    assert peaks_of(None, 10).tolist() == [0.0] * 3


def test_a_held_level_is_a_sliding_maximum() -> None:
    values = np.abs(noise(300)[0])
    past, now = values[:40], values[40:]
    assert held(now, past).tolist() == [values[n : n + 41].max() for n in range(260)]


@pytest.mark.parametrize("frames", [1, 3, 4, 8, 4_001])
def test_a_gain_is_linear_between_the_groups(frames: int) -> None:
    groups = -(-frames // GROUP)
    gain = np.abs(noise(groups, seed=4)[0])
    sound = noise(frames, 2)
    points = GROUP * np.arange(groups + 1) - 1
    wanted = sound * np.interp(np.arange(frames), points, [0.5, *gain.tolist()])
    assert np.abs(ramped(sound, gain, 0.5) - wanted).max() < 1e-6


def test_compiled_and_fallback_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = noise(20_003, 2)

    def results() -> list[Groups]:
        levels = peaks_of(sound, sound.shape[1])
        quick = Detector(Compressor(-30.0, 8.0, attack_s=0.001, release_s=0.1), RATE).follow(levels)
        slow = Detector(Expander(-10.0, 8.0), RATE).follow(levels)
        return [levels, quick, slow, ramped(sound, np.exp(-quick / 20), 1.0).ravel()]

    compiled = results()
    monkeypatch.setenv(SWITCH, "1")
    for one, other in zip(compiled, results(), strict=True):
        assert np.abs(one - other).max() <= 1e-6 * np.abs(one).max()
