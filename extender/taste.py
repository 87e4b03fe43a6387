"""A memory of what a person changes: opt-in, local, one file; what it says of their taste is worked out from it.

What is remembered of an edit are features that hold for other soundscapes too: by kind and concept of a sound how much
louder, brighter, further out and wider it was made than automatic mixing had it, how much of what was done to it was
left, and which of two mixes was preferred by which objectives. From them come means that are drawn towards "as it is":
one edit moves them half-way, ten nearly all the way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from extender.errors import InputError
from mixer import Weights
from mixer.optimise.objectives import LOUDNESS_DB
from mixer.types import STRICT

F64 = NDArray[np.float64]
VERSION = 1
MOST = 500
"""Mixes that are remembered; then the oldest are forgotten."""
Feature = Literal["loudness_db", "bright_db", "outward_deg", "wider"]
FEATURES: tuple[Feature, ...] = ("loudness_db", "bright_db", "outward_deg", "wider")
SPREAD: dict[Feature, float] = {"loudness_db": 3.4, "bright_db": 3.4, "outward_deg": 14.0, "wider": 0.34}
"""How far tastes differ from "as it is" (standard deviation)."""
OF_KIND = 0.5
"""Which part of that variance all sounds of a kind have in common; the rest is for each concept."""
SCATTER: dict[Feature, float] = {"loudness_db": 3.0, "bright_db": 3.0, "outward_deg": 12.0, "wider": 0.3}
"""How far one edit is from a person's taste: it may be for this one picture."""
LEAST: dict[Feature, float] = {"loudness_db": 0.25, "bright_db": 0.25, "outward_deg": 1.0, "wider": 0.03}
"""What is less is left as it is."""
WEIGHT_SPREAD = 0.7
"""Standard deviation of the logarithm of a weight."""
SURE = 60.0
"""How surely the better of two mixes is preferred: 0.05 of the score make it 20 to 1."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What became of one track, compared with automatic mixing without any taste.

    Parameters
    ----------
    kind, concept : str
        ``"ambience"``, ``"loop"`` or ``"event"``; ``"rain"``.
    loudness_db, bright_db, outward_deg, wider : float
        How much louder; how much more of what is above 2 kHz beside what is below; how much further from the middle;
        how much wider, 0..1.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    kind: str
    concept: str
    loudness_db: float = 0.0
    bright_db: float = 0.0
    outward_deg: float = 0.0
    wider: float = 0.0


@dataclass(frozen=True, slots=True)
class Preferred:
    """Two mixes of which a person has made the second from the first.

    Parameters
    ----------
    residue, clarity, intervention : float
        Objectives of the first less those of the second, at the same levels (:func:`mixer.optimise.objectives.vector`).
    offsets_db : tuple of pair of float
        How far each track is from its target, in the first and in the second.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    residue: float
    clarity: float
    intervention: float
    offsets_db: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """All that was noticed of one mix.

    Parameters
    ----------
    mix : str
        Which automatic mix it was: what is noticed of it later takes the place of this.
    tracks : tuple of Noticed
    preferred : Preferred or None
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    mix: str
    tracks: tuple[Noticed, ...]
    preferred: Preferred | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is in the file.

    Parameters
    ----------
    version : int
    on : bool
        Whether anything is remembered, and used.
    edits : tuple of Edit
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    version: int = VERSION
    on: bool = False
    edits: tuple[Edit, ...] = ()

    def with_edit(self, edit: Edit) -> Memory:
        """Return the memory with an edit, in the place of what was noticed of the same mix before."""
        others = tuple(known for known in self.edits if known.mix != edit.mix)
        return replace(self, edits=(*others, edit)[-MOST:])


@dataclass(frozen=True, slots=True)
class Taste:
    """What a memory says of a person's taste.

    Parameters
    ----------
    offsets : dict of str to dict of str to float
        By feature: by ``kind`` and by ``kind/concept``, the mean.
    weights : Weights
    mixes : int
        From how many.
    """

    offsets: dict[str, dict[str, float]]
    weights: Weights
    mixes: int

    def of(self, feature: Feature, kind: str, concept: str) -> float:
        """Return what is to be added for a sound; 0 where it is too little to matter."""
        known = self.offsets.get(feature, {})
        value = known.get(f"{kind}/{concept}", known.get(kind, 0.0))
        return round(value, 2) if abs(value) >= LEAST[feature] else 0.0


def taste_of(memory: Memory) -> Taste:
    """Work out a taste from what is remembered; the same memory gives the same taste."""
    noticed = [track for edit in memory.edits for track in edit.tracks]
    offsets = {feature: _means(noticed, feature) for feature in FEATURES}
    taste = Taste({name: found for name, found in offsets.items() if found}, Weights(), len(memory.edits))
    return replace(taste, weights=_weights(memory.edits, taste))


def _means(noticed: Sequence[Noticed], feature: Feature) -> dict[str, float]:
    """Return posterior means by kind, and by kind and concept: value = kind + concept + scatter, all around 0."""
    kinds = sorted({track.kind for track in noticed})
    pairs = sorted({(track.kind, track.concept) for track in noticed})
    if not noticed:
        return {}
    design = np.array(
        [
            [track.kind == kind for kind in kinds] + [(track.kind, track.concept) == pair for pair in pairs]
            for track in noticed
        ],
        np.float64,
    )
    values = np.array([getattr(track, feature) for track in noticed])
    shares = np.repeat([OF_KIND, 1.0 - OF_KIND], [len(kinds), len(pairs)])
    precision = design.T @ design / SCATTER[feature] ** 2 + np.diag(1.0 / (shares * SPREAD[feature] ** 2))
    found = np.linalg.solve(precision, design.T @ values / SCATTER[feature] ** 2)
    by_kind = {kind: float(value) for kind, value in zip(kinds, found, strict=False)}
    rest = found[len(kinds) :].tolist()
    by_pair = {f"{kind}/{name}": by_kind[kind] + value for (kind, name), value in zip(pairs, rest, strict=True)}
    return {name: round(value, 3) + 0.0 for name, value in (by_kind | by_pair).items()}


def _weights(edits: Iterable[Edit], taste: Taste) -> Weights:
    """Return the weights by which the mixes that a person has made are the better ones (R. A. Bradley, M. E. Terry).

    log P = Σ log σ(κ (s(first) − s(second))) + Σ log N(ln(w/w0); 0, σ²), s the score of
    :func:`mixer.optimise.objectives.score`; the best is looked for by BFGS, in four dimensions.
    """
    rows = np.array([_differences(edit, taste) for edit in edits if edit.preferred is not None])
    start = Weights()
    if not len(rows) or not rows.any():
        return start
    names = ("residue", "loudness", "clarity", "intervention")
    base = np.log([getattr(start, name) for name in names])

    def loss(theta: F64) -> float:
        raw = np.exp(base + theta)
        margin = SURE * (rows[:, :3] @ (raw[:3] / raw[:3].sum()) + raw[3] * rows[:, 3])
        return float(np.logaddexp(0.0, -margin).sum() + 0.5 * np.square(theta / WEIGHT_SPREAD).sum())

    from scipy.optimize import minimize

    found = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-6})
    raw = np.exp(base + found.x)
    raw[:3] *= start.residue / raw[0]  # only their ratios count
    return replace(start, **{name: round(float(value), 3) for name, value in zip(names, raw, strict=True)})


def _differences(edit: Edit, taste: Taste) -> list[float]:
    """Return the objectives of the first mix less those of the second; levels that are taste do not count."""
    made = edit.preferred
    assert made is not None  # noqa: S101  # only such are asked
    usual = [taste.offsets.get("loudness_db", {}).get(f"{t.kind}/{t.concept}", 0.0) for t in edit.tracks]
    pairs = zip(made.offsets_db, usual, strict=False)
    off = [abs(first - mean) - abs(second - mean) for (first, second), mean in pairs]
    loudness = sum(off) / (max(len(off), 1) * LOUDNESS_DB)
    return [made.residue, loudness, made.clarity, made.intervention]


def memory_file() -> Path:
    """Return where the memory is: ``$EXTENDER_TASTE``, else in the user's configuration."""
    from platformdirs import user_config_path

    named = os.environ.get("EXTENDER_TASTE")
    return Path(named) if named else user_config_path("image-extender", appauthor=False) / "taste.json"


def remembered(path: Path | None = None) -> Memory:
    """Return what is remembered; nothing, and off, where there is no file.

    Raises
    ------
    InputError
        The file is none of ours, or cannot be read.
    """
    from pydantic import TypeAdapter, ValidationError

    path = path or memory_file()
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Memory()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        memory = TypeAdapter(Memory).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}: {where}: {first['msg']}; mend it, or `extender taste forget`") from None
    if memory.version != VERSION:
        raise InputError(f"{path}: version must be {VERSION}, got {memory.version}; was it made by a newer release?")
    return memory


def in_use() -> Memory | None:
    """Return the memory if it is on."""
    memory = remembered()
    return memory if memory.on else None


def write(memory: Memory, path: Path | None = None) -> Path:
    """Write the memory, whole or not at all. Raises OutputError where that cannot be done."""
    from extender.output.workspace import whole_file

    path = path or memory_file()
    _make_folder(path.parent)
    with whole_file(path, force=True) as work:
        work.write_text(json.dumps(asdict(memory), indent=1, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")
    return path


def _make_folder(folder: Path) -> None:
    from extender.errors import OutputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror or error}") from None
