"""How often Freesound's first sounds are the right ones, with and without weighing what is said of them.

    python -m benchmarks.casting [--data FOLDER] [--decoys] [--verbose]

FOLDER (a folder of recordings with a ``manifest.csv`` of file and label) is served by the test server under its own
titles and tags. For 60 concepts of the vocabulary the source is asked as for a render; a sound is right if the
manifest's label is among those that mean the concept. One JSON line: top-1 and top-5 accuracy (the first, or one of
the first five, is right) of the source's ranking and of the server's own order of the very same answers, and the
questions asked for a concept.

The folder's titles and tags are tidier than Freesound's: whatever has the word is the thing, so that the order hardly
matters. With ``--decoys`` every concept gets six popular sounds that only have its words: songs, talk, toys, games.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.common import ROOT, emit
from extender.sources.base import Query, SourceContext
from extender.sources.freesound import FreesoundSource
from extender.sources.freesound.ladder import steps
from extender.types import Kind
from freesound import Client, Ledger
from scenes import Concept, Role, load_vocabulary
from tests.freesound_server import FreesoundServer
from tests.freesound_server.catalogue import Catalogue, Sound, read_folder

RIGHT: Mapping[str, tuple[str, ...]] = {
    "dog": ("dog bark", "puppy bark"), "cat": ("cat meow",), "horse": ("horse snort", "horse neigh", "gallop"),
    "cow": ("cow moo",), "sheep": ("sheep baa", "lamb"), "goat": ("goat bleat",), "pig": ("pig snort", "pig squeal"),
    "rooster": ("rooster",), "chicken": ("chicken",), "duck": ("duck quack",), "goose": ("goose",),
    "turkey": ("turkey gobble",), "gull": ("seagull", "seagulls"), "crow": ("crow caw",), "owl": ("owl hoot",),
    "pigeon": ("pigeon",), "parrot": ("parrot", "parrot whistle", "parrot chirp"), "woodpecker": ("woodpecker peck",),
    "penguin": ("penguin",), "peacock": ("peacock",), "frog": ("frog",), "cricket": ("cricket", "grasshopper"),
    "cicada": ("cicada",), "bee": ("bee", "bees", "bumble bee"), "elephant": ("elephant trumpet",),
    "lion": ("lion bellow",), "tiger": ("tiger roar", "tiger snarl"), "bear": ("bear",), "monkey": ("monkey",),
    "wolf": ("wolf howl", "wolf snarl"), "squirrel": ("squirrel",), "camel": ("camel",), "zebra": ("zebra",),
    "dolphin": ("dolphin click", "dolphin chirp"), "whale": ("whale",), "snake": ("snake rattle", "cobra"),
    "rain": ("rain", "rain light", "rain medium", "rain heavy"), "thunder": ("thunder",), "wind": ("wind",),
    "ocean": ("sea waves", "waves", "sea water"), "fire": ("fire crackling", "fire crackle", "fireplace"),
    "firework": ("fireworks",), "helicopter": ("helicopter",),
    "airplane": ("airplane prop", "jet flyby", "jet land", "jet ambience"), "train": ("train", "train whistle"),
    "car": ("car motor", "vehicle motor idle", "vehicle horn"), "motorcycle": ("motorbike idle",), "boat": ("boat",),
    "bicycle": ("bikes", "bicycle spokes", "bicycle bell", "bicycle horn"), "chainsaw": ("chainsaw",),
    "clock": ("clock tick", "watch tick"), "church bell": ("church bells",), "doorbell": ("doorbell",),
    "door": ("door close", "door open", "door creak", "door knock"), "baby": ("baby cry",),
    "sneeze": ("person sneeze",), "footsteps": ("footsteps",), "coin": ("coin",),
    "traffic": ("city traffic", "city"), "cafe murmur": ("coffee-shop",),
    "swan": ("trumpeter swan",), "leaf": ("leaves",), "bat": ("bat",),
}  # fmt: skip
"""Concept → labels that mean it."""

CONCEPTS = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "sounds")
    parser.add_argument("--decoys", action="store_true", help="add what only seems to be right")
    parser.add_argument("--verbose", action="store_true", help="print what was wrong")
    chosen = parser.parse_args()
    vocabulary = load_vocabulary()
    concepts = [vocabulary.concepts[name] for name in RIGHT if name in vocabulary.concepts][:CONCEPTS]
    catalogue = read_folder(chosen.data)
    if chosen.decoys:
        catalogue = Catalogue.of([*catalogue, *(d for n, c in enumerate(concepts) for d in decoys(c, n, catalogue))])
    weighed: dict[str, list[str]] = {}
    served: dict[str, list[str]] = {}
    with FreesoundServer(catalogue, level=99) as server, tempfile.TemporaryDirectory() as folder:
        os.environ["FREESOUND_API_KEY"] = server.key
        context = SourceContext(Path(folder), freesound_url=server.base_url)
        labels = {str(sound.id): sound.label for sound in server.state.catalogue}
        source = FreesoundSource(context)
        client = Client(ledger=Ledger(), base_url=server.base_url)
        for concept in concepts:
            query = query_of(concept)
            weighed[concept.name] = [labels[c.id] for c in source.search(query)[:5]]
            served[concept.name] = [labels[number] for number in server_order(client, query, context)[:5]]
        figures = {"tally": source.tally, "questions_per_concept": round(source.questions / len(concepts), 2)}
    for name, found in weighed.items():
        if chosen.verbose and (not found or found[0].casefold() not in RIGHT[name]):
            emit(concept=name, found=found)
    emit(
        benchmark="casting",
        concepts=len(concepts),
        decoys=chosen.decoys,
        ranked={"top1": accuracy(weighed, 1), "top5": accuracy(weighed, 5)},
        unranked={"top1": accuracy(served, 1), "top5": accuracy(served, 5)},
        **figures,
    )


def query_of(concept: Concept) -> Query:
    """Return what casting asks for a thing that is this concept."""
    kinds: Mapping[Role, Kind] = {Role.EVENT: "event", Role.AMBIENCE: "ambience"}
    kind = kinds.get(concept.role, "loop")
    return Query(concept.name, concept.search, kind, concept.avoid, takes=3 if kind == "event" else 1, seed=1)


DECOYS = (
    ("{} song (my new track, 120 bpm)", "{} music song beat", "m-m"),
    ("{} {} {} remix loop", "{} loop remix techno", "m-m"),
    ("Talking about the {}", "{} speech voice podcast", "sp-s"),
    ("{} toy", "{} toy kids squeaky", "fx-o"),
    ("arcade game {} power up", "{} game retro 8bit", "fx-el"),
    ("{} synth riff in C minor", "{} synth melody chord", "is-e"),
)
"""Titles, tags and categories of sounds that have a thing's words and are not the thing."""


