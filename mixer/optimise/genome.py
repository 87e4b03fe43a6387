"""From numbers to settings and back: what may be changed of each track, in which unit and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import LOW_HZ, Listened, filter_power
from mixer.curve import at_start
from mixer.locks import KEPT, Limits, nearest
from mixer.optimise.model import ATTACK_S, KNEE_DB, OFF, RELEASE_S
from mixer.optimise.predictor import Candidates
from mixer.plan import TrackSettings
from mixer.processors import Compressor, Filter
from mixer.spatial import lateral_deg, pan_gains, pan_position
from mixer.strategies.spread import BASS_HZ, BASS_SHARE, stands_still
from mixer.types import Track, check

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

EQ_HZ = (60.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 2_500.0, 7_500.0)
"""Centres of Liu et al. 2024."""
EQ_Q = (1.0, 1.2, 1.2, 1.2, 1.2, 1.5, 1.4, 0.8)
"""As wide as to meet the next one; with their 0.2 to 0.6 each would raise and lower all of the spectrum."""
LEAST_DB = 0.25
"""Filters with less are left out."""
UNLOCKED_DB = 12.0
"""How far a level may be changed where there is no level lock."""
STEP_DB = 0.25
"""Of the table of filters."""


@dataclass(frozen=True, slots=True)
class Gene:
    """One number of a track.

    Parameters
    ----------
    name, unit : str
    low, high : float
    neutral : float
        With which it changes nothing.
    """

    name: str
    unit: str
    low: float
    high: float
    neutral: float = 0.0


GENES = (
    Gene("gain", "dB from the level lock", -3.0, 3.0),
    *(Gene(f"eq {hertz:g} Hz", "dB", -6.0, 6.0) for hertz in EQ_HZ),
    Gene("threshold", "dB from the loud parts of the track", -24.0, 0.0),
    Gene("ratio", f"under {OFF:g} = off", 1.0, 4.0, 1.0),
    Gene("pan", "of the freedom to move, to the left", -1.0, 1.0),
)
"""Of each track, in this order."""
GAIN, EQ, THRESHOLD, RATIO, PAN = 0, slice(1, 9), 9, 10, 11


class Codec:
    """One genome ↔ the settings of all tracks.

    A genome is (tracks · 12,) float64, in the units of GENES, track by track. What is in the settings already (filters,
    ducks, …) stays; a genome that is neutral throughout changes nothing.

    Parameters
    ----------
    tracks : sequence of Track
    base : sequence of TrackSettings
        What is added to; as listened to.
    places : sequence of TrackSettings
        Where the picture has the tracks: what the freedom is counted from.
    listened : Listened
    freedom_deg, stage_half_deg : float
    fixed : collection of str
        Ids of tracks that must stay as they are.
    stereo : bool
        Whether places can be changed.
    level_lock : bool
        Without it levels are free within UNLOCKED_DB, also that of all tracks together: a residue in sone is then
        least where everything is soft. It is there to show what the lock is for.
    limits : sequence of Limits
        What a person's locks leave of each track; the tracks' targets and the settings to begin with keep to them.
        Empty = nothing is locked.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        base: Sequence[TrackSettings],
        places: Sequence[TrackSettings],
        listened: Listened,
        *,
        freedom_deg: float = 15.0,
        stage_half_deg: float = 45.0,
        fixed: Sequence[str] = (),
        stereo: bool = True,
        level_lock: bool = True,
        limits: Sequence[Limits] = (),
    ) -> None:
        self._locked = level_lock
        self._limits = tuple(limits) or (Limits(),) * len(tracks)
        self.tracks, self.base = tuple(tracks), tuple(base)
        self._stage_half_deg = stage_half_deg
        half_deg = min(stage_half_deg, 90.0)
        self._true = lateral_deg([at_start(s.azimuth_deg) for s in places])
        self._behind = np.array([abs(at_start(s.azimuth_deg)) > 90.0 for s in places])
        self._now = lateral_deg([at_start(s.azimuth_deg) for s in base])
        self._nowhere = not self._true.any() and freedom_deg > 0.0
        heard = listened.powers.any(axis=(1, 2, 3))
        free = np.array([track.id not in fixed for track in tracks], np.bool_) & heard
        still = (stands_still(t, p) and stands_still(t, b) for t, p, b in zip(tracks, places, base, strict=True))
        movable = np.fromiter(still, np.bool_, len(tracks)) & [limit.pan != KEPT for limit in self._limits]
        freedom = half_deg if self._nowhere else freedom_deg
        self._freedom = np.where(free & movable & ~_low(listened) & stereo, freedom, 0.0)
        self._edge = np.maximum(half_deg, np.abs(self._true))
        self._points = np.array([s.placed and at_start(s.width) < 1.0 for s in places], np.bool_)
        loud = np.sort(listened.peaks, axis=1)[:, int(0.95 * listened.peaks.shape[1])]
        loudest = listened.peaks.max(axis=1) * 0.5
        self._level_db = np.clip(20.0 * np.log10(np.maximum(np.maximum(loud, loudest), 1e-4)), -76.0, 0.0)
        self._powers = np.array([0.0 if t.target_lufs is None else 10.0 ** (t.target_lufs / 10.0) for t in tracks])
        self.low, self.high = self._bounds(free)
        self._hertz, self._rate = np.append(listened.ear.centres_hz, LOW_HZ), listened.ear.sample_rate
        self._table_db = _responses(self._hertz, self._rate)
        spans = [(n, limit.eq) for n, limit in enumerate(self._limits) if isinstance(limit.eq, tuple)]
        self._eq_spans = [(n, span, self._filters_db(self.base[n])) for n, span in spans]
        self._pan_span = np.array([self._lateral_span(n) for n in range(len(tracks))]).reshape(-1, 2)

    @property
    def length(self) -> int:
        """How many genes there are."""
        return len(self.low)

    @property
    def free(self) -> NDArray[np.intp]:
        """Numbers of the genes that may change."""
        return np.flatnonzero(self.high > self.low)

    @property
    def neutral(self) -> F64:
        """The genome that leaves all as it is."""
        genome = np.tile([gene.neutral for gene in GENES], len(self.base)).astype(np.float64)
        pan = (self._now - self._true) / np.where(self._freedom > 0.0, self._freedom, 1.0)
        genome.reshape(-1, len(GENES))[:, PAN] = np.where(self._freedom > 0.0, np.clip(pan, -1.0, 1.0), 0.0)
        return genome

    def units(self, genomes: F64) -> F64:
        """Return the free genes of genomes, each as 0..1 of its range, (…, free genes)."""
        free = self.free
        return np.asarray((genomes[..., free] - self.low[free]) / (self.high - self.low)[free])

    def genomes(self, units: F64) -> F64:
        """Return the genomes of free genes in 0..1; the others are neutral."""
        free = self.free
        genomes = np.broadcast_to(self.neutral, (*units.shape[:-1], self.length)).copy()
        genomes[..., free] = self.low[free] + np.clip(units, 0.0, 1.0) * (self.high - self.low)[free]
        return genomes

    def offsets_db(self, genomes: F64) -> F64:
        """Return the offset of each track from its level, (…, tracks)."""
        return np.asarray(self._shaped(genomes)[..., GAIN])

    def intervention(self, genomes: F64) -> F64:
        """Return how much is changed: mean |EQ|/6 dB and mean (1 − 1/ratio), added, (…)."""
        genes = self._shaped(genomes)
        ratio = np.where(genes[..., RATIO] < OFF, 1.0, genes[..., RATIO])
        return np.asarray(np.abs(genes[..., EQ]).mean(axis=(-1, -2)) / 6.0 + (1.0 - 1.0 / ratio).mean(axis=-1))

    def candidates(self, genomes: F64) -> Candidates:
        """Return what genomes, (candidates, genes), do to the band powers."""
        genes = self._shaped(genomes)
        eq_db = self._response(genes[..., EQ])
        shares = np.full((*genes.shape[:2], 2), np.nan, np.float32)
        lateral = self._lateral(genes[..., PAN])
        for n in np.flatnonzero(self._freedom > 0.0).tolist():
            moved = np.abs(lateral[:, n] - self._now[n]) >= 0.5
            shares[moved, n] = self._shares(n, lateral[moved, n])
        return Candidates(
            eq_db=np.ascontiguousarray(eq_db[..., :-1]),
            low_db=np.ascontiguousarray(eq_db[..., -1]),
            fader_db=genes[..., GAIN].astype(np.float32),
            threshold_db=(self._level_db + genes[..., THRESHOLD]).astype(np.float32),
            ratio=np.where(genes[..., RATIO] < OFF, 1.0, genes[..., RATIO]).astype(np.float32),
            shares=shares,
        )

    def decode(self, genome: F64) -> tuple[tuple[Track, ...], tuple[TrackSettings, ...]]:
        """Return the tracks, their targets moved by the offsets, and their settings; gains are the level lock's."""
        check(genome.shape == self.low.shape, "Codec", "genome", f"{self.low.shape} numbers", genome.shape)
        genes = self._shaped(genome[np.newaxis])[0]
        lateral = self._lateral(genes[np.newaxis, :, PAN])[0]
        tracks = tuple(_offset(track, float(g[GAIN])) for track, g in zip(self.tracks, genes, strict=True))
        return tracks, tuple(self._decoded(n, g, float(lateral[n])) for n, g in enumerate(genes))

    def encode(self, settings: Sequence[TrackSettings]) -> F64:
        """Return the genome that comes nearest to settings: their filters fitted by the eight bands, and the rest.

        What moves over time counts as it is at the start; gains and ducks are left out.
        """
        genome = self.neutral
        genes = genome.reshape(-1, len(GENES))
        table = self._table_db[:, -1] / GENES[1].high  # dB for each dB, about
        centres = table.shape[1] - 1
        for n, (new, old) in enumerate(zip(settings, self.base, strict=True)):
            wanted = self._filters_db(new) - self._filters_db(old)
            fitted = np.linalg.lstsq(table[:, :centres].T, wanted[:centres], rcond=None)[0]
            genes[n, EQ] = fitted
            if new.compressor is not None and old.compressor is None:
                genes[n, THRESHOLD] = at_start(new.compressor.threshold_db) - self._level_db[n]
                genes[n, RATIO] = at_start(new.compressor.ratio)
            if self._freedom[n] > 0.0:
                genes[n, PAN] = (lateral_deg(at_start(new.azimuth_deg)) - self._true[n]) / self._freedom[n]
        return np.clip(genome, self.low, self.high)

    def _bounds(self, free: NDArray[np.bool_]) -> tuple[F64, F64]:
        neutral = self.neutral.reshape(-1, len(GENES))
        low, high = neutral.copy(), neutral.copy()
        for n in np.flatnonzero(free).tolist():
            for g, gene in enumerate(GENES):
                compressed = self.base[n].compressor is not None and g in (THRESHOLD, RATIO)
                if compressed or (g == PAN and self._freedom[n] == 0.0):
                    continue
                low[n, g], high[n, g] = gene.low, gene.high
            low[n, GAIN], high[n, GAIN] = _room_to_lift(
                self.tracks[n], GENES[GAIN].high if self._locked else UNLOCKED_DB
            )
            _narrow(low[n], high[n], neutral[n], self._limits[n])
        return low.ravel(), high.ravel()

    def _lateral_span(self, n: int) -> tuple[float, float]:
        """Return how far right and left a track may stand by its lock."""
        bounds = self._limits[n].pan
        if not isinstance(bounds, tuple):
            return -90.0, 90.0
        all_of_it = np.arange(-90.0, 90.5, 0.5)
        inside = [deg for deg in all_of_it.tolist() if bounds[0] <= self._azimuth_deg(n, deg) <= bounds[1]]
        return (min(inside), max(inside)) if inside else (float(self._now[n]), float(self._now[n]))

    def _shaped(self, genomes: F64) -> F64:
        """Return genes in bounds, (…, tracks, 12), the offsets being such that all tracks keep their power together."""
        clipped = np.clip(genomes, self.low, self.high)
        genes = np.array(clipped.reshape(*genomes.shape[:-1], len(self.base), len(GENES)), np.float64)
        low, high = (bounds.reshape(-1, len(GENES))[:, GAIN] for bounds in (self.low, self.high))
        power = self._powers * (high > low)
        if self._locked and power.sum() > 0.0:
            more = (power * 10.0 ** (genes[..., GAIN] / 10.0)).sum(axis=-1, keepdims=True) / power.sum()
            centred = genes[..., GAIN] - 10.0 * np.log10(more)
            genes[..., GAIN] = np.clip(np.where(high > low, centred, 0.0), low, high)
        for n, span, base_db in self._eq_spans:
            genes[..., n, EQ] *= self._share_within(genes[..., n, EQ], base_db, span)[..., np.newaxis]
        return genes

    def _share_within(self, gains_db: F64, base_db: F64, span: tuple[float, float]) -> F64:
        """Return by how much gains, (…, 8), are to be made smaller so that the whole curve stays in a range, (…)."""
        response = np.asarray(self._response(gains_db), np.float64)
        room = np.where(response > 0.0, span[1] - base_db, span[0] - base_db)
        share = np.divide(room, response, out=np.ones_like(response), where=np.abs(response) > 1e-3)
        return np.asarray(np.clip(share.min(axis=-1), 0.0, 1.0))

    def _response(self, gains_db: F64) -> F32:
        """Return the cascade of the eight filters at the bands of the ear, (…, bands + 1), by the table."""
        at = np.clip((gains_db - GENES[1].low) / STEP_DB, 0.0, self._table_db.shape[1] - 1.001)
        first = at.astype(np.intp)
        part = (at - first).astype(np.float32)[..., np.newaxis]
        total = np.zeros((*gains_db.shape[:-1], self._table_db.shape[2]), np.float32)
        for k, table in enumerate(self._table_db.astype(np.float32)):
            total += (1.0 - part[..., k, :]) * table[first[..., k]] + part[..., k, :] * table[first[..., k] + 1]
        return total

    def _filters_db(self, settings: TrackSettings) -> F64:
        total = np.zeros(self._table_db.shape[2])
        for section in settings.filters:
            power = filter_power(section, self._hertz, self._rate, np.zeros(1))[:, 0]
            total += 10.0 * np.log10(np.maximum(power, 1e-12))
        return total

    def _lateral(self, pan: F64) -> F64:
        """Return where tracks stand from right to left, in degrees: within their freedom, in the order of the picture.

        Those that would pass each other meet half-way.
        """
        wanted = np.where(self._freedom > 0.0, self._true + pan * self._freedom, self._now)
        wanted = np.where(self._freedom > 0.0, np.clip(wanted, -self._edge, self._edge), wanted)
        wanted = np.clip(wanted, *self._pan_span.T)
        points = np.flatnonzero(self._points)
        if self._nowhere or len(points) < 2:
            return np.asarray(wanted)
        order = points[np.lexsort((points, self._true[points]))]
        row = wanted[:, order]
        still = np.flatnonzero(self._freedom[order] == 0.0)
        for k in still.tolist():  # nobody passes what stays
            row[:, :k] = np.minimum(row[:, :k], np.maximum(row[:, [k]], self._true[order[:k]]))
            row[:, k + 1 :] = np.maximum(row[:, k + 1 :], np.minimum(row[:, [k]], self._true[order[k + 1 :]]))
        up = np.maximum.accumulate(row, axis=1)
        down = np.minimum.accumulate(row[:, ::-1], axis=1)[:, ::-1]
        middle = (up + down) / 2.0
        middle[:, still] = row[:, still]
        wanted[:, order] = middle
        return np.asarray(np.clip(wanted, *self._pan_span.T))  # a lock counts more than the order

    def _azimuth_deg(self, n: int, lateral: float) -> float:
        if not self._behind[n]:
            return lateral
        return 180.0 - lateral if lateral >= 0.0 else -180.0 - lateral

    def _shares(self, n: int, lateral: F64) -> F32:
        """Return how the power of a point is divided between left and right, its room being on both sides."""
        settings = self.base[n]
        room = 0.0 if settings.reverb_db is None else 10.0 ** (at_start(settings.reverb_db) / 10.0)
        positions = [pan_position(self._azimuth_deg(n, float(deg)), self._stage_half_deg) for deg in lateral]
        direct = np.array([[float(g) ** 2 for g in pan_gains(position)] for position in positions])
        return np.asarray((direct.reshape(-1, 2) + room / 2.0) / (1.0 + room), np.float32)

    def _decoded(self, n: int, genes: F64, lateral: float) -> TrackSettings:
        base = self.base[n]
        said = [base.reason] if base.reason else []
        gains = [round(float(g), 2) for g in genes[EQ]]
        filters = tuple(
            Filter("peak", hertz, gain_db, q)
            for hertz, gain_db, q in zip(EQ_HZ, gains, EQ_Q, strict=True)
            if abs(gain_db) >= LEAST_DB
        )
        if filters:
            said.append("equalised " + ", ".join(f"{f.gain_db:+.1f} dB at {f.frequency_hz:g} Hz" for f in filters))
        compressor = base.compressor
        if compressor is None and genes[RATIO] >= OFF:
            threshold_db = round(float(self._level_db[n] + genes[THRESHOLD]), 2)
            ratio = round(float(genes[RATIO]), 2)
            compressor = Compressor(threshold_db, ratio, KNEE_DB, ATTACK_S, RELEASE_S)
            said.append(f"compressed {ratio:.1f}:1 above {threshold_db:.0f} dB")
        azimuth = base.azimuth_deg
        if self._freedom[n] > 0.0 and abs(lateral - self._now[n]) >= 0.05:  # less is lost in rounding
            azimuth = round(self._azimuth_deg(n, lateral), 1) + 0.0
            said.append(f"moved to {azimuth:+.0f}°")
        if abs(genes[GAIN]) >= 0.05:
            said.append(f"{genes[GAIN]:+.1f} dB beside its level")
        return replace(
            base, gain_db=0.0, azimuth_deg=azimuth, filters=(*base.filters, *filters), compressor=compressor,
            reason="; ".join(said),
        )  # fmt: skip


