"""project.json: everything of a render, to be read, edited by hand and rendered again.

What a person changes is kept, and what depends on it follows: the file remembers a digest of each automatic
setting and of what it was made from. A setting whose digest no longer fits was set by hand and stays; a setting whose
origin changed (another onset, another sound, another target) is worked out anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extender.errors import InputError
from extender.looping import played_s
from extender.types import Part, Project, Role, Search
from mixer.errors import MixerError
from mixer.locks import PARTS, Lock, parse_locks
from mixer.plan import MixPlan, TrackSettings

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 2
MAX_BYTES = 200_000_000


def _digest(value: object) -> str:
    """Return 16 hex digits that stand for a JSON value."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _frame(plan: MixPlan, search: Search, duration_s: float) -> object:
    """Return what every track's settings depend on beside the track itself."""
    room = asdict(plan.room) if plan.room else None
    asked = [] if search == Search() else [asdict(search)]  # older files know nothing of it
    return [room, plan.stage_half_deg, plan.layout, plan.sample_rate, plan.strategy, duration_s, *asked]


def _heard(part: Part, role: Role) -> list[object]:
    """Return what is heard of a track, and when, where and how loud."""
    return [asdict(part) | {"reason": ""}, [take.sha256 for take in role.takes]]


def digests(project: Project) -> dict[str, str]:
    """Return the digests that tell later what a person has changed.

    Keys ``from/ID`` (what a track is made from), ``heard/ID`` (that without what all tracks share), ``set/ID`` (all of
    its settings), ``gain/ID``, ``eq/ID``, ``compression/ID``, ``pan/ID`` (parts of them) and ``bus/gain_db``.
    """
    plan, duration_s = project.plan, project.arrangement.duration_s
    roles = {role.id: role for role in project.cast.roles}
    made: dict[str, str] = {}
    for part in project.arrangement.parts:
        heard = _heard(part, roles[part.id])
        made[f"from/{part.id}"] = _digest([*heard, _frame(plan, project.search, duration_s)])
        made[f"heard/{part.id}"] = _digest(heard)
    for settings in plan.tracks:
        made[f"set/{settings.id}"] = _digest(asdict(settings) | {"reason": ""})
        made |= {f"{name}/{settings.id}": _digest(values) for name, values in _in_parts(settings).items()}
    return made | {"bus/gain_db": _digest(plan.bus.gain_db)}


def _in_parts(settings: TrackSettings) -> dict[str, object]:
    """Return a track's settings in the parts that can be locked."""
    values = asdict(settings)
    keys = {
        "gain": ("gain_db", "fader_db"),
        "eq": ("filters", "linear_phase"),
        "compression": ("expander", "compressor", "ducks"),
        "pan": ("placed", "azimuth_deg", "distance_m", "width", "reverb_db"),
    }
    return {name: [values[key] for key in keys[name]] for name in PARTS}


def seal(project: Project) -> Project:
    """Return the project with the digests of its present state, ready to be written."""
    return replace(project, made=digests(project))


def changed_by_hand(project: Project) -> Mapping[str, str]:
    """Return what no longer fits the digests: key → the digest that it has now. Empty for an untouched project."""
    now = {key: value for key, value in digests(project).items() if key.startswith(("from/", "set/", "bus/"))}
    touched = {key: value for key, value in now.items() if project.made.get(key) != value}
    if project.plan.duration_s != played_s(project.arrangement):
        touched["duration_s"] = ""
    return touched


def kept_settings(project: Project) -> dict[str, TrackSettings]:
    """Return the track settings that must stay: set by hand, or made from what is still the same."""
    touched = changed_by_hand(project)
    return {
        t.id: t for t in project.plan.tracks if f"set/{t.id}" in touched or f"from/{t.id}" not in touched
    }  # fmt: skip


def set_by_hand(project: Project) -> tuple[str, ...]:
    """Return what a person has set, now or before, as locks: ``"bell:eq"``; of a track that sounds otherwise, no more.

    In files of an older release it is not known which part of a track's settings was changed: then it is all of them.
    """
    now = digests(project)
    marks: list[str] = []
    for settings in project.plan.tracks:
        name = settings.id
        same = now[f"heard/{name}"] == project.made.get(f"heard/{name}", now[f"heard/{name}"])
        marked = {mark for mark in project.by_hand if same and mark.rpartition(":")[0] == name}
        if now[f"set/{name}"] != project.made.get(f"set/{name}"):
            marked |= {
                f"{name}:{part}" for part in PARTS if now[f"{part}/{name}"] != project.made.get(f"{part}/{name}")
            }
        marks += [mark for mark in (f"{name}:{part}" for part in PARTS) if mark in marked]
    return tuple(marks)


