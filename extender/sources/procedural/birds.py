"""Birds, singly and all round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.calls_bouts import EXCITEMENT, ONE, Bout, called, song
from extender.sources.procedural.distance import at_distance
from extender.sources.procedural.grains import add, bursts, in_place, mirrored, mixed, room, sequence, widened
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    arrivals,
    band,
    between,
    circling,
    convolved,
    filtered,
    frames,
    noise,
    own,
    peak,
    rms,
    stretched,
    texture,
    unit,
    wander,
)
from extender.sources.procedural.voices import Formants, Voice, uttered
from mixer.types import Samples

MEADOW = (
    -26,
    -24,
    -22,
    -20,
    -20,
    -21,
    -22,
    -24,
    -26,
    -27,
    -27,
    -28,
    -28,
    -28,
    -28,
    -28,
    -29,
    -30,
    -31,
    -32,
    -33,
    -34,
    -35,
    -36,
    -38,
    -41,
    -46,
)


def _note(rng: Rng, length: float, start: float, middle: float, end: float, trill_hz: float, depth: float) -> Signal:
    """One whistled note: a sweep, perhaps a trill, a weak second harmonic, a little air."""
    count = max(frames(length), 64)
    u = np.linspace(0, 1, max(count // 16, 32))  # what is slow is worked out on fewer points
    f = np.where(u < 0.5, start, end) + (middle - np.where(u < 0.5, start, end)) * np.sin(np.pi * u)
    f *= 1 + depth * np.sin(2 * np.pi * trill_hz * u * length + rng.uniform(0, 6.28))
    f *= 1 + 0.004 * stretched(wander(rng, max(count // 96, 8), 500.0, 20.0, 150.0, 0.2), u.size)
    envelope = stretched(np.sin(np.pi * u ** rng.uniform(0.6, 1.3)).clip(0.0) ** rng.uniform(0.6, 1.4), count)
    turn = circling(np.cumsum(stretched(f, count), dtype=np.float64) * (2 * np.pi / SAMPLE_RATE))
    second = np.float32(2.0 * rng.uniform(0.03, 0.16))  # sin 2x = 2 sin x cos x
    return turn.imag * (1 + second * turn.real) * envelope


_NOTES = 3
"""So many of a row of notes differ; more come again, each at its own level."""


class _Singer:
    """One bird: its few phrases, which it repeats with small variation, as real ones do."""

    def __init__(self, rng: Rng) -> None:
        self.base = rng.uniform(1_900, 5_000)
        self.phrases = [self._syllables(rng) for _ in range(int(rng.integers(2, 5)))]

    def _syllables(self, rng: Rng) -> list[tuple[float, float, float, float, float, float, float, int]]:
        """Return (length, gap, start, middle, end, trill rate, trill depth, repeats) of a phrase's parts."""
        parts = []
        for _ in range(int(rng.integers(1, 4))):
            length = float(np.clip(rng.lognormal(-2.5, 0.45), 0.03, 0.3))
            start, middle, end = (float(v) for v in rng.uniform(0.75, 1.25, 3) * self.base * rng.uniform(0.85, 1.2))
            trill = rng.random() < 0.3
            repeats = int(rng.integers(1, 9)) if length < 0.12 else int(rng.integers(1, 3))
            parts.append(
                (
                    length,
                    float(rng.uniform(0.02, 0.09)),
                    start,
                    middle,
                    end,
                    float(rng.uniform(22, 55)),
                    float(rng.uniform(0.03, 0.08)) if trill else 0.0,
                    repeats,
                )
            )
        return parts

    def sing(self, rng: Rng) -> Signal:
        """Return one phrase."""
        pieces, at = [], 0.0
        for length, gap, start, middle, end, rate, depth, repeats in self.phrases[int(rng.integers(len(self.phrases)))]:
            notes: list[Signal] = []
            for _ in range(max(1, repeats + int(rng.integers(-1, 2)))):
                if len(notes) < _NOTES:
                    k = rng.normal(1.0, 0.012)
                    notes.append(_note(rng, length * rng.normal(1, 0.06), start * k, middle * k, end * k, rate, depth))
                    note = notes[-1]
                else:
                    note = notes[int(rng.integers(_NOTES))]
                pieces.append((at, note * np.float32(rng.lognormal(0, 0.2))))
                at += length + gap * rng.lognormal(0, 0.12)
        return sequence(pieces)


