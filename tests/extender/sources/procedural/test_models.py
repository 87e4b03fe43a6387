"""Every model: what must be true of any sound it makes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from extender.sources.procedural import MODELS, Model
from extender.sources.procedural.model import PEAK, loudness_lufs, rendered
from mixer.types import Samples

SHORT_S = 2.4
"""Loops and beds are tested shorter than they are, for speed; what is tested does not depend on their length."""

IDS = [model.name for model in MODELS]


def shortened(model: Model) -> Model:
    """Return the model, loops and beds cut to a few seconds."""
    return model if model.kind == "event" else replace(model, duration_s=SHORT_S)


@cache
def take(number: int, seed: int = 7) -> Samples:
    """Render one model once for all tests."""
    return rendered(shortened(MODELS[number]), seed)


each = pytest.mark.parametrize("number", range(len(MODELS)), ids=IDS)


@each
def test_sound_is_finite_unclipped_and_without_offset(number: int) -> None:
    sound = take(number)
    assert sound.dtype == np.float32
    assert sound.shape[0] == MODELS[number].channels
    assert np.isfinite(sound).all()
    assert 0.02 < np.abs(sound).max() <= PEAK
    assert np.abs(sound.mean(axis=1)).max() < 1e-3
    assert -34.0 < loudness_lufs(sound) < -21.0


@each
def test_length_and_ends_fit_the_kind(number: int) -> None:
    model, sound = MODELS[number], take(number)
    seconds = sound.shape[1] / 48_000
    if model.kind == "event":
        assert 0.1 < seconds < 15.0
        assert np.abs(sound[:, [0, -1]]).max() < 1e-4, "an event begins and ends in silence"
        assert np.abs(sound[:, -480:]).max() < 0.1 * np.abs(sound).max(), "and is not cut off"
    else:
        assert 20.0 <= model.duration_s <= 30.0
        assert sound.shape[1] == round(SHORT_S * 48_000)
        middle = np.sqrt(np.mean(np.square(sound[:, 48_000:-48_000])))
        if model.name not in SPARSE:
            ends = [np.sqrt(np.mean(np.square(part))) for part in (sound[:, :4_800], sound[:, -4_800:])]
            assert min(ends) > 0.1 * middle, "a loop is not faded at its ends"


SPARSE = {
    "clock",
    "dogs",
    "cattle",
    "flock",
    "horses",
    "frogs",
    "birds",
    "birdsong",
    "wetland",
    "farm",
    "harbour",
    "waves",
}
"""Loops of single sounds with quiet between them, or of slow waves: an end may fall into such a quiet."""


@each
def test_seed_repeats_and_other_seeds_differ(number: int) -> None:
    one, other = take(number), rendered(shortened(MODELS[number]), 8)
    assert one.tobytes() == rendered(shortened(MODELS[number]), 7).tobytes()
    frames = min(one.shape[1], other.shape[1])
    a, b = one[0, :frames], other[0, :frames]
    likeness = abs(float(np.dot(a, b))) / float(np.linalg.norm(a) * np.linalg.norm(b) + 1e-12)
    assert likeness < 0.9


def test_takes_of_one_individual_differ() -> None:
    dog = next(model for model in MODELS if model.name == "dog")
    takes = [rendered(dog, 3, number) for number in range(3)]
    assert len({sound.tobytes() for sound in takes}) == 3


def test_beds_are_wide() -> None:
    for number, model in enumerate(MODELS):
        if model.kind == "ambience":
            left, right = take(number)
            likeness = float(np.corrcoef(left, right)[0, 1])
            assert likeness < 0.95, f"{model.name}: both channels are nearly the same ({likeness:.2f})"


def test_names_are_unique_and_safe() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS) >= 45
    assert all(model.name.replace("-", "").isalpha() and model.name.islower() for model in MODELS)
    assert all(model.concepts and model.title for model in MODELS)
