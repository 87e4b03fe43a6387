"""Where the login is kept: one file that only its owner can read."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from freesound.errors import FreesoundError
from freesound.secret import Secret

_LOCK_TIMEOUT_S = 120.0


def default_token_path() -> Path:
    """Return the file in the user's configuration folder."""
    import platformdirs

    return Path(platformdirs.user_config_dir("freesound", appauthor=False)) / "tokens.json"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A login.

    Parameters
    ----------
    access, refresh : Secret
    expires_at : float
        Seconds since 1970.
    client_id : str
    credential : str
        Fingerprint of the key that the login was made with; requests are counted under it.
    base_url : str
        The API that they belong to; they are sent to no other.
    scope : str
    """

    access: Secret
    refresh: Secret = field(repr=False)
    expires_at: float
    client_id: str
    credential: str
    base_url: str
    scope: str = ""


class TokenStore:
    """The file with the login. Its mode is 0600; it is replaced in one step, under a lock where that matters.

    Parameters
    ----------
    path : pathlib.Path or None
        None = in the user's configuration folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_token_path()

    def load(self) -> Tokens | None:
        """Return the login, or None without one or where the file makes no sense."""
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        try:
            tokens = Tokens(
                access=Secret(told["access_token"]),
                refresh=Secret(told["refresh_token"]),
                expires_at=float(told["expires_at"]),
                client_id=str(told["client_id"]),
                credential=str(told["credential"]),
                base_url=str(told["base_url"]),
                scope=str(told.get("scope", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, FreesoundError):
            return None
        with contextlib.suppress(OSError):
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
        return tokens

    def save(self, tokens: Tokens) -> None:
        """Keep a login in place of the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = {
            "access_token": tokens.access.reveal(),
            "refresh_token": tokens.refresh.reveal(),
            "expires_at": tokens.expires_at,
            "client_id": tokens.client_id,
            "credential": tokens.credential,
            "base_url": tokens.base_url,
            "scope": tokens.scope,
        }
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        beside.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(told, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)

    def clear(self) -> bool:
        """Forget the login; return whether there was one."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from renewing the login meanwhile: the old one dies at once."""
        import filelock

        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = filelock.FileLock(self.path.with_name(self.path.name + ".lock"), timeout=_LOCK_TIMEOUT_S, mode=0o600)
        try:
            with lock:
                yield
        except filelock.Timeout:
            raise FreesoundError("another program has been renewing the login for minutes: end it") from None
