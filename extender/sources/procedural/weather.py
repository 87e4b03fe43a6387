"""Thunder and storms; wind, leaves, rain and fire are fitted textures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.fitted_textures import INTENSITY, WIND, windy_rain
from extender.sources.procedural.grains import add, impulses, mixed
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    THIRDS_HZ,
    Rng,
    Signal,
    band,
    convolved,
    filtered,
    frames,
    spectra_count,
    texture,
    unit,
)
from mixer.types import Samples

_THUNDER = (-29, -27, -24, -20, -16, -13, -10, -9, -9, -9, -10, -11, -13, -15, -16, -18, -18, -19, -21, -26, -28, -31,
            -33, -35, -38, -42, -47)  # fmt: skip
_OCTAVES = np.log2(THIRDS_HZ / 1000.0)

THUNDER = Parameter("distance", 300.0, 15_000.0, 3_000.0, "m", "how far off the lightning is")


def thunder(rng: Rng, duration_s: float, distance: float = THUNDER.default) -> Signal:
    """One stroke some way off: the nearest bends of the channel crack, the rest rolls."""
    duration_s *= rng.uniform(0.75, 1.15)
    count = frames(duration_s)
    nearest, farthest = np.log(THUNDER.low), np.log(THUNDER.high)
    distance = float(np.clip((np.log(distance) - nearest) / (farthest - nearest) + rng.uniform(-0.1, 0.1), 0.0, 1.0))
    n_wave = np.concatenate([np.linspace(1, -1, frames(0.008)), np.zeros(8)]).astype(np.float32)
    times = 0.08 + np.cumsum(rng.exponential(0.005 * (1.0 + 4.0 * distance), 240))
    gains = rng.random(240) ** 3 * np.exp(-0.9 * times) * rng.choice([-1.0, 1.0], 240)
    crack = convolved(impulses(count, times * 48_000, gains), n_wave)[:count]
    crack = filtered(crack, lambda f: band(f, 40.0, 4_500.0 * (1.0 - distance) + 250.0, 1))
    moments = spectra_count(count)
    t = np.linspace(0.0, duration_s, moments)
    rolls = np.zeros(moments)
    for at in 0.15 + rng.random(12) ** 1.5 * 0.7 * duration_s:
        u = (t - at) / rng.uniform(0.4, 1.3)
        rolls += rng.uniform(0.3, 1.0) * np.where(u > 0, u * np.exp(1.0 - 2.5 * u), 0.0)
    envelope = 20.0 * np.log10(rolls * np.exp(-2.2 * t / duration_s) + 1e-4)
    dulling = -np.clip(_OCTAVES + 3.0, 0.0, 6.0)[None, :] * (1.2 + 2.2 * t / duration_s)[:, None] * (0.5 + distance)
    roll = texture(
        rng, count, _THUNDER, depth_db=3.2, common=0.7, low_hz=1.0, slope=0.3, motion_db=envelope[:, None] + dulling
    )
    closing = np.clip((duration_s - np.linspace(0, duration_s, count)) / 1.2, 0.0, 1.0).astype(np.float32) ** 2
    return mixed((0.0, roll), (-1.0 - 9.0 * distance, crack)) * closing


def storm(rng: Rng, duration_s: float, intensity: float = 25.0, speed: float = 12.0) -> Samples:
    """Rain driven by gusts, thunder far away."""
    count = frames(duration_s)
    far = np.zeros(count, dtype=np.float32)
    for at in duration_s * np.array([rng.uniform(0.03, 0.3), rng.uniform(0.5, 0.65)]):
        clap = unit(filtered(thunder(rng, 8.0), lambda f: band(f, 0.0, 260.0, 1)))[: count - frames(float(at))]
        add(far, float(at), clap)
    return np.asarray(1.13 * windy_rain(rng, duration_s, intensity, speed) + 0.5 * far, dtype=np.float32)


MODELS = (
    Model("thunder", ("thunder",), "event", 1, 8.0, "Thunder", thunder, (THUNDER,)),
    Model(
        "storm",
        ("thunderstorm", "weather", "storm"),
        "ambience",
        2,
        28.0,
        "Thunderstorm",
        storm,
        (replace(INTENSITY, default=25.0), replace(WIND, default=12.0)),
    ),
)
