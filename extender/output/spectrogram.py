"""A picture of what a sound file holds: time across, frequency upwards on the ear's own scale, level as colour."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from soundfile import SoundFile

COLUMNS, ROWS = 1000, 144
LOWEST_HZ, HIGHEST_HZ = 50.0, 20_000.0
RANGE_DB = 70.0
"""How far below the loudest spot a level is still told from silence."""

_WINDOW_S = 0.085  # long enough to part 50 Hz from 100 Hz, short enough to see a footstep
_LOOKS = 4  # windows in each column of a long file
_WHOLE_S = 240.0  # up to here a file is read at one go; beyond, only where it is looked at
_BATCH = 256
_SHADES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Levels over time and frequency.

    Parameters
    ----------
    levels_db : (rows, columns) float32
        Relative to the loudest spot, −RANGE_DB..0; the first row is the highest frequency. All −RANGE_DB for silence.
    low_hz, high_hz : float
        Lower edge of the last row, upper edge of the first.
    duration_s : float
        Seconds from the left edge to the right.
    """

    levels_db: NDArray[np.float32]
    low_hz: float
    high_hz: float
    duration_s: float

    def height_of(self, frequency_hz: float) -> float:
        """Return where a frequency lies: 0 = the upper edge, 1 = the lower."""
        low, high, here = erb_number(np.array([self.low_hz, self.high_hz, frequency_hz]))
        return float((high - here) / (high - low))


def erb_number(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the number of equivalent rectangular bandwidths below a frequency (Glasberg & Moore 1990)."""
    return np.asarray(21.4 * np.log10(1.0 + 0.00437 * frequency_hz))


def erb_frequency(number: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the frequency in Hz below which there are so many equivalent rectangular bandwidths."""
    return np.asarray((10.0 ** (number / 21.4) - 1.0) / 0.00437)


def measure(path: Path, *, columns: int = COLUMNS, rows: int = ROWS) -> Spectrogram:
    """Measure a sound file of any length; of long ones each column is an average of a few short looks.

    Parameters
    ----------
    path : Path
        Whatever libsndfile reads. Channels are averaged in power.
    columns, rows : int
        Size of the result; fewer columns where the file is very short.

    Raises
    ------
    soundfile.LibsndfileError
        It cannot be read.
    """
    import soundfile

    with soundfile.SoundFile(path) as file:
        rate, frames = int(file.samplerate), int(file.frames)
        length = 1 << round(np.log2(_WINDOW_S * rate))
        columns = max(1, min(columns, frames // 64))
        looks = _LOOKS if frames / columns > _LOOKS * length else 1
        middles = (np.arange(columns * looks) + 0.5) * frames / (columns * looks)
        high_hz = min(HIGHEST_HZ, rate / 2)
        low, high = (float(number) for number in erb_number(np.array([LOWEST_HZ, high_hz])))
        edges = erb_frequency(np.linspace(low, high, rows + 1))
        powers = [
            _band_powers(batch, edges / rate)
            for batch in _windows(
                file, (middles - length / 2).astype(np.int64), length, whole=frames <= _WHOLE_S * rate
            )
        ]
    power = np.concatenate(powers).reshape(columns, looks, rows).mean(axis=1).T[::-1]
    loudest = float(power.max())
    with np.errstate(divide="ignore"):
        levels = 10.0 * np.log10(power / loudest) if loudest > 0.0 else np.full(power.shape, -np.inf)
    return Spectrogram(np.clip(levels, -RANGE_DB, 0.0).astype(np.float32), LOWEST_HZ, high_hz, max(frames / rate, 1e-3))


def _windows(file: SoundFile, starts: NDArray[np.int64], length: int, *, whole: bool) -> Iterator[NDArray[np.float32]]:
    """Yield (batch, length, channels) stretches of the file; beyond its ends there is silence."""
    everything = file.read(dtype="float32", always_2d=True) if whole else None
    frames = file.frames
    for first in range(0, len(starts), _BATCH):
        some = starts[first : first + _BATCH]
        batch = np.zeros((len(some), length, file.channels), dtype=np.float32)
        for window, start in zip(batch, some, strict=True):
            begin, end = max(0, int(start)), min(frames, int(start) + length)
            if everything is not None:
                stretch = everything[begin:end]
            else:
                file.seek(begin)
                stretch = file.read(end - begin, dtype="float32", always_2d=True)
            window[begin - start : begin - start + len(stretch)] = stretch
        yield batch


def _band_powers(batch: NDArray[np.float32], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power (batch, bands) between neighbouring edges, which are fractions of the sampling rate.

    The spectrum is summed up to each edge, with a straight line within a bin, and the sums are subtracted: no power is
    lost or counted twice, however narrow or wide a band is.
    """
    length = batch.shape[1]
    spectrum = np.fft.rfft(batch * np.hanning(length).astype(np.float32)[:, np.newaxis], axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=2)
    sums = np.concatenate([np.zeros((len(batch), 1)), np.cumsum(power, axis=1, dtype=np.float64)], axis=1)
    place = np.clip(edges * length + 0.5, 0.0, power.shape[1])  # bin k reaches from k − ½ to k + ½
    below = np.minimum(place.astype(np.int64), power.shape[1] - 1)
    share = place - below
    upto = sums[:, below] * (1.0 - share) + sums[:, below + 1] * share
    return np.asarray(np.maximum(np.diff(upto, axis=1), 0.0))


def colour_map(shades: int = 256) -> NDArray[np.uint8]:
    """Return (shades, 3) sRGB colours from night blue to warm white in visually equal steps.

    A path through OKLab (Ottosson 2020) whose lightness always rises, walked at constant speed; where it leaves sRGB it
    is drawn in towards grey.
    """
    t = np.linspace(0.0, 1.0, 1024)
    lightness = 0.13 + 0.84 * t
    hue = np.radians(275.0 + 190.0 * t)  # blue, violet, red, orange, yellow
    chroma = 0.02 + 0.155 * np.sin(np.pi * np.clip(t, 0.0, 1.0)) ** 0.8
    chroma = _into_gamut(lightness, hue, chroma)
    path = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    even = np.linspace(0.0, walked[-1], shades)
    lab = np.stack([np.interp(even, walked, axis) for axis in path.T], axis=1)
    return np.round(255.0 * _encoded(_linear_rgb(lab))).astype(np.uint8)


_LAB_TO_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _linear_rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T)


def _encoded(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the sRGB transfer curve (IEC 61966-2-1)."""
    rgb = np.clip(rgb, 0.0, 1.0)
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1.0 / 2.4) - 0.055)


def _into_gamut(
    lightness: NDArray[np.float64], hue: NDArray[np.float64], chroma: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Lower the chroma, smoothly along the path, until every colour exists in sRGB."""
    shares = np.linspace(0.0, 1.0, 101)[:, np.newaxis]
    lab = np.stack(
        np.broadcast_arrays(lightness, shares * chroma * np.cos(hue), shares * chroma * np.sin(hue)), axis=-1
    )
    rgb = _linear_rgb(lab)
    inside = ((rgb >= -1e-6) & (rgb <= 1.0 + 1e-6)).all(axis=-1)
    return np.asarray(chroma * np.where(inside, shares, 0.0).max(axis=0))


def to_png(spectrogram: Spectrogram) -> bytes:
    """Return the spectrogram as a PNG with a palette, one pixel for each level."""
    from PIL import Image

    shade = np.round((spectrogram.levels_db / RANGE_DB + 1.0) * (_SHADES - 1)).astype(np.uint8)
    image = Image.fromarray(shade)
    image.putpalette(colour_map(_SHADES).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()
