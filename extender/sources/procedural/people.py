"""People: crowds, voices, hands, cloth. Nobody says a word that could be understood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural import calls_bouts
from extender.sources.procedural.grains import add, bursts, in_place, mirrored, mixed, sequence, struck, widened
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.steps import footsteps
from extender.sources.procedural.toolkit import (
    Rng,
    Shape,
    Signal,
    around,
    arrivals,
    band,
    between,
    convolved,
    filtered,
    frames,
    glide,
    noise,
    own,
    peak,
    rms,
    stretched,
    unit,
    wander,
)
from extender.sources.procedural.voices import Formants, Voice, babble, uttered
from mixer.types import Samples


def _walks(rng: Rng, walkers: int) -> list[Signal]:
    """Return as many people walking by, each nearest in the middle."""
    walks = [unit(footsteps(rng, rng.uniform(4.0, 8.0))) for _ in range(walkers)]
    return [one * stretched(np.hanning(40), one.size) for one in walks]


def _many_steps(rng: Rng, count: int, duration_s: float, walkers: int, walks: list[Signal]) -> Signal:
    """Return walkers who come and go; each walks as one of ``walks``."""
    line = np.zeros(count, dtype=np.float32)
    for number in range(walkers):
        one = walks[number] if walkers <= len(walks) else walks[int(rng.integers(len(walks)))]
        add(line, float(rng.uniform(-3.0, duration_s - 1.0)), one, float(rng.lognormal(-0.5, 0.5)))
    return line


def murmur(
    rng: Rng,
    duration_s: float,
    talkers: int,
    *,
    near: float,
    wet_db: float,
    t60_s: float,
    cut_hz: float = 4_000.0,
    scale: float = 1.0,
) -> Samples:
    """Return people talking all round: two halves of the company left and right, the room over both."""
    count = frames(duration_s)
    long_s = duration_s + t60_s
    halves = [babble(rng, long_s, max(talkers // 2, 1), near=near, scale=scale) for _ in range(2)]
    sides = [0.8 * halves[0] + 0.25 * halves[1], 0.25 * halves[0] + 0.8 * halves[1]]
    out = []
    for side in sides:
        roomy = in_place(rng, side, t60_s, wet_db, 15.0, lambda f: band(f, 130.0, cut_hz, 1))
        # The tail of what was before the beginning is already there: a bed has no start.
        out.append(roomy[frames(t60_s) : frames(t60_s) + count])
    return np.asarray(np.stack(out), dtype=np.float32)


CROWD = Parameter("persons", 2.0, 1_000.0, 26.0, "persons", "how many there are")
_SINGLE = 60
"""So many talkers are made one by one; more only stand closer together, and blur."""


def blurred(persons: float, near: float) -> tuple[int, float, float]:
    """Return talkers to make, their unevenness, and how much more reverberant so many people sound in dB."""
    beyond = max(float(np.log2(persons / 26.0)), 0.0)
    return min(round(persons), _SINGLE), near / (1.0 + 0.4 * beyond), 1.2 * beyond


def crowd(rng: Rng, duration_s: float, persons: float = CROWD.default) -> Samples:
    """Many people outdoors: talk, steps, the movement of all."""
    count = frames(duration_s)
    talkers, near, wetter_db = blurred(persons, 0.6)
    talk = murmur(rng, duration_s, talkers, near=near, wet_db=-4.0 + wetter_db, t60_s=0.8)
    walkers = int(np.clip(persons / 4, 1, 12))
    walks = _walks(rng, min(walkers, 5))
    steps = widened(rng, [(_many_steps(rng, count, duration_s, walkers, walks), s) for s in (-0.6, 0.6)], count)
    cloth = mirrored(noise(rng, count, lambda f: band(f, 200.0, 3_000.0, 1)))
    level = rms(talk)
    step_level = rms(steps) or 1.0
    return np.asarray(talk / level + 0.22 * steps / step_level + 0.07 * cloth, dtype=np.float32)


def _shout(rng: Rng, f0: float, length: float, scale: float) -> Signal:
    """One open-mouthed call without a word."""
    ah: Formants = [(820 * scale, 120, 3), (1_320 * scale, 160, 1), (2_700 * scale, 260, -7), (3_900 * scale, 420, -14)]
    eh: Formants = [(600 * scale, 110, 3), (1_850 * scale, 180, 0), (2_750 * scale, 260, -5), (3_900 * scale, 420, -14)]
    a, b = (ah, eh) if rng.random() < 0.5 else (eh, ah)
    return uttered(
        rng,
        length,
        [(0, 0.85 * f0), (0.35, 1.2 * f0), (1, 0.8 * f0)],
        [(0, 0), (0.15, 0.9), (0.6, 1), (1, 0)],
        [(0, a), (1, b)],
        Voice(tilt_db=-7, jitter=0.02, shimmer=0.15, breath_db=-18),
    )


def _of_many(rng: Rng, calls: list[Signal], people: int) -> list[Signal]:
    """Return calls of so many people: those given, then the same from throats a little larger or smaller."""
    more = []
    for number in range(people - len(calls)):
        one = calls[number % len(calls)]
        pace = rng.uniform(1.05, 1.13) ** (1 if number % 2 else -1)
        at = np.arange(int(one.size / pace), dtype=np.float64) * pace
        more.append(np.interp(at, np.arange(one.size), one).astype(np.float32))
    return calls + more


def called(rng: Rng, duration_s: float) -> Signal:
    """A child calls out, in no language."""
    return _shout(rng, rng.uniform(330, 560), duration_s * rng.uniform(0.5, 1.4), rng.uniform(1.15, 1.35))


def children(rng: Rng, duration_s: float, persons: float = 12.0) -> Samples:
    """Children at play, some way off."""
    count = frames(duration_s)
    talkers, near, wetter_db = blurred(persons, 0.7)
    wet_db = -6.0 + wetter_db
    talk = murmur(rng, duration_s, talkers, near=near, wet_db=wet_db, t60_s=0.7, cut_hz=5_500.0, scale=1.32)
    sources = []
    people = min(2 * round(persons), 16)
    voices = _of_many(rng, [unit(called(rng, 0.45)) for _ in range(min(people, 7))], people)
    for side in (-0.85, -0.3, 0.25, 0.8):
        line = np.zeros(count, dtype=np.float32)
        for at in arrivals(rng, duration_s + 1.0, 0.6 * (persons / 12.0) ** 0.7) - 1.0:
            add(line, float(at), voices[int(rng.integers(len(voices)))], float(rng.lognormal(-0.8, 0.6)))
        sources.append((line, side))
    calls = np.stack([in_place(rng, heard, 0.7, -7.0, 18.0)[:count] for heard in widened(rng, sources, count)])
    walks = _walks(rng, 4)
    steps = widened(rng, [(_many_steps(rng, count, duration_s, 5, walks), s) for s in (-0.5, 0.5)], count)
    level = [rms(part) or 1.0 for part in (talk, calls, steps)]
    return np.asarray(0.7 * talk / level[0] + calls / level[1] + 0.12 * steps / level[2], dtype=np.float32)


def _sum_of(one: Shape, other: Shape, share: float) -> Shape:
    return lambda f: one(f) + share * other(f)


def _claps(rng: Rng, count: int, duration_s: float, clappers: int, mood: np.ndarray, kinds: int = 6) -> Signal:
    """Return people clapping, each with their own time, their hands of so many sizes."""
    groups = min(clappers, kinds)  # hands of like size share a noise
    out = np.zeros(count, dtype=np.float32)
    for _ in range(groups):
        palm = around(rng.uniform(700, 2_600), 1.6)
        gate = np.zeros(count, dtype=np.float32)
        for _ in range(max(clappers // groups, 1)):
            at = arrivals(rng, duration_s, rng.uniform(2.8, 4.4), 0.9)
            at = at + rng.normal(0, 0.012, at.size)
            level = np.interp(at, np.linspace(0, duration_s, mood.size), mood) * rng.lognormal(0, 0.25, at.size)
            keep = rng.random(at.size) < np.clip(1.6 * level, 0, 1)
            gate += rng.lognormal(-0.4, 0.6) * bursts(
                count, at[keep], rng.uniform(0.012, 0.022), level[keep], 0.03, 5.0
            )
        bright = between(1_500.0, 9_000.0)
        out += noise(rng, count, _sum_of(palm, bright, 0.25)) * gate
    return out


def applause(rng: Rng, duration_s: float, persons: float = 50.0) -> Signal:
    """Applause that rises, holds and thins out."""
    duration_s *= rng.uniform(0.85, 1.15)
    mood = glide([(0, 0), (0.12, 0.9), (0.5, 1), (0.75, 0.55), (1, 0)], 200)
    hands = _claps(rng, frames(duration_s), duration_s, min(round(persons), 150), mood)
    larger = float(np.clip(np.log2(persons / 50.0), -2.0, 6.0))  # a hall for so many
    return in_place(rng, hands, 0.9 + 0.12 * larger, -9.0 + 1.3 * larger, 16.0 + 3.0 * larger)


def _shouts(rng: Rng) -> list[Signal]:
    """Return nine calls of nine people."""
    five = [unit(_shout(rng, rng.uniform(180, 420), rng.uniform(0.5, 1.2), rng.uniform(0.95, 1.15))) for _ in range(5)]
    return _of_many(rng, five, 9)


def _roar(rng: Rng, duration_s: float, voices: int, calls: list[Signal]) -> Signal:
    """A crowd's open vowel: a few shouted voices spread by noise into many."""
    count = frames(duration_s)
    pool = np.zeros(count, dtype=np.float32)
    for _ in range(voices):
        add(pool, float(rng.uniform(-0.5, duration_s)), calls[int(rng.integers(9))], float(rng.lognormal(-0.3, 0.5)))
    smear = rng.standard_normal(frames(0.3)).astype(np.float32) * np.hanning(frames(0.3)).astype(np.float32)
    return mixed((0.0, convolved(pool, smear)[:count]), (-5.0, pool))


