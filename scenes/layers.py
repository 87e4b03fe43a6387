"""What a place sounds like by itself: beds that are always heard, and typical events now and then.

Where two places are plausible their layers are mixed by probability, and the room lies between theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scenes.concepts import PlaceConcept
from scenes.types import Place
from scenes.vocabulary import Vocabulary

MOST_BEDS = 3
MOST_EVENTS = 2
LEAST_SHARE = 0.15
"""A bed with a smaller share of the power would not be noticed."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One sound of a place.

    Parameters
    ----------
    concept : str
        Of the vocabulary; or, for a place that is not in it, the place's own name.
    share : float
        Above 0..1: of the ambience's power for a bed; for an event the probability of its place.
    reason : str
        Which place it is from, for people.
    """

    concept: str
    share: float
    reason: str


def beds_of(place: Place, vocabulary: Vocabulary) -> tuple[Layer, ...]:
    """Return what is heard all the time, the largest share first; one bed or more, their shares are 1 together."""
    if vocabulary.find_place(place.label) is None:
        general = "indoor" if place.indoor else "outdoor"
        said = f"the vocabulary knows no place {place.label!r}"
        named = Layer(place.label, 0.5, f"{said}, so its name is searched for")
        known = vocabulary.find_place(general)
        names = _by_hour(known, place, "ambience")[:2] if known else ()
        rest = [Layer(name, 0.5 / len(names), f"{said}, so this is what is heard {general}s") for name in names]
        return (named, *rest)
    shares: dict[str, float] = {}
    reasons: dict[str, list[str]] = {}
    for known, probability in _plausible(place, vocabulary):
        names = _by_hour(known, place, "ambience")[:2]
        by_night = place.night and known.night_ambience
        for name in names:
            shares[name] = shares.get(name, 0.0) + probability / len(names)
            reasons.setdefault(name, []).append(_said(known, probability, "by night" if by_night else ""))
    ranked = sorted(shares, key=lambda name: -shares[name])
    kept = [name for name in ranked if shares[name] >= LEAST_SHARE][:MOST_BEDS] or ranked[:1]
    whole = sum(shares[name] for name in kept)
    return tuple(Layer(name, shares[name] / whole, " and ".join(reasons[name])) for name in kept)


def events_of(place: Place, vocabulary: Vocabulary) -> tuple[Layer, ...]:
    """Return what is heard now and then, the most typical first; nothing for a place that is not in the vocabulary.

    Of two plausible places each gives its most typical event.
    """
    found: dict[str, Layer] = {}
    plausible = _plausible(place, vocabulary)
    for rank in range(MOST_EVENTS):
        for known, probability in plausible:
            names = _by_hour(known, place, "events")
            if rank < len(names) and names[rank] not in found:
                by_night = "by night" if place.night and known.night_events else ""
                found[names[rank]] = Layer(names[rank], probability, _said(known, probability, by_night))
    return tuple(found.values())


def room_between(place: Place, vocabulary: Vocabulary) -> tuple[float, float]:
    """Return the size in metres and the damping (0..1) of a place's room; between those of plausible places.

    By probability, the geometric mean of the sizes and of what walls give back (1 − damping): decay times (Eyring) and
    distances are heard in ratios. A room and the open air have no mean that exists: only places on the side that
    ``place.indoor`` names count, if there are any.
    """
    named = [(known, share) for known, share in _plausible(place, vocabulary) if known.indoor == place.indoor]
    named = named or _plausible(place, vocabulary)
    if not named:
        named = _known({"indoor" if place.indoor else "outdoor": 1.0}, vocabulary.find_place)
    if not named:
        return 1.0, 1.0
    if len(named) == 1:
        return named[0][0].room_size_m, named[0][0].damping
    whole = sum(share for _, share in named)
    size_m = math.exp(sum(share * math.log(known.room_size_m) for known, share in named) / whole)
    returned = math.prod((1.0 - known.damping) ** (share / whole) for known, share in named)
    return size_m, 1.0 - returned


def _plausible(place: Place, vocabulary: Vocabulary) -> list[tuple[PlaceConcept, float]]:
    """Return the places that may be meant and their probabilities, which are 1 together."""
    named = _known(place.likely or {}, vocabulary.find_place) or _known({place.label: 1.0}, vocabulary.find_place)
    whole = sum(probability for _, probability in named)
    return [(known, probability / whole) for known, probability in named]


def _known(likely: dict[str, float], find: Callable[[str], PlaceConcept | None]) -> list[tuple[PlaceConcept, float]]:
    pairs: Iterable[tuple[PlaceConcept | None, float]] = ((find(name), share) for name, share in likely.items())
    return [(known, share) for known, share in pairs if known is not None and share > 0.0]


def _by_hour(known: PlaceConcept, place: Place, layer: str) -> tuple[str, ...]:
    by_day: tuple[str, ...] = getattr(known, layer)
    by_night: tuple[str, ...] = getattr(known, f"night_{layer}")
    return by_night if place.night and by_night else by_day


def _said(known: PlaceConcept, probability: float, when: str) -> str:
    share = f" ({probability:.0%} likely)" if probability < 0.995 else ""
    return f"heard in the place {known.name!r}{share}{f' {when}' if when else ''}"
