"""The sounds of the site: what a folder of recordings would look like on Freesound.

Whatever the manifest does not say (ratings, downloads, dates, places on the map) is derived from a hash of the
file's path: always the same for the same file, whichever other files lie beside it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.freesound_server.taxonomy import classify
from tests.freesound_server.text import spread

AUDIO_TYPES = ("wav", "ogg", "aiff", "aif", "mp3", "flac", "m4a", "wv")
MAX_MANIFEST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Deed:
    """A licence as the service knows it: ``name`` in filters, ``url`` in answers."""

    name: str
    url: str

    @property
    def version(self) -> str:
        """``"3.0"``; empty where the address has none."""
        found = re.search(r"/(\d\.\d)/?$", self.url)
        return found[1] if found else ""


CC0 = Deed("Creative Commons 0", "http://creativecommons.org/publicdomain/zero/1.0/")
SAMPLING = Deed("Sampling+", "http://creativecommons.org/licenses/sampling+/1.0/")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a sound."""

    username: str
    comment: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack: sounds of one user under one name."""

    id: int
    name: str
    username: str
    created: datetime
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound of the site.

    Parameters
    ----------
    id : int
    name, username : str
    path : Path or None
        The original; None for a sound whose file is missing.
    type : str
        Ending of the original, without the dot.
    tags : tuple of str
    description : str
    deed : Deed
    created : datetime
        With time zone.
    duration_s : float or None
        None = read from the file when first asked for.
    pack : Pack or None
    category_code : str or None
        Code of the Broad Sound Taxonomy, ``"fx-a"``.
    category_is_user_provided : bool
    geotag : tuple of two float, or None
        Latitude and longitude in degrees.
    num_downloads, num_ratings : int
    rating : float
        Mean of the ratings, 0..10.
    is_explicit, is_remix, was_remixed : bool
    classes : tuple of str
        What a classifier hears in it.
    comments : tuple of Comment
    descriptors : mapping or None
        Descriptors that are given instead of measured; an empty one = never analysed.
    state : {"ok", "pending", "ghost"}
        ``pending`` is not in the index yet; ``ghost`` is in the index only, so that searches give null for it.
    has_previews : bool
    label : str
        What the manifest says it is; nothing of the API shows it.
    """

    id: int
    name: str
    username: str
    path: Path | None
    type: str
    tags: tuple[str, ...]
    description: str
    deed: Deed
    created: datetime
    duration_s: float | None = None
    pack: Pack | None = None
    category_code: str | None = None
    category_is_user_provided: bool = False
    geotag: tuple[float, float] | None = None
    num_downloads: int = 0
    num_ratings: int = 0
    rating: float = 0.0
    is_explicit: bool = False
    is_remix: bool = False
    was_remixed: bool = False
    gen_ai_preference: str = "no-additional-preferences"
    classes: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    descriptors: Mapping[str, Any] | None = None
    state: str = "ok"
    has_previews: bool = True
    label: str = ""

    @property
    def shown_rating(self) -> float:
        """Mean rating 0..10 as it is indexed: 0 with fewer than three ratings."""
        return self.rating if self.num_ratings >= 3 else 0.0


@dataclass(slots=True)
class Catalogue:
    """All sounds by id, in the order of the index.

    Parameters
    ----------
    sounds : dict of int to Sound
    user_ids : dict of str to int
        Users whose ids matter; all others get one from their name.
    joined : dict of str to str
        When a user joined, where it matters.
    """

    sounds: dict[int, Sound] = field(default_factory=dict)
    user_ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, sounds: Iterable[Sound], user_ids: Mapping[str, int] | None = None) -> Catalogue:
        """Make one of ``sounds``."""
        return cls({sound.id: sound for sound in sounds}, dict(user_ids or {}))

    def __iter__(self) -> Iterator[Sound]:
        return iter(tuple(self.sounds.values()))

    def __len__(self) -> int:
        return len(self.sounds)

    def get(self, sound_id: int) -> Sound | None:
        """Return a sound the database has (no ghosts)."""
        sound = self.sounds.get(sound_id)
        return None if sound is None or sound.state == "ghost" else sound

    def indexed(self) -> list[Sound]:
        """Return what searches see."""
        return [sound for sound in self if sound.state != "pending"]

    def of_user(self, username: str) -> list[Sound]:
        """Return the public sounds of a user."""
        return [sound for sound in self if sound.state == "ok" and sound.username == username]

    def usernames(self) -> set[str]:
        """Return everybody who has a sound or an id."""
        return {sound.username for sound in self if sound.state != "ghost"} | set(self.user_ids)

    def packs(self) -> dict[int, Pack]:
        """Return all packs by id."""
        return {sound.pack.id: sound.pack for sound in self if sound.pack and sound.state == "ok"}

    def user_id(self, username: str) -> int:
        """Return the number of a user."""
        return self.user_ids.get(username) or 1 + spread("user", username) % 9_999_999


