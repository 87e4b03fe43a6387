"""Things heard now and then: irregular gaps, several takes in turn, small variations of pitch and level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from extender.arranging.analysis import TakeAnalysis
from mixer.types import Clip, Fade, Position

MAX_EVENT_S = 10.0
"""Longer recordings are heard in stretches of this length."""
FADE_IN_S, FADE_OUT_S = 0.005, 0.06
PITCH_STEP_CENTS = 25.0
"""Pitch varies in steps, so that the mixer resamples each take a few times only."""
SWEEP_DEG = 24.0
"""How far a passing thing travels while it is heard."""


def gaps(rate_per_min: float, irregularity: float, count: int, rng: np.random.Generator) -> list[float]:
    """Draw seconds between onsets: gamma distributed with the class's mean, from a clock (0) to rain drops (1).

    The gaps' coefficient of variation is the irregularity, so shape = 1/irregularity²; 1 is a Poisson process.
    """
    mean_s = 60.0 / max(rate_per_min, 1e-3)
    if irregularity < 0.02:
        return [mean_s] * count
    shape = 1.0 / irregularity**2
    return [float(g) for g in rng.gamma(shape, mean_s / shape, count)]


def recur(
    analyses: Sequence[TakeAnalysis],
    duration_s: float,
    *,
    rate_per_min: float,
    irregularity: float,
    first_s: float,
    moving: Position | None,
    rng: np.random.Generator,
) -> tuple[Clip, ...]:
    """Place an event on the timeline, at least once.

    Parameters
    ----------
    analyses : sequence of TakeAnalysis
        One for each take, ≥ 1.
    duration_s : float
        Of the timeline.
    rate_per_min, irregularity : float
        The class's recurrence.
    first_s : float
        Where the first is wished; moved earlier when it would not fit.
    moving : Position or None
        Where a passing thing passes; None = it stands still.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of Clip
        In order of time, none overlapping its predecessor by more than a fifth.
    """
    reference_db = max(a.level_db for a in analyses)
    order = rng.permutation(len(analyses))
    direction = 1.0 if rng.random() < 0.5 else -1.0
    pauses = iter(gaps(rate_per_min, irregularity, max(4, int(duration_s * rate_per_min / 60 * 4) + 4), rng))
    clips: list[Clip] = []
    onset = first_s
    while True:
        index = int(order[len(clips) % len(order)])
        offset_s, length_s, pitch = _stretch(analyses[index], duration_s, irregularity, rng)
        if not clips:
            onset = max(0.0, min(onset, duration_s - length_s))
        elif onset + min(length_s, 1.0) > duration_s:
            return tuple(clips)
        length_s = min(length_s, duration_s - onset)
        match_db = float(np.clip(reference_db - analyses[index].level_db, 0.0, 18.0))
        level_db = match_db + float(rng.uniform(-2.0, 2.0)) * min(1.0, irregularity * 2)
        fade_in = Fade(min(FADE_IN_S, length_s / 4))
        # Cut short by the end of the timeline: a longer fade, so that it leaves rather than stops.
        cut_short = onset + length_s >= duration_s - 1e-9
        fade_out = Fade(min(0.5 if cut_short else FADE_OUT_S, length_s / 3))
        path = _pass(moving, length_s, direction) if moving else ()
        clips.append(Clip(index, onset, length_s, offset_s, round(level_db, 3), pitch, fade_in, fade_out, path))
        if moving and rng.random() < 0.5:
            direction = -direction
        pause = next(pauses, None)
        if pause is None:
            return tuple(clips)
        onset += max(pause, 0.8 * length_s)


def _stretch(
    analysis: TakeAnalysis, duration_s: float, irregularity: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Choose which part of a take is heard and at which pitch. Returns (offset_s, length_s in the mix, cents)."""
    start, end = analysis.active
    start = max(0.0, start - 0.01)
    available = end - start
    if available > MAX_EVENT_S:
        start += float(rng.uniform(0.0, available - MAX_EVENT_S))
        available = MAX_EVENT_S
    steps = 2 if irregularity >= 0.2 else 0  # a clock does not change its pitch
    cents = PITCH_STEP_CENTS * int(rng.integers(-steps, steps + 1))
    length_s = max(0.02, available / 2 ** (cents / 1200))
    return round(start, 6), min(length_s, duration_s), cents


def _pass(at: Position, length_s: float, direction: float) -> tuple[Position, ...]:
    """Return a path past a point, through it halfway. The recording itself carries the approach, so only the
    direction changes, not the distance.
    """
    half = direction * SWEEP_DEG / 2
    turned = [max(-180.0, min(180.0, at.azimuth_deg + side * half)) for side in (1.0, -1.0)]
    return (
        Position(turned[0], at.elevation_deg, at.distance_m, 0.0),
        Position(turned[1], at.elevation_deg, at.distance_m, length_s),
    )
