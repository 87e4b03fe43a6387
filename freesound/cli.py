"""``freesound login | logout | status``: logging in from a terminal, for programs that use the client."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from freesound.answers import APPLY
from freesound.client import BASE_URL, Client
from freesound.errors import AuthError, FreesoundError
from freesound.ledger import Ledger
from freesound.oauth import begin_login, code_from, finish_login, wait_for_code
from freesound.secret import ENVIRONMENT_KEY, Secret, api_key_from_environment
from freesound.tokens import TokenStore
from freesound.transport import Transport

CLIENT_ID = "FREESOUND_CLIENT_ID"
ADDRESS = "FREESOUND_BASE_URL"
_DESCRIPTION = f"Log in to Freesound. The key is read from {ENVIRONMENT_KEY}; get one at {APPLY}."


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the commands ask of the world around them; tests hand in their own."""

    say: Callable[[str], None] = _say
    ask: Callable[[str], str] = input
    open_browser: Callable[[str], object] | None = None
    environ: Mapping[str, str] | None = None
    transport: Transport | None = None
    store: TokenStore | None = None
    ledger: Ledger | None = None


def main(argv: Sequence[str] | None = None, terminal: Terminal | None = None) -> int:
    """Run the command and return its exit code: 0 well, 1 an error that was told in one line, 2 wrong usage."""
    terminal = terminal or Terminal()
    options = _parser(os.environ if terminal.environ is None else terminal.environ).parse_args(argv)
    try:
        options.run(options, terminal)
    except FreesoundError as error:
        sys.stderr.write(f"freesound: {error}\n")
        return 1
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("freesound: stopped\n")
        return 1
    return 0


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="freesound", description=_DESCRIPTION)
    address = environ.get(ADDRESS) or BASE_URL
    parser.add_argument("--base-url", default=address, help=f"of the API (default: {ADDRESS}, else {BASE_URL})")
    commands = parser.add_subparsers(required=True, metavar="command")
    login = commands.add_parser("login", help="log in, for downloads of originals and for bookmarks")
    login.add_argument("--client-id", default="", help=f"of the key (default: from {CLIENT_ID}, or asked)")
    login.add_argument(
        "--callback", default="", metavar="URL", help="http://localhost:PORT/…, if the key was registered with it"
    )
    login.add_argument("--other-user", action="store_true", help="let the browser's user log out first")
    login.set_defaults(run=_login)
    logout = commands.add_parser("logout", help="forget the login")
    logout.set_defaults(run=_logout)
    status = commands.add_parser("status", help="tell about key, login and what may still be requested")
    status.add_argument("--check", action="store_true", help="ask Freesound whether the login holds")
    status.set_defaults(run=_status)
    return parser


def _login(options: argparse.Namespace, terminal: Terminal) -> None:
    environ = os.environ if terminal.environ is None else terminal.environ
    key = _key(environ)
    client_id = options.client_id or environ.get(CLIENT_ID, "") or terminal.ask("Client id of the key: ").strip()
    attempt = begin_login(options.base_url, client_id, redirect_uri=options.callback, other_user=options.other_user)
    terminal.say(f"Open this address, log in and allow it:\n\n  {attempt.url}\n")
    if terminal.open_browser is not None:
        terminal.open_browser(attempt.url)
    if options.callback:
        code = wait_for_code(attempt)
    else:
        code = code_from(attempt, terminal.ask("Code that the page shows: "))
    store = terminal.store or TokenStore()
    client = _client(options, terminal, key, store)
    with store.lock():
        store.save(finish_login(client.caller, attempt, code, key))
    terminal.say(f"Logged in as {client.me().username}. The login is kept in {store.path}.")


def _logout(_: argparse.Namespace, terminal: Terminal) -> None:
    store = terminal.store or TokenStore()
    with store.lock():
        gone = store.clear()
    terminal.say("Logged out." if gone else "Nobody was logged in.")
    terminal.say("To revoke the permission itself: https://freesound.org/home/app_permissions/")


def _status(options: argparse.Namespace, terminal: Terminal) -> None:
    environ = os.environ if terminal.environ is None else terminal.environ
    key = api_key_from_environment(environ)
    store = terminal.store or TokenStore()
    tokens = store.load()
    terminal.say(f"Key: {'set' if key else f'not set ({ENVIRONMENT_KEY}); get one at {APPLY}'}")
    if tokens is None:
        terminal.say("Login: none; it is needed for originals and bookmarks only")
    else:
        ends = datetime.fromtimestamp(tokens.expires_at, UTC)
        terminal.say(f"Login: kept in {store.path}, to be renewed by {ends:%Y-%m-%d %H:%M} UTC")
    if key is None and tokens is None:
        return
    client = _client(options, terminal, key, store)
    left = client.remaining()
    terminal.say(f"Requests left: {_left(left.minute)} in this minute, {_left(left.day)} in this day")
    if options.check:
        if tokens is None:
            next(iter(client.search("test", fields=("id",), page_size=1, limit=1)), None)
            terminal.say("Freesound accepts the key.")
        else:
            terminal.say(f"Freesound knows you as {client.me().username}.")


def _left(number: int | None) -> str:
    return "without limit" if number is None else str(number)


def _key(environ: Mapping[str, str]) -> Secret:
    key = api_key_from_environment(environ)
    if key is None:
        raise AuthError(f"no key: set {ENVIRONMENT_KEY}; get one at {APPLY}")
    return key


def _client(options: argparse.Namespace, terminal: Terminal, key: Secret | None, store: TokenStore) -> Client:
    return Client(
        key or "",
        token_store=store,
        transport=terminal.transport,
        ledger=terminal.ledger,
        base_url=options.base_url,
        on_wait=lambda seconds: terminal.say(f"Waiting {seconds:.0f} s for Freesound's limit …"),
    )
