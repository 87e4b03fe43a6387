"""What a model is, and what is done to every sound it makes: no rumble, no clicks, a level like any other sound's."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import fft

from extender.errors import UsageError
from extender.sources.procedural.toolkit import SAMPLE_RATE, Dice, Rng, Signal, frames
from extender.types import Kind
from mixer.loudness import integrated_loudness
from mixer.types import AudioBuffer, Samples

TARGET_LUFS = -23.0
PEAK = 0.9
ROUNDED = 4.0
"""How far above PEAK a peak may come before it is rounded off: 12 dB; only single clicks and cracks do."""
FADE_IN_S, FADE_OUT_S = 0.002, 0.03


_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
NO_VALUES: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named physical quantity of a model.

    Parameters
    ----------
    name : str
        Lower case letters, digits and underscores; the keyword under which ``synthesise`` is given the value.
    low, high : float
        The range, both ends included.
    default : float
        Within the range.
    unit : str
        ``"m/s"``, ``"mm/h"``, ``"persons"``; empty for a plain number.
    what : str
        What it is, in a few words.

    Raises
    ------
    ValueError
        The name or the range cannot be meant so.
    """

    name: str
    low: float
    high: float
    default: float
    unit: str
    what: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in ("rng", "duration_s"):
            raise ValueError(f"expected a parameter's name of lower case letters, digits and _, got {self.name!r}")
        finite = all(math.isfinite(value) for value in (self.low, self.high, self.default))
        if not finite or not self.low <= self.default <= self.high or self.low == self.high:
            raise ValueError(
                f"{self.name}: expected low <= default <= high, got {self.low}, {self.default}, {self.high}"
            )

    @property
    def span(self) -> str:
        """The range with its unit, for people: ``1 to 30 m/s``; what is counted by its name has no unit beside it."""
        unit = "" if self.unit == self.name else self.unit
        return f"{self.low:,g} to {self.high:,g} {unit}".rstrip()

    def told(self, value: float) -> str:
        """Return a value for people: ``speed 12 m/s``, ``24 persons``."""
        return f"{value:,g} {self.unit}" if self.name == self.unit else f"{self.name} {value:,g} {self.unit}".rstrip()

    def checked(self, value: float) -> float:
        """Return the value if it is in the range. Raises UsageError with the range if it is not."""
        if not self.low <= value <= self.high:  # false for nan, too
            raise UsageError(f"{self.name} goes from {self.span} ({self.what}); got {value:g}")
        return float(value)


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
        (generator, duration in seconds, the values of all parameters by name) → float32, (frames,) or
        (channels, frames), at any level.
    parameters : tuple of Parameter
        What can be set, the principal one first.
    stream : callable, optional
        (generator, values of all parameters) → endless blocks of any length, float32 (channels, frames), at one level
        throughout and free of what lies below 25 Hz. Only for models that know better than the general way
        (``streaming.py``) how to go on for ever.
    beat_s : callable, optional
        (values of all parameters) → seconds after which a regular rhythm is where it began; pieces of a stream are
        joined so that it goes on.
    """

    name: str
    concepts: tuple[str, ...]
    kind: Kind
    channels: int
    duration_s: float
    title: str
    synthesise: Callable[..., Signal | Samples]
    parameters: tuple[Parameter, ...] = ()
    stream: Callable[[Rng, Mapping[str, float]], Iterator[Samples]] | None = None
    beat_s: Callable[[Mapping[str, float]], float] | None = None

    def values(self, given: Mapping[str, float] = NO_VALUES) -> dict[str, float]:
        """Return the values of all parameters: those given, else the defaults.

        Raises
        ------
        UsageError
            One has no such name or is out of its range; the message names what there is.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                there = ", ".join(f"{p.name} ({p.span})" for p in self.parameters) or "none"
                raise UsageError(f"{self.name} has no parameter {name!r}; it has: {there}")
        return {name: known[name].checked(given.get(name, known[name].default)) for name in known}


