"""The place model: how a picture is described, and what its description says of the place."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.places.descriptors import LENGTH, Descriptors, dense_descriptors
from models.places.fisher import REGIONS, Mixture, fisher_vector
from models.places.head import probabilities

Floats = NDArray[np.float32]

SIDE_PX = 200
"""A picture's longer side when it is looked at."""
LEAST_PX = 60
"""Its shorter side at the least: narrow pictures are widened."""
VERSION = 1
_WEIGHTS = "places.npz"


@dataclass(frozen=True, slots=True)
class Encoder:
    """Turns pictures into vectors.

    Parameters
    ----------
    centre : (128,) float32
        Mean descriptor.
    basis : (128, p) float32
        Principal components.
    position : float
        What one width or height of a picture counts for beside them.
    mixture : Mixture
        Of the p + 2 numbers that describe a point.
    """

    centre: Floats
    basis: Floats
    position: float
    mixture: Mixture

    def points(self, found: Descriptors) -> Floats:
        """Return descriptors as points, (n, 128) → (n, p + 2): components, then where."""
        where = np.stack([found.x - 0.5, found.y - 0.5], axis=1) * np.float32(self.position)
        return np.concatenate([(found.values - self.centre) @ self.basis, where], axis=1)

    def __call__(self, grey: Floats) -> Floats:
        """Return the vector of a picture as :func:`prepared` gives it, (regions, 2 · k · (p + 2))."""
        found = dense_descriptors(grey)
        return fisher_vector(self.points(found), found.x, found.y, self.mixture)


@dataclass(frozen=True, slots=True)
class Told:
    """What the model tells of one picture.

    Parameters
    ----------
    shares : dict of str to float
        The probability of each class if it is one of them; their sum is 1.
    known : float
        0..1, how probable it is that it is one of them, if half of all pictures are.
    """

    shares: dict[str, float]
    known: float


@dataclass(frozen=True, slots=True)
class PlaceModel:
    """Tells how probable each of its classes is.

    Parameters
    ----------
    classes : tuple of str
        Names as the training pictures' folders have them: ``"Coast"``, ``"InsideCity"``.
    encoder : Encoder
    weights : (c, regions, m) int8
    scales : (c, regions) float32
        What the weights are multiplied with.
    bias : (c,) float32
    temperature : float
        See :func:`models.places.head.probabilities`.
    belief : (2,) float64
        See :func:`models.places.head.fitted_belief`.
    about : str
        What it was trained on.
    """

    classes: tuple[str, ...]
    encoder: Encoder
    weights: NDArray[np.int8]
    scales: Floats
    bias: Floats
    temperature: float
    belief: NDArray[np.float64]
    about: str = ""

    def __call__(self, pixels: NDArray[np.uint8]) -> Told:
        """Return what a picture shows, as far as it shows one of the classes.

        Parameters
        ----------
        pixels : (h, w) or (h, w, 3) uint8
            Grey, or sRGB.
        """
        vector = self.encoder(prepared(pixels))
        parts = np.einsum("crm,rm->cr", self.weights, vector, optimize=False)
        scores = (parts * self.scales).sum(axis=1) + self.bias
        shares = probabilities(scores, self.temperature)
        known = 1.0 / (1.0 + float(np.exp(-(self.belief[0] * scores.max() + self.belief[1]))))
        return Told(dict(zip(self.classes, (float(share) for share in shares), strict=True)), known)

    def write(self, path: Path) -> None:
        """Write the model to a file, whole or not at all."""
        encoder, mixture = self.encoder, self.encoder.mixture
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                version=np.array(VERSION),
                about=np.array(self.about),
                classes=np.array(self.classes),
                centre=encoder.centre.astype(np.float16),
                basis=encoder.basis.astype(np.float16),
                position=np.array(encoder.position, np.float32),
                mixture_weights=mixture.weights.astype(np.float32),
                means=mixture.means.astype(np.float16),
                variances=mixture.variances.astype(np.float32),
                weights=self.weights,
                scales=self.scales,
                bias=self.bias,
                temperature=np.array(self.temperature, np.float32),
                belief=self.belief,
            )
        part.replace(path)


def read_model(source: Path | bytes) -> PlaceModel:
    """Read a model that :meth:`PlaceModel.write` wrote. Nothing in such a file can run code.

    Raises
    ------
    ValueError
        It is no such file, or of another version.
    OSError
        It cannot be read.
    """
    name = source.name if isinstance(source, Path) else "the packaged place model"
    content = source.read_bytes() if isinstance(source, Path) else source
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            kept: dict[str, Any] = {key: stored[key] for key in stored.files}
        if int(kept["version"]) != VERSION:
            raise ValueError(f"version {kept['version']}")
        return _model_of(kept)
    except Exception as problem:  # a damaged archive may raise anything
        raise ValueError(f"{name}: expected a place model of version {VERSION}, got another file ({problem})") from None


def _model_of(kept: dict[str, Any]) -> PlaceModel:
    single = {key: kept[key].astype(np.float32) for key in ("centre", "basis", "mixture_weights", "means", "variances")}
    model = PlaceModel(
        classes=tuple(map(str, kept["classes"])),
        encoder=Encoder(
            single["centre"],
            single["basis"],
            float(kept["position"]),
            Mixture(single["mixture_weights"], single["means"], single["variances"]),
        ),
        weights=kept["weights"],
        scales=kept["scales"],
        bias=kept["bias"],
        temperature=float(kept["temperature"]),
        belief=kept["belief"],
        about=str(kept["about"]),
    )
    k, d = model.encoder.mixture.means.shape
    shapes = (model.encoder.basis.shape, model.weights.shape, model.scales.shape)
    count = len(model.classes)
    if shapes != ((LENGTH, d - 2), (count, len(REGIONS), 2 * k * d), (count, len(REGIONS))):
        raise ValueError(f"shapes {shapes}")
    return model


@functools.cache
def place_model() -> PlaceModel:
    """Return the model that comes with the package, read once a process."""
    return read_model((files("models") / "weights" / _WEIGHTS).read_bytes())


def prepared(pixels: NDArray[np.uint8]) -> Floats:
    """Return a picture as it is looked at: grey 0..1, the longer side SIDE_PX, the shorter LEAST_PX or more."""
    from PIL import Image

    image = Image.fromarray(pixels).convert("L")
    scale = SIDE_PX / max(image.size)
    size = (max(LEAST_PX, round(image.width * scale)), max(LEAST_PX, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image, dtype=np.float32) / np.float32(255.0)


def quantised(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return weights as int8 and the scale of each class and region, (c, regions, m) → the same and (c, regions)."""
    scales = np.maximum(np.abs(weights).max(axis=2), 1e-12) / 127.0
    return np.round(weights / scales[..., None]).astype(np.int8), scales.astype(np.float32)
