"""The camera model: from a box in the picture to a direction and a distance from the camera.

A pinhole camera looks along the horizon. With the picture's half width as tan(hfov/2) (Hartley & Zisserman,
*Multiple View Geometry*, 2nd ed., eq. 6.1), a point at fractions (x, y) lies at

    u = (1 − 2x)·tan(hfov/2)              to the left
    v = (1 − 2y)·tan(hfov/2)·height/width upwards
    1                                     ahead

An equirectangular panorama has azimuth and elevation linear in x and y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scenes import Box, Picture, Sighting, Vocabulary

NEAREST_M, FARTHEST_M = 0.5, 200.0
"""Distances are kept within these: nearer nothing is in focus, farther nothing is heard."""

UNKNOWN_HEIGHT_M = 1.0
"""Height of a thing of which the vocabulary knows none."""

_EDGE = 0.005  # a box that comes so near to the upper or lower edge is taken as cut by it
_WIDEST_PINHOLE_DEG = 170.0  # tan grows without bound towards 180°


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the things in a picture are, seen from the camera.

    Parameters
    ----------
    hfov_deg : float
        Horizontal field of view, 0..360; above 170 a pinhole camera counts as 170.
    aspect : float
        Height of the picture divided by its width.
    panorama : bool
        Equirectangular instead of pinhole.
    """

    hfov_deg: float = 65.0
    aspect: float = 2.0 / 3.0
    panorama: bool = False

    @classmethod
    def of(cls, picture: Picture | None) -> Camera:
        """Return the camera that took a picture; the default one for a scene without picture."""
        return cls() if picture is None else cls(picture.hfov_deg, picture.height / picture.width, picture.panorama)

    @property
    def half_width(self) -> float:
        """Half the picture's width at distance 1."""
        return math.tan(math.radians(min(self.hfov_deg, _WIDEST_PINHOLE_DEG)) / 2.0)

    @property
    def vfov_deg(self) -> float:
        """Vertical field of view, degrees."""
        if self.panorama:
            return min(180.0, self.hfov_deg * self.aspect)
        return math.degrees(2.0 * math.atan(self.half_width * self.aspect))

    def direction(self, x: float, y: float) -> tuple[float, float]:
        """Return azimuth (+ = left, −180..180) and elevation (+ = up, −90..90) of a point (0..1), degrees."""
        if self.panorama:
            return (0.5 - x) * self.hfov_deg, (0.5 - y) * self.vfov_deg
        u, v = self._plane(x, y)
        return math.degrees(math.atan(u)), math.degrees(math.atan2(v, math.hypot(1.0, u)))

    def distance_m(self, box: Box, height_m: float | None) -> float:
        """Return how far a thing of known height is that fills a box, in metres, within 0.5..200.

        Depth = height / (height of the box on the plane at distance 1); the distance is that along the ray through
        the box's centre. In a panorama: height / (2·tan(angle/2)). A box cut by the picture's upper or lower edge is
        taken to show half of the thing, cut by both a quarter: so it is nearer by as much.

        Parameters
        ----------
        box : Box
        height_m : float or None
            Typical height of such a thing; None = unknown, taken as 1 m.
        """
        cut = (box.y0 <= _EDGE) + (box.y1 >= 1.0 - _EDGE)
        visible_m = (height_m or UNKNOWN_HEIGHT_M) / 2.0**cut
        if self.panorama:
            metres = visible_m / (2.0 * math.tan(math.radians(box.height * self.vfov_deg) / 2.0))
        else:
            depth = visible_m / (2.0 * self.half_width * self.aspect * box.height)
            metres = depth * math.hypot(1.0, *self._plane(*box.centre))
        return min(FARTHEST_M, max(NEAREST_M, metres))

    def _plane(self, x: float, y: float) -> tuple[float, float]:
        return (1.0 - 2.0 * x) * self.half_width, (1.0 - 2.0 * y) * self.half_width * self.aspect


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a thing is."""

    azimuth_deg: float
    elevation_deg: float
    distance_m: float


def locate(sighting: Sighting, camera: Camera, vocabulary: Vocabulary) -> Placement:
    """Return where a thing is: what the sighting already says is kept, the rest is worked out."""
    azimuth_deg, elevation_deg = camera.direction(*sighting.box.centre)
    distance_m = sighting.distance_m
    if distance_m is None:
        concept = vocabulary.find(sighting.label)
        distance_m = camera.distance_m(sighting.box, concept.height_m if concept else None)
    return Placement(
        azimuth_deg if sighting.azimuth_deg is None else sighting.azimuth_deg,
        elevation_deg if sighting.elevation_deg is None else sighting.elevation_deg,
        distance_m,
    )
