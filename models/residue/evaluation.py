"""How well the residue is predicted on families that were never heard, beside everything simpler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixer.bands import BandModel
from mixer.bands_kernels import audible, specific
from mixer.residue import band_weights, grouped
from models.residue.dataset import Example, as_listened
from models.residue.examples import MOST_TRACKS
from models.residue.inputs import GROUPS, from_log, in_log
from models.residue.material import Lesson, track_rows

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

Predict = Callable[[Lesson], F32]
"""Returns the maps of all mixes of a scene in the logarithm, (mixes, frames, 27)."""

GATES = {
    "r2_log": 0.95,
    "r2_scalar": 0.97,
    "of_analytic": 0.5,
    "of_ridge": 0.25,
    "rank": 0.9,
}
"""R² of the map's logarithm and of the scalar at least; squared error as a share of the analytic map's and of the
ridge's at most; rank correlation within scenes at least."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well a model does on scenes.

    Parameters
    ----------
    mse_log, r2_log : float
        Of log(1 + 18 R).
    r2_sone : float
        Of R.
    r2_scalar : float
        Of the mean over time of the sum over groups, one number for each mix.
    rank : float
        Spearman's correlation of that number among the mixes of a scene, mean over scenes.
    slope : float
        Calibration: of measured scalars over predicted ones.
    scalar_error : float
        Mean of |predicted − measured| / measured of the scalars.
    """

    mse_log: float
    r2_log: float
    r2_sone: float
    r2_scalar: float
    rank: float
    slope: float
    scalar_error: float


def score(lessons: Sequence[Lesson], predict: Predict) -> Score:
    """Measure a model on scenes."""
    found = [predict(lesson) for lesson in lessons]
    right = [lesson.target for lesson in lessons]
    y, p = (np.concatenate([a.reshape(-1) for a in each]).astype(np.float64) for each in (right, found))
    sones = [[from_log(a).sum(axis=2).mean(axis=1) for a in each] for each in (right, found)]
    measured, predicted = (np.concatenate(each).astype(np.float64) for each in sones)
    ranks = [_rank_correlation(a, b) for a, b in zip(*sones, strict=True)]
    spread = float(np.square(predicted - predicted.mean()).sum())
    slope = float(((predicted - predicted.mean()) * (measured - measured.mean())).sum()) / spread if spread else 0.0
    return Score(
        mse_log=float(np.square(y - p).mean()),
        r2_log=_r2(y, p),
        r2_sone=_r2(np.expm1(y), np.expm1(np.maximum(p, 0.0))),
        r2_scalar=_r2(measured, predicted),
        rank=float(np.nanmean(ranks)) if not np.isnan(ranks).all() else float("nan"),
        slope=slope,
        scalar_error=float(np.mean(np.abs(predicted - measured) / np.maximum(measured, 1e-6))),
    )


def by_group(lessons: Sequence[Lesson], predict: Predict) -> F64:
    """Return the mean squared error of each group, (27,)."""
    errors = [np.square(predict(lesson) - lesson.target).reshape(-1, GROUPS) for lesson in lessons]
    return np.asarray(np.concatenate(errors).mean(axis=0, dtype=np.float64))


def passed(table: dict[str, Score], name: str) -> dict[str, bool]:
    """Tell which gates a model passes."""
    own, analytic, ridge = table[name], table["analytic"], table["ridge"]
    return {
        "r2_log": own.r2_log >= GATES["r2_log"],
        "r2_scalar": own.r2_scalar >= GATES["r2_scalar"],
        "of_analytic": own.mse_log < GATES["of_analytic"] * analytic.mse_log,
        "of_ridge": own.mse_log < GATES["of_ridge"] * ridge.mse_log,
        "rank": own.rank >= GATES["rank"],
    }


def simple_models(learned: Sequence[Lesson]) -> dict[str, Predict]:
    """Return what a network is compared with, fitted where there is something to fit."""
    mean = np.mean([lesson.target.mean(axis=(0, 1)) for lesson in learned], axis=0)
    ridge = _ridge(learned)
    return {
        "zero": lambda lesson: np.zeros_like(lesson.target),
        "mean of training": lambda lesson: np.broadcast_to(mean, lesson.target.shape).astype(np.float32),
        "neutral mix": lambda lesson: np.broadcast_to(lesson.target[:1], lesson.target.shape),
        "ridge": ridge,
        "quick model": lambda lesson: lesson.inputs.analytic,
    }


def band_model(example: Example, *, held: bool) -> F32:
    """Return the residue of an example's mixes by :class:`mixer.bands.BandModel`, log(1 + 18 R).

    Filters, level lock, fader and place multiply powers, which add; no dynamics, and memory only where ``held``.
    """
    listened, tried = as_listened(example, held=held), example.candidates
    ear = listened.ear
    w = band_weights(ear.centres_hz).astype(np.float32)[:, np.newaxis] * np.float32(24.0 / ear.bands)
    maps = np.zeros_like(example.masked)
    for c in range(len(tried)):
        with BandModel(listened, [True] * len(listened.powers)) as model:
            changes = {}
            for n in range(len(listened.powers)):
                gain = 10.0 ** (tried.eq_db[c, n].astype(np.float64) / 10.0)
                shares = None if np.isnan(tried.shares[c, n]).any() else tried.shares[c, n].astype(np.float64)
                low = 10.0 ** (float(tried.low_db[c, n]) / 10.0)
                powers = model.applied(n, gain[:, np.newaxis, np.newaxis], low, shares)
                changes[n] = powers * np.float32(10.0 ** (tried.fader_db[c, n] / 10.0))
            for own in changes.values():
                rest = np.maximum(sum(changes.values()) - own, 0.0)
                E, N = (ear.excitation(p.reshape(ear.bands, -1)).reshape(p.shape) for p in (own, rest))
                loud, left = np.empty_like(E), np.empty((ear.bands, E.shape[2]), np.float32)
                specific(E, ear.tables, loud)
                audible(loud, E, N, ear.tables, left)
                maps[c] += grouped(ear, w * (loud.max(axis=1) - left))
    return in_log(maps)


def pooled(lesson: Lesson, mix: int) -> F32:
    """Return a frame's features without a network: mean, sum and largest of the tracks' inputs, (frames, 184)."""
    rows = track_rows(lesson.inputs, mix)
    count = np.full((rows.shape[1], 1), len(rows) / MOST_TRACKS, np.float32)
    return np.concatenate([rows.mean(axis=0), rows.sum(axis=0), rows.max(axis=0), count], axis=1)


def side_by_side(lesson: Lesson, mix: int) -> F32:
    """Return the inputs of all tracks in their order, padded, (frames, 12·62)."""
    rows = track_rows(lesson.inputs, mix)
    rows = np.concatenate([rows, np.ones((*rows.shape[:2], 1), np.float32)], axis=2)
    flat = np.zeros((rows.shape[1], MOST_TRACKS, rows.shape[2]), np.float32)
    flat[:, : len(rows)] = rows.transpose(1, 0, 2)
    return flat.reshape(rows.shape[1], -1)


def _ridge(learned: Sequence[Lesson]) -> Predict:
    """Fit the logarithm of the map to the pooled features, λ = 1 in units of their variance."""
    size = pooled(learned[0], 0).shape[1] + 1
    A, b = np.zeros((size, size)), np.zeros((size, GROUPS))
    for lesson in learned:
        for mix in range(len(lesson.target)):
            X = _with_one(pooled(lesson, mix)).astype(np.float64)
            A += X.T @ X
            b += X.T @ lesson.target[mix]
    W = np.linalg.solve(A + np.diag(1.0 + 1e-4 * np.diag(A)), b)
    return lambda lesson: np.stack(
        [(_with_one(pooled(lesson, mix)) @ W).astype(np.float32) for mix in range(len(lesson.target))]
    )  # fmt: skip


def _with_one(features: F32) -> F32:
    return np.concatenate([features, np.ones((len(features), 1), np.float32)], axis=1)


def train_flat(learned: Sequence[Lesson], validated: Sequence[Lesson], *, seed: int, epochs: int) -> Predict:
    """Train the comparator that knows its tracks by their order."""
    import keras  # type: ignore[import-not-found,unused-ignore]

    from models.residue.network import make_flat
    from models.residue.training import BATCH, CLIP, LEARNING_RATE, mixes_of

    keras.utils.set_random_seed(seed)
    network: Any = make_flat(MOST_TRACKS)
    mixes = mixes_of(learned)
    steps = epochs * -(-len(mixes) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    network.compile(keras.optimizers.Adam(rate, global_clipnorm=CLIP), "mse")

    def predict(lesson: Lesson) -> F32:
        x = np.stack([side_by_side(lesson, mix) for mix in range(len(lesson.target))])
        return np.asarray(network(x, training=False))

    best, weights = float("inf"), network.get_weights()
    for epoch in range(epochs):
        order = np.random.default_rng([seed, epoch]).permutation(len(mixes))
        for first in range(0, len(order), BATCH):
            some = [mixes[k] for k in order[first : first + BATCH]]
            x = np.stack([side_by_side(*each) for each in some])
            network.train_on_batch(x, np.stack([lesson.target[mix] for lesson, mix in some]))
        error = float(np.mean([np.square(predict(lesson) - lesson.target).mean() for lesson in validated]))
        if error < best:
            best, weights = error, network.get_weights()
    network.set_weights(weights)
    return predict


def _r2(y: F64, p: F64) -> float:
    return 1.0 - float(np.square(y - p).sum()) / float(np.square(y - y.mean()).sum())


def _rank_correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return Spearman's correlation; NaN where one of them is constant."""
    from scipy.stats import rankdata

    x, y = (rankdata(each) for each in (a, b))
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0.0 else float("nan")
