"""Words as the search engine sees them: HTML stripped, lower case, stop words dropped, English endings cut."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_STOPPED = """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to
    was will with
"""
STOP_WORDS = frozenset(_STOPPED.split())
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_TAG = re.compile(r"<[^<>]*>")


def spread(*key: object) -> int:
    """Return 0..2⁶⁴−1, always the same for the same key, evenly spread over keys."""
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big")


def words(text: str) -> list[str]:
    """Return the search terms of ``text`` in their order, stemmed, without stop words."""
    found = _WORD.findall(_TAG.sub(" ", text).lower())
    return [stem(word) for word in found if word not in STOP_WORDS]


def letters(text: str) -> list[str]:
    """Return the runs of letters of ``text``, lower case: how user names are split."""
    return re.findall(r"[^\W\d_]+", text.lower())


def stem(word: str) -> str:
    """Cut the commonest English endings (after the first step of Porter's algorithm, 1980): ``barking`` → ``bark``."""
    word = re.sub(r"['’]s?$", "", word)
    if word.endswith("sses"):
        word = word[:-2]
    elif word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "i"
    elif word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and re.search("[aeiouy]", rest) and len(rest) > 2:
            word = rest + "e" if rest.endswith(("at", "bl", "iz")) else _single(rest)
            break
    if re.search("[^aeiou]y$", word) and len(word) > 2:
        word = word[:-1] + "i"
    return word


def _single(word: str) -> str:
    """Undo a doubled last consonant: ``runn`` → ``run``."""
    doubled = len(word) > 2 and word[-1] == word[-2] and word[-1] not in "aeiouylsz"
    return word[:-1] if doubled else word


def slug(text: str) -> str:
    """Return ``text`` as in the file names of downloads: ASCII, lower case, words joined by hyphens."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_text.lower())).strip("-_")
