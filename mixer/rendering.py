"""Planning and rendering: what the package is used by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from mixer.errors import MixerError
from mixer.inputs import Tracks, as_tracks
from mixer.locks import Lock, parse_locks
from mixer.optimise.effort import EffortName, never
from mixer.optimise.objectives import Weights
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.plugins import SPATIALISERS, STRATEGIES, make
from mixer.processors import Filter
from mixer.results import Meters, Render
from mixer.room import decay_time_s
from mixer.session import MixSession, Progress, Write, WriteStem
from mixer.spatial import Spatialiser
from mixer.strategies.base import MixRequest, MixStrategy, begun, levelled, plan_bus, plan_levels
from mixer.types import AudioBuffer, Samples, Track, check

if TYPE_CHECKING:
    from mixer.masking_report import MaskingReport
    from mixer.optimise.methods import MethodName
    from mixer.optimise.predictor import ResiduePredictor

DEFAULT_STRATEGY = "unmask"
IN_MEMORY_BYTES = 4_000_000_000
"""What :func:`mix` and :func:`render` may give back at most."""
_SEARCH = ("effort", "seconds", "weights", "predictor", "method")
"""Options of strategies, as opposed to those of the mix."""
_STAGE = ("duration_s", "sample_rate", "stage_half_deg", "room", "layout")
"""What a plan and a request have in common: where and how long it is played."""


class MixOptions(TypedDict, total=False):
    """What shapes a plan. Keyword arguments of :func:`plan_mix`, :func:`mix` and :func:`mix_to`.

    Parameters
    ----------
    strategy : str or MixStrategy
        ``"unmask"`` (default), ``"balanced"``, ``"flat"``, ``"hafezi"``, ``"mansbridge"``, ``"perez-gonzalez"``,
        ``"asra"``, ``"refine"``, the name of an installed one, or one itself.
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
        ``"stereo"`` (default), ``"mono"``, ``"quad"``, ``"5.1"``, ``"ambisonic"`` (AmbiX of the first order),
        ``"ambisonic2"``, ``"ambisonic3"`` or the name of an installed one.
    freedom_deg : float
        How far a strategy may move a track from its own azimuth, 0..180, default 15.
    sample_rate : int
        Hz, 8,000..192,000, default 48,000.
    fixed : mapping of str to TrackSettings
        By track id: settings to be kept as they are. Ids that are not among the tracks are ignored.
    bus_gain_db : float or None
        A bus gain to be kept as it is.
    seed : int
        For strategies that draw: ``"asra"`` and ``"refine"``.
    effort : {"quick", "normal", "best"}
        How much ``"asra"`` and ``"refine"`` search; by default ``"normal"``, or as long as ``seconds`` says. Where
        there are no seconds, the seed fixes the result.
    seconds : float
        At most so long they search, by the clock.
    weights : Weights
        Which of the mixes that are best in some way ``"asra"`` chooses.
    predictor : ResiduePredictor
        Predicts the residue for ``"asra"``; by default a band model.
    method : {"harmony", "random", "pso", "es", "de"}
        By which ``"refine"`` searches, default ``"harmony"``.
    locks : sequence of str or Lock
        What must stay of which track, e.g. ``"bell"``, ``"bell:eq"``, ``"bell:gain=-3..0"``: see :mod:`mixer.locks`.
    given : mapping of str to TrackSettings
        By track id: what locks keep where they keep something as it is; else it is the track's place and level.
    start_filters : mapping of str to tuple of Filter
        By track id: filters that a track begins with.
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
    effort: EffortName
    seconds: float
    weights: Weights
    predictor: ResiduePredictor
    method: MethodName
    locks: Sequence[str | Lock]
    given: Mapping[str, TrackSettings]
    start_filters: Mapping[str, tuple[Filter, ...]]


