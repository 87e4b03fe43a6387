"""What people answered in the listening test: read with distrust, un-blinded, and summed up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import extender
from extender.errors import InputError
from extender.evaluation.scenes import STRICT
from extender.evaluation.statistics import Mean, holm, nested_mean, sign_test
from extender.evaluation.trial import ATTRIBUTES, KEY_FORMAT, Blinded, Key
from extender.output.page import page_of, safe
from extender.output.report_words import minus

RESULTS_FORMAT = "extender-listening-results"
KEY_FILE = "listen-key.json"
MAX_BYTES = 5_000_000
_MOST_TRIALS, _MOST_NAME = 2_000, 200
_KEYS = tuple(key for key, _, _ in ATTRIBUTES)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial:
    """One pair that somebody judged: two numbers, which is better, 0..100 for each by attribute (None = not rated)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    a: str
    b: str
    preference: Literal["a", "b", "none"]
    ratings: dict[Literal["a", "b"], dict[str, float | None]]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Answers:
    """The file of one listener."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    format: str
    version: int
    test: str
    listener: str
    seed: int
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Preference:
    """Two systems, how often each was preferred, and what chance would do.

    Parameters
    ----------
    first, second : str
    wins, losses, ties : int
        Of the first.
    chance : float
        Probability of so uneven an outcome if nobody heard a difference; ties are left out.
    corrected : float
        The same, for as many pairs as were compared (Holm).
    """

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    chance: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Opinions:
    """What came out.

    Parameters
    ----------
    listeners, trials : int
    ratings : mapping of (str, str) to Mean
        By system and attribute, 0..100.
    preferences : tuple of Preference
    """

    listeners: int
    trials: int
    ratings: Mapping[tuple[str, str], Mean]
    preferences: tuple[Preference, ...]

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, best rated on the whole first."""
        names = dict.fromkeys(
            [name for name, _ in self.ratings] + [n for p in self.preferences for n in (p.first, p.second)]
        )

        def rated(name: str) -> float:
            mean = self.ratings.get((name, "overall"))
            return -mean.value if mean else 1.0

        return tuple(sorted(names, key=rated))


def opinion_score(rating: float) -> float:
    """Return a rating of 0..100 on the scale of opinion scores, 1 (bad) to 5 (excellent).

    >>> opinion_score(0.0), opinion_score(50.0), opinion_score(100.0)
    (1.0, 3.0, 5.0)
    """
    return 1.0 + rating / 25.0


def read_key(folder: Path) -> Key:
    """Read the key of an evaluation's listening test. Raises InputError where there is none that can be read."""
    path = folder / KEY_FILE
    if not path.is_file():
        raise InputError(f"{folder} holds no {KEY_FILE}: give the folder that `extender evaluate` has made")
    key = _read(path, Key)
    if key.format != KEY_FORMAT or key.version != 1:
        raise InputError(f"{path} is not the key of a listening test of this version")
    return key


def read_answers(path: Path, key: Key) -> Answers:
    """Read the file of one listener.

    Raises
    ------
    InputError
        One line that names the file and what is wrong: it is too large, no such file, belongs to another test, knows
        numbers that the key does not, pairs mixes of different scenes, or rates out of 0..100.
    """
    answers = _read(path, Answers)
    if answers.format != RESULTS_FORMAT or answers.version != 1:
        raise InputError(f"{path} does not hold the answers to a listening test of this version")
    if answers.test != key.test:
        raise InputError(f"{path} belongs to another test: {_short(answers.test)} instead of {key.test}")
    if len(answers.trials) > _MOST_TRIALS or len(answers.listener) > _MOST_NAME:
        raise InputError(f"{path} holds more than a listening test can: {len(answers.trials):,} trials")
    for number, trial in enumerate(answers.trials, 1):
        where = f"{path}: trial {number}"
        unknown = [name for name in (trial.a, trial.b) if name not in key.sounds]
        if unknown:
            raise InputError(f"{where}: {_short(unknown[0])} is none of the sounds of this test")
        first, second = key.sounds[trial.a], key.sounds[trial.b]
        if first.scene != second.scene or first.system == second.system:
            raise InputError(f"{where}: these two sounds are not compared in this test")
        for values in trial.ratings.values():
            for name, value in values.items():
                if name not in _KEYS or not (value is None or 0.0 <= value <= 100.0):
                    raise InputError(
                        f"{where}: ratings must be {', '.join(_KEYS)} in 0..100, got {_short(name)}: {value}"
                    )
    return answers


