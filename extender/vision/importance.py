"""How much a thing matters in a picture, 0..1.

    importance = 0.40·size + 0.25·centrality + 0.20·confidence + 0.15·sharpness

    size        √(share of the picture's area): a thing a quarter as large has half the size
    centrality  1 in the middle, falling straight to 0 at the corners
    confidence  the detector's
    sharpness   v/(v + V): v and V are the variance of the Laplacian in the box and in the whole picture
                (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy"); 0.5 = as sharp as it

Photographers put what matters large, in the middle and in focus. Every term is within 0..1 and the weights add up to 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from extender.vision.base import Pixels
from scenes import Box

SIZE_WEIGHT, CENTRALITY_WEIGHT, CONFIDENCE_WEIGHT, SHARPNESS_WEIGHT = 0.40, 0.25, 0.20, 0.15

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


def importance(*, area: float, centrality: float, confidence: float, sharpness: float) -> float:
    """Return the weighted sum of the four terms; all inputs and the result are in 0..1."""
    total = (
        SIZE_WEIGHT * math.sqrt(area)
        + CENTRALITY_WEIGHT * centrality
        + CONFIDENCE_WEIGHT * confidence
        + SHARPNESS_WEIGHT * sharpness
    )
    return min(1.0, total)


def importance_of(box: Box, confidence: float, laplacian: NDArray[np.float32] | None) -> float:
    """Return the importance of what is in a box.

    Parameters
    ----------
    box : Box
    confidence : float
        0..1.
    laplacian : (h, w) float32 or None
        From :func:`laplacian_of`; None (a scene without picture) counts as evenly sharp.
    """
    sharpness = 0.5 if laplacian is None else sharpness_in(laplacian, box)
    return importance(area=box.area, centrality=centrality_of(box), confidence=confidence, sharpness=sharpness)


def centrality_of(box: Box) -> float:
    """Return 1 for a box centred in the picture, 0 for one centred on a corner."""
    x, y = box.centre
    return 1.0 - math.hypot(2.0 * x - 1.0, 2.0 * y - 1.0) / math.sqrt(2.0)


def laplacian_of(pixels: Pixels) -> NDArray[np.float32]:
    """Return the four-neighbour Laplacian of the luma, (h, w) float32; the picture's edge is continued outwards."""
    luma = np.pad(pixels.astype(np.float32) @ LUMA, 1, mode="edge")
    centre = luma[1:-1, 1:-1]
    laplacian: NDArray[np.float32] = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * centre
    return laplacian


def sharpness_in(laplacian: NDArray[np.float32], box: Box) -> float:
    """Return v/(v + V), 0..1: how sharp a box is beside the whole picture; 0.5 in a picture without any detail."""
    height, width = laplacian.shape
    rows = slice(int(box.y0 * height), max(int(box.y0 * height) + 1, math.ceil(box.y1 * height)))
    columns = slice(int(box.x0 * width), max(int(box.x0 * width) + 1, math.ceil(box.x1 * width)))
    inside, everywhere = float(laplacian[rows, columns].var()), float(laplacian.var())
    return inside / (inside + everywhere) if inside + everywhere > 0.0 else 0.5
