"""Rain on all it falls on, and hail; rain on open ground is a fitted texture."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.fitted_textures import INTENSITY
from extender.sources.procedural.grains import bubbles, bursts, mixed, stereo, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    Control,
    Rng,
    Shape,
    Signal,
    around,
    arrivals,
    band,
    filtered,
    frames,
    noise,
    peak,
    texture,
)
from mixer.types import Samples

_RAIN = (-30, -29, -28, -26, -24, -23, -21, -20, -19, -19, -18, -17, -16, -15, -14, -13, -13, -12, -11, -11, -12, -12,
         -13, -14, -18, -21, -27)  # fmt: skip
_DOWNPOUR = (-26, -24, -23, -20, -21, -20, -18, -18, -18, -16, -15, -15, -15, -14, -13, -12, -12, -12, -12, -12, -13,
             -13, -13, -13, -14, -15, -19)  # fmt: skip


def strength_of(intensity: float) -> float:
    """Return how dense and strong rain is: about 0.2 for drizzle, 1 for a downpour of 40 mm/h."""
    return float(0.27 * intensity**0.36)


def bed_of(intensity: float) -> list[float]:
    """Return the third-octave levels of far drops: heavy rain has more low and less of the hiss's peak."""
    heavy = float(np.clip(np.log(intensity / 4.0) / np.log(10.0), 0.0, 1.0))
    return [(1.0 - heavy) * light + heavy * much for light, much in zip(_RAIN, _DOWNPOUR, strict=True)]


def drops(rng: Rng, duration_s: float, per_s: float) -> tuple[Control, Control]:
    """Return when single drops fall near by, and their sizes (1 = middling)."""
    times = arrivals(rng, duration_s, per_s)
    return times, np.minimum(rng.lognormal(0.0, 0.7, times.size), 4.0)


def umbrella(rng: Rng, duration_s: float, intensity: float = INTENSITY.default) -> Signal:
    """Rain on stretched cloth above the head: dull taps over the rain."""
    count = frames(duration_s)
    times, size = drops(rng, duration_s, 125.0 * strength_of(intensity))
    taps = struck(
        rng, count, times, rng.normal(1.0, 0.12, (times.size, 1)) * np.array([[310.0, 560.0, 1_150.0]]),
        np.array([[0.035, 0.02, 0.012]]), size[:, None] * np.array([[1.0, 0.6, 0.35]]), 0.0006,
    )  # fmt: skip
    slaps = noise(rng, count, lambda f: peak(f, 900.0, 0.7)) * bursts(count, times, 0.02, size, 0.05, 6.0)
    bed = texture(rng, count, bed_of(intensity), depth_db=0.8, common=0.3, low_hz=1.0)
    return mixed((0.0, taps), (-2.0, slaps), (-6.0, bed))


def _on_panel(
    rng: Rng,
    duration_s: float,
    intensity: float,
    modes_hz: tuple[float, ...],
    t60_s: float,
    outside: Shape,
    levels_db: tuple[float, float, float],
) -> Samples:
    """Rain on something that sounds: its modes at every drop, the slap of the water, the rain beyond (``outside``)."""
    count = frames(duration_s)
    strength = strength_of(intensity)
    modes = np.array([modes_hz])
    fall = t60_s / (1.0 + 0.5 * np.arange(modes.size))
    panel_db, slap_db, beyond_db = levels_db

    def side() -> Signal:
        times, size = drops(rng, duration_s, 150.0 * strength)
        where = rng.lognormal(0.0, 0.35, (times.size, modes.size))  # every spot rouses other modes
        rung = struck(
            rng, count, times, rng.normal(1.0, 0.06, (times.size, 1)) * modes, fall[None, :],
            size[:, None] ** 1.2 * where, 0.0006,
        )  # fmt: skip
        slaps = noise(rng, count, lambda f: band(f, 500.0, 5_000.0, 1)) * bursts(
            count, times, rng.lognormal(-4.7, 0.4, times.size), size**1.3, 0.05, 6.0
        )
        bed = texture(rng, count, bed_of(intensity), depth_db=0.8, common=0.3, low_hz=1.0)
        return mixed((panel_db, rung), (slap_db, slaps), (beyond_db, filtered(bed, outside)))

    return stereo(side)


