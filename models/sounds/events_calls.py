"""From takes to one kind of call: alignment in time, mean, principal components, individuals, and unsteadiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural.calls import BANDS_HZ, TEMPO, Call, CallFit, counted, packed, sounded, unpacked
from models.sounds.events_takes import Take, envelope_db
from models.sounds.events_voice import PITCH_STEP, Trajectory, carried, pitch, refined, trajectory

Doubles = NDArray[np.float64]

DEPTH_DB = 75.0
"""What lies so far under the loudest band of a take is taken for silence."""
COMPONENTS, KEPT = 20, 0.95
"""Principal components that are kept at most, and the share of the variance at which no more are."""
_PULL = 0.05
"""What DTW pays for a step that is not diagonal, in units of its distances."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How a kind of call is analysed.

    Parameters
    ----------
    points : int
        Moments of a take.
    lowest_hz, highest_hz : float
        Of its pitch.
    voiced : bool
        False: noise only; windows are then five periods of ``highest_hz`` long.
    """

    points: int
    lowest_hz: float
    highest_hz: float
    voiced: bool = True


def measured(take: Take, voice: Voice) -> Call:
    """Return a take in numbers, its loudest band at 0 dB."""
    if voice.voiced:
        found, strength = pitch(take.samples, voice.lowest_hz, voice.highest_hz)
        middle = float(np.sqrt(voice.lowest_hz * voice.highest_hz))
        hz = refined(take.samples, carried(found, middle))
    else:
        hz = np.full(take.samples.size // PITCH_STEP + 1, voice.highest_hz)
        strength = np.zeros(hz.size)
    way = trajectory(take.samples, take.margin, voice.points, hz, strength, take.ground, voice.voiced)
    return _levelled(way, take.duration_s, 0.7 * voice.lowest_hz if voice.voiced else 60.0)


def _levelled(way: Trajectory, duration_s: float, from_hz: float) -> Call:
    """Set the loudest moment's power to 0 dB, and cut off what is inaudible beneath it or too low to be of it."""
    low_cut = -18.0 * np.maximum(np.log2(from_hz / BANDS_HZ), 0.0)
    way = replace(way, harmonic_db=way.harmonic_db + low_cut, noise_db=way.noise_db + low_cut)
    widths = np.gradient(BANDS_HZ)
    harmonics = 10.0 ** (way.harmonic_db / 10.0) / 2.0 * np.maximum(widths / way.pitch_hz[:, None], 0.0)
    noise = 10.0 ** (way.noise_db / 10.0) * widths
    top = 10.0 * np.log10(float((harmonics + noise).sum(axis=1).max()) + 1e-16)
    share = 10.0 * np.log10(widths)
    harmonic = np.maximum(way.harmonic_db - top, -DEPTH_DB)
    noise_db = np.maximum(way.noise_db - top + share, -DEPTH_DB) - share
    return Call(duration_s, np.linspace(0, 1, way.times_s.size), way.pitch_hz, harmonic, noise_db)


def _features(call: Call) -> Doubles:
    """Return what tells moments of calls apart, (points, n)."""
    level = np.maximum(call.harmonic_db, call.noise_db + 10.0 * np.log10(np.gradient(BANDS_HZ)))
    coarse = level.reshape(level.shape[0], -1, 2).mean(axis=2)
    return np.concatenate([coarse / 10.0, 6.0 * np.log2(call.pitch_hz)[:, None] / 3.0], axis=1)


