"""Searching the real recordings through the server."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import shared
from tests.freesound_server import FreesoundServer, read_folder
from tests.freesound_server.audio import AudioShelf
from tests.freesound_server.catalogue import CC0, Sound
from tests.freesound_server.conftest import Client
from tests.freesound_server.fieldtypes import SearchError
from tests.freesound_server.filters import compile_filter
from tests.freesound_server.soundvalues import SoundValues
from tests.freesound_server.text import words


def test_starts_quickly_and_stops_at_once() -> None:
    """691 recordings are served within a second, without decoding any."""
    folder = shared("sounds")
    started = time.monotonic()
    with FreesoundServer(folder) as server:
        assert time.monotonic() - started < 1.0
        assert len(server.state.catalogue) == 691


def test_the_catalogue_is_always_the_same() -> None:
    """Ids, names and figures hang on the files alone."""
    folder = shared("sounds")
    one, other = read_folder(folder), read_folder(folder)
    assert one.sounds == other.sounds
    assert len(one.sounds) == 691
    assert {sound.deed.name for sound in one} >= {"Creative Commons 0", "Attribution", "Sampling+"}


def test_every_label_finds_its_sounds(site: Client) -> None:
    """A label's words, all mandatory, find the sounds of that label."""
    catalogue = list(site.server.state.catalogue)
    for label in sorted({sound.label for sound in catalogue})[::12]:
        wanted = {sound.id for sound in catalogue if sound.label == label}
        assert wanted <= set(site.ids(label)), label


def test_terms_are_mandatory_and_signs_and_quotes_work(site: Client) -> None:
    """AND between terms, minus, phrase, stemming; no OR and no ``field:value``."""
    both, rain = set(site.ids("dog bark")), set(site.ids("rain"))
    assert both == set(site.ids("dog")) & set(site.ids("bark")) == set(site.ids("+dogs barking"))
    assert both
    assert not set(site.ids("dog rain"))
    assert set(site.ids("rain -heavy")) == rain - set(site.ids("heavy")) != rain
    assert set(site.ids('"rain heavy"')) < rain
    assert not site.ids('"heavy of rain dog"')
    assert not site.ids("tag:rain OR dog")
    assert site.search("")["count"] == site.search('""')["count"] == 691


def test_all_pages_together_are_all_results(site: Client) -> None:
    """Pages of any size cover the results once each; the one after the last is a 404."""
    wanted = site.ids("dog")
    seen: list[int] = []
    page = 1
    while True:
        found = site.search("dog", fields="id", page=page, page_size=7)
        assert (found["previous"] is None) == (page == 1)
        seen += [each["id"] for each in found["results"]]
        if found["next"] is None:
            break
        page += 1
        assert f"&page={page}&page_size=7" in found["next"]
    assert seen == wanted
    assert site.get("/search/", query="dog", page=page + 1, page_size=7).status_code == 404


@pytest.mark.parametrize("sort", ["duration", "created", "downloads", "rating"])
def test_sorts(site: Client, sort: str) -> None:
    """Both directions of each order."""
    key = {"downloads": "num_downloads", "rating": "avg_rating"}.get(sort, sort)
    for direction in ("asc", "desc"):
        results = site.search("animal", sort=f"{sort}_{direction}", fields=f"id,{key}", page_size=150)["results"]
        values = [each[key] for each in results]
        assert values == sorted(values, reverse=direction == "desc")
        assert values[0] != values[-1]


def test_target_sort_measures_the_distance(site: Client) -> None:
    """The nearest come first, with their distance."""
    params = {"sort": "loudness:-20,spectral_centroid:1000", "fields": "id,loudness,spectral_centroid"}
    results = site.search("rooster", **params)["results"]
    distances = [each["distance_to_target"] for each in results]
    assert distances == sorted(distances)
    for each in results:
        exact = ((each["loudness"] + 20) ** 2 + (each["spectral_centroid"] - 1000) ** 2) ** 0.5
        assert each["distance_to_target"] == pytest.approx(exact)


