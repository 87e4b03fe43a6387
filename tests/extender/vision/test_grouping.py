"""Many become a group, few stay themselves; doubles go; the most important sound; the silent stay to be seen."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.vision.geometry import Camera
from extender.vision.grouping import Thing, group_importance, grouped, iou, limited, numbered, without_doubles
from scenes import Box, Detection, Sighting, load_vocabulary

VOCABULARY = load_vocabulary()
CAMERA = Camera()


def thing(label: str, x: float = 0.5, importance: float = 0.5, *, name: str | None = None, count: int = 1) -> Thing:
    box = Box(max(0.0, x - 0.02), 0.4, min(1.0, x + 0.02), 0.6)
    return Thing(Detection(name or label, label, 0.9, box, importance, 0.0, 0.0, 10.0 * x + 1, count), name is not None)


def row(label: str, count: int, importance: float = 0.5) -> list[Thing]:
    return [thing(label, (i + 0.5) / count, importance) for i in range(count)]


def labels(things: list[Thing]) -> list[tuple[str, int]]:
    return [(t.detection.label, t.detection.count) for t in things]


def test_twelve_persons_are_a_crowd() -> None:
    (crowd,) = grouped(row("person", 12), VOCABULARY, CAMERA)
    d = crowd.detection
    assert (d.label, d.count) == ("crowd", 12)
    assert (d.box.x0, d.box.x1) == pytest.approx((0.5 / 12 - 0.02, 11.5 / 12 + 0.02))
    assert (d.azimuth_deg, d.elevation_deg) == CAMERA.direction(*d.box.centre)
    assert d.distance_m == pytest.approx(6.0)  # the median of 1.4…10.6
    assert d.importance == pytest.approx(0.5 + 0.5 * (11 / 12) / 2)


def test_three_cars_stay_three_cars() -> None:
    assert labels(grouped(row("car", 3), VOCABULARY, CAMERA)) == [("car", 1)] * 3


@pytest.mark.parametrize("label", ["person", "car", "bird", "sheep"])
def test_the_vocabulary_says_from_how_many_on(label: str) -> None:
    concept = VOCABULARY.concepts[label]
    assert concept.group_from is not None
    below = grouped(row(label, concept.group_from - 1), VOCABULARY, CAMERA)
    assert labels(below) == [(label, 1)] * (concept.group_from - 1)
    assert labels(grouped(row(label, concept.group_from), VOCABULARY, CAMERA)) == [
        (concept.group_as or label, concept.group_from)
    ]


def test_words_for_the_same_kind_are_counted_together_and_unknown_words_never() -> None:
    people = row("person", 4) + row("man", 2)
    assert labels(grouped(people, VOCABULARY, CAMERA)) == [("crowd", 6)]
    assert len(grouped(row("flux capacitor", 30), VOCABULARY, CAMERA)) == 30


def test_what_a_person_named_is_left_alone() -> None:
    named = [thing("person", (i + 0.5) / 12, name=f"actor-{i}") for i in range(12)]
    assert grouped(named, VOCABULARY, CAMERA) == named
    assert limited(named, VOCABULARY, 3) == (named, None)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 500), st.integers(1, 500))
def test_the_importance_of_groups(one: float, other: float, few: int, many: int) -> None:
    (low, high), (few, many) = sorted((one, other)), sorted((few, many))
    assert group_importance(low, 1) == low
    assert low <= group_importance(low, few) <= group_importance(low, many) <= 1.0
    assert group_importance(low, many) <= group_importance(high, many) + 1e-12


def test_only_so_many_sound_and_silent_things_take_no_place() -> None:
    things = [thing("dog", 0.1 * i, 0.1 * i) for i in range(1, 10)] + row("dining table", 3, 0.95)
    kept, note = limited(things, VOCABULARY, 4)
    assert sorted(t.detection.importance for t in kept if t.detection.label == "dog") == pytest.approx(
        [0.6, 0.7, 0.8, 0.9]
    )
    assert [t.detection.label for t in kept].count("dining table") == 3
    assert note == "5 less important things are left out (5 × dog): --max-sounds 9 keeps all"
    assert limited(things, VOCABULARY, 9) == (things, None)
    none, note = limited(things, VOCABULARY, 0)
    assert {t.detection.label for t in none} == {"dining table"}
    assert note is not None


def test_unknown_words_count_as_sounding() -> None:
    kept, note = limited([thing("flux capacitor", importance=0.1), thing("dog", importance=0.2)], VOCABULARY, 1)
    assert labels(kept) == [("dog", 1)]
    assert note == "1 less important thing is left out (flux capacitor): --max-sounds 2 keeps all"


def test_ids_follow_importance_and_are_steady() -> None:
    things = [thing("dog", 0.1 * i, 0.1 * i) for i in range(1, 9)] + [thing("fire hydrant", 0.3, 0.45)]
    expected = numbered(things)
    assert [d.importance for d in expected] == sorted((d.importance for d in expected), reverse=True)
    assert [d.id for d in expected if d.label == "dog"] == [f"dog-{n}" for n in range(1, 9)]
    assert [d.id for d in expected if d.label == "fire hydrant"] == ["fire-hydrant-1"]
    for seed in range(5):
        shuffled = things.copy()
        random.Random(seed).shuffle(shuffled)
        assert numbered(shuffled) == expected


def test_given_ids_are_kept_and_never_given_twice() -> None:
    ids = [
        d.id for d in numbered([thing("dog", 0.2, 0.9), thing("dog", 0.4, 0.8), thing("dog", 0.6, 0.1, name="dog-1")])
    ]
    assert ids == ["dog-2", "dog-3", "dog-1"]


def test_iou() -> None:
    box = Box(0.0, 0.0, 0.4, 0.4)
    assert iou(box, box) == pytest.approx(1.0)
    assert iou(box, Box(0.2, 0.0, 0.6, 0.4)) == pytest.approx(1 / 3)
    assert iou(box, Box(0.4, 0.0, 0.8, 0.4)) == 0.0
    assert iou(box, Box(0.5, 0.5, 0.6, 0.6)) == 0.0


def test_doubles_of_one_label_go_and_the_more_confident_stays() -> None:
    box, nearly, elsewhere = Box(0.1, 0.1, 0.5, 0.5), Box(0.1, 0.1, 0.5, 0.49), Box(0.3, 0.3, 0.7, 0.7)
    weak, strong = Sighting("dog", box, 0.4), Sighting("dog", nearly, 0.8)
    other_label, other_place = Sighting("cat", box, 0.3), Sighting("dog", elsewhere, 0.3)
    for order in ([weak, strong, other_label, other_place], [other_place, other_label, strong, weak]):
        kept = without_doubles(order)
        assert weak not in kept
        assert {id(s) for s in kept} == {id(strong), id(other_label), id(other_place)}
