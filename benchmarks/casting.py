"""How often Freesound's first sounds are the right ones, with and without weighing what is said of them.

    python -m benchmarks.casting [--data FOLDER] [--half tuning|held-out] [--verbose]

FOLDER (a folder of recordings with a ``manifest.csv`` of file and label) is served by the test server under its own
titles and tags. For every concept the source is asked as for a render, with ``--pick best``; a sound is right if the
manifest's label is among those that mean the concept. One JSON line for each half of the concepts (tuning, held-out)
and each catalogue (:mod:`benchmarks.casting_sounds`): the questions asked for a concept, and top-1 and top-5 accuracy
(the first, or one of the first five, is right) of

- ``semantic_on``: the source's ranking;
- ``semantic_off``: the same without the words: the very same answers by opinion, length, shape and room alone;
- ``served``: the very same answers in the server's own order.

``--verbose`` prints what was wrong, of the tuning half only: whoever improves the ranking looks at nothing else.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.casting_sounds import RIGHT, halves, kind_of, untidied, with_decoys
from benchmarks.common import ROOT, emit
from extender.sources.base import Query, SourceContext
from extender.sources.freesound import FreesoundSource
from extender.sources.freesound.choosing import ranked
from extender.sources.freesound.ladder import Step
from freesound import Client, Ledger, Sound
from freesound.ledger import LEVELS
from scenes import Concept, load_vocabulary
from tests.freesound_server import FreesoundServer
from tests.freesound_server.catalogue import Catalogue, read_folder

FIRST = 5


class Unhurried(FreesoundSource):
    """The source with a key that may ask as often as it likes; it keeps what the service showed for each concept."""

    def __init__(self, context: SourceContext) -> None:
        super().__init__(context)
        self.shown: dict[int, Sound] = {}

    def _made(self, *, offline: bool) -> Client:
        return Client(ledger=Ledger(limits=LEVELS[99]), base_url=self._context.freesound_url or "", offline=offline)

    def _page(self, step: Step) -> tuple[Sound, ...]:
        page = super()._page(step)
        self.shown |= {sound.id: sound for sound in page if sound.id not in self.shown}
        return page


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "sounds")
    parser.add_argument("--half", choices=("tuning", "held-out"), help="only this half")
    parser.add_argument("--verbose", action="store_true", help="print what was wrong of the tuning half")
    chosen = parser.parse_args()
    folder = read_folder(chosen.data)
    for half, concepts in halves(load_vocabulary(), folder).items():
        if chosen.half not in (None, half):
            continue
        among = with_decoys(folder, concepts, half)
        for name, catalogue in (("plain", folder), ("decoys", among), ("decoys, untidy", untidied(among, half))):
            found, questions = ask(catalogue, concepts)
            if chosen.verbose and half == "tuning":
                for concept, labels in found["semantic_on"].items():
                    if not is_right(concept, labels[:1]):
                        emit(catalogue=name, concept=concept, found=labels)
            emit(
                benchmark="casting",
                half=half,
                catalogue=name,
                concepts=len(concepts),
                **{order: accuracies(by_concept) for order, by_concept in found.items()},
                questions_per_concept=round(questions / len(concepts), 2),
            )


def ask(catalogue: Catalogue, concepts: Sequence[Concept]) -> tuple[dict[str, dict[str, list[str]]], int]:
    """Return the labels of the first sounds by way of ordering and concept, and how many questions were asked."""
    found: dict[str, dict[str, list[str]]] = {"semantic_on": {}, "semantic_off": {}, "served": {}}
    with FreesoundServer(catalogue, level=99) as server, tempfile.TemporaryDirectory() as folder:
        os.environ["FREESOUND_API_KEY"] = server.key
        context = SourceContext(Path(folder), freesound_url=server.base_url)
        labels = {str(sound.id): sound.label for sound in server.state.catalogue}
        source = Unhurried(context)
        for concept in concepts:
            query = query_of(concept)
            source.shown = {}
            ids = {"semantic_on": [c.id for c in source.search(query)]}
            ids["semantic_off"] = [str(number) for number in without_words(source.shown.values(), query)]
            ids["served"] = [str(number) for number in source.shown]
            for order, numbers in ids.items():
                found[order][concept.name] = [labels[number] for number in numbers[:FIRST]]
        return found, source.questions


def without_words(sounds: Iterable[Sound], query: Query) -> list[int]:
    """Return the numbers of sounds as the source orders those that all fit equally well."""
    return [fit.sound.id for fit in ranked(((sound, 1.0, "") for sound in sounds), query)]


def query_of(concept: Concept) -> Query:
    """Return what casting asks for a thing that is this concept."""
    kind = kind_of(concept)
    return Query(concept.name, concept.search, kind, concept.avoid, takes=3 if kind == "event" else 1, seed=1)


def is_right(concept: str, labels: Sequence[str]) -> bool:
    """Tell whether one of these labels means a concept."""
    return any(label.casefold() in RIGHT[concept] for label in labels)


def accuracies(found: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return the share of concepts whose first sound is right, and of those with a right one among the first five."""
    return {
        f"top{first}": round(sum(is_right(name, labels[:first]) for name, labels in found.items()) / len(found), 3)
        for first in (1, FIRST)
    }


if __name__ == "__main__":
    main()
