"""Indoors: clocks and telephones, desk, kitchen, machines, doors, small things in the hand."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.animals import sequence
from extender.sources.procedural.model import Model
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Control,
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
    texture,
    unit,
    wander,
)
from extender.sources.procedural.weather import bubbles

_MATERIALS: dict[str, tuple[tuple[float, float], tuple[float, ...], float, float]] = {
    # lowest mode Hz (range), ratios of the modes, t60 of the lowest s, how much faster the higher ones die
    "steel": ((1_700.0, 3_200.0), (1.0, 2.32, 4.25, 6.63, 9.4), 0.55, 0.35),
    "glass": ((1_900.0, 3_100.0), (1.0, 2.32, 4.25, 6.63, 9.4), 0.45, 0.5),
    "ceramic": ((900.0, 1_800.0), (1.0, 1.9, 3.2, 4.6, 6.1), 0.15, 0.4),
    "wood": ((300.0, 800.0), (1.0, 2.57, 4.3, 6.1, 8.2), 0.06, 0.3),
    "plastic": ((450.0, 1_200.0), (1.0, 2.1, 3.4, 5.2, 7.0), 0.035, 0.3),
    "pan": ((420.0, 900.0), (1.0, 1.58, 2.25, 2.92, 4.1), 0.7, 0.25),
}


def impact(rng: Rng, material: str, base_hz: float | None = None) -> Signal:
    """Return one thing struck: the modes of its material, and the dry click of the blow."""
    (low, high), ratios, t60, faster = _MATERIALS[material]
    base = base_hz or rng.uniform(low, high)
    number = np.arange(len(ratios))
    modes = base * np.array(ratios) * rng.normal(1, 0.02, len(ratios))
    split = modes * rng.normal(1.006, 0.002, len(ratios))  # no real thing is quite round: modes come in pairs
    count = frames(min(t60, 0.8) + 0.05)
    gains = rng.lognormal(0, 0.4, len(ratios)) / (1 + 0.35 * number)
    ring = struck(
        rng, count, [0.001], np.concatenate([modes, split])[None, :], np.tile(t60 / (1 + faster * number), 2)[None, :],
        np.concatenate([gains, 0.6 * gains])[None, :], 0.0003,
    )  # fmt: skip
    click = noise(rng, count, lambda f: band(f, 800.0, 9_000.0, 1)) * bursts(count, [0.0], 0.007, 1.0, 0.05, 6.0)
    thud = struck(rng, count, [0.0], [[rng.uniform(150, 320)]], [[0.05]], [[1.0]], 0.002)
    return ring + 0.5 * click * np.float32(np.abs(ring).max()) + 0.25 * thud * np.float32(np.abs(ring).max())


def clatter(rng: Rng, duration_s: float, per_s: float, materials: tuple[str, ...], bounce: float = 0.5) -> Signal:
    """Return things put down and knocked together: in flurries, each with a bounce or two."""
    pieces: list[tuple[float, Signal]] = []
    at = 0.02
    while at < duration_s:
        things = [impact(rng, materials[int(rng.integers(len(materials)))]) for _ in range(2)]
        for _ in range(int(rng.integers(1, 5))):
            thing = things[int(rng.integers(2))]
            gain, gap = float(rng.lognormal(-0.3, 0.5)), float(rng.uniform(0.05, 0.11))
            for _ in range(1 + int(rng.random() < bounce) * int(rng.integers(1, 4))):
                pieces.append((at, thing * np.float32(gain)))
                at += gap
                gain, gap = gain * 0.5, gap * 0.7
            at += float(rng.lognormal(-1.7, 0.6))
        at += float(rng.exponential(1.0 / per_s))
    return sequence(pieces)


def clock(rng: Rng, duration_s: float) -> Signal:
    """A clock: tick and tock, each made of the small blows of an escapement."""
    count = frames(duration_s)
    beat = rng.choice([0.5, 0.5, 1.0])
    ticks = np.arange(0.17, duration_s, beat)
    base = rng.uniform(1_500, 2_400)
    case = rng.uniform(380, 620)
    offsets, gains = np.array([0.0, 0.011, 0.021]), np.array([0.5, 1.0, 0.35])
    tock = np.arange(ticks.size) % 2
    times = (ticks[:, None] + offsets[None, :] * np.where(tock, 1.0, 1.15)[:, None]).ravel() + rng.normal(0, 3e-4, ticks.size * 3)
    force = (gains[None, :] * rng.lognormal(0, 0.12, (ticks.size, 3)) * np.where(tock, 0.8, 1.0)[:, None]).ravel()
    pitch = np.repeat(np.where(tock, 0.91, 1.0), 3)[:, None]
    metal = struck(
        rng, count, times, base * pitch * np.array([[1.0, 1.62, 2.3, 3.4, 4.7]]), np.array([[0.035, 0.03, 0.022, 0.016, 0.01]]),
        force[:, None] * np.array([[0.9, 0.8, 1.0, 0.7, 0.5]]), 0.0002,
    )  # fmt: skip
    box = struck(rng, count, times, case * pitch * np.array([[1.0, 1.7, 2.4]]), np.array([[0.06, 0.05, 0.035]]), force[:, None] * np.array([[1.0, 0.7, 0.6]]), 0.0008)
    dry = noise(rng, count, lambda f: band(f, 1_200.0, 8_000.0, 1)) * bursts(count, times, 0.006, force, 0.05, 6.0)
    whole = mixed((0.0, metal), (-2.0, box), (-5.0, dry))
    room = in_place(rng, np.concatenate([whole, np.zeros(frames(0.1), dtype=np.float32)]), 0.3, -13.0)[:count]
    hush = noise(rng, count, lambda f: 1.0 / np.maximum(f, 80.0) ** 0.6)
    return mixed((0.0, room), (-42.0, hush))


def telephone(rng: Rng, duration_s: float) -> Signal:
    """An old telephone: a hammer between two gongs."""
    strikes = np.arange(0.02, 1.9, 1 / rng.uniform(19, 22))
    strikes = strikes + rng.normal(0, 0.0012, strikes.size)
    gong = np.where(np.arange(strikes.size) % 2, 1.0, rng.uniform(1.18, 1.26))
    base = rng.uniform(1_050, 1_250)
    count = frames(2.9)
    ring = struck(
        rng, count, strikes, base * gong[:, None] * np.array([[1.0, 1.005, 2.51, 3.67, 5.17, 6.9]]),
        np.array([[0.9, 0.9, 0.6, 0.4, 0.25, 0.15]]),
        rng.lognormal(0, 0.15, strikes.size)[:, None] * np.array([[0.7, 0.5, 1.0, 0.8, 0.6, 0.3]]),
    )  # fmt: skip
    hammer = noise(rng, count, lambda f: band(f, 1_500.0, 9_000.0, 1)) * bursts(count, strikes, 0.005, 1.0, 0.1, 6.0)
    case = struck(rng, count, strikes, [[240.0, 520.0]], [[0.05, 0.04]], [[1.0, 0.7]])
    return in_place(rng, mixed((0.0, ring), (-17.0, hammer), (-18.0, case)), 0.4, -14.0)


def cell_phone(rng: Rng, duration_s: float) -> Signal:
    """A mobile: a marimba figure, or buzzing on the table."""
    if rng.random() < 0.35:
        count = frames(2.6)
        t = np.arange(count) / SAMPLE_RATE
        rate = rng.uniform(160, 190)
        on = (1 / (1 + np.exp(-np.sin(2 * np.pi * t / 1.3 - 0.4) * 60))).astype(np.float32)
        drive = sum(np.sin(2 * np.pi * rate * h * t + h) / h for h in (1, 2, 3, 5, 7, 9, 12)).astype(np.float32)
        chatter = stretched(np.abs(wander(rng, 800, 400.0, 20.0, 150.0, 0.1)), count)
        rattle = noise(rng, count, lambda f: band(f, 800.0, 4_000.0, 1)) * chatter
        body = filtered(drive, lambda f: 0.3 + peak(f, 330.0, 3.0) + 0.6 * peak(f, 950.0, 4.0))
        return in_place(rng, mixed((0.0, body), (-9.0, rattle)) * on * np.hanning(count).astype(np.float32) ** 0.05, 0.2, -15.0)
    scale = 523.25 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12) * rng.uniform(0.9, 1.15)
    figure = rng.integers(0, 8, int(rng.integers(5, 8)))
    beat = rng.uniform(0.13, 0.18)
    rests = rng.random(figure.size) < 0.2
    times = np.concatenate([0.02 + np.arange(figure.size) * beat, 0.02 + (figure.size + 3 + np.arange(figure.size)) * beat])
    tones = np.tile(scale[figure], 2)
    loud = np.tile(np.where(rests, 0.0, 1.0), 2)
    notes = struck(
        rng, frames(float(times[-1]) + 0.7), times, tones[:, None] * np.array([[1.0, 3.93, 9.2]]), np.array([[0.5, 0.14, 0.05]]),
        loud[:, None] * np.array([[1.0, 0.35, 0.15]]), 0.0015,
    )  # fmt: skip
    return in_place(rng, filtered(notes, lambda f: band(f, 500.0, 9_000.0, 1)), 0.3, -15.0)


def beeps(rng: Rng, base_hz: float, length_s: float, gap_s: float, times: int) -> Signal:
    """Return an appliance's beeps: a piezo disc, odd harmonics, hard edges."""
    count = frames(times * (length_s + gap_s) + 0.1)
    t = np.arange(count) / SAMPLE_RATE
    tone = sum(g * np.sin(2 * np.pi * base_hz * h * t) for h, g in ((1, 1.0), (2, 0.12), (3, 0.4), (5, 0.15)))
    gate = np.zeros(count)
    for k in range(times):
        start = 0.01 + k * (length_s + gap_s)
        gate += np.clip((t - start) / 0.003, 0, 1) * np.clip((start + length_s - t) / 0.006, 0, 1)
    return in_place(rng, (np.asarray(tone) * gate).astype(np.float32), 0.35, -12.0)


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
        rng, count, at, tint * modes * rng.normal(1, 0.04, (at.size, 6)), np.array([[0.035, 0.022, 0.014, 0.010, 0.008, 0.005]]),
        loud[:, None] * np.array([[0.7, 0.6, 0.8, 0.9, 0.7, 0.4]]) * rng.lognormal(0, 0.3, (at.size, 6)), 0.0003,
    )  # fmt: skip
    click = noise(rng, count, lambda f: band(f, 1_800.0, 9_500.0, 1)) * bursts(count, at, 0.007, loud, 0.06, 5.0)
    return mixed((0.0, body), (-2.0, click))


