"""Sounds that are no longer there: remembered, so that they are not asked for again and again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import time

DAY_S = 86_400.0
PASSING_S = DAY_S
"""A preview that was missing once may be back tomorrow: storage fails too."""

TAKEN_DOWN_S = 90 * DAY_S
"""What the service itself says is gone, or what was missing again, hardly ever comes back."""

_ONCE, _FOR_GOOD = "missing once", "taken down"


class Gone:
    """A folder with one small file for each sound that could not be found.

    Parameters
    ----------
    folder : Path
        Made when needed. One that cannot be written is no reason to fail: then a sound is asked for once more.
    now : callable
        Seconds since the epoch.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time) -> None:
        self._folder = folder
        self._now = now

    def __contains__(self, number: int) -> bool:
        return self.why(number) != ""

    def why(self, number: int) -> str:
        """Return why a sound need not be asked for, or nothing if it may be there."""
        what, age_s = self._read(number)
        if what == _FOR_GOOD and age_s < TAKEN_DOWN_S:
            return "it was taken down"
        if what == _ONCE and age_s < PASSING_S:
            return "its preview was missing within the last day"
        return ""

    def missed(self, number: int) -> None:
        """Remember that the preview of a sound was missing: for a day, and for long if that was so before.

        What is missing for several programs on the same day is missing once.
        """
        what, age_s = self._read(number)
        if what == "":
            self._write(number, _ONCE)
        elif what == _FOR_GOOD or age_s >= PASSING_S:
            self._write(number, _FOR_GOOD)

    def taken_down(self, number: int) -> None:
        """Remember that the service knows no such sound."""
        self._write(number, _FOR_GOOD)

    def is_there(self, number: int) -> None:
        """Forget whatever was remembered of a sound."""
        with suppress(OSError):
            self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / str(number)

    def _read(self, number: int) -> tuple[str, float]:
        """Return what was remembered and how long ago, in seconds; nothing of a file that is not ours."""
        try:
            when, _, what = self._path(number).read_text(encoding="utf-8").strip().partition(" ")
            age_s = self._now() - int(when)
        except (OSError, ValueError):
            return "", 0.0
        return (what, max(0.0, age_s)) if what in (_ONCE, _FOR_GOOD) else ("", 0.0)

    def _write(self, number: int, what: str) -> None:
        beside = self._path(number).with_suffix(".part")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_text(f"{self._now():.0f} {what}\n", encoding="utf-8")
            beside.replace(self._path(number))
