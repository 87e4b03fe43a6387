"""Training: what descriptors are like in general, then a head; all settings were chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.places import head
from models.places.descriptors import LENGTH, dense_descriptors
from models.places.fisher import REGIONS, fitted_mixture
from models.places.model import Encoder, PlaceModel, prepared, quantised
from models.places.pictures import Labelled

COMPONENTS = 64
GAUSSIANS = 64
SAMPLES = 100
"""Descriptors of each picture that the mixture is fitted to."""
RIDGE = 1e-4
STRANGERS = 100
"""Pictures of each class that tell what unknown places score."""
SEED = 2006

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, and what cross-validation on its own training pictures said.

    Parameters
    ----------
    model : PlaceModel
    accuracy : float
        Mean class accuracy held out, 0..1.
    error : float
        Expected calibration error held out, after the temperature.
    """

    model: PlaceModel
    accuracy: float
    error: float


def trained(pictures: Labelled, about: str, told: Told) -> Trained:
    """Train on pictures and altered mirror images of them.

    Parameters
    ----------
    pictures : Labelled
    about : str
        What they are, for the model's file.
    told : function of str
        Is told how far it is.
    """
    rng = np.random.default_rng(SEED)
    told(f"describing {len(pictures.names)} pictures")
    encoder = fitted_encoder(pictures, rng)
    vectors = _vectors(pictures, encoder, rng, told)
    products = np.zeros((len(vectors),) * 2)
    for region in range(len(REGIONS)):
        block = vectors[:, region].astype(np.float32)
        products += block @ block.T
    count = len(pictures.classes)
    scores = head.held_out_scores(products, pictures.labels, count, RIDGE, rng)
    temperature = head.fitted_temperature(scores, pictures.labels)
    strangers = head.strangers_scores(products, pictures.labels, count, RIDGE, STRANGERS)
    belief = head.fitted_belief(scores.max(axis=1), strangers.max(axis=1))
    fit = head.fit(products, np.tile(pictures.labels, 2), count, RIDGE)
    del products
    weights, scales = quantised(_directions(vectors, fit.alpha))
    model = PlaceModel(
        pictures.classes, encoder, weights, scales, fit.bias.astype(np.float32), temperature, belief, about
    )  # fmt: skip
    accuracy = head.class_accuracy(scores.argmax(axis=1), pictures.labels, count).mean()
    error = head.calibration_error(head.probabilities(scores, temperature), pictures.labels)
    return Trained(model, float(accuracy), error)


def fitted_encoder(pictures: Labelled, rng: np.random.Generator) -> Encoder:
    """Find the principal components of descriptors and their mixture, without looking at labels."""
    drawn = []
    for number in range(len(pictures.names)):
        found = dense_descriptors(prepared(pictures.grey(number)))
        some = rng.choice(len(found.values), min(SAMPLES, len(found.values)), replace=False)
        drawn.append(np.concatenate([found.values[some], found.x[some, None], found.y[some, None]], axis=1))
    sample = np.concatenate(drawn)
    values = sample[:, :LENGTH]
    centre = values.mean(axis=0)
    size, directions = np.linalg.eigh(np.cov(values.T))
    basis = directions[:, ::-1][:, :COMPONENTS].astype(np.float16).astype(np.float32)  # as it will be stored
    centre = centre.astype(np.float16).astype(np.float32)
    spread = float(np.sqrt(size[::-1][:COMPONENTS].mean()))
    position = spread / np.sqrt(1.0 / 12.0)  # positions spread as wide as a component does on average
    where = (sample[:, LENGTH:] - 0.5) * np.float32(position)
    points = np.concatenate([(values - centre) @ basis, where], axis=1).astype(np.float32)
    return Encoder(centre, basis, float(position), fitted_mixture(points, GAUSSIANS, rng))


def altered(grey: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a mirror image, a little nearer, softer or sharper, darker or brighter, of the same size.

    Cameras, resampling and compression differ between the sources of the classes; they must not tell the class.
    """
    from PIL import Image, ImageFilter

    mirrored = np.ascontiguousarray(grey[:, ::-1]) ** np.float32(rng.uniform(0.7, 1.4))
    image = Image.fromarray(np.round(mirrored * 255.0).astype(np.uint8))
    size = image.size
    kept = rng.uniform(0.75, 1.0)
    width, height = (kept * side for side in size)
    left, top = rng.uniform(0.0, size[0] - width), rng.uniform(0.0, size[1] - height)
    image = image.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.0, 1.5)))
    else:
        image = image.filter(ImageFilter.UnsharpMask(radius=1.0, percent=int(rng.uniform(0.0, 250.0)), threshold=0))
    return np.asarray(image, dtype=np.float32) / np.float32(255.0)


def _vectors(pictures: Labelled, encoder: Encoder, rng: np.random.Generator, told: Told) -> NDArray[np.float16]:
    """Encode all pictures, then altered mirror images; half precision, for there may be a gigabyte of them."""
    count = len(pictures.names)
    length = 2 * encoder.mixture.means.size
    vectors = np.zeros((2 * count, len(REGIONS), length), dtype=np.float16)
    for number in range(count):
        grey = prepared(pictures.grey(number))
        vectors[number] = encoder(grey)
        vectors[count + number] = encoder(altered(grey, rng))
        if (number + 1) % 500 == 0:
            told(f"{number + 1} of {count} pictures encoded")
    return vectors


def _directions(vectors: NDArray[np.float16], alpha: head.Doubles) -> NDArray[np.float32]:
    """Return w = αᵀX, (c, regions, m)."""
    parts = [alpha.T.astype(np.float32) @ vectors[:, region].astype(np.float32) for region in range(len(REGIONS))]
    return np.stack(parts, axis=1)