def read_folder(folder: Path) -> Catalogue:
    """Read a folder of recordings, with its ``manifest.csv`` where it has one.

    The manifest's columns are ``file, label, seconds, licence, author, source_url`` and optionally ``title, tags,
    description``. Without it, every audio file counts, its label is the name of its folder (or its own), its licence
    CC0. Nothing outside ``folder`` is ever taken, whatever the manifest or a link says.

    Raises
    ------
    FileNotFoundError
        Where the folder is missing.
    """
    root = folder.resolve(strict=True)
    manifest = root / "manifest.csv"
    rows = _manifest_rows(manifest) if manifest.is_file() else _plain_rows(root)
    used: set[int] = set()
    sounds = []
    for row in sorted(rows, key=lambda row: row["file"]):
        path = (root / row["file"]).resolve()
        if path.is_relative_to(root) and path.is_file() and path.suffix[1:].lower() in AUDIO_TYPES:
            sounds.append(_sound(row, path, used))
    return Catalogue.of(_with_packs(sounds, root))


def _manifest_rows(manifest: Path) -> list[dict[str, str]]:
    if manifest.stat().st_size > MAX_MANIFEST_BYTES:
        raise ValueError(f"{manifest}: expected a manifest below 16 MiB; shorten it")
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        return [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(file) if row.get("file")]


def _plain_rows(root: Path) -> list[dict[str, str]]:
    files = (path.relative_to(root) for path in root.rglob("*") if path.suffix[1:].lower() in AUDIO_TYPES)
    return [
        {"file": path.as_posix(), "label": path.parent.name if path.parent.name else _plain_words(path.stem)}
        for path in files
    ]


def _sound(row: Mapping[str, str], path: Path, used: set[int]) -> Sound:
    key = row["file"]
    label = _plain_words(row.get("label") or path.stem)
    author = row.get("author") or "anonymous"
    seconds = float(row["seconds"]) if row.get("seconds") else None
    category, classes = classify(label, seconds or 0.0)
    downloads = int(10 ** (1.0 + 3.5 * _share(key, "downloads")))
    ratings = int(downloads ** (0.25 + 0.5 * _share(key, "votes"))) if _share(key, "rated") > 0.25 else 0
    created = datetime(2008, 1, 1, tzinfo=UTC) + timedelta(seconds=int(_share(key, "created") * 17.5 * 365.25 * 86400))
    return Sound(
        id=_free_id(key, used),
        name=row.get("title") or _title(label, path, key),
        username=author,
        path=path,
        type=path.suffix[1:].lower().replace("aif", "aiff").replace("aifff", "aiff"),
        tags=tuple(row["tags"].split()) if row.get("tags") else _tags(label, category, key),
        description=row.get("description") or _description(label, author, row.get("source_url", "")),
        deed=read_deed(row.get("licence") or "CC0"),
        created=created,
        duration_s=seconds,
        category_code=category,
        category_is_user_provided=_share(key, "category") < 0.4,
        geotag=_place(key) if _share(key, "geotag") < 0.12 else None,
        num_downloads=downloads,
        num_ratings=ratings,
        rating=round(6.0 + 4.0 * _share(key, "rating"), 2) if ratings else 0.0,
        gen_ai_preference=("no-additional-preferences", "no-gen-ai")[_share(key, "ai") < 0.2],
        classes=classes if _share(key, "heard") < 0.85 else (),
        comments=_comments(key, created),
        label=row.get("label", ""),
    )


