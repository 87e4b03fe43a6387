"""Fitted calls as models: bouts of new takes by one individual, in a place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from extender.sources.procedural.calls import Caller, caller
from extender.sources.procedural.calls_stored import call_fit
from extender.sources.procedural.grains import in_place, sequence
from extender.sources.procedural.model import Parameter
from extender.sources.procedural.toolkit import SAMPLE_RATE, Rng, Signal, own

EXCITEMENT = Parameter("excitement", 0.0, 1.0, 0.5, "", "0 = at ease, 1 = agitated: higher, harder, and sooner again")
LEVEL_DB = 1.5
"""Deviation of the level from take to take."""


@dataclass(frozen=True, slots=True)
class Bout:
    """How calls follow on one another where too few were recorded to tell.

    Parameters
    ----------
    fewest, most : int
        Calls in a bout.
    gap_s : float
        From onset to onset, the median.
    spread : float
        Deviation of its logarithm.
    """

    fewest: int
    most: int
    gap_s: float
    spread: float = 0.2


ONE = Bout(1, 1, 1.0)


def bout(
    rng: Rng, voice: Caller, duration_s: float, excitement: float = EXCITEMENT.default, like: Bout | None = None
) -> Signal:
    """Return takes that follow on one another.

    Parameters
    ----------
    voice : Caller
    duration_s : float
        After which no further take begins.
    like : Bout, optional
        As in the recordings if None.
    """
    fit = voice.fit
    urge = float(np.exp(0.7 * (2.0 * excitement - 1.0)))
    if like is None:
        many = int(np.clip(round(float(np.exp(fit.many[0] + fit.many[1] * rng.standard_normal())) * urge**0.5), 1, 9))
        middle, spread = float(np.exp(fit.gap_s[0])), float(fit.gap_s[1])
    else:
        many = int(rng.integers(like.fewest, like.most + 1))
        middle, spread = like.gap_s, like.spread
    middle *= float(np.exp(0.5 * spread * own(rng).standard_normal()))
    pieces: list[tuple[float, Signal]] = []
    at = 0.0
    for _ in range(many):
        take = voice.utter(rng, excitement)
        pieces.append((at, take * np.float32(10.0 ** (LEVEL_DB * rng.standard_normal() / 20.0))))
        gap = middle * float(np.exp(0.8 * spread * rng.standard_normal())) / urge
        at += max(gap, take.size / SAMPLE_RATE + 0.03)
        if at > duration_s:
            break
    return sequence(pieces)


def called(
    name: str,
    usual_kg: float = 0.0,
    like: Bout | None = None,
    *,
    t60_s: float = 0.4,
    wet_db: float = -16.0,
    first_ms: float = 10.0,
) -> Callable[..., Signal]:
    """Return a model's function: a bout of one kind of call.

    Parameters
    ----------
    name : str
        Of the fitted kind.
    usual_kg : float
        What those that were recorded weigh, about; a heavier one has a longer throat and a lower voice, by the cube
        root of its mass. 0: the model has no ``mass``.
    like : Bout, optional
        How calls follow on one another; as in the recordings if None.
    t60_s, wet_db, first_ms : float
        Its place, see grains.in_place.
    """

    def of_mass(rng: Rng, duration_s: float, mass: float = usual_kg, excitement: float = EXCITEMENT.default) -> Signal:
        size = (mass / usual_kg) ** (1.0 / 3.0)
        made = bout(rng, caller(rng, call_fit(name), size), duration_s, excitement, like)
        return in_place(rng, made, t60_s, wet_db, first_ms)

    def plain(rng: Rng, duration_s: float, excitement: float = EXCITEMENT.default) -> Signal:
        made = bout(rng, caller(rng, call_fit(name)), duration_s, excitement, like)
        return in_place(rng, made, t60_s, wet_db, first_ms)

    return of_mass if usual_kg > 0 else plain


def song(rng: Rng, duration_s: float, name: str = "canary") -> Signal:
    """Return phrases of a bird: a few syllables of its own, each several times over, as songbirds do."""
    one = own(rng)
    fit = call_fit(name)
    voice = caller(rng, fit)
    repertoire = [
        (int(one.integers(1 << 30)), int(one.integers(1, 7)), float(np.exp(0.4 * one.standard_normal())))
        for _ in range(int(one.integers(2, 6)))
    ]
    pace = float(np.exp(fit.gap_s[0] + fit.gap_s[1] * one.standard_normal()))
    pieces: list[tuple[float, Signal]] = []
    at = 0.0
    while at < duration_s:
        for _ in range(int(rng.integers(1, 4))):
            seed, times, slower = repertoire[int(rng.integers(len(repertoire)))]
            for _ in range(max(1, times + int(rng.integers(-1, 2)))):
                # The seed is the syllable's: what is sung again is nearly, not exactly, the same.
                note = voice.utter(np.random.default_rng([seed, int(rng.integers(3))]), 0.5)
                pieces.append((at, note * np.float32(10.0 ** (1.5 * rng.standard_normal() / 20.0))))
                at += max(pace * slower * (1.0 + 0.05 * rng.standard_normal()), note.size / SAMPLE_RATE + 0.01)
        at += float(rng.uniform(0.3, 0.9))
    return in_place(rng, sequence(pieces), 0.8, -13.0, 18.0)


def sized(
    name: str, quantity: str, usual: float, like: Bout | None = None, *, wet_db: float = -15.0
) -> Callable[..., Signal]:
    """Return a model's function for a thing that has a size: ``pitch`` in Hz, or ``length`` in any unit.

    Parameters
    ----------
    name : str
        Of the fitted kind.
    quantity : {"pitch", "length"}
        Which parameter says how large it is.
    usual : float
        Its value in the recordings.
    """

    def of_size(rng: Rng, duration_s: float, **values: float) -> Signal:
        value = values.get(quantity, usual)
        size = value / usual if quantity == "length" else usual / value
        return in_place(rng, bout(rng, caller(rng, call_fit(name), size), duration_s, 0.5, like), 0.4, wet_db, 10.0)

    return of_size
