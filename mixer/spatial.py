"""Where sounds are heard: the protocol of spatialisers, and stereo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.air import air_filter
from mixer.convolve import BLOCK, Convolver, Signal, convolve
from mixer.curve import at_start
from mixer.plan import TrackSettings
from mixer.room import RoomResponse
from mixer.timeline import Piece, Reader
from mixer.types import Clip, Samples

NEAREST_M = 0.1
"""Levels rise no further when something comes closer."""
CONTROL_S = 0.001
"""Gains of what moves are worked out this often, and are linear between."""
REVERB_SPREAD = 2.0
"""The room answers from all around to what is half way to a loudspeaker or further."""
_DECORRELATION_S = 0.03
_DECORRELATION_SEED = 1_957


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What all tracks of a mix share.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frames : int
        Length of the mix.
    half_deg : float
        The azimuth that is heard from one loudspeaker alone.
    room : RoomResponse or None
    """

    sample_rate: int
    frames: int
    half_deg: float
    room: RoomResponse | None


class Spatialiser(Protocol):
    """Places tracks. Entry-point group ``extender.spatialisers``; made without arguments, holds no state.

    The mixer's bus has two channels for now, so ``channels`` must be 2.
    """

    name: str
    channels: int

    def place(self, reader: Reader, settings: TrackSettings, stage: Stage) -> Iterator[Samples | None]:
        """Yield the placed track in blocks of BLOCK frames, (channels, frames), the last one shorter.

        ``settings.gain_db`` is not applied. None stands for a block of silence. All that is done must be linear in
        the sound, so that levels can be set afterwards.
        """
        ...


def pan_position(azimuth_deg: ArrayLike, stage_half_deg: float) -> NDArray[np.float64]:
    """Return −1 (right) .. 1 (left) on the stage; what is behind is folded to the front.

    Folding is asin(sin a), the lateral angle, which left and right loudspeakers can convey.
    """
    lateral_deg = np.degrees(np.arcsin(np.sin(np.radians(azimuth_deg))))
    return np.asarray(np.clip(lateral_deg / stage_half_deg, -1.0, 1.0))


