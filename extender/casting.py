"""Who plays what: for each part of a soundscape the sounds that fit best, and why these.

For one part the search goes level by level up the ontology, and through the sources in their order on each level: a
maple that no source has is played as a tree by whichever source has trees, for a near word from a lower source is
closer to the picture than a far one from a higher. It never climbs to a root ("thing", "animal") nor past a word that
nobody would search for.

Every part draws its own seed from the render's and its own id, so that adding an object to a scene leaves all others
as they were, except that no two parts share a recording as long as any source has another, and that of sounds that fit
equally well the one is taken whose spectrum lies farthest from what is cast already.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from extender.errors import NotAtHandError, SourceError
from extender.progress import Progress, silent
from extender.sources.base import Candidate, Query, Seen, SoundSource
from extender.types import Cast, Considered, Kind, Role, SoundAsset
from scenes import Concept, Detection, Place, Scene, Vocabulary, beds_of, events_of
from scenes import Role as Sounding
from scenes.layers import MOST_EVENTS

PLACE_EVENT = "place-event"
"""How the ids begin of what a place itself lets be heard now and then; numbers follow."""
MAX_CONSIDERED = 10
TAKE_MARGIN = 0.2
"""Further takes of an event score at most this much below the first, or there are fewer of them."""

AVOID_BY_DEFAULT = ("music", "speech")
"""What is not wanted for words that the vocabulary does not know."""

CLASH_MARGIN = 0.02
"""Sounds whose scores differ by no more fit equally well; then the spectrum decides."""

_STAGE = "casting"
_FAILED = "could not be had"
_NOT_AT_HAND = "not at hand"
_MAX_FAILURES = 10
_FREESOUND_PAGE = re.compile(r"//(?:www\.)?freesound\.org/(?:people/[^/]+/sounds|s)/(\d+)")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that is to be cast.

    ``label`` is the word as it was seen; ``concept`` is None where the vocabulary does not know it; ``kind`` is None
    where it follows from the concept that is found. ``count`` and ``distance_m`` are of what is seen, if it is.
    """

    id: str
    label: str
    concept: Concept | None
    kind: Kind | None = None
    count: int = 0
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class _Level:
    """One word to search for on the way up."""

    path: tuple[str, ...]
    words: tuple[str, ...]
    avoid: tuple[str, ...]
    kind: Kind


@dataclass(slots=True)
class _Stage:
    """What goes on while a cast is made: whom to ask, and which sounds are taken already."""

    vocabulary: Vocabulary
    sources: Sequence[SoundSource]
    seed: int
    takes_per_event: int
    place: str = ""
    seen: Seen = field(default_factory=Seen)
    alike: Counter[str] = field(default_factory=Counter)
    used: set[str] = field(default_factory=set)
    centroids_hz: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Log:
    """What happened on the search for one part."""

    considered: list[Considered] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def cast(
    scene: Scene,
    vocabulary: Vocabulary,
    sources: Sequence[SoundSource],
    *,
    seed: int,
    takes_per_event: int = 3,
    max_sounds: int = 8,
    progress: Progress = silent,
) -> Cast:
    """Find sounds for the ambience of a place and for the things in it.

    Parameters
    ----------
    scene : Scene
    vocabulary : Vocabulary
    sources : sequence of SoundSource
        In the order in which they are to be asked.
    seed : int
        Same seed, scene and sources, same cast.
    takes_per_event : int
        How many different sounds an event gets where there are so many, ≥ 1.
    max_sounds : int
        How many things may sound besides what belongs to the place, the most important first, ≥ 0.
    progress : Progress

    Returns
    -------
    Cast
        Ambience first, then the things by importance, then the typical events of the place; with all that stays silent
        and why.

    Raises
    ------
    SourceError
        Nothing at all could be cast; the message says what stood in the way.
    """
    stage = _Stage(vocabulary, sources, seed, max(1, takes_per_event), scene.place.label, _seen_in(scene, vocabulary))
    things, quiet = _sounding(scene, vocabulary)
    stage.alike.update(part.label if part.concept is None else part.concept.name for part in things)
    roles, missing = _cast_ambience(scene.place, stage)
    progress(_STAGE, 1 / (1 + len(things)))
    heard = 0
    for number, part in enumerate(things, 2):
        if heard >= max_sounds:
            quiet.append(f"{part.label}: left out, {_things(max_sounds)} of more importance already sound")
            continue
        role, why = _cast_part(part, stage)
        if role is None:
            missing.append(f"{part.label}: {why}")
        else:
            roles.append(role)
            heard += 1
        progress(_STAGE, number / (1 + len(things)))
    if roles:
        roles += _cast_events(scene.place, stage)
    progress(_STAGE, 1.0)
    if not roles:
        raise SourceError(_nothing(missing, quiet, sources))
    return Cast(tuple(roles), tuple(dict.fromkeys((*quiet, *missing))))


