"""The fitted textures that ship: statistics of recordings, one texture for each source, by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural.textures import BANDS, Texture

FILE = Path(__file__).parent / "data" / "textures.npz"

_UPPER = np.triu_indices(BANDS, 1)
_STEPS = {"levels_db": 0.5, "slow_db": 0.1, "fine_db": 0.25, "beat_db": 0.25, "grain_db": 0.5, "grain_slope": 0.02}
"""What a unit of the stored whole numbers is worth, in dB."""
_QUANTILE_STEP = 0.4
_FLOATS = ("beat_hz", "grain_rate", "grain_decay_s")


def packed(library: Mapping[str, Mapping[str, Texture]]) -> dict[str, NDArray[np.generic]]:
    """Return the arrays to store: class → source → texture becomes ``class/field`` (sources, …), whole numbers."""
    out: dict[str, NDArray[np.generic]] = {}
    for name, textures in library.items():
        out[f"{name}/sources"] = np.array(list(textures))
        for field in fields(Texture):
            values = np.stack([getattr(t, field.name) for t in textures.values()])
            out[f"{name}/{field.name}"] = _coded(field.name, values)
    return out


def unpacked(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, dict[str, Texture]]:
    """Return what :func:`packed` was given, to within the steps of the whole numbers."""
    library = {}
    for name in sorted({key.split("/")[0] for key in arrays}):
        values = {f.name: _decoded(f.name, arrays[f"{name}/{f.name}"]) for f in fields(Texture)}
        sources = [str(source) for source in arrays[f"{name}/sources"]]
        library[name] = {
            source: Texture(**{key: many[k] for key, many in values.items()}) for k, source in enumerate(sources)
        }
    return library


@cache
def library() -> Mapping[str, Mapping[str, Texture]]:
    """Return the textures that ship, by class and source; read once."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return unpacked(dict(arrays))


def _coded(name: str, values: NDArray[np.float64]) -> NDArray[np.generic]:
    if name in _FLOATS:
        return values.astype(np.float32)
    if name == "release_db_s":
        return np.round(50.0 * np.log10(values)).astype(np.uint8)
    if name == "modulation":
        return np.clip(np.round(-40.0 * np.log10(np.maximum(values, 1e-6))), 0, 255).astype(np.uint8)
    if name.endswith("correlation"):
        return np.round(127.0 * values[:, _UPPER[0], _UPPER[1]]).astype(np.int8)
    step = _STEPS.get(name, _QUANTILE_STEP)
    return np.clip(np.round(values / step), -127, 127).astype(np.int8)


def _decoded(name: str, stored: NDArray[np.generic]) -> NDArray[np.float64]:
    values = stored.astype(np.float64)
    if name in _FLOATS:
        return values
    if name == "release_db_s":
        return np.asarray(10.0 ** (values / 50.0))
    if name == "modulation":
        shares = np.where(values < 200, 10.0 ** (-values / 40.0), 0.0)
        return np.asarray(shares / shares.sum(axis=-1, keepdims=True))
    if name.endswith("correlation"):
        table = np.zeros((values.shape[0], BANDS, BANDS))
        table[:, _UPPER[0], _UPPER[1]] = values / 127.0
        return np.asarray(table + table.transpose(0, 2, 1) + np.eye(BANDS))
    return values * _STEPS.get(name, _QUANTILE_STEP)
