"""Struck things fitted to recordings: modes that ring and the noise of the blow, each strike a new one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural import grains
from extender.sources.procedural.calls import BANDS_HZ
from extender.sources.procedural.toolkit import SAMPLE_RATE, Control, Rng, Signal, frames, noise, own, sculpted

Floats = NDArray[np.float32]

MODES = 24
KINDS = 2
"""Tick and tock."""
BURST_AT: Control = np.concatenate([[0.0], np.geomspace(0.001, 0.35, 17)])
"""Moments at which the noise of a blow is known, in seconds."""
_SPLIT_HZ = 1_200.0


@dataclass(frozen=True, slots=True)
class Striker:
    """One thing as it was recorded; amplitudes are relative to its loudest sample.

    Parameters
    ----------
    hz, t60_s : (MODES,) float32
    gain_db : (KINDS, MODES) float32
        Amplitude of the modes in even and odd strikes.
    spread_db : (MODES,) float32
        Deviation from strike to strike.
    burst_db : (KINDS, moments, bands) float32
        Power per Hz of the noise at BURST_AT in BANDS_HZ.
    force_db : float32
        Deviation of the whole strike.
    gap_s : (KINDS,) float32
        From an even (odd) strike to the next.
    gap_spread : float32
        Its deviation, as a share.
    ground_db : (bands,) float32
        Power per Hz of what lies beneath.
    """

    hz: Floats
    t60_s: Floats
    gain_db: Floats
    spread_db: Floats
    burst_db: Floats
    force_db: np.float32
    gap_s: Floats
    gap_spread: np.float32
    ground_db: Floats


@dataclass(frozen=True, slots=True)
class StruckFit:
    """All recorded things of one kind."""

    strikers: tuple[Striker, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing to be struck: like a recorded one, but of its own size, material and colour.

    Parameters
    ----------
    like : Striker
    hz, t60_s : (MODES,) float64
    colour_db : (bands,) float64
    """

    like: Striker
    hz: Control
    t60_s: Control
    colour_db: Control

    def strikes(self, rng: Rng, times_s: Control, gains_db: Control, first: int = 0) -> Signal:
        """Return strikes at their times, as long as they ring.

        Parameters
        ----------
        times_s, gains_db : (n,) float64
        first : int
            0 or 1: of which kind the first is.
        """
        like = self.like
        n = times_s.size
        kind = (np.arange(n) + first) % KINDS
        force = 10.0 ** ((gains_db + float(like.force_db) * rng.standard_normal(n)) / 20.0)
        level = like.gain_db[kind] + like.spread_db * rng.standard_normal((n, MODES))
        level += np.interp(self.hz, BANDS_HZ, self.colour_db)
        heard = like.gain_db.max(axis=0) > -70.0
        tail = float(np.max(np.where(heard, self.t60_s, 0.0), initial=0.1)) + 0.4
        count = frames(float(times_s.max()) + min(tail, 6.0))
        out = np.zeros(count, dtype=np.float32)
        if heard.any():
            bent = self.hz * np.exp(0.002 * rng.standard_normal((n, 1)))
            gains = force[:, None] * 10.0 ** (level / 20.0)
            out += grains.struck(rng, count, times_s, bent[:, heard], self.t60_s[heard], gains[:, heard], 0.0004)
        for at, which, strong in zip(times_s, kind, force, strict=True):
            grains.add(out, float(at), burst(rng, like.burst_db[which] + self.colour_db, float(strong)))
        return out


def burst(rng: Rng, density_db: NDArray[np.floating], gain: float) -> Signal:
    """Return the noise of one blow, (moments, bands) in dB per Hz at BURST_AT.

    What lies above _SPLIT_HZ is made in windows of 1.3 ms, so that it is sharp; what lies below in longer ones, which
    tell its frequencies apart.
    """
    count = frames(float(BURST_AT[-1]))
    lively = density_db + 1.5 * rng.standard_normal(density_db.shape) + 10.0 * np.log10(SAMPLE_RATE / 2.0)
    above = 24.0 * np.log2(np.maximum(_SPLIT_HZ / BANDS_HZ, 1.0))
    below = 24.0 * np.log2(np.maximum(BANDS_HZ / _SPLIT_HZ, 1.0))
    out = np.zeros(count, dtype=np.float32)
    for hop, off_db, rise_s in ((32, above, 0.0004), (192, below, 0.002)):
        moments = np.arange(count // hop + 2) * hop / SAMPLE_RATE
        row = np.interp(moments, BURST_AT, np.arange(BURST_AT.size))
        low = np.minimum(row.astype(int), BURST_AT.size - 2)
        u = (row - low)[:, None]
        table = lively[low] * (1 - u) + lively[low + 1] * u - off_db
        part = sculpted(rng, count, table, BANDS_HZ, hop) * np.float32(gain)
        rise = frames(rise_s)
        part[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
        out += part
    fall = np.linspace(1.0, 0.0, frames(0.05), dtype=np.float32)
    out[-fall.size :] *= fall
    return out


def thing(rng: Rng, fit: StruckFit, near_gap_s: float | None = None) -> Thing:
    """Return the individual of a generator (see toolkit.own): like one of those that beat about that fast, if said."""
    one = own(rng)
    weight = np.ones(len(fit.strikers))
    if near_gap_s is not None:
        away = np.log([float(striker.gap_s.mean()) / near_gap_s for striker in fit.strikers])
        weight = np.exp(-0.5 * (away / 0.5) ** 2) + 1e-3
    like = fit.strikers[int(one.choice(len(fit.strikers), p=weight / weight.sum()))]
    scale = float(np.exp(0.05 * one.standard_normal()))
    hz = like.hz * scale * np.exp(0.01 * one.standard_normal(MODES))
    t60 = like.t60_s * np.exp(0.15 * one.standard_normal(MODES))
    knots = 1.5 * one.standard_normal(7)
    colour = np.interp(np.linspace(0, 6, BANDS_HZ.size), np.arange(7), knots)
    return Thing(like, np.asarray(hz, dtype=np.float64), np.asarray(t60, dtype=np.float64), colour)


def beneath(rng: Rng, made: Thing, count: int, below_db: float = 0.0) -> Signal:
    """Return the quiet room of the recorded thing, (count,)."""
    density = 10.0 ** ((made.like.ground_db.astype(np.float64) + made.colour_db - below_db) / 20.0)
    width = np.interp(np.arange(20, 20_000, 5.0), BANDS_HZ, density)
    level = float(np.sqrt(np.sum(width**2) * 5.0))
    return noise(rng, count, lambda f: np.interp(f, BANDS_HZ, density)) * np.float32(level)
