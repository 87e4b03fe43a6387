"""Fetching files: in pieces, to a temporary name, checked, resumed, by one process at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from freesound.calls import Caller, Deadline
from freesound.checking import HEAD_BYTES, check_content_type, check_head, check_tail, decodes
from freesound.errors import FreesoundError, IntegrityError, NetworkError
from freesound.transport import Response

MOST_PREVIEW_BYTES = 200 * 2**20
MOST_ORIGINAL_BYTES = 2 * 2**30
Decode = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be fetched.

    Parameters
    ----------
    url : str
    target : pathlib.Path
    what : str
        In words, for messages: ``"preview of sound 1000"``.
    kind : str
        ``"ogg"``, ``"wav"``, ``"zip"``, …; empty = any kind of sound.
    md5 : str
        Of the whole file, or empty.
    most_bytes : int
    login : bool
        The API wants the login for it.
    """

    url: str
    target: Path
    what: str
    kind: str
    md5: str = ""
    most_bytes: int = MOST_PREVIEW_BYTES
    login: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was fetched or was there already, whole and checked.

    Parameters
    ----------
    path : pathlib.Path
    sha256 : str
    size : int
        In bytes.
    fetched : bool
        False: it was there already.
    """

    path: Path
    sha256: str
    size: int
    fetched: bool = True


class Downloader:
    """Fetches files with the manners of a caller.

    Parameters
    ----------
    work_dir : pathlib.Path
        Where unfinished files and locks lie.
    decode : callable
        Told a file and its kind; raises IntegrityError for one that makes no sound.
    """

    def __init__(self, caller: Caller, work_dir: Path, decode: Decode = decodes) -> None:
        self._caller = caller
        self._work_dir = work_dir
        self._decode = decode

    def fetch(
        self, wanted: Wanted, present: Callable[[], Download | None], keep: Callable[[Download], Download] | None = None
    ) -> Download:
        """Return the file; fetch it unless ``present`` finds it, also after waiting for another process.

        ``keep`` may store it elsewhere, before any other process gets its turn.

        Raises
        ------
        FreesoundError
            Nothing was left at the target. What came so far is kept aside if it can be resumed.
        """
        stem = hashlib.sha256(str(wanted.target.absolute()).encode()).hexdigest()[:24]
        self._work_dir.mkdir(parents=True, exist_ok=True)
        part = self._work_dir / f".{stem}.part"
        with _locked(self._work_dir / f".{stem}.lock", self._caller.manners.download_deadline_s, wanted.what):
            if (found := present()) is not None:
                return found
            deadline = Deadline(self._caller.clock, self._caller.manners.download_deadline_s)
            tries = self._caller.manners.tries + 1  # each goes on where the last one broke off
            digest = self._caller.again(
                lambda: self._whole(wanted, part, deadline), f"GET {wanted.what}", deadline, tries=tries
            )
            size = part.stat().st_size
            wanted.target.parent.mkdir(parents=True, exist_ok=True)
            move(part, wanted.target)
            _note(part).unlink(missing_ok=True)
            download = Download(wanted.target, digest, size)
            return keep(download) if keep is not None else download

    def _whole(self, wanted: Wanted, part: Path, deadline: Deadline) -> str:
        """Fetch what is missing of the part, check the whole and return its SHA-256."""
        try:
            total = self._rest(wanted, part, deadline)
            self._check(wanted, part, total)
        except IntegrityError:
            _discard(part)
            raise
        except BaseException:
            if not _note(part).exists():  # it could not be resumed
                _discard(part)
            raise
        return sha256_of(part)

    def _rest(self, wanted: Wanted, part: Path, deadline: Deadline) -> int | None:
        have, validator = _kept(part)
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        with self._caller.open(
            "GET", wanted.url, headers=headers, login=wanted.login, public=not wanted.login, deadline=deadline
        ) as response:
            if response.status == 416:
                _discard(part)
                raise NetworkError(f"{wanted.what}: it has changed meanwhile and is begun anew")
            if response.status not in (200, 206):
                _discard(part)
                raise self._caller.error(response, wanted.what, deadline)
            check_content_type(response.header("content-type"), wanted.what)
            start, total = _extent(response)
            if start != (have if response.status == 206 else 0):
                _discard(part)
                raise NetworkError(f"{wanted.what}: another part came than was asked for; it is begun anew")
            if total is not None and total > wanted.most_bytes:
                raise IntegrityError(_too_large(wanted, total))
            _write_note(part, response, resumable=total is not None)
            self._write(wanted, part, response, start, deadline)
        return total

    def _write(self, wanted: Wanted, part: Path, response: Response, start: int, deadline: Deadline) -> None:
        size = start
        head = b"" if start == 0 else None
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            for piece in response.chunks:
                file.write(piece)
                file.flush()  # a program that is killed now has this piece for the next one
                size += len(piece)
                self._caller.received(len(piece))
                if size > wanted.most_bytes:
                    raise IntegrityError(_too_large(wanted, size))
                if head is not None and not wanted.md5:
                    head += piece[:HEAD_BYTES]
                    if len(head) >= HEAD_BYTES:
                        check_head(head, wanted.kind, wanted.what)
                        head = None
                deadline.check()
            file.flush()
            os.fsync(file.fileno())

    def _check(self, wanted: Wanted, part: Path, total: int | None) -> None:
        size = part.stat().st_size
        if size == 0 or (total is not None and size > total):
            raise IntegrityError(f"{wanted.what}: expected {total or 'some'} bytes, got {size}: not kept; take another")
        if total is not None and size < total:
            raise NetworkError(
                f"{wanted.what}: the connection broke off after {size} of {total} bytes: try again later"
            )
        if wanted.md5:
            if md5_of(part) != wanted.md5.lower():
                raise IntegrityError(
                    f"{wanted.what}: the checksum is not the one that Freesound states: not kept; try again later",
                    retryable=True,
                )
            return
        with part.open("rb") as file:
            check_head(file.read(HEAD_BYTES), wanted.kind, wanted.what)
        try:
            self._decode(part, wanted.kind)
        except FreesoundError as error:
            raise IntegrityError(str(error).replace(part.name, wanted.what)) from None
        check_tail(part, wanted.kind, wanted.what)


def move(source: Path, target: Path) -> None:
    """Move a file in one step, also to another disk: at the target there is the old file, then the new one."""
    try:
        source.replace(target)
    except OSError:
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with source.open("rb") as read, beside.open("wb") as write:
                shutil.copyfileobj(read, write)
                write.flush()
                os.fsync(write.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        source.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a file so that there is never half of it at the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        shutil.copyfile(source, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5_of(path: Path) -> str:
    """Return the MD5 of a file, as Freesound states it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@contextlib.contextmanager
