"""Everything that goes wrong on demand."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.freesound_server import Fault
from tests.freesound_server.conftest import Client
from tests.freesound_server.faults import HOSTILE_NAMES, IN_APPLICATION, IN_FRONT, KINDS


def test_faults_in_place_of_answers(small: Client) -> None:
    """Each is played as often as was said, where it was said, then all is well."""
    expected = {"forbidden_html": 403, "missing": 404, "bad_gateway": 502, "unavailable": 503, "gateway_timeout": 504}
    expected |= {"html_ok": 200, "unauthorised": 401, "throttled_minute": 429, "throttled_day": 429, "suspended": 429}
    expected |= dict.fromkeys(IN_APPLICATION, 500)
    assert set(expected) == {*IN_FRONT, *IN_APPLICATION}
    for kind, status in expected.items():
        small.server.faults.add(kind, "/search/", times=1, skip=1)
        assert small.get("/sounds/1000/").status_code == 200
        statuses = [small.get("/search/", query="rain").status_code for _ in range(3)]
        assert statuses == [200, status, 200], kind
        small.server.throttle.reset()
    assert small.server.faults.waiting == ()
    played = [entry for entry in small.server.log if entry.fault]
    assert {entry.fault for entry in played if entry.counted} == set(IN_APPLICATION)


def test_faults_in_the_data(small: Client) -> None:
    """Nulls, repeats across pages, a wrong count, names that hurt, a licence nobody knows, cut JSON."""
    faults = small.server.faults
    faults.add("null_results", times=1)
    assert None in small.search("rain")["results"]
    faults.add("duplicates")
    one, two = (small.search("rain", fields="id", page=n, page_size=4)["results"] for n in (1, 2))
    assert {each["id"] for each in one} & {each["id"] for each in two}
    faults.clear()
    faults.add("count_lies", times=1)
    assert small.search("rain")["count"] == 29 * 3 + 1
    faults.add("hostile_names", times=1)
    assert [each["name"] for each in small.search("rain")["results"]][:12] == list(HOSTILE_NAMES)
    faults.add("unknown_licence", times=1)
    assert small.get("/sounds/1000/").json()["license"].endswith("9.0/")
    faults.add("bad_json", times=1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        small.get("/sounds/1000/").json()


def test_faults_on_the_wire(small: Client) -> None:
    """Cut, lied about, reset, slow, silent."""
    url = small.get("/sounds/1000/").json()["previews"]["preview-hq-ogg"]
    content = requests.get(url, timeout=10).content
    faults = small.server.faults
    for kind in ("truncated", "length_too_long"):
        faults.add(kind, "previews", times=1)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(url, timeout=10)
    faults.add("length_too_short", "previews", times=1)
    assert requests.get(url, timeout=10).content == content[: len(content) // 2]
    for kind in ("reset", "reset_midway", "stalled"):
        faults.add(kind, "previews", times=1, seconds=0.05)
        with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.get(url, timeout=10)
    faults.add("slow", "previews", times=1, seconds=0.3)
    started = time.monotonic()
    assert requests.get(url, timeout=10).content == content
    assert time.monotonic() - started >= 0.29
    assert [entry.fault for entry in small.server.log if entry.fault][-2:] == ["stalled", "slow"]


def test_a_redirect_shows_who_sends_the_key_along(small: Client) -> None:
    """The other host notes whether a credential came; nothing but previews is there."""
    small.server.faults.add("redirect", times=1)
    moved = small.session.get(small.server.base_url + "/sounds/1000/", timeout=10, allow_redirects=False)
    assert urlsplit(moved.headers["Location"]).hostname == "localhost"
    requests.get(moved.headers["Location"], headers={"Authorization": "Token x"}, timeout=10)
    last = small.server.log.entries[-1]
    assert (last.host, last.credential, last.status) == ("cdn", "token", 404)


def test_faults_are_read_from_words_and_json() -> None:
    """KIND@MATCHxTIMES; an unknown kind names the known ones."""
    assert Fault.read("overloaded@/search/x2") == Fault("overloaded", "/search/", 2)
    assert Fault.read("slow") == Fault("slow")
    assert Fault.read({"kind": "slow", "seconds": 2}) == Fault("slow", seconds=2)
    for wrong in ("nope", "slow@(", {"kind": "slow", "x": 1}, {"kind": "slow", "times": -1}, ""):
        with pytest.raises(ValueError, match=r"."):
            Fault.read(wrong)
    assert len(KINDS) == len(set(KINDS))
