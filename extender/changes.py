"""What automatic mixing did to each track, change by change: a name for each, and the settings without it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mixer.curve import Curve, at_start, extremes
from mixer.locks import Part
from mixer.plan import TrackSettings
from mixer.processors import Filter

LEAST_DEG, LEAST_DB = 0.5, 0.1
"""What counts as moved, and as another level."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done to a track.

    Parameters
    ----------
    name : str
        ``"bell:cut-2khz"``: the track, and what was done. The same settings always give the same names.
    track : str
    part : str
        Of :data:`mixer.locks.PARTS`.
    kind : str
        ``"filter"``, ``"expander"``, ``"compressor"``, ``"duck"``, ``"moved"`` or ``"fader"``.
    number : int
        Which of the filters or ducks.
    """

    name: str
    track: str
    part: Part
    kind: str
    number: int = 0


def changes_of(settings: TrackSettings, start: TrackSettings, offset_db: float | None = None) -> tuple[Change, ...]:
    """Return all that was done to a track, in the order of processing.

    Parameters
    ----------
    settings, start : TrackSettings
        As they are, and as they were when the track was put in its place.
    offset_db : float or None
        How far its loudness is from its target; None = not known, or it has none.
    """
    found: list[tuple[str, Part, str, int]] = []
    if settings.expander is not None:
        found.append(("expander", "compression", "expander", 0))
    found += [(_called(section), "eq", "filter", number) for number, section in enumerate(settings.filters)]
    if settings.compressor is not None:
        found.append(("compressor", "compression", "compressor", 0))
    found += [(f"duck-{duck.by}", "compression", "duck", number) for number, duck in enumerate(settings.ducks)]
    if settings.placed and start.placed and _apart_deg(settings, start) >= LEAST_DEG:
        found.append(("moved", "pan", "moved", 0))
    if _rides(settings) or (offset_db is not None and abs(offset_db) >= LEAST_DB):
        found.append(("fader", "gain", "fader", 0))
    changes: list[Change] = []
    for word, part, kind, number in found:
        taken = {change.name for change in changes}
        names = (f"{settings.id}:{word}", *(f"{settings.id}:{word}-{n}" for n in range(2, len(found) + 2)))
        changes.append(Change(next(n for n in names if n not in taken), settings.id, part, kind, number))
    return tuple(changes)


def without(settings: TrackSettings, changes: Collection[Change], start: TrackSettings) -> TrackSettings:
    """Return settings without some of the changes; ``gain_db`` stays, so a level lock has to follow."""
    gone = {(change.kind, change.number) for change in changes if change.track == settings.id}
    kinds = {kind for kind, _ in gone}
    filters = tuple(f for n, f in enumerate(settings.filters) if ("filter", n) not in gone)
    ducks = tuple(d for n, d in enumerate(settings.ducks) if ("duck", n) not in gone)
    new = replace(settings, filters=filters, ducks=ducks)
    if "expander" in kinds:
        new = replace(new, expander=None)
    if "compressor" in kinds:
        new = replace(new, compressor=None)
    if "moved" in kinds:
        new = replace(new, azimuth_deg=start.azimuth_deg)
    if "fader" in kinds:
        new = replace(new, fader_db=start.fader_db)
    removed = [settings.filters[n].reason for kind, n in gone if kind == "filter"]
    removed += [settings.ducks[n].reason for kind, n in gone if kind == "duck"]
    removed += [part.reason for part in (settings.expander, settings.compressor) if part and part.reason]
    kept = [part.reason for part in (new.expander, *new.filters, new.compressor, *new.ducks) if part and part.reason]
    lines = [line for line in settings.reason.split("; ") if not _tells(line, removed, kept, kinds)]
    return replace(new, reason="; ".join(lines))


def _tells(line: str, removed: Sequence[str], kept: Sequence[str], kinds: Collection[str]) -> bool:
    """Tell whether a line of a reason is about what is gone."""
    if any(line in words for words in kept):
        return False
    said = {
        "moved": ("moved ", "panned "), "fader": ("fader ",), "filter": ("equalised ",), "compressor": ("compressed ",),
    }  # fmt: skip
    begins = tuple(word for kind, words in said.items() if kind in kinds for word in words)
    return (
        line.startswith(begins) or (" dB beside " in line and "fader" in kinds) or any(line in w for w in removed if w)
    )


def _called(section: Filter) -> str:
    hertz = at_start(section.frequency_hz)
    rounded = float(f"{hertz:.2g}")
    where = f"{rounded / 1000.0:g}khz" if rounded >= 1_000.0 else f"{rounded:g}hz"
    if section.kind != "peak":
        return f"{section.kind.replace('_', '-')}-{where}"
    low, high = extremes(section.gain_db)
    return f"{'cut' if abs(low) >= abs(high) and low < 0.0 else 'boost'}-{where}"


def _rides(settings: TrackSettings) -> bool:
    return isinstance(settings.fader_db, Curve) or abs(settings.fader_db) >= LEAST_DB


def _apart_deg(settings: TrackSettings, start: TrackSettings) -> float:
    turned = at_start(settings.azimuth_deg) - at_start(start.azimuth_deg)
    return abs((turned + 180.0) % 360.0 - 180.0)
