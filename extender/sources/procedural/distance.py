"""What distance does to any sound out of doors: air takes the high notes, and the surroundings answer more and more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.grains import in_place
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import Control, Rng, Signal, filtered
from mixer.air import absorption_db_per_m
from mixer.types import Samples

MOST_DB = 60.0
"""What air takes at most: more would only be rounding."""
WET_DB = -22.0
"""The reverberation of open country relative to the direct sound, at the usual distance. The direct sound falls 6 dB
for twice the distance, the reverberation much less: it is kept."""
WETTEST_DB = 4.0


def air_gain(f: Control, metres: float) -> Control:
    """Return the magnitude of so many metres of air (ISO 9613-1, 15 °C, 70 % humidity), at least 0."""
    lost_db = np.minimum(absorption_db_per_m(f, 15.0, 70.0) * max(metres, 0.0), MOST_DB)
    return np.asarray(10.0 ** (-lost_db / 20.0))


def at_distance(model: Model, usual_m: float, farthest_m: float = 0.0) -> Model:
    """Return the model with a parameter ``distance`` more.

    At ``usual_m`` and nearer it sounds as it was made. Farther off, air takes its high notes, and the reverberation of
    the surroundings stays while the sound itself falls 6 dB for twice the distance. The level of what comes out is set
    afterwards as that of every sound: distance changes how it sounds, the mix decides how loud it is.
    """
    reach = Parameter("distance", 1.0, farthest_m or 20.0 * usual_m, usual_m, "m", "how far off it is")

    def heard(rng: Rng, duration_s: float, distance: float = usual_m, **values: float) -> Signal | Samples:
        made = model.synthesise(rng, duration_s, **values)
        if distance <= usual_m:
            return made
        wet_db = min(WET_DB + 20.0 * float(np.log10(distance / usual_m)), WETTEST_DB)
        sides = [
            in_place(
                rng,
                filtered(side, lambda f: air_gain(f, distance - usual_m)),
                0.9,
                wet_db,
                float(min(15.0 + 0.05 * distance, 60.0)),
            )
            for side in np.atleast_2d(made)
        ]
        return np.stack(sides) if made.ndim == 2 else sides[0]

    heard.__module__ = model.synthesise.__module__
    return replace(model, parameters=(*model.parameters, reach), synthesise=heard)
