"""Wind, leaves, thunder, fire."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.grains import add, bursts, impulses, mixed, stereo, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.rain import INTENSITY, rain_of
from extender.sources.procedural.toolkit import (
    THIRDS_HZ,
    Control,
    Rng,
    Signal,
    arrivals,
    band,
    between,
    convolved,
    filtered,
    frames,
    noise,
    spectra_count,
    stretched,
    texture,
    unit,
    wander,
    whistling,
)
from mixer.types import Samples

_WIND = (-37, -31, -29, -26, -25, -24, -18, -12, -11, -11, -12, -14, -16, -20, -23, -25, -27, -28, -30, -33, -36, -39,
         -41, -43, -46, -49, -54)  # fmt: skip
_LEAVES = (-47, -42, -41, -38, -39, -38, -36, -34, -34, -33, -31, -27, -23, -20, -18, -14, -13, -12, -10, -9, -8, -7,
           -8, -12, -15, -18, -25)  # fmt: skip
_THUNDER = (-29, -27, -24, -20, -16, -13, -10, -9, -9, -9, -10, -11, -13, -15, -16, -18, -18, -19, -21, -26, -28, -31,
            -33, -35, -38, -42, -47)  # fmt: skip
_FIRE = (-14, -14, -14, -12, -12, -13, -16, -20, -23, -25, -26, -26, -26, -27, -28, -27, -25, -23, -21, -19, -18, -16,
         -15, -13, -13, -15, -18)  # fmt: skip
_OCTAVES = np.log2(THIRDS_HZ / 1000.0)


def gusts(rng: Rng, moments: int, rate_hz: float, low_hz: float = 0.06) -> Control:
    """Return wind speed: 1 on average, gusts of a few seconds with turbulence on them, never below 0.15."""
    slow = wander(rng, moments, rate_hz, low_hz, 0.6, 0.9)
    quick = wander(rng, moments, rate_hz, 0.6, 6.0, 0.8)
    return np.asarray(np.maximum(1.0 + 0.3 * slow + 0.1 * quick, 0.15))


WIND = Parameter("speed", 1.0, 30.0, 6.0, "m/s", "mean speed of the wind")


def wind(rng: Rng, duration_s: float, speed: float = WIND.default) -> Samples:
    """Open wind: gusts open the spectrum upwards, edges whistle when they are strong.

    A stronger wind is brighter and sings higher (an edge at 0.2·v/d, Strouhal), not only louder.
    """
    count = frames(duration_s)
    rate = 94.0
    stronger = np.log2(speed / WIND.default)
    relative = gusts(rng, spectra_count(count), rate)
    force = np.log2(relative)[:, None] * (6.0 + 1.2 * np.clip(_OCTAVES + 2.0, 0.0, 5.0))[None, :]
    force = force + 1.6 * stronger * _OCTAVES[None, :]
    pitch = 620.0 * rng.uniform(0.8, 1.3) * relative**0.7 * 2.0 ** (0.5 * stronger)
    quiet = np.minimum(-31.0 + 9.0 * stronger + 34.0 * np.log2(relative), -14.0 + 4.0 * stronger)

    def side() -> Signal:
        body = texture(rng, count, _WIND, depth_db=1.6, common=0.4, low_hz=0.5, motion_db=force)
        howl = whistling(rng, count, pitch * rng.uniform(0.98, 1.02), quiet, 0.07)
        return body + unit(howl) * np.float32(0.1)

    return stereo(side)


def _rustle(rng: Rng, count: int, speed: Control, per_s: float) -> Signal:
    """Single leaves touching: grains that come in proportion to the square of the wind."""
    duration_s = count / 48_000
    times = arrivals(rng, duration_s, per_s)
    strength = np.interp(times, np.linspace(0, duration_s, speed.size), speed)
    times = times[rng.random(times.size) < np.clip(strength**2 / 3.0, 0.02, 1.0)]
    envelope = bursts(count, times, rng.lognormal(-4.4, 0.5, times.size), rng.lognormal(0.0, 0.8, times.size), 0.2, 2.0)
    return noise(rng, count, lambda f: band(f, 2_200.0, 7_500.0, 1)) * envelope


def leaves(rng: Rng, duration_s: float, speed: float = 5.0) -> Samples:
    """Wind in trees: the rush of many leaves, and some near ones singly; branches join in when it is strong."""
    count = frames(duration_s)
    stronger = np.log2(speed / 5.0)
    relative = gusts(rng, spectra_count(count), 94.0, 0.1)
    force = 13.0 * np.log2(relative)[:, None] - 0.8 * stronger * _OCTAVES[None, :]

    def side() -> Signal:
        rush = texture(rng, count, _LEAVES, depth_db=1.7, common=0.85, low_hz=0.8, slope=0.5, motion_db=force)
        return mixed((0.0, rush), (-9.0 - 3.0 * stronger, _rustle(rng, count, relative, 110.0 * speed**0.1)))

    return stereo(side)


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


FIRE = Parameter("size", 0.1, 5.0, 0.6, "m", "width of the fire")


def fire(rng: Rng, duration_s: float, size: float = FIRE.default) -> Signal:
    """A wood fire: flames lap low, sap hisses, splinters crack in flurries.

    A large fire roars lower (flames flicker at about 1.5/√size Hz, Cetegen & Ahmed 1993) and crackles more.
    """
    count = frames(duration_s)
    larger = np.log2(size / FIRE.default)
    top_hz = 130.0 * 2.0 ** (-0.2 * larger)
    points = int(duration_s * 200)
    lapping = noise(rng, count, lambda f: band(f, 25.0, top_hz, 2)) * stretched(
        np.exp(0.55 * wander(rng, points, 200.0, 2.0 * 2.0 ** (-0.5 * larger), 25.0, 0.2)), count
    )
    hiss = noise(rng, count, lambda f: band(f, 3_500.0, 16_000.0, 1)) * stretched(
        np.exp(0.5 * wander(rng, points, 200.0, 0.2, 20.0, 0.5)), count
    )
    body = texture(rng, count, _FIRE, depth_db=1.6, common=0.5, low_hz=0.5)
    mood = np.exp(0.9 * wander(rng, points, 200.0, 0.15, 2.0, 0.4))
    cracks = np.zeros(count, dtype=np.float32)
    for low, high, q_per_s, length in (
        (900, 3_000, 5.0, 0.016),
        (2_500, 7_000, 11.0, 0.008),
        (5_000, 15_000, 16.0, 0.004),
    ):
        times = arrivals(rng, duration_s, q_per_s * 2.0 * min(2.0 ** (0.6 * larger), 3.0))
        times = times[
            rng.random(times.size) < np.clip(np.interp(times, np.linspace(0, duration_s, points), mood) / 3, 0, 1)
        ]
        flurry = times + rng.exponential(0.03, times.size) * (rng.random(times.size) < 0.4)
        times = np.concatenate([times, flurry])
        gains = np.minimum(rng.lognormal(0.0, 1.15, times.size), 12.0)
        lengths = length * rng.lognormal(0.0, 0.6, times.size)
        grains = noise(rng, count, between(low, high))
        cracks += grains * bursts(count, times, lengths, gains, 0.04, 5.0)
    snaps = arrivals(rng, duration_s, 1.3)
    cracks += 6.0 * struck(
        rng, count, snaps, rng.uniform(500, 2_600, (snaps.size, 1)) * np.array([[1.0, 1.9, 3.3]]),
        np.array([[0.03, 0.018, 0.01]]), rng.lognormal(0.0, 0.6, (snaps.size, 1)),
    )  # fmt: skip
    return mixed((-6.0 + 2.0 * larger, lapping), (-17.0, hiss), (-7.0 + 1.5 * larger, body), (1.0, cracks))


def storm(rng: Rng, duration_s: float, intensity: float = 25.0, speed: float = 12.0) -> Samples:
    """Rain driven by gusts, thunder far away."""
    count = frames(duration_s)
    far = np.zeros(count, dtype=np.float32)
    for at in duration_s * np.array([rng.uniform(0.03, 0.3), rng.uniform(0.5, 0.65)]):
        clap = unit(filtered(thunder(rng, 8.0), lambda f: band(f, 0.0, 260.0, 1)))[: count - frames(float(at))]
        add(far, float(at), clap)
    return np.asarray(
        0.8 * wind(rng, duration_s, speed) + 0.8 * rain_of(rng, duration_s, intensity) + 0.5 * far, dtype=np.float32
    )


MODELS = (
    Model("wind", ("wind",), "ambience", 2, 26.0, "Wind", wind, (WIND,)),
    Model(
        "leaves",
        ("tree", "wind in trees", "rustling leaves", "bush", "grass", "plant", "leaf", "leaves"),
        "ambience",
        2,
        26.0,
        "Wind in leaves",
        leaves,
        (replace(WIND, default=5.0),),
    ),
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
    Model("fire", ("fire",), "loop", 1, 22.0, "Wood fire", fire, (FIRE,)),
)
