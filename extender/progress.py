"""How long work tells how far it is: one small protocol, so that nothing below knows of a terminal."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with the stage's name and how much of it is done, 0..1."""


def silent(stage: str, fraction: float) -> None:
    """Tell nobody."""