def _read(path: Path, kind: type[T]) -> T:
    from pydantic import TypeAdapter, ValidationError

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path} is too large for a listening test: {size:,} bytes")
        return TypeAdapter(kind).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(_short(part, quoted=False) for part in first["loc"]) or "file"
        raise InputError(f"{path}: {where}: {first['msg']}") from None


def _short(value: object, *, quoted: bool = True) -> str:
    """Return what came, on one line and no longer than is useful."""
    text = str(value)
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return repr(text) if quoted or not text.isprintable() else text


def opinions_of(answers: Sequence[Answers], key: Key, seed: int = 0) -> Opinions:
    """Sum up what listeners answered; of a listener's answers to the same pair the last counts."""
    judged: dict[tuple[str, int, frozenset[str]], Trial] = {}
    for each in answers:
        for trial in each.trials:
            judged[(each.listener, each.seed, frozenset((trial.a, trial.b)))] = trial
    by_listener: dict[tuple[str, str], dict[tuple[str, int], list[float]]] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    for (listener, own_seed, _), trial in judged.items():
        sides: dict[Literal["a", "b"], Blinded] = {"a": key.sounds[trial.a], "b": key.sounds[trial.b]}
        for side, blinded in sides.items():
            for name, value in trial.ratings.get(side, {}).items():
                if value is not None:
                    groups = by_listener.setdefault((blinded.system, name), {})
                    groups.setdefault((listener, own_seed), []).append(value)
        names = sorted(sides[side].system for side in sides)
        tally = counts.setdefault((names[0], names[1]), [0, 0, 0])
        preferred = None if trial.preference == "none" else sides[trial.preference].system
        tally[2 if preferred is None else names.index(preferred)] += 1
    ratings = {
        which: mean for which, groups in by_listener.items() if (mean := nested_mean(list(groups.values()), seed))
    }
    chances = [sign_test(wins, losses) for wins, losses, _ in counts.values()]
    preferences = [
        _preference(names, tally, chance, corrected)
        for (names, tally), chance, corrected in zip(counts.items(), chances, holm(chances), strict=True)
    ]
    preferences.sort(key=lambda p: (p.corrected, p.losses - p.wins, p.first))
    return Opinions(len({(who, own) for who, own, _ in judged}), len(judged), ratings, tuple(preferences))


def _preference(names: tuple[str, str], tally: Sequence[int], chance: float, corrected: float) -> Preference:
    """Return a pair, the one that was preferred more often coming first."""
    (first, second), (wins, losses, ties) = names, tally
    if losses > wins:
        first, second, wins, losses = second, first, losses, wins
    return Preference(first, second, wins, losses, ties, chance, corrected)


def as_json(found: Opinions) -> dict[str, Any]:
    """Return everything for JSON."""
    return {
        "listeners": found.listeners,
        "trials": found.trials,
        "ratings": {
            name: {key: asdict(mean) for key in _KEYS if (mean := found.ratings.get((name, key)))}
            for name in found.systems
        },
        "opinion_scores": {
            name: round(opinion_score(mean.value), 3)
            for name in found.systems
            if (mean := found.ratings.get((name, "overall")))
        },
        "preferences": [asdict(preference) for preference in found.preferences],
    }


