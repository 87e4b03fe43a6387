"""The data set: scenes that were heard, settings that were tried on them, and the residue that these left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixer.bands import Frames, Listened, planning_ear
from mixer.errors import MixerError
from mixer.optimise.predictor import Candidates
from mixer.session import MixSession
from models.residue.candidates import candidates_of, listen_evenly
from models.residue.examples import RATE, SECONDS, Scene, draw_scene, draw_settings, locked, neutral
from models.residue.sounds import Sound, Split
from models.residue.target import STEP, Measured, measure

F32 = NDArray[np.float32]
VERSION = 1
"""Of what is in the files."""
_TRIED, _HALVED = "try_", ("powers_db", "held_db", "peaks_db", "try_eq_db")
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many scenes a data set has, and how many mixes of each.

    Parameters
    ----------
    train, validation, test : tuple of int
        Scenes, mixes of each; the first mix is the neutral one.
    """

    train: tuple[int, int] = (600, 6)
    validation: tuple[int, int] = (40, 6)
    test: tuple[int, int] = (60, 20)


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One scene and its mixes.

    Parameters
    ----------
    powers_db, held_db : (tracks, 109, 2, frames) float32
        Of :func:`models.residue.candidates.listen_evenly`, dB SPL, not below −30.
    low : (tracks, 2, frames) float32
    peaks_db : (tracks, hops) float32
        dB re full scale, not below −120.
    candidates : Candidates
    masked, interfering : (mixes, frames, 27) float32
    alone, heard : (mixes, tracks, frames) float32
        See :class:`models.residue.target.Measured`.
    """

    powers_db: F32
    held_db: F32
    low: F32
    peaks_db: F32
    candidates: Candidates
    masked: F32
    interfering: F32
    alone: F32
    heard: F32


def build(folder: Path, sounds: Sequence[Sound], sizes: Sizes, seed: int) -> Iterator[tuple[int, int]]:
    """Write what is missing of a data set; yield how many scenes are there, of how many.

    Each scene has a file and a seed of its own: what is interrupted goes on where it stopped, and a larger data set
    begins with the files of a smaller one.

    Raises
    ------
    ValueError
        The folder holds a data set of another seed or version, or of other sounds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = {split: sum(sound.split == split for sound in sounds) for split in SPLITS}
    made = {"version": VERSION, "seed": seed, "sounds": counts}
    manifest = folder / "manifest.json"
    if manifest.exists():
        known = json.loads(manifest.read_text(encoding="utf-8"))
        if {key: known.get(key) for key in made} != made:
            raise ValueError(f"{folder} holds another data set ({known}), expected {made}: choose another folder")
    manifest.write_text(json.dumps(made | {"sizes": asdict(sizes)}, indent=1), encoding="utf-8")
    wanted = [
        (split, number) for split in ("validation", "test", "train") for number in range(getattr(sizes, split)[0])
    ]
    for done, (split, number) in enumerate(wanted):
        path = folder / f"{split}-{number:05d}.npz"
        if not path.exists():
            rng = np.random.default_rng([seed, SPLITS.index(split), number])
            own = [sound for sound in sounds if sound.split == split]
            example = None
            while example is None:
                example = _example(draw_scene(own, rng), getattr(sizes, split)[1], rng)
            save(example, path)
        yield done + 1, len(wanted)


def _example(scene: Scene, mixes: int, rng: np.random.Generator) -> Example | None:
    """Render and measure a scene; None where fewer than two tracks are heard."""
    if len(scene.tracks) < 2:
        return None
    places = neutral(scene)
    with MixSession(scene.tracks, duration_s=SECONDS, sample_rate=RATE) as session:
        flat = locked(session, scene, places)
        listened, held = listen_evenly(session, flat)
        peaks_db = np.asarray(20.0 * np.log10(np.maximum(listened.peaks, 1e-6)), np.float32)
        loud_db = np.asarray(np.percentile(peaks_db, 95.0, axis=1), np.float64)
        tried = [list(places)] + [draw_settings(places, loud_db, rng) for _ in range(mixes - 1)]
        try:
            measured = [measure(session, locked(session, scene, settings)) for settings in tried]
        except MixerError:
            return None
    if min(m.alone.any(axis=1).sum() for m in measured) < 2:
        return None
    powers_db, held_db = (
        np.asarray(10.0 * np.log10(np.maximum(each.powers, 1e-3)), np.float32) for each in (listened, held)
    )
    stacked = [np.stack([getattr(m, name) for m in measured]) for name in Measured.__dataclass_fields__]
    candidates = candidates_of(listened.ear, places, tried)
    return Example(powers_db, held_db, listened.low, peaks_db, candidates, *stacked)


def save(example: Example, path: Path) -> None:
    """Write an example; half precision is enough for what is in dB."""
    arrays = {name: getattr(example, name) for name in Example.__dataclass_fields__ if name != "candidates"}
    arrays |= {_TRIED + name: getattr(example.candidates, name) for name in Candidates.__dataclass_fields__}
    halved = {name: a.astype(np.float16) if name in _HALVED else a for name, a in arrays.items()}
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **halved)
    unfinished.replace(path)


def load(path: Path) -> Example:
    """Read what :func:`save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name].astype(np.float32) for name in file.files}
    tried = Candidates(**{name: arrays.pop(_TRIED + name) for name in Candidates.__dataclass_fields__})
    return Example(candidates=tried, **arrays)


def examples(folder: Path, split: Split) -> Iterator[Example]:
    """Read all examples of a split, in order."""
    for path in sorted(folder.glob(f"{split}-*.npz")):
        yield load(path)


def as_listened(example: Example, *, held: bool = True) -> Listened:
    """Return an example's scene as it was listened to, smeared or not."""
    frames = example.low.shape[-1]
    chosen = Frames(np.arange(frames) * STEP, np.full(frames, STEP, np.float32))
    powers_db = example.held_db if held else example.powers_db
    powers = np.where(powers_db <= -30.0, 0.0, 10.0 ** (powers_db / 10.0)).astype(np.float32)
    peaks = np.where(example.peaks_db <= -120.0, 0.0, 10.0 ** (example.peaks_db / 20.0)).astype(np.float32)
    return Listened(planning_ear(RATE), chosen, powers, example.low, peaks)
