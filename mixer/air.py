"""What air does to a sound on its way: ISO 9613-1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, rfft

TEMPERATURE_C, HUMIDITY_PERCENT, PRESSURE_KPA = 20.0, 50.0, 101.325
NEAR_M = 2.0
"""Nearer than this the air is left out: under 0.35 dB at 10 kHz."""
_FLOOR_DB = -80.0
_TAPS_S = 0.008


def absorption_db_per_m(
    frequency_hz: ArrayLike,
    temperature_c: float = TEMPERATURE_C,
    humidity_percent: float = HUMIDITY_PERCENT,
    pressure_kpa: float = PRESSURE_KPA,
) -> NDArray[np.float64]:
    """Return the attenuation of pure tones by the atmosphere.

    Parameters
    ----------
    frequency_hz : array_like
        ≥ 0.
    temperature_c, humidity_percent, pressure_kpa : float
        The standard is within ±10 % for −20..50 °C, 10..100 %, below 200 kPa.

    Returns
    -------
    array of the same shape
        dB per metre.

    Notes
    -----
    ISO 9613-1:1993, equations 3 to 5 and annex B; beside each line stands the equation it is.

    Examples
    --------
    >>> round(1_000 * float(absorption_db_per_m(1_000)), 1)  # per kilometre
    4.7
    """
    f2 = np.square(np.asarray(frequency_hz, np.float64))
    kelvin = temperature_c + 273.15
    warmth = kelvin / 293.15
    pressure = pressure_kpa / 101.325
    saturation = 10.0 ** (-6.8346 * (273.16 / kelvin) ** 1.261 + 4.6151)  # B.3
    h = humidity_percent * saturation / pressure  # B.1
    oxygen = pressure * (24.0 + 4.04e4 * h * (0.02 + h) / (0.391 + h))  # 3
    nitrogen = pressure * warmth**-0.5 * (9.0 + 280.0 * h * np.exp(-4.170 * (warmth ** (-1 / 3) - 1.0)))  # 4
    classical = 1.84e-11 / pressure * warmth**0.5
    relaxed = 0.01275 * np.exp(-2239.1 / kelvin) / (oxygen + f2 / oxygen)
    relaxed = relaxed + 0.1068 * np.exp(-3352.0 / kelvin) / (nitrogen + f2 / nitrogen)
    return np.asarray(8.686 * f2 * (classical + warmth**-2.5 * relaxed))  # 5


def air_filter(distance_m: float, sample_rate: int) -> NDArray[np.float64]:
    """Return the minimum-phase FIR of so many metres of air.

    Parameters
    ----------
    distance_m : float
        > 0. Under ``NEAR_M`` it is a single tap of 1.
    sample_rate : int
        Hz.

    Returns
    -------
    (taps,) floats
        Within 0.5 dB of ``absorption_db_per_m`` up to 10 kHz for 200 m or less; attenuation ends at 80 dB.

    Notes
    -----
    Minimum phase from the cepstrum of the magnitude: A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing",
    chapter on the cepstrum (homomorphic deconvolution).
    """
    if distance_m < NEAR_M:
        return np.ones(1)
    size = 1 << int(np.ceil(np.log2(sample_rate * _TAPS_S * 16)))
    frequency_hz = np.fft.rfftfreq(size, 1.0 / sample_rate)
    level_db = np.maximum(-distance_m * absorption_db_per_m(frequency_hz), _FLOOR_DB)
    cepstrum = irfft(level_db * (np.log(10.0) / 20.0), size)
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    taps = round(sample_rate * _TAPS_S)
    impulse = irfft(np.exp(rfft(cepstrum)), size)[:taps]
    end = taps // 4
    impulse[-end:] *= np.cos(np.linspace(0.0, np.pi / 2, end)) ** 2
    return np.asarray(impulse, np.float64)
