"""Servers for the tests of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import shared
from tests.freesound_server import FreesoundServer
from tests.freesound_server.recorded import recorded_catalogue


class Client:
    """Asks one server, with its key."""

    def __init__(self, server: FreesoundServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {server.key}"

    def get(self, path: str, **params: Any) -> requests.Response:
        """Ask for ``path`` below the API."""
        return self.session.get(self.server.base_url + path, params=params, timeout=10)

    def search(self, query: str = "", **params: Any) -> dict[str, Any]:
        """Return the answer of a search that goes well."""
        answer = self.get("/search/", query=query, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ids(self, query: str = "", **params: Any) -> list[int]:
        """Return the ids of the first 150 results."""
        results = self.search(query, fields="id", page_size=150, **params)["results"]
        return [each["id"] for each in results if each]

    def refused(self, query: str = "", **params: Any) -> str:
        """Return the text of a 400."""
        answer = self.get("/search/", query=query, **params)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["detail"])


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    """A client of a server over the real recordings; nothing is written to it."""
    with FreesoundServer(shared("sounds"), level=99) as server:
        client = Client(server)
        yield client
        client.session.close()
        assert server.errors == []


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Client]:
    """A client of a fresh server over the 33 sounds of the recorded site."""
    with FreesoundServer(recorded_catalogue(tmp_path), cache_dir=tmp_path / "cache") as server:
        client = Client(server)
        yield client
        client.session.close()
        assert server.errors == []
