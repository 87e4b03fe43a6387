"""Colour and light of a picture: how surely each of some things is there, 0..1, from statistics that anyone can check.

The picture is shrunk to 64×48 cells of 4×4 points each. Of a cell: its mean R, G and B; luma Y (ITU-R BT.601);
saturation S (HSV); least colour D; detail d, the root mean square of Y's steps between neighbouring points; how much of
that is between points above each other, v (½ where there is no direction). *bright* is Y put between the picture's
1st (0) and 99th (1) percentile, so that exposure does not matter. *Flat* is d < 0.04. ramp(a, b) grows from 0 at a to 1
at b. Thresholds were set by looking at half of the labelled photographs (docs/vision.md).

    sky       how far down each column looks like sky, up to two other cells (wires, twigs) apart: flat, not green, and
              blue (B > 1.03·R, Y > 0.3), or colourless and light (S < 0.16, Y > 0.55), or lit by a low sun and 1.3
              times as light as the lowest third. Share of the picture, ramp(0.04, 0.2)
    greenery  share of cells with green above red by 4 % and above blue by 10 %, S > 0.13, d > 0.012 (leaves and blades,
              no green cloth); ramp(0.02, 0.22)
    water     rows that are more than 30 % of this, not sky: green and blue not below red by more than 2 %, S > 0.05,
              0.15 < Y < 0.9, 0.01 < d < 0.12, and steps that lie (v > 0.58): waves seen from above the water are
              foreshortened and change faster upwards than sidewards. Longest run of such rows as a share of all;
              ramp(0.05, 0.25)
    sand      share of the lowest third that is yellowish or nearly grey (R ≥ G ≥ B, 0.02 < S < 0.55), Y > 0.3,
              d < 0.08; ramp(0.2, 0.6), times the surer of sky and water, times what is not greenery
    snow      share of the lower half that is nearly white: Y > 0.68, bright > 0.6, S < 0.15, B ≥ 0.97·R;
              ramp(0.3, 0.65), times what is not lamplight
    night     share of dark cells (bright < 0.2, Y < 0.4), ramp(0.42, 0.62), times how few are light (bright > 0.65),
              ramp(0.25, 0.12): lamps are small, daylight comes from a large part of a picture. 1 if mean Y < 0.08
    dusk      there is a sky (ramp(0.02, 0.1)), the ground is dim (mean Y of the lowest third, ramp(0.5, 0.3)), and the
              surest of: red near the sky's end (share of its lowest 6 rows with R > 1.12·B, S > 0.15, or purple;
              ramp(0.1, 0.5)), purple (share with red and blue above green by 3 %; the same ramp), or a sky 1.6..2.4
              times as light as the ground and not very light itself (ramp(0.75, 0.5)). Daylight is so red only while
              the sun is near the horizon (Judd, MacAdam & Wyszecki 1964), purple after it has set (Hulburt 1953)
    fog       what is far is veiled, grey, soft, and more so than what is near, with no horizon: light scattered into
              the line of sight adds the same to all colours (Koschmieder 1924; the dark channel of He, Sun & Tang, CVPR
              2009). Product, for the middle third, of: mean D, ramp(0.3, 0.5); mean S, ramp(0.3, 0.15); median d,
              ramp(0.05, 0.02); mean D less that of the lowest third, ramp(0, 0.15); and for the whole the largest step
              of mean Y from row to row, ramp(0.09, 0.05)
    paved     share of the lowest third that is grey: S < 0.2, 0.15 < Y < 0.75, 0.004 < d < 0.08; ramp(0.3, 0.7), times
              ramp(0.03, 0.06) of the picture's mean S, for grey pictures do not tell
    lamplight share of warm cells, R > 1.05·G > 1.1·B; ramp(0.3, 0.8): lamps have 2,700–3,500 K, daylight 5,000–10,000 K
    indoor    0.75 + 0.35·(lamplight − 0.3) − 0.55·sky − 0.5·greenery − 0.3·water − 0.2·night, kept within 0..1
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extender.vision.base import Pixels
from extender.vision.importance import LUMA

COLUMNS, ROWS, POINTS = 64, 48, 4
TAGS = ("sky", "greenery", "water", "sand", "snow", "night", "dusk", "fog", "paved", "lamplight", "indoor")
NOTHING = {**dict.fromkeys(TAGS, 0.0), "indoor": 0.5}
"""The tags where there is no picture."""

_FLAT = 0.04
_LEAFY = 0.012
_WIRES = 2
"""So many cells of a column, wires and twigs, do not end the sky."""
_HORIZON = 6
"""So many rows of the sky above what ends it are where a low sun colours it first."""
_THIRD = ROWS // 3

_Cells = NDArray[np.float32]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the cells of a picture look like; each (ROWS, COLUMNS)."""

    red: _Cells
    green: _Cells
    blue: _Cells
    luma: _Cells
    saturation: _Cells
    least: _Cells
    bright: _Cells
    detail: _Cells
    lying: _Cells

    @property
    def low_sun(self) -> _Mask:
        """Coloured as daylight is only when the sun is low: reddened, or purple."""
        return ((self.red > 1.12 * self.blue) & (self.saturation > 0.15)) | self.purple

    @property
    def purple(self) -> _Mask:
        return np.minimum(self.red, self.blue) > 1.03 * self.green


