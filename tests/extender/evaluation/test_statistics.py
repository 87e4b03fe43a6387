"""Means, intervals and chance: against SciPy, against what must be true, and on made-up people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from extender.evaluation.statistics import holm, mean_of, nested_mean, sign_test


@given(st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=12))
def test_the_mean_lies_in_its_interval_and_that_in_the_data(values: list[float]) -> None:
    mean = mean_of(values)
    assert mean is not None
    assert mean.value == pytest.approx(np.mean(values))
    assert min(values) - 1e-9 <= mean.low <= mean.high <= max(values) + 1e-9
    assert mean.count == len(values)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for n in range(200):
        mean = mean_of(rng.normal(5.0, 2.0, 40).tolist(), n)
        assert mean is not None
        inside += mean.low <= 5.0 <= mean.high
    assert 0.88 <= inside / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval_and_nothing_gives_none() -> None:
    values = [1.0, 4.0, 2.0, 8.0]
    assert mean_of(values, 3) == mean_of(values, 3)
    assert mean_of([]) is mean_of([None]) is nested_mean([[]]) is None


def test_many_answers_of_few_people_are_less_certain_than_of_many() -> None:
    rng = np.random.default_rng(2)
    people = [(rng.normal(50.0, 15.0) + rng.normal(0.0, 3.0, 20)).tolist() for _ in range(5)]
    nested = nested_mean(people)
    alone = mean_of([value for person in people for value in person])
    assert nested is not None
    assert alone is not None
    assert nested.value == pytest.approx(alone.value)
    assert nested.high - nested.low > 2.0 * (alone.high - alone.low)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_exact_binomial_test(wins: int, losses: int) -> None:
    expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected)
    assert sign_test(wins, losses) == sign_test(losses, wins)


def test_a_great_many_answers_are_no_trouble() -> None:
    assert 0.0 <= sign_test(5_000, 1_000) < 1e-100


@given(st.lists(st.floats(0.0, 1.0), max_size=8))
def test_correction_never_makes_less_of_chance_and_keeps_the_order(chances: list[float]) -> None:
    corrected = holm(chances)
    assert all(chance <= after <= 1.0 for chance, after in zip(chances, corrected, strict=True))
    order = np.argsort(chances, kind="stable")
    assert (np.diff(np.asarray(corrected)[order]) >= 0.0).all() if len(chances) > 1 else True
    assert holm([0.01, 0.02, 0.2]) == pytest.approx([0.03, 0.04, 0.2])
