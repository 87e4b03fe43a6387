"""Floating-point errors raise in the mixer's tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def floating_errors_raise() -> Iterator[None]:
    """Divisions by zero, overflows and invalid results are errors; underflow towards silence is not."""
    with np.errstate(all="raise", under="ignore"):
        yield
