"""Cutting recordings into takes: one bark, one crow, one strike each, with what lies beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extender.audio import read_audio
from extender.sources.procedural.toolkit import SAMPLE_RATE
from models.sounds.split import Recording

Doubles = NDArray[np.float64]

STEP = 120
"""Frames between two values of an envelope: 2.5 ms."""
CLIPPED = 12
"""So many frames in a row at the very top are a clipped peak."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """How takes of one kind of sound are told from one another.

    Parameters
    ----------
    shortest_s, longest_s : float
        Of a take.
    gap_s : float
        Quieter stretches up to this length belong to a take.
    below_db : float
        A take begins and ends so far under its loudest moment.
    least_snr_db : float
        Takes must stand out from what is heard between them by this much.
    margin_s : float
        Of the recording, kept before and after each take.
    ends : bool
        A recording may begin or end with a take: it was cut by hand.
    """

    shortest_s: float = 0.06
    longest_s: float = 1.0
    gap_s: float = 0.05
    below_db: float = 26.0
    least_snr_db: float = 14.0
    margin_s: float = 0.05
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """One sound by itself.

    Parameters
    ----------
    samples : (frames,) float64
        With ``margin`` frames before and after it.
    margin : int
    onset_s : float
        Where it began in its recording.
    individual : str
        Takes of the same name are of the same one.
    ground : (frames,) float64
        A quiet stretch of the recording, empty where it has none but digital silence.
    """

    samples: Doubles
    margin: int
    onset_s: float
    individual: str
    ground: Doubles

    @property
    def duration_s(self) -> float:
        """Without the margins."""
        return (self.samples.size - 2 * self.margin) / SAMPLE_RATE


def mono(recording: Recording) -> Doubles:
    """Return a recording in one channel, without what lies below 30 Hz."""
    sound = read_audio(recording.path, max_s=30.0).samples.astype(np.float64).mean(axis=0)
    spectrum = np.fft.rfft(sound - sound.mean(), sound.size + SAMPLE_RATE // 4)
    f = np.fft.rfftfreq(sound.size + SAMPLE_RATE // 4, 1 / SAMPLE_RATE)
    filtered: Doubles = np.fft.irfft(spectrum * f**4 / (f**4 + 30.0**4), sound.size + SAMPLE_RATE // 4)[: sound.size]
    return filtered


def envelope_db(samples: Doubles, smooth_s: float = 0.01) -> Doubles:
    """Return the level in dB at every STEP, averaged over ``smooth_s``."""
    power = np.square(samples)
    width = max(round(smooth_s * SAMPLE_RATE / STEP), 1)
    steps = power[: power.size // STEP * STEP].reshape(-1, STEP).mean(axis=1)
    window = np.hanning(width + 2)[1:-1]
    return np.asarray(10.0 * np.log10(np.convolve(steps, window / window.sum(), "same") + 1e-12))


def takes(sound: Doubles, individual: str, cutting: Cutting) -> list[Take]:
    """Cut one recording. Takes that are clipped, too long or short, cut off, or hardly louder than the rest are left.

    Parameters
    ----------
    sound : (frames,) float64
    """
    if cutting.ends:
        sound = np.pad(sound, 4 * STEP)
    level = envelope_db(sound)
    heard = level > level.max() - 80.0
    floor = float(np.percentile(level[heard], 8))
    ground = _ground(sound, level, floor, heard)
    found = []
    for first, last in _stretches(level, floor, cutting):
        loudest = float(level[first:last].max())
        start, stop = first * STEP, last * STEP
        length_s = (stop - start) / SAMPLE_RATE
        if not cutting.shortest_s <= length_s <= cutting.longest_s or start == 0 or stop + STEP >= sound.size:
            continue
        around = np.concatenate([level[max(first - 12, 0) : first], level[last : last + 12]])
        if loudest < level.max() - 20.0 or loudest - max(floor, float(np.median(around))) < cutting.least_snr_db:
            continue
        if _clipped(sound[start:stop], float(np.abs(sound).max())):
            continue
        margin = round(cutting.margin_s * SAMPLE_RATE)
        padded = np.pad(sound, margin)
        found.append(Take(padded[start : stop + 2 * margin], margin, start / SAMPLE_RATE, individual, ground))
    return found


def _stretches(level: Doubles, floor: float, cutting: Cutting) -> list[tuple[int, int]]:
    """Return where it is loud, (first, last) in steps, short quiets bridged, ends at ``below_db`` under each top."""
    loud = level > max(level.max() - cutting.below_db, floor + 7.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    bridged: list[list[int]] = []
    for first, last in edges.reshape(-1, 2):
        if bridged and (first - bridged[-1][1]) * STEP / SAMPLE_RATE < cutting.gap_s:
            bridged[-1][1] = int(last)
        else:
            bridged.append([int(first), int(last)])
    tight = []
    for first, last in bridged:
        inside = np.flatnonzero(level[first:last] > level[first:last].max() - cutting.below_db)
        tight.append((first + int(inside[0]), first + int(inside[-1]) + 1))
    return tight


def _ground(sound: Doubles, level: Doubles, floor: float, heard: NDArray[np.bool_]) -> Doubles:
    """Return the quiet parts of a recording, joined; digital silence is no quiet."""
    quiet = heard & (level < floor + 4.0)
    if quiet.sum() * STEP < SAMPLE_RATE // 10:
        return np.zeros(0)
    pieces = sound[: level.size * STEP].reshape(-1, STEP)[quiet]
    return np.asarray(pieces.ravel())


def _clipped(samples: Doubles, top: float) -> bool:
    flat = np.abs(samples) > 0.995 * top
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(int), [0]]))).reshape(-1, 2)
    return bool(edges.size) and int((edges[:, 1] - edges[:, 0]).max()) >= CLIPPED


def bouts(onsets: Sequence[Sequence[float]], longest_gap_s: float) -> tuple[list[int], list[float]]:
    """Return how many takes follow on one another in each bout, and the times from onset to onset within bouts."""
    counts, gaps = [], []
    for times in onsets:
        run = 1
        for gap in np.diff(np.sort(times)):
            if gap <= longest_gap_s:
                gaps.append(float(gap))
                run += 1
            else:
                counts.append(run)
                run = 1
        counts.append(run)
    return counts, gaps
