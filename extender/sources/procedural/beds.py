"""How beds are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from extender.sources.procedural.grains import add, in_place, stereo
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import THIRDS_HZ, Rng, Signal, arrivals, band, frames, rms, texture, unit
from mixer.types import Samples

Make = Callable[..., Signal | Samples]


OCTAVES = np.log2(THIRDS_HZ / 1000.0)


def level_of(samples: np.ndarray) -> float:
    """Return the root mean square, 1 for silence."""
    return rms(samples) or 1.0


def together(*parts: tuple[float, Samples]) -> Samples:
    """Return beds added at their levels in dB."""
    total = sum(bed * np.float32(10 ** (db / 20) / level_of(bed)) for db, bed in parts)
    return np.asarray(total, dtype=np.float32)


_DIFFERENT = 3
"""So many of a kind are made before one is heard again, elsewhere and at another level."""


def sprinkled(
    rng: Rng,
    duration_s: float,
    makers: Sequence[tuple[Make, float]],
    per_s: float,
    *,
    far_hz: float = 3_000.0,
    t60_s: float = 0.8,
    wet_db: float = -4.0,
) -> Samples:
    """Return single sounds now and then, far off and to all sides: (maker, its length in s) chosen at random."""
    count = frames(duration_s)
    out = np.zeros((2, count), dtype=np.float32)
    made: dict[Make, list[Signal]] = {make: [] for make, _ in makers}
    for at in arrivals(rng, duration_s + 2.0, per_s, 0.3) - 2.0:
        make, length = makers[int(rng.integers(len(makers)))]
        if len(made[make]) < _DIFFERENT:
            made[make].append(unit(np.atleast_2d(make(rng, length))[0]))
            sound = made[make][-1]
        else:
            sound = made[make][int(rng.integers(_DIFFERENT))]
        angle = rng.uniform(0.1, 0.9) * np.pi / 2
        gain = float(rng.lognormal(-0.4, 0.6))
        add(out[0], float(at), sound, gain * np.cos(angle))
        add(out[1], float(at) + 0.0004, sound, gain * np.sin(angle))
    return np.stack(
        [in_place(rng, side, t60_s, wet_db, 20.0, lambda f: band(f, 0.0, far_hz, 1))[:count] for side in out]
    )


def air(rng: Rng, duration_s: float, slope_db: float, top_hz: float, *, depth_db: float = 1.0) -> Samples:
    """Return the quiet of a place: noise falling by ``slope_db`` per octave (third-octave levels) up to ``top_hz``."""
    levels = -slope_db * (OCTAVES + 4.0) + 20 * np.log10(band(THIRDS_HZ, 35.0, top_hz, 1))
    count = frames(duration_s)
    return stereo(
        lambda: texture(
            rng, count, levels.tolist(), depth_db=depth_db, common=0.4, low_hz=0.08, high_hz=12.0, slope=0.6
        )
    )


# --- outdoors ------------------------------------------------------------------------------------------------------


def bed(
    name: str,
    concepts: tuple[str, ...],
    title: str,
    make: Make,
    duration_s: float = 24.0,
    parameters: tuple[Parameter, ...] = (),
) -> Model:
    """Return a model of a place."""
    return Model(name, concepts, "ambience", 2, duration_s, title, make, parameters)
