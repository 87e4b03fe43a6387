"""The report's drawings as plain geometry: the stage from above, the clips in time. The template makes SVG of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from extender.types import Part
from mixer.curve import at_start
from mixer.plan import TrackSettings
from mixer.types import Clip, Position

_VIEWS = ((180.0, 150.0, 1.0), (97.0, 150.0, 1.0), (64.0, 178.0, 0.9))
"""What is shown: degrees to either side, radius of the outermost ring, share of its width. All round, the front
half, or what a camera sees. Drawing units; the listener is at (0, 0), ahead is up.
"""

_INNER = 0.17  # the nearest ring: room for the listener
_DISC = 9.0
_BED_GAP = 11.0
_MOST_BEDS = 5  # bands of beds beside one another; more share the outermost
_MOST_PATHS = 8  # of one track: further passages look alike
_STEPS = 12
_RINGS_M = tuple(d * 10.0**e for e in range(-2, 5) for d in (1.0, 2.0, 5.0))


@dataclass(frozen=True, slots=True)
class Source:
    """One sound to be drawn on the stage.

    Parameters
    ----------
    number : int
        As it is numbered all over the page.
    name : str
    part : Part or None
    settings : TrackSettings or None
        What is heard; without it the part's own position counts.
    """

    number: int
    name: str
    part: Part | None
    settings: TrackSettings | None

    @property
    def azimuth_deg(self) -> float:
        """Degrees, + = left."""
        if self.settings is not None:
            return at_start(self.settings.azimuth_deg)
        return self.part.position.azimuth_deg if self.part else 0.0

    @property
    def distance_m(self) -> float:
        """Metres."""
        if self.settings is not None:
            return at_start(self.settings.distance_m)
        return self.part.position.distance_m if self.part else 1.0

    @property
    def width(self) -> float:
        """0..1."""
        if self.settings is not None:
            return at_start(self.settings.width)
        return self.part.width if self.part else 0.0

    @property
    def is_bed(self) -> bool:
        """Whether it comes from an arc rather than a point."""
        return self.width >= 0.3 or (self.part is not None and self.part.kind == "ambience")


@dataclass(frozen=True, slots=True)
class Disc:
    """A sound on the stage: where it is (x0, y0), where its numbered disc is drawn (x, y), and its name beside it."""

    number: int
    name: str
    x0: float
    y0: float
    x: float
    y: float
    label_x: float = 0.0
    label_y: float = 0.0
    anchor: str = ""
    """``text-anchor`` of the name; empty where there is no room for it."""

    @property
    def moved(self) -> bool:
        """Whether the disc gave way to another."""
        return math.hypot(self.x - self.x0, self.y - self.y0) > 2.0


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle of equal distance, and where that distance is written."""

    radius: float
    distance_m: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Stage:
    """The plan in drawing units.

    Parameters
    ----------
    x, y, width, height : float
        The view box.
    rings : tuple of Ring
    view : str
        SVG path of the picture's field of view; empty for a panorama.
    beds : tuple of (number, SVG path)
    paths : tuple of (number, SVG path, SVG path)
        Movements and their arrowheads.
    discs : tuple of Disc
    disc_radius : float
    whole : bool
        Whether the rear is shown too.
    """

    x: float
    y: float
    width: float
    height: float
    rings: tuple[Ring, ...]
    view: str
    beds: tuple[tuple[int, str], ...]
    paths: tuple[tuple[int, str, str], ...]
    discs: tuple[Disc, ...]
    disc_radius: float
    whole: bool


def draw_stage(sources: Sequence[Source], *, hfov_deg: float | None) -> Stage:
    """Lay out the stage from above; distances on a logarithmic scale.

    Parameters
    ----------
    sources : sequence of Source
    hfov_deg : float or None
        Of the picture.
    """
    points = [s for s in sources if not s.is_bed]
    beds = [s for s in sources if s.is_bed]
    paths = [(s, path) for s in points if s.part for path in _paths(s, s.part)]
    distances = [s.distance_m for s in points] + [p.distance_m for _, path in paths for p in path]
    rings_m = _rings(distances)
    azimuths = [s.azimuth_deg for s in points] + [p.azimuth_deg for _, path in paths for p in path]
    widest = max((abs(a) for a in azimuths), default=0.0)
    sides, radius, share = _VIEWS[0 if widest > 95.0 else 1 if widest > 60.0 else 2]
    whole = sides == 180.0

    def at(azimuth_deg: float, distance_m: float) -> tuple[float, float]:
        here = radius * _share(distance_m, rings_m)
        angle = math.radians(azimuth_deg)
        return -here * math.sin(angle), -here * math.cos(angle)

    lines = [(s.number, [at(p.azimuth_deg, p.distance_m) for p in path]) for s, path in paths]
    margin = 14.0 + _BED_GAP * min(len(beds), _MOST_BEDS)
    reach = radius + margin
    half = share * reach
    height = 2 * reach if whole else reach + 30.0
    discs = [Disc(s.number, s.name, x, y, x, y) for s in points for x, y in [at(s.azimuth_deg, s.distance_m)]]
    box = (-half, -reach, 2 * half, height)
    return Stage(
        *box,
        rings=tuple(Ring(radius * _share(d, rings_m), d, *at(_free_side(azimuths, sides), d)) for d in rings_m),
        view=_wedge(radius, hfov_deg / 2.0) if hfov_deg and hfov_deg < 180.0 else "",
        beds=tuple(
            (s.number, _arc(radius + 12.0 + _BED_GAP * min(i, _MOST_BEDS - 1), s.azimuth_deg, 180.0 * s.width, sides))
            for i, s in enumerate(beds)
        ),
        paths=tuple((number, _line(line), _arrow(line)) for number, line in lines),
        discs=tuple(_named(_apart(discs, box), box)),
        disc_radius=_DISC,
        whole=whole,
    )


