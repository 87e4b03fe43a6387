"""Saying rightly what is searched for: words, filters, sorting, vectors, addresses.

A filter is built of clauses that all must hold (``&``), each of which may be negated (``~``)::

    one_of("tag", "rain", "storm") & between("duration", 1, 30) & ~equals("category", "Speech")

What the service gets is ``str(filter)``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote

from freesound.errors import QueryError
from freesound.fields import (
    BOOLEAN_DESCRIPTORS,
    BOOLEAN_FIELDS,
    FLOAT_DESCRIPTORS,
    FLOAT_FIELDS,
    INTEGER_DESCRIPTORS,
    INTEGER_FIELDS,
    KEYWORD_FIELDS,
    LIST_DESCRIPTORS,
    SORTS,
    SPACES,
    SUFFIXES,
    TEXT_DESCRIPTORS,
    TEXT_FIELDS,
    WEIGHTED,
)
from freesound.licence import LicenceKind

_WORDS = KEYWORD_FIELDS | TEXT_FIELDS | TEXT_DESCRIPTORS | LIST_DESCRIPTORS
_INTEGERS = INTEGER_FIELDS | INTEGER_DESCRIPTORS
_NUMBERS = _INTEGERS | FLOAT_FIELDS | FLOAT_DESCRIPTORS
_FLAGS = BOOLEAN_FIELDS | BOOLEAN_DESCRIPTORS
_LICENCE_NAMES = {
    LicenceKind.CC0: "Creative Commons 0",
    LicenceKind.BY: "Attribution",
    LicenceKind.BY_NC: "Attribution NonCommercial",
    LicenceKind.SAMPLING_PLUS: "Sampling+",
}
_REWRITTEN = re.compile(rf"(?<=\s)({'|'.join(sorted(SUFFIXES, key=len, reverse=True))}):")
_LONGEST_URL = 8000
MOST_IN_A_LIST = 150
"""As many results as a page can have; more would also make the address too long."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: a field and what the search engine is to match it with, already quoted."""

    name: str
    match: str
    negated: bool = False

    def __str__(self) -> str:
        if not self.name:
            return self.match
        if self.negated:
            # the service rewrites a descriptor's name only where it begins a term; behind a minus it does not
            return f"-{self.name}{SUFFIXES.get(self.name, '')}:{self.match}"
        # the service puts a plus before [a-zA-Z_]+: only, which "md5" is not
        plus = "+" if self.name == "md5" else ""
        return f"{plus}{self.name}:{self.match}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that all must hold; without any, everything does."""

    clauses: tuple[Clause, ...] = ()

    def __and__(self, other: Filter) -> Filter:
        return Filter((*self.clauses, *(clause for clause in other.clauses if clause not in self.clauses)))

    def __invert__(self) -> Filter:
        if len(self.clauses) != 1 or not self.clauses[0].name:
            raise QueryError(f"expected one plain condition to negate, got {str(self)!r}: negate each by itself")
        (clause,) = self.clauses
        return Filter((Clause(clause.name, clause.match, not clause.negated),))

    def __bool__(self) -> bool:
        return bool(self.clauses)

    def __str__(self) -> str:
        return " ".join(map(str, self.clauses))


def raw(text: str) -> Filter:
    """Return a filter in the search engine's own syntax, as it is. Nothing is quoted."""
    return Filter((Clause("", text.strip()),)) if text.strip() else Filter()


def equals(name: str, value: str | float | bool) -> Filter:
    """Return the condition that a field has this value."""
    return Filter((Clause(name, _value(name, value)),))


