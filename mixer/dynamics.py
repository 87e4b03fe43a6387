"""Dynamics: how far compressors, expanders and ducks turn a sound down, and the turning."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixer.curve import Curve, Setting, extremes
from mixer.kernels import compiled
from mixer.processors import Compressor, Duck, Expander
from mixer.types import Samples

GROUP = 4
"""Levels are the peaks of so many frames, and gains are linear between them: 83 µs at 48 kHz."""
QUIETEST_DB = -200.0
KEY_HOLD_S = 0.02
"""The level of a key is held so long, from one half-wave of a low sound to the next."""
NEGLIGIBLE_DB = 1e-6
"""A reduction below this has been released."""
QUIETEST = np.float32(10.0 ** (QUIETEST_DB / 20.0))
_DB = 20.0 / math.log(10.0)
_TWICE_DB, _OCTAVE_DB, _ROOT = np.float32(2.0 * _DB), np.float32(20.0 * math.log10(2.0)), np.float32(math.sqrt(2.0))
_HALF, _THIRD, _FIFTH, _SEVENTH, _NINTH = (np.float32(1.0 / n) for n in (2, 3, 5, 7, 9))
_GUARD_DB = 1e-12
"""Keeps what is released from becoming denormal."""

Dynamics: TypeAlias = Compressor | Expander | Duck
Values: TypeAlias = float | NDArray[np.floating]
Groups = NDArray[np.float32]
"""A value for each GROUP frames."""


def compression_db(level_db: Values, threshold_db: Values, ratio: Values, knee_db: float) -> NDArray[np.floating]:
    """Return the reduction ≥ 0 of a compressor at a level, before it is smoothed.

    Giannoulis et al. 2012, equation 4, as x − y: 0 below the knee, (1 − 1/R)(x − T + W/2)²/(2W) in it, and
    (1 − 1/R)(x − T) above.
    """
    slope = 1.0 - 1.0 / ratio
    return np.asarray(slope * _bent(level_db - threshold_db, knee_db))


def expansion_db(
    level_db: Values, threshold_db: Values, ratio: Values, knee_db: float, range_db: float
) -> NDArray[np.floating]:
    """Return the reduction of an expander: (R − 1)(T − x) below the knee, as bent in it as a compressor's."""
    return np.asarray(np.minimum((ratio - 1.0) * _bent(threshold_db - level_db, knee_db), range_db))


def ducking_db(level_db: Values, threshold_db: float, knee_db: float, depth_db: Values) -> NDArray[np.floating]:
    """Return how far a key of this level lowers another sound: 0 below the knee, all of the depth above."""
    over = level_db - threshold_db
    part = np.clip((over + knee_db / 2.0) / knee_db, 0.0, 1.0) if knee_db else np.where(over > 0.0, 1.0, 0.0)
    return np.asarray(part * depth_db)


def _bent(over: Values, knee_db: float) -> NDArray[np.floating]:
    """Return max(0, over) with a quadratic knee."""
    if not knee_db:
        return np.asarray(np.maximum(over, 0.0))
    inside = np.clip(over + knee_db / 2.0, 0.0, knee_db)
    return np.asarray(inside * inside * (0.5 / knee_db) + np.maximum(over - knee_db / 2.0, 0.0))


def _peaks_numpy(sound: Samples, peaks: Groups) -> None:
    loudest = np.abs(sound).max(axis=0)
    padded = np.pad(loudest, (0, -len(loudest) % GROUP))
    peaks[:] = padded.reshape(-1, GROUP).max(axis=1)


@compiled(fallback=_peaks_numpy)
def _peaks(sound: Samples, peaks: Groups) -> None:
    channels, frames = sound.shape
    whole = frames // GROUP
    peaks[:] = 0.0
    for channel in range(channels):
        row = sound[channel]
        for group in range(whole):
            a, b = abs(row[4 * group]), abs(row[4 * group + 1])
            c, d = abs(row[4 * group + 2]), abs(row[4 * group + 3])
            a = a if a > b else b
            c = c if c > d else d
            a = a if a > c else c
            peaks[group] = a if a > peaks[group] else peaks[group]
        for n in range(whole * GROUP, frames):
            peaks[whole] = max(peaks[whole], abs(row[n]))


