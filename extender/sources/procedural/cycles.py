"""On two wheels, and on small ones: bicycles, skateboards, suitcases."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.engines import come_and_gone, passing, tyres
from extender.sources.procedural.grains import bursts, in_place, mixed, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    Rng,
    Signal,
    arrivals,
    band,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    unit,
    wander,
)
from extender.sources.procedural.vehicles import going, passing_at


def bicycle(rng: Rng, duration_s: float, speed: float = 15.0, nearest: float = 3.0) -> Signal:
    """A bicycle rolls by, its freewheel ticking; sometimes the bell."""
    duration_s *= rng.uniform(0.9, 1.15)
    count = frames(duration_s)
    points = int(duration_s * 50)
    turns = (
        np.cumsum(
            1.9
            * speed
            / 15.0
            * (1.0 + 0.08 * wander(rng, points, 50.0, 0.1, 1.0))
            * glide([(0, 1.1), (1, 0.85)], points)
        )
        / 50
    )
    teeth = int(own(rng).integers(16, 24))
    ticks = np.interp(np.arange(1, int(turns[-1] * teeth)) / teeth, turns, np.arange(points) / 50)
    uneven = 1.0 + 0.35 * np.sin(2 * np.pi * np.arange(ticks.size) / teeth + rng.uniform(0, 6)) * rng.random()
    clicks = struck(
        rng,
        count,
        ticks + rng.normal(0, 4e-4, ticks.size),
        rng.normal(1, 0.03, (ticks.size, 1)) * np.array([[2_900.0, 4_700.0, 7_300.0, 10_200.0]]),
        0.007,
        (uneven * rng.lognormal(0, 0.3, ticks.size))[:, None] * np.array([[0.5, 0.8, 1.0, 0.9]]),
        0.0001,
    )
    spatter = noise(rng, count, lambda f: band(f, 3_000.0, 14_000.0, 1)) * bursts(
        count, ticks, 0.008, uneven, 0.05, 6.0
    )
    rubber = tyres(rng, count, lambda f: band(f, 120.0, 900.0, 1))
    whole = mixed((0.0, clicks), (-3.0, spatter), (-6.0, rubber))
    if rng.random() < 0.5:
        ring = bell(rng, 1.6)
        at = frames(duration_s * rng.uniform(0.1, 0.3))
        whole[at : at + ring.size] += 1.5 * unit(ring)[: count - at]
    return come_and_gone(passing(whole, speed / 3.6, nearest, duration_s * 0.5, ground=0.2), 1.2)


def bell(rng: Rng, duration_s: float, pitch: float = 2_060.0) -> Signal:
    """A bicycle bell, rung twice: the thumb's ratchet and two cups a little apart."""
    count = frames(duration_s)
    base = pitch * own(rng).uniform(0.88, 1.14)
    hits = np.concatenate([t + np.arange(5) * rng.uniform(0.038, 0.046) for t in (0.01, rng.uniform(0.3, 0.42))])
    ratios = np.array([[1.0, 1.0125, 2.54, 2.56, 4.43, 6.6]])
    ring = struck(
        rng,
        count,
        hits,
        base * ratios,
        np.array([[0.9, 0.85, 0.6, 0.6, 0.3, 0.15]]),
        rng.lognormal(0, 0.3, (hits.size, 1)) * np.array([[0.8, 0.6, 1.0, 0.7, 0.4, 0.25]]),
    )
    ratchet = noise(rng, count, lambda f: band(f, 2_500.0, 9_000.0, 1)) * bursts(count, hits, 0.006, 1.0, 0.1, 5.0)
    return in_place(rng, ring + 0.12 * ratchet, 0.25, -18.0)


def wheels(
    rng: Rng, duration_s: float, low_hz: float, speed: float, seams_per_s: float, seam_modes: tuple[float, ...]
) -> Signal:
    """Small hard wheels rolling over paving: a grain for every pebble, a double clack at every joint."""
    count = frames(duration_s)
    points = int(duration_s * 100)
    going = glide([(0, 0.0), (0.15, 0.8), (0.5, 1.0), (0.85, 0.8), (1, 0.0)], points) * (
        1 + 0.1 * wander(rng, points, 100.0, 0.3, 3.0)
    )
    grain = noise(
        rng, count, lambda f: band(f, low_hz, 2_600.0, 1) + 0.7 * peak(f, 780.0, 3.0) + 0.4 * peak(f, 1_900.0, 4.0)
    )
    rough = stretched(np.exp(0.4 * wander(rng, int(duration_s * 400), 400.0, 8.0, 150.0, 0.2)), count)
    times = arrivals(rng, duration_s, seams_per_s, 0.75)
    times = np.sort(np.concatenate([times, times + 0.09 / speed]))
    amount = np.interp(times, np.linspace(0, duration_s, points), going)
    clacks = struck(
        rng,
        count,
        times,
        rng.normal(1, 0.05, (times.size, 1)) * np.array([seam_modes]),
        np.array([[0.06, 0.04, 0.02]]),
        (amount * rng.lognormal(0, 0.3, times.size))[:, None] * np.array([[1, 0.7, 0.5]]),
    )
    level = stretched(np.maximum(going, 0.0) ** 1.5, count)
    whole = mixed((0.0, grain * rough * level), (-3.0, clacks))
    return in_place(rng, whole, 0.2, -14.0)


def skateboard(rng: Rng, duration_s: float, speed: float = 14.0) -> Signal:
    """A skateboard rolls by over pavement joints; sometimes the tail hits the ground."""
    pace = speed / 14.0
    whole = wheels(
        rng, duration_s * rng.uniform(0.9, 1.1), 220.0 * pace**0.5, pace, 2.2 * pace, (140.0, 520.0, 1_150.0)
    )
    if rng.random() < 0.6:
        pop = struck(
            rng,
            frames(0.3),
            [0.01],
            [[210.0, 640.0, 1_700.0, 3_100.0]],
            [[0.08, 0.05, 0.02, 0.01]],
            [[1, 0.8, 0.6, 0.4]],
        )
        at = frames(duration_s * rng.uniform(0.3, 0.7))
        whole[at : at + pop.size] += 3.0 * unit(pop)[: whole.size - at] * np.float32(np.std(whole))
    return whole


def suitcase(rng: Rng, duration_s: float, speed: float = 5.0) -> Signal:
    """A suitcase on wheels is pulled by."""
    pace = speed / 5.0
    low_hz = 350.0 * pace**0.5
    return wheels(rng, duration_s * rng.uniform(0.9, 1.1), low_hz, 1.6 * pace, 4.5 * pace, (260.0, 780.0, 1_500.0))


MODELS = (
    Model(
        "bicycle",
        ("bicycle",),
        "event",
        1,
        6.0,
        "Bicycle passing",
        bicycle,
        (going(5.0, 50.0, 15.0), passing_at(1.0, 30.0, 3.0)),
    ),
    Model(
        "bicycle-bell",
        ("bicycle bell",),
        "event",
        1,
        1.8,
        "Bicycle bell",
        bell,
        (Parameter("pitch", 1_200.0, 3_500.0, 2_060.0, "Hz", "of its lower note"),),
    ),
    Model("skateboard", ("skateboard",), "event", 1, 4.5, "Skateboard", skateboard, (going(4.0, 35.0, 14.0),)),
    Model(
        "suitcase",
        ("suitcase", "human powered vehicle", "cart"),
        "event",
        1,
        4.5,
        "Rolling suitcase",
        suitcase,
        (going(2.0, 10.0, 5.0),),
    ),
)
