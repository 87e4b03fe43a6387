"""One search: terms, filter, order, grouping and page."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.freesound_server.audio import AudioShelf
from tests.freesound_server.catalogue import Sound
from tests.freesound_server.descriptors import INDEXED, NAMES, SPACES, UNFILTERABLE
from tests.freesound_server.fieldtypes import SearchError
from tests.freesound_server.filters import compile_filter
from tests.freesound_server.index import Index, read_query, read_weights
from tests.freesound_server.soundvalues import SoundValues
from tests.freesound_server.vectors import vector

MAX_PAGE_SIZE = 150
DEFAULT_PAGE_SIZE = 15
_FLOOR = 0.7  # of (1 + cos)/2
_SORTS: dict[str, Callable[[SoundValues], Any]] = {
    "duration": lambda values: values.indexed("duration"),
    "created": lambda values: values.sound.created,
    "downloads": lambda values: values.sound.num_downloads,
    "rating": lambda values: (values.sound.shown_rating, values.sound.num_ratings),
}


class BadRequestError(Exception):
    """A parameter that is refused with 400; ``detail`` is the text."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PageError(Exception):
    """A page that does not exist: 404."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a search as they were sent; ``None`` = not given."""

    query: str = ""
    filter: str | None = None
    weights: str = ""
    sort: str = ""
    page: int = 1
    page_size: int | None = None
    fields: str | None = None
    group_by_pack: str | None = None
    similar_to: str | None = None
    similarity_space: str | None = None

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Parameters:
        """Read what was sent; a page that is no number counts as the first.

        Raises
        ------
        BadRequestError, PageError
        """
        if "filter" in sent and not sent["filter"].strip():
            raise BadRequestError("Invalid filter.")
        page = _integer(sent.get("page"), 1)
        size = _integer(sent.get("page_size"), None)
        assert page is not None
        if page < 1 or (size is not None and size < 1):
            raise PageError
        return cls(
            sent.get("query", ""),
            sent.get("filter"),
            sent.get("weights", ""),
            sent.get("sort", ""),
            page,
            size,
            sent.get("fields"),
            sent.get("group_by_pack"),
            sent.get("similar_to") or None,
            sent.get("similarity_space"),
        )

    @property
    def size(self) -> int:
        """Results per page."""
        return min(self.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _integer(text: str | None, otherwise: int | None) -> int | None:
    try:
        return int(text) if text is not None else otherwise
    except ValueError:
        return otherwise


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; ``in_pack`` counts the hits of its pack (grouping only), ``distance`` is set by a target sort."""

    sound: Sound
    score: float
    distance: float | None = None
    in_pack: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results and the number of all."""

    count: int
    hits: tuple[Hit, ...]
    page: int
    pages: int
    target: tuple[tuple[str, float], ...] = field(default=())


class Engine:
    """Searches one index.

    Parameters
    ----------
    sounds : sequence of Sound
    shelf : AudioShelf
    now : callable
        The time that ``NOW`` means.
    """

    def __init__(self, sounds: Sequence[Sound], shelf: AudioShelf, now: Callable[[], datetime]) -> None:
        self._index = Index(sounds)
        self._shelf = shelf
        self._now = now
        self._values = {sound.id: SoundValues(sound, shelf, now) for sound in sounds}
        self._vectors: dict[str, tuple[list[Sound], NDArray[np.float64]]] = {}

    def search(self, asked: Parameters) -> Found:
        """Answer one search.

        Raises
        ------
        BadRequestError, SearchError, PageError
        """
        keep = compile_filter(asked.filter) if asked.filter is not None else None
        target = _target(asked.sort)
        if asked.similar_to is not None:
            hits = self._similar(asked.similar_to, asked.similarity_space or "laion_clap")
        else:
            terms = read_query(asked.query)
            matches = self._index.matches(terms, read_weights(asked.weights))
            hits = [Hit(sound, score) for sound, score in matches]
            hits.sort(key=lambda hit: -hit.score)
        if keep is not None:
            hits = [hit for hit in hits if keep(self._values[hit.sound.id])]
        hits = self._sorted(hits, asked.sort, target)
        if asked.group_by_pack == "1":
            hits = _grouped(hits)
        return _page(hits, asked, target)

    def _sorted(self, hits: list[Hit], sort: str, target: tuple[tuple[str, float], ...]) -> list[Hit]:
        if target:
            near = [Hit(hit.sound, hit.score, self._distance(hit.sound, target)) for hit in hits]
            return sorted(near, key=lambda hit: hit.distance or 0.0)
        name, _, direction = sort.rpartition("_")
        if name in _SORTS and direction in ("asc", "desc"):
            key = _SORTS[name]
            return sorted(hits, key=lambda hit: key(self._values[hit.sound.id]), reverse=direction == "desc")
        return hits

    def _distance(self, sound: Sound, target: tuple[tuple[str, float], ...]) -> float:
        values = self._values[sound.id]
        return math.sqrt(sum((float(values.descriptor(name) or 0.0) - wanted) ** 2 for name, wanted in target))

    def _similar(self, similar_to: str, space: str) -> list[Hit]:
        wanted, but = _wanted_vector(similar_to, space, self._values)
        if wanted is None:
            return []
        if space not in self._vectors:
            having = [sound for sound in self._index.sounds if sound.descriptors is None or sound.descriptors]
            stacked = np.array([vector(sound, space) for sound in having]).reshape(len(having), SPACES[space])
            self._vectors[space] = having, stacked
        sounds, matrix = self._vectors[space]
        scores = (1 + matrix @ wanted) / 2
        order = np.argsort(-scores, kind="stable")
        return [
            Hit(sounds[place], float(scores[place]))
            for place in order
            if scores[place] >= _FLOOR and sounds[place].id != but
        ]


def _wanted_vector(
    similar_to: str, space: str, values: Mapping[int, SoundValues]
) -> tuple[NDArray[np.float64] | None, int | None]:
    """Return the unit vector that is asked for (None = nothing can be similar) and the sound to leave out."""
    if similar_to.startswith("["):
        try:
            numbers = np.array([float(number) for number in json.loads(similar_to)])
            if not np.isfinite(numbers).all():
                raise ValueError(similar_to)
        except (ValueError, TypeError, RecursionError, OverflowError):
            raise BadRequestError("The 'similar_to' parameter is not a valid serialized vector") from None
        if space not in SPACES:
            return None, None
        if len(numbers) != SPACES[space]:
            raise SearchError.solr(
                f"incorrect vector dimension. The vector value has size {len(numbers)} while it is expected a vector"
                f" with size {SPACES[space]}"
            )
        norm = float(np.linalg.norm(numbers))
        return (numbers / norm if norm > 0 else None), None
    try:
        number = int(similar_to)
    except ValueError:
        raise BadRequestError("The 'similar_to' parameter is not a valid sound ID") from None
    known = values.get(number)
    if known is None or space not in SPACES or not known.analysed:
        return None, None
    return vector(known.sound, space), number


def _target(sort: str) -> tuple[tuple[str, float], ...]:
    """Read ``bpm:120,pitch:220``; nothing for the other orders."""
    if ":" not in sort:
        return ()
    target = []
    for part in sort.split(","):
        name, _, number = part.partition(":")
        try:
            if name not in NAMES or name in UNFILTERABLE or name not in INDEXED.values():
                raise ValueError(name)
            target.append((name, float(number)))
        except ValueError:
            raise SearchError("Error processing sorting target for distance-based sorting.") from None
    return tuple(target)


def _grouped(hits: list[Hit]) -> list[Hit]:
    """Keep the best hit of each pack and count the others."""
    counts: dict[object, int] = {}
    first: dict[object, Hit] = {}
    for hit in hits:
        key: object = ("pack", hit.sound.pack.id) if hit.sound.pack else hit.sound.id
        counts[key] = counts.get(key, 0) + 1
        first.setdefault(key, hit)
    return [Hit(hit.sound, hit.score, hit.distance, counts[key]) for key, hit in first.items()]


def _page(hits: list[Hit], asked: Parameters, target: tuple[tuple[str, float], ...]) -> Found:
    pages = max(1, -(-len(hits) // asked.size))
    if hits and asked.page > pages:
        raise PageError
    start = (asked.page - 1) * asked.size
    return Found(len(hits), tuple(hits[start : start + asked.size]), asked.page, pages, target)
