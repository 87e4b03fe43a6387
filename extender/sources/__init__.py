"""Where sounds come from: the sources that are installed, made by name."""

from __future__ import annotations

from collections.abc import Iterable

from extender.errors import ExtenderError, InstallError, UsageError
from extender.plugins import installed, load_plugin
from extender.sources.base import Candidate, Query, SoundSource, SourceContext

__all__ = [
    "DEFAULT_ORDER",
    "Candidate",
    "Query",
    "SoundSource",
    "SourceContext",
    "make_source",
    "make_sources",
    "source_names",
]

GROUP = "extender.sound_sources"

DEFAULT_ORDER = ("freesound", "openverse", "folder", "procedural")
"""Who is asked where nobody says otherwise; whoever cannot answer (no key, no folder) is left out without a word."""


def source_names() -> tuple[str, ...]:
    """Return the names of all installed sound sources, in alphabetical order; none of them is imported."""
    return installed(GROUP)


def make_source(name: str, context: SourceContext) -> SoundSource:
    """Make one source by its name.

    Raises
    ------
    UsageError
        There is no such source; the message lists those there are.
    InstallError
        It cannot be loaded or made, or is no sound source; with the cause.
    """
    factory = load_plugin(GROUP, name)
    try:
        source = factory(context)
    except ExtenderError:
        raise
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InstallError(f"the sound source {name!r} cannot be made: {cause}; leave it out of --sources") from error
    missing = [part for part in ("name", "search", "fetch") if not hasattr(source, part)]
    if missing:
        raise InstallError(f"the sound source {name!r} lacks {' and '.join(missing)}; leave it out of --sources")
    return source  # type: ignore[no-any-return]


def make_sources(names: Iterable[str], context: SourceContext) -> tuple[SoundSource, ...]:
    """Make sources in the order in which they are to be asked; a name given twice counts once.

    A folder source without a folder is left out where there are others: what comes after it is then no second choice.
    So is, from the default order, a source that says of itself that it is not ``ready``.

    Raises
    ------
    UsageError, InstallError
        As :func:`make_source`; a UsageError also where no name is given.
    """
    wanted = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not wanted:
        raise UsageError(f"no sound source was named; installed: {', '.join(source_names())}")
    made = tuple(make_source(name, context) for name in wanted)
    able = tuple(source for source in made if getattr(source, "libraries", True))
    if set(wanted) == set(DEFAULT_ORDER):
        able = tuple(source for source in able if getattr(source, "ready", True))
    return able or made
