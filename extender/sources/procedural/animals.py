"""Beasts: each a voice of its own (see voices.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from extender.sources.procedural.distance import at_distance
from extender.sources.procedural.grains import bursts, in_place, sequence
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    Rng,
    Signal,
    arrivals,
    band,
    between,
    filtered,
    frames,
    noise,
    own,
    peak,
    stretched,
    unit,
    wander,
)
from extender.sources.procedural.voices import Formants, Voice, uttered


def mass(low: float, high: float, default: float) -> Parameter:
    """Return the parameter of a beast's weight; the adult one is the default."""
    return Parameter("mass", low, high, default, "kg", "how heavy the animal is")


def smaller(usual_kg: float, mass_kg: float) -> float:
    """Return how much higher an animal's voice lies than that of a usual one: lengths go with the mass's cube root."""
    return float((usual_kg / mass_kg) ** (1.0 / 3.0))


def scaled(formants: Formants, by: float) -> Formants:
    """Return resonances of a mouth of another size."""
    return [(centre * by, width * by, gain) for centre, width, gain in formants]


def dog(rng: Rng, duration_s: float, mass: float = 22.0) -> Signal:
    """A bout of barks; one dog keeps its size, every bark differs."""
    size = own(rng).uniform(0.88, 1.15) * smaller(22.0, mass)  # 1 = middling, more = smaller dog
    gap = rng.uniform(0.22, 0.5)
    pieces, at = [], 0.0
    for _ in range(int(rng.integers(2, 6))):
        length = rng.uniform(0.13, 0.21) / size**0.3
        top = 640.0 * size * rng.uniform(0.9, 1.1)
        closed: Formants = [
            (560 * size, 260, -2),
            (1_250 * size, 420, -8),
            (2_900 * size, 700, -20),
            (4_400, 1_200, -30),
        ]
        opened: Formants = [
            (880 * size, 240, 2),
            (1_420 * size, 340, -1),
            (2_700 * size, 650, -13),
            (4_600, 1_200, -24),
        ]
        bark = uttered(
            rng,
            length,
            [(0, 0.62 * top), (0.25, top), (0.6, 0.8 * top), (1, 0.42 * top)],
            [(0, 0), (0.10, 0.9), (0.3, 1), (0.65, 0.5), (1, 0)],
            [(0, closed), (0.35, opened), (1, closed)],
            Voice(
                tilt_db=-7,
                jitter=0.09,
                shimmer=0.25,
                rough=rng.uniform(0.1, 0.5),
                breath_db=-6,
                breath_tilt_db=-2,
                low_cut_hz=520 * size,
            ),
        )
        pieces.append((at, unit(bark) * np.float32(rng.uniform(0.7, 1.0))))
        at += length + gap * rng.lognormal(0, 0.25)
    return in_place(rng, sequence(pieces), 0.4, -13.0, 9.0)


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


def cow(rng: Rng, duration_s: float, mass: float = 550.0) -> Signal:
    """A moo: begun through the nose, then the mouth opens."""
    young = smaller(550.0, mass)
    length = duration_s * rng.uniform(0.75, 1.2) / young**0.5
    f0 = own(rng).uniform(0.9, 1.12) * young
    nose = scaled([(240, 80, 4), (720, 180, -16), (1_500, 300, -26), (2_400, 400, -34), (3_300, 500, -40)], young)
    mouth = scaled([(300, 90, 3), (830, 140, 2), (1_450, 260, -4), (2_100, 320, -8), (3_100, 600, -20)], young)
    closing = scaled([(270, 90, 3), (760, 160, -5), (1_420, 280, -12), (2_200, 380, -18), (3_100, 600, -28)], young)
    moo = uttered(
        rng,
        length,
        [(0, 108 * f0), (0.25, 150 * f0), (0.55, 172 * f0), (0.8, 160 * f0), (1, 112 * f0)],
        [(0, 0), (0.1, 0.35), (0.35, 0.8), (0.6, 1), (0.85, 0.6), (1, 0)],
        [(0, nose), (0.28, nose), (0.5, mouth), (0.8, mouth), (1, closing)],
        Voice(tilt_db=-3.5, jitter=0.018, shimmer=0.14, rough=0.25, breath_db=-19, breath_tilt_db=-2),
    )
    return in_place(rng, moo, 0.5, -14.0, 12.0)


