"""Who is compared: strategies by name, ``tuned`` (the search with other weights and more effort), the mix by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, get_args

from extender.errors import UsageError
from extender.plugins import installed
from mixer.optimise.effort import EFFORTS, EffortName
from mixer.plugins import STRATEGIES, make, takes

if TYPE_CHECKING:
    from mixer import Weights

FLAT, MANUAL, TUNED = "flat", "manual", "tuned"
DEFAULT = ("flat", "balanced", "hafezi", "perez-gonzalez", "mansbridge", "unmask", "refine", "asra", TUNED)
SEARCHING = ("refine", "asra", TUNED)


@dataclass(frozen=True, slots=True)
class System:
    """One way to mix.

    Parameters
    ----------
    name : str
        On the table.
    strategy : str
        Which of the installed strategies it is.
    effort : {"quick", "normal", "best"} or None
        None = it has none.
    weights : mixer.Weights or None
        α, β, γ of ``asra``; None = its own.
    trained : bool
        Whether a trained network predicts the residue in its search.
    """

    name: str
    strategy: str
    effort: EffortName | None = None
    weights: Weights | None = None
    trained: bool = False

    def make(self) -> Any:
        """Return the strategy. Raises MixerError where it cannot be loaded."""
        asked = {"effort": self.effort, "weights": self.weights}
        options: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        if self.trained:
            from models.residue.inference import ResidueModel

            options["predictor"] = ResidueModel()
        return make(STRATEGIES, self.strategy, **options)

    @property
    def told(self) -> str:
        """What it is, in a few words; empty where its name says it."""
        parts = [self.strategy] if self.name != self.strategy else []
        if self.weights is not None:
            w = self.weights
            parts.append(f"weights residue {w.residue:g}, loudness {w.loudness:g}, clarity {w.clarity:g}")
        if self.effort is not None:
            parts.append(f"effort {self.effort}")
        if self.strategy == "asra":
            parts.append("the trained network predicts" if self.trained else "the band model predicts")
        return ", ".join(parts)


def systems_of(
    names: Sequence[str], effort: EffortName, weights: Weights, *, trained: bool = True
) -> tuple[System, ...]:
    """Return the systems by their names; ``flat``, with which all are compared, always comes first.

    Parameters
    ----------
    names : sequence of str
        Of strategies, or ``tuned``: ``asra`` with ``weights``, and the next effort up.
    effort : {"quick", "normal", "best"}
    weights : mixer.Weights
    trained : bool
        Use the trained network, as mixing does, where it can be run quickly.

    Raises
    ------
    UsageError
        There is no such strategy.
    """
    known = (*installed(STRATEGIES), TUNED)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"--strategies: unknown {unknown[0]!r}; there are: {', '.join(known)}")
    efforts: tuple[EffortName, ...] = get_args(EffortName)
    more = efforts[min(efforts.index(effort) + 1, len(EFFORTS) - 1)]
    trained = trained and find_spec("onnxruntime") is not None
    made = {FLAT: System(FLAT, FLAT)}
    for name in names:
        if name == TUNED:
            made[name] = System(name, "asra", more, weights, trained)
        else:
            options = takes(STRATEGIES, name)
            made[name] = System(
                name, name, effort if "effort" in options else None, None, trained and "predictor" in options
            )
    return tuple(made.values())
