"""Between soundscapes and the memory of taste: what an edited mix tells, and how a new one begins."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from extender.looping import played_s
from extender.project import given_settings
from extender.taste import Edit, Feature, Memory, Noticed, Preferred, Taste, in_use, taste_of
from extender.types import Flavour, Part, Project, Role
from mixer import Filter, MixPlan, MixSession, Track, TrackSettings
from mixer.bands import filter_power
from mixer.curve import Curve, Setting, at_start, extremes
from mixer.optimise.objectives import Reference, Weights, vector
from mixer.plugins import STRATEGIES, takes
from mixer.residue import Residue, analyse_residue
from mixer.spatial import lateral_deg
from mixer.strategies.base import MixRequest, begun, levelled

F64 = NDArray[np.float64]
FARTHEST_DB = 12.0
"""No edit counts for more; also not that a track was silenced."""
SHELF_HZ = 2_000.0
"""From where on a sound is made brighter."""
_HERTZ = np.geomspace(80.0, 12_000.0, 49)
_DARK, _BRIGHT = _HERTZ <= 1_000.0, _HERTZ >= 4_000.0
_RATE = 48_000


def season(project: Project) -> Project:
    """Return a new project as a person's taste would begin it, if there is a memory and it is on.

    Parts are made louder, moved outwards and widened as sounds of their kind usually are by this person; what is to be
    brighter, and which mix is to be chosen, is written down for the mixing.
    """
    memory = in_use()
    if memory is None:
        return project
    taste = taste_of(memory)
    roles = {role.id: role for role in project.cast.roles}
    flavour = Flavour(mixes=taste.mixes)
    parts = []
    for part in project.arrangement.parts:
        part, used = _seasoned(part, roles[part.id], taste)
        for feature, value in used.items():
            getattr(flavour, feature)[part.id] = value
        parts.append(part)
    arrangement = replace(project.arrangement, parts=tuple(parts))
    return weighted(replace(project, arrangement=arrangement, taste=flavour), memory)


def weighted(project: Project, memory: Memory | None = None) -> Project:
    """Return a project whose search chooses by the person's taste, where it has weights and none are given."""
    memory = memory or in_use()
    if (
        memory is None
        or project.search.weights is not None
        or "weights" not in takes(STRATEGIES, project.plan.strategy)
    ):
        return project
    weights = taste_of(memory).weights
    return project if weights == Weights() else replace(project, search=replace(project.search, weights=weights))


def _seasoned(part: Part, role: Role, taste: Taste) -> tuple[Part, dict[Feature, float]]:
    """Return a part as a person would have it, and what was added."""
    used: dict[Feature, float] = {}
    told: list[str] = []
    if louder := taste.of("loudness_db", role.kind, role.played):
        target = min(max(part.target_lufs + louder, -70.0), 0.0)
        used["loudness_db"] = round(target - part.target_lufs, 2)
        part = replace(part, target_lufs=target)
        told.append(f"{used['loudness_db']:+.1f} dB")
    outward = taste.of("outward_deg", role.kind, role.played)
    lateral = float(lateral_deg(part.position.azimuth_deg))
    if outward and part.width == 0.0 and abs(lateral) >= 1.0 and not any(clip.path for clip in part.clips):
        further = min(max(abs(lateral) + outward, 0.0), 90.0)
        used["outward_deg"] = round(further - abs(lateral), 2)
        azimuth_deg = math.copysign(further, lateral)
        if abs(part.position.azimuth_deg) > 90.0:
            azimuth_deg = math.copysign(180.0 - further, lateral)
        part = replace(part, position=replace(part.position, azimuth_deg=round(azimuth_deg, 2)))
        told.append(f"{used['outward_deg']:+.0f}° outwards")
    wider = taste.of("wider", role.kind, role.played)
    if wider and part.width > 0.0:
        width = min(max(part.width + wider, 0.05), 1.0)
        used["wider"] = round(width - part.width, 3)
        part = replace(part, width=width)
        told.append(f"{100 * used['wider']:+.0f} % wide")
    if brighter := taste.of("bright_db", role.kind, role.played):
        used["bright_db"] = min(max(brighter, -FARTHEST_DB), FARTHEST_DB)
        told.append(f"{used['bright_db']:+.1f} dB above 2 kHz")
    if told:
        part = replace(
            part, reason="; ".join(text for text in (part.reason, f"by your taste {', '.join(told)}") if text)
        )
    return part, used


