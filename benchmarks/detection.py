"""Recall of the detector on photographs with COCO annotations, and its speed: one JSON line.

    python -m benchmarks.detection --weights ../shared/data/weights/yolo11n.pt --trust-weights

An annotated object counts if its box is larger than 1 % of the picture and it is no crowd; it is found if a sighting of
its label has IoU ≥ 0.5 with it, each sighting serving one object. Seconds are those of reading and detecting one
picture; the first, which also imports torch, stands by itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.common import emit
from extender.vision.grouping import iou
from extender.vision.picture import load_picture
from extender.vision.weights import resolve_weights
from scenes import Box, Sighting

SMALLEST = 0.01
MATCH = 0.5


def large_objects(annotations: dict[str, Any], name: str) -> list[tuple[str, Box]]:
    """Return label and box of every annotated object larger than 1 % of a picture."""
    image = next(i for i in annotations["images"] if i["file_name"] == name)
    labels = {c["id"]: c["name"] for c in annotations["categories"]}
    objects = []
    for a in annotations["annotations"]:
        x, y, w, h = a["bbox"]
        share = w * h / (image["width"] * image["height"])
        if a["image_id"] == image["id"] and not a["iscrowd"] and share > SMALLEST:
            right, lower = min(1.0, (x + w) / image["width"]), min(1.0, (y + h) / image["height"])
            objects.append((labels[a["category_id"]], Box(x / image["width"], y / image["height"], right, lower)))
    return objects


def found(objects: list[tuple[str, Box]], sightings: list[Sighting]) -> int:
    """Return how many objects are found; the best-fitting pairs are taken first."""
    pairs = sorted(
        (
            (iou(box, s.box), i, j)
            for i, (label, box) in enumerate(objects)
            for j, s in enumerate(sightings)
            if s.label == label
        ),
        reverse=True,
    )
    matched: set[int] = set()
    used: set[int] = set()
    for overlap, i, j in pairs:
        if overlap >= MATCH and i not in matched and j not in used:
            matched.add(i)
            used.add(j)
    return len(matched)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/photos"))
    parser.add_argument("--weights")
    parser.add_argument("--trust-weights", action="store_true")
    arguments = parser.parse_args()

    started = time.perf_counter()
    from extender.vision.yolo import YoloDetector

    detector = YoloDetector(resolve_weights(arguments.weights), trusted=arguments.trust_weights)
    annotations = json.loads((arguments.photos / "annotations.json").read_text())
    hits = total = 0
    seconds: list[float] = []
    for path in sorted(arguments.photos.glob("*.jpg")):
        begun = time.perf_counter() if seconds else started
        sightings = detector.detect(load_picture(path).pixels)
        seconds.append(time.perf_counter() - begun)
        objects = large_objects(annotations, path.name)
        hits += found(objects, sightings)
        total += len(objects)
    emit(
        workload="detection",
        weights=detector.name,
        photos=len(seconds),
        objects=total,
        recall=round(hits / total, 4),
        first_s=round(seconds[0], 3),
        median_s=round(statistics.median(seconds[1:]), 4),
        max_s=round(max(seconds[1:]), 4),
    )


if __name__ == "__main__":
    main()
