"""Whatever the vocabulary says can be heard, some model plays: the thing itself or something above it."""

from __future__ import annotations

import pytest

from extender.sources.procedural.registry import BY_CONCEPT
from scenes import Role, Vocabulary, load_vocabulary
from scenes.coco import COCO_LABELS

GENERAL = {"animal", "nature", "thing", "environment", "human sound"}
"""Roots: playing these for something below them would be no answer."""


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


def steps_up(vocabulary: Vocabulary, name: str) -> int | None:
    """Return how far up the first concept with a model is, None if only roots have one."""
    for path in vocabulary.climb(name):
        if path[-1] in BY_CONCEPT and (len(path) == 1 or not GENERAL & set(path)):
            return len(path) - 1
    return None


def test_every_sounding_coco_label_has_a_model_near(vocabulary: Vocabulary) -> None:
    far = {}
    for label in COCO_LABELS:
        concept = vocabulary.find(label)
        assert concept is not None, label
        if concept.role is not Role.SILENT:
            steps = steps_up(vocabulary, concept.name)
            if steps is None or steps > 1:
                far[label] = steps
    assert far == {}


def test_every_place_has_all_its_ambiences(vocabulary: Vocabulary) -> None:
    missing = []
    for place in vocabulary.places.values():
        for name in (*place.ambience, *place.night_ambience):
            concept = vocabulary.find(name)
            assert concept is not None, name
            steps = steps_up(vocabulary, concept.name)
            if steps is None or steps > 1:
                missing.append((place.name, name, steps))
    assert missing == []


def test_every_sounding_concept_has_a_model_within_two_steps(vocabulary: Vocabulary) -> None:
    missing = [
        name
        for name, concept in vocabulary.concepts.items()
        if concept.role is not Role.SILENT and ((steps := steps_up(vocabulary, name)) is None or steps > 2)
    ]
    assert missing == []


def test_groups_have_models(vocabulary: Vocabulary) -> None:
    groups = {c.group_as for c in vocabulary.concepts.values() if c.group_as}
    assert {name for name in groups if steps_up(vocabulary, name) is None} == set()
