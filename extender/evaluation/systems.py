"""Who is compared: strategies by name, ``tuned`` (the search with other weights and more effort), the mix by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from extender.errors import UsageError
from extender.plugins import installed, load_plugin
from mixer import MixerError

FLAT, MANUAL, TUNED = "flat", "manual", "tuned"
DEFAULT = ("flat", "balanced", "hafezi", "perez-gonzalez", "mansbridge", "unmask", "refine", "asra", TUNED)
SEARCHING = ("refine", "asra", TUNED)
EFFORTS = ("quick", "normal", "best")
TUNED_WEIGHTS = (3.0, 0.1, 1.0)
"""α, β, γ of ``tuned``: residue, loudness, clarity; ``asra`` weighs residue and clarity alike."""


@dataclass(frozen=True, slots=True)
class System:
    """One way to mix.

    Parameters
    ----------
    name : str
        On the table.
    strategy : str
        Which of the installed strategies it is.
    effort : str
        Of a search; empty for what does not search.
    weights : tuple of float
        α, β, γ of ``asra``; empty = its own.
    """

    name: str
    strategy: str
    effort: str = ""
    weights: tuple[float, ...] = ()

    def make(self) -> Any:
        """Return the strategy."""
        if self.strategy == "asra":
            from mixer.optimise.objectives import Weights
            from mixer.strategies.asra import Asra

            return Asra(effort=self.effort, weights=Weights(*self.weights) if self.weights else None)
        if self.strategy == "refine":
            from mixer.strategies.refine import Refine

            return Refine(effort=self.effort)
        return load_plugin("extender.mix_strategies", self.strategy)()

    @property
    def told(self) -> str:
        """What it is, in a few words; empty where its name says it."""
        if self.name == TUNED:
            alpha, beta, gamma = self.weights
            return f"asra with weights residue {alpha:g}, loudness {beta:g}, clarity {gamma:g}, effort {self.effort}"
        return f"effort {self.effort}" if self.effort else ""


def systems_of(names: Sequence[str], effort: str, weights: tuple[float, float, float]) -> tuple[System, ...]:
    """Return the systems by their names; ``flat``, with which all are compared, always comes first.

    Raises
    ------
    UsageError
        There is no such strategy, or no such effort.
    """
    if effort not in EFFORTS:
        raise UsageError(f"--effort must be one of {', '.join(EFFORTS)}, got {effort!r}")
    known = (*installed("extender.mix_strategies"), TUNED)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"--strategies: unknown {unknown[0]!r}; there are: {', '.join(known)}")
    more = EFFORTS[min(EFFORTS.index(effort) + 1, len(EFFORTS) - 1)]
    made = {FLAT: System(FLAT, FLAT)}
    for name in names:
        if name == TUNED:
            made[name] = System(name, "asra", more, weights)
        else:
            made[name] = System(name, name, effort if name in SEARCHING else "")
    return tuple(made.values())


def weights_of(text: str) -> tuple[float, float, float]:
    """Return α, β, γ of ``residue=3,loudness=0.1,clarity=1``; what is not named is as in TUNED_WEIGHTS.

    Raises
    ------
    UsageError
        It is something else, or weights that no search can use.
    """
    from mixer.optimise.objectives import Weights

    found = dict(zip(("residue", "loudness", "clarity"), TUNED_WEIGHTS, strict=True))
    wrong = UsageError(f"--tuned wants residue=…,loudness=…,clarity=… with numbers from 0, got {text!r}")
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in found or not equals:
            raise wrong
        try:
            found[name] = float(value)
        except ValueError:
            raise wrong from None
    try:
        weights = Weights(**found)
    except MixerError:
        raise wrong from None
    return weights.residue, weights.loudness, weights.clarity