def cheering(rng: Rng, duration_s: float, persons: float = 40.0) -> Signal:
    """A cheer goes up."""
    duration_s *= rng.uniform(0.85, 1.15)
    count = frames(duration_s)
    swell = stretched(glide([(0, 0), (0.15, 0.8), (0.35, 1), (0.7, 0.5), (1, 0)], 200), count)
    hands = _claps(rng, count, duration_s, min(round(persons), 100), glide([(0, 0), (0.4, 1), (1, 0)], 100))
    return in_place(
        rng,
        mixed((0.0, _roar(rng, duration_s, int(np.clip(0.75 * persons, 3, 150)), _shouts(rng)) * swell), (-8.0, hands)),
        1.0,
        -8.0,
        20.0,
    )


STADIUM = Parameter("persons", 500.0, 90_000.0, 20_000.0, "persons", "how many there are")


def stadium(rng: Rng, duration_s: float, persons: float = STADIUM.default) -> Samples:
    """A full stadium between the great moments."""
    count = frames(duration_s)
    larger = float(np.log2(persons / STADIUM.default))
    talk = murmur(rng, duration_s, 44, near=0.2, wet_db=2.0 + 0.5 * larger, t60_s=1.6 + 0.1 * larger, cut_hz=3_000.0)
    mood = np.exp(0.7 * wander(rng, int(duration_s * 10), 10.0, 0.05, 0.4))
    calls, voices = _shouts(rng), int(np.clip(45 * 2.0 ** (0.4 * larger), 8, 120))
    roars = np.stack([_roar(rng, duration_s, voices, calls) for _ in range(2)]) * stretched(mood, count)
    hands = np.stack([_claps(rng, count, duration_s, 24, np.clip(mood - 0.8, 0, 2), 3) for _ in range(2)])
    level = [rms(part) or 1.0 for part in (talk, roars, hands)]
    return np.asarray(talk / level[0] + 0.7 * roars / level[1] + 0.2 * hands / level[2], dtype=np.float32)


