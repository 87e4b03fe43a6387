"""``python -m models.sounds evaluate``: how near the models come to recordings, in statistics and by name.

Two judges name the models' takes. Both are trained on recordings alone and tested on recordings that they, and the
fits, never met: `ten` knows the ten classes of ESC-10 (folds 1–3 train, 4 and 5 test), `all` every class with
recordings of three sources or more. With --development neither touches what is held out: folds 1 and 2 train, fold 3
tests, and of the other recordings a third of the sources that are left. Whoever changes a model looks at that.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.sounds.classes import CLASSES
from models.sounds.classifier import Judge, trained
from models.sounds.features import Description
from models.sounds.hearing import Heard, heard, takes
from models.sounds.split import recordings
from models.sounds.statistics import GROUPS, Statistics, distance, overall

LEAST_SOURCES = 3
DEVELOPMENT_FOLD = "3"


@dataclass(frozen=True, slots=True)
class Bench:
    """Recordings on both sides."""

    training: tuple[Heard, ...]
    testing: tuple[Heard, ...]

    def of(self, kinds: Sequence[str]) -> Bench:
        """Return what belongs to some classes."""
        return Bench(*(tuple(e for e in side if e.kind in kinds) for side in (self.training, self.testing)))

    def of_benchmark(self) -> Bench:
        """Return the recordings of ESC-10 alone."""
        return Bench(*(tuple(e for e in side if e.recording.fold) for side in (self.training, self.testing)))


def bench(everything: Sequence[Heard], *, development: bool) -> Bench:
    """Tell the recordings that train from those that test; see the head of this module."""
    if not development:
        return Bench(
            tuple(e for e in everything if not e.recording.held_out),
            tuple(e for e in everything if e.recording.held_out),
        )
    known = [e for e in everything if not e.recording.held_out]
    testing = {e.recording.source for e in known if e.recording.fold == DEVELOPMENT_FOLD}
    left: defaultdict[str, set[str]] = defaultdict(set)
    for each in known:
        if not each.recording.fold:
            left[each.kind].add(each.recording.source)
    for sources in left.values():
        for source in sorted(sources):
            if len(sources) > 1 and zlib.crc32(f"development {source}".encode()) % 3 == 0:
                testing.add(source)
                sources.discard(source)
    return Bench(
        tuple(e for e in known if e.recording.source not in testing),
        tuple(e for e in known if e.recording.source in testing),
    )


def judge_of(training: Sequence[Heard], kinds: Sequence[str]) -> Judge:
    """Train a judge on recordings, every one with all its variants."""
    names = tuple(kinds)
    values = np.concatenate([each.values for each in training])
    labels = np.repeat([names.index(each.kind) for each in training], [len(each.values) for each in training])
    return trained(names, values, labels)


def accuracies(judge: Judge, testing: Sequence[Heard]) -> dict[str, tuple[int, int]]:
    """Return, for every class tested, how many recordings were named rightly, of how many."""
    if not testing:
        return {}
    named = judge.named(np.stack([each.values[0] for each in testing]))
    found: dict[str, tuple[int, int]] = {}
    for each, number in zip(testing, named, strict=True):
        right, count = found.get(each.kind, (0, 0))
        found[each.kind] = (right + (judge.classes[number] == each.kind), count + 1)
    return found


def cross_validated(everything: Sequence[Heard], kinds: Sequence[str]) -> float:
    """Return the mean class accuracy by five folds, each tested by a judge trained on the other four.

    Recordings of ESC-10 are in its own folds; of the others, the sources of each class are dealt out in turn.
    """
    own = [each for each in everything if each.kind in kinds]
    folds = {each.recording.source: each.recording.fold for each in own if each.recording.fold}
    for kind in kinds:
        others = sorted({each.recording.source for each in own if each.kind == kind} - folds.keys())
        folds |= {source: str(number % 5 + 1) for number, source in enumerate(others)}
    right, count = Counter[str](), Counter[str]()
    for fold in sorted(set(folds.values())):
        training = [each for each in own if folds[each.recording.source] != fold]
        judge = judge_of(training, [kind for kind in kinds if any(each.kind == kind for each in training)])
        for kind, (named, tested) in accuracies(judge, [e for e in own if folds[e.recording.source] == fold]).items():
            right[kind] += named
            count[kind] += tested
    return float(np.mean([right[kind] / count[kind] for kind in count]))


@dataclass(frozen=True, slots=True)
class Naming:
    """What one judge says of one model."""

    real: float | None
    """Share of the tested recordings of the class that it names rightly; None: there are none."""
    synthetic: float
    belief: float
    """Mean probability that it gives the right name: moves where `synthetic` does not yet."""
    taken_for: tuple[tuple[str, float], ...]
    """The other names given most often, with their shares."""


@dataclass(frozen=True, slots=True)
class Row:
    """One model against the recordings of its class."""

    model: str
    kind: str
    trained_on: int
    tested_on: int
    ratios: Mapping[str, float]
    """Distance of takes from recordings over that of recordings from one another, see `ratios`."""
    namings: Mapping[str, Naming]


def ratios(made: Sequence[Statistics], tested: Sequence[Heard], known: Sequence[Heard]) -> dict[str, float]:
    """Return the mean distance of takes from recordings over the mean distance of recordings from one another.

    Parameters
    ----------
    made : sequence of Statistics
        Of a model's takes.
    tested, known : sequences of Heard
        Recordings of the class; takes are compared with ``tested``, and these with each other; if they are of one
        source, with ``known`` too.

    Returns
    -------
    dict of str to float
        By group; `overall` for the mean of all groups; and `nearest`, where only the nearest of the ``known``
        recordings counts, for a take as for a tested recording: it grows where takes are like no recording, which
        a mean of distances forgives to whatever lies in the middle of all. Empty if there are no two sources.
    """
    own = _between_recordings(tested, tested) or _between_recordings(tested, known)
    if not own:
        return {}
    across = [distance(take, each.statistics) for take in made for each in tested]
    mine, theirs = _mean(across), _mean(own)
    found = {**{name: mine[name] / theirs[name] for name in GROUPS}, "overall": overall(mine) / overall(theirs)}
    apart = [_nearest(e.statistics, [k for k in known if k.recording.source != e.recording.source]) for e in tested]
    usual = [value for value in apart if np.isfinite(value)]
    if usual:
        found["nearest"] = float(np.mean([_nearest(take, known) for take in made]) / np.mean(usual))
    return found


def _nearest(one: Statistics, many: Sequence[Heard]) -> float:
    return min((overall(distance(one, each.statistics)) for each in many), default=float("inf"))


def _between_recordings(some: Sequence[Heard], others: Sequence[Heard]) -> list[dict[str, float]]:
    return [
        distance(one.statistics, other.statistics)
        for one in some
        for other in others
        if one.recording.source != other.recording.source
    ]


def _mean(many: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in many])) for name in GROUPS}


@dataclass(frozen=True, slots=True)
class Panel:
    """A judge with what it is worth."""

    judge: Judge
    counted: Mapping[str, tuple[int, int]]

    @property
    def accuracy(self) -> float:
        """Mean over the classes tested."""
        return float(np.mean([right / count for right, count in self.counted.values()])) if self.counted else 0.0

    def naming(self, kind: str, made: Sequence[Description]) -> Naming:
        """Name a model's takes."""
        shares = self.judge.shares(np.stack([take.values for take in made]))
        names = Counter(self.judge.classes[number] for number in shares.argmax(axis=1))
        belief = float(shares[:, self.judge.classes.index(kind)].mean())
        right, count = self.counted.get(kind, (0, 0))
        wrong = tuple((name, n / len(made)) for name, n in names.most_common() if name != kind)[:2]
        return Naming(right / count if count else None, names[kind] / len(made), belief, wrong)


