"""Dense gradient descriptors of a grey picture: what edges run which way around each point of a grid.

After Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60 (2004), on a regular grid as in
Lazebnik, Schmid & Ponce, CVPR 2006; the square root of Arandjelović & Zisserman, CVPR 2012.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ORIENTATIONS = 8
CELLS = 4  # a side
LENGTH = CELLS * CELLS * ORIENTATIONS
"""Numbers in one descriptor, 128."""

LAYERS = ((4, 4), (6, 3), (8, 4))
"""Width of a descriptor's cells and step of the grid, px."""

_CLIP = 0.2  # Lowe's: one strong edge must not be all
_FLAT = 0.01  # gradient, share of full scale, below which a patch is rather flat than textured


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What is around each point of the grids.

    Parameters
    ----------
    values : (n, 128) float32
        0 or more; the sum of squares of each row is 1, or near 0 in a flat patch.
    x, y : (n,) float32
        Where, in 0..1 of the picture from its upper left corner.
    """

    values: Floats
    x: Floats
    y: Floats


def dense_descriptors(grey: Floats) -> Descriptors:
    """Describe a picture.

    Parameters
    ----------
    grey : (h, w) float32
        0..1, each side 48 px or more.
    """
    height, width = grey.shape
    oriented = _oriented_gradients(grey)
    values, xs, ys = [], [], []
    for cell, step in LAYERS:
        rows, down = _pooling(height, cell, step)
        columns, across = _pooling(width, cell, step)
        pooled = rows @ oriented @ columns.T  # (8, m, n)
        stride = cell // step
        reach = (CELLS - 1) * stride + 1
        windows = sliding_window_view(pooled, (reach, reach), axis=(1, 2))[..., ::stride, ::stride]
        values.append(windows.transpose(1, 2, 3, 4, 0).reshape(-1, LENGTH))
        x, y = np.meshgrid(_middles(across, reach) / width, _middles(down, reach) / height)
        xs.append(x.ravel())
        ys.append(y.ravel())
    return Descriptors(
        _normalised(np.concatenate(values)),
        np.concatenate(xs).astype(np.float32),
        np.concatenate(ys).astype(np.float32),
    )


def _oriented_gradients(grey: Floats) -> Floats:
    """Return the gradient's magnitude shared between its two nearest of eight directions, (8, h, w)."""
    dy, dx = np.gradient(grey)
    magnitude = np.hypot(dx, dy)
    turn = np.arctan2(dy, dx) * np.float32(ORIENTATIONS / (2.0 * np.pi))
    lower = np.floor(turn)
    share = (turn - lower) * magnitude
    first = lower.astype(np.int64) % ORIENTATIONS
    channels = np.zeros((ORIENTATIONS, grey.size), dtype=np.float32)
    points = np.arange(grey.size)
    channels[first.ravel(), points] = (magnitude - share).ravel()
    channels[(first.ravel() + 1) % ORIENTATIONS, points] = share.ravel()
    return channels.reshape(ORIENTATIONS, *grey.shape)


@functools.lru_cache(maxsize=64)
def _pooling(size: int, cell: int, step: int) -> tuple[Floats, Floats]:
    """Return a matrix that weighs pixels by triangles of two cells' width, (n, size), and their middles."""
    middles = np.arange(cell / 2.0, size - cell / 2.0 + 1e-6, step, dtype=np.float32)
    distance = np.abs(np.arange(size, dtype=np.float32) + 0.5 - middles[:, None])
    weights = np.maximum(0.0, 1.0 - distance / cell) / cell
    return weights.astype(np.float32), middles


def _middles(of_cells: Floats, reach: int) -> Floats:
    return (of_cells[: len(of_cells) - reach + 1] + of_cells[reach - 1 :]) / 2.0


def _normalised(raw: Floats) -> Floats:
    length = np.sqrt(np.einsum("ij,ij->i", raw, raw))[:, None]
    values = np.minimum(raw / (length + np.float32(_FLAT)), np.float32(_CLIP))
    values /= np.maximum(values.sum(axis=1, keepdims=True), np.float32(1e-6))
    fade = np.minimum(length / np.float32(_FLAT), np.float32(1.0))  # nothing is described as nothing
    values *= fade
    roots: Floats = np.sqrt(values)
    return roots
