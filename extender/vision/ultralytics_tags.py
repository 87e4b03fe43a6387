"""Words for a whole picture from ultralytics models: what a classifier says, or what a tagger finds in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from extender.errors import WeightsError
from extender.vision.base import Pixels
from extender.vision.weights import check_trust
from extender.vision.yolo import check_runtime, held_back, load_quietly, one_line

LEAST = 0.02
"""Words below this probability are not told."""


class Tagger:
    """Tells which words fit a picture, and how surely.

    Parameters
    ----------
    weights : Path
    trusted : bool
        Load even a file that could run code and whose hash is unknown.
    task : {"classify", "segment"}
        What the weights must be for.

    Raises
    ------
    extender.errors.ExtenderError
        One line.
    """

    def __init__(self, weights: Path, *, trusted: bool, task: str) -> None:
        weights = weights.absolute()
        check_trust(weights, trusted=trusted)
        check_runtime(weights)
        self._weights, self._task = weights, task
        with held_back(), one_line(weights):
            self._model = load_quietly(weights)
            if self._model.task != task:
                raise WeightsError(f"{weights.name} is made to {self._model.task}: expected weights that {task}")

    def __call__(self, pixels: Pixels) -> dict[str, float]:
        """Return the probability of each word, 0..1; of a tagger the confidence of the surest box of each.

        Parameters
        ----------
        pixels : (h, w, 3) uint8
            RGB.
        """
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        with held_back(), one_line(self._weights):
            result = self._model.predict(bgr, conf=LEAST, device="cpu", verbose=False, save=False)[0]
            if self._task == "classify":
                told = enumerate(np.asarray(result.probs.data.cpu(), dtype=float))
            else:
                kinds, confidences = (np.asarray(v.cpu(), dtype=float) for v in (result.boxes.cls, result.boxes.conf))
                told = zip(kinds.astype(int), confidences, strict=True)  # type: ignore[assignment]
            words: dict[str, float] = {}
            for kind, share in told:
                word = str(result.names[int(kind)])
                words[word] = max(words.get(word, 0.0), min(1.0, float(share)))
        return {word: share for word, share in words.items() if share >= LEAST}
