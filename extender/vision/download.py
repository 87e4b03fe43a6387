"""One file from the network, whole and as published, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from extender.errors import WeightsError
from extender.progress import Progress, silent

if TYPE_CHECKING:
    from requests import Response, Session

_BLOCK = 1 << 16
_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, and for the next bytes of an answer."""

    connect_s: float = 10.0
    read_s: float = 30.0


def download(
    url: str, target: Path, *, sha256: str, progress: Progress = silent, timeouts: Timeouts | None = None
) -> None:
    """Fetch a file, check its length and SHA-256, and only then give it its name.

    Parameters
    ----------
    url : str
        ``https://…``; plain http only to this same machine.
    target : Path
        Its folder is made if need be.
    sha256 : str
        64 hex digits.

    Raises
    ------
    OSError
        No connection, a timeout, an HTTP error, an answer cut short, a disk that is full or may not be written. The
        message is one readable line.
    extender.errors.WeightsError
        What came is not what was published.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            got = _stream(url, file.write, f"downloading {target.name}", progress, timeouts or Timeouts())
        if got != sha256:
            raise WeightsError(
                f"{target.name} from {urlsplit(url).hostname} is not the published file (SHA-256 {got[:12]}…, "
                f"expected {sha256[:12]}…): it was not kept; try again, or give a file with --weights"
            )
        Path(temporary).replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()


def _stream(url: str, write: Callable[[bytes], int], stage: str, progress: Progress, timeouts: Timeouts) -> str:
    import requests

    host, expected, received = urlsplit(url).hostname, 0, 0
    digest = hashlib.sha256()
    try:
        with requests.Session() as session, _get(session, url, timeouts) as response:
            response.raise_for_status()
            expected = int(response.headers.get("Content-Length") or 0)
            for block in response.iter_content(_BLOCK):
                write(block)
                digest.update(block)
                received += len(block)
                progress(stage, min(1.0, received / expected) if expected else 0.0)
    except requests.HTTPError as problem:
        raise OSError(f"{host} answered {problem.response.status_code} {problem.response.reason}") from problem
    except requests.RequestException as problem:
        if expected:
            raise OSError(f"{host} stopped after {received:,} of {expected:,} bytes") from problem
        slow = isinstance(problem, requests.Timeout)
        raise OSError(f"{host} did not answer in time" if slow else f"{host} cannot be reached") from problem
    if expected and received != expected:
        raise OSError(f"{host} stopped after {received:,} of {expected:,} bytes")
    progress(stage, 1.0)
    return digest.hexdigest()


def _get(session: Session, url: str, timeouts: Timeouts) -> Response:
    """Follow redirects one by one, so that none leads from https to http."""
    for _ in range(_REDIRECTS + 1):
        _check_scheme(url)
        response = session.get(
            url,
            stream=True,
            allow_redirects=False,
            timeout=(timeouts.connect_s, timeouts.read_s),
            headers={"Accept-Encoding": "identity"},  # so that Content-Length counts the bytes that are written
        )
        target = session.get_redirect_target(response)
        if target is None:
            return response
        response.close()
        url = urljoin(url, target)
    raise OSError("too many redirects")


def _check_scheme(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        here = False
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise OSError(f"{url} is not https: only encrypted downloads are made")
