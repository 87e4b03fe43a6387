"""What a person means is what the search engine reads, whatever signs it holds."""

from __future__ import annotations

import math
import random
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freesound import (
    Filter,
    LicenceKind,
    QueryError,
    between,
    created_between,
    equals,
    in_box,
    in_pack,
    licensed,
    near,
    one_of,
    raw,
    target,
    words,
)
from freesound.fields import FLOAT_DESCRIPTORS, SPACES, SUFFIXES
from freesound.query import address, check_sort, field_list, likeness, twice_decoded, weight_list

TEXT = st.text(max_size=40).filter(str.strip)
TEXT_FIELD = st.sampled_from(["tag", "name", "description", "category", "username", "md5", "tonality"])
NUMBER = st.floats(-1e6, 1e6, allow_nan=False)


def read_terms(text: str) -> list[tuple[str, str, list[str]]]:
    """Read a filter as Solr does: (sign, field, values); anything that does not fit fails."""
    value = r'"(?:[^"\\]|\\.)*"'
    term = re.compile(rf"([+-]?)(\w+):(?:({value})|\(({value}(?: OR {value})*)\))(?: |$)", re.DOTALL)
    terms, at = [], 0
    while at < len(text):
        match = term.match(text, at)
        assert match, f"not a term: {text[at:]!r}"
        quoted = re.findall(value, match[3] or match[4], re.DOTALL)
        terms.append((match[1], match[2], [re.sub(r"\\(.)", r"\1", q[1:-1], flags=re.DOTALL) for q in quoted]))
        at = match.end()
    return terms


@settings(max_examples=1500, deadline=None)
@given(TEXT_FIELD, st.lists(TEXT, min_size=1, max_size=4, unique=True), st.booleans())
def test_quoted_values_read_back(name: str, values: list[str], negated: bool) -> None:
    check_quoted(name, values, negated)


def test_ten_thousand_quoted_values_read_back() -> None:
    """Whatever means something to the search engine or to a shell, amid signs of all planes, drawn from a seed."""
    draw = random.Random(3)
    special = (
        '"',
        "\\",
        '\\"',
        " OR ",
        " AND ",
        "*",
        "[",
        "]",
        "(",
        ")",
        "{!",
        ":",
        "tag:",
        "+",
        "-",
        "~",
        "^",
        "%",
        "%22",
        "\n",
        "'",
    )
    fields = ("tag", "name", "description", "category", "username", "md5", "tonality")
    for _ in range(10_000):
        values = {
            "".join(
                draw.choice(special)
                if draw.random() < 0.4
                else chr(draw.choice((draw.randrange(128), draw.randrange(0xD800))))
                for _ in range(draw.randrange(1, 12))
            )
            for _ in range(draw.randrange(1, 4))
        }
        kept = sorted(value for value in values if value.strip())
        if kept:
            check_quoted(draw.choice(fields), kept, draw.random() < 0.5)


def check_quoted(name: str, values: list[str], negated: bool) -> None:
    """What is sent is one term of this field, and reads back as what was meant."""
    condition = one_of(name, *values)
    text = str(~condition if negated else condition)
    (sign, field, found) = read_terms(text)[0]
    assert found == values
    assert len(read_terms(text)) == 1
    assert field == (name + SUFFIXES.get(name, "") if negated else name)
    assert sign == ("-" if negated else "+" if name == "md5" else "")


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.tuples(TEXT_FIELD, TEXT, st.booleans()), min_size=1, max_size=4, unique=True))
def test_conditions_do_not_run_into_each_other(given_: list[tuple[str, str, bool]]) -> None:
    whole = Filter()
    for name, value, negated in given_:
        whole &= ~equals(name, value) if negated else equals(name, value)
    assert [(t[0] == "-", t[2]) for t in read_terms(str(whole))] == [(negated, [value]) for _, value, negated in given_]


@settings(max_examples=1000, deadline=None)
@given(TEXT, st.sampled_from(sorted(SUFFIXES)))
def test_no_descriptor_inside_a_value_begins_a_token(text: str, descriptor: str) -> None:
    said = str(equals("description", f"{text} {descriptor}:x"))
    assert not any(token.startswith(f"{descriptor}:") for token in said.split()[1:])


@settings(max_examples=2000, deadline=None)
@given(st.text(st.sampled_from("%0123456789abcdefABCDEF xyü+&#"), max_size=30), st.sampled_from(["query", "filter"]))
def test_what_is_decoded_twice_is_what_was_meant(text: str, name: str) -> None:
    url = address("https://freesound.org/apiv2", "/search/", [(name, text), ("page", "1")])
    once = parse_qs(urlsplit(url).query, keep_blank_values=True)[name][0]
    assert unquote(once) == text
    assert url.isascii()
    assert not set(url) & set(' "<>\\^`{}|\n')


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=60))
def test_any_text_survives_the_address(text: str) -> None:
    url = address("https://freesound.org/apiv2", "/search/", [("query", text)])
    decoded = unquote(parse_qs(urlsplit(url).query, keep_blank_values=True).get("query", [""])[0])
    assert decoded == text.encode("utf-8", "replace").decode()
    assert twice_decoded("100%") == "100%"


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=4), st.lists(st.text(max_size=20), max_size=2))
def test_no_word_becomes_an_operator(terms: list[str], without: list[str]) -> None:
    query = words(*terms, phrases=terms[:1], without=without)
    assert query.count('"') % 2 == 0
    for token in re.sub(r'-?"[^"]*"', " ", query).split():
        assert token[0] != "+"
        plain = token.removeprefix("-")
        assert plain[0] not in "+-"
        if token != plain:
            assert any(plain in text for text in without)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["duration", "loudness", "filesize", "bpm", "id"]), NUMBER, NUMBER)
