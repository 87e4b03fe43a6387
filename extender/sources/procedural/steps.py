"""Footsteps: heel and toe on hard ground, grains under the sole on soft."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.grains import bursts, impulses, in_place, mixed, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import Rng, Signal, around, arrivals, band, filtered, frames, noise, own, peak

_HARD_HZ = np.array([[78.0, 185.0, 420.0, 980.0, 2_100.0]])


_HARD_T60 = np.array([[0.06, 0.05, 0.035, 0.02, 0.012]])


_WOOD_HZ = np.array([[92.0, 148.0, 235.0, 390.0, 720.0]])


_WOOD_T60 = np.array([[0.14, 0.12, 0.10, 0.06, 0.03]])


def walk(rng: Rng, duration_s: float, period_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (times, force, is the left foot) of a walk's steps, with the small limp that everybody has."""
    count = int(duration_s / period_s)
    gaps = period_s * (1 + 0.035 * rng.standard_normal(count)) * (1 + 0.02 * np.where(np.arange(count) % 2, 1, -1))
    force = np.exp(0.18 * rng.standard_normal(count)) * np.where(np.arange(count) % 2, 0.88, 1.0)
    return 0.05 + np.concatenate([[0.0], np.cumsum(gaps)[:-1]]), force, np.arange(count) % 2 == 0


def _strikes(
    rng: Rng,
    count: int,
    times: np.ndarray,
    force: np.ndarray,
    left: np.ndarray,
    modes: np.ndarray,
    t60: np.ndarray,
    gains: np.ndarray,
    scuff: tuple[float, float],
    scuff_db: float,
) -> Signal:
    """Heel, then toe, on something hard: modes of floor and shoe, a click, a scuff of the sole between them."""
    roll = rng.uniform(0.09, 0.14) * rng.normal(1, 0.08, times.size)
    at = np.concatenate([times, times + roll])
    loud = np.concatenate([force, 0.45 * force * rng.lognormal(0, 0.2, force.size)])
    foot = np.concatenate([np.where(left, 1.0, 1.045), np.where(left, 1.22, 1.18)])
    pitch = (foot * rng.normal(1, 0.035, at.size))[:, None] * modes
    tints = gains * rng.lognormal(0, 0.25, (at.size, gains.shape[1]))
    body = struck(rng, count, at, pitch, t60, loud[:, None] * tints, 0.0008)
    click = noise(rng, count, lambda f: band(f, 900.0, 4_500.0, 1)) * bursts(count, at, 0.012, loud, 0.06, 6.0)
    sole = noise(rng, count, lambda f: band(f, scuff[0], scuff[1], 1)) * bursts(
        count, times + 0.02, roll + 0.05, force * rng.lognormal(-0.2, 0.4, times.size), 0.4, 1.5
    )
    return mixed((0.0, body), (-6.0, click), (scuff_db, sole))


PACE = Parameter("pace", 0.8, 3.0, 1.87, "steps/s", "how quickly somebody walks")


def period_of(rng: Rng, pace: float) -> float:
    """Return the time from step to step in seconds: everybody has a gait of their own."""
    return own(rng).uniform(0.93, 1.07) / pace


def footsteps(rng: Rng, duration_s: float, pace: float = PACE.default) -> Signal:
    """Shoes on pavement, walking by."""
    duration_s *= rng.uniform(0.75, 1.2)
    count = frames(duration_s)
    times, force, left = walk(rng, duration_s - 0.4, period_of(rng, pace))
    gains = np.array([[0.9, 1.0, 0.9, 0.8, 0.5]]) * own(rng).lognormal(0, 0.2, (1, 5))
    steps = _strikes(
        rng, count, times, force, left, _HARD_HZ * own(rng).uniform(0.9, 1.15), _HARD_T60, gains, (900, 5_000), -9.0
    )
    return in_place(rng, steps, 0.3, -12.0, 9.0)


