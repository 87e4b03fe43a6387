"""Means with their uncertainty, and what chance would do: seeded, so that the same data give the same figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from extender.evaluation.scenes import STRICT

RESAMPLES, LEVEL = 4_000, 0.95


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and the interval in which that of the population lies with a probability of 95 %; of ``count`` values."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    value: float
    low: float
    high: float
    count: int


def mean_of(values: Sequence[float | None], seed: int = 0) -> Mean | None:
    """Return the mean of what is known, with its percentile bootstrap interval.

    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979.

    Parameters
    ----------
    values : sequence of float or None
    seed : int

    Returns
    -------
    Mean or None
        None where nothing is known. Of one value the interval is that value.

    Examples
    --------
    >>> mean_of([1.0, 1.0, None])
    Mean(value=1.0, low=1.0, high=1.0, count=2)
    """
    return nested_mean([[value] for value in values if value is not None], seed)


def nested_mean(groups: Sequence[Sequence[float]], seed: int = 0) -> Mean | None:
    """Return the mean over all values of all groups; the interval is of groups drawn anew, and values within them.

    One listener's ratings are alike: to draw ratings alone would make many ratings of few people look certain.

    Parameters
    ----------
    groups : sequence of sequence of float
        The ratings of each listener.
    seed : int
    """
    known = [np.asarray(group, np.float64) for group in groups if len(group)]
    if not known:
        return None
    every = np.concatenate(known)
    rng = np.random.default_rng(seed)
    if all(len(group) == 1 for group in known):
        means = every[rng.integers(len(every), size=(RESAMPLES, len(every)))].mean(axis=1)
    else:
        sums, counts = np.zeros(RESAMPLES), np.zeros(RESAMPLES)
        for drawn in rng.integers(len(known), size=(len(known), RESAMPLES)):
            for k, group in enumerate(known):
                where = np.flatnonzero(drawn == k)
                sums[where] += group[rng.integers(len(group), size=(len(where), len(group)))].sum(axis=1)
                counts[where] += len(group)
        means = sums / counts
    low, high = np.quantile(means, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Mean(float(every.mean()), float(low), float(high), len(every))


def sign_test(wins: int, losses: int) -> float:
    """Return the probability of so uneven an outcome, or one more so, if both were equally likely (two-sided, exact).

    Examples
    --------
    >>> sign_test(5, 5), sign_test(10, 0)
    (1.0, 0.001953125)
    """
    total, most = wins + losses, max(wins, losses)
    tail = sum(math.comb(total, k) for k in range(most, total + 1))
    return float(min(1.0, 2 * tail / 2**total))


def holm(probabilities: Sequence[float]) -> list[float]:
    """Return probabilities corrected for as many tests, in their order.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(probabilities)), key=lambda n: probabilities[n])
    corrected, highest = [0.0] * len(order), 0.0
    for rank, n in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * probabilities[n]))
        corrected[n] = highest
    return corrected
