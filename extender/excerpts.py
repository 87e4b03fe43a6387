"""Which part of a recording is used: of what lasts its loudest steady part, of what happens a clean onset.

A recording is measured in one pass, however long it is: 20 ms at a time its power in four bands, A-weighted as the ear
has it, so that rumble and handling count little; its peak; and how much of it is clipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extender.arranging.events import MAX_EVENT_S
from extender.audio import MAX_EXCERPT_S, Reading, decode
from extender.errors import InputError
from extender.types import Excerpt, Kind

Series = NDArray[np.float64]

HOP_S = 0.02
BAND_EDGES_HZ = (250.0, 1000.0, 4000.0)
FLOOR_DB = -120.0

BLOCK_S = 0.5
"""What lasts is looked at in blocks of this length."""
SHORTEST_BED_S = 10.0
BRIEFLY_S = 5.0
"""What a recording does within so long is its nature."""
GATE_DB = 30.0
"""Blocks so far below the loudest that lasts are not what the recording is of."""
LOUDER_DB = 10.0
"""No part is better for being louder than the middle of the recording by more."""
WORTH_DB = 4.0
"""A recording that is short enough is used whole, unless a part of it is better by so much."""

RISE_DB = 10.0
"""An onset rises by so much from the mean of the 0.3 s before."""
DECAY_DB = 6.0
"""What falls by less until its end does not end: it is cut off."""
BEFORE, AFTER, TOP = 15, 8, 25
"""Hops: what is before an onset, where it is at its loudest, where its event is."""
PAUSE_S = 1.5
"""What goes on after no longer a pause belongs to the same event."""
LEAD_S, TAIL_S = 0.04, 0.2
AS_GOOD_DB = 3.0
"""Of onsets that are as good within this, the first is taken."""
_CLIPPING_DB = 100.0
"""What being clipped throughout costs: a decibel for each hundredth of the samples."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A recording's course, hop by hop.

    Parameters
    ----------
    power : float64, (hops, 4)
        A-weighted mean power below 250 Hz, below 1 kHz, below 4 kHz, above; 1 = a full-scale square wave.
    clipped : float64, (hops,)
        Share of the samples in flat tops.
    duration_s : float
        Of the whole recording.
    """

    power: Series
    clipped: Series
    duration_s: float

    @property
    def level_db(self) -> Series:
        """A-weighted level of each hop, dB re full scale, (hops,)."""
        return _db(self.power.sum(axis=1))


def choose(path: Path, kind: Kind) -> Excerpt | None:
    """Return the part of a recording that is used for a kind of sound, or None where that is all of it.

    Deterministic: the same file and kind, the same part.

    Raises
    ------
    InputError
        The recording cannot be decoded.
    """
    profile = profile_of(path)
    return choose_in(profile, kind)


def choose_in(profile: Profile, kind: Kind) -> Excerpt | None:
    """Choose by a profile; see :func:`choose`."""
    if kind == "event":
        return None if profile.duration_s <= MAX_EVENT_S else _event(profile)
    return _bed(profile)


# ---------------------------------------------------------------- measuring


def profile_of(path: Path) -> Profile:
    """Measure a recording in one pass; samples that are no numbers count as silence.

    Raises
    ------
    InputError
        It cannot be decoded, or holds no sound.
    """
    profile = decode(path, _measure)
    if not profile.power.size:
        raise InputError(f"{path} holds no sound (0 samples)")
    return profile


def _measure(reading: Reading) -> Profile:
    hop = max(8, round(HOP_S * reading.sample_rate))
    weights = _bands(hop, reading.sample_rate)
    powers: list[Series] = []
    clipped: list[Series] = []
    frames = 0
    for block in _blocks(reading, 250 * hop):
        frames += len(block)
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        if len(block) < hop and not powers:
            block = np.pad(block, ((0, hop - len(block)), (0, 0)))
        hops = block[: len(block) // hop * hop].reshape(-1, hop, reading.channels)
        if len(hops):
            powers.append(_band_power(hops, weights))
            clipped.append(_flat_share(hops))
    power = np.concatenate(powers) if powers else np.zeros((0, len(BAND_EDGES_HZ) + 1))
    return Profile(power, np.concatenate(clipped) if clipped else np.zeros(0), frames / reading.sample_rate)


def _blocks(reading: Reading, frames: int) -> Iterator[NDArray[np.float32]]:
    """Yield what can be decoded; what comes after a damaged place is as good as not there."""
    import soundfile

    block = reading.read(frames)
    while block.size:
        yield block
        try:
            block = reading.read(frames)
        except soundfile.LibsndfileError:
            return


def _bands(hop: int, sample_rate: int) -> NDArray[np.float32]:
    """Return the A-weighted share of each bin of a hop's spectrum in each band, (bins, 4).

    A-weighting: IEC 61672-1, annex E, equation E.6, squared, 1 at 1 kHz.
    """
    hz = np.fft.rfftfreq(hop, 1.0 / sample_rate)
    f2 = hz**2
    poles = (f2 + 20.60**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2)
    weighting = (1.2589 * 12194.0**2 * f2**2 / poles) ** 2
    band = np.searchsorted(BAND_EDGES_HZ, hz, side="right")
    shares = weighting[:, None] * (band[:, None] == np.arange(len(BAND_EDGES_HZ) + 1))
    return np.asarray(2.0 / hop**2 * shares, dtype=np.float32)  # Parseval, both halves of the spectrum


def _band_power(hops: NDArray[np.float32], weights: NDArray[np.float32]) -> Series:
    """Return the mean over the channels of each hop's power in bands. (hops, frames, channels) → (hops, 4)."""
    from scipy.fft import rfft

    spectrum = rfft(hops, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=2)
    return np.asarray(power @ weights, dtype=np.float64)


