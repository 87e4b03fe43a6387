"""Scene files of others: COCO annotations and YOLO label text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from scenes.errors import SceneError
from scenes.fields import MAX_OBJECTS, Fields, Json, box_of, made, number_of, shown
from scenes.types import Sighting

CROWD_COUNT = 12
"""COCO marks a crowd without counting it: it is taken as a dozen."""

ASPECT_TOLERANCE = 0.05
"""How far the annotated size's aspect ratio may be from the picture's before it must be another picture."""


def is_coco(document: dict[str, Json]) -> bool:
    """Return whether a JSON object looks like a COCO annotation file rather than one of ours."""
    return "annotations" in document or "images" in document


def coco_sightings(
    document: dict[str, Json], picture_name: str | None, picture_size: tuple[int, int] | None
) -> tuple[Sighting, ...]:
    """Return what a COCO annotation file says of one picture.

    Parameters
    ----------
    document : dict
        With ``images``, ``categories`` and ``annotations``; other keys are passed over.
    picture_name : str or None
        Which image is meant; not needed where there is only one.
    picture_size : (int, int) or None
        Width and height of the picture at hand, pixels.

    Raises
    ------
    SceneError
        Naming the field.
    """
    top = Fields.of(document, "")
    labels = {_key(f, "id"): f.text("name") for f in _objects(top, "categories")}
    image = _image(_objects(top, "images"), picture_name)
    width, height = _size(image, picture_size)
    wanted = _key(image, "id")
    return tuple(
        _coco_sighting(annotation, labels, width, height)
        for annotation in _objects(top, "annotations")
        if _key(annotation, "image_id") == wanted
    )


def _objects(top: Fields, key: str) -> list[Fields]:
    return [Fields.of(value, f"{key}[{n}]") for n, value in enumerate(top.items(key))]


def _key(fields: Fields, key: str) -> int | str:
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise SceneError(f"{fields.at(key)}: expected a number or text, got {shown(value)}")
    return value


def _image(images: list[Fields], picture_name: str | None) -> Fields:
    if len(images) == 1:
        return images[0]
    if picture_name is None:
        raise SceneError(
            f"images: expected one image, or the name of the picture to choose by, got {len(images)} images"
        )
    name = Path(picture_name).name
    for image in images:
        if PureWindowsPath(image.text("file_name")).name == name:
            return image
    raise SceneError(f"images: expected one named {shown(name)}, got {len(images)} others")


def _size(image: Fields, picture_size: tuple[int, int] | None) -> tuple[float, float]:
    if picture_size is not None and "width" not in image.values and "height" not in image.values:
        return picture_size
    width, height = image.number("width"), image.number("height")
    if width < 1 or height < 1:
        raise SceneError(f"{image.where}: expected a size of 1×1 or more, got {width:g}×{height:g}")
    if picture_size is not None:
        aspect = (width / height) / (picture_size[0] / picture_size[1])
        if abs(aspect - 1.0) > ASPECT_TOLERANCE:
            got = f"{picture_size[0]}×{picture_size[1]}"
            raise SceneError(f"{image.where}: expected a picture of the shape {width:g}×{height:g}, got one of {got}")
    return width, height


def _coco_sighting(fields: Fields, labels: dict[int | str, str], width: float, height: float) -> Sighting:
    category = _key(fields, "category_id")
    if category not in labels:
        raise SceneError(f"{fields.at('category_id')}: expected one of the categories, got {shown(category)}")
    bbox = fields.items("bbox")
    where = fields.at("bbox")
    if len(bbox) != 4:
        raise SceneError(f"{where}: expected [x, y, width, height], got {len(bbox)} values")
    x, y, w, h = (number_of(value, f"{where}[{n}]") for n, value in enumerate(bbox))
    crowd = fields.get("iscrowd") in (1, True)
    return made(
        Sighting,
        fields.where,
        label=labels[category],
        box=box_of(where, x / width, y / height, (x + w) / width, (y + h) / height),
        confidence=fields.number("score", default=1.0),
        count=CROWD_COUNT if crowd else 1,
    )


def yolo_sightings(text: str, class_names: Sequence[str]) -> tuple[Sighting, ...]:
    """Return what a YOLO label file says: a line a thing, ``class x_centre y_centre width height [confidence]``.

    Parameters
    ----------
    text : str
        Numbers are fractions of the picture.
    class_names : sequence of str
        What the class numbers stand for.

    Raises
    ------
    SceneError
        Naming the line.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MAX_OBJECTS:
        raise SceneError(f"expected at most {MAX_OBJECTS:,} lines, got {len(lines):,}")
    return tuple(_yolo_sighting(words, f"line {number}", class_names) for number, words in lines)


def _yolo_sighting(words: list[str], where: str, class_names: Sequence[str]) -> Sighting:
    if len(words) not in (5, 6):
        outline = "; outlines of segments are not read" if len(words) > 6 else ""
        raise SceneError(f"{where}: expected class x y width height [confidence], got {len(words)} values{outline}")
    number = int(words[0]) if words[0].isascii() and words[0].isdigit() and len(words[0]) < 9 else -1
    if not 0 <= number < len(class_names):
        raise SceneError(f"{where}: expected the number of one of {len(class_names)} classes, got {shown(words[0])}")
    x, y, w, h, *rest = (_yolo_number(word, where) for word in words[1:])
    return made(
        Sighting,
        where,
        label=class_names[number],
        box=box_of(where, x - w / 2, y - h / 2, x + w / 2, y + h / 2),
        confidence=rest[0] if rest else 1.0,
    )


def _yolo_number(word: str, where: str) -> float:
    try:
        return number_of(float(word), where)
    except ValueError as error:
        if isinstance(error, SceneError):
            raise
        raise SceneError(f"{where}: expected numbers, got {shown(word)}") from None
