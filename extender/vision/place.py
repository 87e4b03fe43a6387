"""What kind of place a picture shows: what a place model tells, colour and light, and what the things in it imply.

Evidence is joined as odds, as if each kind were independent of the others (naive Bayes):

    log p(place) = log prior(place) + 5·(weights of things × their confidence) + 3.5·(colours) ± 4·(indoor − ½) + const

The prior is the place model's: KNOWN of what it is sure of goes to the places it names, the rest to places it does not
know, as often as people photograph them, indoors and outdoors as probable as the model says, a third of that to the
plain words "indoor" and "outdoor": better a general place than a wrong one. The weights of things are those of
``scenes/data/place_things.csv`` (1 = one of them, surely seen, is enough by itself); those of colours are below.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from extender.vision.base import Pixels, PlaceModel
from extender.vision.light import NOTHING, light_of
from scenes import Place, Sighting, load_vocabulary, place_things

KNOWN = 0.9
_GENERAL = 0.35
_BY_THINGS, _BY_COLOUR, _BY_LIGHT = 5.0, 3.5, 4.0
_PLAIN = {"indoor", "outdoor"}
_SPECIAL = 0.25
"""A special place less probable than this is not named."""
_HINT = 0.12
"""From here on it is heard beside what is heard in general: a little of a park where there is much green."""
_PLAUSIBLE = 0.2
"""A second place at least as probable as this is heard too."""
_MANY_PERSONS = 4
"""From so many on, people at a game are spectators too."""
_DARK_ROOMS = 0.5
"""A dark room is this much less a sign of night than a dark street."""
_OUT_OF_DOORS = ("sky", "water", "sand", "snow", "dusk", "fog", "paved")

_Shares = dict[str, float]


@dataclass(frozen=True, slots=True)
class JoinedPlaceTagger:
    """Tells the place by a place model, by colour and light, and by the things seen."""

    model: PlaceModel

    def tag(self, pixels: Pixels, sightings: list[Sighting]) -> Place:
        """Return the most likely place, and the second where it is plausible too.

        Parameters
        ----------
        pixels : (h, w, 3) uint8
        sightings : list of Sighting
            As detected, before grouping. May be empty.
        """
        tags = light_of(pixels)
        shares = place_probabilities(self.model.places(pixels), tags, sightings)
        tags = _with_indoors(tags, shares)
        sources = [self.model.name, "colour and light", *(["things seen"] if sightings else [])]
        return _place(shares, tags, f"{', '.join(sources[:-1])} and {sources[-1]}")


def place_from_things(sightings: list[Sighting]) -> Place:
    """Return the place that the things alone imply, for a scene without picture; outdoors if they say nothing."""
    shares = place_probabilities({}, NOTHING, sightings)
    found = _place(shares, {}, "things seen")
    return Place(found.label, found.confidence, found.indoor, source=found.source, likely=found.likely)


def place_probabilities(told: Mapping[str, float], tags: Mapping[str, float], sightings: list[Sighting]) -> _Shares:
    """Return how probable each place is; their sum is 1.

    Parameters
    ----------
    told : mapping of str to float
        What a place model says: places of the vocabulary and their probabilities, together 1 or less; may be empty.
    tags : mapping of str to float
        As :func:`extender.vision.light.light_of` gives them.
    sightings : list of Sighting
    """
    things, colours = _scores_of_things(sightings), _scores_of_colours(tags)
    pull = _BY_LIGHT * (tags["indoor"] - 0.5)
    logs = {
        name: math.log(prior)
        + _BY_THINGS * things.get(name, 0.0)
        + _BY_COLOUR * colours.get(name, 0.0)
        + (pull if _is_indoor(name) else -pull)
        for name, prior in _priors(told).items()
    }
    highest = max(logs.values())
    raised = {name: math.exp(value - highest) for name, value in logs.items()}
    whole = sum(raised.values())
    return {name: value / whole for name, value in raised.items()}


def _priors(told: Mapping[str, float]) -> _Shares:
    """Return what is believed before colours and things are looked at, above 0 for every place that may be meant."""
    whole = min(1.0, sum(told.values()))
    indoors = sum(share for name, share in told.items() if _is_indoor(name)) + 0.45 * (1.0 - whole)
    sides = {True: indoors, False: 1.0 - indoors}
    names = sorted({place for places in place_things().values() for place in places} | _OTHER_PLACES | set(told))
    priors = {}
    for indoor, share in sides.items():
        others = [name for name in names if _is_indoor(name) == indoor]
        rest = max(0.01, share) * (1.0 - KNOWN * whole)
        often = sum(_EVERYDAY.get(name, 1.0) for name in others)
        for name in others:
            priors[name] = rest * (1.0 - _GENERAL) * _EVERYDAY.get(name, 1.0) / often
        general = "indoor" if indoor else "outdoor"
        priors[general] = priors.get(general, 0.0) + rest * _GENERAL
    for name, share in told.items():
        priors[name] += KNOWN * share
    return priors


_EVERYDAY = {
    "street": 5.0,
    "beach": 3.0,
    "park": 3.0,
    "field": 2.0,
    "forest": 2.0,
    "lake": 2.0,
    "stadium": 2.0,
    "living room": 4.0,
    "kitchen": 3.0,
    "restaurant": 3.0,
    "dining room": 2.0,
    "bathroom": 2.0,
    "bedroom": 2.0,
    "office": 2.0,
}
"""How often people photograph a place beside one that is not named here, where a model says nothing; judgement."""
_OTHER_PLACES = frozenset(
    ("indoor", "outdoor", "snow", "sea", "lake", "beach", "forest", "field", "countryside", "park", "garden", "street")
)
"""Places that colours can speak for."""


def _is_indoor(name: str) -> bool:
    return load_vocabulary().places[name].indoor


def _place(shares: _Shares, tags: _Shares, source: str) -> Place:
    """Return the most probable special place if it is probable enough, else plain indoors or outdoors."""
    first, second = sorted(shares.keys() - _PLAIN, key=lambda name: (-shares[name], name))[:2]
    indoors = sum(share for name, share in shares.items() if _is_indoor(name))
    label, confidence, likely = first, shares[first], None
    if confidence < _SPECIAL:
        label = "indoor" if indoors > 0.5 else "outdoor"
        confidence = max(indoors, 1.0 - indoors)
        here = [name for name in shares.keys() - _PLAIN if _is_indoor(name) == _is_indoor(label)]
        hinted = max(sorted(here), key=lambda name: shares[name])
        if shares[hinted] >= _HINT:
            likely = {label: round(confidence - shares[hinted], 3), hinted: round(shares[hinted], 3)}
    elif shares[second] >= _PLAUSIBLE and _is_indoor(first) == _is_indoor(second):
        likely = {name: round(shares[name], 3) for name in (first, second)}
    return Place(
        label=label,
        confidence=round(min(1.0, confidence), 3),
        indoor=_is_indoor(label),
        night=tags.get("night", 0.0) > 0.5,
        tags=tags,
        source=source,
        likely=likely,
    )


def _with_indoors(tags: _Shares, shares: _Shares) -> _Shares:
    """Return tags that agree: what there is only out of doors is less, the surer it is a room."""
    indoors = sum(share for name, share in shares.items() if _is_indoor(name))
    agreed = {name: tags[name] * ((1.0 - indoors) if name in _OUT_OF_DOORS else 1.0) for name in tags}
    agreed |= {"indoor": min(1.0, indoors), "night": tags["night"] * (1.0 - _DARK_ROOMS * indoors)}
    return {name: round(value, 3) for name, value in agreed.items()}


def _scores_of_colours(tags: Mapping[str, float]) -> _Shares:
    """Return how much colours and light speak for a place; 1 is plain to see."""
    sky, green, water, sand = (tags[name] for name in ("sky", "greenery", "water", "sand"))
    snow, lamps, outdoors = tags["snow"], tags["lamplight"], 1.0 - tags["indoor"]
    bare, open_air = 1.0 - green, max(0.7 * sky, water)
    return {
        "forest": 0.4 * green * (1.0 - sky),
        "garden": 0.3 * green,
        "park": 0.6 * green,
        "field": 0.8 * min(green, sky),
        "countryside": 0.6 * min(green, sky),
        "sea": 0.9 * min(water, sky) * bare * (1.0 - sand),
        "beach": max(1.2 * min(sand, open_air), 0.6 * min(water, sky)) * bare,
        "lake": 0.6 * water * outdoors,
        "snow": 1.0 * snow * max(sky, outdoors),
        "street": 0.8 * tags["paved"] * bare * (1.0 - water) * (1.0 - sand) * outdoors,
        "restaurant": 0.3 * lamps,
        "dining room": 0.3 * lamps,
        "shop": -0.2 * lamps,
        "office": -0.1 * lamps,
    }


def _scores_of_things(sightings: list[Sighting]) -> _Shares:
    """Return how much the things seen speak for each place; 1 is one sure and telling thing."""
    implied = place_things()
    scores: dict[str, float] = defaultdict(float)
    for label, weight in _seen(sightings).items():
        for place, says in implied.get(label, {}).items():
            scores[place] += weight * says
    persons = sum(s.count for s in sightings if s.label == "person")
    if persons >= _MANY_PERSONS and scores["stadium"] > 0.0:
        scores["stadium"] += 0.5
    return dict(scores)


def _seen(sightings: list[Sighting]) -> _Shares:
    """Return the weight of each label: its highest confidence, and a quarter more for each doubling of the number."""
    confidence: dict[str, float] = {}
    count: dict[str, int] = defaultdict(int)
    for s in sightings:
        confidence[s.label] = max(s.confidence, confidence.get(s.label, 0.0))
        count[s.label] += s.count
    return {label: c * (1.0 + 0.25 * math.log2(count[label])) for label, c in confidence.items()}
