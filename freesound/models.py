"""What the API tells, as values. Tolerant: what is missing or odd becomes None, what is new is kept in ``extra``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from freesound.errors import DecodeError
from freesound.fields import DESCRIPTORS, SPACES
from freesound.licence import Licence, LicenceKind, parse_licence

T = TypeVar("T")
Data = Mapping[str, Any]
UNKNOWN_LICENCE = Licence(LicenceKind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound, with as many of its properties as were asked for; the others are None or empty.

    Parameters
    ----------
    id : int
    name, description, username : str
        As the uploader wrote them: anything, also HTML and slashes.
    licence : Licence
        Unknown where it was not asked for.
    geotag : (float, float) or None
        Latitude and longitude in degrees.
    created : datetime or None
        With time zone.
    type : str
        Of the original: ``"wav"``, ``"aiff"``, …
    duration_s, samplerate_hz : float or None
        0 occurs.
    avg_rating : float or None
        0 to 5 stars; 0 also means fewer than 3 ratings.
    md5 : str
        Of the original, not of the previews.
    previews, images : mapping of str to str
        Addresses by kind, ``"preview-hq-ogg"``. They change; never keep them.
    descriptors : mapping
        What was measured in the sound, as far as asked for and known; see :mod:`freesound.fields`.
    vectors : mapping of str to tuple of float
        Where the sound lies in the similarity spaces.
    more_from_same_pack : int
        With ``group_by_pack``: how many more of this pack were found.
    extra : mapping
        What this version of the client does not know.
    raw : mapping
        Everything as it came.
    """

    id: int
    name: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    url: str = ""
    username: str = ""
    licence: Licence = UNKNOWN_LICENCE
    licence_url: str = ""
    category: str = ""
    subcategory: str = ""
    category_code: str = ""
    category_is_user_provided: bool | None = None
    geotag: tuple[float, float] | None = None
    is_geotagged: bool | None = None
    created: datetime | None = None
    gen_ai_preference: str = ""
    type: str = ""
    channels: int | None = None
    filesize: int | None = None
    bitrate: int | None = None
    bitdepth: int | None = None
    duration_s: float | None = None
    samplerate_hz: float | None = None
    pack_id: int | None = None
    pack_name: str = ""
    num_downloads: int | None = None
    num_ratings: int | None = None
    num_comments: int | None = None
    avg_rating: float | None = None
    is_explicit: bool | None = None
    is_remix: bool | None = None
    was_remixed: bool | None = None
    md5: str = ""
    score: float | None = None
    distance_to_target: float | None = None
    more_from_same_pack: int = 0
    previews: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    images: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    descriptors: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict, repr=False, hash=False)
    extra: Data = field(default_factory=dict, repr=False, hash=False)
    raw: Data = field(default_factory=dict, repr=False, hash=False, compare=False)

    @property
    def page_url(self) -> str:
        """The short address by which Freesound wants a sound to be credited."""
        return f"https://freesound.org/s/{self.id}/"

    def number(self, descriptor: str) -> float | None:
        """Return a measured number, ``number("loudness")``, or None."""
        return as_float(self.descriptors.get(descriptor))

    def flag(self, descriptor: str) -> bool | None:
        """Return a measured yes or no, ``flag("loopable")``, or None."""
        return as_bool(self.descriptors.get(descriptor))


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was measured in a sound."""

    sound_id: int
    descriptors: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict, repr=False, hash=False)
    extra: Data = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack of sounds."""

    id: int
    name: str = ""
    description: str = ""
    username: str = ""
    url: str = ""
    created: datetime | None = None
    num_sounds: int | None = None
    num_downloads: int | None = None
    extra: Data = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``email`` and ``unique_id`` only of oneself."""

    username: str
    url: str = ""
    about: str = ""
    home_page: str = ""
    avatar: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    date_joined: datetime | None = None
    num_sounds: int | None = None
    num_packs: int | None = None
    num_posts: int | None = None
    num_comments: int | None = None
    email: str = field(default="", repr=False)
    unique_id: int | None = None
    extra: Data = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody says about a sound."""

    username: str
    comment: str
    created: datetime | None = None
    extra: Data = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class BookmarkCategory:
    """One's own bookmarks of one kind; 0 = those without category."""

    id: int
    name: str = ""
    url: str = ""
    num_sounds: int | None = None
    extra: Data = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class PendingUploads:
    """One's own uploads on their way: to be described, being processed, waiting for a moderator."""

    description: tuple[str, ...] = ()
    processing: tuple[Any, ...] = ()
    moderation: tuple[Any, ...] = ()
    extra: Data = field(default_factory=dict, repr=False, hash=False)


