"""What all tracks go through together: filters and fader of the bus, limiter, meters, and out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from mixer.curve import Curve
from mixer.lanes import fader_gain
from mixer.loudness import LoudnessMeter
from mixer.plan import BusSettings
from mixer.truepeak import TruePeakMeter
from mixer.types import Samples

Write = Callable[[Samples], None]
"""Takes the next (channels, frames)."""


class BusShape:
    """Filters and fader of the bus over a stream of blocks; all of it linear, so that stems can have it too.

    Parameters
    ----------
    settings : BusSettings
    channels : int
    sample_rate : int
        Hz.
    """

    def __init__(self, settings: BusSettings, channels: int, sample_rate: int) -> None:
        self._fader_db = settings.fader_db
        self._rate = sample_rate
        self._at = 0
        self._cascade, self._automated = None, []
        if settings.filters:
            from mixer.equaliser import Automated, Cascade, is_static, sections_of

            sections = sections_of([f for f in settings.filters if is_static(f)], sample_rate)
            self._cascade = Cascade(sections, channels) if sections else None
            self._automated = [Automated(f, sample_rate, channels) for f in settings.filters if not is_static(f)]

    def process(self, block: Samples | None, frames: int) -> Samples | None:
        """Take the next (channels, frames), None for silence; return what becomes of it."""
        first, self._at = self._at, self._at + frames
        if self._cascade is not None:
            block = self._cascade.process(block, frames)
        for stage in self._automated:
            block = stage.process(block, frames, first)
        if block is None or self._fader_db == 0.0:
            return block
        if isinstance(self._fader_db, Curve):
            return block * fader_gain(self._fader_db, first, frames, self._rate)
        return block * np.float32(10.0 ** (self._fader_db / 20.0))


class Output:
    """Writes blocks and measures them beside, in order.

    Parameters
    ----------
    write : callable
    pool : ThreadPoolExecutor
    channels : int
    loud : slice
        The channels whose loudness is measured.
    sample_rate : int
        Hz.
    """

    def __init__(self, write: Write, pool: ThreadPoolExecutor, channels: int, loud: slice, sample_rate: int) -> None:
        self._write = write
        self._pool = pool
        self._loud = loud
        self._loudness = LoudnessMeter(len(range(channels)[loud]), sample_rate)
        self._peak = TruePeakMeter(channels)
        self._measuring: list[Future[None]] = []

    def add(self, block: Samples) -> None:
        """Take the next block, which must not be changed afterwards."""
        if not block.shape[1]:
            return
        self._settle()
        block.flags.writeable = False  # whoever is written to must not change what is being measured
        self._measuring = [
            self._pool.submit(self._loudness.add, block[self._loud]), self._pool.submit(self._peak.add, block)
        ]  # fmt: skip
        self._write(block)

    def finish(self) -> tuple[LoudnessMeter, TruePeakMeter]:
        """Return the meters when all is measured."""
        self._settle()
        return self._loudness, self._peak

    def _settle(self) -> None:
        for future in self._measuring:
            future.result()
        self._measuring = []
