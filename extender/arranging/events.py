"""Things heard now and then: irregular gaps, several takes in turn, small variations of pitch and level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from extender.arranging.analysis import TakeAnalysis
from extender.arranging.flow import Crowd, Flow, even
from mixer.types import Clip, Fade, Position

MAX_EVENT_S = 10.0
"""Longer recordings are heard in stretches of this length."""
FADE_IN_S, FADE_OUT_S = 0.005, 0.06
PITCH_STEP_CENTS = 25.0
"""Pitch varies in steps, so that the mixer resamples each take a few times only."""
SWEEP_DEG = 24.0
"""How far a passing thing travels while it is heard."""
ANSWERED = 0.5
"""How many calls are answered."""
ANSWER_AFTER_S = (0.3, 1.6)
"""How long after a call its answer comes."""
FARTHER_DB = 3.0
"""How much softer the answer is."""
_OTHERS_STEPS = (-6, -5, -4, -3, 3, 4, 5, 6)
"""In steps of pitch: how the voice that answers differs."""
_ANY_NUMBER = 1 << 30


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
    flow: Flow | None = None,
    crowd: Crowd | None = None,
    answered_from: Position | None = None,
    ring: bool = False,
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
    flow : Flow, optional
        How busy it is: events come closer together and a little louder where it is busy.
    crowd : Crowd, optional
        What sounds already: an event waits for its turn, or is left out. What is placed is added to it.
    answered_from : Position, optional
        Where another of its kind is, which answers every other call.
    ring : bool
        The timeline is played as a loop: what goes beyond its end goes on at its beginning.

    Returns
    -------
    tuple of Clip
        In order of time, none overlapping its predecessor by more than a fifth.
    """
    return tuple(
        _Events(
            analyses, duration_s, rate_per_min, irregularity, moving, rng, flow or even(duration_s),
            crowd or Crowd(_ANY_NUMBER), answered_from, ring,
        ).placed(first_s)
    )  # fmt: skip


@dataclass(slots=True)
class _Events:
    """The state of placing one event; see :func:`recur`."""

    analyses: Sequence[TakeAnalysis]
    duration_s: float
    rate_per_min: float
    irregularity: float
    moving: Position | None
    rng: np.random.Generator
    flow: Flow
    crowd: Crowd
    answered_from: Position | None
    ring: bool
    clips: list[Clip] = field(default_factory=list)

    def placed(self, first_s: float) -> list[Clip]:
        """Place them all."""
        calls_per_min = self.rate_per_min / (1.0 + ANSWERED if self.answered_from else 1.0)
        count = max(4, int(self.duration_s * calls_per_min / 60 * 4) + 4)
        pauses = gaps(calls_per_min, self.irregularity, count, self.rng)
        patience_s = 60.0 / max(calls_per_min, 1e-3)
        order = self.rng.permutation(len(self.analyses))
        direction = 1.0 if self.rng.random() < 0.5 else -1.0
        other_cents = PITCH_STEP_CENTS * int(self.rng.choice(_OTHERS_STEPS))
        onset_s = self.flow.later(0.0, first_s)
        for pause_s in pauses:
            index = int(order[len(self.clips) % len(order)])
            offset_s, length_s, cents = _stretch(self.analyses[index], self.duration_s, self.irregularity, self.rng)
            at: float | None
            if not self.clips:
                last_s = self.duration_s * 0.999 if self.ring else self.duration_s - length_s
                at = max(0.0, min(onset_s, last_s))
                free = (self.crowd.free(start, length_s, until) for start, until in ((at, last_s), (0.0, at)))
                at = next((start for start in free if start is not None), at)
            else:
                at = self.crowd.free(onset_s, length_s, onset_s + patience_s)
                if self._over(onset_s if at is None else at, length_s):
                    break
            if at is not None:
                self._add(index, at, offset_s, length_s, cents, direction)
                onset_s = max(self.flow.later(at, pause_s), at + 0.8 * length_s)
                if self.answered_from is not None and self.rng.random() < ANSWERED:
                    answer = int(order[len(self.clips) % len(order)])
                    ends_s = self._answer(answer, at + length_s, other_cents, self.answered_from)
                    onset_s = max(onset_s, ends_s)
            else:
                onset_s = self.flow.later(onset_s, pause_s)
            if self.moving and self.rng.random() < 0.5:
                direction = -direction
        return self.clips

    def _over(self, onset_s: float, length_s: float) -> bool:
        """Tell whether there is no more room for one."""
        if not self.ring:
            return onset_s + min(length_s, 1.0) > self.duration_s
        beyond_s = onset_s + length_s - self.duration_s
        return onset_s >= self.duration_s or beyond_s > self.clips[0].onset_s + 0.2 * length_s

    def _add(
        self, index: int, onset_s: float, offset_s: float, length_s: float, cents: float, direction: float
    ) -> None:
        if not self.ring:
            length_s = min(length_s, self.duration_s - onset_s)
        reference_db = max(a.level_db for a in self.analyses)
        level_db = float(np.clip(reference_db - self.analyses[index].level_db, 0.0, 18.0))
        level_db += float(self.rng.uniform(-2.0, 2.0)) * min(1.0, self.irregularity * 2) + self.flow.level_db(onset_s)
        fade_in = Fade(min(FADE_IN_S, length_s / 4))
        # Cut short by the end of the timeline: a longer fade, so that it leaves rather than stops.
        cut_short = not self.ring and onset_s + length_s >= self.duration_s - 1e-9
        fade_out = Fade(min(0.5 if cut_short else FADE_OUT_S, length_s / 3))
        path = _pass(self.moving, length_s, direction) if self.moving else ()
        self.clips.append(Clip(index, onset_s, length_s, offset_s, round(level_db, 3), cents, fade_in, fade_out, path))
        self.crowd.add(onset_s, length_s)

    def _answer(self, index: int, after_s: float, other_cents: float, where: Position) -> float:
        """Let another of its kind answer, from where it is, if there is room; return when that is over."""
        offset_s, length_s, cents = _stretch(self.analyses[index], self.duration_s, self.irregularity, self.rng)
        wait_s = float(self.rng.uniform(*ANSWER_AFTER_S))
        onset_s = after_s + wait_s
        over = self._over(onset_s, length_s) or onset_s + length_s > self.duration_s
        if over or self.crowd.free(onset_s, length_s, onset_s) is None:
            return after_s
        self._add(index, onset_s, offset_s, length_s, cents + other_cents, 1.0)
        answer = self.clips[-1]
        self.clips[-1] = replace(answer, gain_db=round(answer.gain_db - FARTHER_DB, 3), path=(where,))
        return onset_s + length_s


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
