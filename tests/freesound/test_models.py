"""Whatever the service tells, there is a value or None, and nothing is lost."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import freesound
from freesound import LicenceKind, read_sound
from freesound.models import (
    as_bool,
    as_float,
    as_int,
    as_place,
    as_time,
    read_analysis,
    read_category,
    read_comment,
    read_pack,
    read_pending,
    read_user,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    (
        "id", "name", "tags", "license", "geotag", "created", "duration", "pack", "previews", "bpm", "sim_laion_clap",
        "fsdsinet_detections", "brand_new",
    )
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=8))
def test_any_json_is_a_sound_or_none(data: dict[str, Any]) -> None:
    sound = read_sound(data)
    if sound is None:
        assert as_int(data.get("id")) is None or int(data["id"]) < 0
        return
    assert sound.raw == data
    assert sound.extra.keys() == data.keys() & {"brand_new"}
    assert sound.duration_s is None or sound.duration_s == sound.duration_s
    assert hash(sound) == hash(read_sound(data))
    assert pickle.loads(pickle.dumps(sound)).id == sound.id


@pytest.mark.parametrize("hole", [None, [], "x", 7, {}, {"name": "no id"}, {"id": None}, {"id": -1}, {"id": True}])
def test_holes_are_none(hole: object) -> None:
    assert read_sound(hole) is None
    assert read_user(hole) is None
    assert read_comment(hole) is None
    if hole != {"id": -1}:
        assert read_pack(hole) is None
        assert read_category(hole) is None


def test_a_sound() -> None:
    sound = read_sound(
        {
            "id": 7, "name": "a/b", "license": "http://creativecommons.org/licenses/by-nc/4.0/", "duration": 0.0,
            "samplerate": "44100.0", "geotag": "41.4 2.2", "created": "2018-01-08T02:48:29", "bitdepth": None,
            "pack": "https://localhost:8765/apiv2/packs/9678/", "bpm": 120.0, "loopable": True, "pitch": None,
            "sim_laion_clap": [0.1, 0.2], "n_from_same_pack": 20, "more_from_same_pack": "https://elsewhere/",
            "surprise": {"x": 1},
        }
    )  # fmt: skip
    assert sound is not None
    assert sound.licence.kind is LicenceKind.BY_NC
    assert (sound.duration_s, sound.samplerate_hz, sound.bitdepth) == (0.0, 44100.0, None)
    assert sound.geotag == (41.4, 2.2)
    assert sound.created == datetime(2018, 1, 8, 2, 48, 29, tzinfo=UTC)
    assert sound.pack_id == 9678
    assert sound.descriptors == {"bpm": 120.0, "loopable": True}
    assert (sound.number("bpm"), sound.flag("loopable"), sound.number("pitch")) == (120.0, True, None)
    assert sound.vectors == {"laion_clap": (0.1, 0.2)}
    assert sound.more_from_same_pack == 20
    assert sound.extra == {"surprise": {"x": 1}}
    assert sound.page_url == "https://freesound.org/s/7/"


def test_soft_values() -> None:
    assert [as_float(x) for x in (1, "2.5", None, True, "x", float("nan"), 10**400)] == [1, 2.5, *[None] * 5]
    assert [as_int(x) for x in (3, 3.0, "3", 3.5, True, None)] == [3, 3, 3, None, None, None]
    assert [as_bool(x) for x in (True, 1, "false", 0.0, "yes", None)] == [True, True, False, False, None, None]
    assert [as_place(x) for x in ("1 2", "91 0", "1", None, "a b")] == [(1.0, 2.0), None, None, None, None]
    assert as_time("2026-11-20T23:58:44Z") == datetime(2026, 11, 20, 23, 58, 44, tzinfo=UTC)
    assert as_time("2026-11-21T00:58:35.509506+01:00") is not None
    assert as_time("yesterday") is None


def test_other_things_keep_what_is_new() -> None:
    pack, user = read_pack({"id": 1, "new": 2}), read_user({"username": "ann", "email": "a@x.org", "new": 3})
    category, pending = read_category({"id": 0, "name": "Uncategorized", "new": 4}), read_pending({"pending_new": [1]})
    assert pack is not None
    assert pack.extra == {"new": 2}
    assert user is not None
    assert user.extra == {"new": 3}
    assert "a@x.org" not in repr(user)
    assert category is not None
    assert (category.id, category.extra) == (0, {"new": 4})
    assert pending.extra == {"pending_new": [1]}
    assert read_analysis({"bpm": 1, "laion_clap": [1, 2], "category": "x"}, 7).extra == {"category": "x"}


def test_every_public_name_is_there() -> None:
    assert sorted(freesound.__all__) == sorted(set(freesound.__all__))
    assert all(getattr(freesound, name) is not None for name in freesound.__all__)
    assert set(freesound.__all__) <= set(dir(freesound))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = freesound.nonsense
