"""On desk and wall: clocks, telephones, keyboards, paper, scissors, a toy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from extender.sources.procedural.calls_bouts import EXCITEMENT, Bout, called
from extender.sources.procedural.grains import bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.kitchen import beeps, hum, impact
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.struck_bouts import ticking
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Control,
    Rng,
    Signal,
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

BEATS = Parameter("beats", 0.5, 6.0, 2.0, "beats/s", "how often it ticks: 1 a long pendulum, 5 a watch")


def clock(rng: Rng, duration_s: float, beats: float = BEATS.default) -> Signal:
    """A clock: tick and tock, in a quiet room."""
    return ticking(rng, duration_s, beats)


CLOCK_S = 20.0


def tick_and_tock_s(values: Mapping[str, float]) -> float:
    """Return the time of a tick and a tock: whole pairs of them fit a loop."""
    return CLOCK_S / max(round(0.5 * CLOCK_S * values["beats"]), 1)


PITCH = Parameter("pitch", 500.0, 3_000.0, 1_150.0, "Hz", "of its lowest note")


def telephone(rng: Rng, duration_s: float, pitch: float = PITCH.default) -> Signal:
    """An old telephone: a hammer between two gongs."""
    strikes = np.arange(0.02, 1.9, 1 / rng.uniform(19, 22))
    strikes = strikes + rng.normal(0, 0.0012, strikes.size)
    gong = np.where(np.arange(strikes.size) % 2, 1.0, own(rng).uniform(1.18, 1.26))
    base = pitch * own(rng).uniform(0.93, 1.08)
    count = frames(2.9)
    ring = struck(
        rng,
        count,
        strikes,
        base * gong[:, None] * np.array([[1.0, 1.005, 2.51, 3.67, 5.17, 6.9]]),
        np.array([[0.9, 0.9, 0.6, 0.4, 0.25, 0.15]]),
        rng.lognormal(0, 0.15, strikes.size)[:, None] * np.array([[0.7, 0.5, 1.0, 0.8, 0.6, 0.3]]),
    )
    hammer = noise(rng, count, lambda f: band(f, 1_500.0, 9_000.0, 1)) * bursts(count, strikes, 0.005, 1.0, 0.1, 6.0)
    case = struck(rng, count, strikes, [[240.0, 520.0]], [[0.05, 0.04]], [[1.0, 0.7]])
    return in_place(rng, mixed((0.0, ring), (-17.0, hammer), (-18.0, case)), 0.4, -14.0)


def cell_phone(rng: Rng, duration_s: float) -> Signal:
    """A mobile: a marimba figure, or buzzing on the table."""
    if own(rng).random() < 0.35:
        count = frames(2.6)
        t = np.arange(count) / SAMPLE_RATE
        rate = own(rng).uniform(160, 190)
        on = (1 / (1 + np.exp(-np.sin(2 * np.pi * t / 1.3 - 0.4) * 60))).astype(np.float32)
        buzz = [np.sin(2 * np.pi * rate * h * t + h) / h for h in (1, 2, 3, 5, 7, 9, 12)]
        drive = np.sum(buzz, axis=0).astype(np.float32)
        chatter = stretched(np.abs(wander(rng, 800, 400.0, 20.0, 150.0, 0.1)), count)
        rattle = noise(rng, count, lambda f: band(f, 800.0, 4_000.0, 1)) * chatter
        body = filtered(drive, lambda f: 0.3 + peak(f, 330.0, 3.0) + 0.6 * peak(f, 950.0, 4.0))
        return in_place(
            rng, mixed((0.0, body), (-9.0, rattle)) * on * np.hanning(count).astype(np.float32) ** 0.05, 0.2, -15.0
        )
    scale = 523.25 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12) * own(rng).uniform(0.9, 1.15)
    figure = own(rng).integers(0, 8, 6)
    beat = own(rng).uniform(0.13, 0.18)
    rests = own(rng).random(figure.size) < 0.2
    times = np.concatenate(
        [0.02 + np.arange(figure.size) * beat, 0.02 + (figure.size + 3 + np.arange(figure.size)) * beat]
    )
    tones = np.tile(scale[figure], 2)
    loud = np.tile(np.where(rests, 0.0, 1.0), 2)
    notes = struck(
        rng,
        frames(float(times[-1]) + 0.7),
        times,
        tones[:, None] * np.array([[1.0, 3.93, 9.2]]),
        np.array([[0.5, 0.14, 0.05]]),
        loud[:, None] * np.array([[1.0, 0.35, 0.15]]),
        0.0015,
    )
    return in_place(rng, filtered(notes, lambda f: band(f, 500.0, 9_000.0, 1)), 0.3, -15.0)


def _keys(rng: Rng, times: Control, count: int, case_hz: float) -> Signal:
    """Press and release of keys: plastic, the plate under it, a spring; every key a little different."""
    big = rng.random(times.size) < 0.15
    key = np.where(big, 0.72, rng.normal(1.0, 0.09, times.size))
    release = times + rng.uniform(0.07, 0.13, times.size)
    at = np.concatenate([times, times + rng.uniform(0.008, 0.014, times.size), release])
    force = rng.lognormal(0, 0.3, times.size) * np.where(big, 1.4, 1.0)
    loud = np.concatenate([0.35 * force, force, 0.38 * force])
    tint = np.concatenate([key, key, 1.12 * key])[:, None]
    modes = np.array([[case_hz, 690.0, 1_650.0, 2_900.0, 4_300.0, 6_200.0]])
    body = struck(
        rng,
        count,
        at,
        tint * modes * rng.normal(1, 0.04, (at.size, 6)),
        np.array([[0.035, 0.022, 0.014, 0.010, 0.008, 0.005]]),
        loud[:, None] * np.array([[0.7, 0.6, 0.8, 0.9, 0.7, 0.4]]) * rng.lognormal(0, 0.3, (at.size, 6)),
        0.0003,
    )
    click = noise(rng, count, lambda f: band(f, 1_800.0, 9_500.0, 1)) * bursts(count, at, 0.007, loud, 0.06, 5.0)
    return mixed((0.0, body), (-2.0, click))


KEYS = Parameter("speed", 1.0, 14.0, 6.0, "keys/s", "how quickly somebody types within a word")


def keyboard(rng: Rng, duration_s: float, speed: float = KEYS.default) -> Signal:
    """Someone types: words, and pauses for thought."""
    times, at = [], 0.03
    while at < duration_s - 0.3:
        for _ in range(int(rng.integers(2, 9))):
            times.append(at)
            at += float(rng.lognormal(-0.2, 0.38)) / speed
        at += float(rng.lognormal(-1.6, 0.8)) * (6.0 / speed) ** 0.5
    typed = np.array([t for t in times if t < duration_s - 0.25])
    return in_place(rng, _keys(rng, typed, frames(duration_s), own(rng).uniform(230, 340)), 0.2, -15.0)


def mouse_click(rng: Rng, duration_s: float) -> Signal:
    """A computer mouse: a click or a double click."""
    presses = [0.01] if rng.random() < 0.6 else [0.01, 0.16]
    at = np.array([t + d for t in presses for d in (0.0, rng.uniform(0.06, 0.1))])
    count = frames(0.5)
    body = struck(
        rng,
        count,
        at,
        rng.normal(1, 0.03, (at.size, 1)) * np.array([[420.0, 1_500.0, 2_900.0, 4_700.0, 7_200.0]]),
        np.array([[0.02, 0.014, 0.009, 0.007, 0.004]]),
        np.array([[0.5, 0.7, 1.0, 0.7, 0.4]]),
        0.0002,
    )
    return in_place(rng, body, 0.15, -17.0)


FAN = Parameter("rpm", 500.0, 6_000.0, 1_030.0, "rpm", "turns of its fan a minute; it has seven blades")


def computer(rng: Rng, duration_s: float, rpm: float = FAN.default) -> Signal:
    """A computer's fan and disc."""
    faster = rpm / FAN.default
    return hum(rng, duration_s, 7.0 * rpm / 60.0, -12.0, (180.0 * faster**0.3, 1_600.0 * faster**0.6))


