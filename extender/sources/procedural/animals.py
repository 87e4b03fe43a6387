"""Beasts: calls fitted to recordings (see calls.py), and some voices made by hand (see voices.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from extender.sources.procedural.calls_bouts import EXCITEMENT, ONE, Bout, called
from extender.sources.procedural.distance import at_distance
from extender.sources.procedural.grains import in_place, sequence
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    Rng,
    Signal,
    arrivals,
    between,
    filtered,
    frames,
    noise,
    own,
    unit,
)
from extender.sources.procedural.voices import Formants, Voice, uttered


def mass(low: float, high: float, default: float) -> Parameter:
    """Return the parameter of a beast's weight; the adult one is the default."""
    return Parameter("mass", low, high, default, "kg", "how heavy the animal is")


def beast(low: float, high: float, default: float) -> tuple[Parameter, ...]:
    """Return the parameters of a fitted voice: the mass, and how agitated it is."""
    return (mass(low, high, default), EXCITEMENT)


def smaller(usual_kg: float, mass_kg: float) -> float:
    """Return how much higher an animal's voice lies than that of a usual one: lengths go with the mass's cube root."""
    return float((usual_kg / mass_kg) ** (1.0 / 3.0))


def scaled(formants: Formants, by: float) -> Formants:
    """Return resonances of a mouth of another size."""
    return [(centre * by, width * by, gain) for centre, width, gain in formants]


def cat(rng: Rng, duration_s: float, mass: float = 4.0) -> Signal:
    """A meow, or two."""
    pieces, at = [], 0.0
    size = own(rng).uniform(0.92, 1.12) * smaller(4.0, mass)
    for _ in range(int(rng.integers(1, 3))):
        length = rng.uniform(0.55, 1.0)
        f0 = 520 * size * rng.uniform(0.9, 1.1)
        shapes: list[tuple[float, Formants]] = [
            (0.0, [(480, 150, -6), (1_400, 300, -20), (2_600, 400, -12), (4_200, 700, -24)]),
            (0.35, [(1_000 * size, 200, -4), (2_000 * size, 260, 8), (2_900 * size, 350, 0), (4_400, 700, -10)]),
            (0.7, [(950 * size, 200, -3), (1_650 * size, 260, 5), (2_800 * size, 350, -3), (4_300, 700, -14)]),
            (1.0, [(520, 150, -2), (1_000, 260, -8), (2_500, 400, -20), (4_200, 700, -30)]),
        ]
        meow = uttered(
            rng,
            length,
            [(0, 0.85 * f0), (0.2, 1.15 * f0), (0.55, 1.22 * f0), (1, 0.82 * f0)],
            [(0, 0), (0.12, 0.5), (0.35, 1), (0.75, 0.7), (1, 0)],
            shapes,
            Voice(tilt_db=-6, jitter=0.015, shimmer=0.12, breath_db=-20, breath_tilt_db=-1, low_cut_hz=600),
        )
        pieces.append((at, unit(meow)))
        at += length + rng.uniform(0.5, 1.3)
    return in_place(rng, sequence(pieces), 0.3, -15.0)


def growl(rng: Rng, duration_s: float, f0: float, throat: Formants) -> Signal:
    """Return a low rough growl of a large throat."""
    length = duration_s * rng.uniform(0.7, 1.15)
    deep = f0 * own(rng).uniform(0.9, 1.15)
    return uttered(
        rng,
        length,
        [(0, 0.75 * deep), (0.3, 1.2 * deep), (0.6, 1.05 * deep), (1, 0.65 * deep)],
        [(0, 0), (0.15, 0.7), (0.4, 1), (0.75, 0.75), (1, 0)],
        [(0, scaled(throat, 0.85)), (0.4, scaled(throat, 1.1)), (1, scaled(throat, 0.8))],
        Voice(tilt_db=-4, jitter=0.14, shimmer=0.35, rough=0.55, breath_db=-5, breath_tilt_db=-3),
    )