def as_text(value: Any) -> str:
    """Return text; of None or of anything that is no text, an empty one."""
    return value if isinstance(value, str) else ""


def as_float(value: Any) -> float | None:
    """Return a finite number, also of text; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_int(value: Any) -> int | None:
    """Return a whole number, also of text and of 2.0; else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = as_float(value)
    return int(number) if number is not None and number == int(number) else None


def as_bool(value: Any) -> bool | None:
    """Return yes or no, also of 0, 1 and their names; else None."""
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(str(value).lower())


def as_time(value: Any) -> datetime | None:
    """Return a time with zone; one that names none is UTC."""
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def as_texts(value: Any) -> tuple[str, ...]:
    """Return the texts in a list."""
    return tuple(x for x in value if isinstance(x, str)) if isinstance(value, list) else ()


def as_links(value: Any) -> dict[str, str]:
    """Return the texts in a mapping."""
    return {k: v for k, v in value.items() if isinstance(v, str) and v} if isinstance(value, Mapping) else {}


def as_place(value: Any) -> tuple[float, float] | None:
    """Return latitude and longitude of ``"41.4 2.2"``."""
    numbers = [as_float(part) for part in value.split()] if isinstance(value, str) else []
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        return None
    return (numbers[0], numbers[1]) if abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180 else None


def _as_vector(value: Any) -> tuple[float, ...]:
    numbers = [as_float(x) for x in value] if isinstance(value, list) else []
    return tuple(x for x in numbers if x is not None) if None not in numbers else ()


def _pack_id(value: Any) -> int | None:
    found = re.search(r"/packs/(\d+)/?$", as_text(value))
    return int(found[1]) if found else None


Readers = dict[str, tuple[str, Callable[[Any], Any]]]

_SOUND: Readers = {
    **{name: (name, as_text) for name in (
        "name", "description", "url", "username", "category", "subcategory", "category_code", "gen_ai_preference",
        "type", "pack_name", "md5")},
    **{name: (name, as_bool) for name in (
        "category_is_user_provided", "is_geotagged", "is_explicit", "is_remix", "was_remixed")},
    **{name: (name, as_int) for name in (
        "channels", "filesize", "bitrate", "bitdepth", "num_downloads", "num_ratings", "num_comments")},
    **{name: (name, as_float) for name in ("avg_rating", "score", "distance_to_target")},
    "duration": ("duration_s", as_float),
    "samplerate": ("samplerate_hz", as_float),
    "tags": ("tags", as_texts),
    "geotag": ("geotag", as_place),
    "created": ("created", as_time),
    "pack": ("pack_id", _pack_id),
    "previews": ("previews", as_links),
    "images": ("images", as_links),
    "license": ("licence_url", as_text),
    "n_from_same_pack": ("more_from_same_pack", lambda value: as_int(value) or 0),
}  # fmt: skip
_LINKS = frozenset(("download", "bookmark", "rate", "comments", "comment", "similar_sounds", "more_from_same_pack"))
"""Addresses that the client makes itself; those of the service may point elsewhere."""

_PACK: Readers = {
    **{name: (name, as_text) for name in ("name", "description", "username", "url")},
    "created": ("created", as_time),
    "num_sounds": ("num_sounds", as_int),
    "num_downloads": ("num_downloads", as_int),
}
_USER: Readers = {
    **{name: (name, as_text) for name in ("url", "about", "home_page", "email")},
    **{name: (name, as_int) for name in ("num_sounds", "num_packs", "num_posts", "num_comments", "unique_id")},
    "avatar": ("avatar", as_links),
    "date_joined": ("date_joined", as_time),
}


