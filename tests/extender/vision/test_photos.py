"""The labelled photographs: each has a place that sounds, and light is told at least as well as was measured."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from extender.vision.detectors import DetectorContext
from extender.vision.picture import load_picture
from extender.vision.place import JoinedPlaceTagger
from extender.vision.place_models import OwnPlaces
from scenes import Place, beds_of, events_of, load_vocabulary
from tests.conftest import shared

WORDS = load_vocabulary()
with (Path(__file__).parent / "photo_places.csv").open(encoding="utf-8", newline="") as _file:
    LABELS = list(csv.DictReader(_file))


@cache
def places() -> dict[str, Place]:
    """Tell the places of all photographs without a detector."""
    tagger = JoinedPlaceTagger(OwnPlaces(DetectorContext()))
    folder = shared("photos")
    return {row["file"]: tagger.tag(load_picture(folder / row["file"], panorama=False).pixels, []) for row in LABELS}


def test_every_photograph_has_a_place_an_ambience_and_an_event() -> None:
    for name, place in places().items():
        assert place.label in WORDS.places, name
        assert beds_of(place, WORDS), name
        assert events_of(place, WORDS), name


def test_places_are_told_as_measured() -> None:
    right = wrong = 0
    for row in LABELS:
        label = places()[row["file"]].label
        if label in ("indoor", "outdoor"):
            wrong += row["indoor"] in "01" and row["indoor"] != str(int(label == "indoor"))
        else:
            fits = label in (row["place"], *row["also"].split("|"))
            right, wrong = right + fits, wrong + (not fits)
    assert right >= 14
    assert wrong <= 9


@pytest.mark.parametrize(
    ("tag", "hits", "alarms"),
    [
        ("greenery", 8, 1),
        ("sky", 7, 0),
        ("dusk", 3, 0),
        ("sand", 2, 1),
        ("fog", 1, 0),
        ("snow", 0, 0),
        ("indoor", 19, 4),
    ],
)
def test_light_is_told_as_measured(tag: str, hits: int, alarms: int) -> None:
    told = [((places()[r["file"]].tags or {})[tag] >= 0.5, r[tag]) for r in LABELS]
    assert sum(yes and label == "1" for yes, label in told) >= hits
    assert sum(yes and label == "0" for yes, label in told) <= alarms
