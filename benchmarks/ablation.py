"""What each part of ``asra`` is worth: the search without one of them, on the scenes of ``benchmarks.clarity``.

    python -m benchmarks.ablation [--scenes SEED …] [--effort normal] [--only VARIANT …]

Run from the root of the repository; it needs the recordings in ``../shared/data/sounds``. The full search asks the
residue network. Variants: ``no-lstm`` asks the quick model that the network corrects, ``band-model`` the search's own
model, ``no-worst-track`` leaves that term out of the objective, ``no-level-lock`` may change all levels within 12 dB,
and ``not-verified`` takes what the full search's model holds for the best, unseen.

Prints one JSON line for each scene and one with the means. For each variant, against ``flat``, all exactly measured:

- ``less``: share of the residue that is gone, at equal loudness of the mix; ``claimed``: before levels are made equal;
- ``worst``, ``mean``: what the MUR of the worst track, and of all in the mean, has gained, at equal loudness;
- ``loudness``: LU, of the mix as the tracks' levels make it; ``offset``: dB, mean distance of tracks from their levels;
- ``score``: the objective with its usual weights, measured, lower is better: what the full search is to make small;
- ``avm``: of the mix as rendered; ``lufs``: its loudness;
- ``error``: mean |predicted − measured|/measured of the residue of what was verified, ``bias`` with its sign;
- ``seconds``: of the search.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mixer
from benchmarks.clarity_scenes import DURATION_S, SCENES, SOUNDS, tracks
from benchmarks.common import emit
from mixer.bands import Listened
from mixer.meters import meter
from mixer.optimise.objectives import Weights, score, vector
from mixer.optimise.predictor import Candidates
from mixer.optimise.search import Searched
from mixer.optimise.verify import Measured
from mixer.plan import TrackSettings
from mixer.residue import Residue, analyse_residue
from mixer.strategies.asra import Asra
from mixer.strategies.base import MixRequest, plan_bus
from models.residue import ResidueModel, listen_evenly
from models.residue.quick import QuickModel

FULL, UNSEEN = "full", "not-verified"
Figures = dict[str, Any]


class Quick:
    """The quick model without the network."""

    name = "the quick model"

    def __init__(self) -> None:
        self._of: tuple[Listened, QuickModel] | None = None

    def listen(self, session: mixer.MixSession, settings: Sequence[TrackSettings]) -> Listened:
        """Hear what the network would hear."""
        return listen_evenly(session, settings)[1]

    def predict(self, listened: Listened, candidates: Candidates) -> NDArray[np.float32]:
        """Return the maps that the network would correct."""
        if self._of is None or self._of[0] is not listened:
            self._of = listened, QuickModel(listened)
        return self._of[1].worked(candidates).maps


VARIANTS: dict[str, Callable[[str], Asra]] = {
    FULL: lambda effort: Asra(effort, predictor=ResidueModel()),
    "no-lstm": lambda effort: Asra(effort, predictor=Quick()),
    "band-model": lambda effort: Asra(effort),
    "no-worst-track": lambda effort: Asra(effort, predictor=ResidueModel(), weights=Weights(worst=0.0)),
    "no-level-lock": lambda effort: Asra(effort, predictor=ResidueModel(), level_lock=False),
}


def measured(scene: dict[str, Any], names: Sequence[str], effort: str) -> dict[str, Figures]:
    """Return the figures of one scene by variant."""
    listed = tracks(scene)
    figures: dict[str, Figures] = {}
    for name in names:
        with mixer.MixSession(listed, duration_s=DURATION_S) as session:
            request = MixRequest(DURATION_S, session)
            start = time.perf_counter()
            found = VARIANTS[name](effort).search(listed, request)
            seconds = time.perf_counter() - start
            flat = _Heard(found.ground.flat, request)
            figures.setdefault("flat", flat.alone() | _judged(found, found.ground.flat))
            chosen = _Heard(found.best, request).beside(flat) | _judged(found, found.best)
            figures[name] = chosen | _predicted(found) | {"seconds": round(seconds, 2)}
            if name == FULL and found.trials:
                unseen = found.trials[0].measured
                figures[UNSEEN] = _Heard(unseen, request).beside(flat) | _judged(found, unseen)
    return figures


class _Heard:
    """A mix, measured and rendered."""

    def __init__(self, of: Measured, request: MixRequest) -> None:
        self.of, self.request = of, request
        plan, blocks = plan_bus("ablation", of.settings, request), list[NDArray[np.float32]]()
        request.session.render(plan, write=lambda block: blocks.append(block.copy()))
        self.meters = meter(np.concatenate(blocks, axis=1), request.sample_rate)
        rendered = self.meters.loudness_lufs
        self.lufs = -70.0 if rendered is None else rendered - plan.bus.gain_db

    def at(self, lufs: float) -> Residue:
        """Measure it as loud as another, before the bus."""
        change_db = lufs - self.lufs
        louder = [replace(s, gain_db=s.gain_db + change_db) for s in self.of.settings]
        return analyse_residue(self.request.session, louder)

    def alone(self) -> Figures:
        """Return figures of what others are compared with."""
        residue = self.of.residue
        return {"residue": round(residue.sone, 3), "worst": round(residue.worst, 4), "mean": round(residue.clarity, 4),
                "lufs": _rounded(self.meters.loudness_lufs), "avm": _rounded(self.meters.steadiness)}  # fmt: skip

    def beside(self, flat: _Heard) -> Figures:
        """Return figures against flat."""
        was, now = flat.of.residue, self.at(flat.lufs)
        return {
            "less": round(1.0 - now.sone / was.sone, 4),
            "claimed": round(1.0 - self.of.residue.sone / was.sone, 4),
            "worst": round(now.worst - was.worst, 4),
            "mean": round(now.clarity - was.clarity, 4),
            "loudness": round(self.lufs - flat.lufs, 2),
            "offset": round(float(np.abs(self.of.offsets_db).mean()), 2),
            "avm": _rounded(self.meters.steadiness),
            "lufs": _rounded(self.meters.loudness_lufs),
        }


def _judged(found: Searched, of: Measured) -> Figures:
    """Return the score by which the full search chooses."""
    heard, reference = found.ground.heard, found.ground.reference
    values = vector(of.mur(heard), of.residue.sone, of.offsets_db, of.intervention, reference)
    return {"score": round(float(score(values, Weights())), 4)}


def _predicted(found: Searched) -> Figures:
    off = [(t.predicted[0] - t.exact[0]) / max(t.exact[0], 1e-9) for t in found.trials]
    return {"error": round(found.error, 4), "bias": round(float(np.mean(off)), 4) if off else 0.0}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def summary(figures: Sequence[dict[str, Figures]]) -> dict[str, Any]:
    """Return means over scenes, in how many the worst track is heard better than flat, and AVM and loudness kept."""
    means: dict[str, Any] = {}
    for name in figures[0]:
        rows = [f[name] for f in figures if name in f]
        values = {key: [row[key] for row in rows if row[key] is not None] for key in rows[0]}
        means[name] = {key: round(float(np.mean(found)), 4) for key, found in values.items() if found}
        if name != "flat":
            means[name]["worst better in"] = sum(row["worst"] > 0.0 for row in rows)
            means[name]["residue less in"] = sum(row["less"] > 0.0 for row in rows)
    return means


def main() -> None:
    """Search, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, nargs="*", help="their seeds; all by default")
    parser.add_argument("--effort", default="normal", help="quick, normal or best")
    parser.add_argument("--only", nargs="*", choices=tuple(VARIANTS), default=list(VARIANTS), metavar="VARIANT")
    options = parser.parse_args()
    if not SOUNDS.is_dir():
        raise SystemExit(f"needs {SOUNDS}, which is not here")
    scenes = json.loads(SCENES.read_text(encoding="utf-8"))
    figures = []
    for scene in scenes:
        if options.scenes is None or scene["seed"] in options.scenes:
            figures.append(measured(scene, options.only, options.effort))
            print(json.dumps({"seed": scene["seed"], "count": len(scene["tracks"])} | figures[-1]), flush=True)
    if not figures:
        raise SystemExit(f"none of the {len(scenes)} scenes has one of these seeds: {options.scenes}")
    emit(benchmark="ablation", effort=options.effort, scenes=len(figures), means=summary(figures))


if __name__ == "__main__":
    main()
