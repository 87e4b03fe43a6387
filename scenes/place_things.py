"""Which things speak for which places: ``scenes/data/place_things.csv``.

A weight of 1 means that one such thing, surely seen, is enough by itself; below 0 it speaks against the place, as
vehicles around an aeroplane make no street.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from scenes.errors import SceneError
from scenes.vocabulary import load_vocabulary

_FILE = "place_things.csv"
_HEADER = ["thing", "place", "weight"]


@functools.cache
def place_things() -> Mapping[str, Mapping[str, float]]:
    """Return label → place → weight, read once a process. Labels that are not in it are met everywhere.

    Raises
    ------
    SceneError
        A row is not of three cells, names no place of the vocabulary, or its weight is not in -2..2.
    """
    text = (files("scenes") / "data" / _FILE).read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines(), strict=True)
    if next(rows) != _HEADER:
        raise SceneError(f"{_FILE} row 1: expected {','.join(_HEADER)}")
    table: dict[str, dict[str, float]] = {}
    for cells in rows:
        if cells and not cells[0].startswith("#"):
            thing, place, weight = _row(cells, rows.line_num)
            table.setdefault(thing, {})[place] = weight
    return MappingProxyType({thing: MappingProxyType(places) for thing, places in table.items()})


def _row(cells: list[str], number: int) -> tuple[str, str, float]:
    try:
        thing, place, weight = cells[0], cells[1], float(cells[2])
        known = len(cells) == len(_HEADER) and place in load_vocabulary().places and -2.0 <= weight <= 2.0
    except (IndexError, ValueError):
        known = False
    if not known:
        raise SceneError(f"{_FILE} row {number}: expected a thing, a place and a weight in -2..2, got {cells}")
    return thing, place, weight