def television(rng: Rng, duration_s: float) -> Signal:
    """A television in the room: someone talks without words, a tune comes and goes, through a small loudspeaker."""
    count = frames(duration_s)
    talk = babble(rng, duration_s, 2, near=0.5)
    beats = np.arange(0.3, duration_s, 0.42)
    playing = wander(rng, beats.size, 2.4, 0.05, 0.4) > 0.2
    steps = np.cumsum(rng.integers(-2, 3, beats.size)) % 5
    tones = 220.0 * np.array([1.0, 1.2, 1.335, 1.5, 1.78])[steps] * rng.choice([1.0, 2.0], beats.size)
    tune = struck(
        rng,
        count,
        beats,
        tones[:, None] * np.array([[1.0, 2.0, 3.0]]),
        np.array([[0.9, 0.6, 0.4]]),
        (playing * 1.0)[:, None] * np.array([[1.0, 0.4, 0.2]]),
        0.01,
    )
    small = filtered(mixed((0.0, talk), (-8.0, tune)), lambda f: band(f, 280.0, 3_400.0, 2) + 0.3 * peak(f, 900.0, 3.0))
    return in_place(rng, small, 0.35, -8.0)[:count]


def _rub(rng: Rng, length: float, low: float, high: float) -> Signal:
    """Cloth on cloth."""
    count = frames(length)
    fibre = stretched(np.abs(wander(rng, max(int(length * 400), 16), 400.0, 8.0, 120.0, 0.2)), count)
    return noise(rng, count, lambda f: band(f, low, high, 1)) * fibre * np.hanning(count).astype(np.float32) ** 0.7


def cloth(rng: Rng, duration_s: float) -> Signal:
    """Clothes, a bag taken up, someone turning over."""
    pieces, at = [], 0.0
    for _ in range(int(rng.integers(2, 5))):
        length = rng.uniform(0.2, 0.6)
        pieces.append((at, _rub(rng, length, 500.0, 5_500.0) * np.float32(rng.uniform(0.4, 1.0))))
        at += length * rng.uniform(0.7, 1.6)
    return in_place(rng, sequence(pieces), 0.2, -16.0)


