"""Other layouts than stereo: mono, quad and 5.1 on a ring of loudspeakers, Ambisonics of the orders 1 to 3.

Azimuths are those of the scene, whatever the stage of a stereo mix: on a ring a source stands where it is, behind too.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar

import numpy as np

from mixer.material import AMBISONIC
from mixer.placement import Gains, Layout
from mixer.spatial import room_angle
from mixer.types import Samples

_ROOM_HALF_DEG = 90.0
"""On a ring and in Ambisonics the room answers from all around to what is 45° aside or more."""


class Mono(Layout):
    """One loudspeaker: levels, air and room; azimuth and width are not heard."""

    name = "mono"
    channels = 1
    keeps = 1
    singles = ((0, 0),)
    room = ((False, 0),)
    side = (0.0,)
    spread = (0.0,)

    def direct(self, azimuth_deg: Gains, elevation_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        return np.ones((1, len(azimuth_deg)))

    def sends(self, azimuth_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        return np.ones((1, len(azimuth_deg)))

    def unplaced(self, samples: Samples) -> Samples:
        """See :class:`Layout`."""
        return samples


class _Ring(Layout):
    """Loudspeakers all around, at the height of the ears.

    A point is heard from the two loudspeakers it is between, by the sine–cosine law over the arc: constant power, and
    from one alone where it stands just there (V. Pulkki, "Virtual sound source positioning using vector base amplitude
    panning", JAES 45(6), 1997, for pairwise panning).
    """

    ring: ClassVar[tuple[tuple[float, int], ...]]
    """Azimuth and channel of the loudspeakers on the left, from the front to the back; the right mirrors them."""
    mirror: ClassVar[tuple[int, ...]]
    """The channel on the other side, for each."""
    middle: ClassVar[int | None] = None
    """The signal of a loudspeaker straight ahead."""
    widest = math.acos(0.5)
    side: ClassVar[tuple[float, ...]]

    def direct(self, azimuth_deg: Gains, elevation_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        turned = (np.asarray(azimuth_deg) + 180.0) % 360.0 - 180.0
        left, aside_deg = turned >= 0.0, np.abs(turned)
        gains = np.zeros((self.channels, len(aside_deg)))
        front, back = self.ring[0], self.ring[-1]
        # one step beyond both ends: the loudspeaker on the other side, or the one in the middle
        ahead = (0.0, self.middle_channel) if self.middle is not None else (-front[0], self.mirror[front[1]])
        arc = [ahead, *self.ring, (360.0 - back[0], self.mirror[back[1]])]
        for (begin_deg, near), (end_deg, far) in pairwise(arc):
            inside = (aside_deg >= begin_deg) & (aside_deg < end_deg)
            angle = np.clip((aside_deg - begin_deg) / (end_deg - begin_deg), 0.0, 1.0) * (math.pi / 2)
            gains[near] += np.where(inside, np.cos(angle), 0.0)
            gains[far] += np.where(inside, np.sin(angle), 0.0)
        signals = np.zeros((self.signals, len(aside_deg)))
        for a, b, mid, side in self.pairs:
            signals[mid] = (gains[a] + gains[b]) / 2
            signals[side] = np.where(left, gains[a] - gains[b], gains[b] - gains[a]) / 2
        for channel, signal in self.singles:
            signals[signal] = gains[channel]
        return signals

    @property
    def middle_channel(self) -> int:
        """The channel of the loudspeaker straight ahead."""
        return next(channel for channel, signal in self.singles if signal == self.middle)

    def sends(self, azimuth_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        angle = room_angle(azimuth_deg, _ROOM_HALF_DEG)
        signals = np.zeros((self.signals, len(angle)))
        for _, _, mid, side in self.pairs:
            signals[mid], signals[side] = np.cos(angle) / 2, np.sin(angle) / 2
        return signals

    def unplaced(self, samples: Samples) -> Samples:
        """See :class:`Layout`."""
        if len(samples) == self.channels:
            return samples
        out: Samples = np.zeros((self.channels, samples.shape[1]), np.float32)
        if len(samples) == 2:
            out[list(self.pairs[0][:2])] = samples
        else:
            out[:] = samples * self.gains(0.0, 0.0, 0.0)[:, np.newaxis]
        return out


class Quad(_Ring):
    """L R Ls Rs at ±45° and ±135°."""

    name = "quad"
    channels = 4
    keeps = 4
    pairs = ((0, 1, 0, 1), (2, 3, 2, 3))
    room = ((False, 0), (True, 0), (False, 1), (True, 1))
    side = (0.0, math.sqrt(0.5), 0.0, math.sqrt(0.5))
    spread = (0.0, math.sqrt(1 / 6), math.sqrt(1 / 6), math.sqrt(1 / 6))
    ring = ((45.0, 0), (135.0, 2))
    mirror = (1, 0, 3, 2)


class Surround51(_Ring):
    """L R C LFE Ls Rs by ITU-R BS.775: C ahead, L and R at ±30°, Ls and Rs at ±110°; nothing is sent to the LFE.

    Recordings with six channels are beds in this order, their LFE included.
    """

    name = "5.1"
    channels = 6
    keeps = 6
    pairs = ((0, 1, 0, 1), (4, 5, 2, 3))
    singles = ((2, 4), (3, 5))
    room = ((False, 0), (True, 0), (False, 1), (True, 1), None, None)
    side = (0.0, math.sqrt(0.5), 0.0, math.sqrt(0.5), 0.0, 0.0)
    spread = (0.0, math.sqrt(1 / 6), math.sqrt(1 / 6), math.sqrt(1 / 6), 0.0, 0.0)
    ring = ((30.0, 0), (110.0, 4))
    mirror = (1, 0, 2, 3, 5, 4)
    middle = 4


class _AmbiX(Layout):
    """Spherical harmonics in AmbiX's order (ACN) and weighting (SN3D).

    C. Nachbar et al., "AmbiX – a suggested Ambisonics format", Ambisonics Symposium 2011. The room and the spread of
    beds are of the first order: diffuse sound, in which the harmonics of degree l have 1/(2 l + 1) of W's power.
    Takes with 4, 9 or 16 channels are recordings in this format; as beds they are turned by the azimuth of their track.
    """

    order: ClassVar[int]
    keeps = AMBISONIC[-1]
    loudness_channels = slice(0, 1)
    widest = math.pi / 2

    def direct(self, azimuth_deg: Gains, elevation_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`: the real spherical harmonics, W = 1."""
        # sin and cos of |a|, the sign apart: mirrored azimuths give the same numbers to the last bit
        azimuth, elevation = np.radians(np.abs(azimuth_deg)), np.radians(elevation_deg)
        turned = np.where(np.asarray(azimuth_deg) < 0.0, -1.0, 1.0)
        legendre = _legendre(self.order, np.sin(elevation), np.cos(elevation))
        rows = []
        for degree in range(self.order + 1):
            for m in range(-degree, degree + 1):
                weight = math.sqrt((2 if m else 1) * math.factorial(degree - abs(m)) / math.factorial(degree + abs(m)))
                around = turned * np.sin(-m * azimuth) if m < 0 else np.cos(m * azimuth)
                rows.append(weight * legendre[degree, abs(m)] * around)
        return np.array(rows)

    def sends(self, azimuth_deg: Gains, half_deg: float) -> Gains:
        """See :class:`Layout`."""
        angle = room_angle(azimuth_deg, _ROOM_HALF_DEG)
        signals = np.zeros((self.channels, len(angle)))
        signals[0] = 1.0
        signals[1] = np.sin(angle) * math.sqrt(2 / 3)
        signals[2:4] = math.sqrt(1 / 3)
        return signals

    def unplaced(self, samples: Samples) -> Samples:
        """See :class:`Layout`."""
        if len(samples) == self.channels:
            return samples
        out: Samples = np.zeros((self.channels, samples.shape[1]), np.float32)
        if len(samples) > 2:
            common = min(len(samples), self.channels)
            out[:common] = samples[:common]
        elif len(samples) == 2:
            out[:] = (samples[0] + samples[1]) * np.float32(math.sqrt(0.5)) * self.gains(0.0, 0.0, 0.0)[:, np.newaxis]
            out[1] = (samples[0] - samples[1]) * np.float32(0.5)
        else:
            out[:] = samples * self.gains(0.0, 0.0, 0.0)[:, np.newaxis]
        return out

    def bed(self, samples: Samples, turn_deg: Gains) -> Samples:
        """See :class:`Layout`: turned about the vertical axis, harmonics m and −m of each degree into each other."""
        heard = self.unplaced(samples)
        out = heard.copy()
        for degree in range(1, self.order + 1):
            for m in range(1, degree + 1):
                even, odd = degree * (degree + 1) + m, degree * (degree + 1) - m
                cosine, sine = np.cos(m * np.radians(turn_deg)), np.sin(m * np.radians(turn_deg))
                out[even] = cosine * heard[even] - sine * heard[odd]
                out[odd] = sine * heard[even] + cosine * heard[odd]
        return out


def _legendre(order: int, sine: Gains, cosine: Gains) -> dict[tuple[int, int], Gains]:
    """Return the associated Legendre functions P(l, m) of the sine of the elevation, without Condon–Shortley phase."""
    result = {(0, 0): np.ones(len(sine))}
    for m in range(order + 1):
        if m:
            result[m, m] = (2 * m - 1) * cosine * result[m - 1, m - 1]
        if m < order:
            result[m + 1, m] = (2 * m + 1) * sine * result[m, m]
        for degree in range(m + 2, order + 1):
            above, below = result[degree - 1, m], result[degree - 2, m]
            result[degree, m] = ((2 * degree - 1) * sine * above - (degree + m - 1) * below) / (degree - m)
    return result


class Ambisonic(_AmbiX):
    """AmbiX of the first order: W Y Z X."""

    name = "ambisonic"
    order = 1
    channels = 4
    singles = tuple((n, n) for n in range(4))
    room = ((False, 0), (True, 0), (False, 1), (False, 2))
    side = (0.0, 1.0, 0.0, 0.0)
    spread = (1.0, math.sqrt(1 / 3), math.sqrt(1 / 3), math.sqrt(1 / 3))


class Ambisonic2(_AmbiX):
    """AmbiX of the second order: nine channels."""

    name = "ambisonic2"
    order = 2
    channels = 9
    singles = tuple((n, n) for n in range(9))
    room = (*Ambisonic.room, *(None,) * 5)
    side = (*Ambisonic.side, *(0.0,) * 5)
    spread = (*Ambisonic.spread, *(0.0,) * 5)


class Ambisonic3(_AmbiX):
    """AmbiX of the third order: sixteen channels."""

    name = "ambisonic3"
    order = 3
    channels = 16
    singles = tuple((n, n) for n in range(16))
    room = (*Ambisonic.room, *(None,) * 12)
    side = (*Ambisonic.side, *(0.0,) * 12)
    spread = (*Ambisonic.spread, *(0.0,) * 12)
