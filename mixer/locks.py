"""What a person does not want to be changed: of which track, which part of its settings, and within which range.

``bell`` leaves a track alone; ``bell:gain``, ``bell:eq``, ``bell:compression``, ``bell:pan`` keep one part of it as it
is; ``bell:gain=-3..0``, ``bell:eq=-3..3``, ``bell:compression=1..2``, ``bell:pan=-30..10`` keep it within a range.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixer.curve import Curve, Setting, extremes
from mixer.errors import MixerError
from mixer.plan import TrackSettings
from mixer.processors import Compressor, Filter
from mixer.types import STRICT, check

Part = Literal["gain", "eq", "compression", "pan"]
PARTS: tuple[Part, ...] = ("gain", "eq", "compression", "pan")
"""What can be locked of a track."""
WHOLE = "all"
_CALLED = {"dynamics": "compression", "place": "pan", "level": "gain", "equaliser": "eq"}
"""Other words for the parts."""
_LEAST: dict[Part, float] = {"gain": -60.0, "eq": -36.0, "compression": 1.0, "pan": -180.0}
_MOST: dict[Part, float] = {"gain": 36.0, "eq": 36.0, "compression": 100.0, "pan": 180.0}
_UNIT: dict[Part, str] = {
    "gain": "dB from its level, e.g. bell:gain=-3..0",
    "eq": "dB around 0, e.g. bell:eq=-3..3",
    "compression": "a ratio from 1 on, e.g. bell:compression=1..2",
    "pan": "degrees, + = left, e.g. bell:pan=-30..10",
}
_HERTZ = np.geomspace(20.0, 20_000.0, 121)
"""Where the curve of an equaliser is looked at."""
_SLACK_DB = 0.01

F64 = NDArray[np.float64]
Range: TypeAlias = tuple[float, float]
KEPT: Literal["kept"] = "kept"
Limit: TypeAlias = Range | Literal["kept"] | None
"""A range, as it is, or free."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One thing that must stay.

    Parameters
    ----------
    track : str
        Its id, or a pattern of ids (``bird-*``).
    part : str
        ``"gain"``: its level, and the fader. ``"eq"``: its filters. ``"compression"``: compressor, expander, ducking.
        ``"pan"``: where it stands. ``"all"``: everything of it.
    low, high : float or None
        None = kept as it is. Of ``"gain"`` dB from the level that the level lock gives it; of ``"eq"`` dB, in which the
        curve of all its filters together stays, 0 among them; of ``"compression"`` the ratio, from 1 on, with neither
        expander nor ducking; of ``"pan"`` azimuth in degrees, + = left.

    Examples
    --------
    >>> str(parse_lock("bell:pan=-30..10")), str(Lock("bell"))
    ('bell:pan=-30..10', 'bell')
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    track: str
    part: Literal["gain", "eq", "compression", "pan", "all"] = "all"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        check(bool(self.track), "Lock", "track", "the id of a track", self.track)
        check(self.part in (*PARTS, WHOLE), "Lock", "part", f"one of {', '.join((*PARTS, WHOLE))}", self.part)
        if self.low is None or self.high is None:
            check(self.low is self.high, "Lock", "low, high", "both given or none", (self.low, self.high))
            return
        if self.part == "all":
            raise MixerError(f"Lock {self.track!r}: only a part of a track can have a range, got {self.low, self.high}")
        least, most = _LEAST[self.part], _MOST[self.part]
        ok = least <= self.low <= self.high <= most
        check(ok, "Lock", f"{self.part} range", f"in {least:g}..{most:g}, low first", (self.low, self.high))
        if self.part == "eq":
            check(self.low <= 0.0 <= self.high, "Lock", "eq range", "around 0 dB", (self.low, self.high))
        if self.part == "compression":
            check(self.low == 1.0, "Lock", "compression range", "from 1 on", (self.low, self.high))

    def __str__(self) -> str:
        text = self.track if self.part == "all" else f"{self.track}:{self.part}"
        if self.low is None or self.high is None:
            return text
        one = self.low == self.high and self.part in ("gain", "pan")
        return f"{text}={self.low:g}" if one else f"{text}={self.low:g}..{self.high:g}"

    def holds(self, track: str) -> bool:
        """Tell whether it is about a track."""
        return track == self.track or fnmatchcase(track, self.track)


