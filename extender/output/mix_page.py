"""The page about a mix of stems: one closed file to hear it, to see what was done, and whether it helped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import extender
from extender.output import report_words as words
from extender.output.mix_drawings import draw_curve, draw_matrix, most_concerned
from extender.output.mix_words import Step, heard_line, least_heard, other_reasons, percent, signed, steps
from extender.output.page import TRACK_COLOURS, listening, page_of, safe
from extender.output.preview import mix_preview
from extender.output.spectrogram import measure
from mixer import Comparison, MaskingReport, Track, TrackMeter, TrackSettings
from mixer.curve import at_start

_QUIETEST_LUFS = -60.0
_SENTENCES = 12
_NOWHERE = "ahead, 1 m away"
"""Where every stem is that nobody gave a place: not worth saying."""


@dataclass(frozen=True, slots=True)
class _Row:
    """All that the page says about one track."""

    number: int
    track: Track
    settings: TrackSettings
    meter: TrackMeter | None
    before: float | None
    after: float
    stage_half_deg: float
    sample_rate: int

    @property
    def colour(self) -> str:
        return f"c{(self.number - 1) % len(TRACK_COLOURS)}"

    @property
    def name(self) -> str:
        return self.settings.id

    @property
    def silent(self) -> bool:
        return math.isnan(self.after)

    @property
    def heard(self) -> str:
        """How much is heard, before and after."""
        if self.silent:
            return "silent"
        if self.before is None or math.isnan(self.before):
            return percent(self.after)
        return f"{percent(self.before)} → {percent(self.after)}"

    @property
    def level(self) -> float | None:
        if self.meter is None or self.meter.loudness_lufs is None:
            return None
        return 100.0 * max(0.0, min(1.0, 1.0 - self.meter.loudness_lufs / _QUIETEST_LUFS))

    @property
    def place(self) -> str:
        if not self.settings.placed:
            return "middle"
        return words.pan(at_start(self.settings.azimuth_deg), self.stage_half_deg)

    @property
    def steps(self) -> Sequence[Step]:
        return steps(self.settings)

    @property
    def why(self) -> Sequence[str]:
        return [line for line in other_reasons(self.settings) if line != _NOWHERE]

    @property
    def curve(self) -> str:
        return safe(draw_curve(self.settings.filters, self.sample_rate)) if self.settings.filters else ""

    @property
    def takes(self) -> str:
        take = self.track.takes[0]
        kind = {1: "mono", 2: "stereo"}.get(take.channels, f"{take.channels} channels")
        return f"{kind}, {take.sample_rate:,} Hz, {words.duration(take.duration_s)}"


def render_mix_page(tracks: Sequence[Track], made: Comparison, mix_file: Path, name: str, *, plan_name: str) -> str:
    """Return the page as text: one file without any outside resource; the same input gives the same page.

    Parameters
    ----------
    tracks : sequence of Track
        Those of the plan, in its order.
    made : Comparison
    mix_file : Path
        The finished mix.
    name, plan_name : str
        Of the mix and the plan, which will lie beside the page.
    """
    plan, meters = made.plan, made.meters
    rows = _rows(tracks, made)
    shown = most_concerned(made.before or made.after)
    before, after = made.before, made.after
    values: dict[str, Any] = {
        **listening(mix_preview(mix_file), measure(mix_file), name),
        "generator": f"image-extender {extender.__version__}",
        "title": Path(name).stem,
        "plan": plan,
        "plan_name": plan_name,
        "meters": meters,
        "rows": rows,
        "heard_line": heard_line(made),
        "compared": before is not None,
        "outcome": [signed(line) for line in plan.bus.reason.split("; ") if line],
        "matrix_before": safe(draw_matrix(before, shown)) if before else "",
        "matrix_after": safe(draw_matrix(after, shown)),
        "not_shown": len(rows) - len(shown.places),
        "told": after.explain(_SENTENCES),
        "least": _least(after, rows),
        "bus_filters": safe(draw_curve(plan.bus.filters, plan.sample_rate)) if plan.bus.filters else "",
    }
    return page_of("mix.html.j2", values, more_style="mix.css")


def _rows(tracks: Sequence[Track], made: Comparison) -> list[_Row]:
    measured = {meter.id: meter for meter in made.meters.tracks}
    return [
        _Row(
            number=number + 1,
            track=track,
            settings=settings,
            meter=measured.get(track.id),
            before=float(made.before.mur[number]) if made.before else None,
            after=float(made.after.mur[number]),
            stage_half_deg=made.plan.stage_half_deg,
            sample_rate=made.plan.sample_rate,
        )
        for number, (track, settings) in enumerate(zip(tracks, made.plan.tracks, strict=True))
    ]


def _least(report: MaskingReport, rows: Sequence[_Row]) -> _Row | None:
    number = least_heard(report)
    return None if number is None else rows[number]
