"""What is struck: the modes that ring, and the noise of the blow.

The modes of one strike are the poles of a matrix pencil (Hua & Sarkar 1990), band by band so that quiet high modes are
found beside loud low ones; their amplitudes in every strike of a recording follow by least squares. What they leave
over is kept as the density of a noise in bands and moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from extender.sources.procedural.calls import BANDS_HZ
from extender.sources.procedural.struck import BURST_AT, KINDS, MODES, Striker
from extender.sources.procedural.toolkit import SAMPLE_RATE, T60
from models.sounds.events_takes import Take

Doubles = NDArray[np.float64]

_EDGES_HZ = (60.0, 350.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 16_000.0)
_SHORTEST_S, _LONGEST_S = 0.003, 12.0
SILENT_DB = -90.0


@dataclass(frozen=True, slots=True)
class Modes:
    """Damped sines: frequency, time to −60 dB, amplitude (peak) when struck, strongest first."""

    hz: Doubles
    t60_s: Doubles
    gain: Doubles

    def shorter(self, than_s: float) -> Modes:
        """Return those that do not ring as long."""
        these = self.t60_s < than_s
        return Modes(self.hz[these], self.t60_s[these], self.gain[these])


def poles(sound: Doubles, most: int = MODES) -> Modes:
    """Return the strongest modes of a decaying sound, (frames,) from just after its onset."""
    hz, t60, gain = [], [], []
    for low, high in pairwise(_EDGES_HZ):
        step = max(int(SAMPLE_RATE / (2.6 * (high - low))), 1)
        piece = _around(sound, 0.5 * (low + high), 0.5 * (high - low))[::step]
        for f, decay, strength in _pencil(piece[: min(piece.size, 320)], SAMPLE_RATE / step):
            at = f + 0.5 * (low + high)
            if low <= at < high and _SHORTEST_S <= decay <= _LONGEST_S:
                hz.append(at)
                t60.append(decay)
                gain.append(2.0 * strength)
    if not hz:
        return Modes(np.zeros(0), np.zeros(0), np.zeros(0))
    order = np.argsort(-(np.array(gain) ** 2) * np.array(t60))[:most]
    return Modes(np.array(hz)[order], np.array(t60)[order], np.array(gain)[order])


def _around(sound: Doubles, centre_hz: float, half_hz: float) -> NDArray[np.complex128]:
    """Return the part of a sound within a band, moved to 0 Hz."""
    size = sound.size + 4_096
    spectrum = np.fft.fft(sound, size)
    f = np.fft.fftfreq(size, 1 / SAMPLE_RATE)
    shape = 1.0 / (1.0 + (np.abs(f - centre_hz) / (1.1 * half_hz)) ** 16)
    moved = np.fft.ifft(spectrum * shape)[: sound.size]
    return np.asarray(moved * np.exp(-2j * np.pi * centre_hz / SAMPLE_RATE * np.arange(sound.size)))


def _pencil(samples: NDArray[np.complex128], rate: float) -> list[tuple[float, float, float]]:
    """Return (Hz, t60, amplitude) of the damped exponentials that make up a signal."""
    n = samples.size
    if n < 16 or not np.abs(samples).max() > 0:
        return []
    rows = n // 2
    hankel = np.lib.stride_tricks.sliding_window_view(samples, n - rows)
    _, strength, right = np.linalg.svd(hankel, full_matrices=False)
    order = int(np.clip(np.sum(strength > 0.03 * strength[0]), 1, 14))
    v = right[:order].conj().T
    z = np.linalg.eigvals(np.linalg.lstsq(v[:-1], v[1:], rcond=None)[0]).conj()
    z = z[(np.abs(z) < 1.0 - 1e-7) & (np.abs(z) > 1e-3)]
    if z.size == 0:
        return []
    powers = z[None, :] ** np.arange(n)[:, None]
    gains = np.linalg.lstsq(powers, samples, rcond=None)[0]
    return [
        (float(np.angle(pole) * rate / (2 * np.pi)), float(-T60 / (np.log(np.abs(pole)) * rate)), float(abs(gain)))
        for pole, gain in zip(z, gains, strict=True)
    ]


def ringing(modes: Modes, sound: Doubles) -> tuple[Doubles, Doubles]:
    """Return the amplitude of each mode in a strike, (modes,), and the modes' sound, by damped least squares."""
    t = np.arange(sound.size) / SAMPLE_RATE
    decays = np.exp(-T60 * t[:, None] / modes.t60_s[None, :])
    turns = 2.0 * np.pi * t[:, None] * modes.hz[None, :]
    basis = np.concatenate([decays * np.cos(turns), decays * np.sin(turns)], axis=1)
    gram = basis.T @ basis
    gram[np.diag_indices_from(gram)] *= 1.02  # near twins may not cancel one another
    found = np.linalg.solve(gram, basis.T @ sound)
    half = modes.hz.size
    return np.hypot(found[:half], found[half:]), basis @ found


