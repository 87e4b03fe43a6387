"""The sound source ``openverse``: previews of Freesound's sounds without a key, found through the Openverse index.

What was found is believed for a day and what was fetched for good, so that a second render asks nobody. Where the
service cannot be reached, refuses, or has been asked enough, this says so once, and then finds only what is at hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from extender.errors import InputError, NotAtHandError, SourceError
from extender.sources.base import Candidate, LicencePolicy, Query, SourceContext
from extender.sources.folder.index import Entry
from extender.sources.folder.scoring import Wish, match, score, wish_of
from extender.sources.folder.words import stems
from extender.sources.reach import CONNECT_S, UNREACHABLE, Guarded
from extender.types import Excerpt, SoundAsset
from freesound.cache import Cache
from freesound.calls import Caller, Deadline, Manners
from freesound.clock import Clock, SystemClock
from freesound.downloads import Download, Downloader, Wanted
from freesound.errors import FreesoundError, NetworkError, NotFound, QuotaExceeded, Throttled
from freesound.ledger import Ledger, Limits
from freesound.licence import Licence, LicenceKind, parse_licence
from freesound.naming import clean_ending
from freesound.transport import RequestsTransport

BASE_URL = "https://api.openverse.org/v1"
ADDRESS_VARIABLE = "EXTENDER_OPENVERSE_URL"
"""Another address of the API: https, or plain http on this machine."""

PAGE_SIZE = 20
"""The most that is answered to those without an account."""

LIMITS = Limits(get_per_minute=60, get_per_day=100)
"""What those without an account may ask, all programs of a user together; the strictest figures that are known."""

PAUSE_S = 1.0
"""At least so long between two requests."""

SILENCE_PEAK = 1e-4
MIN_SCORE = 0.4
"""Lower than for a person's own files: the index has matched the words already, and tags are mostly single words."""

_RANDOM_MARGIN = 0.25
_MAX_REQUESTS = 2
_PATIENCE_S = 5.0
_MAX_LOST = 2
_MOST_ANSWER_BYTES = 4 * 2**20
_MOST_SOUND_BYTES = 50 * 2**20
_LONGEST_S = 900.0
_NOBODY = "anonymous"
_USER_AGENT = "image-extender/1.0 (+https://pypi.org/project/image-extender/)"
_ASKED_LICENCES: Mapping[LicencePolicy, str] = {"any": "", "commercial": "cc0,by", "cc0": "cc0"}
_FREE = (LicenceKind.CC0, LicenceKind.PUBLIC_DOMAIN)
_TEXTS = ("title", "url", "foreign_landing_url", "creator", "license", "license_version", "license_url", "filetype")


