"""Sport: what is struck, thrown, caught and carved."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.calls import caller
from extender.sources.procedural.calls_bouts import ONE, bout
from extender.sources.procedural.calls_stored import call_fit
from extender.sources.procedural.grains import bubbles, bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    Rng,
    Signal,
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

BALL = Parameter("height", 0.2, 3.0, 0.5, "m", "how high it bounces first")


def ball(rng: Rng, duration_s: float, height: float = BALL.default) -> Signal:
    """A ball is struck or dropped, and bounces: each hop shorter than the last (2·√(2h/g))."""
    at, gap, gain = 0.01, 2.0 * (2.0 * height / 9.81) ** 0.5 * rng.uniform(0.92, 1.08), 1.0
    falls = own(rng).uniform(0.72, 0.8)
    tune = own(rng).uniform(0.85, 1.3)
    times, gains = [], []
    while gap > 0.07:
        times.append(at)
        gains.append(gain)
        at += gap * rng.normal(1, 0.01)
        gap, gain = gap * falls, gain * falls
    hit, force = np.array(times), np.array(gains)
    count = frames(at + 0.4)
    body = struck(
        rng,
        count,
        hit,
        tune * rng.normal(1, 0.01, (hit.size, 1)) * np.array([[88.0, 190.0, 420.0, 940.0, 1_900.0]]),
        np.array([[0.08, 0.09, 0.07, 0.05, 0.03]]),
        force[:, None] * np.array([[1.0, 1.0, 0.7, 0.35, 0.2]]),
        0.001,
    )
    slap = noise(rng, count, lambda f: band(f, 350.0, 3_500.0, 1)) * bursts(count, hit, 0.02, force, 0.05, 6.0)
    return in_place(rng, mixed((0.0, body), (-6.0, slap)), 0.5, -12.0, 14.0)


def kick(rng: Rng, duration_s: float) -> Signal:
    """A thump on a bag, a mat, a trampoline."""
    at = np.array([0.01, rng.uniform(0.35, 0.8)])[: int(rng.integers(1, 3))]
    count = frames(1.4)
    body = struck(
        rng,
        count,
        at,
        rng.normal(1, 0.05, (at.size, 1)) * np.array([[72.0, 135.0, 240.0]]),
        np.array([[0.16, 0.1, 0.06]]),
        1.0,
        0.003,
    )
    slap = noise(rng, count, lambda f: band(f, 250.0, 1_800.0, 1)) * bursts(count, at, 0.05, 1.0, 0.05, 5.0)
    return in_place(rng, mixed((0.0, body), (-3.0, slap)), 0.4, -12.0)


def _swing(rng: Rng, length: float, top_hz: float) -> Signal:
    """Air cut by something moved fast."""
    count = frames(length)
    path = np.hanning(60) ** 1.5
    low = noise(rng, count, lambda f: peak(f, 0.45 * top_hz, 1.6)) * stretched(path, count)
    high = noise(rng, count, lambda f: peak(f, top_hz, 1.8)) * stretched(path**2.5, count)
    return low + 0.8 * high


def bat(rng: Rng, duration_s: float) -> Signal:
    """A wooden bat: the swing and the crack."""
    swing = _swing(rng, 0.34, 900.0)
    count = frames(0.4)
    modes = rng.uniform(0.93, 1.08) * np.array([[165.0, 560.0, 1_180.0, 2_250.0, 3_900.0]])
    crack = struck(rng, count, [0.0], modes, [[0.06, 0.06, 0.05, 0.04, 0.02]], [[0.7, 1.0, 0.8, 0.8, 0.5]], 0.0003)
    snap = noise(rng, count, lambda f: band(f, 900.0, 8_000.0, 1)) * bursts(count, [0.0], 0.02, 1.0, 0.02, 7.0)
    hit = mixed((0.0, crack), (-3.0, snap))
    return in_place(rng, sequence([(0.0, 0.12 * unit(swing)), (0.2, unit(hit))]), 0.9, -13.0, 30.0)


def glove(rng: Rng, duration_s: float) -> Signal:
    """A ball smacks into leather."""
    count = frames(0.4)
    pocket = struck(rng, count, [0.005], [[112.0, 245.0, 520.0]], [[0.07, 0.05, 0.03]], [[0.8, 1.0, 0.6]], 0.0008)
    smack = noise(rng, count, lambda f: band(f, 400.0, 3_600.0, 1)) * bursts(count, [0.004], 0.03, 1.0, 0.03, 6.0)
    return in_place(rng, mixed((0.0, pocket), (1.0, smack)), 0.5, -14.0, 20.0)


def racket(rng: Rng, duration_s: float) -> Signal:
    """Strings meet a tennis ball, which then bounces."""
    count = frames(1.6)
    at = [0.24]
    strings = struck(
        rng,
        count,
        at,
        rng.uniform(0.94, 1.06) * np.array([[132.0, 455.0, 620.0, 1_650.0]]),
        [[0.06, 0.16, 0.12, 0.05]],
        [[1.0, 0.8, 0.6, 0.5]],
        0.0008,
    )
    pop = noise(rng, count, lambda f: band(f, 350.0, 3_000.0, 1)) * bursts(count, at, 0.03, 1.0, 0.04, 6.0)
    whole = mixed((0.0, strings), (0.0, pop))
    swing = unit(_swing(rng, 0.3, 1_100.0)) * np.float32(0.1)
    whole[: swing.size] += swing
    hop = struck(rng, frames(0.3), [0.0], [[120.0, 260.0, 610.0]], [[0.05, 0.05, 0.03]], [[1.0, 0.8, 0.4]], 0.001)
    far = frames(rng.uniform(0.9, 1.15))
    whole[far : far + hop.size] += 0.8 * unit(hop)[: count - far]
    return in_place(rng, whole, 0.6, -13.0, 22.0)


FLIGHT = Parameter("speed", 3.0, 40.0, 12.0, "m/s", "how fast it flies")


def whoosh(rng: Rng, duration_s: float, speed: float = FLIGHT.default) -> Signal:
    """Something flies past: a disc, a rope, a rod; the faster, the higher and the sooner over."""
    flying = caller(rng, call_fit("whoosh"), (FLIGHT.default / speed) ** 0.5)
    return in_place(rng, bout(rng, flying, duration_s, like=ONE), 0.3, -18.0, 8.0)


TURNS = Parameter("turns", 0.3, 2.0, 0.84, "turns/s", "how often somebody turns")


def ski(rng: Rng, duration_s: float, turns: float = TURNS.default) -> Signal:
    """Edges carve through snow, turn by turn."""
    duration_s *= rng.uniform(0.85, 1.15)
    count = frames(duration_s)
    points = int(duration_s * 100)
    phase = np.cumsum(0.5 * turns * (1 + 0.15 * wander(rng, points, 100.0, 0.1, 1.0))) / 100.0
    press = np.abs(np.sin(2 * np.pi * phase)) ** 0.7 * np.exp(0.15 * wander(rng, points, 100.0, 1.0, 20.0, 0.2))
    carve = noise(rng, count, lambda f: band(f, 500.0, 3_200.0, 1)) * stretched(press, count)
    edge = noise(rng, count, lambda f: band(f, 3_200.0, 11_000.0, 1)) * stretched(press**3, count)
    glide_ = noise(rng, count, lambda f: band(f, 60.0, 350.0, 1))
    shape = np.hanning(count).astype(np.float32) ** 0.4
    return mixed((0.0, carve), (-7.0, edge), (-9.0, glide_)) * shape


GALE = Parameter("speed", 2.0, 25.0, 8.0, "m/s", "of the wind")


def kite(rng: Rng, duration_s: float, speed: float = GALE.default) -> Signal:
    """Cloth flutters in the wind."""
    count = frames(duration_s)
    points = int(duration_s * 100)
    wind = np.exp(0.45 * wander(rng, points, 100.0, 0.1, 1.5, 0.6))
    turns = (
        np.cumsum(9.0 * (speed / GALE.default) ** 0.7 * wind * (1 + 0.2 * wander(rng, points, 100.0, 1.0, 15.0, 0.2)))
        / 100.0
    )
    at = np.interp(np.arange(1, int(turns[-1])), turns, np.arange(points) / 100.0)
    force = np.interp(at, np.arange(points) / 100.0, wind) * rng.lognormal(0, 0.5, at.size)
    flap = noise(rng, count, lambda f: band(f, 180.0, 3_000.0, 1)) * bursts(count, at, 0.075, force, 0.12, 4.0)
    rush = noise(rng, count, lambda f: band(f, 90.0, 700.0, 1)) * stretched(wind, count)
    return mixed((0.0, flap), (-5.0, rush))


BODY = Parameter("mass", 0.05, 150.0, 40.0, "kg", "of what falls in")


def splash(rng: Rng, duration_s: float, mass: float = BODY.default) -> Signal:
    """A body or board meets the water."""
    larger = np.log2(mass / BODY.default) / 3.0  # in doublings of its length
    duration_s *= rng.uniform(0.8, 1.2) * 2.0 ** (0.3 * larger)
    count = frames(duration_s)
    smack = noise(rng, count, lambda f: band(f, 150.0 / 2.0**larger, 2_500.0 / 2.0 ** (0.4 * larger), 1)) * bursts(
        count, [0.01], 0.3, 1.0, 0.06, 5.0
    )
    spray = noise(rng, count, lambda f: band(f, 1_200.0, 8_000.0, 1)) * bursts(
        count, [0.06], 0.8 * duration_s, 1.0, 0.15, 4.0
    )
    fall = stretched(glide([(0, 0.2), (0.2, 1.0), (1, 0)], 100), count)
    after = bubbles(rng, count, duration_s, 110.0, 0.001, 0.009 * 2.0 ** (0.3 * larger), 0.5) * fall
    return in_place(rng, mixed((0.0, smack), (-4.0, spray), (-1.0, after)), 0.5, -14.0, 20.0)


MODELS = (
    Model("ball", ("sports ball", "sports equipment"), "event", 1, 2.5, "Bouncing ball", ball, (BALL,)),
    Model("thump", ("punching bag", "trampoline", "dumbbell"), "event", 1, 1.2, "Thump", kick),
    Model("bat", ("baseball bat", "golf club", "hockey stick"), "event", 1, 1.2, "Bat and ball", bat),
    Model("glove", ("baseball glove",), "event", 1, 0.8, "Ball caught", glove),
    Model("racket", ("tennis racket",), "event", 1, 1.8, "Tennis", racket),
    Model("whoosh", ("frisbee", "fishing rod"), "event", 1, 0.8, "Whoosh", whoosh, (FLIGHT,)),
    Model("ski", ("skis", "snowboard", "sled", "ice skates"), "event", 1, 5.0, "Skis on snow", ski, (TURNS,)),
    Model("kite", ("kite", "flag"), "loop", 1, 20.0, "Cloth in the wind", kite, (GALE,)),
    Model("splash", ("splash", "surfboard", "puddle"), "event", 1, 2.0, "Splash", splash, (BODY,)),
)