def start_filters(project: Project) -> dict[str, tuple[Filter, ...]]:
    """Return what each track begins with, by the taste that the project was made with."""
    if project.taste is None:
        return {}
    return {
        name: (Filter("high_shelf", SHELF_HZ, gain_db, reason=f"{gain_db:+.1f} dB above 2 kHz, by your taste"),)
        for name, gain_db in project.taste.bright_db.items()
    }


def automatic_after(project: Project, plan: MixPlan, by_hand: Sequence[str]) -> tuple[TrackSettings, ...]:
    """Return what is to be compared with later: what was made automatically, of each track.

    Parameters
    ----------
    project : Project
        As it was read.
    plan : MixPlan
        As it is rendered.
    by_hand : sequence of str
        Tracks whose settings were not made now, but followed.
    """
    if in_use() is None:
        return project.automatic
    known = {settings.id: settings for settings in project.automatic}
    if not project.automatic and by_hand:
        return ()  # it was made while nothing was remembered: nobody knows what was automatic
    return tuple(known.get(s.id, s) if s.id in by_hand else s for s in plan.tracks)


def noticed(project: Project, tracks: Sequence[Track]) -> Edit | None:
    """Return what a person has changed in a project; None if that is nothing, or not known.

    Two or three exact measurements are made of the mix.
    """
    before = {settings.id: settings for settings in project.automatic}
    after = given_settings(project)
    ids = [settings.id for settings in project.plan.tracks]
    if set(before) != set(ids) or not any(name in after and _other(before[name], after[name]) for name in ids):
        return None
    first = [before[name] for name in ids]
    second = [after.get(name, before[name]) for name in ids]
    plan = project.plan
    with MixSession(
        tracks, duration_s=played_s(project.arrangement), sample_rate=plan.sample_rate,
        stage_half_deg=plan.stage_half_deg, room=plan.room, layout=plan.layout,
    ) as session:  # fmt: skip
        level_before = [level.at(s).loudness_lufs for level, s in zip(session.levels(first), first, strict=True)]
        levels = session.levels(second)
        level_after = [level.at(s).loudness_lufs for level, s in zip(levels, second, strict=True)]
        louder = [_louder(*pair) for pair in zip(level_before, level_after, strict=True)]
        targets = [track.target_lufs for track in tracks]
        offsets = tuple(
            (0.0 if was is None or target is None else was - target, 0.0 if target is None else more)
            for was, more, target in zip(level_before, louder, targets, strict=True)
        )
        offsets = tuple((was, was + more) for was, more in offsets)
        compared = (0.0, 0.0, 0.0)
        if any(_other(a, replace(b, gain_db=a.gain_db)) for a, b in zip(first, second, strict=True)):
            gains = [
                s.gain_db if loud is None or (gain := level.gain_to(loud)) is None else min(max(gain, -200.0), 120.0)
                for s, level, loud in zip(second, levels, level_before, strict=True)
            ]
            levelled_after = [replace(s, gain_db=gain) for s, gain in zip(second, gains, strict=True)]
            compared = _compared(session, tracks, first, levelled_after, plan)
    roles = {role.id: role for role in project.cast.roles}
    return Edit(
        mix=_name(project.automatic),
        tracks=tuple(
            _noticed(project, roles[name], a, b, more)
            for name, a, b, more in zip(ids, first, second, louder, strict=True)
        ),
        preferred=Preferred(*compared, tuple((round(a, 3), round(b, 3)) for a, b in offsets)),
    )


