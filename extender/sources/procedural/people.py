"""People: steps, crowds, hands, play. Nobody says a word that could be understood."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.animals import sequence
from extender.sources.procedural.model import Model
from extender.sources.procedural.toolkit import (
    Rng,
    Signal,
    add,
    arrivals,
    band,
    bursts,
    convolved,
    filtered,
    frames,
    glide,
    impulses,
    in_place,
    mixed,
    noise,
    peak,
    stretched,
    struck,
    unit,
    wander,
    widened,
)
from extender.sources.procedural.voices import Formants, Voice, babble, uttered
from mixer.types import Samples

_HARD_HZ = np.array([[78.0, 185.0, 420.0, 980.0, 2_100.0]])
_HARD_T60 = np.array([[0.06, 0.05, 0.035, 0.02, 0.012]])
_WOOD_HZ = np.array([[92.0, 148.0, 235.0, 390.0, 720.0]])
_WOOD_T60 = np.array([[0.14, 0.12, 0.10, 0.06, 0.03]])


def walk(rng: Rng, duration_s: float, period_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (times, force, is the left foot) of a walk's steps, with the small limp that everybody has."""
    count = int(duration_s / period_s)
    gaps = period_s * (1 + 0.035 * rng.standard_normal(count)) * (1 + 0.02 * np.where(np.arange(count) % 2, 1, -1))
    force = np.exp(0.18 * rng.standard_normal(count)) * np.where(np.arange(count) % 2, 0.88, 1.0)
    return 0.05 + np.concatenate([[0.0], np.cumsum(gaps)[:-1]]), force, np.arange(count) % 2 == 0


def _strikes(
    rng: Rng, count: int, times: np.ndarray, force: np.ndarray, left: np.ndarray, modes: np.ndarray, t60: np.ndarray,
    gains: np.ndarray, scuff: tuple[float, float], scuff_db: float,
) -> Signal:  # fmt: skip
    """Heel, then toe, on something hard: modes of floor and shoe, a click, a scuff of the sole between them."""
    roll = rng.uniform(0.09, 0.14) * rng.normal(1, 0.08, times.size)
    at = np.concatenate([times, times + roll])
    loud = np.concatenate([force, 0.45 * force * rng.lognormal(0, 0.2, force.size)])
    foot = np.concatenate([np.where(left, 1.0, 1.045), np.where(left, 1.22, 1.18)])
    pitch = (foot * rng.normal(1, 0.035, at.size))[:, None] * modes
    tints = gains * rng.lognormal(0, 0.25, (at.size, gains.shape[1]))
    body = struck(rng, count, at, pitch, t60, loud[:, None] * tints, 0.0008)
    click = noise(rng, count, lambda f: band(f, 900.0, 4_500.0, 1)) * bursts(count, at, 0.012, loud, 0.06, 6.0)
    sole = noise(rng, count, lambda f: band(f, scuff[0], scuff[1], 1)) * bursts(
        count, times + 0.02, roll + 0.05, force * rng.lognormal(-0.2, 0.4, times.size), 0.4, 1.5
    )
    return mixed((0.0, body), (-6.0, click), (scuff_db, sole))


def footsteps(rng: Rng, duration_s: float) -> Signal:
    """Shoes on pavement, walking by."""
    duration_s *= rng.uniform(0.75, 1.2)
    count = frames(duration_s)
    times, force, left = walk(rng, duration_s - 0.4, rng.uniform(0.49, 0.58))
    gains = np.array([[0.9, 1.0, 0.9, 0.8, 0.5]]) * rng.lognormal(0, 0.2, (1, 5))
    steps = _strikes(rng, count, times, force, left, _HARD_HZ * rng.uniform(0.9, 1.15), _HARD_T60, gains, (900, 5_000), -9.0)
    return in_place(rng, steps, 0.3, -12.0, 9.0)


