"""What automatic mixing did to a soundscape, in plain words: what was changed on each track, why, and what it gained.

What is said of before and after is measured, on what is rendered: before is every track in its place and at its level,
and nothing else done to it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extender.errors import UsageError
from extender.looping import played_s
from extender.mixed import Mixed, opened
from extender.output.explain_words import LEGEND, Seen, covered, heard, missed, outcome, told
from extender.progress import Progress, silent
from extender.project import set_by_hand
from mixer import MaskingReport, MixPlan, Track
from mixer.curve import at_start
from mixer.locks import Limits, parse_locks


@dataclass(frozen=True, slots=True)
class Told:
    """One change.

    Parameters
    ----------
    name : str
        By which it can be taken back.
    what, why : str
        In words; ``why`` tells what it gained as well.
    without : mapping of str to float or None
        What would be heard of each track without it, 0..1; None where that was not measured.
    """

    name: str
    what: str
    why: str
    without: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class ToldTrack:
    """One track.

    Parameters
    ----------
    id, called : str
    before, after : float or None
        Share of its loudness that is heard, 0..1; None for silence.
    masked_before, masked_after : float or None
        Masker-to-signal measure, 0..1: how far it is covered.
    covered : str
        Who covers it now, and where; may be empty.
    changes : tuple of Told
    locks, by_hand : tuple of str
        What is locked of it, and what a person has set: that stays.
    """

    id: str
    called: str
    before: float | None
    after: float | None
    masked_before: float | None
    masked_after: float | None
    covered: str
    changes: tuple[Told, ...]
    locks: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was done, and what came of it."""

    strategy: str
    outcome: str
    tracks: tuple[ToldTrack, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return asdict(self)

    def lines(self, only: Collection[str] = ()) -> Iterator[str]:
        """Yield the text, line by line; ``only`` these tracks, or all."""
        now = {track.id: track.after for track in self.tracks}
        yield self.outcome
        for track in self.tracks:
            if only and track.id not in only:
                continue
            yield ""
            yield f"{track.called}: {heard(track.before, track.after)}{f'. {track.covered}' if track.covered else ''}"
            for change in track.changes:
                yield f"  {change.name}"
                yield f"      {change.what}{f': {change.why}' if change.why else ''}"
                if change.without is not None:
                    yield f"      {missed(now, change.without)}"
            if not track.changes:
                yield "  nothing was changed"
            if track.locks:
                yield f"  locked: {', '.join(track.locks)}"
            if track.by_hand:
                yield f"  set by hand, and kept: {', '.join(track.by_hand)}"
        yield ""
        yield LEGEND


def explain_project(path: Path, *, each: bool = False, progress: Progress = silent) -> Explanation:
    """Explain the mix of a project.

    Parameters
    ----------
    path : Path
    each : bool
        Measure also what would be heard without each change.
    progress : callable

    Raises
    ------
    InputError
        As of :func:`opened`.
    """
    with opened(path, progress) as (project, tracks):
        called = {role.id: _called(role.id, role.wanted) for role in project.cast.roles}
        return explain(
            tracks, project.plan, duration_s=played_s(project.arrangement), called=called, locks=project.locks,
            by_hand=set_by_hand(project), each=each, progress=progress,
        )  # fmt: skip


def explain_plan(
    plan_file: Path, stems: Sequence[Path], *, each: bool = False, progress: Progress = silent
) -> Explanation:
    """Explain the mix of a plan that ``extender mix`` has written, with the stems it was made of.

    Raises
    ------
    UsageError
        No stems are given.
    InputError
        The plan or a stem cannot be read, or they do not belong together.
    """
    from extender.mixdown import read_plan, stems_of

    plan = read_plan(plan_file)
    if not stems:
        raise UsageError(f"give the stems too: extender explain {plan_file} STEMS")
    with stems_of(plan, stems) as tracks:
        return explain(tracks, plan, each=each, progress=progress)


def explain(
    tracks: Sequence[Track],
    plan: MixPlan,
    *,
    duration_s: float | None = None,
    called: Mapping[str, str] | None = None,
    locks: Sequence[str] = (),
    by_hand: Collection[str] = (),
    each: bool = False,
    progress: Progress = silent,
) -> Explanation:
    """Measure a mix with and without what was done to its tracks, and put it into words.

    Parameters
    ----------
    tracks : sequence of Track
        Those of the plan, in its order.
    plan : MixPlan
    duration_s : float, optional
        Default: that of the plan.
    called : mapping of str to str, optional
        What people call the tracks.
    locks, by_hand : sequence of str
        As :func:`mixer.parse_lock` reads them.
    each : bool
        Measure also what would be heard without each change.
    progress : callable
    """
    ids = [track.id for track in tracks]
    marks, kept = parse_locks(by_hand, ids), parse_locks(locks, ids)
    with Mixed(tracks, plan, duration_s, progress) as mixed:
        before, after = mixed.look(mixed.placed), mixed.look(plan.tracks)
        found = tuple(
            ToldTrack(
                id=track.id,
                called=(called or {}).get(track.id, track.id),
                before=_share(before.mur[n]),
                after=_share(after.mur[n]),
                masked_before=_share(before.msr[n]),
                masked_after=_share(after.msr[n]),
                covered=covered(after, track.id),
                changes=_changes(mixed, n, before, after, Limits.of(kept, track.id), each=each),
                locks=tuple(str(lock) for lock in kept if lock.holds(track.id)),
                by_hand=tuple(str(lock) for lock in marks if lock.holds(track.id)),
            )
            for n, track in enumerate(tracks)
        )
    return Explanation(plan.strategy, outcome(before, after), found)


def _changes(
    mixed: Mixed, n: int, before: MaskingReport, after: MaskingReport, limits: Limits, *, each: bool
) -> tuple[Told, ...]:
    settings = mixed.plan.tracks[n]
    seen = Seen(settings, n, at_start(mixed.starts[n].azimuth_deg), mixed.offsets_db[n], before, after, limits)
    return tuple(
        Told(
            change.name,
            *told(change, seen),
            without=mixed.heard_without([change]) if each else None,
        )
        for change in mixed.changes[n]
    )


def _share(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)


def _called(name: str, wanted: str) -> str:
    return name if wanted in name else f"{name} ({wanted})"
