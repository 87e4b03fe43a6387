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

from mixer.curve import Curve, Setting
from mixer.errors import MixerError
from mixer.locks import Lock, parse_lock
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.processors import Compressor, Duck, Expander, Filter
from mixer.results import Meters, Render, TrackMeter
from mixer.types import AudioBuffer, AudioFile, Clip, Fade, Position, Samples, Take, Track

if TYPE_CHECKING:
    from mixer.inputs import as_tracks
    from mixer.limiter import Limiter
    from mixer.loudness import LoudnessMeter, integrated_loudness
    from mixer.masking import analyse_session
    from mixer.masking_plot import compare
    from mixer.masking_report import MaskingReport
    from mixer.meters import Metering, meter
    from mixer.optimise.objectives import Weights
    from mixer.optimise.predictor import ResiduePredictor
    from mixer.rendering import Comparison, analyse, mix, mix_and_compare, mix_to, plan_mix, render
    from mixer.session import MixSession
    from mixer.spatial import Spatialiser, Stereo
    from mixer.strategies.base import MixRequest, MixStrategy
    from mixer.strategies.levels import Balanced, Flat
    from mixer.truepeak import TruePeakMeter, true_peak

_LAZY = {
    "Balanced": "strategies.levels",
    "Comparison": "rendering",
    "Flat": "strategies.levels",
    "Limiter": "limiter",
    "LoudnessMeter": "loudness",
    "MaskingReport": "masking_report",
    "Metering": "meters",
    "MixRequest": "strategies.base",
    "MixSession": "session",
    "MixStrategy": "strategies.base",
    "ResiduePredictor": "optimise.predictor",
    "Spatialiser": "spatial",
    "Stereo": "spatial",
    "TruePeakMeter": "truepeak",
    "Weights": "optimise.objectives",
    "analyse": "rendering",
    "analyse_session": "masking",
    "as_tracks": "inputs",
    "compare": "masking_plot",
    "integrated_loudness": "loudness",
    "meter": "meters",
    "mix": "rendering",
    "mix_and_compare": "rendering",
    "mix_to": "rendering",
    "plan_mix": "rendering",
    "render": "rendering",
    "true_peak": "truepeak",
}

__all__ = [
    "AudioBuffer",
    "AudioFile",
    "Balanced",
    "BusSettings",
    "Clip",
    "Comparison",
    "Compressor",
    "Curve",
    "Duck",
    "Expander",
    "Fade",
    "Filter",
    "Flat",
    "Limiter",
    "Lock",
    "LoudnessMeter",
    "MaskingReport",
    "Metering",
    "Meters",
    "MixPlan",
    "MixRequest",
    "MixSession",
    "MixStrategy",
    "MixerError",
    "Position",
    "Render",
    "ResiduePredictor",
    "Room",
    "Samples",
    "Setting",
    "Spatialiser",
    "Stereo",
    "Take",
    "Track",
    "TrackMeter",
    "TrackSettings",
    "TruePeakMeter",
    "Weights",
    "analyse",
    "analyse_session",
    "as_tracks",
    "compare",
    "integrated_loudness",
    "meter",
    "mix",
    "mix_and_compare",
    "mix_to",
    "parse_lock",
    "plan_mix",
    "render",
    "true_peak",
]


def __getattr__(name: str) -> Any:
    """Load what computes when it is first used: ``import mixer`` stays quick."""
    if name not in _LAZY:
        raise AttributeError(f"module 'mixer' has no attribute {name!r}")
    return getattr(import_module(f"mixer.{_LAZY[name]}"), name)
