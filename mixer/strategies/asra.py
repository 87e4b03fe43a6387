"""ASRA: a multi-objective search over gain, equalisation, compression and place of all tracks, proved exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mixer.optimise.effort import Clock, effort_of, never
from mixer.optimise.objectives import Weights
from mixer.optimise.predictor import ResiduePredictor
from mixer.optimise.search import Progress, Searched, search_front
from mixer.optimise.verify import clarity_told, unlevelled
from mixer.plan import MixPlan
from mixer.strategies.base import MixRequest, plan_bus, plan_levels
from mixer.types import Track


class Asra:
    """Searches for the mix that leaves least of the residue, at the level lock.

    What ``unmask`` made is the starting point, or the places alone where they are better; both and ``flat`` are among
    the first population. A model of what is heard, or a trained predictor of the residue, judges thousands of
    candidates; the best of the front are rendered and measured exactly, and the exact measure decides. Where nothing
    beats what there was, that is kept and the reason says so.

    Parameters
    ----------
    effort : str, optional
        ``"quick"``, ``"normal"`` (default, unless there are seconds) or ``"best"``. The seed fixes the result, unless
        there are seconds.
    seconds : float, optional
        At most so long, by the clock: it ends in time with the best that was verified. What is measured then is
        finished, so that it may take one measurement longer.
    weights : Weights
        α, β and γ: which point of the front is chosen.
    predictor : ResiduePredictor, optional
        Of the residue.
    level_lock : bool
        Hold each track within 3 dB of its level, and all together at theirs.
    progress : callable, optional
        Called with the stage's name and how much of it is done, 0..1.
    stop : callable
        Asked between pieces of work: True = end with the best that was verified, or is about to be.
    """

    name = "asra"

    def __init__(
        self,
        effort: str | None = None,
        seconds: float | None = None,
        weights: Weights | None = None,
        predictor: ResiduePredictor | None = None,
        level_lock: bool = True,
        progress: Progress | None = None,
        stop: Callable[[], bool] = never,
    ) -> None:
        self.effort = effort_of(effort, seconds)
        self.weights = weights or Weights()
        self.predictor = predictor
        self.level_lock = level_lock
        self.progress, self.stop = progress, stop

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`mixer.strategies.base.MixStrategy`."""
        found = self.search(tracks, request)
        return searched_plan(self.name, found, request)

    def search(self, tracks: Sequence[Track], request: MixRequest) -> Searched:
        """Return all that the search has found and measured."""
        return search_front(
            tracks, request, effort=self.effort, weights=self.weights, predictor=self.predictor,
            level_lock=self.level_lock, clock=Clock(self.effort.seconds, self.stop), progress=self.progress,
        )  # fmt: skip


def searched_plan(strategy: str, found: Searched, request: MixRequest) -> MixPlan:
    """Return the plan of what a search has chosen; its bus tells what came of it."""
    given, best = found.ground, found.best
    if found.tracks is None:
        plan = plan_bus(strategy, best.settings, request)
        tried = f"of {found.evaluations:,} mixes tried and {len(found.trials)} measured none is better: "
        outcome = (tried if found.trials else "") + f"{best.what} kept"
    else:
        plan = plan_levels(strategy, found.tracks, unlevelled(best.settings), request)
        tried = f"the best of {found.evaluations:,} mixes tried and {len(found.trials)} measured"
        outcome = f"{tried}, which were predicted within {100 * found.error:.0f} %"
    outcome = f"{found.ended}: {outcome}" if found.ended else outcome
    if given.heard.any():
        outcome += f"; {clarity_told(given.placed, best, given.heard)}"
    return replace(plan, bus=replace(plan.bus, reason=f"{plan.bus.reason}; {outcome}"))
