"""Trams, a level crossing, a bus at its stop."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.distance import at_distance
from extender.sources.procedural.engines import come_and_gone, passing, rising
from extender.sources.procedural.grains import bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.kitchen import impact
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    band,
    circling,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    unit,
    wander,
)
from extender.sources.procedural.vehicles import diesel, going, passing_at

_GONG = np.array([[1.0, 1.006, 2.1, 2.74, 3.9, 5.3]])
_GONG_T60 = np.array([[1.6, 1.5, 1.0, 0.8, 0.5, 0.3]])
_GONG_GAIN = np.array([[0.7, 0.5, 1.0, 0.7, 0.5, 0.3]])

PITCH = Parameter("pitch", 400.0, 2_000.0, 880.0, "Hz", "of its lowest note")


def tram_bell(rng: Rng, duration_s: float, pitch: float = PITCH.default) -> Signal:
    """A tram's gong, trodden twice or thrice."""
    at = 0.01 + np.arange(int(rng.integers(2, 5))) * rng.uniform(0.2, 0.3)
    at = at + rng.normal(0, 0.008, at.size).clip(-0.01)
    base = pitch * own(rng).uniform(0.93, 1.08)
    count = frames(float(at[-1]) + 1.9)
    force = rng.lognormal(0, 0.2, (at.size, 1))
    ring = struck(rng, count, at, base * _GONG, _GONG_T60, force * _GONG_GAIN, 0.0008)
    blow = noise(rng, count, lambda f: band(f, 1_500.0, 7_000.0, 1)) * bursts(count, at, 0.008, 1.0, 0.05, 6.0)
    return in_place(rng, mixed((0.0, ring), (-20.0, blow)), 0.6, -12.0, 18.0)


def tram(rng: Rng, duration_s: float, speed: float = 30.0, nearest: float = 6.0) -> Signal:
    """A tram goes by: the song of its motors, steel on steel, joints, sometimes a squeal in the bend and the gong."""
    duration_s *= rng.uniform(0.92, 1.1)
    count = frames(duration_s)
    points = int(duration_s * 100)
    pace = speed / 3.6
    whine_hz = 9.0 * speed * np.asarray(rising([(0, 0.92), (0.5, 1.05), (1, 1.1)], rng, points, 0.006))
    turn = circling(np.cumsum(stretched(whine_hz, count), dtype=np.float64) * (2 * np.pi / SAMPLE_RATE))
    wheel = np.ones_like(turn)
    song = np.zeros(count, dtype=np.float32)
    for h in range(1, 9):
        wheel *= turn
        alive = np.exp(0.3 * wander(rng, points, 100.0, 0.5, 8.0, 0.3)) * h**-0.8
        song += wheel.imag * stretched(alive, count)
    rolling = noise(rng, count, lambda f: band(f, 90.0, 900.0, 1) + 0.25 * band(f, 1_500.0, 6_000.0, 1))
    rough = stretched(np.exp(0.3 * wander(rng, points, 100.0, 1.0, 40.0, 0.2)), count)
    joints = np.concatenate([np.arange(0.0, duration_s, 12.0 / pace) + gap / pace for gap in (0.0, 1.8, 7.0, 8.8)])
    joints = joints[joints < duration_s]
    clacks = struck(
        rng, count, joints, rng.normal(1, 0.04, (joints.size, 1)) * np.array([[140.0, 320.0, 780.0, 1_900.0]]),
        np.array([[0.12, 0.09, 0.05, 0.03]]), rng.lognormal(0, 0.3, (joints.size, 1)), 0.001,
    )  # fmt: skip
    gate = stretched(np.clip(wander(rng, points, 100.0, 0.15, 2.0, 0.6) - 0.8, 0, None), count)
    squeal = noise(rng, count, lambda f: peak(f, 1_850.0, 80.0) + 0.5 * peak(f, 3_720.0, 80.0)) * gate
    whole = mixed((0.0, rolling * rough), (-5.0, song), (-3.0, clacks)) + np.float32(0.35) * squeal
    heard = come_and_gone(passing(whole, pace, nearest, duration_s * 0.5, ground=0.3), 2.5)
    if rng.random() < 0.6:
        bell = unit(tram_bell(rng, 2.0)) * np.float32(0.5 * np.std(heard))
        at = frames(duration_s * rng.uniform(0.15, 0.35))
        heard[at : at + bell.size] += bell[: count - at]
    return in_place(rng, heard, 0.5, -13.0, 15.0)


