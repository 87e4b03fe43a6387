"""Analysis by synthesis: the generator's parameters, corrected until what it makes measures as the recording does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural.textures import (
    AT_ONCE,
    BANDS,
    CENTRES_HZ,
    EDGES_HZ,
    FINE_HZ,
    MODULATION_HZ,
    PHASES,
    Texture,
    endless,
    first,
)
from extender.sources.procedural.toolkit import SAMPLE_RATE
from models.sounds.textures_analysis import Doubles, Grains, Measured, cracks_of, measured

ROUNDS = 4
SECONDS = 12.0
SEED = 20_11
SUDDEN = 0.15
"""Skewness of steps above which envelopes are taken to rise faster than they fall: noise alone has up to 0.1."""
NEVER = AT_ONCE * 1.25
FINE_DB = 18.0
"""No resonance is drawn higher over its band."""
HOLE_DB = -20.0
"""A band whose third decile lies so far under that of noise was switched off by a codec."""
LOWEST_DB = -75.0
"""Nothing below this, relative to the whole, is told from silence."""


def fitted(
    signal: NDArray[np.floating],
    rounds: int = ROUNDS,
    say: Callable[[str], None] | None = None,
    *,
    cracks: bool = True,
) -> Texture:
    """Return the texture whose sound has the statistics of a recording, (frames,) at 48 kHz."""
    return matched(measured(signal, cracks=cracks), rounds, say)


def matched(target: Measured, rounds: int = ROUNDS, say: Callable[[str], None] | None = None) -> Texture:
    """Return the texture whose sound has these statistics.

    Starting from the measurement itself, every round makes 12 s, measures them, and moves each parameter against the
    difference found in what it governs.
    """
    target = _clean(target)
    texture = Texture(
        levels_db=_relative(target.levels_db),
        quantiles_db=_rising(target.quantiles_db - _noise_quantiles()),
        modulation=_resolved(target.modulation),
        slow_correlation=target.slow_correlation,
        quick_correlation=_correlation(1.5 * target.quick_correlation),
        slow_db=target.slow_db,
        fine_db=np.zeros(FINE_HZ.size),
        beat_hz=np.array([target.beat_hz]),
        beat_db=target.beat_db,
        release_db_s=np.where(target.suddenness > SUDDEN, 5_000.0, NEVER),
        grain_rate=np.array([target.grains.rate]),
        grain_db=target.grains.db,
        grain_slope=target.grains.slope,
        grain_quantiles_db=target.grains.quantiles_db,
        grain_decay_s=target.grains.decay_s,
    )
    for number in range(rounds):
        steady = replace(texture, grain_rate=np.zeros(1))  # the target, too, is what lies between the cracks
        sound = first(endless(steady, np.random.default_rng(SEED + number), 1), int(SECONDS * SAMPLE_RATE))[0]
        made = measured(sound, target.beat_hz, cracks=False)
        if say is not None:
            say(f"  round {number}: {differences(made, target)}")
        texture = _corrected(texture, made, target, 0.9 if number < 2 else 0.6)
    for number in range(rounds if target.grains.rate > 0 else 0):
        sound = first(endless(texture, np.random.default_rng(SEED - number), 1), int(2 * SECONDS * SAMPLE_RATE))[0]
        texture = _with_cracks(texture, cracks_of(sound), target.grains)
    return texture


def _with_cracks(texture: Texture, made: Grains, target: Grains) -> Texture:
    """Move number, energy and length of the single cracks; those that are too soft to be found are not counted."""
    if not made.rate > 0:
        return texture
    return replace(
        texture,
        grain_rate=texture.grain_rate * np.clip(target.rate / made.rate, 0.7, 1.4),
        grain_db=texture.grain_db + np.clip(0.7 * (target.db - made.db), -4.0, 4.0),
        grain_decay_s=np.clip(texture.grain_decay_s * (target.decay_s / made.decay_s) ** 0.7, 0.001, 0.1),
    )


def _corrected(texture: Texture, made: Measured, target: Measured, share: float) -> Texture:
    ratio = np.clip(target.modulation / np.maximum(made.modulation, 1e-5), 0.2, 5.0)
    error = target.spectrum_db - made.spectrum_db
    sure = 1.5 * np.hypot(target.spectrum_error_db, made.spectrum_error_db)
    fine = texture.fine_db + share * np.sign(error) * np.maximum(np.abs(error) - sure, 0.0)
    fine = np.where(target.spectrum_db < target.spectrum_db.max() - 70.0, 0.0, fine)
    fine = np.clip(fine, -FINE_DB, FINE_DB)
    return Texture(
        levels_db=_relative(texture.levels_db + share * (target.levels_db - made.levels_db)),
        quantiles_db=_rising(texture.quantiles_db + share * (target.quantiles_db - made.quantiles_db)),
        modulation=_resolved(texture.modulation * ratio**share),
        slow_correlation=_correlation(
            texture.slow_correlation + share * (target.slow_correlation - made.slow_correlation)
        ),
        quick_correlation=_correlation(
            texture.quick_correlation + share * (target.quick_correlation - made.quick_correlation)
        ),
        slow_db=texture.slow_db,
        fine_db=fine - _band_mean(fine),
        beat_hz=texture.beat_hz,
        beat_db=texture.beat_db,
        release_db_s=np.where(
            target.suddenness > SUDDEN,
            np.clip(texture.release_db_s * np.exp(-share * (target.suddenness - made.suddenness)), 2_500.0, NEVER),
            NEVER,
        ),
        grain_rate=texture.grain_rate,
        grain_db=texture.grain_db,
        grain_slope=texture.grain_slope,
        grain_quantiles_db=texture.grain_quantiles_db,
        grain_decay_s=texture.grain_decay_s,
    )


def differences(made: Measured, target: Measured) -> str:
    """Return how far a sound is from what it should be, in a line for people."""
    heard = target.levels_db > target.levels_db.max() - 50.0

    def rms(values: Doubles) -> float:
        return float(np.sqrt(np.mean(values**2)))

    ratio = 10 * np.log10(np.maximum(made.modulation[heard], 1e-4) / np.maximum(target.modulation[heard], 1e-4))
    both = np.ix_(heard, heard)
    off = (made.levels_db - target.levels_db)[heard]
    return (
        f"levels {rms(off - np.median(off)):.2f} dB, "
        f"quantiles {rms((made.quantiles_db - target.quantiles_db)[heard]):.2f} dB, "
        f"modulation {rms(ratio):.2f} dB, "
        f"correlation {rms((made.slow_correlation - target.slow_correlation)[both]):.3f} slow "
        f"{rms((made.quick_correlation - target.quick_correlation)[both]):.3f} quick, "
        f"suddenness {rms((made.suddenness - target.suddenness)[heard]):.2f}"
    )


def _clean(target: Measured) -> Measured:
    """Mend bands that a codec switched off now and then, or that are empty: they move as the next one below does."""
    quantiles, modulation = target.quantiles_db.copy(), target.modulation.copy()
    slow, quick = target.slow_correlation.copy(), target.quick_correlation.copy()
    holes = (quantiles[:, 4] - _noise_quantiles()[:, 4] < HOLE_DB) | (target.levels_db < target.levels_db.max() - 60.0)
    for band in np.flatnonzero(holes & (CENTRES_HZ > 4_000.0)):
        quantiles[band], modulation[band] = quantiles[band - 1], modulation[band - 1]
        for table in (slow, quick):
            table[band], table[:, band] = table[band - 1], table[:, band - 1]
            table[band, band - 1] = table[band - 1, band] = 0.8
            table[band, band] = 1.0
    return replace(
        target, quantiles_db=quantiles, modulation=modulation, slow_correlation=slow, quick_correlation=quick
    )


@cache
def _noise_quantiles() -> Doubles:
    """Return the quantiles that bands of plain noise have by themselves."""
    plain = Texture(
        np.zeros(BANDS), np.zeros((BANDS, 12)), np.full((BANDS, MODULATION_HZ.size), 1.0 / MODULATION_HZ.size),
        np.eye(BANDS), np.eye(BANDS), np.zeros(BANDS), np.zeros(FINE_HZ.size), np.zeros(1), np.zeros((BANDS, PHASES)),
        np.full(BANDS, NEVER), np.zeros(1), np.zeros(BANDS), np.zeros(BANDS), np.zeros(12), np.ones(BANDS),
    )  # fmt: skip
    return measured(
        first(endless(plain, np.random.default_rng(SEED), 1), 10 * SAMPLE_RATE)[0], 0.0, cracks=False
    ).quantiles_db


def _relative(levels_db: Doubles) -> Doubles:
    return np.asarray(np.maximum(levels_db - 10.0 * np.log10(np.sum(10.0 ** (levels_db / 10.0))), LOWEST_DB))


def _rising(quantiles: Doubles) -> Doubles:
    return np.clip(np.maximum.accumulate(quantiles - quantiles[:, 5:6], axis=1), -45.0, 45.0)


def _resolved(modulation: Doubles) -> Doubles:
    """Take out what is quicker than a band can carry: half its width."""
    width = 0.5 * (EDGES_HZ[2:] - EDGES_HZ[:-2])
    shares = np.where(MODULATION_HZ[None, :] < np.maximum(0.6 * width[:, None], 4.0), np.maximum(modulation, 1e-5), 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _correlation(table: Doubles) -> Doubles:
    table = np.clip(0.5 * (table + table.T), -0.98, 0.98)
    np.fill_diagonal(table, 1.0)
    value, vector = np.linalg.eigh(table)
    table = (vector * np.maximum(value, 1e-3)) @ vector.T
    norm = np.sqrt(np.diag(table))
    return np.asarray(table / norm[:, None] / norm[None, :])


def _band_mean(fine_db: Doubles) -> Doubles:
    """Return the mean of the fine structure within the width of a band, in power, at each of its points."""
    power = 10.0 ** (fine_db / 10.0)
    means = np.array([
        np.mean(power[(low < FINE_HZ) & (high > FINE_HZ)])
        for low, high in zip(EDGES_HZ[:-2], EDGES_HZ[2:], strict=True)
    ])  # fmt: skip
    return np.asarray(np.interp(np.log(FINE_HZ), np.log(CENTRES_HZ), 10.0 * np.log10(means)))