def plan_mix(
    tracks: Tracks,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
    **options: Unpack[MixOptions],
) -> MixPlan:
    """Decide every setting of a mix.

    Parameters
    ----------
    tracks : sequence or mapping
        Tracks with unique ids, or recordings that become one each: see :func:`mixer.as_tracks`.
    progress : callable, optional
        Called with a stage's name and how much of it is done, 0..1.
    stop : callable
        Asked now and then while a strategy tries things: True = take the best that was found so far.
    **options
        See :class:`MixOptions`. Those of strategies (effort, seconds, weights, predictor, method) are for those that
        have them.

    Raises
    ------
    MixerError
        Duplicate ids, a value out of range, no duration, an unknown strategy, an option that the strategy does not
        have, a track that cannot be played.
    """
    made = _tracks(tracks, options.get("sample_rate"))
    strategy, wanted = _wanted(made, options, progress, stop)
    with _session(made, wanted, progress) as session:
        return _planned(strategy, made, MixRequest(session=session, **_request(wanted)))


def mix_to(
    tracks: Tracks,
    *,
    write: Write,
    write_stem: WriteStem | None = None,
    plan: MixPlan | None = None,
    measure_tracks: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
    **options: Unpack[MixOptions],
) -> tuple[MixPlan, Meters]:
    """Make a mix block by block: plan, unless there is a plan, and render in one go.

    What planning has played is not played again. A plan is followed to the letter, and costs no planning: the same
    tracks and plan give the same samples.

    Parameters
    ----------
    tracks : sequence or mapping
        As in :func:`plan_mix`; with a plan, those of the plan in its order.
    write : callable
        Gets the mix in blocks of (channels, frames), after the limiter; round(duration_s · sample_rate) frames in all.
    write_stem : callable, optional
        Gets a track's id and its next block, the bus's filters and gain applied; the stems sum to the mix before the
        limiter.
    plan : MixPlan, optional
        With it the options are ignored.
    measure_tracks : bool
        Measure each track where a plan is given, too; without one it is done while planning.
    progress, stop : callable, optional
        As in :func:`plan_mix`.
    **options
        See :class:`MixOptions`.

    Returns
    -------
    MixPlan, Meters

    Raises
    ------
    MixerError
        As :func:`plan_mix`; or the tracks are not those of the plan.
    """
    made = _tracks(tracks, plan.sample_rate if plan else options.get("sample_rate"))
    if plan is not None:
        _check_plan(made, plan)
        with _session(made, {name: getattr(plan, name) for name in _STAGE}, progress) as session:
            return plan, session.render(plan, write=write, write_stem=write_stem, measure_tracks=measure_tracks)
    strategy, wanted = _wanted(made, options, progress, stop)
    with _session(made, wanted, progress) as session:
        plan = _planned(strategy, made, MixRequest(session=session, **_request(wanted)))
        return plan, session.render(plan, write=write, write_stem=write_stem, measure_tracks=True)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A mix, and what is heard of its tracks with and without what was done for them.

    Parameters
    ----------
    plan : MixPlan
    meters : Meters
    before : MaskingReport or None
        With each track at its place and its level, nothing else (``"balanced"``). None where a plan was given.
    after : MaskingReport
        Of the plan.
    """

    plan: MixPlan
    meters: Meters
    before: MaskingReport | None
    after: MaskingReport


def mix_and_compare(
    tracks: Tracks,
    *,
    write: Write,
    write_stem: WriteStem | None = None,
    plan: MixPlan | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
    **options: Unpack[MixOptions],
) -> Comparison:
    """Make a mix as :func:`mix_to` does, and find how well each track is heard before and after.

    What the strategy has analysed itself is not analysed again.

    Parameters are those of :func:`mix_to`.

    Raises
    ------
    MixerError
        As :func:`mix_to`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> sounds = {"sea": rng.normal(0, 0.1, 48_000), "fly": rng.normal(0, 0.02, 48_000)}
    >>> made = mix_and_compare(sounds, write=lambda block: None)
    >>> bool(made.after.mur[1] > made.before.mur[1])
    True
    """
    from mixer.masking import analysed

    made = as_tracks(tracks, plan.sample_rate if plan else options.get("sample_rate", 48_000))
    if plan is not None:
        _check_plan(made, plan)
        with _session(made, {name: getattr(plan, name) for name in _STAGE}, progress) as session:
            after = analysed(session, plan.tracks, progress=progress)
            meters = session.render(plan, write=write, write_stem=write_stem, measure_tracks=True)
            return Comparison(plan, meters, None, after)
    strategy, wanted = _wanted(made, options, progress, stop)
    with _session(made, wanted, progress) as session:
        request = MixRequest(session=session, **_request(wanted))
        placed = levelled(made, [begun(track, request) for track in made], request)
        before = analysed(session, placed, progress=progress)
        plan = _planned(strategy, made, request)
        after = before if plan.tracks == placed else analysed(session, plan.tracks, progress=progress)
        meters = session.render(plan, write=write, write_stem=write_stem, measure_tracks=True)
        return Comparison(plan, meters, before, after)


def render(
    tracks: Tracks,
    plan: MixPlan,
    *,
    stems: bool = False,
    measure_tracks: bool = False,
    progress: Progress | None = None,
) -> Render:
    """Make the sound of a plan in memory, to the letter.

    Parameters
    ----------
    tracks : sequence or mapping
        Those of the plan, in its order.
    plan : MixPlan
    stems : bool
        Give the stems too.
    measure_tracks : bool
        Fill in ``meters.tracks``; the mix is always measured.
    progress : callable, optional

    Raises
    ------
    MixerError
        The tracks are not those of the plan, or one cannot be played.
    """
    made = _tracks(tracks, plan.sample_rate)
    return _in_memory(made, stems, plan=plan, measure_tracks=measure_tracks, progress=progress)


def mix(
    tracks: Tracks,
    *,
    stems: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
    **options: Unpack[MixOptions],
) -> Render:
    """Plan and render in memory.

    Parameters are those of :func:`plan_mix`; ``stems`` asks for the stems too.

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
    return _in_memory(_tracks(tracks, options.get("sample_rate")), stems, progress=progress, stop=stop, **options)


