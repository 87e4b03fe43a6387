"""The parts of the cache folder: how large they are, and how to be rid of what is in them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FETCHED = ("freesound", "openverse")
"""Parts laid out as the Freesound client's cache: only what it keeps is touched, the count of requests stays."""

EXPENSIVE = ("weights",)
"""What is not removed unless it is named."""

_PARTS = {
    "freesound": "answers and previews from Freesound",
    "openverse": "answers and previews through Openverse",
    "procedural": "synthesised sounds",
    "libraries": "indexes of your own sounds",
    "weights": "weights of detectors",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the cache.

    Parameters
    ----------
    name, what : str
    folder : Path
    size, count : int
        Bytes and files.
    """

    name: str
    what: str
    folder: Path
    size: int
    count: int

    def clear(self) -> int:
        """Remove everything and return how many bytes that freed."""
        return self.prune(max_bytes=0)

    def prune(self, *, max_bytes: int | None = None, max_age_s: float | None = None) -> int:
        """Remove what was not used for so long, then what was used longest ago until the rest fits; return bytes."""
        if self.name in FETCHED:
            from freesound import cache_clear, cache_prune

            if max_bytes == 0:
                _forget(self.folder / "gone")
                return cache_clear(self.folder)
            return cache_prune(self.folder, max_bytes=max_bytes, max_age_s=max_age_s)
        left, freed, now = self.size, 0, time.time()
        for path, size, used_at in sorted(_files(self.folder), key=lambda file: file[2]):
            too_old = max_age_s is not None and now - used_at > max_age_s
            too_much = max_bytes is not None and (left > max_bytes or max_bytes == 0)
            if too_old or too_much:
                with suppress(OSError):
                    path.unlink()
                    freed += size
                    left -= size
        return freed


def parts(root: Path) -> tuple[Part, ...]:
    """Return all parts of a cache folder, also those that hold nothing yet."""
    return tuple(_part(name, what, root / name) for name, what in _PARTS.items())


def _forget(gone: Path) -> None:
    """Forget which sounds were not there, so that all are asked for again."""
    for path, _, _ in _files(gone):
        with suppress(OSError):
            path.unlink()


def _part(name: str, what: str, folder: Path) -> Part:
    sizes = [size for _, size, _ in _files(folder)]
    return Part(name, what, folder, sum(sizes), len(sizes))


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Yield every file with its size and when it was last used. Links are not followed."""
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                status = (path := Path(where) / name).lstat()
                yield path, status.st_size, max(status.st_atime, status.st_mtime)
