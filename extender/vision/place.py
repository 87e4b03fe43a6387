"""What kind of place a picture shows: simple image statistics, and what the things in it imply.

The picture is shrunk to 48×36 cells. Each tag is a share of cells, 0..1 (luma Y of ITU-R BT.601, saturation S of HSV):

    sky       upper third: smooth, and either blue (B > 1.03·R), Y > 0.35, or nearly colourless (S < 0.15), Y > 0.6
    greenery  green above red and blue, S > 0.15
    water     lower two thirds: smooth, blue (B > 1.08·R), neither black nor bright (0.12 < Y < 0.68)
    sand      lower third: smooth, yellowish (R ≥ G > B), 0.08 < S < 0.55, Y > 0.45
    snow      lower half: nearly white, Y > 0.75, S < 0.12
    night     how far the share of dark cells (Y < 0.15) lies between 0.45 and 0.75, less where there is sky
    indoor    0.65 + 0.5·(share of warm cells, R > G > B, − 0.2) − 1.2·sky − 1.5·greenery − 0.3·(water + night),
              kept within 0..1

Every place starts with what these say; every thing seen adds its weight from :mod:`extender.vision.place_words` times
its confidence; places indoors gain, and places outdoors lose, what ``indoor`` is above a half. The highest sum wins.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from extender.vision.base import Pixels
from extender.vision.importance import LUMA
from extender.vision.place_words import IMPLIES, INDOOR_PLACES, MANY_PERSONS, OUTDOOR_PLACES
from scenes import Place, Sighting

COLUMNS, ROWS = 48, 36

_SMOOTH = 0.06  # change of luma to the cell above and to the left, together
_INDOOR_PULL = 1.0
_GENERIC = 0.4  # what "indoor" and "outdoor" start with: better a general place than a wrong one


class StatisticsPlaceTagger:
    """Tells the place by rules anyone can read; a learned tagger may take its place."""

    def tag(self, pixels: Pixels, sightings: list[Sighting]) -> Place:
        """Return the most likely place.

        Parameters
        ----------
        pixels : (h, w, 3) uint8
        sightings : list of Sighting
            As detected, before grouping. May be empty.
        """
        tags = statistics_of(pixels)
        label, confidence = _best(place_scores(tags, sightings))
        return Place(
            label=label,
            confidence=confidence,
            indoor=label in INDOOR_PLACES,
            night=tags["night"] > 0.5,
            tags=tags,
            source="image statistics and things seen" if sightings else "image statistics",
        )


def place_from_things(sightings: list[Sighting]) -> Place:
    """Return the place that the things alone imply, for a scene without picture; outdoors if they say nothing."""
    undecided = dict.fromkeys(("sky", "greenery", "water", "sand", "snow", "night"), 0.0) | {"indoor": 0.5}
    label, confidence = _best(place_scores(undecided, sightings))
    return Place(label, confidence, indoor=label in INDOOR_PLACES, source="things seen")


def statistics_of(pixels: Pixels) -> dict[str, float]:
    """Return the tags of a picture, each 0..1, as defined at the top of this file."""
    cells = _cells(pixels)
    red, green, blue = cells[..., 0], cells[..., 1], cells[..., 2]
    luma = cells @ LUMA
    highest, lowest = cells.max(axis=2), cells.min(axis=2)
    saturation = (highest - lowest) / np.maximum(highest, 1e-6)
    change = np.abs(np.diff(luma, axis=0, prepend=luma[:1])) + np.abs(np.diff(luma, axis=1, prepend=luma[:, :1]))
    smooth = change < _SMOOTH
    third = ROWS // 3

    sky = smooth & (
        ((blue > 1.03 * red) & (blue >= 0.95 * green) & (luma > 0.35)) | ((saturation < 0.15) & (luma > 0.6))
    )
    greenery = (green > 1.05 * red) & (green > 1.1 * blue) & (saturation > 0.15)
    water = smooth & (blue > 1.08 * red) & (luma > 0.12) & (luma < 0.68)
    yellowish = (red >= green) & (green > blue) & (saturation > 0.08) & (saturation < 0.55)
    snow = (luma > 0.75) & (saturation < 0.12)
    warm = (red > 1.05 * green) & (green > 1.05 * blue)

    sky_share, green_share, water_share = _share(sky[:third]), _share(greenery), _share(water[third:])
    night = _unit((float((luma < 0.15).mean()) - 0.45) / 0.3) * (1.0 - sky_share)
    warmth = 0.5 * (float(warm.mean()) - 0.2)
    indoor = 0.65 + warmth - 1.2 * sky_share - 1.5 * green_share - 0.3 * (water_share + night)
    return {
        "sky": sky_share,
        "greenery": green_share,
        "water": water_share,
        "sand": _share((smooth & yellowish & (luma > 0.45))[2 * third :]),
        "snow": _share(snow[ROWS // 2 :]),
        "night": round(night, 3),
        "indoor": round(_unit(indoor), 3),
    }


def place_scores(tags: dict[str, float], sightings: list[Sighting]) -> dict[str, float]:
    """Return how much speaks for each place; the scale is arbitrary, 1 is one sure and telling thing."""
    scores = defaultdict(float, _scores_of_picture(tags))
    for label, weight in _seen(sightings).items():
        for place, says in IMPLIES.get(label, {}).items():
            scores[place] += weight * says
    persons = sum(s.count for s in sightings if s.label == "person")
    if persons >= MANY_PERSONS and scores["stadium"] > 0.0:
        scores["stadium"] += 0.5
    pull = _INDOOR_PULL * (tags["indoor"] - 0.5)
    return {name: s + (pull if name in INDOOR_PLACES else -pull) for name, s in scores.items() if name in _PLACES}


_PLACES = INDOOR_PLACES | OUTDOOR_PLACES


def _best(scores: dict[str, float]) -> tuple[str, float]:
    """Return the place with the highest score, and a confidence that grows with its lead over the second."""
    second, first = sorted(scores, key=lambda name: (scores[name], name))[-2:]
    return first, round(min(0.95, 0.3 + 0.5 * (scores[first] - scores[second])), 3)


def _scores_of_picture(tags: dict[str, float]) -> dict[str, float]:
    sky, green, water, sand, snow = (tags[name] for name in ("sky", "greenery", "water", "sand", "snow"))
    return {
        "indoor": _GENERIC,
        "outdoor": _GENERIC,
        "forest": 0.9 * green * (1.0 - sky),
        "field": 1.2 * min(green, sky),
        "park": 0.5 * green,
        "sea": 1.1 * min(water, sky) * (1.0 - green),
        "beach": 1.2 * min(sand, max(sky, water)) * (1.0 - green),
        "snow": 1.0 * snow * max(sky, 1.0 - tags["indoor"]),
    }


def _seen(sightings: list[Sighting]) -> dict[str, float]:
    """Return the weight of each label: its highest confidence, and a quarter more for each doubling of the number."""
    confidence: dict[str, float] = {}
    count: dict[str, int] = defaultdict(int)
    for s in sightings:
        confidence[s.label] = max(s.confidence, confidence.get(s.label, 0.0))
        count[s.label] += s.count
    return {label: c * (1.0 + 0.25 * float(np.log2(count[label]))) for label, c in confidence.items()}


def _cells(pixels: Pixels) -> NDArray[np.float32]:
    from PIL import Image

    small = Image.fromarray(pixels).resize((COLUMNS, ROWS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255.0)


def _share(cells: NDArray[np.bool_]) -> float:
    return round(float(cells.mean()), 3)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
