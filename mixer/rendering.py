"""Planning and rendering: what the package is used by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import numpy as np

from mixer.errors import MixerError
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.plugins import STRATEGIES, make
from mixer.results import Meters, Render
from mixer.room import decay_time_s
from mixer.session import MixSession, Progress, Write, WriteStem
from mixer.strategies.base import MixRequest, MixStrategy
from mixer.types import AudioBuffer, Samples, Track, check

_STAGE = ("duration_s", "sample_rate", "stage_half_deg", "room", "layout")
"""What a plan and a request have in common: where and how long it is played."""


class MixOptions(TypedDict, total=False):
    """What shapes a plan. Keyword arguments of :func:`plan_mix`, :func:`mix` and :func:`mix_to`.

    Parameters
    ----------
    strategy : str or MixStrategy
        ``"balanced"`` (default), ``"flat"``, the name of an installed one, or one itself.
    duration_s : float or None
        Length of the mix; by default the end of the last clip and the decay of the room after it.
    room : Room or None
        None (default) = dry.
    stage_half_deg : float
        The azimuth that is heard from one loudspeaker alone, 1..180, default 45.
    loudness : float
        Integrated loudness of the mix in LUFS, −70..0, default −20.
    ceiling_dbtp : float
        True-peak ceiling, −24..0, default −1.
    layout : str
        ``"stereo"`` (default) or the name of another spatialiser.
    freedom_deg : float
        How far a strategy may move a track from its own azimuth, 0..180, default 15.
    sample_rate : int
        Hz, 8,000..192,000, default 48,000.
    fixed : mapping of str to TrackSettings
        By track id: settings to be kept as they are. Ids that are not among the tracks are ignored.
    bus_gain_db : float or None
        A bus gain to be kept as it is.
    seed : int
        For strategies that draw; the built-in ones do not.
    """

    strategy: str | MixStrategy
    duration_s: float | None
    room: Room | None
    stage_half_deg: float
    loudness: float
    ceiling_dbtp: float
    layout: str
    freedom_deg: float
    sample_rate: int
    fixed: Mapping[str, TrackSettings]
    bus_gain_db: float | None
    seed: int


def plan_mix(tracks: Sequence[Track], *, progress: Progress | None = None, **options: Unpack[MixOptions]) -> MixPlan:
    """Decide every setting of a mix.

    Parameters
    ----------
    tracks : sequence of Track
        With unique ids.
    progress : callable, optional
        Called with a stage's name and how much of it is done, 0..1.
    **options
        See :class:`MixOptions`.

    Raises
    ------
    MixerError
        Duplicate ids, a value out of range, no duration, an unknown strategy.
    """
    strategy, wanted = _wanted(tracks, options)
    with _session(tracks, wanted, progress) as session:
        return strategy.plan(tracks, MixRequest(session=session, **_request(wanted)))


def render(
    tracks: Sequence[Track],
    plan: MixPlan,
    *,
    write: Write,
    write_stem: WriteStem | None = None,
    progress: Progress | None = None,
) -> Meters:
    """Make the sound of a plan, to the letter: the same tracks and plan give the same samples.

    Parameters
    ----------
    tracks : sequence of Track
        Those of the plan, in its order.
    plan : MixPlan
    write : callable
        Gets the mix in blocks of (2, frames), after the limiter; round(duration_s · sample_rate) frames in all.
    write_stem : callable, optional
        Gets a track's id and its next block, bus gain applied; the stems sum to the mix before the limiter.
    progress : callable, optional

    Returns
    -------
    Meters

    Raises
    ------
    MixerError
        The tracks are not those of the plan.
    """
    _check_plan(tracks, plan)
    with _session(tracks, {name: getattr(plan, name) for name in _STAGE}, progress) as session:
        return session.render(plan, write=write, write_stem=write_stem)


def mix_to(
    tracks: Sequence[Track],
    *,
    write: Write,
    write_stem: WriteStem | None = None,
    plan: MixPlan | None = None,
    progress: Progress | None = None,
    **options: Unpack[MixOptions],
) -> tuple[MixPlan, Meters]:
    """Plan, unless there is a plan, and render in one go: what planning has played is not played again.

    Parameters are those of :func:`plan_mix` and :func:`render`. With ``plan`` the options are ignored.

    Raises
    ------
    MixerError
        As those.
    """
    if plan is not None:
        return plan, render(tracks, plan, write=write, write_stem=write_stem, progress=progress)
    strategy, wanted = _wanted(tracks, options)
    with _session(tracks, wanted, progress) as session:
        plan = strategy.plan(tracks, MixRequest(session=session, **_request(wanted)))
        _check_plan(tracks, plan)
        return plan, session.render(plan, write=write, write_stem=write_stem)


def mix(
    tracks: Sequence[Track],
    *,
    plan: MixPlan | None = None,
    stems: bool = False,
    progress: Progress | None = None,
    **options: Unpack[MixOptions],
) -> Render:
    """Plan, unless there is a plan, and render in memory.

    Parameters are those of :func:`plan_mix` and :func:`render`; ``stems`` asks for the stems too.

    Raises
    ------
    MixerError
        As those.

    Examples
    --------
    >>> import numpy as np
    >>> noise = AudioBuffer(np.random.default_rng(1).normal(0, 0.1, 48_000), 48_000)
    >>> result = mix([Track("rain", (noise,), target_lufs=-24.0)])
    >>> result.mix.frames, round(result.meters.loudness_lufs, 1), round(result.meters.tracks[0].loudness_lufs, 1)
    (48000, -20.0, -24.0)
    """
    blocks: list[Samples] = []
    parts: dict[str, list[Samples]] = {track.id: [] for track in tracks}

    def write_stem(name: str, block: Samples) -> None:
        parts[name].append(block)

    plan, meters = mix_to(
        tracks, plan=plan, write=blocks.append, write_stem=write_stem if stems else None, progress=progress, **options
    )
    sound = AudioBuffer(np.concatenate(blocks, axis=1), plan.sample_rate)
    by_id = {name: AudioBuffer(np.concatenate(part, axis=1), plan.sample_rate) for name, part in parts.items() if part}
    return Render(sound, plan, meters, by_id)


def _wanted(tracks: Sequence[Track], options: MixOptions) -> tuple[MixStrategy, dict[str, Any]]:
    """Return the strategy and everything else that is wanted, the duration settled; fail before any work is done."""
    wanted: dict[str, Any] = dict(options)
    strategy = wanted.pop("strategy", "balanced")
    unknown = set(wanted) - set(MixOptions.__annotations__)
    if unknown:
        raise TypeError(f"unknown option {min(unknown)!r}; there are: {', '.join(sorted(MixOptions.__annotations__))}")
    if wanted.get("duration_s") is None:
        wanted["duration_s"] = _natural_duration_s(tracks, wanted.get("room"))
    if "loudness" in wanted:
        wanted["loudness_lufs"] = wanted.pop("loudness")
    bus = {key: wanted[key] for key in ("loudness_lufs", "ceiling_dbtp") if key in wanted}
    stage = {key: wanted[key] for key in ("stage_half_deg", "layout", "sample_rate") if key in wanted}
    # What is wrong is found here by the types that would refuse it in the end.
    gain_db = wanted.get("bus_gain_db")
    MixPlan(
        "", wanted["duration_s"], tuple(TrackSettings(track.id, 0.0) for track in tracks),
        BusSettings(0.0 if gain_db is None else gain_db, **bus), **stage,
    )  # fmt: skip
    return make(STRATEGIES, strategy) if isinstance(strategy, str) else strategy, wanted


def _natural_duration_s(tracks: Sequence[Track], room: Room | None) -> float:
    end_s = max((clip.onset_s + clip.duration_s for track in tracks for clip in track.clips), default=0.0)
    if end_s <= 0.0:
        raise MixerError("duration_s must be given where no track has a clip, got None")
    return end_s + (float(decay_time_s(room)) if room is not None and room.damping < 1.0 else 0.0)


def _request(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if key != "layout"}


def _session(tracks: Sequence[Track], wanted: Mapping[str, Any], progress: Progress | None) -> MixSession:
    return MixSession(tracks, **{name: wanted[name] for name in _STAGE if name in wanted}, progress=progress)


def _check_plan(tracks: Sequence[Track], plan: MixPlan) -> None:
    ids, planned = [track.id for track in tracks], [settings.id for settings in plan.tracks]
    check(planned == ids, "MixPlan", "tracks", f"for the tracks {ids}, in this order", planned)
