"""Which recordings may be analysed, and which are kept for judging: one rule for all fits and all judges."""

from __future__ import annotations

import csv
import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

JUDGING_FOLDS = ("4", "5")
"""Folds of ESC-10 (the first number in its file names) that only judge."""
FREE = "CC0"
"""The one licence, as the manifest writes it, whose recordings are analysed."""

_FREESOUND = re.compile(r"(?:/s/|/sounds/|freesound )(\d+)")


@dataclass(frozen=True, slots=True)
class Recording:
    """One row of ``manifest.csv``.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in the manifest.
    label : str
    seconds : float
    licence, author, url : str
    source : str
        What it was cut from; recordings with the same source are always on the same side.
    held_out : bool
        For judging only: never fitted, never trained on.
    """

    path: Path
    file: str
    label: str
    seconds: float
    licence: str
    author: str
    url: str
    source: str
    held_out: bool

    @property
    def fold(self) -> str:
        """The fold of ESC-10, empty for others."""
        return Path(self.file).name.split("-")[0] if self.file.startswith("esc10/") else ""

    @property
    def may_be_fitted(self) -> bool:
        """Whether its statistics may go into a model: CC0 and not kept for judging."""
        return self.licence == FREE and not self.held_out


def held_out(recording: Recording) -> bool:
    """Return whether a recording is for judging only; see :func:`recordings` for the rule."""
    return recording.held_out


def recordings(data: Path) -> tuple[Recording, ...]:
    """Return all rows of ``data/manifest.csv``, told apart.

    The rule: of ESC-10, folds 4 and 5 are held out, and so is every other file that was cut from the same Freesound
    sound as one of these. Of all others, a label with two sources or more gives those away whose
    crc32(source) % 3 is 0, but never its last CC0 source, nor its last one at all.

    Raises
    ------
    OSError, ValueError
        There is no manifest, or not of these columns.
    """
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    wanted = {"file", "label", "seconds", "licence", "author", "source_url"}
    if not table or not wanted <= table[0].keys():
        raise ValueError(f"{data / 'manifest.csv'}: expected the columns {', '.join(sorted(wanted))}")
    rows = [
        Recording(
            data / row["file"],
            row["file"],
            row["label"],
            float(row["seconds"]),
            row["licence"],
            row["author"],
            row["source_url"],
            _source(row),
            False,
        )
        for row in table
    ]
    judging = {row.source for row in rows if row.fold in JUDGING_FOLDS} | _others_held_out(rows)
    return tuple(replace(row, held_out=row.source in judging) for row in rows)


def _others_held_out(rows: Sequence[Recording]) -> set[str]:
    """Return the sources outside ESC-10 that are held out by their checksum."""
    in_folds = {row.source for row in rows if row.fold}
    by_label: defaultdict[str, list[Recording]] = defaultdict(list)
    for row in rows:
        if row.source not in in_folds:
            by_label[row.label].append(row)
    found = set()
    for group in by_label.values():
        kept = {row.source for row in group}
        free = {row.source for row in group if row.licence == FREE}
        for source in sorted(kept):
            if zlib.crc32(source.encode()) % 3 == 0 and len(kept) > 1 and free != {source}:
                found.add(source)
                kept.discard(source)
                free.discard(source)
    return found


def _source(row: dict[str, str]) -> str:
    """Return what a file was cut from: a Freesound sound, else a page, else the file itself."""
    number = _FREESOUND.search(row["source_url"])
    if number:
        return f"freesound {number[1]}"
    # A page of many sounds tells no single one: what is alike but for a number at the end is taken for one recording.
    return f"{row['source_url'] or row['author']} {row['label']}".strip() + ("" if row["source_url"] else row["file"])