class OpenverseSource:
    """Freesound's previews through Openverse, without a key.

    Parameters
    ----------
    context : SourceContext
        Answers, sounds and the count of requests are kept under ``cache_dir/openverse``.
    base_url : str or None
        Of the API; None = ``EXTENDER_OPENVERSE_URL``, else the real one.
    clock : freesound.Clock or None
        For tests.

    Attributes
    ----------
    api_requests : int
        How many requests of the API were sent so far.
    notes : tuple of str
        What a person should be told: why it could not be asked.
    """

    name = "openverse"
    terms = "licences are as Openverse states them; before you publish, follow the links in the credits"

    def __init__(self, context: SourceContext, *, base_url: str | None = None, clock: Clock | None = None) -> None:
        self.api_requests = 0
        self.notes: tuple[str, ...] = ()
        self._context = context
        self._base_url = (base_url or os.environ.get(ADDRESS_VARIABLE) or BASE_URL).rstrip("/")
        self._clock = clock or SystemClock()
        self._folder = context.cache_dir / "openverse"
        self._cache = Cache(self._folder, clock=self._clock)
        self._caller: Caller | None = None
        self._closed = "offline" if context.offline else ""
        if not self._closed:
            context.reach.announce(self._base_url)
        self._asked_at: float | None = None
        self._lost = 0
        self._shown: dict[str, Query] = {}

    def search(self, query: Query) -> list[Candidate]:
        """Return the sounds that fit, best first. Asks at most twice, and nobody for what was asked within a day."""
        wish = wish_of(query.words, query.avoid, query.concept)
        found: dict[str, Candidate] = {}
        for word in wish.words[:_MAX_REQUESTS]:
            for record in self._ask(word):
                candidate = self._candidate(record, wish, query)
                if candidate is not None and candidate.id not in found:
                    found[candidate.id] = candidate
            if found:
                break
        self._shown |= dict.fromkeys(found, query)
        return self._in_order(found.values(), query.seed)

    def find(self, sound: str) -> Candidate:
        """Return the sound with this id, if a search has shown it before.

        Raises
        ------
        SourceError
            It is not known here.
        """
        record = self._record(sound)
        return _candidate_of(record, 1.0, "named by id")

    def fetch(self, candidate: Candidate) -> SoundAsset:
        """Fetch a sound, checked, or take it from the cache.

        Raises
        ------
        SourceError
            It cannot be had, its licence is not wanted, it does not decode, is silent, or, unless a person has named
            it, it should not be used for what was searched for.
        """
        record = self._record(candidate.id)
        licence = _licence_of(record)
        if not _allowed(licence, self._context.licence):
            raise SourceError(f"its licence {licence.short_name} is not among those wanted ({self._context.licence})")
        download = self._download(record)
        duration_s, excerpt = _heard(download.path, self._shown.get(candidate.id), self._context.max_duration_s)
        return SoundAsset(
            file=str(download.path.resolve()),
            sha256=download.sha256,
            source=self.name,
            id=candidate.id,
            title=record["title"],
            author=record["creator"],
            licence=licence.short_name,
            url=record["foreign_landing_url"],
            duration_s=duration_s,
            excerpt=excerpt,
        )

    def _in_order(self, found: Iterable[Candidate], seed: int) -> list[Candidate]:
        """Best first; where chance shall choose, all that are nearly as good as the best count alike."""
        offered = sorted(found, key=lambda c: (-c.score, _draw(seed, c.id)))
        if self._context.pick == "random" and offered:
            enough = offered[0].score - _RANDOM_MARGIN
            alike = [c for c in offered if c.score >= enough]
            floor = min(c.score for c in alike)
            alike.sort(key=lambda c: _draw(seed, c.id))
            offered = [replace(c, score=floor) for c in alike] + [c for c in offered if c.score < enough]
        return offered

    def _candidate(self, record: Mapping[str, Any], wish: Wish, query: Query) -> Candidate | None:
        licence = _licence_of(record)
        if not _allowed(licence, self._context.licence):
            return None
        found = match(_entry(record), wish)
        if found is None:
            return None
        value = score(found, query.kind, duration_s=record["duration_s"], channels=None, licence=licence)
        if value < MIN_SCORE:
            return None
        return _candidate_of(record, value, found.reason.replace("file name", "title"))

    @property
    def ready(self) -> bool:
        """Whether there is any use in asking: something was kept, or there is a network."""
        if (self._folder / "answers").is_dir():
            return True
        if not self._closed and not self._context.reach.can_reach(self._base_url):
            self._close(UNREACHABLE)
        return not self._closed

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, word: str) -> list[dict[str, Any]]:
        """Return what the index has for a word: as kept, else as answered now, else as kept long ago, else nothing."""
        licences = _ASKED_LICENCES[self._context.licence]
        asked = [("q", word), ("source", "freesound"), *([("license", licences)] if licences else [])]
        params = urlencode([*asked, ("page_size", str(PAGE_SIZE))])
        kept = self._cache.get(params)
        if kept is not None and (kept.fresh or self._closed):
            return list(kept.body)
        if not self._closed:
            try:
                records = _records_in(self._answer(f"{self._base_url}/audio/?{params}"))
            except SourceError as error:
                self._close(str(error))
            else:
                self._cache.put(params, "search", records)
                for record in records:
                    self._cache.put(record["id"], "sound", record, group=f"sound-{_number(record['id'])}")
                return records
        return [] if kept is None else list(kept.body)

    def _close(self, why: str) -> None:
        self._closed = why
        self.notes = (*self.notes, f"{why}; what it gave before is still used")

    def _answer(self, url: str) -> bytes:
        """Send one request in its turn and return the body of its answer.

        Raises
        ------
        SourceError
            There is none, or not a good one: then there is no use in asking again in this render.
        """
        try:
            caller = self._sender()
            entry = caller.ledger.acquire(_NOBODY, "GET", patience_s=_PATIENCE_S)
        except QuotaExceeded as error:
            raise SourceError(
                f"it was asked {LIMITS.get_per_day} times today, as often as it allows"
                + (f", so not before {error.resets_at:%Y-%m-%d %H:%M} UTC again" if error.resets_at else "")
            ) from None
        except Throttled:
            raise SourceError("it was asked as often as it allows in a minute; try again in a minute") from None
        except FreesoundError as error:
            raise SourceError(_ours(error)) from None
        self._pause()
        deadline = Deadline(self._clock, caller.manners.deadline_s)
        try:
            with caller.open(
                "GET", url, headers={"Accept": "application/json"}, deadline=deadline, public=True
            ) as response:
                self.api_requests += 1
                caller.ledger.finish(entry, counted=response.status != 429)
                if response.status == 429:
                    caller.ledger.refused(_NOBODY, "GET", "minute")
                    raise SourceError("it is asked too often from here; try again later")
                if response.status != 200:
                    raise SourceError(f"it answered with an error ({response.status}); try again later")
                return caller.read(response, deadline, _MOST_ANSWER_BYTES)
        except NetworkError as error:
            if error.never_sent:
                caller.ledger.release(entry)
            raise SourceError(_ours(error)) from None
        except FreesoundError as error:
            raise SourceError(_ours(error)) from None

    def _pause(self) -> None:
        now = self._clock.steady()
        if self._asked_at is not None and now - self._asked_at < PAUSE_S:
            self._clock.sleep(PAUSE_S - (now - self._asked_at))
        self._asked_at = self._clock.steady()

    def _sender(self) -> Caller:
        if self._caller is None:
            try:
                ledger = Ledger(self._folder / "requests.sqlite", limits=LIMITS, clock=self._clock)
            except OSError:
                ledger = Ledger(limits=LIMITS, clock=self._clock)
            self._caller = Caller(
                base_url=self._base_url,
                transport=Guarded(RequestsTransport(), self._context.reach),
                ledger=ledger,
                clock=self._clock,
                manners=Manners(CONNECT_S, 10.0, tries=1, deadline_s=20.0, download_deadline_s=120.0),
                user_agent=_USER_AGENT,
            )
        return self._caller

    # -- fetching -------------------------------------------------------------------------------------------------

    def _record(self, sound: str) -> dict[str, Any]:
        """Return what is known of a sound; its id may come from a file that somebody sent, so it is checked."""
        try:
            number = _number(sound)
        except ValueError:
            raise SourceError(f"expected the id of an Openverse sound, 32 hexadecimal digits, got {sound!r}") from None
        kept = self._cache.get(str(uuid.UUID(int=number)), f"sound-{number}")
        if kept is None or kept.status != 200:
            raise SourceError(
                f"no sound {sound!r} was found before; only what 'extender sounds search' showed can be named"
            )
        return dict(kept.body)

    def _kept(self, record: Mapping[str, Any]) -> Download | None:
        return self._cache.preview(_number(record["id"]), record["ending"])

    def _download(self, record: Mapping[str, Any]) -> Download:
        kept = self._kept(record)
        if kept is not None:
            return kept
        if self._closed:
            raise NotAtHandError(f"it was not fetched before, and nobody is asked now ({self._closed})")
        number, ending = _number(record["id"]), record["ending"]
        gone = self._cache.get("gone", f"sound-{number}")
        if gone is not None and gone.fresh:
            raise SourceError("it is no longer there")
        wanted = Wanted(
            record["url"],
            self._cache.partial / f"{number}.{ending}",
            "the sound",
            ending,
            most_bytes=_MOST_SOUND_BYTES,
        )
        present: Callable[[], Download | None] = lambda: self._kept(record)  # noqa: E731
        keep: Callable[[Download], Download] = lambda got: self._cache.keep_preview(number, ending, got)  # noqa: E731
        try:
            return Downloader(self._sender(), self._cache.partial).fetch(wanted, present, keep)
        except NotFound:
            self._cache.put("gone", "missing", None, status=404, group=f"sound-{number}")
            raise SourceError("it is no longer there") from None
        except NetworkError as error:
            self._lost += 1
            if self._lost >= _MAX_LOST and not self._closed:
                self._close(f"its sounds cannot be fetched: {error}")
            raise SourceError(str(error)) from None
        except FreesoundError as error:
            raise SourceError(str(error)) from None
        except OSError as error:
            raise SourceError(f"cannot keep a sound in {self._folder}: {error.strerror or error}") from None


