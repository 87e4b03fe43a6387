"""The fields of the index: what each holds and how a value or a range is compared with it."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tests.freesound_server.descriptors import BOOLEAN, INDEXED, INTEGER, STRING, STRING_LIST
from tests.freesound_server.text import letters, words


class Value(Protocol):
    """The indexed values of one sound, and the time now."""

    def indexed(self, field: str) -> Any:
        """Return the value of a field, None where it has none."""

    @property
    def now(self) -> datetime:
        """The time that ``NOW`` means."""


class SearchError(Exception):
    """A search the engine refuses; ``detail`` is the text of the 400."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.detail = (
            f"Search server error: {reason} (please check that your filter syntax and field names are correct)"
        )

    @classmethod
    def solr(cls, reason: str) -> SearchError:
        """Make one of what the search engine said."""
        return cls(f"Solr responded with an error (HTTP 400): [Reason: {reason}]")


Test = Callable[[Value], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """How fields of one kind are compared. ``cost`` orders tests: measured values are asked for last."""

    equal: Callable[[str, str, bool], Test]
    between: Callable[[str, str, str, bool, bool], Test]
    cost: int = 0


def _values(sound: Value, field: str) -> list[Any]:
    value = sound.indexed(field)
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _keyword(fold: bool) -> Kind:
    def canonical(text: str) -> str:
        return text.lower() if fold else text

    def equal(field: str, wanted: str, quoted: bool) -> Test:
        wanted = canonical(wanted)
        if not quoted and ("*" in wanted or "?" in wanted):
            return lambda sound: any(
                fnmatch.fnmatchcase(canonical(str(value)), wanted.replace("[", "[[]"))
                for value in _values(sound, field)
            )
        return lambda sound: any(canonical(str(value)) == wanted for value in _values(sound, field))

    def between(field: str, low: str, high: str, with_low: bool, with_high: bool) -> Test:
        return lambda sound: any(
            _inside(canonical(str(value)), _open(low), _open(high), with_low, with_high)
            for value in _values(sound, field)
        )

    return Kind(equal, between)


def _open(bound: str) -> str | None:
    return None if bound == "*" else bound


def _inside(value: Any, low: Any, high: Any, with_low: bool, with_high: bool) -> bool:
    if low is not None and (value < low or (value == low and not with_low)):
        return False
    return not (high is not None and (value > high or (value == high and not with_high)))


def _number(cost: int = 0) -> Kind:
    def read(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise SearchError.solr(f"Invalid Number: {text}") from None

    def equal(field: str, wanted: str, quoted: bool) -> Test:
        if wanted == "*":
            return lambda sound: bool(_values(sound, field))
        number = read(wanted)
        return lambda sound: any(float(value) == number for value in _values(sound, field))

    def between(field: str, low: str, high: str, with_low: bool, with_high: bool) -> Test:
        lowest = None if low == "*" else read(low)
        highest = None if high == "*" else read(high)
        return lambda sound: any(
            _inside(float(value), lowest, highest, with_low, with_high) for value in _values(sound, field)
        )

    return Kind(equal, between, cost)


def _boolean(cost: int = 0) -> Kind:
    def equal(field: str, wanted: str, quoted: bool) -> Test:
        truth = wanted[:1] in ("1", "t", "T")
        return lambda sound: any(bool(value) == truth for value in _values(sound, field))

    def between(field: str, low: str, high: str, with_low: bool, with_high: bool) -> Test:
        return lambda sound: bool(_values(sound, field))

    return Kind(equal, between, cost)


def _text(split: Callable[[str], list[str]]) -> Kind:
    def equal(field: str, wanted: str, quoted: bool) -> Test:
        if not quoted and wanted.endswith("*"):
            start = wanted[:-1].lower()
            return lambda sound: any(
                token.startswith(start) for value in _values(sound, field) for token in split(str(value))
            )
        phrase = split(wanted)
        return lambda sound: any(contains(split(str(value)), phrase) for value in _values(sound, field))

    def between(field: str, low: str, high: str, with_low: bool, with_high: bool) -> Test:
        return lambda sound: bool(_values(sound, field))

    return Kind(equal, between)


def contains(tokens: list[str], phrase: list[str]) -> bool:
    """Tell whether ``phrase`` stands in ``tokens`` without a gap."""
    return bool(phrase) and any(
        tokens[start : start + len(phrase)] == phrase for start in range(len(tokens) - len(phrase) + 1)
    )


_UNITS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800, "MONTH": 2629800, "YEAR": 31557600}


_MOST_S = 1000 * _UNITS["YEAR"]


def _date() -> Kind:
    def read(text: str) -> Callable[[datetime], datetime]:
        sums = re.fullmatch(r"NOW((?:[+-]\d+[A-Z]+|/[A-Z]+)*)", text)
        if sums:
            steps = [(int(n), _unit(unit, text)) for n, unit in re.findall(r"([+-]\d+)([A-Z]+)", sums[1])]
            total_s = sum(n * seconds for n, seconds in steps)
            if abs(total_s) > _MOST_S:
                raise SearchError.solr(f"Invalid Date Math String:'{text}'")
            return lambda now: now + timedelta(seconds=total_s)
        try:
            if not text.endswith("Z"):
                raise ValueError(text)
            moment = datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
        except ValueError:
            raise SearchError.solr(f"Invalid Date String:'{text}'") from None
        return lambda now: moment

    def equal(field: str, wanted: str, quoted: bool) -> Test:
        moment = read(wanted)
        return lambda sound: any(value == moment(sound.now) for value in _values(sound, field))

    def between(field: str, low: str, high: str, with_low: bool, with_high: bool) -> Test:
        lowest = None if low == "*" else read(low)
        highest = None if high == "*" else read(high)

        def test(sound: Value) -> bool:
            return any(
                _inside(value, lowest and lowest(sound.now), highest and highest(sound.now), with_low, with_high)
                for value in _values(sound, field)
            )

        return test

    return Kind(equal, between)


def _unit(unit: str, text: str) -> int:
    seconds = _UNITS.get(unit.removesuffix("S"))
    if seconds is None:
        raise SearchError.solr(f"Invalid Date Math String:'{text}'")
    return seconds


def _geo() -> Kind:
    def equal(field: str, wanted: str, quoted: bool) -> Test:
        found = re.fullmatch(r"Intersects\(\s*(.+?)\s*\)", wanted)
        try:
            west, south, east, north = [float(number) for number in (found[1].split() if found else [])]
        except ValueError:
            raise SearchError.solr(f"Couldn't parse shape '{wanted}'") from None

        def test(sound: Value) -> bool:
            place = sound.indexed("geotag")
            return place is not None and south <= place[0] <= north and west <= place[1] <= east

        return test

    def between(field: str, low: str, high: str, with_low: bool, with_high: bool) -> Test:
        return lambda sound: sound.indexed("geotag") is not None

    return Kind(equal, between)


def within_km(latitude: float, longitude: float, distance_km: float) -> Test:
    """Return the test for a place within a great-circle distance (haversine, Earth's mean radius 6371 km)."""

    if not all(math.isfinite(number) for number in (latitude, longitude, distance_km)):
        raise ValueError("a place is finite")

    def test(sound: Value) -> bool:
        place = sound.indexed("geotag")
        if place is None:
            return False
        phi, psi = math.radians(latitude), math.radians(place[0])
        half = math.sin((psi - phi) / 2) ** 2
        half += math.cos(phi) * math.cos(psi) * math.sin(math.radians(place[1] - longitude) / 2) ** 2
        return 2 * 6371.0 * math.asin(math.sqrt(min(half, 1.0))) <= distance_km

    return test


def _of_descriptor(name: str) -> Kind:
    if name in BOOLEAN:
        return _boolean(cost=9)
    if name in STRING_LIST:
        return _keyword(fold=True)
    if name in STRING:
        return _keyword(fold=False)
    return _number(cost=0 if name in INTEGER and "detections" in name else 9)


FIELDS: dict[str, Kind] = {
    **dict.fromkeys(("tag", "type"), _keyword(fold=True)),
    **dict.fromkeys(("license", "gen_ai_preference", "md5", "pack_grouping"), _keyword(fold=False)),
    **dict.fromkeys(("name", "description", "pack", "comment", "_text"), _text(words)),
    "username": _text(letters),
    **dict.fromkeys(("id", "filesize", "num_downloads", "num_ratings", "num_comments", "avg_rating"), _number()),
    "duration": _number(cost=1),
    **dict.fromkeys(("samplerate", "bitrate", "bitdepth", "channels"), _number(cost=5)),
    **dict.fromkeys(("is_geotagged", "is_remix", "was_remixed", "is_explicit", "in_remix_group"), _boolean()),
    "created": _date(),
    "geotag": _geo(),
    **{field: _of_descriptor(name) for field, name in INDEXED.items()},
}