STROKES = Parameter("rate", 0.8, 4.0, 2.0, "strokes/s", "how often its bell rings")


def level_crossing(rng: Rng, duration_s: float, rate: float = STROKES.default) -> Signal:
    """A level crossing: its bell warns, the barrier comes down with a hum and a thud."""
    at = 0.02 + np.arange(0.0, duration_s - 1.2, 1.0 / rate)
    base = own(rng).uniform(1_050, 1_450)
    count = frames(duration_s + 0.6)
    force = rng.lognormal(0, 0.08, (at.size, 1))
    ring = struck(
        rng, count, at + rng.normal(0, 0.004, at.size), base * _GONG, 0.45 * _GONG_T60, force * _GONG_GAIN, 0.0006
    )
    t = np.arange(frames(3.0)) / SAMPLE_RATE
    motor = np.sum([np.sin(2 * np.pi * 118.0 * h * t + h) / h for h in (1, 2, 3, 5)], axis=0)
    shape = np.minimum(np.minimum(t / 0.2, (3.0 - t) / 0.15), 1.0)
    low = unit(np.asarray(motor * shape, dtype=np.float32)) * np.float32(0.10 * np.std(ring) / 0.3)
    thud = unit(impact(rng, "wood", 110.0)) * np.float32(0.8 * np.std(ring))
    whole = sequence([(0.0, ring), (1.0, low), (4.0, thud)])
    return in_place(rng, whole, 0.5, -13.0, 16.0)


def bus_stop(rng: Rng, duration_s: float, nearest: float = 4.0) -> Signal:
    """A bus comes to its stop: brakes, air, the doors; then they shut and it pulls away."""
    duration_s *= rng.uniform(0.95, 1.08)
    count = frames(duration_s)
    stop, leave = 0.3, 0.68
    rpm = rising([(0, 1_150), (0.24, 800), (stop, 640), (leave, 650), (0.8, 1_500), (0.84, 1_150), (1, 1_700)], rng)
    motor = diesel(rng, rpm, count)
    tone = glide([(0, 1_480), (1, 1_180)], 60)
    long_s = 0.13 * duration_s
    n = frames(long_s)
    turn = circling(np.cumsum(stretched(tone, n), dtype=np.float64) * (2 * np.pi / SAMPLE_RATE))
    rough = stretched(np.exp(0.5 * wander(rng, int(long_s * 200), 200.0, 5.0, 60.0, 0.2)), n)
    squeak = (turn.imag + 0.5 * (turn * turn).imag) * rough * np.hanning(n).astype(np.float32)
    air = noise(rng, count, lambda f: band(f, 2_000.0, 11_000.0, 1))
    t_stop, t_leave = stop * duration_s, leave * duration_s
    hisses = air * bursts(
        count, [t_stop + 0.15, t_stop + 0.9, t_leave - 1.3, t_leave - 0.2], [0.7, 0.5, 0.5, 0.35], [1.0, 0.6, 0.6, 0.5],
        0.03, 3.0,
    )  # fmt: skip
    doors = [
        (at, unit(mixed((0.0, impact(rng, "plastic", 190.0)), (-4.0, impact(rng, "pan", 260.0)))))
        for at in (t_stop + 1.7, t_leave - 0.45)
    ]
    level = stretched(glide([(0, 0.02), (0.2, 0.5), (stop, 0.8), (leave, 0.8), (0.8, 1), (1, 0.02)], 200), count)
    near = np.float32(4.0 / nearest)
    whole = sequence(
        [
            (0.0, unit(motor) * level),
            (t_stop - long_s, np.float32(0.35) * unit(squeak)),
            (0.0, np.float32(0.9) * near * unit(hisses)),
            *((at, np.float32(0.5) * near * door) for at, door in doors),
        ]
    )
    return come_and_gone(in_place(rng, whole, 0.5, -12.0, 14.0), 1.5)


MODELS = (
    Model(
        "tram", ("tram",), "event", 1, 10.0, "Tram passing", tram, (going(5.0, 80.0, 30.0), passing_at(2.0, 60.0, 6.0))
    ),
    at_distance(Model("tram-bell", ("tram bell",), "event", 1, 2.6, "Tram bell", tram_bell, (PITCH,)), 20.0),
    at_distance(
        Model("level-crossing", ("level crossing",), "event", 1, 7.0, "Level crossing", level_crossing, (STROKES,)),
        15.0,
    ),
    Model("bus-stop", ("bus stop",), "event", 1, 13.0, "Bus at its stop", bus_stop, (passing_at(2.0, 30.0, 4.0),)),
)