def light_of(pixels: Pixels) -> dict[str, float]:
    """Return the tags of a picture, each 0..1, as defined at the top of this file."""
    look = _look(pixels)
    heaven = _heaven(look)
    sky = _ramp(float(heaven.mean()), 0.04, 0.2)
    green = (look.green > 1.04 * look.red) & (look.green > 1.1 * look.blue) & (look.saturation > 0.13)
    green &= look.detail > _LEAFY
    greenery = _ramp(float(green.mean()), 0.02, 0.22)
    water = _water(look, heaven)
    warm = (look.red > 1.05 * look.green) & (look.green > 1.05 * look.blue)
    lamplight = _ramp(float(warm.mean()), 0.3, 0.8)
    night = _night(look)
    indoor = 0.75 + 0.35 * (lamplight - 0.3) - 0.55 * sky - 0.5 * greenery - 0.3 * water - 0.2 * night
    tags = {
        "sky": sky,
        "greenery": greenery,
        "water": water,
        "sand": _sand(look) * max(sky, water) * (1.0 - greenery),
        "snow": _snow(look) * (1.0 - lamplight),
        "night": night,
        "dusk": _dusk(look, heaven),
        "fog": _fog(look),
        "paved": _paved(look),
        "lamplight": lamplight,
        "indoor": min(1.0, max(0.0, indoor)),
    }
    return {name: round(value, 3) for name, value in tags.items()}


def _heaven(look: _Look) -> _Mask:
    """Return what is sky: from the top of each column on, down to the first cell that does not look like it."""
    blue = (look.blue > 1.03 * look.red) & (look.luma > 0.3)
    pale = (look.saturation < 0.16) & (look.luma > 0.55)
    glow = look.low_sun & (look.luma > 1.3 * float(look.luma[2 * _THIRD :].mean())) & (look.luma > 0.2)
    like = (look.detail < _FLAT) & (look.blue >= 0.93 * look.green) & (blue | pale)
    like |= (look.detail < _FLAT) & glow
    return like & (np.cumsum(~like, axis=0) <= _WIRES)


def _water(look: _Look, heaven: _Mask) -> float:
    wet = (np.minimum(look.green, look.blue) >= 0.98 * look.red) & (look.saturation > 0.05) & ~heaven
    wet &= (look.luma > 0.15) & (look.luma < 0.9) & (look.detail > 0.01) & (look.detail < 0.12) & (look.lying > 0.58)
    longest = run = 0
    for row in wet.mean(axis=1) > 0.3:
        run = run + 1 if row else 0
        longest = max(longest, run)
    return _ramp(longest / ROWS, 0.05, 0.25)


def _sand(look: _Look) -> float:
    pale = (look.red >= look.green) & (look.green >= look.blue) & (look.saturation > 0.02) & (look.saturation < 0.55)
    return _ramp(float((pale & (look.luma > 0.3) & (look.detail < 0.08))[2 * _THIRD :].mean()), 0.2, 0.6)


