"""How many threads work is for the person to say, else for the machine."""

from __future__ import annotations

import os

import pytest

from mixer.threads import VARIABLE, thread_count


def test_what_is_said_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "3")
    assert thread_count() == 3
    for nothing in ("", "0", "many", "-1", "1.5"):
        monkeypatch.setenv(VARIABLE, nothing)
        assert 1 <= thread_count() <= (os.cpu_count() or 1)
