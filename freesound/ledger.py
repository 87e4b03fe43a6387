"""How many requests have been sent, known to all processes of a user.

The service tells nothing about usage, so the client keeps its own book: one SQLite file, one row per request. The
service counts a request at some moment between sending and the answer's headers; a row therefore occupies its place
from the sending until a window after the *headers came*, which keeps the bound as the service counts, whatever the
latency.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from freesound.clock import Clock, SystemClock
from freesound.errors import FreesoundError, QuotaExceeded, Throttled

log = logging.getLogger("freesound")

MINUTE_S = 60.0
DAY_S = 86_400.0
MARGIN_S = 0.5
"""Added to the minute: clocks of two machines do not run alike."""
UNANSWERED_S = 60.0
"""A request without an answer may be counted by the service until so long after it was sent."""
QUOTA_PAUSE_S = 3600.0
"""The service said that the day is used up, by whom we do not know: so long nobody asks."""
_NAP_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The service's limits for one key; ``None`` = none.

    Notes
    -----
    GET and POST requests stand in one log, so a POST counts what was got before.
    """

    get_per_minute: int | None = 60
    get_per_day: int | None = 2000
    post_per_minute: int | None = 30
    post_per_day: int | None = 500

    def of(self, method: str) -> tuple[int | None, int | None]:
        """Return the limits of a minute and of a day for ``"GET"`` or ``"POST"``."""
        if method == "GET":
            return self.get_per_minute, self.get_per_day
        return self.post_per_minute, self.post_per_day


LEVELS = {
    1: Limits(),
    2: Limits(300, 5000, 60, 1000),
    3: Limits(300, 15_000, 60, 3000),
    99: Limits(None, None, None, None),
}
"""By the throttling level of a key; 1 is what everybody gets."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What may still be sent; ``None`` = without limit. ``resets_at``: when a day that is used up ends."""

    minute: int | None
    day: int | None
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Wait:
    """Not now: so long, because of this unit."""

    seconds: float
    unit: str
    limit: int | None