def keyboard(rng: Rng, duration_s: float) -> Signal:
    """Someone types: words, and pauses for thought."""
    times, at = [], 0.03
    while at < duration_s - 0.3:
        for _ in range(int(rng.integers(2, 9))):
            times.append(at)
            at += float(rng.lognormal(-2.0, 0.38))
        at += float(rng.lognormal(-1.6, 0.8))
    typed = np.array([t for t in times if t < duration_s - 0.25])
    return in_place(rng, _keys(rng, typed, frames(duration_s), rng.uniform(230, 340)), 0.2, -15.0)


def mouse_click(rng: Rng, duration_s: float) -> Signal:
    """A computer mouse: a click or a double click."""
    presses = [0.01] if rng.random() < 0.6 else [0.01, 0.16]
    at = np.array([t + d for t in presses for d in (0.0, rng.uniform(0.06, 0.1))])
    count = frames(0.5)
    body = struck(
        rng, count, at, rng.normal(1, 0.03, (at.size, 1)) * np.array([[420.0, 1_500.0, 2_900.0, 4_700.0, 7_200.0]]),
        np.array([[0.02, 0.014, 0.009, 0.007, 0.004]]), np.array([[0.5, 0.7, 1.0, 0.7, 0.4]]), 0.0002,
    )  # fmt: skip
    return in_place(rng, body, 0.15, -17.0)


