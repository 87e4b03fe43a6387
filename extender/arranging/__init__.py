"""When, where and how loud: from a Cast to a timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from extender.arranging.analysis import analyse
from extender.arranging.events import recur
from extender.arranging.flow import Crowd, Flow, even, swells, waves
from extender.arranging.loops import loop
from extender.casting import PLACE_EVENT, role_seed
from extender.types import Arrangement, Cast, Mood, Part, Role
from mixer.types import AudioBuffer, Position
from scenes import Concept, Detection, Scene, Vocabulary, beds_of

GOLDEN = 0.6180339887
"""Its multiples spread first onsets evenly, however many there are."""
_SPARSE = 0.5
"""How often something happens in a place where it is not seen, beside where it is."""
_WIDE_DEG = 110.0
_CLOCKWORK = 0.2
"""What is more regular than this does not come in swells: a clock ticks on."""
CALM_DB = 4.0
"""How much softer events are where it is wholly calm."""
CALLERS = frozenset({"bird", "canine", "frog"})
"""What calls and is answered by its kind."""
VEHICLE = "motor vehicle"
_APART_DEG = 35.0


@dataclass(frozen=True, slots=True)
class ArrangeOptions:
    """What a person may set.

    Parameters
    ----------
    duration_s : float
    seed : int
    quiet_lufs, loud_lufs : float
        Target loudness at importance 0 and 1, linear between.
    ambience_lufs : float
        Target of the ambience as a whole; several beds share it.
    mood : Mood
        How much happens, and how.
    """

    duration_s: float = 30.0
    seed: int = 0
    quiet_lufs: float = -30.0
    loud_lufs: float = -20.0
    ambience_lufs: float = -30.0
    mood: Mood = field(default_factory=Mood)


@dataclass(frozen=True, slots=True)
class _Time:
    """How the time of one soundscape passes: swells that all share, waves of traffic, and what sounds already."""

    swells: Flow
    waves: Flow
    crowd: Crowd

    @classmethod
    def of(cls, options: ArrangeOptions) -> _Time:
        mood, length_s = options.mood, options.duration_s
        swelling, passing = (np.random.default_rng(role_seed(options.seed, name)) for name in ("swells", "waves"))
        crowd = Crowd(mood.most_at_once, length_s if mood.loop else None)
        return cls(swells(length_s, swelling, calm=mood.calm), waves(length_s, passing), crowd)


def target_lufs(importance: float, options: ArrangeOptions) -> float:
    """Return the loudness of a placed track for an importance in 0..1."""
    return options.quiet_lufs + (options.loud_lufs - options.quiet_lufs) * importance


def arrange(
    scene: Scene,
    cast: Cast,
    vocabulary: Vocabulary,
    sounds: Mapping[str, AudioBuffer],
    options: ArrangeOptions,
) -> Arrangement:
    """Put every role on the timeline: ambience first, then the things by importance.

    Parameters
    ----------
    scene, cast : Scene, Cast
    vocabulary : Vocabulary
        Knows how often a class recurs and whether it passes by.
    sounds : mapping of SoundAsset.file to AudioBuffer
    options : ArrangeOptions

    Returns
    -------
    Arrangement
    """
    things = {d.id: d for d in scene.detections}
    beds = [r for r in cast.roles if r.kind == "ambience"]
    rest = sorted((r for r in cast.roles if r.kind != "ambience"), key=lambda r: (-_importance(things.get(r.id)), r.id))
    shares = _shares(beds, scene, vocabulary)
    time = _Time.of(options)
    parts = [_bed(role, share, sounds, options, time) for role, share in zip(beds, shares, strict=True)]
    parts += [_thing(role, i, scene, vocabulary, sounds, options, time) for i, role in enumerate(rest)]
    return Arrangement(options.duration_s, tuple(parts), options.mood)


def _importance(thing: Detection | None) -> float:
    return thing.importance if thing else 0.0


def _takes(role: Role, sounds: Mapping[str, AudioBuffer]) -> Sequence[AudioBuffer]:
    return [sounds[take.file] for take in role.takes]


def _shares(beds: Sequence[Role], scene: Scene, vocabulary: Vocabulary) -> Sequence[float]:
    """Return each bed's share of the ambience's power, as the place says; they are 1 together."""
    said = {layer.concept: layer.share for layer in beds_of(scene.place, vocabulary)}
    shares = [said.get(role.wanted, 1.0 / len(beds)) for role in beds]
    return [share / sum(shares) for share in shares]


def _bed(role: Role, share: float, sounds: Mapping[str, AudioBuffer], options: ArrangeOptions, time: _Time) -> Part:
    """Loop one sound of the place all around, 10 log10(share) below the whole ambience."""
    takes = _takes(role, sounds)
    rng = np.random.default_rng(role_seed(options.seed, role.id))
    analyses = [analyse(t) for t in takes]
    clips = loop(takes, analyses, options.duration_s, rng, ring=options.mood.loop, flow=time.swells)
    level = options.ambience_lufs + 10 * float(np.log10(share))
    told = f", {share:.0%} of its power" if share < 0.995 else ""
    reason = f"ambience at {options.ambience_lufs:g} LUFS{told}; looped in {len(clips)} stretches"
    return Part(role.id, "ambience", clips, Position(distance_m=30.0), round(level, 3), 1.0, reason)


def _somewhere(scene: Scene, rng: np.random.Generator) -> Position:
    """Return where something is heard that belongs to the place and is not seen."""
    nearest_m, farthest_m = (2.0, 5.0) if scene.place.indoor else (8.0, 30.0)
    azimuth_deg, distance_m = rng.uniform(-_WIDE_DEG, _WIDE_DEG), rng.uniform(nearest_m, farthest_m)
    return Position(round(float(azimuth_deg), 1), 0.0, round(float(distance_m), 1))


def _kinds(concept: Concept | None, vocabulary: Vocabulary) -> frozenset[str]:
    """Return what a concept is, itself included."""
    return frozenset(name for rung in vocabulary.climb(concept.name) for name in rung) if concept else frozenset()


def _opposite(where: Position, rng: np.random.Generator) -> Position:
    """Return where another of its kind is: on the other side and farther off."""
    azimuth_deg = -where.azimuth_deg + float(rng.uniform(-25.0, 25.0))
    if abs(azimuth_deg - where.azimuth_deg) < _APART_DEG:
        azimuth_deg = where.azimuth_deg + _APART_DEG * float(rng.choice((-1.0, 1.0)))
    azimuth_deg = (azimuth_deg + 180.0) % 360.0 - 180.0
    return Position(round(azimuth_deg, 1), where.elevation_deg, round(1.5 * where.distance_m, 1))


def _thing(
    role: Role,
    index: int,
    scene: Scene,
    vocabulary: Vocabulary,
    sounds: Mapping[str, AudioBuffer],
    options: ArrangeOptions,
    time: _Time,
) -> Part:
    """Place one thing: always heard, or now and then as often as its class is."""
    thing = next((d for d in scene.detections if d.id == role.id), None)
    takes = _takes(role, sounds)
    analyses = [analyse(t) for t in takes]
    rng = np.random.default_rng(role_seed(options.seed, role.id))
    importance = _importance(thing)
    level = round(target_lufs(importance, options) - (CALM_DB * options.mood.calm if role.kind == "event" else 0.0), 3)
    unseen = role.id.startswith(PLACE_EVENT)
    where = Position(thing.azimuth_deg, thing.elevation_deg, thing.distance_m) if thing else Position()
    if unseen:
        where = _somewhere(scene, rng)
    if role.kind == "loop":
        clips = loop(takes, analyses, options.duration_s, rng, ring=options.mood.loop)
        reason = f"importance {importance:.2f} → {level:.1f} LUFS; always heard, {len(clips)} stretches"
        # A group is as wide as it is in the picture; one thing is a point.
        width = round(thing.box.width, 3) if thing and thing.count > 1 else 0.0
        return Part(role.id, "loop", clips, where, level, width, reason)
    concept = vocabulary.find(role.played) or vocabulary.find(role.wanted)
    rate = concept.rate_per_min if concept and concept.rate_per_min > 0 else 4.0
    passes = bool(concept and concept.moves)
    many = min(3.0, float(thing.count) ** 0.5) if thing else _SPARSE if unseen else 1.0
    often = rate * many * options.mood.pace
    irregularity = concept.irregularity if concept else 0.7
    kinds = _kinds(concept, vocabulary)
    flow = even(options.duration_s) if irregularity < _CLOCKWORK else time.swells
    if passes and VEHICLE in kinds:
        flow = flow * time.waves
    answered_from = _opposite(where, rng) if kinds & CALLERS and not passes else None
    clips = recur(
        analyses,
        options.duration_s,
        rate_per_min=often,
        irregularity=irregularity,
        first_s=0.5 + ((index * GOLDEN) % 1.0) * min(60.0 / often, 0.5 * options.duration_s),
        moving=where if passes else None,
        rng=rng,
        flow=flow,
        crowd=time.crowd,
        answered_from=answered_from,
        ring=options.mood.loop,
    )
    answers = sum(clip.path == (answered_from,) for clip in clips)
    reason = (
        f"importance {importance:.2f} → {level:.1f} LUFS; {often:.3g} a minute, irregularity {irregularity:g}: "
        f"{len(clips)} times"
        + (", passing by" if passes else "")
        + (", in waves" if passes and VEHICLE in kinds else "")
        + (f", {answers} of them answers from the other side" if answers else "")
    )
    return Part(role.id, "event", clips, where, level, 0.0, reason)
