"""ASRA: a multi-objective search over gain, equalisation, compression and place of all tracks, proved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixer.optimise.effort import effort_of
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
    effort : str
        ``"quick"``, ``"normal"`` or ``"best"``; the seed then fixes the result.
    seconds : float, optional
        By the clock instead: it stops in time with the best verified so far.
    weights : Weights
        α, β and γ: which point of the front is chosen.
    predictor : ResiduePredictor, optional
        Of the residue.
    level_lock : bool
        Hold each track within 3 dB of its level, and all together at theirs.
    progress : callable, optional
        Called with the stage's name and how much of it is done, 0..1.
    """

    name = "asra"

    def __init__(
        self,
        effort: str = "normal",
        seconds: float | None = None,
        weights: Weights | None = None,
        predictor: ResiduePredictor | None = None,
        level_lock: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self.effort = effort_of(effort, seconds)
        self.weights = weights or Weights()
        self.predictor = predictor
        self.level_lock = level_lock
        self.progress = progress

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`mixer.strategies.base.MixStrategy`."""
        found = self.search(tracks, request)
        return searched_plan(self.name, found, request)

    def search(self, tracks: Sequence[Track], request: MixRequest) -> Searched:
        """Return all that the search has found and measured."""
        return search_front(
            tracks, request, effort=self.effort, weights=self.weights, predictor=self.predictor,
            level_lock=self.level_lock, progress=self.progress,
        )  # fmt: skip


def searched_plan(strategy: str, found: Searched, request: MixRequest) -> MixPlan:
    """Return the plan of what a search has chosen; its bus tells what came of it."""
    given, best = found.ground, found.best
    if found.tracks is None:
        plan = plan_bus(strategy, best.settings, request)
        tried = f"of {found.evaluations:,} mixes tried and {len(found.trials)} measured none is better: "
        outcome = (tried if found.trials else "there was nothing to search: ") + f"{best.what} kept"
    else:
        plan = plan_levels(strategy, found.tracks, unlevelled(best.settings), request)
        tried = f"the best of {found.evaluations:,} mixes tried and {len(found.trials)} measured"
        outcome = f"{tried}, which were predicted within {100 * found.error:.0f} %"
    if given.heard.any():
        outcome += f"; {clarity_told(given.placed, best, given.heard)}"
    return replace(plan, bus=replace(plan.bus, reason=f"{plan.bus.reason}; {outcome}"))