def _rings(distances_m: Sequence[float]) -> list[float]:
    """Return round distances from at or below the nearest sound to at or beyond the farthest, at least two."""
    near, far = min(distances_m, default=1.0), max(distances_m, default=10.0)
    first = max((i for i, d in enumerate(_RINGS_M) if d <= near), default=0)
    last = min((i for i, d in enumerate(_RINGS_M) if d >= far), default=len(_RINGS_M) - 1)
    while last - first < 3:
        first, last = max(0, first - 1), min(len(_RINGS_M) - 1, last + 1)
    chosen = list(_RINGS_M[first : last + 1])
    return chosen if len(chosen) <= 6 else [d for i, d in enumerate(chosen) if i in (0, len(chosen) - 1) or _is_ten(d)]


def _is_ten(distance_m: float) -> bool:
    return abs(math.log10(distance_m) - round(math.log10(distance_m))) < 1e-9


def _share(distance_m: float, rings_m: Sequence[float]) -> float:
    """Return how far out a distance is drawn, as a share of the outermost ring's radius."""
    share = math.log(distance_m / rings_m[0]) / math.log(rings_m[-1] / rings_m[0])
    return _INNER + (1.0 - _INNER) * max(0.0, min(1.0, share))


def _paths(source: Source, part: Part) -> list[list[Position]]:
    """Return the different movements of a part, turned as the renderer turns them, in small steps."""
    turn = source.azimuth_deg - part.position.azimuth_deg
    different = dict.fromkeys(clip.path for clip in part.clips if len(clip.path) > 1)
    return [_steps(path, turn) for path in list(different)[:_MOST_PATHS]]


def _steps(path: Sequence[Position], turn_deg: float) -> list[Position]:
    steps: list[Position] = []
    for a, b in itertools.pairwise(path):
        for k in range(_STEPS + 1):
            t = k / _STEPS
            azimuth = a.azimuth_deg + t * (b.azimuth_deg - a.azimuth_deg) + turn_deg
            distance = a.distance_m + t * (b.distance_m - a.distance_m)
            steps.append(Position((azimuth + 180.0) % 360.0 - 180.0, 0.0, distance))
    return steps


def _line(points: Sequence[tuple[float, float]]) -> str:
    kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in kept)


def _arrow(points: Sequence[tuple[float, float]]) -> str:
    """Return the head of an arrow at the end of a line."""
    x, y = points[-1]
    x0, y0 = next((p for p in reversed(points) if math.hypot(x - p[0], y - p[1]) > 1.0), (x, y + 1.0))
    length = math.hypot(x - x0, y - y0)
    dx, dy = (x - x0) / length, (y - y0) / length
    return (
        f"M{x + 4 * dx:.1f} {y + 4 * dy:.1f} L{x - 3 * dx + 3 * dy:.1f} {y - 3 * dy - 3 * dx:.1f} "
        f"L{x - 3 * dx - 3 * dy:.1f} {y - 3 * dy + 3 * dx:.1f} Z"
    )


def _free_side(azimuths_deg: Sequence[float], sides_deg: float) -> float:
    """Return the direction with the least in the way, where the rings' distances are written."""
    choices = [a for a in (-55.0, 55.0, -80.0, 80.0, -35.0, 35.0, 0.0, 180.0) if abs(a) <= sides_deg - 6.0]
    return max(choices, key=lambda a: min((abs((a - b + 180.0) % 360.0 - 180.0) for b in azimuths_deg), default=0.0))


def _wedge(radius: float, half_deg: float) -> str:
    angle = math.radians(half_deg)
    x, y = radius * math.sin(angle), -radius * math.cos(angle)
    return f"M0 0 L{-x:.1f} {y:.1f} A{radius:.0f} {radius:.0f} 0 0 1 {x:.1f} {y:.1f} Z"


