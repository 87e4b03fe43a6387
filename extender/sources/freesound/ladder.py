"""What Freesound is asked for one query: from the narrowest question to the widest, as long as little was found.

All words of a Freesound search must occur, so that a question has one or two of them; "or" is for filters only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from extender.sources.base import LicencePolicy, Query, SourceContext
from extender.sources.folder.words import stems
from extender.sources.freesound.classes import classes_for
from extender.types import Kind
from freesound import Filter, between, equals, licensed, near, one_of, words
from freesound.licence import Licence, LicenceKind

DURATIONS_S: dict[Kind, tuple[float, float]] = {"event": (0.1, 20.0), "loop": (1.5, 180.0), "ambience": (4.0, 300.0)}
"""Shortest and longest sound that is asked for, in seconds, by kind."""

NEAR_KM = 100.0
"""How far "near the photograph" is."""

_ASKED: dict[LicencePolicy, tuple[LicenceKind, ...]] = {
    "any": (),
    "commercial": (LicenceKind.CC0, LicenceKind.BY, LicenceKind.SAMPLING_PLUS),
    "cc0": (LicenceKind.CC0,),
}
_MOST_TAGS = 12
_MOST_USED = "downloads_desc"


@dataclass(frozen=True, slots=True)
class Step:
    """One question.

    Parameters
    ----------
    name : str
        For people: ``"words and category"``.
    text : str
        The words that must all occur; may be empty.
    condition : Filter
    sort : str
        What comes first. Without words nothing fits better than another, so the most used does.
    """

    name: str
    text: str
    condition: Filter
    sort: str = "score"


def steps(query: Query, context: SourceContext) -> Iterator[Step]:
    """Yield the questions for a query, the most promising first; none twice.

    Words recorded near the photograph (only if a place is given); words within the fitting categories; then the word
    that the search words share, in any category, or, where they share none, all of them as tags; what a classifier
    heard; last what was passed over.
    """
    phrases = tuple(dict.fromkeys(word for word in query.words if stems(word)))
    if not phrases:
        return
    base = _base(query, context)
    category = one_of("category", *categories(query))
    first, (main, shared) = _first(phrases), _main(phrases, query.concept)
    heard = classes_for((*map(stems, phrases), stems(query.concept)))
    anywhere = Step("main word in any category", words(main), base)
    tagged = Step("search words as tags", "", base & one_of("tag", *_tags((*phrases, main))), _MOST_USED)
    if context.near is not None:
        yield Step("main word near the photograph", words(main), near(*context.near, NEAR_KM) & base)
    yield Step("words and category", words(first), base & category)
    yield anywhere if shared and main != first else tagged
    if heard:
        yield Step("what a classifier heard", "", base & one_of("fsdsinet_detected_class", *heard), _MOST_USED)
    yield tagged if shared and main != first else anywhere


def categories(query: Query) -> tuple[str, ...]:
    """Return the categories of the Broad Sound Taxonomy in which a query's sounds may be."""
    found = ["Sound effects", "Soundscapes"]
    if "speech" not in query.avoid:
        found.append("Speech")
    if "music" not in query.avoid:
        found += ["Music", "Instrument samples"]
    return tuple(found)


def allowed(licence: Licence, policy: LicencePolicy) -> bool:
    """Tell whether a sound under this licence may be used: it must always allow to be part of a mix."""
    if policy == "cc0":
        return licence.kind in (LicenceKind.CC0, LicenceKind.PUBLIC_DOMAIN)
    return licence.allows(commercial=policy == "commercial", derivatives=True)


def _base(query: Query, context: SourceContext) -> Filter:
    shortest, longest = DURATIONS_S[query.kind]
    base = between("duration", shortest, longest) & equals("is_explicit", False)
    kinds = _ASKED[context.licence]
    return base & licensed(*kinds) if kinds else base


def _first(phrases: tuple[str, ...]) -> str:
    """Return the best phrase of at most two words, or two words of the best."""
    short = next((phrase for phrase in phrases if len(phrase.split()) <= 2), None)
    return short if short is not None else " ".join(phrases[0].split()[:2])


def _main(phrases: tuple[str, ...], concept: str) -> tuple[str, bool]:
    """Return the main word, and whether phrases share it.

    It is the word that most share, the horse of hooves, snorts and neighs; else the concept's own name, if it is
    searched for at all; else the first single word.
    """
    where = Counter(stem for phrase in phrases for stem in set(stems(phrase)))
    most = max(where.values())
    if most > 1:
        shared = (word for phrase in phrases for word in phrase.split() if any(where[s] == most for s in stems(word)))
        return next(shared, phrases[0]), True
    name = stems(concept)
    if len(name) == 1 and name[0] in where:
        return concept, False
    return next((phrase for phrase in phrases if len(phrase.split()) == 1), _first(phrases)), False


def _tags(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Return phrases as people tag them: "dog bark" is "dog-bark" or "dogbark"."""
    tags = (tag for phrase in phrases for tag in (phrase.replace(" ", "-"), phrase.replace(" ", "")))
    return tuple(dict.fromkeys(tags))[:_MOST_TAGS]
