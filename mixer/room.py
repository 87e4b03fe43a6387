"""One room for all tracks: how long it sounds, from where on it is louder than the source, and its response."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfft

from mixer.air import absorption_db_per_m
from mixer.plan import Room
from mixer.types import Samples

SPEED_OF_SOUND_M_S = 343.2
LONGEST_S = 3.0
"""Decay times end here, and with them the cost of the convolution."""
REVERB_RANGE_DB = (-30.0, 0.0)
"""Above the upper end a sound would be more room than itself, and no longer known for what it is."""
_HARDEST = 0.05
"""Mean absorption of hard walls (damping 0)."""
_TILT = 0.15
"""Walls absorb more at high frequencies: their absorption exponent grows with f to this power."""
_LARGEST_ECHO_M = 30.0
"""Reflections come no later than in a room of this size: what comes later is an echo, not reverberation."""
_ORDERS = ((6, 1.0), (12, math.sqrt(2.0)), (8, math.sqrt(3.0)), (6, 2.0))
"""Image sources of a cube around its middle: how many, and how far in sides of the cube."""
_SEED = 9_613


@dataclass(frozen=True, slots=True, eq=False)
class RoomResponse:
    """The responses of a room that is the same to the left and to the right.

    Parameters
    ----------
    even, odd : tuple of (taps,) float32
        What follows the direct sound when a signal that a mirror keeps (the sum of left and right), or turns round
        (their difference), is played into the room. Each has unit energy; no two are alike. Even and odd do not mix,
        so that a mirrored scene sounds mirrored, sample for sample.
    """

    even: tuple[Samples, ...]
    odd: tuple[Samples, ...]

    @property
    def mid(self) -> Samples:
        """The first even one."""
        return self.even[0]

    @property
    def side(self) -> Samples:
        """The first odd one."""
        return self.odd[0]


def absorption_exponent(room: Room, frequency_hz: ArrayLike = 1_000.0) -> NDArray[np.float64]:
    """Return −ln(1 − α) of the walls; the mean absorption α at 1 kHz is 0.05 + 0.95 · damping."""
    alpha = min(_HARDEST + (1.0 - _HARDEST) * room.damping, 1.0 - 1e-9)
    tilt = (np.clip(frequency_hz, 62.5, 16_000.0) / 1_000.0) ** _TILT
    return np.asarray(-math.log(1.0 - alpha) * tilt)


def decay_time_s(room: Room, frequency_hz: ArrayLike = 1_000.0) -> NDArray[np.float64]:
    """Return the reverberation time (−60 dB), at most ``LONGEST_S``.

    Eyring's formula with the air's share for a cube of side a = ``size_m`` (V = a³, S = 6 a²):
    T = 0.161 V / (−S ln(1 − α) + 4 m V), where m = absorption in dB/m / 4.343 (C. F. Eyring, JASA 1, 1930;
    V. O. Knudsen, JASA 3, 1931; ISO 9613-1 for the air).
    """
    side = room.size_m
    air = absorption_db_per_m(frequency_hz) / 4.343
    walls = 6.0 * side**2 * absorption_exponent(room, frequency_hz)
    return np.asarray(np.minimum(0.161 * side**3 / (walls + 4.0 * air * side**3), LONGEST_S))


def critical_distance_m(room: Room) -> float:
    """Return how far from a source its room is as loud as itself: 0.057 √(V / T) for one that radiates evenly.

    H. Kuttruff, "Room Acoustics", the diffuse-field (reverberation) distance.
    """
    return 0.057 * math.sqrt(room.size_m**3 / float(decay_time_s(room)))


def reverb_db_at(room: Room | None, distance_m: float) -> float | None:
    """Return the level of the room relative to the direct sound at a distance; None where there is no room.

    20 log10(d / critical distance): the direct sound falls with distance, the room's does not. Held in
    ``REVERB_RANGE_DB``.
    """
    if room is None or room.damping >= 1.0:
        return None
    low, high = REVERB_RANGE_DB
    return min(max(20.0 * math.log10(distance_m / critical_distance_m(room)), low), high)


def room_response(room: Room | None, sample_rate: int, even: int = 1, odd: int = 1) -> RoomResponse | None:
    """Return so many responses of a room, the same every time; None for no room or one with damping 1.

    Reflections at the distances of a cube's nearest image sources, then Gaussian noise; both are cut into octave
    bands that each decay with the band's own time, 10^(−3 t / T(f)) (J. A. Moorer, "About this reverberation
    business", CMJ 3(2), 1979).
    """
    if room is None or room.damping >= 1.0:
        return None
    centres_hz: NDArray[np.float64] = 125.0 * np.exp2(np.arange(8.0))
    times_s = decay_time_s(room, centres_hz)
    taps = math.ceil(float(times_s.max()) * sample_rate) + sample_rate // 100
    rng = np.random.default_rng(_SEED)
    sounds: dict[bool, list[NDArray[np.float64]]] = {False: [], True: []}
    # first, as in stereo, one of each; then what other layouts need
    for two_signs in (False, True, *[False] * (even - 1), *[True] * (odd - 1)):
        sounds[two_signs].append(_excitation(room, sample_rate, taps, rng, two_signs=two_signs))
    shaped = (tuple(_shaped(s, centres_hz, times_s, sample_rate) for s in sounds[signs]) for signs in (False, True))
    return RoomResponse(*shaped)


def _excitation(
    room: Room, sample_rate: int, taps: int, rng: np.random.Generator, *, two_signs: bool
) -> NDArray[np.float64]:
    """Reflections, then noise, as if nothing decayed but by spreading; (taps,)."""
    size_m = min(room.size_m, _LARGEST_ECHO_M)
    sound = np.zeros(taps)
    for count, sides in _ORDERS:
        at_s = size_m * sides * rng.uniform(0.8, 1.2, count) / SPEED_OF_SOUND_M_S
        sign = rng.choice((-1.0, 1.0), count) if two_signs else np.ones(count)
        at = np.round(at_s * sample_rate).astype(int)
        np.add.at(sound, at[at < taps], (sign / sides)[at < taps])
    mixing = min(round(size_m * 1.4 / SPEED_OF_SOUND_M_S * sample_rate), taps - 1)
    seconds = np.arange(taps) / sample_rate
    late = rng.standard_normal(taps)
    late[:mixing] *= (np.arange(mixing) / mixing) ** 2
    # as much energy before the mixing time as an exponential decay has there
    decay = 13.8 * mixing / sample_rate / float(decay_time_s(room))
    early_share = min(max(1.0 - math.exp(-decay), 0.05), 0.95)
    envelope = 10.0 ** (-3.0 * seconds / float(decay_time_s(room)))
    early_power = float(np.square(sound * envelope).sum())
    late_power = float(np.square(late * envelope).sum())
    if early_power > 0.0:
        sound *= math.sqrt(early_share / early_power)
    return np.asarray(sound + late * math.sqrt((1.0 - early_share) / late_power))


def _shaped(
    sound: NDArray[np.float64], centres_hz: NDArray[np.float64], times_s: NDArray[np.float64], sample_rate: int
) -> Samples:
    """Let each octave decay in its own time; end without a click; unit energy."""
    size = next_fast_len(len(sound) + sample_rate // 8, real=True)
    spectrum = rfft(sound, size)
    octave = np.log2(np.maximum(np.fft.rfftfreq(size, 1.0 / sample_rate), 1.0) / centres_hz[0])
    seconds = np.arange(len(sound)) / sample_rate
    shaped = np.zeros(len(sound))
    for number, time_s in enumerate(times_s):
        position = np.clip(octave, 0.0, len(times_s) - 1.0) - number
        mask = np.where(np.abs(position) < 1.0, np.cos(np.pi / 2 * np.clip(position, -1.0, 1.0)) ** 2, 0.0)
        band = irfft(spectrum * mask, size)[: len(sound)]
        shaped += band * 10.0 ** (-3.0 * seconds / float(time_s))
    end = sample_rate // 100
    shaped[-end:] *= np.linspace(1.0, 0.0, end)
    return np.asarray(shaped / math.sqrt(float(np.square(shaped).sum())), np.float32)
