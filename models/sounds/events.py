"""The fitted events: which recordings each kind is measured on, and how; :func:`fit` writes what ships."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from extender.sources.procedural.calls import CallFit
from extender.sources.procedural.calls_stored import FILE, packed
from extender.sources.procedural.struck import StruckFit
from models.sounds.events_calls import Voice, fitted
from models.sounds.events_modes import struck_alike
from models.sounds.events_takes import Cutting, Take, bouts, mono, takes
from models.sounds.split import Recording, recordings


@dataclass(frozen=True, slots=True)
class Calling:
    """A kind of call: labels of its recordings, how they are cut, how their voices are measured."""

    labels: tuple[str, ...]
    cutting: Cutting
    voice: Voice
    bout_gap_s: float = 1.5


@dataclass(frozen=True, slots=True)
class Striking:
    """A kind of struck thing: labels of its recordings, how they are cut, how long a strike is listened to.

    ``ringing`` times as long is the longest t60 that is believed; ``alternate``: tick and tock differ.
    """

    labels: tuple[str, ...]
    cutting: Cutting
    length_s: float
    ringing: float = 2.0
    alternate: bool = False
    least_strikes: int = 1


def _whole(longest_s: float = 3.0, gap_s: float = 0.35, below_db: float = 34.0) -> Cutting:
    """Return how a recording that is one take is cut."""
    return Cutting(0.08, longest_s, gap_s, below_db, 10.0, ends=True)


CALLS: Mapping[str, Calling] = MappingProxyType(
    {
        "dog": Calling(("dog bark",), Cutting(0.06, 0.5, 0.05), Voice(40, 180, 1_400)),
        "rooster": Calling(("rooster",), Cutting(0.8, 3.5, 0.3, 30.0), Voice(90, 250, 1_300)),
        "sneeze": Calling(("person sneeze",), Cutting(0.15, 2.0, 0.15, 30.0), Voice(64, 100, 700)),
        "baby": Calling(("baby cry",), Cutting(0.3, 2.5, 0.06), Voice(64, 220, 900), 2.5),
        "cow": Calling(("cow moo",), _whole(), Voice(80, 60, 400)),
        "sheep": Calling(("sheep baa", "lamb"), _whole(), Voice(80, 90, 700)),
        "goat": Calling(("goat bleat",), _whole(), Voice(64, 120, 900)),
        "gull": Calling(("seagull",), Cutting(0.08, 1.2, 0.04, 24.0, 10.0, ends=True), Voice(40, 350, 1_900)),
        "duck": Calling(("duck quack",), _whole(), Voice(40, 80, 500)),
        "elephant": Calling(("elephant trumpet",), _whole(), Voice(80, 150, 900)),
        "bear": Calling(("bear",), _whole(), Voice(80, 40, 250)),
        "big-cat": Calling(("lion bellow",), _whole(), Voice(80, 40, 300)),
        "whinny": Calling(("horse neigh",), _whole(), Voice(100, 200, 1_800)),
        "snort": Calling(("horse snort",), _whole(), Voice(80, 60, 60 * 6, voiced=False)),
        "pig": Calling(("pig squeal",), _whole(), Voice(80, 200, 2_000)),
        "pigeon": Calling(("pigeon",), _whole(), Voice(80, 150, 700)),
        "owl": Calling(("owl hoot",), _whole(gap_s=0.8), Voice(80, 180, 900)),
        "peacock": Calling(("peacock",), _whole(), Voice(80, 300, 1_800)),
        "penguin": Calling(("penguin",), _whole(), Voice(64, 100, 900)),
        "camel": Calling(("camel",), Cutting(0.3, 4.0, 0.2, 26.0, 8.0, ends=True), Voice(80, 50, 400)),
        "monkey": Calling(("monkey",), _whole(), Voice(80, 200, 1_800)),
        "seal": Calling(("sea lion",), _whole(), Voice(64, 80, 700)),
        "turkey": Calling(("turkey gobble",), _whole(), Voice(100, 250, 1_500)),
        "frog": Calling(("frog",), _whole(), Voice(100, 80, 900)),
        "wolf": Calling(("wolf howl",), _whole(5.0), Voice(90, 200, 1_200)),
        "squeak-toy": Calling(("toy squeak",), _whole(), Voice(64, 400, 3_000)),
        "horn": Calling(("vehicle horn",), _whole(), Voice(40, 100, 700)),
        "snake": Calling(("cobra",), _whole(), Voice(80, 100, 500, voiced=False)),
        "whoosh": Calling(("woosh",), _whole(1.0), Voice(48, 100, 1_000, voiced=False)),
        "gorilla": Calling(("gorilla grunt", "gorilla snarl"), Cutting(0.2, 1.6, 0.08), Voice(64, 50, 400)),
        "canary": Calling(("canary", "bird"), Cutting(0.03, 0.8, 0.02, 26.0, 12.0, ends=True), Voice(32, 1_200, 8_000)),
    }
)

STRUCK: Mapping[str, Striking] = MappingProxyType(
    {
        "clock": Striking(
            ("clock tick", "watch tick"), Cutting(0.004, 0.25, 0.04, 24.0, 13.0, 0.3), 0.3, 3.0, True, 4
        ),
        "door-close": Striking(("door close",), Cutting(0.02, 0.8, 0.25, 34.0, 8.0, 0.3, True), 0.5, 1.0),
        "door-open": Striking(("door open",), Cutting(0.005, 0.3, 0.03, 26.0, 8.0, 0.2, True), 0.3, 1.0),
    }
)  # fmt: skip


def fit(data: Path, output: Path | None, say: Callable[[str], None]) -> None:
    """Measure all kinds on the recordings that may be fitted, and write ``events.npz``.

    Parameters
    ----------
    data : Path
        Folder with ``manifest.csv``.
    output : Path, optional
        Folder of the file; where the package reads it if None.
    say : callable
        Told one line for each kind.

    Raises
    ------
    OSError, ValueError
        A recording is missing or has no take.
    """
    by_label: defaultdict[str, list[Recording]] = defaultdict(list)
    for recording in recordings(data):
        if recording.may_be_fitted:
            by_label[recording.label.lower()].append(recording)
    calls = {name: _call(name, kind, by_label, say) for name, kind in CALLS.items()}
    struck = {name: _struck(name, kind, by_label, say) for name, kind in STRUCK.items()}
    target = (output / FILE.name) if output else FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with part.open("wb") as file:
        arrays: dict[str, Any] = dict(packed(calls, struck))
        np.savez_compressed(file, **arrays)
    part.replace(target)
    say(f"{target}: {target.stat().st_size / 1e3:.0f} kB")


def sources(data: Path) -> dict[str, tuple[Recording, ...]]:
    """Return which recordings each kind is measured on."""
    every = [recording for recording in recordings(data) if recording.may_be_fitted]
    kinds: dict[str, Calling | Striking] = {**CALLS, **STRUCK}
    return {name: tuple(r for r in every if r.label.lower() in kind.labels) for name, kind in kinds.items()}


def cut(name: str, kind: Calling | Striking, by_label: Mapping[str, list[Recording]]) -> list[list[Take]]:
    """Return the takes of every recording of a kind. Raises ValueError where there is no recording."""
    found = [r for label in kind.labels for r in by_label.get(label, ())]
    if not found:
        raise ValueError(f"{name}: expected a free recording labelled {' or '.join(kind.labels)}, got none")
    return [takes(mono(recording), recording.file, kind.cutting) for recording in found]


def _call(name: str, kind: Calling, by_label: Mapping[str, list[Recording]], say: Callable[[str], None]) -> CallFit:
    every = cut(name, kind, by_label)
    counts, gaps = bouts([[take.onset_s for take in mine] for mine in every if mine], kind.bout_gap_s)
    found = [take for mine in every for take in mine]
    if not found:
        raise ValueError(f"{name}: expected at least one clean take, got none")
    made = fitted(found, kind.voice, gaps, counts)
    say(
        f"{name}: {len(every)} recordings, {made.who.size} takes of {int(made.who.max()) + 1} individuals, "
        f"{made.basis.shape[0]} components of {made.mean.size}"
    )
    return made


def _struck(
    name: str, kind: Striking, by_label: Mapping[str, list[Recording]], say: Callable[[str], None]
) -> StruckFit:
    every = [mine for mine in cut(name, kind, by_label) if len(mine) >= kind.least_strikes]
    if not every:
        raise ValueError(f"{name}: expected at least one clean strike, got none")
    say(f"{name}: {len(every)} recordings, {sum(map(len, every))} strikes")
    return StruckFit(tuple(struck_alike(mine, kind.length_s, kind.ringing, kind.alternate) for mine in every))
