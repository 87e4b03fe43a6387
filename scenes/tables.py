"""Reading the vocabulary's tables: CSV, one row a concept, lists parted by ``|``; rows that begin with # are notes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from scenes.concepts import Concept, PlaceConcept, Role
from scenes.errors import SceneError
from scenes.words import normalise

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as text: where it stands and its cells by column."""

    where: str
    cells: Mapping[str, str]


def _words(cell: str) -> tuple[str, ...]:
    parts = tuple(" ".join(part.split()) for part in cell.split("|")) if cell else ()
    if not all(parts) or len(set(parts)) != len(parts):
        raise SceneError(f"expected different words parted by |, got {cell!r}")
    return parts


def _name(cell: str) -> str:
    if not cell or normalise(cell) != cell:
        raise SceneError(f"expected words in lower case without signs, got {cell!r}")
    return cell


def _names(cell: str) -> tuple[str, ...]:
    return tuple(_name(word) for word in _words(cell))


def _number(cell: str) -> float:
    try:
        return float(cell) if cell else 0.0
    except ValueError:
        raise SceneError(f"expected a number, got {cell!r}") from None


def _whole(cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise SceneError(f"expected a whole number, got {cell!r}") from None


def _yes(cell: str) -> bool:
    if cell not in ("yes", "no", ""):
        raise SceneError(f"expected yes or no, got {cell!r}")
    return cell == "yes"


def _role(cell: str) -> Role:
    try:
        return Role(cell)
    except ValueError:
        raise SceneError(f"expected {', '.join(Role)}, got {cell!r}") from None


def _optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda cell: parse(cell) if cell else None


CONCEPT_COLUMNS: Mapping[str, Callable[[str], object]] = {
    "name": _name,
    "parents": _names,
    "audioset": _optional(str),
    "role": _role,
    "search": _words,
    "height_m": _optional(_number),
    "rate_per_min": _number,
    "irregularity": _number,
    "loudness_db": _number,
    "group_from": _optional(_whole),
    "group_as": _optional(_name),
    "avoid": _words,
    "moves": _yes,
    "aliases": _names,
    "why_silent": str,
}
"""How each column of ``vocabulary.csv`` is read; the columns are the fields of :class:`Concept`."""

PLACE_COLUMNS: Mapping[str, Callable[[str], object]] = {
    "name": _name,
    "indoor": _yes,
    "ambience": _names,
    "night_ambience": _names,
    "events": _names,
    "night_events": _names,
    "room_size_m": _number,
    "damping": _number,
    "aliases": _names,
}
"""How each column of ``places.csv`` is read; the columns are the fields of :class:`PlaceConcept`."""


def read_rows(text: str, file: str, columns: Iterable[str], *, whole: bool) -> dict[str, Row]:
    """Return the rows of a table by name.

    Parameters
    ----------
    text : str
        The CSV file's content; its first row names the columns.
    file : str
        Its name, for errors.
    columns : iterable of str
        The columns there may be.
    whole : bool
        Whether all of them must be there; if not, only ``name`` must.

    Raises
    ------
    SceneError
        It is not such a table, or two rows have the same name.
    """
    known = list(columns)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: dict[str, Row] = {}
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, known, file, whole)
        for cells in reader:
            if not any(cells) or cells[0].startswith("#"):
                continue
            where = f"{file} row {reader.line_num}"
            if len(cells) != len(header):
                raise SceneError(f"{where}: expected {len(header)} cells, got {len(cells)}")
            row = Row(where, {column: cell.strip() for column, cell in zip(header, cells, strict=True)})
            name = row.cells["name"]
            if name in rows:
                raise SceneError(f"{where}, column name: {name!r} is there already, at {rows[name].where}")
            rows[name] = row
    except csv.Error as error:
        raise SceneError(f"{file} row {reader.line_num}: expected CSV, got {error}") from None
    return rows


def _check_header(header: list[str], known: list[str], file: str, whole: bool) -> None:
    strange = [column for column in header if column not in known]
    missing = [column for column in (known if whole else ["name"]) if column not in header]
    if strange or missing or len(set(header)) != len(header):
        problem = f"unknown {strange}" if strange else f"no {missing}" if missing else "a column twice"
        raise SceneError(f"{file} row 1: expected the columns {', '.join(known)}, got {problem}")


def concept_of(row: Row) -> Concept:
    """Return the concept a row describes; absent columns are empty. Raises SceneError naming row and column."""
    return _made(Concept, row, CONCEPT_COLUMNS)


def place_of(row: Row) -> PlaceConcept:
    """Return the place a row describes. Raises SceneError naming row and column."""
    return _made(PlaceConcept, row, PLACE_COLUMNS)


def _made(kind: Callable[..., T], row: Row, columns: Mapping[str, Callable[[str], object]]) -> T:
    values = {}
    for column, parse in columns.items():
        try:
            values[column] = parse(row.cells.get(column, ""))
        except SceneError as error:
            raise SceneError(f"{row.where}, column {column}: {error}") from None
    try:
        return kind(**values)
    except SceneError as error:  # its message starts with the column
        raise SceneError(f"{row.where}, column {error}") from None