def _noticed(project: Project, role: Role, before: TrackSettings, after: TrackSettings, louder_db: float) -> Noticed:
    flavour = project.taste or Flavour()
    points = all(s.placed and extremes(s.width)[1] == 0.0 for s in (before, after))
    out = _outward_deg(after) - _outward_deg(before) if points else 0.0
    return Noticed(
        kind=role.kind,
        concept=role.played,
        loudness_db=round(flavour.loudness_db.get(role.id, 0.0) + louder_db, 3),
        bright_db=round(flavour.bright_db.get(role.id, 0.0) + bright_db(after) - bright_db(before), 3),
        outward_deg=round(flavour.outward_deg.get(role.id, 0.0) + out, 3),
        wider=round(flavour.wider.get(role.id, 0.0) + at_start(after.width) - at_start(before.width), 4),
    )


def _compared(
    session: MixSession, tracks: Sequence[Track], first: Sequence[TrackSettings], second: Sequence[TrackSettings],
    plan: MixPlan,
) -> tuple[float, float, float]:  # fmt: skip
    """Return residue, clarity and intervention of the first less those of the second."""
    request = MixRequest(plan.duration_s, session, plan.room, plan.stage_half_deg, sample_rate=plan.sample_rate)
    placed = levelled(tracks, [begun(track, request) for track in tracks], request)
    reference, one, two = (analyse_residue(session, settings) for settings in (placed, first, second))
    heard = reference.loudness_sone > 0.0

    def mur(found: Residue) -> F64:
        return np.asarray(np.nan_to_num(found.mur[heard]))

    by = Reference(mur(reference), reference.sone)
    values = [
        vector(mur(found), found.sone, np.zeros(len(tracks)), _done(settings), by, allowed=1.0)
        for found, settings in ((one, first), (two, second))
    ]
    gain = (values[0] - values[1]).tolist()
    return round(gain[0], 5), round(gain[2], 5), round(gain[3], 5)


def bright_db(settings: TrackSettings) -> float:
    """Return how much more the filters of a track leave above 4 kHz than below 1 kHz, mean over Bark-like steps, dB."""
    response = _response_db(settings.filters)
    return float(response[_BRIGHT].mean() - response[_DARK].mean())


def _done(settings: Sequence[TrackSettings]) -> float:
    """Return how much is done to tracks: mean |EQ|/6 dB and mean (1 − 1/ratio), added, as the search counts it."""
    eq = [float(np.abs(_response_db(s.filters)).mean()) / 6.0 for s in settings]
    ratios = [1.0 - 1.0 / at_start(s.compressor.ratio) if s.compressor else 0.0 for s in settings]
    return (sum(eq) + sum(ratios)) / max(len(settings), 1)


def _response_db(filters: Sequence[Filter]) -> F64:
    """Return the curve of filters; what moves counts as its mean."""
    total = np.zeros(len(_HERTZ))
    for section in filters:
        still = replace(
            section, gain_db=_mean(section.gain_db), frequency_hz=_mean(section.frequency_hz), q=_mean(section.q)
        )
        total += 10.0 * np.log10(np.maximum(filter_power(still, _HERTZ, _RATE, np.zeros(1))[:, 0], 1e-6))
    return total


def _mean(setting: Setting) -> float:
    if not isinstance(setting, Curve) or len(setting.times_s) == 1:
        return at_start(setting)
    return float(np.trapezoid(setting.values, setting.times_s) / (setting.times_s[-1] - setting.times_s[0]))


def _outward_deg(settings: TrackSettings) -> float:
    return abs(float(lateral_deg(at_start(settings.azimuth_deg))))


def _louder(before: float | None, after: float | None) -> float:
    """Return by how much a track became louder; what was silenced counts as far softer, what was silent not at all."""
    if before is None:
        return 0.0
    return -FARTHEST_DB if after is None else min(max(after - before, -FARTHEST_DB), FARTHEST_DB)


def _other(before: TrackSettings, after: TrackSettings) -> bool:
    return replace(before, reason="") != replace(after, reason="")


def _name(settings: Sequence[TrackSettings]) -> str:
    """Return a short name for an automatic mix."""
    text = json.dumps([asdict(each) for each in settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
