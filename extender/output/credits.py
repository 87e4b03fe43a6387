"""Who made the sounds of a soundscape, under which licence, and what holds for the whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from extender.types import Cast, Kind, Role, SoundAsset
from freesound.licence import Licence, Whole, parse_licence, strictest

_CHANGES: dict[Kind, str] = {
    "ambience": "looped with crossfades",
    "loop": "looped with crossfades",
    "event": "repeated with small changes of pitch and level, fades",
}
_ALL_SOUNDS = "All sounds were levelled, placed and mixed; what else was done to one is said with it."


@dataclass(frozen=True, slots=True)
class Credit:
    """What is owed to the author of one sound.

    Parameters
    ----------
    title, author, link : str
        Any may be empty where it is not known.
    licence : Licence
    source : str
        Which sound source it came from.
    changes : tuple of str
        What was done to it besides levelling, placing and mixing.
    heard_as : tuple of str
        The roles it plays, e.g. ``"maple-1: maple, played as tree"``.
    """

    title: str
    author: str
    link: str
    licence: Licence
    source: str
    changes: tuple[str, ...]
    heard_as: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credits:
    """All credits of a soundscape, in the order in which the sounds first appear in its cast."""

    sounds: tuple[Credit, ...]
    whole: Whole

    def to_text(self) -> str:
        """Return the credits for people, as plain text."""
        lines = ["Credits", "=======", "", *_whole_in_words(self.whole), "", _ALL_SOUNDS, "", "Sounds", "------"]
        for number, sound in enumerate(self.sounds, 1):
            lines += ["", *_sound_in_words(number, sound)]
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """Return the credits for programs: ``{"whole": {…}, "changes": …, "sounds": [{…}, …]}``."""
        content = {
            "whole": {
                **_licence_as_dict(self.whole.licence),
                "commercial_use": self.whole.commercial,
                "attribution_required": self.whole.attribution,
                "may_be_passed_on": not self.whole.conflicts,
                "conflicts": list(self.whole.conflicts),
                "remarks": list(self.whole.remarks),
            },
            "changes": _ALL_SOUNDS,
            "sounds": [
                {
                    "title": sound.title,
                    "author": sound.author,
                    "link": sound.link,
                    **_licence_as_dict(sound.licence),
                    "source": sound.source,
                    "changes": list(sound.changes),
                    "heard_as": list(sound.heard_as),
                }
                for sound in self.sounds
            ],
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def credits_of(cast: Cast) -> Credits:
    """Collect the credits of all sounds of a cast; a sound that plays several roles is named once.

    Parameters
    ----------
    cast : Cast
        The order of its roles is the order of the credits.
    """
    heard: dict[tuple[str, ...], list[tuple[Role, SoundAsset]]] = {}
    for role in cast.roles:
        for take in role.takes:
            heard.setdefault(_identity(take), []).append((role, take))
    sounds = tuple(_credit(uses) for uses in heard.values())
    return Credits(sounds, strictest(sound.licence for sound in sounds))


def _identity(take: SoundAsset) -> tuple[str, ...]:
    """Return what makes two takes one entry: the same work by the same person, whatever the file is called."""
    return take.source, take.id, take.title, take.author, take.url, take.licence


def _credit(uses: list[tuple[Role, SoundAsset]]) -> Credit:
    take = uses[0][1]
    changes = [change for role, asset in uses for change in (*asset.changes, _CHANGES[role.kind])]
    return Credit(
        title=_one_line(take.title),
        author=_one_line(take.author),
        link=_one_line(take.url),
        licence=parse_licence(take.licence),
        source=take.source,
        changes=_once(changes),
        heard_as=_once(_heard_as(role) for role, _ in uses),
    )


def _heard_as(role: Role) -> str:
    part = role.wanted if role.played == role.wanted else f"{role.wanted}, played as {role.played}"
    return f"{role.id}: {part}"


def _whole_in_words(whole: Whole) -> list[str]:
    lines = [f"Licence of the whole: {_licence_in_words(whole.licence)} (the strictest of its sounds' licences)."]
    if whole.conflicts:
        lines.append("As it is, the whole may not be passed on to others:")
        lines += [f"  - {conflict}." for conflict in whole.conflicts]
    else:
        lines.append(f"Commercial use: {'allowed' if whole.commercial else 'not allowed'}.")
        lines.append(f"Naming the authors: {'required' if whole.attribution else 'not required, but kind'}.")
    return [*lines, *(f"{remark[0].upper()}{remark[1:]}." for remark in whole.remarks)]


def _sound_in_words(number: int, sound: Credit) -> list[str]:
    author = f" by {sound.author}" if sound.author else ", author not known"
    details = {
        "Link": sound.link,
        "Licence": _licence_in_words(sound.licence),
        "Changes": "; ".join(sound.changes),
        "Heard as": "; ".join(sound.heard_as),
        "From": sound.source,
    }
    title = f'"{sound.title}"' if sound.title else "(untitled)"
    return [f"{number}. {title}{author}", *(f"   {name}: {value}" for name, value in details.items() if value)]


def _licence_in_words(licence: Licence) -> str:
    name = licence.short_name if licence.short_name != "unknown" else "not known"
    return f"{name} ({licence.url})" if licence.url else name


def _licence_as_dict(licence: Licence) -> dict[str, str]:
    return {"licence": licence.short_name, "licence_url": licence.url}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
