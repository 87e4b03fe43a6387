"""What the vocabulary is made of: a concept (one word and its sound) and a kind of place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scenes.errors import SceneError


def _expect(ok: bool, name: str, expected: str, got: object) -> None:
    if not ok:
        raise SceneError(f"{name}: expected {expected}, got {got!r}")


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
        Typical sound pressure level at 1 m, dB SPL; 0 for silent concepts.
    group_from : int or None
        From how many of a kind on they are heard as one group; None = never.
    group_as : str or None
        The concept that the group is then heard as, e.g. ``"crowd"``; may be the concept itself.
    avoid : tuple of str
        Words whose sounds are not wanted here: ``"music"``, ``"speech"``, …
    moves : bool
        Whether it passes by rather than stands still.
    aliases : tuple of str
        Other words for the same thing.
    why_silent : str
        For role silent: the reason, one sentence.

    Raises
    ------
    SceneError
        The message starts with the name of the field that does not fit.
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

    def __post_init__(self) -> None:
        silent, event = self.role is Role.SILENT, self.role is Role.EVENT
        _expect(bool(self.name), "name", "a word", self.name)
        _expect(self.name not in self.parents, "parents", "other concepts", self.name)
        _expect(self.height_m is None or 0.001 <= self.height_m <= 1000.0, "height_m", "0.001..1000 m", self.height_m)
        if event:
            _expect(0.0 < self.rate_per_min <= 600.0, "rate_per_min", "above 0..600 for an event", self.rate_per_min)
        else:
            _expect(self.rate_per_min == 0.0, "rate_per_min", f"0 for role {self.role}", self.rate_per_min)
        _expect(0.0 <= self.irregularity <= 1.0, "irregularity", "0..1", self.irregularity)
        _expect(
            0.0 <= self.loudness_db <= 194.0,
            "loudness_db",
            "0..194 dB SPL",
            self.loudness_db,
        )
        _expect(self.group_from is None or self.group_from >= 2, "group_from", "2 or more, or nothing", self.group_from)
        _expect(
            (self.group_from is None) == (self.group_as is None), "group_as", "to go with group_from", self.group_as
        )
        if silent:
            _expect(not self.search, "search", "nothing for a silent concept", self.search)
            _expect(bool(self.why_silent), "why_silent", "the reason why it is silent", self.why_silent)
        else:
            _expect(bool(self.search), "search", "one search word or more", self.search)
            _expect(not self.why_silent, "why_silent", f"nothing for role {self.role}", self.why_silent)

    @property
    def sounds(self) -> bool:
        """Whether it is heard at all."""
        return self.role is not Role.SILENT


@dataclass(frozen=True, slots=True)
class PlaceConcept:
    """One kind of place.

    Parameters
    ----------
    name : str
        E.g. ``"street"``.
    indoor : bool
    ambience : tuple of str
        Concepts heard there from everywhere, the most typical first; one or more.
    night_ambience : tuple of str
        The same by night; empty = as by day.
    events : tuple of str
        Concepts heard there now and then, the most typical first, at most four.
    night_events : tuple of str
        The same by night; empty = as by day.
    room_size_m : float
        Mean distance between reflecting surfaces, 0.5..500 m.
    damping : float
        0 = hard walls, 1 = open air.
    aliases : tuple of str

    Raises
    ------
    SceneError
        The message starts with the name of the field that does not fit.
    """

    name: str
    indoor: bool
    ambience: tuple[str, ...]
    night_ambience: tuple[str, ...]
    events: tuple[str, ...]
    night_events: tuple[str, ...]
    room_size_m: float
    damping: float
    aliases: tuple[str, ...]

    def __post_init__(self) -> None:
        _expect(bool(self.name), "name", "a word", self.name)
        _expect(1 <= len(self.ambience) <= 3, "ambience", "one to three concepts", self.ambience)
        _expect(len(self.night_ambience) <= 3, "night_ambience", "at most three concepts", self.night_ambience)
        _expect(len(self.events) <= 4, "events", "at most four concepts", self.events)
        _expect(len(self.night_events) <= 4, "night_events", "at most four concepts", self.night_events)
        _expect(0.5 <= self.room_size_m <= 500.0, "room_size_m", "0.5..500 m", self.room_size_m)
        _expect(0.0 <= self.damping <= 1.0, "damping", "0..1", self.damping)