def analyse(
    tracks: Tracks,
    plan: MixPlan | None = None,
    *,
    window: int = 2048,
    overlap: int = 2,
    progress: Progress | None = None,
    **options: Unpack[MixOptions],
) -> MaskingReport:
    """Find who masks whom, and how well each track is heard, in exactly what would be rendered.

    Parameters
    ----------
    tracks : sequence or mapping
        As in :func:`plan_mix`.
    plan : MixPlan, optional
        The mix that is analysed; by default the one that the options plan.
    window, overlap : int
        W, samples at 48 kHz, and F of the analysis; the hop is W/F.
    progress : callable, optional
    **options
        See :class:`MixOptions`; here the strategy is ``"balanced"`` by default, which changes no sound.

    Raises
    ------
    MixerError
        As :func:`mix_to`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> report = analyse({"sea": rng.normal(0, 0.1, 96_000), "fly": rng.normal(0, 0.01, 96_000)})
    >>> report.ids, bool(report.mur[0] > 0.9 > report.mur[1])
    (('sea', 'fly'), True)
    """
    from mixer.masking import analyse_session

    made = as_tracks(tracks, plan.sample_rate if plan else options.get("sample_rate", 48_000))
    if plan is not None:
        _check_plan(made, plan)
        with _session(made, {name: getattr(plan, name) for name in _STAGE}, progress) as session:
            return analyse_session(session, plan.tracks, window=window, overlap=overlap, progress=progress)
    strategy, wanted = _wanted(made, {"strategy": "balanced", **options}, progress)
    with _session(made, wanted, progress) as session:
        plan = _planned(strategy, made, MixRequest(session=session, **_request(wanted)))
        return analyse_session(session, plan.tracks, window=window, overlap=overlap, progress=progress)


def _in_memory(tracks: Sequence[Track], stems: bool, **options: Any) -> Render:
    _check_fits(tracks, stems, options)
    blocks: list[Samples] = []
    parts: dict[str, list[Samples]] = {track.id: [] for track in tracks}

    def write_stem(name: str, block: Samples) -> None:
        parts[name].append(block)

    plan, meters = mix_to(tracks, write=blocks.append, write_stem=write_stem if stems else None, **options)
    sound = AudioBuffer(np.concatenate(blocks, axis=1), plan.sample_rate)
    by_id = {name: AudioBuffer(np.concatenate(part, axis=1), plan.sample_rate) for name, part in parts.items() if part}
    return Render(sound, plan, meters, by_id)