def opinions_page(found: Opinions) -> str:
    """Return the page about what people answered: one closed file."""
    values: dict[str, Any] = {
        "generator": f"image-extender {extender.__version__}",
        "found": found,
        "attributes": ATTRIBUTES,
        "rows": [
            (name, [_cell(found.ratings.get((name, key))) for key in _KEYS], _score(found, name))
            for name in found.systems
        ],
        "drawing": safe(draw_ratings(found)),
        "preferences": [(p, told_chance(p.corrected)) for p in found.preferences],
    }
    return page_of("opinions.html.j2", values, more_style="evaluation.css", scripts=("evaluation.js",))


def _cell(mean: Mean | None) -> tuple[str, str]:
    if mean is None:
        return "–", ""
    return f"{mean.value:.0f}", f"{mean.low:.0f} to {mean.high:.0f}" if mean.count > 1 else ""


def _score(found: Opinions, name: str) -> tuple[str, str]:
    mean = found.ratings.get((name, "overall"))
    if mean is None:
        return "–", ""
    interval = f"{opinion_score(mean.low):.1f} to {opinion_score(mean.high):.1f}" if mean.count > 1 else ""
    return f"{opinion_score(mean.value):.1f}", interval


def told_chance(probability: float) -> str:
    """Return a probability for people.

    >>> told_chance(0.2), told_chance(0.00001)
    ('0.20', 'under 0.001')
    """
    return (
        "under 0.001" if probability < 0.001 else f"{probability:.2f}" if probability >= 0.1 else f"{probability:.3f}"
    )


def draw_ratings(found: Opinions) -> str:
    """Return the ratings of all systems by attribute, with their intervals."""
    from html import escape

    from extender.evaluation.drawings import NAMES, RIGHT, WIDTH, Axis, begin, look, mark

    axis, line = Axis(0.0, 100.0, NAMES, WIDTH - RIGHT), 15.0
    rows = [(key, name) for key in _KEYS for name in found.systems if (name, key) in found.ratings]
    gap = 14.0
    height = line * len(rows) + gap * len(_KEYS) + 40.0
    parts = [begin(height, "Ratings; the table says the same")]
    for tick, word in zip(range(0, 101, 20), ("", "bad", "poor", "fair", "good", "excellent"), strict=True):
        x = axis.at(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} 4V{height - 24:g}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 10:g}" text-anchor="middle">{tick}</text>')
        if word:
            parts.append(f'<text x="{axis.at(tick - 10):.1f}" y="{height - 10:g}" text-anchor="middle">{word}</text>')
    y, last = 4.0, ""
    for key, name in rows:
        y += line + (gap if key != last else 0.0)
        if key != last:
            title = next(title for k, title, _ in ATTRIBUTES if k == key)
            parts.append(f'<text class="said" x="4" y="{y + 3.5:.1f}">{title}</text>')
        last, mean = key, found.ratings[(name, key)]
        colour = look(name)[0]
        parts.append(f'<text x="{NAMES - 12:g}" y="{y + 3.5:.1f}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<path class="interval {colour}" d="M{axis.at(mean.low):.1f} {y:.1f}H{axis.at(mean.high):.1f}"/>')
        parts.append(mark(name, axis.at(mean.value), y, f"{name}, {key}: {minus(f'{mean.value:.0f}')}"))
    return "".join((*parts, "</svg>"))


def write_opinions(folder: Path, files: Sequence[Path], seed: int = 0) -> tuple[Opinions, tuple[Path, Path]]:
    """Read what listeners answered, and write ``opinions.json`` and ``opinions.html`` into the folder.

    Raises
    ------
    InputError, OutputError
    """
    from extender.output.workspace import whole_file

    key = read_key(folder)
    found = opinions_of([read_answers(path, key) for path in files], key, seed)
    if not found.trials:
        raise InputError("nobody has judged anything in these files")
    table, page = folder / "opinions.json", folder / "opinions.html"
    with whole_file(table, force=True) as first, whole_file(page, force=True) as second:
        first.write_text(json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        second.write_text(opinions_page(found), encoding="utf-8", newline="\n")
    return found, (table, page)
