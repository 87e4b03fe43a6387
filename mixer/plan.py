"""MixPlan: every setting of every track, with the reason for it. Survives JSON; rendering follows it to the letter."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, ClassVar

from mixer.curve import Setting, at_start, check_setting, extremes
from mixer.errors import MixerError
from mixer.processors import Compressor, Duck, Expander, Filter
from mixer.types import STRICT, check

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table for a notebook; whatever is in it, it is text.

    >>> html_table(("a", "b"), [("<", "2")])
    '<table><tr><th>a</th><th>b</th></tr><tr><td>&lt;</td><td>2</td></tr></table>'
    """
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>{body}</table>"


@dataclass(frozen=True, slots=True)
class Room:
    """The one room that all tracks share.

    Parameters
    ----------
    size_m : float
        Mean distance between its surfaces, 0.5..500 m.
    damping : float
        0 = hard walls, 1 = open air (no reverberation at all).
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    size_m: float
    damping: float

    def __post_init__(self) -> None:
        check(0.5 <= self.size_m <= 500.0, "Room", "size_m", "in 0.5..500", self.size_m)
        check(0.0 <= self.damping <= 1.0, "Room", "damping", "in 0..1", self.damping)


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """What the renderer does with one track, in this order: expander, filters, compressor, ducking, place, gain.

    Parameters
    ----------
    id : str
        Of the track.
    gain_db : float
        Level, before the bus.
    placed : bool
        False = in the middle, dry, whatever its position.
    azimuth_deg : float or Curve
        Where it stands, + = left; paths of clips are turned by the difference to the track's own azimuth.
    distance_m : float or Curve
        For air absorption and the direct-to-reverberant ratio; where it changes, also for the level, 1/distance from
        its first value on.
    width : float or Curve
        0..1, how far a bed is spread.
    reverb_db : float, Curve or None
        Level of the room's sound relative to the direct sound; None = dry.
    fader_db : float or Curve
        Added to ``gain_db``, −200..36: what moves while ``gain_db`` keeps the track's loudness.
    expander : Expander or None
    filters : tuple of Filter
        In cascade.
    linear_phase : bool
        The filters that do not change over time keep the phase; False = they have no latency and minimum phase.
    compressor : Compressor or None
    ducks : tuple of Duck
    reason : str
        Why it is so, for people.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    gain_db: float
    placed: bool = True
    azimuth_deg: Setting = 0.0
    distance_m: Setting = 1.0
    width: Setting = 0.0
    reverb_db: Setting | None = None
    reason: str = ""
    fader_db: Setting = 0.0
    expander: Expander | None = None
    filters: tuple[Filter, ...] = ()
    linear_phase: bool = False
    compressor: Compressor | None = None
    ducks: tuple[Duck, ...] = ()

    def __post_init__(self) -> None:
        check(-200.0 <= self.gain_db <= 120.0, "TrackSettings", "gain_db", "in -200..120", self.gain_db)
        check_setting(self.azimuth_deg, "TrackSettings", "azimuth_deg", -180.0, 180.0)
        check(extremes(self.distance_m)[0] > 0.0, "TrackSettings", "distance_m", "metres above 0", self.distance_m)
        check(extremes(self.distance_m)[1] < math.inf, "TrackSettings", "distance_m", "finite", self.distance_m)
        check_setting(self.width, "TrackSettings", "width", 0.0, 1.0)
        check_setting(self.fader_db, "TrackSettings", "fader_db", -200.0, 36.0)
        if self.reverb_db is not None:
            check_setting(self.reverb_db, "TrackSettings", "reverb_db", -120.0, 24.0)


