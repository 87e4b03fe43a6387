"""The YOLO detector, through ultralytics: quiet, offline, and leaving nothing behind.

Ultralytics by itself installs packages, writes settings, reports usage and sets environment variables. All that is
held off here. It also warms its model up before the first picture, which imports torchvision (about 1.5 s, and the one
import that fails where torch and torchvision do not match); one picture needs no warm-up, so it is skipped.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from extender.errors import ExtenderError, InstallError, WeightsError
from extender.vision.base import DetectorUnavailable, Pixels
from extender.vision.weights import check_trust, weights_folder
from scenes import Box, Sighting

INSTALL_COMMAND = 'pip install "image-extender[detect]"'

CONFIDENCE = 0.25
"""Boxes below this confidence are not reported."""

_RUNTIMES = {  # what an exported format is run by: module, package
    "_openvino_model": ("openvino", "openvino"),
    ".onnx": ("onnxruntime", "onnxruntime"),
    "_ncnn_model": ("ncnn", "ncnn"),
    ".mnn": ("MNN", "MNN"),
}


class YoloDetector:
    """Finds the classes its weights know (80 everyday things for the official ones).

    Parameters
    ----------
    weights : Path
        A ``.pt`` file or any format that ultralytics exports to.
    trusted : bool
        Load even a file that could run code and whose hash is unknown.
    confidence : float
        0..1, the least that is reported.

    Raises
    ------
    DetectorUnavailable
        Ultralytics, or what runs an exported format, is not installed.
    extender.errors.InstallError
        torch and torchvision do not fit together.
    extender.errors.WeightsError
        Damaged, not to be trusted, or no detector.
    """

    def __init__(self, weights: Path, *, trusted: bool = False, confidence: float = CONFIDENCE) -> None:
        weights = Path(weights).absolute()
        check_trust(weights, trusted=trusted)
        self.name = weights.name
        self._confidence = confidence
        check_runtime(weights)
        with held_back(), one_line(weights):
            self._model = load_quietly(weights)
            if self._model.task == "classify":
                raise WeightsError(f"{weights.name} is a classifier: expected a detector, such as yolo11n.pt")

    def detect(self, pixels: Pixels) -> list[Sighting]:
        """Return what is seen, the most confident first.

        Parameters
        ----------
        pixels : (h, w, 3) uint8
            RGB.
        """
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        with held_back(), one_line(Path(self.name)):
            result = self._model.predict(bgr, conf=self._confidence, device="cpu", verbose=False, save=False)[0]
            found = result.boxes if result.boxes is not None else result.obb
            corners, confidences, classes = (
                np.asarray(values.cpu() if hasattr(values, "cpu") else values, dtype=float)
                for values in (found.xyxyn, found.conf, found.cls)
            )
        names: dict[int, str] = result.names
        seen = [
            Sighting(names[int(kind)], box, min(1.0, max(0.0, float(confidence))))
            for box, confidence, kind in zip(map(_box, corners.reshape(-1, 4)), confidences, classes, strict=True)
            if box is not None
        ]
        return sorted(seen, key=lambda s: (-s.confidence, s.label, s.box.x0, s.box.y0))


def _box(corners: np.ndarray[Any, Any]) -> Box | None:
    """Return a box clipped to the picture; None if nothing of it is left."""
    x0, y0, x1, y1 = (float(v) for v in corners.clip(0.0, 1.0))
    return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def check_runtime(weights: Path | None = None) -> None:
    """Check, without importing them, that ultralytics and what runs an exported format are installed.

    Raises
    ------
    DetectorUnavailable
        With the command that mends it.
    """
    if importlib.util.find_spec("ultralytics") is None:
        raise DetectorUnavailable(f"the YOLO detector is not installed: {INSTALL_COMMAND}")
    for ending, (module, package) in _RUNTIMES.items():
        if weights and weights.name.endswith(ending) and importlib.util.find_spec(module) is None:
            raise DetectorUnavailable(f"{weights.name} needs the package {package}: pip install {package}")


def load_quietly(weights: Path) -> Any:
    import ultralytics.utils

    dict.__setitem__(ultralytics.utils.SETTINGS, "sync", False)  # no usage reports; in memory only, not in the file
    ultralytics.utils.LOGGER.setLevel("CRITICAL")
    from ultralytics import YOLO

    task = None if weights.suffix in (".pt", ".pth") else _exported_task(weights)  # a .pt knows its own
    model = YOLO(str(weights), task=task)
    model.add_callback("on_predict_start", _skip_warm_up)
    return model


def _skip_warm_up(predictor: Any) -> None:
    predictor.done_warmup = True


def _exported_task(weights: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        match = re.search(r"^task:\s*(\w+)", (weights / "metadata.yaml").read_text("utf-8"), re.MULTILINE)
        if match:
            return match[1]
    return "detect"


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Nothing is installed, reported, printed or written to the current folder; the process stays as it was."""
    before = dict(os.environ)
    os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true", YOLO_VERBOSE="false")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(weights_folder().parent / "ultralytics"))
    try:
        with warnings.catch_warnings(), np.printoptions():
            warnings.simplefilter("ignore")  # torch's and ultralytics' advice to their own developers
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def one_line(weights: Path) -> Iterator[None]:
    """Turn whatever torch, ultralytics or a backend raises into one line of ours."""
    try:
        yield
    except ExtenderError:
        raise
    except ModuleNotFoundError as problem:
        missing = (problem.name or str(problem)).split(".")[0]
        raise DetectorUnavailable(f"{weights.name} needs the package {missing}: pip install {missing}") from problem
    except MemoryError:
        raise WeightsError(f"{weights.name} needs more memory than there is: use a smaller model") from None
    except Exception as problem:
        message = str(problem)
        if "torchvision::" in message:
            raise InstallError(_mismatch()) from problem
        if isinstance(problem, ImportError) or "libtorch" in message:
            raise InstallError(f"torch cannot be loaded ({_first_line(message)}): {INSTALL_COMMAND}") from problem
        raise WeightsError(
            f"{weights.name} could not be used as YOLO weights ({_first_line(message) or type(problem).__name__}): "
            "expected weights that this ultralytics reads; copy or export them again"
        ) from problem


def _mismatch() -> str:
    """Name both versions and the command that makes them fit (each torchvision is built for one torch)."""
    from importlib.metadata import PackageNotFoundError, version

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "none"

    torch, _, build = of("torch").partition("+")
    index = f" --index-url https://download.pytorch.org/whl/{build}" if build else ""
    return (
        f"torchvision {of('torchvision')} does not match torch {of('torch')} (operator torchvision::nms is missing): "
        f"pip install --force-reinstall torch=={torch} torchvision{index}"
    )


def _first_line(message: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message).strip()
    return plain.splitlines()[0][:160] if plain else ""
