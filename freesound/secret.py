"""Keys and tokens, so wrapped that no log, repr, error or pickle shows them."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from freesound.errors import AuthError

ENVIRONMENT_KEY = "FREESOUND_API_KEY"
HIDDEN = "***"
_SHORTEST_TO_REDACT = 6


class Secret:
    """A key or token. :meth:`reveal` is the only way to its text.

    Raises
    ------
    AuthError
        It cannot be one: empty, or with characters that no header may hold.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not re.fullmatch(r"[!-~]{1,2000}", text):
            raise AuthError(
                "expected a Freesound key of letters and digits, got an empty one or one with spaces or other signs: "
                "copy it again from https://freesound.org/apiv2/apply"
            )
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the header and nothing else."""
        return self._text

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that tell this key from others and from which nobody gets back to it."""
        return hashlib.sha256(b"freesound credential\0" + self._text.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text, other._text)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not to be stored: hand the key over by the environment")


def api_key_from_environment(environ: Mapping[str, str] | None = None) -> Secret | None:
    """Return the key in ``FREESOUND_API_KEY``, or None where that is unset or blank."""
    text = (os.environ if environ is None else environ).get(ENVIRONMENT_KEY, "").strip()
    return Secret(text) if text else None


def redact(text: str, secrets: Iterable[Secret | None]) -> str:
    """Return the text with every secret in it blackened."""
    for secret in secrets:
        if secret is not None and len(secret.reveal()) >= _SHORTEST_TO_REDACT:
            text = text.replace(secret.reveal(), HIDDEN)
    return text
