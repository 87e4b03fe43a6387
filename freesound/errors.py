"""Everything that can go wrong, as one tree.

::

    FreesoundError
    ├── QueryError            the request was never sent: it could not have worked
    ├── AuthError             no key, a wrong key, or a login is needed (401)
    │   └── CredentialSuspended   the key is suspended or waits for approval: asking again does not help
    ├── PermissionDenied      403: https required, or this address is blocked
    ├── NotFound              404, 410
    ├── BadRequest            400, 405, 406
    ├── Conflict              409: done already
    ├── Throttled             429: too many requests in a minute
    │   └── QuotaExceeded     the requests of the day are used up; ``resets_at`` tells until when
    ├── ServerBusy            overloaded, 502, 503, 504: soon again
    ├── ServerError           any other 5xx
    ├── NetworkError          no connection, or it broke
    ├── DecodeError           the answer is not what the API gives
    ├── IntegrityError        the file is not what was asked for
    ├── LicenceError          the licence does not allow this
    └── OfflineMiss           ``offline=True`` and not in the cache
"""

# ruff: noqa: N818 - what went wrong is a name by itself

from __future__ import annotations

from datetime import datetime


class FreesoundError(Exception):
    """Something about Freesound, its sounds or their licences is not as it must be. One line: what, and what to do.

    Parameters
    ----------
    message : str
        One line: what was asked, what came, what to do next. Never holds a key or a token.
    status : int or None
        The HTTP status, where there was an answer.
    detail : object
        What the service said: text, or a dict of lists for a form that was not filled in rightly.
    retryable : bool
        The same request may succeed soon.
    """

    def __init__(
        self, message: str = "", *, status: int | None = None, detail: object = None, retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        self.retryable = retryable


class QueryError(FreesoundError, ValueError):
    """What was asked cannot be asked; nothing was sent."""


class AuthError(FreesoundError):
    """The key or the login is missing or not accepted (401)."""


class CredentialSuspended(AuthError):
    """The key is suspended or waits for approval. Never asked again with it."""


class PermissionDenied(FreesoundError):
    """Not allowed (403)."""


class NotFound(FreesoundError):
    """There is no such thing (404, 410)."""


class BadRequest(FreesoundError):
    """The service does not understand the request (400, 405, 406); ``detail`` says why."""


class Conflict(FreesoundError):
    """It was done already (409)."""


class Throttled(FreesoundError):
    """Too many requests (429).

    Parameters
    ----------
    limit, unit : int or None, str
        The limit as the service states it, ``60`` and ``"minute"``.
    retry_in_s : float or None
        When to ask again, as far as known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        limit: int | None = None,
        unit: str = "",
        retry_in_s: float | None = None,
        status: int | None = None,
        detail: object = None,
    ) -> None:
        super().__init__(message, status=status, detail=detail)
        self.limit = limit
        self.unit = unit
        self.retry_in_s = retry_in_s


class QuotaExceeded(Throttled):
    """The requests of the day are used up.

    Parameters
    ----------
    resets_at : datetime or None
        When the next request will be possible at the latest, with time zone.
    """

    def __init__(
        self,
        message: str = "",
        *,
        resets_at: datetime | None = None,
        limit: int | None = None,
        retry_in_s: float | None = None,
        status: int | None = None,
        detail: object = None,
    ) -> None:
        super().__init__(message, limit=limit, unit="day", retry_in_s=retry_in_s, status=status, detail=detail)
        self.resets_at = resets_at


class ServerBusy(FreesoundError):
    """The service is overloaded or being restarted."""


class ServerError(FreesoundError):
    """The service failed at this request, and will again."""


class NetworkError(FreesoundError):
    """No connection, or it broke.

    Parameters
    ----------
    never_sent : bool
        It is certain that the request did not reach the service.
    """

    def __init__(self, message: str = "", *, never_sent: bool = False, retryable: bool = True) -> None:
        super().__init__(message, retryable=retryable)
        self.never_sent = never_sent


class DecodeError(FreesoundError):
    """The answer is not what the API gives: a web page, or half of it."""


class IntegrityError(FreesoundError):
    """The file is not what was asked for: length, kind, checksum or sound are wrong. It was not kept."""


class LicenceError(FreesoundError):
    """The licence does not allow this."""


class OfflineMiss(FreesoundError):
    """Offline, and not in the cache."""
