"""report.html: one page that holds a whole render, to look at, to hear and to understand. It needs nothing else."""

from __future__ import annotations

import heapq
import io
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extender.errors import ExtenderError
from extender.output import report_words as words
from extender.output.mix_words import other_reasons, signed, steps
from extender.output.page import TRACK_COLOURS, data_uri, listening, page_of
from extender.output.preview import PREVIEW_S, Preview, mix_preview, role_preview
from extender.output.report_stage import (
    TIMELINE_HEIGHT,
    TIMELINE_WIDTH,
    Source,
    draw_clips,
    draw_stage,
    spans,
)
from extender.output.spectrogram import measure
from extender.output.workspace import whole_file
from extender.types import Part, Project, Role
from mixer.curve import at_start
from mixer.plan import TrackSettings
from mixer.results import Meters, TrackMeter
from mixer.threads import thread_count
from mixer.types import Clip
from scenes import Box, Detection

if TYPE_CHECKING:
    pass

PICTURE_PX = 1280
_ALL_PREVIEWS_S, _SHORTEST_PREVIEW_S = 96.0, 2.0  # many roles share the room, so that a page stays a few megabytes
_CLIP_ROWS = 120
_CREDIT_LINES = 24
_QUIETEST_LUFS = -60.0  # left end of the level bars
_TRACK_TOLERANCE_LU, _MIX_TOLERANCE_LU = 0.5, 0.3  # beyond these a level is marked as off its target


@dataclass(frozen=True, slots=True)
class _Sound:
    """All that the page says about one role."""

    number: int
    role: Role
    part: Part | None
    settings: TrackSettings | None
    meter: TrackMeter | None
    detection: Detection | None
    preview: Preview | None
    clips: str
    spans: str
    stage_half_deg: float

    @property
    def source(self) -> Source:
        return Source(self.number, self.name, self.part, self.settings)

    @property
    def colour(self) -> str:
        return f"c{(self.number - 1) % len(TRACK_COLOURS)}"

    @property
    def name(self) -> str:
        return words.seen_name(self.detection) if self.detection else self.role.wanted

    @property
    def fallback(self) -> bool:
        return self.role.fallback or self.role.played != self.role.wanted

    @property
    def azimuth(self) -> str:
        source = self.source
        return "all around" if source.is_bed and source.width >= 0.9 else words.degrees(source.azimuth_deg)

    @property
    def distance(self) -> str:
        return words.metres(self.source.distance_m) if self.part or self.settings else "–"

    @property
    def pan(self) -> str:
        if self.settings is None:
            return "–"
        if self.source.is_bed:
            return f"width {round(100 * self.source.width)} %"
        return words.pan(at_start(self.settings.azimuth_deg) if self.settings.placed else 0.0, self.stage_half_deg)

    @property
    def where(self) -> str:
        return self.azimuth if self.azimuth == "all around" else f"{self.azimuth}, {self.distance}"

    @property
    def off_target(self) -> float | None:
        if self.part is None or self.meter is None or self.meter.loudness_lufs is None:
            return None
        off = self.meter.loudness_lufs - self.part.target_lufs
        return off if abs(off) > _TRACK_TOLERANCE_LU else None

    @property
    def level(self) -> float | None:
        return _share(self.meter.loudness_lufs) if self.meter and self.meter.loudness_lufs is not None else None

    @property
    def wanted_level(self) -> float | None:
        return _share(self.part.target_lufs) if self.part else None

    @property
    def mix_words(self) -> list[str]:
        """What was done to it in the mix, and why."""
        if self.settings is None:
            return []
        done = [f"{what}: {why}" if why else what for what, why in steps(self.settings)]
        return [*other_reasons(self.settings), *done]

    @property
    def clip_words(self) -> str:
        count = len(self.part.clips) if self.part else 0
        return "not used" if count == 0 else f"{count:,} clip{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class _BoxView:
    """One box on the picture, with its sound or the reason for its silence."""

    detection: Detection
    sound: _Sound | None
    name: str
    reason: str
    style: str

    @property
    def narrow(self) -> str:
        """A class for boxes without room for their name."""
        return " narrow" if self.detection.box.width < 0.05 + 0.013 * len(self.name) else ""


