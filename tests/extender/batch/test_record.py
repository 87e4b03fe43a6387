"""The journal keeps what was finished whatever happened to its last line; tables are harmless."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.batch.record import FOLDER, Journal, Record, is_valid, read_record, write_tables
from extender.errors import OutputError
from models import sha256_of

DONE = Record(
    "a.soundscape", "a.jpg", "done", "k1", 2.5, "street", ("car", "dog"), "CC0-1.0", 30.0, -20.0, "s.wav", "00"
)


def test_a_journal_is_read_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add(replace(DONE, status="begun"))
    journal.add(DONE)
    journal.add(Record("b.soundscape", "b.jpg", "begun", "k2"))
    journal.close()
    again = Journal(tmp_path)
    assert again.known == {"a.soundscape": DONE, "b.soundscape": Record("b.soundscape", "b.jpg", "begun", "k2")}
    again.close()
    assert len((tmp_path / FOLDER / "journal.jsonl").read_text().splitlines()) == 2  # shortened


@given(st.integers(0, 400), st.binary(max_size=40))
def test_a_journal_that_was_cut_off_loses_only_its_last_line(
    tmp_path_factory: pytest.TempPathFactory, cut: int, rubbish: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder)
    journal.add(DONE)
    journal.add(replace(DONE, name="b"))
    journal.close()
    path = folder / FOLDER / "journal.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: first + cut] + rubbish)
    again = Journal(folder)
    again.close()
    assert again.known["a.soundscape"] == DONE


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_no_line_is_a_surprise(line: str) -> None:
    assert read_record(line) is None or isinstance(read_record(line), Record)


@pytest.mark.parametrize(
    "wrong",
    [{"status": "perhaps"}, {"name": 3}, {"objects": "car"}, {"seconds": "long"}, {"more": 1}, {"key": None}],
)
def test_lines_that_say_something_else_are_no_records(wrong: dict[str, object]) -> None:
    values = {"name": "a", "picture": "a", "status": "done", "key": "k"}
    assert read_record(json.dumps(values)) == Record("a", "a", "done", "k")
    assert read_record(json.dumps(values | wrong)) is None


def test_only_what_is_whole_is_valid(tmp_path: Path) -> None:
    folder = tmp_path / DONE.name
    folder.mkdir()
    (folder / "s.wav").write_bytes(b"sound")
    (folder / "project.json").write_text("{}")
    record = replace(DONE, sha256=sha256_of(folder / "s.wav"))
    assert is_valid(record, tmp_path)
    assert not is_valid(replace(record, status="failed"), tmp_path)
    assert not is_valid(replace(record, mix="../s.wav"), tmp_path)
    (folder / "s.wav").write_bytes(b"soun")
    assert not is_valid(record, tmp_path)
    (folder / "s.wav").write_bytes(b"sound")
    (folder / "project.json").unlink()
    assert not is_valid(record, tmp_path)


def test_tables_hold_everything_and_run_nothing(tmp_path: Path) -> None:
    hostile = replace(DONE, picture="=cmd|' /C calc'!A0", error='a "quoted", line', loudness_lufs=None)
    write_tables([DONE, hostile], tmp_path, {"wanted": 2})
    told = json.loads((tmp_path / "batch.json").read_text("utf-8"))
    assert told["wanted"] == 2
    assert told["pictures"][0]["objects"] == ["car", "dog"]
    with (tmp_path / "batch.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["objects"] == "car, dog"
    assert rows[1]["picture"].startswith("'=")
    assert rows[1]["error"] == 'a "quoted", line'


def test_an_output_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Journal(tmp_path / "file")
