"""What is to be predicted: a scene as it was heard once, and settings that might be tried on it, as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixer.bands import LOW_HZ, Frames, Listened, filter_power, listen, planning_ear
from mixer.curve import at_start
from mixer.ear import EarModel
from mixer.optimise.predictor import Candidates
from mixer.plan import TrackSettings
from mixer.session import MixSession
from mixer.strategies.desk import ear_shares
from models.residue.target import STEP

F32 = NDArray[np.float32]

MOST_FRAMES = 400
"""Of a mix that are kept: 34 s at every fourth; of longer ones they are further apart."""


def listen_evenly(session: MixSession, settings: Sequence[TrackSettings]) -> tuple[Listened, Listened]:
    """Play all tracks once as they are placed and levelled, and keep every fourth frame of the ear, or fewer.

    Returns
    -------
    now : Listened
        Powers of these frames alone.
    held : Listened
        Powers smeared over time as excitation is (step 8 of BS.1387): what the frames before have left is in them.
    """
    ear = planning_ear(session.sample_rate)
    total = math.ceil(session.frames / ear.hop)
    step = max(STEP, -(-total // MOST_FRAMES))
    kept = np.arange(0, total, step)
    near = np.unique(np.maximum(kept[:, np.newaxis] - np.arange(STEP), 0))
    everything = listen(session, settings, ear, Frames(near, np.ones(len(near), np.float32)))
    at = np.searchsorted(near, kept)
    frames = Frames(kept, np.full(len(kept), step, np.float32))
    low = np.ascontiguousarray(everything.low[..., at])
    now, held = (
        replace(everything, frames=frames, powers=np.ascontiguousarray(powers[..., at]), low=low)
        for powers in (everything.powers, smeared(ear, everything.powers, near))
    )
    return now, held


def smeared(ear: EarModel, powers: F32, numbers: NDArray[np.intp]) -> F32:
    """Return max(P, its one-pole mean), by the ear's time constants; it begins anew after a gap between frames.

    Parameters
    ----------
    ear : EarModel
    powers : (tracks, bands, ears, frames) float32
    numbers : (frames,) int
        Of the frames.
    """
    a = ear.smear.astype(np.float32)[:, np.newaxis]
    state = np.zeros(powers.shape[:-1], np.float32)
    out = np.empty_like(powers)
    gaps = np.diff(numbers, prepend=numbers[:1]) > 1
    for t, gap in enumerate(gaps.tolist()):
        state = powers[..., t] * (1.0 - a) + (powers[..., t] if gap else state) * a
        out[..., t] = np.maximum(state, powers[..., t])
    return out


def candidates_of(
    ear: EarModel,
    placed: Sequence[TrackSettings],
    tried: Sequence[Sequence[TrackSettings]],
    *,
    stage_half_deg: float = 45.0,
) -> Candidates:
    """Read candidates from settings.

    Parameters
    ----------
    ear : EarModel
    placed : sequence of TrackSettings
        As the scene was listened to.
    tried : sequence of sequences of TrackSettings
        One for each candidate. Gains are not read: the level lock decides on them. What changes over time is read as
        it stands at the start; expanders and ducks are not read.
    stage_half_deg : float
    """
    shape = (len(tried), len(placed))
    eq_db, low_db = np.zeros((*shape, ear.bands), np.float32), np.zeros(shape, np.float32)
    fader_db, threshold_db, ratio = (np.full(shape, value, np.float32) for value in (0.0, 0.0, 1.0))
    shares = np.full((*shape, 2), np.nan, np.float32)
    hertz = np.append(ear.centres_hz, LOW_HZ)
    for c, settings in enumerate(tried):
        for n, (new, old) in enumerate(zip(settings, placed, strict=True)):
            for section in new.filters:
                power_db = 10.0 * np.log10(filter_power(section, hertz, ear.sample_rate, np.zeros(1))[:, 0])
                eq_db[c, n] += power_db[:-1]
                low_db[c, n] += power_db[-1]
            fader_db[c, n] = at_start(new.fader_db)
            if new.compressor:
                threshold_db[c, n] = at_start(new.compressor.threshold_db)
                ratio[c, n] = at_start(new.compressor.ratio)
            if new.azimuth_deg != old.azimuth_deg and new.width == 0.0:
                shares[c, n] = ear_shares(new, stage_half_deg)
    return Candidates(eq_db, low_db, fader_db, threshold_db, ratio, shares)
