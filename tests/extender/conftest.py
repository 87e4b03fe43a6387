"""No test of the application asks the real network, nor uses a key of whoever runs it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import shared
from tests.extender.desk import Desk
from tests.freesound_server import FreesoundServer


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))  # where requests are counted
    monkeypatch.setenv("EXTENDER_OPENVERSE_URL", "http://127.0.0.1:9/v1")  # nobody listens at "discard"
    monkeypatch.setenv("FREESOUND_BASE_URL", "http://127.0.0.1:9/apiv2")
    monkeypatch.delenv("FREESOUND_API_KEY", raising=False)


@pytest.fixture(scope="session", autouse=True)
def _no_taste(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXTENDER_TASTE", str(tmp_path_factory.mktemp("taste") / "taste.json"))
        yield


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where synthesised sounds are kept for all tests that link their own cache's ``procedural`` to it."""
    return tmp_path_factory.mktemp("procedural")


@pytest.fixture(scope="session")
def freesound_site() -> Iterator[FreesoundServer]:
    """One site over the real recordings for all tests; ``server`` is the same, as new."""
    with FreesoundServer(shared("sounds")) as running:
        yield running


@pytest.fixture
def server(freesound_site: FreesoundServer) -> Iterator[FreesoundServer]:
    """Return the site with nothing asked yet and nothing wrong."""
    freesound_site.faults.clear()
    freesound_site.log.clear()
    freesound_site.throttle.reset()
    yield freesound_site
    assert freesound_site.errors == []


@pytest.fixture
def desk(tmp_path: Path, server: FreesoundServer, synthesised: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a folder to work in, with a picture of a dog in a street, where the tests then are."""
    monkeypatch.chdir(tmp_path)
    made = Desk(tmp_path, server, synthesised)
    made.scene("dog")
    return made


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own, of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Change a disk: ``size=50m``, ``ro``."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True, capture_output=True)
