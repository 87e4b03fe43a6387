"""Strategies and spatialisers by name: built in, or installed by others as entry points. Loaded when chosen."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mixer.errors import MixerError

STRATEGIES, SPATIALISERS = "extender.mix_strategies", "extender.spatialisers"
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    STRATEGIES: {
        "asra": "mixer.strategies.asra:Asra",
        "flat": "mixer.strategies.levels:Flat",
        "balanced": "mixer.strategies.levels:Balanced",
        "hafezi": "mixer.strategies.hafezi:Hafezi",
        "mansbridge": "mixer.strategies.mansbridge:Mansbridge",
        "perez-gonzalez": "mixer.strategies.perez_gonzalez:PerezGonzalez",
        "refine": "mixer.strategies.refine:Refine",
        "unmask": "mixer.strategies.unmask:Unmask",
    },
    SPATIALISERS: {
        "stereo": "mixer.spatial:Stereo",
        "mono": "mixer.layouts:Mono",
        "quad": "mixer.layouts:Quad",
        "5.1": "mixer.layouts:Surround51",
        "ambisonic": "mixer.layouts:Ambisonic",
        "ambisonic2": "mixer.layouts:Ambisonic2",
        "ambisonic3": "mixer.layouts:Ambisonic3",
    },
}
"""The mixer's own parts, group → name → ``module:attribute``; the same as the entry points in ``pyproject.toml``."""
_KINDS = {STRATEGIES: "mix strategy", SPATIALISERS: "spatialiser"}


def names(group: str) -> list[str]:
    """Return what is installed, sorted; nothing is imported."""
    return sorted({*BUILT_IN[group], *(point.name for point in entry_points(group=group))})


def make(group: str, name: str) -> Any:
    """Return a new object of the class that goes by a name.

    Raises
    ------
    MixerError
        The name is unknown (the message lists what is installed), or its package does not load (with the cause).
    """
    kind = _KINDS[group]
    target = BUILT_IN[group].get(name)
    if target:
        module, _, attribute = target.partition(":")
        return getattr(importlib.import_module(module), attribute)()
    found: list[EntryPoint] = [point for point in entry_points(group=group) if point.name == name]
    if not found:
        raise MixerError(f"unknown {kind} {name!r}; installed: {', '.join(names(group))}")
    try:
        return found[0].load()()
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        raise MixerError(f"{kind} {name!r} ({found[0].value}) cannot be loaded: {cause}") from error
