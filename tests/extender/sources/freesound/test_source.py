"""The source and the casting with it, against a Freesound site on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from extender.casting import cast
from extender.errors import SourceError
from extender.sources import DEFAULT_ORDER, make_sources
from extender.sources.base import Query, SourceContext
from extender.sources.freesound import FreesoundSource
from extender.sources.procedural import ProceduralSource
from extender.testing import check_sound_source
from extender.types import Cast, Role
from scenes import Box, Detection, Place, Scene, load_vocabulary
from tests.extender.sources.freesound.conftest import Source
from tests.freesound_server import FreesoundServer
from tests.freesound_server.catalogue import Sound

VOCABULARY = load_vocabulary()
BARK = Query("dog", ("dog bark", "dog", "barking"), "event", ("music", "speech"), takes=3, seed=5)
HORN = Query("car horn", ("car horn", "horn honk"), "event", ("music",), takes=1, seed=5)
Make = Callable[..., Sound]


def scene(*labels: str) -> Scene:
    things = (
        Detection(f"{label}-{n}", label, 0.9, Box(0.1, 0.1, 0.5, 0.5), 0.9 - 0.1 * n, 0.0, 0.0, 5.0, 1)
        for n, label in enumerate(labels, 1)
    )
    return Scene(Place("nowhere at all"), tuple(things))


def cast_with(source: FreesoundSource, *labels: str, seed: int = 1) -> Cast:
    return cast(scene(*labels), VOCABULARY, [source, ProceduralSource(source._context)], seed=seed)


def role_of(found: Cast, name: str) -> Role:
    return next(role for role in found.roles if role.id == name)


def takes(found: Cast, role: str) -> list[tuple[str, str]]:
    return [(take.source, take.id) for r in found.roles if r.id == role for take in r.takes]


def test_it_keeps_the_contract(server: FreesoundServer, source: Source) -> None:
    check_sound_source(source(), BARK)


def test_a_dog_is_a_dog_and_no_song_and_no_talk_about_one(server: FreesoundServer, source: Source) -> None:
    found = source().search(BARK)
    assert {c.id for c in found} == {str(100 + n) for n in range(6)}


def test_an_asset_says_whose_it_is(server: FreesoundServer, source: Source) -> None:
    own = source()
    asset = own.fetch(own.search(HORN)[0])
    assert (asset.source, asset.id, asset.title, asset.author) == ("freesound", "200", "car horn", "ann")
    assert asset.licence == "CC-BY-4.0"
    assert asset.url == "https://freesound.org/people/ann/sounds/200/"
    assert asset.changes == ("preview (lossy) of the original",)
    assert asset.duration_s == pytest.approx(1.0, abs=0.05)


def test_no_two_dogs_share_a_recording(server: FreesoundServer, source: Source) -> None:
    found = cast_with(source(), "dog", "dog", "dog")
    own = [take for n in (1, 2, 3) for take in takes(found, f"dog-{n}")]
    assert len(takes(found, "dog-1")) == 3  # recurring events have several takes
    assert len(own) == len(set(own))
    assert ("procedural", "dog") in {(name, take.split("/")[0]) for name, take in takes(found, "dog-3")}


def test_offline_afterwards_the_same_sounds_come_without_a_request(server: FreesoundServer, source: Source) -> None:
    first = cast_with(source(), "dog", "car horn")
    asked = len(server.log.entries)
    assert cast_with(source(), "dog", "car horn") == first
    assert cast_with(source(offline=True), "dog", "car horn") == first
    assert len(server.log.entries) == asked
    assert role_of(first, "dog-1").takes[0].source == "freesound"


def test_with_the_server_stopped_too(server: FreesoundServer, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cast_with(source(), "dog")
    server.stop()
    assert cast_with(source(), "dog") == first
    monkeypatch.delenv("FREESOUND_API_KEY")
    assert cast_with(source(), "dog") == first


def test_without_a_key_it_says_where_to_get_one(
    source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FREESOUND_API_KEY", raising=False)
    own = source()
    with pytest.raises(SourceError, match="apply"):
        own.search(BARK)
    assert own.search(HORN) == []  # it was said
    assert len(own.notes) == 1
    context = SourceContext(tmp_path / "cache")
    assert "freesound" not in [s.name for s in make_sources(DEFAULT_ORDER, context)]
    assert [s.name for s in make_sources(["freesound", "procedural"], context)] == ["freesound", "procedural"]


@pytest.mark.parametrize("fault", ["unauthorised", "forbidden_html", "throttled_day", "suspended"])
def test_a_refusal_is_one_note_and_the_next_source_plays(server: FreesoundServer, source: Source, fault: str) -> None:
    server.faults.add(fault)
    own = source()
    found = cast_with(own, "dog", "car horn")
    assert {take.source for role in found.roles for take in role.takes} == {"procedural"}
    assert len(own.notes) == 1
    assert "\n" not in own.notes[0]
    assert len(server.log.api()) == 1
    said = [*(role.reason for role in found.roles), *found.silent]
    assert sum("freesound: " in line for line in said) == 1


def test_a_key_that_cannot_be_one_is_one_line(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREESOUND_API_KEY", "two words")
    found = cast_with(source(), "dog")
    assert found.roles[0].takes[0].source == "procedural"


@pytest.mark.parametrize("fault", ["html_ok", "bad_json", "server_error_html"])
def test_an_answer_that_is_none_leaves_the_part_to_the_next_source(
    server: FreesoundServer, source: Source, fault: str
) -> None:
    server.faults.add(fault, "/search/")
    role = role_of(cast_with(source(), "dog"), "dog-1")
    assert role.takes[0].source == "procedural"


@pytest.mark.parametrize("fault", ["null_results", "duplicates", "count_lies", "hostile_names"])
def test_lists_that_are_wrong_in_themselves_do_no_harm(server: FreesoundServer, source: Source, fault: str) -> None:
    server.faults.add(fault, "/search/")
    own = source()
    found = own.search(BARK)
    assert found
    assert len({c.id for c in found}) == len(found)
    assert all(c.title.isprintable() for c in found)
    assert Path(own.fetch(found[0]).file).is_file()


@pytest.mark.parametrize("fault", ["missing", "truncated", "length_too_long", "html_ok"])
def test_a_file_that_cannot_be_had_makes_room_for_the_next(server: FreesoundServer, source: Source, fault: str) -> None:
    best = source().search(HORN)[0].id
    server.faults.add(fault, f"/previews/.*{best}")
    role = role_of(cast_with(source(), "car horn"), "car horn-1")
    assert role.takes[0].source == "freesound"
    assert best not in [take.id for take in role.takes]
    assert [c.id for c in role.considered if c.reason.startswith("could not be had")] == [best]


def test_a_preview_that_is_missing_is_left_alone_for_a_day(server: FreesoundServer, source: Source) -> None:
    own = source()
    best = own.search(HORN)[0]
    server.faults.add("missing", f"/previews/.*{best.id}")
    with pytest.raises(SourceError, match="404"):
        own.fetch(best)
    again = source()
    assert best.id not in {c.id for c in again.search(HORN)}
    with pytest.raises(SourceError, match="missing within the last day"):
        again.fetch(best)
    assert len(server.log.previews()) == 1
    later(source, days=1.1)
    server.faults.clear()
    third = source()
    assert third.search(HORN)[0].id == best.id
    assert Path(third.fetch(best).file).is_file()
    assert not list((third._root / "gone").iterdir())


def test_what_the_service_does_not_know_is_left_alone_for_long(server: FreesoundServer, source: Source) -> None:
    own = source()
    with pytest.raises(SourceError, match="404"):
        own.find("99999")
    later(source, days=80)
    with pytest.raises(SourceError, match="taken down"):
        own.fetch(replace(own.search(HORN)[0], id="99999"))


def later(source: Source, *, days: float) -> None:
    """Let time pass: what was remembered to be gone becomes so many days older; what was kept of sounds is dropped."""
    root = source()._root
    for path in (root / "gone").glob("*"):
        when, what = path.read_text().split(" ", 1)
        path.write_text(f"{float(when) - days * 86_400:.0f} {what}")
    for path in (root / "answers").glob("sound-*/*"):
        path.unlink()


@pytest.mark.parametrize(("policy", "ids"), [("any", {"200", "201"}), ("commercial", {"200"}), ("cc0", set())])
def test_what_a_licence_forbids_is_never_fetched(
    server: FreesoundServer, source: Source, policy: str, ids: set[str]
) -> None:
    own = source(licence=policy)
    assert {c.id for c in own.search(HORN)} == ids
    for candidate in source().search(HORN):
        if candidate.id not in ids:
            with pytest.raises(SourceError, match="licence"):
                own.fetch(candidate)
    cast_with(own, "car horn")
    fetched = {path.split("/")[-1].split("_")[0] for path in (entry.path for entry in server.log.previews())}
    assert fetched <= ids


def test_an_unknown_licence_is_never_fetched(server: FreesoundServer, source: Source) -> None:
    server.faults.add("unknown_licence", "/search/")
    assert source().search(HORN) == []
    assert not server.log.previews()


def test_random_draws_by_the_seed_and_only_among_what_fits(server: FreesoundServer, source: Source) -> None:
    own = source(pick="random")
    orders = {tuple(c.id for c in own.search(replace(BARK, seed=n))) for n in range(8)}
    assert len(orders) > 3
    assert all(set(order) == {str(100 + n) for n in range(6)} for order in orders)
    found = own.search(BARK)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert found == source(pick="random").search(BARK)


def test_a_silent_sound_is_passed_over_with_its_reason(server: FreesoundServer, source: Source, make: Make) -> None:
    quiet = make(500, "car horn", category_code="fx-v", peak=0.0, num_ratings=90, rating=10.0, num_downloads=90_000)
    server.state.put(quiet)
    role = role_of(cast_with(source(), "car horn"), "car horn-1")
    assert role.takes[0].id == "200"
    assert any(c.id == "500" and "silent" in c.reason for c in role.considered)


def test_what_a_person_names_is_found_by_its_number(server: FreesoundServer, source: Source) -> None:
    own = source()
    asset = own.fetch(own.find("201"))
    assert (asset.id, asset.licence) == ("201", "CC-BY-NC-4.0")
    for wrong in ("", "-1", "1/../2", "9" * 30, "dog"):
        with pytest.raises(SourceError, match="number of a sound"):
            own.find(wrong)
    with pytest.raises(SourceError, match="404"):
        own.find("99999")


def test_the_key_is_nowhere(server: FreesoundServer, source: Source, tmp_path: Path) -> None:
    own = source()
    found = cast_with(own, "dog", "car horn")
    server.faults.add("unauthorised")
    with pytest.raises(SourceError) as refused:
        own.search(Query("owl", ("owl hoot",), "event"))
    told = json.dumps(asdict(found)) + str(refused.value) + repr(own.__dict__) + own.tally
    assert server.key not in told
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not any(server.key.encode() in path.read_bytes() for path in files)
