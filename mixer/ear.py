"""The ear: the FFT model of ITU-R BS.1387 (PEAQ), from spectra to excitation, masking threshold and loudness."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.ear_kernels import EarTables, Groups, excite, group
from mixer.stft import Spectra, hann, hop_of
from mixer.types import Samples, check

RATE = 48_000
"""Hz: the model's own rate."""
LEVEL_DB = 92.0
"""Lp, dB SPL of a sine at full scale."""
STEP_BARK = 0.25
"""dz of the standard's basic version."""
LOWEST_HZ, HIGHEST_HZ = 80.0, 18_000.0
_GAMMA = 0.84971762641205
"""A sine between two bins loses this much (ITU-R BS.1387, eq. 3): 1019.5 Hz at full scale reads Lp."""
_DOWN_DB_PER_BARK = 27.0

Powers = NDArray[np.float32]
"""(bands, frames)."""


def bark(hertz: ArrayLike) -> NDArray[np.float64]:
    """Return z = 7 asinh(f/650)."""
    return np.asarray(7.0 * np.arcsinh(np.asarray(hertz, np.float64) / 650.0))


def hertz(z: ArrayLike) -> NDArray[np.float64]:
    """Return f = 650 sinh(z/7)."""
    return np.asarray(650.0 * np.sinh(np.asarray(z, np.float64) / 7.0))


def band_edges(step_bark: float = STEP_BARK) -> NDArray[np.float64]:
    """Return the edges of the bands, 109 of a quarter of a Bark from 80 to 18,000 Hz, (110,), Hz."""
    low, high = bark([LOWEST_HZ, HIGHEST_HZ])
    count = math.ceil((high - low) / step_bark)
    return hertz(np.minimum(low + step_bark * np.arange(count + 1), high))


def ear_weighting_db(hertz: ArrayLike) -> NDArray[np.float64]:
    """Return the gain of the outer and middle ear: −0.6·3.64 f^−0.8 + 6.5 exp(−0.6 (f − 3.3)²) − 0.001 f^3.6, f/kHz."""
    f = np.maximum(np.asarray(hertz, np.float64), 1e-3) / 1000.0
    return np.asarray(-0.6 * 3.64 * f**-0.8 + 6.5 * np.exp(-0.6 * (f - 3.3) ** 2) - 1e-3 * f**3.6)