def parse_lock(text: str) -> Lock:
    """Read a lock as people write it: ``TRACK``, ``TRACK:PART``, ``TRACK:PART=LOW..HIGH``, ``TRACK:PART=VALUE``.

    Raises
    ------
    MixerError
        It is not written so, or a value is out of range.
    """
    name, equals, value = text.strip().partition("=")
    track, colon, part = (word.strip() for word in name.rpartition(":"))
    if not colon:
        track, part = part, WHOLE
    part = _CALLED.get(part, part)
    if not track or part not in (*PARTS, WHOLE):
        wanted = "TRACK, TRACK:PART or TRACK:PART=LOW..HIGH with a part of gain, eq, compression, pan"
        raise MixerError(f"a lock is written as {wanted}; got {text!r}")
    if not equals:
        return Lock(track, part)  # type: ignore[arg-type]  # checked above
    if part == WHOLE:
        raise MixerError(f"a range needs a part, e.g. {track}:gain=-3..0; got {text!r}")
    low, dots, high = value.partition("..")
    try:
        if not dots and part not in ("gain", "pan"):
            raise ValueError
        numbers = float(low), float(high if dots else low)
        return Lock(track, part, *numbers)  # type: ignore[arg-type]  # checked above
    except ValueError as error:
        why = f" ({error})" if isinstance(error, MixerError) else ""
        raise MixerError(f"a range of {part} is {_UNIT[part]}; got {text!r}{why}") from None  # type: ignore[index]


def parse_locks(texts: Iterable[str | Lock], tracks: Sequence[str]) -> tuple[Lock, ...]:
    """Read locks, and make sure that each is about a track, and that none leaves another no room.

    Raises
    ------
    MixerError
        As of :func:`parse_lock`; or there is no such track: the message lists those there are.
    """
    locks = tuple(dict.fromkeys(parse_lock(text) if isinstance(text, str) else text for text in texts))
    for lock in locks:
        if not any(lock.holds(track) for track in tracks):
            raise MixerError(f"lock {str(lock)!r}: no such track; there are: {', '.join(tracks)}")
    for track in tracks:
        Limits.of(locks, track)
    return locks


@dataclass(frozen=True, slots=True)
class Limits:
    """What all locks together leave of one track.

    Parameters
    ----------
    gain, eq, compression, pan : pair of float, "kept", or None
        A range, as it is, or free.
    """

    gain: Limit = None
    eq: Limit = None
    compression: Limit = None
    pan: Limit = None

    @classmethod
    def of(cls, locks: Iterable[Lock], track: str) -> Limits:
        """Bring together the locks of a track. Raises MixerError where two ranges have nothing in common."""
        found: dict[str, Limit] = {}
        for lock in locks:
            if not lock.holds(track):
                continue
            for part in PARTS if lock.part == WHOLE else (lock.part,):
                found[part] = _both(found.get(part), lock, part, track)
        return cls(**found)

    @property
    def free(self) -> bool:
        """Tell whether nothing is locked."""
        return self == Limits()

    @property
    def whole(self) -> bool:
        """Tell whether everything is kept."""
        return all(getattr(self, part) == KEPT for part in PARTS)


def _both(known: Limit, lock: Lock, part: str, track: str) -> Limit:
    if lock.low is None or lock.high is None or known == KEPT:
        return KEPT
    if known is None:
        return lock.low, lock.high
    low, high = max(known[0], lock.low), min(known[1], lock.high)
    if low > high:
        raise MixerError(f"two locks of {track}:{part} have nothing in common: {known[0]:g}..{known[1]:g} and {lock}")
    return low, high


def within(settings: TrackSettings, limits: Limits, start: TrackSettings, sample_rate: int) -> TrackSettings:
    """Return settings as far as locks allow them; ``gain_db`` is the level lock's, and is left as it is.

    Parameters
    ----------
    settings : TrackSettings
    limits : Limits
    start : TrackSettings
        What is kept where something is kept.
    sample_rate : int
        Hz; of the filters.

    Returns
    -------
    TrackSettings
        The same object where nothing had to be changed.
    """
    if limits.free:
        return settings
    new = settings
    if limits.gain == KEPT:
        new = replace(new, fader_db=start.fader_db)
    elif limits.gain is not None:
        new = replace(new, fader_db=_clipped(new.fader_db, *limits.gain, still=True))
    if limits.eq == KEPT:
        new = replace(new, filters=start.filters, linear_phase=start.linear_phase)
    elif limits.eq is not None:
        new = replace(new, filters=tamed(new.filters, *limits.eq, sample_rate))
    if limits.compression == KEPT:
        new = replace(new, expander=start.expander, compressor=start.compressor, ducks=start.ducks)
    elif limits.compression is not None:
        new = replace(new, expander=None, compressor=_eased(new.compressor, limits.compression[1]), ducks=())
    if limits.pan == KEPT:
        new = replace(
            new, placed=start.placed, azimuth_deg=start.azimuth_deg, distance_m=start.distance_m,
            width=start.width, reverb_db=start.reverb_db,
        )  # fmt: skip
    elif limits.pan is not None:
        new = _turned(new, limits.pan, start)
    return settings if new == settings else new


def nearest(value: float, bounds: Range) -> float:
    """Return what lies in a range and is nearest to a value."""
    return min(max(value, bounds[0]), bounds[1])


