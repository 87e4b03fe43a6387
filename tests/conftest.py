"""Shared by all tests: where the data is, and a clear reason where it is not."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

# Processes of pytest-xdist are deaf to Ctrl-C, and so would be all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(relative: str) -> Path:
    """Return a path under ``../shared/data``; skip the test where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{relative}, which is not here")
    return path


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of real photographs."""
    return shared("photos")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings."""
    return shared("sounds")


@pytest.fixture(scope="session")
def weights() -> Path:
    """A YOLO11n weight file (its hash is unknown to the product)."""
    return shared("weights/yolo11n.pt")
