"""The two searches, each from the model to the exact measure: ``asra`` by a front of objectives, ``refine`` by one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import Listened, choose_frames, listen, planning_ear
from mixer.optimise.effort import Clock, Effort
from mixer.optimise.genetic import evolve, fronts
from mixer.optimise.genome import Codec
from mixer.optimise.methods import MethodName, minimise
from mixer.optimise.model import BatchModel, Outcome
from mixer.optimise.objectives import (
    ALLOWED,
    MODEL_ALLOWED,
    PENALTY,
    Reference,
    Weights,
    fairness,
    score,
    vector,
)  # fmt: skip
from mixer.optimise.predictor import Candidates, ResiduePredictor, sone
from mixer.optimise.verify import Ground, Measured, ground, try_out, unlevelled
from mixer.strategies.base import MixRequest
from mixer.types import Track

F64 = NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Called with the stage's name and how much of it is done, 0..1."""

SEARCHED = 0.5
"""Share of the time that is left when searching begins which it gets at least; the rest is for verifying."""
PASSES = 4
"""So many times as long as a mix takes to be played and measured there must be left to begin with searching."""
VERIFYING = 2.0
"""How long verifying takes at first guess, in the same measure."""
NOTHING, NO_TIME, EARLY = "there was nothing to search", "there was no time to search", "the search was ended early"
APART = 0.02
"""How different, as mean over genes in 0..1, candidates must be to be verified side by side."""
WRONG = 0.1
"""Mean error of the predictions from which they are corrected by what was measured."""
REACH = 0.2
"""How far, in the same measure, a correction reaches: those on a front are about 0.15 apart."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A candidate that was verified.

    Parameters
    ----------
    measured : Measured
    predicted : (n,) float64
        What the model said of the objectives, calibrated: residue, loudness, clarity, intervention; or the one of
        ``refine``.
    exact : (n,) float64
    """

    measured: Measured
    predicted: F64
    exact: F64


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """What a search has found.

    Parameters
    ----------
    ground : Ground
    best : Measured
        By the exact measure; one of ``ground.known`` if nothing beats them.
    score : float
    trials : tuple of Trial
    evaluations : int
        Of the model.
    front : int
        How many candidates were on the front; 0 for searches by one objective.
    tracks : tuple of Track or None
        With the targets of the best, if it was found; else None.
    ended : str
        Why it was not searched, or not to the end, in words; mostly empty.
    """

    ground: Ground
    best: Measured
    score: float
    trials: tuple[Trial, ...]
    evaluations: int
    front: int
    tracks: tuple[Track, ...] | None
    ended: str = ""

    @property
    def error(self) -> float:
        """Mean relative error of the predicted residue or objective over the trials; 0 where there is none."""
        pairs = [(t.predicted[0], t.exact[0]) for t in self.trials if t.predicted.size]
        return float(np.mean([abs(p - e) / max(abs(e), 1e-9) for p, e in pairs])) if pairs else 0.0


class _Bench:
    """A scene that has been listened to, ready for candidates."""

    def __init__(
        self, base: Measured, given: Ground, request: MixRequest, listened: Listened, *, level_lock: bool = True
    ) -> None:
        self.given, self.request, self.base = given, request, base
        self.codec = Codec(
            given.tracks, unlevelled(base.settings), given.places, listened,
            freedom_deg=request.freedom_deg, stage_half_deg=request.stage_half_deg, fixed=tuple(request.fixed),
            stereo=request.session.layout == "stereo", level_lock=level_lock,
            limits=[request.limits(track.id) for track in given.tracks],
        )  # fmt: skip
        self.heard = given.heard
        self.model = BatchModel(listened)
        self.evaluations = 0

    def starts(self) -> F64:
        """Return what the first population is to hold: as it is, and what comes nearest to the others known."""
        genomes = [self.codec.neutral]
        genomes += [self.codec.encode(known.settings) for known in self.given.known if known is not self.base]
        return np.unique(self.codec.units(np.stack(genomes)), axis=0)

    def outcome(self, units: F64) -> tuple[Candidates, Outcome, F64]:
        """Return what would be heard."""
        genomes = self.codec.genomes(units)
        candidates = self.codec.candidates(genomes)
        self.evaluations += len(units)
        return candidates, self.model.outcome(candidates), genomes


