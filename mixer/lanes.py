"""A track on its way to the bus: played, processed, placed, measured, and kept if it will be wanted again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.air import NEAR_M
from mixer.convolve import BLOCK, silent
from mixer.curve import Curve, Setting, extremes
from mixer.kernels import compiled
from mixer.loudness import CHANNEL_WEIGHTS, LoudnessMeter
from mixer.material import Material
from mixer.placement import CONTROL_S, Panned, Stage
from mixer.plan import TrackSettings
from mixer.results import TrackMeter
from mixer.spatial import Spatialiser
from mixer.timeline import Reader, TrackReader
from mixer.truepeak import TruePeakMeter, decibels
from mixer.types import Samples, Track

END_FADE_S = 0.01
"""What is cut off by the end of the mix ends without a click."""

Key = Callable[[str], Reader]
"""Gives a fresh reader of another track, for ducking."""


@dataclass(frozen=True, slots=True)
class TrackLevels:
    """Levels of a placed track as functions of its gain.

    Parameters
    ----------
    meter : LoudnessMeter
        That has heard all of it at 0 dB, or its one signal before it is panned.
    peak : float
        True peak at 0 dB, linear.
    panned_db : float
        What panning adds to the meter's loudness.
    """

    meter: LoudnessMeter
    peak: float
    panned_db: float = 0.0

    def gain_to(self, target_lufs: float) -> float | None:
        """Return the gain in dB that brings it to a loudness; None for silence."""
        gain_db = self.meter.gain_to(target_lufs)
        return None if gain_db is None else gain_db - self.panned_db

    def at(self, settings: TrackSettings) -> TrackMeter:
        """Return what the meters show at the settings' gain."""
        peak_dbtp = decibels(self.peak)
        loudness = self.meter.integrated(settings.gain_db + self.panned_db)
        return TrackMeter(settings.id, loudness, None if peak_dbtp is None else peak_dbtp + settings.gain_db)


@dataclass(frozen=True, slots=True, eq=False)
class Playing:
    """A placed track at 0 dB.

    Parameters
    ----------
    blocks : iterator of arrays or None
        (channels, frames), or (frames,) where there are ``gains``; None = silence. Not to be changed.
    level : float
        The fader, where it stands still; to be applied.
    gains : (channels,) float32 or None
        What places a single signal.
    """

    blocks: Iterator[NDArray[np.float32] | None]
    level: float
    gains: NDArray[np.float32] | None

    def at(self, gain: float) -> np.float32 | NDArray[np.float32]:
        """Return what a block is to be multiplied by for a track's gain, linear."""
        level = np.float32(gain * self.level)
        return level if self.gains is None else np.asarray(self.gains * level)


def placed(block: NDArray[np.float32], gain: np.float32 | NDArray[np.float32]) -> Samples:
    """Return a block of a Playing at its gain, (channels, frames)."""
    return np.multiply.outer(gain, block) if isinstance(gain, np.ndarray) else block * gain


def _add_in_turn(mix: Samples, signal: NDArray[np.float32], gains: NDArray[np.float32]) -> None:
    for channel, gain in zip(mix, gains, strict=True):
        channel += signal * gain


@compiled(fallback=_add_in_turn)
def add_panned(mix: Samples, signal: NDArray[np.float32], gains: NDArray[np.float32]) -> None:
    """Add a signal, (frames,), to each channel of a mix, (channels, frames), with its gain."""
    for channel in range(mix.shape[0]):
        gain = gains[channel]
        row = mix[channel]
        for n in range(row.shape[0]):
            row[n] += signal[n] * gain