def steps_indoors(rng: Rng, duration_s: float, pace: float = 1.82) -> Signal:
    """Shoes on a wooden floor."""
    duration_s *= rng.uniform(0.75, 1.2)
    count = frames(duration_s)
    times, force, left = walk(rng, duration_s - 0.4, period_of(rng, pace))
    gains = np.array([[1.0, 0.9, 0.7, 0.4, 0.25]])
    steps = _strikes(
        rng, count, times, force, left, _WOOD_HZ * own(rng).uniform(0.9, 1.15), _WOOD_T60, gains, (600, 3_500), -13.0
    )
    return in_place(rng, steps, 0.35, -10.0, 7.0)


def _grainy(
    rng: Rng, duration_s: float, period_s: float, layers: tuple[tuple[float, float, float, float], ...]
) -> Signal:
    """Steps that crunch: grains per second, centre Hz, Q and level in dB of each layer, under a press and a push."""
    count = frames(duration_s)
    times, force, _ = walk(rng, duration_s - 0.5, period_s)
    press = bursts(count, np.concatenate([times, times + 0.17]), 0.2, np.concatenate([force, 0.7 * force]), 0.25, 2.5)
    parts = []
    for per_s, centre, q, level in layers:
        at = arrivals(rng, duration_s, per_s)
        ticks = impulses(count, at * 48_000, rng.lognormal(0, 0.9, at.size) * rng.choice([-1.0, 1.0], at.size))
        grains = filtered(ticks * press, around(centre, q))
        parts.append((level, grains))
    thump = struck(rng, count, times, [[72.0, 130.0]], [[0.07, 0.05]], force[:, None] * np.array([[1.0, 0.6]]), 0.004)
    return mixed(*parts, (-8.0, thump))


def steps_gravel(rng: Rng, duration_s: float, pace: float = 1.85) -> Signal:
    """Boots on gravel."""
    layers = ((1_300.0, 5_200.0, 1.0, 0.0), (300.0, 2_300.0, 1.5, -3.0), (60.0, 1_100.0, 2.0, -6.0))
    return in_place(rng, _grainy(rng, duration_s * rng.uniform(0.75, 1.2), period_of(rng, pace), layers), 0.15, -18.0)


def steps_snow(rng: Rng, duration_s: float, pace: float = 1.67) -> Signal:
    """Boots on snow: it creaks under the press."""
    layers = ((900.0, 1_400.0, 1.6, 0.0), (700.0, 3_200.0, 1.6, -3.0), (250.0, 650.0, 2.5, -5.0))
    return _grainy(rng, duration_s * rng.uniform(0.75, 1.2), period_of(rng, pace), layers)


def steps_grass(rng: Rng, duration_s: float, pace: float = 1.75) -> Signal:
    """Shoes in dry grass: blades brushed aside, a soft tread."""
    layers = ((420.0, 2_700.0, 0.8, 0.0), (180.0, 5_500.0, 0.9, -5.0), (60.0, 900.0, 1.2, -6.0))
    return _grainy(rng, duration_s * rng.uniform(0.75, 1.2), period_of(rng, pace), layers)


def steps_leaves(rng: Rng, duration_s: float, pace: float = 1.7) -> Signal:
    """Shoes in fallen leaves: they crackle long under every step."""
    layers = ((260.0, 3_800.0, 0.9, 0.0), (130.0, 1_900.0, 1.2, -2.0), (500.0, 7_500.0, 0.9, -7.0))
    return _grainy(rng, duration_s * rng.uniform(0.75, 1.2), period_of(rng, pace), layers)


def steps_sand(rng: Rng, duration_s: float, pace: float = 1.6) -> Signal:
    """Bare feet or shoes in sand: fine grains that give way, little else."""
    layers = ((3_500.0, 4_200.0, 0.6, 0.0), (900.0, 1_500.0, 0.8, -4.0))
    return filtered(
        _grainy(rng, duration_s * rng.uniform(0.75, 1.2), period_of(rng, pace), layers),
        lambda f: band(f, 0.0, 6_000.0, 1),
    )


_METAL_HZ = np.array([[165.0, 395.0, 780.0, 1_650.0, 3_100.0]])
_METAL_T60 = np.array([[0.35, 0.45, 0.4, 0.28, 0.15]])
_HEEL_HZ = np.array([[210.0, 620.0, 1_450.0, 2_650.0, 4_600.0]])
_HEEL_T60 = np.array([[0.05, 0.045, 0.03, 0.02, 0.012]])


