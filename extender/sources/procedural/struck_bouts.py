"""Fitted struck things as models: a clock, knuckles on a door, a door, a bell, a coin."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.calls_stored import struck_fit
from extender.sources.procedural.grains import in_place, sequence
from extender.sources.procedural.model import Parameter
from extender.sources.procedural.struck import beneath, thing
from extender.sources.procedural.toolkit import Rng, Signal, frames

BEATS = Parameter("beats", 0.25, 4.0, 1.0, "", "how fast the clock beats, in terms of its own beat")


def ticking(rng: Rng, duration_s: float, beats: float = BEATS.default) -> Signal:
    """A clock in a quiet room: tick and tock, each a little its own."""
    made = thing(rng, struck_fit("clock"))
    gaps = made.like.gap_s.astype(np.float64) / beats
    period = float(gaps.sum())
    # Whole periods fit the length, so that a loop keeps its beat.
    rounds = max(round(duration_s / period), 1)
    gaps = gaps * duration_s / (rounds * period)
    times = 0.02 + np.cumsum(np.concatenate([[0.0], np.tile(gaps, rounds)]))[:-1]
    times = times + 0.5 * float(made.like.gap_spread) * gaps.mean() * rng.standard_normal(times.size)
    count = frames(duration_s)
    heard = made.strikes(rng, np.maximum(times, 0.0), np.zeros(times.size))
    out = np.zeros(count, dtype=np.float32)
    for start in range(0, heard.size, count):  # what rings on after the end belongs to the beginning of the next round
        piece = heard[start : start + count]
        out[: piece.size] += piece
    return out + beneath(rng, made, count, 6.0)


def knocking(rng: Rng, duration_s: float) -> Signal:
    """Knuckles on a door."""
    made = thing(rng, struck_fit("knock"))
    many = int(rng.integers(2, 6))
    gap = float(made.like.gap_s.mean()) * rng.uniform(0.8, 1.15)
    times = 0.01 + np.cumsum(gap * (1.0 + 0.08 * rng.standard_normal(many))) - 0.5 * gap
    return in_place(rng, made.strikes(rng, times, np.zeros(many)), 0.3, -14.0)


def door(rng: Rng, duration_s: float) -> Signal:
    """A door: the handle, a moment, and the leaf falls into its frame."""
    handle = thing(rng, struck_fit("door-open")).strikes(rng, np.array([0.01]), np.array([-10.0]))
    leaf = thing(rng, struck_fit("door-close")).strikes(rng, np.array([0.01]), np.array([0.0]))
    return in_place(rng, sequence([(0.0, handle), (rng.uniform(0.35, 0.9), leaf)]), 0.45, -12.0, 9.0)
