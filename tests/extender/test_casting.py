"""Who plays what: the right word first, then its nearest kin; steady by seed; and every silence explained."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.casting import MAX_CONSIDERED, cast, role_seed
from extender.errors import NotAtHandError, SourceError
from extender.sources.base import Candidate, Query
from extender.types import Cast, SoundAsset
from scenes import Box, Detection, Place, Scene, Vocabulary, load_vocabulary

VOCABULARY: Vocabulary = load_vocabulary()
NOWHERE = Place("nowhere at all")


class Shelf:
    """A sound source in memory: concept → ids, or (id, score) pairs.

    What starts with ``bad`` cannot be fetched; what starts with ``far`` was not fetched before.
    """

    def __init__(self, name: str, sounds: Mapping[str, Sequence[str | tuple[str, float]]], error: str = "") -> None:
        self.name = name
        self._sounds = sounds
        self._error = error
        self.queries: list[Query] = []

    def search(self, query: Query) -> list[Candidate]:
        self.queries.append(query)
        if self._error:
            raise SourceError(self._error)
        found = [(s, 0.9) if isinstance(s, str) else s for s in self._sounds.get(query.concept, ())]
        random.Random(query.seed).shuffle(found)
        found.sort(key=lambda sound: -sound[1])
        return [
            Candidate(self.name, sound, sound, (), 2.0, f"author of {sound}", "CC0-1.0", "", score, "in the shelf")
            for sound, score in found
        ]

    def fetch(self, candidate: Candidate) -> SoundAsset:
        if candidate.id.startswith("bad"):
            raise SourceError(f"{candidate.id} does not decode")
        if candidate.id.startswith("far"):
            raise NotAtHandError(f"{candidate.id} was not fetched before")
        return SoundAsset(
            f"/sounds/{candidate.id}.wav", f"hash of {candidate.id}", self.name, candidate.id, candidate.title,
            candidate.author, candidate.licence, candidate.url, 2.0,
        )  # fmt: skip


def thing(label: str, importance: float = 0.5, number: int = 1, count: int = 1) -> Detection:
    return Detection(f"{label}-{number}", label, 0.9, Box(0.1, 0.1, 0.5, 0.5), importance, 0.0, 0.0, 5.0, count)


def scene(*things: Detection, place: Place = NOWHERE) -> Scene:
    return Scene(place, things)


def ids(found: Cast, role: str) -> list[str]:
    return [take.id for r in found.roles if r.id == role for take in r.takes]


DOGS = [f"dog {letter}" for letter in "abcdefgh"]
FULL = {"dog": DOGS, "tree": ["a tree"], "cat": ["a cat", "another cat"]}


def test_a_thing_is_played_by_its_own_word() -> None:
    found = cast(scene(thing("dog")), VOCABULARY, [Shelf("box", FULL)], seed=1)
    (role,) = found.roles
    assert (role.wanted, role.played, role.path, role.kind, role.fallback) == ("dog", "dog", ("dog",), "event", False)
    assert len(role.takes) == 3
    assert len({take.id for take in role.takes}) == 3


def test_a_maple_is_played_as_a_tree_and_says_so() -> None:
    (role,) = cast(scene(thing("maple")), VOCABULARY, [Shelf("box", FULL)], seed=1).roles
    assert role.path[0] == "maple"
    assert role.path[-1] == role.played == "tree"
    assert role.fallback
    assert "maple, played as tree" in role.reason


def test_a_near_word_of_a_lower_source_beats_a_far_word_of_a_higher() -> None:
    upper, lower = Shelf("upper", {"tree": ["a tree"]}), Shelf("lower", {"maple": ["a maple"]})
    (role,) = cast(scene(thing("maple")), VOCABULARY, [upper, lower], seed=1).roles
    assert (role.played, role.takes[0].source) == ("maple", "lower")
    assert role.fallback  # it came from further down the order
    (role,) = cast(scene(thing("maple")), VOCABULARY, [lower, upper], seed=1).roles
    assert not role.fallback


@pytest.mark.parametrize("label", ["dog", "maple", "car", "toaster", "zebra"])
def test_it_never_climbs_to_a_root(label: str) -> None:
    shelf = Shelf("box", {})
    with pytest.raises(SourceError):
        cast(scene(thing(label)), VOCABULARY, [shelf], seed=1)
    searched = {query.concept for query in shelf.queries}
    roots = {name for name, concept in VOCABULARY.concepts.items() if not concept.parents}
    assert searched
    assert not searched & roots
    assert all(query.words for query in shelf.queries)


def test_what_makes_no_sound_is_silent_with_its_reason() -> None:
    found = cast(scene(thing("dining table"), thing("dog")), VOCABULARY, [Shelf("box", FULL)], seed=1)
    assert [role.id for role in found.roles] == ["dog-1"]
    assert any(line.startswith("dining table: makes no sound by itself") for line in found.silent)


def test_an_unknown_word_is_searched_for_as_it_is_and_marked() -> None:
    shelf = Shelf("box", {"flugelbinder": ["the sound of it"]})
    (role,) = cast(scene(thing("flugelbinder")), VOCABULARY, [shelf], seed=1).roles
    assert [query.words for query in shelf.queries if query.concept == "flugelbinder"] == [("flugelbinder",)]
    assert role.fallback
    assert "does not know the word" in role.reason


def test_what_nobody_has_is_said_with_what_was_searched_for() -> None:
    found = cast(scene(thing("toaster"), thing("dog")), VOCABULARY, [Shelf("box", FULL)], seed=1)
    (line,) = [line for line in found.silent if line.startswith("toaster")]
    assert "searched for: toaster" in line


def test_ambience_comes_first_from_the_place_and_is_at_most_two() -> None:
    street = VOCABULARY.find_place("street")
    assert street is not None
    shelf = Shelf(
        "box", {name: [f"{name} {n}" for n in range(3)] for name in (*street.ambience, *street.night_ambience)}
    )
    by_day = cast(scene(place=Place("street")), VOCABULARY, [shelf], seed=1)
    assert [r.id for r in by_day.roles] == [f"ambience-{n + 1}" for n in range(min(2, len(street.ambience)))]
    assert [r.played for r in by_day.roles] == list(street.ambience[:2])
    assert all(r.kind == "ambience" and len(r.takes) == 1 for r in by_day.roles)
    by_night = cast(scene(place=Place("street", night=True)), VOCABULARY, [shelf], seed=1)
    assert by_night.roles[0].played == street.night_ambience[0]


def test_an_unknown_place_is_heard_as_out_of_doors_or_indoors() -> None:
    for general, indoor in (("outdoor", False), ("indoor", True)):
        known = VOCABULARY.find_place(general)
        assert known is not None
        shelf = Shelf("box", {known.ambience[0]: ["all around"]})
        found = cast(scene(place=Place("nowhere at all", indoor=indoor)), VOCABULARY, [shelf], seed=1)
        assert found.roles[0].played == known.ambience[0]
        assert "knows no place 'nowhere at all'" in found.roles[0].reason


def test_two_dogs_share_no_bark_until_there_are_no_others() -> None:
    pack = [thing("dog", 0.9 - 0.1 * n, n) for n in range(1, 3)]
    found = cast(scene(*pack), VOCABULARY, [Shelf("box", FULL)], seed=3)
    assert len({*ids(found, "dog-1"), *ids(found, "dog-2")}) == 6
    crowded = [thing("dog", 0.9 - 0.1 * n, n) for n in range(1, 6)]
    found = cast(scene(*crowded), VOCABULARY, [Shelf("box", FULL)], seed=3)
    assert {take for role in found.roles for take in ids(found, role.id)} == set(DOGS)
    assert all(role.takes for role in found.roles)
    assert len(found.roles) == 5


def test_a_second_dog_repeats_a_good_bark_rather_than_play_a_poor_one() -> None:
    shelf = Shelf("box", {"dog": [("good bark", 1.0), ("dog-flap", 0.6)]})
    found = cast(scene(thing("dog", 0.9, 1), thing("dog", 0.8, 2)), VOCABULARY, [shelf], seed=1)
    assert ids(found, "dog-1") == ids(found, "dog-2") == ["good bark"]


def test_further_takes_are_of_the_same_recording_where_there_are_some() -> None:
    shelf = Shelf("box", {"dog": [("rex 1", 0.9), ("rex 2", 0.8), ("fido", 0.85), ("spot", 0.85)]})
    plain = shelf.search

    def by_one_author(query: Query) -> list[Candidate]:
        return [replace(c, author="Ann") for c in plain(query)]

    shelf.search = by_one_author  # type: ignore[method-assign]
    found = cast(scene(thing("dog")), VOCABULARY, [shelf], seed=1, takes_per_event=2)
    assert ids(found, "dog-1") == ["rex 1", "rex 2"]


def test_a_sound_that_cannot_be_had_makes_room_for_the_next() -> None:
    shelf = Shelf("box", {"dog": [("bad one", 1.0), ("good one", 0.9)]})
    (role,) = cast(scene(thing("dog")), VOCABULARY, [shelf], seed=1).roles
    assert [take.id for take in role.takes] == ["good one"]
    failed = [c for c in role.considered if c.id == "bad one"]
    assert [(c.chosen, "does not decode" in c.reason) for c in failed] == [(False, True)]
    assert "1 could not be had" in role.reason


def test_however_many_are_not_at_hand_what_is_at_hand_is_found_and_no_failure_told() -> None:
    shelf = Shelf("box", {"dog": [*((f"far {n}", 1.0 - n / 1000) for n in range(40)), ("near", 0.9)]})
    (role,) = cast(scene(thing("dog")), VOCABULARY, [shelf], seed=1).roles
    assert [take.id for take in role.takes] == ["near"]
    assert all(c.chosen or c.reason.startswith("not at hand: ") for c in role.considered)
    assert "could not be had" not in role.reason


def test_the_words_above_are_asked_for_in_the_name_of_what_is_wanted() -> None:
    shelf = Shelf("box", FULL)
    cast(scene(thing("maple"), thing("dog")), VOCABULARY, [shelf], seed=1)
    asked = {(query.wanted, query.concept) for query in shelf.queries}
    assert {("maple", "maple"), ("maple", "tree"), ("dog", "dog")} <= asked


def test_a_source_that_fails_is_noted_and_the_next_one_asked() -> None:
    down = Shelf("far", {}, error="the line is dead")
    (role,) = cast(scene(thing("dog")), VOCABULARY, [down, Shelf("box", FULL)], seed=1).roles
    assert role.takes[0].source == "box"
    assert "far: the line is dead" in role.reason
    with pytest.raises(SourceError, match="the line is dead"):
        cast(scene(thing("dog")), VOCABULARY, [down], seed=1)


def test_nothing_at_all_is_one_clear_line() -> None:
    for sources in ([], [Shelf("box", {})]):
        with pytest.raises(SourceError, match="no sound could be found for anything") as caught:
            cast(scene(thing("dog"), thing("dining table")), VOCABULARY, sources, seed=1)
        assert "\n" not in str(caught.value)


def test_the_most_important_sound_first_and_no_more_than_wanted() -> None:
    found = cast(scene(thing("cat", 0.2), thing("dog", 0.8)), VOCABULARY, [Shelf("box", FULL)], seed=1, max_sounds=1)
    assert [role.id for role in found.roles] == ["dog-1"]
    assert any(line.startswith("cat: left out, 1 thing of more importance") for line in found.silent)


def test_many_of_a_kind_are_heard_as_their_group() -> None:
    person = VOCABULARY.concepts["person"]
    assert person.group_from is not None
    assert person.group_as is not None
    shelf = Shelf("box", {person.group_as: ["many"], "person": ["one"]})
    few, many = (thing("person", count=n) for n in (person.group_from - 1, person.group_from))
    assert cast(scene(few), VOCABULARY, [shelf], seed=1).roles[0].played == "person"
    assert cast(scene(many), VOCABULARY, [shelf], seed=1).roles[0].played == person.group_as


def test_every_candidate_is_accounted_for_with_the_chosen_first() -> None:
    shelf = Shelf("box", {"dog": [(f"dog {n}", 0.5 + n / 100) for n in range(25)]})
    (role,) = cast(scene(thing("dog")), VOCABULARY, [shelf], seed=1).roles
    assert len(role.considered) == MAX_CONSIDERED
    assert [c.chosen for c in role.considered] == sorted((c.chosen for c in role.considered), reverse=True)
    assert {c.id for c in role.considered if c.chosen} == {take.id for take in role.takes}
    assert all(c.reason for c in role.considered)
    rest = [c.score for c in role.considered if not c.chosen]
    assert all(a >= b for a, b in pairwise(rest))


def test_progress_only_grows_and_ends_at_one() -> None:
    told: list[float] = []
    sounds = scene(thing("dog"), thing("cat"), place=Place("street"))
    cast(sounds, VOCABULARY, [Shelf("box", FULL)], seed=1, progress=lambda stage, part: told.append(part))
    assert told == sorted(told)
    assert told[-1] == 1.0


@given(st.integers(0, 2**40), st.sets(st.sampled_from(["dog", "cat", "maple", "car", "dining table", "clock"])))
def test_same_seed_same_cast_and_another_thing_moves_nobody(seed: int, labels: set[str]) -> None:
    sounds = {**FULL, "car": ["a car", "b car", "c car", "d car"], "clock": ["tick", "tock"], "toaster": ["pop"]}
    things = [thing(label, 0.5) for label in sorted(labels)]
    before = cast(scene(thing("dog", 0.9, 9), *things), VOCABULARY, [Shelf("box", sounds)], seed=seed)
    again = cast(scene(thing("dog", 0.9, 9), *things), VOCABULARY, [Shelf("box", sounds)], seed=seed)
    assert again == before
    more = cast(
        scene(thing("dog", 0.9, 9), *things, thing("toaster", 1.0)), VOCABULARY, [Shelf("box", sounds)], seed=seed
    )
    kept = {role.id: role for role in more.roles}
    assert all(kept[role.id] == role for role in before.roles)


def test_other_seeds_choose_other_barks() -> None:
    barks = {tuple(ids(cast(scene(thing("dog")), VOCABULARY, [Shelf("box", FULL)], seed=s), "dog-1")) for s in range(9)}
    assert len(barks) > 4


@given(st.integers(0, 2**63), st.text(min_size=1), st.text(min_size=1))
def test_parts_draw_their_own_seeds(seed: int, one: str, other: str) -> None:
    assert 0 <= role_seed(seed, one) < 2**63
    assert (role_seed(seed, one) == role_seed(seed, other)) == (one == other)