def steps_indoors(rng: Rng, duration_s: float) -> Signal:
    """Shoes on a wooden floor."""
    duration_s *= rng.uniform(0.75, 1.2)
    count = frames(duration_s)
    times, force, left = walk(rng, duration_s - 0.4, rng.uniform(0.5, 0.6))
    gains = np.array([[1.0, 0.9, 0.7, 0.4, 0.25]])
    steps = _strikes(rng, count, times, force, left, _WOOD_HZ * rng.uniform(0.9, 1.15), _WOOD_T60, gains, (600, 3_500), -13.0)
    return in_place(rng, steps, 0.35, -10.0, 7.0)


def _grainy(rng: Rng, duration_s: float, period_s: float, layers: tuple[tuple[float, float, float, float], ...]) -> Signal:
    """Steps that crunch: grains per second, centre Hz, Q and level in dB of each layer, under a press and a push."""
    count = frames(duration_s)
    times, force, _ = walk(rng, duration_s - 0.5, period_s)
    press = bursts(count, np.concatenate([times, times + 0.17]), 0.2, np.concatenate([force, 0.7 * force]), 0.25, 2.5)
    parts = []
    for per_s, centre, q, level in layers:
        at = arrivals(rng, duration_s, per_s)
        ticks = impulses(count, at * 48_000, rng.lognormal(0, 0.9, at.size) * rng.choice([-1.0, 1.0], at.size))
        grains = filtered(ticks * press, lambda f, c=centre, w=q: peak(f, c, w))
        parts.append((level, grains))
    thump = struck(rng, count, times, [[72.0, 130.0]], [[0.07, 0.05]], force[:, None] * np.array([[1.0, 0.6]]), 0.004)
    return mixed(*parts, (-8.0, thump))


def steps_gravel(rng: Rng, duration_s: float) -> Signal:
    """Boots on gravel."""
    layers = ((1_300.0, 5_200.0, 1.0, 0.0), (300.0, 2_300.0, 1.5, -3.0), (60.0, 1_100.0, 2.0, -6.0))
    return in_place(rng, _grainy(rng, duration_s * rng.uniform(0.75, 1.2), rng.uniform(0.5, 0.58), layers), 0.15, -18.0)


def steps_snow(rng: Rng, duration_s: float) -> Signal:
    """Boots on snow: it creaks under the press."""
    layers = ((900.0, 1_400.0, 1.6, 0.0), (700.0, 3_200.0, 1.6, -3.0), (250.0, 650.0, 2.5, -5.0))
    return _grainy(rng, duration_s * rng.uniform(0.75, 1.2), rng.uniform(0.55, 0.65), layers)


def runner(rng: Rng, duration_s: float) -> Signal:
    """Someone runs by: toes first, breath."""
    duration_s *= rng.uniform(0.75, 1.1)
    count = frames(duration_s)
    times, force, left = walk(rng, duration_s - 0.4, rng.uniform(0.32, 0.38))
    gains = np.array([[1.2, 1.0, 0.7, 0.5, 0.3]])
    steps = _strikes(rng, count, times, force, left, _HARD_HZ * 0.9, _HARD_T60, gains, (700, 4_000), -5.0)
    breaths = times[::4]
    air = noise(rng, count, lambda f: peak(f, 1_500.0, 1.0)) * bursts(count, breaths, 0.45, 1.0, 0.35, 2.0)
    return in_place(rng, mixed((0.0, steps), (-17.0, air)), 0.2, -14.0)


def _many_steps(rng: Rng, count: int, duration_s: float, walkers: int) -> Signal:
    """Return walkers who come and go."""
    line = np.zeros(count, dtype=np.float32)
    for _ in range(walkers):
        one = unit(footsteps(rng, rng.uniform(4.0, 8.0)))
        near = stretched(np.hanning(40), one.size)
        add(line, float(rng.uniform(-3.0, duration_s - 1.0)), one * near, float(rng.lognormal(-0.5, 0.5)))
    return line


