"""The options that several commands share."""

from __future__ import annotations

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


SEEING, SOUND, OUTPUT = "Seeing", "Sound", "Output"

DurationOption = Annotated[
    float, typer.Option("--duration", "-d", help="Seconds of sound.", min=0.1, max=86_400.0, rich_help_panel=SOUND)
]
SeedOption = Annotated[int, typer.Option(help="Same seed, same bytes.", min=0, rich_help_panel=SOUND)]
FormatOption = Annotated[FileFormat, typer.Option("--format", help="Of the mix.", rich_help_panel=OUTPUT)]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Folder to be made.", rich_help_panel=OUTPUT)]
ForceOption = Annotated[
    bool, typer.Option("--force", "-f", help="Replace an existing soundscape.", rich_help_panel=OUTPUT)
]
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
