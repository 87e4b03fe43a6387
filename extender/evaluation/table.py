"""The figures of an evaluation, by scene and by system: as JSON, as CSV, as Markdown, and as rows for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import extender
from extender.evaluation.measuring import Measurement, Wanted, to_number
from extender.evaluation.statistics import Mean, mean_of
from extender.evaluation.store import SceneResult
from extender.evaluation.systems import FLAT, System
from extender.output.report_words import minus

MARK = ("<!-- begin: extender evaluate --markdown -->", "<!-- end: extender evaluate --markdown -->")
LEAST_LOST = 0.02
"""Where ``flat`` loses a smaller share of all loudness there is nothing to be made less."""
TIE = 1e-4
"""A worst track that gains less of its loudness than this has gained nothing."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One column: its key, its title, how it is shown, and how it is had from a mix and that of ``flat``."""

    key: str
    title: str
    unit: str
    digits: int
    scale: float
    of: Callable[[Measurement, Measurement | None], float | None]

    def told(self, value: float | None, *, sign: bool = False) -> str:
        """Return a value for people."""
        if value is None:
            return "–"
        return minus(f"{self.scale * value:{'+' if sign else ''}.{self.digits}f}")


def _less(key: str) -> Callable[[Measurement, Measurement | None], float | None]:
    def reduction(mix: Measurement, flat: Measurement | None) -> float | None:
        if flat is None or flat.lost_share is None or flat.lost_share < LEAST_LOST:
            return None
        now, before = getattr(mix, key), getattr(flat, key)
        return 1.0 - now / before if now is not None and before else None

    return reduction


def _own(key: str) -> Callable[[Measurement, Measurement | None], float | None]:
    return lambda mix, flat: getattr(mix, key)


