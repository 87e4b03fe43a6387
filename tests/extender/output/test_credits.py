"""Every sound's author is named once, with the licence, and the whole is never freer than its parts."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from extender.output.credits import credits_of
from extender.types import Cast, Kind, Role, SoundAsset

TEXT = st.text(max_size=30)
LICENCE = st.sampled_from(("CC0-1.0", "CC-BY-4.0", "CC-BY-NC-3.0", "CC-BY-SA-3.0", "Sampling+", "", "mine"))


def asset(name: str, licence: str = "CC-BY-4.0", **changed: object) -> SoundAsset:
    values: dict[str, object] = {
        "file": f"/x/{name}.wav", "sha256": None, "source": "folder", "id": name, "title": name, "author": "Ann",
        "licence": licence, "url": f"https://example.org/{name}", "duration_s": 2.0,
    }  # fmt: skip
    return SoundAsset(**(values | changed))  # type: ignore[arg-type]


def role(name: str, *takes: SoundAsset, kind: Kind = "event", played: str = "") -> Role:
    return Role(f"{name}-1", kind, name, played or name, (name,), takes)


def test_a_sound_in_two_roles_is_named_once_with_both() -> None:
    bark = asset("bark", changes=("excerpt 0–60 s",))
    found = credits_of(Cast((role("dog", bark), role("wolf", bark, kind="loop", played="dog"))))
    (sound,) = found.sounds
    assert sound.heard_as == ("dog-1: dog", "wolf-1: wolf, played as dog")
    assert sound.changes[0] == "excerpt 0–60 s"
    assert any("looped" in change for change in sound.changes)
    assert any("repeated" in change for change in sound.changes)


def test_text_names_author_title_link_licence_and_its_address() -> None:
    text = credits_of(Cast((role("dog", asset("bark")),))).to_text()
    for needed in (
        '"bark" by Ann',
        "https://example.org/bark",
        "CC-BY-4.0 (https://creativecommons.org/licenses/by/4.0/)",
        "dog-1: dog",
        "Naming the authors: required",
        "levelled, placed and mixed",
    ):
        assert needed in text


def test_a_conflict_is_said_instead_of_a_permission() -> None:
    found = credits_of(Cast((role("dog", asset("a", "CC-BY-SA-4.0")), role("cat", asset("b", "CC-BY-NC-4.0")))))
    assert "may not be passed on" in found.to_text()
    assert "Commercial use" not in found.to_text()
    whole = json.loads(found.to_json())["whole"]
    assert whole["may_be_passed_on"] is False
    assert whole["conflicts"]


def test_what_is_not_known_is_said_so() -> None:
    text = credits_of(Cast((role("dog", asset("", "", author="", url="")),))).to_text()
    assert "(untitled), author not known" in text
    assert "Licence: not known" in text


def test_synthesised_sounds_ask_for_nothing() -> None:
    whole = credits_of(Cast((role("wind", asset("wind", "CC0-1.0"), kind="ambience"),))).whole
    assert (whole.licence.short_name, whole.commercial, whole.attribution, whole.conflicts) == (
        "CC0-1.0", True, False, (),
    )  # fmt: skip


@given(st.lists(st.tuples(TEXT, TEXT, LICENCE), max_size=8))
def test_any_words_give_credits_that_read_back_in_the_order_of_the_cast(rows: list[tuple[str, str, str]]) -> None:
    takes = [asset(f"s{n}", licence, title=title, author=author) for n, (title, author, licence) in enumerate(rows)]
    found = credits_of(Cast(tuple(role(f"thing{n}", take) for n, take in enumerate(takes))))
    sounds = json.loads(found.to_json())["sounds"]
    assert [sound["link"] for sound in sounds] == [take.url for take in takes]
    assert found.to_text().count("Heard as: ") == len(rows)
    assert all("\n" not in sound["title"] + sound["author"] for sound in sounds)
    assert found == credits_of(Cast(tuple(role(f"thing{n}", take) for n, take in enumerate(takes))))
