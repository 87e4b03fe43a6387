"""From values at many moments to curves of few points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixer.curve import Curve, Setting

TOLERANCE_DB = 0.25
"""What a curve may be off by: less than one hears of a level that moves."""


def simplified(times_s: Sequence[float], values: Sequence[float], tolerance: float = TOLERANCE_DB) -> Setting:
    """Return a curve through some of the points that is nowhere farther than ``tolerance`` from any of them.

    From each corner the line goes to the farthest point that it can reach so: what it may look at narrows with each
    point that it passes (a cone). One pass; a value where nothing moves.

    Parameters
    ----------
    times_s : (n,) rising seconds, n ≥ 1
    values : (n,)
    tolerance : float

    Returns
    -------
    float or Curve

    Examples
    --------
    >>> simplified([0.0, 1.0, 2.0, 3.0], [0.0, -1.0, -2.0, -6.0])
    Curve(times_s=(0.0, 2.0, 3.0), values=(0.0, -2.0, -6.0))
    >>> simplified([0.0, 1.0], [-3.0, -2.9])
    -2.95
    """
    low, high = min(values), max(values)
    if high - low <= 2.0 * tolerance:
        return round((low + high) / 2.0, 6)
    corners, start = [0], 0
    while start < len(values) - 1:
        start = _reach(times_s, values, start, tolerance)
        corners.append(start)
    return Curve(tuple(float(times_s[k]) for k in corners), tuple(float(values[k]) for k in corners))


def _reach(times_s: Sequence[float], values: Sequence[float], start: int, tolerance: float) -> int:
    """Return the last point in sight to which a line from ``start`` passes all others closely enough."""
    lowest, highest, reached = -np.inf, np.inf, start + 1
    for k in range(start + 1, len(values)):
        run = times_s[k] - times_s[start]
        rise = values[k] - values[start]
        if lowest <= rise / run <= highest:
            reached = k
        lowest = max(lowest, (rise - tolerance) / run)
        highest = min(highest, (rise + tolerance) / run)
        if lowest > highest:
            break
    return reached


def smoothed(values: NDArray[np.float64], step_s: float, rise_s: float, fall_s: float) -> NDArray[np.float64]:
    """Return values through a one-pole follower that rises and falls with time constants of their own, from 0.

    Parameters
    ----------
    values : (n,) float64, ≥ 0
    step_s : float
        Seconds between values.
    rise_s, fall_s : float
    """
    up, down = (1.0 - float(np.exp(-step_s / tau)) for tau in (rise_s, fall_s))
    state, out = 0.0, []
    for value in values.tolist():
        state += (up if value > state else down) * (value - state)
        out.append(state)
    return np.array(out)
