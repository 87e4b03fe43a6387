"""Bells and signals, tools and machines at work."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.engines import engine
from extender.sources.procedural.grains import bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.kitchen import impact
from extender.sources.procedural.model import Model
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    arrivals,
    band,
    filtered,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    wander,
)
from extender.sources.procedural.vehicles import diesel

_BELL_RATIOS = np.array([[0.5, 1.0, 1.004, 1.2, 1.5, 2.0, 2.007, 2.5, 2.67, 3.0, 4.0, 5.3]])


_BELL_T60 = np.array([[14.0, 9.0, 8.5, 7.0, 4.0, 5.0, 4.8, 3.0, 2.5, 2.0, 1.2, 0.8]])


_BELL_GAIN = np.array([[0.3, 0.6, 0.45, 0.9, 0.5, 1.0, 0.8, 0.7, 0.7, 0.9, 0.9, 0.7]])


def church_bell(rng: Rng, duration_s: float) -> Signal:
    """A church bell, a few strokes: hum, prime, tierce, quint, nominal, each dying in its own time."""
    duration_s *= rng.uniform(0.9, 1.1)
    bells = int(own(rng).integers(2, 5))
    base = own(rng).uniform(240, 420)
    scale = base * np.array([1.0, 1.189, 1.335, 1.498])
    times, tones = [], []
    for k in range(bells):
        period = rng.uniform(1.5, 2.3)
        first = 0.02 if k == 0 else rng.uniform(0.2, 1.2)
        hits = np.arange(first, duration_s - 3.5, period)
        times.append(hits + rng.normal(0, 0.03, hits.size).clip(-0.015, 0.1))
        tones.append(np.full(hits.size, scale[k]))
    at, tone = np.concatenate(times), np.concatenate(tones)
    force = rng.lognormal(0, 0.15, (at.size, 1)) * rng.lognormal(0, 0.2, (at.size, 12))
    count = frames(duration_s)
    ring = struck(rng, count, at, tone[:, None] * _BELL_RATIOS, _BELL_T60, force * _BELL_GAIN, 0.002)
    strike = noise(rng, count, lambda f: band(f, 900.0, 6_000.0, 1)) * bursts(count, at, 0.03, 1.0, 0.05, 5.0)
    dying = np.clip((duration_s - np.arange(count) / SAMPLE_RATE) / 2.0, 0, 1).astype(np.float32) ** 2
    return in_place(
        rng, mixed((0.0, ring), (-29.0, strike)) * dying, 2.4, -3.0, 35.0, lambda f: band(f, 0.0, 3_200.0, 1)
    )


def signal_tick(rng: Rng, duration_s: float) -> Signal:
    """A crossing's signal for those who do not see it: slow ticks, then quick ones while it is green."""
    tone = own(rng).choice([880.0, 1_000.0])
    slow = np.arange(0.05, 2.0, 0.9)
    quick = 2.1 + np.arange(0, 2.6, 1 / 8.5)
    at = np.concatenate([slow, quick])
    ticks = struck(
        rng,
        frames(5.0),
        at,
        tone * np.array([[1.0, 2.0, 3.0, 5.1]]),
        np.array([[0.05, 0.03, 0.025, 0.015]]),
        np.array([[1.0, 0.6, 0.4, 0.25]]),
        0.0005,
    )
    return in_place(rng, ticks, 0.3, -12.0, 15.0)


def small_bells(rng: Rng, duration_s: float) -> Signal:
    """Wind chimes or a cowbell: a few tuned tubes, touched at random."""
    tones = own(rng).uniform(900, 1_400) * np.array([1.0, 1.125, 1.26, 1.5, 1.68])
    at = arrivals(rng, duration_s - 1.0, 3.0)
    pick = tones[rng.integers(0, 5, at.size)]
    return in_place(
        rng,
        struck(
            rng,
            frames(duration_s + 1.0),
            at,
            pick[:, None] * np.array([[1.0, 2.756, 5.404]]),
            np.array([[2.0, 1.0, 0.4]]),
            rng.lognormal(-0.3, 0.5, (at.size, 1)) * np.array([[1.0, 0.5, 0.25]]),
        ),
        0.4,
        -15.0,
    )


def hammering(rng: Rng, duration_s: float) -> Signal:
    """Somebody drives a nail."""
    at = 0.02 + np.cumsum(rng.normal(0.42, 0.03, int(rng.integers(3, 7)))) - 0.4
    pieces = []
    tone = own(rng).uniform(1_300, 1_900)
    for k, time in enumerate(at):
        blow = mixed((0.0, impact(rng, "wood", 240.0)), (-3.0, impact(rng, "steel", tone * (1 + 0.04 * k))))
        pieces.append((float(time), blow * np.float32(rng.uniform(0.7, 1))))
    return in_place(rng, sequence(pieces), 0.6, -11.0, 22.0)