sneeze = calls_bouts.called("sneeze", 0.0, calls_bouts.ONE, t60_s=0.3, wet_db=-16.0, first_ms=8.0)
baby = calls_bouts.called("baby", 0.0, calls_bouts.Bout(3, 6, 1.1), wet_db=-15.0)


COUGH = Parameter("height", 0.8, 2.0, 1.72, "m", "of the person")


def cough(rng: Rng, duration_s: float, height: float = COUGH.default) -> Signal:
    """One or two coughs."""
    pieces, at = [], 0.0
    size = own(rng).uniform(0.92, 1.18) * COUGH.default / height
    for k in range(int(rng.integers(1, 4))):
        length = rng.uniform(0.2, 0.32)
        throat: Formants = [(620 * size, 220, 3), (1_300 * size, 320, 2), (2_500 * size, 500, -4), (3_700, 900, -8)]
        burst = uttered(
            rng,
            length,
            [(0, 210 * size), (1, 130 * size)],
            [(0, 0), (0.04, 1), (0.3, 0.5), (0.6, 0.35), (1, 0)],
            [(0, throat), (1, throat)],
            Voice(tilt_db=-6, jitter=0.12, shimmer=0.4, rough=0.4, breath_db=3, breath_tilt_db=-2),
        )
        pieces.append((at, unit(burst) * np.float32(0.85**k)))
        at += length + rng.uniform(0.1, 0.25)
    return in_place(rng, sequence(pieces), 0.35, -13.0)


LAUGH = Parameter("pitch", 110.0, 450.0, 250.0, "Hz", "of the voice")


def laughter(rng: Rng, duration_s: float, pitch: float = LAUGH.default) -> Signal:
    """Somebody laughs."""
    pieces, at = [], 0.0
    f0 = pitch * own(rng).uniform(0.85, 1.18)
    size = 1.0 if f0 < 250 else 1.15
    for k in range(int(rng.integers(5, 10))):
        length = rng.uniform(0.08, 0.13)
        ha: Formants = [(760 * size, 130, 3), (1_350 * size, 170, 0), (2_600 * size, 300, -8), (3_700, 600, -14)]
        one = uttered(
            rng,
            length,
            [(0, f0), (0.4, 1.1 * f0), (1, 0.85 * f0)],
            [(0, 0), (0.25, 1), (0.7, 0.6), (1, 0)],
            [(0, ha), (1, ha)],
            Voice(tilt_db=-9, jitter=0.025, shimmer=0.25, breath_db=-7),
        )
        pieces.append((at, unit(one) * np.float32(0.93**k)))
        at += rng.uniform(0.17, 0.22)
        f0 *= 0.975
    return in_place(rng, sequence(pieces), 0.4, -12.0)


def herd_of_steps(rng: Rng, duration_s: float) -> Signal:
    """Steps on a hard floor by several people."""
    count = frames(duration_s)
    return in_place(rng, _many_steps(rng, count, duration_s, 9, _walks(rng, 9)), 0.4, -10.0)[:count]


MODELS = (
    Model("crowd", ("crowd", "human group"), "ambience", 2, 26.0, "Crowd", crowd, (CROWD,)),
    Model(
        "children",
        ("children playing", "child"),
        "ambience",
        2,
        26.0,
        "Children at play",
        children,
        (replace(CROWD, high=200.0, default=12.0),),
    ),
    Model(
        "applause", ("applause",), "event", 1, 6.0, "Applause", applause, (replace(CROWD, high=5_000.0, default=50.0),)
    ),
    Model(
        "cheering", ("cheering",), "event", 1, 5.0, "Cheering", cheering, (replace(CROWD, high=5_000.0, default=40.0),)
    ),
    Model("stadium", ("stadium crowd",), "ambience", 2, 28.0, "Stadium", stadium, (STADIUM,)),
    Model("television", ("tv", "radio"), "loop", 1, 24.0, "Television murmur", television),
    Model("cloth", ("cloth", "sleeper"), "event", 1, 1.6, "Rustling clothes", cloth),
    Model("cough", ("cough",), "event", 1, 0.9, "Cough", cough, (COUGH,)),
    Model("sneeze", ("sneeze",), "event", 1, 0.9, "Sneeze", sneeze, (calls_bouts.EXCITEMENT,)),
    Model("baby", ("baby",), "event", 1, 4.5, "Baby crying", baby, (calls_bouts.EXCITEMENT,)),
    Model("laughter", ("laughter",), "event", 1, 1.8, "Laughter", laughter, (LAUGH,)),
)