def test_filters_agree_with_the_fields(site: Client) -> None:
    """What a filter lets through is what the answers say."""
    fields = "id,license,duration,avg_rating,num_ratings,category,type,single_event,loudness,tags"
    filters: dict[str, Callable[[dict[str, Any]], object]] = {
        'license:("Attribution" OR "Creative Commons 0")': lambda s: (
            "/by/" in s["license"] or "publicdomain" in s["license"]
        ),
        "duration:[1 TO 3.5]": lambda s: 1 <= s["duration"] <= 3.5,
        "duration:{* TO 1}": lambda s: s["duration"] < 1,
        "avg_rating:[8 TO *]": lambda s: s["avg_rating"] >= 4 and s["num_ratings"] >= 3,
        'category:"Sound effects" type:ogg': lambda s: s["category"] == "Sound effects" and s["type"] == "ogg",
        "-category_s:Soundscapes": lambda s: s["category"] != "Soundscapes",
        "single_event:true loudness:[-30 TO -10]": lambda s: s["single_event"] and -30 <= s["loudness"] <= -10,
        "tag:(dog OR RAIN)": lambda s: {"dog", "rain"} & set(s["tags"]),
        "-tag:nature -tag:animal": lambda s: not {"nature", "animal"} & set(s["tags"]),
    }
    everything = site.search("fire", fields=fields, page_size=150)["results"]
    everything += site.search("dog", fields=fields, page_size=150)["results"]
    for text, holds in filters.items():
        through = {*site.ids("fire", filter=text), *site.ids("dog", filter=text)}
        assert through == {each["id"] for each in everything if holds(each)}, text


def test_places_and_dates(site: Client) -> None:
    """Circles, boxes and date ranges."""
    placed = site.search(filter="is_geotagged:true", fields="id,geotag,created", page_size=150)["results"]
    assert placed
    latitude, longitude = (float(number) for number in placed[0]["geotag"].split())
    near = f"{{!geofilt sfield=geotag pt={latitude},{longitude} d=1}}"
    assert placed[0]["id"] in site.ids(filter=near)
    box = f"{longitude - 0.1} {latitude - 0.1} {longitude + 0.1} {latitude + 0.1}"
    assert placed[0]["id"] in site.ids(filter=f'geotag:"Intersects({box})"')
    assert not site.ids(filter='geotag:"Intersects(-1 -89.9 1 -89.8)"')
    early = site.search(filter="created:[* TO 2012-01-01T00:00:00Z]", fields="created", page_size=150)["results"]
    assert early
    assert all(each["created"] < "2012" for each in early)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-category:Speech", "undefined field category"),
        ("(category:Speech)", "undefined field category"),
        ("+bpm:[1 TO 2]", "undefined field bpm"),
        ("mfcc:[1 TO 2]", "undefined field mfcc"),
        ("ac_loop:true", "undefined field ac_loop"),
        ("duration:[1 3]", "SyntaxError"),
        ("tag:(rain", "SyntaxError"),
        ("tag:", "SyntaxError"),
        (")", "SyntaxError"),
        ("created:[yesterday TO NOW]", "Invalid Date"),
        ("created:[NOW-99999999999YEARS TO NOW]", "Invalid Date"),
        ("{!geofilt sfield=geotag pt=inf,1 d=1}", "geofilt"),
        ("(" * 2000, "nested"),
    ],
)
def test_wrong_filters_say_what_is_wrong(site: Client, text: str, reason: str) -> None:
    """The search engine's refusals."""
    assert reason in site.refused(filter=text)


