"""Voices of animals and people: a source (harmonics with jitter, roughness and breath) through moving formants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Control,
    Rng,
    Signal,
    circling,
    frames,
    glide,
    sculpted,
    spectra_count,
    stretched,
    wander,
)

CONTROL_HZ = 200.0
"""Rate of the curves of a voice: 5 ms."""

Formants = Sequence[tuple[float, float, float]]
"""(centre Hz, bandwidth Hz, gain dB) of each resonance."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How a voice sounds; what it utters is given to :func:`uttered`.

    Parameters
    ----------
    tilt_db : float
        Of the source, per octave (−12 soft, −6 shouted).
    jitter : float
        Random deviation of the pitch, as a share of it, from cycle to cycle.
    shimmer : float
        Random deviation of the level.
    rough : float
        0..1: a subharmonic at half the pitch, in amplitude.
    tremor_hz, tremor : float
        Bleating: level and pitch together.
    breath_db : float
        Noise through the same formants, relative to the harmonics.
    breath_tilt_db : float
        Of the noise, per octave.
    low_cut_hz : float
        A small mouth or bill does not carry what is below.
    """

    tilt_db: float = -9.0
    jitter: float = 0.01
    shimmer: float = 0.1
    rough: float = 0.0
    tremor_hz: float = 0.0
    tremor: float = 0.0
    breath_db: float = -14.0
    breath_tilt_db: float = -3.0
    low_cut_hz: float = 0.0


def formant_db(f: Control, shapes: Sequence[tuple[Control, Control, Control]]) -> Control:
    """Return the gain in dB of parallel resonances (centre, bandwidth, gain dB, each broadcast against f)."""
    power = np.full(np.broadcast_shapes(f.shape, shapes[0][0].shape), 1e-5)
    for centre, width, gain_db in shapes:
        x = f / centre
        # Second-order resonance: |H|² = (b/c)² / ((1 − x²)² + (x b/c)²), 1 at its centre.
        damping = (width / centre) ** 2
        power = power + 10.0 ** (gain_db / 10.0) * damping / ((1.0 - x * x) ** 2 + x * x * damping + 1e-9)
    return np.asarray(10.0 * np.log10(power))


def uttered(
    rng: Rng,
    duration_s: float,
    pitch_hz: Sequence[tuple[float, float]],
    level: Sequence[tuple[float, float]],
    formants: Sequence[tuple[float, Formants]],
    voice: Voice,
) -> Signal:
    """Return one utterance.

    Parameters
    ----------
    pitch_hz, level : sequence of (position 0..1, value)
        Pitch contour in Hz and envelope in 0..1.
    formants : sequence of (position 0..1, Formants)
        Shapes of the mouth, moved through smoothly; as many resonances in each.
    """
    count = frames(duration_s)
    points = max(int(duration_s * CONTROL_HZ), 8)
    tremor = np.zeros(points)
    if voice.tremor_hz > 0:
        speed = voice.tremor_hz * (1.0 + 0.12 * wander(rng, points, CONTROL_HZ, 0.5, 4.0))
        tremor = np.sin(2 * np.pi * np.cumsum(speed) / CONTROL_HZ + rng.uniform(0, 6.28))
    pitch = glide(pitch_hz, points) * (1.0 + 0.06 * voice.tremor * tremor)
    pitch *= 1.0 + 0.012 * wander(rng, points, CONTROL_HZ, 1.0, 8.0)
    envelope = np.maximum(glide(level, points), 0.0) * (1.0 + voice.tremor * tremor) / (1.0 + voice.tremor)
    envelope *= np.exp(voice.shimmer * wander(rng, points, CONTROL_HZ, 4.0, 60.0, 0.2))
    shapes = []
    for k in range(len(formants[0][1])):
        tracks = [glide([(at, shape[k][j]) for at, shape in formants], points) for j in range(3)]
        moved = tracks[0] * (1.0 + 0.02 * wander(rng, points, CONTROL_HZ, 1.0, 12.0))
        # Each resonance has a life of its own: without it all bands rise and fall as one, as they never do in a throat.
        alive = tracks[2] + 2.0 * wander(rng, points, CONTROL_HZ, 2.0, 30.0, 0.4)
        shapes.append((moved[:, None], tracks[1][:, None], alive[:, None]))

    fast = wander(rng, count, SAMPLE_RATE, 15.0, 350.0, 0.3)
    f0 = stretched(pitch, count) * (1.0 + voice.jitter * fast)
    phase = np.cumsum(2.0 * np.pi * np.maximum(f0, 8.0) / SAMPLE_RATE)
    harmonics = _harmonics(phase, pitch, shapes, voice, count)
    if voice.rough > 0:
        sub = 0.5 + 0.5 * np.cos(0.5 * phase + 0.8 * stretched(wander(rng, points, CONTROL_HZ, 2.0, 30.0), count))
        harmonics = harmonics * (1.0 - voice.rough * sub.astype(np.float32))
    breath = _breath(rng, phase, shapes, voice, count)
    loud = float(np.sqrt(np.mean(np.square(harmonics)))) or 1.0
    gain = np.float32(10.0 ** (voice.breath_db / 20.0) * loud)
    return np.asarray((harmonics + gain * breath) * stretched(envelope, count), dtype=np.float32)


def _low_cut_db(f: Control, voice: Voice) -> Control:
    return np.asarray(-10.0 * np.log10(1.0 + (voice.low_cut_hz / np.maximum(f, 1.0)) ** 4))


def _harmonics(
    phase: Control, pitch: Control, shapes: Sequence[tuple[Control, Control, Control]], voice: Voice, count: int
) -> Signal:
    """Add up the harmonics below 14 kHz, each as loud as source and formants make it at every moment."""
    number = np.arange(1, int(np.clip(14_000.0 / pitch.mean(), 2, 90)) + 1)
    at_hz = pitch[:, None] * number[None, :]
    gain_db = formant_db(at_hz, shapes) + voice.tilt_db * np.log2(number)[None, :] + _low_cut_db(at_hz, voice)
    gains = np.where(at_hz < 16_000.0, 10.0 ** (gain_db / 20.0), 0.0)
    turn = circling(phase)
    wheel = np.ones(count, dtype=np.complex64)
    out = np.zeros(count, dtype=np.float32)
    loudest = gains.max()
    for h in range(number.size):
        wheel *= turn
        if gains[:, h].max() > 1e-4 * loudest:
            out += stretched(gains[:, h], count) * wheel.imag
    return out


def _breath(
    rng: Rng, phase: Control, shapes: Sequence[tuple[Control, Control, Control]], voice: Voice, count: int
) -> Signal:
    """Return noise through the same formants, swelling with every opening of the glottis; root mean square 1."""
    hop = 128
    centres = np.geomspace(80.0, 18_000.0, 48)
    moments = spectra_count(count, hop)
    rows = np.linspace(0, shapes[0][0].shape[0] - 1, moments)
    grid = np.arange(shapes[0][0].shape[0])
    moving = [tuple(np.interp(rows, grid, track[:, 0])[:, None] for track in shape) for shape in shapes]
    wide = [(c, 1.6 * w, g) for c, w, g in moving]
    table = formant_db(centres[None, :], wide) * 0.7 + voice.breath_tilt_db * np.log2(centres / 1000.0)
    lowest = float(shapes[0][0].mean())
    table += _low_cut_db(centres, voice) - 10.0 * np.log10(
        1.0 + (0.7 * lowest / centres) ** 4
    )  # breath has no deep notes
    air = sculpted(rng, count, table, centres, hop)
    air = air * (0.55 + 0.45 * np.cos(phase)).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(air)))) or 1.0
    return np.asarray(air / rms, dtype=np.float32)


# --- many voices at once -------------------------------------------------------------------------------------------

_VOWELS: Sequence[tuple[float, float, float]] = (
    (300, 2250, 2950), (430, 1950, 2550), (620, 1800, 2480), (740, 1150, 2450), (580, 900, 2400), (340, 950, 2250),
    (500, 1420, 2300),
)  # fmt: skip
"""Mouth shapes in Hz (round numbers near the averages of Peterson & Barney 1952)."""

BABBLE_HZ = 16_000


def babble(
    rng: Rng, duration_s: float, talkers: int, *, high: float = 0.5, near: float = 0.3, scale: float = 1.0
) -> Signal:
    """Return several people talking at once, in no language: syllables of random vowels, pauses, sibilants.

    Each vowel is one filter for all talkers at once (the sum is linear), so the cost hardly grows with their number.

    Parameters
    ----------
    talkers : int
    high : float
        Share of high voices.
    near : float
        0 = all equally far, 1 = very uneven.
    scale : float
        1 = grown people, 1.3 = children.
    """
    count = int(duration_s * BABBLE_HZ)
    groups = len(_VOWELS) * 2
    whole_blocks = -(-count // _MOUTH_STEP) * _MOUTH_STEP
    places, weights = [], []  # of every glottal pulse: which filter's line and where on it, and how strong
    hiss = np.zeros(count, dtype=np.float32)
    for _ in range(talkers):
        is_high = rng.random() < high
        level = float(rng.lognormal(0.0, 0.9 * near))
        base = (rng.uniform(170, 240) if is_high else rng.uniform(90, 140)) * scale
        at, vowel, gain, sibilants = _syllables(rng, duration_s, base, scale)
        frame = at * BABBLE_HZ
        heard = (gain > 0) & (frame >= 0) & (frame < count - 1)
        line = (vowel[heard] + (len(_VOWELS) if is_high else 0)) * whole_blocks
        whole = frame[heard].astype(int)
        share = frame[heard] - whole
        places += [line + whole, line + whole + 1]
        weights += [level * gain[heard] * (1 - share), level * gain[heard] * share]
        for start, length in sibilants:
            a, b = int(start * BABBLE_HZ), int((start + length) * BABBLE_HZ)
            if b < count:
                hiss[a:b] += level * np.hanning(b - a).astype(np.float32)
    track = np.bincount(np.concatenate(places), np.concatenate(weights), groups * whole_blocks)
    pulses = track.astype(np.float32).reshape(groups, whole_blocks)
    stretches = [scale * (1.17 if row >= len(_VOWELS) else 1.0) for row in range(groups)]
    voiced = _spoken(pulses, [_tract(_VOWELS[row % len(_VOWELS)], stretches[row]) for row in range(groups)])
    sibilant = rng.standard_normal(count, dtype=np.float32) * hiss
    sibilant[1:] -= 0.9 * sibilant[:-1]
    voiced = voiced[:count]
    voiced_rms = float(np.sqrt(np.mean(np.square(voiced)))) or 1.0
    hiss_rms = float(np.sqrt(np.mean(np.square(sibilant)))) or 1.0
    low = voiced / voiced_rms + 0.13 * sibilant / hiss_rms
    size = fft.next_fast_len(count, real=True)
    spectrum = np.zeros(3 * size // 2 + 1, dtype=np.complex64)  # 16 kHz thrice is 48 kHz
    part = fft.rfft(low.astype(np.float32, copy=False), size)
    spectrum[: part.size] = part
    voices = np.zeros(frames(duration_s), dtype=np.float32)
    whole = fft.irfft(spectrum, 3 * size)[: voices.size]
    voices[: whole.size] = 3.0 * whole
    return voices


def _syllables(
    rng: Rng, duration_s: float, base_hz: float, scale: float
) -> tuple[Control, NDArray[np.int64], Control, list[tuple[float, float]]]:
    """Lay one talker's glottal pulses: times, vowel of each, gain of each, and where sibilants fall."""
    count = int(duration_s / 0.1) + 40
    size = np.clip(rng.lognormal(-1.75, 0.35, count), 0.07, 0.45)
    accent = rng.lognormal(0.0, 0.45, count)
    hissed = rng.random(count) < 0.22
    last = np.cumsum(rng.integers(3, 14, count // 3 + 1))  # of a phrase
    pauses = np.zeros(count)
    pauses[last[last < count]] = rng.lognormal(-0.4, 0.8, int((last < count).sum()))
    steps = 1.05 * size + 0.07 * hissed + pauses
    edges = -rng.uniform(0.0, 2.0) + np.concatenate([[0.0], np.cumsum(steps)[:-1]]) + 0.07 * hissed
    heard = edges < duration_s
    edges, size, accent = edges[heard], size[heard], accent[heard]
    at = edges[hissed[heard]] - 0.07
    sibilants = list(zip(at[at > 0].tolist(), rng.uniform(0.05, 0.12, int((at > 0).sum())).tolist(), strict=True))
    melody = wander(rng, int(duration_s * 50) + 1, 50.0, 0.2, 3.0)
    pitch = base_hz * np.exp(0.13 * melody)
    cycles = np.cumsum(pitch) / 50.0
    number = np.arange(1, int(cycles[-1]))
    times = np.interp(number, cycles, np.arange(pitch.size) / 50.0)
    times = times + rng.standard_normal(times.size) * 0.012 / base_hz
    which = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, edges.size - 1)
    u = (times - edges[which]) / size[which]
    gain = np.where((u > 0) & (u < 1), np.sin(np.pi * np.clip(u, 0, 1)) ** 0.6, 0.0) * accent[which]
    habit = rng.dirichlet(np.full(len(_VOWELS), 1.5))
    vowels = rng.choice(len(_VOWELS), edges.size, p=habit)
    return np.asarray(times), np.asarray(vowels[which]), np.asarray(gain), sibilants


_MOUTH, _MOUTH_STEP, _LEAD = 8_192, 6_144, 512
"""Frames of a transform, of new material in it, and how far the response of a mouth reaches back: 32 ms at 16 kHz."""


@lru_cache(maxsize=64)
def _tract(vowel: tuple[float, float, float], scale: float) -> NDArray[np.complex64]:
    """Return the transfer function of a mouth: three resonances and a fourth, with the phases of real poles."""
    f = fft.rfftfreq(_MOUTH, 1.0 / BABBLE_HZ)
    total = np.ones(f.size, dtype=np.complex128)
    for centre, width in zip((*vowel, 3500.0), (90.0, 110.0, 170.0, 250.0), strict=True):
        c = min(centre * scale, 7000.0)
        total *= c * c / (c * c - f * f + 1j * f * width * scale)
    source = 1.0 / (1.0 + (f / 250.0) ** 1.6)  # glottal fall, and the air it comes through
    radiation = f / (f + 500.0)
    late = np.exp(-2j * np.pi * f * (_LEAD / BABBLE_HZ))
    return np.asarray(total * source * radiation * late, dtype=np.complex64)


def _spoken(pulses: Signal, mouths: Sequence[NDArray[np.complex64]]) -> Signal:
    """Return pulses (mouths, frames) through their mouths, added up: block by block (overlap-add)."""
    blocks = pulses.shape[1] // _MOUTH_STEP
    total = np.zeros((blocks, _MOUTH // 2 + 1), dtype=np.complex64)
    for line, mouth in zip(pulses, mouths, strict=True):
        spectra = fft.rfft(line.reshape(blocks, _MOUTH_STEP), _MOUTH, axis=1)
        spectra *= mouth
        total += spectra
    out = np.zeros((blocks + 1) * _MOUTH_STEP, dtype=np.float32)
    for number, piece in enumerate(fft.irfft(total, _MOUTH, axis=1)):
        out[number * _MOUTH_STEP : number * _MOUTH_STEP + _MOUTH] += piece
    return out[_LEAD:]