class Ledger:
    """The book of one user's requests.

    Parameters
    ----------
    path : pathlib.Path or None
        The file that all processes share; None = this object alone, in memory.
    limits : Limits
    clock : Clock
    """

    def __init__(self, path: Path | None = None, *, limits: Limits | None = None, clock: Clock | None = None) -> None:
        self.path = path
        self.limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._memory: sqlite3.Connection | None = None
        if path is None:
            import threading

            self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._memory.executescript(_SCHEMA)
            self._lock = threading.Lock()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._book():
                pass

    def acquire(
        self,
        credential: str,
        method: str = "GET",
        *,
        patience_s: float = 3600.0,
        on_wait: Callable[[float], None] | None = None,
    ) -> int:
        """Wait until a request may be sent and enter it.

        Parameters
        ----------
        credential : str
            Which key, by its fingerprint: the service counts per key.
        method : str
            ``"GET"`` or ``"POST"``.
        patience_s : float
            The longest to wait for the minute.
        on_wait : callable, optional
            Told once, with the seconds, when there is something to wait for.

        Returns
        -------
        int
            The entry, for :meth:`finish` or :meth:`release`.

        Raises
        ------
        QuotaExceeded
            The requests of the day are used up.
        Throttled
            The wait would be longer than ``patience_s``.
        """
        start = self._clock.steady()
        told = False
        while True:
            with self._book() as book:
                outcome = self._try(book, credential, method)
            if isinstance(outcome, int):
                return outcome
            waited = self._clock.steady() - start
            if outcome.unit == "day":
                self._raise_quota(outcome)
            if waited + outcome.seconds > patience_s:
                raise Throttled(
                    f"Freesound allows {outcome.limit} requests a minute for all programs with this key, and the next "
                    f"one is {outcome.seconds:.0f} s away: try again then",
                    limit=outcome.limit,
                    unit="minute",
                    retry_in_s=outcome.seconds,
                )
            if on_wait is not None and not told:
                on_wait(outcome.seconds)
                told = True
            # in naps, for a place may come free early when somebody's request was never sent
            self._clock.sleep(min(max(outcome.seconds, 0.01), _NAP_S))

    def finish(self, entry: int, *, counted: bool = True) -> None:
        """Note that the answer's headers came. ``counted=False``: the service does not count it (401, 429)."""
        with self._book() as book:
            if counted:
                book.db.execute("UPDATE sent SET ended = ? WHERE id = ?", (book.now, entry))
            else:
                book.db.execute("DELETE FROM sent WHERE id = ?", (entry,))

    def release(self, entry: int) -> None:
        """Take an entry back: the request never left. (An entry without answer is simply left alone.)"""
        self.finish(entry, counted=False)

    def refused(self, credential: str, method: str, unit: str) -> float:
        """Note that the service refused a request although this book had room: somebody else uses the key.

        Returns
        -------
        float
            Seconds until the next attempt: a minute, or for a used-up day an hour.
        """
        pause = QUOTA_PAUSE_S if unit == "day" else MINUTE_S
        with self._book() as book:
            book.db.execute(
                "INSERT INTO refused VALUES (?, ?, ?, ?) ON CONFLICT (credential, method, unit) "
                "DO UPDATE SET until = excluded.until",
                (credential, method, unit, book.now + pause),
            )
        return pause

    def resets_at(self, credential: str) -> datetime:
        """Return when a used-up day ends at the latest: 24 h after the oldest request that is still counted."""
        with self._book() as book:
            (oldest,) = book.db.execute(
                "SELECT min(started) FROM sent WHERE credential = ? AND started > ?", (credential, book.now - DAY_S)
            ).fetchone()
            wait = DAY_S if oldest is None else oldest + DAY_S - book.now
        return datetime.fromtimestamp(self._clock.wall() + wait, UTC)

    def remaining(self, credential: str, method: str = "GET") -> Remaining:
        """Return how many requests may still be sent now."""
        per_minute, per_day = self.limits.of(method)
        with self._book() as book:
            used = [len(self._ends(book, credential, window)) for window in (MINUTE_S + MARGIN_S, DAY_S)]
            blocked = self._blocked(book, credential, method)
        minute = None if per_minute is None else max(0, per_minute - used[0])
        day = None if per_day is None else max(0, per_day - used[1])
        if blocked is not None:
            minute, day = 0, (0 if blocked.unit == "day" else day)
        return Remaining(minute, day, self.resets_at(credential) if day == 0 else None)

    def _raise_quota(self, wait: _Wait) -> NoReturn:
        resets_at = datetime.fromtimestamp(self._clock.wall() + wait.seconds, UTC)
        raise quota_exceeded(wait.limit, resets_at, wait.seconds)

    def _try(self, book: _Book, credential: str, method: str) -> int | _Wait:
        book.db.execute("DELETE FROM sent WHERE max(started, coalesce(ended, 0)) < ?", (book.now - DAY_S - MINUTE_S,))
        blocked = self._blocked(book, credential, method)
        if blocked is not None:
            return blocked
        per_minute, per_day = self.limits.of(method)
        for limit, window, unit in ((per_day, DAY_S, "day"), (per_minute, MINUTE_S + MARGIN_S, "minute")):
            ends = self._ends(book, credential, window)
            if limit is not None and len(ends) >= limit:
                if limit <= 0:
                    return _Wait(window, unit, limit)
                return _Wait(ends[-limit] + window - book.now, unit, limit)
        cursor = book.db.execute(
            "INSERT INTO sent (credential, method, started) VALUES (?, ?, ?)", (credential, method, book.now)
        )
        return int(cursor.lastrowid or 0)

    def _ends(self, book: _Book, credential: str, window: float) -> list[float]:
        """Return until when each request that still counts may have been counted by the service, in order."""
        rows = book.db.execute(
            # the answered ones when they were; the open ones now, until they are too old to be open
            """SELECT CASE WHEN ended IS NULL THEN min(max(started, :now), started + :open) ELSE ended END AS until
            FROM sent WHERE credential = :credential AND until > :since ORDER BY until""",
            {"now": book.now, "open": UNANSWERED_S, "credential": credential, "since": book.now - window},
        )
        return [until for (until,) in rows]

    def _blocked(self, book: _Book, credential: str, method: str) -> _Wait | None:
        book.db.execute("DELETE FROM refused WHERE until <= ?", (book.now,))
        row = book.db.execute(
            "SELECT unit, until FROM refused WHERE credential = ? AND method = ? ORDER BY until DESC LIMIT 1",
            (credential, method),
        ).fetchone()
        if row is None:
            return None
        unit, until = row
        return _Wait(until - book.now, unit, self.limits.of(method)[unit == "day"])

    @contextlib.contextmanager
    def _book(self) -> Iterator[_Book]:
        """Open the book for one entry: nobody else writes meanwhile."""
        if self._memory is not None:
            with self._lock, _transaction(self._memory):
                yield _Book(self._memory, self._time(self._memory))
            return
        try:
            with contextlib.closing(self._connect()) as db, _transaction(db):
                yield _Book(db, self._time(db))
        except sqlite3.OperationalError as error:
            raise FreesoundError(
                f"cannot write the book of requests {self.path} ({error}): make room, or its folder writable"
            ) from None

    def _connect(self) -> sqlite3.Connection:
        assert self.path is not None  # noqa: S101 - the caller asked
        try:
            return _open(self.path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            log.warning("the book of Freesound requests %s was damaged; a new one is begun", self.path)
            with contextlib.suppress(FileNotFoundError):
                self.path.replace(self.path.with_suffix(".damaged"))
            return _open(self.path)

    def _time(self, db: sqlite3.Connection) -> float:
        """Return the book's own time, which neither jumps nor goes back when the machine's clock is set."""
        wall, steady, boot = self._clock.wall(), self._clock.steady(), self._clock.boot
        row = db.execute("SELECT book, wall, steady, boot FROM clock").fetchone()
        if row is None:
            now = wall
        else:
            same_run = bool(boot) and boot == row[3] and steady >= row[2]
            now = row[0] + max(0.0, (steady - row[2]) if same_run else (wall - row[1]))
        db.execute("INSERT OR REPLACE INTO clock VALUES (0, ?, ?, ?, ?)", (now, wall, steady, boot))
        return float(now)


@dataclass(frozen=True, slots=True)
class _Book:
    db: sqlite3.Connection
    now: float


_SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY AUTOINCREMENT, credential TEXT, method TEXT, started REAL,
    ended REAL);
CREATE INDEX IF NOT EXISTS by_credential ON sent (credential);
CREATE TABLE IF NOT EXISTS refused (credential TEXT, method TEXT, unit TEXT, until REAL,
    PRIMARY KEY (credential, method, unit));
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY, book REAL, wall REAL, steady REAL, boot TEXT);
"""


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(mode=0o600)
    db = sqlite3.connect(path, timeout=60.0, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = OFF")  # a power cut may cost the book; the service would then tell us
        with _transaction(db):
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'clock'").fetchone():
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
    except BaseException:
        db.close()
        raise
    return db


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def quota_exceeded(limit: int | None, resets_at: datetime, retry_in_s: float | None = None) -> QuotaExceeded:
    """Return the error for a used-up day."""
    stated = f"{limit} requests" if limit else "requests"
    return QuotaExceeded(
        f"the {stated} that Freesound allows in a day are used up: go on after {resets_at:%Y-%m-%d %H:%M} UTC, or "
        "offline with what was fetched before, or ask mtg@upf.edu for a higher limit",
        resets_at=resets_at,
        limit=limit,
        retry_in_s=retry_in_s,
    )
