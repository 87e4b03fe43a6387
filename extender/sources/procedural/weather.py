"""Wind, leaves, rain, thunder, fire."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.grains import add, bubbles, bursts, impulses, mixed, stereo, struck
from extender.sources.procedural.model import Model
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
    peak,
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
_RAIN = (-30, -29, -28, -26, -24, -23, -21, -20, -19, -19, -18, -17, -16, -15, -14, -13, -13, -12, -11, -11, -12, -12,
         -13, -14, -18, -21, -27)  # fmt: skip
_DOWNPOUR = (-26, -24, -23, -20, -21, -20, -18, -18, -18, -16, -15, -15, -15, -14, -13, -12, -12, -12, -12, -12, -13,
             -13, -13, -13, -14, -15, -19)  # fmt: skip
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


def wind(rng: Rng, duration_s: float) -> Samples:
    """Open wind: gusts open the spectrum upwards, edges whistle when they are strong."""
    count = frames(duration_s)
    rate = 94.0
    speed = gusts(rng, spectra_count(count), rate)
    force = np.log2(speed)[:, None] * (6.0 + 1.2 * np.clip(_OCTAVES + 2.0, 0.0, 5.0))[None, :]
    pitch = 620.0 * rng.uniform(0.8, 1.3) * speed**0.7
    quiet = np.minimum(-31.0 + 34.0 * np.log2(speed), -14.0)

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


def leaves(rng: Rng, duration_s: float) -> Samples:
    """Wind in trees: the rush of many leaves, and some near ones singly."""
    count = frames(duration_s)
    speed = gusts(rng, spectra_count(count), 94.0, 0.1)
    force = 13.0 * np.log2(speed)[:, None] * np.ones((1, 27))

    def side() -> Signal:
        rush = texture(rng, count, _LEAVES, depth_db=1.7, common=0.85, low_hz=0.8, slope=0.5, motion_db=force)
        return mixed((0.0, rush), (-9.0, _rustle(rng, count, speed, 130.0)))

    return stereo(side)


def rain_of(rng: Rng, duration_s: float, strength: float, levels: tuple[int, ...]) -> Samples:
    """Rain: a bed of far drops, near drops singly, puddles; ``strength`` 0.2 drizzle .. 1 downpour."""
    count = frames(duration_s)
    moments = spectra_count(count)
    swell = 0.7 * wander(rng, moments, 94.0, 0.05, 0.5)[:, None]

    def side() -> Signal:
        bed = texture(rng, count, levels, depth_db=0.7, common=0.3, low_hz=1.0, slope=0.1, motion_db=swell)
        times = arrivals(rng, duration_s, 160.0 * strength + 30.0)
        size = rng.lognormal(0.0, 0.7, times.size)
        pitch = 3_600.0 / size**0.6 * rng.lognormal(0.0, 0.35, times.size)
        ticks = struck(
            rng, count, times, pitch[:, None] * np.array([[1.0, 1.7]]), rng.lognormal(-5.3, 0.4, (times.size, 1)),
            (size**1.3)[:, None] * np.array([[1.0, 0.6]]),
        )  # fmt: skip
        splashes = noise(rng, count, lambda f: band(f, 1_200.0, 9_000.0, 1)) * bursts(
            count, times, rng.lognormal(-4.6, 0.5, times.size), size**1.5, 0.05, 5.0
        )
        drops = bubbles(rng, count, duration_s, 14.0 * strength + 5.0, 0.0007, 0.0028)
        return mixed((0.0, bed), (-11.0, ticks), (-7.0, splashes), (-14.0, drops))

    return stereo(side)


def rain(rng: Rng, duration_s: float) -> Samples:
    """Steady rain."""
    return rain_of(rng, duration_s, rng.uniform(0.35, 0.6), _RAIN)


def drizzle(rng: Rng, duration_s: float) -> Samples:
    """Light rain."""
    return rain_of(rng, duration_s, 0.15, _RAIN)


def downpour(rng: Rng, duration_s: float) -> Samples:
    """Heavy rain."""
    return rain_of(rng, duration_s, 1.0, _DOWNPOUR)


def umbrella(rng: Rng, duration_s: float) -> Signal:
    """Rain on stretched cloth above the head: dull taps over the rain."""
    count = frames(duration_s)
    times = arrivals(rng, duration_s, 55.0)
    size = rng.lognormal(0.0, 0.7, times.size)
    taps = struck(
        rng, count, times, rng.normal(1.0, 0.12, (times.size, 1)) * np.array([[310.0, 560.0, 1_150.0]]),
        np.array([[0.035, 0.02, 0.012]]), size[:, None] * np.array([[1.0, 0.6, 0.35]]), 0.0006,
    )  # fmt: skip
    slaps = noise(rng, count, lambda f: peak(f, 900.0, 0.7)) * bursts(count, times, 0.02, size, 0.05, 6.0)
    bed = texture(rng, count, _RAIN, depth_db=0.8, common=0.3, low_hz=1.0)
    return mixed((0.0, taps), (-2.0, slaps), (-6.0, bed))


def thunder(rng: Rng, duration_s: float) -> Signal:
    """One stroke some way off: the nearest bends of the channel crack, the rest rolls."""
    duration_s *= rng.uniform(0.75, 1.15)
    count = frames(duration_s)
    distance = rng.uniform(0.15, 0.8)
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


def fire(rng: Rng, duration_s: float) -> Signal:
    """A wood fire: flames lap low, sap hisses, splinters crack in flurries."""
    count = frames(duration_s)
    points = int(duration_s * 200)
    lapping = noise(rng, count, lambda f: band(f, 25.0, 130.0, 2)) * stretched(
        np.exp(0.55 * wander(rng, points, 200.0, 2.0, 25.0, 0.2)), count
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
        times = arrivals(rng, duration_s, q_per_s * 2.0)
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
    return mixed((-6.0, lapping), (-17.0, hiss), (-7.0, body), (1.0, cracks))


def storm(rng: Rng, duration_s: float) -> Samples:
    """Rain driven by gusts, thunder far away."""
    count = frames(duration_s)
    far = np.zeros(count, dtype=np.float32)
    for at in duration_s * np.array([rng.uniform(0.03, 0.3), rng.uniform(0.5, 0.65)]):
        clap = unit(filtered(thunder(rng, 8.0), lambda f: band(f, 0.0, 260.0, 1)))[: count - frames(float(at))]
        add(far, float(at), clap)
    return np.asarray(
        0.8 * wind(rng, duration_s) + 0.8 * rain_of(rng, duration_s, 0.9, _DOWNPOUR) + 0.5 * far, dtype=np.float32
    )


MODELS = (
    Model("wind", ("wind",), "ambience", 2, 26.0, "Wind", wind),
    Model(
        "leaves",
        ("tree", "wind in trees", "rustling leaves", "bush", "grass", "plant", "leaf", "leaves"),
        "ambience",
        2,
        26.0,
        "Wind in leaves",
        leaves,
    ),
    Model("rain", ("rain",), "ambience", 2, 24.0, "Rain", rain),
    Model("drizzle", ("light rain",), "ambience", 2, 24.0, "Light rain", drizzle),
    Model("downpour", ("heavy rain",), "ambience", 2, 24.0, "Heavy rain", downpour),
    Model("umbrella", ("rain on roof", "umbrella"), "loop", 1, 20.0, "Rain on an umbrella", umbrella),
    Model("thunder", ("thunder",), "event", 1, 8.0, "Thunder", thunder),
    Model("storm", ("thunderstorm", "weather", "storm"), "ambience", 2, 28.0, "Thunderstorm", storm),
    Model("fire", ("fire",), "loop", 1, 22.0, "Wood fire", fire),
)
