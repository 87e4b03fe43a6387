"""The formats of an answer: JSON, XML, YAML, JSONP and a page for browsers."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from typing import Any
from xml.sax.saxutils import escape as xml_escape

from tests.freesound_server.messages import Answer, Request

_MIME = {
    "json": "application/json",
    "yaml": "application/yaml; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "jsonp": "application/javascript; charset=utf-8",
    "api": "text/html; charset=utf-8",
}


def negotiate(request: Request) -> str | None:
    """Return the format that is asked for; ``""`` = one that does not exist, None = nothing that can be made."""
    wanted = request.query.get("format")
    if wanted is not None:
        return wanted if wanted in _MIME else ""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
    for kind in accepted:
        for name, mime in _MIME.items():
            if kind == mime.partition(";")[0]:
                return name
    return "json" if any(kind in ("*/*", "application/*", "") for kind in accepted) else None


def render(answer: Answer, name: str, request: Request) -> Answer:
    """Return the answer in another format; what is no data stays as it is."""
    if name == "json" or answer.data is None:
        return answer
    text = {
        "xml": lambda: '<?xml version="1.0" encoding="utf-8"?>\n<root>' + _xml(answer.data) + "</root>",
        "yaml": lambda: json.dumps(answer.data, ensure_ascii=False, indent=2) + "\n",  # all JSON is YAML
        "jsonp": lambda: f"{_callback(request)}({json.dumps(answer.data)});",
        "api": lambda: _html(answer),
    }[name]()
    headers = {**answer.headers, "Content-Type": _MIME[name]}
    return replace(answer, headers=headers, body=text.encode("utf-8", "replace"), data=None)


def _callback(request: Request) -> str:
    wanted = request.query.get("callback", "callback")
    return wanted if wanted.isidentifier() else "callback"


def _xml(data: Any) -> str:
    if data is None:
        return ""
    if isinstance(data, dict):
        return "".join(f"<{_tag(name)}>{_xml(value)}</{_tag(name)}>" for name, value in data.items())
    if isinstance(data, list | tuple):
        return "".join(f"<list-item>{_xml(value)}</list-item>" for value in data)
    return xml_escape(str(data))


def _tag(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in name)


def _html(answer: Answer) -> str:
    text = escape(json.dumps(answer.data, ensure_ascii=False, indent=4))
    return (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset="utf-8"/>\n'
        "    <title>Browseable Freesound APIv2</title>\n  </head>\n"
        f"  <body>\n    <b>HTTP {answer.status}</b>\n    <pre>{text}</pre>\n  </body>\n</html>\n"
    )
