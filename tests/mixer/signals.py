"""Signals and tracks that several tests use."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mixer.types import AudioBuffer, Clip, Fade, Position, Track

RATE = 48_000
Mono = NDArray[np.float64]


def sine(level_dbfs: float, seconds: float, hertz: float = 1_000.0, rate: int = RATE) -> Mono:
    """A tone whose peak is at the level."""
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def levels(*segments: tuple[float, float], rate: int = RATE) -> Mono:
    """A 1 kHz tone through segments of (dBFS, seconds); −inf is silence."""
    amplitudes = [(0.0 if math.isinf(dbfs) else 10 ** (dbfs / 20), seconds) for dbfs, seconds in segments]
    gains = np.concatenate([np.full(round(seconds * rate), amplitude) for amplitude, seconds in amplitudes])
    return gains * np.sin(2 * np.pi * 1_000 * np.arange(len(gains)) / rate)


def noise(seconds: float, seed: int = 1, level: float = 0.1, rate: int = RATE, channels: int = 1) -> AudioBuffer:
    """White noise."""
    return AudioBuffer(np.random.default_rng(seed).normal(0, level, (channels, round(seconds * rate))), rate)


def barks(seconds: float, seed: int = 2, rate: int = RATE) -> AudioBuffer:
    """Decaying bursts with silence between."""
    t = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(seed)
    return AudioBuffer(rng.normal(0, 0.3, len(t)) * np.exp(-12 * (t % 1.1)) * (t % 1.1 < 0.6), rate)


def scene(mirrored: bool = False) -> list[Track]:
    """A small scene of everything: a stereo bed, points near and far, events with pitch, something that passes."""
    sign = -1.0 if mirrored else 1.0
    bed = noise(4, 3, channels=2).samples
    path = tuple(Position(sign * a, 0.0, d, t) for a, d, t in ((-60.0, 30.0, 0.0), (0.0, 6.0, 1.5), (70.0, 25.0, 3.0)))
    calls = tuple(Clip(0, 0.4 + 0.9 * n, 0.5, 0.1 * n, pitch_cents=30.0 * n, fade_out=Fade(0.05)) for n in range(4))
    return [
        Track("wind", (AudioBuffer(bed[::-1] if mirrored else bed, RATE),), target_lufs=-30.0, width=1.0),
        Track("dog", (barks(3),), position=Position(sign * 25.0, 0.0, 4.0), target_lufs=-24.0),
        Track("bird", (noise(3, 5, rate=44_100),), calls, Position(sign * -40.0, 10.0, 60.0), target_lufs=-26.0),
        Track("car", (noise(4, 6),), (Clip(0, 0.5, 3.0, path=path),), Position(sign * 10.0, 0.0, 12.0), -22.0),
        Track("pond", (noise(4, 7),), position=Position(sign * -170.0, 0.0, 1.0)),
    ]


def ffmpeg_levels(path: Path) -> tuple[float, float]:
    """Return integrated loudness and true peak by ffmpeg's ebur128, a second implementation."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs ffmpeg, which is not on the PATH")
    command = [ffmpeg, "-nostats", "-hide_banner", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr.rsplit("Summary:", 1)[1]
    loudness, peak = re.search(r"I:\s+(-?[\d.]+) LUFS", told), re.search(r"Peak:\s+(-?[\d.]+) dBFS", told)
    assert loudness
    assert peak
    return float(loudness[1]), float(peak[1])
