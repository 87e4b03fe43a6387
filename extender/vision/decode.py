"""Any picture Pillow can open → uint8 RGB of at most about 2,000 pixels a side, in strips, so that memory stays low."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from extender.vision.base import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_PX = 2048
"""Longest side of the pixels kept for analysis."""

BACKDROP = (128, 128, 128)
"""What shines through transparent pixels: mid-grey is neither sky nor snow nor night."""

STRIP_PX = 256
"""Height of a strip after shrinking, in pixels."""


def shrunk_rgb(image: Image, longest_px: int = LONGEST_PX) -> Pixels:
    """Return a picture as RGB, shrunk by a whole factor (box filter) until no side is over ``longest_px``.

    Parameters
    ----------
    image : PIL.Image.Image
        Any mode: 1-bit, grey, 16-bit, float, palette, alpha, CMYK, YCbCr, LAB, …
    longest_px : int

    Returns
    -------
    (h, w, 3) uint8
    """
    width, height = image.size
    factor = max(1, -(-max(width, height) // longest_px))
    top = _white_level(image)
    rows = STRIP_PX * factor
    strips = [
        _reduced(_rgb(image.crop((0, y, width, min(height, y + rows))), top), factor) for y in range(0, height, rows)
    ]
    return np.concatenate(strips)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Apply the EXIF orientation (tag 274, 1..8; anything else leaves the picture as it is)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)  # 5 is just this: mirrored along the main diagonal
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _reduced(strip: Image, factor: int) -> Pixels:
    return np.asarray(strip.reduce(factor) if factor > 1 else strip, dtype=np.uint8)


def _white_level(image: Image) -> tuple[float, float]:
    """Return the values shown as black and white. 16-bit: the whole range; wider integers and floats: their own."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return 0.0, 255.0
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    low, high = image.getextrema()
    low, high = float(low), float(high)  # type: ignore[arg-type]  # one band, so two numbers
    if image.mode == "I" and low >= 0 and high <= 65535:
        return 0.0, 65535.0  # how older Pillows hold a 16-bit PNG
    if not (np.isfinite(low) and np.isfinite(high)) or low == high:
        return 0.0, 1.0
    return low, high


def _rgb(strip: Image, levels: tuple[float, float]) -> Image:
    from PIL import Image as Images

    mode = strip.mode
    if mode == "RGB":
        return strip
    if mode in ("I", "F") or mode.startswith("I;16"):
        low, high = levels
        grey = (np.asarray(strip).astype(np.float64) - low) / (high - low) * 255.0
        return Images.fromarray(np.nan_to_num(grey).clip(0, 255).astype(np.uint8)).convert("RGB")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in strip.info:
        # Pillow converts the premultiplied modes to their plain ones only: La → LA → RGBA.
        straight = strip.convert({"La": "LA", "RGBa": "RGBA"}.get(mode, mode)).convert("RGBA")
        backdrop = Images.new("RGB", strip.size, BACKDROP)
        backdrop.paste(straight, mask=straight.getchannel("A"))
        return backdrop
    if mode == "LAB":
        return strip.getchannel("L").convert("RGB")  # lightness alone: colours need a profile
    return strip.convert("RGB")
