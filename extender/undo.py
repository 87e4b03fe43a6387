"""Taking back what automatic mixing did, by name; what depends on it follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from extender.changes import Change
from extender.errors import UsageError
from extender.looping import played_s
from extender.mixed import Mixed
from extender.output.report_words import number
from extender.progress import Progress, silent
from extender.project import digests, set_by_hand
from extender.types import Project
from mixer import Track


@dataclass(slots=True)
class Undo:
    """What is taken back from a project; a ``pipeline.Edit``.

    Each track that loses a filter or dynamics is brought back to the loudness that it had; one that loses its fader has
    the loudness of its place. What was taken back counts as set by hand: it is not done again by itself.

    Parameters
    ----------
    names : sequence of str
        Of changes, as ``extender explain`` tells them: ``"bell:cut-2khz"``; patterns too.
    all_of : sequence of str
        Tracks of which everything is taken back.
    progress : callable

    Attributes
    ----------
    said : list of str
        What was done, line by line, afterwards.
    """

    names: Sequence[str]
    all_of: Sequence[str] = ()
    progress: Progress = silent
    said: list[str] = field(default_factory=list)

    def __call__(self, project: Project, tracks: Sequence[Track]) -> Project:
        """Return the project without the changes.

        Raises
        ------
        UsageError
            There is no such change or track; the message lists those there are.
        """
        with Mixed(tracks, project.plan, played_s(project.arrangement), self.progress) as mixed:
            there = [change for changes in mixed.changes for change in changes]
            chosen = _chosen(there, [track.id for track in tracks], self.names, self.all_of)
            settings = mixed.taken_back(chosen)
        self.said += [f"taken back: {change.name}" for change in chosen]
        for old, new in zip(project.plan.tracks, settings, strict=True):
            if abs(old.gain_db - new.gain_db) >= 0.05:
                faded = any(change.kind == "fader" and change.track == new.id for change in chosen)
                why = "which gives it the loudness of its part" if faded else "so that it is as loud as before"
                gains = f"{number(old.gain_db, sign=True)} → {number(new.gain_db, 'dB', sign=True)}"
                self.said.append(f"the gain of {new.id} is changed, {gains}, {why}")
        edited = replace(project, plan=replace(project.plan, tracks=settings))
        return _marked(project, edited, chosen)


def _chosen(
    there: Sequence[Change], tracks: Sequence[str], names: Sequence[str], all_of: Sequence[str]
) -> list[Change]:
    """Return the changes that are meant, in their order."""
    meant: set[str] = set()
    for name in names:
        found = {change.name for change in there if change.name == name or fnmatchcase(change.name, name)}
        if not found:
            listed = ", ".join(change.name for change in there) or "nothing was changed"
            raise UsageError(f"there is no change called {name!r}; there are: {listed}")
        meant |= found
    for name in all_of:
        if not any(track == name or fnmatchcase(track, name) for track in tracks):
            raise UsageError(f"--all-of {name}: no such track; there are: {', '.join(tracks)}")
        meant |= {c.name for c in there if c.track == name or fnmatchcase(c.track, name)}
    if not meant and all_of:
        raise UsageError(f"nothing was changed of {', '.join(all_of)}")
    if not meant:
        raise UsageError("name what is to be taken back, as `extender explain` tells it, or give --all-of TRACK")
    return [change for change in there if change.name in meant]


def _marked(before: Project, after: Project, chosen: Sequence[Change]) -> Project:
    """Mark what was taken back as set by hand; gains that only follow are not."""
    marks = {f"{change.track}:{change.part}" for change in chosen}
    follow = {c.track for c in chosen} - {c.track for c in chosen if c.part == "gain"}
    now = digests(after)
    made = before.made | {f"gain/{name}": now[f"gain/{name}"] for name in follow}
    by_hand = tuple(dict.fromkeys((*set_by_hand(before), *sorted(marks))))
    return replace(after, made=made, by_hand=by_hand)
