"""What every detector offers, and what it raises when it cannot be used here."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from extender.errors import InstallError
from scenes import Place, Sighting

Pixels = NDArray[np.uint8]
"""A picture: uint8, (height, width, 3), sRGB red, green, blue."""


class DetectorUnavailable(InstallError):  # noqa: N818  # a state that a render survives
    """A detector's own packages are not installed. The message names the command that mends it."""


class Detector(Protocol):
    """Finds things in a picture. Entry-point group ``extender.detectors``."""

    name: str

    def detect(self, pixels: Pixels) -> list[Sighting]:
        """Return what is seen, the most confident first; an empty list when nothing is.

        Raises
        ------
        extender.errors.ExtenderError
            One line.
        """
        ...


class PlaceModel(Protocol):
    """Tells from a picture alone how probable places are. Entry-point group ``extender.place_models``."""

    name: str

    def places(self, pixels: Pixels) -> dict[str, float]:
        """Return places of the vocabulary and their probabilities, together 1 or less.

        Raises
        ------
        extender.errors.ExtenderError
            One line.
        """
        ...


class PlaceTagger(Protocol):
    """Tells what kind of place a picture shows."""

    def tag(self, pixels: Pixels, sightings: list[Sighting]) -> Place:
        """Return the place; a picture that tells nothing gives a place of low confidence, never an error."""
        ...
