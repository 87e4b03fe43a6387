"""How well a sound of Freesound fits a query, by what people wrote about it and what was measured in it.

A word may be in a title for many reasons: "car" is in the title of an engine and of a song. What tells them apart is
how much of the title is about the thing, whether tags say the same, whether a classifier heard it, and which other
words are there. Nothing but the answer of one search is used.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extender.sources.base import Preference, Query
from extender.sources.folder.scoring import Wish, duration_fitness, wish_of
from extender.sources.folder.words import stems
from extender.sources.freesound.classes import CLASSES
from extender.types import Kind
from freesound import Sound
from scenes.words import look_up

MIN_FIT = 0.5
"""What fits less is not offered: a wrong sound is worse than none."""

GOOD_FIT = 0.6
"""From here on a sound is as good as found, and nothing wider need be asked."""

RANDOM_MARGIN = 0.15
"""A random choice is made among sounds that fit at most so much less than the best."""

_RANK_STEP, _RANK_FLOOR = 0.03, 0.85
_DESCRIPTION_WORDS = 40
_PRIOR_VOTES, _PRIOR_STARS = 5.0, 3.8
"""How many votes the mean of all sounds weighs, and that mean where a page tells none."""
_QUALITY_SHARE = 0.1
_NEAR_SHARE = 0.08
_NEAR_KM = 50.0

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
_UNREAL = frozenset(stems("toy cartoon game arcade retro scifi laser magic monster zombie robot weapon impulse glitch"))
_HEARD_MUSIC = frozenset(("Music", "Musical_instrument", "Singing", "Guitar", "Drum", "Percussion"))
_HEARD_SPEECH = frozenset(
    ("Speech", "Conversation", "Male_speech_and_man_speaking", "Female_speech_and_woman_speaking")
)
_MUSIC_CATEGORIES = ("Music", "Instrument samples")
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Fit:
    """A sound and how well it fits.

    Parameters
    ----------
    sound : freesound.Sound
    value : float
        0..1: words, category, measures.
    score : float
        0..1: the same with what people think of it, and with the nearness of its place.
    reason : str
    """

    sound: Sound
    value: float
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a sound as stems, by where they stand."""

    title: tuple[str, ...]
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

    Notes
    -----
    ``score = value · (0.9 + 0.1 q) + n``: q is 0.7 of what is preferred and 0.3 of the other, both 0..1; n is
    up to 0.08 for sounds recorded nearby. Stars are shrunk to their mean m: (v s + 5 m) / (v + 5) with v votes of s
    stars, so that one enthusiast does not outweigh forty contented people.
    """
    wish = wish_for(query)
    heard = tuple(sounds)
    mean = _mean_stars(heard)
    found: list[Fit] = []
    for sound in heard:
        value, reason = fit_of(sound, query, wish)
        if value < MIN_FIT:
            continue
        opinion = _opinion(sound, mean, prefer)
        here = _NEAR_SHARE * math.exp(-distance_km(near, sound.geotag) / _NEAR_KM) if near and sound.geotag else 0.0
        score = min(1.0, value * (1.0 - _QUALITY_SHARE + _QUALITY_SHARE * opinion) + here)
        if here > 0.01:
            reason += "; recorded nearby"
        found.append(Fit(sound, value, round(score, 4), reason))
    return sorted(found, key=lambda fit: (-fit.score, draw(query.seed, fit.sound.id)))


def wish_for(query: Query) -> Wish:
    """Return what a query wishes; where its name alone says enough, so do other forms of it: leaves for a leaf."""
    wish = wish_of(query.words, query.avoid, query.concept)
    if not wish.name:
        return wish
    forms = [word for phrase in query.words for word in phrase.split() if look_up(word, {query.concept: "it"})]
    others = [word for word in dict.fromkeys(forms) if stems(word) != wish.name]
    return wish_of((*query.words, *others), query.avoid, query.concept)


def fit_of(sound: Sound, query: Query, wish: Wish) -> tuple[float, str]:
    """Return how well one sound fits, 0..1, and why."""
    words = _words_of(sound)
    value, reason = _meaning(words, wish, query.concept)
    if value <= 0.0:
        return 0.0, "none of the search words"
    doubts = list(_doubts(sound, query, wish, words))
    for factor, why in doubts:
        value *= factor
        reason += f", but {why}"
    if any(meant(wish, name) for name in sound.descriptors.get("fsdsinet_detected_class") or ()):
        value = min(1.0, value + 0.06)
        reason += ", heard by a classifier too"
    if query.place and set(stems(query.place)) & (set(words.title) | words.tagged | words.description):
        value = min(1.0, value + 0.03)
        reason += f", and {query.place!r}"
    suit = _suitability(sound, query.kind)
    if suit <= 0.0:
        return 0.0, "too short"
    length = "length not known" if sound.duration_s is None else f"{sound.duration_s:.3g} s"
    return value * (0.8 + 0.2 * suit), f"{reason}; {length}"


def meant(wish: Wish, detected: str) -> bool:
    """Tell whether a detected class is called like something that is searched for."""
    return bool(CLASSES.get(detected, frozenset()) & {*wish.phrases, wish.name})


def draw(seed: int, key: object) -> int:
    """Return a number of 64 bits that looks random and follows from seed and key."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")