def decoys(concept: Concept, number: int, catalogue: Catalogue) -> Iterator[Sound]:
    """Yield popular sounds that only have a concept's words: those of its first phrase."""
    word, plain = concept.search[0], next(sound for sound in catalogue if 3.0 < (sound.duration_s or 0.0) < 15.0)
    for kind, (title, tags, category) in enumerate(DECOYS):
        yield replace(
            plain, id=1_000_000 + 10 * number + kind, name=title.replace("{}", word).capitalize(),
            tags=tuple(tags.replace("{}", word).split()), description=f"{word}, {title.replace('{}', word)}",
            category_code=category, classes=(), num_downloads=50_000, num_ratings=200, rating=9.5, label="decoy",
        )  # fmt: skip


def server_order(client: Client, query: Query, context: SourceContext) -> list[str]:
    """Return the ids that the questions find in the order of the server, until there are five."""
    found: list[str] = []
    for step in steps(query, context):
        for sound in client.search(step.text, filter=step.condition, page_size=100).page(1).items:
            if str(sound.id) not in found:
                found.append(str(sound.id))
        if len(found) >= 5:
            break
    return found


def accuracy(found: Mapping[str, Sequence[str]], first: int) -> float:
    """Return the share of concepts of whose first sounds one is right."""
    right = sum(any(label.casefold() in RIGHT[name] for label in labels[:first]) for name, labels in found.items())
    return round(right / len(found), 3)


if __name__ == "__main__":
    main()
