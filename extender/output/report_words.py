"""The words and numbers of the report: one sentence for what is heard, and values with their units and signs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from extender.types import Project
from mixer.curve import at_start
from scenes import Detection, Place, load_vocabulary

_NUMBERS = ("no", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_PLURALS = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice", "sheep": "sheep",
    "goose": "geese", "fish": "fish", "deer": "deer", "knife": "knives", "leaf": "leaves", "wolf": "wolves",
    "foot": "feet", "aircraft": "aircraft", "skis": "skis", "scissors": "scissors",
}  # fmt: skip
_MASSES = frozenset(
    (
        "ambience", "applause", "birdsong", "broccoli", "cheering", "clothing", "cutlery", "food",
        "furniture", "grass", "hardware", "hubbub", "ice", "laughter", "nature", "paper", "playing", "rain",
        "smoke", "snow", "soap", "stationery", "tableware", "thunder", "traffic", "ventilation", "water",
        "weather", "wilderness", "wind",
    )
)  # fmt: skip
_PLACES = {
    "indoor": "indoors", "outdoor": "outdoors", "countryside": "the countryside", "industrial": "an industrial area",
    "parking": "a car park", "sea": "the sea", "sky": "the sky", "snow": "a snowy landscape",
    "underwater": "underwater",
}  # fmt: skip
_MOST_THINGS = 6
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]", re.IGNORECASE)


def minus(text: str) -> str:
    """Return a formatted number with a true minus sign, and without the sign of a rounded-off zero."""
    return re.sub(r"^-(?=0(?:\.0+)?$)", "", text).replace("-", "−")


def number(value: float | None, unit: str = "", digits: int = 1, *, sign: bool = False) -> str:
    """Return ``"−20.0 LUFS"``; a dash where there is no value. ``sign`` adds a plus."""
    if value is None:
        return "–"
    text = minus(f"{value:.{digits}f}")
    if sign and value > 0 and not re.fullmatch(r"0(\.0+)?", text):
        text = f"+{text}"
    return f"{text} {unit}".rstrip()


def metres(value: float) -> str:
    """Return a distance: ``"4.2 m"``, ``"35 m"``, ``"1.2 km"``."""
    if value >= 1000.0:
        return f"{value / 1000.0:.1f} km"
    return f"{value:.1f} m" if value < 9.95 else f"{value:.0f} m"


def degrees(azimuth_deg: float) -> str:
    """Return an azimuth for people: ``"0° ahead"``, ``"23° left"``, ``"180° behind"``."""
    whole = round(abs(azimuth_deg))
    side = {0: "ahead", 180: "behind"}.get(whole, "left" if azimuth_deg > 0 else "right")
    return f"{whole}° {side}"


def pan(azimuth_deg: float, stage_half_deg: float) -> str:
    """Return where between the loudspeakers a sound stands: ``"L 100 %"`` is the left one alone, ``"C"`` the middle."""
    share = round(100.0 * max(-1.0, min(1.0, azimuth_deg / stage_half_deg)))
    return "C" if share == 0 else f"{'L' if share > 0 else 'R'} {abs(share)} %"


def clock(seconds: float) -> str:
    """Return ``"0:05"``, ``"12:30"``, ``"1:02:03"``."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Return ``"30 s"``, ``"4 min 30 s"``, ``"1 h 2 min"``."""
    if seconds < 60.0:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def web_link(url: str) -> str:
    """Return a URL that may be linked, http or https with a host; else an empty string."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    sound = parts.scheme in ("http", "https") and parts.netloc and not re.search(r"[\s\x00-\x1f<>\"']", url)
    return url if sound else ""


def linked(text: str) -> list[tuple[str, str]]:
    """Split text into (words, link) pairs; the link is empty for plain words."""
    pairs: list[tuple[str, str]] = []
    end = 0
    for match in _LINK.finditer(text):
        pairs.append((text[end : match.start()], ""))
        pairs.append((match[0], web_link(match[0])))
        end = match.end()
    pairs.append((text[end:], ""))
    return [pair for pair in pairs if pair[0]]


def plural(word: str) -> str:
    """Return an English noun's plural: the last word of a phrase is changed."""
    head, _, last = word.rpartition(" ")
    if _has_no_article(word):
        return word
    if last in _PLURALS:
        last = _PLURALS[last]
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last += "es"
    elif re.search(r"[^aeiou]y$", last):
        last = f"{last[:-1]}ies"
    else:
        last += "s"
    return f"{head} {last}".lstrip()


def counted(word: str, count: int) -> str:
    """Return ``"a bus"``, ``"an apple"``, ``"four people"``, ``"20 birds"``, ``"rain"``, ``"scissors"``."""
    if count == 1 and _has_no_article(word):
        return word
    if count == 1:
        return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
    return f"{_NUMBERS[count] if count < len(_NUMBERS) else count} {plural(word)}"


