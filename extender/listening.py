"""Sounds outside of a soundscape: played by whatever the system has, and kept in a folder with their credits."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from extender.errors import InstallError, OutputError, SourceError
from extender.types import Excerpt, SoundAsset

CREDITS = "credits.csv"
"""A table that the folder source reads, so that the folder serves as a library with all that licences ask for."""

_COLUMNS = ("file", "label", "title", "author", "licence", "source_url", "seconds")
_PLAYERS = {"ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"), "afplay": (), "aplay": ("-q",)}


def find_player() -> str:
    """Return the path of a program that plays sound.

    Raises
    ------
    InstallError
        There is none.
    """
    for name in _PLAYERS:
        path = shutil.which(name)
        if path:
            return path
    raise InstallError(
        f"nothing here plays sound (looked for {', '.join(_PLAYERS)}): install ffmpeg, or use --get FOLDER"
    )


def play_file(path: Path, player: str, part: Excerpt | None = None) -> None:
    """Play a sound file, or the part of it that would be used, and wait until it is over.

    It is decoded here, so that every player will do. Of a long one without a part the first minute is heard.

    Raises
    ------
    SourceError
        The player fails; there may be no loudspeaker.
    """
    from extender.audio import open_for_writing, read_audio

    with tempfile.TemporaryDirectory(prefix="image-extender-") as folder:
        plain = Path(folder) / "sound.wav"
        audio = read_audio(path, start_s=part.start_s, max_s=part.end_s - part.start_s) if part else read_audio(path)
        with open_for_writing(plain, "wav", audio.channels) as write:
            write(audio.samples)
        command = [player, *_PLAYERS.get(Path(player).stem, ()), str(plain)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0 or b"audio open failed" in done.stderr:  # ffplay ends well without a loudspeaker
        raise SourceError(
            f"{Path(player).name} could not play it; is there a loudspeaker? --get FOLDER keeps the files"
        )


def keep_sounds(assets: Sequence[SoundAsset], label: str, folder: Path) -> Path:
    """Copy sounds into a folder, named so that no title matters, and enter them into its table of credits.

    Parameters
    ----------
    assets : sequence of SoundAsset
        With absolute paths.
    label : str
        What they are to be found as.
    folder : Path
        Made where it is missing; what it holds already stays.

    Returns
    -------
    Path
        The table.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    table = folder / CREDITS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = {row["file"]: row for row in _read(table)}
        for asset in assets:
            source = Path(asset.file)
            name = f"{_slug(asset.source)}-{_slug(asset.id)[-60:]}-{_slug(asset.title)[:40]}".strip("-")
            name += re.sub(r"[^a-z0-9.]", "", source.suffix.lower())[:8]
            beside = folder / f".{name}.part"
            try:
                shutil.copyfile(source, beside)
                beside.replace(folder / name)
            finally:
                beside.unlink(missing_ok=True)
            values = (name, label, asset.title, asset.author, asset.licence, asset.url, f"{asset.duration_s:.3f}")
            rows[name] = dict(zip(_COLUMNS, values, strict=True))
        beside = table.with_name(f".{CREDITS}.part")
        with beside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows.values())
        beside.replace(table)
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror or error}") from None
    return table


def _read(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise OutputError(f"{table} is not a table of ours; give another folder")
        return list(reader)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
