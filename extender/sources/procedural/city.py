"""Bells and signals, sport, work: what else is struck, thrown or sounded in public."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.animals import sequence
from extender.sources.procedural.engines import engine
from extender.sources.procedural.household import impact
from extender.sources.procedural.model import Model
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    arrivals,
    band,
    bursts,
    filtered,
    frames,
    glide,
    in_place,
    mixed,
    noise,
    peak,
    stretched,
    struck,
    unit,
    wander,
)
from extender.sources.procedural.vehicles import diesel
from extender.sources.procedural.weather import bubbles

_BELL_RATIOS = np.array([[0.5, 1.0, 1.004, 1.2, 1.5, 2.0, 2.007, 2.5, 2.67, 3.0, 4.0, 5.3]])
_BELL_T60 = np.array([[14.0, 9.0, 8.5, 7.0, 4.0, 5.0, 4.8, 3.0, 2.5, 2.0, 1.2, 0.8]])
_BELL_GAIN = np.array([[0.3, 0.6, 0.45, 0.9, 0.5, 1.0, 0.8, 0.7, 0.7, 0.9, 0.9, 0.7]])


def church_bell(rng: Rng, duration_s: float) -> Signal:
    """A church bell, a few strokes: hum, prime, tierce, quint, nominal, each dying in its own time."""
    duration_s *= rng.uniform(0.9, 1.1)
    bells = int(rng.integers(2, 5))
    base = rng.uniform(240, 420)
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
    return in_place(rng, mixed((0.0, ring), (-29.0, strike)) * dying, 2.4, -3.0, 35.0, lambda f: band(f, 0.0, 3_200.0, 1))


def signal_tick(rng: Rng, duration_s: float) -> Signal:
    """A crossing's signal for those who do not see it: slow ticks, then quick ones while it is green."""
    tone = rng.choice([880.0, 1_000.0])
    slow = np.arange(0.05, 2.0, 0.9)
    quick = 2.1 + np.arange(0, 2.6, 1 / 8.5)
    at = np.concatenate([slow, quick])
    ticks = struck(rng, frames(5.0), at, tone * np.array([[1.0, 2.0, 3.0, 5.1]]), np.array([[0.05, 0.03, 0.025, 0.015]]), np.array([[1.0, 0.6, 0.4, 0.25]]), 0.0005)
    return in_place(rng, ticks, 0.3, -12.0, 15.0)


def small_bells(rng: Rng, duration_s: float) -> Signal:
    """Wind chimes or a cowbell: a few tuned tubes, touched at random."""
    tones = rng.uniform(900, 1_400) * np.array([1.0, 1.125, 1.26, 1.5, 1.68])
    at = arrivals(rng, duration_s - 1.0, 3.0)
    pick = tones[rng.integers(0, 5, at.size)]
    return in_place(
        rng,
        struck(rng, frames(duration_s + 1.0), at, pick[:, None] * np.array([[1.0, 2.756, 5.404]]), np.array([[2.0, 1.0, 0.4]]), rng.lognormal(-0.3, 0.5, (at.size, 1)) * np.array([[1.0, 0.5, 0.25]])),
        0.4, -15.0,
    )  # fmt: skip


def ball(rng: Rng, duration_s: float) -> Signal:
    """A ball is struck or dropped, and bounces: each hop shorter than the last."""
    at, gap, gain = 0.01, rng.uniform(0.5, 0.75), 1.0
    falls = rng.uniform(0.72, 0.8)
    tune = rng.uniform(0.85, 1.3)
    times, gains = [], []
    while gap > 0.07:
        times.append(at)
        gains.append(gain)
        at += gap * rng.normal(1, 0.01)
        gap, gain = gap * falls, gain * falls
    hit, force = np.array(times), np.array(gains)
    count = frames(at + 0.4)
    body = struck(rng, count, hit, tune * rng.normal(1, 0.01, (hit.size, 1)) * np.array([[88.0, 190.0, 420.0, 940.0, 1_900.0]]), np.array([[0.08, 0.09, 0.07, 0.05, 0.03]]), force[:, None] * np.array([[1.0, 1.0, 0.7, 0.35, 0.2]]), 0.001)
    slap = noise(rng, count, lambda f: band(f, 350.0, 3_500.0, 1)) * bursts(count, hit, 0.02, force, 0.05, 6.0)
    return in_place(rng, mixed((0.0, body), (-6.0, slap)), 0.5, -12.0, 14.0)