def kitchen(rng: Rng, duration_s: float) -> Signal:
    """Somebody at work in the kitchen."""
    return in_place(rng, clatter(rng, duration_s * rng.uniform(0.7, 1.1), 1.3, ("steel", "ceramic", "ceramic", "wood", "pan")), 0.35, -11.0)


def cutlery(rng: Rng, duration_s: float) -> Signal:
    """Knife and fork on a plate."""
    return in_place(rng, clatter(rng, duration_s * rng.uniform(0.6, 1.1), 1.6, ("steel", "ceramic", "steel"), 0.7), 0.3, -13.0)


def crockery(rng: Rng, duration_s: float) -> Signal:
    """Cups and bowls set down."""
    return in_place(rng, clatter(rng, duration_s * rng.uniform(0.6, 1.0), 1.0, ("ceramic", "ceramic", "wood"), 0.6), 0.3, -13.0)


def glass_clink(rng: Rng, duration_s: float) -> Signal:
    """Two glasses touch."""
    pieces = [(0.0, impact(rng, "glass")), (rng.uniform(0.003, 0.008), impact(rng, "glass"))]
    if rng.random() < 0.5:
        pieces.append((rng.uniform(0.25, 0.6), 0.6 * impact(rng, "glass")))
    return in_place(rng, sequence([(at, np.asarray(p, dtype=np.float32)) for at, p in pieces], 0.3), 0.4, -13.0)


