"""What the network is given of a scene as it was heard, and of the settings tried on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixer.optimise.predictor import Candidates
from models.residue.quick import QuickModel

F32 = NDArray[np.float32]

GROUPS = 27
SETTINGS = GROUPS + 5
"""Equaliser by group, offset, what the level lock does, mean reduction, 1 − 1/ratio, balance."""
MOVING = 2
"""Reduction, and level over the threshold."""
SCALE = 18.0
"""Maps are learned as log(1 + 18 R), R in sone: 4 in units of specific loudness."""
_SILENT = 1e-2
_STARTS = np.arange(GROUPS) * 2
_COUNTS = np.diff(np.append(_STARTS, 55)).astype(np.float32)


class Inputs(NamedTuple):
    """All float32.

    Attributes
    ----------
    levels : (tracks, frames, 27)
        (dB − 30)/30 of the excitation in each Bark, clipped to −2..3.
    settings : (candidates, tracks, 32)
    moving : (candidates, tracks, frames, 2)
    analytic : (candidates, frames, 27)
        log(1 + 18 R) of the quick model.
    """

    levels: F32
    settings: F32
    moving: F32
    analytic: F32


def in_log(maps: F32) -> F32:
    """Return log(1 + 18 R)."""
    return np.asarray(np.log1p(np.float32(SCALE) * np.maximum(maps, np.float32(0.0))), np.float32)


def from_log(values: F32) -> F32:
    """Return R, not below 0, in sone."""
    return np.asarray(np.expm1(np.maximum(values, np.float32(0.0))) / np.float32(SCALE), np.float32)


def inputs_of(model: QuickModel, candidates: Candidates) -> Inputs:
    """Return what the network is given of candidates."""
    worked = model.worked(candidates)
    eq = np.add.reduceat(worked.eq_db, _STARTS, axis=2) / _COUNTS
    ratio = np.maximum(candidates.ratio, np.float32(1.0))
    off = (ratio <= 1.0)[..., np.newaxis]
    over = (model.level_db[..., -1] - candidates.threshold_db[..., np.newaxis]) / np.float32(15.0)
    settings: F32 = np.empty((*ratio.shape, SETTINGS), np.float32)
    settings[..., :GROUPS] = eq / 6.0
    settings[..., GROUPS] = candidates.fader_db / 6.0
    settings[..., GROUPS + 1] = worked.lock_db / 6.0
    settings[..., GROUPS + 2] = worked.down_db.mean(axis=2) / 6.0
    settings[..., GROUPS + 3] = 1.0 - 1.0 / ratio
    settings[..., GROUPS + 4] = worked.shares[..., 0] - worked.shares[..., 1]
    moving = np.empty((*worked.down_db.shape, MOVING), np.float32)
    moving[..., 0] = worked.down_db / 6.0
    moving[..., 1] = np.where(off, np.float32(-2.0), np.clip(over, -2.0, 2.0))
    return Inputs(levels_of(model), settings, moving, in_log(worked.maps))


def levels_of(model: QuickModel) -> F32:
    """Return the level of each Bark of each track as heard, (tracks, frames, 27), of both ears together."""
    groups = np.add.reduceat(model.signal.sum(axis=1), _STARTS, axis=1)
    levels = (10.0 * np.log10(groups + np.float32(_SILENT)) - 30.0) / 30.0
    return np.ascontiguousarray(np.clip(levels, -2.0, 3.0).transpose(0, 2, 1), np.float32)
