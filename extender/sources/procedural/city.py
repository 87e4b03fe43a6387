"""Bells and signals, tools and machines at work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.distance import at_distance
from extender.sources.procedural.engines import engine
from extender.sources.procedural.grains import bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.kitchen import impact
from extender.sources.procedural.model import Model, Parameter
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


BELL = Parameter("mass", 20.0, 20_000.0, 600.0, "kg", "of the largest bell")


def church_bell(rng: Rng, duration_s: float, mass: float = BELL.default) -> Signal:
    """Church bells, a few strokes: hum, prime, tierce, quint, nominal, each dying in its own time.

    The pitch of bells of one shape goes with the mass's cube root (about 330 Hz prime at 600 kg).
    """
    duration_s *= rng.uniform(0.9, 1.1)
    bells = int(own(rng).integers(2, 5))
    base = own(rng).uniform(310, 350) * (BELL.default / mass) ** (1.0 / 3.0)
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
    t60 = _BELL_T60 * (mass / BELL.default) ** 0.2
    ring = struck(rng, count, at, tone[:, None] * _BELL_RATIOS, t60, force * _BELL_GAIN, 0.002)
    strike = noise(rng, count, lambda f: band(f, 900.0, 6_000.0, 1)) * bursts(count, at, 0.03, 1.0, 0.05, 5.0)
    top_hz = 3_200.0 * (base / 330.0) ** 0.7
    dying = np.clip((duration_s - np.arange(count) / SAMPLE_RATE) / 2.0, 0, 1).astype(np.float32) ** 2
    return in_place(
        rng, mixed((0.0, ring), (-29.0, strike)) * dying, 2.4, -3.0, 35.0, lambda f: band(f, 0.0, top_hz, 1)
    )


TICKS = Parameter("rate", 3.0, 15.0, 8.5, "ticks/s", "while it is green")


def signal_tick(rng: Rng, duration_s: float, rate: float = TICKS.default) -> Signal:
    """A crossing's signal for those who do not see it: slow ticks, then quick ones while it is green."""
    tone = own(rng).choice([880.0, 1_000.0])
    slow = np.arange(0.05, 2.0, 0.9)
    quick = 2.1 + np.arange(0, 2.6, 1 / rate)
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


BREEZE = Parameter("speed", 0.5, 15.0, 3.0, "m/s", "of the wind that moves them")


def small_bells(rng: Rng, duration_s: float, speed: float = BREEZE.default) -> Signal:
    """Wind chimes or a cowbell: a few tuned tubes, touched at random."""
    tones = own(rng).uniform(900, 1_400) * np.array([1.0, 1.125, 1.26, 1.5, 1.68])
    at = np.concatenate([[0.05], 0.1 + arrivals(rng, duration_s - 1.1, speed)])
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


BLOWS = Parameter("rate", 0.8, 5.0, 2.4, "blows/s", "how quickly somebody strikes")


def hammering(rng: Rng, duration_s: float, rate: float = BLOWS.default) -> Signal:
    """Somebody drives a nail."""
    at = np.cumsum(rng.normal(1.0, 0.07, int(rng.integers(3, 7)))) / rate
    at = at - at[0] + 0.02
    pieces = []
    tone = own(rng).uniform(1_300, 1_900)
    for k, time in enumerate(at):
        blow = mixed((0.0, impact(rng, "wood", 240.0)), (-3.0, impact(rng, "steel", tone * (1 + 0.04 * k))))
        pieces.append((float(time), blow * np.float32(rng.uniform(0.7, 1))))
    return in_place(rng, sequence(pieces), 0.6, -11.0, 22.0)


def breaker(rng: Rng, duration_s: float, rate: float = 24.0) -> Signal:
    """A jackhammer, in two bouts."""
    count = frames(duration_s)
    blows = arrivals(rng, duration_s, rate, 0.93)
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


SAW = Parameter("rpm", 5_000.0, 13_000.0, 7_200.0, "rpm", "turns of the motor a minute while it cuts")


