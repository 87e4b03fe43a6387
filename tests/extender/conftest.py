"""No test of the application asks the real network, nor uses a key of whoever runs it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))  # where requests are counted
    monkeypatch.setenv("EXTENDER_OPENVERSE_URL", "http://127.0.0.1:9/v1")  # nobody listens at "discard"
    monkeypatch.setenv("FREESOUND_BASE_URL", "http://127.0.0.1:9/apiv2")
    monkeypatch.delenv("FREESOUND_API_KEY", raising=False)


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where synthesised sounds are kept for all tests that link their own cache's ``procedural`` to it."""
    return tmp_path_factory.mktemp("procedural")
