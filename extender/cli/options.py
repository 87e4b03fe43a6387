"""The options that several commands share."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FileFormat(StrEnum):
    """Formats of the mix."""

    WAV = "wav"
    FLAC = "flac"
    OGG = "ogg"
    MP3 = "mp3"


class LicencePolicyName(StrEnum):
    """What a sound's licence must allow."""

    ANY = "any"
    COMMERCIAL = "commercial"
    CC0 = "cc0"


class Pick(StrEnum):
    """Which of the sounds that fit."""

    BEST = "best"
    RANDOM = "random"


class Prefer(StrEnum):
    """What tells the best."""

    RATING = "rating"
    DOWNLOADS = "downloads"


class Effort(StrEnum):
    """How much is searched."""

    QUICK = "quick"
    NORMAL = "normal"
    BEST = "best"


class Method(StrEnum):
    """How `refine` searches."""

    HARMONY = "harmony"
    RANDOM = "random"
    PSO = "pso"
    ES = "es"
    DE = "de"


class Hour(StrEnum):
    """When it is."""

    PICTURE = "picture"
    DAY = "day"
    NIGHT = "night"


SEEING, SOUND, TIME, MIXING, OUTPUT = "Seeing", "Sound", "Time", "Mixing", "Output"

LONGEST_S = 86_400.0
_TIME = re.compile(r"(?:(?P<h>[0-9.]+)h)?(?:(?P<m>[0-9.]+)(?:m|min))?(?:(?P<s>[0-9.]+)s?)?")


def seconds_in(text: str | float) -> float:
    """Return the seconds in ``"45"``, ``"90s"``, ``"2.5m"``, ``"1h30m"`` or ``"8h"``."""
    found = _TIME.fullmatch(str(text).strip().lower().replace(" ", ""))
    parts = found.groupdict() if found else {}
    try:
        seconds = sum(float(parts[unit]) * of for unit, of in (("h", 3600), ("m", 60), ("s", 1)) if parts.get(unit))
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= LONGEST_S:
        raise typer.BadParameter(f"wants 0.1 s to 24 h, e.g. 45, 90s, 10m, 1h30m or 8h, got {text!r}")
    return seconds


DurationOption = Annotated[
    float,
    typer.Option(
        "--duration", "-d", parser=seconds_in, metavar="TIME", help="How long: 45, 90s, 10m, 8h.", rich_help_panel=SOUND
    ),
]
DensityOption = Annotated[
    float,
    typer.Option(help="How often things are heard; 1 = as is typical.", min=0.1, max=8.0, rich_help_panel=TIME),
]
CalmOption = Annotated[
    float,
    typer.Option(help="More seldom, softer, less at once; 1 = most.", min=0.0, max=1.0, rich_help_panel=TIME),
]
AtOnceOption = Annotated[
    int, typer.Option(help="How many events may sound at the same time.", min=1, max=64, rich_help_panel=TIME)
]
LoopOption = Annotated[
    bool, typer.Option("--loop", help="The end joins the beginning without a seam.", rich_help_panel=TIME)
]
HourOption = Annotated[
    Hour, typer.Option("--hour", help="As the picture tells, or by day or night.", rich_help_panel=TIME)
]
SeedOption = Annotated[int, typer.Option(help="Same seed, same bytes.", min=0, rich_help_panel=SOUND)]
FormatOption = Annotated[FileFormat, typer.Option("--format", help="Of the mix.", rich_help_panel=OUTPUT)]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Folder to be made.", rich_help_panel=OUTPUT)]
ForceOption = Annotated[bool, typer.Option("--force", "-f", help="Replace what is there.", rich_help_panel=OUTPUT)]
StemsOption = Annotated[bool, typer.Option("--stems", help="Write each track too.", rich_help_panel=OUTPUT)]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Use no network at all.")]
WeightsOption = Annotated[
    str | None,
    typer.Option(help="Detector weights: a file, an exported folder, or a name.", rich_help_panel=SEEING),
]
TrustOption = Annotated[
    bool, typer.Option("--trust-weights", help="Load a .pt of unknown origin.", rich_help_panel=SEEING)
]
DetectorOption = Annotated[
    str, typer.Option(help="Who looks at the picture; 'none' = the place alone.", rich_help_panel=SEEING)
]
PlaceModelOption = Annotated[
    str,
    typer.Option(
        "--place-model",
        help="Who tells the place: own, imagenet, open-vocabulary, or a plugin; NAME:FILE with weights.",
        rich_help_panel=SEEING,
    ),
]
SceneOption = Annotated[
    Path | None,
    typer.Option(
        "--scene",
        help="Boxes and place from a file (scene JSON, COCO, YOLO txt).",
        readable=False,
        rich_help_panel=SEEING,
    ),
]
PanoramaOption = Annotated[
    bool, typer.Option("--panorama", help="The picture is a 360° panorama.", rich_help_panel=SEEING)
]
MaxSoundsOption = Annotated[int, typer.Option(help="At most so many things.", min=0, max=64, rich_help_panel=SOUND)]

SourcesOption = Annotated[
    str | None,
    typer.Option(
        help="Where sounds come from, in this order; default: freesound,openverse,folder,procedural, and folder first "
        "where --sounds is given.",
        rich_help_panel=SOUND,
    ),
]
SoundsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--sounds", help="A folder of your own sounds; may be given again.", readable=False, rich_help_panel=SOUND
    ),
]
LicenceOption = Annotated[
    LicencePolicyName,
    typer.Option(
        "--licence", help="What the licences of sounds must allow; others are not fetched.", rich_help_panel=SOUND
    ),
]
PickOption = Annotated[
    Pick, typer.Option(help="The best sounds that fit, or any of them by the seed.", rich_help_panel=SOUND)
]
PreferOption = Annotated[Prefer, typer.Option(help="What tells the best on Freesound.", rich_help_panel=SOUND)]

StrategyOption = Annotated[
    str | None,
    typer.Option(
        help="asra (default of render up to 60 s), unmask (of all else), refine, balanced, flat, hafezi, mansbridge, "
        "perez-gonzalez, or a plugin.",
        rich_help_panel=MIXING,
    ),
]
EffortOption = Annotated[
    Effort | None,
    typer.Option(help="How much asra and refine search; default: quick, or for --seconds.", rich_help_panel=MIXING),
]
SecondsOption = Annotated[
    float | None,
    typer.Option(
        help="At most so long asra and refine search; the best that was measured by then is taken.",
        min=0.1, max=LONGEST_S, rich_help_panel=MIXING,
    ),
]  # fmt: skip
MixWeightsOption = Annotated[
    str | None,
    typer.Option(
        "--mix-weights",
        help="What counts how much for asra: residue=1,loudness=.1,clarity=1.",
        metavar="NAME=NUMBER,…",
        rich_help_panel=MIXING,
    ),
]
NetworkOption = Annotated[
    bool,
    typer.Option("--network", help="Let the trained network predict what asra looks for.", rich_help_panel=MIXING),
]
MethodOption = Annotated[Method | None, typer.Option(help="How refine searches.", rich_help_panel=MIXING)]
