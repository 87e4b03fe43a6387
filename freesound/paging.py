"""Long lists, page by page, as lazily as they are read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from freesound.errors import DecodeError, NotFound
from freesound.models import as_int

T = TypeVar("T")

MOST_PER_PAGE = 150
_MOST_BARREN = 2


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Parameters
    ----------
    number : int
        From 1.
    items : tuple
        Without holes; may be fewer than came.
    came : int
        How many entries the service sent, holes included.
    count : int or None
        How many there are in all, as the service believes.
    more : bool
        Whether the service says that there is another page.
    """

    number: int
    items: tuple[T, ...]
    came: int
    count: int | None
    more: bool


class Results(Generic[T]):
    """A list that is fetched while it is read; reading it again reads it from the cache, or fetches it again.

    Entries come once each, without holes. The client counts pages by itself: the service's ``next`` loses parts of
    the query and may point to another host, its ``count`` is an estimate, and neither alone ends the list.

    Parameters
    ----------
    fetch : callable
        Told the number of a page, returns its JSON.
    read : callable
        Makes an entry of JSON, or None of a hole.
    identity : callable
        What tells two entries apart.
    page_size : int
    limit : int or None
        The most entries to read.
    first_page : int
    """

    def __init__(
        self,
        fetch: Callable[[int], object],
        read: Callable[[Any], T | None],
        identity: Callable[[T], Hashable],
        *,
        page_size: int,
        limit: int | None = None,
        first_page: int = 1,
    ) -> None:
        self._fetch = fetch
        self._read = read
        self._identity = identity
        self._page_size = page_size
        self._limit = limit
        self._first_page = first_page

    def page(self, number: int) -> Page[T]:
        """Fetch one page.

        Raises
        ------
        NotFound
            There is no such page.
        """
        told = self._fetch(number)
        entries = told.get("results") if isinstance(told, Mapping) else None
        if not isinstance(told, Mapping) or not isinstance(entries, list):
            raise DecodeError("expected a list of results, got other JSON: is this address the API's?")
        items = tuple(item for item in map(self._read, entries) if item is not None)
        return Page(number, items, len(entries), as_int(told.get("count")), bool(told.get("next")))

    def pages(self) -> Iterator[Page[T]]:
        """Fetch page after page until the list ends."""
        number = self._first_page
        came = barren = 0
        seen: set[Hashable] = set()
        while barren < _MOST_BARREN:
            try:
                page = self.page(number)
            except NotFound:
                if number == self._first_page:
                    raise
                return  # how the service says that the page before was the last
            yield page
            came += page.came
            found = {self._identity(item) for item in page.items}
            # a service that gives the same page for ever would keep us for ever
            barren = 0 if found - seen else barren + 1
            seen |= found
            if page.came == 0 or (not page.more and self._complete(page, came)):
                return
            number += 1

    def __iter__(self) -> Iterator[T]:
        return islice(self._entries(), self._limit)

    def first(self) -> T | None:
        """Return the first entry, or None of an empty list."""
        return next(iter(self), None)

    def _entries(self) -> Iterator[T]:
        seen: set[Hashable] = set()
        for page in self.pages():
            for item in page.items:
                identity = self._identity(item)
                if identity not in seen:
                    seen.add(identity)
                    yield item

    def _complete(self, page: Page[T], came: int) -> bool:
        """Whether the end of the list is believable: a short page, or as many entries as were announced."""
        before = (self._first_page - 1) * self._page_size
        return page.came < self._page_size or page.count is None or before + came >= page.count
