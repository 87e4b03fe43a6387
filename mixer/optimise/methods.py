"""Five ways to search without derivatives, behind one interface: all free genes are 0..1, a batch is judged at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixer.optimise.effort import never
from mixer.types import check

F64 = NDArray[np.float64]
MethodName = Literal["harmony", "random", "pso", "es", "de"]
Judge = Callable[[F64], F64]
"""Takes (n, genes) in 0..1 and returns (n,), lower is better."""

MEMORY, CONSIDERED, ADJUSTED, BANDWIDTH, DECAY = 24, 0.9, 0.3, 0.1, 2.5
"""Of harmony search: HMS, HMCR, PAR, bw as a share of the range, and how it narrows, exp(−2.5 k/K)."""
AT_ONCE = 8
"""Harmonies that are improvised before the memory is renewed."""
SWARM = 20


class Enough(Exception):  # noqa: N818  # not an error
    """The budget is spent or time is up."""


@dataclass(slots=True)
class Tally:
    """Counts what is tried, remembers the best, and says when it is enough.

    Parameters
    ----------
    judge : callable
    budget : int
        Evaluations.
    stop : callable, optional
        Asked after each batch.
    """

    judge: Judge
    budget: int
    stop: Callable[[], bool] = never
    spent: int = 0
    best: F64 = field(default_factory=lambda: np.zeros(0))
    score: float = np.inf
    history: list[tuple[int, float]] = field(default_factory=list)

    def __call__(self, units: F64) -> F64:
        """Judge a batch; what is beyond the budget, or is no number, counts as infinitely bad."""
        scores = np.full(len(units), np.inf)
        count = min(len(units), self.budget - self.spent)
        if count > 0:
            judged = self.judge(units[:count])
            scores[:count] = np.where(np.isnan(judged), np.inf, judged)
            self.spent += count
            n = int(np.argmin(scores))
            if scores[n] < self.score:
                self.best, self.score = units[n].copy(), float(scores[n])
            self.history.append((self.spent, self.score))
        if self.spent >= self.budget or self.stop():
            raise Enough
        return scores


Method = Callable[[Tally, F64, np.random.Generator], None]
"""Searches on from some starting points, (n, genes) in 0..1, until the tally raises Enough."""


def search_randomly(tally: Tally, starts: F64, rng: np.random.Generator) -> None:
    """Draw everything anew each time."""
    tally(starts)
    while True:
        tally(rng.random((MEMORY, starts.shape[1])))


def search_by_harmony(tally: Tally, starts: F64, rng: np.random.Generator) -> None:
    """Harmony search: each gene from memory, maybe adjusted, or drawn anew; the worst in memory is replaced.

    Z. W. Geem, J. H. Kim, G. V. Loganathan, "A new heuristic optimization algorithm: harmony search", Simulation 76(2),
    2001; several harmonies are improvised at once.
    """
    memory = _around(starts, MEMORY, rng)
    scores = tally(memory)
    while True:
        genes = memory.shape[1]
        remembered = memory[rng.integers(len(memory), size=(AT_ONCE, genes)), np.arange(genes)]
        width = BANDWIDTH * np.exp(-DECAY * tally.spent / tally.budget)
        adjusted = rng.random((AT_ONCE, genes)) < ADJUSTED
        remembered = remembered + adjusted * rng.uniform(-width, width, (AT_ONCE, genes))
        drawn = rng.random((AT_ONCE, genes))
        new = np.clip(np.where(rng.random((AT_ONCE, genes)) < CONSIDERED, remembered, drawn), 0.0, 1.0)
        pool, all_scores = np.concatenate((memory, new)), np.concatenate((scores, tally(new)))
        kept = np.argsort(all_scores, kind="stable")[: len(memory)]
        memory, scores = pool[kept], all_scores[kept]


def search_by_swarm(tally: Tally, starts: F64, rng: np.random.Generator) -> None:
    """Particle swarm with constriction: w = 0.73, c1 = c2 = 1.5 (M. Clerc, J. Kennedy, 2002)."""
    at = _around(starts, SWARM, rng)
    speed = rng.uniform(-0.1, 0.1, at.shape)
    own, scores = at.copy(), tally(at)
    while True:
        leader = own[int(np.argmin(scores))]
        towards = rng.random(at.shape) * (own - at) + rng.random(at.shape) * (leader - at)
        speed = np.clip(0.73 * speed + 1.5 * towards, -0.3, 0.3)
        at = np.clip(at + speed, 0.0, 1.0)
        new = tally(at)
        better = new < scores
        own[better], scores = at[better], np.where(better, new, scores)


def search_by_evolution(tally: Tally, starts: F64, rng: np.random.Generator) -> None:
    """(1+1)-ES with the rule of one fifth."""
    scores = tally(starts)
    parent, best, step = starts[int(np.argmin(scores))], float(scores.min()), 0.15
    while True:
        child = np.clip(parent + step * rng.normal(size=(1, len(parent))), 0.0, 1.0)
        found = float(tally(child)[0])
        if found < best:
            parent, best, step = child[0], found, min(step * 1.22, 0.5)
        else:
            step = max(step * 0.95, 0.005)


def search_by_differences(tally: Tally, starts: F64, rng: np.random.Generator) -> None:
    """SciPy's differential evolution, best1bin, in batches."""
    from scipy.optimize import differential_evolution

    while True:
        differential_evolution(
            lambda units: tally(np.ascontiguousarray(units.T)),
            [(0.0, 1.0)] * starts.shape[1],
            init=_around(starts, SWARM, rng), rng=rng, vectorized=True, updating="deferred", polish=False,
            maxiter=10**6, tol=0.0, atol=0.0,
        )  # fmt: skip
        starts = tally.best[np.newaxis]


METHODS: dict[MethodName, Method] = {
    "harmony": search_by_harmony,
    "random": search_randomly,
    "pso": search_by_swarm,
    "es": search_by_evolution,
    "de": search_by_differences,
}


def minimise(
    method: MethodName,
    judge: Judge,
    starts: Sequence[F64] | F64,
    *,
    budget: int,
    rng: np.random.Generator,
    stop: Callable[[], bool] = never,
) -> Tally:
    """Search with one of METHODS until the budget is spent or ``stop`` says so.

    Parameters
    ----------
    method : {"harmony", "random", "pso", "es", "de"}
    judge : callable
    starts : (n, genes) floats, n ≥ 1
        In 0..1; the first ones that are tried.
    budget : int
        Evaluations.
    rng : Generator
        Fixes the result where ``stop`` never says so.
    stop : callable

    Returns
    -------
    Tally
        With the best, its score and the history.
    """
    check(method in METHODS, "search", "method", f"one of {', '.join(METHODS)}", method)
    first = np.clip(np.atleast_2d(np.asarray(starts, np.float64)), 0.0, 1.0)
    tally = Tally(judge, budget, stop)
    try:
        if first.shape[1] == 0:
            tally(first[:1])
        else:
            METHODS[method](tally, first, rng)
    except Enough:
        pass
    return tally


def _around(starts: F64, count: int, rng: np.random.Generator) -> F64:
    """Return the starts, some near the first of them, and the others anywhere; ``count`` in all."""
    left = max(count - len(starts), 0)
    near = np.clip(starts[0] + rng.normal(0.0, 0.12, (left // 2, starts.shape[1])), 0.0, 1.0)
    return np.concatenate((starts, near, rng.random((left - left // 2, starts.shape[1]))))[: max(count, len(starts))]