def _arc(radius: float, middle_deg: float, half_deg: float, sides_deg: float) -> str:
    """Return an arc around the stage, cut off where the drawing ends."""
    low, high = middle_deg - max(half_deg, 8.0), middle_deg + max(half_deg, 8.0)
    if sides_deg < 180.0:
        low, high = max(low, -sides_deg), min(high, sides_deg)
    high = max(high, low + 6.0)
    sweep = min(high - low, 359.9)
    count = max(2, round(sweep / 6.0))
    angles = [math.radians(low + sweep * k / count) for k in range(count + 1)]
    return _line([(-radius * math.sin(a), -radius * math.cos(a)) for a in angles])


def _apart(discs: Sequence[Disc], box: tuple[float, float, float, float]) -> list[Disc]:
    """Push overlapping discs apart, each as little as possible; the same discs always end in the same places."""
    places = [[d.x, d.y] for d in discs]
    least = 2.0 * _DISC + 2.0
    for _ in range(60 if len(discs) <= 60 else 4):
        still = True
        for i in range(len(places)):
            for j in range(i + 1, len(places)):
                dx, dy = places[j][0] - places[i][0], places[j][1] - places[i][1]
                gap = math.hypot(dx, dy)
                if gap >= least - 1e-3:
                    continue
                still = False
                if gap < 1e-6:
                    dx, dy, gap = 1.0, 0.0, 1.0
                    push = least / 2.0
                else:
                    push = (least - gap) / 2.0
                ux, uy = dx / gap * push, dy / gap * push
                places[i][0] -= ux
                places[i][1] -= uy
                places[j][0] += ux
                places[j][1] += uy
        if still:
            break
    x, y, width, height = box
    return [
        replace(
            d,
            x=min(max(px, x + _DISC), x + width - _DISC),
            y=min(max(py, y + _DISC), y + height - _DISC),
        )
        for d, (px, py) in zip(discs, places, strict=True)
    ]


def _named(discs: Sequence[Disc], box: tuple[float, float, float, float]) -> list[Disc]:
    """Give each disc its name on the first side where nothing is in the way; without room the number must do."""
    left, top, width, height = box
    listener = (-12.0, -14.0, 12.0, 24.0)
    taken = [(d.x - _DISC, d.y - _DISC, d.x + _DISC, d.y + _DISC) for d in discs]
    taken.append(listener)
    named: list[Disc] = []
    for index, disc in enumerate(discs):
        long = 5.9 * len(disc.name) + 2.0
        beside, above = _DISC + 3.0, _DISC + 4.0
        choices = (
            ("start", disc.x + beside, disc.y + 3.8, disc.x + beside),
            ("end", disc.x - beside, disc.y + 3.8, disc.x - beside - long),
            ("middle", disc.x, disc.y + above + 8.0, disc.x - long / 2.0),
            ("middle", disc.x, disc.y - above, disc.x - long / 2.0),
        )
        for anchor, x, y, start in choices:
            area = (start, y - 9.0, start + long, y + 3.0)
            fits = area[0] >= left and area[2] <= left + width and area[1] >= top and area[3] <= top + height
            others = (t for i, t in enumerate(taken) if i != index)
            if fits and not any(_overlap(area, other) for other in others):
                taken.append(area)
                disc = replace(disc, label_x=x, label_y=y, anchor=anchor)
                break
        named.append(disc)
    return named


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


TIMELINE_WIDTH, TIMELINE_HEIGHT = 1000, 20


def draw_clips(clips: Sequence[Clip], duration_s: float) -> str:
    """Return all clips of a track as one SVG path: bars with their fades, in TIMELINE_WIDTH × TIMELINE_HEIGHT units.

    Where there are many, those that would be drawn on the same spot are drawn once.
    """
    scale = TIMELINE_WIDTH / duration_s
    digits = 1 if len(clips) <= 300 else 0
    top, bottom = 2, TIMELINE_HEIGHT - 2
    bars: dict[str, None] = {}
    for clip in clips:
        start = clip.onset_s * scale
        end = max(start + 2.0, min((clip.onset_s + clip.duration_s) * scale, TIMELINE_WIDTH))
        length = end - start
        rise = min(clip.fade_in.duration_s * scale, length / 2.0)
        fall = min(clip.fade_out.duration_s * scale, length / 2.0)
        a, b, c, d = (f"{v:.{digits}f}" for v in (start, start + rise, end - fall, end))
        bars[f"M{a} {bottom}L{b} {top}H{c}L{d} {bottom}Z"] = None
    return "".join(bars)


def spans(clips: Sequence[Clip], until_s: float) -> list[tuple[float, float]]:
    """Return when a track is heard, joined where clips touch, in hundredths of a second."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted((c.onset_s, c.onset_s + c.duration_s) for c in clips if c.onset_s < until_s):
        if joined and start <= joined[-1][1] + 0.05:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return [(round(start, 2), round(end, 2)) for start, end in joined]


def ticks(duration_s: float, most: int = 8) -> list[float]:
    """Return round times from 0 to the end, at most so many."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
    step = next((s for s in steps if duration_s / s <= most), duration_s)
    return [k * step for k in range(int(duration_s / step + 1e-9) + 1)]