def rendered(
    model: Model, seed: int, take: int = 0, *, duration_s: float | None = None, values: Mapping[str, float] = NO_VALUES
) -> Samples:
    """Return one take of a model, (channels, frames) float32.

    ``seed`` chooses the individual (which dog), ``take`` what it does (which bark). The same numbers and values give
    the same sound, all others another.

    Loops and beds have exactly their duration and are not faded (they are looped elsewhere); events begin and
    end in silence. Loudness is −23 LUFS, or less where even rounded peaks would pass 0.9.

    Parameters
    ----------
    duration_s : float, optional
        Another length than the model's own, > 0; events keep to it only roughly.
    values : mapping
        Of parameters, by name; the others have their defaults.

    Raises
    ------
    UsageError
        A value has no such parameter or is out of its range.
    """
    samples = unlevelled(model, (seed, take), duration_s or model.duration_s, model.values(values))
    return levelled(samples, gain_of(samples))


def unlevelled(
    model: Model, chosen: tuple[int, int], duration_s: float, values: Mapping[str, float], *, piece: int = 0
) -> Samples:
    """Return a take before its level is set: trimmed, free of rumble. ``piece`` counts what follows on in a stream."""
    samples = np.atleast_2d(model.synthesise(dice(model, *chosen, piece=piece), duration_s, **values))
    samples = samples.astype(np.float32, copy=False)
    looped = model.kind != "event"
    samples = samples[:, : frames(duration_s)] if looped else _trimmed(samples)
    samples = _without_rumble(samples, periodic=looped)
    return samples if looped else _eased(samples)


def dice(model: Model, seed: int, take: int, *, piece: int = 0) -> Dice:
    """Return the randomness of one take of one individual, and of what follows on in a stream."""
    name = zlib.crc32(model.name.encode())
    return Dice([seed, name], [seed, name, take + 1, *([piece] if piece else [])])


def gain_of(samples: Samples) -> float:
    """Return the factor that brings a sound to −23 LUFS, or as near as rounded peaks allow."""
    top = float(np.abs(samples).max())
    gain = 10.0 ** ((TARGET_LUFS - loudness_lufs(samples)) / 20.0)
    return min(gain, ROUNDED * PEAK / top) if top > 0 else 1.0


def levelled(samples: Samples, gain: float) -> Samples:
    """Return the sound times a factor, its peaks rounded off."""
    return np.ascontiguousarray(_rounded(samples * np.float32(gain)))


def _rounded(samples: Samples) -> Samples:
    """Bring peaks above half of PEAK under it, in place, along a smooth curve (drops, sparks: too short to hear)."""
    knee = np.float32(PEAK / 2)
    high = np.abs(samples) > knee
    loud = samples[high]
    samples[high] = np.sign(loud) * (knee + knee * np.tanh((np.abs(loud) - knee) / knee))
    return samples


def loudness_lufs(samples: Samples) -> float:
    """Return the loudness of a sound, (channels, frames) at 48 kHz; −70 for silence, where the gate is."""
    measured = integrated_loudness(AudioBuffer(samples, SAMPLE_RATE))
    return -70.0 if measured is None else measured


_COARSE = 32
"""Frames of a step in which rumble is looked at: 1,500 steps a second are plenty for 25 Hz."""


def _without_rumble(samples: Samples, *, periodic: bool) -> Samples:
    """Take off what lies below 25 Hz, the mean first of all."""
    channels, count = samples.shape
    steps = -(-count // _COARSE)
    mean = samples.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    padded = np.zeros((channels, steps * _COARSE), dtype=np.float32)
    padded[:, :count] = samples - mean
    coarse = padded.reshape(channels, steps, _COARSE).mean(axis=2)
    size = fft.next_fast_len(steps if periodic else steps + 256, real=True)
    f = fft.rfftfreq(size, _COARSE / SAMPLE_RATE)
    low = fft.irfft(fft.rfft(coarse, size, axis=1) * (25.0**4 / (f**4 + 25.0**4)), size, axis=1)[:, :steps]
    before = low[:, -1:] if periodic else low[:, :1]
    after = low[:, :1] if periodic else low[:, -1:]
    edges = np.concatenate([before + low[:, :1], low[:, 1:] + low[:, :-1], low[:, -1:] + after], axis=1) / 2
    ramp = (np.arange(_COARSE, dtype=np.float32) + 0.5) / _COARSE
    padded = padded.reshape(channels, steps, _COARSE)
    padded -= edges[:, :-1, None].astype(np.float32)
    padded -= np.diff(edges, axis=1).astype(np.float32)[:, :, None] * ramp
    return padded.reshape(channels, -1)[:, :count]


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
