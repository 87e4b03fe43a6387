"""Reading untrusted JSON field by field: what does not fit is one line saying where, what was expected, what came."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, TypeVar

from scenes.errors import SceneError
from scenes.types import Box

T = TypeVar("T")

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
"""What JSON can say."""

MAX_TEXT = 200
"""Characters of a label or id."""

MAX_OBJECTS = 100_000
"""Things in one file; also the largest count of a group."""

OVERHANG = 0.01
"""A box that sticks out of the picture by no more than this share of it does so by rounding, and is clipped."""


def load_json(text: str) -> Json:
    """Return what a JSON text says. NaN, infinity, and a key given twice are errors.

    Raises
    ------
    SceneError
        Naming line and column.
    """
    try:
        value: Json = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SceneError(f"line {error.lineno}, column {error.colno}: expected JSON, got: {error.msg}") from None
    except RecursionError:
        raise SceneError("expected a scene, got JSON nested without end") from None
    except SceneError:
        raise
    except ValueError:  # Python refuses whole numbers of thousands of digits
        raise SceneError("expected numbers of ordinary length, got one of thousands of digits") from None
    return value


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    for twice in repeated(key for key, _ in pairs):
        raise SceneError(f"expected every key once, got {shown(twice)} twice")
    return dict(pairs)


def repeated(words: Iterable[str]) -> Iterator[str]:
    """Yield the words that have been there before."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            yield word
        seen.add(word)


def _no_constant(name: str) -> NoReturn:
    raise SceneError(f"expected numbers, got {name}")


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, cut to 60 characters."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def text_of(value: object, where: str) -> str:
    """Return a value that must be a short text of printable characters."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > MAX_TEXT:
        raise SceneError(f"{where}: expected a text of 1 to {MAX_TEXT} printable characters, got {shown(value)}")
    return value.strip()


def number_of(value: object, where: str) -> float:
    """Return a value that must be a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SceneError(f"{where}: expected a number, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise SceneError(f"{where}: expected a finite number, got {number}")
    return number


def whole_of(value: object, where: str) -> int:
    """Return a value that must be a whole number in 0..MAX_OBJECTS."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_OBJECTS:
        raise SceneError(f"{where}: expected a whole number in 0..{MAX_OBJECTS:,}, got {shown(value)}")
    return value


def box_of(where: str, x0: float, y0: float, x1: float, y1: float) -> Box:
    """Return a box of fractions of the picture, clipped where it sticks out by rounding."""
    corners = {"x0": x0, "y0": y0, "x1": x1, "y1": y1}
    for name, value in corners.items():
        if not -OVERHANG <= value <= 1.0 + OVERHANG:
            raise SceneError(f"{where}.{name}: expected a fraction of the picture in 0..1, got {value:.6g}")
    return made(Box, where, **{name: min(max(value, 0.0), 1.0) for name, value in corners.items()})


def made(kind: Callable[..., T], where: str, **values: object) -> T:
    """Return a value of a type that checks itself, its error with the position in front."""
    try:
        return kind(**values)
    except SceneError as error:
        raise SceneError(f"{where}: {error}") from None


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object and where it stands."""

    values: Mapping[str, Json]
    where: str

    @classmethod
    def of(cls, value: Json, where: str, known: Iterable[str] | None = None) -> Fields:
        """Return the fields of a value that must be an object; without ``known`` it may have any keys."""
        if not isinstance(value, dict):
            raise SceneError(f"{where or 'scene'}: expected an object, got {shown(value)}")
        fields = cls(value, where)
        if known is not None:
            allowed = list(known)
            for key in value:
                if key not in allowed:
                    raise SceneError(f"{fields.at(key)}: expected only {', '.join(allowed)}, got an unknown key")
        return fields

    def at(self, key: str) -> str:
        """Return the position of a key, such as ``objects[2].box``."""
        name = key if key.isidentifier() and len(key) <= MAX_TEXT else shown(key)
        return f"{self.where}.{name}" if self.where else name

    def get(self, key: str) -> Json:
        """Return what stands at a key; None where nothing does."""
        return self.values.get(key)

    def text(self, key: str) -> str:
        """Return a short text."""
        return text_of(self.get(key), self.at(key))

    def optional_text(self, key: str) -> str | None:
        """Return a short text; None where nothing stands."""
        return None if self.get(key) is None else self.text(key)

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        if key not in self.values and default is not None:
            return default
        return number_of(self.get(key), self.at(key))

    def optional_number(self, key: str) -> float | None:
        """Return a finite number; None where nothing stands."""
        return None if self.get(key) is None else self.number(key)

    def whole(self, key: str, default: int | None = None) -> int:
        """Return a whole number from 0 on."""
        if key not in self.values and default is not None:
            return default
        return whole_of(self.get(key), self.at(key))

    def yes(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise SceneError(f"{self.at(key)}: expected true or false, got {shown(value)}")
        return value

    def items(self, key: str) -> list[Json]:
        """Return a list of at most MAX_OBJECTS values; an empty one where nothing stands."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise SceneError(f"{self.at(key)}: expected a list, got {shown(value)}")
        if len(value) > MAX_OBJECTS:
            raise SceneError(f"{self.at(key)}: expected at most {MAX_OBJECTS:,} values, got {len(value):,}")
        return value
