"""How well a sound of a library fits a query: what it is said to be, how long it is, whether it may be used.

A wrong sound is worse than none, for after this source comes another. So it is the query's search words that count, as
they are given. The bare name of the concept counts only where it is the whole label and has no false friends: a
computer mouse avoids the word "animal", so a file labelled "mouse" is none of its sounds. What stays below
:data:`MIN_SCORE` is not offered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from extender.sources.folder.index import Entry, joined
from extender.sources.folder.words import stems
from extender.types import Kind
from freesound.licence import Licence

MIN_SCORE = 0.55
"""The least score of a candidate. A single search word among four or more words of a file name stays below it."""

STEP = 0.05
"""Scores are rounded down to this; among equals the seed decides."""

MIN_LOOP_S = 1.5
"""Shorter sounds are never looped, in seconds."""

MIN_EVENT_S = 0.05
"""Shorter sounds are never used, in seconds."""

_FIELDS = {"label": 1.0, "tag": 0.95, "file name": 0.87}
_RANK_STEP, _RANK_FLOOR = 0.03, 0.85
_UNREAL_FACTOR = 0.65

_UNREAL = frozenset(
    stems(
        "toy cartoon game arcade chiptune retro laser plasma scifi sci-fi magic spell zombie undead monster robot"
        " synth synthesizer weapon gun rifle pistol shotgun"
    )
)
"""Words of worlds that photographs do not show. They count against a sound unless they are searched for."""

_FAMILIES = {
    "music": "music musical song melody tune bpm remix chord soundtrack jingle beat",
    "speech": "speech voice speak speaking spoken talk talking narration narrator dialogue dialog monologue interview",
    "singing": "singing singer song choir vocal chant",
}
"""What a word to avoid stands for besides itself."""

_SINGERS = frozenset(stems("bird birdsong blackbird nightingale robin songbird canary whale cricket cicada frog"))
"""Whose "song" is no music."""
_SONG = frozenset(stems("song singing tune chorus choir"))


@dataclass(frozen=True, slots=True)
class Match:
    """What of a query's words was found in a sound's.

    Parameters
    ----------
    value : float
        0..1.
    reason : str
        For people: ``"label 'dog bark' = search word 'dog bark'"``.
    """

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A query's words as stems.

    Parameters
    ----------
    words : tuple of str
        As they were given, best first.
    phrases : tuple of tuple of str
        The stems of each.
    avoid : tuple of tuple of str
        Stems of phrases that must not occur.
    name : tuple of str
        Stems of the concept's name; empty where it is searched for anyway, or has false friends.
    """

    words: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    avoid: tuple[tuple[str, ...], ...]
    name: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[tuple[str, ...], ...]:
        """All phrases, those of two words also as one: "door bell", "doorbell"."""
        pairs = (p for p in self.phrases if len(p) == 2)
        named = (self.name,) if self.name else ()
        return tuple(dict.fromkeys((*self.phrases, *((joined(pair),) for pair in pairs), *named)))


def wish_of(words: Iterable[str], avoid: Sequence[str], concept: str = "") -> Wish:
    """Return a query's words as stems; words that are none are left out.

    A word to avoid that is itself searched for is not avoided ("people talking", though speech is unwanted). A concept
    that avoids more than music, speech and singing has false friends: its name alone says too little.
    """
    wanted = {word: phrase for word in words if (phrase := stems(word))}
    searched = {stem for phrase in wanted.values() for stem in phrase}
    unwanted: dict[tuple[str, ...], None] = {}
    for word in avoid:
        unwanted[stems(word)] = None
        unwanted |= dict.fromkeys((stem,) for stem in stems(_FAMILIES.get(word.casefold(), "")))
    kept = tuple(phrase for phrase in unwanted if phrase and not searched.issuperset(phrase))
    plain = all(word.casefold() in _FAMILIES for word in avoid)
    name = stems(concept) if plain and wanted else ()
    return Wish(tuple(wanted), tuple(wanted.values()), kept, name if name not in wanted.values() else ())


def match(entry: Entry, wish: Wish) -> Match | None:
    """Compare a sound's words with a query's; None where none of its search words is found, or one to avoid is.

    For each search word (a phrase of n stems, which fill the share c = n / m of a field of m stems):

    - one stem: 0.5 + 0.5 c;
    - all stems in a row: 0.75 + 0.25 c; in any order in one field: 0.7 + 0.25 c; over several fields: 0.6;
    - the concept's name, where it is the whole field: 0.75;

    times 1 for the label, 0.95 for a tag, 0.87 for the file name; minus 3 % for each better search word, 15 % at most.
    The best one counts.
    """
    if is_avoided(entry, wish.avoid):
        return None
    best: Match | None = None
    for rank, (word, phrase) in enumerate(zip(wish.words, wish.phrases, strict=True)):
        weight = max(_RANK_FLOOR, 1.0 - _RANK_STEP * rank)
        found = _match_phrase(entry, phrase, word)
        if found is not None and (best is None or found.value * weight > best.value):
            best = Match(found.value * weight, found.reason)
    named = _match_name(entry, wish.name) if wish.name else None
    if named is not None and (best is None or named.value > best.value):
        best = named
    if best is None:
        return None
    searched = {stem for phrase in (*wish.phrases, wish.name) for stem in phrase}
    odd = sorted((_all_stems(entry) & _UNREAL) - searched)
    if odd:
        return Match(best.value * _UNREAL_FACTOR, f"{best.reason}, but also '{odd[0]}'")
    return best