dog = called("dog", 22.0, Bout(2, 4, 0.5, 0.3), first_ms=9.0)
cow = called("cow", 550.0, ONE, first_ms=12.0)
sheep = called("sheep", 60.0, Bout(1, 2, 1.5), first_ms=11.0)
goat = called("goat", 45.0, Bout(1, 2, 1.2))
elephant = called("elephant", 4_000.0, ONE, t60_s=0.7, wet_db=-13.0, first_ms=14.0)
bear = called("bear", 250.0, ONE)
big_cat = called("big-cat", 180.0, Bout(2, 4, 1.3), t60_s=0.8, wet_db=-13.0, first_ms=16.0)
wolf = called("wolf", 40.0, ONE, t60_s=1.5, wet_db=-9.0, first_ms=30.0)
monkey = called("monkey", 8.0, Bout(1, 2, 1.2), t60_s=0.6, wet_db=-13.0, first_ms=14.0)
ape = called("gorilla", 150.0)
seal = called("seal", 150.0, Bout(1, 4, 1.0))
camel = called("camel", 500.0, ONE)
snake = called("snake", 0.0, Bout(1, 2, 1.2), t60_s=0.2, wet_db=-20.0)
squeal = called("pig", 120.0, ONE)


def pig(rng: Rng, duration_s: float, mass: float = 120.0, excitement: float = EXCITEMENT.default) -> Signal:
    """Grunts and snuffling, or a squeal: the more agitated, the likelier."""
    if rng.random() < 0.3 + 0.5 * excitement:
        return squeal(rng, duration_s, mass, excitement)
    pieces, at = [], 0.0
    young = smaller(120.0, mass)
    while at < duration_s * 0.8:
        length = rng.uniform(0.13, 0.3)
        shape = scaled([(300, 110, 4), (560, 160, -1), (1_150, 300, -11), (2_400, 600, -24)], young**0.6)
        grunt = uttered(
            rng,
            length,
            [(0, 70 * young), (0.4, 95 * young), (1, 62 * young)],
            [(0, 0), (0.2, 1), (0.6, 0.8), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-4, jitter=0.14, shimmer=0.4, rough=0.5, breath_db=-6, breath_tilt_db=-4),
        )
        pieces.append((at, unit(grunt) * np.float32(rng.uniform(0.5, 1.0))))
        at += length + rng.lognormal(-1.3, 0.6)
    return in_place(rng, sequence(pieces), 0.25, -14.0)


def squeaks(rng: Rng, duration_s: float) -> Signal:
    """A small rodent."""
    pieces, at = [], 0.0
    for _ in range(int(rng.integers(3, 9))):
        length = rng.uniform(0.03, 0.09)
        base = rng.uniform(3_300, 5_200)
        shape: Formants = [(4_500, 3_000, 0)]
        chirp = uttered(
            rng,
            length,
            [(0, 0.8 * base), (0.4, 1.15 * base), (1, 0.85 * base)],
            [(0, 0), (0.3, 1), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-9, jitter=0.03, shimmer=0.3, breath_db=-14),
        )
        pieces.append((at, unit(chirp) * np.float32(rng.uniform(0.4, 1.0))))
        at += length + rng.lognormal(-2.2, 0.6)
    return in_place(rng, sequence(pieces), 0.15, -17.0)


HERD = Parameter("animals", 2.0, 80.0, 12.0, "animals", "how many there are")


