"""What a place lets one expect of the things in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.vision.expecting import DOUBTFUL, confidence_in, expected, kind_in
from scenes import COCO_LABELS, Box, Place, Sighting, load_vocabulary, odds_in, place_kinds, place_odds

WORDS = load_vocabulary()
BOX = Box(0.4, 0.4, 0.6, 0.6)
PLACES = st.sampled_from(sorted(WORDS.places))


def seen(label: str, confidence: float = 0.9) -> Sighting:
    return Sighting(label, BOX, confidence)


@pytest.mark.parametrize(
    ("label", "place", "heard"),
    [
        ("bird", "beach", "gull"),
        ("bird", "forest", "songbird"),
        ("bird", "farm", "chicken"),
        ("bird", "square", "pigeon"),
        ("boat", "harbour", "sailboat"),
        ("dog", "beach", "dog"),
        ("owl", "beach", "owl"),
        ("bird", "outdoor", "bird"),
    ],
)
def test_a_general_word_is_what_it_is_in_its_place(label: str, place: str, heard: str) -> None:
    there = expected([seen(label)], Place(place, 0.8))
    assert [s.label for s in there.sightings] == [heard]
    assert there.notes == (() if heard == label else (f"{label} is heard as {heard}: the place is probably {place}",))


def test_an_unsure_place_specialises_nothing_but_two_that_agree_do() -> None:
    assert kind_in("bird", {"beach": 0.4}) is None
    assert kind_in("bird", {"beach": 0.3, "sea": 0.3}) == "gull"
    assert kind_in("bird", {"beach": 0.4, "forest": 0.4}) is None


def test_what_is_out_of_place_and_doubtful_goes_or_counts_less() -> None:
    there = expected([seen("boat", 0.3), seen("car", 0.45), seen("cup", 0.3)], Place("kitchen", 0.95))
    assert [s.label for s in there.sightings] == ["car", "cup"]
    assert there.sightings[0].confidence < 0.45
    assert there.sightings[1].confidence == 0.3
    assert "boat (30% sure" in there.notes[0]
    assert "car (45% sure" in there.notes[1]


def test_what_is_surely_seen_is_believed() -> None:
    there = expected([seen("elephant", DOUBTFUL)], Place("kitchen", 1.0))
    assert there.sightings == [seen("elephant", DOUBTFUL)]
    assert there.notes == ()


def test_bayes_rule() -> None:
    assert odds_in("bus", "kitchen") == 0.1
    assert confidence_in(seen("bus", 0.4), {"kitchen": 1.0}) == pytest.approx(0.4 * 0.1 / (0.4 * 0.1 + 0.6))
    assert odds_in("bus", "station") == 1.0
    assert confidence_in(seen("bus", 0.44), {"station": 0.3, "airport": 0.1}) < 0.44
    assert confidence_in(seen("person", 0.44), {"street": 0.717, "park": 0.192}) == 0.44
    assert odds_in("bus", "moon base") == 1.0


@given(label=st.sampled_from(COCO_LABELS), place=PLACES, sure=st.floats(0.0, 1.0), confidence=st.floats(0.0, 1.0))
def test_confidence_never_grows_and_the_surer_place_tells_more(
    label: str, place: str, sure: float, confidence: float
) -> None:
    one = seen(label, confidence)
    doubted = confidence_in(one, {place: sure})
    assert 0.0 <= doubted <= confidence
    assert confidence_in(one, {place: sure / 2}) >= doubted - 1e-12
    assert expected([one], Place(place, sure)) == expected([one], Place(place, sure))


def test_the_tables_name_what_detectors_say_and_kinds_stand_below_it() -> None:
    assert set(place_odds()) <= set(COCO_LABELS)
    assert set(place_kinds()) <= set(COCO_LABELS)
    for label, kinds in place_kinds().items():
        for kind in kinds.values():
            assert any(label in path for path in WORDS.climb(kind)), (label, kind)
