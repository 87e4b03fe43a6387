"""Where sounds are heard: the protocol of spatialisers, the law of panning, and stereo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.placement import CONTROL_S, NEAREST_M, Gains, Layout, Panned, Stage, decorrelator
from mixer.plan import TrackSettings
from mixer.timeline import Reader
from mixer.types import Samples

__all__ = [
    "CONTROL_S",
    "NEAREST_M",
    "Panned",
    "Spatialiser",
    "Stage",
    "Stereo",
    "decorrelator",
    "lateral_deg",
    "pan_gains",
    "pan_position",
    "room_angle",
]

REVERB_SPREAD = 2.0
"""The room answers from all around to what is half way to a loudspeaker or further."""


class Spatialiser(Protocol):
    """Places tracks. Entry-point group ``extender.spatialisers``; made without arguments, holds no state.

    One that also has a method ``panned(reader, settings, stage) -> Panned | None`` is asked first whether a track
    needs no more than gains; ``room_responses``, two numbers, says how many even and odd responses of the room it uses
    (default 1, 1).

    Attributes
    ----------
    name : str
    channels : int
        Of the mix.
    loudness_channels : slice
        Those whose loudness is that of the mix, usually all: ``slice(None)``.
    """

    name: str
    channels: int
    loudness_channels: slice

    def place(self, reader: Reader, settings: TrackSettings, stage: Stage) -> Iterator[Samples | None]:
        """Yield the placed track in blocks of BLOCK frames, (channels, frames), the last one shorter.

        ``settings.gain_db`` and ``settings.fader_db`` are not applied. None stands for a block of silence; blocks are
        not changed by whoever gets them. All that is done must be linear in the sound, so that levels can be set
        afterwards.
        """
        ...


def lateral_deg(azimuth_deg: ArrayLike) -> NDArray[np.float64]:
    """Return how far left, −90..90, an azimuth lies, be it ahead or behind: asin(sin a).

    It is what left and right loudspeakers can convey.
    """
    return np.asarray(np.degrees(np.arcsin(np.sin(np.radians(azimuth_deg)))))


def pan_position(azimuth_deg: ArrayLike, stage_half_deg: float) -> NDArray[np.float64]:
    """Return −1 (right) .. 1 (left) on the stage; what is behind is folded to the front."""
    return np.asarray(np.clip(lateral_deg(azimuth_deg) / stage_half_deg, -1.0, 1.0))


def pan_gains(position: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the gains of left and right, whose squares sum to 1, for −1 (right) .. 1 (left).

    The sine–cosine law: L = cos((1 − x) 45°), R = cos((1 + x) 45°), −3.01 dB each in the middle.
    """
    x = np.asarray(position, np.float64)
    return np.cos((1.0 - x) * (math.pi / 4)), np.cos((1.0 + x) * (math.pi / 4))


def room_angle(azimuth_deg: ArrayLike, half_deg: float) -> NDArray[np.float64]:
    """Return φ, −45°..45° in radians: cos φ goes into the room's even responses, sin φ into the odd ones."""
    position = pan_position(azimuth_deg, half_deg)
    return np.asarray(np.clip(position * REVERB_SPREAD, -1.0, 1.0) * (math.pi / 4))


class Stereo(Layout):
    """Two loudspeakers: constant-power panning, air, one room, beds spread by mid and side.

    A track is played as up to four signals, each filtered to the mid M and the side S; L = M + S, R = M − S:

    - its point: one-channel takes, (L + R)/√2 of others; panned, through the air;
    - the send to the room, in step with the position but spread wider: M and S have the room's own responses;
    - of takes with two channels, the side (L − R)/2 times ``width``;
    - of takes with one channel, where ``width`` = w > 0, the point times sin(45° w) through a decorrelator as side,
      and the point itself times cos(45° w).

    What stands still has point and send in one filter, and where there is neither air nor room nor width it is merely
    multiplied by two gains; what moves has gains that follow.
    """

    name = "stereo"
    channels = 2
    keeps = 2
    pairs = ((0, 1, 0, 1),)
    room = ((False, 0), (True, 0))
    side = (0.0, 1.0)
    spread = (0.0, math.sqrt(0.5))
    widest = math.pi / 4

    def direct(self, azimuth_deg: Gains, elevation_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        del elevation_deg
        left, right = pan_gains(pan_position(azimuth_deg, half_deg))
        return np.array([(left + right) / 2, (left - right) / 2])

    def sends(self, azimuth_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        angle = room_angle(azimuth_deg, half_deg)
        # M and S of the send hold half of the power each way, for they reach both loudspeakers
        return np.array([np.cos(angle), np.sin(angle)]) * math.sqrt(0.5)

    def unplaced(self, samples: Samples) -> Samples:
        """See :class:`Layout`."""
        return samples if len(samples) == 2 else np.repeat(samples * np.float32(math.sqrt(0.5)), 2, axis=0)
