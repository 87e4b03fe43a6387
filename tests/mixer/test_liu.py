"""What went wrong in the released code of Liu et al. (2024), and must not here; 1, 4, 5, 6, 8, 9: see test_optimise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mixer import AudioBuffer, MixSession, Track, TrackSettings, analyse
from mixer.bands import Frames, listen, planning_ear
from mixer.ear import EarModel, bark
from mixer.optimise.methods import METHODS, MethodName, minimise
from tests.mixer.signals import RATE, sine
from tests.mixer.test_optimise import SECONDS, street


def test_2_what_the_ear_keeps_is_counted_in_seconds_not_in_frames() -> None:
    """Their frames were 2048 samples apart, their time constants made for 1024."""
    assert EarModel(RATE).hop == 1024
    found = [analyse(street(), overlap=overlap, duration_s=SECONDS) for overlap in (2, 4)]
    assert found[0].msr == pytest.approx(found[1].msr, abs=0.02)
    assert found[0].mur == pytest.approx(found[1].mur, abs=0.02)


def test_3_one_calibration_for_all_sounds() -> None:
    """Their full scale depended on the sound that was played: here 10 dB less is 10 dB less, of whatever."""
    for sound in (sine(-20.0, 0.5, 440.0), np.random.default_rng(1).normal(0.0, 0.1, RATE // 2)):
        tracks = [Track("a", (AudioBuffer(np.asarray(sound), RATE),))]
        ear = planning_ear(RATE)
        frames = Frames(np.arange(4, 20), np.ones(16, np.float32))
        powers = []
        for gain_db in (0.0, -10.0):
            with MixSession(tracks, duration_s=0.5) as session:
                powers.append(listen(session, [TrackSettings("a", gain_db)], ear, frames).powers)
        heard = powers[0] > 1e-3
        assert powers[1][heard] / powers[0][heard] == pytest.approx(0.1, rel=1e-3)


def test_7_bands_are_worked_out() -> None:
    """Their table has edges mistyped by up to 27 Hz."""
    edges = bark(EarModel(RATE).edges_hz)
    assert np.diff(edges)[:-1] == pytest.approx(0.25, abs=1e-9)
    assert EarModel(RATE).edges_hz[[34, 65, 71]] == pytest.approx(
        650.0 * np.sinh((edges[0] + 0.25 * np.array([34, 65, 71])) / 7.0), rel=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
def test_6_what_is_no_number_is_never_the_best(method: MethodName) -> None:
    """They compared with NaN, which is always unequal."""

    def judge(units: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        scores = np.square(units - 0.3).mean(axis=1)
        return np.where(units[:, 0] < 0.3, np.nan, scores)

    found = minimise(method, judge, np.full((1, 4), 0.9), budget=300, rng=np.random.default_rng(1))
    assert found.spent == 300
    assert np.isfinite(found.score)
    assert found.score < 0.36 * 0.5
    assert found.best[0] >= 0.3
