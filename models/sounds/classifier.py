"""A judge that names sounds, trained on recordings alone: two linear models of standardised features, voting.

Multinomial logistic regression with an L2 penalty finds the features that tell classes apart; discriminant analysis
with a shrunken covariance (Ledoit & Wolf 2004) knows how they go together. Their probabilities are averaged. Every
recording counts in several variants (`varied`), so that the judge hears through rooms, microphones and cuts; every
class weighs the same, however many recordings it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize, special

from models.sounds.features import SAMPLE_RATE, Signal, active

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]

CLIPPED = 4.0
"""Standardised features are held within this: a value never met must not decide alone."""
PENALTY = 1e-2
SHRINKAGE = 0.3
LEAST_CROP_S = 1.0


@dataclass(frozen=True, slots=True)
class Judge:
    """A trained judge.

    Attributes
    ----------
    classes : tuple of str
    centre, scale : (n,) float64
        Of every feature over the training sounds.
    weights : (2, n, classes) float64
    biases : (2, classes) float64
    """

    classes: tuple[str, ...]
    centre: Doubles
    scale: Doubles
    weights: Doubles
    biases: Doubles

    def shares(self, values: Doubles) -> Doubles:
        """Return the probabilities of all classes, (sounds, classes), for features (sounds, n)."""
        unit = _standardised(values, self.centre, self.scale)
        return np.asarray(special.softmax(unit @ self.weights + self.biases[:, None], axis=2).mean(axis=0))

    def named(self, values: Doubles) -> Numbers:
        """Return the number of the likeliest class of every sound, (sounds,) int64."""
        return np.asarray(self.shares(values).argmax(axis=1), np.int64)


def _standardised(values: Doubles, centre: Doubles, scale: Doubles) -> Doubles:
    return np.asarray(np.clip((values - centre) / scale, -CLIPPED, CLIPPED))


def trained(classes: tuple[str, ...], values: Doubles, labels: Numbers, weights: Doubles | None = None) -> Judge:
    """Train a judge.

    Parameters
    ----------
    classes : tuple of str
    values : (sounds, n) float64
    labels : (sounds,) int64
        Numbers into ``classes``; every class has a sound at least.
    weights : (sounds,) float64, optional
        What each sound counts within its class; all the same if not given.

    Raises
    ------
    ValueError
        A class has no sound.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    totals = np.bincount(labels, weights, len(classes))
    if not np.all(totals > 0):
        raise ValueError(f"expected sounds of every class, got none of {classes[int(np.argmin(totals))]}")
    each = weights / totals[labels] / len(classes)
    centre = each @ values
    scale = np.sqrt(each @ (values - centre) ** 2) + 1e-6
    unit = _standardised(values, centre, scale)
    pairs = (_logistic(unit, labels, each, len(classes)), _discriminant(unit, labels, each, len(classes)))
    return Judge(classes, centre, scale, np.stack([w for w, _ in pairs]), np.stack([b for _, b in pairs]))


def _logistic(unit: Doubles, labels: Numbers, each: Doubles, count: int) -> tuple[Doubles, Doubles]:
    """Return weights (n, classes) and biases (classes,) that minimise cross entropy + PENALTY/2 · |weights|²."""
    size = unit.shape[1]
    target = np.eye(count)[labels]

    def cost(flat: Doubles) -> tuple[float, Doubles]:
        table = flat.reshape(size + 1, count)
        scores = unit @ table[:-1] + table[-1]
        logs = special.log_softmax(scores, axis=1)
        slope = (np.exp(logs) - target) * each[:, None]
        penalised = PENALTY * table[:-1]
        value = -float(each @ logs[np.arange(len(labels)), labels]) + 0.5 * float((penalised * table[:-1]).sum())
        return value, np.vstack((unit.T @ slope + penalised, slope.sum(axis=0))).ravel()

    found = optimize.minimize(
        cost, np.zeros((size + 1) * count), jac=True, method="L-BFGS-B", options={"maxiter": 300, "ftol": 1e-7}
    )
    table = found.x.reshape(size + 1, count)
    return table[:-1], table[-1]


def _discriminant(unit: Doubles, labels: Numbers, each: Doubles, count: int) -> tuple[Doubles, Doubles]:
    """Return weights and biases of linear discriminant analysis with equal priors."""
    means = np.stack([np.average(unit[labels == k], axis=0, weights=each[labels == k]) for k in range(count)])
    within = unit - means[labels]
    covariance = (within * each[:, None]).T @ within
    share = np.trace(covariance) / len(covariance)
    covariance = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * share * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    return weights, -0.5 * np.einsum("kn,nk->k", means, weights)


def varied(signal: Signal, rng: np.random.Generator) -> Signal:
    """Return the sound as it might have been recorded elsewhere: cut, coloured, in a room, with noise.

    A stretch of 0.6–1 of the active part (1 s at least); half the sounds get early echoes and a tail of 0.15–0.9 s,
    12 dB or more below the sound's power; a smooth equaliser of ±6 dB and a tilt of ±2 dB an octave; and half get
    coloured noise 25–50 dB below.
    """
    sound = active(signal)
    length = min(sound.size, max(round(sound.size * rng.uniform(0.6, 1.0)), round(LEAST_CROP_S * SAMPLE_RATE)))
    start = int(rng.integers(0, sound.size - length + 1))
    sound = sound[start : start + length].astype(np.float64)
    power = float(np.mean(sound**2)) + 1e-20

    tail = round(0.9 * SAMPLE_RATE) if rng.random() < 0.5 else 0
    size = fft.next_fast_len(sound.size + tail, real=True)
    f = fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(f, 30.0) / 1_000.0)
    tilt, knots = rng.uniform(-2.0, 2.0), rng.uniform(-6.0, 6.0, 8)
    gain = 10.0 ** ((tilt * octaves + np.interp(octaves, np.linspace(-5.0, 3.5, 8), knots)) / 20.0)
    spectrum = fft.rfft(sound, size) * gain
    if tail:
        decay = np.exp(-6.9 * np.arange(tail) / SAMPLE_RATE / rng.uniform(0.15, 0.9))
        room = rng.standard_normal(tail) * decay
        room *= 10.0 ** (rng.uniform(-24.0, -12.0) / 20.0) / np.sqrt(np.sum(room**2))
        room[0] = 1.0
        spectrum *= fft.rfft(room, size)
    out = fft.irfft(spectrum, size)[: sound.size + tail // 3]
    if rng.random() < 0.5:
        colour = fft.rfft(rng.standard_normal(size)) * np.maximum(f, 30.0) ** -rng.uniform(0.0, 0.7)
        noise = fft.irfft(colour, size)[: out.size]
        out += noise * np.sqrt(power / np.mean(noise**2)) * 10.0 ** (-rng.uniform(25.0, 50.0) / 20.0)
    return np.asarray(out)
