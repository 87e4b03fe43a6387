"""In the kitchen: things of steel, glass, china and wood that knock together; what hums, beeps and fries."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.grains import add, bubbles, bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    arrivals,
    band,
    circling,
    frames,
    glide,
    noise,
    own,
    stretched,
    texture,
    unit,
    wander,
)

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
        rng,
        count,
        [0.001],
        np.concatenate([modes, split])[None, :],
        np.tile(t60 / (1 + faster * number), 2)[None, :],
        np.concatenate([gains, 0.6 * gains])[None, :],
        0.0003,
    )
    click = noise(rng, count, lambda f: band(f, 800.0, 9_000.0, 1)) * bursts(count, [0.0], 0.007, 1.0, 0.05, 6.0)
    thud = struck(rng, count, [0.0], [[rng.uniform(150, 320)]], [[0.05]], [[1.0]], 0.002)
    loudest = np.float32(np.abs(ring).max())
    return np.asarray(ring + loudest * (0.5 * click + 0.25 * thud), dtype=np.float32)


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


def beeps(rng: Rng, base_hz: float, length_s: float, gap_s: float, times: int) -> Signal:
    """Return an appliance's beeps: a piezo disc, odd harmonics, hard edges."""
    count = frames(times * (length_s + gap_s) + 0.1)
    t = np.arange(count) / SAMPLE_RATE
    harmonics = ((1, 1.0), (2, 0.12), (3, 0.4), (5, 0.15))
    tone = np.sum([gain * np.sin(2 * np.pi * base_hz * h * t) for h, gain in harmonics], axis=0)
    gate = np.zeros(count)
    for k in range(times):
        start = 0.01 + k * (length_s + gap_s)
        gate += np.clip((t - start) / 0.003, 0, 1) * np.clip((start + length_s - t) / 0.006, 0, 1)
    return in_place(rng, (np.asarray(tone) * gate).astype(np.float32), 0.35, -12.0)


BUSY = Parameter("rate", 0.3, 4.0, 1.3, "flurries/s", "how busily somebody works")


def kitchen(rng: Rng, duration_s: float, rate: float = BUSY.default) -> Signal:
    """Somebody at work in the kitchen."""
    return in_place(
        rng,
        clatter(rng, duration_s * rng.uniform(0.7, 1.1), rate, ("steel", "ceramic", "ceramic", "wood", "pan")),
        0.35,
        -11.0,
    )


def cutlery(rng: Rng, duration_s: float) -> Signal:
    """Knife and fork on a plate."""
    return in_place(
        rng, clatter(rng, duration_s * rng.uniform(0.6, 1.1), 1.6, ("steel", "ceramic", "steel"), 0.7), 0.3, -13.0
    )


def crockery(rng: Rng, duration_s: float) -> Signal:
    """Cups and bowls set down."""
    return in_place(
        rng, clatter(rng, duration_s * rng.uniform(0.6, 1.0), 1.0, ("ceramic", "ceramic", "wood"), 0.6), 0.3, -13.0
    )


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
        one = struck(
            rng,
            frames(0.4),
            [0.0],
            modes * rng.normal(1, 0.01, (1, 5)),
            np.array([[0.3, 0.28, 0.2, 0.18, 0.12]]),
            rng.lognormal(0, 0.4, (1, 5)) * gain,
        )
        pieces.append((at, one))
        at += gap
        gap *= rng.uniform(0.72, 0.82)
        gain *= 0.8
    return in_place(rng, sequence(pieces), 0.3, -15.0)


def hum(rng: Rng, duration_s: float, mains_hz: float, hum_db: float, fan: tuple[float, float]) -> Signal:
    """Return a machine that runs quietly: the mains' harmonics, and the air it moves."""
    count = frames(duration_s)
    turn = circling(np.arange(count) * (2 * np.pi * mains_hz / SAMPLE_RATE))
    wheel = np.ones(count, dtype=np.complex64)
    buzz = np.zeros(count, dtype=np.float32)
    for h, gain in enumerate((1.0, 0.5, 0.35, 0.2, 0.16, 0.1, 0.07, 0.05)):
        wheel *= turn
        alive = 1 + 0.12 * wander(rng, int(duration_s * 10), 10.0, 0.05, 3.0)
        tone = wheel.real if h % 2 else wheel.imag  # as sines all of them would meet in one peak
        buzz += tone * stretched(gain * rng.uniform(0.5, 1.3) * alive, count)
    levels = 20 * np.log10(band(1000 * 2.0 ** (np.arange(-14, 13) / 3), fan[0], fan[1], 1) + 1e-4)
    air = texture(rng, count, levels.tolist(), depth_db=0.8, common=0.3, low_hz=0.2, slope=0.4)
    return mixed((hum_db, buzz), (0.0, air))


MAINS = Parameter("mains", 50.0, 60.0, 50.0, "Hz", "of the electric mains: 50 in most of the world, 60 in America")


def refrigerator(rng: Rng, duration_s: float, mains: float = MAINS.default) -> Signal:
    """A refrigerator: compressor hum, a faint trickle in the pipes."""
    compressor = hum(rng, duration_s, mains, 2.0, (90.0, 700.0))
    trickle = bubbles(rng, compressor.size, duration_s, 3.0, 0.002, 0.006, 0.5)
    return mixed((0.0, compressor), (-26.0, trickle))


