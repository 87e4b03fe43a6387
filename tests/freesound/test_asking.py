"""Questions: what is sent, how lists end, what the cache answers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freesound import (
    AuthError,
    Cache,
    Client,
    DecodeError,
    NetworkError,
    NotFound,
    OfflineMiss,
    QueryError,
    Request,
    cache_clear,
    cache_info,
    cache_prune,
    equals,
)
from tests.freesound.fakes import BASE, KEY, Network, Reply, client_for, html, listing, reply, sound


def params_of(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query, keep_blank_values=True).items()}


def test_a_search_is_one_plain_request() -> None:
    client, network, _ = client_for([listing(sound())])
    found = client.search(
        "rain", filter=equals("type", "wav"), sort="rating_desc", fields=("id", "name"), group_by_pack=True,
        weights={"tag": 4}, page_size=20,
    )  # fmt: skip
    assert network.sent == []
    assert [s.id for s in found] == [1000]
    (request,) = network.sent
    assert request.url.startswith(f"{BASE}/search/?")
    assert params_of(request) == {
        "query": "rain", "filter": 'type:"wav"', "sort": "rating_desc", "fields": "id,name", "group_by_pack": "1",
        "weights": "tag:4", "page_size": "20",
    }  # fmt: skip
    assert request.headers["Authorization"] == f"Token {KEY}"
    assert request.headers["Accept"] == "application/json"
    assert "image-extender" in request.headers["User-Agent"]
    assert KEY not in request.url


def test_no_blank_filter_and_no_query_beside_a_vector() -> None:
    client, network, _ = client_for([listing()])
    list(client.search(similar_to=1000, filter="", fields=None))
    assert params_of(network.sent[0]) == {"similar_to": "1000", "similarity_space": "laion_clap", "page_size": "150"}
    with pytest.raises(QueryError, match="either a query or similar_to"):
        client.search("rain", similar_to=1000)
    with pytest.raises(QueryError, match="per page"):
        client.search("rain", page_size=151)


@settings(max_examples=150, deadline=None)
@given(
    total=st.integers(0, 23),
    size=st.integers(1, 6),
    server_size=st.integers(1, 6),
    holes=st.sets(st.integers(0, 22)),
    repeats=st.booleans(),
    lying_count=st.sampled_from([None, 0, 10_000]),
    lying_next=st.sampled_from([None, True]),
    limit=st.none() | st.integers(0, 30),
)
def test_every_list_is_read_to_its_end_once_each(
    total: int,
    size: int,
    server_size: int,
    holes: set[int],
    repeats: bool,
    lying_count: int | None,
    lying_next: bool | None,
    limit: int | None,
) -> None:
    clamped = min(size, server_size)

    def serve(request: Request) -> Reply:
        number = int(params_of(request).get("page", 1))
        start = (number - 1) * clamped
        if number > 1 and start >= total:
            return reply({"detail": "Not found"}, 404)
        ids = list(range(start, min(start + clamped, total)))
        shown = [None if i in holes else sound(i + 1, name="x") for i in ids]
        if repeats and number > 1:
            shown = [sound(1), *shown]
        more = start + clamped < total if lying_next is None else lying_next
        count = total if lying_count is None else lying_count
        return listing(*shown, count=count, more=more)

    client, network, _ = client_for(serve, limits=None)
    found = [s.id for s in client.search("x", page_size=size, limit=limit)]
    barren = any(set(range(s, min(s + 2 * clamped, total))) <= holes for s in range(0, total, clamped))
    wanted = [i + 1 for i in range(total) if i not in holes]
    if repeats and total > clamped and 0 in holes and 1 not in wanted:
        wanted.append(1)
    assert len(found) == len(set(found))
    assert set(found) <= set(wanted)
    if not barren:  # after two pages of nothing new a list counts as ended
        assert len(found) == (len(wanted) if limit is None else min(limit, len(wanted)))
    assert all(urlsplit(r.url).hostname == "freesound.org" for r in network.sent)
    assert len(network.sent) <= -(-total // clamped) + 2


def test_a_service_that_repeats_itself_for_ever_is_left() -> None:
    client, network, _ = client_for(lambda _: listing(sound(1), sound(2), count=10_000, more=True))
    assert [s.id for s in client.search("x", page_size=2)] == [1, 2]
    assert len(network.sent) == 3


def test_pages_know_what_the_service_says() -> None:
    client, _, _ = client_for([listing(sound(1), None, count=9, more=True)])
    page = client.search("x", page_size=2).page(1)
    assert ([s.id for s in page.items], page.came, page.count, page.more) == ([1], 2, 9, True)
    client, _, _ = client_for([listing(sound(1))])
    first = client.search("x").first()
    assert first is not None
    assert first.id == 1


def test_a_page_that_is_no_list() -> None:
    client, _, _ = client_for([reply({"results": "nonsense"})])
    with pytest.raises(DecodeError, match="expected a list"):
        list(client.search("x"))


def test_many_sounds_by_number_in_few_requests() -> None:
    def serve(request: Request) -> Reply:
        condition = params_of(request)["filter"].removeprefix("id:").strip("()")
        ids = [int(part) for part in condition.split(" OR ")]
        return listing(*(sound(i) for i in reversed(ids) if i != 7))

    client, network, _ = client_for(serve)
    assert [s.id for s in client.sounds([*range(1, 301), 5])] == [i for i in range(1, 301) if i != 7]
    assert len(network.sent) == 2


def test_names_of_users_are_one_step_of_the_path() -> None:
    client, network, _ = client_for([reply({"username": "a/b c"})])
    assert client.user("a/../b é").username == "a/b c"
    assert urlsplit(network.sent[0].url).path == "/apiv2/users/a%2F..%2Fb%20%C3%A9/"
    with pytest.raises(QueryError):
        client.user("..")


def test_the_cache_answers_while_it_is_believed(tmp_path: Path) -> None:
    client, network, clock = client_for(lambda _: reply(sound()), tmp_path)
    client.sound(1000)
    clock.now += 29 * 86_400
    client.sound(1000)
    assert len(network.sent) == 1
    assert client.traffic.from_cache == 1
    clock.now += 2 * 86_400
    client.sound(1000)
    assert len(network.sent) == 2


def test_an_old_answer_is_better_than_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Reply | Exception] = [listing(sound()), *[NetworkError("no route")] * 3]
    client, _, clock = client_for(answers, tmp_path)
    list(client.search("rain"))
    clock.now += 2 * 86_400
    assert [s.id for s in client.search("rain")] == [1000]
    assert client.traffic.stale == 1
    assert "48 h ago" in caplog.text


def test_a_wrong_key_is_not_hidden_by_an_old_answer(tmp_path: Path) -> None:
    client, _, clock = client_for([listing(sound()), reply({"detail": "Invalid token"}, 401)], tmp_path)
    list(client.search("rain"))
    clock.now += 2 * 86_400
    with pytest.raises(AuthError, match="does not know this key"):
        list(client.search("rain"))


def test_offline_is_what_was_fetched_before(tmp_path: Path) -> None:
    client, _, clock = client_for([listing(sound())], tmp_path)
    list(client.search("rain"))
    clock.now += 400 * 86_400
    offline, network, _ = client_for([], tmp_path, clock=clock, offline=True, api_key="")
    assert [s.id for s in offline.search("rain")] == [1000]
    with pytest.raises(OfflineMiss, match="was not fetched before"):
        list(offline.search("dog"))
    with pytest.raises(OfflineMiss):
        offline.get_json("/me/")
    with pytest.raises(OfflineMiss):
        offline.rate(1, 5)
    assert network.sent == []


def test_what_does_not_exist_is_not_asked_again_for_an_hour(tmp_path: Path) -> None:
    client, network, clock = client_for(lambda _: reply({"detail": "No Sound matches the given query."}, 404), tmp_path)
    for _ in range(2):
        with pytest.raises(NotFound, match="leave it out"):
            client.sound(31337)
    assert len(network.sent) == 1
    clock.now += 3601
    with pytest.raises(NotFound):
        client.sound(31337)
    assert len(network.sent) == 2


def test_a_takedown_leaves_the_cache(tmp_path: Path) -> None:
    answers: list[Reply | Exception] = [reply(sound()), reply({"bpm": 1}), reply({"detail": "No Sound"}, 404)]
    client, _, clock = client_for(answers, tmp_path)
    client.sound(1000)
    client.analysis(1000)
    clock.now += 31 * 86_400
    with pytest.raises(NotFound):
        client.sound(1000)
    assert cache_info(tmp_path / "cache").answers == 1  # that it is gone


def test_damaged_entries_are_dropped(tmp_path: Path) -> None:
    client, network, _ = client_for(lambda _: reply(sound()), tmp_path)
    for damage in (b"", b"{", b'{"format": 1}', b'{"format": 99}', b"[]", b"\xff\xfe"):
        client.sound(1000)
        (path,) = (tmp_path / "cache" / "answers").rglob("*.json")
        path.write_bytes(damage)
    client.sound(1000)
    assert len(network.sent) == 7


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "answers").write_text("in the way")
    client, _, _ = client_for([reply(sound())], tmp_path)
    assert client.sound(1000).name == "Rain 00"


def test_ones_own_matters_are_never_kept(tmp_path: Path) -> None:
    client, _, _ = client_for(lambda _: listing(sound()), tmp_path, login=True)
    assert [s.id for s in client.bookmarks()] == [1000]
    assert cache_info(tmp_path / "cache").answers == 0


def test_cache_housekeeping(tmp_path: Path) -> None:
    client, _, clock = client_for(lambda r: reply(sound(int(r.url.split("/")[-2]))), tmp_path)
    for number in range(1, 11):
        client.sound(number)
        clock.now += 3600
    client.sound(1)  # used again
    root = tmp_path / "cache"
    (root / "mine.txt").write_text("a person's own")
    info = cache_info(root)
    assert info.answers == 10
    assert info.total_bytes == info.answers_bytes > 0
    freed = Cache(root, clock=clock).prune(max_bytes=info.answers_bytes // 2)
    assert freed >= info.answers_bytes // 2
    offline, _, _ = client_for([], tmp_path, clock=clock, offline=True)
    assert offline.sound(1).id == 1
    with pytest.raises(OfflineMiss):
        offline.sound(2)
    assert Cache(root, clock=clock).prune(max_age_s=1800) > 0
    assert cache_prune(root, max_bytes=0) + cache_clear(root) > 0
    assert cache_info(root).total_bytes == 0
    assert (root / "mine.txt").exists()
    assert (root / "CACHEDIR.TAG").exists()


def test_without_a_key_nothing_is_sent() -> None:
    client, network, _ = client_for([], api_key="")
    with pytest.raises(AuthError, match="set FREESOUND_API_KEY"):
        list(client.search("rain"))
    assert network.sent == []


@pytest.mark.parametrize("base", ["http://freesound.org/apiv2", "http://10.0.0.1/", "ftp://x/", "https://u@x/", "x"])
def test_the_key_goes_out_over_https_only(base: str) -> None:
    with pytest.raises((AuthError, NetworkError), match="expected an https address"):
        client_for([], base_url=base)


@pytest.mark.parametrize("base", ["http://localhost:1/apiv2/", "http://127.0.0.1:8765", "http://[::1]:9/"])
def test_on_this_machine_http_will_do(base: str) -> None:
    client, network, _ = client_for([listing(sound())], base_url=base)
    list(client.search("x"))
    assert network.sent[0].url.startswith(base.rstrip("/") + "/search/?")


def test_a_web_page_in_place_of_an_answer_is_told(tmp_path: Path) -> None:
    client, network, _ = client_for([html()], tmp_path)
    with pytest.raises(DecodeError, match="expected JSON, got text/html") as error:
        list(client.search("rain"))
    assert "\n" not in str(error.value)
    assert len(network.sent) == 1
    assert cache_info(tmp_path / "cache").answers == 0


def test_a_network_is_a_transport() -> None:
    network = Network([listing()])
    assert list(Client(KEY, transport=network, ledger=client_for([])[0].caller.ledger).search("x")) == []
    assert network.open == 0