def bleat(
    rng: Rng, length: float, f0: float, mouth: float, *, tremor_hz: float, tremor: float, rough: float = 0.15
) -> Signal:
    """Return one bleat of a sheep or goat: a tremor in level and pitch, formants of a short open mouth."""
    shut: Formants = scaled([(520, 160, -2), (1_350, 220, -9), (2_500, 350, -14), (3_500, 500, -22)], mouth)
    wide: Formants = scaled([(620, 170, 2), (1_620, 220, 5), (2_650, 320, 2), (3_700, 520, -6)], mouth)
    return uttered(
        rng,
        length,
        [(0, 0.9 * f0), (0.2, 1.1 * f0), (0.7, 1.02 * f0), (1, 0.85 * f0)],
        [(0, 0), (0.09, 0.8), (0.3, 1), (0.75, 0.75), (1, 0)],
        [(0, shut), (0.2, wide), (0.8, wide), (1, shut)],
        Voice(
            tilt_db=-3,
            jitter=0.025,
            shimmer=0.18,
            rough=rough,
            tremor_hz=tremor_hz,
            tremor=tremor,
            breath_db=-13,
            low_cut_hz=560,
        ),
    )


def sheep(rng: Rng, duration_s: float, mass: float = 60.0) -> Signal:
    """A sheep's baa; sometimes a lamb answers."""
    young = smaller(60.0, mass)
    ewe = bleat(
        rng,
        rng.uniform(0.75, 1.2) / young**0.4,
        own(rng).uniform(165, 225) * rng.uniform(0.97, 1.03) * young,
        young**0.5,
        tremor_hz=rng.uniform(7, 10),
        tremor=0.32,
    )
    pieces = [(0.0, unit(ewe))]
    if rng.random() < 0.35:
        lamb = bleat(rng, rng.uniform(0.5, 0.8), rng.uniform(340, 420), 1.32, tremor_hz=9.0, tremor=0.2)
        pieces.append((rng.uniform(1.3, 1.9), 0.5 * unit(lamb)))
    return in_place(rng, sequence(pieces), 0.4, -15.0, 11.0)


def goat(rng: Rng, duration_s: float, mass: float = 45.0) -> Signal:
    """A goat."""
    young = smaller(45.0, mass)
    one = bleat(
        rng,
        rng.uniform(0.5, 0.9) / young**0.3,
        own(rng).uniform(230, 300) * young,
        1.05 * young**0.5,
        tremor_hz=rng.uniform(11, 16),
        tremor=0.75,
        rough=0.3,
    )
    return in_place(rng, one, 0.4, -15.0, 10.0)


def elephant(rng: Rng, duration_s: float, mass: float = 4_000.0) -> Signal:
    """A trumpet blast through the trunk."""
    young = smaller(4_000.0, mass)
    length = rng.uniform(0.9, 1.6) / young**0.4
    k = own(rng).uniform(0.9, 1.1) * young
    trunk = scaled([(640, 170, 2), (1_050, 200, 4), (1_500, 260, 0), (2_600, 420, -2), (3_800, 700, -8)], young**0.6)
    blast = uttered(
        rng,
        length,
        [(0, 300 * k), (0.15, 500 * k), (0.5, 540 * k), (0.8, 470 * k), (1, 320 * k)],
        [(0, 0), (0.08, 0.9), (0.35, 1), (0.8, 0.8), (1, 0)],
        [(0, scaled(trunk, 0.9)), (0.3, trunk), (1, scaled(trunk, 0.95))],
        Voice(tilt_db=-1.5, jitter=0.06, shimmer=0.2, rough=0.3, breath_db=-10, breath_tilt_db=-1, low_cut_hz=400),
    )
    brassy = np.tanh(1.8 * unit(blast)).astype(np.float32)
    return in_place(rng, brassy, 0.7, -11.0, 14.0)


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


def bear(rng: Rng, duration_s: float, mass: float = 250.0) -> Signal:
    """A bear growls."""
    young = smaller(250.0, mass)
    throat = scaled([(480, 110, 4), (820, 180, -7), (1_400, 350, -14), (2_500, 600, -26)], young**0.7)
    return in_place(rng, growl(rng, duration_s, 88 * young, throat), 0.4, -13.0)


def big_cat(rng: Rng, duration_s: float, mass: float = 180.0) -> Signal:
    """A lion or tiger: a roar, then grunts that tire."""
    young = smaller(180.0, mass)
    throat = scaled([(230, 90, 4), (480, 130, 1), (880, 260, -6), (1_900, 500, -20)], young**0.8)
    pieces = [(0.0, unit(growl(rng, 1.7, 130 * young, throat)))]
    at = pieces[0][1].size / 48_000 + 0.3
    for k in range(int(rng.integers(1, 4))):
        grunt = growl(rng, 0.55, 105 * young, throat)
        pieces.append((at, unit(grunt) * np.float32(0.7 * 0.8**k)))
        at += grunt.size / 48_000 + rng.uniform(0.25, 0.45)
    return in_place(rng, sequence(pieces), 0.8, -11.0, 16.0)


def pig(rng: Rng, duration_s: float, mass: float = 120.0) -> Signal:
    """Grunts and snuffling."""
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


