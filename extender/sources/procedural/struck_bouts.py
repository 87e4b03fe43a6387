"""Fitted struck things as models: a clock, a door."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.calls_stored import struck_fit
from extender.sources.procedural.grains import in_place, sequence
from extender.sources.procedural.struck import beneath, thing
from extender.sources.procedural.toolkit import Rng, Signal, frames


def ticking(rng: Rng, duration_s: float, beats_per_s: float) -> Signal:
    """Return a clock in a quiet room, tick and tock; of the recorded ones, one that beats about as fast."""
    made = thing(rng, struck_fit("clock"), near_gap_s=1.0 / beats_per_s)
    shape = made.like.gap_s.astype(np.float64)
    # Whole periods fit the length, so that a loop keeps its beat.
    rounds = max(round(0.5 * duration_s * beats_per_s), 1)
    gaps = np.tile(shape / shape.sum() * duration_s / rounds, rounds)
    times = 0.5 * gaps[0] + np.concatenate([[0.0], np.cumsum(gaps)[:-1]])
    times = times + min(float(made.like.gap_spread), 0.02) * gaps.mean() * rng.standard_normal(times.size)
    count = frames(duration_s)
    heard = made.strikes(rng, np.maximum(times, 0.0), np.zeros(times.size))
    out = np.zeros(count, dtype=np.float32)
    for start in range(0, heard.size, count):  # what rings on after the end belongs to the beginning of the next round
        piece = heard[start : start + count]
        out[: piece.size] += piece
    return out + beneath(rng, made, count, 6.0)


def door(rng: Rng, duration_s: float) -> Signal:
    """A door: the handle, a moment, and the leaf falls into its frame."""
    handle = thing(rng, struck_fit("door-open")).strikes(rng, np.array([0.01]), np.array([-10.0]))
    leaf = thing(rng, struck_fit("door-close")).strikes(rng, np.array([0.01]), np.array([0.0]))
    return in_place(rng, sequence([(0.0, handle), (rng.uniform(0.35, 0.9), leaf)]), 0.45, -12.0, 9.0)
