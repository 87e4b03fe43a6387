"""Speech, music and hum made for tests: what a recording may hold that nobody asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Signal = NDArray[np.float64]

_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
    (660, 1720, 2410),
)
"""First three formants in Hz of six American English vowels, men (Peterson & Barney 1952, table II)."""


def speech(seconds: float, *, pitch_hz: float = 120.0, rate: float = 4.5, seed: int = 0) -> Signal:
    """Somebody talks: syllables of consonant and vowel in phrases, pitch falling through each, by formant synthesis.

    ``rate`` is in syllables a second; a voice above 160 Hz has formants 17 % higher, as women have.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    step = RATE // 200  # values are given every 5 ms
    frames = count // step + 2
    pitch, voice, hiss, hiss_hz = (np.zeros(frames) for _ in range(4))
    formants = np.tile(np.array(_VOWELS[0], float), (frames, 1))
    pitch += pitch_hz
    at, left, phrase = 0, 0, 1
    scale = 1.17 if pitch_hz > 160 else 1.0
    while at < frames:
        if left == 0:
            at += int(rng.uniform(40, 140)) if at else 4
            left = phrase = int(rng.integers(5, 13))
        length = int(200 / rate * rng.uniform(0.65, 1.4))
        consonant = int(length * rng.uniform(0.2, 0.45))
        kind = rng.integers(4)  # fricative, plosive, nasal, none
        first, last = at + consonant, min(frames, at + length)
        if kind == 0:
            hiss[at:first] = 0.25 * np.hanning(consonant + 2)[1:-1][: max(0, frames - at)]
            hiss_hz[at:first] = rng.uniform(2500, 6500)
        elif kind == 1:
            hiss[max(at, first - 4) : first] = 0.35
            hiss_hz[max(at, first - 4) : first] = rng.uniform(1500, 5000)
        elif kind == 2:
            voice[at:first] = 0.25
            formants[at:first] = (250, 1200, 2200)
        else:
            first = at
        where = slice(first, last)
        span = max(0, last - first)
        stress = rng.uniform(0.45, 1.0)
        voice[where] = stress * np.minimum(1.0, 4.0 * np.sin(np.pi * (np.arange(span) + 0.5) / max(1, span)))
        formants[where] = np.array(_VOWELS[int(rng.integers(len(_VOWELS)))]) * scale
        told = 1.0 - left / phrase
        pitch[at:last] = pitch_hz * (1.18 - 0.3 * told + 0.22 * (stress - 0.7)) * rng.uniform(0.95, 1.05)
        at, left = at + length, left - 1
    smooth = np.hanning(11)[1:-1] / np.hanning(11).sum()
    glide = np.convolve(np.pad(pitch, 4, mode="edge"), smooth, "valid")[:frames]
    formants = np.stack([np.convolve(np.pad(f, 4, mode="edge"), smooth, "valid")[:frames] for f in formants.T], axis=1)
    loud = np.convolve(voice, smooth, "same")
    time, grid = np.arange(count), np.arange(frames) * step
    phase = 2 * np.pi * np.cumsum(np.interp(time, grid, glide)) / RATE
    out = np.zeros(count)
    for n in range(1, int(5000 / pitch_hz)):
        hz = n * glide
        gain = np.ones(frames) / n  # −12 dB an octave of the glottis, +6 of the mouth
        for formant, width in zip(formants.T, (80.0, 100.0, 140.0), strict=True):
            gain *= formant**2 / np.sqrt((formant**2 - hz**2) ** 2 + (width * hz) ** 2)
        out += np.interp(time, grid, gain * loud) * np.sin(n * phase)
    out /= np.abs(out).max() + 1e-12
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    for low in (1500, 2500, 3500, 4500, 5500):
        band = np.fft.irfft(spectrum * ((hz > low) & (hz < low + 2500)), count)
        here = np.where(np.abs(hiss_hz - low) < 500, hiss, 0.0)
        out += 0.6 * np.interp(time, grid, here) * band / (np.abs(band).max() + 1e-12)
    return np.asarray(out / np.abs(out).max())


def music(seconds: float, *, tempo: float = 110.0, tuning_hz: float = 440.0, seed: int = 0) -> Signal:
    """A tune over chords, plucked, with a drum on each beat if the seed is even."""
    rng = np.random.default_rng(seed)
    count, beat = round(seconds * RATE), 60.0 / tempo
    out = np.zeros(count + RATE * 2)
    scale = np.array((0, 2, 4, 5, 7, 9, 11))
    key = int(rng.integers(12)) - 9

    def play(at_s: float, semitone: float, loud: float, decay: float) -> None:
        time = np.arange(int(min(1.5, 4.0 / decay) * RATE)) / RATE
        hz = tuning_hz * 2 ** (semitone / 12)
        tone = sum(np.sin(2 * np.pi * hz * n * time) / n**1.5 for n in range(1, 7)) * np.exp(-decay * time)
        first = int(at_s * RATE)
        part = out[first : first + time.size]
        part += loud * np.minimum(1.0, time / 0.004)[: part.size] * np.asarray(tone)[: part.size]

    now, bar = 0.0, 0
    while now < seconds:
        root = int(rng.choice((0, 3, 4, 5)))
        for n in range(4):
            for third in (0, 2, 4):
                play(now + n * beat, key - 12 + scale[(root + third) % 7], 0.35, 4.0)
            for half in range(2):
                if rng.random() < 0.8:
                    play(now + (n + half / 2) * beat, key + scale[int(rng.integers(7))], 0.6, 5.0)
            if seed % 2 == 0:
                first = int((now + n * beat) * RATE)
                hit = rng.standard_normal(RATE // 10) * np.exp(-np.arange(RATE // 10) / RATE * 50)
                part = out[first : first + hit.size]
                part += 0.3 * hit[: part.size]
        now, bar = now + 4 * beat, bar + 1
    return np.asarray(out[:count] / np.abs(out[:count]).max())


def hum(seconds: float, mains_hz: float, seed: int = 0) -> Signal:
    """A humming cable: mains and its harmonics, odd ones stronger."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    lines = [rng.uniform(0.5, 1.0) / n * (1.0 if n % 2 else 0.6) for n in range(1, 12)]
    out = sum(a * np.sin(2 * np.pi * mains_hz * n * time + rng.uniform(0, 6)) for n, a in enumerate(lines, 1))
    return np.asarray(out / np.abs(out).max())
