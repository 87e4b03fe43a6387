"""Where a mix is planned and rendered: plays every track as seldom as it can, and measures while it plays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mixer.bus import BusShape, Output, Write
from mixer.convolve import BLOCK
from mixer.lanes import Lane, Playing, TrackLevels, add_panned, placed
from mixer.limiter import MARGIN_DB, Limiter
from mixer.loudness import LoudnessMeter
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.plugins import SPATIALISERS, make
from mixer.results import Meters
from mixer.room import room_response
from mixer.spatial import Spatialiser, Stage
from mixer.spool import Spool
from mixer.threads import thread_count
from mixer.timeline import Reader
from mixer.types import Samples, Track, check

if TYPE_CHECKING:
    from mixer.masking_report import MaskingReport

__all__ = ["CACHE_BYTES", "MixSession", "Progress", "TrackLevels", "Write", "WriteStem"]

Progress = Callable[[str, float], None]
"""Called with the stage's name and how much of it is done, 0..1."""
WriteStem = Callable[[str, Samples], None]
"""Takes a track's id and its next (channels, frames)."""

CACHE_BYTES = 192_000_000
"""Placed tracks are kept from planning to rendering if all together need no more."""
DECODED_BYTES = 96_000_000
"""What all tracks together may keep decoded of files that they play several times."""
LOUDNESS_STEPS = 4
"""How often the limited mix is measured to find the bus gain."""
LOUDNESS_TOLERANCE_LU = 0.02
LARGEST_REDUCTION_DB = 20.0
"""Loudness is not bought with more limiting than this."""
_GROUPS, _LARGEST_GROUP = 8, 8
"""Tracks are summed in groups, a thread each: about so many, of so many tracks at most."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The tracks that one thread plays and sums."""

    playing: tuple[Playing, ...]
    gains: tuple[float, ...]

    def blocks(self) -> list[Samples | None]:
        """Return the next block of each track at its gain."""
        heard = [(playing, gain, next(playing.blocks)) for playing, gain in zip(self.playing, self.gains, strict=True)]
        return [None if block is None else placed(block, playing.at(gain)) for playing, gain, block in heard]

    def total(self) -> Samples | None:
        """Return their sum; the same, to the last bit, as that of the blocks."""
        total: Samples | None = None
        for playing, gain in zip(self.playing, self.gains, strict=True):
            block = next(playing.blocks)
            if block is None:
                continue
            level = playing.at(gain)
            if total is None:
                total = placed(block, level)
            elif isinstance(level, np.ndarray):
                add_panned(total, block, level)
            else:
                total += block if level == 1.0 else block * level
        return total


