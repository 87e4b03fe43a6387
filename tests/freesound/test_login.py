"""Logging in, staying so, and out again; tokens are nobody else's."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from freesound import (
    AuthError,
    Client,
    CredentialSuspended,
    Description,
    Ledger,
    LicenceKind,
    QueryError,
    Request,
    TokenStore,
    begin_login,
    code_from,
    finish_login,
    wait_for_code,
)
from freesound.cli import Terminal, main
from freesound.secret import Secret
from tests.freesound.fakes import ACCESS, BASE, KEY, NOW, REFRESH, FakeClock, Network, Reply, client_for, reply, tokens

ENDED = 'Bearer realm="api",error="invalid_token",error_description="The access token is invalid."'
NEW = {
    "access_token": "new-access-token-1234567890",
    "refresh_token": "new-refresh-token-123456789",
    "expires_in": 86400,
}


def ended() -> Reply:
    return reply({"detail": "Authentication credentials were not provided."}, 401, WWW_Authenticate=ENDED)


def form_of(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def test_the_address_to_open() -> None:
    one, two = (begin_login(BASE, "clientid0123456789ab") for _ in range(2))
    query = {k: v[0] for k, v in parse_qs(urlsplit(one.url).query).items()}
    assert one.url.startswith(f"{BASE}/oauth2/authorize/?")
    assert query["code_challenge_method"] == "S256"
    digest = hashlib.sha256(one.verifier.reveal().encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert 43 <= len(one.verifier.reveal()) <= 128
    assert one.state != two.state
    assert one.verifier != two.verifier
    assert one.verifier.reveal() not in one.url
    assert "logout_and_authorize" in begin_login(BASE, "abc", other_user=True).url
    with pytest.raises(AuthError, match="client id"):
        begin_login(BASE, "not a client id")


def test_what_is_pasted() -> None:
    attempt = begin_login(BASE, "abc")
    assert code_from(attempt, "  the-code ").reveal() == "the-code"
    state = attempt.state.reveal()
    assert code_from(attempt, f"https://x/?code=c1&state={state}").reveal() == "c1"
    with pytest.raises(AuthError, match="another attempt"):
        code_from(attempt, "https://x/?code=c1&state=other")
    with pytest.raises(AuthError, match="did not let you in"):
        code_from(attempt, "https://x/?error=access_denied")
    with pytest.raises(AuthError):
        code_from(attempt, "  ")


def test_a_code_becomes_tokens(tmp_path: Path) -> None:
    client, network, _ = client_for([reply(NEW)], tmp_path)
    attempt = begin_login(BASE, "abc")
    got = finish_login(client.caller, attempt, Secret("the-code"), Secret(KEY))
    form = form_of(network.bodies[0])
    assert form["code_verifier"] == attempt.verifier.reveal()
    assert (form["client_secret"], form["code"], form["grant_type"]) == (KEY, "the-code", "authorization_code")
    assert "Authorization" not in network.sent[0].headers
    assert (got.access.reveal(), got.expires_at) == (NEW["access_token"], NOW + 86_400)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (reply({"error": "invalid_grant"}, 400), "log in again"),
        (reply({"error": "invalid_client"}, 401), "client id or key is wrong"),
        (reply({"token_type": "Bearer"}), "holds no tokens"),
        (reply([1]), "holds no tokens"),
    ],
)
def test_a_code_that_is_not_accepted(tmp_path: Path, answer: Reply, says: str) -> None:
    client, network, _ = client_for([answer], tmp_path)
    with pytest.raises(AuthError, match=says) as error:
        finish_login(client.caller, begin_login(BASE, "abc"), Secret("the-code"), Secret(KEY))
    assert KEY not in str(error.value)
    assert len(network.sent) == 1


def test_an_ended_login_is_renewed_once_and_kept_before_it_is_used(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "config" / "tokens.json")

    def serve(request: Request) -> Reply:
        if request.url.endswith("/oauth2/access_token/"):
            return reply(NEW)
        if request.headers["Authorization"] == f"Bearer {ACCESS}":
            return ended()
        kept = store.load()
        assert kept is not None
        assert request.headers["Authorization"] == f"Bearer {kept.access.reveal()}"
        return reply({"username": "ann"})

    client, network, _ = client_for(serve, tmp_path, login=True)
    assert client.me().username == "ann"
    assert form_of(network.bodies[1])["refresh_token"] == REFRESH
    assert len(network.sent) == 3
    client.me()
    assert len(network.sent) == 4


def test_what_ends_soon_is_renewed_before(tmp_path: Path) -> None:
    client, network, clock = client_for([reply(NEW), reply({"username": "ann"})], tmp_path, login=True)
    clock.now += 86_400 - 100
    assert client.me().username == "ann"
    assert network.sent[0].url.endswith("/oauth2/access_token/")


def test_what_another_program_renewed_is_not_renewed_again(tmp_path: Path) -> None:
    client, network, _ = client_for([ended(), reply({"username": "ann"})], tmp_path, login=True)
    store = TokenStore(tmp_path / "config" / "tokens.json")

    class Meanwhile(Network):
        def send(self, request: Request):  # type: ignore[no-untyped-def]
            store.save(tokens(access="fresh-from-elsewhere", refresh="other-refresh-token"))
            return super().send(request)

    network = Meanwhile([ended(), reply({"username": "ann"})])
    client, _, _ = client_for(network, tmp_path, login=True)
    assert client.me().username == "ann"
    assert network.sent[1].headers["Authorization"] == "Bearer fresh-from-elsewhere"


def test_a_login_that_has_ended_for_good(tmp_path: Path) -> None:
    answers: list[Reply | Exception] = [ended(), reply({"error": "invalid_grant"}, 400)]
    client, network, _ = client_for(answers, tmp_path, login=True)
    with pytest.raises(AuthError, match="log in again"):
        client.me()
    assert TokenStore(tmp_path / "config" / "tokens.json").load() is None
    with pytest.raises(AuthError, match="needs a login"):
        client.me()
    assert len(network.sent) == 2


def test_a_wrong_key_does_not_cost_the_login(tmp_path: Path) -> None:
    client, _, _ = client_for([ended(), reply({"error": "invalid_client"}, 401)], tmp_path, login=True)
    with pytest.raises(AuthError, match="client id or key"):
        client.me()
    assert TokenStore(tmp_path / "config" / "tokens.json").load() is not None


def test_tokens_go_to_their_own_service_only(tmp_path: Path) -> None:
    client, network, _ = client_for([], tmp_path, login=True, base_url="https://other.example/apiv2")
    with pytest.raises(AuthError, match="needs a login"):
        client.me()
    assert network.sent == []


def test_with_a_login_alone_one_can_search(tmp_path: Path) -> None:
    client, network, _ = client_for([reply({"results": []})], tmp_path, login=True, api_key="")
    assert list(client.search("rain")) == []
    assert network.sent[0].headers["Authorization"] == f"Bearer {ACCESS}"
    assert client.caller.credential == Secret(KEY).fingerprint()  # the same book as with the key


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "deep" / "tokens.json")
    store.save(tokens())
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.load() == tokens()
    store.path.chmod(0o644)
    store.load()
    assert store.path.stat().st_mode & 0o777 == 0o600
    for damage in ("", "{", "[]", '{"access_token": 1}', '{"access_token": "a b"}'):
        store.path.write_text(damage)
        assert store.load() is None
    assert store.clear()
    assert not store.clear()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_browser_brings_the_code() -> None:
    port = free_port()
    attempt = begin_login(BASE, "abc", redirect_uri=f"http://localhost:{port}/cb")
    found: list[Secret] = []
    thread = threading.Thread(target=lambda: found.append(wait_for_code(attempt, 20)))
    thread.start()
    statuses = []
    for path in ("/favicon.ico", "/cb?code=evil&state=wrong", f"/cb?code=good&state={attempt.state.reveal()}"):
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                    statuses.append(answer.status)
                break
            except urllib.error.HTTPError as error:
                statuses.append(error.code)
                error.close()
                break
            except urllib.error.URLError:
                thread.join(0.02)
    thread.join(10)
    assert statuses == [404, 400, 200]
    assert [code.reveal() for code in found] == ["good"]


def test_callbacks_on_other_machines_are_refused() -> None:
    with pytest.raises(AuthError, match="expected a callback like"):
        wait_for_code(begin_login(BASE, "abc", redirect_uri="https://example.org/cb"))


def test_writing(tmp_path: Path) -> None:
    done = {"detail": "Successfully done."}
    client, network, _ = client_for(lambda _: reply(done, 201), tmp_path, login=True)
    assert client.bookmark(7, category="My loops") == "Successfully done."
    client.rate(7, 5)
    client.comment(7, "Nice ünïcode ☃")
    about = Description(name="a", tags=("a", "b", "c"), licence=LicenceKind.BY_NC, geotag=(1.0, 2.0, 12), pack="p")
    client.describe("t.wav", about)
    client.edit(7, Description(description="better"))
    assert [urlsplit(r.url).path.removeprefix("/apiv2") for r in network.sent] == [
        "/sounds/7/bookmark/", "/sounds/7/rate/", "/sounds/7/comment/", "/sounds/describe/", "/sounds/7/edit/",
    ]  # fmt: skip
    assert form_of(network.bodies[2]) == {"comment": "Nice ünïcode ☃"}
    assert form_of(network.bodies[3]) == {
        "upload_filename": "t.wav", "name": "a", "tags": "a b c", "license": "Attribution NonCommercial",
        "geotag": "1.0,2.0,12", "pack": "p",
    }  # fmt: skip
    assert all(r.headers["Authorization"] == f"Bearer {ACCESS}" for r in network.sent)
    for wrong in (
        lambda: client.rate(7, 6),
        lambda: client.comment(7, " "),
        lambda: client.edit(7, Description()),
        lambda: client.describe("t", Description(tags=("a",))),
        lambda: client.describe("t", Description(licence=LicenceKind.SAMPLING_PLUS)),
        lambda: client.describe("t", Description(geotag=(1, 2, 3))),
        lambda: client.upload(tmp_path / "nothing.wav"),
    ):
        with pytest.raises(QueryError, match="expected"):
            wrong()
    assert len(network.sent) == 5


def test_an_upload_is_a_form_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / 'a"b\r\n.wav'
    path.write_bytes(os.urandom(600_000))
    client, network, _ = client_for([reply({"detail": "ok", "id": 9}, 201)], tmp_path, login=True)
    assert client.upload(path, Description(name="ü"))["id"] == 9
    body, request = network.bodies[0], network.sent[0]
    assert request.body is not None
    assert len(body) == len(request.body)
    boundary = request.headers["Content-Type"].split("boundary=")[1].encode()
    parts = body.split(b"--" + boundary)
    assert parts[0] == b""
    assert parts[-1] == b"--\r\n"
    assert parts[1].endswith(b'name="name"\r\n\r\n\xc3\xbc\r\n')
    head, content = parts[2].split(b"\r\n\r\n", 1)
    assert b'name="audiofile"; filename="a%22b%0D%0A.wav"' in head
    assert content == path.read_bytes() + b"\r\n"


def run(*argv: str, **world: object) -> tuple[int, str]:
    said: list[str] = []
    given: dict[str, object] = {"say": said.append, "environ": {"FREESOUND_API_KEY": KEY}, "ledger": Ledger()}
    code = main(argv, Terminal(**(given | world)))  # type: ignore[arg-type]
    return code, "\n".join(said)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    network = Network([reply(NEW), reply({"username": "ann"})])
    answers = iter(["clientid0123456789ab", "the-code"])
    code, said = run("login", store=store, transport=network, ask=lambda _: next(answers))
    assert code == 0
    assert "Logged in as ann" in said
    assert store.path.stat().st_mode & 0o777 == 0o600
    network = Network([reply({"username": "ann"})])
    code, said = run("status", "--check", store=store, transport=network)
    assert code == 0
    assert "Key: set" in said
    assert "knows you as ann" in said
    assert "60 in this minute, 2000 in this day" in said
    code, said = run("logout", store=store)
    assert "Logged out." in said
    code, said = run("logout", store=store)
    assert "Nobody was logged in." in said
    code, said = run("status", store=store, environ={})
    assert "not set" in said
    code, said = run("login", store=store, environ={})
    assert code == 1
    told = capsys.readouterr().err
    assert told == "freesound: no key: set FREESOUND_API_KEY; get one at https://freesound.org/apiv2/apply\n"
    assert KEY not in said + told


def test_a_key_that_is_not_approved_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = reply({"detail": "Suspended token or token pending for approval"}, 401)
    code, _ = run("status", "--check", store=TokenStore(tmp_path / "t"), transport=Network([refusal]))
    assert code == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert issubclass(CredentialSuspended, AuthError)


def test_a_client_is_made_without_a_network(tmp_path: Path) -> None:
    clock = FakeClock()
    client = Client(KEY, ledger=Ledger(tmp_path / "book", clock=clock), clock=clock)
    assert client.remaining().minute == 60