def murmur(
    rng: Rng, duration_s: float, talkers: int, *, near: float, wet_db: float, t60_s: float, cut_hz: float = 4_000.0,
    scale: float = 1.0,
) -> Samples:  # fmt: skip
    """Return people talking all round: two halves of the company left and right, the room over both."""
    count = frames(duration_s)
    long_s = duration_s + t60_s
    halves = [
        babble(rng, long_s, max(talkers // 2, 1), near=near, scale=scale) for _ in range(2)
    ]
    sides = [0.8 * halves[0] + 0.25 * halves[1], 0.25 * halves[0] + 0.8 * halves[1]]
    out = []
    for side in sides:
        roomy = in_place(rng, side, t60_s, wet_db, 15.0, lambda f: band(f, 130.0, cut_hz, 1))
        # The tail of what was before the beginning is already there: a bed has no start.
        out.append(roomy[frames(t60_s) : frames(t60_s) + count])
    return np.asarray(np.stack(out), dtype=np.float32)


def crowd(rng: Rng, duration_s: float) -> Samples:
    """Many people outdoors: talk, steps, the movement of all."""
    count = frames(duration_s)
    talk = murmur(rng, duration_s, 26, near=0.6, wet_db=-4.0, t60_s=0.8)
    steps = widened(rng, [(_many_steps(rng, count, duration_s, 6), s) for s in (-0.6, 0.6)], count)
    cloth = np.stack([noise(rng, count, lambda f: band(f, 200.0, 3_000.0, 1)) for _ in range(2)])
    level = float(np.sqrt(np.mean(np.square(talk))))
    step_level = float(np.sqrt(np.mean(np.square(steps)))) or 1.0
    return np.asarray(talk / level + 0.22 * steps / step_level + 0.07 * cloth, dtype=np.float32)


def _shout(rng: Rng, f0: float, length: float, scale: float) -> Signal:
    """One open-mouthed call without a word."""
    ah: Formants = [(820 * scale, 120, 3), (1_320 * scale, 160, 1), (2_700 * scale, 260, -7), (3_900 * scale, 420, -14)]
    eh: Formants = [(600 * scale, 110, 3), (1_850 * scale, 180, 0), (2_750 * scale, 260, -5), (3_900 * scale, 420, -14)]
    a, b = (ah, eh) if rng.random() < 0.5 else (eh, ah)
    return uttered(
        rng, length, [(0, 0.85 * f0), (0.35, 1.2 * f0), (1, 0.8 * f0)], [(0, 0), (0.15, 0.9), (0.6, 1), (1, 0)],
        [(0, a), (1, b)], Voice(tilt_db=-7, jitter=0.02, shimmer=0.15, breath_db=-18),
    )  # fmt: skip


def called(rng: Rng, duration_s: float) -> Signal:
    """A child calls out, in no language."""
    return _shout(rng, rng.uniform(330, 560), duration_s * rng.uniform(0.5, 1.4), rng.uniform(1.15, 1.35))


def children(rng: Rng, duration_s: float) -> Samples:
    """Children at play, some way off."""
    count = frames(duration_s)
    talk = murmur(rng, duration_s, 12, near=0.7, wet_db=-6.0, t60_s=0.7, cut_hz=5_500.0, scale=1.32)
    sources = []
    for side in (-0.85, -0.3, 0.25, 0.8):
        line = np.zeros(count, dtype=np.float32)
        for at in arrivals(rng, duration_s + 1.0, 0.6) - 1.0:
            add(line, float(at), unit(called(rng, 0.45)), float(rng.lognormal(-0.8, 0.6)))
        sources.append((line, side))
    calls = np.stack([in_place(rng, heard, 0.7, -7.0, 18.0)[:count] for heard in widened(rng, sources, count)])
    steps = widened(rng, [(_many_steps(rng, count, duration_s, 5), s) for s in (-0.5, 0.5)], count)
    level = [float(np.sqrt(np.mean(np.square(part)))) or 1.0 for part in (talk, calls, steps)]
    return np.asarray(0.7 * talk / level[0] + calls / level[1] + 0.12 * steps / level[2], dtype=np.float32)


def _claps(rng: Rng, count: int, duration_s: float, clappers: int, mood: np.ndarray) -> Signal:
    """Return people clapping, each with their own hands and time."""
    groups = 6  # hands of like size share a noise
    out = np.zeros(count, dtype=np.float32)
    for _ in range(groups):
        centre = rng.uniform(700, 2_600)
        gate = np.zeros(count, dtype=np.float32)
        for _ in range(max(clappers // groups, 1)):
            at = arrivals(rng, duration_s, rng.uniform(2.8, 4.4), 0.9)
            at = at + rng.normal(0, 0.012, at.size)
            level = np.interp(at, np.linspace(0, duration_s, mood.size), mood) * rng.lognormal(0, 0.25, at.size)
            keep = rng.random(at.size) < np.clip(1.6 * level, 0, 1)
            gate += rng.lognormal(-0.4, 0.6) * bursts(count, at[keep], rng.uniform(0.012, 0.022), level[keep], 0.03, 5.0)
        out += noise(rng, count, lambda f, c=centre: peak(f, c, 1.6) + 0.25 * band(f, 1_500.0, 9_000.0, 1)) * gate
    return out


def applause(rng: Rng, duration_s: float) -> Signal:
    """Applause that rises, holds and thins out."""
    duration_s *= rng.uniform(0.85, 1.15)
    mood = glide([(0, 0), (0.12, 0.9), (0.5, 1), (0.75, 0.55), (1, 0)], 200)
    hands = _claps(rng, frames(duration_s), duration_s, int(rng.integers(30, 70)), mood)
    return in_place(rng, hands, 0.9, -9.0, 16.0)


def _roar(rng: Rng, duration_s: float, voices: int) -> Signal:
    """A crowd's open vowel: a few shouted voices spread by noise into many."""
    count = frames(duration_s)
    pool = np.zeros(count, dtype=np.float32)
    calls = [unit(_shout(rng, rng.uniform(180, 420), rng.uniform(0.5, 1.2), rng.uniform(0.95, 1.15))) for _ in range(9)]
    for _ in range(voices):
        add(pool, float(rng.uniform(-0.5, duration_s)), calls[int(rng.integers(9))], float(rng.lognormal(-0.3, 0.5)))
    smear = rng.standard_normal(frames(0.3)).astype(np.float32) * np.hanning(frames(0.3)).astype(np.float32)
    return mixed((0.0, convolved(pool, smear)[:count]), (-5.0, pool))


def cheering(rng: Rng, duration_s: float) -> Signal:
    """A cheer goes up."""
    duration_s *= rng.uniform(0.85, 1.15)
    count = frames(duration_s)
    swell = stretched(glide([(0, 0), (0.15, 0.8), (0.35, 1), (0.7, 0.5), (1, 0)], 200), count)
    hands = _claps(rng, count, duration_s, 40, glide([(0, 0), (0.4, 1), (1, 0)], 100))
    return in_place(rng, mixed((0.0, _roar(rng, duration_s, 30) * swell), (-8.0, hands)), 1.0, -8.0, 20.0)


def stadium(rng: Rng, duration_s: float) -> Samples:
    """A full stadium between the great moments."""
    count = frames(duration_s)
    talk = murmur(rng, duration_s, 60, near=0.2, wet_db=2.0, t60_s=1.6, cut_hz=3_000.0)
    mood = np.exp(0.7 * wander(rng, int(duration_s * 10), 10.0, 0.05, 0.4))
    roars = np.stack([_roar(rng, duration_s, 45) for _ in range(2)]) * stretched(mood, count)
    hands = np.stack([_claps(rng, count, duration_s, 24, np.clip(mood - 0.8, 0, 2)) for _ in range(2)])
    level = [float(np.sqrt(np.mean(np.square(part)))) or 1.0 for part in (talk, roars, hands)]
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
        rng, count, beats, tones[:, None] * np.array([[1.0, 2.0, 3.0]]), np.array([[0.9, 0.6, 0.4]]),
        (playing * 1.0)[:, None] * np.array([[1.0, 0.4, 0.2]]), 0.01,
    )  # fmt: skip
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


def cough(rng: Rng, duration_s: float) -> Signal:
    """One or two coughs."""
    pieces, at = [], 0.0
    size = rng.uniform(0.9, 1.2)
    for k in range(int(rng.integers(1, 4))):
        length = rng.uniform(0.2, 0.32)
        throat: Formants = [(620 * size, 220, 3), (1_300 * size, 320, 2), (2_500 * size, 500, -4), (3_700, 900, -8)]
        burst = uttered(
            rng, length, [(0, 210 * size), (1, 130 * size)], [(0, 0), (0.04, 1), (0.3, 0.5), (0.6, 0.35), (1, 0)],
            [(0, throat), (1, throat)], Voice(tilt_db=-6, jitter=0.12, shimmer=0.4, rough=0.4, breath_db=3, breath_tilt_db=-2),
        )  # fmt: skip
        pieces.append((at, unit(burst) * np.float32(0.85**k)))
        at += length + rng.uniform(0.1, 0.25)
    return in_place(rng, sequence(pieces), 0.35, -13.0)


def laughter(rng: Rng, duration_s: float) -> Signal:
    """Somebody laughs."""
    pieces, at = [], 0.0
    f0 = rng.uniform(190, 330)
    size = 1.0 if f0 < 250 else 1.15
    for k in range(int(rng.integers(5, 10))):
        length = rng.uniform(0.08, 0.13)
        ha: Formants = [(760 * size, 130, 3), (1_350 * size, 170, 0), (2_600 * size, 300, -8), (3_700, 600, -14)]
        one = uttered(
            rng, length, [(0, f0), (0.4, 1.1 * f0), (1, 0.85 * f0)], [(0, 0), (0.25, 1), (0.7, 0.6), (1, 0)],
            [(0, ha), (1, ha)], Voice(tilt_db=-9, jitter=0.025, shimmer=0.25, breath_db=-7),
        )  # fmt: skip
        pieces.append((at, unit(one) * np.float32(0.93**k)))
        at += rng.uniform(0.17, 0.22)
        f0 *= 0.975
    return in_place(rng, sequence(pieces), 0.4, -12.0)


def herd_of_steps(rng: Rng, duration_s: float) -> Signal:
    """Steps on a hard floor by several people."""
    count = frames(duration_s)
    return in_place(rng, _many_steps(rng, count, duration_s, 9), 0.4, -10.0)[:count]

MODELS = (
    Model("footsteps", ("footsteps", "person", "human sound"), "event", 1, 4.5, "Footsteps on pavement", footsteps),
    Model("footsteps-indoors", ("footsteps", "human locomotion"), "event", 1, 4.5, "Footsteps on wood", steps_indoors),
    Model("footsteps-gravel", ("footsteps",), "event", 1, 4.5, "Footsteps on gravel", steps_gravel),
    Model("footsteps-snow", ("snow steps", "skier"), "event", 1, 4.5, "Footsteps on snow", steps_snow),
    Model("runner", ("runner",), "event", 1, 4.0, "Running", runner),
    Model("crowd", ("crowd", "human group"), "ambience", 2, 26.0, "Crowd", crowd),
    Model("children", ("children playing", "child"), "ambience", 2, 26.0, "Children at play", children),
    Model("applause", ("applause",), "event", 1, 6.0, "Applause", applause),
    Model("cheering", ("cheering",), "event", 1, 5.0, "Cheering", cheering),
    Model("stadium", ("stadium crowd",), "ambience", 2, 28.0, "Stadium", stadium),
    Model("television", ("tv", "radio"), "loop", 1, 24.0, "Television murmur", television),
    Model("cloth", ("cloth", "sleeper"), "event", 1, 1.6, "Rustling clothes", cloth),
    Model("cough", ("cough", "sneeze"), "event", 1, 0.9, "Cough", cough),
    Model("laughter", ("laughter",), "event", 1, 1.8, "Laughter", laughter),
)
