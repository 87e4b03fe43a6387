"""MixPlan: every setting of every track, with the reason for it. Survives JSON; rendering follows it to the letter."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import ClassVar

from mixer.errors import MixerError
from mixer.types import STRICT, check


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
    """What the renderer does with one track.

    Parameters
    ----------
    id : str
        Of the track.
    gain_db : float
        Level, before the bus.
    placed : bool
        False = in the middle, dry, whatever its position.
    azimuth_deg : float
        Where it stands, + = left; paths of clips are turned by the difference to the track's own azimuth.
    distance_m : float
        For air absorption and the direct-to-reverberant ratio.
    width : float
        0..1, how far a bed is spread.
    reverb_db : float or None
        Level of the room's sound relative to the direct sound; None = dry.
    reason : str
        Why it is so, for people.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    gain_db: float
    placed: bool = True
    azimuth_deg: float = 0.0
    distance_m: float = 1.0
    width: float = 0.0
    reverb_db: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        check(-200.0 <= self.gain_db <= 120.0, "TrackSettings", "gain_db", "in -200..120", self.gain_db)
        check(-180.0 <= self.azimuth_deg <= 180.0, "TrackSettings", "azimuth_deg", "in -180..180", self.azimuth_deg)
        check(0.0 < self.distance_m < math.inf, "TrackSettings", "distance_m", "metres above 0", self.distance_m)
        check(0.0 <= self.width <= 1.0, "TrackSettings", "width", "in 0..1", self.width)
        if self.reverb_db is not None:
            check(-120.0 <= self.reverb_db <= 24.0, "TrackSettings", "reverb_db", "in -120..24", self.reverb_db)


@dataclass(frozen=True, slots=True)
class BusSettings:
    """What the renderer does with the sum.

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
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    gain_db: float = 0.0
    loudness_lufs: float = -20.0
    ceiling_dbtp: float = -1.0
    reason: str = ""

    def __post_init__(self) -> None:
        check(-200.0 <= self.gain_db <= 120.0, "BusSettings", "gain_db", "in -200..120", self.gain_db)
        check(-70.0 <= self.loudness_lufs <= 0.0, "BusSettings", "loudness_lufs", "in -70..0", self.loudness_lufs)
        check(-24.0 <= self.ceiling_dbtp <= 0.0, "BusSettings", "ceiling_dbtp", "in -24..0", self.ceiling_dbtp)


@dataclass(frozen=True, slots=True)
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
    spatialiser : str
        Name of the spatialiser, ``"stereo"``.
    sample_rate : int
        Hz.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    strategy: str
    duration_s: float
    tracks: tuple[TrackSettings, ...]
    bus: BusSettings = BusSettings()
    room: Room | None = None
    stage_half_deg: float = 45.0
    spatialiser: str = "stereo"
    sample_rate: int = 48_000

    def __post_init__(self) -> None:
        check(0.0 < self.duration_s < math.inf, "MixPlan", "duration_s", "seconds above 0", self.duration_s)
        check(1.0 <= self.stage_half_deg <= 180.0, "MixPlan", "stage_half_deg", "in 1..180", self.stage_half_deg)
        check(8_000 <= self.sample_rate <= 192_000, "MixPlan", "sample_rate", "8,000..192,000 Hz", self.sample_rate)
        ids = [t.id for t in self.tracks]
        check(len(set(ids)) == len(ids), "MixPlan", "tracks", "with unique ids", ids)

    def to_json(self) -> str:
        """Return the plan as JSON text; :meth:`from_json` gives the same plan back."""
        return json.dumps(asdict(self), indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> MixPlan:
        """Read a plan. Raises MixerError naming the first field that is unknown, missing, mistyped or out of range."""
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(cls).validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "plan"
            raise MixerError(f"{where}: {first['msg']}") from None