def pan_gains(position: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the gains of left and right, whose squares sum to 1, for −1 (right) .. 1 (left).

    The sine–cosine law: L = cos((1 − x) 45°), R = cos((1 + x) 45°), −3.01 dB each in the middle.
    """
    x = np.asarray(position, np.float64)
    return np.cos((1.0 - x) * (math.pi / 4)), np.cos((1.0 + x) * (math.pi / 4))


def decorrelator(sample_rate: int) -> NDArray[np.float64]:
    """Return a fixed FIR that keeps the spectrum's magnitude and scatters its phase, unit energy.

    Added to the side it spreads a mono bed; in the mono sum it cancels. Flat on the grid of its own length, random
    phase, fading within 30 ms so that it does not smear (G. Kendall, "The decorrelation of audio signals and its impact
    on spatial imagery", CMJ 19(4), 1995).
    """
    taps = 2 * round(_DECORRELATION_S * sample_rate / 2)
    rng = np.random.default_rng(_DECORRELATION_SEED)
    impulse = rng.standard_normal(taps) * np.exp(-3.0 * np.arange(taps) / taps)
    spectrum = np.fft.rfft(impulse)
    phase = spectrum / np.abs(spectrum)
    phase[[0, -1]] = 0.0  # no side at 0 Hz
    impulse = np.fft.irfft(phase, taps)
    return np.asarray(impulse / math.sqrt(float(np.square(impulse).sum())))


class Stereo:
    """Two loudspeakers: constant-power panning, air, one room, beds spread by mid and side.

    A track is played as up to four signals, each filtered to the mid M and the side S; L = M + S, R = M − S:

    - its point: one-channel takes, (L + R)/√2 of others; panned, through the air;
    - the send to the room, in step with the position but spread wider: M and S have the room's own responses;
    - of takes with two channels, the side (L − R)/2 times ``width``;
    - of takes with one channel, where ``width`` = w > 0, the point times sin(45° w) through a decorrelator as side,
      and the point itself times cos(45° w).

    What stands still has point and send in one filter; what moves has gains that follow its path.
    """

    name = "stereo"
    channels = 2

    def place(self, reader: Reader, settings: TrackSettings, stage: Stage) -> Iterator[Samples | None]:
        """Yield the placed track, blocks of (2, BLOCK). See :class:`Spatialiser`."""
        placement = _Placement(reader, settings, stage)
        for number, pieces in enumerate(reader.play(stage.frames, 2 if placement.width > 0.0 else 1)):
            mid, side = placement.block(pieces)
            frames = min(BLOCK, stage.frames - number * BLOCK)
            yield _left_right(mid, side, frames)


def _left_right(mid: Signal | None, side: Signal | None, frames: int) -> Samples | None:
    if mid is None and side is None:
        return None
    out: Samples = np.empty((2, frames), np.float32)
    if side is None:
        out[:] = mid[:frames]  # type: ignore[index]  # one of them is there
    elif mid is None:
        out[0], out[1] = side[:frames], -side[:frames]
    else:
        np.add(mid[:frames], side[:frames], out=out[0])
        np.subtract(mid[:frames], side[:frames], out=out[1])
    return out


_POINT, _SPREAD, _SIDE = 0, 1, 2
_MOVING = 3  # then: direct mid, direct side, send mid, send side


class _Placement:
    """One track on the stage: which gains its pieces get, and which filters the sums of them."""

    def __init__(self, reader: Reader, settings: TrackSettings, stage: Stage) -> None:
        track = reader.track
        width, azimuth_deg = at_start(settings.width), at_start(settings.azimuth_deg)
        self.width = width if settings.placed else 1.0
        self._spread = width if settings.placed else 0.0
        self._stage = stage
        self._turn_deg = azimuth_deg - track.position.azimuth_deg
        self._from_m = track.position.distance_m
        self._moves = settings.placed and any(clip.path for clip in track.clips)
        self._azimuth_deg = azimuth_deg if settings.placed else 0.0
        self._convolver = Convolver(self._routes(settings), inputs=7, outputs=2)

    def _routes(self, settings: TrackSettings) -> dict[tuple[int, int], NDArray[np.floating]]:
        """Connect the seven inputs to mid (0) and side (1)."""
        stage = self._stage
        one = np.ones(1)
        air = air_filter(at_start(settings.distance_m), stage.sample_rate) if settings.placed else one
        mid, side = air * 0.0, air * 0.0
        if stage.room is not None and settings.placed and settings.reverb_db is not None:
            level = 10.0 ** (at_start(settings.reverb_db) / 20.0)
            mid, side = (level * convolve(response, air) for response in (stage.room.mid, stage.room.side))
        direct = _Gains(*(float(g) for g in self._gains(np.array(self._azimuth_deg), np.array(1.0))))
        routes = {
            (_POINT, 0): _sum(direct.mid * air, direct.send_mid * mid),
            (_POINT, 1): _sum(direct.side * air, direct.send_side * side),
            (_SIDE, 1): _sum(air, side) * self.width,
        }
        if self._spread > 0.0:
            routes[_SPREAD, 1] = convolve(_sum(air, side), decorrelator(stage.sample_rate)) * math.sqrt(0.5)
        if self._moves:
            routes |= {(_MOVING, 0): air, (_MOVING + 1, 1): air, (_MOVING + 2, 0): mid, (_MOVING + 3, 1): side}
        return {route: taps for route, taps in routes.items() if taps.any()}

    def _gains(self, azimuth_deg: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return direct mid and side, and the room's mid and side, for a source of unit power, (4, n)."""
        position = pan_position(azimuth_deg, self._stage.half_deg)
        left, right = pan_gains(position)
        angle = np.clip(position * REVERB_SPREAD, -1.0, 1.0) * (math.pi / 4)
        # M and S of the send hold half of the power each way, for they reach both loudspeakers
        return np.array([
            (left + right) / 2 * level, (left - right) / 2 * level,
            np.cos(angle) * math.sqrt(0.5), np.sin(angle) * math.sqrt(0.5),
        ])  # fmt: skip

    def block(self, pieces: list[Piece]) -> list[Signal | None]:
        """Return mid and side of the next block."""
        inputs: list[Signal | None] = [None] * 7
        for piece in pieces:
            for number, signal in self._signals(piece):
                total = inputs[number]
                if total is None:
                    total = inputs[number] = np.zeros(BLOCK, np.float32)
                total[piece.start : piece.start + signal.shape[0]] += signal
        return self._convolver.process(inputs)

    def _signals(self, piece: Piece) -> Iterator[tuple[int, Signal]]:
        """Yield the inputs that a piece feeds."""
        if piece.samples.shape[0] == 2:
            left, right = piece.samples
            point = (left + right) * np.float32(math.sqrt(0.5))
            yield _SIDE, (left - right) * np.float32(0.5)
        else:
            point = piece.samples[0]
            if self._spread > 0.0:
                angle = self._spread * math.pi / 4
                yield _SPREAD, point * np.float32(math.sin(angle))
                point = point * np.float32(math.cos(angle))
        if not (self._moves and piece.clip.path):
            yield _POINT, point
            return
        for number, gain in enumerate(self._path_gains(piece.clip, piece.first, len(point)), _MOVING):
            yield number, point * gain

    def _path_gains(self, clip: Clip, first: int, count: int) -> NDArray[np.float32]:
        """Return the four gains along a path for so many frames of a clip, (4, count).

        The grid of control points counts from the clip's start, so that blocks do not matter.
        """
        rate = self._stage.sample_rate
        grid = max(1, round(CONTROL_S * rate))
        points = np.arange(first // grid, (first + count - 1) // grid + 2) * grid
        times = [p.time_s for p in clip.path]
        azimuths = np.unwrap([p.azimuth_deg for p in clip.path], period=360.0)  # the short way round
        azimuth_deg = np.interp(points / rate, times, azimuths) + self._turn_deg
        distance_m = np.interp(points / rate, times, [p.distance_m for p in clip.path])
        level = max(self._from_m, NEAREST_M) / np.maximum(distance_m, NEAREST_M)
        frames = np.arange(first, first + count)
        gains = self._gains(azimuth_deg, level)
        return np.array([np.interp(frames, points, gain) for gain in gains], np.float32)


@dataclass(frozen=True, slots=True)
class _Gains:
    mid: float
    side: float
    send_mid: float
    send_side: float


def _sum(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Add two FIRs of different lengths."""
    total = np.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] += b
    return total
