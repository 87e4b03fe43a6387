"""The client's part that fetches files: previews, originals, packs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from freesound.asking import Asking
from freesound.cache import Cache
from freesound.downloads import (
    MOST_ORIGINAL_BYTES,
    MOST_PREVIEW_BYTES,
    Download,
    Downloader,
    Wanted,
    copy,
    md5_of,
    sha256_of,
)
from freesound.errors import FreesoundError, NotFound, OfflineMiss, QueryError
from freesound.models import Pack, Sound
from freesound.naming import clean_ending, file_name
from freesound.query import check_id

P = ParamSpec("P")
T = TypeVar("T")


def _told(method: Callable[P, T]) -> Callable[P, T]:
    """Turn what the disk objects to into one clear line."""

    @functools.wraps(method)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except OSError as error:
            raise FreesoundError(
                f"cannot write {error.filename or 'the file'} ({error.strerror}): make room, or choose another folder"
            ) from None

    return wrapped


VARIANTS = ("hq-ogg", "hq-mp3", "lq-ogg", "lq-mp3")
"""The previews of a sound. OGG loops without a gap."""


class Fetching(Asking):
    """Files of sounds and packs."""

    _downloader: Downloader

    @_told
    def preview(
        self,
        sound: Sound | int,
        *,
        variant: str = "hq-ogg",
        folder: Path | None = None,
        most_bytes: int = MOST_PREVIEW_BYTES,
    ) -> Download:
        """Return the preview of a sound: full length, compressed; no login is needed and no request of the API is used.

        Parameters
        ----------
        sound : Sound or int
            A sound that was asked for with ``previews`` saves a request.
        variant : str
            ``"hq-ogg"``, ``"hq-mp3"``, ``"lq-ogg"`` or ``"lq-mp3"``.
        folder : pathlib.Path or None
            Where to put it, named ``<id>__<name>.<ending>``; None = it stays in the cache.
        most_bytes : int
            A larger one is not fetched.

        Raises
        ------
        NotFound
            There is no such preview, or no longer.
        IntegrityError
            What came is no such file.
        """
        if variant not in VARIANTS:
            raise QueryError(f"expected one of the previews {', '.join(VARIANTS)}, got {variant!r}")
        if self._cache is None and folder is None:
            raise QueryError("expected a folder for the preview, or a client with a cache")
        number = check_id(sound if isinstance(sound, int) else sound.id)
        kept = self._kept_preview(self._cache, number, variant) if self._cache is not None else None
        if kept is None:
            kept = self._fetch_preview(sound, number, variant, folder, most_bytes)
        if folder is None or kept.path.parent == folder:
            return kept
        name = sound.name if isinstance(sound, Sound) else ""
        target = folder / file_name(number, name, variant[-3:])
        copy(kept.path, target)
        return Download(target, kept.sha256, kept.size, kept.fetched)

    @_told
    def original(self, sound: Sound | int, folder: Path, *, most_bytes: int = MOST_ORIGINAL_BYTES) -> Download:
        """Fetch the original of a sound into a folder, named ``<id>__<name>.<ending>``. Needs a login.

        What is there already with the right checksum is not fetched again.
        """
        number = check_id(sound if isinstance(sound, int) else sound.id)
        if isinstance(sound, int) or not (sound.type and sound.md5):
            sound = self.sound(number, fields=("name", "type", "md5", "filesize"))
        target = folder / file_name(number, sound.name, sound.type)
        md5 = sound.md5
        kind = clean_ending(sound.type)

        def present() -> Download | None:
            if not md5 or not target.is_file() or md5_of(target) != md5.lower():
                return None
            return Download(target, sha256_of(target), target.stat().st_size, fetched=False)

        if (found := present()) is not None:
            return found
        self._must_be_online(f"original of sound {number}")
        what = f"original of sound {number}"
        url = f"{self._caller.base_url}/sounds/{number}/download/"
        wanted = Wanted(url, target, what, "" if kind == "bin" else kind, md5, most_bytes, login=True)
        return self._downloader.fetch(wanted, present)

    @_told
    def pack_archive(self, pack: Pack | int, folder: Path, *, most_bytes: int = MOST_ORIGINAL_BYTES) -> Download:
        """Fetch all originals of a pack as one ZIP archive, with its licences in it. Needs a login."""
        pack = self.pack(pack) if isinstance(pack, int) else pack
        target = folder / file_name(pack.id, pack.name, "zip")
        self._must_be_online(f"archive of pack {pack.id}")
        url = f"{self._caller.base_url}/packs/{pack.id}/download/"
        wanted = Wanted(url, target, f"archive of pack {pack.id}", "zip", "", most_bytes, login=True)
        return self._downloader.fetch(wanted, lambda: None)

    def download_link(self, sound_id: int) -> str:
        """Return an address for one download of the original without login.

        Notes
        -----
        In July 2026 the service's own addresses were refused by the service; :meth:`original` does without.
        """
        told = self.get_json(f"/sounds/{check_id(sound_id)}/download/link/", login=True)
        link = told.get("download_link") if isinstance(told, dict) else None
        if not isinstance(link, str):
            raise NotFound(f"download link of sound {sound_id}: the answer holds none: fetch the original instead")
        return link

    def _kept_preview(self, cache: Cache, number: int, variant: str) -> Download | None:
        kept = cache.preview(number, variant)
        if kept is not None:
            self._caller.counted(from_cache=1)
        return kept

    def _fetch_preview(
        self, sound: Sound | int, number: int, variant: str, folder: Path | None, most_bytes: int
    ) -> Download:
        what = f"preview of sound {number}"
        self._must_be_online(what)
        cache = self._cache
        missing = f"{self._caller.base_url} {variant}"
        if cache is not None and (gone := cache.get(missing, f"sound-{number}")) is not None and gone.fresh:
            raise NotFound(f"{what}: 404 not found a short while ago: take another sound", status=404)
        if isinstance(sound, int) or not sound.previews:
            sound = self.sound(number, fields=("name", "previews"))
        quality, encoding = variant.split("-")
        url = sound.previews.get(f"preview-{quality}-{encoding}")
        if url is None:
            raise NotFound(f"{what}: Freesound has none as {variant}: take another sound or kind of preview")
        if cache is not None:
            target = cache.partial / f"{number}-{variant}.{encoding}"
        else:
            assert folder is not None  # noqa: S101 - preview() has seen to it
            target = folder / file_name(number, sound.name, encoding)
        wanted = Wanted(url, target, what, encoding, "", most_bytes)
        try:
            if cache is None:
                return self._downloader.fetch(wanted, lambda: None)
            return self._downloader.fetch(
                wanted,
                lambda: cache.preview(number, variant),
                lambda fetched: cache.keep_preview(number, variant, fetched),
            )
        except NotFound:
            if cache is not None:
                cache.put(missing, "missing", None, status=404, group=f"sound-{number}")
            raise

    def _must_be_online(self, what: str) -> None:
        if self._offline:
            raise OfflineMiss(f"{what}: offline, and it was not fetched before: go online once, or take another sound")