def herd(one: Callable[..., Signal], each_s: float, per_s: float) -> Callable[..., Signal]:
    """Return a model of several animals, near and far, over a whole loop; ``per_s`` is how often twelve are heard."""

    def several(rng: Rng, duration_s: float, animals: float = HERD.default) -> Signal:
        count = frames(duration_s)
        out = np.zeros(count + frames(12.0), dtype=np.float32)
        times = arrivals(rng, duration_s + 3.0, per_s * (animals / HERD.default) ** 0.7, 0.3)
        calls = [unit(one(rng, each_s)) for _ in range(min(times.size, 8))]
        for number, at in enumerate(times):
            call = calls[number % len(calls)]
            far = rng.random()
            heard = filtered(call, between(0.0, 9_000.0 * (1 - 0.8 * far)))
            start = frames(float(at))
            out[start : start + heard.size] += np.float32(0.15 + 0.85 * (1 - far) ** 2) * heard[: out.size - start]
        # What sounds on after the end belongs to the beginning of the next round.
        looped = out[frames(3.0) : frames(3.0) + count]
        ground = noise(rng, count, lambda f: 1.0 / np.maximum(f, 60.0))
        return np.asarray(looped + 0.012 * float(np.std(looped) or 1.0) * ground, dtype=np.float32)

    return several


MODELS = (
    at_distance(Model("dog", ("dog", "canine"), "event", 1, 2.0, "Dog barking", dog, beast(2.0, 80.0, 22.0)), 12.0),
    Model("dogs", ("pack of dogs",), "loop", 1, 22.0, "Dogs barking", herd(dog, 2.0, 0.9), (HERD,)),
    Model("cat", ("cat", "pet"), "event", 1, 1.6, "Cat", cat, (mass(0.4, 9.0, 4.0),)),
    at_distance(Model("cow", ("cow",), "event", 1, 2.0, "Cow", cow, beast(50.0, 1_000.0, 550.0)), 20.0),
    Model("cattle", ("herd of cattle",), "loop", 1, 26.0, "Herd of cattle", herd(cow, 1.9, 0.28), (HERD,)),
    at_distance(Model("sheep", ("sheep",), "event", 1, 1.6, "Sheep", sheep, beast(5.0, 110.0, 60.0)), 15.0),
    Model("flock", ("flock of sheep",), "loop", 1, 24.0, "Flock of sheep", herd(sheep, 1.4, 0.6), (HERD,)),
    at_distance(Model("goat", ("goat",), "event", 1, 0.9, "Goat", goat, beast(4.0, 100.0, 45.0)), 15.0),
    Model("pig", ("pig", "livestock"), "event", 1, 2.2, "Pig", pig, beast(4.0, 320.0, 120.0)),
    at_distance(
        Model("elephant", ("elephant",), "event", 1, 1.6, "Elephant", elephant, beast(150.0, 6_500.0, 4_000.0)), 30.0
    ),
    at_distance(
        Model("bear", ("bear", "carnivore"), "event", 1, 1.8, "Bear growling", bear, beast(20.0, 600.0, 250.0)), 10.0
    ),
    at_distance(
        Model(
            "big-cat",
            ("big cat", "lion", "tiger"),
            "event",
            1,
            3.5,
            "Lion roaring",
            big_cat,
            beast(20.0, 280.0, 180.0),
        ),
        30.0,
    ),
    Model("rodent", ("rodent",), "event", 1, 1.0, "Small rodent", squeaks),
    at_distance(Model("wolf", ("wolf",), "event", 1, 4.5, "Wolf howling", wolf, beast(10.0, 80.0, 40.0)), 200.0),
    at_distance(Model("monkey", ("monkey", "primate"), "event", 1, 1.8, "Monkey", monkey, beast(0.5, 60.0, 8.0)), 20.0),
    at_distance(Model("ape", ("ape",), "event", 1, 3.0, "Gorilla", ape, beast(20.0, 220.0, 150.0)), 12.0),
    at_distance(
        Model("seal", ("seal", "marine mammal"), "event", 1, 2.5, "Sea lion", seal, beast(20.0, 400.0, 150.0)), 20.0
    ),
    at_distance(Model("camel", ("camel",), "event", 1, 3.0, "Camel", camel, beast(50.0, 900.0, 500.0)), 15.0),
    Model("snake", ("snake", "reptile"), "event", 1, 1.6, "Snake hissing", snake, (EXCITEMENT,)),
)