def microwave(rng: Rng, duration_s: float, mains: float = MAINS.default) -> Signal:
    """A microwave oven runs, stops with a clunk and beeps."""
    run = hum(rng, duration_s * 0.6, 2.0 * mains, 1.0, (200.0, 1_800.0))
    run = unit(run) * stretched(glide([(0, 0), (0.05, 1), (0.985, 1), (1, 0)], 400), run.size)
    clunk = impact(rng, "plastic", 320.0)
    signal = beeps(rng, own(rng).uniform(1_950, 2_150), 0.42, 0.38, 3)
    end = run.size / SAMPLE_RATE
    return sequence([(0.0, 0.6 * run), (end - 0.02, 2.0 * unit(clunk)), (end + 0.5, unit(signal))])


def oven(rng: Rng, duration_s: float) -> Signal:
    """An oven's door and its timer's bell."""
    door = mixed((0.0, impact(rng, "pan", 180.0)), (-4.0, impact(rng, "steel", 900.0)))
    ding = struck(
        rng, frames(1.4), [0.0], [[2_080.0, 2_093.0, 5_400.0, 9_100.0]], [[1.2, 1.1, 0.6, 0.2]], [[1.0, 0.6, 0.5, 0.2]]
    )
    return in_place(
        rng,
        sequence([(0.0, ding), (rng.uniform(1.2, 1.8), 1.2 * unit(door) * np.float32(np.std(ding) * 2))]),
        0.35,
        -12.0,
    )


def toaster(rng: Rng, duration_s: float) -> Signal:
    """A toaster: the last ticks, then it springs up."""
    pop = mixed(
        (0.0, impact(rng, "steel", 1_100.0)), (-2.0, impact(rng, "plastic", 300.0)), (-6.0, impact(rng, "pan", 620.0))
    )
    ticks = [(0.33 * k, np.float32(0.12) * impact(rng, "plastic", 900.0)) for k in range(5)]
    return in_place(rng, sequence([*ticks, (1.75, pop * np.float32(0.4))], 0.3), 0.3, -13.0)


HEAT = Parameter("heat", 120.0, 230.0, 175.0, "°C", "of the fat in the pan")


def sizzle(rng: Rng, duration_s: float, heat: float = HEAT.default) -> Signal:
    """Something frying: hiss, spatter in flurries, bubbles."""
    count = frames(duration_s)
    hotter = (heat - HEAT.default) / 40.0
    hiss = noise(rng, count, lambda f: band(f, 3_000.0, 11_000.0, 1)) * stretched(
        np.exp(0.2 * wander(rng, int(duration_s * 200), 200.0, 0.3, 40.0, 0.3)), count
    )
    times = arrivals(rng, duration_s, 170.0 * 2.0**hotter)
    spatter = noise(rng, count, lambda f: band(f, 1_800.0, 9_000.0, 1)) * bursts(
        count, times, 0.003, np.minimum(rng.lognormal(0, 1.1, times.size), 10.0), 0.05, 5.0
    )
    boiling = bubbles(rng, count, duration_s, 14.0, 0.0008, 0.002)
    return mixed((2.0 * hotter, hiss), (1.0, spatter), (-10.0 - 3.0 * hotter, boiling))


def dry_touch(rng: Rng, duration_s: float) -> Signal:
    """Some small thing is put down."""
    materials = ("wood", "plastic", "ceramic")
    pieces: list[tuple[float, Signal]] = []
    for at in np.cumsum(rng.exponential(0.25, int(rng.integers(1, 4)))):
        pieces.append((float(at), np.float32(rng.uniform(0.5, 1)) * impact(rng, materials[int(rng.integers(3))])))
    whole = sequence(pieces, 0.2)
    add(
        whole,
        0.0,
        noise(rng, whole.size, lambda f: band(f, 600.0, 4_000.0, 1)) * bursts(whole.size, [0.0], 0.15, 0.02, 0.3, 2.0),
    )
    return in_place(rng, whole, 0.25, -13.0)


def _shown(signal: Signal) -> Signal:
    """Let a steady sound come and go: an event needs a beginning and an end."""
    return signal * np.hanning(signal.size).astype(np.float32) ** 0.5


MODELS = (
    Model("kitchen", ("kitchen clatter",), "event", 1, 3.5, "Kitchen clatter", kitchen, (BUSY,)),
    Model("cutlery", ("cutlery", "fork", "knife", "spoon"), "event", 1, 2.2, "Cutlery", cutlery),
    Model("crockery", ("tableware", "cup", "bowl"), "event", 1, 1.8, "Crockery", crockery),
    Model("glass", ("glass", "wine glass"), "event", 1, 1.0, "Clinking glasses", glass_clink),
    Model("bottles", ("bottle",), "event", 1, 1.0, "Bottles", bottles),
    Model("coins", ("coin", "parking meter", "vending machine"), "event", 1, 1.2, "Coin", coins),
    Model(
        "refrigerator",
        ("refrigerator", "electric appliance", "power line"),
        "loop",
        1,
        22.0,
        "Refrigerator",
        refrigerator,
        (MAINS,),
    ),
    Model("microwave", ("microwave", "kitchen appliance"), "event", 1, 6.5, "Microwave oven", microwave, (MAINS,)),
    Model("oven", ("oven",), "event", 1, 2.8, "Oven", oven),
    Model("toaster", ("toaster",), "event", 1, 2.5, "Toaster", toaster),
    Model(
        "sizzle",
        ("stove", "pan", "barbecue", "cook"),
        "event",
        1,
        5.0,
        "Sizzling",
        lambda rng, s, heat=HEAT.default: _shown(sizzle(rng, s, heat)),
        (HEAT,),
    ),
    Model("touch", ("household sound", "can"), "event", 1, 1.0, "Something put down", dry_touch),
)
