"""How long searches take: by the number of tracks, and whether they end in time when they are told how long they have.

Run from the root of the repository: ``python -m benchmarks.search_time [--tracks 2 4 …] [--seconds 3 5 …]``; it needs
the recordings in ``../shared/data/sounds``. The tracks are those of the listed scenes, one after the other, for 30 s.
Prints one JSON line for each number of tracks: seconds of ``unmask`` and of the searches at an effort, by the clock and
of the processor, and how much is heard; then one for each of the seconds that a search was given; and last how seconds
grow with tracks: the exponent of a power law through the longest three, 1 = linear.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import mixer
from benchmarks.clarity_scenes import DURATION_S, SCENES, SOUNDS, tracks
from benchmarks.common import emit
from mixer.plugins import STRATEGIES, make
from mixer.residue import analyse_residue
from mixer.strategies.base import MixRequest

SECONDS, FIRST = 30.0, 5
"""Length of the mixes, and the scene that comes first."""
COUNTS, GIVEN_S = (2, 4, 8, 16, 32), (3.0, 5.0, 10.0, 20.0)


def many(count: int, seconds: float = SECONDS) -> list[mixer.Track]:
    """Return so many tracks of the listed scenes, as often as they fit."""
    scenes = json.loads(SCENES.read_text(encoding="utf-8"))
    found: list[mixer.Track] = []
    for scene in scenes[FIRST:]:
        if len(found) == count:
            break
        for track in tracks(scene)[: count - len(found)]:
            again = (
                replace(clip, onset_s=clip.onset_s + start)
                for start in np.arange(0.0, seconds, DURATION_S).tolist()
                for clip in track.clips
                if clip.onset_s + start < seconds
            )
            found.append(replace(track, id=f"{scene['seed']} {track.id}", clips=tuple(again)))
    return found


def searched(listed: Sequence[mixer.Track], name: str, duration_s: float = SECONDS, **options: Any) -> dict[str, Any]:
    """Plan once, and return what it took and what came of it."""
    with mixer.MixSession(listed, duration_s=duration_s) as session:
        began, busy = time.perf_counter(), time.process_time()
        plan = make(STRATEGIES, name, **options).plan(listed, MixRequest(duration_s, session))
        took = {"s": round(time.perf_counter() - began, 2), "cpu_s": round(time.process_time() - busy, 2)}
        mur = analyse_residue(session, plan.tracks).mur
    return took | {
        "mur": round(float(np.nanmean(mur)), 4), "worst_mur": round(float(np.nanmin(mur)), 4),
        "outcome": plan.bus.reason.split("; ", 1)[1],
    }  # fmt: skip


def growth(found: Sequence[tuple[int, float]]) -> float:
    """Return the exponent of a power law through pairs of a count and seconds."""
    counts, seconds = np.log(np.array(found, np.float64)).T
    return float(np.polyfit(counts, seconds, 1)[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, nargs="*", default=list(COUNTS))
    parser.add_argument("--seconds", type=float, nargs="*", default=list(GIVEN_S), help="given to a search of 8 tracks")
    parser.add_argument("--strategies", nargs="*", default=["asra", "refine"])
    parser.add_argument("--effort", default="normal")
    parser.add_argument("--network", action="store_true", help="let the trained network predict for asra")
    options = parser.parse_args()
    if not SOUNDS.is_dir():
        raise SystemExit(f"needs {SOUNDS}, which is not here")
    more: dict[str, Any] = {}
    if options.network:
        from models.residue.inference import ResidueModel

        more["predictor"] = ResidueModel()
    searched(many(3, 2.0), "asra", 2.0, effort="quick", **more)  # compiled code is loaded
    cpu: dict[str, list[tuple[int, float]]] = {name: [] for name in options.strategies}
    for count in options.tracks:
        listed = many(count)
        figures = {"unmask": searched(listed, "unmask")}
        for name in options.strategies:
            given = more if name == "asra" else {}
            figures[name] = searched(listed, name, effort=options.effort, **given)
            cpu[name].append((count, figures[name]["cpu_s"]))
        print(json.dumps({"tracks": count} | figures, ensure_ascii=False), flush=True)
    late: dict[str, dict[str, float]] = {name: {} for name in options.strategies}
    for given_s in options.seconds:
        for name in options.strategies:
            figure = searched(many(8), name, seconds=given_s, **(more if name == "asra" else {}))
            late[name][f"{given_s:g}"] = round(figure["s"] / given_s, 2)
            print(json.dumps({"given_s": given_s, "strategy": name} | figure, ensure_ascii=False), flush=True)
    grown = {name: round(growth(found[-3:]), 2) for name, found in cpu.items() if len(found) >= 3}
    emit(benchmark="search time", effort=options.effort, exponent=grown, **{"of the time given": late})


if __name__ == "__main__":
    main()
