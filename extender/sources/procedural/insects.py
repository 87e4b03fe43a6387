"""Insects and frogs: pulses and buzzing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.animals import HERD
from extender.sources.procedural.birds import MEADOW
from extender.sources.procedural.calls_bouts import Bout, sized
from extender.sources.procedural.grains import add, bursts, mirrored, mixed, widened
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    around,
    arrivals,
    band,
    circling,
    frames,
    noise,
    rms,
    stretched,
    texture,
    unit,
    wander,
)
from mixer.types import Samples

TEMPERATURE = Parameter("temperature", 10.0, 38.0, 23.0, "°C", "of the air")
INSECTS = Parameter("insects", 1.0, 12.0, 5.0, "insects", "how many are heard singly")


def chirps_per_s(temperature: float) -> float:
    """Return how often a tree cricket chirps: T_F = 50 + (N − 40)/4 (Dolbear 1897)."""
    fahrenheit = 32.0 + 1.8 * temperature
    return max(40.0 + 4.0 * (fahrenheit - 50.0), 12.0) / 60.0


def crickets(rng: Rng, duration_s: float, temperature: float = TEMPERATURE.default) -> Samples:
    """Crickets: each its own pitch and rhythm, over the quiet of the night; all quicker and higher when it is warm."""
    warm = chirps_per_s(temperature) / chirps_per_s(TEMPERATURE.default)
    count = frames(duration_s)
    sources = []
    waver = np.float32(0.4) * np.sin(np.float32(2 * np.pi * 31 / SAMPLE_RATE) * np.arange(count, dtype=np.float32))
    for k in range(6):
        pitch = rng.normal(4_550, 230) * warm**0.12
        pulse_s = 1.0 / (rng.uniform(26, 33) * warm**0.5)
        rate = chirps_per_s(temperature) * rng.uniform(0.75, 1.2)
        chirps = arrivals(rng, duration_s, rate, 0.93)
        resting = wander(rng, int(duration_s * 10), 10.0, 0.03, 0.2) > 1.1
        chirps = chirps[~resting[np.minimum((chirps * 10).astype(int), resting.size - 1)]]
        pulses = int(rng.integers(3, 5))
        times = (chirps[:, None] + np.arange(pulses)[None, :] * pulse_s).ravel()
        loud = np.tile(np.array([0.55, 0.85, 1.0, 0.95])[:pulses], chirps.size)
        gate = bursts(count, times, 0.021 / warm**0.5, loud, 0.4, 1.0)
        drift = 1 + 0.002 * stretched(wander(rng, 400, 20.0, 0.1, 2.0), count)
        turns = np.cumsum(drift, dtype=np.float64) * (pitch / SAMPLE_RATE)
        turns -= np.floor(turns)
        tone = np.sin(np.float32(2 * np.pi) * turns.astype(np.float32) + waver)
        sources.append((tone * gate * np.float32(0.9 * 0.62**k + 0.05), float(rng.uniform(-0.9, 0.9))))
    far = texture(
        rng,
        count,
        [-60.0] * 20 + [-18, -6, -20, -40, -60, -60, -60],
        depth_db=2.0,
        common=0.8,
        low_hz=1.0,
        high_hz=30.0,
        slope=0.0,
    )
    song = widened(rng, [*sources, (far * np.float32(0.05), 0.0)], count)
    air = mirrored(texture(rng, count, MEADOW, depth_db=1.2, common=0.5, low_hz=0.1, high_hz=8.0))
    level = rms(song) or 1.0
    return np.asarray(song / level + 0.12 * air, dtype=np.float32)


def cicadas(rng: Rng, duration_s: float, insects: float = 4.0) -> Samples:
    """Cicadas: buzzing bands of noise in pulses, swelling together."""
    count = frames(duration_s)
    sources = []
    for k in range(round(insects)):
        centre = rng.uniform(5_200, 7_600)
        buzz = noise(rng, count, around(centre, 9.0, 1.5))
        rate = rng.uniform(120, 190) * (1 + 0.03 * wander(rng, int(duration_s * 20), 20.0, 0.2, 3.0))
        cycle = np.cumsum(stretched(rate / SAMPLE_RATE, count), dtype=np.float64)
        pulse = np.exp(np.float32(-4.0) * (cycle - np.floor(cycle)).astype(np.float32))
        ticking = 0.55 + 0.45 * np.sin(2 * np.pi * cycle[::480] / rng.integers(14, 26))
        swell = np.exp(0.6 * wander(rng, ticking.size, 100.0, 0.05, 0.5)) * 0.75 ** min(k, 8)
        sources.append((unit(buzz * pulse) * stretched(ticking * swell, count), float(rng.uniform(-0.9, 0.9))))
    air = mirrored(texture(rng, count, MEADOW, depth_db=1.2, common=0.5, low_hz=0.1, high_hz=8.0))
    return np.asarray(widened(rng, sources, count) + 0.04 * air, dtype=np.float32)


def _buzz(rng: Rng, count: int, f0: float, waver: float) -> Signal:
    """One insect flying: harmonics of its wing beat, its distance ever changing."""
    points = max(int(count / SAMPLE_RATE * 50), 8)
    pitch = f0 * (1 + waver * wander(rng, points, 50.0, 0.3, 6.0, 0.3))
    near = np.exp(0.8 * wander(rng, points, 50.0, 0.15, 2.0, 0.4))
    phase = 2 * np.pi * np.cumsum(stretched(pitch, count).astype(np.float64)) / SAMPLE_RATE
    turn = circling(phase)
    wheel = np.ones(count, dtype=np.complex64)
    out = np.zeros(count, dtype=np.float32)
    for h in range(1, int(min(5_000 / f0, 20))):
        wheel *= turn
        out += wheel.imag * np.float32(h**-1.1 * (1.4 if h == 2 else 1.0))
    rough = stretched(np.exp(0.25 * wander(rng, points * 8, 400.0, 10.0, 150.0, 0.1)), count)
    return out * rough * stretched(near, count)


def bees(rng: Rng, duration_s: float, insects: float = INSECTS.default) -> Signal:
    """Bees at work: several wing beats, coming and going."""
    count = frames(duration_s)
    voices = [(-3.0 * min(k, 5), _buzz(rng, count, rng.uniform(195, 265), 0.03)) for k in range(round(insects))]
    air = noise(rng, count, lambda f: band(f, 150.0, 2_500.0, 1))
    return mixed(*voices, (-20.0, air))


WINGS = Parameter("beats", 80.0, 800.0, 215.0, "Hz", "how often its wings beat")


def bee(rng: Rng, duration_s: float, beats: float = WINGS.default) -> Signal:
    """An insect flies by."""
    count = frames(duration_s * rng.uniform(0.7, 1.2))
    shape = np.hanning(200) ** 1.5
    return _buzz(rng, count, beats * rng.uniform(0.85, 1.15), 0.04) * stretched(shape, count)


def fly(rng: Rng, duration_s: float, beats: float = 420.0) -> Signal:
    """A fly or gnat at the ear."""
    count = frames(duration_s * rng.uniform(0.6, 1.1))
    return _buzz(rng, count, beats * rng.uniform(0.8, 1.2), 0.06) * stretched(np.hanning(200), count)


FROG = Parameter("length", 2.0, 20.0, 6.0, "cm", "of the frog's body")


frog = sized("frog", "length", FROG.default, Bout(1, 2, 1.5))


def frogs(rng: Rng, duration_s: float, animals: float = HERD.default) -> Signal:
    """A pond full of frogs."""
    count = frames(duration_s)
    line = np.zeros(count, dtype=np.float32)
    times = arrivals(rng, duration_s + 1.0, 2.6 * (animals / HERD.default) ** 0.7) - 1.0
    croaks = [unit(frog(rng, 1.0)) for _ in range(min(times.size, 24))]
    for number, at in enumerate(times):
        add(line, float(at), croaks[number % len(croaks)], float(rng.lognormal(-0.6, 0.7)))
    air = texture(rng, count, MEADOW, depth_db=1.2, common=0.5, low_hz=0.2)
    return mixed((0.0, line), (-24.0, air))


MODELS = (
    Model(
        "crickets", ("crickets", "cricket", "night ambience"), "ambience", 2, 26.0, "Crickets", crickets, (TEMPERATURE,)
    ),
    Model("cicadas", ("cicadas", "cicada"), "ambience", 2, 24.0, "Cicadas", cicadas, (replace(INSECTS, default=4.0),)),
    Model("bees", ("beehive",), "loop", 1, 20.0, "Bees", bees, (INSECTS,)),
    Model("bee", ("bee", "insect"), "event", 1, 3.0, "Bee", bee, (WINGS,)),
    Model("fly", ("fly", "mosquito"), "event", 1, 2.0, "Fly", fly, (replace(WINGS, default=420.0),)),
    Model("frog", ("frog", "amphibian"), "event", 1, 1.6, "Frog", frog, (FROG,)),
    Model("frogs", ("frogs",), "loop", 1, 22.0, "Frogs", frogs, (HERD,)),
)
