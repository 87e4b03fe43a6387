"""What arranging must know of a recording: where it is unfaded, where it is heard, how strong it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixer.types import AudioBuffer

HOP_S = 0.02
"""Hop of the level envelope."""
BODY_BELOW_MEDIAN_DB = 3.0
"""A fade is over where the level has come within this of the median."""
ACTIVE_BELOW_PEAK_DB = 40.0
"""An event is heard while its level is within this of its peak."""


@dataclass(frozen=True, slots=True)
class TakeAnalysis:
    """Measurements of one recording.

    Parameters
    ----------
    duration_s : float
    body : tuple of float
        (start, end) in seconds of the part without fades, for looping.
    active : tuple of float
        (start, end) in seconds of the part without silence at its ends, for events.
    level_db : float
        Mean power of the loudest 400 ms, dB re full scale: what takes of one event are matched by.
    body_level_db : float
        Mean power of the body, dB re full scale: what takes of one loop are matched by.
    """

    duration_s: float
    body: tuple[float, float]
    active: tuple[float, float]
    level_db: float
    body_level_db: float


def power_envelope(audio: AudioBuffer, hop_s: float = HOP_S) -> NDArray[np.float64]:
    """Return the mean power of consecutive stretches of ``hop_s``, over all channels. Shape (stretches,), ≥ 1."""
    hop = max(1, round(hop_s * audio.sample_rate))
    count = max(1, audio.frames // hop)
    power = np.mean(np.square(audio.samples[:, : count * hop], dtype=np.float64), axis=0)
    if power.size < hop:
        return np.array([float(power.mean()) if power.size else 0.0])
    return np.asarray(power.reshape(count, hop).mean(axis=1))


def analyse(audio: AudioBuffer) -> TakeAnalysis:
    """Measure one recording. A silent one has its whole length as body and as active part, at −200 dB."""
    envelope = power_envelope(audio)
    duration = audio.duration_s
    if envelope.max() <= 1e-14:
        return TakeAnalysis(duration, (0.0, duration), (0.0, duration), -200.0, -200.0)
    active = _span(envelope >= envelope.max() * 10 ** (-ACTIVE_BELOW_PEAK_DB / 10), duration)
    # Smoothed over 0.3 s, so that one loud instant at the very end of a fade is not taken for the end of the body.
    smooth = np.convolve(envelope, np.ones(15) / 15, mode="same") if envelope.size >= 15 else envelope
    loud_half = np.median(smooth[smooth > envelope.max() * 1e-6])
    body = _span(smooth >= loud_half * 10 ** (-BODY_BELOW_MEDIAN_DB / 10), duration)
    first, last = int(body[0] / HOP_S), max(int(body[0] / HOP_S) + 1, int(body[1] / HOP_S))
    window = min(envelope.size, round(0.4 / HOP_S))
    loudest = np.convolve(envelope, np.ones(window) / window, mode="valid").max()
    return TakeAnalysis(duration, body, active, _db(float(loudest)), _db(float(envelope[first:last].mean())))


def _span(mask: NDArray[np.bool_], duration_s: float) -> tuple[float, float]:
    """Return (start, end) in seconds of the first to the last true stretch."""
    places = np.flatnonzero(mask)
    end = (int(places[-1]) + 1) * HOP_S
    return int(places[0]) * HOP_S, duration_s if places[-1] == mask.size - 1 else min(duration_s, end)


def _db(power: float) -> float:
    return 10.0 * float(np.log10(max(power, 1e-20)))
