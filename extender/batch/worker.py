"""What renders one picture of many: everything heavy is loaded once in each process and kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from extender.batch.jobs import Job
from extender.batch.record import Record, Status
from extender.errors import DiskFullError, ExtenderError
from extender.output.credits import credits_of
from extender.pipeline import Soundscape, render_picture
from extender.progress import Progress, silent
from extender.vision.base import Detector, PlaceTagger
from extender.vision.detectors import DetectorContext, make_detector
from extender.vision.place import JoinedPlaceTagger
from extender.vision.place_models import make_place_model
from extender.vision.see import SeeOptions
from models import sha256_of

ROOTS = ("SceneError", "MixerError", "FreesoundError", "ModelError")
"""What our other packages raise for what a person can mend; by name, as they are not imported for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What looks at pictures, loaded: the detector (None = as the options say by themselves) and the place model."""

    detector: Detector | None
    tagger: PlaceTagger


@lru_cache(maxsize=4)
def _tools(
    detector: str, weights: str | Path | None, trust_weights: bool, offline: bool, place_model: str, scene: bool
) -> Tools:
    context = DetectorContext(weights, trust_weights, offline)
    made = None if scene else make_detector(detector, context)[0]
    return Tools(made, JoinedPlaceTagger(make_place_model(place_model, replace(context, weights=None))))


def tools_for(see: SeeOptions) -> Tools:
    """Return the tools for these options; in each process they are loaded once."""
    assert isinstance(see.detector, str), "options of a batch name their detector"  # noqa: S101
    return _tools(
        see.detector, see.weights, see.trust_weights, see.offline, see.place_model, see.scene_file is not None
    )


def render_job(job: Job, output: Path, progress: Progress = silent) -> Record:
    """Render one picture into its folder; an older soundscape there is replaced once the new one is whole.

    What goes wrong with the picture becomes part of the record; nothing is raised but an interruption.
    """
    started = time.perf_counter()
    try:
        tools = tools_for(job.options.see)
        see = job.options.see if tools.detector is None else replace(job.options.see, detector=tools.detector)
        options = replace(job.options, see=see, force=True)
        made = render_picture(job.picture, output / job.name, options, progress, tagger=tools.tagger)
        return _done(job, made, time.perf_counter() - started)
    except Exception as error:
        if isinstance(error, ExtenderError) or type(error).__name__ in ROOTS:
            said = str(error)
        elif isinstance(error, MemoryError):
            said = "not enough memory; try a shorter --duration or fewer sounds with --max-sounds"
        else:
            said = f"{type(error).__name__}: {error}"
        line = " ".join(said.split())[:500]
        seconds = round(time.perf_counter() - started, 3)
        status: Status = "begun" if isinstance(error, DiskFullError) else "failed"  # the next pictures would fail, too
        return Record(job.name, job.shown, status, job.key, seconds, error=line)


def _done(job: Job, made: Soundscape, seconds: float) -> Record:
    project = made.project
    sounding = {role.id for role in project.cast.roles}
    heard = [d.label for d in project.scene.detections if d.id in sounding]
    loudness = made.meters.loudness_lufs
    return Record(
        name=job.name,
        picture=job.shown,
        status="done",
        key=job.key,
        seconds=round(seconds, 3),
        place=project.scene.place.label,
        objects=tuple(dict.fromkeys(heard)),
        licence=credits_of(project.cast).whole.licence.short_name,
        duration_s=project.arrangement.duration_s,
        loudness_lufs=None if loudness is None else round(loudness, 2),
        mix=made.mix.name,
        sha256=sha256_of(made.mix),
    )


Render = Callable[[Job, Path, Progress], Record]
