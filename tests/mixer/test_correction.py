"""What keeps a search honest: corrections by what was measured, the level lock, the worst track."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mixer import MixSession, TrackSettings
from mixer.bands import Listened
from mixer.optimise import search
from mixer.optimise.effort import Effort
from mixer.optimise.genome import GAIN, GENES, UNLOCKED_DB, Codec
from mixer.optimise.objectives import Reference, Weights, unclear, vector
from mixer.optimise.predictor import Candidates, listen_evenly
from mixer.optimise.search import Trial
from mixer.strategies.asra import Asra
from mixer.strategies.base import MixRequest
from tests.mixer.test_optimise import SECONDS, Scene, street

Array = np.ndarray[Any, Any]


def trial(predicted: Array, exact: Array) -> Trial:
    return Trial(None, predicted, exact)  # type: ignore[arg-type]  # what was measured plays no part here


def off_by(values: Array, exact: Array) -> float:
    return float(np.mean(np.abs(values[:, 0] - exact[:, 0]) / exact[:, 0]))


@pytest.fixture
def candidates() -> tuple[Array, Array, Array]:
    """Return 300 candidates, what was predicted of them, and what would be measured: a fifth to a half more."""
    rng = np.random.default_rng(0)
    units = 0.5 + 0.12 * rng.standard_normal((300, 24))
    predicted = 1.0 + rng.uniform(-0.1, 0.1, (300, 4))
    exact = predicted * (1.35 + 1.5 * (units.mean(axis=1, keepdims=True) - 0.5))
    return units, predicted, exact


def test_predictions_that_are_wrong_are_corrected(candidates: tuple[Array, Array, Array]) -> None:
    units, predicted, exact = candidates
    before = off_by(predicted, exact)
    assert before > search.WRONG
    errors = [before]
    for count in (1, 3, 8):
        done = [(trial(predicted[n], exact[n]), units[n]) for n in range(count)]
        errors.append(off_by(search._corrected(units, predicted, done), exact))
    assert errors[-1] < 0.35 * before
    assert errors[1] > errors[2] > errors[3]


def test_corrections_reach_what_is_near_only(candidates: tuple[Array, Array, Array]) -> None:
    units, predicted, exact = candidates
    units = units.copy()
    units[200:] += 5.0
    corrected = search._corrected(units, predicted, [(trial(predicted[0], exact[0]), units[0])])
    np.testing.assert_allclose(corrected[0], exact[0])
    np.testing.assert_allclose(corrected[200:], predicted[200:])


def test_predictions_that_are_near_enough_are_left_alone(candidates: tuple[Array, Array, Array]) -> None:
    units, predicted, _ = candidates
    done = [(trial(predicted[n], predicted[n] * 1.08), units[n]) for n in range(3)]
    assert search._corrected(units, predicted, done) is predicted
    assert search._corrected(units, predicted, []) is predicted


class Flattering:
    """A predictor that thinks much of equalisers: the more is done, the less it says would be lost."""

    name = "flattering"

    def listen(self, session: MixSession, settings: Sequence[TrackSettings]) -> Listened:
        return listen_evenly(session, settings)

    def predict(self, listened: Listened, candidates: Candidates) -> Array:
        return np.asarray(np.exp(-0.25 * np.abs(candidates.eq_db).mean(axis=(1, 2))), np.float32)


def test_a_search_learns_from_what_it_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Array, Array, list[tuple[Trial, Array]]]] = []
    corrected = search._corrected

    def seen(units: Array, values: Array, done: list[tuple[Trial, Array]]) -> Array:
        asked.append((units, values, done))
        return corrected(units, values, done)

    monkeypatch.setattr(search, "_corrected", seen)
    strategy = Asra(predictor=Flattering())
    strategy.effort = Effort(300, 5)
    tracks = street()
    with MixSession(tracks, duration_s=SECONDS) as session:
        found = strategy.search(tracks, MixRequest(SECONDS, session))
    assert found.error > search.WRONG
    done = asked[-1][2]
    raw, learned = [], []
    for count in range(1, len(done)):  # each by what was measured before it
        said, at = done[count]
        now = corrected(at[np.newaxis], said.predicted[np.newaxis], done[:count])[0]
        raw.append(abs(said.predicted[0] - said.exact[0]) / said.exact[0])
        learned.append(abs(now[0] - said.exact[0]) / said.exact[0])
    assert len(raw) >= 2
    assert np.mean(learned) < 0.6 * np.mean(raw)


def test_the_worst_track_counts_as_much_as_is_asked() -> None:
    assert unclear([1.0, 0.5], 0.0) == pytest.approx(0.125)
    assert unclear([1.0, 0.5], 2.0) == pytest.approx(1.125)
    even, uneven, none = [0.6, 0.6], [0.3, 0.95], np.zeros(2)
    by = {}
    for worst in (0.0, Weights().worst):
        reference = Reference(np.array([0.3, 0.6]), 1.0, worst)
        by[worst] = [float(vector(mur, 1.0, none, 0.0, reference)[2]) for mur in (even, uneven)]
        assert vector(reference.mur, 1.0, none, 0.0, reference)[2] == pytest.approx(1.0)
    assert by[Weights().worst][1] - by[Weights().worst][0] > by[0.0][1] - by[0.0][0] > 0.0
    with pytest.raises(Exception, match="worst"):
        Weights(worst=-0.1)


def test_without_the_level_lock_everything_may_be_made_softer() -> None:
    scene = Scene(street())
    try:
        free = Codec(scene.tracks, scene.placed, scene.placed, scene.listened, level_lock=False)
        softest = free.neutral.reshape(-1, len(GENES)).copy()
        softest[:, GAIN] = -2.0 * UNLOCKED_DB
        np.testing.assert_allclose(free.offsets_db(softest.ravel()), -UNLOCKED_DB)
        np.testing.assert_allclose(scene.codec.offsets_db(softest.ravel()), 0.0, atol=1e-9)
    finally:
        scene.close()