def search_front(
    tracks: Sequence[Track],
    request: MixRequest,
    *,
    effort: Effort,
    weights: Weights,
    predictor: ResiduePredictor | None = None,
    level_lock: bool = True,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> Searched:
    """Search by several objectives at once (NSGA-II), verify the best of the front, choose by the exact measure.

    Parameters
    ----------
    tracks : sequence of Track
    request : MixRequest
    effort : Effort
    weights : Weights
        Which point of the front is chosen.
    predictor : ResiduePredictor, optional
        Of the residue; without one the band model's.
    level_lock : bool
        See :class:`mixer.optimise.genome.Codec`.
    clock : Clock, optional
        Tells when to end; by default one with the seconds of the effort.
    progress : callable, optional
    """
    clock, tell = clock or Clock(effort.seconds), progress or (lambda stage, fraction: None)
    tell("measuring where to start", 0.0)
    given = ground(tracks, request, clock)
    reference = replace(given.reference, worst=weights.worst)

    def exactly(m: Measured) -> F64:
        return vector(m.mur(given.heard), m.residue.sone, m.offsets_db, m.intervention, reference, ALLOWED)

    def judged(m: Measured) -> float:
        return float(score(exactly(m), weights))

    known = min(given.known, key=judged)
    if idle := _idle(given, request, clock):
        return Searched(given, known, judged(known), (), 0, 0, None, idle)
    base = min((given.unmasked, given.placed), key=judged)
    bench = _bench(base, given, request, level_lock=level_lock)
    told = _told(predictor, base, request)
    with bench.model:
        first = bench.outcome(bench.codec.units(bench.codec.neutral[np.newaxis]))
        gap, scale = _calibration(bench, first, told)

        def judge(units: F64) -> F64:
            candidates, outcome, genomes = bench.outcome(units)
            tell("searching", clock.done(bench.evaluations / effort.evaluations))
            residue = told(candidates, outcome) * scale
            mur = np.clip(outcome.mur[:, given.heard] + gap, 0.0, 1.0)
            return vector(
                mur, residue, bench.codec.offsets_db(genomes), bench.codec.intervention(genomes), reference,
                MODEL_ALLOWED,
            )  # fmt: skip

        archive = evolve(
            judge, bench.starts(), budget=effort.evaluations, rng=np.random.default_rng(request.seed),
            neutral=bench.codec.units(bench.codec.neutral), stop=_searching(clock, effort, given),
        )  # fmt: skip
    units, values = archive.units, archive.values
    on_front = fronts_of(values)
    trials = _verified(bench, units, values, lambda v: score(v, weights), exactly, effort, clock, tell)
    return _decided(given, known, judged, trials, bench, len(on_front), EARLY if clock.stop() else "")


def search_one(
    tracks: Sequence[Track],
    request: MixRequest,
    *,
    effort: Effort,
    method: MethodName = "harmony",
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> Searched:
    """Search by Liu's objective, normalised, with one of :data:`mixer.optimise.methods.METHODS`; verify the best.

    Parameters as of :func:`search_front`.
    """
    clock, tell = clock or Clock(effort.seconds), progress or (lambda stage, fraction: None)
    tell("measuring where to start", 0.0)
    given = ground(tracks, request, clock)
    reference = given.reference

    def exactly(m: Measured) -> F64:
        return np.array([fairness(m.msr(given.heard)) + _lost(m.mur(given.heard), reference, ALLOWED)])

    def judged(m: Measured) -> float:
        return float(exactly(m)[0])

    known = min(given.known, key=judged)
    if idle := _idle(given, request, clock):
        return Searched(given, known, judged(known), (), 0, 0, None, idle)
    base = min((given.unmasked, given.placed), key=judged)
    bench = _bench(base, given, request)
    seen: list[tuple[F64, F64]] = []
    with bench.model:
        _, first, _ = bench.outcome(bench.codec.units(bench.codec.neutral[np.newaxis]))
        gap = base.mur(given.heard) - first.mur[0, given.heard]
        gap_msr = base.msr(given.heard) - first.msr[0, given.heard]

        def judge(units: F64) -> F64:
            _, outcome, _ = bench.outcome(units)
            tell("searching", clock.done(bench.evaluations / effort.evaluations))
            msr = np.clip(outcome.msr[:, given.heard] + gap_msr, 0.0, 1.0)
            values = fairness(msr) + _lost(outcome.mur[:, given.heard] + gap, reference, MODEL_ALLOWED)
            seen.append((units.copy(), values))
            return values

        minimise(
            method, judge, bench.starts(), budget=effort.evaluations, rng=np.random.default_rng(request.seed),
            stop=_searching(clock, effort, given),
        )  # fmt: skip
    units, values = (np.concatenate([pair[n] for pair in seen]) for n in range(2))
    trials = _verified(bench, units, values[:, np.newaxis], lambda v: v[..., 0], exactly, effort, clock, tell)
    return _decided(given, known, judged, trials, bench, 0, EARLY if clock.stop() else "")


def _searching(clock: Clock, effort: Effort, given: Ground) -> Callable[[], bool]:
    """Return what tells that searching must end, so that there is time to verify what it has found."""
    left_s = clock.left_s
    return clock.within(max(SEARCHED * left_s, left_s - effort.verified * VERIFYING * given.pass_s))


def fronts_of(values: F64, most: int = 2_000) -> NDArray[np.intp]:
    """Return which are on the front, of the last ``most``."""
    start = max(len(values) - most, 0)
    return start + np.flatnonzero(fronts(values[start:]) == 0)


def _lost(mur: F64, reference: Reference, allowed: float) -> F64:
    return np.asarray(PENALTY * np.maximum(reference.mur - allowed - mur, 0.0).sum(axis=-1))


def _idle(given: Ground, request: MixRequest, clock: Clock) -> str:
    """Return why not to search: less than two tracks that sound, none that may be changed, no time; else nothing."""
    free = [n for n in np.flatnonzero(given.heard).tolist() if given.tracks[n].id not in request.fixed]
    if int(given.heard.sum()) < 2 or not free:
        return NOTHING
    if clock.stop():
        return EARLY
    return NO_TIME if clock.over(PASSES * given.pass_s) else ""


def _bench(base: Measured, given: Ground, request: MixRequest, *, level_lock: bool = True) -> _Bench:
    ear = planning_ear(request.sample_rate)
    frames = choose_frames(given.tracks, request.duration_s, ear.hop / ear.sample_rate)
    listened = listen(request.session, base.settings, ear, frames)
    return _Bench(base, given, request, listened, level_lock=level_lock)


def _told(
    predictor: ResiduePredictor | None, base: Measured, request: MixRequest
) -> Callable[[Candidates, Outcome], F64]:
    """Return what tells the residue of candidates."""
    if predictor is None:
        return lambda candidates, outcome: outcome.residue_sone
    heard = predictor.listen(request.session, base.settings)
    return lambda candidates, outcome: sone(predictor.predict(heard, candidates))


def _calibration(
    bench: _Bench, first: tuple[Candidates, Outcome, F64], told: Callable[[Candidates, Outcome], F64]
) -> tuple[F64, float]:
    """Return what is to be added to the model's MUR, and its residue multiplied by, to be right at the base."""
    candidates, outcome, _ = first
    gap = bench.base.mur(bench.heard) - outcome.mur[0, bench.heard]
    predicted = float(told(candidates, outcome)[0])
    return gap, bench.base.residue.sone / predicted if predicted > 0.0 else 1.0


def _verified(
    bench: _Bench,
    units: F64,
    values: F64,
    scored: Callable[[F64], F64],
    exactly: Callable[[Measured], F64],
    effort: Effort,
    clock: Clock,
    tell: Progress,
) -> list[tuple[Trial, F64]]:
    """Measure the best by the model, one after the other; where it errs, correct it before the next is chosen.

    The first one is measured however late it is, else all the searching would have been for nothing.
    """
    done: list[tuple[Trial, F64]] = []
    open_ = np.ones(len(units), np.bool_)
    lasts_s = 0.0
    while len(done) < effort.verified and open_.any() and not (done and clock.over(lasts_s)):
        begun_s = clock.elapsed_s
        values_now = _corrected(units, values, done)
        n = int(np.argmin(np.where(open_, scored(values_now), np.inf)))
        open_ &= np.abs(units - units[n]).mean(axis=1) >= APART if units.shape[1] else False
        genome = bench.codec.genomes(units[n])
        found = try_out(bench.codec, genome, bench.request, "found by search")
        trial = Trial(found, values[n], exactly(found))
        _LOG.info("verified %d: predicted %s, exact %s", len(done), trial.predicted, trial.exact)
        done.append((trial, units[n]))
        lasts_s = clock.elapsed_s - begun_s
        tell("verifying", clock.done(len(done) / effort.verified))
    return done


def _corrected(units: F64, values: F64, done: Sequence[tuple[Trial, F64]]) -> F64:
    """Add to the predictions what near-by trials were off by, once they are off by more than a tenth in the mean."""
    if not done:
        return values
    errors = np.array([trial.exact - trial.predicted for trial, _ in done])
    wrong = np.mean([np.abs(t.exact[0] - t.predicted[0]) / max(abs(float(t.exact[0])), 1e-9) for t, _ in done])
    if wrong <= WRONG:
        return values
    far = np.array([np.abs(units - at).mean(axis=1) for _, at in done])
    near = np.exp(-np.square(far / REACH))
    return np.asarray(values + np.einsum("kn,ko->no", near, errors) / np.maximum(near.sum(axis=0), 1.0)[:, np.newaxis])


def _decided(
    given: Ground,
    known: Measured,
    judged: Callable[[Measured], float],
    done: Sequence[tuple[Trial, F64]],
    bench: _Bench,
    front: int,
    ended: str,
) -> Searched:
    """Choose by the exact measure."""
    trials = tuple(trial for trial, _ in done)
    best, tracks = known, None
    for trial, units in done:
        if judged(trial.measured) < judged(best):
            best, tracks = trial.measured, bench.codec.decode(bench.codec.genomes(units))[0]
    return Searched(given, best, judged(best), trials, bench.evaluations, front, tracks, ended)
