"""The head: least squares on Fisher vectors, through their inner products; probabilities by one temperature.

With far more features than pictures, w = Xᵀα with (XXᵀ + nλ)α = y: Rifkin, Yeo & Poggio, "Regularized least-squares
classification" (2003). The temperature is fitted as in Guo et al., "On calibration of modern neural networks", ICML
2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]

FOLDS = 5
BINS = 15
"""Of the expected calibration error, as Guo et al. have it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What least squares give for one class after another.

    Parameters
    ----------
    alpha : (n, c) float64
        The weight of each training vector in each class's direction.
    bias : (c,) float64
    """

    alpha: Doubles
    bias: Doubles


def fit(products: Doubles, labels: Labels, classes: int, ridge: float) -> Fit:
    """Solve for one class against all others, all classes at once.

    Parameters
    ----------
    products : (n, n) float64
        Inner products of the training vectors, about 1 on the diagonal.
    labels : (n,) int64
    classes : int
    ridge : float
        λ > 0.
    """
    wanted = 2.0 * np.eye(classes)[labels] - 1.0
    bias = wanted.mean(axis=0)
    alpha = np.linalg.solve(products + len(labels) * ridge * np.eye(len(labels)), wanted - bias)
    return Fit(alpha, bias)


def folds_of(labels: Labels, rng: np.random.Generator) -> Labels:
    """Deal the pictures of each class to FOLDS folds."""
    folds = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        folds[members] = np.arange(len(members)) % FOLDS
    return folds


def held_out_scores(products: Doubles, labels: Labels, classes: int, ridge: float, rng: np.random.Generator) -> Doubles:
    """Score each picture by a head that saw neither it nor its mirror image.

    Parameters
    ----------
    products : (2n, 2n) float64
        Of n pictures, then of their altered mirror images.
    labels : (n,) int64

    Returns
    -------
    (n, c) float64
    """
    count = len(labels)
    folds = folds_of(labels, rng)
    scores = np.zeros((count, classes))
    for fold in range(FOLDS):
        out, seen = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        both = np.concatenate([seen, seen + count])
        head = fit(products[np.ix_(both, both)], np.tile(labels[seen], 2), classes, ridge)
        scores[out] = products[np.ix_(out, both)] @ head.alpha + head.bias
    return scores


def strangers_scores(products: Doubles, labels: Labels, classes: int, ridge: float, most: int) -> Doubles:
    """Score pictures of each class by a head that has never met that class: what a picture of no known place scores.

    Parameters
    ----------
    products, labels, classes, ridge
        As for :func:`held_out_scores`.
    most : int
        Of each class the first so many pictures take part.

    Returns
    -------
    (m, c − 1) float64
    """
    count = len(labels)
    some = np.concatenate([np.flatnonzero(labels == label)[:most] for label in range(classes)])
    scores = []
    for label in range(classes):
        strangers, known = some[labels[some] == label], some[labels[some] != label]
        both = np.concatenate([known, known + count])
        renumbered = labels[known] - (labels[known] > label)
        head = fit(products[np.ix_(both, both)], np.tile(renumbered, 2), classes - 1, ridge)
        scores.append(products[np.ix_(strangers, both)] @ head.alpha + head.bias)
    return np.concatenate(scores)


def fitted_belief(known: Doubles, strangers: Doubles) -> Doubles:
    """Return a and b of sigmoid(a·s + b): how probable a known place is at a highest score s.

    Both kinds count the same, whatever their numbers (Platt 1999).

    Parameters
    ----------
    known, strangers : (n,), (m,) float64
        Highest scores of pictures of known and of unknown places.
    """
    from scipy.optimize import minimize

    def cost(line: Doubles) -> float:
        wrong = np.logaddexp(0.0, -(line[0] * known + line[1])).mean()
        return float(wrong + np.logaddexp(0.0, line[0] * strangers + line[1]).mean())

    return np.asarray(minimize(cost, np.array([1.0, 0.0]), method="BFGS").x, dtype=np.float64)


def probabilities(scores: Doubles, temperature: float) -> Doubles:
    """Return softmax(scores / temperature) along the last axis."""
    scaled = (scores - scores.max(axis=-1, keepdims=True)) / temperature
    raised = np.exp(scaled)
    shares: Doubles = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def fitted_temperature(scores: Doubles, labels: Labels) -> float:
    """Return the temperature with the least cross entropy."""
    from scipy.optimize import minimize_scalar

    def cross_entropy(log_temperature: float) -> float:
        shares = probabilities(scores, float(np.exp(log_temperature)))
        return -float(np.log(shares[np.arange(len(labels)), labels] + 1e-300).mean())

    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-6.0, 3.0), method="bounded").x))


def calibration_error(shares: Doubles, labels: Labels) -> float:
    """Return the expected calibration error, 0..1: how far confidence and accuracy differ (Guo et al., 3)."""
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    number = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    error = 0.0
    for n in np.unique(number):
        members = number == n
        error += float(members.mean()) * abs(float(confidence[members].mean()) - float(right[members].mean()))
    return error


def confusion(told: Labels, labels: Labels, classes: int) -> NDArray[np.int64]:
    """Count pictures by what they show (rows) and what was told (columns)."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (labels, told), 1)
    return table


def class_accuracy(told: Labels, labels: Labels, classes: int) -> Doubles:
    """Return the share that was told rightly of each class, (c,)."""
    table = confusion(told, labels, classes)
    return np.asarray(np.diag(table) / np.maximum(1, table.sum(axis=1)), dtype=np.float64)