def _low(listened: Listened) -> NDArray[np.bool_]:
    """Tell of which tracks so much of the power is low that they stay where they are."""
    total = listened.powers.sum(axis=(2, 3), dtype=np.float64)
    below = total[:, listened.ear.centres_hz < BASS_HZ].sum(axis=1)
    return np.asarray(below >= BASS_SHARE * total.sum(axis=1))


def _room_to_lift(track: Track, most_db: float) -> tuple[float, float]:
    """Return the bounds of a track's offset: its target must stay one."""
    target = track.target_lufs
    if target is None:
        return 0.0, 0.0
    return max(-most_db, -70.0 - target), min(most_db, -target)


def _narrow(low: F64, high: F64, neutral: F64, limits: Limits) -> None:
    """Bring the bounds of a track's genes within what its locks leave, in place."""
    if limits.gain is not None:
        at = 0.0 if limits.gain == KEPT else nearest(0.0, limits.gain)  # where its target is
        least, most = (0.0, 0.0) if limits.gain == KEPT else limits.gain
        low[GAIN], high[GAIN] = max(low[GAIN], least - at), min(high[GAIN], most - at)
    if limits.eq is not None:
        least, most = (0.0, 0.0) if limits.eq == KEPT else limits.eq
        low[EQ], high[EQ] = np.maximum(low[EQ], least), np.minimum(high[EQ], most)
    if limits.compression is not None:
        high[RATIO] = min(high[RATIO], 1.0 if limits.compression == KEPT else limits.compression[1])
        if high[RATIO] < OFF:
            low[THRESHOLD : RATIO + 1] = high[THRESHOLD : RATIO + 1] = neutral[THRESHOLD : RATIO + 1]


def _offset(track: Track, offset_db: float) -> Track:
    if track.target_lufs is None or not offset_db:
        return track
    return replace(track, target_lufs=min(max(track.target_lufs + offset_db, -70.0), 0.0))


def _responses(hertz: F64, sample_rate: int) -> F64:
    """Return the filters' responses by gain, (8, gains, frequencies), dB."""
    gains = np.arange(GENES[1].low, GENES[1].high + STEP_DB / 2.0, STEP_DB)
    return np.stack([
        np.stack([10.0 * np.log10(filter_power(Filter("peak", f, float(g), q), hertz, sample_rate, np.zeros(1))[:, 0])
                  for g in gains])
        for f, q in zip(EQ_HZ, EQ_Q, strict=True)
    ])  # fmt: skip