def aligned(call: Call, like: Call) -> Call:
    """Return a take whose k-th moment is what the k-th moment of another is (dynamic time warping, Sakoe & Chiba)."""
    mine, other = _features(call), _features(like)
    mine = mine - mine.mean(axis=0)
    other = other - other.mean(axis=0)
    apart = np.sqrt(np.mean((other[:, None, :] - mine[None, :, :]) ** 2, axis=2))
    n = apart.shape[0]
    off = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    apart = np.where(off > max(n // 6, 3), 1e6, apart)
    total = np.full((n + 1, n + 1), np.inf)
    total[0, 0] = 0.0
    came = np.zeros((n, n), dtype=np.int64)
    for i in range(n):
        for j in range(n):
            steps = (total[i, j], total[i, j + 1] + _PULL, total[i + 1, j] + _PULL)
            came[i, j] = int(np.argmin(steps))
            total[i + 1, j + 1] = steps[came[i, j]] + apart[i, j]
    i, j = n - 1, n - 1
    pairs = []
    while i >= 0 and j >= 0:
        pairs.append((i, j))
        i, j = (i - 1, j - 1) if came[i, j] == 0 else (i - 1, j) if came[i, j] == 1 else (i, j - 1)
    rows = np.zeros(n)
    many = np.zeros(n)
    for a, b in pairs:
        rows[a] += b
        many[a] += 1
    path = rows / np.maximum(many, 1)
    # Time is divided in TEMPO stretches only: the path is as coarse, and always goes on.
    knots = np.interp(np.linspace(0, n - 1, TEMPO + 1), np.arange(n), path)
    knots[0], knots[-1] = 0.0, n - 1.0
    knots = np.maximum.accumulate(knots + 0.15 * (n - 1) / TEMPO * np.arange(TEMPO + 1))
    knots = (n - 1) * (knots - knots[0]) / (knots[-1] - knots[0])
    where = np.interp(np.linspace(0, TEMPO, n), np.arange(TEMPO + 1), knots)

    def at(values: Doubles) -> Doubles:
        low = np.minimum(where.astype(int), n - 2)
        u = (where - low).reshape((-1,) + (1,) * (values.ndim - 1))
        return np.asarray(values[low] * (1 - u) + values[low + 1] * u)

    pitch_hz = np.exp(at(np.log(call.pitch_hz)))
    return Call(call.duration_s, where / (n - 1), pitch_hz, at(call.harmonic_db), at(call.noise_db))


def middle_one(calls: Sequence[Call]) -> int:
    """Return which take differs least from all others."""
    flat = np.stack([_features(call).ravel() for call in calls])
    apart = np.sqrt(np.mean((flat[:, None, :] - flat[None, :, :]) ** 2, axis=2))
    return int(np.median(apart, axis=1).argmin())


def fitted(found: Sequence[Take], voice: Voice, gaps_s: Sequence[float], counts: Sequence[int]) -> CallFit:
    """Fit one kind of call.

    Takes that differ from the middle one far more than others do (other sounds, two at once) are left out.

    Raises
    ------
    ValueError
        There is no take.
    """
    if not found:
        raise ValueError("expected at least one take, got none: every one was clipped, cut off or drowned in noise")
    calls = [measured(take, voice) for take in found]
    chief = calls[middle_one(calls)]
    if len(calls) > 1:
        calls = [aligned(call, chief) for call in calls]
    vectors = np.stack([packed(call) for call in calls])
    kept = [int(n) for n in np.flatnonzero(_usual(vectors, counted(voice.points)))]
    vectors = vectors[kept]
    names = sorted({found[n].individual for n in kept})
    who = np.array([names.index(found[n].individual) for n in kept], dtype=np.int16)
    mean, basis, places = _components(vectors, who, counted(voice.points))
    jitter, shimmer = _unsteadiness([found[n] for n in kept], vectors, voice)
    return CallFit(
        voice.points, mean, basis, places, who, jitter, shimmer, voice.voiced,
        _log_normal(gaps_s, 0.45, 0.25), _log_normal([max(c, 1) for c in counts], 1.0, 0.3),
    )  # fmt: skip


def _usual(vectors: Doubles, weight: Doubles) -> NDArray[np.bool_]:
    if vectors.shape[0] < 5:
        return np.ones(vectors.shape[0], dtype=bool)
    away = np.sqrt(np.sum(((vectors - np.median(vectors, axis=0)) * weight) ** 2, axis=1))
    return np.asarray(away < 2.2 * np.median(away))


def _components(
    vectors: Doubles, who: NDArray[np.int16], weight: Doubles
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return mean, components (k, d) and the places of the takes on them (n, k).

    Every individual counts alike, however many takes it has.
    """
    share = 1.0 / np.bincount(who)[who]
    share /= share.sum()
    mean = share @ vectors
    centred = (vectors - mean) * weight
    _, strength, directions = np.linalg.svd(np.sqrt(share)[:, None] * centred, full_matrices=False)
    held = np.cumsum(strength**2) / max(float(np.sum(strength**2)), 1e-12)
    k = min(COMPONENTS, int(np.searchsorted(held, KEPT)) + 1, len(who) - 1)
    places = centred @ directions[:k].T
    return mean.astype(np.float32), (directions[:k] / weight).astype(np.float32), places.astype(np.float32)


def _log_normal(values: Sequence[float], otherwise: float, deviation: float) -> NDArray[np.float32]:
    """Return mean and deviation of the logarithms; what is given where there are too few."""
    if len(values) < 3:
        return np.array([np.log(np.median(values)) if values else np.log(otherwise), deviation], dtype=np.float32)
    logs = np.log(np.maximum(values, 1e-3))
    return np.array(
        [np.median(logs), np.clip(1.4826 * np.median(np.abs(logs - np.median(logs))), 0.03, 0.8)], np.float32
    )


def _unsteadiness(found: Sequence[Take], vectors: Doubles, voice: Voice) -> tuple[float, float]:
    """Return jitter (share) and shimmer (dB): what takes have of it beyond what the tables give again by themselves."""
    jitters, shimmers = [], []
    for number, take in enumerate(found[:24]):
        inner = take.samples[take.margin : -take.margin]
        made = sounded(np.random.default_rng(number), unpacked(vectors[number], voice.points), voiced=voice.voiced)
        real, copy = _flutter_db(inner), _flutter_db(made.astype(np.float64))
        shimmers.append(np.sqrt(max(real**2 - copy**2, 0.0)))
        if voice.voiced:
            hz, strength = pitch(take.samples, voice.lowest_hz, voice.highest_hz)
            sure = np.isfinite(hz) & (strength > 0.7)
            bend = np.log(hz[2:]) - 2 * np.log(hz[1:-1]) + np.log(hz[:-2])
            whole = sure[2:] & sure[1:-1] & sure[:-2]
            if whole.sum() > 5:
                jitters.append(1.4826 * float(np.median(np.abs(bend[whole]))) / np.sqrt(6.0))
    jitter = float(np.clip(np.median(jitters), 0.002, 0.05)) if jitters else 0.01
    return jitter, float(np.clip(np.median(shimmers), 0.0, 5.0))


def _flutter_db(samples: Doubles) -> float:
    """Return how much the level moves faster than 20 times a second."""
    level = envelope_db(samples, 0.004)
    window = np.hanning(19)
    if level.size < 24:
        return 0.0
    smooth = np.convolve(level, window / window.sum(), "valid")
    inner = level[9:-9]
    loud = smooth > smooth.max() - 20.0
    return float(np.std((inner - smooth)[loud])) if loud.sum() > 8 else 0.0
