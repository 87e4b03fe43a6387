"""The client's part that writes: bookmarks, ratings, comments, uploads. It needs a login, and never sends twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from freesound.calls import Caller
from freesound.errors import OfflineMiss, QueryError
from freesound.licence import LicenceKind
from freesound.query import check_id

_LICENCES = {
    LicenceKind.CC0: "Creative Commons 0",
    LicenceKind.BY: "Attribution",
    LicenceKind.BY_NC: "Attribution NonCommercial",
}
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Description:
    """What is said about a sound of one's own; None = not said, or left as it is.

    Parameters
    ----------
    name : str or None
    category_code : str or None
        Of the Broad Sound Taxonomy, ``"fx-a"``.
    tags : iterable of str or None
        3 to 30, without spaces.
    description : str or None
    licence : LicenceKind or None
        CC0, BY or BY-NC.
    pack : str or None
    geotag : (float, float, int) or None
        Latitude, longitude, zoom ≥ 11.
    """

    name: str | None = None
    category_code: str | None = None
    tags: tuple[str, ...] | None = None
    description: str | None = None
    licence: LicenceKind | None = None
    pack: str | None = None
    geotag: tuple[float, float, int] | None = None

    def form(self) -> dict[str, str]:
        """Return it as the API's form."""
        if self.tags is not None and not (3 <= len(set(self.tags)) <= 30 and not any(" " in t for t in self.tags)):
            raise QueryError(f"expected 3 to 30 tags without spaces, got {len(self.tags)}")
        if self.licence is not None and self.licence not in _LICENCES:
            raise QueryError(f"expected CC0, CC-BY or CC-BY-NC for an upload, got {self.licence.value}")
        if self.geotag is not None and not self.geotag[2] >= 11:
            raise QueryError(f"expected a zoom of at least 11 in the geotag, got {self.geotag[2]}")
        told = {
            "name": self.name,
            "bst_category": self.category_code,
            "tags": None if self.tags is None else " ".join(self.tags),
            "description": self.description,
            "license": None if self.licence is None else _LICENCES[self.licence],
            "pack": self.pack,
            "geotag": None if self.geotag is None else ",".join(map(str, self.geotag)),
        }
        return {name: value for name, value in told.items() if value is not None}


class Multipart:
    """A form with one file, read while it is sent."""

    def __init__(self, fields: Mapping[str, str], name: str, path: Path) -> None:
        self.boundary = secrets.token_hex(16)
        self._path = path
        parts = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        ]
        shown = path.name.replace("\\", "%5C").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        parts.append(
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{shown}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._head = "".join(parts).encode()
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()
        self._size = path.stat().st_size

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
        yield self._tail


class Writing:
    """What changes something at Freesound."""

    _caller: Caller
    _offline: bool

    def bookmark(self, sound_id: int, *, category: str = "") -> str:
        """Bookmark a sound; return what the service says."""
        return self._post(f"/sounds/{check_id(sound_id)}/bookmark/", {"category": category} if category else {})

    def rate(self, sound_id: int, stars: int) -> str:
        """Rate a sound with 0 to 5 stars; a second time is a Conflict."""
        if isinstance(stars, bool) or stars not in range(6):
            raise QueryError(f"expected 0 to 5 whole stars, got {stars!r}")
        return self._post(f"/sounds/{check_id(sound_id)}/rate/", {"rating": str(stars)})

    def comment(self, sound_id: int, text: str) -> str:
        """Say something about a sound."""
        if not text.strip():
            raise QueryError("expected a comment, got an empty one")
        return self._post(f"/sounds/{check_id(sound_id)}/comment/", {"comment": text})

    def upload(self, path: Path, description: Description | None = None) -> Mapping[str, Any]:
        """Upload a sound, and describe it at once or later with :meth:`describe`; return what the service says.

        Notes
        -----
        The file is read while it is sent, and it is never sent twice.
        """
        if not path.is_file():
            raise QueryError(f"expected a sound file, {path.name} is none")
        body = Multipart(description.form() if description is not None else {}, "audiofile", path)
        return self._send("/sounds/upload/", body, f"multipart/form-data; boundary={body.boundary}")

    def describe(self, upload_filename: str, description: Description) -> Mapping[str, Any]:
        """Describe a sound that was uploaded before; its name is among :meth:`Client.pending_uploads`."""
        form = {"upload_filename": upload_filename} | description.form()
        return self._send("/sounds/describe/", urlencode(form).encode(), _FORM)

    def edit(self, sound_id: int, description: Description) -> str:
        """Change what is said about a sound of one's own."""
        form = description.form()
        if not form:
            raise QueryError("expected something to change, got nothing")
        return self._post(f"/sounds/{check_id(sound_id)}/edit/", form)

    def _post(self, path: str, form: Mapping[str, str]) -> str:
        return str(self._send(path, urlencode(form).encode(), _FORM).get("detail", ""))

    def _send(self, path: str, body: bytes | Multipart, content_type: str) -> Mapping[str, Any]:
        if self._offline:
            raise OfflineMiss(f"POST {path}: offline: go online")
        told = self._caller.json("POST", path, login=True, body=body, content_type=content_type)
        return told if isinstance(told, dict) else {}


_FORM = "application/x-www-form-urlencoded"
