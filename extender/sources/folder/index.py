"""The index of a library: an SQLite file in the cache, made once, brought up to date when the library has changed."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import TypeVar

from extender.errors import SourceError
from extender.sources.folder.papers import read_papers
from extender.sources.folder.records import SoundRecord, record_of
from extender.sources.folder.scan import Scan, is_unchanged, scan
from extender.sources.folder.words import stem, stems

VERSION = 1
"""Of the tables; an index of another version is made anew."""

_BATCH = 10_000
_RECHECK_S = 10.0
_SCHEMA = """
CREATE TABLE about (scanned_ns INTEGER NOT NULL);
CREATE TABLE stamps (path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL, paper INTEGER NOT NULL);
CREATE TABLE problems (text TEXT NOT NULL);
CREATE TABLE sounds (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL,
    label TEXT NOT NULL, tags TEXT NOT NULL, title TEXT NOT NULL,
    label_stems TEXT NOT NULL, tag_stems TEXT NOT NULL, title_stems TEXT NOT NULL,
    author TEXT NOT NULL, licence TEXT NOT NULL, url TEXT NOT NULL, duration_s REAL,
    probed_ns INTEGER, probed_s REAL, channels INTEGER
);
CREATE INDEX by_label ON sounds (label_stems);
CREATE TABLE words (stem TEXT, sound INTEGER, PRIMARY KEY (stem, sound)) WITHOUT ROWID;
"""
_COLUMNS = (
    "id, path, label, tags, title, label_stems, tag_stems, title_stems, author, licence, url, duration_s,"
    " probed_ns, probed_s, channels"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One sound as the index gives it back; the stems are as :func:`extender.sources.folder.words.stems` makes them.

    ``probed_ns`` is the stamp under which the file was last looked into, ``probed_s`` and ``channels`` what was found
    (None = it could not be read).
    """

    id: int
    path: str
    label: str
    tags: tuple[str, ...]
    title: str
    label_stems: tuple[str, ...]
    tag_stems: tuple[tuple[str, ...], ...]
    title_stems: tuple[str, ...]
    author: str
    licence: str
    url: str
    duration_s: float | None
    probed_ns: int | None
    probed_s: float | None
    channels: int | None