def _flat_share(hops: NDArray[np.float32]) -> Series:
    """Return the share of samples in flat tops: three or more in a row within 0.1 % of a peak above −6 dBFS."""
    share = np.zeros(len(hops))
    level = np.abs(hops)
    peak = level.max(axis=(1, 2))
    loud = np.flatnonzero(peak >= 0.5)
    if loud.size:
        flat = level[loud] >= 0.999 * peak[loud, None, None]
        rows = flat[:, :-2] & flat[:, 1:-1] & flat[:, 2:]
        share[loud] = np.minimum(1.0, 3.0 * rows.mean(axis=(1, 2)))
    return share


def _db(power: Series) -> Series:
    return 10.0 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))


# ---------------------------------------------------------------- what lasts


def _bed(profile: Profile) -> Excerpt | None:
    """Choose the loudest steady part.

    The level counts for a part, as far as it is no more than 10 dB above the recording's own. The unrest that 5 s of
    the recording have anyhow is its nature, for waves swell and fires crackle; what a part has beyond that counts
    against it: twice the spread of level and bands, and half of the way from the level up to the loudest 20 ms. So does
    clipping, and each halving of a minute with 3 dB.
    """
    per = round(BLOCK_S / HOP_S)
    count = len(profile.power) // per
    if count * BLOCK_S < SHORTEST_BED_S:
        return None
    blocks = profile.power[: count * per].reshape(count, per, -1)
    power = blocks.mean(axis=1)
    level = _db(power.sum(axis=1))
    briefly = round(BRIEFLY_S / BLOCK_S)
    gate = max(FLOOR_DB, float(_sliding_mean(level, briefly).max()) - GATE_DB)
    middle = float(np.median(level[level >= gate]))
    floor = middle - 40.0
    course = _Course(
        power.sum(axis=1),
        np.maximum(np.column_stack([level, _db(power)]), floor),
        np.maximum(_db(blocks.sum(axis=2).max(axis=1)), floor),
        profile.clipped[: count * per].reshape(count, per).mean(axis=1),
    )
    usual = course.unrest(briefly)
    heard = course.level_db(briefly) >= gate
    nature = [float(np.median(each[heard])) if heard.any() else 0.0 for each in usual]

    def scores(length: int) -> Series:
        """Return the score of every part of so many blocks."""
        spread, burst = (np.maximum(0.0, each - own) for each, own in zip(course.unrest(length), nature, strict=True))
        loud = np.minimum(course.level_db(length), middle + LOUDER_DB)
        short = 3.0 * np.log2(MAX_EXCERPT_S / (length * BLOCK_S))
        flaws = 2.0 * spread + 0.5 * burst + _CLIPPING_DB * _sliding_mean(course.clipped, length)
        return np.asarray(np.round(loud - flaws - short, 6))

    best = (-np.inf, 0, 0)
    length = min(count, round(MAX_EXCERPT_S / BLOCK_S))
    while length * BLOCK_S >= SHORTEST_BED_S:
        found = scores(length)
        first = int(found.argmax())
        best = max(best, (float(found[first]), length, -first))
        length = min(length - 1, round(length / 2**0.25))
    score, length, first = best[0], best[1], -best[2]
    if profile.duration_s <= MAX_EXCERPT_S and float(scores(count)[0]) >= score - WORTH_DB:
        return None
    end_s = min(profile.duration_s, (first + length) * BLOCK_S)
    return _excerpt(first * BLOCK_S, end_s, "its loudest steady part")


