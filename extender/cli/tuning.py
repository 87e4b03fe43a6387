"""The options by which a person steers a mix: locks, priorities, and making it anew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from extender.cli.options import MIXING

LockOption = Annotated[
    list[str] | None,
    typer.Option(
        "--lock",
        help="What is not to be changed of a track: bell, bell:gain, bell:eq, bell:compression, bell:pan; or its "
        "range: bell:gain=-3..0, bell:eq=-3..3, bell:compression=1..2, bell:pan=-30..10. May be given again.",
        metavar="TRACK[:PART[=RANGE]]",
        rich_help_panel=MIXING,
    ),
]
UnlockOption = Annotated[
    list[str] | None,
    typer.Option(
        "--unlock",
        help="What may be changed again, of a project: bell, bell:gain; also what was set by hand.",
        metavar="TRACK[:PART]",
        rich_help_panel=MIXING,
    ),
]
PriorityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--priority", help="How much it matters that a track is heard.", metavar="TRACK=0..1", rich_help_panel=MIXING
    ),
]
AgainOption = Annotated[
    bool,
    typer.Option(
        "--again",
        help="Make the automatic settings of a project anew; what was set by hand or locked stays. So do all options "
        "of mixing.",
        rich_help_panel=MIXING,
    ),
]


def numbers_by_name(
    texts: Sequence[str] | None, option: str, form: str, low: float, high: float
) -> Mapping[str, float]:
    """Return values by the names of tracks, from ``TRACK=VALUE``.

    Raises
    ------
    UsageError
        One is not written so, or out of range.
    """
    from extender.errors import UsageError

    found: dict[str, float] = {}
    for text in texts or ():
        name, equals, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (name and equals and low <= number <= high):
            raise UsageError(f"{option} wants {form} with a number in {low:g}..{high:g}, got {text!r}")
        found[name] = number
    return found


def checked_locks(texts: Sequence[str] | None, option: str = "--lock") -> tuple[str, ...]:
    """Return locks that can be read, before any work is done. Raises UsageError for others."""
    from extender.errors import UsageError
    from mixer import MixerError, parse_lock

    for text in texts or ():
        try:
            parse_lock(text)
        except MixerError as error:
            raise UsageError(f"{option}: {error}") from None
    return tuple(texts or ())


def priorities_of(texts: Sequence[str] | None) -> Mapping[str, float]:
    """Return priorities by the names of tracks. Raises UsageError for what cannot be read."""
    return numbers_by_name(texts, "--priority", "TRACK=0..1", 0.0, 1.0)
