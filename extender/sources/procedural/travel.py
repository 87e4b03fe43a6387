"""On rails, on the water, in the air."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.distance import air_gain, at_distance
from extender.sources.procedural.engines import come_and_gone, engine, passing
from extender.sources.procedural.grains import bursts, in_place, mixed, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Control,
    Rng,
    Signal,
    band,
    circling,
    filtered,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    texture,
    unit,
    wander,
)
from extender.sources.procedural.vehicles import going, passing_at
from extender.sources.procedural.water import lapping_water

_TRAIN = (
    -25,
    -22,
    -21,
    -18,
    -14,
    -11,
    -8,
    -7,
    -7,
    -9,
    -13,
    -15,
    -17,
    -17,
    -18,
    -19,
    -21,
    -22,
    -23,
    -25,
    -28,
    -31,
    -34,
    -37,
    -40,
    -45,
    -50,
)
_JET = (
    -39,
    -36,
    -31,
    -22,
    -16,
    -12,
    -10,
    -9,
    -9,
    -10,
    -13,
    -15,
    -15,
    -14,
    -13,
    -13,
    -14,
    -14,
    -15,
    -18,
    -20,
    -22,
    -25,
    -31,
    -42,
    -50,
    -58,
)


def _clacks(rng: Rng, count: int, duration_s: float, speed_m_s: float) -> Signal:
    """Wheels over rail joints every 25 m: two bogies of two axles for each carriage of 20 m."""
    firsts = np.arange(-60.0, duration_s * speed_m_s, 25.0)
    axles = np.array([0.0, 2.6, 14.0, 16.6])
    times = ((firsts[:, None] + axles[None, :]) / speed_m_s).ravel() + rng.normal(0, 0.006, firsts.size * 4)
    keep = (times > 0) & (times < duration_s)
    times = times[keep]
    strength = rng.lognormal(0.0, 0.3, times.size)
    thud = struck(
        rng,
        count,
        times,
        rng.normal(1, 0.04, (times.size, 1)) * np.array([[82.0, 145.0, 265.0, 610.0, 1_150.0, 2_300.0]]),
        np.array([[0.16, 0.14, 0.10, 0.07, 0.04, 0.025]]),
        strength[:, None] * np.array([[0.8, 1, 0.9, 0.5, 0.3, 0.15]]),
        0.0015,
    )
    scuff = noise(rng, count, lambda f: band(f, 120.0, 700.0, 1)) * bursts(count, times, 0.16, strength, 0.1, 4.0)
    return mixed((0.0, thud), (-3.0, scuff))


TRAIN = Parameter("speed", 15.0, 250.0, 60.0, "km/h", "how fast it goes")


def train(rng: Rng, duration_s: float, speed: float = TRAIN.default) -> Signal:
    """A train going along: rolling, joints, now and then a flange that sings."""
    count = frames(duration_s)
    tilt_db = 0.8 * float(np.log2(speed / TRAIN.default))  # the faster, the brighter
    rolling = texture(rng, count, _TRAIN, depth_db=2.6, common=0.8, low_hz=0.2, slope=0.6, tilt_db=tilt_db)
    gate = np.clip(wander(rng, int(duration_s * 50), 50.0, 0.08, 1.5, 0.6) - 1.2, 0, None)
    squeal = noise(rng, count, lambda f: peak(f, 2_350.0, 90.0) + 0.6 * peak(f, 3_130.0, 90.0)) * stretched(gate, count)
    return mixed((0.0, rolling), (-2.0, _clacks(rng, count, duration_s, speed / 3.6))) + np.float32(0.06) * squeal


def train_pass(rng: Rng, duration_s: float, speed: float = 68.0) -> Signal:
    """A train goes by on a line nearby, its horn before it."""
    duration_s *= (68.0 / speed) ** 0.3
    count = frames(duration_s)
    rolling = texture(rng, count, _TRAIN, depth_db=1.7, common=0.6, low_hz=0.4, tilt_db=1.5)
    whole = mixed((0.0, rolling), (-1.0, _clacks(rng, count, duration_s, speed / 3.6)))
    near = glide([(0, 0), (0.22, 0.25), (0.36, 1), (0.68, 1), (0.82, 0.25), (1, 0)], 400) ** 1.3
    dull = filtered(whole, lambda f: band(f, 0.0, 500.0, 1))
    open_ = stretched(near, count)
    heard = (open_ * whole + (1 - open_) * dull) * stretched(near, count)
    blow = 0.5 * unit(horn_chord(rng, 1.8))
    heard[frames(0.7) : frames(0.7) + blow.size] += 0.35 * blow[: count - frames(0.7)]
    return in_place(rng, heard, 0.5, -12.0, 20.0)


def horn_chord(rng: Rng, duration_s: float) -> Signal:
    """A locomotive's air horns: five bells in a chord, opening with the air."""
    count = frames(duration_s)
    k = own(rng).uniform(0.95, 1.06)
    t = np.arange(count) / SAMPLE_RATE
    press = np.minimum(t / 0.09, 1) * np.clip((duration_s - 0.02 - t) / 0.22, 0, 1)
    out = np.zeros(count, dtype=np.float32)
    for base in (311.0, 370.0, 415.0, 494.0, 622.0):
        bend = 1.0 - 0.03 * np.exp(-t / 0.06) + 0.0025 * stretched(wander(rng, 300, 100.0, 2, 30, 0.2), count)
        phase = 2 * np.pi * np.cumsum(base * k * rng.uniform(0.996, 1.004) * bend) / SAMPLE_RATE
        turn = circling(phase)
        wheel = np.exp(1j * rng.uniform(0, 6.28)) * np.ones(count, dtype=np.complex64)
        for h in range(1, 13):
            wheel *= turn
            out += wheel.imag * np.float32(h**-0.9)
    air = noise(rng, count, lambda f: band(f, 400.0, 3_000.0, 1))
    return ((unit(out) + 0.12 * air) * press.astype(np.float32)).astype(np.float32)


