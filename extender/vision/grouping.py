"""From many sightings to the few things worth hearing: doubles out, many of a kind together, the important first."""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extender.vision.geometry import Camera
from scenes import Box, Detection, Role, Sighting, Vocabulary

SAME_THING_IOU = 0.85
"""Two boxes of one label that overlap more than this (intersection over union) are one thing seen twice."""

MAX_SOUNDS = 8
"""How many things sound at once unless a person says otherwise: more is a muddle."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A detection on its way into a scene.

    Parameters
    ----------
    detection : scenes.Detection
        Its id is its label until :func:`numbered` gives the final one, unless ``named``.
    named : bool
        Whether a person (a scene file) gave the id: such a thing is neither grouped nor left out.
    """

    detection: Detection
    named: bool = False


def iou(a: Box, b: Box) -> float:
    """Return the intersection of two boxes divided by their union, 0..1."""
    across = min(a.x1, b.x1) - max(a.x0, b.x0)
    down = min(a.y1, b.y1) - max(a.y0, b.y0)
    if across <= 0.0 or down <= 0.0:
        return 0.0
    return across * down / (a.area + b.area - across * down)


def without_doubles(sightings: Iterable[Sighting], threshold: float = SAME_THING_IOU) -> list[Sighting]:
    """Drop every sighting that a more confident one of the same label overlaps by more than ``threshold``."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda s: -s.confidence):
        if all(k.label != sighting.label or iou(k.box, sighting.box) <= threshold for k in kept):
            kept.append(sighting)
    return kept


def grouped(things: Iterable[Thing], vocabulary: Vocabulary, camera: Camera) -> list[Thing]:
    """Join things of one kind into one group where there are as many as the vocabulary's ``group_from``.

    The group is called by ``group_as``; its box is the smallest around all, its direction that of the box's centre (so
    that left and right stay as in the picture), its distance the median.
    """
    kinds: dict[str, list[Thing]] = {}
    result: list[Thing] = []
    for thing in things:
        concept = vocabulary.find(thing.detection.label)
        if thing.named or concept is None or concept.group_from is None:
            result.append(thing)
        else:
            kinds.setdefault(concept.name, []).append(thing)
    for name, members in kinds.items():
        concept = vocabulary.concepts[name]
        many = sum(m.detection.count for m in members)
        if len(members) > 1 and concept.group_from is not None and many >= concept.group_from:
            result.append(Thing(_joined([m.detection for m in members], concept.group_as or name, camera)))
        else:
            result += members
    return result


def _joined(members: Sequence[Detection], label: str, camera: Camera) -> Detection:
    boxes = [m.box for m in members]
    box = Box(min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes))
    azimuth_deg, elevation_deg = camera.direction(*box.centre)
    most = max(m.importance for m in members)
    count = sum(m.count for m in members)
    return Detection(
        id=label,
        label=label,
        confidence=max(m.confidence for m in members),
        box=box,
        importance=group_importance(most, count),
        azimuth_deg=azimuth_deg,
        elevation_deg=elevation_deg,
        distance_m=statistics.median(m.distance_m for m in members),
        count=count,
    )


def group_importance(most: float, count: int) -> float:
    """Return m + (1 − m)·(1 − 1/n)/2: many matter more than their most important member m, but never quite 1."""
    return most + (1.0 - most) * (1.0 - 1.0 / count) / 2.0


def limited(things: Sequence[Thing], vocabulary: Vocabulary, max_sounds: int) -> tuple[list[Thing], str | None]:
    """Keep the ``max_sounds`` most important things that sound, and all silent ones; say in a note what is left out.

    What a person has named is always kept, and counts.
    """
    sounding = [t for t in things if _sounds(t.detection.label, vocabulary)]
    by_rank = sorted(sounding, key=lambda t: (not t.named, _rank(t.detection)))
    dropped = [t for t in by_rank[max(0, max_sounds) :] if not t.named]
    if not dropped:
        return list(things), None
    gone = {id(t) for t in dropped}
    words = ", ".join(
        f"{n} × {label}" if n > 1 else label for label, n in Counter(t.detection.label for t in dropped).items()
    )
    note = (
        f"{len(dropped)} less important {'things are' if len(dropped) > 1 else 'thing is'} left out ({words}): "
        f"--max-sounds {len(by_rank)} keeps all"
    )
    return [t for t in things if id(t) not in gone], note


def numbered(things: Iterable[Thing]) -> tuple[Detection, ...]:
    """Order by importance and give each thing that has none an id: ``"person-1"``, ``"person-2"``, …"""
    ordered = sorted(things, key=lambda t: _rank(t.detection))
    taken = {t.detection.id for t in ordered if t.named}
    numbers: dict[str, Iterable[int]] = {}
    result = []
    for thing in ordered:
        detection = thing.detection
        if not thing.named:
            stem = re.sub(r"\s+", "-", detection.label.strip().lower())
            free = numbers.setdefault(stem, itertools.count(1))
            name = next(name for name in (f"{stem}-{n}" for n in free) if name not in taken)
            detection = replace(detection, id=name)
        result.append(detection)
    return tuple(result)


def _sounds(label: str, vocabulary: Vocabulary) -> bool:
    """Tell whether a label may sound: unknown words may, since a sound library can know them."""
    concept = vocabulary.find(label)
    return concept is None or concept.role is not Role.SILENT


def _rank(detection: Detection) -> tuple[float, float, str, float, float, float, float]:
    """Most important first; the rest makes the order the same for the same picture, whatever order things came in."""
    box = detection.box
    return -detection.importance, -detection.confidence, detection.label, box.x0, box.y0, box.x1, box.y1
