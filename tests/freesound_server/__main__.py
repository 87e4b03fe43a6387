"""``python -m tests.freesound_server --sounds FOLDER``: serve a folder until interrupted."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from tests.freesound_server.faults import KINDS
from tests.freesound_server.server import FreesoundServer


def main(arguments: list[str] | None = None) -> int:
    """Serve; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.freesound_server",
        description="Serve a folder of recordings as a Freesound site on this machine's loopback.",
        epilog="Kinds of fault: " + ", ".join(KINDS),
    )
    parser.add_argument(
        "--sounds", type=Path, required=True, metavar="FOLDER", help="recordings, with or without manifest.csv"
    )
    parser.add_argument("--port", type=int, default=8800, help="of the API (default 8800; 0 = any)")
    parser.add_argument("--cdn-port", type=int, default=0, help="of the previews (default: any)")
    parser.add_argument("--key", help="API key (default: a new one)")
    parser.add_argument("--level", type=int, default=1, choices=(0, 1, 2, 3, 99), help="throttling level of the key")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="wait before every answer")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND[@MATCH][xTIMES]", help="may be repeated")
    parser.add_argument("--public-url", default="https://freesound.invalid", help="host in the answers' addresses")
    given = parser.parse_args(arguments)
    try:
        server = FreesoundServer(
            given.sounds,
            key=given.key,
            level=given.level,
            latency_s=given.latency,
            faults=given.fault,
            public_url=given.public_url,
            port=given.port,
            cdn_port=given.cdn_port,
            approve=None,
        )
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    with server:
        sys.stdout.write(
            f"{len(server.state.catalogue)} sounds\n"
            f"API        {server.base_url}\n"
            f"previews   {server.cdn_origin}/previews/\n"
            f"log        {server.origin}/__log__\n"
            f"faults     {server.origin}/__faults__\n"
            f"client id  {server.client_id}\n"
            f"API key    {server.key}\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
