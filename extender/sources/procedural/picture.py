"""What a picture tells about how a thing sounds: how many, how near, how fast, how windy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from extender.sources.base import Query
from extender.sources.procedural.model import Model

WIND_M_S: Mapping[str, float] = {
    "mountain": 14.0, "sea": 10.0, "beach": 8.0, "airfield": 8.0, "desert": 8.0, "sky": 9.0, "skyline": 7.0,
    "hill": 7.0, "bridge": 7.0, "harbour": 7.0, "snow": 6.0, "field": 6.0, "savanna": 5.0, "countryside": 4.5,
    "lake": 4.0, "river": 3.5, "forest": 4.0, "camp": 3.0, "park": 3.5, "garden": 2.5, "street": 3.0,
    "residential street": 3.0, "square": 3.0,
}  # fmt: skip
"""Mean winds of places, on the Beaufort scale: 2 (light breeze) among houses and trees, 6 to 7 on heights."""
TRAFFIC_KM_H: Mapping[str, float] = {
    "highway": 105.0, "bridge": 60.0, "countryside": 70.0, "street": 40.0, "busy street": 35.0,
    "residential street": 30.0, "square": 20.0, "market": 12.0, "parking": 12.0, "garage": 10.0,
}  # fmt: skip
"""How fast motor vehicles usually go there."""
WARMTH_C: Mapping[str, float] = {"desert": 31.0, "savanna": 29.0, "jungle": 28.0, "beach": 25.0, "mountain": 14.0}
VOLUME_M3: Mapping[str, float] = {
    "bathroom": 15.0, "bedroom": 35.0, "kitchen": 35.0, "living room": 60.0, "dining room": 60.0, "corridor": 150.0,
    "office": 120.0, "classroom": 200.0, "library": 1_500.0, "museum": 3_000.0, "church": 8_000.0, "hall": 5_000.0,
}  # fmt: skip
NIGHT_COOLS_C = 6.0
DRIVEN = frozenset(("car", "motor vehicle", "vehicle", "bus", "truck", "heavy vehicle", "motorcycle", "traffic"))
"""Concepts that go as fast as traffic does."""
PER_VEHICLE = 6.0
"""Vehicles a minute for each that is seen: each is in sight for about ten seconds."""


def values_of(model: Model, query: Query) -> dict[str, float]:
    """Return the values that a picture gives to parameters of a model; those it says nothing of are left out.

    What it says is brought into the parameter's range, and rounded to two digits: no picture is more exact.
    """
    found = {}
    for parameter in model.parameters:
        rule = _RULES.get((parameter.name, parameter.unit))
        value = rule(model, query) if rule else None
        if value is not None and value >= _LEAST.get(parameter.name, 0.0) * parameter.low:
            value = float(f"{min(max(value, parameter.low), parameter.high):.2g}")
            value = min(max(value, parameter.low), parameter.high)
            if value != parameter.default:
                found[parameter.name] = value
    return found


_LEAST: Mapping[str, float] = {"persons": 1.0, "animals": 1.0}
"""Counts below a range mean something else than it: eleven players are no stadium crowd."""


def _persons(model: Model, query: Query) -> float | None:
    """How many are seen: of a crowd itself, else in the whole picture; single persons make no crowd."""
    count = query.seen.count if query.seen.count > 1 else query.seen.persons
    return float(count) if count > 1 else None


def _several(model: Model, query: Query) -> float | None:
    return float(query.seen.count) if query.seen.count > 1 else None


def _density(model: Model, query: Query) -> float | None:
    return PER_VEHICLE * query.seen.vehicles or None


def _traffic_speed(model: Model, query: Query) -> float | None:
    return TRAFFIC_KM_H.get(query.place) if DRIVEN & {*model.concepts} else None


def _nearest(model: Model, query: Query) -> float | None:
    return query.seen.distance_m


def _wind(model: Model, query: Query) -> float | None:
    return WIND_M_S.get(query.place)


def _warmth(model: Model, query: Query) -> float | None:
    warmth = WARMTH_C.get(query.place)
    if warmth is None and not query.seen.night:
        return None
    return (warmth or 25.0) - NIGHT_COOLS_C * query.seen.night


def _volume(model: Model, query: Query) -> float | None:
    return VOLUME_M3.get(query.place)


_RULES: Mapping[tuple[str, str], Callable[[Model, Query], float | None]] = {
    ("persons", "persons"): _persons,
    ("animals", "animals"): _several,
    ("birds", "birds"): _several,
    ("density", "vehicles/min"): _density,
    ("speed", "km/h"): _traffic_speed,
    ("nearest", "m"): _nearest,
    ("speed", "m/s"): _wind,
    ("temperature", "°C"): _warmth,
    ("volume", "m³"): _volume,
}
"""By name and unit. Distance is not among them: the mixer puts things at their distance, with its air and its room."""