def rain_on_roof(rng: Rng, duration_s: float, intensity: float = INTENSITY.default) -> Samples:
    """Rain heard from under a roof: the boards drum, the gutter runs, little comes in from outside."""
    roof = _on_panel(
        rng, duration_s, intensity, (170.0, 330.0, 640.0, 1_180.0), 0.07, lambda f: band(f, 80.0, 1_800.0, 1),
        (0.0, -6.0, -2.0),
    )  # fmt: skip
    count = frames(duration_s)
    gutter = bubbles(rng, count, duration_s, 30.0 * strength_of(intensity), 0.0015, 0.005, 0.5)
    sides = [mixed((0.0, side), (-13.0, share * gutter)) for side, share in zip(roof, (1.0, 0.8), strict=True)]
    return np.stack(sides)


def rain_on_window(rng: Rng, duration_s: float, intensity: float = INTENSITY.default) -> Samples:
    """Rain driven against a window pane."""
    return _on_panel(
        rng, duration_s, intensity, (310.0, 820.0, 1_650.0, 3_300.0), 0.022, lambda f: band(f, 60.0, 1_200.0, 1),
        (-2.0, 0.0, -7.0),
    )  # fmt: skip


def rain_on_leaves(rng: Rng, duration_s: float, intensity: float = INTENSITY.default) -> Samples:
    """Rain in foliage: soft pats of all sizes, and the large drops that gather and fall late."""
    count = frames(duration_s)
    strength = strength_of(intensity)

    def side() -> Signal:
        bed = texture(rng, count, bed_of(intensity), depth_db=1.0, common=0.4, low_hz=0.6, tilt_db=-0.8)
        times, size = drops(rng, duration_s, 190.0 * strength)
        pats = noise(rng, count, around(2_300.0, 0.8)) * bursts(
            count, times, rng.lognormal(-4.5, 0.45, times.size), size**1.2, 0.12, 4.0
        )
        late, heavy = drops(rng, duration_s, 9.0)
        gathered = noise(rng, count, around(950.0, 1.0)) * bursts(count, late, 0.025, heavy, 0.06, 5.0)
        return mixed((-2.0, bed), (0.0, pats), (-7.0, gathered))

    return stereo(side)


def hail(rng: Rng, duration_s: float, size: float = 8.0) -> Samples:
    """Hail on hard ground: stones that crack and bounce, harder and duller the larger they are."""
    count = frames(duration_s)
    larger = np.log2(size / 8.0)

    def side() -> Signal:
        times, weight = drops(rng, duration_s, 130.0 / 2.0 ** (0.5 * larger))
        hop = times + rng.uniform(0.05, 0.12, times.size) * 2.0 ** (0.3 * larger)
        at, force = np.concatenate([times, hop]), np.concatenate([weight, 0.3 * weight]) ** 1.3
        pitch = 2_900.0 / 2.0 ** (0.6 * larger) * rng.lognormal(0.0, 0.3, (at.size, 1))
        stones = struck(
            rng, count, at, pitch * np.array([[1.0, 2.1, 3.7]]), np.array([[0.012, 0.008, 0.005]]),
            force[:, None] * np.array([[1.0, 0.8, 0.5]]), 0.0002,
        )  # fmt: skip
        cracks = noise(rng, count, lambda f: band(f, 1_500.0, 11_000.0, 1)) * bursts(count, at, 0.006, force, 0.03, 6.0)
        bed = texture(rng, count, _RAIN, depth_db=1.2, common=0.5, low_hz=0.5, tilt_db=0.8)
        return mixed((0.0, stones), (-1.0, cracks), (-5.0, bed))

    return stereo(side)


HAIL = Parameter("size", 3.0, 40.0, 8.0, "mm", "diameter of the stones")

MODELS = (
    Model("rain-roof", ("rain on roof",), "ambience", 2, 24.0, "Rain on the roof", rain_on_roof, (INTENSITY,)),
    Model("rain-leaves", ("rain on leaves",), "ambience", 2, 24.0, "Rain on leaves", rain_on_leaves, (INTENSITY,)),
    Model("rain-window", ("rain on window",), "ambience", 2, 24.0, "Rain on a window", rain_on_window, (INTENSITY,)),
    Model("umbrella", ("umbrella",), "loop", 1, 20.0, "Rain on an umbrella", umbrella, (INTENSITY,)),
    Model("hail", ("hail",), "ambience", 2, 22.0, "Hail", hail, (HAIL,)),
)
