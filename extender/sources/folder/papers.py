"""The papers that lie in sound libraries: tables, licence files and descriptions, each read into notes on files.

Recognised by name and place: a CSV table with a column of file names, the tables of ESC-50, UrbanSound8K and FSD50K,
FSD50K's descriptions, and the read-me of a Freesound pack. A paper that cannot be made sense of is left aside, with a
word about it; it never stops a library from being read.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from extender.sources.folder.datasets import ESC50_SOUNDS, URBANSOUND_SOUNDS
from extender.sources.folder.records import Note, in_words, overlay

MAX_PAPER_BYTES = 100_000_000
_README = "_readme_and_license.txt"
_CLIPS_INFO = "_clips_info_fsd50k.json"

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "file": ("file", "filename", "path", "filepath", "fname", "audio", "slicefilename", "relativepath", "audiofile"),
    "label": ("label", "class", "category", "sound", "concept", "classname"),
    "tags": ("tags", "keywords", "labels", "tag"),
    "title": ("title", "name", "description"),
    "author": ("author", "user", "username", "artist", "creator", "uploader", "credit", "by"),
    "licence": ("licence", "license", "licenceurl", "licenseurl", "rights"),
    "url": ("sourceurl", "url", "source", "link", "page", "freesoundurl"),
    "seconds": ("seconds", "duration", "durations", "length", "lengths", "durationseconds"),
}
"""What a column may be called, without case, spaces, hyphens and underscores, the best name first."""


@dataclass(frozen=True, slots=True)
class Library:
    """The files of a library while its papers are read.

    Parameters
    ----------
    root : Path
    files : frozenset of str
        Relative paths of the sound files.
    """

    root: Path
    files: frozenset[str]
    _by_name: dict[str, list[str]] = field(default_factory=dict)

    def find(self, folder: PurePosixPath, name: str) -> str | None:
        """Return the file that a paper in ``folder`` means by ``name``; None if there is none, or several."""
        wanted = name.strip().replace("\\", "/")
        direct = str(PurePosixPath(folder, wanted.lstrip("/")))
        if direct in self.files:
            return direct
        if not self._by_name:
            for path in sorted(self.files):
                for key in {PurePosixPath(path).name, PurePosixPath(path).stem}:
                    self._by_name.setdefault(key, []).append(path)
        within = "" if str(folder) == "." else f"{folder}/"
        named = [p for p in self._by_name.get(PurePosixPath(wanted).name, ()) if p.startswith(within)]
        return named[0] if len(named) == 1 else None


def is_paper(name: str) -> bool:
    """Tell by its name whether a file may be a paper."""
    lower = name.lower()
    return lower.endswith((".csv", ".tsv", _CLIPS_INFO)) or lower == _README


def read_papers(root: Path, files: frozenset[str], papers: Sequence[str]) -> tuple[dict[str, Note], list[str]]:
    """Read all papers of a library.

    Parameters
    ----------
    root : Path
        The library.
    files, papers : collection of str
        Relative paths of its sound files and of what may be papers.

    Returns
    -------
    notes : dict of str to Note
        By relative path of the sound file.
    problems : list of str
        What could not be read, one line each.
    """
    library = Library(root, files)
    layers: list[dict[str, Note]] = []
    problems: list[str] = []
    for paper in sorted(papers, key=lambda path: (_reader_of(PurePosixPath(path)) is _read_table, path)):
        place = PurePosixPath(paper)
        try:
            layers.append(dict(_reader_of(place)(library, place)))
        except (OSError, ValueError, csv.Error, RecursionError) as error:
            problems.append(f"{paper} was left aside: {str(error).splitlines()[0] if str(error) else 'unreadable'}")
    return overlay(layers), problems


Notes = Iterator[tuple[str, Note]]


def _reader_of(paper: PurePosixPath) -> Callable[[Library, PurePosixPath], Notes]:
    name, folder = paper.name.lower(), paper.parent.name.lower()
    if name == _README:
        return _read_freesound_readme
    if name.endswith(_CLIPS_INFO):
        return _read_fsd50k_info
    known = {
        ("meta", "esc50.csv"): _read_esc50,
        ("metadata", "urbansound8k.csv"): _read_urbansound,
        ("fsd50k.ground_truth", "dev.csv"): _read_fsd50k_labels,
        ("fsd50k.ground_truth", "eval.csv"): _read_fsd50k_labels,
    }
    return known.get((folder, name), _read_table)


def _read_table(library: Library, paper: PurePosixPath) -> Notes:
    """A person's own table: any CSV with a header and a column of file names."""
    rows = _rows(library.root / paper)
    header = next(rows, [])
    column = _columns(header)
    if "file" not in column:
        return  # some other table
    for row in rows:
        cell = {key: row[index].strip() for key, index in column.items() if index < len(row)}
        path = library.find(paper.parent, cell.get("file", "")) if cell.get("file") else None
        if path is not None:
            yield (
                path,
                Note(
                    label=in_words(cell.get("label", "")),
                    tags=_tags(cell.get("tags", "")),
                    title=cell.get("title", ""),
                    author=cell.get("author", ""),
                    licence=cell.get("licence", ""),
                    url=cell.get("url", ""),
                    duration_s=seconds_of(cell.get("seconds", "")),
                ),
            )