class LibraryIndex:
    """The index of one library.

    Parameters
    ----------
    root : Path
        The library.
    cache_dir : Path
        Where the index is kept, as ``libraries/<digest of the library's real path>.sqlite3``.
    """

    def __init__(self, root: Path, cache_dir: Path) -> None:
        self.root = root.resolve()
        digest = hashlib.sha256(str(self.root).encode("utf-8", "surrogateescape")).hexdigest()[:20]
        self.file = cache_dir / "libraries" / f"{digest}.sqlite3"
        self._checked_at: float | None = None

    def find(self, phrases: Sequence[tuple[str, ...]], *, start: int, limit: int) -> list[Entry]:
        """Return sounds in whose label, tags or title all stems of one of the phrases occur.

        Parameters
        ----------
        phrases : sequence of tuple of str
            Stems.
        start : int
            0..2**63 − 1. Where a phrase has more than ``limit`` sounds, which of them are taken depends on it.
        limit : int
            How many sounds at most for each phrase; as many again whose whole label is the phrase.
        """

        def read(db: sqlite3.Connection) -> list[Entry]:
            ids: dict[int, None] = {}
            for phrase in phrases:
                ids.update(dict.fromkeys(_labelled(db, phrase, start, limit)))
                ids.update(dict.fromkeys(_with_words(db, phrase, start, limit)))
            return list(_entries(db, list(ids)))

        return self._with_fresh(read)

    def entry(self, path: str) -> Entry | None:
        """Return the sound at a path inside the library; None where there is none."""
        return self._with_fresh(lambda db: next(_entries(db, [sound_id(path)]), None))

    def remember_probes(self, probes: Iterable[tuple[int, int, float | None, int | None]]) -> None:
        """Keep what was found in files: rows of (id, stamp in ns, seconds or None, channels or None)."""
        rows = [(ns, seconds, channels, sound) for sound, ns, seconds, channels in probes]
        if not rows:
            return

        def write(db: sqlite3.Connection) -> None:
            with db:
                db.executemany("UPDATE sounds SET probed_ns=?, probed_s=?, channels=? WHERE id=?", rows)

        self._with_fresh(write)

    def count(self) -> int:
        """Return how many sounds the library holds."""
        return self._with_fresh(lambda db: int(db.execute("SELECT count(*) FROM sounds").fetchone()[0]))

    def problems(self) -> tuple[str, ...]:
        """Return what could not be read when the library was indexed, one line each."""
        return self._with_fresh(lambda db: tuple(row[0] for row in db.execute("SELECT text FROM problems")))

    def _with_fresh(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with an index that is up to date; one that is damaged is made anew."""
        for attempt in (1, 2):
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with closing(sqlite3.connect(self.file, timeout=60.0)) as db:
                    self._bring_up_to_date(db)
                    return work(db)
            except sqlite3.DatabaseError as error:
                self._checked_at = None
                if attempt == 2 or not _is_damage(error):
                    raise SourceError(
                        f"the index of {self.root} cannot be kept in {self.file.parent}: {error}; "
                        "make room there, or set EXTENDER_CACHE to a folder that can be written"
                    ) from None
                self.file.unlink(missing_ok=True)
            except OSError as error:
                raise SourceError(
                    f"the index of {self.root} cannot be kept in {self.file.parent}: {error.strerror}; "
                    "set EXTENDER_CACHE to a folder that can be written"
                ) from None
        raise AssertionError("unreachable")

    def _bring_up_to_date(self, db: sqlite3.Connection) -> None:
        now = time.monotonic()
        if self._checked_at is not None and now - self._checked_at < _RECHECK_S:
            return
        if not self._is_current(db):
            db.execute("PRAGMA synchronous=OFF")  # it is a cache: after a power cut it is made anew
            db.execute("BEGIN IMMEDIATE")
            with db:  # another process may have done it while this one waited for the lock
                if not self._is_current(db):
                    self._update(db)
        self._checked_at = now

    def _is_current(self, db: sqlite3.Connection) -> bool:
        if _version(db) != VERSION:
            return False
        row = db.execute("SELECT scanned_ns FROM about").fetchone()
        stamps = db.execute("SELECT path, mtime_ns, size FROM stamps").fetchall()
        return row is not None and is_unchanged(self.root, ((p, (ns, size)) for p, ns, size in stamps), row[0])

    def _update(self, db: sqlite3.Connection) -> None:
        scanned_ns = time.time_ns()
        found = scan(self.root)
        if "" not in found.folders:
            raise SourceError(f"the sound library {self.root} cannot be read: {'; '.join(found.problems)}")
        if _version(db) == VERSION and not found.papers and not _papers(db):
            known = {row[0] for row in db.execute("SELECT path FROM sounds")}
            present = set(found.files)
            _remove(db, known - present)
            _add(db, (record_of(path, None) for path in found.files if path not in known))
        else:
            _make_tables(db)
            notes, problems = read_papers(self.root, frozenset(found.files), list(found.papers))
            _add(db, (record_of(path, notes.get(path)) for path in found.files))
            found = Scan(found.files, found.papers, found.folders, (*found.problems, *problems))
        _remember_scan(db, found, scanned_ns)


def sound_id(path: str) -> int:
    """Return a sound's number in the index: 63 bits of a digest of its path, so that it is the same in every index."""
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "big") >> 1


def words_of(record: SoundRecord) -> set[str]:
    """Return the stems under which a sound is found; neighbours also as one word: "door bell" is a doorbell."""
    words: set[str] = set()
    for field in (record.label, record.title, *record.tags):
        found = stems(field)
        words.update(found)
        words.update(joined(pair) for pair in pairwise(found))
    return words


@lru_cache(maxsize=20_000)
def joined(pair: tuple[str, ...]) -> str:
    """Return two stems as the stem of the one word they may be written as."""
    return stem("".join(pair))


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return any(sign in str(error) for sign in ("no such table", "no such column", "malformed"))
    return True


def _make_tables(db: sqlite3.Connection) -> None:
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    for table in tables:
        db.execute(f'DROP TABLE "{table}"')
    for statement in _SCHEMA.split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA user_version={VERSION}")


