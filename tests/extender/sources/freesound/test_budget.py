"""How much is asked: two questions for each concept on average, its own two whatever else is searched for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.casting import cast
from extender.sources.base import Query
from extender.sources.freesound.budget import QUESTIONS_PER_CONCEPT, Budget
from extender.sources.freesound.ladder import Step
from freesound import Filter
from scenes import Box, Detection, Place, Scene, load_vocabulary
from tests.extender.sources.freesound.conftest import Source
from tests.freesound_server import FreesoundServer

NAMES = ("toaster", "zebra", "dog", "tractor", "harp", "goat", "owl", "bus")


def query(name: str, *, wanted: str = "", seed: int = 1) -> Query:
    return Query(name, (f"{name} noise", name), "event", ("music",), seed=seed, wanted=wanted)


def ladder(name: str, length: int = 4) -> Iterator[Step]:
    return (Step("", f"{name} {n}", Filter()) for n in range(length))


def granted(budget: Budget, *queries: Query) -> list[list[str]]:
    return [[step.text for step in budget.granted(q, ladder(q.concept))] for q in queries]


def test_every_concept_has_two_questions_and_no_more() -> None:
    budget = Budget()
    assert granted(budget, query("dog"), query("cat")) == [["dog 0", "dog 1"], ["cat 0", "cat 1"]]
    assert (budget.asked, budget.concepts) == (4, 2)
    assert str(budget) == "4 questions for 2 concepts (2.0 each)"


def test_what_one_concept_leaves_is_not_for_anothers_own_word() -> None:
    budget = Budget()
    next(budget.granted(query("dog"), ladder("dog")))
    assert granted(budget, query("cat")) == [["cat 0", "cat 1"]]


def test_a_concept_that_is_searched_for_again_gains_nothing() -> None:
    budget = Budget()
    first, again = granted(budget, query("dog", seed=1), query("dog", seed=2))
    assert first == again
    assert (budget.asked, budget.concepts) == (2, 1)


def test_the_words_above_have_what_was_left() -> None:
    budget = Budget()
    next(budget.granted(query("dog"), ladder("dog")))  # leaves one
    own, above = granted(budget, query("maple"), query("tree", wanted="maple"))
    assert (own, above) == (["maple 0", "maple 1"], ["tree 0"])
    assert granted(budget, query("plant", wanted="maple")) == [[]]
    assert granted(budget, query("tree", wanted="oak")) == [["tree 0"]]  # it was put before


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdefxyz"), st.integers(0, 4)), max_size=30))
def test_never_more_than_two_for_each_concept_on_average(asked: Sequence[tuple[str, str, int]]) -> None:
    budget = Budget()
    for wanted, concept, stop in asked:
        steps = budget.granted(query(concept, wanted=wanted), ladder(concept))
        for _ in zip(range(stop), steps, strict=False):
            pass
        assert budget.asked <= QUESTIONS_PER_CONCEPT * max(1, budget.concepts)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_for_a_concept_depends_on_nothing_else(
    server: FreesoundServer, source: Source, seed: int
) -> None:
    alone = {name: source().search(query(name)) for name in NAMES}
    order = random.Random(seed).sample(NAMES, len(NAMES))
    own = source()
    assert {name: own.search(query(name)) for name in order} == alone


def test_a_picture_costs_two_requests_for_each_concept_at_most(server: FreesoundServer, source: Source) -> None:
    own = source()
    labels = ("maple", "zebra", "taxi", "toaster", "dog", "dog")  # nothing of the first four is there
    things = (
        Detection(f"{label}-{n}", label, 0.9, Box(0.1, 0.1, 0.5, 0.5), 0.9 - 0.1 * n, 0.0, 0.0, 5.0, 1)
        for n, label in enumerate(labels)
    )
    scene = Scene(Place("nowhere at all"), tuple(things))
    found = cast(scene, load_vocabulary(), [own], seed=1)
    assert {role.wanted for role in found.roles} >= {"dog"}
    wanted = {f"{name}:{kind}" for name, kind in own._budget._own}  # the things, and the ambiences that were tried
    assert own.questions <= 2 * len(wanted)
    assert len(server.log.api()) == own.api_requests == own.questions
    assert f"{own.questions} questions for {len(wanted)} concepts" in own.tally
    before = own.questions
    own.search(replace(query("dog"), words=("dog bark", "dog"), seed=99))
    assert own.questions <= before + 2
