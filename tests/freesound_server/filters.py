"""The ``filter`` parameter: the part of Solr's query syntax that people use, with the service's own rewriting.

As on the service, ``+`` is put before every ``field:`` whose name is letters and underscores, and the names of
descriptors and categories are turned into indexed fields only where they start a token. So ``md5:…`` stays
optional and ``-category:…`` is an undefined field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.freesound_server.descriptors import INDEXED, suffix
from tests.freesound_server.fieldtypes import FIELDS, SearchError, Value

_REWRITTEN = {indexed.removesuffix(suffix(name)): indexed for indexed, name in INDEXED.items()}
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_MAX_DEPTH = 50
_GEOFILT = re.compile(r"\{!geofilt\s+([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Clause:
    """A test of one sound, and whether it must, must not or may hold."""

    test: Callable[[Value], bool]
    sign: str
    cost: int = 0


def compile_filter(text: str) -> Callable[[Value], bool]:
    """Turn the text of a filter into a test of the indexed values of a sound.

    Raises
    ------
    SearchError
        With the search engine's words for it.
    """
    text, places = _without_geofilt(text)
    rewritten = _with_plus(_with_indexed_names(text))
    tests = list(places)
    if rewritten.strip():
        tests.append(_Parser(rewritten).all())
    return lambda sound: all(test(sound) for test in tests)


def _outside_quotes(text: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for quoted in _QUOTED.finditer(text):
        parts += [change(text[end : quoted.start()]), quoted[0]]
        end = quoted.end()
    return "".join([*parts, change(text[end:])])


def _with_indexed_names(text: str) -> str:
    def change(part: str) -> str:
        return re.sub(r"(^|(?<= ))([a-z0-9_]+):", lambda found: _REWRITTEN.get(found[2], found[2]) + ":", part)

    return _outside_quotes(text, change)


def _with_plus(text: str) -> str:
    return _outside_quotes(text, lambda part: re.sub(r"(?<![\w+\-{!.])([a-zA-Z_]+:)", r"+\1", part))


def _without_geofilt(text: str) -> tuple[str, list[Callable[[Value], bool]]]:
    """Take ``{!geofilt sfield=geotag pt=LAT,LON d=KM}`` out of the text and make tests of it."""
    from tests.freesound_server.fieldtypes import within_km

    tests: list[Callable[[Value], bool]] = []
    for found in _GEOFILT.finditer(text):
        given = dict(part.split("=", 1) for part in found[1].split() if "=" in part)
        try:
            latitude, longitude = (float(number) for number in given["pt"].split(","))
            tests.append(within_km(latitude, longitude, float(given["d"])))
        except (KeyError, ValueError):
            raise SearchError.solr("Invalid Number or missing pt, sfield or d in geofilt") from None
    return _GEOFILT.sub(" ", text), tests


class _Parser:
    """Recursive descent over one filter string."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def all(self) -> Callable[[Value], bool]:
        test = self._group(None, top=True)
        self._skip()
        if self._at < len(self._text):
            raise self._error("Encountered", self._text[self._at])
        return test

    def _group(self, field: str | None, *, top: bool = False) -> Callable[[Value], bool]:
        """Read clauses up to a closing bracket or the end."""
        clauses: list[Clause] = []
        join = ""
        while True:
            self._skip()
            if self._at >= len(self._text) or self._text[self._at] == ")":
                break
            word = self._operator()
            if word in ("AND", "OR"):
                join = word
                if word == "AND" and clauses and not clauses[-1].sign:
                    clauses[-1] = Clause(clauses[-1].test, "+", clauses[-1].cost)
                continue
            sign = "-" if word == "NOT" else self._sign()
            clause = self._clause(field)
            clauses.append(Clause(clause.test, sign or ("+" if join == "AND" else ""), clause.cost))
            join = ""
        if not clauses:
            raise self._error("Encountered", self._text[self._at : self._at + 1] or "<EOF>")
        return _combine(clauses, top=top)

    def _clause(self, field: str | None) -> Clause:
        self._skip()
        if self._at >= len(self._text):
            raise self._error("Encountered", "<EOF>")
        if self._text[self._at] == "(":
            return Clause(self._bracketed(field), "")
        name = re.compile(r"([\w.]+|\*):").match(self._text, self._at)
        if name and field is None:
            self._at = name.end()
            field = name[1]
            if field == "*":
                self._at += self._text[self._at : self._at + 1] == "*"
                return Clause(lambda sound: True, "")
            if field not in FIELDS:
                raise SearchError.solr(f"undefined field {field}")
            if self._text[self._at : self._at + 1] == "(":
                return Clause(self._bracketed(field), "", FIELDS[field].cost)
        if field is None:
            field = "_text"
        return Clause(self._value(field), "", FIELDS[field].cost)

    def _bracketed(self, field: str | None) -> Callable[[Value], bool]:
        self._at += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SearchError.solr("too many nested clauses")
        test = self._group(field)
        self._depth -= 1
        if self._text[self._at : self._at + 1] != ")":
            raise self._error("Encountered", "<EOF>")
        self._at += 1
        return test

    def _value(self, field: str) -> Callable[[Value], bool]:
        kind = FIELDS[field]
        rest = self._text[self._at :]
        if rest[:1] in ("[", "{"):
            found = re.match(r'([\[{])\s*("[^"]*"|\S+)\s+TO\s+("[^"]*"|[^\s\]}]+)\s*([\]}])', rest)
            if not found:
                raise self._error("Encountered", rest[:1])
            self._at += found.end()
            low, high = found[2].strip('"'), found[3].strip('"')
            return kind.between(field, low, high, found[1] == "[", found[4] == "]")
        if rest[:1] == '"':
            quoted = _QUOTED.match(rest)
            if not quoted:
                raise self._error("Illegal character", rest.split()[0])
            self._at += quoted.end()
            return kind.equal(field, re.sub(r"\\(.)", r"\1", quoted[0][1:-1]), True)
        bare = re.match(r"(?:\\.|[^\s()\[\]{}\"])+", rest)
        if not bare:
            raise self._error("Encountered", rest[:1] or "<EOF>")
        self._at += bare.end()
        return kind.equal(field, re.sub(r"\\(.)", r"\1", re.sub(r"\^[\d.]+$|~\d*$", "", bare[0])), False)

    def _operator(self) -> str:
        found = re.compile(r"(AND|OR|NOT|&&|\|\||!)(?=[\s(]|$)").match(self._text, self._at)
        if not found:
            return ""
        self._at = found.end()
        return {"&&": "AND", "||": "OR", "!": "NOT"}.get(found[1], found[1])

    def _sign(self) -> str:
        self._skip()
        sign = self._text[self._at : self._at + 1]
        if sign in ("+", "-"):
            self._at += 1
            return sign
        return ""

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _error(self, what: str, where: str) -> SearchError:
        return SearchError.solr(
            f"org.apache.solr.search.SyntaxError: Cannot parse '{self._text}': {what} '{where}' at position {self._at}"
        )


def _combine(clauses: list[Clause], *, top: bool) -> Callable[[Value], bool]:
    """Join clauses as Lucene does: all that must, none that must not, else one that may; cheap tests first."""
    ordered = sorted(clauses, key=lambda clause: clause.cost)
    must = [clause.test for clause in ordered if clause.sign == "+"]
    never = [clause.test for clause in ordered if clause.sign == "-"]
    may = [clause.test for clause in ordered if not clause.sign]

    def test(sound: Value) -> bool:
        if not all(part(sound) for part in must) or any(part(sound) for part in never):
            return False
        if must:
            return True
        # Only negative clauses: the rest of the index at the top, nothing inside brackets.
        return any(part(sound) for part in may) if may else top

    return test