def test_similar_sounds_are_of_the_same_kind(site: Client) -> None:
    """Neighbours have the same label; a vector of another length is refused; the filter is kept."""
    rooster = next(sound for sound in site.server.state.catalogue if sound.label == "Rooster")
    near = site.ids(similar_to=str(rooster.id))
    assert rooster.id not in near
    assert {site.server.state.catalogue.sounds[number].label.lower() for number in near} == {"rooster"}
    vector = site.get(f"/sounds/{rooster.id}/", fields="sim_laion_clap").json()["sim_laion_clap"]
    text = "[" + ",".join(f"{number:.4f}" for number in vector) + "]"
    found = site.search(similar_to=text, fields="id,score", page_size=5)
    assert found["results"][0]["id"] == rooster.id
    assert found["results"][0]["score"] > 0.999
    assert f"similar_to=[{vector[0]:.4f}, " in found["next"]
    assert "incorrect vector dimension" in site.refused(similar_to=text, similarity_space="freesound_classic")
    assert site.refused(similar_to="[NaN]").endswith("not a valid serialized vector")


def test_query_and_filter_are_decoded_twice(small: Client) -> None:
    """A percent sign before two hexadecimal digits must be escaped by hand."""
    assert small.ids("%72ain") == small.ids("rain")
    assert small.ids("%2572ain") == []
    assert small.ids(filter="tag:%72ain") == small.ids(filter="tag:rain")


def test_next_is_as_the_service_writes_it(small: Client) -> None:
    """Another host, no token, a plus sign left as it is."""
    found = small.search("+rain -dog", page_size=2, format="json")
    assert found["next"] == "https://freesound.invalid/apiv2/search/?&query=+rain%20-dog&weights=&page=2&page_size=2"
    answer = small.server.base_url + "/search/?query=rain&page_size=1&token=" + small.server.key
    assert small.server.key not in small.session.get(answer, headers={"Authorization": ""}, timeout=10).text


def _values(**changes: Any) -> SoundValues:
    fields: dict[str, Any] = {"id": 1, "name": "n", "username": "u", "path": None, "type": "wav", "tags": ("t",)}
    fields.update(description="", deed=CC0, created=datetime(2020, 1, 1, tzinfo=UTC), duration_s=2.0)
    return SoundValues(
        Sound(**{**fields, **changes}), AudioShelf(Path("/nonexistent")), lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_a_quoted_value_is_that_value(text: str) -> None:
    """With ``\\`` and ``"`` escaped, every tag is found by its filter, and not excluded by another's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    values = _values(tags=(text, "other"))
    assert compile_filter(f'tag:"{escaped}"')(values)
    assert not compile_filter(f'-tag:"{escaped}"')(values)
    assert not compile_filter(f'tag:"{escaped}x"')(values)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab:()[]{}"\\ +-*^~!&|TOANDR01/.', max_size=40))
def test_any_filter_is_answered_or_refused(text: str) -> None:
    """No filter ends in anything but a verdict or a refusal with words."""
    with contextlib.suppress(SearchError):
        assert compile_filter(text)(_values()) in (True, False)


def test_an_md5_without_a_plus_is_only_a_wish() -> None:
    """``md5:`` gets no plus of its own; nor is anything rewritten inside quotes."""
    values = _values()
    assert compile_filter("md5:abc type:wav")(values)
    assert not compile_filter("+md5:abc type:wav")(values)
    assert not compile_filter("md5:abc")(values)
    assert compile_filter('name:"type: n" OR type:wav')(values) is False
    assert compile_filter("(type:wav OR type:ogg)")(values) is False
    assert compile_filter("type:(wav OR ogg)")(values)
    assert compile_filter("-type:ogg")(values)
    assert not compile_filter("(-type:ogg)")(values)


@pytest.mark.parametrize(
    ("one", "other"), [("barking", "bark"), ("dogs", "dog"), ("running", "run"), ("cries", "cry"), ("birds'", "bird")]
)
def test_stems(one: str, other: str) -> None:
    """Common endings do not matter; HTML and stop words are dropped."""
    assert words(one) == words(other)
    assert words('the <a href="x">Rain</a> of') == ["rain"]