MEASURES = (
    Measure("reduction", "residue less", "%", 1, 100.0, _less("residue_sone")),
    Measure("reduction_muddy", "200–500 Hz", "%", 1, 100.0, _less("muddy_sone")),
    Measure("reduction_harsh", "1–4 kHz", "%", 1, 100.0, _less("harsh_sone")),
    Measure("mur", "MUR", "%", 1, 100.0, _own("mean_mur")),
    Measure("worst_mur", "worst MUR", "%", 1, 100.0, _own("worst_mur")),
    Measure("msr", "MSR", "", 3, 1.0, _own("mean_msr")),
    Measure("loudness", "LUFS", "LUFS", 1, 1.0, _own("loudness_lufs")),
    Measure("range", "LRA", "LU", 1, 1.0, _own("range_lu")),
    Measure("true_peak", "dBTP", "dBTP", 1, 1.0, _own("true_peak_dbtp")),
    Measure("avm", "AVM", "", 3, 1.0, _own("steadiness")),
    Measure("seconds", "s", "s", 1, 1.0, _own("seconds")),
    Measure("error", "error", "%", 1, 100.0, _own("error")),
)
BY_KEY = {measure.key: measure for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Row:
    """One system over all scenes.

    Parameters
    ----------
    system : str
    told : str
        What it is; empty where the name says it.
    means : mapping of str to Mean or None
        By the keys of MEASURES.
    improved : int
        Scenes whose worst track is heard better than with ``flat``.
    compared : int
        Scenes in which that is known.
    avm_kept, avm_compared : int
        Scenes whose steadiness is not lower than that of ``flat`` by more than 0.005.
    loudness_off_lu : float or None
        The largest distance to the loudness of ``flat`` in any scene.
    """

    system: str
    told: str
    means: Mapping[str, Mean | None]
    improved: int
    compared: int
    avm_kept: int
    avm_compared: int
    loudness_off_lu: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """All results, and the rows made of them."""

    scenes: tuple[SceneResult, ...]
    rows: tuple[Row, ...]
    wanted: Wanted

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, in the order of the rows."""
        return tuple(row.system for row in self.rows)

    def row(self, system: str) -> Row | None:
        """Return a system's row; None where it did not take part."""
        return next((row for row in self.rows if row.system == system), None)


def report_of(
    results: Sequence[SceneResult], names: Sequence[str], systems: Sequence[System], wanted: Wanted
) -> Report:
    """Return the report of what was measured."""
    told = {system.name: system.told for system in systems}
    rows = tuple(_row(name, told.get(name, "by hand"), results, wanted.seed) for name in names)
    return Report(tuple(results), rows, wanted)


def value_of(result: SceneResult, system: str, key: str) -> float | None:
    """Return one figure of one mix; None where it is not known."""
    mix = result.of(system)
    return BY_KEY[key].of(mix, result.of(FLAT)) if mix else None


def _row(name: str, told: str, results: Sequence[SceneResult], seed: int) -> Row:
    means = {
        measure.key: mean_of([value_of(result, name, measure.key) for result in results], seed) for measure in MEASURES
    }

    def gains(key: str) -> list[float]:
        pairs = [(value_of(result, name, key), value_of(result, FLAT, key)) for result in results]
        return [now - before for now, before in pairs if now is not None and before is not None]

    worst, avm, loud = gains("worst_mur"), gains("avm"), gains("loudness")
    return Row(
        name, told, means, sum(gain > TIE for gain in worst), len(worst),
        sum(gain >= -0.005 for gain in avm), len(avm), max((abs(gain) for gain in loud), default=None),
    )  # fmt: skip


def as_json(report: Report) -> str:
    """Return everything as one JSON object."""
    value = {
        "generator": f"image-extender {extender.__version__}",
        "settings": asdict(report.wanted),
        "summary": {row.system: _summary(row) for row in report.rows},
        "scenes": [
            {
                "name": result.name,
                "tracks": list(result.tracks),
                "duration_s": result.duration_s,
                "systems": {
                    name: _figures(result, name)
                    | asdict(entry.measured)
                    | {"sound": entry.sound.file if entry.sound else None}
                    for name, entry in result.entries.items()
                },
            }
            for result in report.scenes
        ],
    }
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def summary_of(report: Report) -> dict[str, Any]:
    """Return the rows for JSON."""
    return {row.system: _summary(row) for row in report.rows}


def _summary(row: Row) -> dict[str, Any]:
    means = {key: asdict(mean) if mean else None for key, mean in row.means.items()}
    return {
        "is": row.told, **means, "worst_improved": row.improved, "worst_compared": row.compared,
        "avm_kept": row.avm_kept, "avm_compared": row.avm_compared,
        "loudness_off_lu": to_number(row.loudness_off_lu, 3),
    }  # fmt: skip


def _figures(result: SceneResult, name: str) -> dict[str, float | None]:
    return {measure.key: to_number(value_of(result, name, measure.key), 6) for measure in MEASURES}


def as_csv(report: Report) -> str:
    """Return one line for each scene and system."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["scene", "tracks", "duration_s", "system", *(measure.key for measure in MEASURES)])
    for result in report.scenes:
        for name in result.entries:
            figures = _figures(result, name)
            cells = ["" if figures[m.key] is None else figures[m.key] for m in MEASURES]
            writer.writerow([_harmless(result.name), len(result.tracks), f"{result.duration_s:g}", name, *cells])
    return out.getvalue()


def _harmless(text: str) -> str:
    """Keep a name from being taken for a formula by a spreadsheet."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def rows_for_people(report: Report) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the summary: means, and the intervals of what matters most."""
    shown = [measure for measure in MEASURES if any(row.means[measure.key] for row in report.rows)]
    head = ["", *(f"{m.title}{', %' if m.unit == '%' else ''}" for m in shown), "worst better", "AVM kept"]
    rows = []
    for row in report.rows:
        cells = [_cell(measure, row.means[measure.key]) for measure in shown]
        rows.append([
            row.system, *cells,
            f"{row.improved} of {row.compared}" if row.compared and row.system != FLAT else "–",
            f"{row.avm_kept} of {row.avm_compared}" if row.avm_compared and row.system != FLAT else "–",
        ])  # fmt: skip
    return head, rows


def _cell(measure: Measure, mean: Mean | None) -> str:
    if mean is None:
        return "–"
    told = measure.told(mean.value)
    if measure.key not in ("reduction", "worst_mur") or mean.count < 2:
        return told
    return f"{told} [{measure.told(mean.low)}, {measure.told(mean.high)}]"


def as_markdown(report: Report, command: str) -> str:
    """Return the summary as a block for a page of documentation, between two marks."""
    head, rows = rows_for_people(report)
    count = len(report.scenes)
    lines = [
        MARK[0],
        f"`{command}`: {count} scene{'' if count == 1 else 's'}, means, in brackets the 95 % interval.",
        "",
        "| " + " | ".join(head) + " |",
        "|---" * len(head) + "|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        *(f"{row.system}: {row.told}.  " for row in report.rows if row.told),
        MARK[1],
    ]
    return "\n".join(lines) + "\n"