def _with_packs(sounds: list[Sound], root: Path) -> list[Sound]:
    """Put sounds that share author and folder into a pack named after the folder."""
    from dataclasses import replace

    groups: dict[tuple[str, str], list[Sound]] = {}
    for sound in sounds:
        assert sound.path is not None
        folder = sound.path.parent.relative_to(root).as_posix()
        groups.setdefault((sound.username, folder), []).append(sound)
    packs: dict[int, Pack] = {}
    for (username, folder), members in groups.items():
        if len(members) > 1 and folder != ".":
            pack_id = 1 + spread("pack", username, folder) % 99_999
            pack = Pack(pack_id, _plain_words(folder.split("/")[-1]), username, min(s.created for s in members))
            packs.update({member.id: pack for member in members})
    return [replace(sound, pack=packs.get(sound.id)) for sound in sounds]


def read_deed(text: str) -> Deed:
    """Return the deed of a short name such as ``"CC BY 3.0"``; what Freesound does not have keeps its own address."""
    wanted = text.strip().lower().replace("-", " ")
    version = (re.findall(r"\d\.\d", wanted) or ["4.0"])[0]
    if wanted.startswith(("cc0", "public domain", "creative commons 0")):
        return CC0
    if "sampling" in wanted:
        return SAMPLING
    if wanted.startswith("oga"):
        return Deed("OGA Attribution", f"https://static.opengameart.org/OGA-BY-{version}.txt")
    names = {"by": "Attribution", "by nc": "Attribution NonCommercial", "by sa": "Attribution ShareAlike"}
    kind = re.sub(r"^(cc|creative commons)\s*|\s*\d\.\d$", "", wanted).strip()
    kind = {"attribution": "by", "attribution noncommercial": "by nc"}.get(kind, kind)
    if kind in names:
        return Deed(names[kind], f"http://creativecommons.org/licenses/{kind.replace(' ', '-')}/{version}/")
    return Deed(text.strip(), "http://example.org/licence/" + re.sub(r"\W+", "-", wanted))


def _share(key: str, purpose: str) -> float:
    return spread(key, purpose) / 2**64


def _free_id(key: str, used: set[int]) -> int:
    number = 100_000 + spread("sound", key) % 700_000
    while number in used:
        number += 1
    used.add(number)
    return number


def _plain_words(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip()


def _title(label: str, path: Path, key: str) -> str:
    """Return a name as uploaders give them: the label and what tells it from its like."""
    stem = re.sub(r"^sounds?[_-]", "", path.stem)
    mine = {word.lower() for word in label.split()}
    says_it = mine <= set(re.split(r"[\s_-]+", stem.lower()))
    title = _plain_words(stem) if says_it else f"{label} {stem}"
    styles = (title, title.capitalize(), f"{title}.{path.suffix[1:]}", title.replace(" ", "_") + path.suffix)
    return styles[spread(key, "style") % len(styles)]


_FLAVOUR = {"fx-a": "animal", "fx-n": "nature", "fx-v": "vehicle", "fx-h": "human", "fx-o": "foley", "fx-m": "machine"}


def _tags(label: str, category: str | None, key: str) -> tuple[str, ...]:
    parts = label.lower().split()
    tags = [*parts, *(["-".join(parts)] if len(parts) > 1 else [])]
    tags += [_FLAVOUR.get(category or "", "ambience" if (category or "").startswith("ss") else "sfx")]
    tags += [("field-recording", "sound-effect", "mono", "loud")[spread(key, "tag") % 4]]
    return tuple(dict.fromkeys(tags))


def _description(label: str, author: str, source: str) -> str:
    end = f' See <a href="{source}">the source</a>.' if source.startswith("http") else ""
    return f"{label.capitalize()}, by {author}.{end}"


def _place(key: str) -> tuple[float, float]:
    return round(-50 + 110 * _share(key, "latitude"), 4), round(-120 + 260 * _share(key, "longitude"), 4)


def _comments(key: str, created: datetime) -> tuple[Comment, ...]:
    said = ("Nice recording!", "Just what I was looking for, thanks 👍", "Très bien", "used in a short film, thank you")
    count = spread(key, "comments") % 5 // 3
    return tuple(
        Comment(
            f"listener{spread(key, n) % 90 + 10}", said[spread(key, "said", n) % 4], created + timedelta(days=n + 3)
        )
        for n in range(count)
    )
