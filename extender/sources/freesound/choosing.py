"""Which of the sounds that fit is the best: what people think of them and how they suit, relaxed step by step.

The first step asks for sounds that many rated well, of a good length and shape, dry and without flaws; each further
step asks for less, and the last takes whatever fits. A sound belongs to the first step that admits it, and of sounds
that fit equally well those of a stricter step come first: so the demands are lowered one after another, and just as far
as takes are wanted. Between steps a sound that fits clearly better still wins: a step weighs :data:`STEP_COST`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from extender.sources.base import Preference, Query
from extender.sources.folder.scoring import duration_fitness
from extender.types import Kind
from freesound import Sound

STEP_COST = 0.025
"""How much better a sound must fit to come before those of the step above its own."""

TIE_SHARE = 0.024
"""What opinion and shape weigh within a step: less than a step."""

RANDOM_MARGIN = 0.15
"""A random choice is made among sounds that score at most so much less than the best."""

RANDOM_CHOICE = 6
"""And among so many at least, if there are so many: then the demands are lowered."""

_PRIOR_VOTES, _PRIOR_STARS = 5.0, 3.8
"""How many votes the mean of all sounds weighs, and that mean where a page tells none."""
_GOOD_LENGTH, _GOOD_SHAPE = 0.4, 0.5
_NEAR_SHARE = 0.08
_NEAR_KM = 50.0


@dataclass(frozen=True, slots=True)
class Merits:
    """What speaks for a sound besides its words.

    Parameters
    ----------
    stars : float
        0..5, shrunk to the mean.
    votes, downloads : int
    length, shape : float
        0..1, how they suit the kind that is wanted.
    dry, clean : bool
        Without audible room; without known flaws.
    """

    stars: float
    votes: int
    downloads: int
    length: float
    shape: float
    dry: bool
    clean: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One set of demands; the numbers are the least, what is False is not asked for."""

    name: str
    stars: float = 0.0
    votes: int = 0
    downloads: int = 0
    dry: bool = True
    suited: bool = True
    clean: bool = True

    def admits(self, merits: Merits) -> bool:
        """Tell whether a sound meets these demands."""
        return (
            merits.stars >= self.stars
            and merits.votes >= self.votes
            and merits.downloads >= self.downloads
            and (merits.dry or not self.dry)
            and (not self.suited or (merits.length >= _GOOD_LENGTH and merits.shape >= _GOOD_SHAPE))
            and (merits.clean or not self.clean)
        )


_RELAXED = (
    Step("whatever the rating"),
    Step("with room or without", dry=False),
    Step("of any length and shape", dry=False, suited=False),
    Step("whatever fits", dry=False, suited=False, clean=False),
)

STEPS: Mapping[Preference, tuple[Step, ...]] = {
    "rating": (
        Step("well rated by many and much used", stars=4.0, votes=5, downloads=100),
        Step("rated well", stars=3.5, votes=3),
        *_RELAXED,
    ),
    "downloads": (
        Step("much used and not rated badly", stars=3.5, downloads=1000),
        Step("used", stars=3.0, downloads=100),
        *_RELAXED,
    ),
}
"""What is asked for, from the strictest to nothing, by what is preferred. The last admits everything."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A sound and how well it fits.

    Parameters
    ----------
    sound : freesound.Sound
    value : float
        0..1: what its words, its category and a classifier say.
    step : int
        Of :data:`STEPS`, counted from 1.
    score : float
        0..1: the value less what the step costs, with opinion and with the nearness of its place.
    reason : str
    """

    sound: Sound
    value: float
    step: int
    score: float
    reason: str


