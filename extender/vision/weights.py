"""Detector weights: found, fetched, checked. What could run code is loaded only if it is known or trusted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from extender.errors import WeightsError
from extender.progress import Progress, silent
from extender.vision.download import Timeouts, download
from models import sha256_of, verify

ENVIRONMENT = "EXTENDER_WEIGHTS"

FETCH_COMMAND = "extender weights fetch"


@dataclass(frozen=True, slots=True)
class Published:
    """An official weight file.

    Parameters
    ----------
    name : str
    sha256 : str
        As published.
    release : str
        The folder it is downloaded from.
    """

    name: str
    sha256: str
    release: str


_RELEASES = "https://github.com/ultralytics/assets/releases/download"

PUBLISHED = {
    p.name: p
    for p in (
        Published(
            "yolo11n.pt", "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1", f"{_RELEASES}/v8.3.0"
        ),
        Published(
            "yolo26n.pt", "9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef", f"{_RELEASES}/v8.4.0"
        ),
        Published(
            "yolov8n.pt", "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36", f"{_RELEASES}/v8.3.0"
        ),
    )
}
"""Known by name and hash; the first is the default."""

DEFAULT = next(iter(PUBLISHED))

DATA_ONLY = (".onnx", ".tflite", ".mnn", ".mlpackage", "_openvino_model", "_ncnn_model")
"""Endings of exported formats that hold a network and numbers, no programs: loaded without being trusted."""

PROGRAMS = (".pt", ".pth", ".torchscript", ".engine", ".pb", "_saved_model", "_paddle_model")
"""Endings of formats that can hold code (pickles, serialised programs): loaded only if known or trusted."""


class WeightsUnavailable(WeightsError):  # noqa: N818  # a state that a render survives
    """No weights can be had: none here, and no network. A render goes on without a detector."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of ``extender weights list``.

    Parameters
    ----------
    name : str
    path : Path or None
        None = not downloaded yet.
    megabytes : float
        0 if not there.
    state : str
        ``"verified"``, ``"not downloaded"``, ``"damaged"`` (differs from the published file) or
        ``"unknown"`` (not an official file).
    """

    name: str
    path: Path | None
    megabytes: float
    state: str


def weights_folder() -> Path:
    """Return the folder in the user's cache where weights are kept (``$EXTENDER_CACHE/weights`` if that is set)."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("EXTENDER_CACHE") or user_cache_path("image-extender")) / "weights"


def weights_path(option: str | Path | None = None, *, folder: Path | None = None) -> Path:
    """Return the weights a render would use, without downloading.

    Raises
    ------
    WeightsUnavailable
        There are none yet.
    extender.errors.WeightsError
        What was asked for is no weight file.
    """
    return resolve_weights(option, offline=True, folder=folder)


def resolve_weights(
    option: str | Path | None = None,
    *,
    offline: bool = False,
    folder: Path | None = None,
    progress: Progress = silent,
    base_url: str | None = None,
    timeouts: Timeouts | None = None,
) -> Path:
    """Find weights: the option, then ``EXTENDER_WEIGHTS``, then the cache, then the official download into the cache.

    Parameters
    ----------
    option : str or Path, optional
        A path, or the name of an official file (``yolo11n.pt``) or of any file in the cache.
    offline : bool
        Never use the network.
    folder : Path, optional
        The cache; default :func:`weights_folder`.
    progress : Progress
    base_url, timeouts
        For mirrors and tests: download from here instead.

    Raises
    ------
    WeightsUnavailable
        None here and none to be had.
    extender.errors.WeightsError
        What was asked for does not exist or is no weight file.
    """
    folder = weights_folder() if folder is None else folder
    asked, asker = (str(option), "--weights") if option else (os.environ.get(ENVIRONMENT, ""), ENVIRONMENT)
    if asked:
        path = Path(asked).expanduser()
        if path.exists():
            return _checked_kind(path.parent if path.suffix == ".xml" else path)
        if path.name == asked and (folder / asked).exists() and asked not in PUBLISHED:
            return _checked_kind(folder / asked)
        if asked not in PUBLISHED:
            raise WeightsError(
                f"there are no weights {asked} ({asker}): give a weight file that exists, "
                f"or one of {', '.join(PUBLISHED)}"
            )
        names = [asked]
    else:
        names = list(PUBLISHED)
    damaged = False
    for name in names:
        path = folder / name
        if path.is_file():
            if verify(path, PUBLISHED[name].sha256):
                return path
            damaged = True
    if offline:
        what = "the cached weights are damaged" if damaged else f"{names[0]} is not in the cache"
        raise WeightsUnavailable(f"{what} and the network is off: once you are online, run {_fetch_command(names[0])}")
    return fetch_weights(names[0], folder=folder, progress=progress, base_url=base_url, timeouts=timeouts)


