"""Render a folder of photographs as a person would and check what comes out.

    python -m benchmarks.photos ../shared/data/photos --weights ../shared/data/weights/yolo11n.pt --trust-weights

Everything after the folder is handed to `extender render`. With `--bare` among it, pictures are rendered as on a new
machine: ultralytics and torch cannot be imported, there are no weights and an empty cache, and no network
(`unshare -rn`; where that is not allowed, `--offline`). Each picture should then have a place, an ambience and an
event. Prints a JSON line for each picture and one summary:
seconds and peak memory of the whole process, loudness and true peak of the mix by ffmpeg's ebur128 (a second
implementation), the largest distance of a placed track from its target, and whether the placed sounds stand in the same
left–right order as their boxes.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Run, emit, measure
from extender.casting import PLACE_EVENT


def ebur128(path: Path) -> tuple[float, float]:
    """Return (integrated LUFS, true peak dBTP) as ffmpeg measures them."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = text[text.rindex("Summary:") :]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf) dBFS", summary)
    if not loudness or not peak:
        raise SystemExit(f"ffmpeg measured nothing in {path}")
    return float(loudness[1]), float(peak[1])


def order_kept(project: dict[str, Any]) -> bool:
    """Return whether what is further left in the picture is further left (or as far) in the sound."""
    boxes = {d["id"]: (d["box"]["x0"] + d["box"]["x1"]) / 2 for d in project["scene"]["detections"]}
    settings = {t["id"]: t["azimuth_deg"] for t in project["plan"]["tracks"]}
    placed = sorted((boxes[i], -azimuth) for i, azimuth in settings.items() if i in boxes)
    return all(a[1] <= b[1] for a, b in itertools.pairwise(placed))


def level_errors(project: dict[str, Any], folder: Path) -> list[float]:
    """Return how far each placed track is from its target, in LU: its stem, measured by ffmpeg, less the bus gain."""
    bus = project["plan"]["bus"]["gain_db"]
    targets = {p["id"]: p["target_lufs"] for p in project["arrangement"]["parts"]}
    return [abs(ebur128(folder / "stems" / f"{i}.wav")[0] - bus - t) for i, t in targets.items()]


def bare(folder: Path) -> tuple[list[str], list[str], dict[str, str]]:
    """Return what stands before a command, what follows it, and the environment in which there is nothing to be had."""
    for name in ("ultralytics", "torch"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name} here', name='{name}')\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("EXTENDER_", "FREESOUND_"))}
    env |= {"PYTHONPATH": str(folder), "EXTENDER_CACHE": str(folder / "cache")}
    alone = ["unshare", "-rn"]
    if shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True).returncode == 0:
        return alone, [], env
    return [], ["--offline"], env


def one(
    picture: Path, arguments: list[str], out: Path, before: list[str], env: dict[str, str] | None
) -> tuple[Run, dict[str, Any]]:
    """Render one picture and check it."""
    folder = out / f"{picture.stem}.soundscape"
    extender = str(Path(sys.executable).with_name("extender"))
    run = measure([*before, extender, "render", str(picture), "-o", str(folder), "--json", *arguments], env=env)
    if run.code != 0:
        return run, {"error": run.err.strip()[-300:]}
    report = json.loads(run.out)
    project = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    loudness, peak = ebur128(folder / "soundscape.wav")
    figures = {
        "place": report["place"],
        "ambiences": sum(role["kind"] == "ambience" for role in project["cast"]["roles"]),
        "events": sum(role["id"].startswith(PLACE_EVENT) for role in project["cast"]["roles"]),
        "sounds": len(report["sounds"]),
        "fallbacks": sum(s["fallback"] for s in report["sounds"]),
        "loudness_lufs": loudness,
        "true_peak_dbtp": peak,
        "order_kept": order_kept(project),
        "megabytes": round(sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6, 1),
    }
    if "--stems" in arguments:
        figures["worst_level_error_lu"] = round(max(level_errors(project, folder)), 2)
    return run, figures


def main() -> None:
    """Render all and print."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    pictures = sorted(Path(sys.argv[1]).glob("*.jpg"))
    arguments = sys.argv[2:]
    out = Path(tempfile.mkdtemp(prefix="photos-"))
    before: list[str] = []
    env: dict[str, str] | None = None
    if "--bare" in arguments:
        before, more, env = bare(out)
        arguments = [*(a for a in arguments if a != "--bare"), *more]
    rows: list[tuple[Run, dict[str, Any]]] = []
    try:
        for picture in pictures:
            run, figures = one(picture, arguments, out, before, env)
            rows.append((run, figures))
            emit(
                picture=picture.name,
                code=run.code,
                seconds=round(run.seconds, 2),
                peak_mb=round(run.peak_mb),
                **figures,
            )
            shutil.rmtree(out / f"{picture.stem}.soundscape", ignore_errors=True)
    finally:
        shutil.rmtree(out, ignore_errors=True)
    good = [figures for run, figures in rows if run.code == 0]
    emit(
        summary=f"{len(good)} of {len(rows)} pictures",
        arguments=" ".join([*before, *arguments]),
        median_s=round(statistics.median(run.seconds for run, _ in rows), 2),
        max_s=round(max(run.seconds for run, _ in rows), 2),
        peak_mb=round(max(run.peak_mb for run, _ in rows)),
        worst_mix_error_lu=round(max((abs(f["loudness_lufs"] + 20) for f in good), default=0), 2),
        highest_true_peak_dbtp=max((f["true_peak_dbtp"] for f in good), default=0),
        worst_level_error_lu=max((f.get("worst_level_error_lu", 0) for f in good), default=0),
        with_place_ambience_event=sum(bool(f["place"] and f["ambiences"] and f["events"]) for f in good),
        order_kept=f"{sum(f['order_kept'] for f in good)} of {len(good)}",
    )


if __name__ == "__main__":
    main()
