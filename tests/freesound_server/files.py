"""Sending a file: ranges, validators, and when a part may be sent (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from tests.freesound_server.messages import Answer, Request


def file_answer(request: Request, path: Path, mime: str, **headers: str) -> Answer:
    """Answer with a file: 200, 206 for one range, 304, or 416."""
    status = path.stat()
    size = status.st_size
    etag = f'"{int(status.st_mtime):x}-{size:x}"'
    modified = formatdate(int(status.st_mtime), usegmt=True)
    sent = {
        "Content-Type": mime,
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": modified,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if _unchanged(request, etag, int(status.st_mtime)):
        return Answer(304, {"ETag": etag, "Last-Modified": modified})
    wanted = request.headers.get("range", "")
    condition = request.headers.get("if-range")
    if condition is not None and condition not in (etag, modified):
        wanted = ""
    if wanted.startswith("bytes=") and "," not in wanted:
        span = _span(wanted[6:].strip(), size)
        if span == (0, 0):
            return Answer(416, {"Content-Type": "text/html", "Content-Range": f"bytes */{size}"}, b"")
        if span is not None:
            start, stop = span
            sent["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
            return Answer(206, sent, path, start, stop)
    return Answer(200, sent, path, 0, size)


def _span(text: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last; (0, 0) = cannot be satisfied, None = not a range at all."""
    found = re.fullmatch(r"(\d{0,18})-(\d{0,18})", text)
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        return (size - length, size) if length else (0, 0)
    start = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if last < start:
        return (0, 0) if start >= size else None
    return (start, min(last, size - 1) + 1) if start < size else (0, 0)


def _unchanged(request: Request, etag: str, modified_s: int) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        return etag in [tag.strip().removeprefix("W/") for tag in known.split(",")] or known.strip() == "*"
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return modified_s <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False
