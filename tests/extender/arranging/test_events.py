"""Events recur as their class does, never overlap themselves, always sound at least once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.arranging.analysis import TakeAnalysis, analyse
from extender.arranging.events import gaps, recur
from mixer.types import AudioBuffer, Clip, Position

BARK = TakeAnalysis(1.2, (0.1, 1.0), (0.1, 1.0), -20.0, -22.0)


def schedule(duration_s: float, rate: float, irregularity: float, seed: int, takes: int = 3) -> tuple[Clip, ...]:
    return recur(
        [BARK] * takes,
        duration_s,
        rate_per_min=rate,
        irregularity=irregularity,
        first_s=1.0,
        moving=None,
        rng=np.random.default_rng(seed),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.2, 600.0), st.floats(0.1, 200.0), st.floats(0.0, 1.0), st.integers(0, 2**32)
)  # fmt: skip
def test_events_stay_on_the_timeline_and_apart(duration: float, rate: float, irregularity: float, seed: int) -> None:
    clips = schedule(duration, rate, irregularity, seed)
    assert len(clips) >= 1
    for clip in clips:
        assert clip.onset_s >= 0
        assert clip.onset_s + clip.duration_s <= duration + 1e-6
        assert clip.fade_in.duration_s + clip.fade_out.duration_s <= clip.duration_s
    for a, b in itertools.pairwise(clips):
        assert b.onset_s >= a.onset_s + 0.79 * a.duration_s


def test_the_mean_rate_is_the_classes() -> None:
    counts = [len(schedule(3600.0, 4.0, 0.8, seed)) for seed in range(8)]
    assert np.mean(counts) == pytest.approx(240, rel=0.1)


@pytest.mark.parametrize("irregularity", [0.3, 0.7, 1.0])
def test_irregularity_is_the_gaps_coefficient_of_variation(irregularity: float) -> None:
    drawn = np.array(gaps(10.0, irregularity, 20_000, np.random.default_rng(0)))
    assert drawn.mean() == pytest.approx(6.0, rel=0.05)
    assert drawn.std() / drawn.mean() == pytest.approx(irregularity, rel=0.05)


def test_a_clock_is_regular() -> None:
    assert gaps(60.0, 0.0, 5, np.random.default_rng(0)) == [1.0] * 5


def test_several_takes_play_in_turn() -> None:
    clips = schedule(600.0, 10.0, 0.7, 1)
    takes = [clip.take for clip in clips]
    assert all(a != b for a, b in itertools.pairwise(takes))
    assert set(takes) == {0, 1, 2}


def test_pitch_and_level_vary_a_little() -> None:
    clips = schedule(600.0, 10.0, 0.7, 1)
    assert len({clip.pitch_cents for clip in clips}) > 2
    assert max(abs(clip.pitch_cents) for clip in clips) <= 50
    assert max(abs(clip.gain_db) for clip in clips) <= 2


def test_what_passes_by_moves_through_its_place() -> None:
    clips = recur(
        [BARK],
        60.0,
        rate_per_min=6,
        irregularity=0.5,
        first_s=0.0,
        moving=Position(10.0, 0.0, 8.0),
        rng=np.random.default_rng(0),
    )
    for clip in clips:
        first, last = clip.path
        assert (first.azimuth_deg + last.azimuth_deg) / 2 == pytest.approx(10.0)
        assert abs(first.azimuth_deg - last.azimuth_deg) == pytest.approx(24.0)
        assert last.time_s == pytest.approx(clip.duration_s)


def test_silence_around_an_event_is_left_out() -> None:
    samples = np.zeros(48_000 * 3)
    samples[48_000:72_000] = np.random.default_rng(0).normal(0, 0.1, 24_000)
    found = analyse(AudioBuffer(samples, 48_000))
    assert found.active == pytest.approx((1.0, 1.5), abs=0.03)


def test_an_event_longer_than_the_timeline_is_cut_with_a_fade() -> None:
    (clip,) = schedule(0.5, 1.0, 0.5, 0, takes=1)
    assert clip.duration_s == pytest.approx(0.5)
    assert clip.fade_out.duration_s > 0.1
