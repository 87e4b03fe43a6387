"""Machines about the house that have a course of their own: kettle, washing machine; and what is heard of others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.grains import bubbles, bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.kitchen import hum, impact
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.people import murmur, television
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    arrivals,
    band,
    between,
    circling,
    filtered,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    unit,
    wander,
    whistling,
)
from mixer.types import Samples

KETTLE = Parameter("volume", 0.2, 3.0, 1.0, "l", "how much water is in it")


def kettle(rng: Rng, duration_s: float, volume: float = KETTLE.default) -> Signal:
    """A kettle: it sings while the first bubbles collapse, roars, boils over into a rolling bubble, and clicks off."""
    duration_s *= rng.uniform(0.9, 1.1)
    count = frames(duration_s)
    fuller = volume**-0.2
    singing = noise(rng, count, lambda f: band(f, 900.0 * fuller, 4_500.0 * fuller, 1))
    sing = stretched(glide([(0, 0.03), (0.35, 0.6), (0.6, 1.0), (0.75, 0.35), (1, 0.25)], 200), count)
    roar = noise(rng, count, lambda f: peak(f, 330.0 * fuller, 2.0) + 0.6 * peak(f, 820.0 * fuller, 2.5))
    rolling = stretched(glide([(0, 0.02), (0.5, 0.3), (0.72, 0.8), (0.85, 1.0), (0.95, 1.0), (1, 0.5)], 200), count)
    boil = bubbles(rng, count, duration_s, 120.0, 0.003, 0.012, 0.4) * rolling**2
    body = mixed((0.0, singing * sing), (1.0, roar * rolling), (-2.0, boil))
    end = stretched(glide([(0, 0), (0.03, 1), (0.94, 1), (0.99, 0.25), (1, 0)], 300), count)
    click = unit(impact(rng, "plastic", 620.0)) * np.float32(1.5)
    return in_place(rng, sequence([(0.0, body * end), (0.94 * duration_s, click)], 0.05), 0.3, -14.0)


SPIN = Parameter("rpm", 30.0, 1_600.0, 50.0, "rpm", "turns of the drum a minute: 50 washes, 1,200 spins")


def washing_machine(rng: Rng, duration_s: float, rpm: float = SPIN.default) -> Signal:
    """A washing machine: slow, the laundry falls at every turn; fast, the drum hums and shakes the floor."""
    count = frames(duration_s)
    points = int(duration_s * 50)
    speed = rpm / 60.0 * (1 + 0.015 * wander(rng, points, 50.0, 0.1, 2.0))
    phase = 2 * np.pi * np.cumsum(stretched(speed, count).astype(np.float64)) / SAMPLE_RATE
    fast = float(np.clip((np.log2(rpm / 50.0)) / 4.0, 0.0, 1.0))
    motor = hum(rng, duration_s, 50.0 + 2.2 * rpm**0.6, 2.0, (120.0, 900.0 + 1_500.0 * fast))
    turns = np.cumsum(speed) / 50.0
    falls = np.interp(np.arange(1, int(turns[-1]) + 1) - 0.3, turns, np.arange(points) / 50.0)
    slosh = noise(rng, count, lambda f: band(f, 150.0, 1_400.0, 1)) * bursts(
        count, falls, 0.55, rng.lognormal(0, 0.3, falls.size), 0.35, 2.5
    )
    thud = struck(
        rng,
        count,
        falls + 0.2,
        [[62.0, 105.0, 190.0]],
        [[0.16, 0.12, 0.08]],
        rng.lognormal(0, 0.3, (falls.size, 1)),
        0.006,
    )
    water = bubbles(rng, count, duration_s, 60.0, 0.0015, 0.006, 0.5)
    shake = (circling(phase).imag * np.float32(0.6) + 0.4 * circling(3 * phase).imag) * stretched(
        np.exp(0.2 * wander(rng, points, 50.0, 0.2, 4.0)), count
    )
    rumble = filtered(noise(rng, count, between(35.0, 260.0)) * (1 + 0.5 * shake), between(30.0, 400.0))
    washing = mixed((-4.0, motor), (0.0, slosh), (-4.0, thud), (-12.0, water))
    spinning = mixed((0.0, motor), (2.0, rumble))
    return mixed((20.0 * np.log10(1.0 - fast + 0.03), washing), (20.0 * np.log10(fast + 0.03), spinning))


WALL = Parameter("wall", 10.0, 60.0, 30.0, "dB", "how well the wall keeps sound out, at 1 kHz")


def through_wall(signal: Signal, wall_db: float) -> Signal:
    """Return a sound from the other side of a wall, which keeps out 5 dB more per octave (mass law, flattened)."""

    def gain(f: np.ndarray) -> np.ndarray:
        lost_db = wall_db / 30.0 * 5.5 * np.clip(np.log2(np.maximum(f, 40.0) / 100.0), -1.0, 8.0)
        return np.asarray(10.0 ** (-lost_db / 20.0)) * band(f, 60.0, np.inf, 1)

    return filtered(signal, gain)


def next_room(rng: Rng, duration_s: float, wall: float = WALL.default) -> Signal:
    """A television in the next room: its tunes and voices without their consonants, over the quiet of this one."""
    heard = through_wall(television(rng, duration_s), wall)
    count = heard.size
    quiet = noise(rng, count, lambda f: 1.0 / np.maximum(f, 50.0) ** 0.8)
    return mixed((0.0, heard), (-22.0, quiet))


def window(rng: Rng, duration_s: float) -> Signal:
    """A window is opened or shut: the handle turns, the sash comes out of its rubber, the frame knocks."""
    handle = mixed((0.0, impact(rng, "steel", 780.0)), (-5.0, impact(rng, "plastic", 420.0)))
    slide = frames(rng.uniform(0.35, 0.6))
    rubber = noise(rng, slide, lambda f: peak(f, 480.0, 2.0) + 0.4 * band(f, 900.0, 4_000.0, 1))
    stick = stretched(np.abs(wander(rng, 200, 400.0, 15.0, 120.0, 0.2)), slide)
    frame = struck(
        rng, frames(0.5), [0.0, 0.03], [[88.0, 160.0, 340.0, 720.0, 1_500.0]], [[0.12, 0.1, 0.07, 0.05, 0.03]],
        [[1.0, 0.9, 0.8, 0.5, 0.3], [0.4, 0.4, 0.4, 0.3, 0.2]], 0.001,
    )  # fmt: skip
    pane = struck(rng, frames(0.4), [0.0], [[510.0, 1_240.0, 2_350.0]], [[0.12, 0.08, 0.05]], [[0.5, 0.4, 0.25]], 0.001)
    ring = np.float32(own(rng).uniform(0.3, 0.8))
    knock = mixed((0.0, frame), (-8.0, ring * pane))
    swish = rubber * stick * np.hanning(slide).astype(np.float32) ** 0.5
    pieces = [(0.0, 0.5 * unit(handle)), (0.3, 0.35 * unit(swish)), (0.35 + slide / SAMPLE_RATE, unit(knock))]
    return in_place(rng, sequence([(at, np.asarray(p, dtype=np.float32)) for at, p in pieces]), 0.4, -11.0)


GAP = Parameter("speed", 3.0, 30.0, 12.0, "m/s", "of the wind outside")


def wind_at_window(rng: Rng, duration_s: float, speed: float = GAP.default) -> Samples:
    """Wind heard indoors: it howls through the gaps of a window and presses on the pane."""
    count = frames(duration_s)
    points = int(duration_s * 94)
    gust = np.maximum(
        1 + 0.4 * wander(rng, points, 94.0, 0.06, 0.8, 0.9) + 0.1 * wander(rng, points, 94.0, 0.8, 6.0), 0.15
    )
    strong = np.log2(speed / 12.0)
    sides = []
    for tune in (1.0, rng.uniform(1.12, 1.3)):
        pitch = 460.0 * tune * 2.0 ** (0.45 * strong) * gust**0.6
        howl = whistling(rng, count, pitch, np.minimum(-8.0 + 28.0 * np.log2(gust), 4.0), 0.08)
        hiss = noise(rng, count, lambda f: band(f, 700.0, 5_000.0, 1)) * stretched(gust**2.5, count)
        press = noise(rng, count, lambda f: band(f, 30.0, 160.0, 1)) * stretched(gust**2, count)
        sides.append(mixed((0.0, howl), (-8.0 + 2.0 * strong, hiss), (-1.0, press)))
    return np.stack(sides)


def wires(rng: Rng, duration_s: float, speed: float = 8.0) -> Samples:
    """Wind in wires or a fence: aeolian tones at 0.2·v/d (Strouhal), each wire for itself, coming and going."""
    count = frames(duration_s)
    points = int(duration_s * 94)
    gust = np.maximum(1 + 0.25 * wander(rng, points, 94.0, 0.08, 0.6, 0.9), 0.3)
    sides = []
    for _ in range(2):
        parts = []
        for diameter_m in own(rng).uniform(0.0025, 0.006, 3):
            tone = 0.2 * speed / diameter_m * gust
            alive = 5.0 * wander(rng, points, 94.0, 0.1, 2.0, 0.4) + 18.0 * np.log2(gust)
            parts.append((float(rng.uniform(-6.0, 0.0)), whistling(rng, count, tone, np.minimum(alive, 9.0), 0.035)))
        air = noise(rng, count, lambda f: band(f, 80.0, 600.0, 1)) * stretched(gust**2, count)
        sides.append(mixed(*parts, (-4.0, air)))
    return np.stack(sides)


def sails(rng: Rng, duration_s: float, speed: float = 7.0) -> Signal:
    """Under sail: cloth that shivers and snaps, halyards on the mast, water along the hull."""
    count = frames(duration_s)
    points = int(duration_s * 94)
    gust = np.maximum(1 + 0.3 * wander(rng, points, 94.0, 0.08, 1.0, 0.8), 0.2)
    rate = 3.0 * (speed / 7.0) ** 0.8
    snaps = arrivals(rng, duration_s, rate)
    force = np.interp(snaps, np.linspace(0, duration_s, points), gust) ** 2 * rng.lognormal(-0.4, 0.7, snaps.size)
    cloth = noise(rng, count, lambda f: band(f, 140.0, 2_400.0, 1)) * bursts(count, snaps, 0.12, force, 0.1, 4.0)
    taps = arrivals(rng, duration_s, 1.6 * speed / 7.0, 0.5)
    mast = struck(
        rng, count, taps, own(rng).uniform(0.85, 1.2) * np.array([[520.0, 1_180.0, 2_050.0, 3_300.0]]),
        np.array([[0.3, 0.22, 0.14, 0.08]]), rng.lognormal(0, 0.5, (taps.size, 1)), 0.0005,
    )  # fmt: skip
    wash = noise(rng, count, lambda f: band(f, 180.0, 2_200.0, 1)) * stretched(
        np.exp(0.5 * wander(rng, points, 94.0, 0.2, 1.2, 0.3)), count
    )
    rigging = noise(rng, count, lambda f: band(f, 90.0, 700.0, 1)) * stretched(gust**1.5, count)
    return mixed((0.0, wash), (-3.0, rigging), (-2.0, cloth), (-15.0, mast))


def meeting(rng: Rng, duration_s: float, persons: float = 5.0) -> Samples:
    """People who talk in the next room."""
    talk = murmur(rng, duration_s, round(persons), near=0.5, wet_db=-4.0, t60_s=0.5)
    return np.stack([through_wall(side, 26.0) for side in talk])


PERSONS = Parameter("persons", 2.0, 30.0, 5.0, "persons", "how many talk")

MODELS = (
    Model("kettle", ("kettle",), "event", 1, 11.0, "Kettle", kettle, (KETTLE,)),
    Model("washing-machine", ("washing machine",), "loop", 1, 22.0, "Washing machine", washing_machine, (SPIN,)),
    Model("television-next-room", ("next room",), "loop", 1, 24.0, "Television next door", next_room, (WALL,)),
    Model("voices-next-room", ("voices next door",), "ambience", 2, 24.0, "Voices next door", meeting, (PERSONS,)),
    Model("window", ("opening window",), "event", 1, 1.6, "Window", window),
    Model("wind-window", ("wind at window",), "ambience", 2, 26.0, "Wind at the window", wind_at_window, (GAP,)),
    Model("wind-wires", ("wind in wires",), "ambience", 2, 26.0, "Wind in wires", wires, (replace(GAP, default=8.0),)),
    Model("sails", ("sailboat",), "loop", 1, 24.0, "Sails", sails, (replace(GAP, default=7.0),)),
)
