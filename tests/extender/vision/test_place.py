"""Places from colours and from things; the statistics on pictures whose answer is plain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from extender.vision.base import Pixels
from extender.vision.detectors import DetectorContext
from extender.vision.light import light_of
from extender.vision.place import JoinedPlaceTagger, place_from_things, place_probabilities
from extender.vision.place_models import OwnPlaces
from scenes import COCO_LABELS, Box, Sighting, load_vocabulary, place_things

VOCABULARY = load_vocabulary()
TAGGER = JoinedPlaceTagger(OwnPlaces(DetectorContext()))
BOX = Box(0.4, 0.4, 0.6, 0.6)
SKY, GRASS, SEA, SAND = (135, 190, 235), (60, 140, 40), (30, 80, 120), (220, 200, 150)
SNOW, NIGHT, LAMP = (240, 240, 245), (8, 8, 14), (190, 140, 80)


def bands(*colours: tuple[int, int, int]) -> Pixels:
    """Return a picture of equal horizontal bands, the first at the top: waves lie, grass and sand are rough."""
    rng = np.random.default_rng(1)
    parts = []
    for colour in colours:
        high = 240 // len(colours)
        flat = np.broadcast_to(np.array(colour, np.float64), (high, 320, 3))
        rough = {GRASS: rng.normal(0, 30, (high, 320, 1)), SAND: rng.normal(0, 8, (high, 320, 1))}
        lying = {SEA: rng.normal(0, 12, (high, 1, 1)) + rng.normal(0, 3, (high, 320, 1))}
        parts.append(np.clip(flat + (rough | lying).get(colour, 0.0), 0, 255))
    return np.concatenate(parts).astype(np.uint8)


def things(*labels: str) -> list[Sighting]:
    return [Sighting(label, BOX, 0.9) for label in labels]


@pytest.mark.parametrize(
    ("pixels", "label", "indoor", "night"),
    [
        (bands(SKY, GRASS), "field countryside outdoor", False, False),
        (bands(GRASS, GRASS), "forest outdoor", False, False),
        (bands(SKY, SEA, SEA), "sea", False, False),
        (bands(SKY, SEA, SAND), "beach", False, False),
        (bands(SKY, SNOW), "snow", False, False),
        (bands(SKY, SKY), "outdoor", False, False),
        (bands(LAMP, LAMP), "indoor", True, False),
        (bands(NIGHT, NIGHT), "outdoor", False, True),
    ],
)
def test_plain_pictures(pixels: Pixels, label: str, indoor: bool, night: bool) -> None:
    place = TAGGER.tag(pixels, [])
    assert place.label in label.split()
    assert (place.indoor, place.night) == (indoor, night)
    assert place.source == "place model and colour and light"


@pytest.mark.parametrize(
    ("tag", "high", "low"),
    [
        ("sky", bands(SKY, GRASS), bands(GRASS, SKY)),
        ("greenery", bands(GRASS, SKY), bands(LAMP, SKY)),
        ("water", bands(SKY, SEA, SEA), bands(SKY, SAND, SAND)),
        ("sand", bands(SKY, SEA, SAND), bands(SAND, SEA, SKY)),
        ("snow", bands(SKY, SNOW), bands(SKY, SEA)),
        ("night", bands(NIGHT, NIGHT), bands(LAMP, LAMP)),
        ("indoor", bands(LAMP, LAMP), bands(SKY, GRASS)),
    ],
)
def test_each_tag(tag: str, high: Pixels, low: Pixels) -> None:
    assert light_of(high)[tag] > light_of(low)[tag] + 0.3


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("oven", "refrigerator", "sink"), "kitchen"),
        (("bed",), "bedroom"),
        (("couch", "tv"), "living room"),
        (("toilet", "sink"), "bathroom"),
        (("laptop", "keyboard", "mouse"), "office"),
        (("car", "traffic light", "person"), "street"),
        (("stop sign",), "street"),
        (("boat", "boat"), "harbour"),
        (("surfboard", "person"), "beach"),
        (("skis", "person"), "snow"),
        (("cow", "cow"), "field"),
        (("train",), "railway"),
        (("airplane", "truck"), "airfield"),
        (("baseball bat", "sports ball", *["person"] * 6), "stadium"),
        (("elephant",), "zoo"),
        (("dining table", "wine glass", "wine glass", "fork"), "restaurant"),
        (("frisbee", "dog", "bench"), "park"),
    ],
)
def test_things_imply_places(labels: tuple[str, ...], expected: str) -> None:
    place = place_from_things(things(*labels))
    assert place.label == expected
    assert place.indoor == VOCABULARY.places[expected].indoor
    grey = TAGGER.tag(bands((90, 90, 90), (90, 90, 90)), things(*labels))
    assert grey.label == expected
    assert grey.source == "place model, colour and light and things seen"


def test_nothing_at_all_is_outdoors_without_certainty() -> None:
    place = place_from_things([])
    assert (place.label, place.indoor) == ("outdoor", False)
    assert place.confidence < 0.6


def test_more_and_surer_things_say_more() -> None:
    tags = light_of(bands(SKY, GRASS))

    def street(sightings: list[Sighting]) -> float:
        return place_probabilities({}, tags, sightings)["street"]

    assert street(things("car")) < street(things("car", "car")) < street(things("car", "car", "bus"))
    assert street([Sighting("car", BOX, 0.3)]) < street([Sighting("car", BOX, 0.9)])
    assert street([Sighting("car", BOX, 0.9, count=4)]) == pytest.approx(street(things(*["car"] * 4)))


def test_all_words_are_known() -> None:
    assert set(place_things()) <= set(COCO_LABELS)


pictures = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda s: arrays(np.uint8, (*s, 3)))


@settings(deadline=None, max_examples=25)
@given(pixels=pictures, labels=st.lists(st.sampled_from([*COCO_LABELS, "flux capacitor"]), max_size=12))
def test_any_picture_has_a_place(pixels: Pixels, labels: list[str]) -> None:
    place = TAGGER.tag(pixels, things(*labels))
    assert place.label in VOCABULARY.places
    assert 0.0 < place.confidence <= 1.0
    assert place.tags is not None
    assert all(0.0 <= value <= 1.0 for value in place.tags.values())


@given(pixels=pictures)
def test_a_mirrored_picture_is_nearly_the_same_place(pixels: Pixels) -> None:
    one, other = light_of(pixels), light_of(np.ascontiguousarray(pixels[:, ::-1]))
    for tag in ("greenery", "snow", "night"):  # the others ask for smooth cells, compared with their left neighbour
        assert abs(one[tag] - other[tag]) < 0.2
