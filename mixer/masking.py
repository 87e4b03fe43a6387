"""Who masks whom in exactly what is rendered: over the whole of it, or followed over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixer.convolve import BLOCK
from mixer.ear import RATE, EarModel
from mixer.masking_engine import Listen, MaskingAnalyser
from mixer.masking_report import MaskingReport
from mixer.plan import TrackSettings
from mixer.types import Samples, check

if TYPE_CHECKING:
    from mixer.session import MixSession

Progress = Callable[[str, float], None]
"""Called with the stage's name and how much of it is done, 0..1."""
KEPT_BYTES = 256_000_000
"""Of the reports that a session keeps."""


def analyse_session(
    session: MixSession,
    settings: Sequence[TrackSettings],
    *,
    window: int = 2048,
    overlap: int = 2,
    progress: Progress | None = None,
) -> MaskingReport:
    """Analyse who masks whom in exactly what is rendered with these settings, before the bus.

    Parameters
    ----------
    session : MixSession
    settings : sequence of TrackSettings
        One for each track of the session.
    window, overlap : int
        W in samples at 48 kHz, and F; the hop is W/F.
    progress : callable, optional

    Returns
    -------
    MaskingReport
    """
    with _analyser(session, settings, window=window, overlap=overlap) as analyser:
        for blocks, length in played(session, settings, progress):
            analyser.add(blocks, length)
        return analyser.finish()


def analysed(
    session: MixSession, settings: Sequence[TrackSettings], *, progress: Progress | None = None
) -> MaskingReport:
    """Return what :func:`analyse_session` finds, at once where the session has been analysed with these settings.

    What a session has found is kept up to KEPT_BYTES, so that what a strategy has looked at need not be looked at again
    to be shown.
    """
    key = tuple(settings)
    known = session.reports.get(key)
    if known is None:
        known = analyse_session(session, settings, progress=progress)
        size = 4 * known.contribution.nbytes
        if (1 + len(session.reports)) * size <= KEPT_BYTES:
            session.reports[key] = known
    return known


@dataclass(frozen=True, slots=True)
class Watch:
    """A pair of tracks and a range of the spectrum to be followed over time.

    Parameters
    ----------
    masker, masked : str
        Ids of the tracks.
    low_hz, high_hz : float
        Bands count whose centres lie here.
    """

    masker: str
    masked: str
    low_hz: float = 80.0
    high_hz: float = 18_000.0


def masking_over_time(
    session: MixSession,
    settings: Sequence[TrackSettings],
    watches: Sequence[Watch],
    *,
    window: int = 2048,
    overlap: int = 2,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Follow how far tracks mask others.

    Parameters
    ----------
    session, settings, window, overlap, progress
        As in :func:`analyse_session`.
    watches : sequence of Watch

    Returns
    -------
    times_s : (frames,) float64
        The frames' centres.
    d_db : (watches, frames) float32
        Mean over those bands in which the masked track is heard of max(d_ij, 0): 0 where it is not masked.

    Raises
    ------
    MixerError
        A watch names a track that is not there, or a range without a band.
    """
    wanted = {name for watch in watches for name in (watch.masker, watch.masked)}
    ids = [s.id for s in settings]
    check(wanted <= set(ids), "Watch", "masker, masked", f"of {ids}", sorted(wanted - set(ids)))
    chosen = [number for number, name in enumerate(ids) if name in wanted]
    place = {ids[number]: n for n, number in enumerate(chosen)}
    found: list[Samples] = []

    def listen(masker: Samples, maskee: Samples, active: Samples) -> None:
        rows = np.empty((len(watches), masker.shape[-1]), np.float32)
        for row, watch, bands in zip(rows, watches, ranges, strict=True):
            i, j = place[watch.masker], place[watch.masked]
            d = np.maximum((masker[i][:, bands] - maskee[j][:, bands]).min(axis=0), 0.0)
            row[:] = d.sum(axis=0) / np.maximum(active[j][bands].sum(axis=0), 1.0)
        found.append(rows)

    if not watches:
        return np.zeros(0), np.zeros((0, 0), np.float32)
    some = [settings[number] for number in chosen]
    with _analyser(session, some, window=window, overlap=overlap, listen=listen) as analyser:
        ranges = [_bands(analyser.ear, watch) for watch in watches]
        for blocks, length in played(session, settings, progress):
            analyser.add([blocks[number] for number in chosen], length)
        analyser.drain()
        d_db = np.concatenate(found, axis=1)
        return np.arange(d_db.shape[1], dtype=np.float64) * (analyser.ear.hop / RATE), d_db


def _bands(ear: EarModel, watch: Watch) -> slice:
    inside = np.flatnonzero((ear.centres_hz >= watch.low_hz) & (ear.centres_hz <= watch.high_hz))
    check(inside.size > 0, "Watch", "low_hz, high_hz", "around the centre of a band", (watch.low_hz, watch.high_hz))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _analyser(
    session: MixSession, settings: Sequence[TrackSettings], *, window: int, overlap: int, listen: Listen | None = None
) -> MaskingAnalyser:
    return MaskingAnalyser(
        [s.id for s in settings],
        [s.gain_db for s in settings],
        sample_rate=session.sample_rate,
        channels=session.channels,
        layout=session.layout,
        window=window,
        overlap=overlap,
        listen=listen,
    )


def played(
    session: MixSession, settings: Sequence[TrackSettings], progress: Progress | None
) -> Iterator[tuple[list[Samples | None], int]]:
    """Yield the blocks of all tracks and how long they are."""
    left = session.frames
    for blocks in session.in_step(settings):
        length = min(BLOCK, left)
        left -= length
        yield blocks, length
        if progress is not None:
            progress("listening for masking", 1.0 - left / session.frames)
