"""What became of each picture: a journal that survives everything, and the tables that people read."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from extender.errors import OutputError
from extender.output.workspace import whole_file
from models import sha256_of

Status = Literal["done", "failed", "begun"]
FOLDER = ".batch"


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one picture.

    Parameters
    ----------
    name : str
        Of its folder in the output.
    picture : str
        As it was given.
    status : {"done", "failed", "begun"}
        ``begun`` in the journal of a run that ended before the picture did; with an error, what hinders all pictures.
    key : str
        Digest of picture and options (:func:`extender.batch.jobs.key_of`).
    seconds : float
        Of work.
    place : str
    objects : tuple of str
        What was seen and is heard.
    licence : str
        The strictest of its sounds' licences.
    duration_s : float
        Of the sound.
    loudness_lufs : float or None
    mix : str
        The sound's file name.
    sha256 : str
        Of the sound.
    error : str
        Why it failed, one line.
    """

    name: str
    picture: str
    status: Status
    key: str
    seconds: float = 0.0
    place: str = ""
    objects: tuple[str, ...] = ()
    licence: str = ""
    duration_s: float = 0.0
    loudness_lufs: float | None = None
    mix: str = ""
    sha256: str = ""
    error: str = ""


_NAMES = tuple(field.name for field in fields(Record))


def read_record(line: str) -> Record | None:
    """Return the record of a line of the journal; None for what is none, as a line that was cut off."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or set(values) - set(_NAMES):
        return None
    texts = ("name", "picture", "status", "key", "place", "licence", "mix", "sha256", "error")
    whole = {"name", "picture", "status", "key"} <= set(values)
    if not whole or not all(isinstance(values[name], str) for name in texts if name in values):
        return None
    if values["status"] not in ("done", "failed", "begun") or not isinstance(values.get("objects", []), list):
        return None
    numbers = (values.get(name, 0.0) for name in ("seconds", "duration_s", "loudness_lufs"))
    if not all(value is None or isinstance(value, int | float) for value in numbers):
        return None
    values["objects"] = tuple(str(word) for word in values.get("objects", []))
    return Record(**values)


class Journal:
    """Every beginning and every end of work, a line each, on the disk before it counts.

    Parameters
    ----------
    output : Path
        Of the batch.

    Attributes
    ----------
    known : dict of str to Record
        The last that is known of each picture, by name.
    """

    def __init__(self, output: Path) -> None:
        self._path = output / FOLDER / "journal.jsonl"
        self.known: dict[str, Record] = {}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists():
                with self._path.open(encoding="utf-8", errors="replace") as lines:
                    for line in lines:
                        record = read_record(line)
                        if record is not None:
                            self.known[record.name] = record
            self._shorten()
            self._file = self._path.open("a", encoding="utf-8", errors="replace")
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}; give another --output") from None

    def _shorten(self) -> None:
        """Keep one line for each picture, so that the journal does not grow with the number of runs."""
        with whole_file(self._path, force=True) as work:
            work.write_text("".join(_line(record) for record in self.known.values()), "utf-8", "replace")

    def add(self, record: Record) -> None:
        """Write down what became of a picture; returns when it is on the disk."""
        self.known[record.name] = record
        try:
            self._file.write(_line(record))
            self._file.flush()
            if record.status != "begun":
                os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}; make room, then go on") from None

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()


def _line(record: Record) -> str:
    return json.dumps(asdict(record), ensure_ascii=False) + "\n"


def is_valid(record: Record, output: Path) -> bool:
    """Tell whether what a record says is done lies in the output, whole."""
    folder = output / record.name
    if record.status != "done" or not record.mix or Path(record.mix).name != record.mix:
        return False
    mix = folder / record.mix
    try:
        return mix.is_file() and (folder / "project.json").is_file() and sha256_of(mix) == record.sha256
    except OSError:
        return False


def write_tables(records: Sequence[Record], output: Path, summary: Mapping[str, object]) -> None:
    """Write batch.json and batch.csv, each whole or not at all."""
    text = json.dumps({**summary, "pictures": [asdict(r) for r in records]}, indent=1, ensure_ascii=False) + "\n"
    for name, content in (("batch.json", text), ("batch.csv", _csv(records))):
        with whole_file(output / name, force=True) as work:
            work.write_text(content, "utf-8", "replace", newline="")


def _csv(records: Iterable[Record]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(_NAMES)
    for record in records:
        values = asdict(record) | {"objects": ", ".join(record.objects)}
        writer.writerow([_harmless(values[name]) for name in _NAMES])
    return table.getvalue()


def _harmless(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