@dataclass(frozen=True, slots=True)
class _Course:
    """A recording block by block: power; level and bands, dB, (blocks, 5); the loudest 20 ms, dB; share clipped."""

    power: Series
    columns: Series
    loudest: Series
    clipped: Series

    def level_db(self, length: int) -> Series:
        """Return the level of every part of so many blocks."""
        return _db(_sliding_mean(self.power, length))

    def unrest(self, length: int) -> tuple[Series, Series]:
        """Return the spread over levels and bands of every part, and how far its loudest 20 ms stand out, dB."""
        mean = _sliding_mean(self.columns, length)
        variance = np.maximum(0.0, _sliding_mean(self.columns**2, length) - mean**2)
        loudest = np.lib.stride_tricks.sliding_window_view(self.loudest, length).max(axis=1)
        return np.sqrt(variance.mean(axis=1)), loudest - mean[:, 0]


def _sliding_mean(values: Series, length: int) -> Series:
    """Return the means over all stretches of so many rows."""
    sums = np.cumsum(np.concatenate([np.zeros((1, *values.shape[1:])), values]), axis=0)
    return np.asarray((sums[length:] - sums[:-length]) / length)


# ---------------------------------------------------------------- what happens


@dataclass(frozen=True, slots=True)
class _Onset:
    """Where something begins and ends, in hops; how far it falls, and how good it is, in dB."""

    start: int
    end: int
    decay_db: float
    score: float


def _event(profile: Profile) -> Excerpt | None:
    """Choose a clean onset with all that follows without a longer pause; where there is none, the loudest steady part.

    For an onset counts how near it comes to the loudest of all, half of the quiet before and half of the decay at the
    end (30 dB at most); against it clipping, and 2 dB for each halving of 2 s, so that a bout beats a click.
    """
    level = profile.level_db
    loudest = float(level.max())
    onsets = (_onset(profile, level, loudest, hop) for hop in _rises(level))
    found = [onset for onset in onsets if onset.decay_db >= DECAY_DB]
    if loudest <= FLOOR_DB or not found:
        return _bed(profile)
    best = max(onset.score for onset in found)
    onset = next(onset for onset in found if onset.score >= best - AS_GOOD_DB)
    start_s = max(0.0, onset.start * HOP_S - LEAD_S)
    end_s = min(profile.duration_s, start_s + MAX_EVENT_S, onset.end * HOP_S + TAIL_S)
    return _excerpt(start_s, end_s, "a clean onset")


def _rises(level: Series) -> list[int]:
    """Return the hops at which something begins, in order of time. A recording does not begin with an onset."""
    early = np.concatenate([np.full(BEFORE + 1, level[0]), level])
    before = _sliding_mean(early, BEFORE)[: level.size]
    after = np.lib.stride_tricks.sliding_window_view(np.pad(level, (0, AFTER - 1), mode="edge"), AFTER).max(axis=1)
    rise = after - before
    around = np.lib.stride_tricks.sliding_window_view(np.pad(rise, 5, constant_values=-np.inf), 11).max(axis=1)
    steepest = np.flatnonzero((rise >= RISE_DB) & (rise >= around))
    onsets = []
    for hop in steepest:
        above = np.flatnonzero(level[hop : hop + AFTER] >= before[hop] + RISE_DB / 2)
        onsets.append(int(hop + above[0]) if above.size else int(hop))
    return sorted(set(onsets))


def _onset(profile: Profile, level: Series, loudest: float, start: int) -> _Onset:
    top = float(level[start : start + TOP].max())
    before = float(level[max(0, start - BEFORE - 1) : max(1, start - 1)].mean())
    most = min(level.size, start + round((MAX_EVENT_S - LEAD_S) / HOP_S))
    end = _end(level, start, most, max(before + RISE_DB / 2, top - 30.0))
    decay = top - float(level[end : end + 5].mean()) if end < level.size else top - float(level[-1])
    clipped = float(profile.clipped[start:end].mean())
    quiet = min(30.0, max(0.0, top - before))
    short = 2.0 * max(0.0, math.log2(2.0 / ((end - start) * HOP_S)))
    score = top - loudest + 0.5 * quiet + 0.5 * min(30.0, max(0.0, decay)) - short - _CLIPPING_DB * clipped
    return _Onset(start, end, decay, round(score, 6))


def _end(level: Series, start: int, most: int, threshold: float) -> int:
    """Return where an event is over: before the first long pause, else where it is lowest in the second half."""
    heard = start + np.flatnonzero(level[start:most] >= threshold)
    if not heard.size:
        return min(most, start + 1)
    pauses = np.flatnonzero(np.diff(heard) > PAUSE_S / HOP_S)
    last = int(heard[pauses[0]] if pauses.size else heard[-1])
    if pauses.size or last < most - 5:
        return last + 1
    later = start + (most - start) // 2
    return later + int(level[later:most].argmin())


def _excerpt(start_s: float, end_s: float, reason: str) -> Excerpt:
    return Excerpt(round(start_s, 3), round(end_s, 3), reason)
