"""The residue of a mix: what of its tracks is lost, by masking and by interference, over time and frequency.

R(t, b) = w(b) (R_mask + R_int). R_mask is the loudness that the tracks lose to each other, each beside the sum of all
others, R_int the loudness that the sum lacks because waves cancel; both in sone. The weights count what is lost in the
bands of muddiness (200–500 Hz) and harshness (1–4 kHz) half as much again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixer.bands_kernels import specific
from mixer.ear import EarModel, bark
from mixer.masking import Progress, played
from mixer.masking_engine import MaskingAnalyser
from mixer.partial import masked_share, partial_loudness
from mixer.plan import TrackSettings
from mixer.types import Samples, check

if TYPE_CHECKING:
    from mixer.session import MixSession

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

GROUPS = 27
"""Of one Bark each, into which the map is brought together; the last one has what is left over as well."""
MUDDY_HZ, HARSH_HZ = (200.0, 500.0), (1_000.0, 4_000.0)
WEIGHT, EDGE_BARK = 0.5, 0.5
"""How much more is counted in these bands, and how wide their raised-cosine edges are."""
SMOOTHED = 8
"""Frames over which powers are averaged before interference is looked for: beats of unrelated sounds are none."""
SLOPE_DB = 3.0
"""Of the literal energy: a sound 3 dB above the masking threshold is masked by 1/(1 + e)."""


@dataclass(frozen=True, slots=True, eq=False)
class Residue:
    """What is lost in a mix.

    Parameters
    ----------
    frame_s : float
        From one frame to the next.
    centres_hz : (bands,) float64
    map : (frames, 27) float32
        R(t, g), weighted, in sone, summed over the bands of each Bark.
    energy : (frames, 27) float32
        The literal version: masked and cancelled power over all power, 0..1.
    masked_sone, interference_sone : (bands,) float64
        R_mask and R_int in each band, without weights, mean over the frames.
    loudness_sone, heard_sone : (tracks,) float64
        Of each track alone, and what is left of it beside the others; mean over the frames.
    msr : (tracks,) float64
        Masker-to-signal measure, 0..1 (:func:`mixer.partial.masked_share`); NaN for a track that is never heard.
    """

    frame_s: float
    centres_hz: F64
    map: F32
    energy: F32
    masked_sone: F64
    interference_sone: F64
    loudness_sone: F64
    heard_sone: F64
    msr: F64

    @property
    def sone(self) -> float:
        """Mean over time of all of R, sone. It falls when everything is made softer: compare at equal levels only."""
        return float(self.map.sum(axis=1, dtype=np.float64).mean()) if len(self.map) else 0.0

    @property
    def share(self) -> float:
        """ρ = ΣR_mask/ΣN': the share of all loudness that is lost to masking, 0..1; 1 where nothing is heard."""
        alone = float(self.loudness_sone.sum())
        return float(self.masked_sone.sum()) / alone if alone > 0.0 else 1.0

    @property
    def mur(self) -> F64:
        """Share of each track's loudness that is heard, (tracks,), 0..1; NaN for one that is silent."""
        left = np.full(len(self.loudness_sone), np.nan)
        np.divide(self.heard_sone, self.loudness_sone, out=left, where=self.loudness_sone > 0.0)
        return left

    @property
    def clarity(self) -> float:
        """Mean MUR of the tracks; a silent one has 0, for nothing of it is heard."""
        return float(np.nan_to_num(self.mur).mean()) if len(self.mur) else 0.0

    @property
    def worst(self) -> float:
        """MUR of the track that is heard least; 0 where one is silent."""
        return float(np.nan_to_num(self.mur).min()) if len(self.mur) else 0.0

    @property
    def muddiness(self) -> float:
        """Share of R that lies at 200–500 Hz, 0..1."""
        return self._share_within(MUDDY_HZ)

    @property
    def harshness(self) -> float:
        """Share of R that lies at 1–4 kHz, 0..1."""
        return self._share_within(HARSH_HZ)

    def within_sone(self, low_hz: float, high_hz: float) -> float:
        """Return the mean R, weighted, in the bands whose centres lie in a range, sone."""
        inside = (self.centres_hz >= low_hz) & (self.centres_hz <= high_hz)
        return float((self._bands() * inside).sum())

    def _bands(self) -> F64:
        return band_weights(self.centres_hz) * (self.masked_sone + self.interference_sone)

    def _share_within(self, span_hz: tuple[float, float]) -> float:
        total = float(self._bands().sum())
        return self.within_sone(*span_hz) / total if total > 0.0 else 0.0


