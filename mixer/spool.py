"""A mix on its way to the bus: in memory while it is short, in a temporary file when it is long."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

import numpy as np

from mixer.convolve import BLOCK
from mixer.errors import MixerError
from mixer.types import Samples

IN_MEMORY_BYTES = 64_000_000
"""Nearly three minutes of stereo at 48 kHz."""


class Spool:
    """Keeps blocks of float32 audio and gives them back as often as asked."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  # closed by close()

    def write(self, block: Samples) -> None:
        """Append a block. Raises MixerError where the temporary folder is full."""
        try:
            self._file.write(np.ascontiguousarray(block).data)
        except OSError as error:
            raise MixerError(f"the temporary folder takes no more ({error}); set TMPDIR to a larger one") from None

    def blocks(self, channels: int, frames: int) -> Iterator[Samples]:
        """Yield the blocks, (channels, BLOCK) and a shorter last one."""
        self._file.seek(0)
        for start in range(0, frames, BLOCK):
            count = min(BLOCK, frames - start)
            yield np.frombuffer(self._file.read(channels * count * 4), np.float32).reshape(channels, count)

    def clear(self) -> None:
        """Forget everything."""
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        """Give the memory or the file back."""
        self._file.close()
