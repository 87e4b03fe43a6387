"""The sound source ``freesound``: search, weigh, fetch, look, and remember."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from extender.errors import InputError, NotAtHandError, SourceError
from extender.sources.base import Candidate, Query, SourceContext
from extender.sources.freesound.budget import Budget
from extender.sources.freesound.gone import Gone
from extender.sources.reach import CONNECT_S, Guarded
from extender.types import Excerpt, SoundAsset
from freesound.errors import (
    AuthError,
    FreesoundError,
    NetworkError,
    NotFound,
    OfflineMiss,
    PermissionDenied,
    ServerBusy,
    Throttled,
)
from freesound.secret import api_key_from_environment
from freesound.transport import RequestsTransport

if TYPE_CHECKING:
    from extender.sources.freesound.choosing import Fit
    from extender.sources.freesound.ladder import Step
    from freesound import Client, Clock, Manners, Sound

ADDRESS_VARIABLE = "FREESOUND_BASE_URL"
"""Another address of the API: https, or plain http on this machine."""

PAGE_SIZE = 100
"""Candidates looked at with each question."""

VARIANT = "hq-ogg"

_READ_S, _CALL_S, _FILE_S = 10.0, 20.0, 60.0
"""The longest to wait for a piece of an answer, for an answer and for a file, both with all attempts."""
_WAITED = "it had to wait, for a key allows so many requests a minute and all programs share them"

_KEY_ADVICE = (
    "get one at https://freesound.org/apiv2/apply and set FREESOUND_API_KEY, or leave freesound out of --sources"
)
_CLOSING = (AuthError, PermissionDenied, Throttled, NetworkError, ServerBusy)
"""After these nobody asks again in this process."""
_MOST_FAILURES = 2
"""Nor after so many failures of another kind in a row."""
_MOST_LOST = 2
"""Nor after so many sounds in a row that broke off: where they lie cannot be reached."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A sound that a search has shown, and what it was to be."""

    sound: Sound
    query: Query


