"""The Broad Sound Taxonomy, and a guess from a label at a sound's place in it and at what a classifier would hear."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from tests.freesound_server.text import words

CATEGORIES = {"m": "Music", "is": "Instrument samples", "sp": "Speech", "fx": "Sound effects", "ss": "Soundscapes"}
SUBCATEGORIES = {
    "m-sp": "Solo percussion",
    "m-si": "Solo instrument",
    "m-m": "Multiple instruments",
    "is-p": "Percussion",
    "is-s": "String",
    "is-w": "Wind",
    "is-k": "Piano / Keyboard instruments",
    "is-e": "Synths / Electronic",
    "sp-s": "Solo speech",
    "sp-c": "Conversation / Crowd",
    "sp-p": "Processed / Synthetic",
    "fx-o": "Objects / House appliances",
    "fx-v": "Vehicles",
    "fx-m": "Other mechanisms, engines, machines",
    "fx-h": "Human sounds and actions",
    "fx-a": "Animals",
    "fx-n": "Natural elements and explosions",
    "fx-ex": "Experimental",
    "fx-el": "Electronic / Design",
    "ss-n": "Nature",
    "ss-i": "Indoors",
    "ss-u": "Urban",
    "ss-s": "Synthetic / Artificial",
}
_LONG_S = 12.0


def names(code: str | None) -> tuple[str | None, str | None]:
    """Return category and subcategory of a code; ``"fx-other"`` gives ``("Sound effects", "Other")``."""
    if code is None:
        return None, None
    return CATEGORIES.get(code.split("-")[0]), SUBCATEGORIES.get(code, "Other")


def classify(label: str, duration_s: float) -> tuple[str | None, tuple[str, ...]]:
    """Return the likely code and detected classes of a label; ``(None, ())`` for a word nobody knows.

    Long sounds of nature and weather count as soundscapes.
    """
    mine = words(label)
    for wanted, code, classes in _table():
        if all(word in mine for word in wanted):
            long_nature = duration_s > _LONG_S and code in ("fx-n", "fx-a")
            return ("ss-n" if long_nature else code), classes
    return None, ()


@cache
def _table() -> tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]:
    with Path(__file__).with_name("classes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        (tuple(words(row["word"])), row["category"], tuple(filter(None, row["classes"].split("|")))) for row in rows
    )
