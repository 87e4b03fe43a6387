"""The vocabulary: what each word sounds like, what it is a kind of, and which places there are."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from scenes.concepts import Concept, PlaceConcept, Role
from scenes.errors import SceneError
from scenes.tables import CONCEPT_COLUMNS, PLACE_COLUMNS, Row, concept_of, place_of, read_rows
from scenes.words import look_up

__all__ = ["ROOTS", "Concept", "PlaceConcept", "Role", "Vocabulary", "load_vocabulary"]

ROOTS = ("human sound", "animal", "nature", "thing", "environment")
"""Where every path of the ontology ends: the tops of AudioSet's that a picture can show (music is left out)."""

MAX_EXTRA_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All concepts and places. Made by :func:`load_vocabulary`.

    Raises
    ------
    SceneError
        A parent, group or ambience that is no concept (or is silent where it must sound), a path that ends at no root
        or runs in a circle, a word that means two things.
    """

    concepts: Mapping[str, Concept]
    places: Mapping[str, PlaceConcept]
    _concept_words: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _place_words: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "concepts", MappingProxyType(dict(self.concepts)))
        object.__setattr__(self, "places", MappingProxyType(dict(self.places)))
        object.__setattr__(self, "_concept_words", _index(self.concepts.values()))
        object.__setattr__(self, "_place_words", _index(self.places.values()))
        _check_ontology(self.concepts)
        for concept in self.concepts.values():
            if concept.group_as is not None:
                self._must_sound(concept.name, "group_as", concept.group_as)
        for place in self.places.values():
            for word in place.ambience:
                self._must_sound(place.name, "ambience", word)
            for word in place.night_ambience:
                self._must_sound(place.name, "night_ambience", word)
            for word in place.events:
                self._must_sound(place.name, "events", word)
            for word in place.night_events:
                self._must_sound(place.name, "night_events", word)

    def _must_sound(self, owner: str, column: str, name: str) -> None:
        concept = self.concepts.get(name)
        if concept is None or not concept.sounds:
            got = "an unknown word" if concept is None else "a silent concept"
            raise SceneError(f"{owner!r}, column {column}: expected a concept that sounds, got {got}: {name!r}")

    def find(self, label: str) -> Concept | None:
        """Return the concept for a word, whatever its case, hyphens, plural or alias; None if unknown.

        Of several words the last known ones count where the whole is unknown: ``"old brick church"`` → church.
        """
        name = look_up(label, self._concept_words)
        return None if name is None else self.concepts[name]

    def find_place(self, label: str) -> PlaceConcept | None:
        """Return the place for a word or alias, found as by :meth:`find`; None if unknown."""
        name = look_up(label, self._place_words)
        return None if name is None else self.places[name]

    def climb(self, name: str) -> Iterator[tuple[str, ...]]:
        """Return paths from a concept upwards, nearest ancestors first: ``("maple",)``, ``("maple", "tree")``, …

        Parameters
        ----------
        name : str
            Of a concept, as in ``concepts``.

        Returns
        -------
        iterator of tuple of str
            One path for each ancestor, the shortest there is, breadth first; among equals in the order of the parents.
            Silent ancestors are among them: they have no search words.

        Raises
        ------
        SceneError
            No concept has that name.
        """
        if name not in self.concepts:
            raise SceneError(f"climb: expected the name of a concept, got {name!r}; find() knows other spellings")
        return self._climb(name)

    def _climb(self, name: str) -> Iterator[tuple[str, ...]]:
        seen = {name}
        waiting: deque[tuple[str, ...]] = deque([(name,)])
        while waiting:
            path = waiting.popleft()
            yield path
            for parent in self.concepts[path[-1]].parents:
                if parent not in seen:
                    seen.add(parent)
                    waiting.append((*path, parent))


def load_vocabulary(extra: Path | None = None) -> Vocabulary:
    """Return the packaged vocabulary, read once a process, with a person's own words over it.

    Parameters
    ----------
    extra : Path, optional
        A CSV file with some or all of the columns of ``vocabulary.csv``. A row whose name is known changes the columns
        that the file has; any other row adds a concept. Its words win over aliases of the packaged vocabulary.

    Raises
    ------
    SceneError
        Naming file, row and column, what was expected and what came.
    """
    if extra is None:
        return _packaged()
    rows = read_rows(_text_of(extra), extra.name, CONCEPT_COLUMNS, whole=False)
    concepts = _overlaid(_packaged_rows(), rows)
    try:
        return Vocabulary(concepts, _packaged().places)
    except SceneError as error:
        raise SceneError(f"{extra.name}: {error}") from None


@functools.cache
def _packaged() -> Vocabulary:
    places = read_rows(_packaged_text("places.csv"), "places.csv", PLACE_COLUMNS, whole=True)
    concepts = {name: concept_of(row) for name, row in _packaged_rows().items()}
    return Vocabulary(concepts, {name: place_of(row) for name, row in places.items()})


@functools.cache
def _packaged_rows() -> Mapping[str, Row]:
    return read_rows(_packaged_text("vocabulary.csv"), "vocabulary.csv", CONCEPT_COLUMNS, whole=True)


def _packaged_text(name: str) -> str:
    return (files("scenes") / "data" / name).read_text(encoding="utf-8")


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_EXTRA_BYTES:
            raise SceneError(f"{path.name}: expected a vocabulary of at most {MAX_EXTRA_BYTES / 1e6:g} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SceneError(f"{path}: expected a vocabulary that can be read, got {error.strerror}") from None
    except UnicodeDecodeError:
        raise SceneError(f"{path.name}: expected text in UTF-8, got other bytes") from None


def _overlaid(base: Mapping[str, Row], extra: Mapping[str, Row]) -> dict[str, Concept]:
    own = {
        name: concept_of(Row(row.where, {**(base[name].cells if name in base else {}), **row.cells}))
        for name, row in extra.items()
    }
    claimed = set(own).union(*(concept.aliases for concept in own.values()))
    concepts = {name: concept_of(row) for name, row in base.items() if name not in own}
    for name, concept in concepts.items():
        if claimed.intersection(concept.aliases):
            kept = tuple(alias for alias in concept.aliases if alias not in claimed)
            concepts[name] = replace(concept, aliases=kept)
    return concepts | own


def _index(entries: Iterable[Concept | PlaceConcept]) -> Mapping[str, str]:
    index: dict[str, str] = {}
    for entry in entries:
        for word in (entry.name, *entry.aliases):
            if index.setdefault(word, entry.name) != entry.name or (word == entry.name and word in entry.aliases):
                raise SceneError(f"{entry.name!r}, column aliases: {word!r} already means {index[word]!r}")
    return MappingProxyType(index)


def _check_ontology(concepts: Mapping[str, Concept]) -> None:
    """With known parents, parentless roots only, and no circle, every path upwards ends at a root."""
    for name, concept in concepts.items():
        if (name in ROOTS) == bool(concept.parents):
            expected = "none, for it is a root" if concept.parents else f"some, for only {', '.join(ROOTS)} have none"
            raise SceneError(f"{name!r}, column parents: expected {expected}, got {concept.parents!r}")
        for parent in concept.parents:
            if parent not in concepts:
                raise SceneError(f"{name!r}, column parents: expected concepts, got {parent!r}, which is none")
    try:
        TopologicalSorter({name: concept.parents for name, concept in concepts.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        raise SceneError(f"{circle[0]!r}, column parents: expected no circle, got {' → '.join(circle)}") from None