def train_horn(rng: Rng, duration_s: float) -> Signal:
    """A train's horn across the land."""
    calls = [horn_chord(rng, length) for length in (rng.uniform(0.9, 1.5), rng.uniform(1.2, 2.0))]
    gap = np.zeros(frames(0.45), dtype=np.float32)
    whole = np.concatenate([calls[0], gap, calls[1]])[: frames(duration_s)]
    dulled = filtered(whole, lambda f: band(f, 150.0, 2_600.0, 1))
    return in_place(rng, dulled, 1.6, -8.0, 40.0)


def boat(rng: Rng, duration_s: float, rpm: float = 620.0) -> Signal:
    """A motor boat: a slow engine under water and the wash along the hull."""
    count = frames(duration_s)
    turning = rpm * (1 + 0.02 * wander(rng, int(duration_s * 20), 20.0, 0.1, 2.0))
    motor = engine(
        rng, turning, count, cylinders=2, exhaust_m=1.6, uneven=0.3, grit_db=-8.0, bright_hz=600.0, body_hz=75.0
    )
    motor = filtered(motor, lambda f: band(f, 0.0, 900.0 * (rpm / 620.0) ** 0.4, 1))
    heave = stretched(np.exp(0.3 * wander(rng, int(duration_s * 20), 20.0, 0.15, 0.8, 0.2)), count)
    return mixed((0.0, motor), (-3.0, lapping_water(rng, count, duration_s) * heave))


SHIP = Parameter("length", 10.0, 400.0, 180.0, "m", "length of the ship")


def ship_horn(rng: Rng, duration_s: float, length: float = SHIP.default) -> Signal:
    """A ship's whistle over the harbour: 70–200 Hz from 200 m, 250–700 Hz under 75 m (COLREG, annex III)."""
    count = frames(duration_s)
    k = own(rng).uniform(0.9, 1.12) * (SHIP.default / length) ** 0.55
    t = np.arange(count) / SAMPLE_RATE
    out = np.zeros(count, dtype=np.float32)
    for base in (110.0, 139.0):
        waver = 1 - 0.02 * np.exp(-t / 0.15) + 0.002 * stretched(wander(rng, 400, 100.0, 1, 12), count)
        phase = 2 * np.pi * np.cumsum(base * k * waver) / SAMPLE_RATE
        out += np.sum([np.sin(h * phase) * h**-0.7 for h in range(1, 16)], axis=0).astype(np.float32)
    shaped = filtered(out, lambda f: band(f, 0.0, 1_400.0 * k**0.6, 1))
    press = np.minimum(t / 0.2, 1) * np.clip((duration_s - 0.4 - t) / 0.35, 0, 1)
    return in_place(rng, unit(shaped) * press.astype(np.float32), 2.2, -6.0, 60.0)