def _read_esc50(library: Library, paper: PurePosixPath) -> Notes:
    """ESC-50 (Piczak 2015): Freesound clips of 5 s; the ESC-10 part is CC BY, the rest CC BY-NC."""
    base = paper.parent.parent
    credit = _esc50_credits(library.root / base / "LICENSE")
    for row in _dicts(library.root / paper, "filename", "category"):
        path = library.find(base / "audio", row["filename"]) or library.find(base, row["filename"])
        if path is None:
            continue
        kind = row["category"]
        whole = "CC-BY-3.0" if row.get("esc10", "").strip().lower() == "true" else "CC-BY-NC-3.0"
        url = f"https://freesound.org/s/{row['src_file']}/" if row.get("src_file", "").isdigit() else ""
        note = Note(in_words(kind), ESC50_SOUNDS.get(kind, ()), licence=whole, url=url)
        clip = PurePosixPath(path).stem.rsplit("-", 1)[0]  # without the number of the class
        yield path, credit.get(clip, Note()).over(note)


def _esc50_credits(paper: Path) -> dict[str, Note]:
    """Read who made each clip, from lines ``- [NAME.ogg]: clip derived from TITLE (URL) by AUTHOR [LICENCE]``."""
    line = re.compile(r"- \[([\w.-]+)\.\w+\]:\s+clip derived from (.*) \((\S+)\) by (.+) \[([^\]]+)\]")
    try:
        text = _text(paper)
    except (OSError, ValueError):
        return {}
    return {
        m[1]: Note(title=m[2], url=m[3], author=m[4], licence=m[5]) for m in map(line.match, text.splitlines()) if m
    }  # fmt: skip


def _read_urbansound(library: Library, paper: PurePosixPath) -> Notes:
    """UrbanSound8K (Salamon et al. 2014): Freesound excerpts of at most 4 s; the whole is CC BY-NC 3.0."""
    base = paper.parent.parent
    for row in _dicts(library.root / paper, "slice_file_name", "class"):
        fold = base / "audio" / f"fold{row.get('fold', '')}"
        path = library.find(fold, row["slice_file_name"]) or library.find(base, row["slice_file_name"])
        if path is None:
            continue
        kind = row["class"]
        url = f"https://freesound.org/s/{row['fsID']}/" if row.get("fsID", "").isdigit() else ""
        yield path, Note(in_words(kind), URBANSOUND_SOUNDS.get(kind, ()), licence="CC-BY-NC-3.0", url=url)


def _read_fsd50k_labels(library: Library, paper: PurePosixPath) -> Notes:
    """FSD50K (Fonseca et al. 2022): several AudioSet labels each, from the particular to the general."""
    base = paper.parent.parent
    audio = base / ("FSD50K.dev_audio" if paper.name.lower() == "dev.csv" else "FSD50K.eval_audio")
    for row in _dicts(library.root / paper, "fname", "labels"):
        path = library.find(audio, f"{row['fname']}.wav") or library.find(audio, row["fname"])
        labels = [in_words(label) for label in row["labels"].split(",") if label.strip()]
        if path is not None and labels:
            url = f"https://freesound.org/s/{row['fname']}/" if row["fname"].isdigit() else ""
            yield path, Note(labels[0], tuple(labels[1:]), url=url)


