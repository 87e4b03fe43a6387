"""Drawings of an evaluation as SVG: what is gained by scene and on the whole, what was predicted, what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from extender.evaluation.store import SceneResult
from extender.evaluation.systems import FLAT, MANUAL, TUNED
from extender.evaluation.table import BY_KEY, Report, value_of
from extender.output.report_words import minus

LOOKS = {
    "unmask": ("c0", "circle"),
    "refine": ("c4", "triangle"),
    "asra": ("c1", "square"),
    TUNED: ("c5", "diamond"),
    MANUAL: ("c7", "cross"),
}
"""Colour and shape of those that matter most; the others are small and grey, and are named where one points."""
OTHER = ("other", "dot")
WIDTH, NAMES, RIGHT, LINE, FOOT = 720.0, 190.0, 24.0, 17.0, 40.0
_MOST_TICKS = 9


@dataclass(frozen=True, slots=True)
class Axis:
    """Values along a line of the drawing, from ``start`` to ``stop`` in its units."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        """Return where a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start)

    def ticks(self, *, whole: bool = False) -> list[float]:
        """Return round values, or whole numbers."""
        step = next(
            s
            for k in range(-4, 9)
            for s in (10.0**k, 2 * 10.0**k, 5 * 10.0**k)
            if (self.high - self.low) / s <= _MOST_TICKS and (s >= 1.0 or not whole)
        )
        first = math.ceil(self.low / step - 1e-9)
        return [round(n * step, 9) for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis_over(values: Sequence[float], start: float, stop: float, *, zero: bool = True) -> Axis:
    """Return an axis with room for all values, and zero."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-9:
        high = low + 1.0
    room = 0.04 * (high - low)
    return Axis(low - (room if low < 0.0 or not zero else 0.0), high + room, start, stop)


def look(system: str) -> tuple[str, str]:
    """Return the colour and the shape of a system."""
    return LOOKS.get(system, OTHER)


def mark(system: str, x: float, y: float, told: str = "") -> str:
    """Return the sign of a system."""
    colour, shape = look(system)
    at = f"{x:.1f} {y:.1f}"
    shapes = {
        "circle": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.4"',
        "dot": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4"',
        "square": f'<path d="M{x - 4:.1f} {y - 4:.1f}h8v8h-8z"',
        "triangle": f'<path d="M{at}m0 -5l5 8.6h-10z"',
        "diamond": f'<path d="M{at}m0 -5.6l5.6 5.6l-5.6 5.6l-5.6 -5.6z"',
        "cross": f'<path d="M{at}m-4.5 -1.6h2.9v-2.9h3.2v2.9h2.9v3.2h-2.9v2.9h-3.2v-2.9h-2.9z"',
    }
    title = f"<title>{escape(told)}</title>" if told else ""
    return f'{shapes[shape]} class="mark {colour}">{title}</{"path" if "path" in shapes[shape] else "circle"}>'


def draw_by_scene(report: Report, key: str, told: str) -> str:
    """Return one line for each scene with the signs of all systems, best on top."""
    measure = BY_KEY[key]
    names = [name for name in report.systems if name != FLAT]
    lines = _ordered(report, key)
    rows = [(r, [(n, v) for n in names if (v := value_of(r, n, key)) is not None]) for r in lines]
    axis = axis_over([v for _, marks in rows for _, v in marks], NAMES, WIDTH - RIGHT)
    height = LINE * len(rows) + FOOT
    parts = [begin(height, told), _grid(axis, 4.0, height - FOOT + 4.0, measure.scale, measure.unit)]
    for n, (result, marks) in enumerate(rows):
        y = LINE * (n + 0.5) + 4.0
        parts.append(_name(result.name, y))
        # grey ones first, so that they never hide the others
        for name, value in sorted(marks, key=lambda pair: pair[0] in LOOKS):
            say = f"{result.name}, {name}: {measure.told(value)} {measure.unit}".rstrip()
            parts.append(mark(name, axis.at(value), y, say))
    return "".join((*parts, "</svg>"))


def draw_before_after(report: Report, key: str, system: str, told: str) -> str:
    """Return one line for each scene, from what it is with ``flat`` to what it is with a system."""
    measure = BY_KEY[key]
    rows = []
    for result in _ordered(report, "reduction"):
        before, after = value_of(result, FLAT, key), value_of(result, system, key)
        if before is not None and after is not None:
            rows.append((result, before, after))
    axis = axis_over([v for _, *pair in rows for v in pair], NAMES, WIDTH - RIGHT)
    height = LINE * len(rows) + FOOT
    parts = [begin(height, told), _grid(axis, 4.0, height - FOOT + 4.0, measure.scale, measure.unit)]
    for n, (result, before, after) in enumerate(rows):
        y = LINE * (n + 0.5) + 4.0
        say = f"{result.name}: {measure.told(before)} → {measure.told(after)} {measure.unit}".rstrip()
        worse = " worse" if after < before else ""
        parts.append(_name(result.name, y))
        parts.append(
            f'<path class="reach {look(system)[0]}{worse}" d="M{axis.at(before):.1f} {y:.1f}H{axis.at(after):.1f}"/>'
        )
        parts.append(f'<circle class="was" cx="{axis.at(before):.1f}" cy="{y:.1f}" r="3"/>')
        parts.append(mark(system, axis.at(after), y, say))
    return "".join((*parts, "</svg>"))


def draw_front(report: Report, across: str, up: str, told: str) -> str:
    """Return all systems by two of their means, with the intervals of both."""
    rows = [(row, a, b) for row in report.rows if (a := row.means[across]) and (b := row.means[up])]
    height, foot, left = 330.0, 46.0, 56.0
    x = axis_over([v for _, a, _ in rows for v in (a.low, a.high)], left, WIDTH - 120.0)
    y = axis_over([v for _, _, b in rows for v in (b.low, b.high)], height - foot, 12.0)
    across_m, up_m = BY_KEY[across], BY_KEY[up]
    parts = [begin(height, told), _grid(x, 12.0, height - foot, across_m.scale, across_m.unit)]
    for tick in y.ticks():
        at, value = y.at(tick), minus(f"{up_m.scale * tick:g}")
        parts.append(f'<path class="grid" d="M{left:g} {at:.1f}H{WIDTH - 120.0:g}"/>')
        parts.append(f'<text x="{left - 6:g}" y="{at + 3.5:.1f}" text-anchor="end">{value} {up_m.unit}</text>')
    placed: list[tuple[float, float]] = []
    for row, a, b in sorted(rows, key=lambda each: each[0].system not in LOOKS):
        cx, cy, colour = x.at(a.value), y.at(b.value), look(row.system)[0]
        lines = f"M{x.at(a.low):.1f} {cy:.1f}H{x.at(a.high):.1f}M{cx:.1f} {y.at(b.low):.1f}V{y.at(b.high):.1f}"
        parts.append(f'<path class="interval {colour}" d="{lines}"/>')
        parts.append(mark(row.system, cx, cy, f"{row.system}: {across_m.told(a.value)}, {up_m.told(b.value)}"))
        at = cy + 3.5
        while any(abs(cx - px) < 92.0 and abs(at - py) < 12.0 for px, py in placed):
            at += 12.5 if at <= cy + 40.0 else -60.0
        placed.append((cx, at))
        parts.append(f'<text class="said" x="{cx + 9:.1f}" y="{at:.1f}">{escape(row.system)}</text>')
    return "".join((*parts, "</svg>"))


def draw_predicted(report: Report, systems: Sequence[str], told: str) -> str:
    """Return what was predicted of each verified mix over what was measured of it."""
    points = [
        (result, name, *pair)
        for result in report.scenes
        for name in systems
        if (m := result.of(name))
        for pair in m.trials
    ]
    size, left, foot = 330.0, 44.0, 34.0
    # candidates that were refused for what they take from a track have a penalty on top, far off the scale
    points = [point for point in points if max(point[2:]) <= 1.5]
    both = [value for _, _, *pair in points for value in pair]
    x = axis_over(both, left, size - 10.0, zero=False)
    y = Axis(x.low, x.high, size - foot, 10.0)
    parts = [f'<svg class="drawing square" viewBox="0 0 {size:g} {size:g}" role="img" aria-label="{escape(told)}">']
    for tick in x.ticks():
        parts.append(
            f'<path class="grid" d="M{x.at(tick):.1f} 10V{size - foot:g}M{left:g} {y.at(tick):.1f}H{size - 10.0:g}"/>'
        )
        parts.append(f'<text x="{x.at(tick):.1f}" y="{size - foot + 13:g}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{left - 5:g}" y="{y.at(tick) + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<path class="zero" d="M{x.start:g} {y.start:g}L{x.stop:g} {y.stop:g}"/>')
    for result, name, predicted, exact in points:
        say = f"{result.name}, {name}: {predicted:.3f} predicted, {exact:.3f} measured"
        parts.append(mark(name, x.at(exact), y.at(predicted), say))
    parts.append(f'<text x="{size / 2:g}" y="{size - 4:g}" text-anchor="middle">measured</text>')
    parts.append(f'<text transform="translate(9 {size / 2:g}) rotate(-90)" text-anchor="middle">predicted</text>')
    return "".join((*parts, "</svg>"))


def draw_seconds(report: Report, systems: Sequence[str], told: str) -> str:
    """Return how long planning took over the number of tracks."""
    points = [
        (result, name, len(result.tracks), m.seconds)
        for result in report.scenes
        for name in systems
        if (m := result.of(name)) and m.seconds is not None
    ]
    size, left, foot = 330.0, 44.0, 34.0
    x = axis_over([float(p[2]) for p in points], left, size - 10.0)
    y = axis_over([p[3] for p in points], size - foot, 10.0)
    parts = [f'<svg class="drawing square" viewBox="0 0 {size:g} {size:g}" role="img" aria-label="{escape(told)}">']
    for tick in x.ticks(whole=True):
        parts.append(f'<path class="grid" d="M{x.at(tick):.1f} 10V{size - foot:g}"/>')
        parts.append(f'<text x="{x.at(tick):.1f}" y="{size - foot + 14:g}" text-anchor="middle">{tick:g}</text>')
    for tick in y.ticks():
        parts.append(f'<path class="grid" d="M{left:g} {y.at(tick):.1f}H{size - 10.0:g}"/>')
        parts.append(f'<text x="{left - 5:g}" y="{y.at(tick) + 3.5:.1f}" text-anchor="end">{tick:g} s</text>')
    for result, name, tracks, seconds in points:
        parts.append(
            mark(name, x.at(tracks), y.at(seconds), f"{result.name}, {name}: {tracks} tracks, {seconds:.1f} s")
        )
    parts.append(f'<text x="{size / 2:g}" y="{size - 4:g}" text-anchor="middle">tracks</text>')
    return "".join((*parts, "</svg>"))


def _ordered(report: Report, key: str) -> list[SceneResult]:
    """Return the scenes, those coming first in which the last of the systems that matter gains most."""
    lead = next((name for name in reversed(report.systems) if name in LOOKS), report.systems[-1])
    found = [(value_of(result, lead, key), n) for n, result in enumerate(report.scenes)]
    order = sorted(found, key=lambda pair: (-(pair[0] if pair[0] is not None else -math.inf), pair[1]))
    return [report.scenes[n] for _, n in order]


def begin(height: float, told: str) -> str:
    """Return how a wide drawing begins."""
    return f'<svg class="drawing" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(told)}">'


def _name(name: str, y: float) -> str:
    short = name if len(name) <= 28 else f"{name[:27]}…"
    return f'<text x="{NAMES - 12:g}" y="{y + 3.5:.1f}" text-anchor="end">{escape(short)}</text>'


def _grid(axis: Axis, top: float, bottom: float, scale: float, unit: str) -> str:
    parts = []
    for tick in axis.ticks():
        kind = "zero" if tick == 0.0 else "grid"
        parts.append(f'<path class="{kind}" d="M{axis.at(tick):.1f} {top:g}V{bottom:g}"/>')
        label = f"{minus(f'{scale * tick:g}')} {unit}".rstrip()
        parts.append(f'<text x="{axis.at(tick):.1f}" y="{bottom + 14:g}" text-anchor="middle">{label}</text>')
    return "".join(parts)
