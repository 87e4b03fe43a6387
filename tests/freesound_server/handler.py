"""HTTP on a socket: reading a request, sending an answer, and sending it wrongly where a fault says so."""

from __future__ import annotations

import json
import re
import socket
import struct
import traceback
from collections.abc import Iterator
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

from tests.freesound_server.access import credential_kind
from tests.freesound_server.faults import IN_APPLICATION, IN_DATA, IN_FRONT, REDIRECT, Fault, spoil
from tests.freesound_server.messages import Answer, Request, json_answer, page, proxy_page, server_error_page
from tests.freesound_server.requestlog import Entry

if TYPE_CHECKING:
    from tests.freesound_server.server import FreesoundServer, Listener

MAX_FORM_BYTES = 1 << 20
MAX_UPLOAD_BYTES = 64 << 20
_CHUNK = 64 << 10
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def listener(self) -> Listener:
        """The listener that took the connection."""
        return cast("Listener", self.server)

    @property
    def owner(self) -> FreesoundServer:
        """The server as a whole."""
        return self.listener.owner

    def version_string(self) -> str:
        """Name the server as the site's proxy does."""
        return "nginx"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the request log knows."""

    def _handle(self) -> None:
        if len(self.requestline) > self.owner.max_request_line:
            self.close_connection = True
            self._send(proxy_page(414, "Request-URI Too Large"))
            return
        body = self._body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        target = self.path.encode("latin-1", "replace").decode("utf-8", "replace")
        request = Request(self.command, target, headers, body, self.listener.host)
        if request.path in ("/__log__", "/__faults__"):
            self._send(self._own_page(request))
            return
        self.owner.pause(self.owner.latency_s)
        fault = self.owner.faults.take(request)
        answer = self._answer(request, fault)
        # Noted before it is sent: whoever has the answer finds it in the log.
        entry = self._note(request, answer, fault)
        sent = 0
        try:
            sent = self._deliver(answer, fault)
        finally:
            if sent != entry.sent_bytes:
                self.owner.log.amend(entry, sent)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _body(self) -> bytes | None:
        """Read the body, or refuse it."""
        length = self.headers.get("Content-Length", "0")
        kind = self.headers.get("Content-Type", "")
        most = MAX_UPLOAD_BYTES if kind.startswith("multipart/") else MAX_FORM_BYTES
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            refusal = proxy_page(411, "Length Required")
        elif int(length) > most:
            refusal = proxy_page(413, "Request Entity Too Large")
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        self._send(refusal)
        return None

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        if fault is None:
            return self._site(request)
        if fault.kind in IN_FRONT:
            return IN_FRONT[fault.kind]()
        if fault.kind == REDIRECT:
            return page(302, "Found", Location=fault.location or self.owner.other_host + request.target)
        if fault.kind in ("reset", "stalled"):
            return Answer(0)
        answer = self._site(request)
        if fault.kind in IN_APPLICATION:
            if not answer.counted and answer.status >= 400:
                return answer
            failed = IN_APPLICATION[fault.kind]()
            kept = {"Allow": answer.headers["Allow"]} if "Allow" in answer.headers and "Allow" in failed.headers else {}
            headers = {**failed.headers, **kept}
            return replace(
                failed, headers=headers, counted=answer.counted, client_id=answer.client_id, at_s=answer.at_s
            )
        if fault.kind in IN_DATA:
            return spoil(fault, request, answer, lambda count: self._page_before(request, count))
        return answer

    def _site(self, request: Request) -> Answer:
        try:
            return self.owner.site.answer(request)
        except Exception:
            self.owner.errors.append(traceback.format_exc())
            return server_error_page()

    def _page_before(self, request: Request, count: int) -> list[Any]:
        """Return the last results of the page before the one that is asked for."""
        sent = request.query
        number = int(sent["page"]) if sent.get("page", "").isdecimal() else 1
        if number < 2:
            return []
        before = urlencode({**sent, "page": str(number - 1)})
        answer = self._site(replace(request, target=f"{urlsplit(request.target).path}?{before}"))
        return list(answer.data["results"][-count:]) if isinstance(answer.data, dict) else []

    def _deliver(self, answer: Answer, fault: Fault | None) -> int:
        """Send the answer as the fault wants it; return the bytes of the body that went out."""
        kind = fault.kind if fault else ""
        length = answer.length
        if kind == "stalled":
            self.owner.pause(fault.seconds if fault else 0.0)
        if kind in ("reset", "stalled"):
            return self._cut()
        if kind == "length_too_long":
            return self._send(answer, declared=length + 1000, close=True)
        if kind == "length_too_short":
            return self._send(answer, declared=length // 2, close=True)
        if kind == "truncated":
            return self._send(answer, only=length // 2, close=True)
        if kind in ("reset_midway", "stalled_midway"):
            sent = self._send(answer, only=length // 2, close=True)
            self.owner.pause(fault.seconds if fault and kind == "stalled_midway" else 0.0)
            self._cut()
            return sent
        return self._send(answer, over_s=fault.seconds if fault and kind == "slow" else 0.0)

    def _send(
        self,
        answer: Answer,
        *,
        declared: int | None = None,
        only: int | None = None,
        over_s: float = 0.0,
        close: bool = False,
    ) -> int:
        """Send head and body.

        Parameters
        ----------
        declared : int, optional
            Content-Length in place of the true one.
        only : int, optional
            Send so many bytes of the body.
        over_s : float
            Spread the body over so many seconds.
        close : bool
            Close the connection afterwards.
        """
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value.encode("utf-8").decode("latin-1"))
        if answer.status != 304:
            self.send_header("Content-Length", str(answer.length if declared is None else declared))
        self.close_connection = self.close_connection or close
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD" or answer.status == 304:
            self.wfile.flush()
            return 0
        most = answer.length if only is None else only
        chunk = max(most // 20, 1) if over_s else _CHUNK
        sent = 0
        for part in _chunks(answer, most, chunk):
            if over_s:
                self.wfile.flush()
                self.owner.pause(over_s * len(part) / max(most, 1))
            self.wfile.write(part)
            sent += len(part)
        self.wfile.flush()
        return sent

    def _cut(self) -> int:
        """Break the connection so that the other side sees a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())
        return 0

    def _note(self, request: Request, answer: Answer, fault: Fault | None) -> Entry:
        hidden = re.sub(r"([?&](?:token|code|client_secret|access_token)=)[^&]*", r"\1***", request.target)
        entry = Entry(
            at_s=answer.at_s if answer.at_s is not None else self.owner.clock(),
            host=request.host,
            method=request.method,
            path=hidden,
            status=answer.status,
            sent_bytes=0 if request.method == "HEAD" or answer.status == 304 else answer.length,
            counted=answer.counted,
            credential=credential_kind(request),
            client_id=answer.client_id,
            user_agent=request.headers.get("user-agent", ""),
            range=request.headers.get("range", ""),
            fault=fault.kind if fault else "",
        )
        self.owner.log.add(entry)
        return entry

    def _own_page(self, request: Request) -> Answer:
        """Serve the log and the faults to whoever steers the server from another process."""
        if not _LOOPBACK.fullmatch(request.headers.get("host", "")):
            return proxy_page(403, "Forbidden")
        if request.path == "/__log__":
            if request.method == "DELETE":
                self.owner.log.clear()
            entries = [asdict(entry) for entry in self.owner.log]
            return json_answer({**self.owner.log.summary(), "errors": self.owner.errors, "entries": entries})
        if request.method == "DELETE":
            self.owner.faults.clear()
        if request.method == "POST":
            try:
                given = json.loads(request.body)
                for each in given if isinstance(given, list) else [given]:
                    self.owner.faults.put(Fault.read(each))
            except (ValueError, RecursionError) as error:
                return json_answer({"detail": str(error)}, 400)
        return json_answer({"waiting": [asdict(fault) for fault in self.owner.faults.waiting]})


def _chunks(answer: Answer, most: int, size: int) -> Iterator[bytes]:
    if isinstance(answer.body, Path):
        with answer.body.open("rb") as file:
            file.seek(answer.start)
            while most > 0 and (part := file.read(min(size, most))):
                most -= len(part)
                yield part
    else:
        for start in range(0, most, size):
            yield answer.body[start : min(start + size, most)]
