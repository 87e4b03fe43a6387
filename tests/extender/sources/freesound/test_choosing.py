"""Which of the sounds that fit is taken: demands that are lowered step by step, and the step told in the reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.sources.base import Preference, Query
from extender.sources.freesound.choosing import (
    RANDOM_CHOICE,
    RANDOM_MARGIN,
    STEP_COST,
    STEPS,
    TIE_SHARE,
    Fit,
    at_random,
    mean_stars,
    merits_of,
    ranked,
)
from freesound import Sound

BARK = Query("dog", ("dog bark",), "event", ("music",), takes=3, seed=5)
GOOD: dict[str, Any] = {"avg_rating": 4.8, "num_ratings": 60, "num_downloads": 5000}
SINGLE = {"single_event": True}

#: For each step of the default preference a sound that belongs to it, and to none above.
BY_STEP: tuple[dict[str, Any], ...] = (
    {**GOOD, "descriptors": SINGLE},
    {**GOOD, "num_downloads": 20, "descriptors": SINGLE},
    {"descriptors": SINGLE},
    {"descriptors": {**SINGLE, "reverbness": True}},
    {"descriptors": {**SINGLE, "reverbness": True}, "duration_s": 60.0},
    {"descriptors": {**SINGLE, "has_audio_problems": True}, "duration_s": 60.0},
)


def sound(number: int, **more: Any) -> Sound:
    return Sound(number, f"sound {number}", **({"duration_s": 2.0} | more))


def order(*sounds: Sound, query: Query = BARK, value: float = 0.8, **options: Any) -> list[Fit]:
    return ranked(((each, value, "named so") for each in sounds), query, **options)


def test_of_like_words_each_step_comes_before_the_next_and_says_so() -> None:
    sounds = [sound(n, **facts) for n, facts in enumerate(BY_STEP, 1)]
    found = order(*reversed(sounds))
    assert [fit.sound.id for fit in found] == [1, 2, 3, 4, 5, 6]
    assert [fit.step for fit in found] == [1, 2, 3, 4, 5, 6]
    for fit, step in zip(found, STEPS["rating"], strict=True):
        assert f"step {fit.step} of 6: {step.name}" in fit.reason
    assert "4.8 of 5 by 60, 5000 downloads" in found[0].reason
    assert "not rated" in found[2].reason


def test_demands_are_lowered_only_as_far_as_takes_are_wanted() -> None:
    plenty = [sound(n, **BY_STEP[0]) for n in range(1, 5)]
    few = [*plenty[:2], *(sound(n, **BY_STEP[2]) for n in range(5, 9))]
    assert [fit.step for fit in order(*plenty, *few)][:3] == [1, 1, 1]
    assert [fit.step for fit in order(*few)][:3] == [1, 1, 3]


@pytest.mark.parametrize("prefer", STEPS)
def test_the_last_step_takes_everything_and_each_takes_what_the_one_above_takes(prefer: Preference) -> None:
    steps = STEPS[prefer]
    worst = sound(1, avg_rating=0.5, num_ratings=900, descriptors={"has_audio_problems": True, "reverbness": True})
    assert steps[-1].admits(merits_of(worst, "loop", 3.8))
    for facts in BY_STEP:
        merits = merits_of(sound(1, **facts), "event", 3.8)
        told = [step.admits(merits) for step in steps]
        assert told == sorted(told)


def test_what_fits_clearly_better_comes_first_whatever_people_think() -> None:
    loved = (sound(1, **BY_STEP[0]), 0.6, "")
    plain = (sound(2, **BY_STEP[3]), 0.8, "")
    assert [fit.sound.id for fit in ranked([loved, plain], BARK)] == [2, 1]
    assert TIE_SHARE < STEP_COST


def test_stars_are_shrunk_to_the_mean_by_votes() -> None:
    def stars(mean: float, stars: float, votes: int) -> float:
        return merits_of(sound(1, avg_rating=stars, num_ratings=votes), "event", mean).stars

    assert stars(3.8, 5.0, 5) == pytest.approx(4.4)
    assert stars(3.8, 5.0, 3) < stars(3.8, 4.6, 40) < 4.6
    assert stars(3.0, 5.0, 1000) == pytest.approx(5.0, abs=0.02)
    assert merits_of(sound(1, avg_rating=0.0, num_ratings=2), "event", 3.3).stars == 3.3  # too few to be told
    page = [sound(n, avg_rating=2.0 + n / 2, num_ratings=9) for n in range(5)]
    assert mean_stars(page) == 3.0
    assert mean_stars(page[:4]) == 3.8


def test_the_preference_says_which_opinion_counts() -> None:
    loved = sound(1, avg_rating=4.9, num_ratings=50, num_downloads=120, descriptors=SINGLE)
    used = sound(2, avg_rating=3.7, num_ratings=50, num_downloads=90_000, descriptors=SINGLE)
    assert [fit.sound.id for fit in order(loved, used, prefer="rating")] == [1, 2]
    assert [fit.sound.id for fit in order(loved, used, prefer="downloads")] == [2, 1]


def test_what_is_too_short_is_left_out() -> None:
    assert order(sound(1, duration_s=0.01)) == []
    assert order(sound(1, duration_s=1.0), query=replace(BARK, kind="loop")) == []


@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.sampled_from(range(6))), max_size=20),
    st.integers(0, 2**40),
    st.sampled_from(["best", "random"]),
)
def test_scores_follow_the_order_and_nothing_is_lost(drawn: list[tuple[float, int]], seed: int, pick: str) -> None:
    query = replace(BARK, seed=seed)
    valued = [(sound(n, **BY_STEP[step]), value, "") for n, (value, step) in enumerate(drawn)]
    found = ranked(valued, query)
    if pick == "random":
        found = at_random(found, query)
    assert sorted(fit.sound.id for fit in found) == list(range(len(drawn)))
    assert all(0.0 <= fit.score <= 1.0 for fit in found)
    assert all(one.score >= other.score for one, other in pairwise(found))


def test_random_draws_from_the_strictest_steps_that_leave_a_choice() -> None:
    good = [sound(n, **BY_STEP[0]) for n in range(RANDOM_CHOICE)]
    poor = [sound(100 + n, **BY_STEP[3]) for n in range(20)]
    seen = set()
    for seed in range(40):
        query = replace(BARK, seed=seed)
        drawn = at_random(order(*good, *poor, query=query), query)
        seen.add(drawn[0].sound.id)
        assert "drawn" in drawn[0].reason
        assert drawn == at_random(order(*poor, *good, query=query), query)
    assert seen == set(range(RANDOM_CHOICE))
    few = [at_random(order(*good[:2], *poor, query=replace(BARK, seed=n)), replace(BARK, seed=n)) for n in range(40)]
    assert {fit.sound.id for drawn in few for fit in drawn[:1]} > {0, 1}  # two are no choice
    far = ranked([(good[0], 0.9, ""), (good[1], 0.9 - 2 * RANDOM_MARGIN, "")], BARK)
    assert [fit.sound.id for fit in at_random(far, BARK)] == [0, 1]
