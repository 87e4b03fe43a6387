"""Where a mix is planned and rendered: plays every track as seldom as it can, and measures while it plays."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from types import TracebackType

import numpy as np

from mixer.convolve import BLOCK, silent
from mixer.limiter import MARGIN_DB, Limiter
from mixer.loudness import LoudnessMeter
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.plugins import SPATIALISERS, make
from mixer.results import Meters, TrackMeter
from mixer.room import room_response
from mixer.spatial import Spatialiser, Stage
from mixer.spool import Spool
from mixer.timeline import TrackReader
from mixer.truepeak import TruePeakMeter, decibels
from mixer.types import Samples, Track, check

Progress = Callable[[str, float], None]
"""Called with the stage's name and how much of it is done, 0..1."""
Write = Callable[[Samples], None]
"""Takes the next (channels, frames)."""
WriteStem = Callable[[str, Samples], None]
"""Takes a track's id and its next (channels, frames)."""

CACHE_BYTES = 256_000_000
"""Placed tracks are kept from planning to rendering if all together need no more."""
END_FADE_S = 0.01
"""What still sounds when the mix is over ends without a click."""
LOUDNESS_STEPS = 4
"""How often the limited mix is measured to find the bus gain."""
LOUDNESS_TOLERANCE_LU = 0.02
LARGEST_REDUCTION_DB = 20.0
"""Loudness is not bought with more limiting than this."""


@dataclass(frozen=True, slots=True)
class TrackLevels:
    """Levels of a placed track as functions of its gain.

    Parameters
    ----------
    meter : LoudnessMeter
        That has heard all of it at 0 dB.
    peak : float
        True peak at 0 dB, linear.
    """

    meter: LoudnessMeter
    peak: float

    def gain_to(self, target_lufs: float) -> float | None:
        """Return the gain in dB that brings it to a loudness; None for silence."""
        return self.meter.gain_to(target_lufs)

    def at(self, settings: TrackSettings) -> TrackMeter:
        """Return what the meters show at the settings' gain."""
        peak_dbtp = decibels(self.peak)
        loudness = self.meter.integrated(settings.gain_db)
        return TrackMeter(settings.id, loudness, None if peak_dbtp is None else peak_dbtp + settings.gain_db)


