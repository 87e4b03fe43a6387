"""Who masks whom: every pair of tracks, each against all others, in one pass over what comes in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixer.ear import RATE, EarModel
from mixer.ear_kernels import LARGEST_D_DB, NEVER, compare, pairs, unlike
from mixer.masking_report import MaskingReport
from mixer.stft import BATCH, Framer, Resampler, Spectra, spectra_of
from mixer.threads import thread_count
from mixer.timeline import downmix
from mixer.types import Samples, check

Listen = Callable[[Samples, Samples, Samples], None]
"""Takes a batch: levels in dB as masker and as maskee, (tracks, ears, bands, frames), and 1 where a track is heard."""
Levels = tuple[Samples, Samples, Samples]
SILENT = 1e-9
"""Peaks below this, −180 dBFS, change no float32 of what the ear makes of them."""
ALIKE = 1e-6
"""Channels that differ by less, of their peak, are alike: at full scale that is −28 dB SPL."""
_BANDS_AT_A_TIME = 14


def two_ears(samples: Samples, layout: str = "stereo") -> Samples:
    """Return what reaches each ear of a listener, (1 or 2, frames).

    One channel reaches both alike; two are the ears, be they loudspeakers or headphones; ambisonic sound (AmbiX, a
    layout whose name begins with ``ambi``) is heard by two cardioids that face left and right, (W ± Y)/√2; other
    layouts are brought down to two channels (ITU-R BS.775).
    """
    if layout.startswith("ambi") and samples.shape[0] >= 4:
        w, y = samples[0], samples[1]
        return np.stack((w + y, w - y)) * np.float32(0.5**0.5)
    return downmix(samples, 2)


def proportional(samples: Samples) -> tuple[int, float, float]:
    """Tell whether one of two channels is a multiple of the other, as of a point that stands still.

    Returns
    -------
    base : int
        The louder channel, or −1 where they are not alike.
    factor : float
        The other one over it.
    peak : float
        Of both.
    """
    peaks = np.maximum(samples.max(axis=1), -samples.min(axis=1))
    base = int(peaks.argmax())
    peak = peaks[base]
    if not peak > 0.0:
        return 0, 1.0, 0.0
    loud, other = samples[base], samples[1 - base]
    place = int(loud.argmax()) if loud.max() == peak else int(loud.argmin())
    factor = np.float32(other[place] / loud[place])
    return (-1 if unlike(loud, other, factor, np.float32(ALIKE * peak)) else base), float(factor), float(peak)


class _Heard:
    """One track: its frames, where its ears stand, and what was added up of it."""

    def __init__(self, ear: EarModel, ears: int) -> None:
        self.framer = Framer(ears, ear.window, ear.hop)
        self.samples: Samples | None = None
        self.base, self.gains = -1, np.ones(ears, np.float32)
        self.own = np.zeros((ears, ear.bands), np.float32)
        self.rest = np.zeros((ears, ear.bands), np.float32)
        self.active, self.masked, self.depth, self.loud, self.heard = (np.zeros(ear.bands) for _ in range(5))
        self.frames, self.share = 0, 0.0

    def take(self, _: int, samples: Samples | None, gain: float) -> None:
        """Take what a framer gave, and see whether one channel tells both."""
        self.samples = None
        if samples is None:
            return
        if samples.shape[0] == 1:
            self.base, self.gains, peak = 0, np.full(1, gain, np.float32), float(np.abs(samples).max())
        else:
            self.base, other, peak = proportional(samples)
            self.gains = np.full(2, gain, np.float32)
            if self.base >= 0:
                self.gains[1 - self.base] *= np.float32(other)
        if peak * gain >= SILENT:
            self.samples = samples

    def spectra(self, ear: EarModel, first: int, count: int) -> list[Spectra]:
        """Return the spectra for each ear, at a gain that is told by ``gains``."""
        assert self.samples is not None  # noqa: S101  # the caller knows
        channels = self.samples[[self.base]] if self.base >= 0 else self.samples
        found = [spectra_of(channel, first * ear.hop, count, ear.taper, ear.hop) for channel in channels]
        return found * len(self.gains) if self.base >= 0 else found

    def add(self, active: Samples, depth: Samples, loud: Samples, heard: Samples) -> None:
        """Add up a batch, (bands, frames) each."""
        self.active += active.sum(axis=1)
        self.masked += np.count_nonzero(depth, axis=1)
        self.depth += depth.sum(axis=1, dtype=np.float64)
        self.loud += loud.sum(axis=1, dtype=np.float64)
        self.heard += heard.sum(axis=1, dtype=np.float64)
        self.frames += int(np.count_nonzero(active.any(axis=0)))
        self.share += float(np.minimum(depth, LARGEST_D_DB).sum(dtype=np.float64)) / (LARGEST_D_DB * len(depth))


class _Mix:
    """The sum of all tracks in one batch: its spectra, band powers and smearing, per ear."""

    def __init__(self, ear: EarModel, ears: int) -> None:
        self.framer = Framer(ears, ear.window, ear.hop)
        self.state = np.zeros((ears, ear.bands), np.float32)
        self.before = self.state
        self.spectra: list[Spectra] = []
        self.powers: list[Samples] = []

    def hear(self, ear: EarModel, samples: Samples | None, first: int, count: int) -> None:
        silence = np.zeros((count, ear.window // 2 + 1), np.complex64)
        self.spectra = [
            silence if samples is None else spectra_of(samples[e], first * ear.hop, count, ear.taper, ear.hop)
            for e in range(len(self.state))
        ]
        self.before = self.state.copy()
        self.powers = [ear.band_powers(spectra) for spectra in self.spectra]
        for powers, state in zip(self.powers, self.state, strict=True):
            ear.excitation(powers, state)


def _over(above: NDArray[np.floating], below: NDArray[np.floating]) -> NDArray[np.float32]:
    """Divide; 0 where there is nothing to divide by."""
    below = np.broadcast_to(below, above.shape)
    out = np.zeros(above.shape, np.float32)
    np.divide(above, below, out=out, where=below > 0.0, casting="same_kind")
    return out


class MaskingAnalyser:
    """Listens to all tracks block by block and tells in the end who masks whom.

    Parameters
    ----------
    ids : sequence of str
    gains_db : sequence of float
        Of each track, applied to what comes in.
    sample_rate : int
        Hz, of what comes in; it is resampled to 48 kHz.
    channels : int
    layout : str
        What the channels are; see :func:`two_ears`.
    window, overlap : int
        W in samples at 48 kHz, and F; the hop is W/F.
    listen : callable, optional
        Gets every batch of levels; pairs are then not added up: end with :meth:`drain` instead of :meth:`finish`.

    Notes
    -----
    d_ij(t, b) = 10 log10(M_i/E_j) is how far the masking threshold M_i of track i lies over the excitation E_j of
    track j, in dB; i masks j where it is positive. What is masked must be masked in both ears: the smaller d of those
    ears in which j is heard. A track is heard where its excitation is 6 dB over the internal noise. The others of a
    track are the spectrum of the mix less its own. Memory does not grow with length.
    """

    def __init__(
        self,
        ids: Sequence[str],
        gains_db: Sequence[float] | None = None,
        *,
        sample_rate: int = RATE,
        channels: int = 2,
        layout: str = "stereo",
        window: int = 2048,
        overlap: int = 2,
        listen: Listen | None = None,
    ) -> None:
        check(len(ids) >= 1 and len(set(ids)) == len(ids), "MaskingAnalyser", "ids", "one or more, unique", list(ids))
        gains_db = [0.0] * len(ids) if gains_db is None else gains_db
        check(len(gains_db) == len(ids), "MaskingAnalyser", "gains_db", f"{len(ids)} numbers", len(gains_db))
        self.ids = tuple(ids)
        self.ear = EarModel(RATE, window, overlap)
        self._channels, self._layout = channels, layout
        self._gains = [10.0 ** (gain_db / 20.0) for gain_db in gains_db]
        self._resamplers = [Resampler(channels, sample_rate, RATE) for _ in ids] if sample_rate != RATE else []
        self._ears = min(channels, 2)
        self._tracks = [_Heard(self.ear, self._ears) for _ in ids]
        self._mix = _Mix(self.ear, self._ears)
        self._samples = self._frames = 0
        count, bands = len(ids), self.ear.bands
        self._listen = listen
        shape = (bands, count, count) if listen is None else (0, 0, 0)
        self._clipped, self._depth = np.zeros(shape), np.zeros(shape)
        self._masked, self._together = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._levels: Levels | None = None
        self._floor = self.ear.excitation(np.zeros((bands, 1), np.float32))[:, 0]
        self._pool = ThreadPoolExecutor(max_workers=thread_count())

    def __enter__(self) -> MaskingAnalyser:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, blocks: Sequence[Samples | None], length: int) -> None:
        """Take the next block of every track, (channels, length) float32, or None for silence."""
        shapes = {block.shape for block in blocks if block is not None}
        ok = len(blocks) == len(self.ids) and shapes <= {(self._channels, length)}
        expected = f"{len(self.ids)} of {self._channels} channels and {length} frames"
        check(ok, "MaskingAnalyser", "blocks", expected, (len(blocks), sorted(shapes)))
        self._add(blocks, length, last=False)

    def finish(self) -> MaskingReport:
        """Hear the end and return what was found."""
        self.drain()
        return self._report()

    def drain(self) -> None:
        """Hear the last frames."""
        if self._resamplers:
            self._add([None] * len(self.ids), 0, last=True)
        self._hear(self._mix.framer.finish(), lambda number: self._tracks[number].framer.finish())

    def _report(self) -> MaskingReport:
        tracks, bands = self._tracks, self.ear.bands
        active, masked, depth, loud, heard = (
            np.array([getattr(track, name) for track in tracks])
            for name in ("active", "masked", "depth", "loud", "heard")
        )
        clipped, deep, times, together = (
            sums.transpose(1, 2, 0) for sums in (self._clipped, self._depth, self._masked, self._together)
        )
        C = _over(clipped, LARGEST_D_DB * together)
        both = C + C.transpose(1, 0, 2)
        sone = 24.0 / bands / max(self._frames, 1)
        return MaskingReport(
            ids=self.ids,
            band_hz=self.ear.edges_hz.astype(np.float32),
            frame_s=self.ear.hop / RATE,
            seconds=self._samples / RATE,
            contribution=C,
            depth_db=_over(deep, times),
            interchange=_over(2.0 * np.minimum(C, C.transpose(1, 0, 2)), both),
            masked_time=_over(times, active),
            activity=_over(active, np.full_like(active, self._frames)),
            masked_share=_over(masked, active),
            masked_db=_over(depth, masked),
            loudness_bands=(loud * sone).astype(np.float32),
            heard_bands=(heard * sone).astype(np.float32),
            msr=np.array([track.share / track.frames if track.frames else np.nan for track in tracks], np.float32),
        )

    def _add(self, blocks: Sequence[Samples | None], length: int, *, last: bool) -> None:
        if self._resamplers:
            work = zip(self._resamplers, blocks, strict=True)
            blocks = list(self._pool.map(lambda job: job[0].add(job[1], length, last=last), work))
            length = max((block.shape[1] for block in blocks if block is not None), default=0)
        ears = list(self._pool.map(lambda b: None if b is None else two_ears(b, self._layout), blocks))
        self._samples += length
        self._hear(
            self._mix.framer.add(self._sum(ears, length), length),
            lambda number: self._tracks[number].framer.add(ears[number], length),
        )

    def _sum(self, blocks: Sequence[Samples | None], length: int) -> Samples | None:
        if all(block is None for block in blocks):
            return None
        mix = np.zeros((self._ears, length), np.float32)

        def ear(e: int) -> None:
            for block, gain in zip(blocks, self._gains, strict=True):
                if block is not None:
                    mix[e] += block[e] * np.float32(gain)

        list(self._pool.map(ear, range(self._ears)))
        return mix

    def _hear(self, mix: tuple[int, Samples | None], frames_of: Callable[[int], tuple[int, Samples | None]]) -> None:
        """Hear the frames that have become complete, a batch at a time."""
        count, mixed = mix
        numbers = range(len(self.ids))
        if not count:
            list(self._pool.map(frames_of, numbers))
        for first in range(0, count, BATCH):
            size = min(BATCH, count - first)
            self._mix.hear(self.ear, mixed, first, size)
            levels = self._room(size)

            def one(number: int, first: int = first, size: int = size, levels: Levels = levels) -> None:
                track = self._tracks[number]
                if first == 0:
                    track.take(*frames_of(number), self._gains[number])
                self._one(number, first, size, levels)
                if first + size == count:
                    track.samples = None  # not all tracks' samples are to be held at once

            list(self._pool.map(one, numbers))
            if self._listen is None:
                starts = range(0, self.ear.bands, _BANDS_AT_A_TIME)
                list(self._pool.map(partial(self._pairs, levels=levels), starts))
            else:
                self._listen(*levels)
            self._frames += size

    def _pairs(self, first: int, levels: Levels) -> None:
        last = min(first + _BANDS_AT_A_TIME, self.ear.bands)
        pairs(*levels, first, last, self._clipped, self._depth, self._masked, self._together)

    def _room(self, size: int) -> Levels:
        """Return where the levels as masker and maskee, and what is heard, are written: (tracks, …, bands, frames)."""
        shape = (len(self.ids), self._ears, self.ear.bands, size)
        if self._levels is None or self._levels[0].shape != shape:
            masker, maskee = np.empty(shape, np.float32), np.empty(shape, np.float32)
            self._levels = masker, maskee, np.empty((shape[0], *shape[2:]), np.float32)
        return self._levels

    def _one(self, number: int, first: int, size: int, levels: Levels) -> None:
        """Hear one track and its others through a batch."""
        track, mix, ear = self._tracks[number], self._mix, self.ear
        masker, maskee, active = (level[number] for level in levels)
        if track.samples is None and (track.own <= self._floor * np.float32(1.0001)).all():
            masker[:], maskee[:], active[:] = -NEVER, NEVER, 0.0
            fading = ear.tables.smear**size  # what is silent forgets, and its others become the mix
            track.own = self._floor + (track.own - self._floor) * fading
            track.rest = mix.state + (track.rest - mix.before) * fading
            return
        own, rest, heard_powers = (np.empty(masker.shape, np.float32) for _ in range(3))
        spectra = track.spectra(ear, first, size) if track.samples is not None else None
        for e in range(self._ears):
            if spectra is None:
                powers = np.zeros_like(mix.powers[e]), mix.powers[e]
            else:
                powers = ear.powers_beside(spectra[e], float(track.gains[e]), mix.spectra[e])
            heard_powers[e] = powers[0]
            own[e] = ear.excitation(powers[0], track.own[e])
            rest[e] = ear.excitation(powers[1], track.rest[e])
        depth, loud, heard = (np.empty(active.shape, np.float32) for _ in range(3))
        compare(own, rest, ear.tables, masker, maskee, active, depth, loud, heard)
        track.add(active, depth, loud, heard)
        self._noticed(number, heard_powers, own, rest, loud, heard)

    def _noticed(
        self, number: int, powers: Samples, own: Samples, rest: Samples, loud: Samples, heard: Samples
    ) -> None:
        """Take what a track is in a batch, for analyses that look at more; called from many threads.

        Its powers and excitation and that of its others, (ears, bands, frames); its loudness alone and beside them,
        (bands, frames).
        """