def _locked(path: Path, timeout_s: float, what: str) -> Iterator[None]:
    import filelock

    lock = filelock.FileLock(path, timeout=timeout_s)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise NetworkError(
            f"{what}: another program has been fetching it for {timeout_s:.0f} s: try again later"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _note(part: Path) -> Path:
    return part.with_suffix(".json")


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _kept(part: Path) -> tuple[int, str]:
    """Return how much is there already, and by what the service tells that the file is still the same."""
    try:
        validator = json.loads(_note(part).read_text(encoding="utf-8"))["validator"]
        size = part.stat().st_size
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0, ""
    return (size, validator) if isinstance(validator, str) and validator else (0, "")


def _write_note(part: Path, response: Response, *, resumable: bool) -> None:
    etag = response.header("etag")
    validator = etag if etag and not etag.startswith("W/") else response.header("last-modified")
    if resumable and validator:
        _note(part).write_text(json.dumps({"validator": validator}), encoding="utf-8")
    else:
        _note(part).unlink(missing_ok=True)


def _extent(response: Response) -> tuple[int, int | None]:
    """Return where the body begins in the file, and the length of the file, if told."""
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.header("content-range").strip())
        if not found:
            return -1, None
        return int(found[1]), None if found[2] == "*" else int(found[2])
    length = response.header("content-length")
    plain = response.header("content-encoding").lower() in ("", "identity")
    return 0, int(length) if plain and length.isdigit() else None


def _too_large(wanted: Wanted, size: int) -> str:
    return (
        f"{wanted.what}: {size} bytes or more are over the limit of {wanted.most_bytes}: not kept; take a shorter one"
    )
