"""Fisher vectors: how a picture's descriptors differ from what descriptors are like in general.

Sánchez, Perronnin, Mensink & Verbeek, "Image classification with the Fisher vector", IJCV 105 (2013); numbers of
equations are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_THIRDS = tuple((0.0, n / 3, 1.0, (n + 1) / 3) for n in range(3))
_QUARTERS = ((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5), (0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0))
REGIONS = (
    ((0.0, 0.0, 1.0, 1.0), 0.2),
    *((third, 0.4 / 3) for third in _THIRDS),
    *((quarter, 0.4 / 4) for quarter in _QUARTERS),
)
"""What is encoded by itself, as x0, y0, x1, y1 in 0..1, and its share of the squared length (Lazebnik et al. 2006)."""

_FLOOR = 1e-4
_RARE = 1e-3  # posteriors below it are left out


@dataclass(frozen=True, slots=True)
class Mixture:
    """A mixture of k Gaussians with diagonal covariances.

    Parameters
    ----------
    weights : (k,) float32
        Above 0, their sum is 1.
    means, variances : (k, d) float32
    """

    weights: Floats
    means: Floats
    variances: Floats

    def posteriors(self, points: Floats) -> Floats:
        """Return how much each Gaussian stands for each point, (n, d) → (n, k); rows sum to 1 (equation 15)."""
        precision = 1.0 / self.variances
        constant = np.log(self.weights) - 0.5 * (
            np.log(self.variances).sum(axis=1) + (self.means**2 * precision).sum(axis=1)
        )
        log = points @ (self.means * precision).T - 0.5 * (points * points) @ precision.T + constant
        log -= log.max(axis=1, keepdims=True)
        shares: Floats = np.exp(log, out=log)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares


def fitted_mixture(points: Floats, count: int, rng: np.random.Generator, rounds: int = 30) -> Mixture:
    """Fit a mixture by expectation and maximisation, from a few rounds of k-means.

    Parameters
    ----------
    points : (n, d) float32
    count : int
        k ≥ 1.
    rng : numpy.random.Generator
        Draws the first means.
    """
    means = points[rng.choice(len(points), count, replace=False)]
    for _ in range(8):
        nearest = np.argmin((means**2).sum(axis=1) - 2.0 * points @ means.T, axis=1)
        members = [points[nearest == k] for k in range(count)]
        means = np.stack([m.mean(axis=0) if len(m) else means[k] for k, m in enumerate(members)])
    spread = points.var(axis=0)
    mixture = Mixture(
        np.full(count, 1.0 / count, np.float32),
        means.astype(np.float32),
        np.tile(spread, (count, 1)).astype(np.float32),
    )
    for _ in range(rounds):
        shares = mixture.posteriors(points)
        mass = shares.sum(axis=0)[:, None] + _FLOOR
        means = shares.T @ points / mass
        variances = shares.T @ (points * points) / mass - means**2
        mixture = Mixture(
            (mass[:, 0] / mass.sum()).astype(np.float32),
            means.astype(np.float32),
            np.maximum(variances, 0.01 * spread).astype(np.float32),
        )
    return mixture


def fisher_vector(points: Floats, x: Floats, y: Floats, mixture: Mixture) -> Floats:
    """Encode the points of a picture: one part for each region; the length of the whole is 1.

    Parameters
    ----------
    points : (n, d) float32
    x, y : (n,) float32
        Where they are, 0..1.
    mixture : Mixture

    Returns
    -------
    (regions, 2 · k · d) float32
    """
    shares = mixture.posteriors(points)
    shares[shares < _RARE] = 0.0
    deviation = np.sqrt(mixture.variances)
    squares = points * points
    parts = []
    for (x0, y0, x1, y1), length in REGIONS:
        inside = np.flatnonzero((x >= x0) & (x < x1) & (y >= y0) & (y < y1))
        share = shares[inside]
        mass = share.sum(axis=0)[:, None]
        first = share.T @ points[inside]
        second = share.T @ squares[inside] - 2.0 * mixture.means * first + mass * mixture.means**2
        scale = 1.0 / (max(1, len(inside)) * np.sqrt(mixture.weights[:, None]))
        by_mean = scale * (first - mass * mixture.means) / deviation  # (17)
        by_deviation = scale * (second / mixture.variances - mass) / np.sqrt(2.0)  # (18)
        part = np.concatenate([by_mean.ravel(), by_deviation.ravel()])
        part = np.sign(part) * np.sqrt(np.abs(part))  # section 2.3.2, power normalisation
        parts.append(part * (np.sqrt(length) / max(float(np.linalg.norm(part)), 1e-12)))
    return np.stack(parts).astype(np.float32)