def write_report(
    path: Path,
    *,
    project: Project,
    meters: Meters,
    folder: Path,
    mix_file: Path,
    picture: Path | None,
    credits_text: str,
) -> None:
    """Write the page of a render: one file without any outside resource; the same input gives the same bytes.

    Parameters
    ----------
    path : Path
        Of the page. An existing file is replaced, at once and whole.
    project : Project
    meters : Meters
    folder : Path
        Of the soundscape: takes are at ``folder / take.file``.
    mix_file : Path
        The finished mix; the page links to its name as to a neighbour.
    picture : Path or None
        None, or a picture that cannot be read: a stand-in with the labelled boxes is drawn.
    credits_text : str
        Plain text with the credits and the licence of the whole.

    Raises
    ------
    extender.errors.OutputError
        The page cannot be written.
    """
    html = render_report(
        project=project,
        meters=meters,
        folder=folder,
        mix_file=mix_file,
        picture=picture,
        credits_text=credits_text,
    )
    with whole_file(path, force=True) as work:
        work.write_text(html, encoding="utf-8", newline="\n")


def render_report(
    *, project: Project, meters: Meters, folder: Path, mix_file: Path, picture: Path | None, credits_text: str
) -> str:
    """Return the page as text; parameters as of :func:`write_report`."""
    ordered = _in_order(project)
    preview_s = min(PREVIEW_S, max(_SHORTEST_PREVIEW_S, _ALL_PREVIEWS_S / max(1, len(ordered))))
    with ThreadPoolExecutor(max_workers=min(3, thread_count())) as pool:  # packing sound is most of the work
        mix_job = pool.submit(mix_preview, mix_file)
        jobs: list[Future[Preview | None]] = [
            pool.submit(role_preview, role, part, folder, max_s=preview_s) for role, part in ordered
        ]
        spectrogram = measure(mix_file)
        picture_uri = _picture_uri(picture)
        mix = mix_job.result()
        sounds = _sounds(project, meters, ordered, [job.result() for job in jobs], mix.duration_s)
    lines = _without_heading(credits_text)
    first, rest = (lines, []) if len(lines) <= _CREDIT_LINES + 8 else (lines[:_CREDIT_LINES], lines[_CREDIT_LINES:])
    values: dict[str, Any] = {
        "project": project,
        "meters": meters,
        "place": words.place_name(project.scene.place),
        "summary": words.summary(project),
        "picture_name": project.scene.picture.name if project.scene.picture else "",
        "picture_uri": picture_uri,
        "aspect": _aspect(project),
        "sounds": sounds,
        "boxes": _boxes(project, sounds),
        "silent": _silences(project),
        "stage": draw_stage([s.source for s in sounds], hfov_deg=_field_of_view(project)),
        **listening(mix, spectrogram, mix_file.name),
        "timeline_width": TIMELINE_WIDTH,
        "timeline_height": TIMELINE_HEIGHT,
        "clip_rows": _first_clips(sounds),
        "clip_count": sum(len(part.clips) for _, part in ordered if part),
        "outcome": [signed(line) for line in project.plan.bus.reason.split("; ") if line],
        "off_target": _mix_off_target(project, meters),
        "evidence": sorted((project.scene.place.tags or {}).items(), key=lambda pair: (-pair[1], pair[0])),
        "notes": list(dict.fromkeys(project.scene.notes)),
        "fallbacks": [s for s in sounds if s.fallback],
        "credits_first": words.linked("\n".join(first)),
        "credits_rest": words.linked("\n".join(rest)),
    }
    return page_of("report.html.j2", values)


def _in_order(project: Project) -> list[tuple[Role, Part | None]]:
    """Return the roles as they are arranged, then those that are not used."""
    roles = {role.id: role for role in project.cast.roles}
    arranged = [(roles.pop(part.id), part) for part in project.arrangement.parts if part.id in roles]
    return [*arranged, *((role, None) for role in roles.values())]


def _sounds(
    project: Project,
    meters: Meters,
    ordered: Sequence[tuple[Role, Part | None]],
    previews: Sequence[Preview | None],
    playable_s: float,
) -> list[_Sound]:
    settings = {track.id: track for track in project.plan.tracks}
    measured = {track.id: track for track in meters.tracks}
    seen = {detection.id: detection for detection in project.scene.detections}
    return [
        _Sound(
            number=number,
            role=role,
            part=part,
            settings=settings.get(role.id),
            meter=measured.get(role.id),
            detection=seen.get(role.id),
            preview=preview,
            clips=draw_clips(part.clips, project.arrangement.duration_s) if part else "",
            spans=";".join(f"{a:g},{b:g}" for a, b in spans(part.clips, playable_s)) if part else "",
            stage_half_deg=project.plan.stage_half_deg,
        )
        for number, ((role, part), preview) in enumerate(zip(ordered, previews, strict=True), 1)
    ]


