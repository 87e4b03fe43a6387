"""About the house: machines that run, doors, bells, small things in the hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.grains import impulses, in_place, mixed, struck
from extender.sources.procedural.kitchen import hum
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.struck_bouts import door
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    band,
    convolved,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    unit,
    wander,
)

FAN = Parameter("rpm", 200.0, 3_000.0, 900.0, "rpm", "turns of the fan a minute; it has four blades")


def ventilator(rng: Rng, duration_s: float, rpm: float = FAN.default) -> Signal:
    """A fan: blades and rushing air."""
    count = frames(duration_s)
    rate = 4.0 * rpm / 60.0 * own(rng).uniform(0.97, 1.03)
    top_hz = 1_800.0 * (rpm / FAN.default) ** 0.6
    t = np.arange(count) / SAMPLE_RATE
    chop = (1 + 0.3 * np.sin(2 * np.pi * rate * t)).astype(np.float32)
    air = noise(rng, count, lambda f: band(f, 120.0, top_hz, 1) + 0.5 * peak(f, 420.0, 3.0))
    return mixed((0.0, air * chop), (-11.0, hum(rng, duration_s, rate, 3.0, (200, 900))))


def motor(
    rng: Rng, duration_s: float, base_hz: float, low: float, high: float, whine_db: float, spin_s: float
) -> Signal:
    """Return a small universal motor with its fan, switched on and off."""
    duration_s *= rng.uniform(0.85, 1.15)
    count = frames(duration_s)
    points = int(duration_s * 100)
    up = spin_s / duration_s
    speed = glide([(0, 0.15), (up, 1.0), (1 - 0.7 * up, 1.0), (1, 0.2)], points)
    load = 1 + 0.008 * wander(rng, points, 100.0, 0.3, 8.0)
    phase = 2 * np.pi * np.cumsum(stretched(base_hz * speed * load, count).astype(np.float64)) / SAMPLE_RATE
    whine = np.zeros(count)
    for h in (1, 2, 3, 4, 6, 9, 12, 18, 24):
        whine += rng.uniform(0.5, 1.2) * h**-0.6 * np.sin(h * phase + rng.uniform(0, 6.28))
    brush = np.exp(0.15 * wander(rng, points * 4, 400.0, 5.0, 150.0, 0.1))
    air = noise(rng, count, lambda f: band(f, low, high, 1) + 0.5 * peak(f, 2.6 * low, 4.0))
    level = stretched(np.clip((speed - 0.15) / 0.85, 0, 1) ** 1.5, count)
    return in_place(
        rng,
        mixed((whine_db, whine.astype(np.float32) * stretched(brush, count) * level), (0.0, air * level)),
        0.25,
        -13.0,
    )


MOTOR = Parameter("rpm", 3_000.0, 40_000.0, 12_900.0, "rpm", "turns of the motor a minute")


def hair_drier(rng: Rng, duration_s: float, rpm: float = MOTOR.default) -> Signal:
    """A hair drier."""
    return motor(rng, duration_s, rpm / 60.0, 450.0, 5_500.0, -7.0, 0.6)


def vacuum(rng: Rng, duration_s: float, rpm: float = 18_600.0) -> Signal:
    """A vacuum cleaner."""
    return motor(rng, duration_s, rpm / 60.0, 250.0, 3_000.0, -5.0, 1.0)


def power_tool(rng: Rng, duration_s: float, rpm: float = 25_200.0) -> Signal:
    """A drill or grinder, gears and all."""
    run = motor(rng, duration_s, rpm / 60.0, 900.0, 6_000.0, 4.0, 0.35)
    return np.asarray(np.tanh(1.5 * unit(run)), dtype=np.float32)


STROKES = Parameter("strokes", 1.5, 7.0, 4.0, "strokes/s", "how quickly somebody brushes")


def toothbrush(rng: Rng, duration_s: float, strokes: float = STROKES.default) -> Signal:
    """Brushing teeth."""
    count = frames(duration_s)
    stroke = strokes * own(rng).uniform(0.9, 1.1) * (1 + 0.1 * wander(rng, int(duration_s * 50), 50.0, 0.3, 3.0))
    phase = 2 * np.pi * np.cumsum(stretched(stroke, count).astype(np.float64)) / SAMPLE_RATE
    sweep = np.abs(np.sin(phase)) ** 0.8
    tone = 1 + 0.3 * np.sign(np.sin(phase))
    bristle = noise(rng, count, lambda f: band(f, 2_500.0, 8_000.0, 1) + 0.5 * peak(f, 1_700.0, 3.0))
    hollow = noise(rng, count, lambda f: peak(f, 900.0, 3.0))
    ends = np.hanning(count).astype(np.float32) ** 0.3
    return in_place(
        rng, (bristle * tone + 0.4 * hollow).astype(np.float32) * sweep.astype(np.float32) * ends, 0.15, -16.0
    )


SLIPS = Parameter("speed", 0.3, 3.0, 1.0, "", "how quickly it is moved, 1 = usual")


def creak(rng: Rng, duration_s: float, speed: float = SLIPS.default) -> Signal:
    """Wood or a hinge creaks: it sticks and slips, faster and slower."""
    duration_s *= rng.uniform(0.7, 1.3)
    count = frames(duration_s)
    points = int(duration_s * 200)
    rate = (
        speed
        * glide([(0, 40), (0.25, 130), (0.6, 95), (1, 45)], points)
        * np.exp(0.25 * wander(rng, points, 200.0, 2.0, 25.0))
    )
    turns = np.cumsum(rate) / 200.0
    slips = np.interp(np.arange(1, int(turns[-1])), turns, np.arange(points) / 200.0)
    slips = slips + rng.normal(0, 0.0007, slips.size)
    hits = impulses(count, slips * SAMPLE_RATE, rng.lognormal(0, 0.4, slips.size))
    tune = rng.uniform(0.85, 1.2)
    kernel = struck(
        rng,
        frames(0.06),
        [0.0],
        tune * np.array([[620.0, 1_080.0, 1_750.0, 2_500.0, 4_100.0, 5_600.0]]),
        [[0.03, 0.025, 0.022, 0.02, 0.012, 0.01]],
        [[0.4, 0.6, 1.0, 1.0, 0.8, 0.6]],
        0.0003,
    )
    swell = stretched(glide([(0, 0), (0.2, 0.8), (0.55, 1), (1, 0)], 100), count)
    rasp = noise(rng, count, lambda f: band(f, 900.0, 5_000.0, 1))
    return in_place(rng, mixed((0.0, convolved(hits, kernel)[:count] * swell), (-14.0, rasp * swell)), 0.3, -12.0)


KNOCKS = Parameter("knocks", 1.0, 8.0, 3.0, "knocks", "how often")


def knock(rng: Rng, duration_s: float, knocks: float = KNOCKS.default) -> Signal:
    """Knuckles on a door."""
    at = np.cumsum(rng.uniform(0.15, 0.21, round(knocks))) - 0.1
    count = frames(float(at[-1]) + 0.35)
    force = rng.lognormal(0, 0.15, (at.size, 1))
    panel = struck(
        rng,
        count,
        at,
        rng.normal(1, 0.03, (at.size, 1)) * np.array([[128.0, 235.0, 410.0, 730.0, 1_250.0]]),
        np.array([[0.12, 0.09, 0.06, 0.04, 0.02]]),
        force * np.array([[0.8, 1, 0.8, 0.5, 0.3]]),
        0.0008,
    )
    return in_place(rng, panel, 0.35, -11.0)


CHIME = Parameter("pitch", 300.0, 1_500.0, 670.0, "Hz", "of the higher note")


def doorbell(rng: Rng, duration_s: float, pitch: float = CHIME.default) -> Signal:
    """Ding-dong."""
    high = pitch * own(rng).uniform(0.94, 1.07)
    ratios = np.array([[1.0, 2.0, 2.76, 5.4]])
    chime = struck(
        rng,
        frames(2.4),
        [0.01, rng.uniform(0.5, 0.7)],
        np.array([[high], [high * 0.794]]) * ratios,
        np.array([[1.8, 1.0, 0.8, 0.3]]),
        np.array([[1.0, 0.3, 0.5, 0.3]]),
        0.001,
    )
    return in_place(rng, chime, 0.5, -13.0)


MODELS = (
    Model("fan", ("fan", "air conditioner", "machine", "cable car"), "loop", 1, 20.0, "Fan", ventilator, (FAN,)),
    Model("hair-drier", ("hair drier",), "event", 1, 6.0, "Hair drier", hair_drier, (MOTOR,)),
    Model(
        "vacuum", ("vacuum cleaner",), "event", 1, 7.0, "Vacuum cleaner", vacuum, (replace(MOTOR, default=18_600.0),)
    ),
    Model(
        "power-tool",
        ("power tool", "drill"),
        "event",
        1,
        3.5,
        "Power tool",
        power_tool,
        (replace(MOTOR, default=25_200.0),),
    ),
    Model("toothbrush", ("toothbrush",), "event", 1, 4.0, "Brushing teeth", toothbrush, (STROKES,)),
    Model("door", ("door",), "event", 1, 1.8, "Door", door),
    Model("creak", ("creak",), "event", 1, 1.4, "Creaking", creak, (SLIPS,)),
    Model("knock", ("door knock",), "event", 1, 1.0, "Knocking", knock, (KNOCKS,)),
    Model("doorbell", ("doorbell", "bell"), "event", 1, 2.4, "Doorbell", doorbell, (CHIME,)),
)
