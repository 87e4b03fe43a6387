"""The judges' findings as text, as Markdown and as numbers for programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.sounds.evaluation import Panel, Row
from models.sounds.statistics import GROUPS

TARGET = 0.7
TIMES_CHANCE = 3.0
TITLES = {"ten": "ten classes of ESC-10", "all": "all classes"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What one judge says of all models together.

    Attributes
    ----------
    classes : int
    chance : float
        1 / classes.
    recordings : float
        Mean over all classes tested of the share of recordings named rightly.
    same_recordings : float
        The same over the classes that a model covers.
    synthetic : float
        Mean, over the covered classes of which recordings were tested, of the share of takes named rightly.
    ratio : float
        ``synthetic`` / ``same_recordings``.
    below : tuple of str
        Covered classes whose takes are named rightly no more often than three times chance.
    """

    classes: int
    chance: float
    recordings: float
    same_recordings: float
    synthetic: float
    ratio: float
    below: tuple[str, ...]


def summary(title: str, panel: Panel, found: Sequence[Row]) -> Summary:
    """Sum one judge's namings up, every class the same however many models stand for it."""
    by_class: defaultdict[str, list[float]] = defaultdict(list)
    for row in found:
        if title in row.namings:
            by_class[row.kind].append(row.namings[title].synthetic)
    made = {kind: float(np.mean(shares)) for kind, shares in by_class.items()}
    real = {kind: right / count for kind, (right, count) in panel.counted.items()}
    both = [kind for kind in made if kind in real]
    chance = 1.0 / len(panel.judge.classes)
    same = float(np.mean([real[kind] for kind in both])) if both else 0.0
    synthetic = float(np.mean([made[kind] for kind in both])) if both else 0.0
    return Summary(
        len(panel.judge.classes),
        chance,
        panel.accuracy,
        same,
        synthetic,
        synthetic / same if same else 0.0,
        tuple(sorted(kind for kind, share in made.items() if share <= TIMES_CHANCE * chance)),
    )


def sentence(title: str, told: Summary) -> str:
    """Return a summary in words."""
    start = (
        f"Judge of {TITLES[title]} ({told.classes} classes, chance {told.chance:.3f}): names {told.recordings:.0%} of "
        "recordings it never met rightly (mean of the classes)"
    )
    below = f"At or below three times chance: {', '.join(told.below) or 'none'}."
    if not told.same_recordings:
        return f"{start}; no recording of the classes judged here that it names rightly. {below}"
    verdict = "reached" if told.ratio >= TARGET else "missed"
    return (
        f"{start}; of the classes that models cover {told.same_recordings:.0%}, and {told.synthetic:.0%} of the "
        f"models' takes: {told.ratio:.2f} (target {TARGET}: {verdict}). {below}"
    )


def _validated(cross_validation: Mapping[str, float]) -> list[str]:
    return [
        f"Five-fold cross-validation on recordings, {TITLES[title]}: mean class accuracy {accuracy:.1%}."
        for title, accuracy in cross_validation.items()
    ]


def _cells(row: Row) -> list[str]:
    cells = [row.model, row.kind, f"{row.trained_on}/{row.tested_on}"]
    cells += [f"{row.ratios[name]:.2f}" if name in row.ratios else "–" for name in ("overall", "nearest", *GROUPS)]
    for title in TITLES:
        naming = row.namings.get(title)
        real = "–" if naming is None or naming.real is None else f"{naming.real:.0%}"
        cells += [real, f"{naming.synthetic:.0%}" if naming else "–"]
    naming = row.namings.get("all") or row.namings.get("ten")
    cells.append(", ".join(f"{name} {share:.0%}" for name, share in naming.taken_for) if naming else "")
    return cells


HEADINGS = (
    "model", "class", "recordings", "distance", "nearest", "mean", "cv", "skew", "kurt", "mod", "corr", "C1", "C2",
    "ten: real", "ten: model", "all: real", "all: model", "taken for",
)  # fmt: skip


def markdown(found: Sequence[Row], judges: Mapping[str, Panel], cross_validation: Mapping[str, float]) -> str:
    """Return the tables of the page on realism."""
    lines = [sentence(title, summary(title, panel, found)) + "\n" for title, panel in judges.items()]
    lines += [f"{line}\n" for line in _validated(cross_validation)]
    lines += ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in found]
    return "\n".join(lines)


def text(found: Sequence[Row], judges: Mapping[str, Panel], cross_validation: Mapping[str, float]) -> str:
    """Return the same for a terminal."""
    table = [list(HEADINGS), *(_cells(row) for row in found)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    lines += ["", *(sentence(title, summary(title, panel, found)) for title, panel in judges.items())]
    lines += _validated(cross_validation)
    return "\n".join(lines)


def numbers(
    found: Sequence[Row], judges: Mapping[str, Panel], cross_validation: Mapping[str, float]
) -> dict[str, object]:
    """Return the same for programs, ready for JSON."""

    def told(title: str, panel: Panel) -> dict[str, object]:
        summed = summary(title, panel, found)
        return {
            "classes": list(panel.judge.classes),
            "chance": summed.chance,
            "accuracy_recordings": summed.recordings,
            "accuracy_recordings_of_covered_classes": summed.same_recordings,
            "accuracy_synthetic": summed.synthetic,
            "ratio": summed.ratio,
            "at_or_below_three_times_chance": list(summed.below),
            "recordings": {kind: {"right": right, "of": count} for kind, (right, count) in panel.counted.items()},
        }

    return {
        "judges": {title: told(title, panel) for title, panel in judges.items()},
        "cross_validation": dict(cross_validation),
        "models": [
            {
                "model": row.model,
                "class": row.kind,
                "training_recordings": row.trained_on,
                "tested_recordings": row.tested_on,
                "distance_ratios": dict(row.ratios),
                "named": {
                    title: {
                        "real": n.real,
                        "synthetic": n.synthetic,
                        "belief": n.belief,
                        "taken_for": dict(n.taken_for),
                    }
                    for title, n in row.namings.items()
                },
            }
            for row in found
        ],
    }
