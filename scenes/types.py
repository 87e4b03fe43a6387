"""What is in a picture: small immutable values, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from scenes.errors import SceneError

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""How the JSON reader treats our types: unknown keys, NaN and infinity are errors."""


def _check(ok: bool, owner: str, name: str, expected: str, got: object) -> None:
    if not ok:
        raise SceneError(f"{owner}.{name} must be {expected}, got {got!r}")


def _check_unit(owner: str, **values: float) -> None:
    for name, value in values.items():
        _check(math.isfinite(value) and 0.0 <= value <= 1.0, owner, name, "in 0..1", value)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a picture, in fractions of its width and height; the origin is the upper left corner.

    Raises
    ------
    SceneError
        Unless 0 ≤ x0 < x1 ≤ 1 and 0 ≤ y0 < y1 ≤ 1.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        _check_unit("Box", x0=self.x0, y0=self.y0, x1=self.x1, y1=self.y1)
        _check(self.x0 < self.x1 and self.y0 < self.y1, "Box", "corners", "x0 < x1 and y0 < y1", self)

    @property
    def width(self) -> float:
        """Width in 0..1."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in 0..1."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Share of the picture, 0..1."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The middle (x, y), each in 0..1."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a detector or a scene file says before the camera model has been applied: None = to be worked out.

    Parameters
    ----------
    label : str
    box : Box
    confidence : float
        0..1.
    count : int
        ≥ 1.
    id, importance, azimuth_deg, elevation_deg, distance_m
        As in Detection; whatever is given is kept.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    label: str
    box: Box
    confidence: float = 1.0
    count: int = 1
    id: str | None = None
    importance: float | None = None
    azimuth_deg: float | None = None
    elevation_deg: float | None = None
    distance_m: float | None = None

    def __post_init__(self) -> None:
        _check(bool(self.label), "Sighting", "label", "a non-empty word", self.label)
        _check_unit("Sighting", confidence=self.confidence)
        _check(self.count >= 1, "Sighting", "count", "1 or more", self.count)
        _check(self.id is None or bool(self.id), "Sighting", "id", "a non-empty word, or none", self.id)
        if self.importance is not None:
            _check_unit("Sighting", importance=self.importance)
        if self.azimuth_deg is not None:
            _check(-180.0 <= self.azimuth_deg <= 180.0, "Sighting", "azimuth_deg", "in -180..180", self.azimuth_deg)
        if self.elevation_deg is not None:
            _check(-90.0 <= self.elevation_deg <= 90.0, "Sighting", "elevation_deg", "in -90..90", self.elevation_deg)
        if self.distance_m is not None:
            _check(0.0 < self.distance_m < math.inf, "Sighting", "distance_m", "metres above 0", self.distance_m)


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing, or one group of like things, seen in a picture.

    Parameters
    ----------
    id : str
        Unique in its scene and steady for the same picture, e.g. ``"dog-1"``.
    label : str
        What it is: a concept of the vocabulary, or any word.
    confidence : float
        The detector's, 0..1.
    box : Box
        Where it is; for a group the smallest box around all members.
    importance : float
        0..1, how much it matters in the picture (see ``extender.vision.importance``).
    azimuth_deg, elevation_deg : float
        Direction from the camera: azimuth −180..180, 0 = ahead, + = left; elevation −90..90, + = up.
    distance_m : float
        Metres from the camera, > 0.
    count : int
        How many things it stands for, ≥ 1.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    label: str
    confidence: float
    box: Box
    importance: float
    azimuth_deg: float
    elevation_deg: float
    distance_m: float
    count: int = 1

    def __post_init__(self) -> None:
        _check(bool(self.id), "Detection", "id", "a non-empty word", self.id)
        _check(bool(self.label), "Detection", "label", "a non-empty word", self.label)
        _check_unit("Detection", confidence=self.confidence, importance=self.importance)
        _check(-180.0 <= self.azimuth_deg <= 180.0, "Detection", "azimuth_deg", "in -180..180", self.azimuth_deg)
        _check(-90.0 <= self.elevation_deg <= 90.0, "Detection", "elevation_deg", "in -90..90", self.elevation_deg)
        _check(0.0 < self.distance_m < math.inf, "Detection", "distance_m", "metres above 0", self.distance_m)
        _check(self.count >= 1, "Detection", "count", "1 or more", self.count)


@dataclass(frozen=True, slots=True)
class Place:
    """The kind of place a picture shows.

    Parameters
    ----------
    label : str
        A place of the vocabulary, e.g. ``"street"``.
    confidence : float
        0..1.
    indoor, night : bool
        What the acoustics and the ambience depend on.
    tags : dict[str, float]
        Evidence, each 0..1: ``sky``, ``greenery``, ``water``, ``night``, ``indoor``, …
    source : str
        Who said so: ``"image statistics"``, ``"scene file"``, …
    likely : dict[str, float]
        Where more than one place is plausible: each and its probability, the first being ``label``'s. Their layers of
        sound are mixed in these shares.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    label: str
    confidence: float = 1.0
    indoor: bool = False
    night: bool = False
    tags: dict[str, float] | None = None
    source: str = "scene file"
    likely: dict[str, float] | None = None

    def __post_init__(self) -> None:
        _check(bool(self.label), "Place", "label", "a non-empty word", self.label)
        _check_unit("Place", confidence=self.confidence)
        for name, value in (self.tags or {}).items():
            _check_unit("Place", **{f"tags[{name}]": value})
        for name, value in (self.likely or {}).items():
            _check_unit("Place", **{f"likely[{name}]": value})
        _check(not self.likely or self.label in self.likely, "Place", "likely", f"to hold {self.label!r}", self.likely)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of the picture itself.

    Parameters
    ----------
    name : str
        File name without its folder.
    width, height : int
        Pixels, after the EXIF orientation was applied.
    sha256 : str
        Of the file's bytes.
    hfov_deg : float
        Horizontal field of view, 0 < hfov ≤ 360.
    panorama : bool
        Equirectangular, the whole circle.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    name: str
    width: int
    height: int
    sha256: str
    hfov_deg: float = 65.0
    panorama: bool = False

    def __post_init__(self) -> None:
        _check(self.width >= 1 and self.height >= 1, "Picture", "size", "1×1 or more", (self.width, self.height))
        _check(0.0 < self.hfov_deg <= 360.0, "Picture", "hfov_deg", "in 0..360", self.hfov_deg)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture shows: its things and the place they are in.

    Parameters
    ----------
    place : Place
    detections : tuple of Detection
        Ids are unique.
    picture : Picture, optional
        None for a scene written by hand.
    detector : str
        What found the things, e.g. ``"yolo11n.pt"``, ``"scene file"``, ``"none"``.
    notes : tuple of str
        What a person should know: fallbacks, a first frame taken, things left out.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    place: Place
    detections: tuple[Detection, ...] = ()
    picture: Picture | None = None
    detector: str = "scene file"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ids = [d.id for d in self.detections]
        _check(len(set(ids)) == len(ids), "Scene", "detections", "with unique ids", ids)