def steps_metal(rng: Rng, duration_s: float, pace: float = 1.8) -> Signal:
    """Shoes on an iron stair: every tread rings."""
    duration_s *= rng.uniform(0.75, 1.2)
    times, force, left = walk(rng, duration_s - 0.6, period_of(rng, pace))
    tune = own(rng).uniform(0.85, 1.2)
    gains = np.array([[0.8, 1.0, 0.9, 0.6, 0.35]])
    modes = _METAL_HZ * tune
    steps = _strikes(rng, frames(duration_s), times, force, left, modes, _METAL_T60, gains, (900, 5_000), -12.0)
    return in_place(rng, steps, 0.5, -9.0, 9.0)


def heels(rng: Rng, duration_s: float, pace: float = 1.9) -> Signal:
    """High heels on stone: a hard small heel, then the light slap of the sole."""
    duration_s *= rng.uniform(0.75, 1.2)
    times, force, left = walk(rng, duration_s - 0.4, period_of(rng, pace))
    gains = np.array([[0.35, 0.7, 1.0, 0.9, 0.6]])
    modes = _HEEL_HZ * own(rng).uniform(0.88, 1.15)
    steps = _strikes(rng, frames(duration_s), times, force, left, modes, _HEEL_T60, gains, (1_500, 7_000), -15.0)
    return in_place(rng, steps, 0.6, -9.0, 12.0)


def runner(rng: Rng, duration_s: float, pace: float = 2.85) -> Signal:
    """Someone runs by: toes first, breath."""
    duration_s *= rng.uniform(0.75, 1.1)
    count = frames(duration_s)
    times, force, left = walk(rng, duration_s - 0.4, period_of(rng, pace))
    gains = np.array([[1.2, 1.0, 0.7, 0.5, 0.3]])
    steps = _strikes(rng, count, times, force, left, _HARD_HZ * 0.9, _HARD_T60, gains, (700, 4_000), -5.0)
    breaths = times[::4]
    air = noise(rng, count, lambda f: peak(f, 1_500.0, 1.0)) * bursts(count, breaths, 0.45, 1.0, 0.35, 2.0)
    return in_place(rng, mixed((0.0, steps), (-17.0, air)), 0.2, -14.0)


MODELS = (
    Model(
        "footsteps",
        ("footsteps", "person", "human sound"),
        "event",
        1,
        4.5,
        "Footsteps on pavement",
        footsteps,
        (PACE,),
    ),
    Model(
        "footsteps-indoors",
        ("footsteps", "human locomotion"),
        "event",
        1,
        4.5,
        "Footsteps on wood",
        steps_indoors,
        (replace(PACE, default=1.82),),
    ),
    Model(
        "footsteps-gravel",
        ("footsteps",),
        "event",
        1,
        4.5,
        "Footsteps on gravel",
        steps_gravel,
        (replace(PACE, default=1.85),),
    ),
    Model(
        "footsteps-snow",
        ("snow steps", "skier"),
        "event",
        1,
        4.5,
        "Footsteps on snow",
        steps_snow,
        (replace(PACE, default=1.67),),
    ),
    Model(
        "footsteps-grass",
        ("footsteps",),
        "event",
        1,
        4.5,
        "Footsteps in grass",
        steps_grass,
        (replace(PACE, default=1.75),),
    ),
    Model(
        "footsteps-leaves",
        ("footsteps",),
        "event",
        1,
        4.5,
        "Footsteps in fallen leaves",
        steps_leaves,
        (replace(PACE, default=1.7),),
    ),
    Model(
        "footsteps-sand",
        ("footsteps",),
        "event",
        1,
        4.5,
        "Footsteps in sand",
        steps_sand,
        (replace(PACE, default=1.6),),
    ),
    Model(
        "footsteps-metal",
        ("footsteps",),
        "event",
        1,
        4.5,
        "Footsteps on an iron stair",
        steps_metal,
        (replace(PACE, default=1.8),),
    ),
    Model("heels", ("high heels",), "event", 1, 4.5, "High heels", heels, (replace(PACE, default=1.9),)),
    Model("runner", ("runner",), "event", 1, 4.0, "Running", runner, (replace(PACE, low=2.0, high=4.5, default=2.85),)),
)
