"""All models, by name and by concept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from extender.sources.procedural import (
    animals,
    birds,
    city,
    cycles,
    desk,
    horses,
    household,
    indoors,
    insects,
    kitchen,
    outdoors,
    people,
    rain,
    sport,
    steps,
    travel,
    vehicles,
    water,
    weather,
)
from extender.sources.procedural.model import Model

MODELS: tuple[Model, ...] = tuple(
    model
    for theme in (
        weather,
        rain,
        water,
        vehicles,
        cycles,
        travel,
        animals,
        horses,
        birds,
        insects,
        people,
        steps,
        household,
        desk,
        kitchen,
        city,
        sport,
        outdoors,
        indoors,
    )
    for model in theme.MODELS
)

BY_NAME: Mapping[str, Model] = MappingProxyType({model.name: model for model in MODELS})


def _by_concept() -> dict[str, tuple[Model, ...]]:
    found: defaultdict[str, list[Model]] = defaultdict(list)
    for model in MODELS:
        for concept in model.concepts:
            found[concept].append(model)
    return {concept: tuple(models) for concept, models in found.items()}


BY_CONCEPT: Mapping[str, tuple[Model, ...]] = MappingProxyType(_by_concept())
