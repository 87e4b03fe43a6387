"""What a title, tags, a category and a classifier say of a sound: the thing itself, or something that has its name."""

from __future__ import annotations

from typing import Any

import pytest

from extender.sources.base import Query
from extender.sources.folder.words import stems
from extender.sources.freesound.ranking import fits
from extender.sources.freesound.sense import sense_of
from freesound import Sound
from freesound.fields import TAXONOMY

OWL = Query("owl", ("owl hoot", "owl"), "event", ("music",), seed=1)
CAFE = Query("cafe murmur", ("cafe ambience", "coffee shop"), "ambience", ("music", "singing"), seed=1)
TRUE: dict[str, Any] = {"category": "Sound effects", "subcategory": "Animals"}
OBJECT: dict[str, Any] = {"category": "Sound effects", "subcategory": "Objects / House appliances"}


def sound(number: int, name: str, tags: str, **more: Any) -> Sound:
    return Sound(number, name, tuple(tags.split()), duration_s=5.0, **more)


@pytest.mark.parametrize(
    "other",
    [
        sound(2, "Owl, elephant, tractor and dog collection", "owl elephant tractor dog"),
        sound(2, "owl and kettle and violin", "owl kettle violin"),
        sound(2, "Kettle boiling", "kettle owl kitchen"),
        sound(2, "owl bowl", "owl bowl kitchen", **OBJECT),
        sound(2, "me imitating an owl hoot", "owl hoot imitation", category="Sound effects"),
        sound(2, "about the owl hoot", "owl hoot", category="Speech", subcategory="Solo speech"),
        sound(2, "owl hoot", "owl hoot", descriptors={"fsdsinet_detected_class": ["Glass", "Human_voice"]}, **OBJECT),
    ],
    ids=lambda each: each.name,
)
def test_what_only_has_the_word_comes_after_a_nameless_recording_of_the_thing(other: Sound) -> None:
    recorded = sound(1, "ZOOM0123.wav", "owl owl-hoot night", **TRUE)
    found = fits([other, recorded], OWL)
    assert found[0].sound.id == 1
    assert all("but " in fit.reason for fit in found[1:])


def test_where_something_is_heard_is_no_other_thing() -> None:
    there = sound(1, "Owl hoot in the forest near a tractor with rain on a car", "owl hoot", **TRUE)
    listed = sound(2, "Owl hoot, forest, tractor, rain, car", "owl hoot", **TRUE)
    fit = {each.sound.id: each for each in fits([there, listed], OWL)}
    assert "in the title too" not in fit[1].reason
    assert "in the title too" in fit[2].reason


def test_a_crowd_is_no_single_speaker() -> None:
    crowd = sound(1, "coffee shop", "coffee-shop", category="Speech", subcategory="Conversation / Crowd")
    story = sound(2, "my cafe ambience story", "cafe ambience", category="Speech", subcategory="Solo speech")
    assert fits([story, crowd], CAFE)[0].sound.id == 1


def test_a_place_is_more_than_one_thing() -> None:
    street = Query("traffic", ("traffic", "city traffic"), "ambience", ("music",), seed=1)
    busy = sound(1, "City traffic, rain, thunder and wind", "city traffic", category="Soundscapes", subcategory="Urban")
    assert "in the title too" not in fits([busy], street)[0].reason


def test_kin_is_no_other_thing_and_the_longest_name_counts() -> None:
    owl = sense_of("owl")
    assert owl.others(stems("bird of prey animal owl"), ["owl"]) == ()
    assert owl.others(stems("owl car tractor"), ["owl"]) == ("car", "tractor")
    assert sense_of("car").others(stems("taxi"), ["car"]) == ()  # a taxi is a car
    assert sense_of("dog").others(stems("washing machine"), ["dog"]) == ("washing machine",)
    assert owl.others(stems("rain"), []) == ("rain",)
    assert owl.others(stems("rain"), [], weather=False) == ()
    assert sense_of("flugelbinder").subcategories == ()


def test_categories_are_freesounds_own() -> None:
    known = {name for names in TAXONOMY.values() for name in names}
    for concept in ("dog", "car", "rain", "clock", "baby", "chainsaw", "explosion", "telephone", "door"):
        assert sense_of(concept).subcategories
        assert set(sense_of(concept).subcategories) <= known