def peaks_of(sound: Samples | None, frames: int) -> Groups:
    """Return the largest magnitude of any channel in each group of (channels, frames); None is silence."""
    groups = -(-frames // GROUP)
    if sound is None:
        return np.zeros(groups, np.float32)
    peaks = np.empty(groups, np.float32)
    _peaks(sound, peaks)
    return peaks


def _bend_numpy(
    peaks: Groups, threshold_db: Groups, slope: Groups, sign: float, knee_db: float, most_db: float, target: Groups
) -> None:
    level_db = np.log(np.maximum(peaks, QUIETEST), dtype=np.float64) * _DB
    target[:] = np.minimum(slope * _bent(sign * (level_db - threshold_db), knee_db), most_db)


@compiled(fallback=_bend_numpy, contract=True)
def _bend(
    peaks: Groups, threshold_db: Groups, slope: Groups, sign: float, knee_db: float, most_db: float, target: Groups
) -> None:
    """Write min(slope · bent(sign · (level − threshold)), most) of each level. See :func:`_bent`.

    The logarithm is worked out here, so that many are at once: x = m · 2ᵉ with m from 1 to 2, and with
    t = (m − √2)/(m + √2), log₂ m = ½ + 2/ln 2 · (t + t³/3 + t⁵/5 + …), the atanh series; its rest is below 1e-9.
    """
    way, knee, half, most = np.float32(sign), np.float32(knee_db), np.float32(0.5 * knee_db), np.float32(most_db)
    bend = np.float32(0.5 / knee_db if knee_db > 0.0 else 0.0)
    zero, one = np.float32(0.0), np.float32(1.0)
    for n in range(len(peaks)):
        target[n] = peaks[n] if peaks[n] > QUIETEST else QUIETEST
    bits = target.view(np.int32)
    exponents = np.empty(len(peaks), np.int32)
    for n in range(len(peaks)):
        exponents[n] = (bits[n] >> 23) - 127
        bits[n] = (bits[n] & 0x7FFFFF) | 0x3F800000
    for n in range(len(peaks)):
        m = target[n]
        t = (m - _ROOT) / (m + _ROOT)
        q = t * t
        series = t * (one + q * (_THIRD + q * (_FIFTH + q * (_SEVENTH + q * _NINTH))))
        level_db = _OCTAVE_DB * (np.float32(exponents[n]) + _HALF) + _TWICE_DB * series
        over = way * (level_db - threshold_db[n])
        inside = min(max(over + half, zero), knee)
        target[n] = min(slope[n] * (inside * inside * bend + max(over - half, zero)), most)


def _smooth_python(target: Groups, state: float, rise: float, fall: float) -> float:
    smoothed = []
    for x in (target + np.float64(_GUARD_DB)).tolist():
        keep = rise if x > state else fall
        state = keep * state + (1.0 - keep) * x
        smoothed.append(state)
    target[:] = smoothed
    return state


@compiled(fallback=_smooth_python, contract=True)
def _smooth(target: Groups, state: float, rise: float, fall: float) -> float:
    """Smooth in place: y ← α y + (1 − α) x, with one α while x > y and another while not; return the last y.

    Giannoulis et al. 2012, equation 16. The branch is a maximum where rising is the quicker, for of the two candidates
    the quicker is the greater above y and the lesser below; where falling is, it is one of what is turned upside down.
    Two steps are made at once: a maximum of the maximum before it, multiplied out, waits but once for the last y.
    """
    sign = 1.0 if rise <= fall else -1.0
    quick, slow = min(rise, fall), max(rise, fall)
    lift, drop = sign * (1.0 - quick), sign * (1.0 - slow)
    both, quicker, slower = quick * slow, quick * quick, slow * slow
    y = sign * state
    for pair in range(len(target) // 2):
        first, second = target[2 * pair] + _GUARD_DB, target[2 * pair + 1] + _GUARD_DB
        a, b = lift * first, drop * first
        c, d = lift * second, drop * second
        one, other = quick * b + c, slow * a + d
        mixed = both * y + (one if one > other else other)
        one, other = quicker * y + (quick * a + c), slower * y + (slow * b + d)
        outer = one if one > other else other
        one, other = quick * y + a, slow * y + b
        target[2 * pair] = sign * (one if one > other else other)
        y = outer if outer > mixed else mixed
        target[2 * pair + 1] = sign * y
    if len(target) % 2:
        x = target[-1] + _GUARD_DB
        y = max(quick * y + lift * x, slow * y + drop * x)
        target[-1] = sign * y
    return sign * y


def _ramp_numpy(sound: Samples, gain: Groups, before: float, out: Samples) -> None:
    frames = sound.shape[1]
    steps = np.diff(gain, prepend=np.float32(before)) * np.float32(1.0 / GROUP)
    starts = gain - steps * np.float32(GROUP)
    grid = np.arange(1, GROUP + 1, dtype=np.float32)
    np.multiply(sound, (starts[:, np.newaxis] + steps[:, np.newaxis] * grid).reshape(-1)[:frames], out=out)


@compiled(fallback=_ramp_numpy, contract=True)
def _ramp(sound: Samples, gain: Groups, before: float, out: Samples) -> None:
    channels, frames = sound.shape
    whole = frames // GROUP
    for channel in range(channels):
        row, result = sound[channel], out[channel]
        last = np.float32(before)
        if whole:
            step = (gain[0] - last) * np.float32(0.25)
            for n in range(GROUP):
                result[n] = row[n] * (last + step * np.float32(n + 1))
        for group in range(1, whole):
            last = gain[group - 1]
            step = (gain[group] - last) * np.float32(0.25)
            result[4 * group] = row[4 * group] * (last + step)
            result[4 * group + 1] = row[4 * group + 1] * (last + step * np.float32(2.0))
            result[4 * group + 2] = row[4 * group + 2] * (last + step * np.float32(3.0))
            result[4 * group + 3] = row[4 * group + 3] * gain[group]
        for n in range(whole * GROUP, frames):
            last = gain[whole - 1] if whole else np.float32(before)
            step = (gain[whole] - last) * np.float32(0.25)
            result[n] = row[n] * (last + step * np.float32(n - whole * GROUP + 1))


def ramped(sound: Samples, gain: Groups, before: float) -> Samples:
    """Return (channels, frames) times a gain that is linear to the value of each group, from the one before."""
    out = np.empty(sound.shape, np.float32)
    _ramp(sound, gain, before, out)
    return out


def held(peaks: Groups, past: Groups) -> Groups:
    """Return the maximum of each value and as many before it as ``past`` has, which are those before the first.

    By doubling: a maximum of two neighbouring spans is that of a span twice as long.
    """
    values, width, span = np.concatenate([past, peaks]), len(past) + 1, 1
    while span < width:
        step = min(span, width - span)
        values = np.maximum(values[:-step], values[step:])
        span += step
    return values


class Detector:
    """Follows a level and says how far it is to be turned down, group by group.

    Parameters
    ----------
    settings : Compressor, Expander or Duck
    sample_rate : int
        Hz, of the frames in the groups.
    """

    def __init__(self, settings: Dynamics, sample_rate: int) -> None:
        self._settings = settings
        self._seconds = GROUP / sample_rate
        attack, release = (math.exp(-self._seconds / s) for s in (settings.attack_s, settings.release_s))
        # An expander's attack is its opening, when the reduction falls.
        self._rise, self._fall = (release, attack) if isinstance(settings, Expander) else (attack, release)
        hold_s = {Compressor: 0.0, Expander: getattr(settings, "hold_s", 0.0), Duck: KEY_HOLD_S}[type(settings)]
        self._held = np.zeros(round(hold_s / self._seconds), np.float32)
        self._begins = 0.0  # the level below which nothing is turned down
        if not isinstance(settings, Expander):
            self._begins = 10.0 ** ((extremes(settings.threshold_db)[0] - settings.knee_db / 2.0) / 20.0)
        self._state = 0.0
        self._groups = 0

    def follow(self, peaks: Groups) -> Groups:
        """Take the next levels; return the reduction in dB at each."""
        first, self._groups = self._groups, self._groups + len(peaks)
        if len(self._held) and len(peaks):
            peaks, before = held(peaks, self._held), peaks
            self._held = np.concatenate([self._held, before])[-len(self._held) :]
        target = self._target(peaks, first)
        if target is None:
            if self._state < NEGLIGIBLE_DB:
                self._state = 0.0
                return np.zeros(len(peaks), np.float32)
            target = np.zeros(len(peaks), np.float32)
        self._state = _smooth(target, self._state, self._rise, self._fall)
        return target

    def _target(self, peaks: Groups, first: int) -> Groups | None:
        """Return the reduction before smoothing; None where it is 0 throughout."""
        settings = self._settings

        def at(setting: Setting) -> Groups:
            if not isinstance(setting, Curve):
                return np.full(len(peaks), setting, np.float32)
            return setting.at((first + np.arange(len(peaks))) * self._seconds).astype(np.float32)

        if not len(peaks) or (self._begins and peaks.max() <= self._begins):
            return None
        if isinstance(settings, Duck):
            level_db = np.log(np.maximum(peaks, QUIETEST)) * np.float32(_DB)
            part = ducking_db(level_db, settings.threshold_db, settings.knee_db, at(settings.depth_db))
            return np.asarray(part, np.float32)
        target = np.empty(len(peaks), np.float32)
        threshold_db, ratio, knee_db = at(settings.threshold_db), at(settings.ratio), settings.knee_db
        if isinstance(settings, Compressor):
            _bend(peaks, threshold_db, np.float32(1.0) - np.float32(1.0) / ratio, 1.0, knee_db, -QUIETEST_DB, target)
        else:
            _bend(peaks, threshold_db, ratio - np.float32(1.0), -1.0, knee_db, settings.range_db, target)
        return target


def reductions(levels: Iterable[Groups], settings: Dynamics, sample_rate: int) -> Iterator[Groups]:
    """Yield the reduction in dB of each block of levels, ``lookahead_s`` earlier than the levels call for it.

    Reads on in ``levels`` as far as it must look ahead; after their end there is silence.
    """
    detector = Detector(settings, sample_rate)
    ahead = round(settings.lookahead_s * sample_rate / GROUP)
    known = np.zeros(0, np.float32)
    waiting: deque[int] = deque()
    for block in levels:
        waiting.append(len(block))
        known = np.concatenate([known, detector.follow(block)]) if ahead else detector.follow(block)
        while waiting and len(known) >= ahead + waiting[0]:
            count = waiting.popleft()
            yield known[ahead : ahead + count]
            known = known[count:]
    known = np.concatenate([known, detector.follow(np.zeros(ahead, np.float32))])
    for count in waiting:
        yield known[ahead : ahead + count]
        known = known[count:]


def gains(reduced: Iterable[tuple[Groups, ...]], makeup_db: Setting, sample_rate: int) -> Iterator[Groups | None]:
    """Yield the linear gain of each block from the reductions of one or more processors and a make-up gain.

    None stands for a gain of 1 throughout.
    """
    first = 0
    for parts in reduced:
        total_db = sum(parts[1:], start=parts[0])
        if isinstance(makeup_db, Curve):
            lift_db = makeup_db.at((first + np.arange(len(total_db))) * (GROUP / sample_rate))
            total_db = total_db - lift_db.astype(np.float32)
        elif makeup_db:
            total_db = total_db - np.float32(makeup_db)
        first += len(total_db)
        if not total_db.any():
            yield None
        else:
            gain = np.asarray(total_db * np.float32(-1.0 / _DB), np.float32)
            yield np.exp(gain, out=gain)
