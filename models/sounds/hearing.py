"""Recordings and models' takes as the judge hears them: read, described, and kept for the next time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from extender.audio import read_audio
from extender.errors import InputError
from models.sounds import features
from models.sounds.classes import CLASSES
from models.sounds.classifier import varied
from models.sounds.features import Description, Doubles, described
from models.sounds.split import Recording
from models.sounds.statistics import Statistics

if TYPE_CHECKING:
    from extender.sources.procedural.model import Model

Say = Callable[[str], None]

VARIANTS = 4
LONGEST_S = 30.0
TAKE_S = 6.0
"""How much of a loop or bed is heard; the files of ESC-10 are 5 s long."""
FIRST_SEED = 10_000
"""Far from the seeds that people try while they build a model."""
CLASS_OF = {label: kind.name for kind in CLASSES for label in kind.labels}


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording and its descriptions.

    Attributes
    ----------
    recording : Recording
    kind : str
        Name of its class.
    values : (1 + VARIANTS, n) float64
        Features: first of the recording itself, then of variants of it.
    statistics : Statistics
        Of the recording itself.
    """

    recording: Recording
    kind: str
    values: Doubles
    statistics: Statistics


def heard(recordings: Sequence[Recording], cache: Path, say: Say) -> tuple[Heard, ...]:
    """Describe recordings of all classes; silent ones, and ones that cannot be read, are left out.

    Descriptions are kept in ``cache``, by the content of the file.
    """
    found = []
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in recordings if each.label.lower() in CLASS_OF]
    fresh = 0
    for recording in wanted:
        try:
            digest = hashlib.sha256(recording.path.read_bytes()).hexdigest()
            kept = cache / f"{digest[:32]}-{features.VERSION}.npz"
            read = _read(kept)
            if read is None:
                read = _described(recording.path, int(digest[:8], 16))
                _write(kept, *read)
                fresh += 1
                if fresh % 50 == 0:
                    say(f"described {fresh} new recordings of {len(wanted)}")
        except (InputError, OSError, ValueError) as problem:
            say(f"left out: {problem}")
            continue
        found.append(Heard(recording, CLASS_OF[recording.label.lower()], *read))
    return tuple(found)


def _described(path: Path, seed: int) -> tuple[Doubles, Statistics]:
    sound = read_audio(path, max_s=LONGEST_S).samples.mean(axis=0)
    rng = np.random.default_rng(seed)
    plain = described(sound)
    return np.stack([plain.values, *(described(varied(sound, rng)).values for _ in range(VARIANTS))]), plain.statistics


def _read(path: Path) -> tuple[Doubles, Statistics] | None:
    """Return what was kept, or None if there is nothing or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return kept["values"], Statistics(**{field.name: kept[field.name] for field in fields(Statistics)})
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _write(path: Path, values: Doubles, statistics: Statistics) -> None:
    tables = {field.name: getattr(statistics, field.name) for field in fields(Statistics)}
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as file:
        np.savez(file, values=values, **tables)
    Path(temporary).replace(path)


def takes(model: Model, count: int) -> tuple[Description, ...]:
    """Describe takes of a model, each by another seed, at the default values of its parameters."""
    from extender.sources.procedural.model import rendered

    length = None if model.kind == "event" else TAKE_S
    return tuple(described(rendered(model, FIRST_SEED + n, duration_s=length)[0]) for n in range(count))
