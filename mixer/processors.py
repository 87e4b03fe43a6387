"""What may be done to a track before it is placed: filters and dynamics, as settings in their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from mixer.curve import Setting, check_setting
from mixer.types import STRICT, check

FilterKind = Literal["peak", "low_shelf", "high_shelf", "low_cut", "high_cut"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One second-order section of an equaliser.

    Parameters
    ----------
    kind : str
        ``"peak"``, ``"low_shelf"``, ``"high_shelf"``, ``"low_cut"`` or ``"high_cut"``.
    frequency_hz : float or Curve
        Centre or corner, 10..96,000; what lies above 0.49 of the mix's rate is brought down to it.
    gain_db : float or Curve
        −36..36; cuts have none.
    q : float or Curve
        0.1..30.
    reason : str
        Why it is there, for people.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    kind: FilterKind
    frequency_hz: Setting
    gain_db: Setting = 0.0
    q: Setting = 0.7071
    reason: str = ""

    def __post_init__(self) -> None:
        kinds = ("peak", "low_shelf", "high_shelf", "low_cut", "high_cut")
        check(self.kind in kinds, "Filter", "kind", f"one of {', '.join(kinds)}", self.kind)
        check_setting(self.frequency_hz, "Filter", "frequency_hz", 10.0, 96_000.0)
        check_setting(self.gain_db, "Filter", "gain_db", -36.0, 36.0)
        check_setting(self.q, "Filter", "q", 0.1, 30.0)


@dataclass(frozen=True, slots=True)
class Compressor:
    """Feed-forward compressor with a soft knee and a branching, smoothed peak detector.

    D. Giannoulis, M. Massberg, J. D. Reiss, "Digital dynamic range compressor design", JAES 60(6), 2012.

    Parameters
    ----------
    threshold_db : float or Curve
        dB re full scale of the track as recorded (``gain_db`` comes later), −100..0.
    ratio : float or Curve
        1..100.
    knee_db : float
        Width of the knee, 0..48.
    attack_s, release_s : float
        Time constants, 0.0001..1 and 0.001..10.
    lookahead_s : float
        How long before a peak it begins to act, 0..0.1; nothing is delayed.
    makeup_db : float or Curve
        −36..36.
    reason : str
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    threshold_db: Setting
    ratio: Setting
    knee_db: float = 6.0
    attack_s: float = 0.01
    release_s: float = 0.15
    lookahead_s: float = 0.0
    makeup_db: Setting = 0.0
    reason: str = ""

    def __post_init__(self) -> None:
        check_setting(self.threshold_db, "Compressor", "threshold_db", -100.0, 0.0)
        check_setting(self.ratio, "Compressor", "ratio", 1.0, 100.0)
        check_setting(self.makeup_db, "Compressor", "makeup_db", -36.0, 36.0)
        _check_times("Compressor", self.knee_db, self.attack_s, self.release_s, self.lookahead_s)


@dataclass(frozen=True, slots=True)
class Expander:
    """Downward expander for noisy recordings; with a high ratio, a gate.

    Parameters
    ----------
    threshold_db : float or Curve
        dB re full scale of the track as recorded, −100..0. Below it the level falls by ``ratio`` dB for each dB.
    ratio : float or Curve
        1..100.
    range_db : float
        The most that is taken away, 0..120.
    knee_db : float
    attack_s, release_s : float
        How quickly it opens, and how quickly it closes after ``hold_s``.
    hold_s : float
        How long it stays open when the level has fallen, 0..5.
    lookahead_s : float
    reason : str
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    threshold_db: Setting
    ratio: Setting = 2.0
    range_db: float = 24.0
    knee_db: float = 6.0
    attack_s: float = 0.002
    release_s: float = 0.1
    hold_s: float = 0.05
    lookahead_s: float = 0.0
    reason: str = ""

    def __post_init__(self) -> None:
        check_setting(self.threshold_db, "Expander", "threshold_db", -100.0, 0.0)
        check_setting(self.ratio, "Expander", "ratio", 1.0, 100.0)
        check(0.0 <= self.range_db <= 120.0, "Expander", "range_db", "in 0..120", self.range_db)
        check(0.0 <= self.hold_s <= 5.0, "Expander", "hold_s", "in 0..5", self.hold_s)
        _check_times("Expander", self.knee_db, self.attack_s, self.release_s, self.lookahead_s)


@dataclass(frozen=True, slots=True)
class Duck:
    """Lowers a track, or one band of it, while another one sounds.

    Parameters
    ----------
    by : str
        Id of the other track; its sound as recorded and scheduled is the key.
    depth_db : float or Curve
        How far it is lowered while the key is over its threshold, 0..36.
    threshold_db : float
        dB re full scale of the key as recorded, −100..0.
    knee_db : float
        Over which the depth is reached, 0..48.
    frequency_hz : float or None
        None = the whole track; else the centre of the band that is lowered.
    q : float
        Of the band.
    attack_s, release_s, lookahead_s : float
    reason : str
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    by: str
    depth_db: Setting
    threshold_db: float
    knee_db: float = 6.0
    frequency_hz: float | None = None
    q: float = 0.7071
    attack_s: float = 0.03
    release_s: float = 0.4
    lookahead_s: float = 0.03
    reason: str = ""

    def __post_init__(self) -> None:
        check(bool(self.by), "Duck", "by", "the id of a track", self.by)
        check_setting(self.depth_db, "Duck", "depth_db", 0.0, 36.0)
        check(-100.0 <= self.threshold_db <= 0.0, "Duck", "threshold_db", "in -100..0", self.threshold_db)
        if self.frequency_hz is not None:
            check(10.0 <= self.frequency_hz <= 96_000.0, "Duck", "frequency_hz", "in 10..96,000", self.frequency_hz)
        check(0.1 <= self.q <= 30.0, "Duck", "q", "in 0.1..30", self.q)
        _check_times("Duck", self.knee_db, self.attack_s, self.release_s, self.lookahead_s)


def _check_times(owner: str, knee_db: float, attack_s: float, release_s: float, lookahead_s: float) -> None:
    check(0.0 <= knee_db <= 48.0, owner, "knee_db", "in 0..48", knee_db)
    check(1e-4 <= attack_s <= 1.0, owner, "attack_s", "in 0.0001..1 s", attack_s)
    check(1e-3 <= release_s <= 10.0, owner, "release_s", "in 0.001..10 s", release_s)
    check(0.0 <= lookahead_s <= 0.1, owner, "lookahead_s", "in 0..0.1 s", lookahead_s)
