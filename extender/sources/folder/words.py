"""Words of labels, tags and file names, brought to a form in which like words are equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SEPARATED = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]{2,}")
_POSSESSIVE = re.compile(r"['\u2019]s\b")

_NO_WORDS = frozenset(
    """the of and with in on at an to for from by sound sounds sfx fx effect effects sample samples recording recordings
    audio wav ogg mp flac stereo mono""".split()  # noqa: SIM905 - a table
)
"""Words that tell nothing of a sound."""


@lru_cache(maxsize=20_000)
def stems(text: str) -> tuple[str, ...]:
    """Return the words of a text as stems, in order.

    Case, accents, digits, punctuation and ``camelCase`` borders do not count, nor do single letters and words such as
    "of": ``"DogBarks_02 (of Rex's)"`` → ``("dog", "bark", "rex")``.
    """
    plain = _POSSESSIVE.sub("", _SEPARATED.sub(" ", text))
    folded = unicodedata.normalize("NFKD", plain).casefold()
    unaccented = "".join(char for char in folded if not unicodedata.combining(char))
    return tuple(stem(word) for word in _WORD.findall(unaccented) if word not in _NO_WORDS)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return a lower-case word without its English plural, -ing and -ed: ``barking``, ``barks`` → ``bark``.

    Much less than a linguist's stemmer does, on purpose: what it joins must sound alike.
    """
    base = word
    if base.endswith("ies") and len(base) > 4:
        base = base[:-3] + "y"
    elif base.endswith("s") and not base.endswith(("ss", "us", "is")) and len(base) > 3:
        base = base[:-1]
    for ending in ("ing", "ed"):
        if base.endswith(ending) and _is_word(base[: -len(ending)]) and not base.endswith("eed"):
            base = base[: -len(ending)]
            break
    if len(base) > 3 and base.endswith("e"):
        base = base[:-1]
    if len(base) > 3 and base[-1] == base[-2]:
        base = base[:-1]
    return base[:-1] + "i" if len(base) > 2 and base.endswith("y") else base


def _is_word(text: str) -> bool:
    return len(text) >= 3 and any(char in "aeiouy" for char in text)