def bottles(rng: Rng, duration_s: float) -> Signal:
    """Bottles knock together."""
    base = rng.uniform(1_100, 1_700)
    pieces = [
        (at, np.float32(rng.uniform(0.5, 1)) * impact(rng, "glass", base * rng.uniform(0.9, 1.2)))
        for at in np.cumsum(rng.exponential(0.16, int(rng.integers(2, 6))))
    ]
    return in_place(rng, sequence([(float(at), p) for at, p in pieces], 0.3), 0.35, -13.0)


def coins(rng: Rng, duration_s: float) -> Signal:
    """A coin dropped: it bounces ever faster. A parking meter takes it the same way."""
    at, gap, gain = 0.01, 0.15, 1.0
    pieces = []
    modes = np.array([[3_850.0, 5_580.0, 8_900.0, 9_760.0, 12_400.0]]) * rng.uniform(0.9, 1.15)
    while gap > 0.018:
        one = struck(rng, frames(0.4), [0.0], modes * rng.normal(1, 0.01, (1, 5)), np.array([[0.3, 0.28, 0.2, 0.18, 0.12]]), rng.lognormal(0, 0.4, (1, 5)) * gain)
        pieces.append((at, one))
        at += gap
        gap *= rng.uniform(0.72, 0.82)
        gain *= 0.8
    return in_place(rng, sequence(pieces), 0.3, -15.0)


def hum(rng: Rng, duration_s: float, mains_hz: float, hum_db: float, fan: tuple[float, float]) -> Signal:
    """Return a machine that runs quietly: the mains' harmonics, and the air it moves."""
    count = frames(duration_s)
    t = np.arange(count) / SAMPLE_RATE
    buzz = np.zeros(count, dtype=np.float32)
    for h, gain in enumerate((1.0, 0.5, 0.35, 0.2, 0.16, 0.1, 0.07, 0.05), start=1):
        alive = 1 + 0.12 * stretched(wander(rng, int(duration_s * 10), 10.0, 0.05, 3.0), count)
        buzz += (gain * rng.uniform(0.5, 1.3) * np.sin(2 * np.pi * mains_hz * h * t + rng.uniform(0, 6.28))).astype(np.float32) * alive
    levels = 20 * np.log10(band(1000 * 2.0 ** (np.arange(-14, 13) / 3), fan[0], fan[1], 1) + 1e-4)
    air = texture(rng, count, levels.tolist(), depth_db=0.8, common=0.3, low_hz=0.2, slope=0.4)
    return mixed((hum_db, buzz), (0.0, air))


def refrigerator(rng: Rng, duration_s: float) -> Signal:
    """A refrigerator: compressor hum, a faint trickle in the pipes."""
    compressor = hum(rng, duration_s, 50.0, 2.0, (90.0, 700.0))
    trickle = bubbles(rng, compressor.size, duration_s, 3.0, 0.002, 0.006, 0.5)
    return mixed((0.0, compressor), (-26.0, trickle))


def ventilator(rng: Rng, duration_s: float) -> Signal:
    """A fan: blades and rushing air."""
    count = frames(duration_s)
    rate = rng.uniform(45, 75)
    t = np.arange(count) / SAMPLE_RATE
    chop = (1 + 0.3 * np.sin(2 * np.pi * rate * t)).astype(np.float32)
    air = noise(rng, count, lambda f: band(f, 120.0, 1_800.0, 1) + 0.5 * peak(f, 420.0, 3.0))
    return mixed((0.0, air * chop), (-11.0, hum(rng, duration_s, rate, 3.0, (200, 900))))


def computer(rng: Rng, duration_s: float) -> Signal:
    """A computer's fan and disc."""
    return hum(rng, duration_s, 120.0, -12.0, (180.0, 1_600.0))


