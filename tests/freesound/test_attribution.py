"""Authors are named as Freesound does it, whatever their names hold."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freesound import read_sound
from freesound.attribution import Credit, as_csv, as_html, as_json, as_markdown, as_text, credit

BY = "http://creativecommons.org/licenses/by/4.0/"


def one(name: str = "Rain 00", user: str = "InspectorJ", licence: str = BY, **more: object) -> Credit:
    sound = read_sound({"id": 1000, "name": name, "username": user, "license": licence, **more})
    assert sound is not None
    return credit(sound, changes=("looped", "gain −6 dB") if more.get("changed") else ())


@pytest.mark.parametrize(
    ("licence", "name"),
    [
        (BY, "Attribution 4.0"),
        ("http://creativecommons.org/licenses/by/3.0/", "Attribution 3.0"),
        ("http://creativecommons.org/licenses/by-nc/3.0/", "Attribution NonCommercial 3.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "Creative Commons 0"),
        ("http://creativecommons.org/licenses/sampling+/1.0/", "Sampling+"),
        ("http://example.org/mine", "http://example.org/mine"),
    ],
)
def test_text_as_freesound_writes_it(licence: str, name: str) -> None:
    line = f"Rain 00 by InspectorJ -- https://freesound.org/s/1000/ -- License: {name}\n"
    assert as_text([one(licence=licence)]) == line


def test_what_was_changed_and_what_a_remix_owes_is_said() -> None:
    text = as_text([one(changed=True, is_remix=True)])
    assert "changed: looped, gain −6 dB" in text
    assert "its sources" in text


def test_html_and_markdown_link_sound_author_and_deed() -> None:
    page = as_html([one()])
    assert (
        '<a href="https://freesound.org/s/1000/">Rain 00</a> by <a href="https://freesound.org/people/InspectorJ/">'
        'InspectorJ</a> | License: <a href="https://creativecommons.org/licenses/by/4.0/">Attribution 4.0</a>' in page
    )
    assert as_markdown([one(name="a*b")]).startswith("- [a\\*b](<https://freesound.org/s/1000/>) by [InspectorJ](<")


def test_json_has_freesounds_own_keys() -> None:
    (entry,) = json.loads(as_json([one()]))
    assert {k: entry[k] for k in ("sound_url", "sound_name", "author_name", "license_name", "license_url")} == {
        "sound_url": "https://freesound.org/s/1000/", "sound_name": "Rain 00", "author_name": "InspectorJ",
        "license_name": "Attribution 4.0", "license_url": "https://creativecommons.org/licenses/by/4.0/",
    }  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


ODD = ["<script>alert(1)</script>", '"><img src=x onerror=y>', "=1+1", "](javascript:x)", "a\nb", "@SUM(A1)", "\u202e"]
HOSTILE = st.one_of(st.text(max_size=60), st.sampled_from(ODD))


@settings(max_examples=300, deadline=None)
@given(HOSTILE, HOSTILE)
def test_names_stay_names(name: str, user: str) -> None:
    made = one(name, user)
    assert as_text([made]).count("\n") == 1
    parser = Tags()
    parser.feed(as_html([made]))
    assert set(parser.tags) <= {"ul", "li", "a"}
    assert set(parser.attributes) <= {"class", "href"}
    assert json.loads(as_json([made]))[0]["author_name"] == made.author
    (row,) = csv.DictReader(io.StringIO(as_csv([made])))
    assert row["sound_name"].removeprefix("'") == made.sound_name.removeprefix("'")
    assert not any(cell[:1] in ("=", "+", "-", "@") for cell in row.values())
    assert "\n" not in as_markdown([made]).rstrip("\n")
    assert "](javascript" not in as_markdown([made])


def test_nothing_is_an_empty_list() -> None:
    assert as_text([]) == ""
    assert json.loads(as_json([])) == []
    assert as_csv([]).startswith("sound_url,sound_name,author_url,author_name,license_url,license_name")
