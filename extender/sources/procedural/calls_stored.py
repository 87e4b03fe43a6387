"""The fitted calls and struck things that ship: a few thousand numbers a kind, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural.calls import CallFit, counted
from extender.sources.procedural.struck import Striker, StruckFit

FILE = Path(__file__).parent / "data" / "events.npz"

Arrays = dict[str, NDArray[np.generic]]


def packed(calls: Mapping[str, CallFit], struck: Mapping[str, StruckFit]) -> Arrays:
    """Return the arrays to store, ``kind/field``; principal components become whole numbers and a scale each."""
    out: Arrays = {}
    for name, fit in calls.items():
        weighted = fit.basis * counted(fit.points)
        scale = np.maximum(np.abs(weighted).max(axis=1, initial=0.0), 1e-12) / 127.0
        out |= {
            f"{name}/points": np.array([fit.points, int(fit.voiced)], dtype=np.int16),
            f"{name}/mean": fit.mean.astype(np.float16),
            f"{name}/basis": np.round(weighted / scale[:, None]).astype(np.int8),
            f"{name}/scale": scale.astype(np.float32),
            f"{name}/places": fit.places.astype(np.float32),
            f"{name}/who": fit.who.astype(np.int16),
            f"{name}/statistics": np.array(
                [fit.jitter, fit.shimmer_db, *fit.gap_s, *fit.many], dtype=np.float32
            ),
        }  # fmt: skip
    for name, things in struck.items():
        for field in fields(Striker):
            values = np.stack([getattr(one, field.name) for one in things.strikers])
            exact = field.name in ("hz", "gap_s")
            out[f"{name}/{field.name}"] = values.astype(np.float32 if exact else np.float16)
    return out


def unpacked(arrays: Mapping[str, NDArray[np.generic]]) -> tuple[dict[str, CallFit], dict[str, StruckFit]]:
    """Return what :func:`packed` was given, to within the coarseness of the stored numbers."""
    calls, struck = {}, {}
    for name in sorted({key.split("/")[0] for key in arrays}):
        if f"{name}/mean" in arrays:
            calls[name] = _call_fit(name, arrays)
        else:
            columns = {field.name: np.asarray(arrays[f"{name}/{field.name}"], np.float32) for field in fields(Striker)}
            count = columns["hz"].shape[0]
            struck[name] = StruckFit(
                tuple(Striker(**{key: values[n] for key, values in columns.items()}) for n in range(count))
            )
    return calls, struck


def _call_fit(name: str, arrays: Mapping[str, NDArray[np.generic]]) -> CallFit:
    points, voiced = (int(value) for value in arrays[f"{name}/points"])
    basis = arrays[f"{name}/basis"].astype(np.float32) * arrays[f"{name}/scale"].astype(np.float32)[:, None]
    statistics = arrays[f"{name}/statistics"].astype(np.float32)
    return CallFit(
        points,
        arrays[f"{name}/mean"].astype(np.float32),
        (basis / counted(points)).astype(np.float32),
        arrays[f"{name}/places"].astype(np.float32),
        arrays[f"{name}/who"].astype(np.int16),
        float(statistics[0]),
        float(statistics[1]),
        bool(voiced),
        statistics[2:4],
        statistics[4:6],
    )


@cache
def _library() -> tuple[dict[str, CallFit], dict[str, StruckFit]]:
    with np.load(FILE, allow_pickle=False) as arrays:
        return unpacked(dict(arrays))


def call_fit(name: str) -> CallFit:
    """Return a fitted kind of call by name; read when the first is asked for."""
    return _library()[0][name]


def struck_fit(name: str) -> StruckFit:
    """Return a fitted kind of struck thing by name."""
    return _library()[1][name]
