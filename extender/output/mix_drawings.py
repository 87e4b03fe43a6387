"""Drawings of the page about a mix, as SVG: who masks whom, and what filters do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from mixer import Curve, Filter, MaskingReport
from mixer.equaliser import response, sections_of

MOST_SHOWN = 40
"""Tracks in a matrix; of more, those that lose most."""
CELL, HEAD = 16.0, 22.0
LEAST_DRAWN = 0.01
CURVE_WIDTH, CURVE_HEIGHT = 300.0, 84.0
LOW_HZ, HIGH_HZ = 40.0, 20_000.0
_GRID_HZ = (100.0, 1_000.0, 10_000.0)
_LEAST_RANGE_DB = 9.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The tracks of a matrix: their places in the report, and the numbers that they have on the page."""

    places: tuple[int, ...]
    numbers: tuple[int, ...]


def most_concerned(report: MaskingReport, most: int = MOST_SHOWN) -> Shown:
    """Return all tracks, or of many those that lose or take most, in their order."""
    lost = report.lost
    weight = lost.sum(axis=0) + lost.sum(axis=1)
    places = sorted(sorted(range(len(report.ids)), key=lambda n: (-weight[n], n))[:most])
    return Shown(tuple(places), tuple(n + 1 for n in places))


def draw_matrix(report: MaskingReport, shown: Shown) -> str:
    """Return the masking matrix: the darker a cell, the more its row takes of the loudness of its column."""
    size = HEAD + CELL * len(shown.places)
    lost = report.lost
    width = max(2.2 * size, 260.0)
    parts = [
        f'<svg class="matrix" viewBox="0 0 {size:g} {size:g}" style="max-width:{width:.0f}px" role="img" '
        'aria-label="Masking matrix; the sentences below say the same in words">'
    ]
    for k, number in enumerate(shown.numbers):
        at = HEAD + CELL * (k + 0.5)
        parts.append(f'<text x="{at:g}" y="{HEAD - 6:g}">{number}</text>')
        parts.append(f'<text x="{HEAD - 9:g}" y="{at + 3.2:g}">{number}</text>')
    inside = CELL * len(shown.places)
    parts.append(f'<rect class="ground" x="{HEAD:g}" y="{HEAD:g}" width="{inside:g}" height="{inside:g}"/>')
    for row, i in enumerate(shown.places):
        for column, j in enumerate(shown.places):
            x, y = HEAD + CELL * column, HEAD + CELL * row
            place = f'x="{x + 0.5:g}" y="{y + 0.5:g}" width="{CELL - 1:g}" height="{CELL - 1:g}"'
            if i == j:
                parts.append(f'<rect class="self" {place}/>')
            elif lost[i, j] >= LEAST_DRAWN:
                told = escape(f"{report.ids[i]} masks {report.ids[j]}: {100 * lost[i, j]:.0f} % of its loudness")
                parts.append(f'<rect class="cell" {place} fill-opacity="{lost[i, j]:.2f}"><title>{told}</title></rect>')
    return "".join((*parts, "</svg>"))


def draw_curve(filters: Sequence[Filter], sample_rate: int) -> str:
    """Return what filters do over frequency: what stands still as a line, with what moves, at most, dashed."""
    hertz = np.geomspace(LOW_HZ, min(HIGH_HZ, 0.49 * sample_rate), 160)
    still = [f for f in filters if not _moves(f)]
    steady_db = _decibels(still, hertz, sample_rate)
    deepest_db = _decibels([_at_most(f) for f in filters], hertz, sample_rate) if len(still) < len(filters) else None
    both = steady_db if deepest_db is None else np.concatenate([steady_db, deepest_db])
    range_db = max(_LEAST_RANGE_DB, 3.0 * np.ceil(np.abs(np.clip(both, -36.0, 36.0)).max() / 3.0))
    parts = [
        f'<svg class="curve" viewBox="0 0 {CURVE_WIDTH:g} {CURVE_HEIGHT + 12:g}" role="img" '
        f'aria-label="Filters over frequency, {LOW_HZ:.0f} Hz to 20 kHz, ±{range_db:.0f} dB">'
    ]
    for grid_hz in _GRID_HZ:
        x = float(_x(np.array([grid_hz]))[0])
        name = f"{grid_hz:.0f} Hz" if grid_hz < 1_000 else f"{grid_hz / 1000:.0f} kHz"
        parts.append(f'<path class="grid" d="M{x:.1f} 0V{CURVE_HEIGHT:g}"/>')
        parts.append(f'<text x="{x:.1f}" y="{CURVE_HEIGHT + 10:g}" text-anchor="middle">{name}</text>')
    parts.append(f'<path class="zero" d="M0 {CURVE_HEIGHT / 2:g}H{CURVE_WIDTH:g}"/>')
    parts.append(
        f'<text x="2" y="9">+{range_db:.0f} dB</text><text x="2" y="{CURVE_HEIGHT - 3:g}">−{range_db:.0f} dB</text>'
    )
    if deepest_db is not None:
        parts.append(f'<path class="most" d="{_line(hertz, deepest_db, range_db)}"/>')
    parts.append(f'<path class="line" d="{_line(hertz, steady_db, range_db)}"/>')
    return "".join((*parts, "</svg>"))


def _moves(section: Filter) -> bool:
    return any(isinstance(s, Curve) for s in (section.gain_db, section.frequency_hz, section.q))


def _at_most(section: Filter) -> Filter:
    """Return a filter as it stands where it does most."""
    times = next(
        (s.times_s for s in (section.gain_db, section.frequency_hz, section.q) if isinstance(s, Curve)), (0.0,)
    )
    if isinstance(section.gain_db, Curve):
        times = (times[int(np.abs(section.gain_db.values).argmax())],)

    def then(setting: float | Curve) -> float:
        return float(setting.at([times[0]])[0]) if isinstance(setting, Curve) else setting

    return replace(section, gain_db=then(section.gain_db), frequency_hz=then(section.frequency_hz), q=then(section.q))


def _decibels(filters: Sequence[Filter], hertz: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    if not filters:
        return np.zeros(len(hertz))
    gain = np.abs(response(sections_of(filters, sample_rate), hertz, sample_rate))
    return np.asarray(20.0 * np.log10(np.maximum(gain, 1e-3)))


def _x(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(CURVE_WIDTH * np.log(hertz / LOW_HZ) / np.log(HIGH_HZ / LOW_HZ))


def _line(hertz: NDArray[np.float64], levels_db: NDArray[np.float64], range_db: float) -> str:
    y = CURVE_HEIGHT * 0.5 * (1.0 - np.clip(levels_db / range_db, -1.0, 1.0))
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(_x(hertz), y, strict=True))
