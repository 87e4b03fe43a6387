"""What every sound source offers: search for a concept, fetch what was chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from extender.sources.reach import Reach
from extender.types import Kind, SoundAsset

LicencePolicy = Literal["any", "commercial", "cc0"]
Pick = Literal["best", "random"]
Preference = Literal["rating", "downloads"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the picture tells beside the word. Sources that make their sounds set them by it; others need not look.

    Parameters
    ----------
    count : int
        How many of the things themselves are seen; 0 = none, the sound belongs to the place.
    distance_m : float or None
        How far off they are; None where nothing was seen.
    persons, vehicles : int
        In the whole picture.
    night : bool
        It is dark.
    """

    count: int = 0
    distance_m: float | None = None
    persons: int = 0
    vehicles: int = 0
    night: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted.

    Parameters
    ----------
    concept : str
        Concept of the vocabulary (or a word unknown to it).
    words : tuple of str
        Search words, best first.
    kind : {"ambience", "loop", "event"}
    avoid : tuple of str
        Words that disqualify a sound (``"music"``, ``"speech"``).
    takes : int
        How many different sounds are wanted, ≥ 1.
    seed : int
        Same seed, same answer.
    place : str
        Where it is heard, in a word or two (``"street"``); empty = not known.
    wanted : str
        For which concept, where ``concept`` is a word above it that would do; empty = for ``concept`` itself.
    seen : Seen
        What the picture tells besides.
    """

    concept: str
    words: tuple[str, ...]
    kind: Kind
    avoid: tuple[str, ...] = ()
    takes: int = 1
    seed: int = 0
    place: str = ""
    wanted: str = ""
    seen: Seen = Seen()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sound that could be fetched.

    Parameters
    ----------
    source, id : str
        ``id`` is all that ``fetch`` of that source needs besides the query's seed.
    title : str
    tags : tuple of str
    duration_s : float or None
        None = unknown before fetching.
    author, licence, url : str
    score : float
        0..1, how well it fits the query by the source's own judgement.
    reason : str
        What the score rests on, for people: ``"folder name 'dog bark' = search word"``.
    centroid_hz : float or None
        Where the middle of its spectrum lies, if the source knows; of sounds that fit equally well, casting takes the
        one that differs most from what sounds already.
    rating : float or None
        Mean of what people have given it, 0 to 5 stars; None where nobody has said, or too few to be told.
    ratings : int or None
        How many people have rated it; None where the source does not know.
    """

    source: str
    id: str
    title: str
    tags: tuple[str, ...]
    duration_s: float | None
    author: str
    licence: str
    url: str
    score: float
    reason: str
    channels: int = 1
    centroid_hz: float | None = None
    rating: float | None = None
    ratings: int | None = None


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What sources are made with.

    Parameters
    ----------
    cache_dir : Path
        Where they may keep things; made when needed.
    libraries : tuple of Path
        Folders of the person's own sounds.
    offline : bool
        No network at all.
    max_duration_s : float
        How much of a sound is looked at, in seconds.
    licence : {"any", "commercial", "cc0"}
        What may be used: any licence that allows a mix; only those that allow to sell it; only what is free of terms.
        Sources of the person's own sounds and of synthesised ones need not mind it.
    pick : {"best", "random"}
        The best of the sounds that fit, or any of them, drawn by the seed.
    prefer : {"rating", "downloads"}
        What tells the best among sounds that fit equally well, where people rate them.
    near : (float, float) or None
        Latitude and longitude in degrees: sounds from there are preferred.
    freesound_url : str or None
        Address of the Freesound API; None = ``FREESOUND_BASE_URL``, else the real one.
    reach : Reach
        What is known of the network; shared by all sources of a render, so that they wait for it once.
    """

    cache_dir: Path
    libraries: tuple[Path, ...] = ()
    offline: bool = False
    max_duration_s: float = field(default=60.0)
    licence: LicencePolicy = "any"
    pick: Pick = "best"
    prefer: Preference = "rating"
    near: tuple[float, float] | None = None
    freesound_url: str | None = None
    reach: Reach = field(default_factory=Reach, compare=False, repr=False)


class SoundSource(Protocol):
    """A place where sounds come from. Entry-point group ``extender.sound_sources``; made with a SourceContext."""

    name: str

    def search(self, query: Query) -> list[Candidate]:
        """Return candidates, best first; an empty list when there is nothing. Deterministic for a seed."""
        ...

    def fetch(self, candidate: Candidate) -> SoundAsset:
        """Make the sound available as a file (absolute path, SHA-256 filled in).

        Raises
        ------
        extender.errors.SourceError
            It cannot be had or does not decode; casting then takes the next candidate.
        """
        ...