def microwave(rng: Rng, duration_s: float) -> Signal:
    """A microwave oven runs, stops with a clunk and beeps."""
    run = hum(rng, duration_s * 0.6, 100.0, 1.0, (200.0, 1_800.0))
    run = unit(run) * stretched(glide([(0, 0), (0.05, 1), (0.985, 1), (1, 0)], 400), run.size)
    clunk = impact(rng, "plastic", 320.0)
    signal = beeps(rng, rng.uniform(1_950, 2_150), 0.42, 0.38, 3)
    end = run.size / SAMPLE_RATE
    return sequence([(0.0, 0.6 * run), (end - 0.02, 2.0 * unit(clunk)), (end + 0.5, unit(signal))])


def oven(rng: Rng, duration_s: float) -> Signal:
    """An oven's door and its timer's bell."""
    door = mixed((0.0, impact(rng, "pan", 180.0)), (-4.0, impact(rng, "steel", 900.0)))
    ding = struck(rng, frames(1.4), [0.0], [[2_080.0, 2_093.0, 5_400.0, 9_100.0]], [[1.2, 1.1, 0.6, 0.2]], [[1.0, 0.6, 0.5, 0.2]])
    return in_place(rng, sequence([(0.0, ding), (rng.uniform(1.2, 1.8), 1.2 * unit(door) * np.float32(np.std(ding) * 2))]), 0.35, -12.0)


def toaster(rng: Rng, duration_s: float) -> Signal:
    """A toaster: the last ticks, then it springs up."""
    pop = mixed((0.0, impact(rng, "steel", 1_100.0)), (-2.0, impact(rng, "plastic", 300.0)), (-6.0, impact(rng, "pan", 620.0)))
    ticks = [(0.33 * k, np.float32(0.12) * impact(rng, "plastic", 900.0)) for k in range(5)]
    return in_place(rng, sequence([*ticks, (1.75, pop * np.float32(0.4))], 0.3), 0.3, -13.0)


def sizzle(rng: Rng, duration_s: float) -> Signal:
    """Something frying: hiss, spatter in flurries, bubbles."""
    count = frames(duration_s)
    hiss = noise(rng, count, lambda f: band(f, 3_000.0, 11_000.0, 1)) * stretched(np.exp(0.2 * wander(rng, int(duration_s * 200), 200.0, 0.3, 40.0, 0.3)), count)
    times = arrivals(rng, duration_s, 170.0)
    spatter = noise(rng, count, lambda f: band(f, 1_800.0, 9_000.0, 1)) * bursts(
        count, times, 0.003, np.minimum(rng.lognormal(0, 1.1, times.size), 10.0), 0.05, 5.0
    )
    return mixed((0.0, hiss), (1.0, spatter), (-10.0, bubbles(rng, count, duration_s, 14.0, 0.0008, 0.002)))


def motor(rng: Rng, duration_s: float, base_hz: float, low: float, high: float, whine_db: float, spin_s: float) -> Signal:
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
    return in_place(rng, mixed((whine_db, whine.astype(np.float32) * stretched(brush, count) * level), (0.0, air * level)), 0.25, -13.0)


def hair_drier(rng: Rng, duration_s: float) -> Signal:
    """A hair drier."""
    return motor(rng, duration_s, 215.0, 450.0, 5_500.0, -7.0, 0.6)


def vacuum(rng: Rng, duration_s: float) -> Signal:
    """A vacuum cleaner."""
    return motor(rng, duration_s, 310.0, 250.0, 3_000.0, -5.0, 1.0)


def power_tool(rng: Rng, duration_s: float) -> Signal:
    """A drill or grinder, gears and all."""
    run = motor(rng, duration_s, 420.0, 900.0, 6_000.0, 4.0, 0.35)
    return np.tanh(1.5 * unit(run)).astype(np.float32)


def toothbrush(rng: Rng, duration_s: float) -> Signal:
    """Brushing teeth."""
    count = frames(duration_s)
    stroke = rng.uniform(3.4, 4.6) * (1 + 0.1 * wander(rng, int(duration_s * 50), 50.0, 0.3, 3.0))
    phase = 2 * np.pi * np.cumsum(stretched(stroke, count).astype(np.float64)) / SAMPLE_RATE
    sweep = np.abs(np.sin(phase)) ** 0.8
    tone = 1 + 0.3 * np.sign(np.sin(phase))
    bristle = noise(rng, count, lambda f: band(f, 2_500.0, 8_000.0, 1) + 0.5 * peak(f, 1_700.0, 3.0))
    hollow = noise(rng, count, lambda f: peak(f, 900.0, 3.0))
    ends = np.hanning(count).astype(np.float32) ** 0.3
    return in_place(rng, (bristle * tone + 0.4 * hollow).astype(np.float32) * sweep.astype(np.float32) * ends, 0.15, -16.0)


