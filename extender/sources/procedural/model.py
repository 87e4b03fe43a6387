"""What a model is, and what is done to every sound it makes: no rumble, no clicks, a level like any other sound's."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft

from extender.sources.procedural.toolkit import SAMPLE_RATE, Dice, Rng, Signal, frames
from extender.types import Kind
from mixer.loudness import integrated_loudness
from mixer.types import AudioBuffer, Samples

TARGET_LUFS = -23.0
PEAK = 0.9
ROUNDED = 2.0
"""How far above PEAK a peak may come before it is rounded off: 6 dB."""
FADE_IN_S, FADE_OUT_S = 0.002, 0.03


@dataclass(frozen=True, slots=True)
class Model:
    """A sound that can be made.

    Parameters
    ----------
    name : str
        Lower case with hyphens; part of the ids.
    concepts : tuple of str
        Concepts of the vocabulary it stands for.
    kind : {"event", "loop", "ambience"}
    channels : int
        2 for beds that are heard all around (decorrelated), else 1.
    duration_s : float
        Of a loop or bed exactly, of an event typically.
    title : str
        For the credits.
    synthesise : callable
        (generator, duration in seconds) → float32, (frames,) or (channels, frames), at any level.
    """

    name: str
    concepts: tuple[str, ...]
    kind: Kind
    channels: int
    duration_s: float
    title: str
    synthesise: Callable[[Rng, float], Signal | Samples]


def rendered(model: Model, seed: int, take: int = 0) -> Samples:
    """Return one take of a model, (channels, frames) float32.

    ``seed`` chooses the individual (which dog), ``take`` what it does (which bark). The same numbers give the same
    sound, all others another.

    Loops and beds have exactly the model's duration and are not faded (they are looped elsewhere); events begin and
    end in silence. Loudness is −23 LUFS, or less where even rounded peaks would pass 0.9.
    """
    name = zlib.crc32(model.name.encode())
    rng = Dice([seed, name], [seed, name, take + 1])
    samples = np.atleast_2d(model.synthesise(rng, model.duration_s)).astype(np.float32)
    looped = model.kind != "event"
    samples = samples[:, : frames(model.duration_s)] if looped else _trimmed(samples)
    samples = _without_rumble(samples, periodic=looped)
    if not looped:
        samples = _eased(samples)
    top = float(np.abs(samples).max())
    gain = 10.0 ** ((TARGET_LUFS - loudness_lufs(samples)) / 20.0)
    gain = min(gain, ROUNDED * PEAK / top) if top > 0 else 1.0
    return np.ascontiguousarray(_rounded(samples * np.float32(gain)))


def _rounded(samples: Samples) -> Samples:
    """Bring peaks above half of PEAK under it along a smooth curve (single drops, heels, sparks: too short to hear)."""
    knee = np.float32(PEAK / 2)
    over = np.maximum(np.abs(samples) - knee, 0.0)
    return np.where(over > 0, np.sign(samples) * (knee + knee * np.tanh(over / knee)), samples).astype(np.float32)


def loudness_lufs(samples: Samples) -> float:
    """Return the loudness of a sound, (channels, frames) at 48 kHz; −70 for silence, where the gate is."""
    measured = integrated_loudness(AudioBuffer(samples, SAMPLE_RATE))
    return -70.0 if measured is None else measured


def _without_rumble(samples: Samples, *, periodic: bool) -> Samples:
    """Take off what lies below 25 Hz, the mean first of all."""
    samples = samples - samples.mean(axis=1, keepdims=True)
    count = samples.shape[1]
    size = count if periodic else count + frames(0.1)
    size = fft.next_fast_len(size, real=True)
    f = fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    gain = (f**4 / (f**4 + 25.0**4)).astype(np.float32)
    return np.asarray(fft.irfft(fft.rfft(samples, size, axis=1) * gain, size, axis=1)[:, :count], dtype=np.float32)


def _trimmed(samples: Samples) -> Samples:
    """Cut silence (70 dB below the loudest) from both ends, keeping 5 ms before and 40 ms after."""
    loud = np.flatnonzero(np.abs(samples).max(axis=0) > 3e-4 * np.abs(samples).max())
    if loud.size == 0:
        return samples
    return samples[:, max(int(loud[0]) - frames(0.005), 0) : int(loud[-1]) + frames(0.04)]


def _eased(samples: Samples) -> Samples:
    """Let an event begin and end at zero."""
    out = samples.copy()
    rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(frames(FADE_IN_S)) / frames(FADE_IN_S))).astype(np.float32)
    fall = (0.5 + 0.5 * np.cos(np.pi * np.arange(1, frames(FADE_OUT_S) + 1) / frames(FADE_OUT_S))).astype(np.float32)
    out[:, : rise.size] *= rise[: out.shape[1]]
    out[:, -fall.size :] *= fall[-out.shape[1] :]
    return out
