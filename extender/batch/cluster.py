"""Workers of a Dask cluster, on this machine or on many: the same jobs, the same results.

Workers need the package. What they see of the output and the pictures (a shared folder), they read and write there;
what they do not see is sent: pictures to them, soundscapes back.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import secrets
import signal
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extender.batch.jobs import Job
from extender.batch.pool import Event, deaf, environment, workers_for
from extender.batch.record import FOLDER, Record
from extender.errors import InstallError, OutputError, SourceError
from extender.output.workspace import whole_file, whole_folder

if TYPE_CHECKING:
    from distributed import Client

INSTALL = "pip install 'image-extender[cluster]'"
AHEAD = 2
"""Jobs in flight for each thread of the cluster: enough that nobody waits, few enough that little is lost."""
RETRIES = 2
"""How often a job is tried again whose worker was lost, before it is taken for the cause."""
CONNECT_S = 10.0
JOIN_S = 30.0
"""How long a scheduler may have no workers."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What comes back from a worker: the record, and the soundscape where the output is not shared.

    Without a record the worker does not see the picture: it has to be sent.
    """

    record: Record | None = None
    archive: bytes = b""


def _on_worker(job: Job, output: str, token: str, picture: bytes | None) -> Sent:
    """Render one job; runs on a worker. One that does not see the output sends back what it has made."""
    _settled()
    from extender.batch.worker import render_job

    if picture is None and not job.picture.is_file():
        return Sent()
    with tempfile.TemporaryDirectory(prefix="image-extender-") as folder:
        here = Path(folder)
        if picture is not None:
            local = here / f"in{job.picture.suffix}"
            local.write_bytes(picture)
            job = replace(job, picture=_named(local, job.picture.name))
        if _sees(_token_of(Path(output)), token):
            return Sent(render_job(job, Path(output)))
        record = render_job(job, here / "out")
        made = here / "out" / job.name
        return Sent(record, _packed(made) if record.status == "done" else b"")


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


@lru_cache
def _settled() -> None:
    """Prepare a worker, once: one thread, and memory that is kept from one picture for the next.

    Dask lets malloc give back every bit of memory at once, which costs a fifth of the time; here it is set to what it
    comes to by itself (``mallopt`` of glibc; elsewhere nothing is done).
    """
    os.environ.update(environment(1))
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, 32 * 2**20)
        libc.mallopt(_TRIM_THRESHOLD, 64 * 2**20)


def _named(file: Path, name: str) -> Path:
    """Give a picture its own name, which is told in the report; where it cannot have it, it keeps the other."""
    with suppress(OSError, ValueError):
        return file.rename(file.with_name(name))
    return file


def _packed(folder: Path) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(folder, arcname=".")
    return archive.getvalue()


def _unpacked(archive: bytes, target: Path) -> None:
    """Put a soundscape that was sent back in its place, whole or not at all; nothing can leave the folder."""
    with whole_folder(target, force=True) as folder, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def _token_of(output: Path) -> Path:
    """Return the file by which a worker knows the output: a folder of the same name elsewhere is another."""
    return output / FOLDER / "token"


def _sees(path: Path, token: str) -> bool:
    try:
        return path.read_text("ascii") == token
    except (OSError, ValueError):
        return False


@dataclass(slots=True)
class DaskPool:
    """Workers of a Dask cluster.

    Parameters
    ----------
    output : Path
        Of the batch.
    scheduler : str or None
        ``tcp://host:8786`` or ``tls://…``; None = a cluster of ``workers`` processes on this machine.
    workers : int
        Of the local cluster; else, once connected, the threads of the cluster.
    security : mapping
        TLS files: ``ca``, ``cert``, ``key``.

    Raises
    ------
    InstallError
        Dask is not installed.
    SourceError
        The scheduler cannot be reached.
    """

    output: Path
    scheduler: str | None = None
    workers: int = 0
    security: dict[str, str] = field(default_factory=dict)
    _client: Client | None = None
    _cluster: Any = None

    def __enter__(self) -> DaskPool:
        try:
            import dask
            import distributed  # noqa: F401
        except ModuleNotFoundError as error:
            raise InstallError(f"clusters need Dask, which is not installed: {INSTALL}") from error
        for name in ("distributed", "distributed.client", "tornado", "asyncio"):  # we tell what is lost, in one line
            logging.getLogger(name).setLevel(logging.CRITICAL)
        dask.config.set(
            {"distributed.scheduler.allowed-failures": RETRIES, "distributed.comm.timeouts.connect": CONNECT_S}
        )
        try:
            if self.scheduler is None:
                self._start()
            else:
                self._join(self.scheduler)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        """Start a cluster on this machine."""
        import dask
        from distributed import Client, LocalCluster

        self.workers = workers_for(self.workers or None)
        # The profiler takes a tenth of the time. Processes are started by a thread that begins here, and is as deaf.
        with dask.config.set({"distributed.worker.profile.enabled": False}), deaf():
            self._cluster = LocalCluster(
                n_workers=self.workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address="127.0.0.1:0", silence_logs=50, env=environment(1),
            )  # fmt: skip
        self._client = Client(self._cluster)

    def _join(self, scheduler: str) -> None:
        """Connect to the cluster of a scheduler."""
        from distributed import Client
        from distributed.security import Security

        files = {f"tls_{'ca_file' if k == 'ca' else f'client_{k}'}": v for k, v in self.security.items()}
        security = Security(**files, require_encryption=True) if files else None
        try:
            self._client = Client(scheduler, security=security, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SourceError(f"no Dask scheduler answers at {scheduler}: {reason}") from None
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=JOIN_S)
        self._count()
        if not self.workers:
            raise SourceError(f"the scheduler at {scheduler} has no workers: start some with `dask worker`")

    def _count(self) -> None:
        """Count the threads of the cluster: workers come and go."""
        assert self._client is not None  # noqa: S101
        with suppress(OSError, TimeoutError, RuntimeError):  # a scheduler that is gone is told elsewhere
            self.workers = sum(self._client.nthreads().values())

    def work(self, jobs: Iterable[Job]) -> Iterator[Event]:
        """See :class:`extender.batch.pool.Pool`."""
        output, token = self.output.absolute(), secrets.token_hex(16)
        with whole_file(_token_of(output), force=True) as work:
            work.write_text(token, "ascii")
        try:
            yield from self._work(iter(jobs), str(output), token)
        finally:
            _token_of(output).unlink(missing_ok=True)

    def _work(self, waiting: Iterator[Job], output: str, token: str) -> Iterator[Event]:
        from distributed import as_completed

        client = self._client
        assert client is not None  # noqa: S101
        of: dict[str, Job] = {}
        running = as_completed(loop=client.loop, raise_errors=False)

        def submit(job: Job, picture: bytes | None = None) -> None:
            key = f"extender-{job.key}-{secrets.token_hex(4)}"
            future = client.submit(_on_worker, job, output, token, picture, key=key, pure=False, retries=0)
            of[str(future.key)] = job
            running.add(future)

        def submit_more() -> Iterator[Event]:
            self._count()
            for job in islice(waiting, max(0, AHEAD * max(1, self.workers) - len(of))):
                submit(job)
                yield Event("begun", job, "cluster")

        yield from submit_more()
        for future in running:
            job = of.pop(str(future.key))
            while client.status == "connecting":  # to a scheduler that was lost, as long as Dask tries
                time.sleep(0.1)
            if client.status != "running":
                raise OutputError(
                    f"the scheduler {self.scheduler or 'of this machine'} is gone; what is finished is kept: run the "
                    "same command again when it is back"
                )
            if future.status == "cancelled":  # by a scheduler that was lost, in place of which there is another now
                submit(job)
                continue
            try:
                record = self._landed(job, future)
                if record is None:
                    submit(job, job.picture.read_bytes())
                    continue
            except OSError as error:
                said = f"cannot read {job.picture}: {error.strerror or error}"
                record = Record(job.name, job.shown, "failed", job.key, error=said)
            finally:
                future.release()
            yield Event("ended", job, "cluster", record=record)
            yield from submit_more()

    def _landed(self, job: Job, future: Any) -> Record | None:
        """Return the record of a future (None: send the picture); put what was sent back in its place."""
        if future.status != "finished":
            error = future.exception()
            lost = type(error).__name__ == "KilledWorker"
            said = f"{RETRIES + 1} workers were lost over it" if lost else f"{type(error).__name__}: {error}"
            return Record(job.name, job.shown, "failed", job.key, error=" ".join(said.split())[:500])
        sent: Sent = future.result()
        if sent.archive:
            _unpacked(sent.archive, self.output / job.name)
        return sent.record

    def __exit__(self, *error: object) -> None:
        if any(error) and self._cluster is not None:
            self._kill()
        for thing in (self._client, self._cluster):
            if thing is not None:
                with suppress(Exception):  # a scheduler that is gone cannot be told goodbye
                    thing.close(timeout=3)
        self._client = self._cluster = None

    def _kill(self) -> None:
        """Kill the workers of our own cluster: Dask would wait until their pictures are done."""
        for nanny in list(self._cluster.workers.values()):
            nanny.auto_restart = False
            if nanny.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(nanny.pid, signal.SIGKILL)
