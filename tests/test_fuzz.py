"""Hostile input is refused in one line: what was found before, and a sample of what `python -m tests.fuzz` tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import tried
from tests.fuzz.targets import TARGETS, cases

FOUND = sorted((Path(__file__).parent / "fuzz" / "found").glob("*/*.bin"))


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_spoiled_input_is_made_from_is_read(name: str, tmp_path: Path) -> None:
    outcomes = [tried(name, data, tmp_path) for data in TARGETS[name].seeds()]
    assert set(outcomes) <= {"read", "refused"}
    assert outcomes[0] == "read"


@pytest.mark.parametrize("name", TARGETS)
def test_spoiled_input_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    for data in cases(TARGETS[name], seed=1, count=60):
        assert tried(name, data, tmp_path) in ("read", "refused")


@pytest.mark.parametrize("file", FOUND, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_was_found_stays_mended(file: Path, tmp_path: Path) -> None:
    assert tried(file.parent.name, file.read_bytes(), tmp_path) in ("read", "refused")


def test_something_was_found() -> None:
    assert FOUND
