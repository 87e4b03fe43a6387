"""Endless sound from short recordings: unfaded stretches joined by crossfades that keep their power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from extender.arranging.analysis import TakeAnalysis
from mixer.types import AudioBuffer, Clip, Fade

ENDINGS, CANDIDATES = 6, 16
"""How many ends of a stretch, and for each how many starts of the next, are tried for a seam."""
GOOD_ENOUGH_DB = -0.25
"""A seam that dips less than this is taken at once."""
STEP_S, WINDOW_S = 0.02, 0.2
"""The level of a seam is looked at every step, in windows of half the 400 ms of momentary loudness."""
EDGE_IN_S, EDGE_OUT_S = 0.5, 1.0
"""Fades at the two ends of the whole timeline."""


@dataclass(frozen=True, slots=True)
class Seam:
    """How one stretch is joined to the next.

    Parameters
    ----------
    offset_s : float
        Where in the take the next stretch starts.
    correlation : float
        Of the two signals in the overlap; both fades are told.
    dip_db : float
        The lowest level in the overlap against what the two stretches' own levels let expect, ≤ 0.
    """

    offset_s: float
    correlation: float
    dip_db: float


def loop(
    takes: Sequence[AudioBuffer],
    analyses: Sequence[TakeAnalysis],
    duration_s: float,
    rng: np.random.Generator,
) -> tuple[Clip, ...]:
    """Fill a timeline with one sound, without a gap, a dip or a click.

    Stretches have varied lengths and start at varied points of the takes' unfaded bodies, takes in turn, each brought
    to the level of the first. Neighbours overlap; each seam is the best of several tried.

    Parameters
    ----------
    takes, analyses : sequences of the same length, ≥ 1
    duration_s : float
        Of the timeline, > 0.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of Clip
        In order of time; the last ends at ``duration_s`` exactly.
    """
    clips: list[Clip] = []
    reference_db = analyses[0].body_level_db
    index = int(rng.integers(len(takes)))
    start, end = analyses[index].body
    overlap = _overlap_s(analyses[index])
    latest = max(start, end - max(2.0 * overlap, min(duration_s, 0.5 * (end - start))))
    offset = _whole(float(rng.uniform(start, latest)), takes[index])
    fade_in = Fade(min(EDGE_IN_S, duration_s / 4, (end - start) / 4))
    onset = 0.0
    while True:
        analysis = analyses[index]
        room_s = max(analysis.body[1] - offset, 1e-3)
        gain_db = float(np.clip(reference_db - analysis.body_level_db, -24.0, 24.0))
        clip = Clip(index, onset, room_s, offset, round(gain_db, 3), 0.0, fade_in, Fade())
        if onset + room_s >= duration_s:
            last_s = duration_s - onset
            fade_out = Fade(min(EDGE_OUT_S, duration_s / 4, max(0.0, last_s - fade_in.duration_s)))
            clips.append(replace(clip, duration_s=last_s, fade_out=fade_out))
            return tuple(clips)
        following = (index + 1) % len(takes)
        overlap = min(_overlap_s(analyses[index]), _overlap_s(analyses[following]), room_s / 2)
        overlap = _whole(overlap, takes[index])
        gains = (10 ** (gain_db / 20), 10 ** (np.clip(reference_db - analyses[following].body_level_db, -24, 24) / 20))
        # If the next is the last, it must have time to fade in and out.
        longest_s = min(room_s, max(fade_in.duration_s + overlap, duration_s - onset - EDGE_OUT_S))
        best: tuple[float, Seam] | None = None
        for _ in range(ENDINGS):
            # Leaving a stretch early keeps a long loop from having a period. All times are whole samples,
            # so that what is measured here is what the mixer will play.
            used_s = max(fade_in.duration_s + overlap, room_s * float(rng.uniform(0.7, 1.0)))
            used_s = _whole(min(used_s, longest_s), takes[index])
            tail = _cut(takes[index], offset + used_s - overlap, overlap) * gains[0]
            seam = _best_seam(tail, takes[following], gains[1], analyses[following], overlap, rng)
            if best is None or seam.dip_db > best[1].dip_db:
                best = used_s, seam
            if best[1].dip_db > GOOD_ENOUGH_DB:
                break
        used_s, seam = best or (room_s, Seam(analyses[following].body[0], 0.0, 0.0))
        fade = Fade(overlap, seam.correlation)
        clips.append(replace(clip, duration_s=used_s, fade_out=fade))
        onset, offset, index, fade_in = onset + used_s - overlap, seam.offset_s, following, fade


def _overlap_s(analysis: TakeAnalysis) -> float:
    """Return the length of a take's crossfades: a quarter of its body, at most 2 s."""
    return min(2.0, (analysis.body[1] - analysis.body[0]) / 4)