class MixSession:
    """Plays tracks on one stage. Use it in a ``with`` statement.

    Parameters
    ----------
    tracks : sequence of Track
    duration_s : float
        Length of the mix, > 0.
    sample_rate : int
        Hz.
    stage_half_deg : float
    room : Room or None
    layout : str
        Name of the spatialiser.
    progress : callable, optional
    cache_bytes : int
        How much may be kept of what was played.

    Attributes
    ----------
    tracks : tuple of Track
    layout : str
    reports : dict
        What :func:`mixer.masking.analysed` has found with which settings.

    Notes
    -----
    Tracks are played in parallel, in groups that depend on their number alone; sums are made in the order of the
    tracks within a group and of the groups, and filters work on one grid of blocks, so that neither threads nor the
    cache change a bit of the result.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        *,
        duration_s: float,
        sample_rate: int = 48_000,
        stage_half_deg: float = 45.0,
        room: Room | None = None,
        layout: str = "stereo",
        progress: Progress | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.tracks = tuple(tracks)
        self.layout = layout
        frames = max(1, round(duration_s * sample_rate))
        self._spatialiser: Spatialiser = make(SPATIALISERS, layout)
        check(self.channels >= 1, "Spatialiser", "channels", "1 or more", self.channels)
        responses = getattr(self._spatialiser, "room_responses", (1, 1))
        response = room_response(room, sample_rate, *responses)
        self._stage = Stage(sample_rate, frames, stage_half_deg, response)
        share = DECODED_BYTES // max(1, len(tracks))
        self._lanes = {track.id: Lane(track, sample_rate, share) for track in tracks}
        check(len(self._lanes) == len(tracks), "MixPlan", "tracks", "with unique ids", [track.id for track in tracks])
        self._keep = len(tracks) * frames * self.channels * 4 <= cache_bytes
        self._progress = progress or (lambda stage, fraction: None)
        self._pool = ThreadPoolExecutor(max_workers=thread_count())
        self._closing = Event()
        self._spool = Spool()
        self._spooled: tuple[object, ...] = ()
        self.reports: dict[tuple[TrackSettings, ...], MaskingReport] = {}

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._stage.sample_rate

    @property
    def frames(self) -> int:
        """Length of the mix."""
        return self._stage.frames

    @property
    def channels(self) -> int:
        """Of the mix, and of each placed track."""
        return self._spatialiser.channels

    def __enter__(self) -> MixSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)
        self._spool.close()

    def _key(self, name: str) -> Reader:
        check(name in self._lanes, "Duck", "by", f"one of {list(self._lanes)}", name)
        return self._lanes[name].reader()

    def _play(self, settings: TrackSettings, lane: Lane, *, measure: bool, keep: bool = False) -> Playing:
        return lane.play(settings, self._stage, self._spatialiser, self._key, measure=measure, keep=keep)

    def levels(self, settings: Sequence[TrackSettings]) -> list[TrackLevels]:
        """Return the levels of each track processed and placed by its settings, whatever gain they have."""
        lanes = list(self._lanes.values())
        done = iter(range(1, len(lanes) + 1))

        def run(lane: Lane, track_settings: TrackSettings) -> None:
            playing = self._play(track_settings, lane, measure=True, keep=self._keep)
            if lane.levels is None:
                for _ in playing.blocks:
                    if self._closing.is_set():
                        return

        for _ in self._pool.map(run, lanes, settings):
            self._progress("measuring tracks", next(done) / len(lanes))
        return [lane.levels for lane in lanes if lane.levels]

    def in_step(self, settings: Sequence[TrackSettings]) -> Iterator[list[Samples | None]]:
        """Play all tracks in step.

        Parameters
        ----------
        settings : sequence of TrackSettings
            One for each track; ``gain_db`` is not applied, ``fader_db`` is.

        Yields
        ------
        list of (channels, frames) float32 or None
            The next BLOCK frames of every track, processed and placed; None = silence. Not to be changed. The block
            after it is played meanwhile.
        """
        for blocks in self._at_work(self._groups(settings, [1.0] * len(settings)), _Group.blocks):
            yield [block for group in blocks for block in group]

    def _groups(
        self, settings: Sequence[TrackSettings], gains: Sequence[float], *, measure: bool = False
    ) -> list[_Group]:
        size = min(max(1, len(self._lanes) // _GROUPS), _LARGEST_GROUP)
        playing = [self._play(s, lane, measure=measure) for lane, s in zip(self._lanes.values(), settings, strict=True)]
        cuts = range(0, len(playing), size)
        return [_Group(tuple(playing[n : n + size]), tuple(gains[n : n + size])) for n in cuts]

    def _at_work(self, groups: Sequence[_Group], work: Callable[[_Group], T]) -> Iterator[list[T]]:
        """Yield the results of all groups for each block; each group begins with the next as soon as it may."""
        count = -(-self.frames // BLOCK)
        pending = [self._pool.submit(work, group) for group in groups]
        for number in range(count):
            results = []
            for n, group in enumerate(groups):
                results.append(pending[n].result())
                if number + 1 < count:
                    pending[n] = self._pool.submit(work, group)
            yield results

    def settle_bus(
        self,
        settings: Sequence[TrackSettings],
        loudness_lufs: float,
        ceiling_dbtp: float,
        *,
        bus: BusSettings = BusSettings(),  # noqa: B008  # frozen
    ) -> BusSettings:
        """Find the bus gain with which the limited mix has a loudness, within 0.1 LU where its peaks allow.

        The filters and the fader of ``bus`` stay as they are.

        Where the limiter works, loudness does not follow gain: the limited mix is measured at most LOUDNESS_STEPS
        times, the gain following the secant, and the nearest is taken.
        """
        bus = replace(bus, loudness_lufs=loudness_lufs, ceiling_dbtp=ceiling_dbtp)
        meter, peak = self._sum_up(settings, bus)
        gain_db = meter.gain_to(loudness_lufs)
        if gain_db is None:
            return replace(bus, gain_db=0.0, reason="nothing is heard")
        gain_db = min(max(gain_db, -200.0), 120.0)
        headroom_db = ceiling_dbtp - MARGIN_DB - 20.0 * math.log10(peak)
        if gain_db <= headroom_db:
            reason = f"{gain_db:+.1f} dB bring the mix to {loudness_lufs:.1f} LUFS; no peak needs the limiter"
            return replace(bus, gain_db=gain_db, reason=reason)
        return self._settle_limited(gain_db, headroom_db + LARGEST_REDUCTION_DB, bus)

    def _settle_limited(self, gain_db: float, most_db: float, bus: BusSettings) -> BusSettings:
        loudness_lufs, ceiling_dbtp = bus.loudness_lufs, bus.ceiling_dbtp
        gain_db = min(gain_db, most_db)
        tried: list[tuple[float, float, float]] = []  # error, gain, reduction
        for step in range(LOUDNESS_STEPS):
            loudness, reduction_db = self._limited(gain_db, ceiling_dbtp)
            error = loudness_lufs - (loudness if loudness is not None else -200.0)
            slope = 1.0
            if tried and gain_db != tried[-1][1]:
                slope = (tried[-1][0] - error) / (gain_db - tried[-1][1])
            tried.append((error, gain_db, reduction_db))
            self._progress("settling the level", (step + 1) / LOUDNESS_STEPS)
            if abs(error) <= LOUDNESS_TOLERANCE_LU:
                break
            gain_db = min(max(gain_db + error / min(max(slope, 0.2), 1.0), -200.0), most_db, 120.0)
            if gain_db == tried[-1][1]:
                break
        error, gain_db, reduction_db = min(tried, key=lambda t: abs(t[0]))
        reason = f"{gain_db:+.1f} dB bring the mix to {loudness_lufs - error:.1f} LUFS"
        if error > 0.1:
            reason += f", short of {loudness_lufs:.1f}: its peaks stand too far out for {ceiling_dbtp:.1f} dBTP"
        reason += f"; the limiter takes up to {reduction_db:.1f} dB"
        return replace(bus, gain_db=gain_db, reason=reason)

    def render(
        self, plan: MixPlan, *, write: Write, write_stem: WriteStem | None = None, measure_tracks: bool = False
    ) -> Meters:
        """Play the plan to the letter: blocks of the limited mix, and of the stems before the limiter, in order.

        Nothing is played that has no part in the result: a given plan costs no pass of planning. The meters of the
        tracks are those that planning has read, or are read now if ``measure_tracks`` says so; else there are none.
        """
        gain = np.float32(10.0 ** (plan.bus.gain_db / 20.0))
        limiter = Limiter(self.channels, self.sample_rate, plan.bus.ceiling_dbtp)
        output = self._output(write)
        for number, mix in enumerate(self._mixed(plan.tracks, plan.bus, gain, write_stem, measure_tracks)):
            output.add(limiter.process(mix if gain == 1.0 else mix * gain))
            self._progress("mixing", min(1.0, (number + 1) * BLOCK / self.frames))
        output.add(limiter.flush())
        loudness, peak = output.finish()
        levels = [lane.known(settings) for lane, settings in zip(self._lanes.values(), plan.tracks, strict=True)]
        tracks = tuple(level.at(settings) for level, settings in zip(levels, plan.tracks, strict=True) if level)
        return Meters(loudness.integrated(), peak.dbtp, loudness.loudness_range(), limiter.reduction_db, tracks)

    def _output(self, write: Write) -> Output:
        return Output(write, self._pool, self.channels, self._spatialiser.loudness_channels, self.sample_rate)

    def _mixed(
        self,
        settings: Sequence[TrackSettings],
        bus: BusSettings,
        gain: np.float32,
        write_stem: WriteStem | None,
        measure: bool,
    ) -> Iterator[Samples]:
        """Yield the sum of the tracks through the bus, before its gain; hand out stems, with it, on the way."""
        if write_stem is None and self._spooled and self._spooled == _mix_of(settings, bus):
            yield from self._spool.blocks(self.channels, self.frames)
            return
        shape = BusShape(bus, self.channels, self.sample_rate)
        groups = self._groups(settings, [10.0 ** (s.gain_db / 20.0) for s in settings], measure=measure)
        starts = range(0, self.frames, BLOCK)
        if write_stem is None:
            for start, totals in zip(starts, self._at_work(groups, _Group.total), strict=True):
                yield self._summed(totals, shape, min(BLOCK, self.frames - start))
            return
        shapes = [BusShape(bus, self.channels, self.sample_rate) for _ in settings]
        for start, blocks in zip(starts, self._at_work(groups, _Group.blocks), strict=True):
            frames = min(BLOCK, self.frames - start)
            stems = zip(self.tracks, shapes, (stem for group in blocks for stem in group), strict=True)
            for track, own, block in stems:
                stem = own.process(block, frames)
                silence: Samples = np.zeros((self.channels, frames), np.float32)
                write_stem(track.id, silence if stem is None else stem * gain)
            yield self._summed([_sum(group) for group in blocks], shape, frames)

    def _summed(self, totals: Sequence[Samples | None], shape: BusShape, frames: int) -> Samples:
        """Return the sum of the groups through the bus."""
        mix = shape.process(_sum(totals), frames)
        return np.zeros((self.channels, frames), np.float32) if mix is None else mix

    def _sum_up(self, settings: Sequence[TrackSettings], bus: BusSettings) -> tuple[LoudnessMeter, float]:
        """Mix once without the bus's gain or limiter, into the spool; return its loudness and true peak."""
        self._spooled = ()
        self._spool.clear()
        output = self._output(self._spool.write)
        for number, mix in enumerate(self._mixed(settings, bus, np.float32(1.0), None, measure=False)):
            output.add(mix)
            self._progress("measuring the mix", min(1.0, (number + 1) * BLOCK / self.frames))
        meter, peak = output.finish()
        self._spooled = _mix_of(settings, bus)
        return meter, peak.peak

    def _limited(self, gain_db: float, ceiling_dbtp: float) -> tuple[float | None, float]:
        """Return the loudness of the spooled mix after gain and limiter, and how much that takes."""
        gain = np.float32(10.0 ** (gain_db / 20.0))
        limiter = Limiter(self.channels, self.sample_rate, ceiling_dbtp)
        loud = self._spatialiser.loudness_channels
        meter = LoudnessMeter(len(range(self.channels)[loud]), self.sample_rate)
        for mix in self._spool.blocks(self.channels, self.frames):
            meter.add(limiter.process(mix * gain)[loud])
        meter.add(limiter.flush()[loud])
        return meter.integrated(), limiter.reduction_db


def _mix_of(settings: Sequence[TrackSettings], bus: BusSettings) -> tuple[object, ...]:
    """Return all that a mix depends on before the gain of the bus."""
    return (*settings, bus.filters, bus.fader_db)


def _sum(blocks: Sequence[Samples | None]) -> Samples | None:
    """Add up what is not silent, in order."""
    heard = [block for block in blocks if block is not None]
    if len(heard) < 2:
        return heard[0] if heard else None
    total = heard[0] + heard[1]
    for block in heard[2:]:
        total += block
    return total