def chorus(rng: Rng, duration_s: float, singers: int, air_db: float, *, rate: float = 1.0) -> Samples:
    """Return several birds around, near and far, over the quiet of the land."""
    count = frames(duration_s)
    groups: tuple[list[tuple[Signal, float]], list[tuple[Signal, float]]] = ([], [])
    for _ in range(singers):
        singer = _Singer(rng)
        line = np.zeros(count, dtype=np.float32)
        sung = int(np.clip(duration_s / 4.0, 2, 9))
        repertoire = [singer.sing(rng) for _ in range(sung)]  # a bird repeats itself, never quite exactly
        far = rng.random()
        if far > 0.5:
            repertoire = [filtered(phrase, between(0.0, 7_500.0)) for phrase in repertoire]
        at = -rng.uniform(0, 5)
        while at < duration_s:
            phrase = repertoire[int(rng.integers(sung))]
            add(line, at, phrase, float(rng.lognormal(0, 0.25)))
            at += phrase.size / SAMPLE_RATE + rng.lognormal(0.9, 0.6) / rate
        groups[far > 0.5].append((line * np.float32(0.15 + 0.85 * (1 - far) ** 1.5), rng.uniform(-0.95, 0.95)))
    near, distant = (widened(rng, group, count) for group in groups)
    birds = near + distant
    for side, answer in zip(birds, 0.35 * near + 0.7 * distant, strict=True):
        side += convolved(answer, room(rng, 1.0, 20.0))[:count]
    air = mirrored(texture(rng, count, MEADOW, depth_db=1.4, common=0.6, low_hz=0.1, high_hz=8.0))
    level = rms(birds) or 1.0
    return np.asarray(birds / level + 10 ** (air_db / 20) * air, dtype=np.float32)


BIRDS = Parameter("birds", 1.0, 16.0, 6.0, "birds", "how many sing")


def birdsong(rng: Rng, duration_s: float, birds: float = BIRDS.default) -> Samples:
    """Songbirds all round."""
    return chorus(rng, duration_s, round(birds), -15.0)


def flock(rng: Rng, duration_s: float, birds: float = 20.0) -> Signal:
    """Sparrows in a hedge: short chirps of many, quarrelling."""
    count = frames(duration_s)
    line = np.zeros(count, dtype=np.float32)
    mood = np.exp(0.6 * wander(rng, int(duration_s * 10), 10.0, 0.1, 1.0))
    for at in arrivals(rng, duration_s, 16.0 * (birds / 20.0) ** 0.8):
        if rng.random() < 0.5 * np.interp(at, np.linspace(0, duration_s, mood.size), mood):
            base = rng.uniform(2_800, 4_800)
            note = _note(rng, rng.uniform(0.03, 0.09), base * 1.1, base * rng.uniform(0.9, 1.3), base * 0.8, 40, 0.02)
            add(line, float(at), note, float(rng.lognormal(-0.5, 0.7)))
    air = texture(rng, count, MEADOW, depth_db=1.2, common=0.5, low_hz=0.2)
    return mixed((0.0, in_place(rng, line, 0.4, -12.0)[:count]), (-22.0, air))


gull = called("gull", t60_s=0.9, wet_db=-13.0, first_ms=25.0)
pigeon = called("pigeon", 0.0, Bout(1, 2, 2.2), t60_s=0.3, wet_db=-18.0)
owl = called("owl", 0.0, ONE, t60_s=1.3, wet_db=-12.0, first_ms=28.0)
duck = called("duck", 0.0, Bout(3, 7, 0.32), t60_s=0.4, wet_db=-17.0, first_ms=12.0)
rooster = called("rooster", 0.0, ONE, t60_s=0.7, wet_db=-16.0, first_ms=18.0)
peacock = called("peacock", t60_s=0.9, wet_db=-13.0, first_ms=20.0)
penguin = called("penguin", 0.0, Bout(1, 3, 0.8))
turkey = called("turkey", 0.0, ONE)


def crow(rng: Rng, duration_s: float) -> Signal:
    """A crow: two to four caws."""
    pieces, at = [], 0.0
    k = own(rng).uniform(0.9, 1.12)
    for _ in range(int(rng.integers(2, 5))):
        length = rng.uniform(0.25, 0.42)
        f0 = 520 * k * rng.normal(1, 0.03)
        shape: Formants = [(1_250 * k, 230, 5), (1_650 * k, 260, 2), (2_900 * k, 420, 1), (4_300, 900, -10)]
        caw = uttered(
            rng,
            length,
            [(0, 0.85 * f0), (0.25, 1.1 * f0), (0.7, f0), (1, 0.8 * f0)],
            [(0, 0), (0.12, 1), (0.6, 0.9), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-3, jitter=0.10, shimmer=0.3, rough=0.6, breath_db=-7, breath_tilt_db=-1, low_cut_hz=900),
        )
        pieces.append((at, unit(caw) * np.float32(rng.uniform(0.8, 1.0))))
        at += length + rng.uniform(0.22, 0.45)
    return in_place(rng, sequence(pieces), 0.7, -12.0, 18.0)


def goose(rng: Rng, duration_s: float) -> Signal:
    """A goose or swan honking."""
    pieces, at = [], 0.0
    for _ in range(int(rng.integers(2, 5))):
        length = rng.uniform(0.25, 0.42)
        f0 = rng.uniform(380, 460)
        shape: Formants = [(850, 220, 2), (1_350, 240, 5), (2_600, 420, -2), (3_900, 700, -10)]
        honk = uttered(
            rng,
            length,
            [(0, 0.8 * f0), (0.35, 1.15 * f0), (0.45, 1.3 * f0), (1, 0.95 * f0)],
            [(0, 0), (0.15, 0.9), (0.5, 1), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-3, jitter=0.04, shimmer=0.2, rough=0.3, breath_db=-13, low_cut_hz=500),
        )
        pieces.append((at, unit(honk) * np.float32(rng.uniform(0.7, 1.0))))
        at += length + rng.uniform(0.2, 0.6)
    return in_place(rng, sequence(pieces), 0.8, -11.0, 20.0)


