"""How well a sound of Freesound fits a query, by what people wrote about it and what was measured in it.

A word may be in a title for many reasons: "car" is in the title of an engine and of a song. What tells them apart is
how much of the title is about the thing, whether tags say the same, whether category and classifier agree, and which
other things are named. Nothing but the answer of one search and the vocabulary is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from extender.sources.base import Preference, Query
from extender.sources.folder.scoring import Wish, wish_of
from extender.sources.folder.words import stems
from extender.sources.freesound.choosing import Fit, ranked
from extender.sources.freesound.classes import CLASSES
from extender.sources.freesound.sense import Sense, sense_of
from freesound import Sound
from scenes.words import look_up

MIN_FIT = 0.5
"""What fits less is not offered: a wrong sound is worse than none."""

GOOD_FIT = 0.7
"""From here on a sound is as good as found, and nothing wider need be asked."""

_RANK_STEP, _RANK_FLOOR = 0.03, 0.85
_DESCRIPTION_WORDS = 40

_MUSICAL = frozenset(
    stems(
        "music musical song melody tune bpm remix chord soundtrack jingle beat riff arpeggio synth techno ambient-music"
        " hiphop trap lofi drum bass-line instrumental vocals lyrics orchestra major minor"
    )
)
_SPOKEN = frozenset(
    stems("speech voice spoken talk talking narration dialogue monologue interview podcast tts announcer voiceover")
)
_VOCAL = _SPOKEN | frozenset(
    stems(
        "people crowd murmur walla chatter babble hubbub conversation child children baby laugh laughter cheer shout"
        " scream announcement phone radio television audience protest playground"
    )
)
"""Who searches for these does not mind speech; who searches for a dog does, whether that is said or not."""
_UNREAL = frozenset(
    stems(
        "toy cartoon game arcade retro scifi laser magic monster zombie robot weapon impulse glitch"
        " imitation imitating imitate mimic parody fake"
    )
)
_HEARD_MUSIC = frozenset(("Music", "Musical_instrument", "Singing", "Guitar", "Drum", "Percussion"))
_HEARD_SPEECH = frozenset(
    ("Speech", "Conversation", "Male_speech_and_man_speaking", "Female_speech_and_woman_speaking")
)
_MUSIC_CATEGORIES = ("Music", "Instrument samples")
_ENDING = re.compile(r"\.(wav|mp3|ogg|flac|aiff?|m4a|wv)$", re.IGNORECASE)
_PARTS = re.compile(r"[,;:/|&+()\[\]]|\band\b", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:in|on|at|with|near|by|under|over|behind|beside|from)\b", re.IGNORECASE)
"""What follows in a part of a title tells where something is heard."""
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a sound as stems, by where they stand; of each part of the title what no preposition begins."""

    title: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    description: frozenset[str]

    @property
    def tagged(self) -> frozenset[str]:
        return frozenset(stem for tag in self.tags for stem in tag)


def fits(
    sounds: Iterable[Sound],
    query: Query,
    *,
    prefer: Preference = "rating",
    near: tuple[float, float] | None = None,
) -> list[Fit]:
    """Return the sounds that fit a query at least :data:`MIN_FIT`, best first; of equals, as the seed has it.

    Parameters
    ----------
    sounds : iterable of freesound.Sound
        As one search gave them.
    query : Query
    prefer : {"rating", "downloads"}
        What people's opinion is read from above all.
    near : (float, float) or None
        Latitude and longitude in degrees.
    """
    wish = wish_for(query)
    sense = sense_of(query.concept)
    valued = ((sound, *fit_of(sound, query, wish, sense)) for sound in sounds)
    return ranked((found for found in valued if found[1] >= MIN_FIT), query, prefer=prefer, near=near)


def wish_for(query: Query) -> Wish:
    """Return what a query wishes; where its name alone says enough, so do other forms of it: leaves for a leaf."""
    wish = wish_of(query.words, query.avoid, query.concept)
    if not wish.name:
        return wish
    forms = [word for phrase in query.words for word in phrase.split() if look_up(word, {query.concept: "it"})]
    others = [word for word in dict.fromkeys(forms) if stems(word) != wish.name]
    return wish_of((*query.words, *others), query.avoid, query.concept)


def fit_of(sound: Sound, query: Query, wish: Wish, sense: Sense) -> tuple[float, str]:
    """Return how well one sound fits, 0..1, and why."""
    words = _words_of(sound)
    value, reason = _meaning(words, wish, query.concept)
    if value <= 0.0:
        return 0.0, "none of the search words"
    doubts = list(_doubts(sound, query, wish, sense, words))
    for factor, why in doubts:
        value *= factor
        reason += f", but {why}"
    if sense.subcategories and sound.subcategory == sense.subcategories[0]:
        value = min(1.0, value + 0.05)
        reason += f", among {sound.subcategory!r}"
    if any(meant(wish, name) for name in sound.descriptors.get("fsdsinet_detected_class") or ()):
        value = min(1.0, value + 0.06)
        reason += ", heard by a classifier too"
    if query.place and set(stems(query.place)) & (set(words.title) | words.tagged | words.description):
        value = min(1.0, value + 0.03)
        reason += f", and {query.place!r}"
    length = "length not known" if sound.duration_s is None else f"{sound.duration_s:.3g} s"
    return value, f"{reason}; {length}"


def meant(wish: Wish, detected: str) -> bool:
    """Tell whether a detected class is called like something that is searched for."""
    return bool(CLASSES.get(detected, frozenset()) & {*wish.phrases, wish.name})