def panels(sides: Bench) -> dict[str, Panel]:
    """Train both judges."""
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for each in sides.training + sides.testing:
        sources[each.kind].add(each.recording.source)
    trainable = {each.kind for each in sides.training}
    ten = tuple(c.name for c in CLASSES if c.benchmark and c.name in trainable)
    every = tuple(c.name for c in CLASSES if c.name in trainable and len(sources[c.name]) >= LEAST_SOURCES)
    found = {}
    for name, kinds, part in (("ten", ten, sides.of_benchmark()), ("all", every, sides.of(every))):
        if len(kinds) > 1 and part.training:
            judge = judge_of(part.training, kinds)
            found[name] = Panel(judge, accuracies(judge, part.testing))
    return found


def rows(sides: Bench, judges: Mapping[str, Panel], wanted: Sequence[str], count: int) -> list[Row]:
    """Judge every model that some class names, or the wanted ones."""
    from extender.sources.procedural.registry import BY_NAME

    found = []
    for kind in CLASSES:
        part = sides.of((kind.name,))
        # Where nothing is held out, what is left must do; the table says on how many recordings a row was tested.
        tested = part.testing or part.training
        for name in kind.models:
            if name not in BY_NAME or (wanted and name not in wanted) or not tested:
                continue
            made = takes(BY_NAME[name], count)
            namings = {
                title: panel.naming(kind.name, made)
                for title, panel in judges.items()
                if kind.name in panel.judge.classes
            }
            near = ratios([take.statistics for take in made], tested, part.training)
            if near or namings:
                found.append(Row(name, kind.name, len(part.training), len(part.testing), near, namings))
    return found


def main(words: list[str] | None = None) -> int:
    """Run the command; return 0, or 1 after one line that says what is wrong."""
    from extender.pipeline import writable_cache
    from extender.sources.procedural.registry import BY_NAME
    from models.sounds import tables

    parser = argparse.ArgumentParser(
        prog="python -m models.sounds evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and the recordings")
    parser.add_argument("--models", nargs="+", default=[], metavar="NAME", help="default: all that recordings exist of")
    parser.add_argument("--takes", type=int, default=10, help="of each model, by different seeds (default: 10)")
    parser.add_argument("--development", action="store_true", help="use no recording that is held out")
    parser.add_argument("--cross-validate", action="store_true", help="judge the judges by five folds too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--markdown", action="store_true", help="the tables of the page on realism")
    asked = parser.parse_args(words)

    covering = {name for kind in CLASSES for name in kind.models if name in BY_NAME}
    unknown = [name for name in asked.models if name not in covering]
    if unknown:
        raise ValueError(f"expected models that recordings exist of ({', '.join(sorted(covering))}), got {unknown[0]}")
    if asked.takes < 1:
        raise ValueError(f"expected at least 1 take, got {asked.takes}")
    if asked.development and asked.cross_validate:
        raise ValueError("expected --development or --cross-validate, got both: five folds include what is held out")

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    listed = [each for each in recordings(asked.data) if not (asked.development and each.held_out)]
    everything = heard(listed, writable_cache() / "judging", say)
    sides = bench(everything, development=asked.development)
    judges = panels(sides)
    found = rows(sides, judges, asked.models, asked.takes)
    validation = {}
    if asked.cross_validate:
        folded = [each for each in everything if each.recording.fold]
        for title, panel in judges.items():
            validation[title] = cross_validated(folded if title == "ten" else everything, panel.judge.classes)
    if asked.json:
        out = json.dumps(tables.numbers(found, judges, validation))
    else:
        out = (tables.markdown if asked.markdown else tables.text)(found, judges, validation)
    sys.stdout.write(f"{out}\n")
    return 0
