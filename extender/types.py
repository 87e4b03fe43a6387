"""What flows through a render after the Scene: Cast, Arrangement, Project. Small immutable values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from extender.errors import InputError
from mixer.optimise.effort import EffortName
from mixer.optimise.methods import MethodName
from mixer.optimise.objectives import Weights
from mixer.plan import MixPlan, TrackSettings
from mixer.types import STRICT, Clip, Position
from scenes import Scene

Kind = Literal["ambience", "loop", "event"]


def _check(ok: bool, owner: str, name: str, expected: str, got: object) -> None:
    if not ok:
        raise InputError(f"{owner}.{name} must be {expected}, got {got!r}")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Which part of a recording is used, and why.

    Parameters
    ----------
    start_s, end_s : float
        Seconds of the whole recording, 0 ≤ start < end.
    reason : str
        For people: ``"its loudest steady part"``.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    start_s: float
    end_s: float
    reason: str

    def __post_init__(self) -> None:
        ok = 0.0 <= self.start_s < self.end_s < math.inf
        _check(ok, "Excerpt", "end_s", "seconds after start_s, which is 0 or more", (self.start_s, self.end_s))

    def __str__(self) -> str:
        return f"{self.start_s:.1f}–{self.end_s:.1f} s, {self.reason}"


@dataclass(frozen=True, slots=True)
class SoundAsset:
    """A sound that is at hand, with what its licence asks us to remember.

    Parameters
    ----------
    file : str
        Path; in a project relative to its folder (``"sounds/dog-1a.flac"``), else absolute.
    sha256 : str or None
        Of the file's bytes. None (set by hand) = any file is accepted.
    source, id : str
        Which SoundSource it came from, and its name there.
    title, author, licence, url : str
        For the credits; ``licence`` as its usual short name, e.g. ``"CC0-1.0"``, ``"CC-BY-4.0"``; ``url`` may be empty.
    duration_s : float
        Seconds, > 0.
    changes : tuple of str
        What was done to it, e.g. ``"excerpt 88.0–118.0 s, its loudest steady part"``.
    excerpt : Excerpt or None
        The part of the recording that is used; in a project the file holds no more than that. None = all of it, or,
        before a soundscape has taken the sound in, not chosen yet.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    file: str
    sha256: str | None
    source: str
    id: str
    title: str
    author: str
    licence: str
    url: str
    duration_s: float
    changes: tuple[str, ...] = ()
    excerpt: Excerpt | None = None

    def __post_init__(self) -> None:
        _check(bool(self.file), "SoundAsset", "file", "a path", self.file)
        _check(0.0 < self.duration_s < math.inf, "SoundAsset", "duration_s", "seconds above 0", self.duration_s)


@dataclass(frozen=True, slots=True)
class Considered:
    """One candidate as the report shows it: what it scored, and why it was or was not taken."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    source: str
    id: str
    title: str
    score: float
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Role:
    """One part of the soundscape and who plays it.

    Parameters
    ----------
    id : str
        Of the detection it stands for, or ``"ambience-1"``, …
    kind : {"ambience", "loop", "event"}
    wanted, played : str
        The concept asked for and the concept that was found (``"maple"``, ``"tree"``).
    path : tuple of str
        How the search climbed from the one to the other, both included.
    takes : tuple of SoundAsset
        One or more; events play them in turn.
    considered : tuple of Considered
        All candidates, best first.
    fallback : bool
        Whether a person should be told: another concept, or a source further down the order.
    reason : str
        One sentence.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    kind: Kind
    wanted: str
    played: str
    path: tuple[str, ...]
    takes: tuple[SoundAsset, ...]
    considered: tuple[Considered, ...] = ()
    fallback: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays what, and what stays silent and why."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    roles: tuple[Role, ...]
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """When, where and how loud one role is heard.

    Parameters
    ----------
    id : str
        Of the role.
    kind : {"ambience", "loop", "event"}
    clips : tuple of mixer.Clip
        ``Clip.take`` counts the role's takes.
    position : mixer.Position
    target_lufs : float
        Of the placed track, before the bus.
    width : float
        0 = a point, 1 = all around.
    reason : str
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    kind: Kind
    clips: tuple[Clip, ...]
    position: Position
    target_lufs: float
    width: float = 0.0
    reason: str = ""

    def __post_init__(self) -> None:
        _check(-70.0 <= self.target_lufs <= 0.0, "Part", "target_lufs", "in -70..0 LUFS", self.target_lufs)
        _check(0.0 <= self.width <= 1.0, "Part", "width", "in 0..1", self.width)


@dataclass(frozen=True, slots=True)
class Mood:
    """How much happens in a soundscape, and how.

    Parameters
    ----------
    density : float
        How often things are heard, 0.1..8; 1 = as often as is typical of them.
    calm : float
        0..1: more seldom, softer, with shallower and slower swells, and less at once.
    at_once : int
        How many events may sound at the same time, ≥ 1; calm lowers it.
    loop : bool
        The end joins the beginning: a clip that goes beyond the end goes on at the beginning.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    density: float = 1.0
    calm: float = 0.0
    at_once: int = 4
    loop: bool = False

    def __post_init__(self) -> None:
        _check(0.1 <= self.density <= 8.0, "Mood", "density", "in 0.1..8", self.density)
        _check(0.0 <= self.calm <= 1.0, "Mood", "calm", "in 0..1", self.calm)
        _check(self.at_once >= 1, "Mood", "at_once", "1 or more", self.at_once)

    @property
    def pace(self) -> float:
        """What rates are multiplied by."""
        return self.density * (1.0 - 0.6 * self.calm)

    @property
    def most_at_once(self) -> int:
        """How many events may sound at the same time."""
        return max(1, round(self.at_once * (1.0 - 0.5 * self.calm)))


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The timeline: ambience first, then the rest by importance."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    duration_s: float
    parts: tuple[Part, ...]
    mood: Mood = Mood()

    def __post_init__(self) -> None:
        _check(0.0 < self.duration_s < math.inf, "Arrangement", "duration_s", "seconds above 0", self.duration_s)


