"""The source: what it offers, what it keeps, what it refuses."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.audio import read_audio
from extender.errors import SourceError
from extender.sources.base import Candidate, Query, Seen, SourceContext
from extender.sources.procedural import ProceduralSource
from extender.testing import check_sound_source
from extender.types import Kind

BARK = Query("dog", ("dog bark",), "event", takes=3, seed=5)


@pytest.fixture
def source(tmp_path: Path) -> ProceduralSource:
    return ProceduralSource(SourceContext(tmp_path))


def test_keeps_to_the_contract(source: ProceduralSource) -> None:
    check_sound_source(source, BARK)


def test_offers_as_many_takes_as_wanted(source: ProceduralSource) -> None:
    found = source.search(BARK)
    assert [c.title for c in found] == ["Dog barking 1", "Dog barking 2", "Dog barking 3"]
    assert len({c.id for c in found}) == 3
    assert {c.reason for c in found} == {"synthesised: model 'dog'"}
    assert {c.licence for c in found} == {"CC0-1.0"}


def test_seed_decides_which_dog(source: ProceduralSource) -> None:
    ids = {source.search(replace(BARK, seed=seed))[0].id for seed in range(20)}
    assert len(ids) == 20


def test_kind_decides_the_first_model(source: ProceduralSource) -> None:
    assert source.search(Query("train", ("train",), "loop"))[0].id.startswith("train/")
    assert source.search(Query("train", ("train",), "event"))[0].id.startswith("train-pass/")


def test_knows_only_its_own_concepts(source: ProceduralSource) -> None:
    assert source.search(Query("poodle", ("poodle",), "event")) == []
    assert source.search(Query("", (), "event")) == []


def test_sound_is_kept_and_made_again_where_it_is_damaged(source: ProceduralSource, tmp_path: Path) -> None:
    candidate = source.search(BARK)[0]
    asset = source.fetch(candidate)
    path = Path(asset.file)
    first = path.read_bytes()
    assert path.is_relative_to(tmp_path / "procedural")
    assert asset.sha256 == hashlib.sha256(first).hexdigest()
    assert asset.duration_s == pytest.approx(read_audio(path).duration_s)

    before = path.stat().st_mtime_ns
    assert source.fetch(candidate) == asset
    assert path.stat().st_mtime_ns == before, "a kept sound is not made again"

    for damaged in (b"", b"not a sound", first[: len(first) // 2]):
        path.write_bytes(damaged)
        assert source.fetch(candidate) == asset
        assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == [path.name], "nothing temporary is left"


def test_same_bytes_in_another_place(source: ProceduralSource, tmp_path: Path) -> None:
    other = ProceduralSource(SourceContext(tmp_path / "elsewhere"))
    candidate = source.search(BARK)[1]
    assert other.fetch(candidate).sha256 == source.fetch(candidate).sha256


def _with_id(identity: str) -> Candidate:
    return Candidate("procedural", identity, "", (), None, "", "", "", 0.0, "")


@pytest.mark.parametrize(
    "identity",
    ["", "dog", "dog/..", "../dog/0000000000000000-0", "dog/0000000000000000-0/../..", "poodle/0000000000000000-0",
     "dog/000000000000000g-0", "dog/0000000000000000-0\n", "DOG/0000000000000000-0", "dog/0000000000000000-99999",
     "crowd/0000000000000000-0?", "crowd/0000000000000000-0?persons=", "crowd/0000000000000000-0?persons=24.0",
     "crowd/0000000000000000-0?persons=1e9", "crowd/0000000000000000-0?persons=nan", "crowd/0000000000000000-0?size=24",
     "crowd/0000000000000000-0?persons=24&persons=24", "crowd/0000000000000000-0?persons=../24",
     "traffic/0000000000000000-0?speed=50&density=20"],
)  # fmt: skip
def test_foreign_ids_become_no_paths(source: ProceduralSource, tmp_path: Path, identity: str) -> None:
    with pytest.raises(SourceError, match="no synthesised sound has the id"):
        source.fetch(_with_id(identity))
    assert not any(tmp_path.iterdir())


@given(identity=st.text(max_size=60))
def test_any_text_is_refused_in_one_line(identity: str) -> None:
    with pytest.raises(SourceError) as caught:
        ProceduralSource(SourceContext(Path("/nonexistent"))).fetch(_with_id(identity))
    assert "\n" not in str(caught.value)


def test_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    source = ProceduralSource(SourceContext(blocked))
    with pytest.raises(SourceError, match=r"cannot keep a synthesised sound in .*EXTENDER_CACHE"):
        source.fetch(source.search(BARK)[0])


def test_picture_sets_what_it_shows(source: ProceduralSource) -> None:
    def id_of(concept: str, seen: Seen, kind: Kind = "ambience", place: str = "") -> str:
        return source.search(Query(concept, (concept,), kind, seed=1, place=place, seen=seen))[0].id.split("-", 1)[1]

    assert id_of("crowd", Seen(count=24)) == "0?persons=24"
    assert id_of("crowd", Seen(count=1, persons=1)) == "0", "one person is no crowd"
    assert id_of("restaurant murmur", Seen(persons=9)) == "0?persons=9"
    assert id_of("stadium crowd", Seen(persons=22)) == "0", "the players are not the crowd"
    assert id_of("traffic", Seen(vehicles=5), place="busy street") == "0?density=30&speed=35"
    assert id_of("car", Seen(count=1, distance_m=12.3456), "event", "highway") == "0?nearest=12&speed=100"
    assert id_of("car", Seen(count=1, distance_m=900.0), "event") == "0?nearest=60"
    assert id_of("wind", Seen(), place="mountain") == "0?speed=14"
    assert id_of("crickets", Seen(night=True), place="desert") == "0?temperature=25"
    assert id_of("dog", Seen(count=3, distance_m=40.0), "event") == "0", "the mixer puts it at its distance"


def test_values_are_in_title_reason_and_sound(source: ProceduralSource) -> None:
    wanted = Query("crowd", ("crowd",), "ambience", seed=1, seen=Seen(count=40))
    (candidate, *_) = source.search(wanted)
    assert candidate.title == "Crowd, 40 persons"
    assert candidate.reason == "synthesised: model 'crowd', 40 persons"
    asset = source.fetch(candidate)
    assert asset.title == candidate.title
    plain = source.fetch(source.search(replace(wanted, seen=Seen()))[0])
    assert asset.sha256 != plain.sha256
    assert source.find(candidate.id).id == candidate.id
    assert source.fetch(source.find(candidate.id)).sha256 == asset.sha256, "the id alone makes the same sound again"


@given(persons=st.integers(2, 1_000), wind=st.floats(1.0, 30.0))
def test_ids_with_values_are_read_back(persons: int, wind: float) -> None:
    source = ProceduralSource(SourceContext(Path("/nonexistent")))
    for identity in (f"crowd/00000000000000ff-3?persons={persons}", f"wind/00000000000000ff-0?speed={float(wind)!r}"):
        whole = identity.removesuffix(".0")
        assert source.find(whole).id == whole