def page(rng: Rng, duration_s: float) -> Signal:
    """A page is turned: the slide, the arc, the fall."""
    length = rng.uniform(0.4, 0.75)
    count = frames(length + 0.25)
    crinkle = stretched(np.abs(wander(rng, int((length + 0.25) * 600), 600.0, 15.0, 250.0, 0.1)) ** 1.4, count)
    arc = stretched(glide([(0, 0), (0.2, 0.35), (0.4, 0.25), (0.62, 1.0), (0.75, 0.3), (1, 0)], 200), count)
    sheet = noise(rng, count, lambda f: band(f, 1_300.0, 8_500.0, 1) + 0.3 * peak(f, 700.0, 1.5)) * crinkle * arc
    flop = noise(rng, count, lambda f: band(f, 120.0, 1_500.0, 1)) * bursts(
        count, [0.62 * length], 0.13, 1.0, 0.25, 3.0
    )
    return in_place(rng, mixed((0.0, sheet), (-6.0, flop)), 0.2, -16.0)


CUTS = Parameter("speed", 0.8, 5.0, 2.0, "cuts/s", "how quickly somebody cuts")


def scissors(rng: Rng, duration_s: float, speed: float = CUTS.default) -> Signal:
    """Scissors cut paper."""
    pieces, at = [], 0.0
    pace = 2.0 / speed
    for _ in range(int(rng.integers(2, 6))):
        length = rng.uniform(0.13, 0.22) * pace
        count = frames(length)
        grind = noise(rng, count, lambda f: band(f, 3_200.0, 12_000.0, 1)) * stretched(
            np.abs(wander(rng, int(length * 800), 800.0, 40.0, 300.0, 0.0)), count
        )
        blade = grind * np.linspace(0.2, 1.0, count).astype(np.float32)
        pieces.append((at, blade))
        pieces.append((at + length - 0.01, np.float32(0.7) * impact(rng, "steel", rng.uniform(3_200, 3_900))))
        at += length + rng.uniform(0.22, 0.45) * pace
    return in_place(rng, sequence(pieces), 0.15, -17.0)


