"""A complete sound source in forty lines: every concept is a beep, higher for shorter words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from extender.sources.base import Candidate, Query, SourceContext
from extender.types import SoundAsset

RATE = 48_000


class BeepSource:
    """Answers every query with one beep."""

    name = "beep"

    def __init__(self, context: SourceContext) -> None:
        self._folder = context.cache_dir / "beep"

    def search(self, query: Query) -> list[Candidate]:
        """Return one candidate; its id is all that fetch needs."""
        pitch_hz = 1200 // max(1, len(query.concept))
        reason = f"a beep of {pitch_hz} Hz, for {len(query.concept)} letters"
        return [Candidate(self.name, str(pitch_hz), "Beep", (), 0.5, "Example", "CC0-1.0", "", 0.1, reason)]

    def fetch(self, candidate: Candidate) -> SoundAsset:
        """Write the beep as a sound file."""
        import soundfile

        path = Path(self._folder / f"{int(candidate.id)}.flac")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            t = np.arange(RATE // 2) / RATE
            tone = 0.2 * np.sin(2 * np.pi * int(candidate.id) * t) * np.sin(np.pi * t / 0.5) ** 2
            soundfile.write(path, tone, RATE, "PCM_16")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return SoundAsset(str(path), digest, self.name, candidate.id, "Beep", "Example", "CC0-1.0", "", 0.5)
