"""Textures fitted to recordings: rain, wind, leaves, waves, fire, rotors (``textures.py`` makes them).

What they are fitted to is told in ``models/cards/sounds.md``; ``python -m models.sounds fit`` makes them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from extender.sources.procedural.distance import air_gain
from extender.sources.procedural.fitted import library
from extender.sources.procedural.grains import mirrored
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.textures import (
    BANDS,
    CENTRES_HZ,
    FINE_HZ,
    MOTION_RATE,
    Texture,
    blended,
    endless,
    first,
    wandering,
)
from extender.sources.procedural.toolkit import Control, Rng, frames, own
from extender.types import Kind
from mixer.types import Samples

Values = Mapping[str, float]
Motion = Iterator[Control]
Make = Callable[[Rng, Values], tuple[Texture, Motion]]
"""(generator, values of the parameters) → the texture and its slow motion."""

INTENSITY = Parameter("intensity", 0.2, 100.0, 4.0, "mm/h", "how much rain falls")
WIND = Parameter("speed", 1.0, 30.0, 6.0, "m/s", "mean speed of the wind")
PERIOD = Parameter("period", 3.0, 16.0, 6.5, "s", "from one wave to the next")
HEIGHT = Parameter("height", 0.1, 5.0, 1.0, "m", "height of the waves that break")
FIRE = Parameter("size", 0.1, 5.0, 0.6, "m", "width of the fire")
ROTOR = Parameter("rotor", 8.0, 28.0, 14.0, "Hz", "how often a blade comes by")
DISTANCE = Parameter("distance", 20.0, 1_600.0, 80.0, "m", "how far off it is")

_OCTAVES = np.log2(CENTRES_HZ / 1000.0)
RUMBLE_HZ = 120.0
BREAKS = 16.0
SHOWERS_MM_H = (0.3, 60.0)
"""What the lightest and the heaviest measured shower are taken for."""


# --- from what was measured to what is wanted ----------------------------------------------------------------------


def individual(rng: Rng, textures: Sequence[Texture], likely: Control | None = None, evenness: float = 1.5) -> Texture:
    """Return one of the kind: a mixture of the measured ones in random shares, most of it of what is ``likely``.

    The higher ``evenness``, the more of them are in it, and the more alike are any two individuals.
    """
    share = own(rng).gamma(evenness, size=len(textures)) + 1e-9
    return blended(textures, (share if likely is None else share * likely).tolist())


def without_rumble(texture: Texture) -> Texture:
    """Bring bands under 120 Hz down to the loudest above: wind at a microphone, and no part of what is wanted."""
    low = CENTRES_HZ < RUMBLE_HZ
    return replace(texture, levels_db=np.where(low, np.minimum(texture.levels_db, texture.levels_db[~low].max() - 3.0),
                                               texture.levels_db))  # fmt: skip


def tilted(texture: Texture, db_per_octave: float) -> Texture:
    """Return the texture brighter by so much per octave."""
    return replace(texture, levels_db=texture.levels_db + db_per_octave * _OCTAVES)


def many(texture: Texture, times: float) -> Texture:
    """Return the texture of so many times as many sources: the moments of a sum of equals even out as 1/√n."""
    scale = float(np.clip(times, 0.2, 20.0)) ** -0.25  # in dB, near the middle of what is skewed: half as fast
    return replace(texture, quantiles_db=texture.quantiles_db * scale)


def far(texture: Texture, metres: float) -> Texture:
    """Return the texture through so many metres more of air."""
    gain = air_gain(np.asarray(CENTRES_HZ, np.float64), max(metres, 0.0))
    return replace(texture, levels_db=texture.levels_db + 20.0 * np.log10(np.maximum(gain, 1e-5)))


def at_once(one: Texture, other: Texture, motions: tuple[Motion, Motion]) -> tuple[Texture, Motion]:
    """Return two textures of equal power as one, and its motion: in every band they count as loud as they are there.

    Two sounds at once are nearly this where one covers the other, and cost half as much. Beats and cracks are left out.
    """
    power = [
        10.0 ** ((t.levels_db - 10.0 * np.log10(np.sum(10.0 ** (t.levels_db / 10.0)))) / 10.0) for t in (one, other)
    ]
    share = power[0] / (power[0] + power[1])
    rows, fine = share[:, None], np.interp(np.log(FINE_HZ), np.log(CENTRES_HZ), share)
    alike = [np.sqrt(np.outer(part, part)) for part in (share, 1.0 - share)]
    slow = [share * one.slow_db, (1.0 - share) * other.slow_db]
    both = replace(
        one,
        levels_db=10.0 * np.log10(power[0] + power[1]),
        quantiles_db=rows * one.quantiles_db + (1.0 - rows) * other.quantiles_db,
        modulation=rows * one.modulation + (1.0 - rows) * other.modulation,
        slow_correlation=alike[0] * one.slow_correlation + alike[1] * other.slow_correlation,
        quick_correlation=alike[0] * one.quick_correlation + alike[1] * other.quick_correlation,
        slow_db=np.ones(BANDS),
        fine_db=fine * one.fine_db + (1.0 - fine) * other.fine_db,
        beat_hz=np.zeros(1),
        release_db_s=np.exp(share * np.log(one.release_db_s) + (1.0 - share) * np.log(other.release_db_s)),
        grain_rate=np.zeros(1),
    )
    return both, (slow[0][:, None] * a + slow[1][:, None] * b for a, b in zip(*motions, strict=False))


def sparseness(texture: Texture) -> float:
    """Return how far loud moments stand out between 1.5 and 9 kHz, in dB: the fewer the drops, the more."""
    heard = (CENTRES_HZ > 1_500.0) & (CENTRES_HZ < 9_000.0)
    return float(np.mean(texture.quantiles_db[heard, 9] - texture.quantiles_db[heard, 5]))


def ranked(textures: Sequence[Texture], low: float, high: float) -> Control:
    """Return a place for each texture between ``low`` and ``high``, on a logarithmic scale, the sparsest lowest."""
    order = np.argsort(np.argsort([-sparseness(t) for t in textures]))
    share = (order + 0.5) / len(textures)
    return np.asarray(low * (high / low) ** share)


# --- slow motion ---------------------------------------------------------------------------------------------------


def breaking(rng: Rng, period_s: float) -> Iterator[Control]:
    """Yield waves that come in, (36, 33) points each: deep bands rise first, high ones last and die away longest."""
    late = 0.10 * np.clip(_OCTAVES + 3.0, 0.0, 7.0)[:, None]
    longer = 1.0 + 0.12 * np.clip(_OCTAVES + 3.0, 0.0, 7.0)[:, None]

    def waves(times: Control, starts: Control, sizes: Control) -> Control:
        table = np.full((BANDS, times.size), 0.08)
        for start, size in zip(starts, sizes, strict=True):
            u = (times[None, :] - start) / (0.55 * period_s) - late
            rise = np.clip(u / 0.35, 0.0, 1.0) ** 2
            table += size * rise * np.exp(-np.maximum(u - 0.35, 0.0) / (0.45 * longer))
        return np.asarray(np.log(table))

    def train(until_s: float) -> tuple[Control, Control]:
        count = int(until_s / period_s * 1.5) + 8
        gaps = period_s * rng.gamma(14.0, 1.0 / 14.0, count)
        return np.cumsum(gaps) - 2.0 * period_s, rng.lognormal(0.0, 0.4, count)

    long = np.arange(0.0, 40.0 * period_s, 3.0 / MOTION_RATE)
    usual = waves(long, *train(long[-1]))
    mean, deviation = usual.mean(axis=1, keepdims=True), usual.std(axis=1, keepdims=True)
    starts, sizes = train(60.0)
    at = 0
    while True:
        times = (at + np.arange(33)) / MOTION_RATE
        if starts[-1] < times[-1] + period_s:
            more, larger = train(60.0)
            starts, sizes = np.append(starts, starts[-1] + 2.0 * period_s + more), np.append(sizes, larger)
        audible = starts > times[0] - 6.0 * period_s
        starts, sizes = starts[audible], sizes[audible]
        near = starts < times[-1] + period_s
        yield (waves(times, starts[near], sizes[near]) - mean) / deviation
        at += 32


# --- the sounds ----------------------------------------------------------------------------------------------------


def _rain(rng: Rng, values: Values) -> tuple[Texture, Motion]:
    textures = [without_rumble(t) for t in library()["rain"].values()]
    away = np.log(_intensities() / values["intensity"])
    return individual(rng, textures, np.exp(-0.5 * (away / 0.8) ** 2) + 1e-6), wandering(rng)


def _intensities() -> Control:
    """Return the rain in mm/h that each shower is taken for: from its sparseness, or as its name says."""
    named = {"rain_heavy": 40.0, "rain_medium": 6.0}
    showers = library()["rain"]
    found = ranked(list(showers.values()), *SHOWERS_MM_H)
    for k, source in enumerate(showers):
        found[k] = next((mm_h for name, mm_h in named.items() if name in source), found[k])
    return found


def _wind(rng: Rng, values: Values) -> tuple[Texture, Motion]:
    stronger = float(np.log2(values["speed"] / WIND.default))
    texture = tilted(individual(rng, list(library()["wind"].values())), 1.6 * stronger)
    return texture, wandering(rng, 0.05, float(np.clip(0.5 * 2.0 ** (0.5 * stronger), 0.2, 1.0)), 0.8)


def _leaves(rng: Rng, values: Values) -> tuple[Texture, Motion]:
    stronger = float(np.log2(values["speed"] / 5.0))
    texture = tilted(individual(rng, list(library()["leaves"].values())), -0.3 * stronger)
    return many(texture, 2.0**stronger), wandering(rng, 0.08, 0.6, 0.8)


def _waves(rng: Rng, values: Values) -> tuple[Texture, Motion]:
    texture = individual(rng, list(library()["waves"].values()))
    higher = float(np.log2(values["height"]))
    # Both recordings stand before one break, and a beach has many; a clip of 5 s holds no whole wave.
    texture = many(texture, BREAKS)
    depth = np.clip(texture.slow_db, 1.0, 4.0) * 2.0 ** (0.2 * higher)
    texture = replace(tilted(texture, -0.7 * higher), slow_db=depth)
    return texture, breaking(rng, values["period"] * own(rng).uniform(0.93, 1.07))


def _fire(rng: Rng, values: Values) -> tuple[Texture, Motion]:
    texture = without_rumble(individual(rng, list(library()["fire"].values())))
    larger = float(np.log2(values["size"] / FIRE.default))
    return many(tilted(texture, -0.6 * larger), 2.0**larger), wandering(rng)


def _helicopter(rng: Rng, values: Values) -> tuple[Texture, Motion]:
    textures = list(library()["helicopter"].values())
    beating = [t for t in textures if t.beat_hz[0] > 0]
    texture = far(individual(rng, textures, evenness=0.6), values["distance"] - DISTANCE.default)
    beat_db = individual(rng, beating, evenness=0.4).beat_db * own(rng).uniform(0.8, 1.2)
    rotor = np.array([values["rotor"] * own(rng).uniform(0.97, 1.03)])
    return replace(texture, beat_hz=rotor, beat_db=beat_db), wandering(rng, 0.05, 0.4)


def _taken(make: Make, rng: Rng, duration_s: float, channels: int, **values: float) -> Samples:
    texture, motion = make(rng, values)
    return first(endless(texture, rng, channels, motion), frames(duration_s))


def rain(rng: Rng, duration_s: float, intensity: float = INTENSITY.default) -> Samples:
    """Rain on open ground, between the measured showers nearest in strength."""
    return _taken(_rain, rng, duration_s, 2, intensity=intensity)


def wind(rng: Rng, duration_s: float, speed: float = WIND.default) -> Samples:
    """Open wind: a stronger one is brighter and gustier, not only louder."""
    return _taken(_wind, rng, duration_s, 2, speed=speed)


def windy_rain(rng: Rng, duration_s: float, intensity: float, speed: float) -> Samples:
    """Rain in a wind as loud as itself, as one texture."""
    (shower, falling), (gale, gusts) = _rain(rng, {"intensity": intensity}), _wind(rng, {"speed": speed})
    texture, motion = at_once(gale, shower, (gusts, falling))
    return first(endless(texture, rng, 2, motion), frames(duration_s))


def leaves(rng: Rng, duration_s: float, speed: float = 5.0) -> Samples:
    """Wind in leaves: in a stronger one more of them move, and none stands out."""
    return _taken(_leaves, rng, duration_s, 2, speed=speed)


def light_wind(rng: Rng, duration_s: float, speed: float = WIND.default) -> Samples:
    """Open wind behind louder things, at a good half of the cost."""
    return mirrored(_taken(_wind, rng, duration_s, 1, speed=speed)[0])


def light_leaves(rng: Rng, duration_s: float, speed: float = 5.0) -> Samples:
    """Wind in leaves behind louder things, at a good half of the cost."""
    return mirrored(_taken(_leaves, rng, duration_s, 1, speed=speed)[0])


def waves(rng: Rng, duration_s: float, period: float = PERIOD.default, height: float = HEIGHT.default) -> Samples:
    """Sea waves on a beach: high ones break lower and stand out more."""
    return _taken(_waves, rng, duration_s, 2, period=period, height=height)


def fire(rng: Rng, duration_s: float, size: float = FIRE.default) -> Samples:
    """A wood fire: a larger one is lower and crackles more densely."""
    return _taken(_fire, rng, duration_s, 1, size=size)


def helicopter(
    rng: Rng, duration_s: float, rotor: float = ROTOR.default, distance: float = DISTANCE.default
) -> Samples:
    """A helicopter hovering."""
    return _taken(_helicopter, rng, duration_s, 1, rotor=rotor, distance=distance)


def _model(
    name: str,
    concepts: tuple[str, ...],
    kind: Kind,
    duration_s: float,
    title: str,
    synthesise: Callable[..., Samples],
    make: Make,
    *parameters: Parameter,
) -> Model:
    """Return a model whose takes are the beginnings of its streams."""
    channels = 2 if kind == "ambience" else 1

    def stream(rng: Rng, values: Values) -> Iterator[Samples]:
        texture, motion = make(rng, values)
        return endless(texture, rng, channels, motion)

    return Model(name, concepts, kind, channels, duration_s, title, synthesise, parameters, stream)


_TREES = ("tree", "wind in trees", "rustling leaves", "bush", "grass", "plant", "leaf", "leaves")

MODELS = (
    _model("wind", ("wind",), "ambience", 26.0, "Wind", wind, _wind, WIND),
    _model("leaves", _TREES, "ambience", 26.0, "Wind in leaves", leaves, _leaves, replace(WIND, default=5.0)),
    _model("rain", ("rain",), "ambience", 24.0, "Rain", rain, _rain, INTENSITY),
    _model("drizzle", ("light rain",), "ambience", 24.0, "Light rain", rain, _rain, replace(INTENSITY, default=0.5)),
    _model("downpour", ("heavy rain",), "ambience", 24.0, "Heavy rain", rain, _rain, replace(INTENSITY, default=40.0)),
    _model("waves", ("waves", "sea"), "ambience", 30.0, "Sea waves", waves, _waves, PERIOD, HEIGHT),
    _model("fire", ("fire",), "loop", 22.0, "Wood fire", fire, _fire, FIRE),
    _model("helicopter", ("helicopter",), "loop", 20.0, "Helicopter", helicopter, _helicopter, ROTOR, DISTANCE),
)