def alarm_clock(rng: Rng, duration_s: float, pitch: float = 2_100.0) -> Signal:
    """An alarm clock: four beeps and again."""
    once = beeps(rng, pitch * own(rng).uniform(0.93, 1.08), 0.07, 0.06, 4)
    return sequence([(0.0, once), (1.0, once), (2.0, once)])


squeak_toy = called("squeak-toy", 0.0, Bout(1, 3, 0.5), t60_s=0.2)


CARRIAGE = Parameter("speed", 0.4, 3.0, 0.9, "lines/s", "how quickly its carriage goes to and fro")


def printer(rng: Rng, duration_s: float, speed: float = CARRIAGE.default) -> Signal:
    """A printer: rollers, and the carriage going to and fro."""
    count = frames(duration_s)
    t = np.arange(count) / SAMPLE_RATE
    sweep = (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * speed * t)) * np.abs(np.sin(2 * np.pi * speed * t)) ** 0.2).astype(
        np.float32
    )
    servo = noise(
        rng, count, lambda f: peak(f, 880.0, 20.0) + 0.6 * peak(f, 1_900.0, 16.0) + 0.2 * band(f, 400, 5_000, 1)
    ) * (0.3 + sweep)
    paper = noise(rng, count, lambda f: band(f, 1_500.0, 8_000.0, 1)) * bursts(count, [0.1], 0.7, 1.0, 0.3, 2.0)
    return in_place(rng, mixed((0.0, servo), (-7.0, paper)) * np.hanning(count).astype(np.float32) ** 0.2, 0.25, -14.0)


MODELS = (
    Model("clock", ("clock",), "loop", 1, CLOCK_S, "Clock ticking", clock, (BEATS,), beat_s=tick_and_tock_s),
    Model(
        "alarm-clock",
        ("alarm clock", "alarm", "buzzer"),
        "event",
        1,
        3.0,
        "Alarm clock",
        alarm_clock,
        (replace(PITCH, default=2_100.0),),
    ),
    Model("telephone", ("telephone",), "event", 1, 2.9, "Telephone ringing", telephone, (PITCH,)),
    Model("cell-phone", ("cell phone", "electronic device"), "event", 1, 3.0, "Mobile telephone", cell_phone),
    Model("keyboard", ("keyboard", "laptop", "typewriter"), "event", 1, 4.5, "Typing", keyboard, (KEYS,)),
    Model("mouse-click", ("mouse",), "event", 1, 0.5, "Mouse click", mouse_click),
    Model("printer", ("printer",), "event", 1, 4.0, "Printer", printer, (CARRIAGE,)),
    Model("computer", ("computer",), "loop", 1, 20.0, "Computer fan", computer, (FAN,)),
    Model("page", ("paper", "book"), "event", 1, 1.0, "Turning a page", page),
    Model("scissors", ("scissors",), "event", 1, 2.0, "Scissors", scissors, (CUTS,)),
    Model("squeak-toy", ("rubber duck",), "event", 1, 0.7, "Squeaking toy", squeak_toy, (EXCITEMENT,)),
)
