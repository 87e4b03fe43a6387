"""Tell the places of labelled photographs, by default without a detector, and say how often that is right.

    python -m benchmarks.places ../shared/data/photos [--sheet sheet.png] [--weights yolo11n.pt]

The labels are `tests/extender/vision/photo_places.csv`. Every second row, from the first on, is the half that rules
were made by looking at ("made"); the other half is "held". Prints a JSON line for each half and for all: places right,
true but general, wrong; indoors or outdoors right; for each tag of light its precision and recall at 0.5 and the share
of pairs (one with, one without) that it puts in order; median process milliseconds a picture for the place model, for
light and for both. `--sheet` draws a contact sheet; with `--weights` YOLO looks for things too.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import emit
from extender.vision.base import Detector, Pixels
from extender.vision.detectors import DetectorContext, make_detector
from extender.vision.grouping import without_doubles
from extender.vision.light import light_of
from extender.vision.picture import load_picture
from extender.vision.place import JoinedPlaceTagger
from extender.vision.place_models import OwnPlaces
from extender.vision.see import SeeOptions
from scenes import Place, Sighting

LABELS = Path(__file__).parents[1] / "tests" / "extender" / "vision" / "photo_places.csv"
TAGS = ("night", "dusk", "snow", "sand", "water", "greenery", "sky", "fog", "indoor")
YES = 0.5


@dataclass(frozen=True, slots=True)
class Photo:
    """One labelled photograph and what is told of it."""

    name: str
    held: bool
    labels: dict[str, str]
    pixels: Pixels
    place: Place

    @property
    def verdict(self) -> str:
        """``right``, ``general`` or ``wrong``."""
        fitting = {self.labels["place"], *self.labels["also"].split("|")}
        if self.place.label in ("indoor", "outdoor"):
            side = self.labels["indoor"]
            return "general" if self.place.label in fitting or side == str(int(self.place.indoor)) else "wrong"
        return "right" if self.place.label in fitting else "wrong"


def photos(folder: Path, tagger: JoinedPlaceTagger, weights: Path | None = None) -> list[Photo]:
    """Look at all labelled photographs."""
    context = DetectorContext(weights, trust_weights=True, offline=True)
    detector, why = make_detector("yolo", context) if weights else (None, "")
    if weights and detector is None:
        raise SystemExit(why)
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    looked = []
    for number, row in enumerate(rows):
        pixels = load_picture(folder / row["file"], panorama=False).pixels
        things = _things(detector, pixels) if detector else []
        looked.append(Photo(row["file"], number % 2 == 1, row, pixels, tagger.tag(pixels, things)))
    return looked


def _things(detector: Detector, pixels: Pixels) -> list[Sighting]:
    return without_doubles(s for s in detector.detect(pixels) if s.confidence >= SeeOptions().confidence)


def told(some: Sequence[Photo]) -> dict[str, object]:
    """Return the figures of some photographs."""
    verdicts = [photo.verdict for photo in some]
    sided = [photo for photo in some if photo.labels["indoor"] in "01"]
    return {
        "pictures": len(some),
        **{word: verdicts.count(word) for word in ("right", "general", "wrong")},
        "side_right": f"{sum(p.labels['indoor'] == str(int(p.place.indoor)) for p in sided)} of {len(sided)}",
        "tags": {tag: _figures(some, tag) for tag in TAGS},
    }


def _figures(some: Sequence[Photo], tag: str) -> str:
    """Return e.g. ``3 positive: precision 2/2, recall 2/3, ordered 0.95``."""
    pairs = [((p.place.tags or {})[tag], p.labels[tag] == "1") for p in some if p.labels[tag] in "01"]
    shown, hidden = [v for v, yes in pairs if yes], [v for v, yes in pairs if not yes]
    hits, alarms = sum(v >= YES for v in shown), sum(v >= YES for v in hidden)
    text = f"{len(shown)} positive: precision {hits}/{hits + alarms}, recall {hits}/{len(shown)}"
    if shown and hidden:
        text += f", ordered {statistics.fmean((a > b) + 0.5 * (a == b) for a in shown for b in hidden):.2f}"
    return text


def milliseconds(some: Sequence[Photo], tagger: JoinedPlaceTagger) -> dict[str, float]:
    """Return median process times."""
    works: dict[str, Callable[[Pixels], object]] = {
        "place_model_ms": tagger.model.places,
        "light_ms": light_of,
        "place_ms": lambda pixels: tagger.tag(pixels, []),
    }
    medians = {}
    for name, work in works.items():
        times = []
        for photo in some:
            start = time.process_time()
            work(photo.pixels)
            times.append(1000.0 * (time.process_time() - start))
        medians[name] = round(statistics.median(times), 1)
    return medians


def draw(some: Sequence[Photo], path: Path) -> None:
    """Write a contact sheet: green = right, grey = general, red = wrong."""
    from PIL import Image, ImageDraw

    across, width, height = 8, 240, 230
    sheet = Image.new("RGB", (across * width, -(-len(some) // across) * height), "white")
    pen = ImageDraw.Draw(sheet)
    colours = {"right": "green", "general": "grey", "wrong": "red"}
    for number, photo in enumerate(some):
        x, y = number % across * width, number // across * height
        small = Image.fromarray(photo.pixels)
        small.thumbnail((width - 6, height - 52))
        sheet.paste(small, (x, y + 48))
        half = "held" if photo.held else "made"
        likely = photo.place.likely or {photo.place.label: photo.place.confidence}
        tags = {name: value for name, value in (photo.place.tags or {}).items() if value >= YES and name != "indoor"}
        pen.text((x + 2, y + 2), f"{photo.name[6:12]} {half}: {photo.labels['place']}", fill="black")
        pen.text((x + 2, y + 16), ", ".join(f"{n} {v:.2f}" for n, v in likely.items()), fill=colours[photo.verdict])
        pen.text((x + 2, y + 30), ", ".join(f"{name} {value:.2f}" for name, value in tags.items()), fill="blue")
    sheet.save(path)


def main() -> None:
    """Look at all and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--weights", type=Path)
    asked = parser.parse_args()
    tagger = JoinedPlaceTagger(OwnPlaces(DetectorContext()))
    some = photos(asked.folder, tagger, asked.weights)
    for photo in some:
        emit(
            picture=photo.name,
            half="held" if photo.held else "made",
            wanted=photo.labels["place"],
            told=photo.place.likely or {photo.place.label: photo.place.confidence},
            verdict=photo.verdict,
        )
    for half, chosen in {
        "made": [p for p in some if not p.held],
        "held": [p for p in some if p.held],
        "all": some,
    }.items():
        emit(half=half, **told(chosen))
    emit(**milliseconds(some, tagger))
    if asked.sheet:
        draw(some, asked.sheet)


if __name__ == "__main__":
    main()
