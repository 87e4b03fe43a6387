"""What the casting benchmark searches in: which labels mean a concept, how concepts are split, and what misleads.

The folder's own titles and tags are tidier than Freesound's: whatever has the word is the thing. So there are three
catalogues: the folder as it is; the same among *decoys*, popular sounds that have a thing's words and are not it; and
both once more with half of the recordings *untidied*, as people upload them: the recorder's file name for a title, the
word among other tags.

Concepts are drawn into two halves by :data:`SPLIT_SEED`. The ranking may be improved by looking at what fails of the
first; the second has decoys by other templates and other compounds, and is for the final figure only. Decoys are made
by rule for every concept alike, none after a look at what the ranking does with it:

- ``casting_concepts.csv``: concept, the manifest's labels that mean it, and for either half a sound whose name holds
  the word as a part of another ("rain stick");
- ``casting_decoys.csv``: kinds of decoys; ``{}`` is the word (the concept's name, or what is searched for first),
  ``{other}`` another thing.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from extender.sources.freesound.ladder import DURATIONS_S
from extender.types import Kind
from scenes import Concept, Role, Vocabulary
from tests.freesound_server.catalogue import Catalogue, Sound
from tests.freesound_server.text import words

SPLIT_SEED = 20240613
"""Draws the halves; never to be changed for the sake of a figure."""

Half = Literal["tuning", "held-out"]

DECOY = "decoy"
"""What the label of a decoy begins with; then comes its kind."""

DESCRIBED: Mapping[Half, str] = {
    "tuning": "No {} in this one, though we had waited for it.",
    "held-out": "Made for a film about a {}.",
}
"""What the decoys that are only described say of the thing."""

_RECORDERS: Mapping[Half, Sequence[str]] = {
    "tuning": ("ZOOM0{n}", "STE-{n}", "untitled {n}"),
    "held-out": ("R09_{n}", "take {n} (edit)", "My recording {n}"),
}
_PLACES: Mapping[Half, Sequence[str]] = {
    "tuning": ("berlin", "spring", "morning", "zoom-h4n", "stereo"),
    "held-out": ("kyoto", "winter", "evening", "tascam", "omni"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of decoy is made; title and tags for either half."""

    kind: str
    category: str
    classes: tuple[str, ...]
    phrase: bool
    loop: bool
    titles: Mapping[Half, str]
    tags: Mapping[Half, str]


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


_CONCEPTS = _rows("casting_concepts.csv")

RIGHT: Mapping[str, frozenset[str]] = {row["concept"]: frozenset(row["labels"].split("|")) for row in _CONCEPTS}
"""Concept → labels that mean it."""

COMPOUNDS: Mapping[str, Mapping[Half, str]] = {
    row["concept"]: {"tuning": row["tuning"], "held-out": row["held-out"]} for row in _CONCEPTS
}

RULES = tuple(
    Rule(
        row["kind"],
        row["category"],
        tuple(filter(None, row["classes"].split("|"))),
        row["word"] == "phrase",
        row["loop"] == "yes",
        {"tuning": row["tuning_title"], "held-out": row["held-out_title"]},
        {"tuning": row["tuning_tags"], "held-out": row["held-out_tags"]},
    )
    for row in _rows("casting_decoys.csv")
)


def halves(vocabulary: Vocabulary, catalogue: Catalogue) -> dict[Half, list[Concept]]:
    """Return the concepts of both halves, as the seed draws them from all that a catalogue has by any of their words.

    What it has under other words only is a matter of the vocabulary, and of no ranking.
    """
    missing = [name for name in RIGHT if name not in vocabulary.concepts]
    if missing:
        raise ValueError(f"expected these in the vocabulary, which lacks them: {', '.join(missing)}")
    names = sorted(name for name in RIGHT if _is_there(vocabulary.concepts[name], catalogue))
    random.Random(SPLIT_SEED).shuffle(names)
    middle = len(names) // 2
    parts: dict[Half, list[str]] = {"tuning": names[:middle], "held-out": names[middle:]}
    return {half: [vocabulary.concepts[name] for name in sorted(part)] for half, part in parts.items()}


def kind_of(concept: Concept) -> Kind:
    """Return how a thing that is this concept is heard."""
    kinds: Mapping[Role, Kind] = {Role.EVENT: "event", Role.AMBIENCE: "ambience"}
    return kinds.get(concept.role, "loop")


def with_decoys(catalogue: Catalogue, concepts: Sequence[Concept], half: Half) -> Catalogue:
    """Return a catalogue with the decoys of these concepts, worded as the half has them."""
    found = [decoy for place, concept in enumerate(concepts) for decoy in _decoys(concept, place, catalogue, half)]
    return Catalogue.of([*catalogue, *found])