def one_of(name: str, *values: str | float) -> Filter:
    """Return the condition that a field has one of these values."""
    listed = list(dict.fromkeys(_value(name, value) for value in values))
    if not 1 <= len(listed) <= MOST_IN_A_LIST:
        raise QueryError(f"expected 1 to {MOST_IN_A_LIST} values for {name}, got {len(listed)}")
    return Filter((Clause(name, listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"),))


def between(name: str, low: float | None = None, high: float | None = None) -> Filter:
    """Return the condition that a number lies in a range, both ends included; None = open.

    Notes
    -----
    ``avg_rating`` is meant as the service shows it, 0 to 5 stars; its index has the double, which is seen to here.
    """
    if name not in _NUMBERS:
        raise QueryError(f"expected a field with numbers, got {name!r}; known: {', '.join(sorted(_NUMBERS))}")
    ends = [None if end is None or math.isinf(end) else end for end in (low, high)]
    if any(end is not None and math.isnan(end) for end in ends) or low == math.inf or high == -math.inf:
        raise QueryError(f"expected numbers for the range of {name}, got {low} to {high}")
    if None not in ends and ends[0] > ends[1]:  # type: ignore[operator]  # neither is None
        raise QueryError(f"expected the range of {name} from low to high, got {low} to {high}")
    if name == "avg_rating":
        if any(end is not None and not 0 <= end <= 5 for end in ends):
            raise QueryError(f"expected 0 to 5 stars for avg_rating, got {low} to {high}")
        ends = [None if end is None else end * 2 for end in ends]
    if name in _INTEGERS:
        ends = [
            None if end is None else rounded(end) for end, rounded in zip(ends, (math.ceil, math.floor), strict=True)
        ]
    return Filter((Clause(name, f"[{_number(ends[0])} TO {_number(ends[1])}]"),))


def licensed(*kinds: LicenceKind) -> Filter:
    """Return the condition that a sound has one of these licences."""
    strange = [kind.value for kind in kinds if kind not in _LICENCE_NAMES]
    if strange:
        raise QueryError(f"Freesound has no sounds under {', '.join(strange)}: leave them out")
    return one_of("license", *(_LICENCE_NAMES[kind] for kind in kinds))


def created_between(first: datetime | None = None, last: datetime | None = None) -> Filter:
    """Return the condition that a sound was published in this time; times without zone are UTC."""

    def stamp(when: datetime | None) -> str:
        if when is None:
            return "*"
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    return Filter((Clause("created", f"[{stamp(first)} TO {stamp(last)}]"),))


def near(latitude_deg: float, longitude_deg: float, radius_km: float) -> Filter:
    """Return the condition that a sound was recorded within so many kilometres."""
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 180 and 0 < radius_km <= 20_100):
        raise QueryError(f"expected a place and a radius on Earth, got {latitude_deg}, {longitude_deg}, {radius_km} km")
    place = f"{_number(latitude_deg)},{_number(longitude_deg)}"
    return Filter((Clause("", f"{{!geofilt sfield=geotag pt={place} d={_number(radius_km)}}}"),))


def in_box(south_deg: float, west_deg: float, north_deg: float, east_deg: float) -> Filter:
    """Return the condition that a sound was recorded between these latitudes and longitudes."""
    if not (-90 <= south_deg <= north_deg <= 90 and -180 <= west_deg <= east_deg <= 180):
        raise QueryError(
            f"expected south ≤ north and west ≤ east, got {south_deg}, {west_deg}, {north_deg}, {east_deg}"
        )
    corners = " ".join(map(_number, (west_deg, south_deg, east_deg, north_deg)))
    return Filter((Clause("geotag", f'"Intersects({corners})"'),))


def in_pack(pack_id: int, name: str) -> Filter:
    """Return the condition that a sound belongs to this pack."""
    return equals("pack_grouping", f"{pack_id}_{name}")


def words(*terms: str, phrases: Iterable[str] = (), without: Iterable[str] = ()) -> str:
    """Return a query in which every term counts as it is: signs that mean something to the search engine do not.

    Parameters
    ----------
    *terms : str
        Words that must all occur, in any order. Few: there is no "or" here, a caption finds nothing.
    phrases : iterable of str
        Words that must occur side by side.
    without : iterable of str
        Words that must not occur.
    """
    plain = [word for term in terms for word in _plain(term)]
    quoted = [f'"{" ".join(found)}"' for phrase in phrases if (found := _plain(phrase))]
    minus = []
    for term in without:
        found = _plain(term)
        if found:
            minus.append(f"-{found[0]}" if len(found) == 1 else f'-"{" ".join(found)}"')
    return " ".join([*plain, *quoted, *minus])


def _plain(text: str) -> list[str]:
    # + and - mean something before a word only, quotes anywhere; angle brackets would be taken for HTML
    found = (word.lstrip("+-") for word in re.sub(r'["<>\x00-\x1f]', " ", text).split())
    return [word for word in found if any(sign.isalnum() for sign in word)]


def target(**values: float) -> str:
    """Return the sorting by nearness to these descriptor values: ``target(bpm=120, pitch=220)``."""
    strange = sorted(set(values) - FLOAT_DESCRIPTORS - INTEGER_DESCRIPTORS)
    if strange or not values:
        raise QueryError(f"expected descriptors with numbers to sort by, got {', '.join(strange) or 'none'}")
    return ",".join(f"{name}:{_number(value)}" for name, value in values.items())


def check_sort(sort: str) -> str:
    """Return the sorting; an unknown one, which the service would quietly ignore, is an error."""
    if sort in SORTS:
        return sort
    try:
        pairs = dict(pair.split(":") for pair in sort.split(","))
        return target(**{name: float(value) for name, value in pairs.items()})
    except (ValueError, QueryError):
        known = ", ".join(sorted(SORTS))
        raise QueryError(f"expected a sorting ({known}) or a target like 'bpm:120', got {sort!r}") from None


def field_list(fields: Iterable[str]) -> str:
    """Return the list of fields as the service reads it: commas, no spaces, and always with the id.

    Raises
    ------
    QueryError
        A similarity space that does not exist: with it the service returns nothing at all for any sound.
    """
    asked = [name.strip() for part in fields for name in part.split(",")]
    names = list(dict.fromkeys(asked if "*" in asked else ["id", *asked]))
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_]+|\*", name):
            raise QueryError(f"expected names of fields, got {name!r}")
        if name.startswith("sim_") and name.removeprefix("sim_") not in SPACES:
            raise QueryError(f"expected sim_{' or sim_'.join(SPACES)}, got {name!r}")
    return ",".join(names)


def weight_list(weights: Mapping[str, int]) -> str:
    """Return how much a find in each field counts: ``{"tag": 4, "name": 0}``."""
    for name, weight in weights.items():
        if name not in WEIGHTED or isinstance(weight, bool) or not isinstance(weight, int) or weight < 0:
            raise QueryError(f"expected whole numbers ≥ 0 for {', '.join(sorted(WEIGHTED))}, got {name}={weight!r}")
    return ",".join(f"{name}:{weight}" for name, weight in weights.items())


def likeness(similar_to: int | Sequence[float], space: str = "laion_clap") -> str:
    """Return what sounds are to be like: a sound's id, or a vector of the space's length."""
    if space not in SPACES:
        raise QueryError(f"expected one of the similarity spaces {', '.join(SPACES)}, got {space!r}")
    if isinstance(similar_to, int):
        return str(check_id(similar_to))
    vector = [float(x) for x in similar_to]
    if len(vector) != SPACES[space] or not all(map(math.isfinite, vector)) or not any(vector):
        raise QueryError(f"expected {SPACES[space]} finite numbers for {space}, not all zero, got {len(vector)}")
    # the service scales to length 1 and rounds to 4 decimals; scaled before, nothing is lost by rounding
    length = math.sqrt(math.fsum(x * x for x in vector))
    return "[" + ",".join(f"{x / length:.4f}".rstrip("0").rstrip(".") for x in vector) + "]"


def check_id(number: int) -> int:
    """Return the number of a sound or pack, which is a whole one above 0."""
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 2**53:
        raise QueryError(f"expected the number of a sound or pack, got {number!r}")
    return number


def address(base_url: str, path: str, params: Iterable[tuple[str, str]] = ()) -> str:
    """Return the complete address of a request.

    Notes
    -----
    The service decodes ``query`` and ``filter`` twice, so a percent sign that would look like an escape the second
    time is escaped once more.
    """
    encoded = []
    for name, value in params:
        if name in ("query", "filter"):
            value = twice_decoded(value)
        encoded.append(f"{quote(name, safe='')}={quote(value, safe='[],:*()', errors='replace')}")
    url = base_url.rstrip("/") + path + ("?" + "&".join(encoded) if encoded else "")
    if len(url) > _LONGEST_URL:
        raise QueryError(
            f"expected an address of at most {_LONGEST_URL} characters, got {len(url)}: ask for less at once"
        )
    return url


def twice_decoded(text: str) -> str:
    """Return the text so that it is itself again after one percent-decoding more than usual."""
    return re.sub(r"%(?=[0-9a-fA-F]{2})", "%25", text)


def _value(name: str, value: str | float | bool) -> str:
    if name in _FLAGS:
        if not isinstance(value, bool):
            raise QueryError(f"expected True or False for {name}, got {value!r}")
        return "true" if value else "false"
    if name in _NUMBERS:
        if isinstance(value, str | bool) or not math.isfinite(value):
            raise QueryError(f"expected a number for {name}, got {value!r}")
        if name in _INTEGERS and value != int(value):
            raise QueryError(f"expected a whole number for {name}, got {value!r}")
        if name == "avg_rating":
            if not 0 <= value <= 5:
                raise QueryError(f"expected 0 to 5 stars for avg_rating, got {value!r}")
            value *= 2
        number = _number(value)
        return f'"{number}"' if number.startswith("-") else number
    if name not in _WORDS:
        raise QueryError(
            f"expected a field to filter by, got {name!r}; known: {', '.join(sorted(_WORDS | _NUMBERS | _FLAGS))}"
        )
    if not isinstance(value, str) or not value.strip():
        raise QueryError(f"expected text for {name}, got {value!r}")
    return _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    # a descriptor's name and colon after a space would be rewritten by the service even inside quotes
    return '"' + _REWRITTEN.sub(r"\1\\:", escaped) + '"'


def _number(value: float | None) -> str:
    """Write a number without exponent; None as the open end."""
    if value is None:
        return "*"
    text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
