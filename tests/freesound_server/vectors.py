"""Similarity vectors without a model: sounds with the same label point almost the same way.

They stand for LAION-CLAP and the classic space in shape and geometry only; a vector of a real model finds nothing
meaningful here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tests.freesound_server.catalogue import Sound
from tests.freesound_server.descriptors import SPACES
from tests.freesound_server.text import spread


def vector(sound: Sound, space: str) -> NDArray[np.float64]:
    """Return the unit vector of ``sound`` in ``space``, shape (512,) or (100,)."""
    topic = sound.label.lower() or " ".join(sound.tags)
    return _mixed(SPACES[space], f"{space}|{topic}", f"{space}|{sound.id}")


@lru_cache(maxsize=8192)
def _mixed(size: int, topic: str, own: str) -> NDArray[np.float64]:
    mixed = _direction(size, topic) + 0.4 * _direction(size, own)
    mixed /= np.linalg.norm(mixed)
    mixed.flags.writeable = False
    return np.asarray(mixed)


@lru_cache(maxsize=8192)
def _direction(size: int, key: str) -> NDArray[np.float64]:
    numbers = np.random.default_rng(spread(key)).standard_normal(size)
    return np.asarray(numbers / np.linalg.norm(numbers))
