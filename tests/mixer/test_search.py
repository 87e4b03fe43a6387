"""What a search chooses in the end: measured, never worse, in time, repeatable."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mixer import AudioBuffer, MixerError, MixPlan, MixSession, Track, TrackSettings, plan_mix
from mixer.bands import Listened
from mixer.optimise.effort import Clock, Effort, effort_of, never
from mixer.optimise.objectives import Weights, fairness, score, unclear, vector
from mixer.optimise.predictor import Candidates, listen_evenly
from mixer.optimise.search import EARLY, NO_TIME, Searched, _Bench, search_front
from mixer.residue import analyse_residue
from mixer.strategies.asra import Asra, searched_plan
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


class FakeTime:
    """A clock that moves when the mix is played, half a second a time, and by a little when a batch is judged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.measured = 0.0, 0
        monkeypatch.setattr("mixer.optimise.verify.analyse_residue", self.analyse)
        outcome = _Bench.outcome

        def judged(bench: _Bench, units: Any) -> Any:
            self.now += 0.25
            return outcome(bench, units)

        monkeypatch.setattr("mixer.optimise.search._Bench.outcome", judged)

    def analyse(self, *arguments: Any) -> Any:
        self.now += 0.5
        self.measured += 1
        return analyse_residue(*arguments)

    def search(self, seconds: float) -> Searched:
        with MixSession(street(), duration_s=SECONDS) as session:
            clock = Clock(seconds, now=lambda: self.now)
            return search_front(
                street(), MixRequest(SECONDS, session), effort=effort_of(None, seconds), weights=Weights(), clock=clock
            )


@pytest.mark.parametrize(
    ("seconds", "measured", "ended"), [(0.1, 1, NO_TIME), (0.6, 1, NO_TIME), (1.2, 2, NO_TIME), (3.0, 3, NO_TIME)]
)
def test_too_little_time_gives_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, seconds: float, measured: int, ended: str
) -> None:
    fake = FakeTime(monkeypatch)
    found = fake.search(seconds)
    assert fake.now <= max(seconds, 0.5) + 0.5
    assert (fake.measured, found.ended) == (measured, ended)
    assert found.best in found.ground.known
    assert not found.trials


@pytest.mark.parametrize("seconds", [6.0, 9.0, 14.0])
def test_a_search_ends_in_time_and_uses_it(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    fake = FakeTime(monkeypatch)
    found = fake.search(seconds)
    assert 0.8 * seconds <= fake.now <= seconds + 0.5
    assert len(found.trials) >= 2
    assert found.evaluations >= 24
    assert not found.ended


def test_an_effort_with_seconds_is_the_same_where_there_are_enough() -> None:
    def plan(**options: Any) -> MixPlan:
        return plan_mix(street(), strategy="asra", effort="quick", duration_s=SECONDS, **options)

    assert plan(seconds=1e6) == plan()


@pytest.mark.parametrize("make", [Asra, Refine])
@pytest.mark.parametrize("moment", ["measuring where to start", "searching", "verifying"])
def test_whoever_asks_for_an_end_gets_the_best_that_was_verified(make: Any, moment: str) -> None:
    stages: list[str] = []
    strategy = small(make(progress=lambda stage, part: stages.append(stage), stop=lambda: moment in stages))
    with MixSession(street(), duration_s=SECONDS) as session:
        request = MixRequest(SECONDS, session)
        found = strategy.search(street(), request)
        plan = searched_plan("x", found, request)
    assert found.ended == EARLY
    assert len(found.trials) == (0 if moment == "measuring where to start" else 1)
    assert found.evaluations < 100 or moment == "verifying"
    assert "the search was ended early: " in plan.bus.reason


def test_unmask_ends_when_asked() -> None:
    calls: list[int] = []

    def stop() -> bool:
        calls.append(1)
        return len(calls) > 8

    hurried, whole = (plan_mix(street(), strategy="unmask", duration_s=SECONDS, stop=s) for s in (stop, never))
    assert sum(len(t.filters) for t in hurried.tracks) + len(calls) > 0
    assert sum(len(t.filters) for t in hurried.tracks) < sum(len(t.filters) for t in whole.tracks)


def test_options_of_a_strategy_go_to_those_that_have_them() -> None:
    def plan(strategy: Any, **options: Any) -> MixPlan:
        return plan_mix(street(), strategy=strategy, duration_s=SECONDS, **options)

    quick = plan("asra", effort="quick", weights=Weights(residue=0.0), seed=3)
    assert quick == plan(Asra("quick", weights=Weights(residue=0.0)), seed=3)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        ("flat", {"effort": "quick"}, "the mix strategy 'flat' has no option 'effort'; it has: none"),
        ("unmask", {"seconds": 3.0}, "'unmask' has no option 'seconds'; it has: none"),
        ("asra", {"method": "pso"}, "no option 'method'; it has: effort, level_lock, predictor, seconds, weights"),
        ("refine", {"weights": Weights()}, "no option 'weights'; it has: effort, method, seconds"),
        ("refine", {"method": "luck"}, "method must be one of harmony, random, pso, es, de, got 'luck'"),
        ("asra", {"effort": "much"}, "one of quick, normal, best, got 'much'"),
        ("asra", {"seconds": 0.0}, "seconds must be above 0"),
        (Asra(), {"effort": "quick"}, "make the 'asra' strategy with it"),
    ]
    for strategy, options, message in cases:
        with pytest.raises(MixerError, match=re.escape(message)):
            plan(strategy, **options)


def test_progress_is_told() -> None:
    told: list[tuple[str, float]] = []
    searched(small(Asra(progress=lambda stage, part: told.append((stage, part)))), street())
    assert {stage for stage, _ in told} == {"measuring where to start", "searching", "verifying"}
    assert all(0.0 <= part <= 1.0 for _, part in told)
