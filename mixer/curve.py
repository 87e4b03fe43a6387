"""Settings that change over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.types import STRICT, check


@dataclass(frozen=True, slots=True)
class Curve:
    """A value over the time of the mix: linear between its points, held before the first and after the last.

    Parameters
    ----------
    times_s : tuple of float
        Seconds from the start of the mix, rising; one or more.
    values : tuple of float
        One for each time, in the unit of the setting.

    Examples
    --------
    >>> Curve((0.0, 2.0), (-6.0, 0.0)).at([1.0, 5.0]).tolist()
    [-3.0, 0.0]
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    times_s: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        check(len(self.times_s) >= 1, "Curve", "times_s", "one or more times", self.times_s)
        check(len(self.times_s) == len(self.values), "Curve", "values", f"{len(self.times_s)} values", len(self.values))
        check(all(0.0 <= t < math.inf for t in self.times_s), "Curve", "times_s", "seconds from 0", self.times_s)
        rising = all(a < b for a, b in zip(self.times_s, self.times_s[1:], strict=False))
        check(rising, "Curve", "times_s", "in rising time", self.times_s)
        check(all(math.isfinite(v) for v in self.values), "Curve", "values", "finite", self.values)

    def at(self, times_s: ArrayLike) -> NDArray[np.float64]:
        """Return the values at these times, in their shape."""
        return np.asarray(np.interp(np.asarray(times_s, np.float64), self.times_s, self.values), np.float64)


Setting: TypeAlias = float | Curve
"""A value, or how it changes over the time of the mix."""


def at_start(setting: Setting) -> float:
    """Return the value at time 0: the setting itself where it stands still."""
    return setting.values[0] if isinstance(setting, Curve) else setting


def extremes(setting: Setting) -> tuple[float, float]:
    """Return the lowest and the highest value."""
    return (min(setting.values), max(setting.values)) if isinstance(setting, Curve) else (setting, setting)


def check_setting(setting: Setting, owner: str, name: str, low: float, high: float) -> None:
    """Raise a MixerError unless all values of a setting are in a range, ends included."""
    least, most = extremes(setting)
    check(low <= least and most <= high, owner, name, f"in {low:g}..{high:g}", (least, most) if least != most else most)