def role_seed(seed: int, role: str) -> int:
    """Return the seed of one part: 63 bits that follow from the render's seed and the part's id alone."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{role}".encode(), digest_size=8).digest(), "big") >> 1


def _sounding(scene: Scene, vocabulary: Vocabulary) -> tuple[list[_Part], list[str]]:
    """Part what sounds, by importance, from what makes no sound by itself."""
    things: list[_Part] = []
    quiet: list[str] = []
    for seen in sorted(scene.detections, key=lambda d: (-d.importance, d.id)):
        concept = _concept_of(seen, vocabulary)
        if concept is not None and concept.role is Sounding.SILENT:
            quiet.append(f"{seen.label}: {_reason_of(concept)}")
        else:
            things.append(_Part(seen.id, seen.label, concept, count=seen.count, distance_m=seen.distance_m))
    return things, quiet


def _concept_of(seen: Detection, vocabulary: Vocabulary) -> Concept | None:
    """Return what a thing is heard as: many of a kind as their group."""
    concept = vocabulary.find(seen.label)
    if concept is None or concept.group_from is None or concept.group_as is None or seen.count < concept.group_from:
        return concept
    return vocabulary.concepts.get(concept.group_as, concept)


def _seen_in(scene: Scene, vocabulary: Vocabulary) -> Seen:
    """Return what a whole picture tells: how many persons and vehicles it shows, and whether it is dark."""
    found: Counter[str] = Counter()
    for seen in scene.detections:
        concept = vocabulary.find(seen.label)
        above = {name for path in vocabulary.climb(concept.name) for name in path} if concept else set()
        found.update(dict.fromkeys(above & {"person", "motor vehicle"}, seen.count))
    return Seen(persons=found["person"], vehicles=found["motor vehicle"], night=scene.place.night)


def _reason_of(concept: Concept) -> str:
    why = concept.why_silent.strip()
    return f"makes no sound by itself ({why[0].lower()}{why[1:].rstrip('.')})" if why else "makes no sound by itself"


def _cast_ambience(place: Place, stage: _Stage) -> tuple[list[Role], list[str]]:
    """Cast what is heard all around in a place; a word that was reached by climbing is not taken twice."""
    roles: list[Role] = []
    missing: list[str] = []
    for bed in beds_of(place, stage.vocabulary):
        part = _Part(f"ambience-{len(roles) + 1}", bed.concept, stage.vocabulary.find(bed.concept), kind="ambience")
        role, why = _cast_part(part, stage, taken=frozenset(role.played for role in roles))
        if role is None:
            missing.append(f"{bed.concept} (ambience): {why}")
        else:
            roles.append(replace(role, reason=f"{bed.reason}; {role.reason}"))
    return roles, missing


def _cast_events(place: Place, stage: _Stage) -> list[Role]:
    """Cast what is heard in a place now and then, besides what is seen there; what cannot be had is not missed."""
    roles: list[Role] = []
    for event in events_of(place, stage.vocabulary):
        concept = stage.vocabulary.find(event.concept)
        if len(roles) == MOST_EVENTS:
            break
        if concept is None or stage.alike[concept.name]:
            continue
        part = _Part(f"{PLACE_EVENT}-{len(roles) + 1}", event.concept, concept, kind="event")
        role, _ = _cast_part(part, stage)
        if role is not None:
            roles.append(replace(role, reason=f"{event.reason} now and then; {role.reason}"))
    return roles


def _cast_part(part: _Part, stage: _Stage, taken: frozenset[str] = frozenset()) -> tuple[Role | None, str]:
    """Search for one part; return its role, or None and why there is none."""
    log = _Log()
    wanted = part.concept.name if part.concept else part.label
    levels = [level for level in _levels(part, stage.vocabulary) if level.path[-1] not in taken]
    for level in levels:
        offers: dict[int, list[Candidate]] = {}
        for again in (False, True):  # first what nobody plays yet, from whichever source; then rather twice than never
            for place, source in enumerate(stage.sources):
                if place not in offers:
                    offers[place] = _offered(level, part, source, stage, log)
                takes = _takes(level, source, offers[place], stage, log, again=again)
                if takes:
                    fallback = place > 0 or len(level.path) > 1 or part.concept is None
                    reason = _explain(part, level, source, place, log)
                    considered = _shortened(log.considered)
                    role = Role(
                        part.id, level.kind, wanted, level.path[-1], level.path, takes, considered, fallback, reason
                    )
                    return role, ""
            if not any(_key(c) in stage.used for offered in offers.values() for c in offered):
                break
    asked = ", ".join(level.path[-1] for level in levels) or "nothing that could be searched for"
    because = f" ({'; '.join(log.notes)})" if log.notes else ""
    return None, f"no source has a sound for it; searched for: {asked}{because}"


def _levels(part: _Part, vocabulary: Vocabulary) -> Iterator[_Level]:
    """Yield the words to search for: the part's own first, then the words above it, as far as they mean something."""
    if part.concept is None:
        yield _Level((part.label,), (part.label,), AVOID_BY_DEFAULT, part.kind or "event")
        return
    for path in vocabulary.climb(part.concept.name):
        if any(not _stands_for_others(vocabulary.concepts[name]) for name in path[1:]):
            continue
        concept = vocabulary.concepts[path[-1]]
        if concept.search and concept.role is not Sounding.SILENT:
            yield _Level(path, concept.search, concept.avoid, part.kind or _kind_of(concept))


