"""What a place lets one expect: a doubtful thing that is out of place counts less, a bird by the sea is a gull.

A detector's confidence c below ½ is taken as the probability that the thing is there, whatever the place; where such
things are seen r times as often as elsewhere, Bayes' rule gives odds c/(1 − c) · r. Of a place with probability p and
others unknown, r = 1 − p · (1 − odds): an unsure place changes little. Whatever is surely seen stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scenes import Place, Sighting, odds_in, place_kinds

DOUBTFUL = 0.5
"""Only what a detector is less sure of than this is doubted."""
SURE_ENOUGH = 0.5
"""From this probability of places on that agree about it a thing is taken for one of a kind."""
LEAST = 0.15
"""What remains less probable than this is left out."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Sightings as a place lets one expect them, and what is to be told of the changes."""

    sightings: list[Sighting]
    notes: tuple[str, ...]


def expected(sightings: Sequence[Sighting], place: Place) -> Expected:
    """Return sightings with what their place says of them.

    Parameters
    ----------
    sightings : sequence of Sighting
        A detector's; what a person has written into a scene file is not to be doubted.
    place : Place
    """
    probable = place.likely or {place.label: place.confidence}
    where = " or ".join(probable)
    kept: list[Sighting] = []
    gone: list[str] = []
    less: list[str] = []
    kinds: list[str] = []
    for seen in sightings:
        confidence = confidence_in(seen, probable)
        if confidence < seen.confidence:
            said = f"{seen.label} ({seen.confidence:.0%} sure, {confidence:.0%} there)"
            (gone if confidence < LEAST else less).append(said)
        if confidence < LEAST and confidence < seen.confidence:
            continue
        kind = kind_in(seen.label, probable)
        if kind is not None:
            kinds.append(f"{seen.label} is heard as {kind}")
        kept.append(replace(seen, confidence=confidence, label=kind or seen.label))
    notes = [f"{said}: the place is probably {where}" for said in dict.fromkeys(kinds)]
    notes += [f"hardly ever seen in the place {where}, so left out: {', '.join(gone)}"] if gone else []
    notes += [f"seldom seen in the place {where}, so less important: {', '.join(less)}"] if less else []
    return Expected(kept, tuple(notes))


def confidence_in(seen: Sighting, probable: dict[str, float]) -> float:
    """Return how probable a thing is, 0..1, given the probabilities of places; never more than it was."""
    if not 0.0 < seen.confidence < DOUBTFUL:
        return seen.confidence
    rarity = sum(share * (1.0 - odds_in(seen.label, place)) for place, share in probable.items())
    odds = seen.confidence / (1.0 - seen.confidence) * max(0.0, 1.0 - rarity)
    return seen.confidence if rarity == 0.0 else min(seen.confidence, odds / (1.0 + odds))


def kind_in(label: str, probable: dict[str, float]) -> str | None:
    """Return the kind that most of the places agree about; None for a word that has no kinds, or an unsure place."""
    kinds = place_kinds().get(label, {})
    votes: dict[str, float] = {}
    for place, share in probable.items():
        if place in kinds:
            votes[kinds[place]] = votes.get(kinds[place], 0.0) + share
    kind, share = max(votes.items(), key=lambda vote: vote[1], default=("", 0.0))
    return kind if share >= SURE_ENOUGH else None
