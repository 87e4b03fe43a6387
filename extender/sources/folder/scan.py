"""Which files a library holds, and a quick answer to whether that has changed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from extender.sources.folder.papers import is_paper
from extender.sources.folder.records import is_audio

Stamp = tuple[int, int]
"""When a file or folder was last changed (ns), and its size in bytes (0 for folders)."""

_SETTLED_NS = 2_000_000_000
"""Clocks of file systems tick as slowly as every 2 s (FAT): whatever changed that shortly before a scan may change
again under the same stamp, so it is not trusted."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk through a library. Paths are relative, with forward slashes, in a fixed order.

    Parameters
    ----------
    files : tuple of str
        Sound files, by their endings; none of them was opened.
    papers, folders : dict of str to Stamp
        What may describe the files, and all folders, ``""`` = the library itself.
    problems : tuple of str
        What could not be looked into, one line each.
    """

    files: tuple[str, ...]
    papers: dict[str, Stamp]
    folders: dict[str, Stamp]
    problems: tuple[str, ...]


def scan(root: Path) -> Scan:
    """Walk through a library; hidden files are passed over, links are followed, circles of links are not.

    Parameters
    ----------
    root : Path
    """
    files: list[str] = []
    papers: dict[str, Stamp] = {}
    folders: dict[str, Stamp] = {}
    problems: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            status = (root / folder).stat()
            identity = (status.st_dev, status.st_ino)
            if identity in seen and identity != (0, 0):
                continue
            seen.add(identity)
            with os.scandir(root / folder) as entries:
                present = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            problems.append(f"{folder or root.name} cannot be read: {error.strerror}")
            continue
        folders[folder] = (status.st_mtime_ns, 0)
        below = []
        for entry in present:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not _is_text(path):
                problems.append(f"{path!r} has a name that is no text; rename it")
            elif _is_folder(entry):
                below.append(path)
            elif is_audio(entry.name):
                files.append(path)
            elif is_paper(entry.name) and (stamp := _stamp(root / path)):
                papers[path] = stamp
        waiting.extend(reversed(below))
    return Scan(tuple(files), papers, folders, tuple(problems))


def is_unchanged(root: Path, stamps: Iterable[tuple[str, Stamp]], scanned_ns: int) -> bool:
    """Tell whether all folders and papers of an earlier scan still bear their stamps.

    A folder's stamp changes when a file in it appears, vanishes or is renamed. Files that were rewritten in place are
    noticed when they are used.

    Parameters
    ----------
    root : Path
    stamps : iterable of (path, Stamp)
        From the earlier scan.
    scanned_ns : int
        When that was, nanoseconds since the epoch.
    """
    known = list(stamps)
    for path, stamp in known:
        now = _stamp(root / path)
        if now is None or now[0] != stamp[0] or (stamp[1] and now[1] != stamp[1]):
            return False
        if stamp[0] > scanned_ns - _SETTLED_NS:
            return False
    return bool(known)


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