def page(rng: Rng, duration_s: float) -> Signal:
    """A page is turned: the slide, the arc, the fall."""
    length = rng.uniform(0.4, 0.75)
    count = frames(length + 0.25)
    crinkle = stretched(np.abs(wander(rng, int((length + 0.25) * 600), 600.0, 15.0, 250.0, 0.1)) ** 1.4, count)
    arc = stretched(glide([(0, 0), (0.2, 0.35), (0.4, 0.25), (0.62, 1.0), (0.75, 0.3), (1, 0)], 200), count)
    sheet = noise(rng, count, lambda f: band(f, 1_300.0, 8_500.0, 1) + 0.3 * peak(f, 700.0, 1.5)) * crinkle * arc
    flop = noise(rng, count, lambda f: band(f, 120.0, 1_500.0, 1)) * bursts(count, [0.62 * length], 0.13, 1.0, 0.25, 3.0)
    return in_place(rng, mixed((0.0, sheet), (-6.0, flop)), 0.2, -16.0)


def scissors(rng: Rng, duration_s: float) -> Signal:
    """Scissors cut paper."""
    pieces, at = [], 0.0
    for _ in range(int(rng.integers(2, 6))):
        length = rng.uniform(0.13, 0.22)
        count = frames(length)
        grind = noise(rng, count, lambda f: band(f, 3_200.0, 12_000.0, 1)) * stretched(
            np.abs(wander(rng, int(length * 800), 800.0, 40.0, 300.0, 0.0)), count
        )
        blade = grind * np.linspace(0.2, 1.0, count).astype(np.float32)
        pieces.append((at, blade))
        pieces.append((at + length - 0.01, np.float32(0.7) * impact(rng, "steel", rng.uniform(3_200, 3_900))))
        at += length + rng.uniform(0.22, 0.45)
    return in_place(rng, sequence(pieces), 0.15, -17.0)


def door(rng: Rng, duration_s: float) -> Signal:
    """A door: handle, sometimes a creak, the leaf in its frame."""
    pieces: list[tuple[float, Signal]] = [(0.0, np.float32(0.25) * unit(impact(rng, "steel", 1_300.0)))]
    at = 0.15
    if rng.random() < 0.5:
        groan = creak(rng, 1.2)
        pieces.append((at, np.float32(0.35) * unit(groan)))
        at += groan.size / SAMPLE_RATE - 0.15
    else:
        at += rng.uniform(0.3, 0.7)
    count = frames(0.5)
    leaf = struck(rng, count, [0.0, 0.018], rng.normal(1, 0.06, (2, 1)) * np.array([[58.0, 96.0, 170.0, 310.0, 640.0]]), np.array([[0.22, 0.2, 0.14, 0.09, 0.05]]), [[1, 1, 0.8, 0.6, 0.4], [0.4, 0.5, 0.5, 0.4, 0.3]], 0.002)
    slap = noise(rng, count, lambda f: band(f, 90.0, 1_800.0, 1)) * bursts(count, [0.0], 0.12, 1.0, 0.03, 5.0)
    pieces.append((at, 1.6 * mixed((0.0, leaf), (-3.0, slap))))
    pieces.append((at + 0.03, np.float32(0.5) * unit(impact(rng, "steel", 1_700.0))))
    return in_place(rng, sequence(pieces), 0.45, -10.0, 9.0)


def creak(rng: Rng, duration_s: float) -> Signal:
    """Wood or a hinge creaks: it sticks and slips, faster and slower."""
    duration_s *= rng.uniform(0.7, 1.3)
    count = frames(duration_s)
    points = int(duration_s * 200)
    rate = glide([(0, 40), (0.25, 130), (0.6, 95), (1, 45)], points) * np.exp(0.25 * wander(rng, points, 200.0, 2.0, 25.0))
    turns = np.cumsum(rate) / 200.0
    slips = np.interp(np.arange(1, int(turns[-1])), turns, np.arange(points) / 200.0)
    slips = slips + rng.normal(0, 0.0007, slips.size)
    hits = impulses(count, slips * SAMPLE_RATE, rng.lognormal(0, 0.4, slips.size))
    tune = rng.uniform(0.85, 1.2)
    kernel = struck(rng, frames(0.06), [0.0], tune * np.array([[620.0, 1_080.0, 1_750.0, 2_500.0, 4_100.0, 5_600.0]]), [[0.03, 0.025, 0.022, 0.02, 0.012, 0.01]], [[0.4, 0.6, 1.0, 1.0, 0.8, 0.6]], 0.0003)
    swell = stretched(glide([(0, 0), (0.2, 0.8), (0.55, 1), (1, 0)], 100), count)
    rasp = noise(rng, count, lambda f: band(f, 900.0, 5_000.0, 1))
    return in_place(rng, mixed((0.0, convolved(hits, kernel)[:count] * swell), (-14.0, rasp * swell)), 0.3, -12.0)


