"""How long is searched: by evaluations, so that the seed fixes the result, or by the clock."""

from __future__ import annotations

import time
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
        By the clock: what was begun within it is finished, the best verified so far is kept, and the result depends on
        the machine. None = by evaluations alone.
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


def effort_of(name: str = "normal", seconds: float | None = None) -> Effort:
    """Return an effort by its name, or one that lasts for some seconds.

    Raises
    ------
    MixerError
        There is no effort of this name, or the seconds are not above 0.
    """
    check(name in EFFORTS, "effort", "name", f"one of {', '.join(EFFORTS)}", name)
    return EFFORTS[name] if seconds is None else Effort(1_000_000, 24, seconds)


@dataclass(slots=True)
class Clock:
    """Tells when time is up."""

    seconds: float | None
    _start: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Since it was made."""
        return time.monotonic() - self._start

    def past(self, share: float = 1.0, *, before_s: float = 0.0) -> bool:
        """Tell whether this share of the time, less some seconds, is over; never, where there is no limit."""
        return self.seconds is not None and self.elapsed_s >= share * self.seconds - before_s
