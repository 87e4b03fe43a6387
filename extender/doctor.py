"""Examine the installation, one finding at a time. Nothing is changed, nothing is fetched."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from extender import __version__
from extender.ownership import PACKAGES, owner_of

BASE = ("numpy", "scipy", "librosa", "soundfile", "soxr", "pydub", "pygad", "requests", "filelock", "typer", "rich",
        "pillow", "platformdirs", "pydantic", "jinja2")  # fmt: skip
EXTRAS = {
    "ultralytics": ("detect", "detection from pictures"),
    "torch": ("detect", "what ultralytics runs on"),
    "torchvision": ("detect", "what ultralytics needs beside torch"),
    "openvino": (None, "weights exported to OpenVINO"),
    "onnxruntime": (None, "weights exported to ONNX"),
    "pillow-heif": (None, "HEIC pictures"),
    "tensorflow": ("train", "training the learned models"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Parameters
    ----------
    name, detail : str
    state : {"ok", "missing", "broken"}
    mend : str
        The command that mends it; empty when there is nothing to mend.
    needed : bool
        Whether every render needs it.
    """

    name: str
    state: Literal["ok", "missing", "broken"]
    detail: str
    mend: str = ""
    needed: bool = False


def examine(*, thorough: bool = False) -> list[Finding]:
    """Return all findings.

    Parameters
    ----------
    thorough : bool
        Also import the heavy packages (some seconds), to see whether they work together.
    """
    return [
        Finding("image-extender", "ok", f"{__version__} in {Path(__file__).parent}", needed=True),
        Finding("python", "ok", f"{platform.python_version()} ({sys.executable})", needed=True),
        *_owners(),
        *_packages(),
        *(_detector_works() if thorough else ()),
        *_programs(),
        *_weights(),
        *_folders(),
        *_plugins(),
    ]


def _owners() -> Iterator[Finding]:
    for package in PACKAGES:
        owner = owner_of(package)
        if owner.ours:
            yield Finding(package, "ok", f"ours, {owner.location}", needed=True)
        elif owner.location is None:
            mend = "pip install --force-reinstall image-extender"
            yield Finding(package, "broken", "cannot be found", mend, needed=True)
        else:
            mend = "run from another folder, or use a fresh virtual environment"
            yield Finding(package, "broken", f"foreign: {owner.location}", mend, needed=True)


def _packages() -> Iterator[Finding]:
    for name in BASE:
        try:
            yield Finding(name, "ok", version(name), needed=True)
        except PackageNotFoundError:
            yield Finding(name, "broken", "not installed", f"pip install {name}", needed=True)
    for name, (extra, purpose) in EXTRAS.items():
        try:
            yield Finding(name, "ok", f"{version(name)} ({purpose})")
        except PackageNotFoundError:
            mend = f"pip install 'image-extender[{extra}]'" if extra else f"pip install {name}"
            yield Finding(name, "missing", purpose, mend)


def _detector_works() -> Iterator[Finding]:
    """Load the detector's packages in a process of their own: they are slow, and may fail in many ways."""
    import subprocess

    upgrade = "pip install --upgrade --force-reinstall torch torchvision"
    for names, purpose, mend in [
        ("torch, ultralytics", "detection works", "pip install --upgrade 'image-extender[detect]'"),
        ("torch, torchvision", "they fit together", upgrade),
    ]:
        command = [sys.executable, "-c", f"import {names}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode == 0:
            yield Finding(names, "ok", purpose)
        else:
            lines = result.stderr.strip().splitlines() or ["no reason given"]
            yield Finding(names, "broken", lines[-1][:160], mend)


def _programs() -> Iterator[Finding]:
    found = shutil.which("ffmpeg")
    if found:
        yield Finding("ffmpeg", "ok", f"{found} (formats that libsndfile does not read)")
    else:
        yield Finding("ffmpeg", "missing", "formats that libsndfile does not read (m4a, wma)", "install ffmpeg")


def _weights() -> Iterator[Finding]:
    from extender.errors import ExtenderError
    from extender.vision.weights import WeightsUnavailable, weights_path

    try:
        yield Finding("detector weights", "ok", str(weights_path()))
    except WeightsUnavailable:
        yield Finding("detector weights", "missing", "none in the cache yet", "extender weights fetch")
    except ExtenderError as error:
        yield Finding("detector weights", "missing", str(error), "extender weights fetch")


def _folders() -> Iterator[Finding]:
    from extender.pipeline import cache_folder
    from extender.sources.base import SourceContext
    from extender.sources.folder.source import libraries_of

    cache = cache_folder()
    nearest = next(p for p in (cache, *cache.parents) if p.exists())
    if os.access(nearest, os.W_OK):
        yield Finding("cache", "ok", str(cache), needed=True)
    else:
        mend = "set EXTENDER_CACHE to a folder that can be written"
        yield Finding("cache", "broken", f"{cache} cannot be written", mend, needed=True)
    libraries = libraries_of(SourceContext(cache))
    if libraries:
        yield Finding("your sounds", "ok", ", ".join(map(str, libraries)))
    else:
        yield Finding("your sounds", "missing", "none", "give a folder with --sounds, or set EXTENDER_SOUNDS")


def _plugins() -> Iterator[Finding]:
    from extender.plugins import KINDS, installed

    for group in KINDS:
        yield Finding(group, "ok", ", ".join(installed(group)))