def hen(rng: Rng, duration_s: float) -> Signal:
    """A hen clucking, then the drawn-out one."""
    pieces, at = [], 0.0
    clucks = int(rng.integers(3, 8))
    for k in range(clucks + 1):
        long_one = k == clucks and rng.random() < 0.6
        length = rng.uniform(0.3, 0.45) if long_one else rng.uniform(0.06, 0.11)
        f0 = rng.uniform(380, 480) * (1.5 if long_one else 1.0)
        shape: Formants = [(950, 260, 3), (1_900, 350, 0), (3_100, 600, -8)]
        cluck = uttered(
            rng,
            length,
            [(0, 0.85 * f0), (0.4, 1.15 * f0), (1, 0.8 * f0)],
            [(0, 0), (0.2, 1), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-5, jitter=0.04, shimmer=0.25, rough=0.25, breath_db=-11),
        )
        pieces.append((at, unit(cluck) * np.float32(1.0 if long_one else rng.uniform(0.4, 0.8))))
        at += length + rng.lognormal(-1.6, 0.45)
    return in_place(rng, sequence(pieces), 0.3, -14.0)


def woodpecker(rng: Rng, duration_s: float) -> Signal:
    """A drum roll on a hollow trunk."""
    count = frames(1.2)
    gaps = rng.uniform(0.048, 0.056) * np.linspace(1.0, 0.85, int(rng.integers(10, 18)))
    times = 0.02 + np.cumsum(gaps)
    force = np.hanning(times.size + 4)[2:-2] ** 0.5
    wood = noise(rng, count, lambda f: peak(f, 1_150.0, 4.0) + 0.6 * peak(f, 2_300.0, 5.0)) * bursts(
        count, times, 0.035, force, 0.02, 7.0
    )
    return in_place(rng, wood, 1.2, -7.0, 22.0)


def wings(rng: Rng, duration_s: float) -> Signal:
    """A bird takes off: wing beats that quicken and are gone."""
    count = frames(1.4)
    beats = 0.03 + np.cumsum(np.linspace(0.11, 0.085, 11) * rng.normal(1, 0.05, 11))
    flap = bursts(count, beats, 0.07, np.linspace(1, 0.15, 11) * rng.lognormal(0, 0.2, 11), 0.35, 3.0)
    air = noise(rng, count, lambda f: band(f, 250.0, 3_200.0, 1) + 0.3 * band(f, 3_000.0, 9_000.0, 1))
    return in_place(rng, air * flap, 0.25, -15.0)


MODELS = (
    at_distance(Model("bird", ("bird", "songbird", "parrot", "wild animal"), "event", 1, 2.5, "Songbird", song), 15.0),
    Model("birdsong", ("birdsong",), "ambience", 2, 30.0, "Birdsong", birdsong, (BIRDS,)),
    Model(
        "birds",
        ("flock of birds",),
        "loop",
        1,
        22.0,
        "Flock of small birds",
        flock,
        (replace(BIRDS, high=80.0, default=20.0),),
    ),
    at_distance(Model("gull", ("gull", "water bird"), "event", 1, 3.0, "Gull", gull, (EXCITEMENT,)), 25.0),
    at_distance(Model("crow", ("crow", "bird of prey"), "event", 1, 2.0, "Crow", crow), 30.0),
    at_distance(Model("pigeon", ("pigeon",), "event", 1, 2.2, "Pigeon", pigeon, (EXCITEMENT,)), 8.0),
    at_distance(Model("owl", ("owl",), "event", 1, 3.2, "Owl", owl, (EXCITEMENT,)), 40.0),
    at_distance(Model("duck", ("duck",), "event", 1, 1.6, "Duck", duck, (EXCITEMENT,)), 12.0),
    at_distance(Model("goose", ("goose", "swan"), "event", 1, 1.8, "Goose", goose), 25.0),
    at_distance(Model("hen", ("chicken", "fowl"), "event", 1, 2.0, "Hen", hen), 8.0),
    at_distance(Model("rooster", ("rooster",), "event", 1, 1.9, "Rooster", rooster, (EXCITEMENT,)), 25.0),
    at_distance(Model("peacock", ("peacock",), "event", 1, 2.0, "Peacock", peacock, (EXCITEMENT,)), 25.0),
    at_distance(Model("penguin", ("penguin",), "event", 1, 1.6, "Penguin", penguin, (EXCITEMENT,)), 15.0),
    at_distance(Model("turkey", ("turkey",), "event", 1, 1.2, "Turkey gobbling", turkey, (EXCITEMENT,)), 15.0),
    at_distance(Model("woodpecker", ("woodpecker",), "event", 1, 1.2, "Woodpecker", woodpecker), 30.0),
    at_distance(Model("wings", ("bird wings",), "event", 1, 1.4, "Wings", wings), 4.0),
)