def breaker(rng: Rng, duration_s: float) -> Signal:
    """A jackhammer, in two bouts."""
    count = frames(duration_s)
    blows = arrivals(rng, duration_s, 24.0, 0.93)
    blows = blows[(blows < 0.45 * duration_s) | (blows > 0.62 * duration_s)]
    force = rng.lognormal(0, 0.15, (blows.size, 1))
    steel = struck(
        rng,
        count,
        blows,
        rng.normal(1, 0.02, (blows.size, 1)) * np.array([[420.0, 1_150.0, 2_300.0, 4_100.0]]),
        np.array([[0.05, 0.04, 0.03, 0.02]]),
        force * np.array([[0.8, 1.0, 0.8, 0.6]]),
        0.0004,
    )
    stone = noise(rng, count, lambda f: band(f, 200.0, 4_000.0, 1)) * bursts(count, blows, 0.03, 1.0, 0.05, 4.0)
    ends = np.clip(np.minimum(np.arange(count), count - np.arange(count)) / frames(0.05), 0, 1).astype(np.float32)
    return in_place(rng, mixed((0.0, stone), (-2.0, steel)) * ends, 0.5, -12.0, 25.0)


def chainsaw(rng: Rng, duration_s: float) -> Signal:
    """A chainsaw: idling, then biting."""
    duration_s *= rng.uniform(0.9, 1.1)
    count = frames(duration_s)
    rpm = 2 * glide(
        [(0, 2_900), (0.12, 3_000), (0.2, 8_500), (0.3, 7_000), (0.75, 7_400), (0.85, 3_200), (1, 2_800)], 300
    )
    motor = engine(
        rng, rpm, count, cylinders=1, exhaust_m=0.28, uneven=0.22, grit_db=-4.0, bright_hz=2_600.0, body_hz=160.0
    )
    teeth = noise(rng, count, lambda f: band(f, 1_500.0, 7_000.0, 1)) * stretched(np.clip(rpm - 6_000, 0, None), count)
    shape = stretched(glide([(0, 0), (0.04, 0.5), (0.18, 1), (0.78, 1), (0.9, 0.4), (1, 0)], 200), count)
    return in_place(rng, np.tanh(1.2 * mixed((0.0, motor), (-8.0, teeth))).astype(np.float32) * shape, 0.6, -12.0, 25.0)


def mower(rng: Rng, duration_s: float) -> Signal:
    """A lawn mower or generator: one cylinder at a steady speed."""
    count = frames(duration_s)
    rpm = 2_900 * (1 + 0.02 * wander(rng, int(duration_s * 20), 20.0, 0.1, 3.0))
    motor = engine(rng, rpm, count, cylinders=1, exhaust_m=0.5, uneven=0.2, grit_db=-5.0, bright_hz=1_300.0)
    blade = noise(rng, count, lambda f: band(f, 250.0, 3_000.0, 1))
    return mixed((0.0, motor), (-6.0, blade))


def heavy_machine(rng: Rng, duration_s: float) -> Signal:
    """An excavator at work: the engine under changing load, hydraulics."""
    count = frames(duration_s)
    load = 1_250 + 180 * wander(rng, int(duration_s * 10), 10.0, 0.08, 0.8, 0.5)
    body = diesel(rng, np.clip(load, 850, 1_700), count)
    oil = noise(rng, count, lambda f: peak(f, 720.0, 14.0) + 0.5 * peak(f, 1_460.0, 14.0))
    gate = stretched(np.clip(wander(rng, int(duration_s * 10), 10.0, 0.1, 1.0), 0, 2), count)
    return mixed((0.0, body), (-13.0, oil * gate))


def fireworks(rng: Rng, duration_s: float) -> Signal:
    """A report far off and its crackle."""
    count = frames(3.2)
    boom = filtered(
        noise(rng, count, lambda f: band(f, 30.0, 900.0, 1)) * bursts(count, [0.02], 0.9, 1.0, 0.01, 8.0),
        lambda f: band(f, 30.0, 700.0, 1),
    )
    at = 0.35 + rng.gamma(2.5, 0.3, 90)
    sparks = noise(rng, count, lambda f: band(f, 1_200.0, 7_000.0, 1)) * bursts(
        count, at, 0.012, rng.lognormal(-0.5, 0.6, 90), 0.04, 6.0
    )
    return in_place(rng, mixed((0.0, boom), (-9.0, sparks)), 1.8, -6.0, 40.0)


MODELS = (
    Model("church-bell", ("church bell",), "event", 1, 9.5, "Church bell", church_bell),
    Model("crossing", ("pedestrian signal", "traffic light"), "event", 1, 5.0, "Crossing signal", signal_tick),
    Model("chimes", ("wind chime", "cowbell"), "event", 1, 3.0, "Small bells", small_bells),
    Model("hammer", ("hammer", "tool", "worker"), "event", 1, 2.4, "Hammering", hammering),
    Model("jackhammer", ("jackhammer",), "event", 1, 4.0, "Jackhammer", breaker),
    Model("chainsaw", ("chainsaw", "saw"), "event", 1, 6.0, "Chainsaw", chainsaw),
    Model("mower", ("lawn mower", "generator"), "loop", 1, 20.0, "Lawn mower", mower),
    Model("heavy-machine", ("heavy machine", "tractor"), "loop", 1, 24.0, "Heavy machine", heavy_machine),
    Model("firework", ("firework", "explosion"), "event", 1, 3.2, "Firework", fireworks),
)
