"""Colour and light of a picture: shares and degrees that anyone can check, each 0..1.

The picture is shrunk to 48×36 cells; luma Y is ITU-R BT.601's, saturation S is HSV's. A cell is *smooth* where Y
differs by less than 0.06 from the cells above and to the left, together.

    sky       upper third: smooth, and either blue (B > 1.03·R), Y > 0.35, or nearly colourless (S < 0.15), Y > 0.6
    greenery  green above red and blue, S > 0.15
    water     lower two thirds: smooth, blue (B > 1.08·R), neither black nor bright (0.12 < Y < 0.68)
    sand      lower third: smooth, yellowish (R ≥ G > B), 0.08 < S < 0.55, Y > 0.45
    snow      lower half: nearly white, Y > 0.75, S < 0.12
    night     how far the share of dark cells (Y < 0.15) lies between 0.45 and 0.75, less where there is sky
    dusk      share of the upper half that is smooth and either coloured as daylight is only when the sun is near the
              horizon (R > 1.15·B with S > 0.2, or red and blue both above green by 6 %; 0.08 < Y < 0.75), or over 1.5
              times as bright as the lower half (Y > 0.2); times how far the lower half's mean Y is below 0.42 (all from
              0.2 on): the sky is light still, the ground no more
    fog       how far the dark channel, the least of R, G and B in 3×3 cells, lies above what there is without haze:
              He, Sun & Tang (CVPR 2009, section 3) find it below 0.1 in 86 % of pixels that show no sky. Mean of the
              lower two thirds between 0.2 and 0.4, times how little saturation there is (none left at a mean of 0.3),
              times how smooth they are
    indoor    0.65 + 0.5·(share of warm cells, R > G > B, − 0.2) − 1.2·sky − 1.5·greenery − 0.3·(water + night),
              kept within 0..1

Warmth and blueness stand for the colour temperature of daylight (Judd, MacAdam & Wyszecki 1964: 5,000–10,000 K by day,
redder only near the horizon) against that of lamps (2,700–3,500 K).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from extender.vision.base import Pixels
from extender.vision.importance import LUMA

COLUMNS, ROWS = 48, 36
NOTHING = {
    **dict.fromkeys(("sky", "greenery", "water", "sand", "snow", "night", "dusk", "fog"), 0.0),
    "indoor": 0.5,
}
"""The tags where there is no picture."""

_SMOOTH = 0.06


def light_of(pixels: Pixels) -> dict[str, float]:
    """Return the tags of a picture, each 0..1, as defined at the top of this file."""
    cells = _cells(pixels)
    red, green, blue = cells[..., 0], cells[..., 1], cells[..., 2]
    luma = cells @ LUMA
    highest, lowest = cells.max(axis=2), cells.min(axis=2)
    saturation = (highest - lowest) / np.maximum(highest, 1e-6)
    smooth = _change(luma) < _SMOOTH
    half, third = ROWS // 2, ROWS // 3

    sky = smooth & (
        ((blue > 1.03 * red) & (blue >= 0.95 * green) & (luma > 0.35)) | ((saturation < 0.15) & (luma > 0.6))
    )
    greenery = (green > 1.05 * red) & (green > 1.1 * blue) & (saturation > 0.15)
    water = smooth & (blue > 1.08 * red) & (luma > 0.12) & (luma < 0.68)
    yellowish = (red >= green) & (green > blue) & (saturation > 0.08) & (saturation < 0.55)
    snow = (luma > 0.75) & (saturation < 0.12)
    warm = (red > 1.05 * green) & (green > 1.05 * blue)
    low_sun = ((red > 1.15 * blue) & (saturation > 0.2)) | (np.minimum(red, blue) > 1.06 * green)
    ground = float(luma[half:].mean())
    twilight = smooth & ((low_sun & (luma > 0.08) & (luma < 0.75)) | ((luma > 1.5 * ground) & (luma > 0.2)))

    sky_share, green_share, water_share = _share(sky[:third]), _share(greenery), _share(water[third:])
    night = _unit((float((luma < 0.15).mean()) - 0.45) / 0.3) * (1.0 - sky_share)
    dim = _unit((0.42 - ground) / 0.22)
    indoor = 0.65 + 0.5 * (float(warm.mean()) - 0.2) - 1.2 * sky_share - 1.5 * green_share
    indoor -= 0.3 * (water_share + night)
    tags = {
        "sky": sky_share,
        "greenery": green_share,
        "water": water_share,
        "sand": _share((smooth & yellowish & (luma > 0.45))[2 * third :]),
        "snow": _share(snow[half:]),
        "night": night,
        "dusk": _share(twilight[:half]) * dim,
        "fog": _veil(lowest[third:], saturation[third:], smooth[third:]),
        "indoor": _unit(indoor),
    }
    return {name: round(value, 3) for name, value in tags.items()}


def _change(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much each cell differs from the cells above and to the left, together."""
    down, right = np.diff(luma, axis=0, prepend=luma[:1]), np.diff(luma, axis=1, prepend=luma[:, :1])
    return np.abs(down) + np.abs(right)


def _veil(lowest: NDArray[np.float32], saturation: NDArray[np.float32], smooth: NDArray[np.bool_]) -> float:
    dark_channel = sliding_window_view(lowest, (3, 3)).min(axis=(2, 3))
    haze = _unit((float(dark_channel.mean()) - 0.2) / 0.2)
    return haze * _unit(1.0 - float(saturation.mean()) / 0.3) * float(smooth.mean())


def _cells(pixels: Pixels) -> NDArray[np.float32]:
    from PIL import Image

    small = Image.fromarray(pixels).resize((COLUMNS, ROWS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255.0)


def _share(cells: NDArray[np.bool_]) -> float:
    return float(cells.mean())


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
