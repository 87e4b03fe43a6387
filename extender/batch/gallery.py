"""The page over all soundscapes of a batch: pictures, players, and a search that needs no server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from extender.batch.record import FOLDER, Record
from extender.output.page import page_of
from extender.output.soundscape import PICTURE
from extender.output.workspace import whole_file

THUMB_PIXELS = 360


def write_gallery(records: Sequence[Record], output: Path, title: str, *, wanted: int) -> Path:
    """Write ``index.html`` and the small pictures it shows; both are brought up to date, not made anew.

    Parameters
    ----------
    records : sequence of Record
        Done and failed, in the order in which they are shown.
    output : Path
    title : str
    wanted : int
        How many pictures there are in all.
    """
    shown = [_entry(record, output) for record in records if record.status == "done"]
    failed = [record for record in records if record.status == "failed"]
    places = sorted({record.place for record in records if record.place})
    values = {"title": title, "entries": shown, "failed": failed, "wanted": wanted, "places": places}
    target = output / "index.html"
    with whole_file(target, force=True) as work:
        work.write_text(
            page_of("gallery.html.j2", values, more_style="gallery.css", scripts=("search.js", "gallery.js")), "utf-8"
        )
    return target


def _entry(record: Record, output: Path) -> dict[str, Any]:
    folder = quote(record.name, errors="surrogateescape")
    sound = f"./{folder}/{quote(record.mix)}"
    words = " ".join([record.picture, record.place, *record.objects, record.licence])
    return {
        "name": Path(record.picture).name,
        "picture": record.picture,
        "href": f"./{folder}/report.html" if (output / record.name / "report.html").is_file() else sound,
        "sound": sound,
        "thumb": _thumb(record, output),
        "place": record.place,
        "objects": ", ".join(record.objects) or "the place alone",
        "licence": record.licence,
        "seconds": f"{record.duration_s:g} s",
        "words": words.lower(),
    }


def _thumb(record: Record, output: Path) -> str | None:
    """Return where the small picture of a soundscape is, made if it is missing or older; None if there is none."""
    picture = output / record.name / PICTURE
    thumb = output / FOLDER / "thumbs" / f"{record.name}.jpg"
    with suppress(OSError, ValueError):
        if not picture.is_file():
            return None
        made = picture.stat().st_mtime_ns  # told by being the same, not by being later: clocks jump
        if not thumb.is_file() or thumb.stat().st_mtime_ns != made:
            from PIL import Image

            thumb.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(thumb, force=True) as work, Image.open(picture) as image:
                image.thumbnail((THUMB_PIXELS, THUMB_PIXELS))
                image.convert("RGB").save(work, "JPEG", quality=80)
                os.utime(work, ns=(made, made))
        return "./" + quote(f"{FOLDER}/thumbs/{record.name}.jpg", errors="surrogateescape")
    return None
