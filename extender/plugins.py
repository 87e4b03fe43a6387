"""Parts that are found by name: the built-in ones and whatever other installed packages offer.

A package offers a part through a standard entry point, e.g. in its ``pyproject.toml``::

    [project.entry-points."extender.sound_sources"]
    attic = "my_package:AtticSource"

Nothing is imported before it is asked for by name, so a broken plugin does no harm until somebody chooses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from extender.errors import ExtenderError, InstallError, UsageError
from mixer.plugins import BUILT_IN as MIXER_PARTS

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "extender.detectors": {"yolo": "extender.vision.detectors:make_yolo"},
    "extender.place_models": {
        "own": "extender.vision.place_models:OwnPlaces",
        "imagenet": "extender.vision.place_models:make_imagenet",
        "open-vocabulary": "extender.vision.place_models:make_open_vocabulary",
    },
    "extender.sound_sources": {
        "folder": "extender.sources.folder:FolderSource",
        "freesound": "extender.sources.freesound:FreesoundSource",
        "openverse": "extender.sources.openverse:OpenverseSource",
        "procedural": "extender.sources.procedural:ProceduralSource",
    },
    "extender.outputs": {
        "credits": "extender.output:write_credits",
        "report": "extender.output:write_report_page",
    },
    **MIXER_PARTS,
}
"""The product's own parts, group → name → ``module:attribute``; the same as the entry points in ``pyproject.toml``.

They are kept here as well so that they are found where no distribution metadata is, as in a bare source tree, and
without reading the metadata of every installed package. A plugin cannot take over a built-in name.
"""

KINDS: Mapping[str, str] = {
    "extender.detectors": "detector",
    "extender.place_models": "place model",
    "extender.sound_sources": "sound source",
    "extender.mix_strategies": "mix strategy",
    "extender.spatialisers": "spatialiser",
    "extender.outputs": "output",
}
"""What a part of a group is called in messages."""


def installed(group: str) -> tuple[str, ...]:
    """Return the names of all parts of a group, built in or from plugins, in alphabetical order.

    Parameters
    ----------
    group : str
        ``"extender.sound_sources"``, …; an unknown group has no names.
    """
    return tuple(sorted({*BUILT_IN.get(group, {}), *entry_points(group=group).names}))


def load_plugin(group: str, name: str) -> Any:
    """Import one part by its name.

    Parameters
    ----------
    group, name : str
        ``"extender.sound_sources"``, ``"folder"``.

    Returns
    -------
    object
        What the entry point names: a class or a function.

    Raises
    ------
    UsageError
        There is no such name; the message lists those there are.
    InstallError
        It is there but cannot be imported, or two packages claim the name.
    """
    entry = _entry(group, name)
    try:
        return entry.load()
    except ExtenderError:
        raise
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InstallError(
            f"the {kind_of(group)} {name!r} ({_origin(entry)}) cannot be loaded: {cause}; "
            "reinstall the package it comes from or choose another"
        ) from error


def kind_of(group: str) -> str:
    """Return what a part of a group is called in messages: ``"sound source"``."""
    return KINDS.get(group, "plugin")


def _entry(group: str, name: str) -> EntryPoint:
    target = BUILT_IN.get(group, {}).get(name)
    if target is not None:
        return EntryPoint(name, target, group)
    found = {entry.value: entry for entry in entry_points(group=group, name=name)}  # one package may be listed twice
    if not found:
        names = ", ".join(installed(group)) or "none"
        raise UsageError(f"there is no {kind_of(group)} {name!r}; installed: {names}")
    if len(found) > 1:
        claims = " and ".join(sorted(_origin(entry) for entry in found.values()))
        raise InstallError(f"the {kind_of(group)} {name!r} is offered by {claims}; uninstall one of them")
    return next(iter(found.values()))


def _origin(entry: EntryPoint) -> str:
    package = f"{entry.dist.name} {entry.dist.version}, " if entry.dist else ""
    return f"{package}{entry.value}"
