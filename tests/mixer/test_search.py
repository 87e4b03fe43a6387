"""What a search chooses in the end: measured, never worse, in time, repeatable."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mixer import AudioBuffer, MixPlan, MixSession, Track, TrackSettings, plan_mix
from mixer.bands import Listened
from mixer.optimise.effort import Clock, Effort
from mixer.optimise.objectives import Weights, fairness, score, unclear, vector
from mixer.optimise.predictor import Candidates, listen_evenly
from mixer.optimise.search import Searched
from mixer.optimise.verify import try_out
from mixer.residue import analyse_residue
from mixer.strategies.asra import Asra
from mixer.strategies.base import MixRequest
from mixer.strategies.refine import Refine
from tests.mixer.signals import RATE, noise
from tests.mixer.test_optimise import SECONDS, street

SMALL = Effort(200, 2)


def searched(strategy: Asra | Refine, tracks: list[Track], **options: Any) -> Searched:
    with MixSession(tracks, duration_s=SECONDS) as session:
        return strategy.search(tracks, MixRequest(SECONDS, session, **options))


def small(strategy: Any) -> Any:
    strategy.effort = SMALL
    return strategy


@pytest.mark.parametrize("make", [Asra, Refine])
def test_what_is_found_is_measured_and_never_worse(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mixer.optimise")
    found = searched(small(make()), street())
    assert len(found.trials) == 2
    assert "predicted" in caplog.text
    assert found.evaluations <= 200 + 1
    heard = found.ground.heard
    reference = found.ground.placed.mur(heard)
    assert (found.best.mur(heard) >= reference - 0.0201).all()
    assert found.error < 0.1
    if make is Asra:
        by = [float(unclear(m.mur(heard))) for m in (found.best, found.ground.placed)]
        assert by[0] < by[1]
        assert found.best.residue.sone < found.ground.placed.residue.sone
    else:
        assert all(fairness(found.best.msr(heard)) <= fairness(m.msr(heard)) + 1e-9 for m in found.ground.known[:2])


@pytest.mark.parametrize("make", [Asra, Refine])
def test_the_seed_fixes_the_plan(make: Any) -> None:
    def plan(seed: int) -> MixPlan:
        return plan_mix(street(), strategy=small(make()), duration_s=SECONDS, seed=seed)

    first = plan(1)
    assert first == plan(1)
    assert first.strategy == make.name
    assert "mixes tried" in first.bus.reason
    assert MixPlan.from_json(first.to_json()) == first


def test_the_plan_is_what_was_measured() -> None:
    tracks = street()
    with MixSession(tracks, duration_s=SECONDS) as session:
        request = MixRequest(SECONDS, session)
        strategy = small(Asra())
        found, plan = strategy.search(tracks, request), strategy.plan(tracks, request)
        assert analyse_residue(session, plan.tracks).sone == pytest.approx(found.best.residue.sone, rel=1e-4)


class Wrong:
    """A predictor that says the opposite."""

    name = "wrong"

    def listen(self, session: MixSession, settings: Sequence[TrackSettings]) -> Listened:
        return listen_evenly(session, settings)

    def predict(self, listened: Listened, candidates: Candidates) -> np.ndarray[Any, Any]:
        return np.asarray(1.0 + np.abs(candidates.eq_db).mean(axis=(1, 2)) * -0.05, np.float32)


def test_a_wrong_prediction_does_not_make_the_mix_worse() -> None:
    found = searched(small(Asra(predictor=Wrong())), street())
    known = found.ground.known
    reference = found.ground.reference
    heard = found.ground.heard

    def judged(m: Any) -> float:
        values = vector(m.mur(heard), m.residue.sone, m.offsets_db, m.intervention, reference)
        return float(score(values, Weights()))

    assert judged(found.best) <= min(map(judged, known)) + 1e-9


def test_fixed_settings_stay() -> None:
    fixed = {"engine": TrackSettings("engine", -12.5, azimuth_deg=-20.0, reason="as I like it")}
    plan = plan_mix(street(), strategy=small(Asra()), duration_s=SECONDS, fixed=fixed)
    assert plan.tracks[1] == fixed["engine"]


@pytest.mark.parametrize("make", [Asra, Refine])
def test_little_to_search_is_no_error(make: Any) -> None:
    silence = Track("nothing", (AudioBuffer(np.zeros(RATE), RATE),), target_lufs=-20.0)
    alone = [Track("rain", (noise(1.0),), target_lufs=-20.0), silence]
    for tracks in ([], alone):
        plan = plan_mix(tracks, strategy=make(), duration_s=1.0)
        assert "nothing to search" in plan.bus.reason
        assert len(plan.tracks) == len(tracks)


def test_time_that_is_up_gives_what_is_known() -> None:
    found = searched(Asra(seconds=0.001), street())
    assert found.best in found.ground.known
    assert not found.trials


def test_it_stops_in_time() -> None:
    clock = Clock(None)
    found = searched(Asra(seconds=4.0), street())
    assert clock.elapsed_s < 8.0  # what was begun is finished
    assert found.evaluations < 1_000_000
    assert Clock(10.0).past(before_s=11.0)


def test_ctrl_c_while_verifying_keeps_what_was_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def interrupted(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return try_out(*arguments)

    monkeypatch.setattr("mixer.optimise.search.try_out", interrupted)
    assert len(searched(small(Asra()), street()).trials) == 1


def test_progress_is_told() -> None:
    told: list[tuple[str, float]] = []
    searched(small(Asra(progress=lambda stage, part: told.append((stage, part)))), street())
    assert {stage for stage, _ in told} == {"measuring where to start", "searching", "verifying"}
    assert all(0.0 <= part <= 1.0 for _, part in told)
