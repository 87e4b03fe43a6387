"""The ASRA mixer: tracks in, MixPlan and Render out. Knows nothing of pictures, Freesound or TensorFlow.

>>> import numpy as np, mixer
>>> noise = np.random.default_rng(1).normal(0, 0.1, 48_000)
>>> track = mixer.Track("rain", (mixer.AudioBuffer(noise, 48_000),), target_lufs=-24.0)
>>> render = mixer.mix([track])
>>> render.mix.channels
2
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.results import Meters, Render, TrackMeter
from mixer.types import AudioBuffer, Clip, Fade, Position, Samples, Track

if TYPE_CHECKING:
    from mixer.limiter import Limiter
    from mixer.loudness import LoudnessMeter, integrated_loudness
    from mixer.rendering import mix, mix_to, plan_mix, render
    from mixer.session import MixSession
    from mixer.spatial import Spatialiser, Stereo
    from mixer.strategies import Balanced, Flat, MixRequest, MixStrategy
    from mixer.truepeak import TruePeakMeter, true_peak

_LAZY = {
    "Balanced": "strategies",
    "Flat": "strategies",
    "Limiter": "limiter",
    "LoudnessMeter": "loudness",
    "MixRequest": "strategies",
    "MixSession": "session",
    "MixStrategy": "strategies",
    "Spatialiser": "spatial",
    "Stereo": "spatial",
    "TruePeakMeter": "truepeak",
    "integrated_loudness": "loudness",
    "mix": "rendering",
    "mix_to": "rendering",
    "plan_mix": "rendering",
    "render": "rendering",
    "true_peak": "truepeak",
}

__all__ = [
    "AudioBuffer",
    "Balanced",
    "BusSettings",
    "Clip",
    "Fade",
    "Flat",
    "Limiter",
    "LoudnessMeter",
    "Meters",
    "MixPlan",
    "MixRequest",
    "MixSession",
    "MixStrategy",
    "MixerError",
    "Position",
    "Render",
    "Room",
    "Samples",
    "Spatialiser",
    "Stereo",
    "Track",
    "TrackMeter",
    "TrackSettings",
    "TruePeakMeter",
    "integrated_loudness",
    "mix",
    "mix_to",
    "plan_mix",
    "render",
    "true_peak",
]


def __getattr__(name: str) -> Any:
    """Load what computes when it is first used: ``import mixer`` stays quick."""
    if name not in _LAZY:
        raise AttributeError(f"module 'mixer' has no attribute {name!r}")
    return getattr(import_module(f"mixer.{_LAZY[name]}"), name)