def test_ranges_hold_plain_numbers(name: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    text = str(between(name, low, high))
    match = re.fullmatch(rf"{name}:\[(-?\d+(?:\.\d+)?) TO (-?\d+(?:\.\d+)?)\]", text)
    assert match
    if name in ("filesize", "id"):
        assert (int(match[1]), int(match[2])) == (math.ceil(low), math.floor(high))
    else:
        assert (float(match[1]), float(match[2])) == (low, high)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (equals("tag", "rain"), 'tag:"rain"'),
        (one_of("tag", "rain", "dog", "rain"), 'tag:("rain" OR "dog")'),
        (~equals("tag", "rain"), '-tag:"rain"'),
        (~equals("category", "Speech"), '-category_s:"Speech"'),
        (~equals("loopable", True), "-loopable_b:true"),
        (~between("bpm", 1, 3), "-bpm_d:[1 TO 3]"),
        (~~equals("category", "Speech"), 'category:"Speech"'),
        (~equals("fsdsinet_detected_class", "Rain"), '-fsdsinet_detected_class_ls:"Rain"'),
        (equals("md5", "ab" * 16), f'+md5:"{"ab" * 16}"'),
        (between("avg_rating", 4.2), "avg_rating:[8.4 TO *]"),
        (between("duration", None, 3), "duration:[* TO 3]"),
        (between("loudness", -1e-05, math.inf), "loudness:[-0.00001 TO *]"),
        (equals("channels", 2), "channels:2"),
        (equals("is_explicit", False), "is_explicit:false"),
        (licensed(LicenceKind.CC0), 'license:"Creative Commons 0"'),
        (
            licensed(LicenceKind.BY, LicenceKind.BY_NC, LicenceKind.SAMPLING_PLUS),
            'license:("Attribution" OR "Attribution NonCommercial" OR "Sampling+")',
        ),
        (one_of("id", 1000, 1001), "id:(1000 OR 1001)"),
        (near(41.4, -2.25, 10), "{!geofilt sfield=geotag pt=41.4,-2.25 d=10}"),
        (in_box(41, 2, 42, 3), 'geotag:"Intersects(2 41 3 42)"'),
        (in_pack(9678, 'a "pack"'), r'pack_grouping:"9678_a \"pack\""'),
        (created_between(datetime(2024, 1, 2, tzinfo=UTC)), "created:[2024-01-02T00:00:00Z TO *]"),
        (raw("tag:(a OR b)") & equals("type", "wav"), 'tag:(a OR b) type:"wav"'),
        (equals("tag", "a") & equals("tag", "a"), 'tag:"a"'),
        (equals("description", "see category:x"), r'description:"see category\:x"'),
        (raw("  "), ""),
    ],
)
def test_conditions_as_the_service_wants_them(condition: Filter, text: str) -> None:
    assert str(condition) == text
    assert bool(condition) == bool(text)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: equals("nofield", "x"),
        lambda: equals("tag", "  "),
        lambda: equals("loopable", "yes"),
        lambda: equals("channels", 1.5),
        lambda: equals("duration", math.nan),
        lambda: between("duration", 3, 1),
        lambda: between("tag", 1, 2),
        lambda: between("duration", math.nan),
        lambda: between("avg_rating", 0, 9),
        lambda: equals("avg_rating", 9),
        lambda: licensed(LicenceKind.BY_ND),
        lambda: one_of("tag"),
        lambda: near(91, 0, 1),
        lambda: in_box(3, 0, 1, 1),
        lambda: ~raw("tag:a"),
        lambda: ~(equals("tag", "a") & equals("tag", "b")),
        lambda: field_list(["sim_nope"]),
        lambda: field_list(["a b"]),
        lambda: check_sort("nope"),
        lambda: check_sort("bpm:abc"),
        lambda: target(),
        lambda: target(nope=1),
        lambda: weight_list({"colour": 1}),
        lambda: weight_list({"tag": -1}),
        lambda: likeness([1.0, 2.0]),
        lambda: likeness([0.0] * 512),
        lambda: likeness([math.nan] * 512),
        lambda: likeness(1, "xx"),
        lambda: likeness(True),
        lambda: address("https://x", "/", [("query", "x" * 9000)]),
    ],
)
def test_what_cannot_work_is_refused_before_it_is_sent(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(QueryError, match=r"expected|has no sounds") as error:
        wrong()
    assert "\n" not in str(error.value)


def test_other_parameters() -> None:
    assert field_list(["name, license", "id"]) == "id,name,license"
    assert target(bpm=120, pitch=220.5) == "bpm:120,pitch:220.5"
    assert check_sort("bpm:118,pitch:220") == "bpm:118,pitch:220"
    assert weight_list({"tag": 4, "name": 0}) == "tag:4,name:0"
    assert likeness(1000) == "1000"
    assert {"bpm", "loudness"} <= FLOAT_DESCRIPTORS


def test_a_vector_fits_into_one_line_of_a_request() -> None:
    text = likeness([math.sin(i) for i in range(512)])
    numbers = [float(x) for x in text[1:-1].split(",")]
    assert math.isclose(math.sqrt(sum(x * x for x in numbers)), 1, abs_tol=1e-3)
    assert len(numbers) == SPACES["laion_clap"]
    url = address("https://freesound.org/apiv2", "/search/", [("similar_to", text), ("similarity_space", "laion_clap")])
    assert "%2C" not in url
    assert len(url) < 4094