def _clipped(setting: Setting, low: float, high: float, *, still: bool) -> Setting:
    """Return a setting within a range; with ``still``, what does not move is nothing: its part is the level's."""
    if isinstance(setting, Curve):
        return Curve(setting.times_s, tuple(nearest(value, (low, high)) for value in setting.values))
    return 0.0 if still else nearest(setting, (low, high))


def _eased(compressor: Compressor | None, most: float) -> Compressor | None:
    if compressor is None or extremes(compressor.ratio)[1] <= most:
        return compressor
    if most <= 1.0:
        return None
    ratio = _clipped(compressor.ratio, 1.0, most, still=False)
    return replace(compressor, ratio=ratio, reason=f"held to {most:g}:1 by a lock")


def _turned(settings: TrackSettings, bounds: Range, start: TrackSettings) -> TrackSettings:
    """Return settings whose azimuth is in a range; what stands nowhere is given its place where that is not allowed."""
    if not settings.placed:
        if bounds[0] <= 0.0 <= bounds[1]:
            return settings
        settings = replace(
            start, gain_db=settings.gain_db, fader_db=settings.fader_db, expander=settings.expander,
            filters=settings.filters, linear_phase=settings.linear_phase, compressor=settings.compressor,
            ducks=settings.ducks,
        )  # fmt: skip
    if isinstance(settings.azimuth_deg, Curve):
        curve = settings.azimuth_deg
        turned: Setting = Curve(curve.times_s, tuple(nearest_azimuth(value, bounds) for value in curve.values))
    else:
        turned = nearest_azimuth(settings.azimuth_deg, bounds)
    return replace(settings, azimuth_deg=turned)


def nearest_azimuth(azimuth_deg: float, bounds: Range) -> float:
    """Return the azimuth within bounds that is nearest, the shorter way round.

    Examples
    --------
    >>> nearest_azimuth(-170.0, (90.0, 180.0)), nearest_azimuth(40.0, (-30.0, 10.0))
    (180.0, 10.0)
    """
    if bounds[0] <= azimuth_deg <= bounds[1]:
        return azimuth_deg
    return min(bounds, key=lambda edge: abs(math.remainder(edge - azimuth_deg, 360.0)))


def curve_db(filters: Sequence[Filter], sample_rate: int) -> tuple[float, float]:
    """Return the lowest and highest gain of filters together at any frequency, as far as they ever go, dB."""
    low, high = _extent_db(filters, sample_rate)
    return float(low.min()), float(high.max())


def tamed(filters: tuple[Filter, ...], low_db: float, high_db: float, sample_rate: int) -> tuple[Filter, ...]:
    """Return filters whose curve all together stays in a range around 0 dB: all gains are made smaller alike.

    Those that only let pass what is above or below are left out where nothing may be cut so far.
    """
    low, high = curve_db(filters, sample_rate)
    if low_db - _SLACK_DB <= low and high <= high_db + _SLACK_DB:
        return filters
    shaping = tuple(section for section in filters if section.kind not in ("low_cut", "high_cut"))

    def scaled(share: float) -> tuple[Filter, ...]:
        return tuple(_weaker(section, share) for section in shaping) if share > 0.0 else ()

    low, high = curve_db(shaping, sample_rate)
    if low_db - _SLACK_DB <= low and high <= high_db + _SLACK_DB:
        return shaping
    good, bad = 0.0, 1.0
    for _ in range(12):
        middle = (good + bad) / 2.0
        low, high = curve_db(scaled(middle), sample_rate)
        good, bad = (middle, bad) if low_db <= low and high <= high_db else (good, middle)
    return scaled(good)


def _weaker(section: Filter, share: float) -> Filter:
    gain = section.gain_db
    if isinstance(gain, Curve):
        new: Setting = Curve(gain.times_s, tuple(share * value for value in gain.values))
    else:
        new = math.copysign(math.floor(abs(share * gain) * 1_000.0) / 1_000.0, gain)
    return replace(section, gain_db=new, reason="made weaker by a lock")


def _extent_db(filters: Sequence[Filter], sample_rate: int) -> tuple[F64, F64]:
    """Return the sums of the least and of the most that each filter does at some frequencies."""
    from mixer.bands import filter_power

    low, high = np.zeros(len(_HERTZ)), np.zeros(len(_HERTZ))
    for section in filters:
        curves = [
            setting for setting in (section.gain_db, section.frequency_hz, section.q) if isinstance(setting, Curve)
        ]
        times = np.unique(np.concatenate([curve.times_s for curve in curves])) if curves else np.zeros(1)
        response = 10.0 * np.log10(np.maximum(filter_power(section, _HERTZ, sample_rate, times), 1e-12))
        low += response.min(axis=1)
        high += response.max(axis=1)
    return low, high
