"""What is to be done: pictures found in folders, lists and tables, each with its place in the output."""

from __future__ import annotations

import csv
import glob
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from extender.errors import InputError, UsageError
from extender.naming import safe_name
from extender.pipeline import RenderOptions
from models import sha256_of

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif"})
VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg"})
SUFFIX = ".soundscape"


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to be rendered.

    Parameters
    ----------
    name : str
        Of the soundscape's folder, relative to the output, with ``/``; unique in a batch.
    picture : Path
        Absolute.
    options : RenderOptions
    key : str
        Digest of all that the result depends on.
    shown : str
        What people call it: the picture as it was given.
    """

    name: str
    picture: Path
    options: RenderOptions
    key: str = ""
    shown: str = ""


Found = tuple[Path, str, Mapping[str, str]]
"""A picture, its path in the output without an ending, and what a table says of it (option → value)."""


def found_in(inputs: Sequence[str], *, lines: Iterable[str] = ()) -> Iterator[Found]:
    """Yield all pictures (and videos) that are meant, in a fixed order, each once.

    Parameters
    ----------
    inputs : sequence of str
        Folders (searched through and through), pictures, videos, patterns such as ``photos/**/*.jpg``, tables
        (``.csv`` with a column ``picture`` and others named as options), or ``-`` for ``lines``.
    lines : iterable of str
        One input a line, as from standard input; a picture's folder does not count in the output.

    Raises
    ------
    InputError
        One of them is not there or is nothing that can be rendered.
    """
    seen: set[Path] = set()
    for picture, within, options in _all_of(inputs, lines):
        real = Path(os.path.abspath(picture))  # noqa: PTH100  # not resolved: links are pictures of their own
        if real not in seen or options:
            seen.add(real)
            yield real, within, options


def _all_of(inputs: Sequence[str], lines: Iterable[str]) -> Iterator[Found]:
    for text in inputs:
        if text == "-":
            yield from _all_of([line for raw in lines if (line := raw.rstrip("\r\n"))], ())
            continue
        path = Path(text)
        if path.is_dir():
            yield from _in_folder(path)
        elif path.suffix.lower() == ".csv" and path.is_file():
            yield from _in_table(path)
        elif path.exists() or not glob.has_magic(text):
            yield _single(path)
        else:
            matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207  # patterns may be absolute
            if not matches:
                raise InputError(f"{text}: no file fits this pattern")
            root = Path(text.split("*")[0].split("?")[0].split("[")[0])
            root = root if root.is_dir() else root.parent
            for match in matches:
                if Path(match).suffix.lower() in PICTURES | VIDEOS:
                    yield Path(match), _without_ending(Path(match).relative_to(root)), {}


def _in_folder(folder: Path) -> Iterator[Found]:
    """Yield what is in a folder and below it; folders that are soundscapes, or hidden, are passed over."""
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith(SUFFIX))
        for name in sorted(files):
            path = Path(at, name)
            if path.suffix.lower() in PICTURES | VIDEOS and not name.startswith("."):
                yield path, _without_ending(path.relative_to(folder)), {}


def _single(path: Path) -> Found:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    return path, _without_ending(Path(path.name)), {}


MOST_BYTES = 2_000_000_000
_PATHS = frozenset({"scene", "weights", "sounds"})
"""Columns that name files; those that lie beside the table are meant first."""


def _in_table(table: Path) -> Iterator[Found]:
    """Yield the pictures of a CSV: column ``picture`` (relative to the table), optional ``name``, options."""
    try:
        if table.stat().st_size > MOST_BYTES:
            raise InputError(f"{table} is larger than {MOST_BYTES // 1_000_000} MB: no table of pictures")
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if "picture" not in (rows.fieldnames or ()):
                there = " ".join(", ".join(rows.fieldnames or ()).split())[:200]
                raise InputError(f"{table}: expected a column 'picture', got {there}")
            for row in rows:
                yield _row(table, rows.line_num, row)
    except OSError as error:
        raise InputError(f"cannot read {table}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table}: not a CSV in UTF-8 ({error})") from None


def _row(table: Path, line: int, row: Mapping[str | None, object]) -> Found:
    if None in row:
        raise InputError(f"{table}, line {line}: more values than columns")
    values = {str(key).strip(): str(value).strip() for key, value in row.items() if value not in (None, "")}
    picture = values.pop("picture", "")
    if not picture or "\0" in picture:
        raise InputError(f"{table}, line {line}: column 'picture' is empty")
    path = table.parent / picture
    name = values.pop("name", "")
    for option in _PATHS & set(values):
        if (table.parent / values[option]).exists():
            values[option] = str(table.parent / values[option])
    return (
        path,
        name or _without_ending(Path(*[part for part in Path(picture).parts if part not in ("/", "..")])),
        values,
    )


def _without_ending(path: Path) -> str:
    return path.with_suffix("").as_posix() if path.suffix else path.as_posix()


def named(found: Sequence[Found]) -> list[str]:
    """Return a folder for each picture, as the input lies; where two would be the same, with their endings or numbers.

    File systems that do not tell capitals apart count, so two names never differ in case alone.
    """
    plain = [safe_name(within) for _, within, _ in found]
    often = Counter(name.lower() for name in plain)
    names, taken = [], set(often)
    for name, (path, _, _) in zip(plain, found, strict=True):
        if often[name.lower()] > 1:
            stem = f"{name}{path.suffix}"
            name = stem
            number = 2
            while name.lower() in taken:
                name, number = f"{stem}-{number}", number + 1
            taken.add(name.lower())
        names.append(name + SUFFIX)
    return names


def anywhere(options: RenderOptions) -> RenderOptions:
    """Return options that mean the same files in whatever folder a worker was started."""
    see = options.see
    name, colon, model = see.place_model.partition(":")
    weights = see.weights if see.weights is None or not Path(see.weights).is_file() else Path(see.weights).absolute()
    see = replace(
        see, weights=weights, scene_file=None if see.scene_file is None else see.scene_file.absolute(),
        place_model=f"{name}:{Path(model).absolute()}" if colon else name,
    )  # fmt: skip
    return replace(options, see=see, libraries=tuple(library.absolute() for library in options.libraries))


def key_of(picture: Path, options: RenderOptions, version: str) -> str:
    """Return the digest of a picture, the options and the product: what the result depends on.

    Raises
    ------
    InputError
        The picture, or a file that the options name, cannot be read.
    """
    _, _, model = options.see.place_model.partition(":")
    named = (options.see.scene_file, options.see.weights, model or None)
    files = [picture, *(Path(path) for path in named if path is not None)]
    try:
        digests = [sha256_of(path) for path in files if path.is_file()]
        digests += [_listed(library) for library in options.libraries]
        if not picture.is_file():
            raise InputError(f"{picture}: no such file")
    except OSError as error:
        raise InputError(f"cannot read {picture}: {error.strerror or error}") from None
    said = json.dumps(asdict(replace(options, force=False)), sort_keys=True, default=str)
    return hashlib.sha256("\n".join([version, said, *digests]).encode()).hexdigest()[:32]


@lru_cache(maxsize=16)
def _listed(library: Path) -> str:
    """Return a digest of what lies in a library of sounds, by names and lengths; it is looked at once."""
    listed = hashlib.sha256()
    for at, folders, names in os.walk(library):
        folders.sort()
        for name in sorted(names):
            path = Path(at, name)
            listed.update(os.fsencode(f"{path.relative_to(library).as_posix()}\n{path.stat().st_size}\n"))
    return listed.hexdigest()


def check_apart(inputs: Sequence[str], output: Path) -> None:
    """Refuse an output that is one of the inputs: pictures and soundscapes would be mixed up."""
    for text in inputs:
        if text != "-" and Path(text).is_dir() and Path(text).resolve() == output.resolve():
            raise UsageError(f"--output {output} is the input itself; give another folder")
