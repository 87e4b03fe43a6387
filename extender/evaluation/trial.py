"""The blind listening test: one closed page with the sounds under numbers, and the key that tells which is which.

Pairs of mixes of the same scene are compared: which is better, and, on continuous scales as in ITU-R BS.1534-3, how
good each is. Which pairs a person gets, in which order and on which side, is drawn by a seed of their own.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import extender
from extender.errors import OutputError
from extender.evaluation.scenes import STRICT
from extender.evaluation.store import SceneResult
from extender.evaluation.systems import FLAT, MANUAL, TUNED
from extender.output.page import page_of, safe
from mixer import AudioBuffer, integrated_loudness

KEY_FORMAT = "extender-listening-key"
TRIALS = 12
"""That one person is asked for; whoever likes goes on."""
MOST_SYSTEMS = 4
_PREFERRED = (TUNED, "asra", "unmask", "refine")

ATTRIBUTES = (
    ("overall", "Overall", "How good is it on the whole?"),
    ("clarity", "Clarity", "Can each of the sounds be heard?"),
    ("balance", "Balance", "Are they as loud as they should be beside each other?"),
    ("spaciousness", "Spaciousness", "Is there width and depth?"),
    ("naturalness", "Naturalness", "Do the sounds sound as they are, not processed?"),
)
"""What is rated, 0..100: key, name, question."""


@dataclass(frozen=True, slots=True)
class Blinded:
    """What a number stands for."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    scene: str
    system: str


@dataclass(frozen=True, slots=True)
class Key:
    """What all numbers of a test stand for; ``test`` tells tests apart."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    format: str
    version: int
    test: str
    sounds: dict[str, Blinded] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListeningTest:
    """The page and the key, as texts."""

    page: str
    key: str


def chosen_systems(results: Sequence[SceneResult], names: Sequence[str]) -> tuple[str, ...]:
    """Return which mixes people hear: the one by hand, or flat where there is none, and the best of the others."""
    there = [n for n in names if all(n in r.entries and r.entries[n].sound for r in results)]
    first = [name for name in (MANUAL, FLAT) if name in there][:1]
    others = [n for n in _PREFERRED if n in there] + [
        n for n in reversed(there) if n not in (*_PREFERRED, MANUAL, FLAT)
    ]
    return tuple((first + others)[:MOST_SYSTEMS])


def listening_test(
    results: Sequence[SceneResult], names: Sequence[str], folder: Path, seed: int, *, scenes: int = 8
) -> ListeningTest | None:
    """Make the test.

    Parameters
    ----------
    results : sequence of SceneResult
        Of which scenes are taken evenly.
    names : sequence of str
        Systems.
    folder : Path
        Where the sounds are.
    seed : int
    scenes : int
        At most so many.

    Returns
    -------
    ListeningTest or None
        None where there are not two mixes to be compared.
    """
    if not results:
        return None
    taken = [
        results[n]
        for n in sorted(set(np.linspace(0, len(results) - 1, min(scenes, len(results))).round().astype(int).tolist()))
    ]
    systems = chosen_systems(taken, names)
    if len(systems) < 2:
        return None
    rng = np.random.default_rng(seed)
    salt = hashlib.sha256(json.dumps([seed, [[e.key for e in r.entries.values()] for r in taken]]).encode()).hexdigest()
    pairs = [tuple(pair) for pair in rng.permutation(list(combinations(range(len(systems)), 2))).tolist()]
    key: dict[str, Blinded] = {}
    told: list[dict[str, Any]] = []
    sounds: list[tuple[str, str]] = []
    for number, n in enumerate(rng.permutation(len(taken)).tolist(), 1):
        result = taken[n]
        ids = [hashlib.sha256(f"{salt}:{result.name}:{system}".encode()).hexdigest()[:12] for system in systems]
        key |= {name: Blinded(result.name, system) for name, system in zip(ids, systems, strict=True)}
        data = [_read(folder, result, system) for system in systems]
        loud = [_loudness(each) for each in data]
        least = min((value for value in loud if value is not None), default=0.0)
        gains = {
            name: round(least - (value if value is not None else least), 2)
            for name, value in zip(ids, loud, strict=True)
        }
        # within a pair the numbers are in order, so that their places tell nothing
        told.append(
            {
                "name": f"Scene {number}",
                "gains": dict(sorted(gains.items())),
                "pairs": [sorted((ids[a], ids[b])) for a, b in pairs],
            }
        )
        sounds += [(name, base64.b64encode(each).decode("ascii")) for name, each in zip(ids, data, strict=True)]
    test = hashlib.sha256("".join(sorted(key)).encode()).hexdigest()[:8]
    count = min(TRIALS, len(pairs) * len(taken))
    values = {
        "generator": f"image-extender {extender.__version__}",
        "attributes": ATTRIBUTES,
        "count": count,
        "setup": safe(
            _script_text({"test": test, "count": count, "attributes": [a[0] for a in ATTRIBUTES], "scenes": told})
        ),
        "sounds": sorted(sounds),
    }
    page = page_of("trial.html.j2", values, more_style="trial.css", scripts=("trial.js",))
    whole = Key(KEY_FORMAT, 1, test, dict(sorted(key.items())))
    return ListeningTest(page, json.dumps(asdict(whole), indent=1, ensure_ascii=False) + "\n")


def _script_text(value: object) -> str:
    """Return JSON that cannot end the element that it stands in."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")


def _read(folder: Path, result: SceneResult, system: str) -> bytes:
    sound = result.entries[system].sound
    assert sound is not None  # noqa: S101 - only systems with sounds are chosen
    try:
        return (folder / sound.part).read_bytes()
    except OSError as error:
        raise OutputError(f"cannot read {folder / sound.part}: {error.strerror or error}") from None


def _loudness(data: bytes) -> float | None:
    """Return the integrated loudness of what is really heard: a part, packed."""
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return integrated_loudness(AudioBuffer(samples.T, rate)) if len(samples) else None
