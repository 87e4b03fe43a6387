"""All models, by name and by concept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from extender.sources.procedural import animals, birds, city, household, people, places, travel, vehicles, water, weather
from extender.sources.procedural.model import Model

MODELS: tuple[Model, ...] = (
    *weather.MODELS, *water.MODELS, *vehicles.MODELS, *travel.MODELS, *animals.MODELS, *birds.MODELS, *people.MODELS,
    *household.MODELS, *city.MODELS, *places.MODELS,
)  # fmt: skip

BY_NAME: Mapping[str, Model] = MappingProxyType({model.name: model for model in MODELS})


def _by_concept() -> dict[str, tuple[Model, ...]]:
    found: defaultdict[str, list[Model]] = defaultdict(list)
    for model in MODELS:
        for concept in model.concepts:
            found[concept].append(model)
    return {concept: tuple(models) for concept, models in found.items()}


BY_CONCEPT: Mapping[str, tuple[Model, ...]] = MappingProxyType(_by_concept())
