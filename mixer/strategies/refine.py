"""Iterative mixing after Liu et al.: masking, and how unequal it is, made less by a search without derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mixer.optimise.effort import Clock, effort_of, never
from mixer.optimise.methods import METHODS, MethodName
from mixer.optimise.search import Progress, Searched, search_one
from mixer.plan import MixPlan
from mixer.strategies.asra import searched_plan
from mixer.strategies.base import MixRequest
from mixer.types import Track, check


class Refine:
    """Minimises mean M² + (max M − min M), M being how far each track is masked, by harmony search.

    X. Liu, A. Mourgela, H. Ai, J. D. Reiss, "An automatic mixing speech enhancement system for multi-track audio",
    arXiv 2404.17821, 2024, normalised: M counts only while a track is heard, both terms are 0..1, filters are in
    cascade, levels are locked, and no track may lose what is heard of it. The best are rendered and measured exactly.

    Parameters
    ----------
    method : str
        ``"harmony"``, ``"random"``, ``"pso"`` (particle swarm), ``"es"`` ((1+1)-evolution strategy) or ``"de"``
        (differential evolution).
    effort, seconds, progress, stop
        As of :class:`mixer.strategies.asra.Asra`.
    """

    name = "refine"

    def __init__(
        self,
        method: MethodName = "harmony",
        effort: str | None = None,
        seconds: float | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] = never,
    ) -> None:
        check(method in METHODS, "search", "method", f"one of {', '.join(METHODS)}", method)
        self.method = method
        self.effort = effort_of(effort, seconds)
        self.progress, self.stop = progress, stop

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`mixer.strategies.base.MixStrategy`."""
        return searched_plan(self.name, self.search(tracks, request), request)

    def search(self, tracks: Sequence[Track], request: MixRequest) -> Searched:
        """Return all that the search has found and measured."""
        return search_one(
            tracks, request, effort=self.effort, method=self.method,
            clock=Clock(self.effort.seconds, self.stop), progress=self.progress,
        )  # fmt: skip
