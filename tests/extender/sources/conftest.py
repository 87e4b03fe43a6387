"""Small sound libraries, made for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Make = Callable[..., Path]


@pytest.fixture
def make_sound() -> Make:
    """Return a function that writes a sound file: ``make_sound(path, seconds=1.0, channels=1, peak=0.5)``."""
    import soundfile

    def make(path: Path, seconds: float = 1.0, channels: int = 1, peak: float = 0.5) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = round(seconds * 8000)
        tone = peak * np.sin(2 * np.pi * 440 * np.arange(frames) / 8000)
        subtypes = {".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}
        soundfile.write(path, np.tile(tone[:, None], (1, channels)), 8000, subtype=subtypes.get(path.suffix, "PCM_16"))
        return path

    return make
