"""Scene files: what is in a picture, written down for people to edit. Reads our JSON, COCO JSON and YOLO text.

The format is described in ``docs/scene-file.md``.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from scenes.coco import COCO_LABELS
from scenes.errors import SceneError
from scenes.fields import Fields, Json, box_of, load_json, made, repeated, shown, text_of
from scenes.foreign import coco_sightings, is_coco, yolo_sightings
from scenes.types import Box, Place, Scene, Sighting
from scenes.vocabulary import load_vocabulary

VERSION = 1
"""Of the scene file's schema."""

MAX_BYTES = 50_000_000
"""No scene file is larger."""

_BOX = ("x0", "y0", "x1", "y1")
_DERIVED = ("importance", "azimuth_deg", "elevation_deg", "distance_m")
_OF_MEMBERS = ("importance", "distance_m")
"""What of a group follows from its members' boxes, which the file no longer has."""


@dataclass(frozen=True, slots=True)
class SceneDraft:
    """What a scene file says; what it leaves open is worked out from the picture.

    Parameters
    ----------
    place : Place or None
        None = to be found from the picture.
    sightings : tuple of Sighting
        Their ids, where given, are unique.
    """

    place: Place | None
    sightings: tuple[Sighting, ...]

    def __post_init__(self) -> None:
        ids = [sighting.id for sighting in self.sightings if sighting.id is not None]
        for twice in repeated(ids):
            raise SceneError(f"objects: expected every id once, got {shown(twice)} twice")


def read_scene_file(
    path: Path, *, picture_name: str | None = None, picture_size: tuple[int, int] | None = None
) -> SceneDraft:
    """Read a scene file, a COCO annotation file, or a YOLO label file; which it is shows from its content.

    Parameters
    ----------
    path : Path
    picture_name : str, optional
        File name of the picture: picks one of a COCO file's images.
    picture_size : (int, int), optional
        Width and height in pixels: for a COCO file that does not give them, and to notice one for another picture.

    Returns
    -------
    SceneDraft
        Boxes in fractions of the picture; a COCO or YOLO file says nothing of the place.

    Raises
    ------
    SceneError
        One line: the file, where in it, what was expected and what came.
    """
    text = _text_of_file(path)
    try:
        if text.lstrip()[:1] in ("{", "[") or path.suffix.lower() == ".json":
            return _draft(load_json(text), picture_name, picture_size)
        if not text.strip() and path.suffix.lower() != ".txt":
            raise SceneError("expected a scene, got an empty file")
        return SceneDraft(None, yolo_sightings(text, _class_names(path)))
    except SceneError as error:
        raise SceneError(f"{path.name}: {error}") from None


def read_example(name: str = "street") -> SceneDraft:
    """Return an example scene that comes with the package.

    Raises
    ------
    SceneError
        There is none of that name; the message lists those there are.
    """
    folder = files("scenes") / "data" / "examples"
    there = sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))
    if name not in there:
        raise SceneError(f"example scene: expected {', '.join(there)}, got {shown(name)}")
    return _draft(load_json((folder / f"{name}.json").read_text(encoding="utf-8")), None, None)


