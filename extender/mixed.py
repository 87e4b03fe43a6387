"""A mix that is being looked at: how loud its tracks are, and what would be heard with other settings."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from extender.changes import Change, changes_of, without
from extender.output.soundscape import bring_sounds
from extender.progress import Progress, silent
from extender.project import read_project
from extender.types import Project
from mixer import MaskingReport, MixPlan, MixSession, Track, TrackSettings
from mixer.masking import analysed
from mixer.strategies.base import MixRequest, begun, levelled
from mixer.strategies.levels import in_place


@contextmanager
def opened(path: Path, progress: Progress = silent) -> Iterator[tuple[Project, Sequence[Track]]]:
    """Yield a project and its tracks, with every sound checked as before a render.

    Raises
    ------
    InputError
        The project cannot be read, or a sound of it is missing or another one.
    """
    from extender.pipeline import load_sounds, tracks_of

    project = read_project(path)
    with tempfile.TemporaryDirectory(prefix="image-extender-") as folder:
        cast = bring_sounds(project.cast, path.absolute().parent, Path(folder))
        sounds = load_sounds(cast, Path(folder), progress)
        yield project, tracks_of(project.arrangement, cast, sounds, project.priorities)


class Mixed:
    """A plan that is being looked at: how loud its tracks are, and what would be heard with other settings.

    Use it in a ``with`` statement.
    """

    def __init__(
        self, tracks: Sequence[Track], plan: MixPlan, duration_s: float | None = None, progress: Progress = silent
    ) -> None:
        self.plan, self._progress = plan, progress
        self.tracks = tuple(tracks)
        self._session = MixSession(
            tracks, duration_s=duration_s or plan.duration_s, sample_rate=plan.sample_rate,
            stage_half_deg=plan.stage_half_deg, room=plan.room, layout=plan.layout, progress=progress,
        )  # fmt: skip
        request = MixRequest(duration_s or plan.duration_s, self._session, plan.room, plan.stage_half_deg)
        self.starts = tuple(in_place(track, plan.room) for track in tracks)
        self.placed = levelled(tracks, [begun(track, request) for track in tracks], request)
        own = self._session.levels(self.placed)
        self.levels = self._session.levels(plan.tracks)
        self.offsets_db = tuple(
            _offset(level.at(s).loudness_lufs, track.target_lufs, at_place.at(placed).loudness_lufs)
            for track, s, level, placed, at_place in zip(
                tracks, plan.tracks, self.levels, self.placed, own, strict=True
            )
        )
        self.changes = tuple(
            changes_of(*each) for each in zip(plan.tracks, self.starts, self.offsets_db, strict=True)
        )  # fmt: skip

    def __enter__(self) -> Mixed:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.__exit__(None, None, None)

    def look(self, settings: Sequence[TrackSettings]) -> MaskingReport:
        """Return what is heard with settings."""
        return analysed(self._session, tuple(settings), progress=self._progress)

    def taken_back(self, changes: Collection[Change]) -> tuple[TrackSettings, ...]:
        """Return the settings of all tracks without some changes, each as loud as it was.

        A track whose fader is taken back has the loudness of its place.
        """
        settings = [
            without(s, changes, start) for s, start in zip(self.plan.tracks, self.starts, strict=True)
        ]  # fmt: skip
        levels = self._session.levels(settings)
        done: list[TrackSettings] = []
        for n, new in enumerate(settings):
            old = self.plan.tracks[n]
            reset = any(change.kind == "fader" and change.track == old.id for change in changes)
            loudness = self.levels[n].at(old).loudness_lufs
            if loudness is not None and (new != old or reset):
                wanted = loudness - (self.offsets_db[n] or 0.0) if reset else loudness
                gain_db = levels[n].gain_to(wanted)
                new = replace(new, gain_db=old.gain_db if gain_db is None else min(max(gain_db, -200.0), 120.0))
            done.append(new)
        return tuple(done)

    def heard_without(self, changes: Collection[Change]) -> dict[str, float]:
        """Return what is heard of each track without some changes; silent ones are left out."""
        report = self.look(self.taken_back(changes))
        return {name: float(share) for name, share in zip(report.ids, report.mur, strict=True) if not math.isnan(share)}


def _offset(loudness: float | None, target: float | None, own: float | None) -> float | None:
    """Return how far a loudness is from what a track should have, or from what it has in its place."""
    wanted = target if target is not None else own
    return None if loudness is None or wanted is None else loudness - wanted
