"""Make detectors by name; say in one line why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from extender.plugins import load_plugin
from extender.progress import Progress, silent
from extender.vision.base import Detector, DetectorUnavailable


@dataclass(frozen=True, slots=True)
class DetectorContext:
    """What detectors are made with. Entry points of ``extender.detectors`` are called with it.

    Parameters
    ----------
    weights : str, Path or None
        What the person asked for; None = the detector's default.
    trust_weights : bool
        Whether files that can run code are loaded though their hash is unknown.
    offline : bool
        No network at all.
    progress : Progress
        Told about downloads.
    """

    weights: str | Path | None = None
    trust_weights: bool = False
    offline: bool = False
    progress: Progress = silent


def make_yolo(context: DetectorContext) -> Detector:
    """Return the YOLO detector with the weights found: option, environment, cache, download."""
    from extender.vision.weights import resolve_weights
    from extender.vision.yolo import YoloDetector, check_runtime

    check_runtime()  # before a download that would be in vain
    weights = resolve_weights(context.weights, offline=context.offline, progress=context.progress)
    return YoloDetector(weights, trusted=context.trust_weights)


def make_detector(name: str, context: DetectorContext) -> tuple[Detector | None, str]:
    """Return the named detector, or None, why there is none and what mends it.

    Raises
    ------
    extender.errors.ExtenderError
        What the person asked for is wrong: an unknown name, damaged or untrusted weights.
    """
    from extender.vision.weights import WeightsUnavailable

    if name == "none":
        return None, "no detector was asked for"
    make: Callable[[DetectorContext], Detector] = load_plugin("extender.detectors", name)
    try:
        return make(context), ""
    except (WeightsUnavailable, DetectorUnavailable) as error:
        return None, str(error)
