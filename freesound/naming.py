"""File names that no sound can choose: the number first, then harmless letters, then an ending of our own."""

from __future__ import annotations

import re
import unicodedata

from freesound.query import check_id

ENDINGS = frozenset(("wav", "ogg", "mp3", "aiff", "flac", "m4a", "wv", "zip"))
_SYNONYMS = {"aif": "aiff", "aifc": "aiff", "wave": "wav", "oga": "ogg"}
_LONGEST_SLUG = 60


def file_name(number: int, name: str, ending: str) -> str:
    """Return ``<number>__<slug>.<ending>``.

    Parameters
    ----------
    number : int
        Of the sound or pack. A name that begins with it is no reserved one, no option and no hidden file.
    name : str
        Anything, also ``../../x``, ``CON``, emoji or 300 characters.
    ending : str
        Of a kind of file that Freesound has; anything else becomes ``bin``.

    Returns
    -------
    str
        At most 100 characters out of ``a-z 0-9 - _ .``, one and the same on every system.
    """
    ascii_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    # the ending that the uploader wrote may be wrong; ours follows
    ascii_text = re.sub(rf"\.(?:{'|'.join((*ENDINGS, *_SYNONYMS))})$", "", ascii_text.strip())
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:_LONGEST_SLUG].strip("-")
    ending = clean_ending(ending)
    return f"{check_id(number)}__{slug or 'sound'}.{ending}"


def clean_ending(ending: str) -> str:
    """Return a known ending without dot, or ``bin``."""
    ending = ending.lower().lstrip(".")
    ending = _SYNONYMS.get(ending, ending)
    return ending if ending in ENDINGS else "bin"