def _check_fits(tracks: Sequence[Track], stems: bool, options: Mapping[str, Any]) -> None:
    """Refuse what would not fit in memory before any work is done, and name the track that makes it so long."""
    plan: MixPlan | None = options.get("plan")
    duration_s = plan.duration_s if plan else options.get("duration_s")
    if duration_s is None:
        duration_s = _natural_duration_s(tracks, options.get("room"))
    rate = plan.sample_rate if plan else options.get("sample_rate", 48_000)
    spatialiser: Spatialiser = make(SPATIALISERS, plan.layout if plan else options.get("layout", "stereo"))
    size = duration_s * rate * spatialiser.channels * 4.0 * (1 + len(tracks) * stems)
    if size > IN_MEMORY_BYTES:
        ends = {track.id: max((c.onset_s + c.duration_s for c in track.clips), default=0.0) for track in tracks}
        last = max(ends, key=lambda name: ends[name], default=None)
        why = f"; track {last!r} ends at {ends[last]:,.0f} s" if last is not None else ""
        raise MixerError(
            f"a mix in memory must be within {IN_MEMORY_BYTES / 1e9:.0f} GB, got {duration_s:,.0f} s of "
            f"{size / 1e9:.1f} GB{why}: use mixer.mix_to, which writes it block by block, or give a shorter duration_s"
        )


def _tracks(tracks: Tracks, sample_rate: int | None) -> tuple[Track, ...]:
    """Make tracks of whatever came; none at all are a mix of silence."""
    if isinstance(tracks, Sequence | Mapping) and not len(tracks):
        return ()
    return as_tracks(tracks, 48_000 if sample_rate is None else sample_rate)


def _wanted(
    tracks: Sequence[Track],
    options: MixOptions,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
) -> tuple[MixStrategy, dict[str, Any]]:
    """Return the strategy and everything else that is wanted, the duration settled; fail before any work is done."""
    wanted: dict[str, Any] = dict(options)
    strategy = wanted.pop("strategy", DEFAULT_STRATEGY)
    unknown = set(wanted) - set(MixOptions.__annotations__)
    if unknown:
        raise TypeError(f"unknown option {min(unknown)!r}; there are: {', '.join(sorted(MixOptions.__annotations__))}")
    searching = {name: wanted.pop(name) for name in _SEARCH if name in wanted}
    if isinstance(strategy, str):
        strategy = make(STRATEGIES, strategy, progress=progress, stop=stop, **searching)
    elif searching:
        raise MixerError(f"{min(searching)} is for strategies by name; make the {strategy.name!r} strategy with it")
    if wanted.get("duration_s") is None:
        wanted["duration_s"] = _natural_duration_s(tracks, wanted.get("room"))
    wanted["locks"] = parse_locks(wanted.get("locks", ()), [track.id for track in tracks])
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
    return strategy, wanted


def _natural_duration_s(tracks: Sequence[Track], room: Room | None) -> float:
    end_s = max((clip.onset_s + clip.duration_s for track in tracks for clip in track.clips), default=0.0)
    if end_s <= 0.0:
        raise MixerError("duration_s must be given where no track has a clip, got None")
    return end_s + (float(decay_time_s(room)) if room is not None and room.damping < 1.0 else 0.0)


def _request(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if key != "layout"}


def _session(tracks: Sequence[Track], wanted: Mapping[str, Any], progress: Progress | None) -> MixSession:
    return MixSession(tracks, **{name: wanted[name] for name in _STAGE if name in wanted}, progress=progress)


def _planned(strategy: MixStrategy, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
    """Return a strategy's plan, without what locks do not allow: a strategy of others may know nothing of them."""
    if tracks and all(track.id in request.fixed for track in tracks):
        return plan_bus(strategy.name, [request.fixed[track.id] for track in tracks], request)
    plan = strategy.plan(tracks, request)
    _check_plan(tracks, plan)
    allowed = [begun(track, request, settings) for track, settings in zip(tracks, plan.tracks, strict=True)]
    if allowed == list(plan.tracks):
        return plan
    return plan_levels(plan.strategy, tracks, allowed, request)


def _check_plan(tracks: Sequence[Track], plan: MixPlan) -> None:
    ids, planned = [track.id for track in tracks], [settings.id for settings in plan.tracks]
    check(planned == ids, "MixPlan", "tracks", f"for the tracks {ids}, in this order", planned)
