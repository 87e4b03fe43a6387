"""Strategies and spatialisers by name: built in, or installed by others as entry points. Loaded when chosen."""

from __future__ import annotations

import importlib
import inspect
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
OFFERED = ("progress", "stop")
"""What a part gets if it takes it, without anybody asking for it."""


def names(group: str) -> list[str]:
    """Return what is installed, sorted; nothing is imported."""
    return sorted({*BUILT_IN[group], *(point.name for point in entry_points(group=group))})


def load(group: str, name: str) -> Any:
    """Return the class that goes by a name.

    Raises
    ------
    MixerError
        The name is unknown (the message lists what is installed), or its package does not load (with the cause).
    """
    kind = _KINDS[group]
    target = BUILT_IN[group].get(name)
    if target:
        module, _, attribute = target.partition(":")
        return getattr(importlib.import_module(module), attribute)
    found: list[EntryPoint] = [point for point in entry_points(group=group) if point.name == name]
    if not found:
        raise MixerError(f"unknown {kind} {name!r}; installed: {', '.join(names(group))}")
    try:
        return found[0].load()
    except Exception as error:
        raise _broken(group, name, error) from error


def takes(group: str, name: str) -> tuple[str, ...]:
    """Return the options with which a part can be made: what its class takes by name. Raises as :func:`load`."""
    return _taken(load(group, name))


def make(group: str, name: str, **options: Any) -> Any:
    """Return a new object of the class that goes by a name.

    Parameters
    ----------
    group, name : str
    **options
        Of the class. Those of OFFERED are given to it only if it takes them.

    Raises
    ------
    MixerError
        As :func:`load`; or it has no such option (the message lists those it has), or refuses its value.
    """
    part = load(group, name)
    taken = _taken(part)
    chosen = {option: value for option, value in options.items() if option in taken or option not in OFFERED}
    for option in chosen:
        if option not in taken:
            has = ", ".join(sorted({*taken} - {*OFFERED})) or "none"
            raise MixerError(f"the {_KINDS[group]} {name!r} has no option {option!r}; it has: {has}")
    try:
        return part(**chosen)
    except MixerError:
        raise
    except Exception as error:
        raise _broken(group, name, error) from error


def _taken(part: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(part).parameters)
    except ValueError:  # made outside Python, without saying what it takes
        return ()


def _broken(group: str, name: str, error: Exception) -> MixerError:
    where = next((point.value for point in entry_points(group=group) if point.name == name), BUILT_IN[group].get(name))
    return MixerError(f"{_KINDS[group]} {name!r} ({where}) cannot be loaded: {type(error).__name__}: {error}")