def scene_to_json(scene: Scene, *, full: bool = False) -> str:
    """Return a scene as the text of a scene file.

    Parameters
    ----------
    scene : Scene
    full : bool
        Also write what follows from a box and the camera (importance, direction, distance). Without, a box or label
        that is edited by hand takes its sound along; importance and distance of groups are written all the same, for
        they follow from boxes of members that are gone.
    """
    place = {key: value for key, value in asdict(scene.place).items() if value is not None}
    objects = []
    for detection in scene.detections:
        row = asdict(detection)
        left_out = () if full else [key for key in _DERIVED if detection.count == 1 or key not in _OF_MEMBERS]
        objects.append({key: value for key, value in row.items() if key not in left_out})
    document: dict[str, object] = {"version": VERSION}
    if scene.picture is not None:
        document["picture"] = scene.picture.name
    document |= {"place": place, "objects": objects}
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def write_scene_file(path: Path, scene: Scene, overwrite: bool = False, *, full: bool = False) -> None:
    """Write a scene file whole or not at all; ``full`` as in :func:`scene_to_json`.

    Raises
    ------
    SceneError
        The file exists and ``overwrite`` is false, or it cannot be written.
    """
    if path.exists() and not overwrite:
        raise SceneError(f"{path}: expected a new file, but it exists; choose another name or allow overwriting")
    text = scene_to_json(scene, full=full)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        raise SceneError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _text_of_file(path: Path) -> str:
    try:
        if not path.is_file():
            raise SceneError(f"{path}: expected a scene file, got {'a folder' if path.is_dir() else 'no such file'}")
        if path.stat().st_size > MAX_BYTES:
            raise SceneError(f"{path.name}: expected a scene file of at most {MAX_BYTES / 1e6:g} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SceneError(f"{path}: expected a file that can be read, got {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SceneError(f"{path.name}: byte {error.start}: expected text in UTF-8, got other bytes") from None


def _class_names(path: Path) -> tuple[str, ...]:
    """Return the names that a YOLO file's class numbers stand for: its neighbour's, or COCO's."""
    neighbour = path.with_name("classes.txt")
    if not neighbour.is_file():
        return COCO_LABELS
    lines = _text_of_file(neighbour).splitlines()
    return tuple(text_of(line, f"{neighbour.name} line {n}") for n, line in enumerate(lines, 1) if line.strip())


def _draft(document: Json, picture_name: str | None, picture_size: tuple[int, int] | None) -> SceneDraft:
    if isinstance(document, list):
        if document and isinstance(document[0], dict) and "image_id" in document[0]:
            raise SceneError("expected COCO annotations, got COCO results; they name no pictures and no labels")
        raise SceneError("expected an object with version, place and objects, got a list")
    if isinstance(document, dict) and is_coco(document):
        return SceneDraft(None, coco_sightings(document, picture_name, picture_size))
    return _own_draft(Fields.of(document, "", ("version", "picture", "comment", "place", "objects")))


def _own_draft(fields: Fields) -> SceneDraft:
    version = fields.whole("version")
    if version != VERSION:
        raise SceneError(f"version: expected {VERSION}, got {shown(version)}")
    for note in ("picture", "comment"):  # for people; checked and not used
        fields.optional_text(note)
    place = fields.get("place")
    objects = fields.items("objects")
    return SceneDraft(
        None if place is None else _place(place),
        tuple(_sighting(value, f"objects[{n}]") for n, value in enumerate(objects)),
    )


def _place(value: Json) -> Place:
    vocabulary = load_vocabulary()
    if isinstance(value, str):
        label = text_of(value, "place")
        known = vocabulary.find_place(label)
        if known is None:
            raise SceneError(f"place: expected a place of the vocabulary, got {shown(label)}{_meant(label)}")
        return Place(label=known.name, indoor=known.indoor)
    fields = Fields.of(value, "place", ("label", "confidence", "indoor", "night", "tags", "source", "likely"))
    label = fields.text("label")
    known = vocabulary.find_place(label)
    return made(
        Place,
        "place",
        label=label,
        confidence=fields.number("confidence", default=1.0),
        indoor=fields.yes("indoor", default=known is not None and known.indoor),
        night=fields.yes("night", default=False),
        tags=_shares(fields.get("tags"), "place.tags"),
        source=fields.optional_text("source") or "scene file",
        likely=_shares(fields.get("likely"), "place.likely"),
    )


def _shares(value: Json, where: str) -> dict[str, float] | None:
    if value is None:
        return None
    shares = Fields.of(value, where)
    return {text_of(key, shares.at(key)): shares.number(key) for key in shares.values}


def _meant(label: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(label.lower()[:80], load_vocabulary().places, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else "; for any other place write its label and indoor"


def _sighting(value: Json, where: str) -> Sighting:
    fields = Fields.of(value, where, ("id", "label", "confidence", "box", "count", *_DERIVED))
    return made(
        Sighting,
        where,
        label=fields.text("label"),
        box=_box(fields.get("box"), f"{where}.box"),
        confidence=fields.number("confidence", default=1.0),
        count=fields.whole("count", default=1),
        id=fields.optional_text("id"),
        **{key: fields.optional_number(key) for key in _DERIVED},
    )


def _box(value: Json, where: str) -> Box:
    if isinstance(value, list):
        if len(value) != len(_BOX):
            raise SceneError(f"{where}: expected [x0, y0, x1, y1], got {len(value)} values")
        value = dict(zip(_BOX, value, strict=True))
    if not isinstance(value, dict):
        raise SceneError(f"{where}: expected {{x0, y0, x1, y1}} or [x0, y0, x1, y1], got {shown(value)}")
    fields = Fields.of(value, where, _BOX)
    return box_of(where, *(fields.number(key) for key in _BOX))