def _stands_for_others(concept: Concept) -> bool:
    """Tell whether a word can be played in place of those below it: not a root, and something to search for."""
    return bool(concept.parents and concept.search) and concept.role is not Sounding.SILENT


def _kind_of(concept: Concept) -> Kind:
    """Return how a thing that was seen is heard; what is an ambience elsewhere has a place here, as a crowd has."""
    return "event" if concept.role is Sounding.EVENT else "loop"


def _offered(level: _Level, part: _Part, source: SoundSource, stage: _Stage, log: _Log) -> list[Candidate]:
    """Ask one source for one word."""
    query = Query(
        concept=level.path[-1],
        words=level.words,
        kind=level.kind,
        avoid=level.avoid,
        takes=_takes_wanted(level, stage) * max(1, stage.alike[level.path[0]]),
        seed=role_seed(stage.seed, part.id),
        place=stage.place,
        wanted=level.path[0],
        seen=replace(stage.seen, count=part.count, distance_m=part.distance_m),
    )
    try:
        return source.search(query)
    except SourceError as error:
        log.note(f"{source.name}: {error}")
        return []


def _takes_wanted(level: _Level, stage: _Stage) -> int:
    return stage.takes_per_event if level.kind == "event" else 1


def _takes(
    level: _Level, source: SoundSource, offered: Sequence[Candidate], stage: _Stage, log: _Log, *, again: bool
) -> tuple[SoundAsset, ...]:
    """Fetch what a source offers, best first, until there are enough takes.

    ``again``: also what another part plays already, where nothing else fits as well.
    """
    wanted = _takes_wanted(level, stage)
    taken = frozenset(stage.used)
    failed = {(c.source, c.id) for c in log.considered if c.reason.startswith((_FAILED, _NOT_AT_HAND))}
    ordered = [c for c in _fresh_first(offered, taken) if (c.source, c.id) not in failed]
    waiting = [c for c in ordered if again or _is_fresh(c, offered, taken)]
    takes: list[SoundAsset] = []
    chosen: list[Candidate] = []
    failures = 0
    while waiting and len(takes) < wanted and failures < _MAX_FAILURES:
        candidate = _next(waiting, chosen, () if again else stage.centroids_hz)
        if chosen and not _goes_with(candidate, chosen[0], taken):
            break
        waiting.remove(candidate)
        ordered.remove(candidate)
        try:
            asset = source.fetch(candidate)
        except NotAtHandError as error:
            log.considered.append(_considered(candidate, chosen=False, reason=f"{_NOT_AT_HAND}: {error}"))
            continue
        except SourceError as error:
            failures += 1
            log.considered.append(_considered(candidate, chosen=False, reason=f"{_FAILED}: {error}"))
            continue
        if any(asset.sha256 is not None and asset.sha256 == take.sha256 for take in takes):
            log.considered.append(_considered(candidate, chosen=False, reason="the same sound as another take"))
            continue
        takes.append(asset)
        chosen.append(candidate)
        stage.used.add(_key(candidate))
    if not takes:
        return ()
    if chosen[0].centroid_hz and chosen[0].centroid_hz > 0.0:
        stage.centroids_hz.append(chosen[0].centroid_hz)
    log.considered += [_considered(c, chosen=True, reason=c.reason) for c in chosen]
    for candidate in ordered:
        why = "plays another part" if _key(candidate) in taken else "fits less, or the seed chose others"
        log.considered.append(_considered(candidate, chosen=False, reason=f"{candidate.reason}; {why}"))
    return tuple(takes)


