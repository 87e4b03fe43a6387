"""What a body does: breathing, eating, drinking; and a cat that purrs."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.grains import bubbles, bursts, impulses, in_place, mixed, sequence, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    around,
    arrivals,
    band,
    filtered,
    frames,
    glide,
    noise,
    own,
    peak,
    stretched,
    unit,
    wander,
)

BREATHS = Parameter("rate", 6.0, 60.0, 15.0, "breaths/min", "12 to 18 at rest, 40 and more after running")


def breathing(rng: Rng, duration_s: float, rate: float = BREATHS.default) -> Signal:
    """Somebody breathes: in through a narrower and higher passage than out."""
    count = frames(duration_s)
    cycle = 60.0 / rate
    hard = float(np.clip(np.log2(rate / 15.0), -1.0, 2.0))
    size = own(rng).uniform(0.9, 1.15)
    inward, outward = np.zeros((2, count), dtype=np.float32)
    at = -rng.uniform(0.0, cycle)
    while at < duration_s:
        length = cycle * rng.normal(1.0, 0.06)
        for line, start, share in ((inward, 0.0, 0.38), (outward, 0.42, 0.45)):
            n = frames(length * share)
            first = frames(at + length * start)
            swell = (np.hanning(n + 2)[1:-1] ** 0.8 * rng.lognormal(0, 0.12)).astype(np.float32)
            skip = max(-first, 0)
            stop = min(count - first, n)
            if stop > skip:
                line[first + skip : first + stop] += swell[skip:stop]
        at += length
    flutter = stretched(np.exp(0.15 * wander(rng, int(duration_s * 100), 100.0, 3.0, 40.0, 0.2)), count)
    nose = noise(rng, count, lambda f: peak(f, 2_100.0 * size, 1.6) + 0.5 * peak(f, 4_600.0 * size, 2.0)) * inward
    mouth = noise(rng, count, lambda f: peak(f, 850.0 * size, 1.4) + 0.5 * peak(f, 1_700.0 * size, 2.0)) * outward
    still = noise(rng, count, lambda f: 1.0 / np.maximum(f, 60.0))
    return mixed((0.0, nose * flutter), (1.0 + 1.5 * hard, mouth * flutter), (-34.0, still))


CHEWS = Parameter("rate", 0.6, 2.5, 1.4, "chews/s", "how quickly somebody chews")


def eating(rng: Rng, duration_s: float, rate: float = CHEWS.default) -> Signal:
    """Somebody bites into something crisp and chews it: crunches that turn soft."""
    duration_s *= rng.uniform(0.85, 1.1)
    count = frames(duration_s)
    bite = 0.03
    chews = bite + 0.55 + np.arange(0.0, duration_s - 1.2, 1.0 / rate)
    chews = chews + rng.normal(0, 0.03, chews.size)
    tune = own(rng).uniform(0.85, 1.2)
    soft = np.linspace(0.0, 1.0, chews.size)
    press = bursts(count, [bite], 0.28, 1.2, 0.12, 2.0) + bursts(count, chews, 0.16, 0.9 - 0.55 * soft, 0.2, 2.0)
    at = arrivals(rng, duration_s, 900.0)
    snaps = impulses(
        count, at * SAMPLE_RATE, rng.lognormal(0, 0.55, at.size).clip(0, 3) * rng.choice([-1.0, 1.0], at.size)
    )
    crisp = filtered(snaps * press, around(2_700.0 * tune, 1.0))
    jaw = filtered(snaps * press, around(780.0 * tune, 1.4))
    wet = bubbles(rng, count, duration_s, 45.0, 0.0015, 0.005, 0.5) * bursts(count, chews + 0.12, 0.25, soft, 0.3, 2.0)
    return in_place(rng, mixed((0.0, crisp), (-1.0, jaw), (-13.0, wet)), 0.15, -18.0)


GULPS = Parameter("gulps", 1.0, 8.0, 3.0, "gulps", "how many")


def drinking(rng: Rng, duration_s: float, gulps: float = GULPS.default) -> Signal:
    """Somebody drinks: a sip, swallows, the glass put down, a breath."""
    tune = own(rng).uniform(0.88, 1.15)
    pieces: list[tuple[float, Signal]] = []
    n = frames(0.5)
    sip = noise(rng, n, lambda f: peak(f, 2_600.0 * tune, 2.5)) * stretched(
        np.abs(wander(rng, 200, 400.0, 15.0, 90.0, 0.2)), n
    )
    pieces.append((0.0, np.float32(0.3) * unit(sip * np.hanning(n).astype(np.float32))))
    at = 0.6
    for _ in range(round(gulps)):
        m = frames(0.3)
        throat = struck(
            rng, m, [0.02, 0.13], tune * np.array([[210.0, 430.0, 1_050.0], [330.0, 640.0, 1_400.0]]),
            [[0.07, 0.05, 0.025]], [[1.0, 0.7, 0.25], [0.6, 0.5, 0.2]], 0.006, [9.0, 12.0],
        )  # fmt: skip
        click = noise(rng, m, around(1_900.0 * tune, 2.0)) * bursts(m, [0.02, 0.14], 0.02, [0.5, 0.35], 0.1, 5.0)
        pieces.append((at, unit(throat) + np.float32(0.25) * unit(click)))
        at += rng.uniform(0.5, 0.75)
    out = frames(0.7)
    sigh = noise(rng, out, lambda f: peak(f, 1_100.0 * tune, 1.2) + 0.4 * peak(f, 2_400.0 * tune, 2.0))
    pieces.append((at + 0.1, np.float32(0.3) * unit(sigh * np.hanning(out).astype(np.float32))))
    return in_place(rng, sequence(pieces), 0.15, -18.0)


PURR = Parameter("rate", 20.0, 30.0, 25.0, "Hz", "how quickly the throat opens and shuts")


def purr(rng: Rng, duration_s: float, rate: float = PURR.default) -> Signal:
    """A cat purrs, breathing in and out (25 Hz, 0.75 s each way; Frazer Sissom et al. 1991)."""
    count = frames(duration_s)
    points = int(duration_s * 100)
    breath = 0.72 * own(rng).uniform(0.9, 1.15)
    t = np.arange(points) / 100.0 + rng.uniform(0.0, breath)
    inward = (t / breath).astype(int) % 2 == 0
    speed = rate * np.where(inward, 1.04, 0.96) * (1 + 0.02 * wander(rng, points, 100.0, 0.3, 6.0))
    swell = np.abs(np.sin(np.pi * t / breath)) ** 0.35 * np.where(inward, 0.75, 1.0)
    turns = np.cumsum(speed) / 100.0
    beats = np.interp(np.arange(1, int(turns[-1])), turns, np.arange(points) / 100.0)
    force = np.interp(beats, np.arange(points) / 100.0, swell) * rng.lognormal(0, 0.15, beats.size)
    chest = struck(
        rng, count, beats, [[75.0, 180.0, 450.0, 1_100.0]], [[0.035, 0.03, 0.02, 0.01]],
        force[:, None] * np.array([[0.8, 1.0, 0.6, 0.25]]), 0.004,
    )  # fmt: skip
    air = noise(rng, count, lambda f: band(f, 250.0, 2_600.0, 1)) * bursts(count, beats, 0.03, force, 0.2, 3.0)
    flow = noise(rng, count, lambda f: band(f, 700.0, 4_000.0, 1)) * stretched(swell, count)
    return mixed((0.0, chest), (-6.0, air), (-17.0, flow))


SWIM = Parameter("speed", 1.0, 12.0, 5.0, "m/s", "how fast the board runs")


def surfing(rng: Rng, duration_s: float, speed: float = SWIM.default) -> Signal:
    """A board runs down a wave: water rushes under it, spray, slaps, the wave behind."""
    duration_s *= rng.uniform(0.9, 1.1)
    count = frames(duration_s)
    points = int(duration_s * 100)
    fast = (speed / 5.0) ** 0.5
    run = stretched(glide([(0, 0), (0.2, 0.7), (0.6, 1), (1, 0)], points), count)
    weave = stretched(np.exp(0.35 * wander(rng, points, 100.0, 0.3, 2.0, 0.3)), count)
    rush = noise(rng, count, lambda f: band(f, 350.0 * fast, 3_200.0 * fast, 1)) * weave
    spray = noise(rng, count, lambda f: band(f, 2_500.0, 11_000.0, 1)) * weave**2
    slaps = arrivals(rng, duration_s, 3.0 * fast)
    board = noise(rng, count, lambda f: band(f, 120.0, 900.0, 1)) * bursts(
        count, slaps, 0.1, rng.lognormal(0, 0.4, slaps.size), 0.06, 4.0
    )
    wave = noise(rng, count, lambda f: band(f, 60.0, 450.0, 1))
    return mixed((0.0, rush), (-7.0, spray), (-6.0, board), (-3.0, wave)) * run


DRIBBLE = Parameter("rate", 0.8, 4.0, 1.9, "bounces/s", "how quickly somebody dribbles")


def basketball(rng: Rng, duration_s: float, rate: float = DRIBBLE.default) -> Signal:
    """A basketball is dribbled on a wooden floor; shoes squeak."""
    duration_s *= rng.uniform(0.85, 1.1)
    count = frames(duration_s + 0.6)
    at = 0.02 + np.cumsum(rng.normal(1.0, 0.07, max(int(duration_s * rate), 2))) / rate - 1.0 / rate
    at = at[at < duration_s]
    force = rng.lognormal(0, 0.15, (at.size, 1))
    tune = own(rng).uniform(0.93, 1.08)
    ball = struck(
        rng, count, at, tune * rng.normal(1, 0.01, (at.size, 1)) * np.array([[72.0, 118.0, 205.0, 610.0, 1_230.0]]),
        np.array([[0.1, 0.12, 0.09, 0.09, 0.05]]), force * np.array([[1.0, 1.0, 0.8, 0.3, 0.2]]), 0.0015,
    )  # fmt: skip
    slap = noise(rng, count, lambda f: band(f, 300.0, 3_000.0, 1)) * bursts(count, at, 0.018, force[:, 0], 0.05, 6.0)
    whole = mixed((0.0, ball), (-7.0, slap))
    for start in arrivals(rng, duration_s, 0.5):
        n = frames(rng.uniform(0.08, 0.2))
        tone = stretched(glide([(0, 1), (0.5, 1.12), (1, 0.95)], 40), n) * rng.uniform(1_700, 2_600)
        phase = 2 * np.pi * np.cumsum(tone, dtype=np.float64) / SAMPLE_RATE
        squeak = np.asarray((np.sin(phase) + 0.5 * np.sin(2 * phase)) * np.hanning(n), dtype=np.float32)
        first = frames(float(start))
        whole[first : first + n] += np.float32(0.25 * np.std(whole)) * squeak[: count - first]
    return in_place(rng, whole, 1.3, -8.0, 22.0)


KICK = Parameter("speed", 5.0, 35.0, 18.0, "m/s", "of the ball")


def football(rng: Rng, duration_s: float, speed: float = KICK.default) -> Signal:
    """A football is kicked, lands and bounces away on grass."""
    hard = speed / 18.0
    count = frames(2.2)
    tune = own(rng).uniform(0.93, 1.08)
    hit = struck(
        rng, count, [0.01], tune * hard**0.15 * np.array([[98.0, 175.0, 310.0, 640.0]]),
        [[0.09, 0.08, 0.06, 0.04]], [[1.0, 1.0, 0.7, 0.3]], 0.0012,
    )  # fmt: skip
    smack = noise(rng, count, lambda f: band(f, 350.0, 2_600.0 * hard**0.5, 1)) * bursts(
        count, [0.01], 0.03, 1.0, 0.03, 6.0
    )
    first = float(np.clip(1.3 / hard**0.3 * rng.uniform(0.6, 0.9), 0.5, 1.5))
    lands = first + np.array([0.0, 0.32, 0.52])
    thumps = struck(
        rng, count, lands, tune * np.array([[84.0, 150.0, 240.0]]), [[0.08, 0.07, 0.05]],
        np.array([[0.35], [0.22], [0.12]]) * np.array([[1.0, 0.8, 0.4]]), 0.003,
    )  # fmt: skip
    whole = mixed((0.0, hit), (-4.0, smack)) + np.float32(0.35) * unit(thumps)
    return in_place(rng, whole, 0.6, -13.0, 24.0)


MODELS = (
    Model("breathing", ("breathing",), "loop", 1, 20.0, "Breathing", breathing, (BREATHS,)),
    Model("eating", ("eating",), "event", 1, 5.0, "Eating", eating, (CHEWS,)),
    Model("drinking", ("drinking",), "event", 1, 4.0, "Drinking", drinking, (GULPS,)),
    Model("purr", ("purr",), "loop", 1, 20.0, "Cat purring", purr, (PURR,)),
    Model("surfing", ("surfing",), "event", 1, 6.0, "Surfing", surfing, (SWIM,)),
    Model("basketball", ("basketball",), "event", 1, 5.0, "Basketball", basketball, (DRIBBLE,)),
    Model("football", ("football",), "event", 1, 2.2, "Football kicked", football, (KICK,)),
)