def _read_fsd50k_info(library: Library, paper: PurePosixPath) -> Notes:
    """FSD50K's ``*_clips_info_FSD50K.json``: title, tags, licence and uploader by Freesound id."""
    content = json.loads(_text(library.root / paper))
    if not isinstance(content, dict):
        raise ValueError("expected an object with one entry for each clip")
    base = paper.parent.parent
    audio = base / ("FSD50K.dev_audio" if paper.name.lower().startswith("dev") else "FSD50K.eval_audio")
    for clip, info in content.items():
        path = library.find(audio, f"{clip}.wav")
        if path is None or not isinstance(info, dict):
            continue
        tags = info.get("tags")
        yield (
            path,
            Note(
                tags=tuple(in_words(tag) for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
                title=_string(info.get("title")),
                author=_string(info.get("uploader")),
                licence=_string(info.get("license")),
            ),
        )


def _read_freesound_readme(library: Library, paper: PurePosixPath) -> Notes:
    """A Freesound pack's read-me: licences with their addresses, then for each file its address and licence."""
    deeds: dict[str, str] = {}
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in _text(library.root / paper).splitlines():
        if deed := re.fullmatch(r"\s*([^:*]+): (https?://creativecommons\.org/\S+)\s*", line):
            deeds[deed[1].strip()] = deed[2]
        elif entry := re.fullmatch(r"\s*\* (\d+__.+\.\w+)\s*", line):
            current = found.setdefault(entry[1], {})
        elif current is not None and (value := re.fullmatch(r"\s*\* (url|license): (.+?)\s*", line)):
            current[value[1]] = value[2]
    for name, said in found.items():
        path = library.find(paper.parent, name)
        if path is not None:
            licence = said.get("license", "")
            yield path, Note(licence=deeds.get(licence, licence), url=said.get("url", ""))


def seconds_of(text: str) -> float | None:
    """Read a duration, ``"5.0"``, ``"5,0"`` or ``"1:23"``, in seconds; None unless it is one above 0."""
    parts = text.strip().replace(",", ".").split(":")
    try:
        value = sum(float(part) * 60.0**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        return None
    return value if len(parts) <= 3 and 0.0 < value < math.inf else None


def _columns(header: Sequence[str]) -> dict[str, int]:
    names = [re.sub(r"[\s_\-()]", "", name.strip().casefold()) for name in header]
    return {
        key: names.index(found)
        for key, synonyms in _COLUMNS.items()
        if (found := next((s for s in synonyms if s in names), None)) is not None
    }


def _tags(text: str) -> tuple[str, ...]:
    parts = re.split(r"[,;|]", text) if re.search(r"[,;|]", text) else text.split()
    return tuple(dict.fromkeys(in_words(part) for part in parts if part.strip()))


def _rows(paper: Path) -> Iterator[list[str]]:
    text = _text(paper)
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _dicts(paper: Path, *needed: str) -> Iterator[dict[str, str]]:
    """Yield the rows that have all needed cells."""
    rows = _rows(paper)
    header = [name.strip() for name in next(rows, [])]
    missing = [name for name in needed if name not in header]
    if missing:
        raise ValueError(f"expected a column {missing[0]!r}, got {', '.join(header)[:80]!r}")
    for row in rows:
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        if all(cells.get(name) for name in needed):
            yield cells


def _text(paper: Path) -> str:
    size = paper.stat().st_size
    if size > MAX_PAPER_BYTES:
        raise ValueError(f"expected at most {MAX_PAPER_BYTES // 1_000_000} MB, got {size // 1_000_000} MB")
    content = paper.read_bytes()
    if b"\0" in content[:4096]:
        raise ValueError("expected text, got bytes that are none")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # as spreadsheets on Windows write it


def _string(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