def at_random(found: Sequence[Fit], seed: int) -> list[Fit]:
    """Return those that fit nearly as well as the best in an order drawn by the seed, then the others.

    Scores are made to follow the order, for whoever takes them takes the best first.
    """
    if not found:
        return []
    top = found[0].score
    pool = sorted((f for f in found if f.score >= top - RANDOM_MARGIN), key=lambda f: draw(seed, f.sound.id))
    step = RANDOM_MARGIN / len(pool)
    drawn = [Fit(f.sound, f.value, round(top - step * n, 4), f"{f.reason}; drawn") for n, f in enumerate(pool)]
    return [*drawn, *(f for f in found if f.score < top - RANDOM_MARGIN)]


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the way between two places along the ground, by the haversine formula on a sphere of 6371 km."""
    (south, west), (north, east) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * 6371.0 * math.asin(min(1.0, math.sqrt(half)))


def _words_of(sound: Sound) -> _Words:
    title = stems(re.sub(r"\.(wav|mp3|ogg|flac|aiff?|m4a|wv)$", "", sound.name, flags=re.IGNORECASE))
    described = stems(_TAG.sub(" ", sound.description)[:1000])[:_DESCRIPTION_WORDS]
    return _Words(title, tuple(found for tag in sound.tags if (found := stems(tag))), frozenset(described))


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
    each word before it, 0.08 at most (f = the share of the title that is about the thing). Else in the tags 0.62, over
    tags and title 0.58, in the description 0.5. With tags that say the same, 0.12 more.
    """
    whole = set(phrase)
    tagged = whole <= words.tagged or ("".join(phrase),) in words.tags
    places = [n for n in range(len(words.title)) if words.title[n : n + len(phrase)] == phrase]
    if places or whole <= set(words.title):
        base = (0.5 + 0.3 * focus) if len(phrase) == 1 else (0.65 if places else 0.6) + 0.25 * focus
        late = min(0.08, 0.02 * (places[0] if places else min(words.title.index(stem) for stem in phrase)))
        return base - late + 0.12 * tagged, "title"
    if tagged:
        return 0.62 + 0.04 * (whole <= words.description), "tags"
    if whole <= words.tagged | set(words.title):
        return 0.58, "tags and title"
    if whole <= words.description:
        return 0.5, "description"
    return 0.0, ""


def _doubts(sound: Sound, query: Query, wish: Wish, words: _Words) -> Iterable[tuple[float, str]]:
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
    if odd := sorted(said & _UNREAL):
        yield 0.65, f"also {odd[0]!r}"
    heard = set(sound.descriptors.get("fsdsinet_detected_class") or ())
    if no_music and (sound.category in _MUSIC_CATEGORIES or heard & _HEARD_MUSIC):
        yield 0.4, "it counts as music"
    if no_speech and (sound.category == "Speech" or heard & _HEARD_SPEECH):
        yield 0.6, "it counts as speech"
    if sound.category == "Sound effects" and sound.subcategory in ("Experimental", "Electronic / Design"):
        yield 0.85, "it counts as designed"
    if sound.flag("has_audio_problems"):
        yield 0.8, "it has flaws"


def _suitability(sound: Sound, kind: Kind) -> float:
    """Return how well length, shape and room suit a kind, 0..1; 0 = cannot be used."""
    length = duration_fitness(sound.duration_s, kind)
    if length <= 0.0:
        return 0.0
    single, loopable, reverb = (sound.flag(name) for name in ("single_event", "loopable", "reverbness"))
    silence = sound.number("silence_rate")
    if kind == "event":
        shape = 0.5 + (0.5 if single else 0.0 if single is not None else 0.2)
    else:
        shape = 0.6 + 0.4 * bool(loopable) - 0.3 * bool(single) - 0.5 * (silence or 0.0)
        if kind == "ambience":
            shape += 0.2 * (sound.category == "Soundscapes") + 0.2 * ((sound.channels or 1) >= 2) - 0.2
    dry = 0.4 if reverb and kind != "ambience" else 1.0
    return max(0.01, 0.5 * length + 0.35 * min(1.0, max(0.0, shape)) + 0.15 * dry)


def _mean_stars(sounds: Sequence[Sound]) -> float:
    rated = [s.avg_rating for s in sounds if s.avg_rating and (s.num_ratings or 0) >= 3]
    return sum(rated) / len(rated) if len(rated) >= 5 else _PRIOR_STARS


def _opinion(sound: Sound, mean: float, prefer: Preference) -> float:
    votes = float(sound.num_ratings or 0) if sound.avg_rating else 0.0
    stars = (votes * (sound.avg_rating or 0.0) + _PRIOR_VOTES * mean) / (votes + _PRIOR_VOTES) / 5.0
    loads = min(1.0, math.log10(1.0 + max(0, sound.num_downloads or 0)) / 5.0)
    first, second = (stars, loads) if prefer == "rating" else (loads, stars)
    return 0.7 * first + 0.3 * second
