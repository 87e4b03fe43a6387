"""How long it is remembered that a sound is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from extender.sources.freesound.gone import DAY_S, PASSING_S, TAKEN_DOWN_S, Gone


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def gone(tmp_path: Path, clock: Time) -> Gone:
    return Gone(tmp_path / "gone", clock)


def test_once_is_for_a_day(gone: Gone, clock: Time) -> None:
    assert 7 not in gone
    gone.missed(7)
    assert 7 in gone
    assert "within the last day" in gone.why(7)
    assert 8 not in gone
    clock.now += PASSING_S - 10
    assert 7 in gone
    clock.now += 20
    assert 7 not in gone


def test_again_after_a_day_is_for_long(gone: Gone, clock: Time) -> None:
    gone.missed(7)
    clock.now += PASSING_S + 10
    gone.missed(7)
    clock.now += TAKEN_DOWN_S - 20
    assert gone.why(7) == "it was taken down"
    clock.now += 20
    assert 7 not in gone
    gone.missed(7)
    assert gone.why(7) == "it was taken down"


def test_many_programs_on_one_day_are_once(gone: Gone, clock: Time) -> None:
    for _ in range(20):
        gone.missed(7)
        clock.now += 600.0
    clock.now += DAY_S
    assert 7 not in gone


def test_what_the_service_says_counts_at_once_and_what_is_back_is_back(gone: Gone, clock: Time) -> None:
    gone.taken_down(7)
    clock.now += 30 * DAY_S
    assert gone.why(7) == "it was taken down"
    gone.is_there(7)
    assert 7 not in gone
    gone.is_there(7)
    gone.missed(7)
    assert "last day" in gone.why(7)


@pytest.mark.parametrize("text", ["", "x", "nan taken down", "17 something else", "1e999 taken down", "\x00\xff"])
def test_a_damaged_note_is_none(gone: Gone, tmp_path: Path, text: str) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "7").write_text(text, encoding="latin-1")
    assert 7 not in gone


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path, clock: Time) -> None:
    (tmp_path / "gone").write_text("a file")
    gone = Gone(tmp_path / "gone", clock)
    gone.missed(7)
    gone.taken_down(7)
    gone.is_there(7)
    assert 7 not in gone
