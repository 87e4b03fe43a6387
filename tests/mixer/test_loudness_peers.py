"""The same random sounds, measured by others: libebur128, pyloudnorm and ffmpeg, within 0.05 LU."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixer import AudioBuffer, integrated_loudness

SOUNDS = [
    (8_000, 1), (11_025, 2), (16_000, 6), (22_050, 1), (32_000, 5), (44_100, 2), (44_100, 5), (48_000, 1),
    (48_000, 2), (48_000, 6), (88_200, 1), (96_000, 2), (192_000, 1),
]  # fmt: skip
TOLERANCE_LU = 0.05
_INTEGRATED = 1 | 4
_EBUR128_SURROUND = {5: (1, 2, 3, 4, 5), 6: (1, 2, 3, 0, 4, 5)}
"""libebur128's channel names: left, right, centre, left and right surround; 0 = unused."""


def sound(rate: int, channels: int) -> AudioBuffer:
    """Noise of random colour whose level changes several times, some of it under the gates."""
    rng = np.random.default_rng(rate + channels)
    spectrum = np.fft.rfft(rng.normal(size=(channels, 8 * rate)))
    hertz = np.maximum(np.fft.rfftfreq(8 * rate, 1 / rate), 20.0)
    noise = np.fft.irfft(spectrum * hertz ** rng.uniform(-1.0, 0.3), 8 * rate)
    steps_db = rng.uniform(-40.0, 0.0, 8)
    steps_db[rng.integers(8)] = -120.0
    noise *= np.repeat(10 ** (steps_db / 20), rate)
    return AudioBuffer(noise / np.abs(noise).max() * 10 ** (rng.uniform(-30.0, -1.0) / 20), rate)


@pytest.mark.parametrize(("rate", "channels"), SOUNDS)
def test_pyloudnorm(rate: int, channels: int) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    if channels > 5:
        pytest.skip("pyloudnorm measures up to 5 channels")
    made = sound(rate, channels)
    with np.errstate(all="ignore"):
        theirs = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(made.samples.T.astype(np.float64))
    assert integrated_loudness(made) == pytest.approx(theirs, abs=TOLERANCE_LU)


@pytest.mark.parametrize(("rate", "channels"), SOUNDS)
def test_ffmpeg(rate: int, channels: int, tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs ffmpeg, which is not on the PATH")
    made = sound(rate, channels)
    soundfile.write(tmp_path / "sound.wav", made.samples.T, rate, subtype="FLOAT")
    told = subprocess.run(
        [
            ffmpeg, "-nostats", "-hide_banner", "-i", str(tmp_path / "sound.wav"), "-f", "null", "-af",
            "ebur128=metadata=1,ametadata=mode=print:key=lavfi.r128.I:file=-", "-",
        ],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    theirs = float(re.findall(r"lavfi\.r128\.I=(-?[\d.]+)", told)[-1])
    assert integrated_loudness(made) == pytest.approx(theirs, abs=TOLERANCE_LU)


@pytest.mark.parametrize(("rate", "channels"), SOUNDS)
def test_libebur128(rate: int, channels: int) -> None:
    made = sound(rate, channels)
    assert integrated_loudness(made) == pytest.approx(ebur128(made), abs=TOLERANCE_LU)


def ebur128(made: AudioBuffer) -> float:
    """Return integrated loudness by libebur128."""
    name = ctypes.util.find_library("ebur128")
    if name is None:
        pytest.skip("needs libebur128, which is not installed")
    library = ctypes.CDLL(name)
    library.ebur128_init.restype = ctypes.c_void_p
    library.ebur128_init.argtypes = [ctypes.c_uint, ctypes.c_ulong, ctypes.c_int]
    pointer = library.ebur128_init(made.channels, made.sample_rate, _INTEGRATED)
    state = ctypes.c_void_p(pointer)
    for channel, kind in enumerate(_EBUR128_SURROUND.get(made.channels, ())):
        library.ebur128_set_channel(state, ctypes.c_uint(channel), ctypes.c_int(kind))
    frames = np.ascontiguousarray(made.samples.T)
    library.ebur128_add_frames_float(state, frames.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(frames)))
    integrated = ctypes.c_double()
    library.ebur128_loudness_global(state, ctypes.byref(integrated))
    library.ebur128_destroy(ctypes.byref(state))
    return integrated.value
