"""Processes of this machine that render pictures; one that dies takes nothing with it but its turn."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal, Protocol

from extender.batch.jobs import Job
from extender.batch.record import Record

ATTEMPTS = 2
"""A picture whose worker died is tried once more: somebody may have killed the worker, or the picture did."""
WORKER_BYTES = 1_300_000_000
"""What a worker with a detector needs; seen: 1.2 GB."""
PATIENCE_S = 2.0
"""How long workers have to clean up before they are killed."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a picture: begun, a stage of work, or what became of it."""

    kind: Literal["begun", "stage", "ended"]
    job: Job
    worker: str = ""
    stage: str = ""
    fraction: float = 0.0
    record: Record | None = None


class Pool(Protocol):
    """Renders jobs somewhere; used in a ``with`` statement, the end of which stops all work."""

    workers: int

    def work(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """Yield what happens; every job ends with exactly one ``ended``."""
        ...

    def __enter__(self) -> Pool: ...

    def __exit__(self, *error: object) -> None: ...


def workers_for(wanted: int | None = None) -> int:
    """Return how many workers fit: one for each core that may be used, if there is memory for them."""
    if wanted is not None:
        return wanted
    return max(1, min(_cores(), int(_memory_bytes() // WORKER_BYTES)))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> float:
    """Return the memory that is there for us: what is available, less where a control group allows less."""
    free = float("inf")
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = 1024.0 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    with suppress(OSError, ValueError):
        free = min(free, float(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    return free


def threads_for(workers: int) -> int:
    """Return how many threads each worker may use, so that all together use each core once."""
    return max(1, _cores() // workers)


def environment(threads: int) -> dict[str, str]:
    """Return what tells our mixer and the number crunchers below us how many threads to use."""
    names = ("MIXER_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {name: str(threads) for name in names}


def _serve(link: Connection, output: str, variables: dict[str, str]) -> None:
    """Be a worker: render what comes until nothing comes any more."""
    os.environ.update(variables)
    signal.signal(signal.SIGTERM, _interrupted)
    from extender.batch.worker import render_job

    told = 0.0
    with suppress(KeyboardInterrupt, EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job: Job = link.recv()

            def tell(stage: str, fraction: float) -> None:
                nonlocal told
                if time.monotonic() - told > 0.2:
                    told = time.monotonic()
                    link.send((stage, fraction))

            link.send(render_job(job, Path(output), tell))
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  # nothing that exit handlers say is for anybody
    os._exit(0)


@contextmanager
def deaf() -> Iterator[None]:
    """Let processes that are started be deaf to Ctrl-C: it reaches all of them, and the main one decides.

    What is blocked here stays blocked in them; for us it is only put off.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would take the block away when it begins
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupted(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


@dataclass(slots=True)
class _Worker:
    """One process, and what it does."""

    name: str
    process: BaseProcess
    link: Connection
    job: Job | None = None
    begun_s: float = 0.0


@dataclass(slots=True)
class LocalPool:
    """Processes on this machine.

    Parameters
    ----------
    output : Path
        Of the batch.
    workers : int
    timeout_s : float or None
        A picture that takes longer is given up.
    """

    output: Path
    workers: int
    timeout_s: float | None = None
    _all: list[_Worker] = field(default_factory=list)
    _tries: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> LocalPool:
        return self

    def _started(self, name: str) -> _Worker:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        variables = environment(threads_for(self.workers))
        process = context.Process(target=_serve, args=(there, str(self.output), variables), name=name, daemon=True)
        before = {key: os.environ.get(key) for key in variables}
        os.environ.update(variables)  # a child reads some of them while it is being born
        try:
            with deaf():
                process.start()
        finally:
            for key, value in before.items():
                os.environ.pop(key, None) if value is None else os.environ.update({key: value})
        there.close()
        return _Worker(name, process, here)

    def work(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """See :class:`Pool`."""
        waiting = iter(jobs)
        again: list[Job] = []
        while True:
            yield from self._hand_out(waiting, again)
            busy = [worker for worker in self._all if worker.job is not None]
            if not busy:
                return
            ready = wait([w.link for w in busy], timeout=0.2)
            for worker in busy:
                if worker.link in ready:
                    yield from self._heard(worker, again)
                elif self.timeout_s is not None and time.monotonic() - worker.begun_s > self.timeout_s:
                    yield self._given_up(worker)

    def _hand_out(self, waiting: Iterator[Job], again: list[Job]) -> Iterator[Event]:
        """Give every idle worker something to do; start those that are missing."""
        for _ in range(self.workers):
            idle = next((w for w in self._all if w.job is None), None)
            if idle is None and len(self._all) >= self.workers:
                return
            job = again.pop() if again else next(waiting, None)
            if job is None:
                return
            if idle is None:
                used = {w.name for w in self._all}
                idle = self._started(next(str(n) for n in range(1, self.workers + 2) if str(n) not in used))
                self._all.append(idle)
            idle.job, idle.begun_s = job, time.monotonic()
            with suppress(BrokenPipeError, ConnectionResetError):  # it died: that is heard of soon
                idle.link.send(job)
            yield Event("begun", job, idle.name)

    def _heard(self, worker: _Worker, again: list[Job]) -> Iterator[Event]:
        job = worker.job
        assert job is not None  # noqa: S101
        try:
            said = worker.link.recv()
        except (EOFError, ConnectionResetError, OSError):
            yield from self._died(worker, job, again)
            return
        if isinstance(said, Record):
            worker.job = None
            yield Event("ended", job, worker.name, record=said)
        else:
            yield Event("stage", job, worker.name, said[0], said[1])

    def _died(self, worker: _Worker, job: Job, again: list[Job]) -> Iterator[Event]:
        worker.process.join(1.0)
        code = worker.process.exitcode
        self._all.remove(worker)
        worker.link.close()
        self._tries[job.name] = self._tries.get(job.name, 0) + 1
        if self._tries[job.name] < ATTEMPTS:
            again.append(job)
            return
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        error = f"the process that rendered it {how}, {ATTEMPTS} times; perhaps there is too little memory for it"
        yield Event("ended", job, worker.name, record=Record(job.name, job.shown, "failed", job.key, error=error))

    def _given_up(self, worker: _Worker) -> Event:
        job = worker.job
        assert job is not None  # noqa: S101
        _stop([worker])
        self._all.remove(worker)
        seconds = round(time.monotonic() - worker.begun_s, 3)
        error = f"it took longer than {self.timeout_s or 0.0:g} s, so it was given up; give a longer --timeout"
        record = Record(job.name, job.shown, "failed", job.key, seconds, error=error)
        return Event("ended", job, worker.name, record=record)

    def __exit__(self, *error: object) -> None:
        _stop(self._all)
        self._all.clear()


def _stop(workers: list[_Worker]) -> None:
    """Let workers clean up and end; kill those that take too long."""
    for worker in workers:
        worker.process.terminate()
    end = time.monotonic() + PATIENCE_S
    for worker in workers:
        worker.process.join(max(0.0, end - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join(1.0)
        worker.link.close()