@dataclass(frozen=True, slots=True)
class BusSettings:
    """What the renderer does with the sum: filters, gain and fader, limiter.

    Parameters
    ----------
    gain_db : float
        Before the limiter; chosen so that the mix reaches ``loudness_lufs`` after it.
    loudness_lufs : float
        Target of the mix, −70..0 LUFS (ITU-R BS.1770).
    ceiling_dbtp : float
        True-peak ceiling, −24..0 dBTP.
    reason : str
        Why the gain is so, for people; says when the ceiling keeps the mix from its target.
    filters : tuple of Filter
        Before the gain.
    fader_db : float or Curve
        Added to ``gain_db``, −200..36.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    gain_db: float = 0.0
    loudness_lufs: float = -20.0
    ceiling_dbtp: float = -1.0
    reason: str = ""
    filters: tuple[Filter, ...] = ()
    fader_db: Setting = 0.0

    def __post_init__(self) -> None:
        check_setting(self.fader_db, "BusSettings", "fader_db", -200.0, 36.0)
        check(-200.0 <= self.gain_db <= 120.0, "BusSettings", "gain_db", "in -200..120", self.gain_db)
        check(-70.0 <= self.loudness_lufs <= 0.0, "BusSettings", "loudness_lufs", "in -70..0", self.loudness_lufs)
        check(-24.0 <= self.ceiling_dbtp <= 0.0, "BusSettings", "ceiling_dbtp", "in -24..0", self.ceiling_dbtp)


@dataclass(frozen=True, slots=True, repr=False)
class MixPlan:
    """All settings of a mix.

    Parameters
    ----------
    strategy : str
        Who made it.
    duration_s : float
        Length of the mix, > 0.
    tracks : tuple of TrackSettings
        One for each track, in the order of the tracks.
    bus : BusSettings
    room : Room or None
        None = no room.
    stage_half_deg : float
        The azimuth that is heard from one loudspeaker alone, 1..180.
    layout : str
        Name of the spatialiser, ``"stereo"``.
    sample_rate : int
        Hz.

    Examples
    --------
    >>> plan = MixPlan("by hand", 10.0, (TrackSettings("bell", -6.0, azimuth_deg=20.0),))
    >>> plan
    MixPlan('by hand', 1 track, 10 s, stereo, 48,000 Hz, bus +0.0 dB)
    >>> MixPlan.from_json(plan.to_json()) == plan
    True
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    strategy: str
    duration_s: float
    tracks: tuple[TrackSettings, ...]
    bus: BusSettings = BusSettings()
    room: Room | None = None
    stage_half_deg: float = 45.0
    layout: str = "stereo"
    sample_rate: int = 48_000

    def __post_init__(self) -> None:
        check(0.0 < self.duration_s < math.inf, "MixPlan", "duration_s", "seconds above 0", self.duration_s)
        check(1.0 <= self.stage_half_deg <= 180.0, "MixPlan", "stage_half_deg", "in 1..180", self.stage_half_deg)
        check(8_000 <= self.sample_rate <= 192_000, "MixPlan", "sample_rate", "8,000..192,000 Hz", self.sample_rate)
        ids = [t.id for t in self.tracks]
        check(len(set(ids)) == len(ids), "MixPlan", "tracks", "with unique ids", ids)
        for settings in self.tracks:
            for duck in settings.ducks:
                check(duck.by in ids and duck.by != settings.id, "Duck", "by", f"another one of {ids}", duck.by)

    def __repr__(self) -> str:
        count = f"{len(self.tracks)} track{'' if len(self.tracks) == 1 else 's'}"
        told = (
            f"{count}, {self.duration_s:.4g} s, {self.layout}, {self.sample_rate:,} Hz, bus {self.bus.gain_db:+.1f} dB"
        )
        return f"MixPlan({self.strategy!r}, {told})"

    def _repr_html_(self) -> str:
        rows = [
            (t.id, f"{t.gain_db:+.1f}", f"{at_start(t.azimuth_deg):+.0f}°" if t.placed else "middle",
             str(len(t.filters)), t.reason)
            for t in self.tracks
        ]  # fmt: skip
        head = ("track", "gain, dB", "azimuth", "filters", "reason")
        return f"<p>{escape(repr(self))}</p>{html_table(head, rows)}<p>{escape(self.bus.reason)}</p>"

    def to_json(self) -> str:
        """Return the plan as JSON text; :meth:`from_json` gives the same plan back."""
        return json.dumps(asdict(self), indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> MixPlan:
        """Read a plan. Raises MixerError naming the first field that is unknown, missing, mistyped or out of range."""
        from pydantic import ValidationError

        try:
            return _adapter().validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "plan"
            raise MixerError(f"{where}: {first['msg']}") from None


@lru_cache
def _adapter() -> TypeAdapter[MixPlan]:
    """Return what checks plans; it takes longer to make than to use."""
    from pydantic import TypeAdapter

    return TypeAdapter(MixPlan)