def kick(rng: Rng, duration_s: float) -> Signal:
    """A thump on a bag, a mat, a trampoline."""
    at = np.array([0.01, rng.uniform(0.35, 0.8)])[: int(rng.integers(1, 3))]
    count = frames(1.4)
    body = struck(rng, count, at, rng.normal(1, 0.05, (at.size, 1)) * np.array([[72.0, 135.0, 240.0]]), np.array([[0.16, 0.1, 0.06]]), 1.0, 0.003)
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
    strings = struck(rng, count, at, rng.uniform(0.94, 1.06) * np.array([[132.0, 455.0, 620.0, 1_650.0]]), [[0.06, 0.16, 0.12, 0.05]], [[1.0, 0.8, 0.6, 0.5]], 0.0008)
    pop = noise(rng, count, lambda f: band(f, 350.0, 3_000.0, 1)) * bursts(count, at, 0.03, 1.0, 0.04, 6.0)
    whole = mixed((0.0, strings), (0.0, pop))
    swing = unit(_swing(rng, 0.3, 1_100.0)) * np.float32(0.1)
    whole[: swing.size] += swing
    hop = struck(rng, frames(0.3), [0.0], [[120.0, 260.0, 610.0]], [[0.05, 0.05, 0.03]], [[1.0, 0.8, 0.4]], 0.001)
    far = frames(rng.uniform(0.9, 1.15))
    whole[far : far + hop.size] += 0.8 * unit(hop)[: count - far]
    return in_place(rng, whole, 0.6, -13.0, 22.0)


def whoosh(rng: Rng, duration_s: float) -> Signal:
    """Something flies past: a disc, a rope, a rod."""
    length = rng.uniform(0.35, 0.7)
    return in_place(rng, _swing(rng, length, rng.uniform(800.0, 1_500.0)), 0.3, -16.0)


def ski(rng: Rng, duration_s: float) -> Signal:
    """Edges carve through snow, turn by turn."""
    duration_s *= rng.uniform(0.85, 1.15)
    count = frames(duration_s)
    points = int(duration_s * 100)
    phase = np.cumsum(0.42 * (1 + 0.15 * wander(rng, points, 100.0, 0.1, 1.0))) / 100.0
    press = np.abs(np.sin(2 * np.pi * phase)) ** 0.7 * np.exp(0.15 * wander(rng, points, 100.0, 1.0, 20.0, 0.2))
    carve = noise(rng, count, lambda f: band(f, 500.0, 3_200.0, 1)) * stretched(press, count)
    edge = noise(rng, count, lambda f: band(f, 3_200.0, 11_000.0, 1)) * stretched(press**3, count)
    glide_ = noise(rng, count, lambda f: band(f, 60.0, 350.0, 1))
    shape = np.hanning(count).astype(np.float32) ** 0.4
    return mixed((0.0, carve), (-7.0, edge), (-9.0, glide_)) * shape


def kite(rng: Rng, duration_s: float) -> Signal:
    """Cloth flutters in the wind."""
    count = frames(duration_s)
    points = int(duration_s * 100)
    wind = np.exp(0.45 * wander(rng, points, 100.0, 0.1, 1.5, 0.6))
    turns = np.cumsum(9.0 * wind * (1 + 0.2 * wander(rng, points, 100.0, 1.0, 15.0, 0.2))) / 100.0
    at = np.interp(np.arange(1, int(turns[-1])), turns, np.arange(points) / 100.0)
    force = np.interp(at, np.arange(points) / 100.0, wind) * rng.lognormal(0, 0.5, at.size)
    flap = noise(rng, count, lambda f: band(f, 180.0, 3_000.0, 1)) * bursts(count, at, 0.075, force, 0.12, 4.0)
    rush = noise(rng, count, lambda f: band(f, 90.0, 700.0, 1)) * stretched(wind, count)
    return mixed((0.0, flap), (-5.0, rush))


def splash(rng: Rng, duration_s: float) -> Signal:
    """A body or board meets the water."""
    duration_s *= rng.uniform(0.8, 1.2)
    count = frames(duration_s)
    smack = noise(rng, count, lambda f: band(f, 150.0, 2_500.0, 1)) * bursts(count, [0.01], 0.3, 1.0, 0.06, 5.0)
    spray = noise(rng, count, lambda f: band(f, 1_200.0, 8_000.0, 1)) * bursts(count, [0.06], 0.8 * duration_s, 1.0, 0.15, 4.0)
    fall = stretched(glide([(0, 0.2), (0.2, 1.0), (1, 0)], 100), count)
    after = bubbles(rng, count, duration_s, 110.0, 0.001, 0.009, 0.5) * fall
    return in_place(rng, mixed((0.0, smack), (-4.0, spray), (-1.0, after)), 0.5, -14.0, 20.0)


