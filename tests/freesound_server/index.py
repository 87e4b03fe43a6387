"""The search index: which sounds hold all terms of a query, and how well each fits."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.freesound_server.catalogue import Sound
from tests.freesound_server.fieldtypes import contains
from tests.freesound_server.text import words

WEIGHTS: Mapping[str, int] = {"id": 4, "tag": 4, "description": 3, "pack": 2, "name": 2, "username": 1}
_K1, _B = 1.2, 0.75  # the usual constants of BM25
_ATOM = re.compile(r'([+-]*)(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query: a phrase of at least one stemmed word that must, or must not, occur."""

    phrase: tuple[str, ...]
    wanted: bool = True


def read_query(text: str) -> list[Term]:
    """Split a query: ``rain -dog "heavy storm"``; an empty list means everything.

    There is no OR and no ``field:value``: such words are taken as words.
    """
    terms = []
    for sign, quoted, bare in _ATOM.findall(text):
        for phrase in [words(quoted)] if quoted else [[word] for word in words(bare)]:
            if phrase:
                terms.append(Term(tuple(phrase), "-" not in sign))
    return terms


def read_weights(text: str) -> dict[str, int]:
    """Read ``tag:4,name:0`` over the defaults; what is malformed is ignored as a whole."""
    try:
        given = {name: int(weight) for name, weight in (part.split(":") for part in text.split(","))}
    except ValueError:
        return dict(WEIGHTS)
    return {**WEIGHTS, **{name: weight for name, weight in given.items() if name in WEIGHTS}}


class Index:
    """Tokens of all sounds by field.

    Parameters
    ----------
    sounds : sequence of Sound
        What searches see, in the order of the index.
    """

    def __init__(self, sounds: Sequence[Sound]) -> None:
        self.sounds = tuple(sounds)
        self._tokens = {sound.id: _tokens(sound) for sound in self.sounds}
        self._holders: dict[str, set[int]] = {}
        self._frequency: Counter[tuple[str, str]] = Counter()
        lengths: Counter[str] = Counter()
        for number, fields in self._tokens.items():
            for name, tokens in fields.items():
                lengths[name] += len(tokens)
                for token in set(tokens):
                    self._holders.setdefault(token, set()).add(number)
                    self._frequency[name, token] += 1
        self._mean_length = {name: max(total / max(len(self.sounds), 1), 1.0) for name, total in lengths.items()}

    def matches(self, terms: Sequence[Term], weights: Mapping[str, int]) -> list[tuple[Sound, float]]:
        """Return the sounds that hold all wanted terms and none of the others, in index order, with their scores.

        The score is a disjunction maximum over fields of BM25 (Robertson and Zaragoza 2009), summed over terms;
        1 for every sound where nothing is asked for.
        """
        wanted = [term for term in terms if term.wanted]
        banned = [term for term in terms if not term.wanted]
        if not wanted:
            return [(sound, 1.0) for sound in self.sounds if not self._any(sound, banned)]
        holders = set.intersection(*(self._holders.get(word, set()) for term in wanted for word in term.phrase))
        found = []
        for sound in self.sounds:
            if sound.id in holders and not self._any(sound, banned):
                scores = [self._score(sound, term, weights) for term in wanted]
                if all(score is not None for score in scores):
                    found.append((sound, math.fsum(score or 0.0 for score in scores)))
        return found

    def _any(self, sound: Sound, terms: Sequence[Term]) -> bool:
        return any(contains(tokens, list(term.phrase)) for term in terms for tokens in self._tokens[sound.id].values())

    def _score(self, sound: Sound, term: Term, weights: Mapping[str, int]) -> float | None:
        best = None
        for name, tokens in self._tokens[sound.id].items():
            if contains(tokens, list(term.phrase)):
                gained = sum(self._bm25(name, tokens, word) for word in term.phrase)
                best = max(best or 0.0, weights[name] * gained)
        return best

    def _bm25(self, name: str, tokens: Sequence[str], word: str) -> float:
        holding = self._frequency[name, word]
        rarity = math.log(1 + (len(self.sounds) - holding + 0.5) / (holding + 0.5))
        often = tokens.count(word)
        length = 1 - _B + _B * len(tokens) / self._mean_length[name]
        return rarity * often * (_K1 + 1) / (often + _K1 * length)


def _tokens(sound: Sound) -> dict[str, list[str]]:
    return {
        "id": [str(sound.id)],
        "tag": [word for tag in sound.tags for word in words(tag)],
        "description": words(sound.description),
        "pack": words(sound.pack.name) if sound.pack else [],
        "name": words(sound.name),
        "username": words(sound.username),
    }
