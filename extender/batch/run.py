"""The whole flow of a batch: what is there → what is left to do → workers → journal, tables, gallery."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import extender
from extender.batch.gallery import write_gallery
from extender.batch.jobs import Job, key_of
from extender.batch.pool import Event, Pool
from extender.batch.record import FOLDER, Journal, Record, is_valid, write_tables
from extender.errors import InputError, OutputError

TABLES_EVERY_S = 20.0
"""How often the tables and the gallery are brought up to date while work goes on, at most."""
TABLES_SHARE = 0.02
"""How much of the time may go into that; they take longer the more pictures there are."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a batch says of itself as it goes: one picture at a time."""

    kind: Literal["kept", "begun", "stage", "ended"]
    record: Record
    worker: str = ""
    stage: str = ""
    fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all.

    Parameters
    ----------
    records : tuple of Record
        In the order of the input.
    rendered, kept, failed : int
    seconds : float
        Of this run.
    workers : int
    interrupted : bool
    """

    records: tuple[Record, ...]
    rendered: int
    kept: int
    failed: int
    seconds: float
    workers: int
    interrupted: bool = False

    @property
    def per_minute(self) -> float:
        """Pictures rendered in a minute."""
        return 60.0 * self.rendered / self.seconds if self.seconds > 0.0 else 0.0


@dataclass(slots=True)
class _State:
    """What is known so far."""

    output: Path
    jobs: Sequence[Job]
    journal: Journal
    title: str
    started: float = field(default_factory=time.monotonic)
    due: float = 0.0
    rendered: int = 0
    kept: int = 0

    def records(self) -> list[Record]:
        """Return what is known of the pictures of this run, in their order."""
        known = self.journal.known
        return [known[job.name] for job in self.jobs if job.name in known and known[job.name].status != "begun"]

    def write(self, workers: int) -> None:
        """Write the tables and the gallery."""
        started = time.monotonic()
        records, seconds = self.records(), started - self.started
        done = sum(record.status == "done" for record in records)
        summary = {
            "wanted": len(self.jobs), "done": done, "failed": len(records) - done, "workers": workers,
            "seconds": round(seconds, 1),
        }  # fmt: skip
        write_tables(records, self.output, summary)
        write_gallery(records, self.output, self.title, wanted=len(self.jobs))
        took_s = time.monotonic() - started
        self.due = time.monotonic() + max(TABLES_EVERY_S, took_s / TABLES_SHARE)


def run_batch(
    jobs: Sequence[Job],
    output: Path,
    pool: Pool,
    *,
    retry_failed: bool = False,
    force: bool = False,
    title: str = "Soundscapes",
    tell: Callable[[Told], None] = lambda told: None,
) -> Summary:
    """Render what is not rendered yet.

    A picture is done when its soundscape lies in the output whole (by its checksum) and was made of the same picture
    with the same options. What failed before is tried again if ``retry_failed``, or if the picture or its options
    have changed.

    Parameters
    ----------
    jobs : sequence of Job
        With names that differ.
    output : Path
        Made if it is missing. Two runs cannot have the same at the same time.
    pool : Pool
    retry_failed : bool
    force : bool
        Replace soundscapes that lie there and were not made by a batch.
    title : str
        Of the gallery.
    tell : callable
        Told what happens.

    Raises
    ------
    OutputError
        The output is in use by another run, or cannot be written.
    """
    with _locked(output), closing(Journal(output)) as journal:
        state = _State(output, jobs, journal, title)
        interrupted = False
        try:
            todo = _left(state, retry_failed=retry_failed, force=force, tell=tell)
            with pool:
                for event in pool.work(todo):
                    _take_note(event, state, tell)
                    if time.monotonic() > state.due:
                        state.write(pool.workers)
        except KeyboardInterrupt:
            interrupted = True
            _clear([job for job in jobs if _status(journal, job) == "begun"], output)
        finally:
            state.write(pool.workers)
    records = state.records()
    failed = sum(record.status == "failed" for record in records)
    seconds = time.monotonic() - state.started
    return Summary(tuple(records), state.rendered, state.kept, failed, seconds, pool.workers, interrupted)


def _status(journal: Journal, job: Job) -> str:
    record = journal.known.get(job.name)
    return record.status if record else ""


def _left(state: _State, *, retry_failed: bool, force: bool, tell: Callable[[Told], None]) -> Iterator[Job]:
    """Yield what is left to do; clear away what was left half done."""
    for plain in state.jobs:
        record = state.journal.known.get(plain.name)
        try:
            job = replace(plain, key=key_of(plain.picture, plain.options, extender.__version__))
        except InputError as problem:
            _end(Record(plain.name, plain.shown, "failed", "", error=str(problem)), state, tell)
            continue
        if record is not None and record.key == job.key:
            if record.status == "failed" and not retry_failed:
                tell(Told("kept", record))
                continue
            if record.status == "done" and is_valid(record, state.output):
                state.kept += 1
                tell(Told("kept", record))
                continue
        if record is None and not force and (state.output / job.name).exists():
            error = f"{state.output / job.name} is there and was not made by a batch; give --force to replace it"
            _end(Record(job.name, job.shown, "failed", "", error=error), state, tell)
            continue
        _clear([job], state.output)
        yield job


def _clear(jobs: Sequence[Job], output: Path) -> None:
    """Remove what a killed worker left: folders that never got their name."""
    for job in jobs:
        folder = output / job.name
        with suppress(OSError):
            for rest in folder.parent.glob(f".{_escaped(folder.name[:80])}.*"):
                if rest.suffix in (".partial", ".old") and rest.is_dir():
                    shutil.rmtree(rest, ignore_errors=True)


def _escaped(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _take_note(event: Event, state: _State, tell: Callable[[Told], None]) -> None:
    job = event.job
    if event.kind == "ended" and event.record is not None:
        if event.record.status == "begun":  # it did not end, for a reason that is not its own
            if event.record.error:
                raise OutputError(f"{event.record.error}; what is finished is kept: then run the same command again")
            return
        state.rendered += event.record.status == "done"
        _clear([job], state.output)  # what a worker has left that was killed, before another took its place
        _end(event.record, state, tell, event.worker)
        return
    record = Record(job.name, job.shown, "begun", job.key)
    if event.kind == "begun":
        state.journal.add(record)
    tell(Told("begun" if event.kind == "begun" else "stage", record, event.worker, event.stage, event.fraction))


def _end(record: Record, state: _State, tell: Callable[[Told], None], worker: str = "") -> None:
    state.journal.add(record)
    tell(Told("ended", record, worker))


@contextmanager
def _locked(output: Path) -> Iterator[None]:
    """Keep other runs out of an output."""
    from filelock import FileLock, Timeout

    path = output / FOLDER / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        lock.acquire()
    except Timeout:
        raise OutputError(f"another run is writing to {output}; wait for it or give another --output") from None
    except OSError as error:
        raise OutputError(f"cannot write to {output}: {error.strerror or error}; give another --output") from None
    try:
        yield
    finally:
        lock.release()


def is_batch(folder: Path) -> bool:
    """Tell whether a folder is the output of a batch."""
    return (folder / FOLDER / "journal.jsonl").is_file()
