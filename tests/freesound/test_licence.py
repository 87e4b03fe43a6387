"""Licences are read for certain or not at all, and the strictest one rules a mix."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freesound import Licence, LicenceKind, parse_licence, strictest

VERSIONS = st.sampled_from(("1.0", "2.0", "2.5", "3.0", "4.0"))
CC_BY_FAMILY = [k for k in LicenceKind if k.value.startswith("CC-BY")]
KNOWN = [k for k in LicenceKind if k is not LicenceKind.UNKNOWN]
LICENCES = st.sampled_from([k.value for k in KNOWN]).map(parse_licence)


@pytest.mark.parametrize(
    ("text", "short_name"),
    [
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("http://creativecommons.org/licenses/by/3.0/", "CC-BY-3.0"),
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by-nc/4.0/", "CC-BY-NC-4.0"),
        ("http://creativecommons.org/licenses/by-nc/3.0", "CC-BY-NC-3.0"),
        ("http://creativecommons.org/licenses/sampling+/1.0/", "CC-Sampling+-1.0"),
        ("https://creativecommons.org/licenses/by-sa/2.0/fr/deed.en", "CC-BY-SA-2.0-FR"),
        ("creativecommons.org/licenses/by/2.5", "CC-BY-2.5"),
        ("Attribution", "CC-BY"),
        ("Attribution NonCommercial", "CC-BY-NC"),
        ("Attribution Noncommercial", "CC-BY-NC"),
        ("Creative Commons 0", "CC0-1.0"),
        ("CC0", "CC0-1.0"),
        ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"),
        ("Sampling+", "CC-Sampling+-1.0"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-sa-3.0", "CC-BY-SA-3.0"),
        ("Public domain", "Public-Domain"),
        ("OGA BY 3.0", "OGA-BY-3.0"),
        ("by-nc", "CC-BY-NC"),
        ("Attribution-NonCommercial-ShareAlike 4.0 International (CC BY-NC-SA 4.0)", "CC-BY-NC-SA-4.0"),
        ("Attribution-NoDerivs 3.0 Unported", "CC-BY-ND-3.0"),
        ("Attribution: http://creativecommons.org/licenses/by/3.0/", "CC-BY-3.0"),
        ("CC BY-NC-ND 3.0 US", "CC-BY-NC-ND-3.0-US"),
    ],
)
def test_reads_what_sound_libraries_write(text: str, short_name: str) -> None:
    assert parse_licence(text).short_name == short_name


@pytest.mark.parametrize(
    "text",
    [
        "CC BY, but ask me first",
        "not CC BY",
        "All rights reserved",
        "http://evil.example/creativecommons.org/licenses/by/4.0/",
        "http://creativecommons.org@evil.example/licenses/by/4.0/",
        "http://creativecommons.org.evil.example/licenses/by/4.0/",
        "CC BY 3.0 http://creativecommons.org/licenses/by/4.0/",
        "http://creativecommons.org/licenses/by-nothing/4.0/",
        "http://creativecommons.org/licenses/by/7.0/",
        "Noncommercial",
        "http://[",
        "BBC RemArc",
    ],
)
def test_doubt_is_unknown_and_its_words_are_kept(text: str) -> None:
    licence = parse_licence(text)
    assert licence == Licence(LicenceKind.UNKNOWN, text=text)
    assert not licence.allows()


def test_nothing_said_is_unknown_without_words() -> None:
    assert {parse_licence(x) for x in (None, "", "  ", "-", "n/a", "Unknown")} == {Licence(LicenceKind.UNKNOWN)}


@given(st.text(max_size=300))
def test_any_text_is_read_and_reads_back_as_the_same(text: str) -> None:
    licence = parse_licence(text)
    assert parse_licence(licence.short_name) == licence
    assert "\n" not in licence.short_name


@given(st.sampled_from(KNOWN), st.sampled_from(("", "1.0", "3.0", "4.0")))
def test_short_names_and_addresses_read_back(kind: LicenceKind, version: str) -> None:
    licence = parse_licence(f"{kind.value} {version}")
    assert licence.kind is kind
    assert parse_licence(licence.short_name) == licence
    if licence.url:
        assert parse_licence(licence.url) == licence


@given(st.sampled_from(CC_BY_FAMILY), VERSIONS)
def test_a_clause_in_the_name_is_a_clause_in_what_is_allowed(kind: LicenceKind, version: str) -> None:
    clauses = kind.value.split("-")[2:]
    path = "-".join(["by", *clauses]).lower()
    licence = parse_licence(f"http://creativecommons.org/licenses/{path}/{version}/")
    assert licence.requires_attribution
    assert licence.share_alike == ("SA" in clauses)
    assert licence.allows(derivatives=True) == ("ND" not in clauses)
    assert licence.allows(commercial=True, derivatives=False) == ("NC" not in clauses)


def test_sampling_plus_sells_only_what_was_altered() -> None:
    licence = parse_licence("Sampling+")
    assert licence.allows(commercial=True, derivatives=True)
    assert not licence.allows(commercial=True, derivatives=False)


def test_each_kind_is_stricter_than_the_one_before() -> None:
    for freer, stricter in pairwise(LicenceKind):
        pair = [Licence(stricter), Licence(freer)]
        assert strictest(pair).licence.kind is stricter


@given(st.lists(LICENCES, min_size=1, max_size=6), LICENCES)
def test_one_more_sound_never_makes_a_mix_freer(licences: list[Licence], other: Licence) -> None:
    before, after = strictest(licences), strictest([other, *licences])
    assert after.licence.kind.rank >= before.licence.kind.rank
    assert after.commercial <= before.commercial
    assert after.attribution >= before.attribution
    assert len(after.conflicts) >= len(before.conflicts)
    assert after == strictest([*licences, other])


@pytest.mark.parametrize(
    ("names", "whole", "in_conflict"),
    [
        ([], "CC0-1.0", ""),
        (["CC0", "CC BY 3.0", "CC BY 4.0"], "CC-BY-4.0", ""),
        (["CC BY 4.0", "CC BY-NC 3.0"], "CC-BY-NC-3.0", ""),
        (["CC BY-SA 3.0", "CC BY 4.0"], "CC-BY-SA-3.0", ""),
        (["CC BY-NC-SA 4.0", "CC BY-NC 4.0"], "CC-BY-NC-SA-4.0", ""),
        (["CC BY-SA 4.0", "CC BY-NC 4.0"], "CC-BY-NC-4.0", "CC-BY-SA-4.0 asks"),
        (["CC BY-SA 4.0", "CC BY-NC-SA 4.0"], "CC-BY-NC-SA-4.0", "CC-BY-SA-4.0 asks"),
        (["CC BY-SA 4.0", "Sampling+"], "CC-BY-SA-4.0", "CC-Sampling+-1.0 does not allow"),
        (["CC BY-ND 4.0"], "CC-BY-ND-4.0", "does not allow altered sounds"),
        (["CC0", ""], "unknown", "no licence that is known"),
    ],
)
def test_the_licence_of_the_whole(names: list[str], whole: str, in_conflict: str) -> None:
    found = strictest(map(parse_licence, names))
    assert found.licence.short_name == whole
    assert bool(found.conflicts) == bool(in_conflict)
    assert in_conflict in " ".join(found.conflicts)


def test_every_licence_of_a_real_library_is_read(recordings: Path) -> None:
    with (recordings / "manifest.csv").open(encoding="utf-8", newline="") as file:
        written = {row["licence"] for row in csv.DictReader(file)}
    assert len(written) > 5
    assert [text for text in written if parse_licence(text).kind is LicenceKind.UNKNOWN] == []