def _remember_scan(db: sqlite3.Connection, found: Scan, scanned_ns: int) -> None:
    for table in ("about", "stamps", "problems"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - one of three names
    db.execute("INSERT INTO about VALUES (?)", (scanned_ns,))
    folders = ((path, *stamp, 0) for path, stamp in found.folders.items())
    papers = ((path, *stamp, 1) for path, stamp in found.papers.items())
    db.executemany("INSERT INTO stamps VALUES (?, ?, ?, ?)", (*folders, *papers))
    db.executemany("INSERT INTO problems VALUES (?)", ((text,) for text in found.problems))


def _papers(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM stamps WHERE paper LIMIT 1").fetchone() is not None


def _add(db: sqlite3.Connection, records: Iterable[SoundRecord]) -> None:
    waiting = iter(records)
    while batch := list(islice(waiting, _BATCH)):
        rows, words = [], []
        for record in batch:
            number = sound_id(record.path)
            rows.append(_row(number, record))
            words += [(word, number) for word in words_of(record)]
        places = ", ".join("?" * len(rows[0]))
        columns = _COLUMNS.split(", probed_ns")[0]
        db.executemany(f"INSERT OR REPLACE INTO sounds ({columns}) VALUES ({places})", rows)  # noqa: S608
        db.executemany("INSERT OR IGNORE INTO words VALUES (?, ?)", sorted(words))


def _row(number: int, record: SoundRecord) -> tuple[object, ...]:
    return (
        number,
        record.path,
        record.label,
        "\t".join(tag.replace("\t", " ") for tag in record.tags),
        record.title,
        " ".join(stems(record.label)),
        "\t".join(" ".join(stems(tag)) for tag in record.tags),
        " ".join(stems(record.title)),
        record.author,
        record.licence,
        record.url,
        record.duration_s,
    )


def _remove(db: sqlite3.Connection, paths: set[str]) -> None:
    if not paths:
        return
    numbers = [(sound_id(path),) for path in paths]
    db.execute("CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY)")
    db.executemany("INSERT INTO gone VALUES (?)", numbers)
    db.execute("DELETE FROM words WHERE sound IN (SELECT id FROM gone)")
    db.execute("DELETE FROM sounds WHERE id IN (SELECT id FROM gone)")
    db.execute("DROP TABLE gone")


def _labelled(db: sqlite3.Connection, phrase: tuple[str, ...], start: int, limit: int) -> Iterator[int]:
    query = "SELECT id FROM sounds WHERE label_stems=? AND id {} ? ORDER BY id LIMIT ?"
    yield from _around(db, query, (" ".join(phrase),), start, limit)


def _with_words(db: sqlite3.Connection, phrase: tuple[str, ...], start: int, limit: int) -> Iterator[int]:
    """Go through the sounds of the rarest word and keep those that have the others too."""
    count = "SELECT count(*) FROM (SELECT 1 FROM words WHERE stem=? LIMIT 5000)"
    rarest, *others = sorted(set(phrase), key=lambda word: (db.execute(count, (word,)).fetchone()[0], word))
    also = " AND EXISTS (SELECT 1 FROM words o WHERE o.stem=? AND o.sound=w.sound)" * len(others)
    query = f"SELECT sound FROM words w WHERE stem=?{also} AND sound {{}} ? ORDER BY sound LIMIT ?"  # noqa: S608
    yield from _around(db, query, (rarest, *others), start, limit)


def _around(db: sqlite3.Connection, query: str, values: tuple[str, ...], start: int, limit: int) -> Iterator[int]:
    """Take up to ``limit`` numbers from ``start`` upwards, going on at 0 after the highest."""
    taken = [row[0] for row in db.execute(query.format(">="), (*values, start, limit))]
    if len(taken) < limit:
        taken += [row[0] for row in db.execute(query.format("<"), (*values, start, limit - len(taken)))]
    yield from taken


def _entries(db: sqlite3.Connection, numbers: list[int]) -> Iterator[Entry]:
    for first in range(0, len(numbers), 500):
        some = numbers[first : first + 500]
        places = ", ".join("?" * len(some))
        for row in db.execute(f"SELECT {_COLUMNS} FROM sounds WHERE id IN ({places})", some):  # noqa: S608
            number, path, label, tags, title, label_stems, tag_stems, title_stems, *rest = row
            yield Entry(
                number,
                path,
                label,
                tuple(tags.split("\t")) if tags else (),
                title,
                tuple(label_stems.split()),
                tuple(tuple(tag.split()) for tag in tag_stems.split("\t") if tag),
                tuple(title_stems.split()),
                *rest,
            )