def untidied(catalogue: Catalogue, half: Half) -> Catalogue:
    """Return a catalogue in which half of the recordings say what they are in their tags and description only.

    A fifth of these has no category, a tenth a wrong one. Which ones follows from their numbers.
    """
    return Catalogue.of(_untidy(sound, half) if _share(sound.id, "untidy") < 0.5 else sound for sound in catalogue)


def _is_there(concept: Concept, catalogue: Catalogue) -> bool:
    """Tell whether a right sound of fitting length has one of a concept's phrases, or its name, as the server reads."""
    phrases = [set(words(phrase)) for phrase in (*concept.search, concept.name)]
    shortest, longest = DURATIONS_S[kind_of(concept)]
    return any(
        any(phrase <= set(words(f"{sound.name} {' '.join(sound.tags)}")) for phrase in phrases)
        for sound in catalogue
        if sound.label.casefold() in RIGHT[concept.name] and shortest <= (sound.duration_s or 0.0) <= longest
    )


def _untidy(sound: Sound, half: Half) -> Sound:
    if sound.label.startswith(DECOY):
        return sound
    titles, places = _RECORDERS[half], _PLACES[half]
    start = int(_share(sound.id, "tags") * len(places))
    drawn = _share(sound.id, "category")
    return replace(
        sound,
        name=titles[int(_share(sound.id, "title") * len(titles))].format(n=sound.id % 1000),
        tags=(*places[start : start + 2], *sound.tags, "field-recording"),
        description=f"{sound.label.capitalize()}, recorded with a {places[3]} in {places[0].capitalize()}.",
        category_code=None if drawn < 0.2 else "fx-o" if drawn < 0.3 else sound.category_code,
    )


def _decoys(concept: Concept, place: int, catalogue: Catalogue, half: Half) -> Iterator[Sound]:
    """Yield the popular sounds that only have a concept's words."""
    names = sorted(name for name in RIGHT if name != concept.name)
    draw = random.Random(f"{SPLIT_SEED} {concept.name}")
    first = 1_000_000 + 100 * place
    for number, rule in enumerate(RULES, first):
        word = concept.search[0] if rule.phrase else concept.name
        others = draw.sample(names, 2)
        said = DESCRIBED[half] if rule.kind == "only described" else "{}, " + rule.titles[half]
        title, tags, text = (_filled(part, word, others) for part in (rule.titles[half], rule.tags[half], said))
        decoy = _popular(number, concept, catalogue, rule.classes, loop=rule.loop)
        label = f"{DECOY}: {rule.kind}"
        yield replace(
            decoy, name=title, tags=tuple(tags.split()), description=text, category_code=rule.category, label=label
        )
    title = COMPOUNDS[concept.name][half]
    decoy = _popular(first + len(RULES), concept, catalogue, (), loop=False)
    tags = title.lower()
    label = f"{DECOY}: compound"
    yield replace(decoy, name=title, tags=tuple(tags.split()), description=title, category_code="fx-o", label=label)


def _popular(number: int, concept: Concept, catalogue: Catalogue, classes: tuple[str, ...], *, loop: bool) -> Sound:
    """Return a sound of a fitting length and shape, rated well by many and much downloaded, without a name."""
    bed = kind_of(concept) != "event"
    shortest, longest = (8.0, 60.0) if bed else (0.5, 15.0)
    plain = next(sound for sound in catalogue if shortest < (sound.duration_s or 0.0) < longest)
    measured: dict[str, Any] = {"loopable": loop or bed, "single_event": not (loop or bed), "silence_rate": 0.0}
    if _share(number, "heard") < 0.6:
        measured["fsdsinet_detected_class"] = list(classes)
    return replace(
        plain,
        id=number,
        classes=(),
        descriptors=measured,
        duration_s=shortest + (longest - shortest) * _share(number, "length"),
        num_downloads=int(10 ** (2.5 + 2.5 * _share(number, "downloads"))),
        num_ratings=int(10 + 300 * _share(number, "votes")),
        rating=round(8.0 + 2.0 * _share(number, "rating"), 2),
    )


def _filled(template: str, word: str, others: Sequence[str]) -> str:
    text = template.replace("{}", word)
    for other in others:
        text = text.replace("{other}", other, 1)
    return text.replace("{other}", others[-1])


def _share(number: int, purpose: str) -> float:
    digest = hashlib.blake2b(f"{number}:{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