def howl(rng: Rng, duration_s: float, mass: float = 40.0) -> Signal:
    """A wolf, far enough away."""
    length = duration_s * rng.uniform(0.75, 1.1)
    k = own(rng).uniform(0.88, 1.12) * smaller(40.0, mass)
    oo: Formants = [(480 * k, 180, 3), (900, 220, -6), (2_300, 400, -20)]
    call = uttered(
        rng,
        length,
        [(0, 280 * k), (0.14, 500 * k), (0.2, 540 * k), (0.7, 490 * k), (1, 330 * k)],
        [(0, 0), (0.12, 0.7), (0.4, 1), (0.8, 0.8), (1, 0)],
        [(0, oo), (1, oo)],
        Voice(tilt_db=-10, jitter=0.008, shimmer=0.08, tremor_hz=4.5, tremor=0.06, breath_db=-24),
    )
    return in_place(rng, call, 1.5, -7.0, 30.0)


def chatter(rng: Rng, duration_s: float, mass: float = 8.0) -> Signal:
    """A monkey: a run of hoots that climbs."""
    pieces, at = [], 0.0
    young = smaller(8.0, mass)
    base = own(rng).uniform(450, 590) * young
    for _ in range(int(rng.integers(5, 10))):
        length = rng.uniform(0.08, 0.16)
        shape = scaled([(750, 180, 2), (1_500, 260, -3), (2_800, 500, -12)], young**0.7)
        hoot = uttered(
            rng,
            length,
            [(0, base), (0.5, 1.35 * base), (1, 1.05 * base)],
            [(0, 0), (0.25, 1), (0.7, 0.7), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-7, jitter=0.03, shimmer=0.25, breath_db=-10),
        )
        pieces.append((at, unit(hoot) * np.float32(rng.uniform(0.6, 1.0))))
        at += length + rng.uniform(0.06, 0.16)
        base *= rng.uniform(1.0, 1.08)
    return in_place(rng, sequence(pieces), 0.6, -11.0, 14.0)


def hiss(rng: Rng, duration_s: float) -> Signal:
    """A snake."""
    length = duration_s * rng.uniform(0.6, 1.1)
    count = frames(length)
    air = noise(rng, count, lambda f: band(f, 2_200.0, 9_000.0, 1) + 0.7 * peak(f, 4_100.0, 2.0))
    breath = bursts(count, [0.0], length, 1.0, 0.2, 1.0)
    return air * breath * stretched(np.exp(0.2 * wander(rng, int(length * 200), 200.0, 3, 40)), count)


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
    at_distance(Model("dog", ("dog", "canine"), "event", 1, 2.0, "Dog barking", dog, (mass(2.0, 80.0, 22.0),)), 12.0),
    Model("dogs", ("pack of dogs",), "loop", 1, 22.0, "Dogs barking", herd(dog, 2.0, 0.45), (HERD,)),
    Model("cat", ("cat", "pet"), "event", 1, 1.6, "Cat", cat, (mass(0.4, 9.0, 4.0),)),
    at_distance(Model("cow", ("cow",), "event", 1, 2.0, "Cow", cow, (mass(50.0, 1_000.0, 550.0),)), 20.0),
    Model("cattle", ("herd of cattle",), "loop", 1, 26.0, "Herd of cattle", herd(cow, 1.9, 0.28), (HERD,)),
    at_distance(Model("sheep", ("sheep",), "event", 1, 1.6, "Sheep", sheep, (mass(5.0, 110.0, 60.0),)), 15.0),
    Model("flock", ("flock of sheep",), "loop", 1, 24.0, "Flock of sheep", herd(sheep, 1.4, 0.6), (HERD,)),
    at_distance(Model("goat", ("goat",), "event", 1, 0.9, "Goat", goat, (mass(4.0, 100.0, 45.0),)), 15.0),
    Model("pig", ("pig", "livestock"), "event", 1, 2.2, "Pig", pig, (mass(4.0, 320.0, 120.0),)),
    at_distance(
        Model("elephant", ("elephant",), "event", 1, 1.6, "Elephant", elephant, (mass(150.0, 6_500.0, 4_000.0),)), 30.0
    ),
    at_distance(
        Model("bear", ("bear", "carnivore"), "event", 1, 1.8, "Bear growling", bear, (mass(20.0, 600.0, 250.0),)), 10.0
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
            (mass(20.0, 280.0, 180.0),),
        ),
        30.0,
    ),
    Model("rodent", ("rodent",), "event", 1, 1.0, "Small rodent", squeaks),
    at_distance(Model("wolf", ("wolf",), "event", 1, 4.5, "Wolf howling", howl, (mass(10.0, 80.0, 40.0),)), 200.0),
    at_distance(
        Model("monkey", ("monkey", "primate"), "event", 1, 1.8, "Monkey", chatter, (mass(0.5, 60.0, 8.0),)), 20.0
    ),
    Model("snake", ("snake", "reptile"), "event", 1, 1.6, "Snake hissing", hiss),
)