def hammering(rng: Rng, duration_s: float) -> Signal:
    """Somebody drives a nail."""
    at = 0.02 + np.cumsum(rng.normal(0.42, 0.03, int(rng.integers(3, 7)))) - 0.4
    pieces = []
    tone = rng.uniform(1_300, 1_900)
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
    steel = struck(rng, count, blows, rng.normal(1, 0.02, (blows.size, 1)) * np.array([[420.0, 1_150.0, 2_300.0, 4_100.0]]), np.array([[0.05, 0.04, 0.03, 0.02]]), force * np.array([[0.8, 1.0, 0.8, 0.6]]), 0.0004)
    stone = noise(rng, count, lambda f: band(f, 200.0, 4_000.0, 1)) * bursts(count, blows, 0.03, 1.0, 0.05, 4.0)
    ends = np.clip(np.minimum(np.arange(count), count - np.arange(count)) / frames(0.05), 0, 1).astype(np.float32)
    return in_place(rng, mixed((0.0, stone), (-2.0, steel)) * ends, 0.5, -12.0, 25.0)


def chainsaw(rng: Rng, duration_s: float) -> Signal:
    """A chainsaw: idling, then biting."""
    duration_s *= rng.uniform(0.9, 1.1)
    count = frames(duration_s)
    rpm = 2 * glide([(0, 2_900), (0.12, 3_000), (0.2, 8_500), (0.3, 7_000), (0.75, 7_400), (0.85, 3_200), (1, 2_800)], 300)
    motor = engine(rng, rpm, count, cylinders=1, exhaust_m=0.28, uneven=0.22, grit_db=-4.0, bright_hz=2_600.0, body_hz=160.0)
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
    boom = filtered(noise(rng, count, lambda f: band(f, 30.0, 900.0, 1)) * bursts(count, [0.02], 0.9, 1.0, 0.01, 8.0), lambda f: band(f, 30.0, 700.0, 1))
    at = 0.35 + rng.gamma(2.5, 0.3, 90)
    sparks = noise(rng, count, lambda f: band(f, 1_200.0, 7_000.0, 1)) * bursts(count, at, 0.012, rng.lognormal(-0.5, 0.6, 90), 0.04, 6.0)
    return in_place(rng, mixed((0.0, boom), (-9.0, sparks)), 1.8, -6.0, 40.0)


MODELS = (
    Model("church-bell", ("church bell",), "event", 1, 9.5, "Church bell", church_bell),
    Model("crossing", ("pedestrian signal", "traffic light"), "event", 1, 5.0, "Crossing signal", signal_tick),
    Model("chimes", ("wind chime", "cowbell"), "event", 1, 3.0, "Small bells", small_bells),
    Model("ball", ("sports ball", "sports equipment"), "event", 1, 2.5, "Bouncing ball", ball),
    Model("thump", ("punching bag", "trampoline", "dumbbell"), "event", 1, 1.2, "Thump", kick),
    Model("bat", ("baseball bat", "golf club", "hockey stick"), "event", 1, 1.2, "Bat and ball", bat),
    Model("glove", ("baseball glove",), "event", 1, 0.8, "Ball caught", glove),
    Model("racket", ("tennis racket",), "event", 1, 1.8, "Tennis", racket),
    Model("whoosh", ("frisbee", "fishing rod"), "event", 1, 0.8, "Whoosh", whoosh),
    Model("ski", ("skis", "snowboard", "sled", "ice skates"), "event", 1, 5.0, "Skis on snow", ski),
    Model("kite", ("kite", "flag"), "loop", 1, 20.0, "Cloth in the wind", kite),
    Model("splash", ("splash", "surfboard"), "event", 1, 2.0, "Splash", splash),
    Model("hammer", ("hammer", "tool", "worker"), "event", 1, 2.4, "Hammering", hammering),
    Model("jackhammer", ("jackhammer",), "event", 1, 4.0, "Jackhammer", breaker),
    Model("chainsaw", ("chainsaw", "saw"), "event", 1, 6.0, "Chainsaw", chainsaw),
    Model("mower", ("lawn mower", "generator"), "loop", 1, 20.0, "Lawn mower", mower),
    Model("heavy-machine", ("heavy machine", "tractor"), "loop", 1, 24.0, "Heavy machine", heavy_machine),
    Model("firework", ("firework", "explosion"), "event", 1, 3.2, "Firework", fireworks),
)
