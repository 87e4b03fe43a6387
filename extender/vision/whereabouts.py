"""Where a photograph was taken, by its own metadata. Read only when a person asks for it, and kept nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_GPS_IFD = 0x8825
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4  # EXIF 2.32, table 15


def whereabouts(picture: Path) -> tuple[float, float] | None:
    """Return latitude (−90..90) and longitude (−180..180) in degrees; None where the picture does not tell."""
    from PIL import Image

    try:
        with Image.open(picture) as image:
            gps: Any = image.getexif().get_ifd(_GPS_IFD)
        latitude = _degrees(gps[_LATITUDE]) * (-1.0 if _points(gps[_LATITUDE_REF], "S") else 1.0)
        longitude = _degrees(gps[_LONGITUDE]) * (-1.0 if _points(gps[_LONGITUDE_REF], "W") else 1.0)
    except Exception:  # broken metadata must never cost the picture
        return None
    inside = math.isfinite(latitude) and abs(latitude) <= 90.0 and math.isfinite(longitude) and abs(longitude) <= 180.0
    return (latitude, longitude) if inside else None


def _degrees(parts: Sequence[Any]) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60.0 + seconds / 3600.0


def _points(written: Any, letter: str) -> bool:
    text = written.decode("ascii", "replace") if isinstance(written, bytes) else str(written)
    return text.strip("\0 ").upper() == letter