def _has_no_article(word: str) -> bool:
    """Whether a word is a mass or stands in the plural already."""
    last = word.rpartition(" ")[2].lower()
    return last in _MASSES or bool(re.search(r"[^aisu]s$", last))


def listed(items: Sequence[str]) -> str:
    """Return ``"a, b and c"``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def direction(azimuths_deg: Sequence[float]) -> str:
    """Return where one sound, or several of a kind, come from."""
    ways = {_direction(azimuth) for azimuth in azimuths_deg}
    if len(ways) == 1:
        return ways.pop()
    if any(abs(a) > 135.0 for a in azimuths_deg) and any(abs(a) < 45.0 for a in azimuths_deg):
        return "all around"
    left, right = max(azimuths_deg) > 8.0, min(azimuths_deg) < -8.0
    if left and right:
        return "on both sides"
    if max(abs(a) for a in azimuths_deg) > 45.0:
        return "on the left" if left else "on the right"
    return "ahead on the left" if left else "ahead on the right"


def _direction(azimuth_deg: float) -> str:
    size = abs(azimuth_deg)
    side = "on the left" if azimuth_deg > 0 else "on the right"
    if size <= 8.0:
        return "straight ahead"
    if size > 170.0:
        return "behind"
    return f"ahead {side}" if size <= 45.0 else side if size <= 135.0 else f"behind {side}"


def _reach(distances_m: Sequence[float]) -> str:
    nearest, farthest = min(distances_m), max(distances_m)
    return "close by" if farthest < 3.0 else "far off" if nearest > 40.0 else ""


def place_name(place: Place) -> str:
    """Return ``"A street at night"``, ``"An indoor market"``, ``"Mountains"``."""
    label = place.label.strip() or "place"
    name = _PLACES.get(label.lower()) or counted(label, 1)
    night = " at night" if place.night and "night" not in label.lower() else ""
    return f"{name[:1].upper()}{name[1:]}{night}"


def _group_names() -> frozenset[str]:
    """Return the words of the vocabulary that stand for many of another: ``crowd``, ``traffic``, ``flock of birds``."""
    concepts = load_vocabulary().concepts.items()
    return frozenset(c.group_as for name, c in concepts if c.group_as and c.group_as != name)


def is_group(detection: Detection) -> bool:
    """Whether the label names many things in one word already, so that its count is not said with it."""
    return detection.count > 1 and detection.label in _group_names()


def seen_name(detection: Detection) -> str:
    """Return a short name with the count: ``"bus"``, ``"4 × person"``, ``"crowd (12)"``."""
    if detection.count == 1:
        return detection.label
    many = is_group(detection)
    return f"{detection.label} ({detection.count})" if many else f"{detection.count} × {detection.label}"


@dataclass(frozen=True, slots=True)
class _Heard:
    """Sounds of one kind, said in one phrase."""

    label: str
    played: str
    count: int
    azimuths_deg: tuple[float, ...]
    distances_m: tuple[float, ...]
    wide: bool

    def phrase(self) -> str:
        name = counted(self.label, self.count)
        if self.played != self.label:
            name += f" (heard as {self.played})"
        if self.wide:
            return f"{name} all around"
        return " ".join(word for word in (name, _reach(self.distances_m), direction(self.azimuths_deg)) if word)


def summary(project: Project) -> str:
    """Return one sentence that says what is heard: ``"A street: a bus ahead on the left, …, over city traffic."``."""
    roles = {role.id: role for role in project.cast.roles}
    settings = {track.id: track for track in project.plan.tracks}
    seen = {detection.id: detection for detection in project.scene.detections}
    beds: list[str] = []
    things: dict[tuple[str, str], _Heard] = {}
    for part in project.arrangement.parts:
        role = roles.get(part.id)
        if role is None or not part.clips:
            continue
        if role.kind == "ambience":
            beds.append(role.played)
            continue
        azimuth = at_start(settings[part.id].azimuth_deg) if part.id in settings else part.position.azimuth_deg
        label = seen[part.id].label if part.id in seen else role.wanted
        count = seen[part.id].count if part.id in seen and not is_group(seen[part.id]) else 1
        before = things.get((label, role.played))
        things[label, role.played] = _Heard(
            label,
            role.played,
            count + (before.count if before else 0),
            ((*before.azimuths_deg, azimuth) if before else (azimuth,)),
            ((*before.distances_m, part.position.distance_m) if before else (part.position.distance_m,)),
            (at_start(settings[part.id].width) if part.id in settings else part.width) >= 0.9,
        )
    phrases = [heard.phrase() for heard in things.values()]
    if len(phrases) > _MOST_THINGS:
        phrases[_MOST_THINGS - 1 :] = [f"{len(phrases) - _MOST_THINGS + 1} more kinds of sound"]
    bed = listed(list(dict.fromkeys(beds)))
    name = place_name(project.scene.place)
    if not phrases:
        return f"{name}: {bed} all around." if bed else f"{name}, silent."
    return f"{name}: {listed(phrases)}{f', over {bed}' if bed else ''}."