class FreesoundSource:
    """Recordings from Freesound; needs a key in ``FREESOUND_API_KEY``, or what was fetched before.

    Parameters
    ----------
    context : SourceContext
        Answers and previews are kept under ``cache_dir/freesound``.
    clock, manners : freesound.Clock, freesound.Manners or None
        For tests.

    Attributes
    ----------
    notes : tuple of str
        What a person should be told: why it could not be asked.
    """

    name = "freesound"
    terms = "Freesound's API may be used for non-commercial purposes only, unless Freesound has agreed to more"

    def __init__(self, context: SourceContext, *, clock: Clock | None = None, manners: Manners | None = None) -> None:
        self.notes: tuple[str, ...] = ()
        self._context = context
        self._clock = clock
        self._manners = manners
        self._root = context.cache_dir / "freesound"
        self._gone = Gone(self._root / "gone")
        self._client_made: Client | None = None
        self._resting: Client | None = None
        self._closed = False
        self._answers: dict[Query, list[Candidate]] = {}
        self._shown: dict[int, _Shown] = {}
        self._budget = Budget()
        self._failures = 0
        self._lost = 0
        self._has_key = True
        try:
            self._has_key = api_key_from_environment() is not None
        except AuthError as error:
            self.notes = (f"{error}",)
            self._closed = True
        if self._has_key and not self._offline:
            context.reach.announce(self._base_url)

    @property
    def ready(self) -> bool:
        """Whether anything may come of it: there is a key, or something was fetched before."""
        if self._has_key and not self._context.offline:
            return True
        return any((self._root / "previews").glob("*.json"))

    @property
    def api_requests(self) -> int:
        """How many requests of the API were sent so far."""
        return self._client_made.traffic.api_requests if self._client_made else 0

    @property
    def questions(self) -> int:
        """How many questions were asked so far, of the service or of the cache."""
        return self._budget.asked

    @property
    def tally(self) -> str:
        """How much was asked so far, in a line for people; empty where nothing was."""
        if not self._budget.concepts or not self.ready:
            return ""
        received = self._client_made.traffic.bytes_received if self._client_made else 0
        return f"{self._budget}, {self.api_requests} requests of the API, {received / 1e6:.1f} MB received"

    def search(self, query: Query) -> list[Candidate]:
        """Return the sounds that fit, best first.

        Raises
        ------
        SourceError
            The service cannot be asked; said once, afterwards only what was fetched before is found.
        """
        if query in self._answers:
            return self._answers[query]
        if not self.ready:
            self._close(f"no key, so it is left out: {_KEY_ADVICE}")
        from extender.sources.freesound.choosing import at_random
        from extender.sources.freesound.ladder import steps
        from extender.sources.freesound.ranking import fits

        sounds: dict[int, Sound] = {}
        found: list[Fit] = []
        trouble: FreesoundError | None = None
        for number, step in enumerate(self._budget.granted(query, steps(query, self._context))):
            try:
                page = self._page(step)
            except OfflineMiss:
                continue
            except FreesoundError as error:
                trouble = error
                self._failures += 1
                if isinstance(error, _CLOSING) or self._failures == _MOST_FAILURES:
                    break
                continue
            self._failures = 0
            sounds |= {sound.id: sound for sound in page if sound.id not in sounds and self._may_use(sound)}
            found = fits(sounds.values(), query, prefer=self._context.prefer, near=self._context.near)
            if _enough(found, query, number):
                break
        if trouble is not None and (isinstance(trouble, _CLOSING) or self._failures == _MOST_FAILURES):
            self._close(str(trouble), say=not found)
        elif trouble is not None and not found:
            raise SourceError(str(trouble))
        if self._context.pick == "random":
            found = at_random(found, query)
        self._shown |= {fit.sound.id: _Shown(fit.sound, query) for fit in found}
        self._answers[query] = [self._candidate(fit.sound, fit.score, fit.reason) for fit in found]
        return self._answers[query]

    def find(self, sound: str) -> Candidate:
        """Return the sound with this number, for a person who wants just that one.

        Raises
        ------
        SourceError
            There is none, or it cannot be asked for.
        """
        if not self.ready:
            raise SourceError(f"Freesound needs a key: {_KEY_ADVICE}")
        return self._candidate(self._sound(sound), 1.0, "chosen by hand")

    def fetch(self, candidate: Candidate) -> SoundAsset:
        """Make the preview of a sound available, after a look at it.

        Raises
        ------
        SourceError
            It was taken down, cannot be had, may not be used, or should not be.
        """
        sound = self._sound(candidate.id)
        if not self._licence_allows(sound):
            raise SourceError(f"sound {sound.id}: its licence {sound.licence} is not among those allowed")
        if why := self._gone.why(sound.id):
            raise SourceError(f"sound {sound.id}: {why}")
        try:
            download = self._client.preview(sound, variant=VARIANT)
        except NotFound as error:
            if error.status == 410:
                self._gone.taken_down(sound.id)
            else:
                self._gone.missed(sound.id)
            raise SourceError(str(error)) from None
        except OfflineMiss:
            raise NotAtHandError(f"sound {sound.id} was not fetched before, and nobody is asked now") from None
        except NetworkError as error:
            self._lost += 1
            if self._lost == _MOST_LOST:
                self._close(f"its sounds cannot be fetched: {error}", say=False)
            raise SourceError(str(error)) from None
        except FreesoundError as error:
            raise SourceError(str(error)) from None
        self._lost = 0
        self._gone.is_there(sound.id)
        duration_s, excerpt = self._looked_at(download.path, sound)
        candidate = self._candidate(sound, candidate.score, candidate.reason)
        return SoundAsset(
            file=str(download.path.resolve()),
            sha256=download.sha256,
            source=self.name,
            id=candidate.id,
            title=candidate.title,
            author=candidate.author,
            licence=candidate.licence,
            url=candidate.url,
            duration_s=duration_s,
            changes=("preview (lossy) of the original",),
            excerpt=excerpt,
        )

    # ---------------------------------------------------------------- asking

    @property
    def _base_url(self) -> str:
        from freesound.client import BASE_URL

        return self._context.freesound_url or os.environ.get(ADDRESS_VARIABLE) or BASE_URL

    @property
    def _offline(self) -> bool:
        return self._context.offline or self._closed or not self._has_key

    @property
    def _client(self) -> Client:
        """The client that asks; once the service has closed, one that only looks into the cache."""
        if not self._closed:
            return self._asking
        if self._resting is None:
            self._resting = self._made(offline=True)
        return self._resting

    @property
    def _asking(self) -> Client:
        if self._client_made is None:
            self._client_made = self._made(offline=self._offline)
        return self._client_made

    def _made(self, *, offline: bool) -> Client:
        from freesound import Cache, Client
        from freesound.calls import Manners

        try:
            return Client(
                "" if offline else None,
                cache=Cache(self._root),
                transport=Guarded(RequestsTransport(), self._context.reach),
                base_url=self._base_url,
                offline=offline,
                clock=self._clock,
                manners=self._manners
                or Manners(CONNECT_S, _READ_S, backoff_s=0.5, deadline_s=_CALL_S, download_deadline_s=_FILE_S),
                on_wait=self._waits,
            )
        except FreesoundError as error:
            raise SourceError(str(error)) from None

    def _page(self, step: Step) -> tuple[Sound, ...]:
        found = self._client.search(step.text, filter=step.condition, sort=step.sort, page_size=PAGE_SIZE)
        return found.page(1).items

    def _close(self, why: str, *, say: bool = True) -> None:
        """Ask nobody any more; say so the first time."""
        first = not self._closed
        self._closed = True
        if first:
            self.notes = (*self.notes, why)
            if say:
                raise SourceError(why)

    def _waits(self, _: float) -> None:
        """Note why a render takes so long."""
        if _WAITED not in self.notes:
            self.notes = (*self.notes, _WAITED)

    # ---------------------------------------------------------------- one sound

    def _sound(self, number: str) -> Sound:
        if not number.isascii() or not number.isdigit() or not 0 < int(number) < 2**53:
            raise SourceError(f"expected the number of a sound of Freesound, got {number[:80]!r}")
        shown = self._shown.get(int(number))
        if shown is not None:
            return shown.sound
        from freesound import CASTING_FIELDS

        try:
            return self._client.sound(int(number), fields=CASTING_FIELDS)
        except NotFound as error:
            self._gone.taken_down(int(number))
            raise SourceError(str(error)) from None
        except FreesoundError as error:
            raise SourceError(str(error)) from None

    def _candidate(self, sound: Sound, score: float, reason: str) -> Candidate:
        title = _plain(sound.name) or f"sound {sound.id}"
        author = _plain(sound.username)
        page = f"https://freesound.org/people/{quote(author, safe='')}/sounds/{sound.id}/" if author else sound.page_url
        return Candidate(
            source=self.name,
            id=str(sound.id),
            title=title,
            tags=tuple(map(_plain, sound.tags)),
            duration_s=sound.duration_s or None,
            author=author,
            licence=sound.licence.short_name,
            url=page,
            score=score,
            reason=f"{reason}; licence {sound.licence.short_name}",
            channels=sound.channels or 1,
            centroid_hz=sound.number("spectral_centroid"),
            rating=sound.avg_rating or None,
            ratings=sound.num_ratings,
        )

    def _may_use(self, sound: Sound) -> bool:
        return self._licence_allows(sound) and not sound.is_explicit and sound.id not in self._gone

    def _licence_allows(self, sound: Sound) -> bool:
        from extender.sources.freesound.ladder import allowed

        return allowed(sound.licence, self._context.licence)

    def _looked_at(self, path: Path, sound: Sound) -> tuple[float, Excerpt | None]:
        """Return a preview's length in seconds and the part of it that is used, if nothing speaks against that part.

        What a person has chosen by its number is not judged; the part is chosen later, when its kind is known.
        """
        from extender.audio import MAX_EXCERPT_S, read_audio
        from extender.excerpts import choose
        from extender.sources.listening import objection_for

        shown = self._shown.get(sound.id)
        try:
            excerpt = choose(path, shown.query.kind) if shown else None
            start_s, end_s = (excerpt.start_s, excerpt.end_s) if excerpt else (0.0, MAX_EXCERPT_S)
            audio = read_audio(path, start_s=start_s, max_s=min(end_s - start_s, self._context.max_duration_s))
        except InputError as error:
            raise SourceError(str(error)) from None
        if shown is not None and (why := objection_for(audio, shown.query)) is not None:
            part = f" ({excerpt})" if excerpt else ""
            raise SourceError(f"sound {sound.id}{part}: {why}")
        import soundfile

        return float(soundfile.info(str(path)).duration) or audio.duration_s, excerpt


def _enough(found: list[Fit], query: Query, step: int) -> bool:
    """Tell whether nothing wider need be asked: all takes are good; after the second question, one is."""
    from extender.sources.freesound.ranking import GOOD_FIT

    good = sum(fit.value >= GOOD_FIT for fit in found)
    return good >= query.takes or (step > 0 and good > 0)


def _plain(text: str) -> str:
    """Return what somebody wrote as one line of printable signs."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
