"""How much of each track is heard: 40 listed scenes mixed by every strategy, measured by the exact analysis.

Run from the root of the repository: ``python -m benchmarks.clarity [SEED …] [--tracks]``; it needs the recordings in
``../shared/data/sounds``. Prints one JSON line for each scene, with mean and worst-track MUR, mean and worst MSR
measure, residue and the loudness of the mix for each strategy, and one with the means and the gates. Levels are locked:
each track has the same loudness in all of them, and but for what a strategy decides itself places are those of
``balanced``.

Which strategy is to be the default is measured by ``python -m benchmarks.clarity --strategies flat unmask asra
asra+network refine --seconds 10``: what each makes of every scene within ten seconds. ``--effort`` counts evaluations
instead; of ``NAME+network`` the trained network predicts the residue.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import mixer
from benchmarks.clarity_scenes import DURATION_S, SCENES, SOUNDS, tracks
from benchmarks.common import emit
from mixer.masking import analyse_session
from mixer.plugins import STRATEGIES, make, takes
from mixer.residue import analyse_residue
from mixer.strategies.base import MixRequest

COMPARED = ("flat", "hafezi", "perez-gonzalez", "mansbridge", "balanced", "unmask")
BETTER_IN, WORSE_BY = 36, 0.02
"""Gates: in how many of 40 scenes the worst track must be heard better than flat, and how much worse it may be."""


def strategy_of(name: str, asked: dict[str, Any]) -> mixer.MixStrategy:
    """Return a strategy, those that search with what is asked of them."""
    name, _, predicted = name.partition("+")
    options = dict(asked) if "effort" in takes(STRATEGIES, name) else {}
    if predicted == "network":
        from models.residue.inference import ResidueModel

        options["predictor"] = ResidueModel()
    made: mixer.MixStrategy = make(STRATEGIES, name, **options)
    return made


def measured(
    scene: dict[str, Any],
    names: Sequence[str] = COMPARED,
    asked: dict[str, Any] | None = None,
    *,
    each: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return the figures of one scene by strategy."""
    listed = tracks(scene)
    figures: dict[str, dict[str, Any]] = {}
    for name in names:
        with mixer.MixSession(listed, duration_s=DURATION_S) as session:
            strategy = strategy_of(name, asked or {})
            start = time.perf_counter()
            plan = strategy.plan(listed, MixRequest(DURATION_S, session))
            seconds = time.perf_counter() - start
            report, residue = analyse_session(session, plan.tracks), analyse_residue(session, plan.tracks)
            meters = session.render(plan, write=lambda block: None)
        figures[name] = {
            "mur": round(float(report.mur.mean()), 6),
            "worst_mur": round(float(report.mur.min()), 6),
            "msr": round(float(report.msr.mean()), 4),
            "worst_msr": round(float(report.msr.max()), 4),
            "residue_sone": round(residue.sone, 3),
            "lufs": None if meters.loudness_lufs is None else round(meters.loudness_lufs, 2),
            "plan_s": round(seconds, 2),
        }
        if each:
            told = zip(plan.tracks, report.mur, strict=True)
            figures[name]["tracks"] = [f"{s.id}: {mur:.3f}; {s.reason}" for s, mur in told]
    return figures


def compared(figures: Sequence[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return for each strategy the means over all scenes, in how many the worst track is heard better than flat, how
    much less is lost than with flat, and how long planning took.
    """
    measures = ("mur", "worst_mur", "msr", "worst_msr", "plan_s")
    found: dict[str, Any] = {}
    for name in figures[0]:
        found[name] = {key: round(float(np.mean([f[name][key] for f in figures])), 4) for key in measures}
        found[name]["longest_plan_s"] = max(f[name]["plan_s"] for f in figures)
        if "flat" in figures[0]:
            gained = [f[name]["worst_mur"] - f["flat"]["worst_mur"] for f in figures]
            kept = [f[name]["residue_sone"] / max(f["flat"]["residue_sone"], 1e-9) for f in figures]
            found[name]["worst_better_in"] = f"{sum(gain > 0.0 for gain in gained)} of {len(figures)}"
            found[name]["residue_less"] = round(1.0 - float(np.mean(kept)), 4)
    return found


def summary(figures: Sequence[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the means over all scenes, and whether the gates are passed."""
    means = compared(figures)
    gained = [f["unmask"]["worst_mur"] - f["flat"]["worst_mur"] for f in figures]
    better = sum(gain > 0.0 for gain in gained)
    others = [name for name in COMPARED if name != "unmask"]
    gates = {
        "worst track better than flat": f"{better} of {len(figures)}",
        "never worse by more than 0.02": min(gained) >= -WORSE_BY,
        "mean MUR above every other": all(means["unmask"]["mur"] > means[name]["mur"] for name in others),
        "worst MUR above every other": all(means["unmask"]["worst_mur"] > means[name]["worst_mur"] for name in others),
    }
    passed = better >= BETTER_IN / 40 * len(figures) and all(v for v in gates.values() if isinstance(v, bool))
    return {"means": means, "gates": gates, "passed": passed}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", help="of the scenes; all by default")
    parser.add_argument("--tracks", action="store_true", help="tell each track's MUR and settings")
    parser.add_argument("--strategies", nargs="+", help="compare these only, without gates")
    parser.add_argument("--seconds", type=float, help="of those that search")
    parser.add_argument("--effort", help="of those that search: quick, normal, best")
    options = parser.parse_args()
    if not SOUNDS.is_dir():
        raise SystemExit(f"needs {SOUNDS}, which is not here")
    scenes = json.loads(SCENES.read_text(encoding="utf-8"))
    asked = {name: getattr(options, name) for name in ("seconds", "effort") if getattr(options, name) is not None}
    names = options.strategies or COMPARED
    measured(scenes[0], names, {"effort": "quick"})  # compiled code is loaded
    figures = []
    for scene in scenes:
        if options.seeds and scene["seed"] not in options.seeds:
            continue
        figures.append(measured(scene, names, asked, each=options.tracks))
        line = {"seed": scene["seed"], "count": len(scene["tracks"])} | figures[-1]
        print(json.dumps(line, ensure_ascii=False), flush=True)
    told = summary(figures) if names == COMPARED else {"asked": asked, "means": compared(figures)}
    emit(benchmark="clarity", scenes=len(figures), **told)


if __name__ == "__main__":
    main()
