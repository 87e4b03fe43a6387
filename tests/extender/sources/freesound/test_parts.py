"""The parts of the source by themselves: what is asked, how it is weighed, what is heard; and the casting's clash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.casting import cast
from extender.sources.base import Candidate, Query, SourceContext
from extender.sources.folder.words import stems
from extender.sources.freesound.choosing import distance_km
from extender.sources.freesound.classes import classes_for
from extender.sources.freesound.ladder import steps
from extender.sources.freesound.ranking import MIN_FIT, fits
from extender.types import SoundAsset
from freesound import Sound
from scenes import Box, Detection, Place, Scene, load_vocabulary

CAR = Query("car", ("car engine", "car passing", "car"), "loop", ("music",), seed=1)
CONTEXT = SourceContext(Path("unused"))


def sound(number: int, name: str, tags: str = "", **more: Any) -> Sound:
    return Sound(number, name, tuple(tags.split()), duration_s=20.0, **more)


def order(*sounds: Sound, query: Query = CAR, **options: Any) -> list[int]:
    return [fit.sound.id for fit in fits(sounds, query, **options)]


def test_a_car_is_an_engine_and_no_song_about_one() -> None:
    engine = sound(1, "Car engine idling", "car engine idle field-recording", category="Sound effects")
    drive = sound(2, "old Volvo", "car passing street", category="Soundscapes")
    song = sound(3, "Car (my new song) 120 bpm", "car song music loop", category="Music", num_downloads=90_000)
    toy = sound(4, "toy car", "toy car", category="Sound effects")
    found = order(song, toy, drive, engine)
    assert found[0] == 1
    assert 2 in found
    assert 3 not in found
    assert 4 not in found or found.index(4) > found.index(2)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"avg_rating": 4.6, "num_ratings": 40}, {"avg_rating": 3.0, "num_ratings": 40}),
        ({"avg_rating": 4.5, "num_ratings": 60}, {"avg_rating": 5.0, "num_ratings": 1}),
        ({"num_downloads": 90_000}, {"num_downloads": 3}),
        ({"descriptors": {"loopable": True}}, {"descriptors": {"single_event": True}}),
        ({"descriptors": {"silence_rate": 0.0}}, {"descriptors": {"silence_rate": 0.8}}),
        ({"descriptors": {}}, {"descriptors": {"has_audio_problems": True}}),
        ({"descriptors": {"reverbness": False}}, {"descriptors": {"reverbness": True}}),
        ({"descriptors": {"fsdsinet_detected_class": ["Car"]}}, {"descriptors": {"fsdsinet_detected_class": ["Bark"]}}),
    ],
)
def test_of_like_names_the_better_sound_comes_first(better: Mapping[str, Any], worse: Mapping[str, Any]) -> None:
    assert order(sound(1, "a car engine of mine", **worse), sound(2, "a car engine of mine", **better)) == [2, 1]


def test_the_preference_decides_between_loved_and_much_used() -> None:
    loved = sound(1, "car engine", avg_rating=5.0, num_ratings=50, num_downloads=20)
    used = sound(2, "car engine", avg_rating=2.5, num_ratings=50, num_downloads=90_000)
    assert order(loved, used, prefer="rating") == [1, 2]
    assert order(loved, used, prefer="downloads") == [2, 1]


def test_near_the_photograph_comes_first_if_that_is_wished() -> None:
    far, here = sound(1, "car engine", geotag=(48.2, 16.4)), sound(2, "car engine", geotag=(41.4, 2.2))
    assert order(far, here, near=(41.38, 2.17)) == [2, 1]
    assert order(here, far, near=(48.2, 16.37)) == [1, 2]
    assert distance_km((48.2, 16.4), (41.4, 2.2)) == pytest.approx(1350, rel=0.03)
    first = next(steps(CAR, replace(CONTEXT, near=(41.38, 2.17))))
    assert "geofilt" in str(first.condition)


@given(st.text(max_size=40), st.lists(st.text(max_size=12), max_size=5), st.text(max_size=60))
def test_whatever_people_write_scores_are_in_range(name: str, tags: list[str], description: str) -> None:
    found = fits([Sound(1, name, tuple(tags), description, duration_s=3.0)], CAR)
    assert all(MIN_FIT <= fit.value <= 1.0 and 0.0 <= fit.score <= 1.0 for fit in found)


@given(st.lists(st.text(min_size=1, max_size=30), max_size=4))
def test_whatever_is_searched_for_can_be_asked(words: list[str]) -> None:
    for step in steps(Query("x", tuple(words), "event"), CONTEXT):
        assert len(step.text.split()) <= 2 or not step.text.isascii()
        assert "is_explicit:false" in str(step.condition)


def test_the_ladder_goes_from_narrow_to_wide() -> None:
    dog = Query("dog", ("dog bark", "dog", "barking"), "event", ("music",))
    told = [(step.text, str(step.condition)) for step in steps(dog, CONTEXT)]
    assert [text for text, _ in told] == ["dog bark", "dog", "", ""]
    assert ["category" in condition for _, condition in told] == [True, False, False, False]
    assert "fsdsinet_detected_class" in told[2][1]
    assert '"dog-bark"' in told[3][1]
    gull = Query("gull", ("seagull", "gull cry"), "event", ("music",))  # no word that all phrases share
    assert [step.text for step in steps(gull, CONTEXT)] == ["seagull", "", "", "gull"]
    assert 'license:"Creative Commons 0"' in str(next(steps(dog, replace(CONTEXT, licence="cc0"))).condition)
    assert list(steps(replace(dog, words=()), CONTEXT)) == []
    assert classes_for([stems("gulls"), stems("sea surfer")]) == ("Gull_and_seagull",)


class Shelf:
    """Two things that fit equally well, with their spectra."""

    name = "shelf"

    def search(self, query: Query) -> list[Candidate]:
        offers = {"dog": [("low bark", 400.0)], "cat": [("low meow", 450.0), ("high meow", 3000.0)]}
        return [
            Candidate("shelf", name, name, (), 1.0, name, "CC0-1.0", "", 0.9 - 0.005 * n, "there", centroid_hz=hz)
            for n, (name, hz) in enumerate(offers.get(query.concept, ()))
        ]

    def fetch(self, candidate: Candidate) -> SoundAsset:
        return SoundAsset("/x.wav", candidate.id, "shelf", candidate.id, "x", "x", "CC0-1.0", "", 1.0)


def test_of_equals_the_one_is_cast_that_is_unlike_what_sounds_already() -> None:
    def play(*labels: str) -> list[str]:
        seen = (
            Detection(label, label, 0.9, Box(0.1, 0.1, 0.5, 0.5), 0.9 - 0.1 * n, 0.0, 0.0, 5.0, 1)
            for n, label in enumerate(labels)
        )
        scene = Scene(Place("nowhere at all"), tuple(seen))
        return [r.takes[0].id for r in cast(scene, load_vocabulary(), [Shelf()], seed=1).roles]

    assert play("cat") == ["low meow"]
    assert play("dog", "cat") == ["low bark", "high meow"]
