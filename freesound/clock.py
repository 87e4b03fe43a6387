"""Time, so that tests need not wait."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the client asks of a clock."""

    @property
    def boot(self) -> str:
        """Names the start of the machine since which :meth:`steady` runs on for all processes; empty = unknown."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970. May jump when somebody sets the clock."""
        ...

    def steady(self) -> float:
        """Return seconds since some moment. Never jumps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the machine."""

    @cached_property
    def boot(self) -> str:
        """Linux tells; elsewhere it is unknown."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def wall(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def steady(self) -> float:
        """Return seconds since the machine was started, asleep or awake; elsewhere than on Linux, awake."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))
