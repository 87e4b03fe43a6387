"""Naming the authors, as Freesound writes it: text, HTML, Markdown, JSON, CSV."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from freesound.licence import Licence, LicenceKind
from freesound.models import Sound

_NAMES = {
    LicenceKind.CC0: "Creative Commons 0",
    LicenceKind.BY: "Attribution",
    LicenceKind.BY_NC: "Attribution NonCommercial",
    LicenceKind.SAMPLING_PLUS: "Sampling+",
}
_WITH_VERSION = ("3.0", "4.0")
REMIX_WARNING = "a remix: its sources, named on its page, must be credited too"


@dataclass(frozen=True, slots=True)
class Credit:
    """Who made a sound, and under what licence it was used.

    Parameters
    ----------
    sound_id : int
    sound_name, author : str
        One line each.
    licence : Licence
    changes : tuple of str
        What was done to it, ``("looped", "gain −6 dB")``; the licences want it said.
    is_remix : bool
    """

    sound_id: int
    sound_name: str
    author: str
    licence: Licence
    changes: tuple[str, ...] = ()
    is_remix: bool = False

    @property
    def sound_url(self) -> str:
        """The sound's page."""
        return f"https://freesound.org/s/{self.sound_id}/"

    @property
    def author_url(self) -> str:
        """The author's page."""
        return f"https://freesound.org/people/{quote(self.author, safe='')}/" if self.author else ""

    @property
    def licence_name(self) -> str:
        """Freesound's name of the licence, ``"Attribution 4.0"``."""
        name = _NAMES.get(self.licence.kind, self.licence.short_name)
        stated = self.licence.kind in _NAMES and self.licence.version in _WITH_VERSION
        return f"{name} {self.licence.version}" if stated else name

    def as_dict(self) -> dict[str, str]:
        """Return it with Freesound's own keys, and what else must be known."""
        return {
            "sound_url": self.sound_url,
            "sound_name": self.sound_name,
            "author_url": self.author_url,
            "author_name": self.author,
            "license_url": self.licence.url,
            "license_name": self.licence_name,
            "changes": ", ".join(self.changes),
            "remark": REMIX_WARNING if self.is_remix else "",
        }


def credit(sound: Sound, changes: Iterable[str] = ()) -> Credit:
    """Return the credit of a sound that was asked for with name, username, license and is_remix."""
    name = _one_line(sound.name) or f"sound {sound.id}"
    return Credit(
        sound.id, name, _one_line(sound.username), sound.licence, tuple(changes), is_remix=bool(sound.is_remix)
    )


def as_text(credits_: Iterable[Credit]) -> str:
    """Return one line for each sound: ``rain by ann -- https://freesound.org/s/1/ -- License: Attribution 4.0``."""
    lines = []
    for each in credits_:
        line = f"{each.sound_name} by {each.author} -- {each.sound_url} -- License: {each.licence_name}"
        lines.append(" -- ".join([line, *_notes(each)]))
    return "".join(f"{line}\n" for line in lines)


def as_html(credits_: Iterable[Credit]) -> str:
    """Return a list for a web page; whatever the names hold, it stays text."""
    items = []
    for each in credits_:
        sound = _anchor(each.sound_url, each.sound_name)
        author = _anchor(each.author_url, each.author)
        licence = _anchor(each.licence.url, each.licence_name)
        notes = "".join(f" | {html.escape(note)}" for note in _notes(each))
        items.append(f"<li>{sound} by {author} | License: {licence}{notes}</li>\n")
    return f'<ul class="credits">\n{"".join(items)}</ul>\n'


def as_markdown(credits_: Iterable[Credit]) -> str:
    """Return a Markdown list."""
    lines = []
    for each in credits_:
        sound = _link(each.sound_url, each.sound_name)
        author = _link(each.author_url, each.author)
        licence = _link(each.licence.url, each.licence_name)
        notes = "".join(f" | {_escape(note)}" for note in _notes(each))
        lines.append(f"- {sound} by {author} | License: {licence}{notes}\n")
    return "".join(lines)


def as_json(credits_: Iterable[Credit]) -> str:
    """Return a JSON list of objects with Freesound's keys."""
    return json.dumps([each.as_dict() for each in credits_], ensure_ascii=False, indent=2) + "\n"


def as_csv(credits_: Iterable[Credit]) -> str:
    """Return a table with a header.

    Notes
    -----
    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    rows = [each.as_dict() for each in credits_]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(Credit(1, "", "", Licence(LicenceKind.CC0)).as_dict()), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _notes(each: Credit) -> list[str]:
    changed = [f"changed: {', '.join(each.changes)}"] if each.changes else []
    return changed + ([REMIX_WARNING] if each.is_remix else [])


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _anchor(url: str, text: str) -> str:
    return f'<a href="{html.escape(url)}">{html.escape(text)}</a>' if url else html.escape(text)


def _link(url: str, text: str) -> str:
    return f"[{_escape(text)}](<{url}>)" if url else _escape(text)


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()<>#+!|~&-])", r"\\\1", text)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
