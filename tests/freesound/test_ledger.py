"""Never more than the service allows, as the service counts, whoever asks and whatever the clock does."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freesound import LEVELS, FreesoundError, Ledger, Limits, QuotaExceeded, SystemClock, Throttled
from freesound.ledger import DAY_S, MARGIN_S, MINUTE_S
from tests.freesound.fakes import NOW, FakeClock


def most_in_a_window(times: list[float], window: float) -> int:
    """Return how many fall into the fullest window, counted as the service does."""
    times = sorted(times)
    most = start = 0
    for end, moment in enumerate(times):
        while times[start] <= moment - window:
            start += 1
        most = max(most, end - start + 1)
    return most


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 8), st.floats(0, 20))
def test_the_bound_holds_where_the_service_counts(rng: random.Random, limit: int, slowest_s: float) -> None:
    """The service counts a request at any moment between its sending and its answer, also out of order."""
    clock = FakeClock()
    ledger = Ledger(limits=Limits(get_per_minute=limit), clock=clock)
    counted: list[float] = []
    open_requests: list[tuple[float, int]] = []
    for _ in range(6 * limit):
        clock.now += rng.random() * 10
        entry = None
        while entry is None:
            for end, old in sorted(open_requests):
                if end <= clock.now:
                    ledger.finish(old)
                    open_requests.remove((end, old))
            try:
                entry = ledger.acquire("key", patience_s=0)
            except Throttled:
                clock.now += 0.5
        latency = rng.random() * slowest_s
        counted.append(clock.now + rng.random() * latency)
        open_requests.append((clock.now + latency, entry))
    assert most_in_a_window(counted, MINUTE_S) <= limit


def test_waits_just_as_long_as_needed() -> None:
    clock = FakeClock()
    ledger = Ledger(clock=clock)
    told: list[float] = []
    for _ in range(60):
        ledger.finish(ledger.acquire("key"))
    assert clock.now == NOW
    assert ledger.remaining("key").minute == 0
    ledger.acquire("key", on_wait=told.append)
    assert clock.now == pytest.approx(NOW + MINUTE_S + MARGIN_S, abs=0.1)
    assert told == [pytest.approx(MINUTE_S + MARGIN_S)]
    ledger.acquire("another key")  # which has its own sixty


def test_impatience_is_one_clear_line() -> None:
    ledger = Ledger(limits=Limits(get_per_minute=1), clock=FakeClock())
    ledger.finish(ledger.acquire("key"))
    with pytest.raises(Throttled, match="1 requests a minute for all programs with this key") as error:
        ledger.acquire("key", patience_s=10)
    assert error.value.retry_in_s == pytest.approx(60.5)


def test_a_used_up_day_says_until_when() -> None:
    clock = FakeClock()
    ledger = Ledger(limits=Limits(get_per_minute=None, get_per_day=3), clock=clock)
    for _ in range(3):
        ledger.finish(ledger.acquire("key"))
        clock.now += 100
    with pytest.raises(QuotaExceeded, match="3 requests that Freesound allows in a day") as error:
        ledger.acquire("key")
    assert error.value.resets_at is not None
    assert error.value.resets_at.timestamp() == pytest.approx(NOW + DAY_S)
    assert ledger.remaining("key").day == 0
    assert ledger.remaining("key").resets_at is not None
    clock.now = NOW + DAY_S + 1
    ledger.acquire("key")


def test_posts_stand_in_the_same_book_and_have_the_smaller_limit() -> None:
    ledger = Ledger(clock=FakeClock())
    for _ in range(30):
        ledger.finish(ledger.acquire("key", "GET"))
    assert ledger.remaining("key", "POST").minute == 0
    with pytest.raises(Throttled):
        ledger.acquire("key", "POST", patience_s=1)
    ledger.acquire("key", "GET", patience_s=1)


def test_what_the_service_does_not_count_is_taken_back() -> None:
    ledger = Ledger(limits=Limits(get_per_minute=1), clock=FakeClock())
    ledger.release(ledger.acquire("key"))
    ledger.finish(ledger.acquire("key", patience_s=0), counted=False)
    ledger.acquire("key", patience_s=0)


def test_a_request_whose_program_died_is_counted_for_a_while() -> None:
    clock = FakeClock()
    ledger = Ledger(limits=Limits(get_per_minute=1), clock=clock)
    ledger.acquire("key")
    clock.now += 119
    with pytest.raises(Throttled):
        ledger.acquire("key", patience_s=0)
    clock.now += 3
    ledger.acquire("key", patience_s=0)


def test_a_refusal_stops_every_program_for_a_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    Ledger(tmp_path / "book", clock=clock).refused("key", "GET", "minute")
    other = Ledger(tmp_path / "book", clock=clock)
    assert other.remaining("key").minute == 0
    with pytest.raises(Throttled):
        other.acquire("key", patience_s=59)
    other.acquire("key", patience_s=61)
    assert clock.now == pytest.approx(NOW + 60, abs=0.1)


def test_the_book_outlives_the_program_and_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "state" / "book"
    limits = Limits(get_per_minute=1)
    Ledger(path, limits=limits, clock=FakeClock()).acquire("key")
    for clock in (FakeClock(NOW + 30), FakeClock(NOW + 30, boot="boot-2"), FakeClock(NOW + 30, boot="")):
        with pytest.raises(Throttled):
            Ledger(path, limits=limits, clock=clock).acquire("key", patience_s=0)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("jump_s", [-86_400.0, -3600.0, -61.0, 61.0, 3600.0, 86_400.0 * 365])
def test_setting_the_clock_changes_nothing(tmp_path: Path, jump_s: float) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "book", limits=Limits(get_per_minute=1, get_per_day=2), clock=clock)
    ledger.finish(ledger.acquire("key"))
    clock.jumped = jump_s
    with pytest.raises(Throttled):
        ledger.acquire("key", patience_s=0)
    start = clock.now
    ledger.finish(ledger.acquire("key"))
    assert clock.now - start == pytest.approx(60.5, abs=0.1)
    with pytest.raises(QuotaExceeded) as error:
        ledger.acquire("key")
    assert error.value.resets_at is not None
    assert error.value.resets_at.timestamp() == pytest.approx(clock.wall() + DAY_S - 60.5, abs=1)


def test_without_a_steady_clock_going_back_waits_no_longer() -> None:
    clock = FakeClock(boot="")
    ledger = Ledger(limits=Limits(get_per_minute=1), clock=clock)
    ledger.finish(ledger.acquire("key"))
    clock.jumped = -1e6
    start = clock.now
    ledger.acquire("key")
    assert clock.now - start == pytest.approx(60.5, abs=0.1)


def test_a_damaged_book_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "book.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    ledger = Ledger(path, clock=FakeClock())
    ledger.finish(ledger.acquire("key"))
    assert ledger.remaining("key").minute == 59
    assert "damaged" in caplog.text


def test_a_book_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    with pytest.raises(FreesoundError, match="cannot write the book of requests"):
        Ledger(tmp_path / "book", clock=FakeClock())


def test_old_entries_leave_the_book(tmp_path: Path) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "book", clock=clock)
    for _ in range(5):
        ledger.finish(ledger.acquire("key"))
        clock.now += DAY_S
    db = sqlite3.connect(tmp_path / "book")
    assert db.execute("SELECT count(*) FROM sent").fetchone()[0] <= 2
    db.close()


def test_levels() -> None:
    assert LEVELS[1] == Limits(60, 2000, 30, 500)
    assert Ledger(limits=LEVELS[99], clock=FakeClock()).remaining("key").minute is None
    now = datetime.now(UTC).timestamp()
    assert abs(SystemClock().wall() - now) < 5


WINDOW_S = 1.0
"""The real thing, with a minute of one second."""


class Hurried(SystemClock):
    """Sixty times as fast."""

    def wall(self) -> float:
        return super().wall() * MINUTE_S / WINDOW_S

    def steady(self) -> float:
        return super().steady() * MINUTE_S / WINDOW_S

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * WINDOW_S / MINUTE_S)


def ask(path: Path, requests: int, seed: int) -> list[float]:
    """One program: sends, is counted somewhere on the way, gets its answer."""
    clock, rng, counted = Hurried(), random.Random(seed), []
    ledger = Ledger(path, limits=Limits(get_per_minute=20), clock=clock)
    for _ in range(requests):
        entry = ledger.acquire("key")
        latency = rng.random() * 0.05
        at = rng.random() * latency
        time.sleep(at)
        counted.append(clock.steady())
        time.sleep(latency - at)
        ledger.finish(entry)
    return counted


def test_many_programs_at_once(tmp_path: Path) -> None:
    programs, each = 4, 15
    with ProcessPoolExecutor(programs, get_context("fork")) as pool:
        jobs = [pool.submit(ask, tmp_path / "book", each, seed) for seed in range(programs)]
        counted = [moment for job in jobs for moment in job.result()]
    assert len(counted) == programs * each
    assert most_in_a_window(counted, MINUTE_S) <= 20
    assert max(counted) - min(counted) < 6 * MINUTE_S


def test_many_threads_at_once() -> None:
    ledger = Ledger(limits=Limits(get_per_minute=25), clock=FakeClock())
    entries: list[int] = []
    threads = [threading.Thread(target=lambda: entries.append(ledger.acquire("key"))) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(entries)) == 25
    assert ledger.remaining("key").minute == 0