def ranked(
    valued: Iterable[tuple[Sound, float, str]],
    query: Query,
    *,
    prefer: Preference = "rating",
    near: tuple[float, float] | None = None,
) -> list[Fit]:
    """Return sounds in the order in which they are to be taken; of equals, as the seed has it.

    Parameters
    ----------
    valued : iterable of (freesound.Sound, float, str)
        Each with how well it fits by its words, 0..1, and why. What is too short for the kind is left out.
    query : Query
    prefer : {"rating", "downloads"}
        What people's opinion is read from above all.
    near : (float, float) or None
        Latitude and longitude in degrees.

    Notes
    -----
    ``score = value − 0.025 (step − 1) − 0.024 (1 − m) + n``. m is the mean of how length and shape suit and of opinion:
    0.7 of what is preferred and 0.3 of the other, both 0..1. n is up to 0.08 for sounds recorded nearby. Stars are
    shrunk to the mean M of the page: (v s + 5 M) / (v + 5) with v votes of s stars, so that one enthusiast does not
    outweigh forty contented people.
    """
    given = tuple(valued)
    mean = mean_stars([sound for sound, _, _ in given])
    steps = STEPS[prefer]
    found: list[Fit] = []
    for sound, value, reason in given:
        merits = merits_of(sound, query.kind, mean)
        if merits.length <= 0.0:
            continue
        number = next(n for n, step in enumerate(steps, 1) if step.admits(merits))
        suit = 0.6 * merits.length + 0.4 * merits.shape
        tie = TIE_SHARE * (1.0 - 0.5 * suit - 0.5 * _opinion(merits, prefer))
        here = _NEAR_SHARE * math.exp(-distance_km(near, sound.geotag) / _NEAR_KM) if near and sound.geotag else 0.0
        score = min(1.0, max(0.0, value - STEP_COST * (number - 1) - tie + here))
        reason += f"; step {number} of {len(steps)}: {steps[number - 1].name} ({_facts(sound)})"
        reason += "; recorded nearby" if here > 0.01 else ""
        found.append(Fit(sound, value, number, round(score, 4), reason))
    return sorted(found, key=lambda fit: (-fit.score, draw(query.seed, fit.sound.id)))


def at_random(found: Sequence[Fit], query: Query) -> list[Fit]:
    """Return those that fit nearly as well as the best in an order drawn by the seed, then the others.

    Drawn are those of the strictest steps that together have enough. Scores are made to follow the order, for whoever
    takes them takes the best first.
    """
    if not found:
        return []
    top = found[0].score
    near = [fit for fit in found if fit.score >= top - RANDOM_MARGIN]
    enough = sorted(fit.step for fit in near)[: max(RANDOM_CHOICE, query.takes)][-1]
    drawn = sorted((f for f in near if f.step <= enough), key=lambda f: draw(query.seed, f.sound.id))
    chosen = {fit.sound.id for fit in drawn}
    least = min(fit.score for fit in drawn)
    spread = (top - least) / len(drawn)
    first = [replace(f, score=round(top - spread * n, 4), reason=f"{f.reason}; drawn") for n, f in enumerate(drawn)]
    rest = [replace(f, score=min(f.score, least)) for f in found if f.sound.id not in chosen]
    return [*first, *rest]


def merits_of(sound: Sound, kind: Kind, mean: float) -> Merits:
    """Return what speaks for a sound; ``mean`` is what stars are shrunk to."""
    votes = (sound.num_ratings or 0) if sound.avg_rating else 0
    stars = (votes * (sound.avg_rating or 0.0) + _PRIOR_VOTES * mean) / (votes + _PRIOR_VOTES)
    single, loopable = sound.flag("single_event"), sound.flag("loopable")
    if kind == "event":
        shape = 0.5 + (0.5 if single else 0.0 if single is not None else 0.2)
    else:
        shape = 0.6 + 0.4 * bool(loopable) - 0.3 * bool(single) - 0.5 * (sound.number("silence_rate") or 0.0)
        if kind == "ambience":
            shape += 0.2 * (sound.category == "Soundscapes") + 0.2 * ((sound.channels or 1) >= 2) - 0.2
    return Merits(
        stars=stars,
        votes=votes,
        downloads=max(0, sound.num_downloads or 0),
        length=duration_fitness(sound.duration_s, kind),
        shape=min(1.0, max(0.0, shape)),
        dry=kind == "ambience" or not sound.flag("reverbness"),
        clean=not sound.flag("has_audio_problems"),
    )


def mean_stars(sounds: Iterable[Sound]) -> float:
    """Return the mean of the sounds that were rated, where at least five were: a sound's stars say little alone."""
    rated = [s.avg_rating for s in sounds if s.avg_rating and (s.num_ratings or 0) >= 3]
    return sum(rated) / len(rated) if len(rated) >= 5 else _PRIOR_STARS


def draw(seed: int, key: object) -> int:
    """Return a number of 64 bits that looks random and follows from seed and key."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the way between two places along the ground, by the haversine formula on a sphere of 6371 km."""
    (south, west), (north, east) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * 6371.0 * math.asin(min(1.0, math.sqrt(half)))


def _opinion(merits: Merits, prefer: Preference) -> float:
    """Return what people think of a sound, 0..1; 100,000 downloads count as full."""
    stars, loads = merits.stars / 5.0, min(1.0, math.log10(1.0 + merits.downloads) / 5.0)
    first, second = (stars, loads) if prefer == "rating" else (loads, stars)
    return 0.7 * first + 0.3 * second


def _facts(sound: Sound) -> str:
    rated = f"{sound.avg_rating:.1f} of 5 by {sound.num_ratings}" if sound.avg_rating else "not rated"
    return f"{rated}, {sound.num_downloads or 0} downloads"
