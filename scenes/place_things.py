"""Places and things, each telling of the other: the tables ``scenes/data/place_*.csv``.

=================  ================================================================================================
place_things.csv   which things speak for which places: 1 = one such thing, surely seen, is enough by itself; below 0
                   it speaks against the place, as vehicles around an aeroplane make no street
place_odds.csv     how rarely a thing is seen in a place: 0.1 = a tenth as often as elsewhere. "indoor" and "outdoor"
                   stand for all places of that side that have no row of their own
place_kinds.csv    which kind of a thing is meant in a place: a bird on a beach is a gull
place_kin.csv      what the word of a model that knows few places may mean, and how probably
=================  ================================================================================================
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

from scenes.errors import SceneError
from scenes.vocabulary import load_vocabulary

T = TypeVar("T")
Numbers = Mapping[str, Mapping[str, float]]


@functools.cache
def place_things() -> Numbers:
    """Return label → place → weight, read once a process. Labels that are not in it are met everywhere.

    Raises
    ------
    SceneError
        A row is not of three cells, names no place of the vocabulary, or its weight is not in -2..2.
    """
    expected = "a thing, a place and a weight in -2..2"
    return _table("place_things.csv", ("thing", "place", "weight"), expected, _place_and_number(-2.0, 2.0))


@functools.cache
def place_odds() -> Numbers:
    """Return label → place, "indoor" or "outdoor" → odds above 0 and up to 1, read once a process.

    Raises
    ------
    SceneError
        A row is not of three cells, names no place of the vocabulary, or its odds are not in 0.001..1.
    """
    expected = "a thing, a place and odds in 0.001..1"
    return _table("place_odds.csv", ("thing", "place", "odds"), expected, _place_and_number(0.001, 1.0))


def odds_in(label: str, place: str) -> float:
    """Return how often a thing is seen in a place beside elsewhere, above 0 and up to 1; 1 where nothing is known."""
    rows, known = place_odds().get(label, {}), load_vocabulary().find_place(place)
    if known is None:
        return 1.0
    return rows.get(known.name, rows.get("indoor" if known.indoor else "outdoor", 1.0))


@functools.cache
def place_kinds() -> Mapping[str, Mapping[str, str]]:
    """Return label → place → concept that is meant there, read once a process.

    Raises
    ------
    SceneError
        A row is not of three cells, or names no place or no concept of the vocabulary.
    """

    def kind(cells: list[str]) -> str | None:
        words = load_vocabulary()
        return cells[2] if cells[1] in words.places and cells[2] in words.concepts else None

    return _table("place_kinds.csv", ("thing", "place", "kind"), "a thing, a place and a concept", kind)


@functools.cache
def place_kin() -> Numbers:
    """Return word → place → how probably it is meant; those of a word are 1 together. Read once a process.

    Raises
    ------
    SceneError
        A row is not of three cells, names no place, its share is not in 0..1, or those of a word are not 1 together.
    """
    expected = "a place, a place and a share in 0..1"
    table = _table("place_kin.csv", ("told", "meant", "share"), expected, _place_and_number(0.0, 1.0))
    for told, meant in table.items():
        if abs(sum(meant.values()) - 1.0) > 1e-6:
            raise SceneError(
                f"place_kin.csv: expected shares that are 1 together, got {sum(meant.values()):g}: {told!r}"
            )
    return table


def _place_and_number(least: float, most: float) -> Callable[[list[str]], float | None]:
    def number(cells: list[str]) -> float | None:
        value = float(cells[2])
        return value if cells[1] in load_vocabulary().places and least <= value <= most else None

    return number


def _table(
    name: str, header: tuple[str, str, str], expected: str, read: Callable[[list[str]], T | None]
) -> Mapping[str, Mapping[str, T]]:
    """Return a table of three columns as first → second → what ``read`` makes of a row: None for a wrong one."""
    table: dict[str, dict[str, T]] = {}
    for line, cells in _rows(name, header):
        try:
            value = read(cells) if len(cells) == len(header) else None
        except ValueError:
            value = None
        if value is None:
            raise SceneError(f"{name} row {line}: expected {expected}, got {cells}")
        table.setdefault(cells[0], {})[cells[1]] = value
    return MappingProxyType({first: MappingProxyType(second) for first, second in table.items()})


def _rows(name: str, header: tuple[str, str, str]) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader((files("scenes") / "data" / name).read_text(encoding="utf-8").splitlines(), strict=True)
    if next(rows) != list(header):
        raise SceneError(f"{name} row 1: expected {','.join(header)}")
    for cells in rows:
        if cells and not cells[0].startswith("#"):
            yield rows.line_num, cells