def chainsaw(rng: Rng, duration_s: float, rpm: float = SAW.default) -> Signal:
    """A chainsaw: idling, then biting."""
    duration_s *= rng.uniform(0.9, 1.1)
    count = frames(duration_s)
    k = rpm / SAW.default
    turning = 2 * glide(
        [(0, 2_900), (0.12, 3_000), (0.2, 8_500 * k), (0.3, 7_000 * k), (0.75, 7_400 * k), (0.85, 3_200), (1, 2_800)],
        300,
    )
    motor = engine(
        rng, turning, count, cylinders=1, exhaust_m=0.28, uneven=0.22, grit_db=-4.0, bright_hz=2_600.0, body_hz=160.0
    )
    teeth = noise(rng, count, lambda f: band(f, 1_500.0, 7_000.0, 1)) * stretched(
        np.clip(turning - 6_000, 0, None), count
    )
    shape = stretched(glide([(0, 0), (0.04, 0.5), (0.18, 1), (0.78, 1), (0.9, 0.4), (1, 0)], 200), count)
    return in_place(rng, np.tanh(1.2 * mixed((0.0, motor), (-8.0, teeth))).astype(np.float32) * shape, 0.6, -12.0, 25.0)


MOWER = Parameter("rpm", 1_500.0, 4_500.0, 2_900.0, "rpm", "turns of the motor a minute")


def mower(rng: Rng, duration_s: float, rpm: float = MOWER.default) -> Signal:
    """A lawn mower or generator: one cylinder at a steady speed."""
    count = frames(duration_s)
    turning = rpm * (1 + 0.02 * wander(rng, int(duration_s * 20), 20.0, 0.1, 3.0))
    motor = engine(rng, turning, count, cylinders=1, exhaust_m=0.5, uneven=0.2, grit_db=-5.0, bright_hz=1_300.0)
    blade = noise(rng, count, lambda f: band(f, 250.0, 3_000.0, 1))
    return mixed((0.0, motor), (-6.0, blade))


MACHINE = Parameter("rpm", 700.0, 2_400.0, 1_250.0, "rpm", "turns of the engine a minute")


def heavy_machine(rng: Rng, duration_s: float, rpm: float = MACHINE.default) -> Signal:
    """An excavator at work: the engine under changing load, hydraulics."""
    count = frames(duration_s)
    load = 1.0 + 0.145 * wander(rng, int(duration_s * 10), 10.0, 0.08, 0.8, 0.5)
    body = diesel(rng, rpm * np.clip(load, 0.68, 1.36), count)
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
    at_distance(Model("church-bell", ("church bell",), "event", 1, 9.5, "Church bell", church_bell, (BELL,)), 100.0),
    Model(
        "crossing", ("pedestrian signal", "traffic light"), "event", 1, 5.0, "Crossing signal", signal_tick, (TICKS,)
    ),
    Model("chimes", ("wind chime", "cowbell"), "event", 1, 3.0, "Small bells", small_bells, (BREEZE,)),
    at_distance(Model("hammer", ("hammer", "tool", "worker"), "event", 1, 2.4, "Hammering", hammering, (BLOWS,)), 12.0),
    at_distance(
        Model(
            "jackhammer",
            ("jackhammer",),
            "event",
            1,
            4.0,
            "Jackhammer",
            breaker,
            (replace(BLOWS, low=10.0, high=45.0, default=24.0, what="how quickly it strikes"),),
        ),
        20.0,
    ),
    at_distance(Model("chainsaw", ("chainsaw", "saw"), "event", 1, 6.0, "Chainsaw", chainsaw, (SAW,)), 30.0),
    Model("mower", ("lawn mower", "generator"), "loop", 1, 20.0, "Lawn mower", mower, (MOWER,)),
    Model("heavy-machine", ("heavy machine", "tractor"), "loop", 1, 24.0, "Heavy machine", heavy_machine, (MACHINE,)),
    at_distance(Model("firework", ("firework", "explosion"), "event", 1, 3.2, "Firework", fireworks), 150.0),
)
