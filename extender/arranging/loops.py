"""Endless sound from short recordings: unfaded stretches joined by crossfades that keep their power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from extender.arranging.analysis import TakeAnalysis
from extender.arranging.flow import Flow
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
    *,
    ring: bool = False,
    flow: Flow | None = None,
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
    ring : bool
        The timeline is played as a loop: the last stretch goes beyond its end and is joined to the first like any
        other.
    flow : Flow, optional
        Each stretch is a little louder where it is busy.

    Returns
    -------
    tuple of Clip
        In order of time; the last ends at ``duration_s`` exactly, or as much later as it overlaps the first.
    """
    made = _Loop(takes, analyses, duration_s, rng, ring, flow)
    clips = [made.first()]
    while not made.reaches(clips[-1]):
        clips[-1:] = made.joined(clips[-1])
    if not ring:
        return (*clips[:-1], made.ended(clips[-1]))
    closed = made.closed(clips)
    for _ in range(ENDINGS):
        if closed[1] > GOOD_ENOUGH_DB:
            break
        # Another way to the end, from two stretches before it.
        again = clips[:-2] or [made.first()]
        if clips[:-2]:
            again[-1] = made.opened(again[-1])
        while not made.reaches(again[-1]):
            again[-1:] = made.joined(again[-1])
        closed = max(closed, made.closed(again), key=lambda found: found[1])
    return closed[0]


@dataclass(frozen=True, slots=True)
class _Loop:
    """What a loop is made of, and the steps of making it; see :func:`loop`.

    The last clip so far is open: it has all that is left of its take's body.
    """

    takes: Sequence[AudioBuffer]
    analyses: Sequence[TakeAnalysis]
    duration_s: float
    rng: np.random.Generator
    ring: bool
    flow: Flow | None

    @property
    def beyond_s(self) -> float:
        """How far the last stretch goes beyond the end: what it overlaps the first by."""
        if not self.ring:
            return 0.0
        overlap = min(_overlap_s(analysis) for analysis in self.analyses)
        return _whole(min(overlap, self.duration_s / 4), self.takes[0])

    def first(self) -> Clip:
        """Return the first stretch, at a point that is drawn."""
        index = int(self.rng.integers(len(self.takes)))
        start, end = self.analyses[index].body
        overlap = _overlap_s(self.analyses[index])
        latest = max(start, end - max(2.0 * overlap, min(self.duration_s, 0.5 * (end - start))))
        offset = _whole(float(self.rng.uniform(start, latest)), self.takes[index])
        fade_in_s = self.beyond_s if self.ring else min(EDGE_IN_S, self.duration_s / 4, (end - start) / 4)
        return self.opened(Clip(index, 0.0, 1.0, offset, fade_in=Fade(fade_in_s)))

    def opened(self, clip: Clip) -> Clip:
        """Return a stretch with all that is left of its take, at the level of the first take."""
        analysis = self.analyses[clip.take]
        gain_db = float(np.clip(self.analyses[0].body_level_db - analysis.body_level_db, -24.0, 24.0))
        room_s = max(analysis.body[1] - clip.offset_s, 1e-3)
        if self.flow is not None:
            gain_db += self.flow.level_db(clip.onset_s + room_s / 2)
        return replace(clip, duration_s=room_s, gain_db=round(gain_db, 3), fade_out=Fade())

    def reaches(self, clip: Clip) -> bool:
        """Tell whether an open stretch is the last."""
        return clip.onset_s + clip.duration_s >= self.duration_s + self.beyond_s

    def ended(self, clip: Clip) -> Clip:
        """Let the last stretch fade out at the end of the timeline."""
        last_s = self.duration_s - clip.onset_s
        fade_out = Fade(min(EDGE_OUT_S, self.duration_s / 4, max(0.0, last_s - clip.fade_in.duration_s)))
        return replace(clip, duration_s=last_s, fade_out=fade_out)

    def closed(self, clips: Sequence[Clip]) -> tuple[tuple[Clip, ...], float]:
        """Join the last stretch to the first; return all, and how far the seam dips."""
        first, last, overlap = clips[0], clips[-1], self.beyond_s
        last = replace(last, duration_s=self.duration_s - last.onset_s + overlap)
        tail = _cut(self.takes[last.take], last.offset_s + last.duration_s - overlap, overlap) * _gain(last)
        head = _cut(self.takes[first.take], first.offset_s, overlap) * _gain(first)
        seam = _measure_seam(tail, head, self.takes[first.take].sample_rate, first.offset_s)
        fade = Fade(overlap, seam.correlation)
        if len(clips) == 1:
            return (replace(last, fade_in=fade, fade_out=fade),), seam.dip_db
        return (replace(first, fade_in=fade), *clips[1:-1], replace(last, fade_out=fade)), seam.dip_db

    def joined(self, clip: Clip) -> tuple[Clip, Clip]:
        """Return an open stretch, shortened and joined to the next, and the next, open."""
        takes, analyses = self.takes, self.analyses
        following = (clip.take + 1) % len(takes)
        room_s, fade_in_s = clip.duration_s, clip.fade_in.duration_s
        overlap = min(_overlap_s(analyses[clip.take]), _overlap_s(analyses[following]), room_s / 2)
        overlap = _whole(overlap, takes[clip.take])
        after = self.opened(Clip(following, clip.onset_s + room_s, 1.0, 0.0))
        # If the next is the last, it must have time to fade in and out.
        ending_s = self.beyond_s or EDGE_OUT_S
        left_s = self.duration_s + self.beyond_s - clip.onset_s - ending_s
        longest_s = min(room_s, max(fade_in_s + overlap, left_s))
        best: tuple[float, Seam] | None = None
        for _ in range(ENDINGS):
            # Leaving a stretch early keeps a long loop from having a period. All times are whole samples,
            # so that what is measured here is what the mixer will play.
            used_s = max(fade_in_s + overlap, room_s * float(self.rng.uniform(0.7, 1.0)))
            used_s = _whole(min(used_s, longest_s), takes[clip.take])
            tail = _cut(takes[clip.take], clip.offset_s + used_s - overlap, overlap) * _gain(clip)
            seam = _best_seam(tail, takes[following], _gain(after), analyses[following], overlap, self.rng)
            if best is None or seam.dip_db > best[1].dip_db:
                best = used_s, seam
            if best[1].dip_db > GOOD_ENOUGH_DB:
                break
        used_s, seam = best or (room_s, Seam(analyses[following].body[0], 0.0, 0.0))
        fade = Fade(overlap, seam.correlation)
        after = replace(after, onset_s=clip.onset_s + used_s - overlap, offset_s=seam.offset_s, fade_in=fade)
        return replace(clip, duration_s=used_s, fade_out=fade), replace(self.opened(after), gain_db=after.gain_db)


def _gain(clip: Clip) -> float:
    return float(10.0 ** (clip.gain_db / 20.0))


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
