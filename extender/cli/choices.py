"""From the command line's words to the pipeline's options."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path

from extender.arranging import ArrangeOptions
from extender.errors import UsageError
from extender.pipeline import Hour, RenderOptions, SoundOptions
from extender.progress import Progress
from extender.searching import strategy_of
from extender.sources import DEFAULT_ORDER
from extender.types import Mood, Search
from extender.vision.detectors import DetectorContext, make_detector
from extender.vision.see import SeeOptions
from mixer import MixerError, Weights


def see_options(
    *,
    weights: str | None = None,
    trust_weights: bool = False,
    detector: str = "yolo",
    place_model: str = "own",
    scene: Path | None = None,
    panorama: bool = False,
    max_sounds: int = 8,
    offline: bool = False,
) -> SeeOptions:
    """Return how a picture is looked at."""
    return SeeOptions(
        detector=detector,
        weights=weights,
        trust_weights=trust_weights,
        offline=offline,
        scene_file=scene,
        panorama=panorama,
        max_sounds=max_sounds,
        place_model=place_model,
    )


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def order_of(sources: str | None, libraries: Sequence[Path]) -> tuple[str, ...]:
    """Return who is asked for sounds, in order; a library that somebody names goes before everything else.

    Raises
    ------
    UsageError
        An order was given and names nobody.
    """
    if sources is None:
        own = ("folder",) if libraries else ()
        return tuple(dict.fromkeys((*own, *DEFAULT_ORDER)))
    names = names_in(sources)
    if not names:
        raise UsageError("--sources needs at least one name, e.g. --sources folder,procedural")
    return names


def sound_options(licence: str = "any", pick: str = "best", prefer: str = "rating") -> SoundOptions:
    """Return which sounds may be used and which are preferred; the words are checked by the command line."""
    return SoundOptions(licence, pick, prefer)  # type: ignore[arg-type]


def named_sounds(texts: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    """Return pairs of a thing and the sound that plays it, from ``LABEL=SOURCE:ID``.

    Raises
    ------
    UsageError
        One is not written so.
    """
    pairs = []
    for text in texts or ():
        label, _, named = (part.strip() for part in text.partition("="))
        source, _, sound = named.partition(":")
        if not (label and source and sound):
            raise UsageError(f"--replace wants LABEL=SOURCE:ID, e.g. dog=freesound:1234, got {text!r}")
        pairs.append((label, named))
    return tuple(pairs)


def search_of(
    effort: str | None = None,
    seconds: float | None = None,
    weights: str | None = None,
    method: str | None = None,
    *,
    network: bool = False,
) -> Search:
    """Return what is asked of a search; effort and method are checked by the command line.

    Raises
    ------
    UsageError
        The weights cannot be read.
    """
    wanted = weights_in(weights) if weights is not None else None
    return Search(effort, seconds, wanted, method, network)  # type: ignore[arg-type]


def weights_in(text: str) -> Weights:
    """Return the weights in ``residue=1,loudness=.1,clarity=1``; those that are not named are as ever.

    Raises
    ------
    UsageError
        It is not written so, or a weight is negative, or all are 0.
    """
    names = [part.name for part in fields(Weights)]
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        number = _number(value)
        if not (equals and name in names and 0.0 <= number < math.inf):
            raise UsageError(
                f"weights are written as residue=1,loudness=.1,clarity=1, with {', '.join(names)} of 0 or more; "
                f"got {text!r}"
            )
        found[name] = number
    try:
        return Weights(**found)
    except MixerError as error:
        raise UsageError(f"--mix-weights: {error}") from None


def told_apart(weights: str | None, mix_weights: str | None) -> tuple[str | None, str | None]:
    """Return the detector's weights and those of the mix: ``--weights residue=1`` can only be meant as the latter."""
    if weights is None or mix_weights is not None:
        return weights, mix_weights
    meant = all(re.fullmatch(r"\s*\w+\s*=[^/\\]*", part) for part in weights.split(","))
    return (None, weights) if meant else (weights, None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def options_of(
    *,
    see: SeeOptions,
    duration_s: float,
    seed: int,
    file_format: str,
    stems: bool,
    force: bool,
    sources: str | None = None,
    libraries: Sequence[Path] | None = None,
    sounds: SoundOptions | None = None,
    near_picture: bool = False,
    named: Sequence[str] | None = None,
    outputs: str = "credits,report",
    strategy: str | None = None,
    search: Search | None = None,
    locks: tuple[str, ...] = (),
    priorities: Mapping[str, float] | None = None,
    loudness_lufs: float = -20.0,
    quiet_lufs: float = -30.0,
    loud_lufs: float = -20.0,
    ambience_lufs: float = -30.0,
    mood: Mood | None = None,
    hour: Hour = "picture",
) -> RenderOptions:
    """Return how a soundscape is made.

    Raises
    ------
    UsageError
        A choice contradicts another or names nothing.
    """
    names = order_of(sources, libraries or ())
    if loud_lufs < quiet_lufs:
        raise UsageError(f"--loud-level {loud_lufs:g} must not be below --quiet-level {quiet_lufs:g}")
    folders = tuple(Path(folder) for folder in libraries or ())
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--sounds {folder}: no such folder")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise UsageError(f"--sounds {folder}: permission denied")
    options = RenderOptions(
        see=see,
        arrange=ArrangeOptions(duration_s, seed, quiet_lufs, loud_lufs, ambience_lufs, mood or Mood()),
        hour=hour,
        sources=names,
        outputs=names_in(outputs),
        libraries=folders,
        sounds=sounds or SoundOptions(),
        near_picture=near_picture,
        named=named_sounds(named),
        strategy=strategy,
        search=search or Search(),
        locks=locks,
        priorities=priorities or {},
        loudness_lufs=loudness_lufs,
        file_format=file_format,
        stems=stems,
        force=force,
    )
    strategy_of(options.mixed_by, search)  # what it does not know is said before any work is done
    return options


@dataclass(frozen=True, slots=True)
class DemoChoice:
    """What the demo renders, and the line that says which."""

    picture: Path | None
    scene: Path | None
    says: str


def demo_choice(weights: str | None, *, trust_weights: bool, offline: bool, progress: Progress) -> DemoChoice:
    """Choose the street photograph of the ultralytics package if it can be looked at, else the packaged scene of it."""
    photograph = _street_photograph()
    if photograph is None:
        return DemoChoice(
            None,
            packaged_scene(),
            "rendering the packaged example scene (for detection: pip install 'image-extender[detect]')",
        )
    context = DetectorContext(weights, trust_weights, offline, progress)
    detector, why = make_detector("yolo", context)
    if detector is None:
        return DemoChoice(photograph, packaged_scene(), f"rendering the packaged example scene: {why}")
    return DemoChoice(photograph, None, f"rendering {photograph}, looked at with {detector.name}")


def _street_photograph() -> Path | None:
    """Find the photograph without importing the package it comes with."""
    spec = find_spec("ultralytics")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "assets" / "bus.jpg"
        if path.is_file():
            return path
    return None


def packaged_scene() -> Path:
    """Return the example scene that comes with the product."""
    import scenes

    return Path(scenes.__path__[0]) / "data" / "examples" / "street.json"