def _whole(seconds: float, audio: AudioBuffer) -> float:
    """Round down to whole samples."""
    return math.floor(seconds * audio.sample_rate) / audio.sample_rate


def _cut(audio: AudioBuffer, offset_s: float, length_s: float) -> NDArray[np.float32]:
    """Return the channels' mean over a stretch, zeros past the end. Shape (round(length_s · rate),)."""
    first, count = round(offset_s * audio.sample_rate), max(1, round(length_s * audio.sample_rate))
    piece = audio.samples[:, first : first + count].mean(axis=0)
    return np.pad(piece, (0, count - piece.size))


def _best_seam(
    tail: NDArray[np.float32],
    following: AudioBuffer,
    gain: float,
    analysis: TakeAnalysis,
    overlap_s: float,
    rng: np.random.Generator,
) -> Seam:
    """Try several starting points in the following take and return the seam with the least dip."""
    start, end = analysis.body
    latest = max(start, end - max(2.5 * overlap_s, 0.4 * (end - start)))
    offsets = rng.uniform(start, latest, CANDIDATES) if latest > start else np.array([start])
    best: Seam | None = None
    for drawn_s in offsets.tolist():
        offset_s = _whole(drawn_s, following)
        seam = _measure_seam(tail, _cut(following, offset_s, overlap_s) * gain, following.sample_rate, offset_s)
        if best is None or seam.dip_db > best.dip_db:
            best = seam
        if best.dip_db > GOOD_ENOUGH_DB:
            break
    return best or Seam(start, 0.0, 0.0)


def _measure_seam(tail: NDArray[np.float32], head: NDArray[np.float32], sample_rate: int, offset_s: float) -> Seam:
    """Work out, step by step, the power of the crossfade that the mixer will make, against what is expected.

    With f and r the falling and rising gain in the middle of a step, t and h the two signals, the power is
    (f² Σt² + r² Σh² + 2 f r Σth) / n², where the fades' law (mixer.types.Fade) has n² = 1 + 2ρ f r.
    """
    size = min(tail.size, head.size)
    count = max(1, round(size / (STEP_S * sample_rate)))
    window = size // count  # so that the steps fill the overlap but for a few samples
    t, h = (signal[: count * window].reshape(count, window) for signal in (tail, head))
    tt, hh, th = (np.einsum("ij,ij->i", x, y).astype(np.float64) for x, y in ((t, t), (h, h), (t, h)))
    energy = float(np.sqrt(tt.sum() * hh.sum()))
    rho = float(np.clip(th.sum() / energy, -0.9, 1.0)) if energy > 0 else 0.0
    phase = (np.arange(count) + 0.5) / count * (np.pi / 2)
    rising, falling = np.sin(phase), np.cos(phase)
    expected = falling**2 * tt + rising**2 * hh
    got = (expected + 2.0 * falling * rising * th) / (1.0 + 2.0 * rho * rising * falling)
    together = np.ones(min(count, round(WINDOW_S / STEP_S)))
    got, expected = (np.convolve(power, together, "valid") for power in (got, expected))
    ratio = got[expected > 0] / expected[expected > 0]
    dip_db = min(0.0, 10 * float(np.log10(max(ratio.min(), 1e-6)))) if ratio.size else 0.0
    return Seam(offset_s, round(rho, 6), dip_db)
