"""The client's part that asks: every question of the API, answered from the cache while that is believed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from freesound import models
from freesound.cache import Cache
from freesound.calls import Caller
from freesound.errors import (
    DecodeError,
    NetworkError,
    NotFound,
    OfflineMiss,
    PermissionDenied,
    QueryError,
    ServerBusy,
    ServerError,
    Throttled,
)
from freesound.fields import CASTING_FIELDS
from freesound.models import Analysis, BookmarkCategory, Comment, Pack, PendingUploads, Sound, User
from freesound.paging import MOST_PER_PAGE, Results
from freesound.query import Filter, check_id, check_sort, field_list, likeness, one_of, raw, weight_list

log = logging.getLogger("freesound")
T = TypeVar("T")
Params = Iterable[tuple[str, str]]
_EXCUSED = (NetworkError, ServerBusy, ServerError, Throttled, DecodeError, PermissionDenied)
"""What lets an older answer be better than none."""


class Asking:
    """Questions to the API."""

    _caller: Caller
    _cache: Cache | None
    _offline: bool

    # ---------------------------------------------------------------- sounds

    def search(
        self,
        query: str = "",
        *,
        filter: Filter | str | None = None,  # noqa: A002 - the API's word
        sort: str = "score",
        fields: Iterable[str] | None = CASTING_FIELDS,
        group_by_pack: bool = False,
        weights: Mapping[str, int] | None = None,
        similar_to: int | Sequence[float] | None = None,
        similarity_space: str = "laion_clap",
        page_size: int = MOST_PER_PAGE,
        page: int = 1,
        limit: int | None = None,
    ) -> Results[Sound]:
        """Search for sounds.

        Parameters
        ----------
        query : str
            Words that must all occur; see :func:`freesound.query.words`. Empty = everything.
        filter : Filter, str or None
            See :mod:`freesound.query`; text is passed on as it is.
        sort : str
            ``"score"``, ``"rating_desc"``, ``"downloads_desc"``, …, or :func:`freesound.query.target`.
        fields : iterable of str or None
            What to tell of each sound; None = id, name, tags, username and licence.
        group_by_pack : bool
            One sound of each pack.
        weights : mapping, optional
            How much a find in ``tag``, ``name``, ``description``, ``pack``, ``username``, ``id`` counts.
        similar_to : int, sequence of float or None
            Like this sound, or like this vector of ``similarity_space``. Goes with a filter, not with a query.
        page_size, page, limit : int
            Sounds per request (at most 150), the page to begin with, the most sounds to read.

        Returns
        -------
        Results of Sound
            Nothing is sent before it is read.

        Raises
        ------
        QueryError
            The service would ignore or misunderstand a part of it.
        """
        if similar_to is not None and query.strip():
            raise QueryError("expected either a query or similar_to: the service ignores the query beside similar_to")
        condition = str(raw(filter) if isinstance(filter, str) else filter or "")
        params = [("query", query)] if similar_to is None else []
        params += [("filter", condition)] if condition else []
        params += [("sort", check_sort(sort))] if sort != "score" else []
        params += [("group_by_pack", "1")] if group_by_pack else []
        params += [("weights", weight_list(weights))] if weights else []
        if similar_to is not None:
            params += [("similar_to", likeness(similar_to, similarity_space)), ("similarity_space", similarity_space)]
        return self._sounds("/search/", params, "search", fields, page_size, limit, page)

    def sounds(self, ids: Iterable[int], *, fields: Iterable[str] | None = CASTING_FIELDS) -> Iterator[Sound]:
        """Return many sounds by number, 150 with each request, in the order asked for; what is gone is left out."""
        wanted = list(dict.fromkeys(map(check_id, ids)))
        for start in range(0, len(wanted), MOST_PER_PAGE):
            chunk = wanted[start : start + MOST_PER_PAGE]
            found = {sound.id: sound for sound in self.search(filter=one_of("id", *chunk), fields=fields)}
            yield from (found[number] for number in chunk if number in found)

    def sound(self, sound_id: int, *, fields: Iterable[str] | None = None) -> Sound:
        """Return one sound; ``fields=None`` = all but what was measured in it.

        Raises
        ------
        NotFound
            There is none, or it was taken down; then everything about it leaves the cache.
        """
        params = [("fields", field_list(fields))] if fields is not None else []
        told = self._get(f"/sounds/{check_id(sound_id)}/", params, "sound", about=sound_id)
        return models.whole(models.read_sound(told), f"sound {sound_id}")

    def similar(
        self,
        sound_id: int,
        *,
        similarity_space: str = "laion_clap",
        fields: Iterable[str] | None = CASTING_FIELDS,
        page_size: int = MOST_PER_PAGE,
        page: int = 1,
        limit: int | None = None,
    ) -> Results[Sound]:
        """Return sounds like this one. With a filter: ``search(similar_to=…, filter=…)``."""
        likeness(sound_id, similarity_space)
        params = [("similarity_space", similarity_space)]
        return self._sounds(f"/sounds/{sound_id}/similar/", params, "list", fields, page_size, limit, page)

    def analysis(self, sound_id: int) -> Analysis:
        """Return everything that was measured in a sound; one that was not analysed is a ServerError."""
        told = self._get(f"/sounds/{check_id(sound_id)}/analysis/", (), "sound", about=sound_id)
        return models.read_analysis(told, sound_id)

    def comments(self, sound_id: int, *, page_size: int = MOST_PER_PAGE, limit: int | None = None) -> Results[Comment]:
        """Return what people say about a sound."""
        path = f"/sounds/{check_id(sound_id)}/comments/"
        return self._list(
            path, (), "list", models.read_comment, lambda c: (c.username, c.created, c.comment), page_size, limit
        )

    # ---------------------------------------------------------------- users and packs

    def user(self, name: str) -> User:
        """Return a user."""
        return models.whole(models.read_user(self._get(f"/users/{_step(name)}/", (), "list")), f"user {name[:80]}")

    def user_sounds(
        self,
        name: str,
        *,
        fields: Iterable[str] | None = CASTING_FIELDS,
        page_size: int = MOST_PER_PAGE,
        limit: int | None = None,
    ) -> Results[Sound]:
        """Return a user's sounds; surer than the filter ``username``, which takes ``user_1`` for ``user``."""
        return self._sounds(f"/users/{_step(name)}/sounds/", [], "list", fields, page_size, limit)

    def user_packs(self, name: str, *, page_size: int = MOST_PER_PAGE, limit: int | None = None) -> Results[Pack]:
        """Return a user's packs."""
        path = f"/users/{_step(name)}/packs/"
        return self._list(path, (), "list", models.read_pack, lambda pack: pack.id, page_size, limit)

    def pack(self, pack_id: int) -> Pack:
        """Return a pack."""
        return models.whole(models.read_pack(self._get(f"/packs/{check_id(pack_id)}/", (), "list")), f"pack {pack_id}")

    def pack_sounds(
        self,
        pack_id: int,
        *,
        fields: Iterable[str] | None = CASTING_FIELDS,
        page_size: int = MOST_PER_PAGE,
        limit: int | None = None,
    ) -> Results[Sound]:
        """Return the sounds of a pack."""
        return self._sounds(f"/packs/{check_id(pack_id)}/sounds/", [], "list", fields, page_size, limit)

    # ---------------------------------------------------------------- oneself; these need a login

    def me(self) -> User:
        """Return oneself."""
        return models.whole(models.read_user(self.get_json("/me/", login=True)), "/me/")

    def bookmark_categories(self, *, page_size: int = MOST_PER_PAGE) -> Results[BookmarkCategory]:
        """Return one's own categories of bookmarks."""
        path = "/me/bookmark_categories/"
        return self._list(path, (), "", models.read_category, lambda category: category.id, page_size, None)

    def bookmarks(
        self,
        category_id: int = 0,
        *,
        fields: Iterable[str] | None = CASTING_FIELDS,
        page_size: int = MOST_PER_PAGE,
        limit: int | None = None,
    ) -> Results[Sound]:
        """Return one's own bookmarked sounds; category 0 = those without."""
        if category_id:
            check_id(category_id)
        path = f"/me/bookmark_categories/{category_id}/sounds/"
        return self._sounds(path, [], "", fields, page_size, limit)

    def pending_uploads(self) -> PendingUploads:
        """Return one's own uploads that are not published yet."""
        return models.read_pending(self.get_json("/sounds/pending_uploads/", login=True))

    # ---------------------------------------------------------------- anything else

    def get_json(self, path: str, params: Params = (), *, login: bool = False) -> Any:
        """Ask the API for anything, ``get_json("/search/", [("query", "rain")])``, past the cache.

        Raises
        ------
        OfflineMiss
            The client is offline.
        """
        if self._offline:
            raise OfflineMiss(f"GET {path}: offline, and this is never kept: go online")
        return self._caller.json("GET", path, params, login=login)

    def _get(self, path: str, params: Params, kind: str, *, about: int = 0) -> Any:
        """Ask the API, or the cache while it is believed, offline, or when the API fails.

        ``kind`` is that of the lifetime; none = one's own matters, which are never kept. ``about`` is the sound that
        the answer goes with when that is taken down.
        """
        params = list(params)
        if not kind or self._cache is None:
            return self.get_json(path, params, login=not kind)
        key = f"{self._caller.base_url}{path}?{urlencode(sorted(params))}"
        group = f"sound-{about}" if about else ""
        kept = self._cache.get(key, group)
        if kept is not None and (kept.fresh or self._offline):
            self._caller.counted(from_cache=1)
            if kept.status == 404:
                raise NotFound(f"GET {path}: 404 not found when last asked: leave it out", status=404)
            return kept.body
        if self._offline:
            raise OfflineMiss(f"GET {path}: offline, and this was not fetched before: go online once, or leave it out")
        try:
            told = self._caller.json("GET", path, params)
        except NotFound:
            if path == f"/sounds/{about}/":  # taken down: it must not live on here
                self._cache.forget_sound(about)
            self._cache.put(key, kind, None, status=404, group=group)
            raise
        except _EXCUSED as error:
            if kept is None or kept.status != 200:
                raise
            log.warning("%s; what was fetched %.0f h ago is used instead", error, kept.age_s / 3600)
            self._caller.counted(stale=1, from_cache=1)
            return kept.body
        self._cache.put(key, kind, told, group=group)
        return told

    def _sounds(
        self,
        path: str,
        params: list[tuple[str, str]],
        kind: str,
        fields: Iterable[str] | None,
        page_size: int,
        limit: int | None,
        page: int = 1,
    ) -> Results[Sound]:
        asked = [*params, ("fields", field_list(fields))] if fields is not None else params
        return self._list(path, asked, kind, models.read_sound, lambda sound: sound.id, page_size, limit, page)

    def _list(
        self,
        path: str,
        params: Params,
        kind: str,
        read: Callable[[Any], T | None],
        identity: Callable[[T], object],
        page_size: int,
        limit: int | None,
        page: int = 1,
    ) -> Results[T]:
        if not 1 <= page_size <= MOST_PER_PAGE or page < 1 or (limit is not None and limit < 0):
            raise QueryError(
                f"expected a page ≥ 1, 1 to {MOST_PER_PAGE} per page, a limit ≥ 0; got {page}, {page_size}, {limit}"
            )

        def fetch(number: int) -> Any:
            pages = [("page", str(number))] if number > 1 else []
            return self._get(path, [*params, *pages, ("page_size", str(page_size))], kind)

        return Results(fetch, read, identity, page_size=page_size, limit=limit, first_page=page)


def _step(name: str) -> str:
    """Return a user's name as one step of a path, whatever it holds."""
    if name in ("", ".", "..") or not name.isprintable():
        raise QueryError(f"expected the name of a user, got {name[:80]!r}")
    return quote(name, safe="")