def band_weights(centres_hz: ArrayLike) -> F64:
    """Return w(b): 1, and 1.5 at 200–500 Hz and at 1–4 kHz, with raised-cosine edges of half a Bark."""
    z = bark(centres_hz)
    weights = np.ones(z.shape)
    for low, high in (bark(MUDDY_HZ), bark(HARSH_HZ)):
        inward = np.minimum(z - low, high - z) / EDGE_BARK
        weights += WEIGHT * (0.5 + 0.5 * np.sin(np.pi * np.clip(inward, -0.5, 0.5)))
    return weights


def group_starts(ear: EarModel) -> NDArray[np.intp]:
    """Return the first band of each of the 27 groups: g = min(⌊z − z(80 Hz)⌋, 26)."""
    per_bark = round(1.0 / ear.step_bark)
    return np.arange(GROUPS, dtype=np.intp) * per_bark


def grouped(ear: EarModel, values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Sum values of bands, (bands, frames), into the groups, (frames, 27)."""
    return np.asarray(np.add.reduceat(values, group_starts(ear), axis=0).T)


def residue(ear: EarModel, powers: ArrayLike, mix: ArrayLike | None = None, rest: ArrayLike | None = None) -> Residue:
    """Return the residue of tracks whose band powers are known: the reference, in plain NumPy.

    Parameters
    ----------
    ear : EarModel
    powers : (tracks, ears, bands, frames) floats
        P_i of the tracks as they are in the mix (:meth:`mixer.ear.EarModel.band_powers`).
    mix : (ears, bands, frames) floats, optional
        P_m, power of the sum of all tracks; where not given, powers add, and nothing interferes.
    rest : like ``powers``, optional
        Power of the sum of all others of each track; where not given, their powers add.

    Returns
    -------
    Residue
    """
    P = np.asarray(powers, np.float64)
    ok = P.ndim == 4 and P.shape[2] == ear.bands
    check(ok, "residue", "powers", f"(tracks, ears, {ear.bands}, frames)", P.shape)
    P_S = P.sum(axis=0)
    P_m = P_S if mix is None else np.asarray(mix, np.float64)
    P_rest = np.maximum(P_S - P, 0.0) if rest is None else np.asarray(rest, np.float64)
    check(P_m.shape == P.shape[1:], "residue", "mix", f"of shape {P.shape[1:]}", P_m.shape)
    check(P_rest.shape == P.shape, "residue", "rest", f"of shape {P.shape}", P_rest.shape)
    sums = _Sums(ear, len(P), P.shape[1])
    lost, hidden = np.zeros(P.shape[2:]), np.zeros(P.shape[2:])
    for number, (own, others) in enumerate(zip(P, P_rest, strict=True)):
        E, N = (np.stack([ear.excitation(np.asarray(p, np.float32)) for p in each]) for each in (own, others))
        alone = ear.specific_loudness(np.asarray(E)).max(axis=0)
        beside = partial_loudness(ear, E, N).max(axis=0)
        sums.loud[number], sums.heard[number] = alone.sum(), beside.sum()
        sums.msr[number] = float(masked_share(ear, E, N))
        lost += alone - beside
        hidden += hidden_power(ear, own, E, N)
    sums.add(lost, hidden, np.asarray(P_S, np.float32), np.asarray(P_m, np.float32))
    return sums.residue()


def hidden_power(ear: EarModel, own: ArrayLike, excited: ArrayLike, others: ArrayLike) -> NDArray[np.floating]:
    """Return the power of a track times how far it lies under the masking threshold of the others, ears added.

    P σ((10 log10(N/m) − 10 log10 E)/3 dB), the literal reading of "unwanted energy after blending".

    Parameters
    ----------
    own, excited, others : (ears, bands, frames) floats
        Power of the track, its excitation E, and N, that of all others.
    """
    ratio = np.asarray(others) / (np.asarray(excited) * np.asarray(10.0 ** (ear.tables.mask_db / 10.0))[:, np.newaxis])
    over = np.power(np.maximum(ratio, 1e-12), np.float32(10.0 / (SLOPE_DB * np.log(10.0))))
    return np.asarray((np.asarray(own) * (over / (1.0 + over))).sum(axis=0))


def interference_share(powers: ArrayLike, mix: ArrayLike) -> float:
    """Return the share of all power that interference takes away, 0..1: Σ max(0, P_S − P_m)/Σ P_S, smoothed.

    Parameters
    ----------
    powers : (tracks, …, bands, frames) floats
    mix : (…, bands, frames) floats
    """
    P_S = np.asarray(powers, np.float64).sum(axis=0)
    before, after = (_smoothed(x)[..., SMOOTHED - 1 :] for x in (P_S, np.asarray(mix, np.float64)))
    total = float(before.sum())
    return float(np.maximum(before - after, 0.0).sum()) / total if total > 0.0 else 0.0


def analyse_residue(
    session: MixSession, settings: Sequence[TrackSettings], *, progress: Progress | None = None
) -> Residue:
    """Measure the residue of exactly what is rendered with these settings, before the bus, in one pass.

    Parameters
    ----------
    session : MixSession
    settings : sequence of TrackSettings
        One for each track of the session.
    progress : callable, optional

    Returns
    -------
    Residue
        Its MUR is that of :func:`mixer.masking.analyse_session`.
    """
    if not settings:
        ear = EarModel()
        return residue(ear, np.zeros((0, 1, ear.bands, 0)))
    analyser = ResidueAnalyser([s.id for s in settings], [s.gain_db for s in settings], session)
    with analyser:
        for blocks, length in played(session, settings, progress):
            analyser.add(blocks, length)
        analyser.drain()
        return analyser.residue()


class ResidueAnalyser(MaskingAnalyser):
    """Listens to all tracks as the masking analysis does, and keeps what is lost instead of who took it.

    Parameters
    ----------
    ids : sequence of str
    gains_db : sequence of float
    session : MixSession
        Whose blocks will come.
    """

    def __init__(self, ids: Sequence[str], gains_db: Sequence[float], session: MixSession) -> None:
        super().__init__(
            ids, gains_db, sample_rate=session.sample_rate, channels=session.channels, layout=session.layout,
            listen=self._batch,
        )  # fmt: skip
        self._sums = _Sums(self.ear, len(ids), self._ears)
        self._parts: dict[int, tuple[NDArray[np.floating], NDArray[np.floating], F32]] = {}

    def residue(self) -> Residue:
        """Return what was found."""
        for number, track in enumerate(self._tracks):
            self._sums.loud[number], self._sums.heard[number] = track.loud.sum(), track.heard.sum()
            self._sums.msr[number] = track.share / track.frames if track.frames else np.nan
        return self._sums.residue()

    def _noticed(self, number: int, powers: F32, own: F32, rest: F32, loud: F32, heard: F32) -> None:
        self._parts[number] = loud - heard, hidden_power(self.ear, powers, own, rest), powers

    def _batch(self, masker: Samples, maskee: Samples, active: Samples) -> None:
        """Add up a batch: in the order of the tracks, so that threads change nothing."""
        shape = masker.shape[-2:]
        lost, hidden = np.zeros(shape), np.zeros(shape)
        P_S = np.zeros((self._ears, *shape), np.float32)
        for _, (gone, under, powers) in sorted(self._parts.items(), key=lambda part: part[0]):
            lost += gone
            hidden += under
            P_S += powers
        self._parts.clear()
        self._sums.add(lost, hidden, P_S, np.stack(self._mix.powers))


class _Sums:
    """What is added up of a mix, batch by batch."""

    def __init__(self, ear: EarModel, tracks: int, ears: int) -> None:
        self._ear = ear
        self._weights = band_weights(ear.centres_hz)[:, np.newaxis]
        self._last = np.zeros((2, ears, ear.bands, SMOOTHED - 1), np.float32)
        self._states = np.zeros((2, ears, ear.bands), np.float32)
        self._maps: list[F32] = []
        self._energies: list[F32] = []
        self._masked, self._interference = np.zeros(ear.bands), np.zeros(ear.bands)
        self.loud, self.heard, self.msr = (np.zeros(tracks) for _ in range(3))

    def add(self, lost: F64, hidden: F64, apart: F32, together: F32) -> None:
        """Take what the tracks lose, (bands, frames), their hidden power, and P_S and P_m."""
        ear, to_sone = self._ear, 24.0 / self._ear.bands
        loud = []
        for n, powers in enumerate((apart, together)):
            beyond = np.concatenate((self._last[n], powers), axis=-1)
            self._last[n] = beyond[..., -(SMOOTHED - 1) :]
            smooth = _smoothed(beyond)[..., SMOOTHED - 1 :]
            loud.append(self._loudness(smooth, self._states[n]))
        gone = np.maximum(loud[0] - loud[1], 0.0)
        self._masked += to_sone * lost.sum(axis=1)
        self._interference += to_sone * gone.sum(axis=1)
        self._maps.append(grouped(ear, to_sone * self._weights * (lost + gone)).astype(np.float32))
        cancelled = np.maximum(np.asarray(apart, np.float64) - together, 0.0).sum(axis=0)
        everything = apart.sum(axis=0) + len(apart) * ear.noise[:, np.newaxis]
        self._energies.append((grouped(ear, hidden + cancelled) / grouped(ear, everything)).astype(np.float32))

    def _loudness(self, powers: NDArray[np.floating], states: F32) -> F64:
        """Return the specific loudness of powers at the better ear, (bands, frames)."""
        excited = np.stack(
            [self._ear.excitation(np.asarray(p, np.float32), state) for p, state in zip(powers, states, strict=True)],
            axis=1,
        )
        loud = np.empty_like(excited)
        specific(excited, self._ear.tables, loud)
        return np.asarray(loud.max(axis=1), np.float64)

    def residue(self) -> Residue:
        """Return the means."""
        empty = np.zeros((0, GROUPS), np.float32)
        found, energy = (np.concatenate([empty, *parts]) for parts in (self._maps, self._energies))
        per_frame = 1.0 / max(len(found), 1)
        to_sone = 24.0 / self._ear.bands * per_frame
        return Residue(
            frame_s=self._ear.hop / self._ear.sample_rate,
            centres_hz=self._ear.centres_hz,
            map=found,
            energy=energy,
            masked_sone=self._masked * per_frame,
            interference_sone=self._interference * per_frame,
            loudness_sone=self.loud * to_sone,
            heard_sone=self.heard * to_sone,
            msr=self.msr,
        )


def _smoothed(powers: NDArray[np.floating]) -> F64:
    """Return the mean of each frame and the seven before it, those before the first being silent."""
    sums = np.cumsum(powers, axis=-1, dtype=np.float64)
    sums[..., SMOOTHED:] -= sums[..., :-SMOOTHED].copy()
    return np.asarray(np.maximum(sums, 0.0) / SMOOTHED)