def _ours(error: FreesoundError) -> str:
    """Return an error of the shared client in this service's name."""
    return str(error).replace("Freesound", "Openverse")


def _records_in(body: bytes) -> list[dict[str, Any]]:
    """Read an answer; entries that are null, for grown-ups only, or lack what is needed are left out.

    Raises
    ------
    SourceError
        It is no answer of the API.
    """
    try:
        results = json.loads(body)["results"]
    except (ValueError, KeyError, TypeError, RecursionError):
        results = None
    if not isinstance(results, list):
        raise SourceError("it answered with something that is no list of sounds; try again later")
    read = (_read(raw) for raw in results if isinstance(raw, dict))
    return list({record["id"]: record for record in read if record is not None}.values())


def _read(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what we need of one entry, in types that are certain."""
    record: dict[str, Any] = {
        name: " ".join(str(raw.get(name) or "").split())[: 2000 if "url" in name else 200] for name in _TEXTS
    }
    try:
        record["id"] = str(uuid.UUID(str(raw.get("id"))))
        record["duration_s"] = float(raw["duration"]) / 1000.0 if raw.get("duration") else None
    except (TypeError, ValueError):
        return None
    tags = raw.get("tags")
    named = (tag.get("name") for tag in tags if isinstance(tag, dict)) if isinstance(tags, list) else ()
    record["tags"] = [" ".join(name.split())[:100] for name in named if isinstance(name, str) and name.strip()][:100]
    ending = clean_ending(Path(urlsplit(record["url"]).path).suffix)
    record["ending"] = ending if ending != "bin" else clean_ending(record["filetype"])
    too_long = record["duration_s"] is not None and record["duration_s"] > _LONGEST_S
    if raw.get("mature") or too_long or not record["url"] or record["ending"] in ("bin", "zip"):
        return None
    record["title"] = record["title"] or "untitled"
    return record


def _number(sound: str) -> int:
    """Return an id as the number it is. Raises ValueError for anything else."""
    return uuid.UUID(sound).int


def _licence_of(record: Mapping[str, Any]) -> Licence:
    """Read a licence by its address; where that tells nothing, by its name."""
    licence = parse_licence(record["license_url"])
    if licence.kind is not LicenceKind.UNKNOWN:
        return licence
    name = record["license"]
    return parse_licence(f"{'' if name in ('cc0', 'pdm') else 'cc '}{name} {record['license_version']}".strip())


def _allowed(licence: Licence, policy: LicencePolicy) -> bool:
    if policy == "cc0":
        return licence.kind in _FREE
    return licence.allows(commercial=policy == "commercial", derivatives=True)


def _entry(record: Mapping[str, Any]) -> Entry:
    """Return a sound as the scoring of a person's own files takes it."""
    tags = tuple(record["tags"])
    return Entry(
        id=0,
        path=record["id"],
        label="",
        tags=tags,
        title=record["title"],
        label_stems=(),
        tag_stems=tuple(stems(tag) for tag in tags),
        title_stems=stems(record["title"]),
        author=record["creator"],
        licence="",
        url=record["foreign_landing_url"],
        duration_s=record["duration_s"],
        probed_ns=None,
        probed_s=None,
        channels=None,
    )


def _candidate_of(record: Mapping[str, Any], value: float, reason: str) -> Candidate:
    licence = _licence_of(record)
    duration_s = record["duration_s"]
    length = "length not known" if duration_s is None else f"{duration_s:.3g} s"
    return Candidate(
        source=OpenverseSource.name,
        id=record["id"],
        title=record["title"],
        tags=tuple(record["tags"]),
        duration_s=duration_s,
        author=record["creator"],
        licence=licence.short_name,
        url=record["foreign_landing_url"],
        score=value,
        reason=f"{reason}; {length}; licence {licence.short_name}",
    )


def _heard(path: Path, query: Query | None, max_s: float) -> tuple[float, Excerpt | None]:
    """Return how long a sound is, in seconds, and the part of it that is used for a query.

    Raises
    ------
    SourceError
        Nothing is to be heard, or something speaks against the part.
    """
    import soundfile

    from extender.audio import is_heard, read_audio
    from extender.excerpts import choose
    from extender.sources.listening import objection_for

    try:
        if not is_heard(path, SILENCE_PEAK):
            raise SourceError("it is silent")
        excerpt = choose(path, query.kind) if query else None
        start_s, end_s = (excerpt.start_s, excerpt.end_s) if excerpt else (0.0, max_s)
        audio = read_audio(path, start_s=start_s, max_s=min(max_s, end_s - start_s))
    except InputError as error:
        raise SourceError(str(error)) from None
    if query is not None and (why := objection_for(audio, query)) is not None:
        raise SourceError(why + (f" ({excerpt})" if excerpt else ""))
    try:
        return float(soundfile.info(str(path)).duration), excerpt
    except soundfile.LibsndfileError:
        return float(audio.duration_s), excerpt


def _draw(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{text}".encode(), digest_size=8).digest(), "big")
