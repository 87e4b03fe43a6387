"""Words that mean the same sound become the same stem; others do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.sources.folder.words import stem, stems


@pytest.mark.parametrize(
    "words",
    [
        "bark barks barking barked",
        "wave waves",
        "bus buses",
        "horse horses",
        "city cities",
        "cry cries crying",
        "bell bells",
        "glass glasses",
        "run runs running",
        "drive drives driving",
        "dish dishes",
        "footstep footsteps",
    ],
)
def test_forms_of_one_word_are_equal(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize("words", ["ring wing", "bee bees' beef", "car cat", "train rain", "spring string", "bus bush"])
def test_other_words_stay_apart(words: str) -> None:
    first, *others = (stems(word)[0] for word in words.split())
    assert any(other != first for other in others)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DogBarks_02", ("dog", "bark")),
        ("5-208810-B", ()),
        ("Rex's recording of THE rain (stereo).wav", ("rex", "rain")),
        ("Café/Vögel", ("caf", "vogel")),
        ("", ()),
    ],
)
def test_names_of_files_are_taken_apart(text: str, expected: tuple[str, ...]) -> None:
    assert stems(text) == expected


@given(st.text(max_size=80))
def test_any_text_has_stems_without_case(text: str) -> None:
    assert all(word for word in stems(text))
    assert stems(text.replace("_", " ")) == stems(text)
