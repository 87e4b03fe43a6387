"""A scheduler and workers started by hand: killed, behind TLS, and on machines that see other folders."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.extender.batch.conftest import PICTURES, command, digests, run

pytest.importorskip("distributed", reason="needs the extra `cluster`")

COUNT = len(PICTURES)
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes that are gone after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def started(*words: str) -> subprocess.Popen[bytes]:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running.append(subprocess.Popen(words, **quiet))  # type: ignore[call-overload]
        return running[-1]

    yield started
    for process in running:
        process.kill()
        process.wait()


def a_scheduler(start: Start, port: int, *more: str) -> subprocess.Popen[bytes]:
    code = "from distributed.cli.dask_scheduler import main; main()"
    process = start(sys.executable, "-c", code, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", *more)
    wait_for(lambda: listens(port))
    return process


def worker_words(address: str, folder: Path, *more: str) -> tuple[str, ...]:
    code = "from distributed.cli.dask_worker import main; main()"
    where = ("--local-directory", str(folder / "dask"), "--no-dashboard")
    return (sys.executable, "-c", code, address, "--nthreads", "1", *where, *more)


def wait_for(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        number: int = link.getsockname()[1]
    return number


def test_a_scheduler_that_is_killed_costs_what_was_in_flight(
    undisturbed: Path, pictures: Path, tmp_path: Path, start: Start, port: int
) -> None:
    address = f"tcp://127.0.0.1:{port}"
    scheduler = a_scheduler(start, port)
    worker = start(*worker_words(address, tmp_path))
    assert "2 made" in run(pictures / "sub", "-o", tmp_path / "out", "--scheduler", address).stderr
    first = digests(tmp_path / "out")
    process = subprocess.Popen(
        command(pictures, "-o", tmp_path / "more", "--scheduler", address), stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: any((tmp_path / "more").glob("**/.*.partial")) or bool(digests(tmp_path / "more")))
    scheduler.kill()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 4, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith(f"extender: the scheduler {address} is gone; what is finished is kept")
    worker.kill()
    a_scheduler(start, port)
    start(*worker_words(address, tmp_path))
    run(pictures, "-o", tmp_path / "more", "--scheduler", address)
    assert digests(tmp_path / "more") == digests(undisturbed)
    assert first == {name.removeprefix("sub/"): sha for name, sha in digests(undisturbed).items() if "sub/" in name}
    assert not [path for path in (tmp_path / "more").rglob(".*.partial") if ".batch" not in path.parts]


def test_a_scheduler_that_is_replaced_at_once_is_gone_on_with(
    undisturbed: Path, pictures: Path, tmp_path: Path, start: Start, port: int
) -> None:
    address = f"tcp://127.0.0.1:{port}"
    scheduler = a_scheduler(start, port)
    start(*worker_words(address, tmp_path))
    process = subprocess.Popen(
        command(pictures, "-o", tmp_path / "out", "--scheduler", address), stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: any((tmp_path / "out").glob("**/.*.partial")) or bool(digests(tmp_path / "out")))
    scheduler.kill()
    scheduler.wait()
    a_scheduler(start, port)
    start(*worker_words(address, tmp_path))
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert digests(tmp_path / "out") == digests(undisturbed)


@pytest.mark.parametrize("hidden", ["pictures", "output", "both"])
def test_workers_that_see_other_folders_are_sent_what_they_need(
    undisturbed: Path, pictures: Path, tmp_path: Path, start: Start, port: int, hidden: str
) -> None:
    """Workers as on another machine: other things lie where the pictures, or the results, are for us."""
    unshare = shutil.which("unshare")
    apart = [str(unshare), "--mount", "--propagation", "private", "sh", "-c"]
    if (
        unshare is None
        or subprocess.run([*apart, "mount -t tmpfs none /mnt"], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to give a process mounts of its own")
    shutil.copytree(pictures, tmp_path / "in")
    (tmp_path / "out").mkdir()
    hide = {"pictures": ["in"], "output": ["out"], "both": ["in", "out"]}[hidden]
    mounts = " && ".join(f"mount -t tmpfs none '{tmp_path / name}'" for name in hide)
    address = f"tcp://127.0.0.1:{port}"
    a_scheduler(start, port)
    start(*apart, f'{mounts} && exec "$@"', "sh", *worker_words(address, tmp_path))
    assert f"{COUNT} made" in run(tmp_path / "in", "-o", tmp_path / "out", "--scheduler", address).stderr
    assert digests(tmp_path / "out") == digests(undisturbed)


def test_behind_tls(undisturbed: Path, pictures: Path, tmp_path: Path, start: Start, port: int) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make certificates")
    keys = tmp_path / "keys"
    keys.mkdir()
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keys / "key.pem", "-out", keys / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(keys / "cert.pem", keys / "ca.pem")
    files = ("--tls-ca-file", f"{keys}/ca.pem", "--tls-cert", f"{keys}/cert.pem", "--tls-key", f"{keys}/key.pem")
    address = f"tls://127.0.0.1:{port}"
    a_scheduler(start, port, "--protocol", "tls", *files)
    start(*worker_words(address, tmp_path, *files))
    assert f"{COUNT} made" in run(pictures, "-o", tmp_path / "out", "--scheduler", address, "--tls", keys).stderr
    assert digests(tmp_path / "out") == digests(undisturbed)
    # Who has no certificate does not get in.
    done = run(pictures, "-o", tmp_path / "other", "--scheduler", f"tcp://127.0.0.1:{port}", code=6)
    assert "no Dask scheduler answers" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
