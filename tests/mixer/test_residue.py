"""The residue: what is lost in a mix, by array and by session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mixer import AudioBuffer, MixSession, Position, Track, TrackSettings
from mixer.ear import EarModel, ear_weighting_db
from mixer.masking import analyse_session
from mixer.residue import GROUPS, SMOOTHED, Residue, analyse_residue, band_weights, interference_share, residue
from mixer.stft import stft
from tests.mixer.signals import RATE, barks, noise, scene, sine

Array = NDArray[np.float64]
EAR = EarModel()
SECONDS = 3.0


def white(seed: int, seconds: float = SECONDS, level: float = 0.05) -> Array:
    return np.random.default_rng(seed).normal(0.0, level, round(seconds * RATE))


def powers(signal: Array) -> NDArray[np.float32]:
    block = np.asarray(signal, np.float32)[np.newaxis]
    return EAR.band_powers(np.concatenate([spectra[0] for spectra in stft([block])]))


def pair(a: Array, b: Array) -> Residue:
    own = np.stack([powers(a), powers(b)])[:, np.newaxis]
    return residue(EAR, own, powers(a + b)[np.newaxis], own[::-1])


def interference(a: Array, b: Array) -> float:
    """Without the outer ear, which is not part of the measure."""
    plain = (10.0 ** (ear_weighting_db(EAR.centres_hz) / 10.0))[:, np.newaxis]
    return interference_share(np.stack([powers(a), powers(b)]) / plain, powers(a + b) / plain)


def test_interference_of_known_pairs() -> None:
    x, y = white(1, 10.0), white(2, 10.0)
    assert interference(x, x) == 0.0
    assert interference(x, -x) == pytest.approx(1.0)
    assert interference(x, y) == pytest.approx(0.044, abs=0.006)
    assert interference(x[48:], x[:-48]) == pytest.approx(0.254, abs=0.015)
    assert interference(x[480:], x[:-480]) == pytest.approx(0.057, abs=0.006)


def test_only_what_cancels_interferes() -> None:
    x, y = white(1), white(2)
    same, anti, apart = pair(x, x), pair(x, -x), pair(x, y)
    assert same.interference_sone.sum() == 0.0
    assert anti.interference_sone.sum() == pytest.approx(anti.loudness_sone.sum() / 2, rel=0.5)
    assert apart.interference_sone.sum() < 0.02 * apart.loudness_sone.sum()
    assert anti.sone > same.sone + 0.9 * float(anti.interference_sone.sum())


def test_nothing_is_lost_of_a_track_alone() -> None:
    found = residue(EAR, powers(white(1))[np.newaxis, np.newaxis])
    assert found.share < 0.001  # what the ear's own noise takes
    assert found.interference_sone.sum() == 0.0
    assert found.clarity == found.worst > 0.999


def test_a_louder_neighbour_takes_more() -> None:
    x = white(1)
    left = [pair(x, white(2) * 10 ** (db / 20)).mur[0] for db in (-20.0, -10.0, 0.0, 10.0)]
    assert left == sorted(left, reverse=True)
    assert left[0] == pytest.approx(0.958, abs=0.01)
    assert left[1] == pytest.approx(0.823, abs=0.015)
    assert left[3] == pytest.approx(0.0, abs=0.001)


def test_muting_does_not_look_better() -> None:
    x, y = white(1), sine(-30, SECONDS)
    before = pair(x, y)
    softer, muted = pair(0.1 * x, 0.1 * y), pair(0.0 * x, 0.0 * y)
    assert softer.sone < before.sone  # what is absolute is fooled,
    assert softer.share > before.share - 0.2  # what is relative hardly,
    assert muted.sone == 0.0
    assert muted.share == 1.0  # and silence is all lost
    assert muted.clarity == muted.worst == 0.0


def test_weights_have_soft_edges() -> None:
    w = band_weights(EAR.centres_hz)
    assert w[[6, 10, 14, 34, 50, 64]] == pytest.approx(1.5)
    assert w[[0, 2, 22, 26, 72, 108]] == pytest.approx(1.0)
    assert ((w >= 1.0) & (w <= 1.5)).all()
    assert band_weights([200.0, 500.0, 1_000.0, 4_000.0]) == pytest.approx(1.25)


def test_mud_and_harshness_are_found_where_they_are() -> None:
    low, high = sine(-20, SECONDS, 300.0), sine(-20, SECONDS, 2_000.0)
    muddy, harsh = pair(low, 3.0 * low), pair(high, 3.0 * high)
    assert muddy.muddiness > 0.5 > 0.2 > muddy.harshness
    assert harsh.harshness > 0.5 > 0.2 > harsh.muddiness


def test_map_sums_to_the_scalars() -> None:
    found = pair(white(1), sine(-30, SECONDS))
    assert found.map.shape[1] == found.energy.shape[1] == GROUPS
    weighted = band_weights(EAR.centres_hz) * (found.masked_sone + found.interference_sone)
    assert found.sone == pytest.approx(float(weighted.sum()), rel=1e-4)
    assert found.share == pytest.approx(1.0 - found.heard_sone.sum() / found.loudness_sone.sum(), rel=1e-6)
    assert (found.map >= 0.0).all()
    assert (found.energy >= 0.0).all()


def settings_of(tracks: list[Track], **changes: Any) -> list[TrackSettings]:
    return [TrackSettings(t.id, -6.0, azimuth_deg=t.position.azimuth_deg, **changes) for t in tracks]


def test_a_session_is_measured_as_the_masking_analysis_does() -> None:
    tracks = scene()
    with MixSession(tracks, duration_s=4.0) as session:
        settings = settings_of(tracks)
        found, report = analyse_residue(session, settings), analyse_session(session, settings)
    assert found.mur == pytest.approx(report.mur, abs=2e-5)
    assert found.msr == pytest.approx(report.msr, abs=2e-5)
    assert found.loudness_sone == pytest.approx(report.loudness_sone, rel=1e-4)
    assert len(found.map) == pytest.approx(4.0 / found.frame_s, abs=1)


def test_streamed_and_by_array_are_the_same() -> None:
    signals = [white(1, 4.0), white(2, 4.0, 0.01), -0.5 * white(1, 4.0)]
    tracks = [Track(str(n), (AudioBuffer(s, RATE),)) for n, s in enumerate(signals)]
    with MixSession(tracks, duration_s=4.0, layout="mono") as session:
        settings = [TrackSettings(t.id, 0.0, placed=False) for t in tracks]
        streamed = analyse_residue(session, settings)
        heard = [
            np.concatenate([b[n] for b in session.in_step(settings) if b[n] is not None], axis=1)
            for n in range(len(tracks))
        ]
    own = np.stack([powers(h[0]) for h in heard])[:, np.newaxis]
    mixed = np.sum(heard, axis=0)[0]
    rest = np.stack([powers(mixed - h[0]) for h in heard])[:, np.newaxis]
    whole = residue(EAR, own, powers(mixed)[np.newaxis], rest)
    assert streamed.map == pytest.approx(whole.map, rel=2e-3, abs=2e-3)
    assert streamed.msr == pytest.approx(whole.msr, abs=1e-4)
    assert streamed.energy == pytest.approx(whole.energy, rel=2e-3, abs=2e-3)
    assert streamed.interference_sone.sum() > 1.0
    assert streamed.interference_sone == pytest.approx(whole.interference_sone, rel=2e-3, abs=1e-3)


def test_silent_tracks_and_pauses_do_no_harm() -> None:
    tracks = [
        Track("nothing", (AudioBuffer(np.zeros(RATE), RATE),)),
        Track("dog", (barks(2.0),), position=Position(20.0)),
        Track("rain", (noise(2.0, 3),)),
    ]
    with MixSession(tracks, duration_s=5.0) as session:
        found = analyse_residue(session, settings_of(tracks))
    assert np.isnan(found.mur[0])
    assert found.worst == 0.0
    assert 0.0 < found.mur[1] < 1.0
    assert not found.map[-10:].any()
    assert found.map[: 2 * RATE // 1024 - SMOOTHED].any()


def test_powers_of_another_shape_are_refused() -> None:
    with pytest.raises(Exception, match="109"):
        residue(EAR, np.zeros((2, 1, 55, 3)))


def test_coarser_bands_hear_nearly_the_same() -> None:
    own = np.stack([powers(white(1)), powers(white(2, level=0.02))])[:, np.newaxis]
    half = EarModel(step_bark=0.5)
    merged = np.add.reduceat(own, np.arange(0, EAR.bands, 2), axis=2) / 2.0  # as loud as two of half the width
    fine, coarse = residue(EAR, own), residue(half, merged)
    assert half.bands == merged.shape[2] == 55
    assert coarse.mur == pytest.approx(fine.mur, abs=0.03)
    assert coarse.share == pytest.approx(fine.share, abs=0.03)
    assert coarse.sone == pytest.approx(fine.sone, rel=0.05)