def knock(rng: Rng, duration_s: float) -> Signal:
    """Knuckles on a door."""
    at = np.cumsum(rng.uniform(0.15, 0.21, int(rng.integers(2, 5)))) - 0.1
    count = frames(float(at[-1]) + 0.35)
    force = rng.lognormal(0, 0.15, (at.size, 1))
    panel = struck(rng, count, at, rng.normal(1, 0.03, (at.size, 1)) * np.array([[128.0, 235.0, 410.0, 730.0, 1_250.0]]), np.array([[0.12, 0.09, 0.06, 0.04, 0.02]]), force * np.array([[0.8, 1, 0.8, 0.5, 0.3]]), 0.0008)
    return in_place(rng, panel, 0.35, -11.0)


def doorbell(rng: Rng, duration_s: float) -> Signal:
    """Ding-dong."""
    high = rng.uniform(620, 720)
    ratios = np.array([[1.0, 2.0, 2.76, 5.4]])
    chime = struck(rng, frames(2.4), [0.01, rng.uniform(0.5, 0.7)], np.array([[high], [high * 0.794]]) * ratios, np.array([[1.8, 1.0, 0.8, 0.3]]), np.array([[1.0, 0.3, 0.5, 0.3]]), 0.001)
    return in_place(rng, chime, 0.5, -13.0)


def alarm_clock(rng: Rng, duration_s: float) -> Signal:
    """An alarm clock: four beeps and again."""
    once = beeps(rng, rng.uniform(1_900, 2_300), 0.07, 0.06, 4)
    return sequence([(0.0, once), (1.0, once), (2.0, once)])


def squeak_toy(rng: Rng, duration_s: float) -> Signal:
    """A rubber toy squeaks when pressed, and when let go."""
    pieces, at = [], 0.0
    for k, length in enumerate((rng.uniform(0.16, 0.26), rng.uniform(0.12, 0.2))):
        count = frames(length)
        f = glide([(0, 900), (0.3, 1_750), (1, 1_250)] if k == 0 else [(0, 1_500), (1, 850)], count) * rng.uniform(0.9, 1.1)
        phase = 2 * np.pi * np.cumsum(f * (1 + 0.02 * stretched(wander(rng, 100, 400.0, 20, 150), count))) / SAMPLE_RATE
        reed = sum(np.sin(h * phase) * h**-0.9 for h in range(1, 8)) * np.hanning(count) ** 0.4
        pieces.append((at, np.asarray(reed, dtype=np.float32)))
        at += length + rng.uniform(0.03, 0.08)
    return in_place(rng, sequence(pieces), 0.2, -15.0)


def printer(rng: Rng, duration_s: float) -> Signal:
    """A printer: rollers, and the carriage going to and fro."""
    count = frames(duration_s)
    t = np.arange(count) / SAMPLE_RATE
    sweep = (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 0.9 * t)) * np.abs(np.sin(2 * np.pi * 0.9 * t)) ** 0.2).astype(np.float32)
    servo = noise(rng, count, lambda f: peak(f, 880.0, 20.0) + 0.6 * peak(f, 1_900.0, 16.0) + 0.2 * band(f, 400, 5_000, 1)) * (0.3 + sweep)
    paper = noise(rng, count, lambda f: band(f, 1_500.0, 8_000.0, 1)) * bursts(count, [0.1], 0.7, 1.0, 0.3, 2.0)
    return in_place(rng, mixed((0.0, servo), (-7.0, paper)) * np.hanning(count).astype(np.float32) ** 0.2, 0.25, -14.0)


