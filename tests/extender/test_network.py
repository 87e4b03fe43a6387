"""The whole product with a key, against a Freesound on loopback: how much it asks, and what it keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import shared
from tests.extender.desk import Desk
from tests.freesound_server import FreesoundServer

OBJECTS = ("dog", "cat", "bicycle", "car", "clock", "bird", "train", "person")


def test_eight_things_cost_two_requests_each_and_nothing_the_second_time(
    tmp_path: Path, synthesised: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FreesoundServer(shared("sounds")) as server:
        desk = Desk(tmp_path, server, synthesised)
        desk.scene(*OBJECTS)
        said = desk.render("one", "--outputs", "credits,report")
        asked = len(server.log.api())
        assert not any(entry.credential for entry in server.log.previews())
    concepts = len(said["sounds"])
    assert concepts >= len(OBJECTS)
    assert 0 < asked <= 2 * concepts
    assert said["requests"]["freesound"] == asked
    assert "freesound" in desk.sources("one")
    assert any("non-commercial" in note for note in said["notes"])
    again = desk.render("two", process=True)
    assert again["requests"]["freesound"] == 0
    assert desk.sha("two") == desk.sha("one")
    offline = desk.render("three", "--offline")
    assert offline["requests"].get("freesound", 0) == 0
    assert desk.sources("three") >= {"freesound"}
    assert len(server.log.api()) == asked
    assert desk.files_with_key() == []


def test_the_licences_that_are_not_wanted_are_never_fetched(desk: Desk, server: FreesoundServer) -> None:
    desk.scene("dog", "car", "clock")
    desk.render("free", "--licence", "cc0")
    licences = {take["licence"] for take in desk.takes("free")}
    assert all(name.startswith(("CC0", "Public-Domain")) for name in licences), licences
    played = {number for number, sound in server.state.catalogue.sounds.items() if "zero" in sound.deed.url}
    fetched = {int(entry.path.rsplit("/", 1)[1].split("_")[0]) for entry in server.log.previews()}
    assert fetched
    assert fetched <= played


def test_one_sound_is_swapped_and_named(desk: Desk, server: FreesoundServer) -> None:
    desk.render("out")

    def takes() -> set[str]:
        project = json.loads((desk.folder / "out" / "project.json").read_text(encoding="utf-8"))
        roles = {role["id"]: role for role in project["cast"]["roles"]}
        return {f"{take['source']}:{take['id']}" for take in roles["dog-1"]["takes"]}

    first = takes()
    assert desk.run("swap", "out/project.json", "dog").returncode == 0
    second = takes()
    assert first.isdisjoint(second)
    named = sorted(first)[0]
    says = desk.run("swap", "out/project.json", "dog", "--with", named)
    assert says.returncode == 0
    assert "requests" not in says.stdout  # it was at hand
    assert takes() == {named}
    table = desk.run("sounds", "search", "dog", "--limit", "3").stdout
    assert "freesound:" in table


def test_an_error_shows_no_key(desk: Desk, server: FreesoundServer) -> None:
    desk.render("out", "--outputs", "credits,report")
    before = desk.sha("out")
    server.faults.add("unauthorised")
    number = next(iter(server.state.catalogue.sounds))
    for run, more in ((desk.process, ()), (desk.run, ("--debug",))):
        done = run("swap", "out/project.json", "dog", "--with", f"freesound:{number}", *more)
        assert done.returncode == 6
        assert desk.key not in done.stdout + done.stderr
        assert done.stderr.strip().splitlines()[-1].startswith("extender: ")
        assert more or done.stderr.count("\n") == 1
    assert desk.sha("out") == before
    assert desk.leftovers() == []
    assert desk.files_with_key() == []
