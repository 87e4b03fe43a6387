"""How a strategy is made: by its name, with what a person asks of its search, and with the trained predictor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from extender.errors import UsageError
from extender.plugins import load_plugin
from extender.progress import Progress, silent
from extender.types import Search
from mixer import MixerError, MixPlan, MixRequest, MixStrategy, Track
from mixer.optimise.effort import EffortName, never
from mixer.plugins import STRATEGIES, make, takes

STRATEGY = "unmask"
"""How sound files are mixed unless a person says otherwise."""
RENDER_STRATEGY = "asra"
"""How soundscapes are: what lets the track be heard best that is heard least, of all that ends within ten seconds."""
LONG_S = 60.0
"""Longer soundscapes are mixed as files are: to measure what a search finds takes too long."""
EFFORT: EffortName = "quick"
"""How much is searched unless a person says otherwise."""


def usual_strategy(duration_s: float) -> str:
    """Return how a soundscape of this length is mixed unless a person says otherwise."""
    return RENDER_STRATEGY if duration_s <= LONG_S else STRATEGY


Watch = Callable[[], AbstractContextManager[Callable[[], bool]]]
"""Opened while a search goes on; what it gives tells whether somebody wants it to end with the best so far."""


def unwatched() -> AbstractContextManager[Callable[[], bool]]:
    """Let a search go on to its end."""
    return nullcontext(never)


def strategy_of(
    name: str, search: Search | None = None, *, progress: Progress = silent, watch: Watch = unwatched
) -> MixStrategy:
    """Return a strategy by its name.

    One that searches does so with EFFORT unless effort or seconds are asked for. The trained network predicts the
    residue only if that is asked for: on the whole the band model chooses as well, and sooner (docs/evaluation.md).

    Raises
    ------
    UsageError
        There is no such strategy, or it has no such option.
    InstallError
        It cannot be loaded.
    """
    load_plugin(STRATEGIES, name)
    search = search or Search()
    options = search.options()
    if "effort" in takes(STRATEGIES, name) and not {"effort", "seconds"} & set(options):
        options["effort"] = EFFORT
    try:
        strategy: MixStrategy = make(STRATEGIES, name, progress=progress, **options)
    except MixerError as error:
        raise UsageError(str(error)) from None
    if search.network and "predictor" not in takes(STRATEGIES, name):
        raise UsageError(f"the strategy {name!r} has no use for the network: give --strategy asra, or no --network")
    searches = "seconds" in takes(STRATEGIES, name)
    return _Searching(name, options, progress, watch, network=search.network) if searches else strategy


class _Searching:
    """A strategy that searches, which somebody may want to end."""

    def __init__(self, name: str, options: dict[str, Any], progress: Progress, watch: Watch, *, network: bool) -> None:
        self.name, self._options, self._progress, self._watch = name, options, progress, watch
        self._network = network

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`mixer.MixStrategy`."""
        options = dict(self._options)
        if self._network:
            from models.residue.inference import ResidueModel

            options["predictor"] = ResidueModel()
        with self._watch() as stop:
            made: MixStrategy = make(STRATEGIES, self.name, progress=self._progress, stop=stop, **options)
            return made.plan(tracks, request)