def _words_of(sound: Sound) -> _Words:
    title = _ENDING.sub("", sound.name)
    described = stems(_TAG.sub(" ", sound.description)[:1000])[:_DESCRIPTION_WORDS]
    return _Words(
        stems(title),
        tuple(stems(_PLACE.split(part, maxsplit=1)[0]) for part in _PARTS.split(title)),
        tuple(found for tag in sound.tags if (found := stems(tag))),
        frozenset(described),
    )


def _meaning(words: _Words, wish: Wish, concept: str) -> tuple[float, str]:
    """Compare words: the best search word counts, less 3 % for each that was preferred to it."""
    known = {stem for phrase in (*wish.phrases, wish.name) for stem in phrase}
    focus = sum(stem in known for stem in words.title) / len(words.title) if words.title else 0.0
    named = [(wish.name, concept)] if wish.name else []
    best, why = 0.0, ""
    for rank, (phrase, word) in enumerate([*zip(wish.phrases, wish.words, strict=True), *named]):
        value, where = _phrase_in(words, phrase, focus)
        value *= max(_RANK_FLOOR, 1.0 - _RANK_STEP * rank)
        if value > best:
            best, why = value, f"{where} {'has' if where != 'tags and title' else 'have'} {word!r}"
    return min(1.0, best), why


def _phrase_in(words: _Words, phrase: tuple[str, ...], focus: float) -> tuple[float, str]:
    """Return what a phrase's presence is worth, and where it is.

    In the title 0.5 + 0.3 f of one stem, 0.65 + 0.25 f of several in a row, 0.6 + 0.25 f in any order, less 0.02 for
    each word before it, 0.08 at most (f = the share of the title that is about the thing); with tags that say the same,
    0.12 more. Else as a tag of its own 0.7, over several tags 0.62, and 0.04 more if the description has it too; over
    tags and title 0.58; in the description 0.5.
    """
    whole = set(phrase)
    tagged = whole <= words.tagged or ("".join(phrase),) in words.tags
    places = [n for n in range(len(words.title)) if words.title[n : n + len(phrase)] == phrase]
    if places or whole <= set(words.title):
        base = (0.5 + 0.3 * focus) if len(phrase) == 1 else (0.65 if places else 0.6) + 0.25 * focus
        late = min(0.08, 0.02 * (places[0] if places else min(words.title.index(stem) for stem in phrase)))
        return base - late + 0.12 * tagged, "title"
    if tagged:
        exact = phrase in words.tags or ("".join(phrase),) in words.tags
        return (0.7 if exact else 0.62) + 0.04 * (whole <= words.description), "tags"
    if whole <= words.tagged | set(words.title):
        return 0.58, "tags and title"
    if whole <= words.description:
        return 0.5, "description"
    return 0.0, ""


def _doubts(sound: Sound, query: Query, wish: Wish, sense: Sense, words: _Words) -> Iterable[tuple[float, str]]:
    """Yield what speaks against a sound: a factor below 1, and the reason."""
    searched = {stem for phrase in (*wish.phrases, wish.name) for stem in phrase}
    said = (set(words.title) | words.tagged) - searched
    unwanted = {stem for phrase in wish.avoid if len(phrase) == 1 for stem in phrase}
    no_music = "music" in query.avoid
    no_speech = "speech" in query.avoid or (query.kind != "ambience" and not searched & _VOCAL)
    unwanted |= _MUSICAL if no_music else set()
    unwanted |= _SPOKEN if no_speech else set()
    unwanted -= searched
    if bad := sorted(said & unwanted):
        yield 0.25, f"also {bad[0]!r}"
    elif bad := sorted((words.description - searched) & unwanted):
        yield 0.85, f"{bad[0]!r} in the description"
    weather = query.kind != "ambience"
    others = [name for part in words.parts for name in sense.others(part, searched, weather=weather)]
    if others and not searched & set(words.title):
        yield 0.7, f"named after {others[0]!r}"
    elif others:
        several = 0.85 if query.kind == "ambience" else 0.65
        named = " and ".join(map(repr, others[:2]))
        yield (several if len(others) > 1 else 0.95), f"{named} in the title too"
    if odd := sorted(said & _UNREAL):
        yield 0.65, f"also {odd[0]!r}"
    heard = set(sound.descriptors.get("fsdsinet_detected_class") or ())
    if no_music and (sound.category in _MUSIC_CATEGORIES or heard & _HEARD_MUSIC):
        yield 0.4, "it counts as music"
    voices = bool(searched & _VOCAL)
    alone = query.kind == "ambience" and sound.subcategory == "Solo speech"  # a crowd has many voices
    if alone or (not voices and (sound.category == "Speech" or (no_speech and heard & _HEARD_SPEECH))):
        yield 0.6, "it counts as speech"
    if sound.category == "Sound effects" and sound.subcategory in ("Experimental", "Electronic / Design"):
        yield 0.85, "it counts as designed"
    if _is_elsewhere(sound, sense):
        yield 0.8, f"it counts as {sound.subcategory!r}"
    if heard and _heard_another(heard, wish, sense):
        yield 0.9, "a classifier heard other things"


def _is_elsewhere(sound: Sound, sense: Sense) -> bool:
    """Tell whether a sound is in a category where a thing of this kind is not; soundscapes have everything."""
    placed = sound.category in ("Sound effects", "Speech") and sound.subcategory not in ("", "Other")
    return placed and bool(sense.subcategories) and sound.subcategory not in sense.subcategories


def _heard_another(heard: Iterable[str], wish: Wish, sense: Sense) -> bool:
    """Tell whether a classifier that knows the thing, or what it is a kind of, heard none of these."""
    wanted = {*wish.phrases, wish.name, *(stems(name) for name in sense.kin)}
    can_tell = any(meanings & wanted for meanings in CLASSES.values())
    return can_tell and not any(CLASSES.get(name, frozenset()) & wanted for name in heard)
