"""Requests and answers of the server, without sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

API = "/apiv2"
API_HEADERS = {"Vary": "Accept, Cookie, origin", "Allow": "GET, HEAD, OPTIONS"}
PAGE_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Vary": "Cookie, origin"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``target`` is the raw path with its query; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    host: str = "api"

    @property
    def path(self) -> str:
        """The raw path."""
        return urlsplit(self.target).path

    @property
    def parts(self) -> tuple[str, ...]:
        """The decoded parts of the path, without empty ends."""
        return tuple(unquote(part, errors="replace") for part in self.path.strip("/").split("/"))

    @property
    def query(self) -> dict[str, str]:
        """The decoded query; of a repeated parameter the last."""
        return dict(
            parse_qsl(urlsplit(self.target).query, keep_blank_values=True, errors="replace", max_num_fields=200)
        )

    @property
    def form(self) -> dict[str, str]:
        """The decoded fields of a form, JSON object or multipart body; what cannot be read counts as empty."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            try:
                given = json.loads(self.body)
            except ValueError:
                return {}
            return {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
        if kind == "multipart/form-data":
            return {
                name: content.decode("utf-8", "replace") for name, (file, content) in self.multipart.items() if not file
            }
        try:
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200))
        except ValueError:
            return {}

    @property
    def multipart(self) -> dict[str, tuple[str, bytes]]:
        """The parts of a multipart body: name → (file name or empty, content)."""
        from email.parser import BytesParser
        from email.policy import HTTP

        head = f"Content-Type: {self.headers.get('content-type', '')}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        parts = {}
        for part in message.iter_parts() if message.is_multipart() else ():
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str):
                content = part.get_payload(decode=True)
                parts[name] = (part.get_filename() or "", content if isinstance(content, bytes) else b"")
        return parts


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``body`` is bytes, or a file of which ``start`` up to ``stop`` is sent.

    ``data`` is what was serialised, for faults that change it; ``counted`` tells whether the throttle counted it.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Path = b""
    start: int = 0
    stop: int = 0
    data: Any = None
    counted: bool = False
    client_id: str = ""
    at_s: float | None = None

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.stop - self.start


def to_json(data: Any) -> bytes:
    """Serialise as the service does: no spaces, unescaped Unicode."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def json_answer(data: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer of the API."""
    sent = {"Content-Type": "application/json", **API_HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Answer(status, sent, to_json(data), data=data)


def detail(status: int, text: Any, **headers: str) -> Answer:
    """Return an error of the API."""
    return json_answer({"detail": text}, status, **headers)


def page(status: int, title: str, text: str = "", **headers: str) -> Answer:
    """Return an HTML page of the site."""
    html = (
        f'<!doctype html>\n<html lang="en">\n<head>\n    <meta charset="utf-8">\n    <title>{escape(title)}</title>\n'
        f"</head>\n<body>\n<h1>{escape(title)}</h1>\n{text}\n</body>\n</html>\n"
    )
    return Answer(status, {**PAGE_HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}, html.encode())


def not_found_page() -> Answer:
    """Return the page of an unknown address."""
    return page(404, "Freesound - Page not found", "<p>Whoops! There is nothing here.</p>")


def server_error_page() -> Answer:
    """Return the page of a crash."""
    return page(500, "Server Error", "<p>Sorry, something went wrong.</p>")


def proxy_page(status: int, reason: str) -> Answer:
    """Return what the proxy in front of the site says."""
    text = f"<html><head><title>{status} {reason}</title></head></html>"
    return Answer(status, {"Content-Type": "text/html"}, text.encode())


def with_headers(answer: Answer, **headers: str) -> Answer:
    """Return the answer with more headers."""
    return replace(answer, headers={**answer.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})
