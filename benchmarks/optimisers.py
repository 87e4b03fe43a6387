"""What a search gets out of so many evaluations: five methods on Liu's objective, three seeds, several scenes.

Run from the root of the repository: ``python -m benchmarks.optimisers [SCENE …] [--exact]``; it needs the recordings in
``../shared/data/sounds``. Every search starts from levels and places alone. Prints one JSON line for each scene and
method with the objective in the model after so many evaluations, for each seed, and the seconds; with ``--exact`` the
objective of the last ones as rendered and measured too; and a line with the means over all scenes.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mixer
from benchmarks.clarity_scenes import DURATION_S, SCENES, SOUNDS, tracks
from benchmarks.common import emit
from mixer.bands import choose_frames, listen, planning_ear
from mixer.optimise.genome import Codec
from mixer.optimise.methods import METHODS, minimise
from mixer.optimise.model import BatchModel
from mixer.optimise.objectives import fairness
from mixer.optimise.verify import try_out
from mixer.strategies.base import MixRequest, levelled
from mixer.strategies.levels import in_place

EVALUATIONS = (100, 400, 1_600)
SEEDS = (1, 2, 3)
CHOSEN = (1, 3, 5)
"""Scenes by default."""

F64 = NDArray[np.float64]


def searched(scene: dict[str, Any], *, exact: bool = False) -> dict[str, dict[str, Any]]:
    """Return the figures of one scene by method."""
    listed = tracks(scene)
    with mixer.MixSession(listed, duration_s=DURATION_S) as session:
        request = MixRequest(DURATION_S, session)
        placed = levelled(listed, [in_place(track, None) for track in listed], request)
        ear = planning_ear(session.sample_rate)
        listened = listen(session, placed, ear, choose_frames(listed, DURATION_S, ear.hop / ear.sample_rate))
        codec = Codec(listed, placed, placed, listened)
        start = codec.units(codec.neutral)[np.newaxis]
        with BatchModel(listened) as model:

            def judge(units: F64) -> F64:
                return fairness(model.outcome(codec.candidates(codec.genomes(units))).msr[:, model.heard])

            flat = float(judge(start)[0])
            figures: dict[str, dict[str, Any]] = {"flat": {"objective": round(flat, 4), "genes": len(codec.free)}}
            for method in METHODS:
                began = time.perf_counter()
                found = [
                    minimise(method, judge, start, budget=EVALUATIONS[-1], rng=np.random.default_rng(seed))
                    for seed in SEEDS
                ]
                seconds = (time.perf_counter() - began) / len(SEEDS)
                reached = {
                    str(count): [round(min(s for n, s in tally.history if n <= count), 4) for tally in found]
                    for count in EVALUATIONS
                }
                figures[method] = {"reached": reached, "seconds": round(seconds, 2)}
                if exact:
                    done = [try_out(codec, codec.genomes(tally.best), request, method) for tally in found]
                    figures[method]["exact"] = [round(float(fairness(m.msr(model.heard))), 4) for m in done]
    return figures


def summary(figures: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the means over scenes and seeds, relative to flat, and whether harmony search beats random search."""
    means = {
        method: {
            str(n): round(
                float(np.mean([np.mean(f[method]["reached"][str(n)]) / f["flat"]["objective"] for f in figures])), 4
            )
            for n in EVALUATIONS
        }
        for method in METHODS
    }
    better = all(means["harmony"][str(n)] < means["random"][str(n)] for n in EVALUATIONS)
    return {"of flat": means, "harmony better than random": better}


def main() -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=int, nargs="*", default=list(CHOSEN), help="their seeds")
    parser.add_argument("--exact", action="store_true", help="render and measure what was found")
    options = parser.parse_args()
    if not SOUNDS.is_dir():
        raise SystemExit(f"needs {SOUNDS}, which is not here")
    scenes = {scene["seed"]: scene for scene in json.loads(SCENES.read_text(encoding="utf-8"))}
    figures = []
    for seed in options.scenes:
        figures.append(searched(scenes[seed], exact=options.exact))
        line = {"scene": seed, "tracks": len(scenes[seed]["tracks"])} | figures[-1]
        print(json.dumps(line), flush=True)
    emit(benchmark="optimisers", scenes=len(figures), **summary(figures))


if __name__ == "__main__":
    main()