class _Lane:
    """One track: its reader, and what is known of it in its present place."""

    def __init__(self, track: Track, sample_rate: int) -> None:
        self.reader = TrackReader(track, sample_rate)
        self.levels: TrackLevels | None = None
        self._placement: TrackSettings | None = None
        self._kept: list[Samples | None] | None = None

    def play(
        self, settings: TrackSettings, stage: Stage, spatialiser: Spatialiser, *, keep: bool
    ) -> Iterator[Samples | None]:
        """Yield the placed track at 0 dB; the first time through it is measured and, if wished, kept."""
        placement = replace(settings, gain_db=0.0, reason="")
        if placement != self._placement:
            self._placement, self.levels, self._kept = placement, None, None
        if self._kept is not None:
            return iter(self._kept)
        blocks = _ended(spatialiser.place(self.reader, placement, stage), stage)
        return blocks if self.levels else self._measured(blocks, stage, keep=keep)

    def _measured(self, blocks: Iterator[Samples | None], stage: Stage, *, keep: bool) -> Iterator[Samples | None]:
        meter, peak = LoudnessMeter(2, stage.sample_rate), TruePeakMeter(2)
        kept: list[Samples | None] = []
        for number, block in enumerate(blocks):
            heard = block if block is not None else np.zeros((2, _frames(stage, number)), np.float32)
            meter.add(heard)
            peak.add(heard)
            if keep:
                kept.append(block)
            yield block
        self.levels = TrackLevels(meter, peak.peak)
        self._kept = kept if keep else None


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

    Notes
    -----
    Tracks are played in parallel, one thread each; sums are made in the order of the tracks and filters work on one
    grid of blocks, so that neither threads nor the cache change a bit of the result.
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
        frames = max(1, round(duration_s * sample_rate))
        self.tracks = tuple(tracks)
        self._stage = Stage(sample_rate, frames, stage_half_deg, room_response(room, sample_rate))
        self._spatialiser: Spatialiser = make(SPATIALISERS, layout)
        check(self._spatialiser.channels == 2, "Spatialiser", "channels", "2", self._spatialiser.channels)
        self.layout = layout
        self._lanes = [_Lane(track, sample_rate) for track in tracks]
        self._keep = len(tracks) * frames * 8 <= cache_bytes
        self._progress = progress or (lambda stage, fraction: None)
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
        self._closing = Event()
        self._spool = Spool()
        self._spooled: tuple[TrackSettings, ...] = ()

    def __enter__(self) -> MixSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)
        self._spool.close()

    def levels(self, settings: Sequence[TrackSettings]) -> list[TrackLevels]:
        """Return the levels of each track placed by its settings, whatever gain they have."""
        done = iter(range(1, len(self._lanes) + 1))

        def run(lane: _Lane, track_settings: TrackSettings) -> None:
            for _ in lane.play(track_settings, self._stage, self._spatialiser, keep=self._keep):
                if self._closing.is_set():
                    return

        for _ in self._pool.map(run, self._lanes, settings):
            self._progress("measuring tracks", next(done) / len(self._lanes))
        return [lane.levels for lane in self._lanes if lane.levels]

    def settle_bus(self, settings: Sequence[TrackSettings], loudness_lufs: float, ceiling_dbtp: float) -> BusSettings:
        """Find the bus gain with which the limited mix has a loudness, within 0.1 LU where its peaks allow.

        Where the limiter works, loudness does not follow gain: the limited mix is measured at most LOUDNESS_STEPS
        times, the gain following the secant, and the nearest is taken.
        """
        meter, peak = self._sum_up(settings)
        gain_db = meter.gain_to(loudness_lufs)
        if gain_db is None:
            return BusSettings(0.0, loudness_lufs, ceiling_dbtp, "nothing is heard")
        gain_db = min(max(gain_db, -200.0), 120.0)
        headroom_db = ceiling_dbtp - MARGIN_DB - 20.0 * math.log10(peak)
        if gain_db <= headroom_db:
            reason = f"{gain_db:+.1f} dB bring the mix to {loudness_lufs:.1f} LUFS; no peak needs the limiter"
            return BusSettings(gain_db, loudness_lufs, ceiling_dbtp, reason)
        return self._settle_limited(gain_db, headroom_db + LARGEST_REDUCTION_DB, loudness_lufs, ceiling_dbtp)

    def _settle_limited(self, gain_db: float, most_db: float, loudness_lufs: float, ceiling_dbtp: float) -> BusSettings:
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
        return BusSettings(gain_db, loudness_lufs, ceiling_dbtp, reason)

    def render(self, plan: MixPlan, *, write: Write, write_stem: WriteStem | None = None) -> Meters:
        """Play the plan to the letter: blocks of the limited mix, and of the stems before the limiter, in order."""
        bus = np.float32(10.0 ** (plan.bus.gain_db / 20.0))
        limiter = Limiter(2, self._stage.sample_rate, plan.bus.ceiling_dbtp)
        output = _Output(write, self._pool, self._stage.sample_rate)
        for number, mix in enumerate(self._mixed(plan.tracks, bus, write_stem)):
            output.add(limiter.process(mix * bus))
            self._progress("mixing", min(1.0, (number + 1) * BLOCK / self._stage.frames))
        output.add(limiter.flush())
        loudness, peak = output.finish()
        levels = [lane.levels for lane in self._lanes if lane.levels]
        tracks = tuple(level.at(settings) for level, settings in zip(levels, plan.tracks, strict=True))
        return Meters(loudness.integrated(), peak.dbtp, loudness.loudness_range(), limiter.reduction_db, tracks)

    def _mixed(
        self, settings: Sequence[TrackSettings], bus: np.float32, write_stem: WriteStem | None
    ) -> Iterator[Samples]:
        """Yield the sum of the tracks at their gains, from the spool if it holds it; hand out stems on the way."""
        if write_stem is None and self._spooled and self._spooled == tuple(settings):
            yield from self._spool.blocks(2, self._stage.frames)
            return
        gains = [np.float32(10.0 ** (s.gain_db / 20.0)) for s in settings]
        for number, blocks in enumerate(self.in_step(settings)):
            mix: Samples = np.zeros((2, _frames(self._stage, number)), np.float32)
            for track, gain, block in zip(self.tracks, gains, blocks, strict=True):
                if block is not None:
                    stem = block * gain
                    mix += stem
                elif write_stem:
                    stem = np.zeros_like(mix)
                if write_stem:
                    write_stem(track.id, stem * bus)
            yield mix

    def in_step(self, settings: Sequence[TrackSettings]) -> Iterator[list[Samples | None]]:
        """Yield the next block of every track at 0 dB; the one after is played meanwhile."""
        streams = [
            lane.play(s, self._stage, self._spatialiser, keep=False)
            for lane, s in zip(self._lanes, settings, strict=True)
        ]
        count = -(-self._stage.frames // BLOCK)
        pending = [self._pool.submit(next, stream, None) for stream in streams]
        for _ in range(count):
            blocks = [future.result() for future in pending]
            pending = [self._pool.submit(next, stream, None) for stream in streams]
            yield blocks
        for future in pending:
            future.result()  # the streams' ends, where levels are taken

    def _sum_up(self, settings: Sequence[TrackSettings]) -> tuple[LoudnessMeter, float]:
        """Mix once without bus or limiter, into the spool; return its loudness and true peak."""
        self._spooled = ()
        self._spool.clear()
        output = _Output(self._spool.write, self._pool, self._stage.sample_rate)
        for number, mix in enumerate(self._mixed(settings, np.float32(1.0), None)):
            output.add(mix)
            self._progress("measuring the mix", min(1.0, (number + 1) * BLOCK / self._stage.frames))
        meter, peak = output.finish()
        self._spooled = tuple(settings)
        return meter, peak.peak

    def _limited(self, gain_db: float, ceiling_dbtp: float) -> tuple[float | None, float]:
        """Return the loudness of the spooled mix after gain and limiter, and how much that takes."""
        bus = np.float32(10.0 ** (gain_db / 20.0))
        limiter = Limiter(2, self._stage.sample_rate, ceiling_dbtp)
        meter = LoudnessMeter(2, self._stage.sample_rate)
        for mix in self._spool.blocks(2, self._stage.frames):
            meter.add(limiter.process(mix * bus))
        meter.add(limiter.flush())
        return meter.integrated(), limiter.reduction_db


class _Output:
    """Writes blocks and measures them beside, in order."""

    def __init__(self, write: Write, pool: ThreadPoolExecutor, sample_rate: int) -> None:
        self._write = write
        self._pool = pool
        self._loudness, self._peak = LoudnessMeter(2, sample_rate), TruePeakMeter(2)
        self._measuring: list[Future[None]] = []

    def add(self, block: Samples) -> None:
        if not block.shape[1]:
            return
        self._settle()
        block.flags.writeable = False  # whoever is written to must not change what is being measured
        self._measuring = [self._pool.submit(m.add, block) for m in (self._loudness, self._peak)]
        self._write(block)

    def finish(self) -> tuple[LoudnessMeter, TruePeakMeter]:
        self._settle()
        return self._loudness, self._peak

    def _settle(self) -> None:
        for future in self._measuring:
            future.result()
        self._measuring = []


def _frames(stage: Stage, number: int) -> int:
    return min(BLOCK, stage.frames - number * BLOCK)


def _ended(blocks: Iterator[Samples | None], stage: Stage) -> Iterator[Samples | None]:
    """Fade out over the last ``END_FADE_S`` of the mix (cosine squared), and pass silence as None."""
    length = min(stage.frames, round(END_FADE_S * stage.sample_rate))
    begin = stage.frames - length
    fade = np.cos(np.pi / 2 * (np.arange(length) + 0.5) / length) ** 2 if length else np.ones(0)
    for number, block in enumerate(blocks):
        start = number * BLOCK
        if block is None or silent(block):
            yield None
            continue
        first = max(begin - start, 0)
        if first < block.shape[1]:
            offset = start + first - begin
            block[:, first:] *= fade[offset : offset + block.shape[1] - first].astype(np.float32)
        yield block
