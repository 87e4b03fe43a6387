"""How long is searched: by evaluations, so that the seed fixes the result, or by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from mixer.types import check

EffortName = Literal["quick", "normal", "best"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is searched and verified.

    Parameters
    ----------
    evaluations : int
        Candidates that are tried in the model.
    verified : int
        Candidates that are rendered and measured exactly.
    seconds : float or None
        At most so long, by the clock: what is measured when time is up is finished, and the result depends on the
        machine. None = by evaluations alone.
    """

    evaluations: int
    verified: int
    seconds: float | None = None

    def __post_init__(self) -> None:
        check(self.evaluations >= 1, "Effort", "evaluations", "1 or more", self.evaluations)
        check(self.verified >= 1, "Effort", "verified", "1 or more", self.verified)
        if self.seconds is not None:
            check(0.0 < self.seconds < float("inf"), "Effort", "seconds", "above 0", self.seconds)


EFFORTS: dict[str, Effort] = {
    "quick": Effort(480, 2),
    "normal": Effort(1_600, 4),
    "best": Effort(9_600, 10),
}
UNBOUNDED = Effort(1_000_000, 24)
"""Of a search that ends by the clock alone."""


def effort_of(name: str | None = None, seconds: float | None = None) -> Effort:
    """Return an effort by its name, at most so many seconds of it, or one of so many seconds; by default "normal".

    Raises
    ------
    MixerError
        There is no effort of this name, or the seconds are not above 0.
    """
    check(name is None or name in EFFORTS, "effort", "name", f"one of {', '.join(EFFORTS)}", name)
    if seconds is None:
        return EFFORTS[name or "normal"]
    most = EFFORTS[name] if name else UNBOUNDED
    return Effort(most.evaluations, most.verified, seconds)


def never() -> bool:
    """Ask for no end."""
    return False


@dataclass(slots=True)
class Clock:
    """Tells when it is time to end: because time is up, or because somebody asks for it.

    Parameters
    ----------
    seconds : float or None
        From when it is made.
    stop : callable
        True = end now, with the best there is. It is asked between pieces of work.
    now : callable
        Seconds that only rise.
    """

    seconds: float | None = None
    stop: Callable[[], bool] = never
    now: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.now()

    @property
    def elapsed_s(self) -> float:
        """Since it was made."""
        return self.now() - self._start

    @property
    def left_s(self) -> float:
        """Until time is up; ∞ where there is no limit."""
        return float("inf") if self.seconds is None else self.seconds - self.elapsed_s

    def over(self, needed_s: float = 0.0) -> bool:
        """Tell whether there is less time left than is needed."""
        return self.stop() or self.left_s <= needed_s

    def within(self, seconds: float) -> Callable[[], bool]:
        """Return what tells when so many seconds from now are over."""
        end_s = self.elapsed_s + seconds
        return lambda: self.stop() or self.elapsed_s >= end_s

    def done(self, part: float) -> float:
        """Return how much is done, 0..1: of the work or of the time, whichever is more."""
        spent = 0.0 if self.seconds is None else self.elapsed_s / self.seconds
        return min(max(part, spent), 1.0)
