"""Each fault ends in a right answer or in one clear line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from freesound import (
    AuthError,
    BadRequest,
    Conflict,
    CredentialSuspended,
    FreesoundError,
    Ledger,
    Limits,
    Manners,
    NetworkError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Request,
    ServerBusy,
    ServerError,
    Throttled,
)
from tests.freesound.fakes import KEY, NOW, FakeClock, Reply, client_for, html, listing, reply, sound

MINUTE = "Request was throttled because of exceeding a request limit rate (60/minute)"
DAY = "Request was throttled because of exceeding a request limit rate (2000/day)"
SUSPENDED = "Request was throttled because the ApiV2 credential has been suspended"
OVERLOADED = "Search is overloaded, please try again later."


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (reply({"detail": "Invalid token"}, 401), AuthError, "copy it again from https://freesound.org/apiv2/apply"),
        (reply({"detail": "Suspended token or token pending for approval"}, 401), CredentialSuspended, "not approved"),
        (reply({"detail": "User inactive or deleted"}, 401), AuthError, "account of this key is closed"),
        (html("<title>403 Forbidden</title>", 403), PermissionDenied, "403 Forbidden: a firewall refuses"),
        (reply({"detail": "This resource requires a secure connection (https)"}, 403), PermissionDenied, "needs https"),
        (reply({"detail": "No Sound matches the given query."}, 404), NotFound, "leave it out"),
        (html("<title>Not found</title>", 404), NotFound, "leave it out"),
        (reply({"explanation": "APIv1 has ended"}, 410), NotFound, "APIv1 has ended"),
        (reply({"detail": {"rating": ["not a number"]}}, 400), BadRequest, "rating: not a number: correct the request"),
        (reply({"detail": "User has already rated sound 7"}, 409), Conflict, "nothing more to do"),
        (html("<title>Server Error</title>", 500), ServerError, "exactly this request"),
        (reply({"detail": "Server error"}, 500), ServerError, "exactly this request"),
        (reply({"detail": SUSPENDED}, 429), CredentialSuspended, "asking again does not help"),
        (Reply(304, b"", {}), BadRequest, "unexpected redirect"),
    ],
)
def test_what_will_not_change_is_asked_once(answer: Reply, error: type[FreesoundError], says: str) -> None:
    client, network, clock = client_for([answer])
    with pytest.raises(error, match="GET /sounds/7/") as caught:
        client.sound(7)
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert len(network.sent) == 1
    assert clock.slept == []
    assert network.open == 0


@pytest.mark.parametrize(
    "answer",
    [
        reply({"detail": OVERLOADED}, 500),
        reply({"detail": "The search server could not be reached or some unexpected error occurred."}, 500),
        html("<title>502 Bad Gateway</title>", 502),
        html("", 503),
        html("", 504),
        NetworkError("reset"),
        Reply(200, {"count": 1}, {"Content-Type": "application/json"}, breaks_after=5),
        Reply(200, b'{"count": 1, "resul', {"Content-Type": "application/json"}),
    ],
)
def test_what_may_pass_is_tried_again(answer: Reply | Exception) -> None:
    client, network, clock = client_for([answer, answer, listing(sound())])
    assert [s.id for s in client.search("rain")] == [1000]
    assert clock.slept == [1.0, 2.0]  # the whole of full jitter
    client, network, _ = client_for([answer] * 3)
    with pytest.raises(FreesoundError, match=r"try again|reset|broke"):
        list(client.search("rain"))
    assert len(network.sent) == 3


def test_pauses_are_random_and_bounded() -> None:
    numbers = iter([0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0])
    client, _, clock = client_for(
        [NetworkError("x")] * 8, rng=lambda: next(numbers), manners=Manners(tries=8, deadline_s=1000)
    )
    with pytest.raises(NetworkError):
        list(client.search("x"))
    assert clock.slept == [0.0, 1.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_call_ends_by_its_deadline() -> None:
    client, network, clock = client_for([NetworkError("x")] * 9, manners=Manners(tries=9, deadline_s=10))
    with pytest.raises(NetworkError):
        list(client.search("x"))
    assert clock.now - NOW <= 10
    slow = Reply(200, b" " * 60_000, {"Content-Type": "application/json"}, delay_s=29)
    client, network, clock = client_for([slow])
    with pytest.raises(NetworkError, match="longer than 120 s"):
        list(client.search("x"))
    assert clock.now - NOW < 160
    assert network.open == 0


def test_timeouts_go_with_every_request_and_shrink_with_the_deadline() -> None:
    client, network, _ = client_for([NetworkError("x"), listing()], manners=Manners(deadline_s=4, backoff_s=2))
    list(client.search("x"))
    assert (network.sent[0].connect_timeout_s, network.sent[0].read_timeout_s) == (4, 4)
    assert (network.sent[1].connect_timeout_s, network.sent[1].read_timeout_s) == (2, 2)


def test_a_full_minute_is_waited_for() -> None:
    waits: list[float] = []
    refusal = reply({"detail": MINUTE}, 429)
    client, network, clock = client_for([refusal, refusal, listing(sound())], on_wait=waits.append)
    assert [s.id for s in client.search("rain")] == [1000]
    assert clock.now - NOW == pytest.approx(120, abs=1)
    assert waits == [60.0, 60.0]
    assert client.traffic.waited_s == pytest.approx(120, abs=1)
    client, network, _ = client_for(lambda _: refusal)
    with pytest.raises(Throttled, match="no more than 60 requests a minute") as error:
        list(client.search("rain"))
    assert (error.value.limit, error.value.unit) == (60, "minute")
    assert len(network.sent) == 5


def test_a_full_day_is_not_waited_for(tmp_path: Path) -> None:
    clock = FakeClock()
    refusal = reply({"detail": DAY}, 429)
    ledger = Ledger(tmp_path / "book", clock=clock)
    ledger.finish(ledger.acquire(client_for([])[0].caller.credential))
    clock.now += 3600
    client, network, _ = client_for([refusal], clock=clock, ledger=ledger)
    for _ in range(2):  # the second time nobody is asked
        with pytest.raises(QuotaExceeded, match="go on after") as error:
            list(client.search("rain"))
        assert error.value.resets_at is not None
    assert len(network.sent) == 1
    assert clock.slept == []


def test_ones_own_book_stops_at_the_day_before_the_service_does() -> None:
    clock = FakeClock()
    ledger = Ledger(limits=Limits(get_per_minute=None, get_per_day=2), clock=clock)
    client, network, _ = client_for(lambda _: listing(sound()), clock=clock, ledger=ledger)
    list(client.search("a"))
    list(client.search("b"))
    with pytest.raises(QuotaExceeded, match="go on after 2026-09-22") as error:
        list(client.search("c"))
    assert error.value.resets_at is not None
    assert error.value.resets_at.timestamp() == NOW + 86_400
    assert len(network.sent) == 2


def test_a_suspended_key_is_never_used_again() -> None:
    client, network, _ = client_for([reply({"detail": SUSPENDED}, 429)])
    for _ in range(3):
        with pytest.raises(CredentialSuspended, match=r"mtg@upf\.edu"):
            client.sound(1)
    assert len(network.sent) == 1


def test_refusals_are_not_counted_and_errors_are() -> None:
    client, _, _ = client_for(
        [reply({"detail": "Invalid filter."}, 400), reply({"detail": "Invalid token"}, 401), reply({}, 404)]
    )
    for _ in range(3):
        with pytest.raises(FreesoundError):
            client.sound(1)
    assert client.remaining().minute == 58
    client, _, _ = client_for([NetworkError("refused", never_sent=True)] * 3)
    with pytest.raises(NetworkError):
        client.sound(1)
    assert client.remaining().minute == 60


def test_a_post_is_never_sent_twice(tmp_path: Path) -> None:
    for fault in (NetworkError("reset"), html("", 502), reply({"detail": OVERLOADED}, 500)):
        client, network, _ = client_for([fault], tmp_path, login=True)
        with pytest.raises((NetworkError, ServerBusy)):
            client.rate(7, 5)
        assert len(network.sent) == 1
    refused_first: list[Reply | Exception] = [reply({"detail": "x (30/minute)"}, 429), reply({"detail": "Rated."}, 201)]
    client, network, _ = client_for(refused_first, tmp_path, login=True)
    assert client.rate(7, 5) == "Rated."  # what was refused was not done
    assert len(network.sent) == 2


@pytest.mark.parametrize(
    ("place", "sees_key"),
    [
        ("/apiv2/search/?query=x", True),
        ("https://freesound.org/apiv2/search/?query=x", True),
        ("https://freesound.org:8443/apiv2/search/", False),
        ("https://evil.example/apiv2/search/", False),
        ("https://freesound.org.evil.example/", False),
        ("//evil.example/x", False),
    ],
)
def test_the_key_follows_no_redirect_to_another_host(place: str, sees_key: bool) -> None:
    client, network, _ = client_for([Reply(301, b"", {"Location": place}), listing(sound())])
    assert [s.id for s in client.search("x")] == [1000]
    assert ("Authorization" in network.sent[1].headers) is sees_key
    assert all(KEY not in r.url for r in network.sent)


@pytest.mark.parametrize(
    "place", ["http://freesound.org/x", "http://127.0.0.1/x", "file:///etc/passwd", "https://a@b/"]
)
def test_no_redirect_leads_off_https(place: str) -> None:
    client, network, _ = client_for([Reply(302, b"", {"Location": place})])
    with pytest.raises(NetworkError, match="expected an https address"):
        list(client.search("x"))
    assert len(network.sent) == 1


def test_redirects_end() -> None:
    client, network, _ = client_for(lambda r: Reply(302, b"", {"Location": r.url}))
    with pytest.raises(NetworkError, match="more than 5 times"):
        list(client.search("x"))
    assert len(network.sent) == 6


def test_a_post_is_not_redirected(tmp_path: Path) -> None:
    client, network, _ = client_for([Reply(307, b"", {"Location": "https://evil.example/"})], tmp_path, login=True)
    with pytest.raises(NetworkError, match="POST was redirected"):
        client.comment(7, "nice")
    assert len(network.sent) == 1


def test_an_endless_answer_ends() -> None:
    def huge(_: Request) -> Reply:
        return Reply(200, b"x" * (65 * 2**20), {"Content-Type": "application/json"})

    client, network, _ = client_for(huge)
    with pytest.raises(NetworkError, match="larger than"):
        client.sound(1)
    assert network.open == 0