def dry_touch(rng: Rng, duration_s: float) -> Signal:
    """Some small thing is put down."""
    materials = ("wood", "plastic", "ceramic")
    pieces: list[tuple[float, Signal]] = []
    for at in np.cumsum(rng.exponential(0.25, int(rng.integers(1, 4)))):
        pieces.append((float(at), np.float32(rng.uniform(0.5, 1)) * impact(rng, materials[int(rng.integers(3))])))
    whole = sequence(pieces, 0.2)
    add(whole, 0.0, noise(rng, whole.size, lambda f: band(f, 600.0, 4_000.0, 1)) * bursts(whole.size, [0.0], 0.15, 0.02, 0.3, 2.0))
    return in_place(rng, whole, 0.25, -13.0)

MODELS = (
    Model("clock", ("clock",), "loop", 1, 20.0, "Clock ticking", clock),
    Model("alarm-clock", ("alarm clock", "alarm", "buzzer"), "event", 1, 3.0, "Alarm clock", alarm_clock),
    Model("telephone", ("telephone",), "event", 1, 2.9, "Telephone ringing", telephone),
    Model("cell-phone", ("cell phone", "electronic device"), "event", 1, 3.0, "Mobile telephone", cell_phone),
    Model("keyboard", ("keyboard", "laptop", "typewriter"), "event", 1, 4.5, "Typing", keyboard),
    Model("mouse-click", ("mouse", "remote"), "event", 1, 0.5, "Mouse click", mouse_click),
    Model("printer", ("printer",), "event", 1, 4.0, "Printer", printer),
    Model("computer", ("computer",), "loop", 1, 20.0, "Computer fan", computer),
    Model("kitchen", ("kitchen clatter",), "event", 1, 3.5, "Kitchen clatter", kitchen),
    Model("cutlery", ("cutlery", "fork", "knife", "spoon"), "event", 1, 2.2, "Cutlery", cutlery),
    Model("crockery", ("tableware", "cup", "bowl"), "event", 1, 1.8, "Crockery", crockery),
    Model("glass", ("glass", "wine glass"), "event", 1, 1.0, "Clinking glasses", glass_clink),
    Model("bottles", ("bottle",), "event", 1, 1.0, "Bottles", bottles),
    Model("coins", ("coin", "parking meter", "vending machine"), "event", 1, 1.2, "Coin", coins),
    Model("refrigerator", ("refrigerator", "electric appliance"), "loop", 1, 22.0, "Refrigerator", refrigerator),
    Model("fan", ("fan", "air conditioner", "machine"), "loop", 1, 20.0, "Fan", ventilator),
    Model("microwave", ("microwave", "kitchen appliance"), "event", 1, 6.5, "Microwave oven", microwave),
    Model("oven", ("oven",), "event", 1, 2.8, "Oven", oven),
    Model("toaster", ("toaster",), "event", 1, 2.5, "Toaster", toaster),
    Model("sizzle", ("stove", "pan", "barbecue", "cook"), "event", 1, 5.0, "Sizzling", lambda rng, s: _shown(sizzle(rng, s))),
    Model("hair-drier", ("hair drier",), "event", 1, 6.0, "Hair drier", hair_drier),
    Model("vacuum", ("vacuum cleaner",), "event", 1, 7.0, "Vacuum cleaner", vacuum),
    Model("power-tool", ("power tool", "drill"), "event", 1, 3.5, "Power tool", power_tool),
    Model("toothbrush", ("toothbrush",), "event", 1, 4.0, "Brushing teeth", toothbrush),
    Model("page", ("paper", "book"), "event", 1, 1.0, "Turning a page", page),
    Model("scissors", ("scissors",), "event", 1, 2.0, "Scissors", scissors),
    Model("door", ("door",), "event", 1, 1.8, "Door", door),
    Model("creak", ("creak",), "event", 1, 1.4, "Creaking", creak),
    Model("knock", ("door knock",), "event", 1, 1.0, "Knocking", knock),
    Model("doorbell", ("doorbell", "bell"), "event", 1, 2.4, "Doorbell", doorbell),
    Model("squeak-toy", ("rubber duck", "toy"), "event", 1, 0.7, "Squeaking toy", squeak_toy),
    Model("touch", ("household sound", "thing"), "event", 1, 1.0, "Something put down", dry_touch),
)


def _shown(signal: Signal) -> Signal:
    """Let a steady sound come and go: an event needs a beginning and an end."""
    return signal * np.hanning(signal.size).astype(np.float32) ** 0.5