def is_avoided(entry: Entry, avoid: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether a phrase to avoid occurs in label, tags or title; the song of a bird is no music."""
    everything = _all_stems(entry)
    harmless = _SONG if everything & _SINGERS else frozenset()
    for phrase in avoid:
        if not everything.issuperset(phrase) or harmless.issuperset(phrase):
            continue
        if len(phrase) == 1 or any(_contains(field, phrase) for _, _, field in _fields(entry)):
            return True
    return False


def score(found: Match, kind: Kind, *, duration_s: float | None, channels: int | None, licence: Licence) -> float:
    """Return how well a sound fits, 0..1, in steps of :data:`STEP`; 0 = it cannot be used for this at all.

    The match times 0.8 + 0.2 q, where q is 0.6 fitness of the duration + 0.2 for a licence that is known and allows a
    mix + 0.2 for two channels or more where an ambience is wanted.
    """
    fitness = duration_fitness(duration_s, kind)
    if fitness <= 0.0:
        return 0.0
    usable = licence.allows(derivatives=True)
    wide = kind != "ambience" or (channels or 1) >= 2
    quality = 0.6 * fitness + 0.2 * usable + 0.2 * wide
    return round(math.floor(found.value * (0.8 + 0.2 * quality) / STEP + 1e-9) * STEP, 2)


def duration_fitness(duration_s: float | None, kind: Kind) -> float:
    """Return how well a duration in seconds suits a kind of part, 0..1; 0 = not at all, None = not known = 0.5.

    Events are best between 0.2 and 12 s. Loops and ambiences need 4 s and are the better the longer they are, up to
    60 s.
    """
    if duration_s is None:
        return 0.5
    if kind == "event":
        if duration_s < MIN_EVENT_S:
            return 0.0
        if duration_s <= 12.0:
            return min(1.0, duration_s / 0.2)
        return max(0.2, 1.0 - 0.5 * math.log(duration_s / 12.0))
    if duration_s < MIN_LOOP_S:
        return 0.0
    if duration_s < 4.0:
        return 0.1 + 0.3 * (duration_s - MIN_LOOP_S) / (4.0 - MIN_LOOP_S)
    return min(1.0, 0.4 + 0.6 * math.log(duration_s / 4.0) / math.log(15.0))


def _match_name(entry: Entry, name: tuple[str, ...]) -> Match | None:
    for where, text, field in _fields(entry):
        if field == name:
            return Match(0.75 * _FIELDS[where], f"{where} '{text}' = the name of the concept")
    return None


def _match_phrase(entry: Entry, phrase: tuple[str, ...], word: str) -> Match | None:
    best: Match | None = None
    for where, text, field in _fields(entry):
        value = _FIELDS[where] * _field_value(field, phrase)
        if value > 0.0 and (best is None or value > best.value):
            sign = "=" if len(field) == len(phrase) else "has"
            best = Match(value, f"{where} '{text}' {sign} search word '{word}'")
    if best is None and len(phrase) > 1 and _all_stems(entry).issuperset(phrase):
        return Match(0.6, f"label, tags and file name together have search word '{word}'")
    return best


def _field_value(field: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    share = min(1.0, len(phrase) / len(field)) if field else 0.0
    if _contains(field, phrase):
        return 0.5 + 0.5 * share if len(phrase) == 1 else 0.75 + 0.25 * share
    if len(phrase) == 1 and any(joined(pair) == phrase[0] for pair in pairwise(field)):
        return 0.75 + 0.25 * 2.0 / len(field)
    if len(phrase) == 2 and joined(phrase) in field:
        return 0.75 + 0.25 / len(field)
    if len(phrase) > 1 and set(phrase) <= set(field):
        return 0.7 + 0.25 * share
    return 0.0


def _contains(field: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    length = len(phrase)
    return any(field[start : start + length] == phrase for start in range(len(field) - length + 1))


def _fields(entry: Entry) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    yield "label", entry.label, entry.label_stems
    for text, tag in zip(entry.tags, entry.tag_stems, strict=True):
        yield "tag", text, tag
    yield "file name", entry.title, entry.title_stems


def _all_stems(entry: Entry) -> frozenset[str]:
    return frozenset((*entry.label_stems, *entry.title_stems, *(stem for tag in entry.tag_stems for stem in tag)))
