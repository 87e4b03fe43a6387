"""On the road: cars, engines, motorcycles, bicycles, horns, sirens, small wheels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.calls_bouts import Bout, sized
from extender.sources.procedural.engines import come_and_gone, engine, passing, rising, tyres
from extender.sources.procedural.grains import bursts, in_place, mixed, widened
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    THIRDS_HZ,
    Control,
    Rng,
    Signal,
    arrivals,
    band,
    filtered,
    frames,
    noise,
    own,
    peak,
    spectra_count,
    stretched,
    texture,
    unit,
    wander,
)
from mixer.types import Samples

_CITY = (
    -19,
    -16,
    -15,
    -13,
    -12,
    -11,
    -11,
    -11,
    -10,
    -11,
    -12,
    -13,
    -13,
    -14,
    -14,
    -15,
    -17,
    -18,
    -21,
    -24,
    -27,
    -31,
    -34,
    -38,
    -43,
    -48,
    -54,
)
_OCTAVES = np.log2(THIRDS_HZ / 1000.0)


SPEED = Parameter("speed", 10.0, 160.0, 45.0, "km/h", "how fast it goes")
NEAREST = Parameter("nearest", 2.0, 60.0, 5.0, "m", "how near it comes")
RPM = Parameter("rpm", 600.0, 5_000.0, 820.0, "rpm", "turns of the engine a minute")


def car_pass(rng: Rng, duration_s: float, speed: float = SPEED.default, nearest: float = NEAREST.default) -> Signal:
    """A car goes by: tyres first, engine under them; the faster it is, the more of the former.

    Tyres gain about 9 dB for twice the speed, the engine about 4 (Sandberg & Ejsmont 2002).
    """
    duration_s *= rng.uniform(0.92, 1.1)
    count = frames(duration_s)
    faster = np.log2(speed / SPEED.default)
    edge = rng.uniform(450.0, 650.0)
    road = tyres(rng, count, lambda f: band(f, edge, 1_700.0, 1) + 0.5 * band(f, 50.0, 220.0, 2))
    cruise = float(np.clip(rng.uniform(1_600, 2_200) * 2.0 ** (0.35 * faster), 1_000.0, 4_000.0))
    motor = engine(
        rng,
        rising([(0, cruise), (1, cruise * rng.uniform(0.95, 1.15))], rng),
        count,
        cylinders=4,
        exhaust_m=2.2,
        grit_db=-8.0,
    )
    hiss = noise(rng, count, lambda f: band(f, 2_500.0, 9_000.0, 1))
    whole = mixed((0.0, road), (-5.0 - 5.0 * faster, motor), (-15.0 + 2.0 * faster, hiss))
    nearest_m = nearest * rng.uniform(0.9, 1.1)
    heard = passing(whole, speed / 3.6, nearest_m, duration_s * rng.uniform(0.45, 0.55))
    return come_and_gone(heard, 2.5)


def car_idle(rng: Rng, duration_s: float, rpm: float = RPM.default) -> Signal:
    """A car standing with its engine running."""
    count = frames(duration_s)
    turning = rpm * (1.0 + 0.015 * wander(rng, int(duration_s * 20), 20.0, 0.1, 3.0))
    bright_hz = 800.0 * (rpm / RPM.default) ** 0.6
    motor = engine(rng, turning, count, cylinders=4, exhaust_m=2.0, uneven=0.3, grit_db=-9.0, bright_hz=bright_hz)
    rattle = noise(rng, count, lambda f: peak(f, 1_350.0, 3.0) + 0.5 * peak(f, 2_900.0, 4.0))
    beat = stretched(np.abs(wander(rng, int(duration_s * 400), 400.0, 12.0, 60.0, 0.0)), count)
    fan = noise(rng, count, lambda f: band(f, 250.0, 2_500.0, 1))
    return mixed((0.0, motor), (-12.0, rattle * beat), (-16.0, fan))


def diesel(rng: Rng, rpm: Control, count: int) -> Signal:
    """A heavy engine: six cylinders, hard combustion knock, a turbocharger's breath."""
    motor = engine(rng, rpm, count, cylinders=6, exhaust_m=3.4, uneven=0.3, grit_db=-7.0, bright_hz=700.0, body_hz=62.0)
    turns = np.cumsum(stretched(rpm, count).astype(np.float64)) / (60.0 * SAMPLE_RATE)
    beat = np.clip(np.sin(2 * np.pi * 3.0 * turns), 0, 1).astype(np.float32) ** 6
    uneven = stretched(np.exp(0.35 * wander(rng, max(count // 240, 8), 200.0, 3.0, 60.0, 0.1)), count)
    knock = noise(rng, count, lambda f: band(f, 1_100.0, 3_600.0, 1)) * beat * uneven
    breath = noise(rng, count, lambda f: band(f, 200.0, 1_400.0, 1))
    return mixed((0.0, motor), (-7.0, knock), (-10.0, breath))


HEAVY_RPM = Parameter("rpm", 450.0, 2_200.0, 660.0, "rpm", "turns of the engine a minute")


def heavy_idle(rng: Rng, duration_s: float, rpm: float = HEAVY_RPM.default) -> Signal:
    """A bus or lorry waiting; its brakes let off air now and then."""
    count = frames(duration_s)
    body = diesel(rng, rpm * (1.0 + 0.012 * wander(rng, int(duration_s * 20), 20.0, 0.1, 3.0)), count)
    times = arrivals(rng, duration_s, 0.09, 0.4)
    air = noise(rng, count, lambda f: band(f, 2_500.0, 11_000.0, 1)) * bursts(
        count, times, rng.uniform(0.4, 0.9, times.size), rng.uniform(0.4, 1.0, times.size), 0.02, 3.0
    )
    return np.asarray(unit(body) + 0.5 * air, dtype=np.float32)


def heavy_pass(rng: Rng, duration_s: float, speed: float = 30.0, nearest: float = 6.0) -> Signal:
    """A bus or lorry pulls past."""
    duration_s *= rng.uniform(0.92, 1.1)
    count = frames(duration_s)
    faster = np.log2(speed / 30.0)
    top = rng.uniform(1_500, 1_900) * 2.0 ** (0.1 * faster)
    rpm = rising([(0, 1_100), (0.42, top), (0.47, top * 0.72), (1, top * 0.98)], rng)  # one change of gear
    body = mixed((0.0, diesel(rng, rpm, count)), (-4.0 + 5.0 * faster, tyres(rng, count)))
    heard = passing(body, speed / 3.6, nearest * rng.uniform(0.9, 1.1), duration_s * 0.5)
    return come_and_gone(heard, 2.5)


def motorcycle(rng: Rng, duration_s: float, speed: float = 52.0, nearest: float = 5.0) -> Signal:
    """A motorcycle accelerates past."""
    duration_s *= rng.uniform(0.92, 1.1)
    count = frames(duration_s)
    k = own(rng).uniform(0.87, 1.1) * (speed / 52.0) ** 0.25
    rpm = k * rising([(0, 2_600), (0.33, 4_600), (0.38, 3_300), (0.72, 4_900), (0.77, 3_900), (1, 4_600)], rng)
    motor = engine(
        rng,
        rpm,
        count,
        cylinders=2,
        exhaust_m=0.85,
        uneven=0.2,
        firing=[0.0, 315.0 / 720.0],
        grit_db=-11.0,
        bright_hz=1_900.0,
        body_hz=120.0,
    )
    driven = np.tanh(1.6 * unit(motor)).astype(np.float32)
    whole = mixed((0.0, driven), (-14.0, tyres(rng, count)))
    return come_and_gone(passing(whole, speed / 3.6, nearest, duration_s * 0.47), 2.0)


def motorcycle_idle(rng: Rng, duration_s: float, rpm: float = 960.0) -> Signal:
    """A motorcycle standing with its engine running."""
    count = frames(duration_s)
    motor = engine(
        rng,
        rpm * (1.0 + 0.03 * wander(rng, int(duration_s * 20), 20.0, 0.2, 4.0)),
        count,
        cylinders=2,
        exhaust_m=0.9,
        uneven=0.35,
        firing=[0.0, 315.0 / 720.0],
        grit_db=-17.0,
        bright_hz=420.0 * (rpm / 960.0) ** 0.7,
        body_hz=48.0,
    )
    return np.asarray(np.tanh(1.3 * unit(motor)), dtype=np.float32)


horn = sized("horn", "pitch", 350.0, Bout(1, 3, 0.7), wet_db=-13.0)


def siren(rng: Rng, duration_s: float, speed: float = 40.0, nearest: float = 35.0) -> Signal:
    """An emergency vehicle somewhere in the streets: two tones in turn, seen through many echoes."""
    count = frames(duration_s)
    high, low = 585.0 * rng.uniform(0.95, 1.05), 435.0 * rng.uniform(0.95, 1.05)
    points = int(duration_s * 200)
    t = np.arange(points) / 200.0
    step = np.where((t / 0.75).astype(int) % 2 == 0, low, high)
    smooth = np.convolve(step, np.full(6, 1 / 6), "same")
    smooth[:4], smooth[-4:] = step[:4], step[-4:]
    phase = 2 * np.pi * np.cumsum(stretched(smooth, count).astype(np.float64)) / SAMPLE_RATE
    tone = np.sum([np.sin(h * phase) * h**-0.8 for h in range(1, 12)], axis=0)
    tone = filtered(np.asarray(tone, dtype=np.float32), lambda f: band(f, 350.0, 2_200.0, 1))
    drift = stretched(np.exp(0.25 * wander(rng, points, 200.0, 0.2, 4.0, 0.5)), count)
    heard = passing(tone * drift, speed / 3.6, nearest, duration_s * rng.uniform(0.35, 0.65), far_hz=1_200.0)
    wet_db = float(np.clip(-5.0 + 6.0 * np.log10(nearest / 35.0), -12.0, 3.0))
    return come_and_gone(in_place(rng, heard, 1.0, wet_db, 30.0), 2.5)


DENSITY = Parameter("density", 2.0, 60.0, 18.0, "vehicles/min", "how many pass")
STREET = Parameter("speed", 20.0, 100.0, 40.0, "km/h", "how fast they go")


def traffic(rng: Rng, duration_s: float, density: float = DENSITY.default, speed: float = STREET.default) -> Samples:
    """A busy street: the rumble of all, cars singly in both directions, a lorry among them."""
    count = frames(duration_s)
    usual_m_s = speed / 3.6
    bed = np.stack(
        [texture(rng, count, _CITY, depth_db=1.5, common=0.4, low_hz=0.15, slope=0.5, tilt_db=-1.0) for _ in range(2)]
    )
    # Passing cars as moving levels of one noise each side, with their spectrum opening as they come near.
    moments = spectra_count(count)
    t = np.linspace(0, duration_s, moments)
    power = [np.full((moments, 27), 1e-4), np.full((moments, 27), 1e-4)]
    road = 10 ** (np.interp(_OCTAVES, [-4, -2.5, -1, 0.6, 2, 4], [-14, -7, -3, 0, -9, -26]) / 10)
    for at in arrivals(rng, duration_s + 6, density / 60.0, 0.2) - 3:
        going, near = usual_m_s * rng.uniform(0.65, 1.35), rng.uniform(5, 16)
        level = rng.lognormal(0, 0.5) * 25
        for side, way in enumerate((1, -1) if rng.random() < 0.5 else (-1, 1)):
            along = going * (t - at) + way * near * 0.8
            distance = np.sqrt(near**2 + along**2)
            dull = np.clip((distance / 8) ** -0.5, 0.2, 1)[:, None] ** np.clip(_OCTAVES + 1, 0, 5)[None, :]
            power[side] += level / distance[:, None] ** 2 * dull * road
    cars = np.stack(
        [
            texture(rng, count, np.zeros(27).tolist(), depth_db=1.2, common=0.4, low_hz=1.0, motion_db=10 * np.log10(p))
            for p in power
        ]
    )
    motors = []
    for at in (rng.uniform(0, duration_s * 0.3), rng.uniform(duration_s * 0.45, duration_s * 0.65)):
        length = frames(8.0)
        rpm = rising([(0, 1_300), (0.5, rng.uniform(1_900, 2_600)), (0.55, 1_700), (1, 2_000)], rng)
        one = come_and_gone(
            passing(engine(rng, rpm, length, cylinders=4, exhaust_m=2.2), 10.0, 9.0, 4.0, far_hz=900.0), 2.5
        )
        line = np.zeros(count, dtype=np.float32)
        start = frames(at)
        line[start : start + length] = unit(one)[: count - start]
        motors.append((line, float(rng.uniform(-0.7, 0.7))))
    return np.asarray(bed + 0.9 * cars + 0.35 * widened(rng, motors, count), dtype=np.float32)


def going(low: float, high: float, default: float) -> Parameter:
    """Return the parameter of how fast something goes."""
    return replace(SPEED, low=low, high=high, default=default)


def passing_at(low: float, high: float, default: float) -> Parameter:
    """Return the parameter of how near something comes."""
    return replace(NEAREST, low=low, high=high, default=default)


MODELS = (
    Model("car", ("car", "motor vehicle", "vehicle"), "event", 1, 9.0, "Car passing", car_pass, (SPEED, NEAREST)),
    Model("car-engine", ("engine", "car engine"), "loop", 1, 20.0, "Car engine idling", car_idle, (RPM,)),
    Model(
        "heavy-engine",
        ("heavy engine", "bus", "truck"),
        "loop",
        1,
        24.0,
        "Heavy engine idling",
        heavy_idle,
        (HEAVY_RPM,),
    ),
    Model(
        "heavy-pass",
        ("bus", "truck", "heavy vehicle"),
        "event",
        1,
        10.0,
        "Bus or lorry passing",
        heavy_pass,
        (going(5.0, 110.0, 30.0), passing_at(2.0, 60.0, 6.0)),
    ),
    Model(
        "motorcycle",
        ("motorcycle",),
        "event",
        1,
        8.0,
        "Motorcycle passing",
        motorcycle,
        (going(10.0, 180.0, 52.0), NEAREST),
    ),
    Model(
        "motorcycle-idle",
        ("motorcycle",),
        "loop",
        1,
        20.0,
        "Motorcycle idling",
        motorcycle_idle,
        (replace(RPM, default=960.0),),
    ),
    Model(
        "horn",
        ("car horn",),
        "event",
        1,
        1.4,
        "Car horn",
        horn,
        (Parameter("pitch", 200.0, 700.0, 350.0, "Hz", "of its note"),),
    ),
    Model(
        "siren",
        ("siren",),
        "event",
        1,
        11.0,
        "Siren in the distance",
        siren,
        (going(0.0, 130.0, 40.0), passing_at(5.0, 500.0, 35.0)),
    ),
    Model("traffic", ("traffic",), "ambience", 2, 28.0, "Street traffic", traffic, (DENSITY, STREET)),
)