class Lane:
    """One track: its material, and what is known of it in its present place."""

    def __init__(self, track: Track, sample_rate: int, kept_bytes: int) -> None:
        self.track = track
        self.levels: TrackLevels | None = None
        self._material = Material(track, sample_rate, kept_bytes)
        self._rate = sample_rate
        self._placement: TrackSettings | None = None
        self._kept: Playing | None = None
        self._blocks: list[NDArray[np.float32] | None] = []

    def reader(self) -> TrackReader:
        """Return what plays the track as it is; all readers share what is decoded."""
        return TrackReader(self.track, self._rate, self._material)

    def known(self, settings: TrackSettings) -> TrackLevels | None:
        """Return the levels of the track in its place, if they have been measured."""
        return self.levels if replace(settings, gain_db=0.0, reason="") == self._placement else None

    def play(
        self, settings: TrackSettings, stage: Stage, spatialiser: Spatialiser, key: Key, *, measure: bool, keep: bool
    ) -> Playing:
        """Return the processed and placed track at 0 dB; it is measured and kept on the way if that is wished."""
        from mixer.processing import processed

        placement = replace(settings, gain_db=0.0, reason="")
        if placement != self._placement:
            self._placement, self.levels, self._kept, self._blocks = placement, None, None, []
        if self._kept is not None:
            return replace(self._kept, blocks=iter(self._blocks))
        bare = self.reader()
        reader = processed(bare, placement, key)
        whole = reader is bare and not _tails(placement, stage) and bare.end_frame <= stage.frames
        panned = _panned(spatialiser, reader, placement, stage)
        blocks = panned.blocks if panned else spatialiser.place(reader, placement, stage)
        level, blocks = _faded(placement.fader_db, blocks, stage.sample_rate)
        playing = Playing(_ended(blocks, stage, whole), level, panned.gains if panned else None)
        if self.levels is None and measure:
            return replace(playing, blocks=self._measured(playing, stage, spatialiser, keep))
        return playing

    def _measured(
        self, playing: Playing, stage: Stage, spatialiser: Spatialiser, keep: bool
    ) -> Iterator[NDArray[np.float32] | None]:
        """Measure what is passed on; at 0 dB, the fader included."""
        loud = spatialiser.loudness_channels
        channels = 1 if playing.gains is not None else spatialiser.channels
        heard_channels = len(range(channels)[loud])
        meter, peak = LoudnessMeter(heard_channels, stage.sample_rate), TruePeakMeter(channels)
        kept: list[NDArray[np.float32] | None] = []
        for start, block in zip(range(0, stage.frames, BLOCK), playing.blocks, strict=True):
            frames = min(BLOCK, stage.frames - start)
            heard = np.zeros((channels, frames), np.float32) if block is None else block.reshape(channels, frames)
            if block is not None and playing.level != 1.0:
                heard = heard * np.float32(playing.level)
            meter.add(heard[loud])
            peak.add(heard)
            if keep:
                kept.append(block)
            if start + frames == stage.frames:
                self.levels = _levels(meter, peak.peak, playing.gains, loud)
                self._kept, self._blocks = (playing, kept) if keep else (None, [])
            yield block


def _levels(meter: LoudnessMeter, peak: float, gains: NDArray[np.float32] | None, loud: slice) -> TrackLevels:
    if gains is None:
        return TrackLevels(meter, peak)
    squares = np.square(gains[loud], dtype=np.float64)
    power = math.fsum(w * s for w, s in zip(CHANNEL_WEIGHTS[len(squares)], squares, strict=True))
    largest = float(np.abs(gains).max())
    return TrackLevels(meter, peak * largest, 10.0 * math.log10(power) if power > 0.0 else -200.0)


def _panned(spatialiser: Spatialiser, reader: Reader, settings: TrackSettings, stage: Stage) -> Panned | None:
    ask: Callable[..., Panned | None] | None = getattr(spatialiser, "panned", None)
    return ask(reader, settings, stage) if ask else None


def _tails(settings: TrackSettings, stage: Stage) -> bool:
    """Tell whether placing goes on sounding when the track has ended."""
    if not settings.placed:
        return False
    far, wide = extremes(settings.distance_m)[1] >= NEAR_M, extremes(settings.width)[1] > 0.0
    return far or wide or (stage.room is not None and settings.reverb_db is not None)


def fader_gain(fader_db: Curve, first: int, count: int, sample_rate: int) -> NDArray[np.float32]:
    """Return the gain of a fader that moves, for ``count`` frames of the mix from ``first`` on.

    The gain is worked out every CONTROL_S, counted from the start of the mix, and is linear between: a jump is a ramp
    of that length.
    """
    grid = max(1, round(CONTROL_S * sample_rate))
    points = np.arange(first // grid, (first + count - 1) // grid + 2) * grid
    gains = 10.0 ** (fader_db.at(points / sample_rate) / 20.0)
    return np.interp(np.arange(first, first + count), points, gains).astype(np.float32)


def _faded(
    fader_db: Setting, blocks: Iterator[NDArray[np.float32] | None], sample_rate: int
) -> tuple[float, Iterator[NDArray[np.float32] | None]]:
    """Return the fader's gain where it stands still; else apply it."""
    if not isinstance(fader_db, Curve):
        return 10.0 ** (fader_db / 20.0), blocks
    return 1.0, (
        None if block is None else block * fader_gain(fader_db, number * BLOCK, block.shape[-1], sample_rate)
        for number, block in enumerate(blocks)
    )


def _ended(
    blocks: Iterator[NDArray[np.float32] | None], stage: Stage, whole: bool
) -> Iterator[NDArray[np.float32] | None]:
    """Pass silence as None, and fade out over the last ``END_FADE_S`` of the mix what is not heard to its own end."""
    length = 0 if whole else min(stage.frames, round(END_FADE_S * stage.sample_rate))
    begin = stage.frames - length
    fade = np.cos(np.pi / 2 * (np.arange(length) + 0.5) / max(length, 1)) ** 2
    for number, block in enumerate(blocks):
        start = number * BLOCK
        if block is None or silent(block):
            yield None
            continue
        first = max(begin - start, 0)
        if first < block.shape[-1]:
            offset = start + first - begin
            block = block.copy()
            block[..., first:] *= fade[offset : offset + block.shape[-1] - first].astype(np.float32)
        yield block
