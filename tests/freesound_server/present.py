"""Sounds, packs, users and lists as the API shows them, in its order of keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from tests.freesound_server.audio import PREVIEWS
from tests.freesound_server.catalogue import Catalogue, Pack
from tests.freesound_server.descriptors import NAMES, SPACES
from tests.freesound_server.messages import API
from tests.freesound_server.search import Found, Hit, Parameters
from tests.freesound_server.soundvalues import SoundValues
from tests.freesound_server.taxonomy import names
from tests.freesound_server.text import spread
from tests.freesound_server.vectors import vector

LIST_FIELDS = ("id", "name", "tags", "username", "license")
_SAFE = "!$'()*+,:;[]~-._"  # what the addresses of further pages leave as it is


class UnknownSpaceError(Exception):
    """``sim_…`` of a space that does not exist: the service stumbles over it."""


@dataclass(frozen=True, slots=True)
class Presenter:
    """Makes the answers' objects.

    Parameters
    ----------
    public_url : str
        Scheme and host in the addresses of pages and resources; need not be where the server listens.
    media_url : str
        Before ``/previews/…`` and ``/displays/…``.
    """

    public_url: str
    media_url: str
    catalogue: Catalogue

    def api(self, path: str) -> str:
        """Return the address of a resource."""
        return f"{self.public_url}{API}/{path}"

    def sound(
        self, values: SoundValues, fields: str | None, *, default: tuple[str, ...], hit: Hit | None = None
    ) -> dict[str, Any]:
        """Return one sound with the wanted fields.

        Parameters
        ----------
        values : SoundValues
        fields : str or None
            As sent: a comma list; names with spaces or unknown names give nothing.
        default : tuple of str
            What is shown where ``fields`` was not sent; empty = everything but descriptors.
        hit : Hit, optional
            Where the sound is the result of a search.

        Raises
        ------
        UnknownSpaceError
        """
        wanted = tuple(fields.split(",")) if fields else default
        shown: dict[str, Any] = {}
        everything = "*" in wanted or not wanted
        for name, value in self._plain(values).items():
            if everything or name in wanted:
                shown[name] = value()
            if name == "is_explicit" and hit is not None and ("score" in wanted or "*" in wanted):
                shown["score"] = hit.score
        for name in _extra(wanted):
            space = name.removeprefix("sim_")
            shown[name] = values.descriptor(name) if name in NAMES else self._vector(values, space)
        if hit is not None and hit.distance is not None:
            shown["distance_to_target"] = hit.distance
        return shown

    def analysis(self, values: SoundValues) -> dict[str, Any]:
        """Return all descriptors and both vectors."""
        category, subcategory = names(values.sound.category_code)
        shown: dict[str, Any] = {name: values.descriptor(name) for name in NAMES}
        shown.update(category=category, subcategory=subcategory)
        shown = dict(sorted(shown.items(), key=lambda item: (len(item[0]), item[0])))
        return {**shown, **{space: self._vector(values, space) for space in SPACES}}

    def _vector(self, values: SoundValues, space: str) -> list[float] | None:
        return [float(number) for number in vector(values.sound, space)] if values.analysed else None

    def _plain(self, values: SoundValues) -> Mapping[str, Callable[[], Any]]:
        sound = values.sound
        own = f"sounds/{sound.id}/"
        category, subcategory = names(sound.category_code)
        return {
            "id": lambda: sound.id,
            "url": lambda: f"{self.public_url}/people/{quote(sound.username)}/sounds/{sound.id}/",
            "name": lambda: sound.name,
            "tags": lambda: list(sound.tags),
            "description": lambda: sound.description,
            "category": lambda: category,
            "subcategory": lambda: subcategory,
            "category_code": lambda: sound.category_code,
            "category_is_user_provided": lambda: sound.category_is_user_provided and category is not None,
            "geotag": lambda: f"{sound.geotag[0]} {sound.geotag[1]}" if sound.geotag else None,
            "is_geotagged": lambda: sound.geotag is not None,
            "created": lambda: stamp(sound.created),
            "license": lambda: sound.deed.url,
            "gen_ai_preference": lambda: sound.gen_ai_preference,
            "type": lambda: sound.type,
            "channels": lambda: values.header.channels,
            "filesize": lambda: values.filesize,
            "bitrate": lambda: values.bitrate,
            "bitdepth": lambda: values.header.bitdepth,
            "duration": lambda: float(values.duration_s),
            "samplerate": lambda: float(values.header.samplerate),
            "username": lambda: sound.username,
            "pack": lambda: self.api(f"packs/{sound.pack.id}/") if sound.pack else None,
            "pack_name": lambda: sound.pack.name if sound.pack else None,
            "download": lambda: self.api(own + "download/"),
            "bookmark": lambda: self.api(own + "bookmark/"),
            "previews": lambda: self.previews(sound.id, sound.username),
            "images": lambda: self._images(sound.id, sound.username),
            "num_downloads": lambda: sound.num_downloads,
            "avg_rating": lambda: sound.shown_rating / 2,
            "num_ratings": lambda: sound.num_ratings,
            "rate": lambda: self.api(own + "rate/"),
            "comments": lambda: self.api(own + "comments/"),
            "num_comments": lambda: len(sound.comments),
            "comment": lambda: self.api(own + "comment/"),
            "similar_sounds": lambda: self.api(own + "similar/") if values.analysed else None,
            "is_explicit": lambda: sound.is_explicit,
            "is_remix": lambda: sound.is_remix,
            "was_remixed": lambda: sound.was_remixed,
            "md5": lambda: values.md5,
        }

    def previews(self, sound_id: int, username: str) -> dict[str, str]:
        """Return the addresses of the four previews."""
        stem = f"{self.media_url}/previews/{sound_id // 1000}/{sound_id}_{self.catalogue.user_id(username)}"
        return {f"preview-{quality}-{codec}": f"{stem}-{quality}.{codec}" for quality, codec in PREVIEWS}

    def _images(self, sound_id: int, username: str) -> dict[str, str]:
        stem = f"{self.media_url}/displays/{sound_id // 1000}/{sound_id}_{self.catalogue.user_id(username)}"
        files = {"waveform": ("wave_bw", "png"), "spectral": ("spec_bw", "jpg")}
        plain = {
            f"{kind}_{size.lower()}": f"{stem}_{file}_{size}.{ending}"
            for kind, (file, ending) in files.items()
            for size in "ML"
        }
        return {**plain, **{name.replace("_", "_bw_", 1): address for name, address in plain.items()}}

    def pack(self, pack: Pack) -> dict[str, Any]:
        """Return a pack."""
        return {
            "id": pack.id,
            "url": f"{self.public_url}/people/{quote(pack.username)}/packs/{pack.id}/",
            "description": pack.description,
            "created": stamp(pack.created),
            "name": pack.name,
            "username": pack.username,
            "num_sounds": sum(sound.pack is not None and sound.pack.id == pack.id for sound in self.catalogue),
            "sounds": self.api(f"packs/{pack.id}/sounds/"),
            "num_downloads": 0,
        }

    def user(self, username: str) -> dict[str, Any]:
        """Return a user."""
        own = f"users/{quote(username, safe='')}/"
        joined = datetime(2006, 1, 1, tzinfo=UTC) + timedelta(
            microseconds=spread("joined", username) % (10**15 // 2) + 1
        )
        comments = sum(comment.username == username for sound in self.catalogue for comment in sound.comments)
        return {
            "url": f"{self.public_url}/people/{quote(username)}/",
            "username": username,
            "about": "",
            "home_page": "",
            "avatar": {"small": None, "medium": None, "large": None},
            "date_joined": joined.astimezone(UTC).isoformat(),
            "num_sounds": len(self.catalogue.of_user(username)),
            "sounds": self.api(own + "sounds/"),
            "num_packs": sum(pack.username == username for pack in self.catalogue.packs().values()),
            "packs": self.api(own + "packs/"),
            "num_posts": 0,
            "num_comments": comments,
        }

    def search_page(self, asked: Parameters, found: Found, base: str, results: list[Any]) -> dict[str, Any]:
        """Return the envelope of a search or of similar sounds."""

        def at(number: int) -> str | None:
            return self.search_url(base, asked, number) if 1 <= number <= found.pages and found.count else None

        return {"count": found.count, "previous": at(found.page - 1), "next": at(found.page + 1), "results": results}

    def search_url(self, base: str, asked: Parameters, number: int, **changes: str) -> str:
        """Return the address of a page as the service writes it: ``?&query=…&weights=&page=2…``, no token."""
        sort = asked.sort if ":" in asked.sort or asked.sort.endswith(("_asc", "_desc")) else None
        values: dict[str, str | None] = {
            "query": asked.query if base.startswith("search") else None,
            "filter": asked.filter,
            "weights": asked.weights if base.startswith("search") else None,
            "sort": sort,
            "page": str(number),
            "page_size": str(asked.size) if asked.page_size is not None else None,
            "fields": asked.fields,
            "group_by_pack": asked.group_by_pack,
            "similar_to": asked.similar_to,
            "similarity_space": asked.similarity_space,
        }
        pairs = {name: value for name, value in {**values, **changes}.items() if value is not None}
        return self.api(base) + "?" + "".join(f"&{name}={_quoted(name, value)}" for name, value in pairs.items())

    def grouping(self, asked: Parameters, hit: Hit) -> dict[str, Any]:
        """Return the two keys of a result that stands for several sounds of its pack."""
        if asked.group_by_pack != "1" or hit.in_pack < 2 or hit.sound.pack is None:
            return {}
        grouping = f'pack_grouping:"{hit.sound.pack.id}_{hit.sound.pack.name}"'
        both = f"{asked.filter} {grouping}" if asked.filter else grouping
        return {
            "more_from_same_pack": self.search_url("search/", asked, 1, filter=both, group_by_pack="0"),
            "n_from_same_pack": hit.in_pack,
        }

    def listing(self, base: str, sent: Mapping[str, str], items: list[Any], page: int, size: int) -> dict[str, Any]:
        """Return the envelope of the other lists: one page of ``items``."""
        pages = max(1, -(-len(items) // size))

        def at(number: int) -> str | None:
            if not 1 <= number <= pages:
                return None
            kept = {name: value for name, value in sent.items() if name not in ("page", "token", "format")}
            if number > 1:
                kept["page"] = str(number)
            return self.api(base) + ("?" + urlencode(sorted(kept.items())) if kept else "")

        shown = items[(page - 1) * size : page * size]
        return {"count": len(items), "next": at(page + 1), "previous": at(page - 1), "results": shown}


def _extra(wanted: Sequence[str]) -> list[str]:
    """Return the descriptors and vectors that are asked for, in the order of asking."""
    vectors = [f"sim_{space}" for space in SPACES]
    groups = {"*": [*NAMES, *vectors], "all_descriptors": NAMES, "all_similarity_spaces": vectors}
    names = [each for name in wanted for each in groups.get(name, (name,))]
    for name in names:
        if name.startswith("sim_") and name not in vectors:
            raise UnknownSpaceError(name)
    return [name for name in dict.fromkeys(names) if name in NAMES or name in vectors]


def stamp(moment: datetime) -> str:
    """Return a time as the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _quoted(name: str, value: str) -> str:
    if name == "similar_to" and value.startswith("["):
        return ", ".join(part.strip() for part in value.split(","))  # a list as Python prints it, spaces and all
    return quote(value, safe=_SAFE)