def _joined(found: Sequence[Modes]) -> Modes:
    """Return the modes of all, those of the later ones only where no earlier one is within half a per cent."""
    all_of = Modes(*(np.concatenate([getattr(one, name) for one in found]) for name in ("hz", "t60_s", "gain")))
    new = [
        n
        for n, hz in enumerate(all_of.hz)
        if n < found[0].hz.size or np.abs(all_of.hz[: found[0].hz.size] / hz - 1.0).min(initial=1.0) > 0.005
    ]
    return Modes(all_of.hz[new], all_of.t60_s[new], all_of.gain[new])


def onset(take: Take) -> int:
    """Return the frame of the steepest rise of a take."""
    smooth = np.convolve(np.abs(take.samples), np.hanning(34) / 17.0, "same")
    until = take.margin + int(0.6 * (take.samples.size - 2 * take.margin)) + 1
    top = int(smooth[: max(until, take.margin + 48)].argmax())
    over = np.flatnonzero(smooth[: top + 1] < 0.25 * smooth[top])
    return int(over[-1]) if over.size else 0


def struck_alike(takes: Sequence[Take], length_s: float, ringing_share: float, alternate: bool) -> Striker:
    """Return one recorded thing from all its strikes.

    Parameters
    ----------
    takes : one or more, in order
    length_s : float
        As long as a strike is listened to at most; less where the next one follows sooner.
    ringing_share : float
        The longest t60 that is believed, in these lengths.
    alternate : bool
        Even and odd strikes differ (tick and tock).
    """
    onsets = [take.onset_s for take in takes]
    number, gap_s, gap_spread = _beat(onsets, alternate)
    lasting = np.minimum(np.append(0.9 * np.diff(onsets), np.inf), length_s)
    length = round(float(lasting.max()) * SAMPLE_RATE)
    strikes = np.zeros((len(takes), length))
    for row, take in enumerate(takes):
        start = onset(take)
        piece = take.samples[start : start + round(lasting[row] * SAMPLE_RATE)]
        strikes[row, : piece.size] = piece
    kinds = number % KINDS if alternate and len(takes) > 3 else np.zeros(len(takes), dtype=np.int64)
    loud = np.sqrt(np.mean(strikes**2, axis=1))
    skip = 24
    found = []
    for kind in np.unique(kinds):
        fit = (kinds == kind) & (loud >= 0.5 * np.median(loud[kinds == kind]))
        clearest = int(np.argmax(np.where(fit, lasting + 0.1 * loud / loud.max(), 0.0)))
        modes = poles(strikes[clearest][skip:], MODES // np.unique(kinds).size)
        found.append(modes.shorter(ringing_share * lasting[clearest]))
    modes = _joined(found)
    if modes.hz.size:
        heard = [
            ringing(modes, strike[skip : round(seconds * SAMPLE_RATE)])
            for strike, seconds in zip(strikes, lasting, strict=True)
        ]
        gains = np.stack([gain for gain, _ in heard])
        left = [
            strike - np.pad(ring, (skip, length - skip - ring.size))
            for strike, (_, ring) in zip(strikes, heard, strict=True)
        ]
    else:
        gains, left = np.zeros((len(takes), 0)), list(strikes)
    top = float(np.abs(strikes).max())
    ground = _ground(takes, top)
    density = np.stack([burst_density(rest) for rest in left]) / top**2
    density = np.maximum(density - 1.2 * 10.0 ** (ground / 10.0), 1e-3 * density)
    whole = np.sqrt(np.sum(strikes**2, axis=1))
    level = np.full((KINDS, MODES), SILENT_DB)
    burst = np.full((KINDS, BURST_AT.size, BANDS_HZ.size), SILENT_DB)
    for kind in range(KINDS):
        mine = kinds == (kind if (kinds == kind).any() else kinds[0])
        level[kind, : modes.hz.size] = 10.0 * np.log10(np.mean((gains[mine] / top) ** 2, axis=0) + 1e-9)
        burst[kind] = 10.0 * np.log10(np.mean(density[mine], axis=0) + 1e-13)
    burst[:, length / SAMPLE_RATE < BURST_AT] = SILENT_DB - 40.0
    spread = np.full(MODES, 2.0)
    if len(takes) > 2 and modes.hz.size:
        logs = 20.0 * np.log10(gains / whole[:, None] + 1e-9)
        spread[: modes.hz.size] = np.clip(logs.std(axis=0), 0.5, 5.0)
    force = float(np.clip((20.0 * np.log10(whole)).std(), 0.3, 4.0)) if len(takes) > 2 else 1.5
    return Striker(
        _padded(modes.hz, 1_000.0),
        _padded(modes.t60_s, 0.01),
        level.astype(np.float32),
        spread.astype(np.float32),
        burst.astype(np.float32),
        np.float32(force),
        gap_s,
        gap_spread,
        ground.astype(np.float32),
    )


def burst_density(rest: Doubles) -> Doubles:
    """Return the power per Hz of a short noise in bands, (moments, bands), in windows that grow with time."""
    out = np.zeros((BURST_AT.size, BANDS_HZ.size))
    edges = np.concatenate([[0.0], np.sqrt(BANDS_HZ[1:] * BANDS_HZ[:-1]), [20_000.0]])
    padded = np.pad(rest, 4_096)
    for n, at in enumerate(BURST_AT):
        length = int(np.clip(2.0 * np.gradient(BURST_AT)[n] * SAMPLE_RATE, 96, 2_048))
        start = 4_096 + round(at * SAMPLE_RATE) - (length // 2 if n else 0)
        piece = padded[start : start + length] if start + length <= padded.size else np.zeros(length)
        window = np.hanning(length + 2)[1:-1]
        power = np.abs(np.fft.rfft(piece * window, 4_096)) ** 2 * 2.0 / (SAMPLE_RATE * np.sum(window**2))
        f = np.fft.rfftfreq(4_096, 1 / SAMPLE_RATE)
        which = np.searchsorted(edges, f) - 1
        total = np.bincount(which.clip(0, BANDS_HZ.size - 1), power, BANDS_HZ.size)
        out[n] = total / np.maximum(np.bincount(which.clip(0, BANDS_HZ.size - 1), minlength=BANDS_HZ.size), 1)
    return out


def _beat(onsets_s: Sequence[float], alternate: bool) -> tuple[NDArray[np.int64], NDArray[np.float32], np.float32]:
    """Return the number of each strike in a beat that may miss some, the gaps after even and odd ones, their deviation.

    The deviation is a share of the gap.
    """
    gaps = np.diff(onsets_s)
    if gaps.size == 0:
        return np.zeros(1, dtype=np.int64), np.array([0.5, 0.5], dtype=np.float32), np.float32(0.1)
    usual = float(np.median(gaps))
    steps = np.maximum(np.round(gaps / usual), 1).astype(np.int64)
    number = np.concatenate([[0], np.cumsum(steps)])
    single = (steps == 1) & (np.abs(gaps / usual - 1.0) < (0.15 if alternate else 0.8))
    means = []
    for kind in range(KINDS):
        mine = single & ((number[:-1] % KINDS == kind) | (not alternate))
        means.append(float(np.median(gaps[mine])) if mine.any() else usual)
    near = gaps[single] / np.array(means)[number[:-1][single] % KINDS]
    spread = float(np.clip(near.std(), 0.0005, 0.4)) if near.size > 2 else 0.01
    return number, np.array(means, dtype=np.float32), np.float32(spread)


def _ground(takes: Sequence[Take], top: float) -> Doubles:
    """Return the density of what lies beneath the strikes, in bands, dB."""
    ground = takes[0].ground
    out = np.full(BANDS_HZ.size, SILENT_DB - 60.0)
    size = 2_048
    if ground.size > 2 * size:
        pieces = np.lib.stride_tricks.sliding_window_view(ground, size)[:: size // 2] * np.hanning(size)
        power = (
            np.mean(np.abs(np.fft.rfft(pieces, axis=1)) ** 2, axis=0)
            * 2.0
            / (SAMPLE_RATE * np.sum(np.hanning(size) ** 2))
        )
        f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
        out = 10.0 * np.log10(np.interp(BANDS_HZ, f, power) / top**2 + 1e-16)
    return np.asarray(out)


def _padded(values: Doubles, fill: float) -> NDArray[np.float32]:
    out = np.full(MODES, fill, dtype=np.float32)
    out[: values.size] = values
    return out
