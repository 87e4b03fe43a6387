"""Uploaded sounds: checking a description, and what waits for one. All of it stays in memory."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.freesound_server.catalogue import AUDIO_TYPES
from tests.freesound_server.taxonomy import CATEGORIES, SUBCATEGORIES

LICENCES = ("Attribution", "Attribution NonCommercial", "Creative Commons 0")
_REQUIRED = "This field is required."
Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file without a description."""

    filename: str
    content: bytes


def read_upload(filename: str, content: bytes) -> Upload | None:
    """Return the upload; None where it is no audio file."""
    import soundfile

    name = PurePosixPath(filename.replace("\\", "/")).name
    if PurePosixPath(name).suffix[1:].lower() not in AUDIO_TYPES:
        return None
    try:
        soundfile.info(io.BytesIO(content))
    except (soundfile.LibsndfileError, RuntimeError):
        return None
    return Upload(name, content)


def description_errors(form: Mapping[str, str], *, required: bool = True) -> Errors:
    """Return what is wrong with a description, by field; an empty dictionary = nothing."""
    errors: Errors = {}
    for name in ("tags", "description", "license") if required else ():
        if not form.get(name, "").strip():
            errors[name] = [_REQUIRED]
    tags = form.get("tags", "").split()
    if tags and not 3 <= len(set(tags)) <= 30:
        few = "You should add at least 3 tags..." if len(set(tags)) < 3 else "There can be maximum 30 tags..."
        errors["tags"] = [few]
    licence = form.get("license")
    if licence and licence not in LICENCES:
        errors["license"] = [f'"{licence}" is not a valid choice.']
    code = form.get("bst_category")
    if code and not _known_category(code):
        errors["bst_category"] = [f'"{code}" is not a valid choice.']
    geotag = form.get("geotag")
    if geotag and not _valid_geotag(geotag):
        errors["geotag"] = [
            "Geotag should have the format 'float,float,integer' (for latitude, longitude and zoom respectively)."
        ]
    return errors


def _known_category(code: str) -> bool:
    family, _, rest = code.partition("-")
    return code in SUBCATEGORIES or (family in CATEGORIES and rest == "other")


def _valid_geotag(text: str) -> bool:
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?),(\d+)", text.replace(" ", ""))
    if found is None:
        return False
    return abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180 and int(found[3]) >= 11
