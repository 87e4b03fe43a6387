"""How the mix of a soundscape is made: to the letter of a plan, or anew around what a person has set or locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from extender.audio import SAMPLE_RATE
from extender.looping import Looped, played_s
from extender.output.soundscape import MixFiles
from extender.progress import Progress
from extender.project import changed_by_hand, given_settings, kept_settings, locks_of
from extender.searching import Watch, strategy_of
from extender.tasting import start_filters
from extender.types import Arrangement, Project, Search
from mixer import Filter, Lock, Meters, MixPlan, MixStrategy, Room, Track, TrackSettings, mix_to


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the tracks are to be mixed; with ``plan`` to the letter, else anew around what is fixed."""

    strategy: str
    search: Search
    seed: int
    loudness_lufs: float
    room: Room | None
    stage_half_deg: float
    ceiling_dbtp: float = -1.0
    plan: MixPlan | None = None
    fixed: Mapping[str, TrackSettings] = field(default_factory=dict)
    bus_gain_db: float | None = None
    locks: Sequence[str | Lock] = ()
    given: Mapping[str, TrackSettings] = field(default_factory=dict)
    start_filters: Mapping[str, tuple[Filter, ...]] = field(default_factory=dict)


def mixing_of(project: Project, *, again: bool = False) -> Mixing:
    """Follow an untouched plan to the letter; otherwise plan anew, keeping all that a person has set.

    ``again``: plan anew in any case, and also what would still fit.
    """
    plan = project.plan
    mixing = Mixing(
        plan.strategy, project.search, project.seed, plan.bus.loudness_lufs, plan.room, plan.stage_half_deg,
        plan.bus.ceiling_dbtp,
    )  # fmt: skip
    touched = changed_by_hand(project)
    if not touched and not again:
        return replace(mixing, plan=plan)
    by_hand = plan.bus.gain_db if "bus/gain_db" in touched else None
    mixing = replace(
        mixing, bus_gain_db=by_hand, given=given_settings(project), start_filters=start_filters(project)
    )  # fmt: skip
    if again:
        return replace(mixing, locks=(*project.locks, *project.by_hand))
    return replace(mixing, fixed=kept_settings(project), locks=locks_of(project))


def mix_into(
    tracks: Sequence[Track],
    mixing: Mixing,
    arrangement: Arrangement,
    files: MixFiles,
    progress: Progress,
    watch: Watch,
) -> tuple[MixPlan, Meters]:
    """Plan, unless there is a plan to be followed, and write the mix and its stems."""
    loop = None
    strategy: str | MixStrategy = mixing.strategy
    if mixing.plan is None:
        strategy = strategy_of(mixing.strategy, mixing.search, progress=progress, watch=watch)
    if arrangement.mood.loop:
        loop = Looped(arrangement, files.write, files.write_stem, sample_rate=SAMPLE_RATE)
    plan, meters = mix_to(
        tracks,
        plan=mixing.plan,
        write=(loop or files).write,
        write_stem=(loop or files).write_stem if files.has_stems else None,
        measure_tracks=True,
        progress=progress,
        strategy=strategy,
        seed=mixing.seed,
        duration_s=played_s(arrangement),
        room=mixing.room,
        stage_half_deg=mixing.stage_half_deg,
        loudness=mixing.loudness_lufs,
        ceiling_dbtp=mixing.ceiling_dbtp,
        fixed=mixing.fixed,
        bus_gain_db=mixing.bus_gain_db,
        locks=mixing.locks,
        given=mixing.given,
        start_filters=mixing.start_filters,
    )
    return plan, loop.meters(meters) if loop else meters