def read_sound(data: Any) -> Sound | None:
    """Return a sound, or None where there is none: the service's lists have holes."""
    number = as_int(data.get("id")) if isinstance(data, Mapping) else None
    if number is None or number < 0:
        return None
    values, rest = _read(data, _SOUND, skip={"id"} | _LINKS)
    measured, vectors, extra = _measured(rest)
    licence = parse_licence(values["licence_url"]) if values.get("licence_url") else UNKNOWN_LICENCE
    return Sound(
        id=number, licence=licence, descriptors=measured, vectors=vectors, extra=extra, raw=dict(data), **values
    )


def read_analysis(data: Any, sound_id: int) -> Analysis:
    """Return what was measured in a sound."""
    if not isinstance(data, Mapping):
        raise DecodeError(f"analysis of sound {sound_id}: expected an object, got {type(data).__name__}")
    return Analysis(sound_id, *_measured(data))


def read_pack(data: Any) -> Pack | None:
    """Return a pack, or None where there is none."""
    number = as_int(data.get("id")) if isinstance(data, Mapping) else None
    if number is None:
        return None
    values, extra = _read(data, _PACK, skip={"id", "sounds"})
    return Pack(id=number, extra=extra, **values)


def read_user(data: Any) -> User | None:
    """Return a user, or None where there is none."""
    if not isinstance(data, Mapping) or not as_text(data.get("username")):
        return None
    values, extra = _read(data, _USER, skip={"username", "sounds", "packs", "bookmark_categories"})
    return User(username=data["username"], extra=extra, **values)


def read_comment(data: Any) -> Comment | None:
    """Return a comment, or None where there is none."""
    if not isinstance(data, Mapping) or not isinstance(data.get("comment"), str):
        return None
    known = {"username", "comment", "created"}
    extra = {key: value for key, value in data.items() if key not in known}
    return Comment(as_text(data.get("username")), data["comment"], as_time(data.get("created")), extra)


def read_category(data: Any) -> BookmarkCategory | None:
    """Return a category of bookmarks, or None where there is none."""
    number = as_int(data.get("id")) if isinstance(data, Mapping) else None
    if number is None:
        return None
    readers: Readers = {"name": ("name", as_text), "url": ("url", as_text), "num_sounds": ("num_sounds", as_int)}
    values, extra = _read(data, readers, skip={"id", "sounds"})
    return BookmarkCategory(id=number, extra=extra, **values)


def read_pending(data: Any) -> PendingUploads:
    """Return one's own uploads on their way."""
    if not isinstance(data, Mapping):
        raise DecodeError(f"pending uploads: expected an object, got {type(data).__name__}")

    def listed(name: str) -> tuple[Any, ...]:
        value = data.get(f"pending_{name}")
        return tuple(value) if isinstance(value, list) else ()

    names = ("description", "processing", "moderation")
    extra = {key: value for key, value in data.items() if key.removeprefix("pending_") not in names}
    return PendingUploads(as_texts(data.get("pending_description")), listed("processing"), listed("moderation"), extra)


def whole(thing: T | None, what: str) -> T:
    """Return a thing that must be there."""
    if thing is None:
        raise DecodeError(f"{what}: the answer is JSON but not what the API gives: is this address the API's?")
    return thing


def _read(data: Data, readers: Readers, skip: frozenset[str] | set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in data.items():
        if key in readers:
            attribute, read = readers[key]
            values[attribute] = read(value)
        elif key not in skip:
            extra[key] = value
    return values, extra


def _measured(data: Data) -> tuple[dict[str, Any], dict[str, tuple[float, ...]], dict[str, Any]]:
    """Part descriptors and vectors from the rest; what is null was not measured."""
    descriptors: dict[str, Any] = {}
    vectors: dict[str, tuple[float, ...]] = {}
    extra: dict[str, Any] = {}
    for key, value in data.items():
        if key in DESCRIPTORS:
            if value is not None:
                descriptors[key] = value
        elif (space := key.removeprefix("sim_")) in SPACES:
            if vector := _as_vector(value):
                vectors[space] = vector
        else:
            extra[key] = value
    return descriptors, vectors, extra