def _without_heading(credits_text: str) -> list[str]:
    """Return the lines of the credits without rulers, and without a title, which the page gives them."""
    lines = [line for line in credits_text.strip().splitlines() if line.strip("=- ") or not line]
    return "\n".join(lines[1:] if lines[:1] == ["Credits"] else lines).strip().splitlines()


def _first_clips(sounds: Sequence[_Sound]) -> list[tuple[_Sound, Clip]]:
    """Return what the table of clips shows: in order of time, the first of them all."""
    rows = ((sound, clip) for sound in sounds if sound.part for clip in sound.part.clips)
    return heapq.nsmallest(_CLIP_ROWS, rows, key=lambda row: (row[1].onset_s, row[0].number))


def _boxes(project: Project, sounds: Sequence[_Sound]) -> list[_BoxView]:
    """Return the boxes, the more important first; small ones lie on top of large ones."""
    heard = {sound.role.id: sound for sound in sounds if sound.part and sound.part.clips}
    by_size = sorted(project.scene.detections, key=lambda d: -d.box.area)
    layer = {detection.id: number for number, detection in enumerate(by_size, 1)}
    ranked = sorted(project.scene.detections, key=lambda d: (-d.importance, d.id))
    return [
        _BoxView(
            detection=d,
            sound=heard.get(d.id),
            name=words.seen_name(d),
            reason=_why_silent(project, d),
            style=_box_style(d.box, d.importance, layer[d.id] if d.id in heard else 0),
        )
        for d in ranked
    ]


def _box_style(box: Box, importance: float, layer: int) -> str:
    return (
        f"left:{100 * box.x0:.2f}%;top:{100 * box.y0:.2f}%;width:{100 * box.width:.2f}%;height:{100 * box.height:.2f}%;"
        f"--w:{1.5 + 2.5 * importance:.1f}px;opacity:{0.7 + 0.3 * importance:.2f};z-index:{min(layer, 8)}"
    )


def _why_silent(project: Project, detection: Detection) -> str:
    """Return the cast's own words about a detection that is not heard."""
    for name in (detection.id, detection.label):
        for line in project.cast.silent:
            if line.lower().startswith(name.lower()):
                return line
    return f"{detection.label}: not among the sounds of this render"


def _silences(project: Project) -> list[str]:
    """Return the reasons for every silence, each once: the cast's, and of detections that it does not name."""
    heard = {part.id for part in project.arrangement.parts if part.clips}
    unheard = [_why_silent(project, d) for d in project.scene.detections if d.id not in heard]
    return list(dict.fromkeys([*project.cast.silent, *unheard]))


def _aspect(project: Project) -> str:
    picture = project.scene.picture
    return f"{picture.width} / {picture.height}" if picture else "3 / 2"


def _field_of_view(project: Project) -> float | None:
    picture = project.scene.picture
    return picture.hfov_deg if picture and not picture.panorama else None


def _mix_off_target(project: Project, meters: Meters) -> float | None:
    if meters.loudness_lufs is None:
        return None
    off = meters.loudness_lufs - project.plan.bus.loudness_lufs
    return off if abs(off) > _MIX_TOLERANCE_LU else None


def _share(loudness_lufs: float) -> float:
    return 100.0 * max(0.0, min(1.0, 1.0 - loudness_lufs / _QUIETEST_LUFS))


def _picture_uri(path: Path | None) -> str:
    """Return the picture as a small upright JPEG without metadata; empty where there is none or it cannot be read."""
    if path is None:
        return ""
    from PIL import Image

    from extender.vision.picture import load_picture

    try:
        image = Image.fromarray(load_picture(path).pixels)
    except ExtenderError:
        return ""
    image.thumbnail((PICTURE_PX, PICTURE_PX), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=82, optimize=True, progressive=True)
    return data_uri("image/jpeg", file.getvalue())
