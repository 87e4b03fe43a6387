"""Time swells and ebbs without changing how much happens, and never too much happens at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.arranging.analysis import TakeAnalysis
from extender.arranging.events import ANSWER_AFTER_S, recur
from extender.arranging.flow import Crowd, Flow, even, swells, waves
from mixer import Clip, Position

CALL = TakeAnalysis(1.2, (0.1, 1.0), (0.1, 1.0), -20.0, -22.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def at_once(clips: list[Clip] | tuple[Clip, ...], period_s: float | None = None) -> int:
    """Return the largest number of clips that sound together."""
    spans = [(c.onset_s, c.onset_s + c.duration_s) for c in clips]
    if period_s is not None:
        spans += [(a - period_s, b - period_s) for a, b in spans if b > period_s]
    return max(sum(a <= t < b - 1e-9 for a, b in spans) for t, _ in spans)


@pytest.mark.parametrize("make", [lambda s, r: swells(s, r), lambda s, r: waves(s, r), lambda s, r: even(s)])
@pytest.mark.parametrize("duration_s", [1.0, 30.0, 61.3, 3600.0])
def test_it_is_as_busy_as_usual_in_the_mean(make: object, duration_s: float) -> None:
    flow = make(duration_s, rng())  # type: ignore[operator]
    assert isinstance(flow, Flow)
    assert flow.busy.mean() == pytest.approx(1.0)
    assert flow.later(0.0, duration_s) == pytest.approx(duration_s)


@given(st.floats(0.0, 500.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_gaps_add_up(onset_s: float, one_s: float, two_s: float) -> None:
    flow = swells(90.0, rng(1))
    stepwise = flow.later(flow.later(onset_s, one_s), two_s)
    assert stepwise == pytest.approx(flow.later(onset_s, one_s + two_s), abs=1e-6)
    assert flow.later(onset_s, one_s) >= onset_s - 1e-9


def test_swells_are_slow_and_calm_makes_them_shallower() -> None:
    flow = swells(600.0, rng(2))
    spectrum = np.abs(np.fft.rfft(np.log(flow.busy)))[1:]
    hz = np.fft.rfftfreq(flow.busy.size, 0.5)[1:]
    assert spectrum[hz > 1 / 19].max() < 1e-6 * spectrum.max()
    assert flow.busy.max() > 1.5 > 0.7 > flow.busy.min()
    calmer = swells(600.0, rng(2), calm=1.0)
    assert np.log(calmer.busy).std() < 0.6 * np.log(flow.busy).std()


def test_traffic_comes_in_waves() -> None:
    flow = waves(650.0, rng(3))
    high = flow.busy > 1.0
    rises = np.flatnonzero(high[1:] & ~high[:-1]).size
    assert rises in (9, 10, 11)
    clips = recur(
        [CALL], 650.0, rate_per_min=40.0, irregularity=0.8, first_s=1.0, moving=None, rng=rng(), flow=flow
    )  # fmt: skip
    inside = np.mean([high[int(c.onset_s / 650.0 * high.size)] for c in clips])
    assert inside > 1.4 * high.mean()


def test_events_follow_the_flow_at_their_own_mean_rate() -> None:
    flow = swells(3600.0, rng(4))
    clips = recur([CALL], 3600.0, rate_per_min=6.0, irregularity=0.8, first_s=1.0, moving=None, rng=rng(), flow=flow)
    assert len(clips) == pytest.approx(360, rel=0.12)
    busy = np.array([flow.busy[int(c.onset_s / 3600.0 * flow.busy.size)] for c in clips])
    assert busy.mean() > 1.1  # ∫ busy² / ∫ busy


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.booleans(), st.integers(0, 2**32))
def test_never_more_at_once_than_is_wished(most: int, ring: bool, seed: int) -> None:
    period_s = 40.0
    crowd = Crowd(most, period_s if ring else None)
    clips: list[Clip] = []
    first: list[Clip] = []
    for number in range(6):
        placed = recur(
            [CALL], period_s, rate_per_min=25.0, irregularity=0.9, first_s=2.0 + number, moving=None,
            rng=rng(seed + number), crowd=crowd, ring=ring,
        )  # fmt: skip
        first.append(placed[0])
        clips += placed
    # Each is heard at least once, whether there is room or not; what comes again keeps to the number.
    again = [clip for clip in clips if not any(clip is one for one in first)]
    assert at_once(again, period_s if ring else None) <= most
    assert at_once(clips, period_s if ring else None) <= most + len(first)


def test_a_crowd_that_is_full_lets_wait_or_leaves_out() -> None:
    crowd = Crowd(1)
    crowd.add(10.0, 5.0)
    assert crowd.free(3.0, 5.0, 9.0) == 3.0
    assert crowd.free(12.0, 2.0, 20.0) == 15.0
    assert crowd.free(12.0, 2.0, 14.0) is None
    assert Crowd(2).free(12.0, 2.0, 12.0) == 12.0


def test_calls_are_answered_from_the_other_side() -> None:
    there = Position(-60.0, 0.0, 12.0)
    clips = recur(
        [CALL] * 3, 600.0, rate_per_min=8.0, irregularity=0.9, first_s=1.0, moving=None, rng=rng(5),
        answered_from=there,
    )  # fmt: skip
    answers = [n for n, clip in enumerate(clips) if clip.path == (there,)]
    assert len(clips) / 4 < len(answers) < len(clips) / 2
    assert len(clips) == pytest.approx(80, rel=0.2)
    for n in answers:
        call = clips[n - 1]
        gap_s = clips[n].onset_s - call.onset_s - call.duration_s
        assert ANSWER_AFTER_S[0] <= gap_s <= ANSWER_AFTER_S[1]
        assert not call.path
    assert len({round(clips[n].pitch_cents / 25) for n in answers}) <= 5  # one other voice, with its own variations
