"""All models, by name and by concept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from extender.errors import UsageError
from extender.sources.procedural import (
    animals,
    birds,
    body,
    city,
    cycles,
    desk,
    fitted_textures,
    horses,
    household,
    indoors,
    insects,
    kitchen,
    machines,
    outdoors,
    people,
    rails,
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
        fitted_textures,
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
        machines,
        rails,
        body,
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


def model_named(name: str) -> Model:
    """Return the model of that name. Raises UsageError with the names that are near it."""
    if name in BY_NAME:
        return BY_NAME[name]
    from difflib import get_close_matches

    by_title = {model.title.lower(): model.name for model in MODELS}
    wanted = name.strip().lower().replace("_", "-")
    near = [by_title.get(found, found) for found in get_close_matches(wanted, [*BY_NAME, *by_title], 6, 0.6)]
    near += [model.name for model in BY_CONCEPT.get(wanted.replace("-", " "), ())]
    meant = f"did you mean {', '.join(dict.fromkeys(near))}?" if near else "see 'extender sounds procedural list'"
    raise UsageError(f"there is no model {name!r}; {meant}")