def locks_of(project: Project) -> tuple[Lock, ...]:
    """Return all that must stay when the mix is made anew: what is locked, and what a person has set."""
    tracks = [settings.id for settings in project.plan.tracks]
    return parse_locks((*project.locks, *set_by_hand(project)), tracks)


def given_settings(project: Project) -> dict[str, TrackSettings]:
    """Return the settings of those tracks that sound as they did when these were made."""
    now, made = digests(project), project.made
    same = {
        t.id for t in project.plan.tracks if made.get(f"heard/{t.id}", now[f"heard/{t.id}"]) == now[f"heard/{t.id}"]
    }
    return {t.id: t for t in project.plan.tracks if t.id in same}


def to_json(project: Project) -> str:
    """Return the project as text for people: one key a line, short lists on one line each."""
    return json.dumps(asdict(project), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_project(path: Path) -> Project:
    """Read and check a project file.

    Raises
    ------
    InputError
        One line that names the field, what was expected and what came: unknown or missing keys, wrong types, NaN,
        values out of range, parts without a role, takes that are not there.
    """
    from pydantic import ValidationError

    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: not a project file")
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        project = _adapter().validate_json(_of_today(text), strict=True)
    except ValidationError as error:
        raise InputError(f"{path}: {_first(error.errors())}") from None
    _check_references(path, project)
    return project


@lru_cache
def _adapter() -> TypeAdapter[Project]:
    """Return what checks projects; it takes longer to make than to use."""
    from pydantic import TypeAdapter

    return TypeAdapter(Project)


def _of_today(text: bytes) -> bytes:
    """Bring a project of the first version up to date: what is now the plan's layout had another name."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    plan = data.get("plan") if isinstance(data, dict) and data.get("version") == 1 else None
    if not isinstance(plan, dict) or "spatialiser" not in plan:
        return text
    plan["layout"] = plan.pop("spatialiser")
    return json.dumps(data | {"version": VERSION}).encode()


UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")


def _first(errors: Sequence[Mapping[str, Any]]) -> str:
    """Say the most telling of several errors in one line: an unknown key explains a missing one."""
    error = next((e for e in errors if e["type"] in UNKNOWN_KEY), errors[0])
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] in UNKNOWN_KEY:
        return f"{where} is no known key; remove it or correct its name"
    came = str(error.get("input")).replace("\n", " ")[:60]
    return f"{where}: {error['msg'].removeprefix('Value error, ')}" + (f", got {came!r}" if came else "")


def _check_references(path: Path, project: Project) -> None:
    """Check what the types alone cannot: versions, ids that belong together, takes that exist."""
    if project.version != VERSION:
        raise InputError(f"{path}: version must be {VERSION}, got {project.version}; was it made by a newer release?")
    roles = {role.id: role for role in project.cast.roles}
    settings = {t.id for t in project.plan.tracks}
    for part in project.arrangement.parts:
        if part.id not in roles:
            raise InputError(f"{path}: arrangement part {part.id!r} has no role in the cast")
        if part.id not in settings:
            raise InputError(f"{path}: plan.tracks has no settings for part {part.id!r}")
        takes = len(roles[part.id].takes)
        for clip in part.clips:
            if clip.take >= takes:
                raise InputError(f"{path}: part {part.id!r} plays take {clip.take}, but has {takes} (counted from 0)")
    parts = {part.id for part in project.arrangement.parts}
    try:
        parse_locks((*project.locks, *project.by_hand), sorted(parts))
    except MixerError as error:
        raise InputError(f"{path}: {error}") from None
    if unknown := set(project.priorities) - parts:
        raise InputError(f"{path}: priorities.{min(unknown)} is no part; there are: {', '.join(sorted(parts))}")
    if extra := settings - parts:
        raise InputError(f"{path}: plan.tracks has settings for {sorted(extra)[0]!r}, which is no part")
    if len(parts) < len(project.arrangement.parts):
        raise InputError(f"{path}: two arrangement parts have the same id")