class EarModel:
    """The FFT ear model of ITU-R BS.1387-1, basic version, 109 bands.

    P. Kabal, "An examination and interpretation of ITU-R BS.1387", McGill University, 2002. The level factor keeps the
    energy of a tone for all windows; with 48 kHz and 2048 it is the standard's.

    Parameters
    ----------
    sample_rate : int
        Hz, 8,000..768,000. Bands above half of it hear nothing.
    window : int
        W, samples, even.
    overlap : int
        F; H = W/F.
    step_bark : float
        dz: 0.25 has 109 bands; 0.5 and 1 have 55 and 28, and are quicker by as much and more.

    Attributes
    ----------
    edges_hz : (110,) float64
    centres_hz, mask_db, noise, threshold, smear, norm : (109,) float64
        Centre in Bark; m; internal noise E_IN; threshold in quiet E_t of the loudness; a of the smearing; B of the
        spreading.

    Examples
    --------
    >>> ear = EarModel()
    >>> ear.bands, ear.centres_hz[0].round(3).item()
    (109, 91.708)
    """

    def __init__(
        self, sample_rate: int = RATE, window: int = 2048, overlap: int = 2, *, step_bark: float = STEP_BARK
    ) -> None:
        check(8_000 <= sample_rate <= 768_000, "EarModel", "sample_rate", "8,000..768,000 Hz", sample_rate)
        self.sample_rate, self.window, self.hop = sample_rate, window, hop_of(window, overlap)
        self.taper: Samples = hann(window).astype(np.float32)
        check(0.125 <= step_bark <= 2.0, "EarModel", "step_bark", "0.125..2 Bark", step_bark)
        self.step_bark = step_bark
        self.edges_hz = band_edges(step_bark)
        self.bands = self.edges_hz.size - 1
        z = bark(self.edges_hz)
        self.centres_hz = hertz((z[:-1] + z[1:]) / 2)
        f = self.centres_hz / 1000.0
        k = np.arange(self.bands) * step_bark
        self.mask_db = np.where(k <= 12.0, 3.0, 0.25 * k)  # step 9
        self.noise = 10.0 ** (0.4 * 0.364 * f**-0.8)  # step 6
        self.threshold = 10.0 ** (0.364 * f**-0.8)  # step 10
        index = 10.0 ** (0.1 * (-2.0 - 2.05 * np.arctan(f / 4.0) - 0.75 * np.arctan((f / 1.6) ** 2)))
        tau_s = 0.008 + 0.1 / f * (0.030 - 0.008)  # step 8
        self.smear = np.exp(-self.hop / (sample_rate * tau_s))
        down = 10.0 ** (-_DOWN_DB_PER_BARK / 10.0 * step_bark)
        self._lower, self._per_log = down**0.4, 0.2 * step_bark
        slope = (-2.4 - 23.0 / self.centres_hz) * step_bark * math.log2(10.0)
        below = down * (1.0 - down ** np.arange(self.bands)) / (1.0 - down)
        self.norm = self._norm(np.exp2(slope), below)
        self.groups = self._groups()
        tables = (self.noise, slope, below, 1.0 / self.norm, self.smear, self.mask_db, self.threshold, index)
        self.tables = EarTables(*(table.astype(np.float32) for table in tables))

    def _norm(self, up: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return B: what the spreading makes of E = 1 in all bands."""
        n = np.arange(self.bands)
        steps = n[:, np.newaxis] - n  # to band i, from band l
        spread = np.where(
            steps >= 0, up ** np.maximum(steps, 0), 10.0 ** (-2.7 * self.step_bark * np.maximum(-steps, 0))
        )
        A = below + (1.0 - up ** (self.bands - n)) / (1.0 - up)
        return np.asarray(((spread / A) ** 0.4).sum(axis=1) ** 2.5)

    def _groups(self) -> Groups:
        """Share the energy of each bin among the bands that it overlaps, weighted by the outer ear (steps 2, 3, 5)."""
        width = self.sample_rate / self.window
        bins = np.arange(self.window // 2 + 1)
        overlap = np.minimum(self.edges_hz[1:, np.newaxis], (bins + 0.5) * width) - np.maximum(
            self.edges_hz[:-1, np.newaxis], (bins - 0.5) * width
        )
        level = 10.0 ** (LEVEL_DB / 10.0) / (_GAMMA / 4.0 * (self.window - 1)) ** 2
        shares = np.maximum(overlap, 0.0) / width * 10.0 ** (ear_weighting_db(bins * width) / 10.0) * level
        used = shares > 0.0
        first = np.where(used.any(axis=1), used.argmax(axis=1), 0)
        count = used.sum(axis=1)
        weights = np.zeros((self.bands, max(1, int(count.max()))))
        for band in range(self.bands):
            weights[band, : count[band]] = shares[band, first[band] : first[band] + count[band]]
        return Groups(first.astype(np.int32), count.astype(np.int32), weights.astype(np.float32))

    def state(self) -> NDArray[np.float32]:
        """Return the smearing's state before anything was heard, (bands,)."""
        return np.zeros(self.bands, np.float32)

    def band_powers(self, spectra: Spectra, gain: float = 1.0) -> Powers:
        """Group spectra of one ear into bands, weighted by the outer and middle ear (steps 2, 3, 5).

        Parameters
        ----------
        spectra : (frames, W/2 + 1) complex64
            Of samples in ±1, by the model's window, not normalised (:func:`mixer.stft.stft`).
        gain : float

        Returns
        -------
        (bands, frames) float32
            1 = 0 dB SPL.
        """
        return self.powers_beside(spectra, gain, spectra)[0]

    def powers_beside(self, spectra: Spectra, gain: float, mix: Spectra) -> tuple[Powers, Powers]:
        """Return the band powers of a track's spectra times a gain, and of what is left of the mix without it."""
        bins = self.window // 2 + 1
        ok = spectra.ndim == 2 and spectra.shape[1] == bins and mix.shape == spectra.shape
        check(ok, "EarModel", "spectra", f"(frames, {bins}), all of one shape", (spectra.shape, mix.shape))
        own, rest = (np.empty((self.bands, spectra.shape[0]), np.float32) for _ in range(2))
        group(spectra, np.float32(gain), mix, self.groups, own, rest)
        return own, rest

    def excitation(self, powers: Powers, state: NDArray[np.float32] | None = None) -> Powers:
        """Add internal noise, spread over the bands by level, smear over time (steps 6 to 8): E~.

        Parameters
        ----------
        powers : (bands, frames) float32
        state : (bands,) float32, optional
            Where the smearing stands, from :meth:`state`; changed to where it stands afterwards, so that a stream may
            come in pieces.

        Returns
        -------
        (bands, frames) float32
        """
        check(powers.ndim == 2 and powers.shape[0] == self.bands, "EarModel", "powers", "(109, frames)", powers.shape)
        powers = np.ascontiguousarray(powers, np.float32)
        out = np.empty_like(powers)
        excite(powers, self.tables, self._lower, self._per_log, self.state() if state is None else state, out)
        return out

    def mask(self, excitation: Powers) -> Powers:
        """Return the masking threshold M = E~/10^(m/10) (step 9)."""
        return np.asarray(excitation / 10.0 ** (self.tables.mask_db[:, np.newaxis] / 10.0), np.float32)

    def specific_loudness(self, excitation: Powers) -> NDArray[np.float64]:
        """Return the loudness in each band (step 10), (bands, frames); its mean over bands times 24 is in sone.

        1.07664 (E_t/(s·10⁴))^0.23 ((1 − s + s E~/E_t)^0.23 − 1), and 0 where that is negative.
        """
        E_t, s = (np.asarray(t, np.float64)[:, np.newaxis] for t in (self.tables.threshold, self.tables.index))
        scale = 1.07664 * (E_t / (s * 1e4)) ** 0.23
        return np.maximum(scale * ((1.0 - s + s * excitation / E_t) ** 0.23 - 1.0), 0.0)

    def loudness_sone(self, excitation: Powers) -> NDArray[np.float64]:
        """Return the loudness of each frame, (frames,), sone."""
        return np.asarray(24.0 * self.specific_loudness(excitation).mean(axis=0))
