"""Which recordings there are to learn from: folders of sound files, sorted into families and into what is held out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "validation", "test"]
KINDS = (".wav", ".flac", ".ogg", ".mp3")

FAMILIES = {
    "birds": "bird birds rooster toucan parrot canary duck seagull seagulls gull penguin peacock chicken turkey swan "
    "vulture pigeon owl quail loon goose woodpecker crow",
    "water": "sea water waves lava boat",
    "vehicles": "vehicles travel helicopter vehicle train motorbike motor jet airplane city bikes car",
    "kitchen": "kitchen",
    "ensemble": "haydn schumann josquin monteverdi",
    "weather": "weather rain storm thunder wind",
    "fire": "fire fireplace fireball explosion fireworks match fuse",
    "people": "people baby person laugh undead zombie vomit whistle coffee-shop apple",
    "animals": "animals horses dog leopard gorilla lion hyena cow horse goat camel bear gallop zebra yak wolf sheep "
    "pig tiger jaguar raccoon squirrel monkey sea-lion bat whale puppy lamb mouse giraffe cat dolphin elephant",
    "insects": "insects cicada bumble grasshopper frog cobra snake bee bees cricket summer-night",
    "arms": "rifle pistol shotgun ar laser plasma ricochet woosh boing entity skeleton",
    "tools": "household chainsaw compressor tool scrape chalk pencil zipper doorbell door clock watch toy church robot "
    "bicycle balloon coin",
    "outdoors": "outdoors leaves tree",
    "steps": "steps footsteps",
    "noise": "white-noise pink-noise",
}
"""Families by the words of labels and the names of folders; what is not listed is a family by itself."""

HELD_OUT = ("birds", "water", "vehicles", "kitchen", "ensemble")
"""Families that no model has heard when it is tested; of ensembles, the composers listed above."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file to learn from.

    Parameters
    ----------
    path : Path
    family : str
    group : str
        Files of one group are heard together: the parts of a piece. Else empty.
    split : str
        ``"test"`` for held-out families; else ``"train"`` or ``"validation"``, by file (by piece for ensembles).
    """

    path: Path
    family: str
    group: str
    split: Split


def family_of(name: str) -> str:
    """Return the family of a label or of a folder's name.

    Examples
    --------
    >>> family_of("Sea waves"), family_of("piano")
    ('water', 'piano')
    """
    words = name.lower().replace("sea lion", "sea-lion").replace("_", " ").split()
    for family, known in FAMILIES.items():
        if set(words) & set(known.split()):
            return family
    return name.lower()


def catalogue(folders: Sequence[Path], ensembles: Sequence[Path] = ()) -> list[Sound]:
    """List all files, in a fixed order.

    Parameters
    ----------
    folders : sequence of Path
        With a ``manifest.csv`` of file and label, or else one folder for each family.
    ensembles : sequence of Path
        ``composer/piece/part`` files, as :func:`models.residue.ensembles.write_stems` writes them.

    Raises
    ------
    FileNotFoundError
        A folder is missing, or has no sound file.
    """
    sounds: list[Sound] = []
    for folder in (*folders, *ensembles):
        found = list(_parts(folder) if folder in ensembles else _files(folder))
        if not found:
            raise FileNotFoundError(f"{folder}: expected a folder with sound files; see docs/residue.md")
        sounds += found
    return sounds


def _files(folder: Path) -> Iterator[Sound]:
    manifest = folder / "manifest.csv"
    if manifest.exists():
        with manifest.open(encoding="utf-8", newline="") as file:
            named = [(folder / row["file"], row["label"]) for row in csv.DictReader(file)]
    else:
        named = [(path, path.relative_to(folder).parts[0]) for path in sorted(folder.rglob("*.*"))]
    listed = ((path, label) for path, label in named if path.suffix in KINDS and path.exists())
    for number, (path, label) in enumerate(listed):
        family = family_of(label)
        yield Sound(path, family, "", _split(family, number))


def _parts(folder: Path) -> Iterator[Sound]:
    pieces = sorted({path.parent for path in folder.glob("*/*/*.flac")})
    for number, piece in enumerate(pieces):
        family = family_of(piece.parent.name)
        for path in sorted(piece.glob("*.flac")):
            yield Sound(path, family, piece.name, _split(family, number))


def _split(family: str, number: int) -> Split:
    if family in HELD_OUT:
        return "test"
    return "validation" if number % 8 == 5 else "train"
