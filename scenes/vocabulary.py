"""The vocabulary: what each word sounds like, what it is a kind of, and which places there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """How a concept is heard."""

    EVENT = "event"  # now and then: a bark, a horn, steps
    LOOP = "loop"  # all the time, from one spot: an engine, a fountain
    AMBIENCE = "ambience"  # all the time, from everywhere: rain, a crowd far off
    SILENT = "silent"  # makes no sound by itself


@dataclass(frozen=True, slots=True)
class Concept:
    """One word of the vocabulary.

    Parameters
    ----------
    name : str
        Lower case, singular, e.g. ``"fire hydrant"``.
    parents : tuple of str
        What it is a kind of, nearest first; empty at a root.
    audioset : str or None
        Id of the nearest node of the AudioSet ontology, e.g. ``"/m/0bt9lr"``.
    role : Role
    search : tuple of str
        Words to look for in a sound library, best first. Empty for silent concepts.
    height_m : float or None
        Typical height as seen from the side, in metres.
    rate_per_min : float
        How often an event recurs; 0 for all other roles.
    irregularity : float
        0 = like a clock, 1 = like rain drops (gaps of a Poisson process).
    loudness_db : float
        Typical sound pressure level at 1 m, dB SPL.
    group_from : int or None
        From how many of a kind on they are heard as one group; None = never.
    group_as : str or None
        The concept that the group is then heard as, e.g. ``"crowd"``.
    avoid : tuple of str
        Words whose sounds are not wanted here: ``"music"``, ``"speech"``, …
    moves : bool
        Whether it passes by rather than stands still.
    aliases : tuple of str
        Other words for the same thing.
    why_silent : str
        For role silent: the reason, one sentence.
    """

    name: str
    parents: tuple[str, ...]
    audioset: str | None
    role: Role
    search: tuple[str, ...]
    height_m: float | None
    rate_per_min: float
    irregularity: float
    loudness_db: float
    group_from: int | None
    group_as: str | None
    avoid: tuple[str, ...]
    moves: bool
    aliases: tuple[str, ...]
    why_silent: str


@dataclass(frozen=True, slots=True)
class PlaceConcept:
    """One kind of place.

    Parameters
    ----------
    name : str
        E.g. ``"street"``.
    indoor : bool
    ambience : tuple of str
        Concepts heard there from everywhere, the most typical first.
    night_ambience : tuple of str
        The same by night; empty = as by day.
    room_size_m : float
        Mean distance between reflecting surfaces, metres.
    damping : float
        0 = hard walls, 1 = open air.
    aliases : tuple of str
    """

    name: str
    indoor: bool
    ambience: tuple[str, ...]
    night_ambience: tuple[str, ...]
    room_size_m: float
    damping: float
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All concepts and places. Made by :func:`load_vocabulary`."""

    concepts: Mapping[str, Concept]
    places: Mapping[str, PlaceConcept]

    def find(self, label: str) -> Concept | None:
        """Return the concept for a word, whatever its case, hyphens, plural or alias; None if unknown."""
        raise NotImplementedError

    def find_place(self, label: str) -> PlaceConcept | None:
        """Return the place for a word or alias; None if unknown."""
        raise NotImplementedError

    def climb(self, name: str) -> Iterator[tuple[str, ...]]:
        """Yield paths from a concept upwards, nearest ancestors first: ``("maple",)``, ``("maple", "tree")``, …"""
        raise NotImplementedError


def load_vocabulary() -> Vocabulary:
    """Read the packaged vocabulary (once a process)."""
    raise NotImplementedError