@dataclass(frozen=True, slots=True)
class Search:
    """What a person asks of a strategy that searches; None = as the strategy has it.

    Parameters
    ----------
    effort : {"quick", "normal", "best"} or None
    seconds : float or None
        At most so long, > 0.
    weights : mixer.Weights or None
        What counts how much.
    method : {"harmony", "random", "pso", "es", "de"} or None
    network : bool
        The trained network predicts the residue.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    effort: EffortName | None = None
    seconds: float | None = None
    weights: Weights | None = None
    method: MethodName | None = None
    network: bool = False

    def __post_init__(self) -> None:
        ok = self.seconds is None or 0.0 < self.seconds < math.inf
        _check(ok, "Search", "seconds", "above 0", self.seconds)

    def options(self) -> dict[str, Any]:
        """Return what was asked for, as options of the strategy."""
        asked = {"effort": self.effort, "seconds": self.seconds, "weights": self.weights, "method": self.method}
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Flavour:
    """What of a person's taste a soundscape was begun with (:mod:`extender.taste`); all by the ids of parts.

    Parameters
    ----------
    mixes : int
        From how many edited mixes it was learned.
    loudness_db, bright_db, outward_deg, wider : dict of str to float
        What was added to loudness, to what is above 2 kHz, to the angle from the middle, and to the width.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    mixes: int = 0
    loudness_db: dict[str, float] = field(default_factory=dict)
    bright_db: dict[str, float] = field(default_factory=dict)
    outward_deg: dict[str, float] = field(default_factory=dict)
    wider: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """Everything of one render: from it alone the same bytes come again.

    Parameters
    ----------
    version : int
        Of the file's schema, 1.
    generator : str
        Name and version of what wrote it.
    seed : int
        For the record; all that was drawn from it is written out below.
    format : str
        Of the sound file: ``"wav"``, ``"flac"``, ``"ogg"``, ``"mp3"``.
    stems : bool
        Whether one file for each track is written too.
    scene, cast, arrangement, plan
        The values of the stages.
    made : dict of str to str
        Digests by which changes made by hand are told from automatic settings (``extender.project``).
    locks : tuple of str
        What a person does not want to be changed, as :func:`mixer.parse_lock` reads it: ``"bell:pan=-30..10"``.
    by_hand : tuple of str
        What a person has set, in the same words: ``"bell:eq"``. It stays when the mix is made anew.
    priorities : dict of str to float
        By track id, 0..1: how much it matters that it is heard; 0.5 for all others.
    search : Search
        What was asked of the strategy of the plan; it is asked again when tracks are mixed anew.
    taste : Flavour or None
        With what of a person's taste it was begun; None = none.
    automatic : tuple of TrackSettings
        While taste is remembered: the settings as they were made automatically.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    version: int
    generator: str
    seed: int
    format: Literal["wav", "flac", "ogg", "mp3"]
    stems: bool
    scene: Scene
    cast: Cast
    arrangement: Arrangement
    plan: MixPlan
    made: dict[str, str]
    locks: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    priorities: dict[str, float] = field(default_factory=dict)
    search: Search = Search()
    taste: Flavour | None = None
    automatic: tuple[TrackSettings, ...] = ()

    def __post_init__(self) -> None:
        for name, value in self.priorities.items():
            _check(0.0 <= value <= 1.0, "Project", f"priorities.{name}", "in 0..1", value)
