"""A result folder appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from extender.errors import DiskFullError, OutputError

MARKS = ("project.json", "soundscape.wav", "soundscape.flac", "soundscape.ogg", "soundscape.mp3", "scene.json")
"""A folder that holds none of these was not made by us and is never replaced."""

FULL_BYTES = 1_000_000
_FULL = "the disk is full: {} was not written; make room or give another --output"


def check_target(target: Path, *, force: bool) -> None:
    """Refuse early what could not be written at the end.

    Raises
    ------
    OutputError
        The target exists and ``force`` is not given, it exists and is no soundscape, or it cannot be made there.
    """
    if target.exists() or target.is_symlink():
        if not force:
            raise OutputError(f"{target} exists already; give --force to replace it, or another name with --output")
        if not target.is_dir() or (any(target.iterdir()) and not any((target / mark).exists() for mark in MARKS)):
            raise OutputError(f"{target} is not a soundscape folder, so it is not replaced; give another --output")
    parent = target.absolute().parent
    if parent.exists() and not parent.is_dir():
        raise OutputError(f"cannot write {target}: {parent} is not a folder")
    there = next(folder for folder in (parent, *parent.parents) if folder.exists())
    if there.is_dir() and not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {target}: permission denied; give another place with --output")


@contextmanager
def whole_folder(target: Path, *, force: bool) -> Iterator[Path]:
    """Yield an empty folder beside the target; on leaving it becomes the target, on any error it is removed.

    Parameters
    ----------
    target : Path
        Folder to be made; missing parents are made too, and removed again if the work fails.
    force : bool
        Whether an existing soundscape folder is replaced (only once the new one is whole).

    Raises
    ------
    OutputError
        It cannot be written: read-only, disk full, exists.
    """
    check_target(target, force=force)
    with _one_line(target):
        made = _make_parents(target.absolute().parent)
        try:
            work = Path(
                tempfile.mkdtemp(prefix=f".{target.name[:80]}.", suffix=".partial", dir=target.absolute().parent)
            )
        except OSError:
            _remove(made)
            raise
    try:
        with _one_line(target):
            yield work
            work.chmod(0o777 & ~_umask())
            _put_in_place(work, target, force=force)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        _remove(made)
        raise


def _make_parents(parent: Path) -> list[Path]:
    """Make a folder and its missing parents. Returns what was made, deepest first."""
    missing = [p for p in [parent, *parent.parents] if not p.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    return missing


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # somebody else put something there meanwhile


def _put_in_place(work: Path, target: Path, *, force: bool) -> None:
    """Give the finished folder its name; an old one is set aside first and put back if that fails."""
    check_target(target, force=force)
    old = work.with_suffix(".old")
    try:
        if not target.exists():
            work.rename(target)
        elif Path.cwd().is_relative_to(target.resolve()):
            _exchange(work, target, old)  # somebody stands in it: the folder itself must stay
        else:
            target.rename(old)
            work.rename(target)
    except OSError:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(work: Path, target: Path, old: Path) -> None:
    """Replace what is in a folder, keeping the folder; undo it if it cannot be done whole."""
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for origin, goal in ((target, old), (work, target)):
            for entry in sorted(origin.iterdir()):
                entry.rename(goal / entry.name)
                moved.append((entry, goal / entry.name))
    except OSError:
        for origin, goal in reversed(moved):
            goal.rename(origin)
        old.rmdir()
        raise
    work.rmdir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _one_line(target: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one line each."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(_FULL.format(target)) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise OutputError(f"cannot write {target}: permission denied; give another place with --output") from None
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from None
    except RuntimeError as error:
        if type(error).__name__ != "LibsndfileError":  # by name, as the library is not imported for it
            raise
        # It says "System error" of a full disk.
        if shutil.disk_usage(target.absolute().parent).free < FULL_BYTES:
            raise DiskFullError(_FULL.format(target)) from None
        raise OutputError(f"cannot write {target}: {str(error).rstrip('.')}") from None


@contextmanager
def whole_file(target: Path, *, force: bool) -> Iterator[Path]:
    """Yield a temporary path beside the target; on leaving it is renamed, on any error removed.

    Raises
    ------
    OutputError
        The target exists and ``force`` is not given, or it cannot be written.
    """
    if target.exists() and not force:
        raise OutputError(f"{target} exists already; give --force to replace it, or another name with --output")
    with _one_line(target):
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", dir=target.absolute().parent)
        os.close(handle)
    work = Path(name)
    try:
        with _one_line(target):
            yield work
            work.chmod(0o666 & ~_umask())
            work.replace(target)
    except BaseException:
        work.unlink(missing_ok=True)
        raise