def _snow(look: _Look) -> float:
    white = (look.luma > 0.68) & (look.bright > 0.6) & (look.saturation < 0.15) & (look.blue >= 0.97 * look.red)
    return _ramp(float(white[ROWS // 2 :].mean()), 0.3, 0.65)


def _paved(look: _Look) -> float:
    grey = (look.saturation < 0.2) & (look.luma > 0.15) & (look.luma < 0.75)
    grey &= (look.detail > 0.004) & (look.detail < 0.08)
    return _ramp(float(grey[2 * _THIRD :].mean()), 0.3, 0.7) * _ramp(float(look.saturation.mean()), 0.03, 0.06)


def _night(look: _Look) -> float:
    if float(look.luma.mean()) < 0.08:
        return 1.0
    dark = float(((look.bright < 0.2) & (look.luma < 0.4)).mean())
    bright = float((look.bright > 0.65).mean())
    return _ramp(dark, 0.42, 0.62) * _ramp(bright, 0.25, 0.12)


def _dusk(look: _Look, heaven: _Mask) -> float:
    if not heaven.any():
        return 0.0
    ground, height = float(look.luma[2 * _THIRD :].mean()), float(look.luma[heaven].mean())
    below = np.cumsum(heaven[::-1], axis=0)[::-1] <= _HORIZON
    low_sun, purple = float(look.low_sun[heaven & below].mean()), float(look.purple[heaven].mean())
    contrast = _ramp(height / max(ground, 0.02), 1.6, 2.4) * _ramp(height, 0.75, 0.5)
    there = _ramp(float(heaven.mean()), 0.02, 0.1)
    return there * _ramp(ground, 0.5, 0.3) * max(_ramp(low_sun, 0.1, 0.5), _ramp(purple, 0.1, 0.5), contrast)


def _fog(look: _Look) -> float:
    far, near = slice(_THIRD, 2 * _THIRD), slice(2 * _THIRD, None)
    veil = float(look.least[far].mean())
    haze, grey = _ramp(veil, 0.3, 0.5), _ramp(float(look.saturation[far].mean()), 0.3, 0.15)
    soft = _ramp(float(np.median(look.detail[far])), 0.05, 0.02)
    step = float(np.abs(np.diff(look.luma.mean(axis=1))).max())
    return haze * grey * soft * _ramp(step, 0.09, 0.05) * _ramp(veil - float(look.least[near].mean()), 0.0, 0.15)


def _look(pixels: Pixels) -> _Look:
    from PIL import Image

    small = Image.fromarray(pixels).resize((COLUMNS * POINTS, ROWS * POINTS), Image.Resampling.BOX, reducing_gap=2.0)
    points = np.asarray(small, dtype=np.float32) / np.float32(255.0)
    colours = points.reshape(ROWS, POINTS, COLUMNS, POINTS, 3).mean(axis=(1, 3))
    luma_of_points = points @ LUMA
    upwards = _energy(np.diff(luma_of_points, axis=0, append=luma_of_points[-1:]))
    sidewards = _energy(np.diff(luma_of_points, axis=1, append=luma_of_points[:, -1:]))
    luma = colours @ LUMA
    most, least = colours.max(axis=2), colours.min(axis=2)
    darkest, lightest = np.percentile(luma, (1, 99))
    return _Look(
        red=colours[..., 0],
        green=colours[..., 1],
        blue=colours[..., 2],
        luma=luma,
        saturation=(most - least) / np.maximum(most, 1e-6),
        least=least,
        bright=((luma - darkest) / max(0.05, lightest - darkest)).astype(np.float32),
        detail=np.sqrt(upwards + sidewards),
        lying=(upwards + 1e-6) / (upwards + sidewards + 2e-6),
    )


def _energy(steps: _Cells) -> _Cells:
    return np.asarray((steps**2).reshape(ROWS, POINTS, COLUMNS, POINTS).mean(axis=(1, 3)), dtype=np.float32)


def _ramp(value: float, zero: float, one: float) -> float:
    return min(1.0, max(0.0, (value - zero) / (one - zero)))