def _through_air(signal: Signal, metres: float) -> Signal:
    """Return a sound after so many metres more of air (ISO 9613-1); less than none changes nothing."""
    return filtered(signal, lambda f: air_gain(f, metres)) if metres > 0 else signal


def _blade(rng: Rng, count: int, rate_hz: Control, fall: float, harmonics: int, sharp: float = 0.0) -> Signal:
    """Return the harmonics of blades going round, their levels alive."""
    phase = 2 * np.pi * np.cumsum(stretched(rate_hz, count).astype(np.float64)) / SAMPLE_RATE
    turn = circling(phase)
    wheel = np.ones(count, dtype=np.complex64)
    out = np.zeros(count, dtype=np.float32)
    for h in range(1, harmonics + 1):
        wheel *= turn
        alive = np.exp(0.25 * wander(rng, max(count // 960, 8), 50.0, 0.3, 6.0, 0.3))
        tone = (wheel * np.complex64(np.exp(1j * rng.uniform(0, 6.28) * (1 - sharp)))).imag
        out += np.float32(h**-fall) * tone * stretched(alive, count)
    return out


def jet(rng: Rng, duration_s: float, speed: float = 290.0, nearest: float = 240.0) -> Signal:
    """An airliner overhead: a long roar whose comb of ground echoes slides down as it goes."""
    duration_s *= rng.uniform(0.95, 1.08)
    count = frames(duration_s)
    roar = texture(rng, count, _JET, depth_db=1.6, common=0.5, low_hz=0.4, slope=0.5)
    whine = _blade(rng, count, np.full(8, rng.uniform(1_500, 1_900)), 0.9, 3)
    whole = mixed((0.0, roar), (-20.0, whine))
    heard = passing(
        _through_air(whole, nearest - 240.0), speed / 3.6, nearest, duration_s * 0.45, ground=0.55, far_hz=700.0
    )
    return come_and_gone(heard, 4.0)


def propeller(rng: Rng, duration_s: float, speed: float = 190.0, nearest: float = 150.0) -> Signal:
    """A small aeroplane crosses the sky."""
    duration_s *= rng.uniform(0.95, 1.08)
    count = frames(duration_s)
    rate = rng.uniform(72, 88) * (1 + 0.004 * wander(rng, 200, 20.0, 0.1, 2.0))
    blades = _blade(rng, count, rate, 0.8, 20, sharp=0.7)
    pistons = _blade(rng, count, rate * 1.5, 0.7, 12)
    air = noise(rng, count, lambda f: band(f, 100.0, 600.0, 1))
    whole = mixed((0.0, blades), (-6.0, pistons), (-10.0, air))
    far = _through_air(whole, nearest - 150.0)
    return come_and_gone(passing(far, speed / 3.6, nearest, duration_s * 0.5, ground=0.5, far_hz=900.0), 3.5)


MODELS = (
    Model("train", ("train",), "loop", 1, 26.0, "Train rolling", train, (TRAIN,)),
    Model(
        "train-pass",
        ("train", "rail vehicle"),
        "event",
        1,
        12.0,
        "Train passing",
        train_pass,
        (replace(TRAIN, default=68.0),),
    ),
    at_distance(Model("train-horn", ("train horn",), "event", 1, 5.0, "Train horn", train_horn), 150.0),
    Model(
        "boat",
        ("boat", "motorboat", "watercraft"),
        "loop",
        1,
        24.0,
        "Motor boat",
        boat,
        (Parameter("rpm", 400.0, 4_000.0, 620.0, "rpm", "turns of the engine a minute"),),
    ),
    at_distance(Model("ship-horn", ("ship horn", "ship"), "event", 1, 4.5, "Ship's horn", ship_horn, (SHIP,)), 300.0),
    Model(
        "aeroplane",
        ("airplane", "aircraft"),
        "event",
        1,
        13.0,
        "Airliner overhead",
        jet,
        (going(150.0, 900.0, 290.0), passing_at(60.0, 10_000.0, 240.0)),
    ),
    Model(
        "propeller",
        ("propeller plane",),
        "event",
        1,
        11.0,
        "Propeller aeroplane",
        propeller,
        (going(80.0, 500.0, 190.0), passing_at(30.0, 3_000.0, 150.0)),
    ),
)
