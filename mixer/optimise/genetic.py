"""A multi-objective genetic search: PyGAD's engine, with NSGA-II's selection worked out on whole arrays.

PyGAD 3.9 sorts a population of 50 by NSGA-II in 54 ms, object by object, several times a generation; that is more than
all candidates take to be judged. Here its hooks get selection, crossover and mutation of our own, and its sorting is
replaced. All random numbers come from one Generator; PyGAD draws none.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixer.optimise.effort import never

F64 = NDArray[np.float64]
Judge = Callable[[F64], F64]
"""Takes (n, genes) in 0..1 and returns (n, objectives), lower is better."""

POPULATION, KEPT = 48, 24
MUTATED, WIDTH, LEAST_WIDTH = 0.08, 0.15, 0.03
"""Share of the genes that mutate, and by how much, at first and at last."""
ANEW = 0.1
"""Share of the mutations that go to the neutral value: settings that are not needed are taken back."""


class Archive:
    """All that was judged, and the front of it."""

    def __init__(self, judge: Judge, budget: int, stop: Callable[[], bool]) -> None:
        self._judge, self.budget, self.stop = judge, budget, stop
        self._units: list[F64] = []
        self._values: list[F64] = []
        self.spent = 0

    def __call__(self, units: F64) -> F64:
        """Judge a batch."""
        values = self._judge(units)
        self._units.append(units.copy())
        self._values.append(values)
        self.spent += len(units)
        return values

    @property
    def enough(self) -> bool:
        """Tell whether another generation is too much."""
        return self.spent + POPULATION - KEPT > self.budget or self.stop()

    @property
    def units(self) -> F64:
        """Everything, (n, genes)."""
        return np.concatenate(self._units)

    @property
    def values(self) -> F64:
        """Everything, (n, objectives)."""
        return np.concatenate(self._values)


def evolve(
    judge: Judge,
    starts: F64,
    *,
    budget: int,
    rng: np.random.Generator,
    neutral: F64,
    stop: Callable[[], bool] = never,
) -> Archive:
    """Search with PyGAD until the budget of evaluations is spent or ``stop`` says so.

    Parameters
    ----------
    judge : callable
    starts : (n, genes) float64
        In 0..1; they are part of the first population, others are drawn around them.
    budget : int
    rng : Generator
    neutral : (genes,) float64
        Where nothing is changed.
    stop : callable

    Returns
    -------
    Archive
        Of all that was judged.
    """
    archive = Archive(judge, budget, stop)
    near = starts[rng.integers(len(starts), size=max(POPULATION - len(starts), 0))]
    mutated = near + (rng.random(near.shape) < 0.5) * rng.normal(0.0, 0.2, near.shape)
    first = np.clip(np.concatenate((starts, mutated)), 0.0, 1.0)[:POPULATION]
    if first.shape[1] == 0:
        archive(first[:1])
    else:
        _run(archive, first, rng, neutral)
    return archive


def _run(archive: Archive, first: F64, rng: np.random.Generator, neutral: F64) -> None:
    def fitness(_: Any, genomes: Any, indices: Any) -> list[list[float]]:
        return [list(map(float, -row)) for row in archive(np.asarray(genomes, np.float64))]

    def selected(fitness: Any, count: int, ga: Any) -> tuple[F64, NDArray[np.intp]]:
        """Choose parents in tournaments of two by rank and crowding."""
        place = np.empty(len(fitness), np.intp)
        place[ranked(-np.asarray(fitness, np.float64))] = np.arange(len(fitness))
        pairs = rng.integers(len(fitness), size=(count, 2))
        chosen = np.where(place[pairs[:, 0]] <= place[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
        return np.asarray(ga.population[chosen], np.float64), chosen

    def crossed(parents: Any, size: tuple[int, int], ga: Any) -> F64:
        """Take each gene of one of two parents, or between them."""
        a, b = (np.asarray(parents[rng.integers(len(parents), size=size[0])], np.float64) for _ in range(2))
        mixed = np.where(rng.random(size) < 0.5, a, b)
        return np.where(rng.random((size[0], 1)) < 0.3, a + rng.uniform(-0.25, 1.25, size) * (b - a), mixed)

    def mutated(offspring: Any, ga: Any) -> F64:
        units = np.asarray(offspring, np.float64)
        width = max(WIDTH * (1.0 - archive.spent / archive.budget), LEAST_WIDTH)
        share = max(MUTATED, 2.0 / units.shape[1])
        moved = units + (rng.random(units.shape) < share) * rng.normal(0.0, width, units.shape)
        moved = np.where(rng.random(units.shape) < share * ANEW, neutral, moved)
        return np.clip(moved, 0.0, 1.0)

    search = _engine()(
        num_generations=10**6,
        num_parents_mating=POPULATION - KEPT,
        fitness_func=fitness,
        fitness_batch_size=POPULATION,
        initial_population=first,
        gene_type=float,
        parent_selection_type=selected,
        keep_elitism=KEPT,
        crossover_type=crossed,
        mutation_type=mutated,
        on_generation=lambda ga: "stop" if archive.enough else None,
        suppress_warnings=True,
    )
    search.run()


@functools.cache
def _engine() -> Any:
    """Return PyGAD's class, its sorting replaced by one that works on whole arrays."""
    import pygad

    class Engine(pygad.GA):  # type: ignore[misc]
        def sort_solutions_nsga2(self, fitness: Any, find_best_solution: bool = False) -> list[int]:
            values = np.asarray(fitness, np.float64)
            return [int(n) for n in ranked(-values if values.ndim == 2 else -values[:, np.newaxis])]

    return Engine


def fronts(values: F64) -> NDArray[np.intp]:
    """Return the number of the front of each, 0 = not dominated, (n,); lower values are better.

    Examples
    --------
    >>> fronts(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0]])).tolist()
    [0, 0, 1, 2]
    """
    a, b = values[:, np.newaxis], values[np.newaxis]
    dominates = np.asarray((a <= b).all(axis=2) & (a < b).any(axis=2), np.bool_)
    number = np.full(len(values), -1, np.intp)
    dominated_by = dominates.sum(axis=0)
    now = 0
    while (number < 0).any():
        front = (number < 0) & (dominated_by == 0)
        number[front] = now
        dominated_by = dominated_by - dominates[front].sum(axis=0)
        now += 1
    return number


def crowding(values: F64) -> F64:
    """Return how far apart the neighbours of each are, added over the objectives, (n,); ∞ at the ends."""
    distance = np.zeros(len(values))
    for column in values.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        distance[order[[0, -1]]] = np.inf
        if span > 0.0 and len(order) > 2:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance


def ranked(values: F64) -> NDArray[np.intp]:
    """Return the order of NSGA-II, best first: by front, then by crowding (K. Deb et al., 2002)."""
    number = fronts(values)
    distance = np.zeros(len(values))
    for front in range(int(number.max()) + 1):
        distance[number == front] = crowding(values[number == front])
    return np.lexsort((np.arange(len(values)), -distance, number))
