"""How a strategy is made: by its name, with what a person asks of its search, and with the trained predictor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any

from extender.errors import UsageError
from extender.plugins import load_plugin
from extender.progress import Progress, silent
from extender.types import Search
from mixer import MixerError, MixPlan, MixRequest, MixStrategy, Track
from mixer.optimise.effort import never
from mixer.plugins import STRATEGIES, make, takes

STRATEGY = "unmask"
"""How is mixed unless a person says otherwise."""

Watch = Callable[[], AbstractContextManager[Callable[[], bool]]]
"""Opened while a search goes on; what it gives tells whether somebody wants it to end with the best so far."""


def unwatched() -> AbstractContextManager[Callable[[], bool]]:
    """Let a search go on to its end."""
    return nullcontext(never)


def strategy_of(
    name: str, search: Search | None = None, *, progress: Progress = silent, watch: Watch = unwatched
) -> MixStrategy:
    """Return a strategy by its name.

    Where it takes a predictor of the residue it gets the trained one, if it can be run quickly here.

    Raises
    ------
    UsageError
        There is no such strategy, or it has no such option.
    InstallError
        It cannot be loaded.
    """
    load_plugin(STRATEGIES, name)
    options = (search or Search()).options()
    try:
        strategy: MixStrategy = make(STRATEGIES, name, progress=progress, **options)
    except MixerError as error:
        raise UsageError(str(error)) from None
    return _Searching(name, options, progress, watch) if "seconds" in takes(STRATEGIES, name) else strategy


class _Searching:
    """A strategy that searches, which somebody may want to end."""

    def __init__(self, name: str, options: dict[str, Any], progress: Progress, watch: Watch) -> None:
        self.name, self._options, self._progress, self._watch = name, options, progress, watch

    def plan(self, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        """See :class:`mixer.MixStrategy`."""
        options = dict(self._options)
        if "predictor" in takes(STRATEGIES, self.name) and find_spec("onnxruntime") is not None:
            from models.residue.inference import ResidueModel

            options["predictor"] = ResidueModel()
        with self._watch() as stop:
            made: MixStrategy = make(STRATEGIES, self.name, progress=self._progress, stop=stop, **options)
            return made.plan(tracks, request)
