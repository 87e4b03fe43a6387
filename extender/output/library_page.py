"""The page over all synthesised sounds: what each looks and sounds like, and what each of its parameters does to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from extender.errors import OutputError
from extender.output.page import page_of
from extender.output.preview import RATE, pack
from extender.output.spectrogram import measure, to_png
from extender.output.workspace import whole_file
from extender.progress import Progress, silent
from extender.sources.procedural.model import Model, Parameter, rendered
from extender.sources.procedural.toolkit import SAMPLE_RATE
from mixer.types import Samples

CLIP_S = 6.0
"""So much of a loop or bed; events are whole."""
COLUMNS, ROWS = 360, 72
QUALITY = 0.6
FOLDER = "sounds"
_WIDE = 20.0
"""Ranges whose ends lie farther apart are drawn on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound of the page: ``name`` of its files, and the values that differ from the usual ones."""

    name: str
    values: Mapping[str, float]


def clips_of(model: Model) -> Iterator[Clip]:
    """Yield the usual sound, then both ends of each parameter's range, all by the same individual."""
    yield Clip(model.name, {})
    for parameter in model.parameters:
        yield Clip(f"{model.name}.{parameter.name}.low", {parameter.name: parameter.low})
        yield Clip(f"{model.name}.{parameter.name}.high", {parameter.name: parameter.high})


def write_library_page(
    models: Sequence[Model], folder: Path, *, seed: int = 0, force: bool = False, progress: Progress = silent
) -> Path:
    """Write ``index.html`` and the sounds and pictures it shows into a folder; return the page's path.

    Parameters
    ----------
    models : sequence of Model
        In the order in which they are shown.
    folder : Path
        Made if it is missing.
    seed : int
        Which individuals are heard.
    force : bool
        Replace a page that is there.

    Raises
    ------
    OutputError
        There is a page already and ``force`` is not given, or it cannot be written.
    """
    target = folder / "index.html"
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror}; give another place with --output") from None
    with whole_file(target, force=force) as work:
        clips = [(model, clip) for model in models for clip in clips_of(model)]
        suffixes = {}
        for number, (model, clip) in enumerate(clips):
            progress(model.name, number / len(clips))
            suffixes[clip.name] = _write_clip(model, clip, folder / FOLDER, seed)
        values = {"themes": _themes(models, suffixes), "count": len(models), "clips": len(clips)}
        text = page_of("library.html.j2", values, more_style="library.css", scripts=("search.js", "library.js"))
        work.write_text(text, "utf-8")
    return target


def _write_clip(model: Model, clip: Clip, folder: Path, seed: int) -> str:
    """Write a sound and its picture; return the ending of the sound's name."""
    import soundfile

    length_s = None if model.kind == "event" else CLIP_S
    samples = _soft_ends(rendered(model, seed, duration_s=length_s, values=clip.values), model)
    with whole_file(folder / f"{clip.name}.png", force=True) as work:
        heard = work.with_suffix(".wav")
        try:
            soundfile.write(heard, samples.T, SAMPLE_RATE, "FLOAT", format="WAV")
            work.write_bytes(to_png(measure(heard, columns=COLUMNS, rows=ROWS)))
        finally:
            heard.unlink(missing_ok=True)
    mime, data = pack([np.ascontiguousarray(samples.T)], samples.shape[0], quality=QUALITY)
    suffix = {"audio/mpeg": "mp3", "audio/ogg": "ogg"}.get(mime, "wav")
    with whole_file(folder / f"{clip.name}.{suffix}", force=True) as work:
        work.write_bytes(data)
    return suffix


def _soft_ends(samples: Samples, model: Model) -> Samples:
    """Let an excerpt of what goes on for ever begin and end without a click, and bring it to the rate of the page."""
    if model.kind != "event":
        ramp = np.linspace(0.0, 1.0, round(0.05 * SAMPLE_RATE), dtype=np.float32)
        samples[:, : ramp.size] *= ramp
        samples[:, -ramp.size :] *= ramp[::-1]
    if RATE == SAMPLE_RATE:
        return samples
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, RATE, SAMPLE_RATE, axis=1), dtype=np.float32)


def _themes(models: Sequence[Model], suffixes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the models for the template, by the file they are made in."""
    themes: dict[str, list[dict[str, Any]]] = {}
    for model in models:
        themes.setdefault(theme_of(model), []).append(_card(model, suffixes))
    return [{"name": name, "cards": cards} for name, cards in themes.items()]


_THEMES = {
    "body": "bodies and games", "calls_bouts": "voices fitted to recordings", "city": "bells, tools and signals",
    "cycles": "on two wheels", "desk": "desk and wall", "fitted_textures": "textures fitted to recordings",
    "household": "about the house", "indoors": "places indoors", "insects": "insects and frogs",
    "machines": "machines and next rooms", "outdoors": "places outdoors", "rain": "rain and hail",
    "rails": "trams and stops", "steps": "footsteps", "travel": "trains, boats, aircraft",
    "vehicles": "cars and engines",
}  # fmt: skip


def theme_of(model: Model) -> str:
    """Return the theme of a model, by the file it is made in."""
    module = model.synthesise.__module__.rsplit(".", 1)[-1]
    return _THEMES.get(module, module.replace("_", " "))


def _card(model: Model, suffixes: Mapping[str, str]) -> dict[str, Any]:
    def files(name: str) -> dict[str, str]:
        return {"sound": f"{FOLDER}/{name}.{suffixes[name]}", "picture": f"{FOLDER}/{name}.png"}

    scales = [
        {
            "name": p.name,
            "unit": p.unit,
            "what": p.what,
            "low": f"{p.low:,g}",
            "usual": f"{p.default:,g}",
            "high": f"{p.high:,g}",
            "at": f"{100.0 * _place(p):.1f}",
            "low_clip": files(f"{model.name}.{p.name}.low"),
            "high_clip": files(f"{model.name}.{p.name}.high"),
        }
        for p in model.parameters
    ]
    words = " ".join((model.name, model.title, model.kind, *model.concepts, *(p.name for p in model.parameters)))
    return {
        "name": model.name,
        "title": model.title,
        "kind": model.kind,
        "concepts": ", ".join(model.concepts),
        "words": words.lower(),
        "clip": files(model.name),
        "scales": scales,
    }


def _place(parameter: Parameter) -> float:
    """Return where the usual value lies in the range, 0..1."""
    low, usual, high = parameter.low, parameter.default, parameter.high
    if low > 0.0 and high / low > _WIDE:
        return log(usual / low) / log(high / low)
    return (usual - low) / (high - low)
