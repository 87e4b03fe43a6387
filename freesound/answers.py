"""What an answer of the API means: its JSON, or the error with what to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from freesound.errors import (
    AuthError,
    BadRequest,
    Conflict,
    CredentialSuspended,
    DecodeError,
    FreesoundError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    ServerBusy,
    ServerError,
    Throttled,
)
from freesound.secret import Secret, redact

APPLY = "https://freesound.org/apiv2/apply"
LOGIN = "python -m freesound login"
_RATE = re.compile(r"\((\d+)/(second|minute|hour|day)\)")
_BUSY = ("overloaded", "could not be reached")
_LONGEST_DETAIL = 240


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: status, headers by lower-case name, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether it says that it is JSON."""
        return "json" in self.headers.get("content-type", "").lower()


def parse(answer: Answer, what: str, secrets: Iterable[Secret | None] = ()) -> object:
    """Return the JSON of a good answer.

    Parameters
    ----------
    answer : Answer
    what : str
        The request in words, for messages: ``"GET /search/"``.
    secrets : iterable of Secret
        To be blackened in messages, should the service repeat them.

    Raises
    ------
    FreesoundError
        Whatever else came, as the fitting one of :mod:`freesound.errors`.
    """
    if not 200 <= answer.status < 300:
        raise error_of(answer, what, secrets)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        pass
    if answer.is_json:
        raise DecodeError(
            f"{what}: the answer breaks off or is no JSON ({len(answer.body)} bytes): try again",
            status=answer.status,
            retryable=True,
        )
    kind = answer.headers.get("content-type", "").split(";")[0].strip() or "no content type"
    raise DecodeError(
        f"{what}: expected JSON, got {_one_line(kind)} ({len(answer.body)} bytes): a proxy or login page may stand in "
        "between; open https://freesound.org in a browser to see",
        status=answer.status,
    )


def error_of(answer: Answer, what: str, secrets: Iterable[Secret | None] = ()) -> FreesoundError:
    """Return the error that an answer with a bad status stands for."""
    detail = _detail(answer)
    said = redact(_said(detail), secrets)
    detail = json.loads(redact(json.dumps(detail), secrets))
    status = answer.status
    head = f"{what}: {status}" + (f" {said}" if said else "")

    def made(kind: type[FreesoundError], advice: str, *, retryable: bool = False) -> FreesoundError:
        return kind(f"{head.rstrip('.')}: {advice}", status=status, detail=detail, retryable=retryable)

    if status == 429:
        return _throttled(what, said, detail, answer.headers.get("retry-after", ""))
    if status == 401:
        return _unauthorised(made, said, answer.headers.get("www-authenticate", ""))
    if status == 403:
        if answer.is_json:
            return made(PermissionDenied, "this needs https, or rights that the login does not have")
        return made(PermissionDenied, "a firewall refuses this network: wait, or try from another one")
    if status in (404, 410):
        return made(NotFound, "it does not exist, or was taken down: leave it out")
    if status == 409:
        return made(Conflict, "nothing more to do")
    if status in (502, 503, 504):
        return made(ServerBusy, "Freesound is being restarted or overloaded: try again in some minutes", retryable=True)
    if status >= 500:
        if answer.is_json and any(word in said for word in _BUSY):
            return made(ServerBusy, "try again in some seconds, with a narrower search", retryable=True)
        return made(ServerError, "Freesound fails at exactly this request: leave it out, or report it to Freesound")
    if 300 <= status < 400:
        return made(BadRequest, "an unexpected redirect: check the base address")
    return made(BadRequest, "correct the request")


def _throttled(what: str, said: str, detail: object, retry_after: str) -> FreesoundError:
    if "suspended" in said:
        return CredentialSuspended(
            f"{what}: the key is suspended: write to mtg@upf.edu; asking again does not help", status=429, detail=detail
        )
    rate = _RATE.search(said)
    limit, unit = (int(rate[1]), rate[2]) if rate else (None, "minute")
    stated = f"{limit} requests a {unit}" if limit else "so many requests"
    if unit == "day":
        return QuotaExceeded(
            f"{what}: {stated} are used up: go on tomorrow, or offline from what was fetched before",
            limit=limit,
            status=429,
            detail=detail,
        )
    retry_in_s = min(float(retry_after), 600.0) if retry_after.isdigit() else 60.0
    return Throttled(
        f"{what}: Freesound allows no more than {stated}: wait {retry_in_s:.0f} s",
        limit=limit,
        unit=unit,
        retry_in_s=retry_in_s,
        status=429,
        detail=detail,
    )


def _unauthorised(
    made: Callable[[type[FreesoundError], str], FreesoundError], said: str, challenge: str
) -> FreesoundError:
    if "invalid_token" in challenge:
        return made(AuthError, f"the login has ended: log in again ({LOGIN})")
    if "invalid_client" in said or "invalid_client" in challenge:
        return made(AuthError, f"client id or key is wrong: compare them with {APPLY}")
    if "uspended" in said:
        return made(CredentialSuspended, f"the key is suspended or not approved yet: look at {APPLY}")
    if "nvalid token" in said:
        return made(AuthError, f"Freesound does not know this key: copy it again from {APPLY}")
    if "inactive" in said:
        return made(AuthError, "the account of this key is closed: use a key of another account")
    return made(AuthError, f"this needs a login ({LOGIN}), or the key is missing: get one at {APPLY}")


def _detail(answer: Answer) -> object:
    """Return what the service says is wrong: text or a dict of lists; of a web page its title."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        text = answer.body[:4096].decode("utf-8", "replace")
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return _one_line(title[1]) if title else ""
    if not isinstance(told, dict):
        return ""
    if "detail" in told:
        return told["detail"]
    if "error" in told:  # the OAuth endpoints speak so
        return " ".join(str(told[key]) for key in ("error", "error_description") if told.get(key))
    return str(told.get("explanation", ""))


def _said(detail: object) -> str:
    if isinstance(detail, Mapping):
        parts = []
        for name, problems in detail.items():
            listed = problems if isinstance(problems, list) else [problems]
            parts.append(f"{name}: {' '.join(map(str, listed))}")
        return _one_line("; ".join(parts))
    return _one_line(str(detail or ""))


def _one_line(text: str) -> str:
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"
