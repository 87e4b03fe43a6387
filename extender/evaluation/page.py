"""The page about an evaluation: figures, drawings, and every mix to be heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import extender
from extender.evaluation import drawings
from extender.evaluation.statistics import Mean
from extender.evaluation.store import SceneResult
from extender.evaluation.systems import FLAT, SEARCHING, TUNED
from extender.evaluation.table import MEASURES, Measure, Report, value_of
from extender.output.page import page_of, safe

_PREDICTED = ("asra", TUNED)
_TIMED = ("unmask", *SEARCHING)
_UNCERTAIN = ("reduction", "reduction_muddy", "reduction_harsh", "mur", "worst_mur")
"""Of these the intervals are shown; all are in evaluation.json."""


def evaluation_page(report: Report, *, listens: bool) -> str:
    """Return the page as text; the mixes lie beside it, and it needs nothing else.

    Parameters
    ----------
    report : Report
    listens : bool
        Whether there is a listening test beside it.
    """
    searched = [name for name in _PREDICTED if any((m := s.of(name)) and m.trials for s in report.scenes)]
    timed = [name for name in _TIMED if report.row(name)]
    lead = next((name for name in (TUNED, "asra", "refine", "unmask") if report.row(name)), None)
    several = len(report.scenes) > 1
    values: dict[str, Any] = {
        "generator": f"image-extender {extender.__version__}",
        "count": len(report.scenes),
        "lede": lede(report),
        "measures": _shown(report),
        "rows": [(row, [_mean(m, row.means[m.key]) for m in _shown(report)]) for row in report.rows],
        "flat": FLAT,
        "legend": [(name, safe(_sign(name))) for name in report.systems if name in drawings.LOOKS],
        "front": safe(drawings.draw_front(
            report, "reduction", "worst_mur", "Means of all systems: residue less than flat, and worst MUR",
        )),
        "by_scene": safe(drawings.draw_by_scene(
            report, "reduction", "Residue less than with flat, by scene; the tables below say the same",
        )),
        "lead": lead,
        "worst": safe(drawings.draw_before_after(
            report, "worst_mur", lead, f"MUR of the worst track with flat and with {lead}, by scene",
        )) if lead else "",
        "predicted": safe(drawings.draw_predicted(
            report, searched, "Residue as predicted over residue as measured",
        )) if searched else "",
        "seconds": safe(drawings.draw_seconds(report, timed, "Seconds of planning over the number of tracks"))
        if timed else "",
        "several": several,
        "scenes": [_scene(report, result) for result in report.scenes],
        "listens": listens,
        "wanted": report.wanted,
    }  # fmt: skip
    return page_of("evaluation.html.j2", values, more_style="evaluation.css", scripts=("evaluation.js",))


def lede(report: Report) -> str:
    """Return what came out, in a sentence or two."""
    told = []
    for name in ("asra", TUNED):
        row = report.row(name)
        if row is None or (mean := row.means["reduction"]) is None:
            continue
        less = f"{100 * mean.value:.0f} % less" if mean.value >= 0 else f"{-100 * mean.value:.0f} % more"
        what = f"“{name}” leaves {less} residue than the flat mix"
        if mean.count > 1:
            what += f" (95 %: {100 * mean.low:.0f} to {100 * mean.high:.0f} %)".replace("-", "−")
        if row.compared:
            what += f", and lets the worst track be heard better in {row.improved} of {row.compared}"
        told.append(what + ".")
    return " ".join(told) or "Mixes of the same tracks, measured alike."


def _shown(report: Report) -> list[Measure]:
    return [m for m in MEASURES if any(row.means[m.key] for row in report.rows)]


def _mean(measure: Measure, mean: Mean | None) -> tuple[str, str, str]:
    """Return a measure's key, its mean, and the interval where it says something."""
    if mean is None:
        return measure.key, "–", ""
    uncertain = measure.key in _UNCERTAIN and mean.low < mean.high
    interval = f"{measure.told(mean.low)} to {measure.told(mean.high)}" if uncertain else ""
    return measure.key, measure.told(mean.value), interval


def _sign(system: str) -> str:
    return f'<svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{drawings.mark(system, 7.0, 7.0)}</svg>'


def _scene(report: Report, result: SceneResult) -> dict[str, Any]:
    measures = _shown(report)
    lines = []
    for name in report.systems:
        entry = result.entries.get(name)
        if entry is None:
            continue
        cells = [m.told(value_of(result, name, m.key)) for m in measures]
        href = quote(entry.sound.file) if entry.sound else ""
        lines.append({"system": name, "cells": cells, "href": href, "reason": entry.measured.reason})
    return {
        "name": result.name,
        "slug": f"scene-{report.scenes.index(result) + 1}",
        "tracks": result.tracks,
        "duration_s": result.duration_s,
        "lines": lines,
        "heard": _heard(report.systems, result),
        "sounds": any(line["href"] for line in lines),
    }


def _heard(systems: Sequence[str], result: SceneResult) -> list[tuple[str, list[str]]]:
    """Return what is heard of each track with each system, where all of them sound."""
    complete = [n for n in systems if (m := result.of(n)) and len(m.mur) == len(result.tracks)]
    found = {name: mix.mur for name in complete if (mix := result.of(name))}
    return (
        [
            (
                track,
                [f"{100 * found[name][k]:.0f}" if name in found else "–" for name in systems if name in result.entries],
            )
            for k, track in enumerate(result.tracks)
        ]
        if found
        else []
    )