def _least(offered: Sequence[Candidate]) -> float:
    """Return the score below which a sound fits much less than the best: better one bark twice than a dog-flap."""
    return max((c.score for c in offered), default=0.0) - TAKE_MARGIN


def _is_fresh(candidate: Candidate, offered: Sequence[Candidate], taken: frozenset[str]) -> bool:
    """Tell whether no other part plays a sound, and it fits."""
    return candidate.score >= _least(offered) and _key(candidate) not in taken


def _fresh_first(offered: Sequence[Candidate], taken: frozenset[str]) -> list[Candidate]:
    """Put what no other part plays first, unless it fits much less: better one bark twice than a slamming dog-flap."""
    least = _least(offered)
    return sorted(offered, key=lambda c: (c.score < least, _key(c) in taken))


def _goes_with(candidate: Candidate, first: Candidate, taken: frozenset[str]) -> bool:
    """Tell whether a sound may be a further take beside the first: as good, and no other part's if that one is not."""
    if candidate.score < first.score - TAKE_MARGIN:
        return False
    return _key(first) in taken or _key(candidate) not in taken


def _next(waiting: list[Candidate], chosen: list[Candidate], centroids_hz: Sequence[float]) -> Candidate:
    """Return the best candidate; after the first take rather one of the same recording, for one dog has one voice."""
    if chosen:
        kin = [c for c in waiting if _are_kin(c, chosen[0]) and c.score >= chosen[0].score - TAKE_MARGIN]
        return kin[0] if kin else waiting[0]
    measured = [
        (c, c.centroid_hz)
        for c in waiting
        if c.centroid_hz and c.centroid_hz > 0.0 and abs(c.score - waiting[0].score) <= CLASH_MARGIN
    ]
    if not centroids_hz or not measured or measured[0][0] is not waiting[0]:
        return waiting[0]
    return max(measured, key=lambda pair: _distance_octaves(pair[1], centroids_hz))[0]


def _distance_octaves(centroid_hz: float, others_hz: Sequence[float]) -> float:
    return min(abs(math.log2(centroid_hz / other)) for other in others_hz)


def _are_kin(one: Candidate, other: Candidate) -> bool:
    """Tell whether two sounds come from one recording: the same page, or one author's numbered series."""
    if one.url and one.url == other.url:
        return True
    return bool(one.author) and one.author == other.author and _series(one.title) == _series(other.title)


def _series(title: str) -> str:
    return "".join(char for char in title.casefold() if not char.isdigit()).strip()


def _key(candidate: Candidate) -> str:
    """Return what tells recordings apart: of sounds from Freesound their number there, whoever has found them."""
    found = _FREESOUND_PAGE.search(candidate.url)
    return f"freesound\n{found[1]}" if found else f"{candidate.source}\n{candidate.id}"


def _considered(candidate: Candidate, *, chosen: bool, reason: str) -> Considered:
    return Considered(candidate.source, candidate.id, candidate.title, candidate.score, chosen, reason)


def _shortened(considered: list[Considered]) -> tuple[Considered, ...]:
    """Keep ten: all that were chosen, then what failed, then the best of the rest; each group best first."""
    ranked = sorted(considered, key=lambda c: (not c.chosen, not c.reason.startswith(_FAILED), -c.score))
    return tuple(ranked[:MAX_CONSIDERED])


def _explain(part: _Part, level: _Level, source: SoundSource, place: int, log: _Log) -> str:
    played = level.path[-1]
    name = part.concept.name if part.concept else part.label
    text = f"{name}, played as {played}, from {source.name}" if played != name else f"{name}, from {source.name}"
    if part.concept is None and part.kind is None:
        text += "; the vocabulary does not know the word, so it was searched for as it is"
    elif part.concept is not None and part.label != name:
        text += f"; seen as {part.label}"
    best = next(c for c in log.considered if c.chosen)
    text += f"; {best.reason}"
    failed = sum(c.reason.startswith(_FAILED) for c in log.considered)
    if failed:
        text += f"; {failed} could not be had"
    if log.notes:
        text += f"; {'; '.join(log.notes)}"
    return text


def _things(count: int) -> str:
    return "1 thing" if count == 1 else f"{count} things"


def _nothing(missing: list[str], quiet: list[str], sources: Sequence[SoundSource]) -> str:
    asked = ", ".join(source.name for source in sources) or "none"
    why = "; ".join((*missing, *quiet)) or "the scene names neither a place nor a thing that sounds"
    return f"no sound could be found for anything (sources: {asked}): {why}; add procedural to --sources"
