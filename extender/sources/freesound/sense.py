"""What a thing is among all others: its kin in the ontology, other things that a title may name, fitting categories.

"Elephant, owl and tractor collection" has the word owl, and so has "owl bowl"; both name things that are no kin of an
owl. The vocabulary knows some thousand words for things, also for those that make no sound, and that is all that is
needed to see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from extender.sources.folder.words import stems
from scenes import load_vocabulary

_LONGEST = 3
"""Words of a name at most."""

_SUBCATEGORIES: Mapping[str, tuple[str, ...]] = {
    "animal": ("Animals",),
    "human sound": ("Human sounds and actions", "Conversation / Crowd", "Solo speech", "Objects / House appliances"),
    "vehicle": ("Vehicles", "Other mechanisms, engines, machines"),
    "machine": ("Other mechanisms, engines, machines", "Objects / House appliances", "Vehicles"),
    "tool": ("Other mechanisms, engines, machines", "Objects / House appliances"),
    "electronic device": ("Objects / House appliances", "Other mechanisms, engines, machines", "Electronic / Design"),
    "explosion": ("Natural elements and explosions",),
    "sports equipment": ("Objects / House appliances", "Human sounds and actions", "Vehicles"),
    "nature": ("Natural elements and explosions",),
    "thing": ("Objects / House appliances", "Other mechanisms, engines, machines", "Human sounds and actions"),
}
"""Ancestor → subcategories of "Sound effects" and "Speech": where its descendants are at home, then where else they
may be. The nearest ancestor counts."""

_AROUND = frozenset(("ground", "plant", "log", "rock", "landform", "cloth", "body part"))


@dataclass(frozen=True, slots=True)
class Sense:
    """What is known of a concept.

    Parameters
    ----------
    kin : frozenset of str
        Names of the concept, of all above it and of all below it, and of its brothers below a narrow parent.
    subcategories : tuple of str
        Of the Broad Sound Taxonomy: where such a sound is at home, then where else it may be; empty = anywhere.
    """

    kin: frozenset[str]
    subcategories: tuple[str, ...]

    def others(self, text: Sequence[str], known: Iterable[str], *, weather: bool = True) -> tuple[str, ...]:
        """Return the things that a text (as stems) names and that are no kin; what ``known`` stems name is none.

        Of several readings the longest counts: in a "car door" there is a car door, and no car. ``weather``: rain and
        traffic count too, as they do not where a whole place is wanted.
        """
        own = frozenset(known)
        found: dict[str, None] = {}
        index = _things()
        place = 0
        while place < len(text):
            for length in range(min(_LONGEST, len(text) - place), 0, -1):
                words = tuple(text[place : place + length])
                thing = index.get(words)
                if thing is not None:
                    name, natural = thing
                    if name not in self.kin and not own.issuperset(words) and (weather or not natural):
                        found[name] = None
                    place += length - 1
                    break
            place += 1
        return tuple(found)


@cache
def sense_of(name: str) -> Sense:
    """Return what is known of a word; of one that the vocabulary lacks, nothing."""
    vocabulary = load_vocabulary()
    if name not in vocabulary.concepts:
        return Sense(frozenset((name,)), ())
    above = [path[-1] for path in vocabulary.climb(name)]
    kin = set(above)
    for other in vocabulary.concepts:
        if other not in kin and any(path[-1] == name for path in vocabulary.climb(other)):
            kin.add(other)
    area = next((word for word in above if word in _SUBCATEGORIES), None)
    return Sense(frozenset(kin), _SUBCATEGORIES[area] if area else ())


@cache
def _things() -> Mapping[tuple[str, ...], tuple[str, bool]]:
    """Return all words for things, as stems, each with its concept and whether that is one of nature or a place.

    Not those for ground and stuff: these are where a thing is, or what it is made of.
    """
    vocabulary = load_vocabulary()
    index: dict[tuple[str, ...], tuple[str, bool]] = {}
    for concept in vocabulary.concepts.values():
        above = {path[-1] for path in vocabulary.climb(concept.name)}
        if above & _AROUND or not concept.parents:
            continue
        for word in (concept.name, *concept.aliases):
            if stems(word):
                index.setdefault(stems(word), (concept.name, bool(above & {"nature", "environment"})))
    return index