def place_weights(asked: str | Path | None, default: str, *, folder: Path | None = None) -> Path:
    """Find the weights of a place model: a path, or the name of a file in the cache; None = ``default`` in the cache.

    Raises
    ------
    extender.errors.WeightsError
        There are none; the message says where they are looked for.
    """
    folder = weights_folder() if folder is None else folder
    path = Path(asked or default).expanduser()
    found = path if path.exists() else folder / path
    if not found.exists():
        raise WeightsError(
            f"there are no weights {path} for this place model: put {path.name} into {folder}, "
            f"or give the file as --place-model NAME:FILE"
        )
    return _checked_kind(found)


def fetch_weights(
    name: str = DEFAULT,
    *,
    folder: Path | None = None,
    progress: Progress = silent,
    base_url: str | None = None,
    timeouts: Timeouts | None = None,
) -> Path:
    """Download an official weight file into the cache, unless it is there whole; return its path.

    Raises
    ------
    WeightsUnavailable
        The network or the server fails, or the cache cannot be written.
    extender.errors.WeightsError
        The name is not known, or what came is not what was published.
    """
    if name not in PUBLISHED:
        raise WeightsError(f"{name} is not an official weight file known here: expected one of {', '.join(PUBLISHED)}")
    known = PUBLISHED[name]
    path = (weights_folder() if folder is None else folder) / name
    if path.is_file() and verify(path, known.sha256):
        return path
    url = f"{(base_url or known.release).rstrip('/')}/{name}"
    try:
        download(url, path, sha256=known.sha256, progress=progress, timeouts=timeouts or Timeouts())
    except OSError as problem:  # the network's errors and the disk's
        raise WeightsUnavailable(
            f"{name} could not be fetched ({problem}): try {_fetch_command(name)} later, or give a file with --weights"
        ) from problem
    return path


def list_weights(*, folder: Path | None = None) -> tuple[Listed, ...]:
    """Return the official files and whatever else is in the cache, with the state of each."""
    folder = weights_folder() if folder is None else folder
    listed = []
    for name, known in PUBLISHED.items():
        path = folder / name
        if path.is_file():
            state = "verified" if verify(path, known.sha256) else "damaged"
            listed.append(Listed(name, path, path.stat().st_size / 1e6, state))
        else:
            listed.append(Listed(name, None, 0.0, "not downloaded"))
    others = sorted(p for p in folder.iterdir() if p.name not in PUBLISHED) if folder.is_dir() else []
    listed += [
        Listed(p.name, p, _size(p) / 1e6, "unknown") for p in others if str(p.name).endswith(DATA_ONLY + PROGRAMS)
    ]
    return tuple(listed)


def check_trust(path: Path, *, trusted: bool) -> None:
    """Let weights pass only if loading them cannot do harm: a format without code, a known hash, or a person's word.

    Raises
    ------
    extender.errors.WeightsError
        The file is damaged, or could run code and is neither known nor trusted.
    """
    if path.name.endswith(DATA_ONLY):
        _check_folder(path)
        return
    if path.is_file() and any(sha256_of(path) == p.sha256 for p in PUBLISHED.values()):
        return
    if path.suffix in (".pt", ".pth"):
        _check_zip(path)
    if not trusted:
        why = "is a pickle" if path.suffix in (".pt", ".pth") else "is a serialised program"
        raise WeightsError(
            f"{path.name} has an unknown hash and {why}, which can run any code when it is loaded: "
            "add --trust-weights if you know where it comes from"
        )


def _checked_kind(path: Path) -> Path:
    path = path.absolute()  # not resolve(): a link's target may be named by its hash
    if not path.name.endswith(DATA_ONLY + PROGRAMS):
        kinds = ", ".join((".pt", *DATA_ONLY))
        raise WeightsError(
            f"{path.name} is no weight file: expected one of {kinds}; exported folders keep the name they got"
        )
    if path.is_file() and path.stat().st_size == 0:
        raise WeightsError(f"{path.name} is empty (0 bytes): copy or download it again")
    return path


def _check_folder(path: Path) -> None:
    """Say which part of an exported folder is missing before a backend says it in its own words."""
    needed = {"_openvino_model": ("*.xml", "*.bin"), "_ncnn_model": ("*.param", "*.bin")}
    for ending, patterns in needed.items():
        if not path.name.endswith(ending):
            continue
        for pattern in (*patterns, "metadata.yaml"):
            found = [p for p in path.glob(pattern) if p.stat().st_size > 0]
            if not found:
                raise WeightsError(f"{path.name} is not whole: expected a non-empty {pattern} in it; export it again")


def _check_zip(path: Path) -> None:
    """A ``.pt`` of any PyTorch since 1.6 is a zip archive with a checksum for each part."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            whole = broken is None and any(n.endswith("data.pkl") for n in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, RuntimeError):
        whole = False
    if not whole:
        raise WeightsError(
            f"{path.name} is damaged, cut short or no PyTorch weight file: copy or download it again, "
            f"or use {FETCH_COMMAND}"
        )


def _fetch_command(name: str) -> str:
    return FETCH_COMMAND if name == DEFAULT else f"{FETCH_COMMAND} {name}"


def _size(path: Path) -> int:
    return sum(p.stat().st_size for p in path.rglob("*")) if path.is_dir() else path.stat().st_size
