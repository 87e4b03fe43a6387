"""Finding a word in a list of known words whatever its case, hyphens, number, or the words around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_PARTS = re.compile(r"[,;:/|()\[\]{}]")

_SUFFIXES = frozenset(("merged", "other", "stuff"))
"""What COCO's panoptic labels end with: "tree-merged", "water-other", "door-stuff"."""

_ARTICLES = frozenset(("a", "an", "the"))

_PREPOSITIONS = frozenset(("of", "in", "on", "at", "with", "near", "by", "under", "over", "behind", "beside", "from"))

_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "children": "child",
    "geese": "goose",
    "oxen": "ox",
    "leaves": "leaf",
    "feet": "foot",
    "teeth": "tooth",
    "calves": "calf",
    "buses": "bus",
}


def normalise(label: str) -> str:
    """Return a label in lower case, its words parted by single spaces: ``"Fire_Hydrant."`` → ``"fire hydrant"``."""
    return " ".join(_WORD.findall(label.replace("\u2019", "'").casefold()))


def look_up(label: str, index: Mapping[str, str]) -> str | None:
    """Return what the index holds for a label, or None.

    Parameters
    ----------
    label : str
        Any words.
    index : mapping of str to str
        Keys as :func:`normalise` gives them.

    Notes
    -----
    Tried in this order: the label itself; its parts between commas, strokes and brackets ("car_(automobile)" is a car);
    of a part, what stands before its first preposition ("bowl of fruit" is a bowl, "man in a coat" a man); of that, the
    last words, the longest known run first ("red maple tree": "maple tree", then "tree"). Every reading is tried as it
    stands, in the singular, and in the plural.
    """
    for reading in _readings(label):
        for form in _forms(reading):
            if form in index:
                return index[form]
    return None


def _readings(label: str) -> Iterator[str]:
    yield normalise(label)
    parts = [_stripped(normalise(part)) for part in _PARTS.split(label)]
    yield from parts
    for words in map(str.split, parts):
        cut = next((n for n, word in enumerate(words) if n and word in _PREPOSITIONS), len(words))
        yield from _tails(words[:cut])
        if words[cut : cut + 1] == ["of"]:  # "a group of people": the head is no thing by itself
            yield from _tails(words[cut + 1 :])


def _stripped(phrase: str) -> str:
    words = phrase.split()
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    while len(words) > 1 and words[0] in _ARTICLES:
        words.pop(0)
    return " ".join(words)


def _tails(words: list[str]) -> Iterator[str]:
    for start in range(len(words)):
        yield " ".join(words[start:])


def _forms(phrase: str) -> Iterator[str]:
    yield phrase
    head, space, last = phrase.rpartition(" ")
    for form in _singulars(last):
        yield head + space + form
    yield phrase + "s"


def _singulars(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith("men"):
        yield word[:-2] + "an"
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield word[:-3] + "f"
        yield word[:-3] + "fe"
    if word.endswith("es"):
        yield word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
