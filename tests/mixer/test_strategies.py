"""Strategies: what must be true of every plan, and the rules of those that are here for comparison."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer import AudioBuffer, Clip, Curve, Filter, MixPlan, Position, Room, Track, TrackSettings, plan_mix
from mixer.bands import k_weights
from mixer.equaliser import response, sections_of
from mixer.strategies.curves import simplified, smoothed
from mixer.strategies.perez_gonzalez import PANNING_WIDTH, cutoffs_hz, pan, positions
from tests.mixer.signals import RATE, noise, scene, sine

NAMES = ["flat", "balanced", "hafezi", "perez-gonzalez", "mansbridge", "unmask"]


def band_noise(low_hz: float, high_hz: float, seed: int, seconds: float = 3.0, level: float = 0.1) -> AudioBuffer:
    """Noise of one band."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0.0, 1.0, count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum[(hertz < low_hz) | (hertz > high_hz)] = 0.0
    sound = np.fft.irfft(spectrum, count)
    return AudioBuffer(level * sound / sound.std(), RATE)


@pytest.mark.parametrize("name", NAMES)
def test_every_plan_survives_json_and_is_made_again(name: str) -> None:
    plan = plan_mix(scene(), strategy=name, duration_s=4.5, room=Room(7.0, 0.3))
    assert plan.strategy == name
    assert [s.id for s in plan.tracks] == [t.id for t in scene()]
    assert MixPlan.from_json(plan.to_json()) == plan
    assert plan_mix(scene(), strategy=name, duration_s=4.5, room=Room(7.0, 0.3)) == plan
    assert all(s.reason for s in plan.tracks)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_fixed_stays(name: str) -> None:
    held = TrackSettings("dog", -3.0, azimuth_deg=33.0, filters=(Filter("peak", 500.0, -2.0),), reason="by hand")
    plan = plan_mix(scene(), strategy=name, duration_s=4.5, fixed={"dog": held}, bus_gain_db=-5.0)
    assert plan.tracks[1] == held
    assert plan.bus.gain_db == -5.0


@pytest.mark.parametrize("name", NAMES)
def test_silence_and_a_single_track_are_left_as_they_are(name: str) -> None:
    quiet = Track("quiet", (AudioBuffer(np.zeros(RATE), RATE),), target_lufs=-20.0)
    alone = Track("alone", (noise(2.0),), target_lufs=-20.0)
    for tracks in ([quiet], [alone], [quiet, alone], [quiet, quiet_again(quiet)]):
        for chosen in plan_mix(tracks, strategy=name, duration_s=2.0).tracks:
            assert [chosen.filters, chosen.ducks, chosen.expander, chosen.compressor] == [(), (), None, None]
            assert chosen.fader_db == chosen.azimuth_deg == 0.0


def quiet_again(track: Track) -> Track:
    return Track("quiet too", track.takes, target_lufs=-30.0)


@pytest.mark.parametrize("name", NAMES)
def test_levels_are_locked(name: str) -> None:
    from mixer import mix

    tracks = [
        Track("low", (band_noise(100, 1_500, 1),), position=Position(20.0), target_lufs=-24.0),
        Track("mid", (band_noise(800, 4_000, 2),), position=Position(-20.0), target_lufs=-26.0),
        Track("high", (band_noise(2_000, 9_000, 3),), position=Position(5.0), target_lufs=-22.0),
    ]
    result = mix(tracks, strategy=name, duration_s=3.0)
    loudness = [meter.loudness_lufs for meter in result.meters.tracks]
    assert loudness == pytest.approx([track.target_lufs for track in tracks], abs=0.05)


def test_hafezi_cuts_what_is_not_essential_to_the_masker() -> None:
    bird = Track("bird", (AudioBuffer(sine(-40.0, 3.0, 3_000.0), RATE),), target_lufs=-52.0)
    tones = np.sum([sine(-20.0, 3.0, 93.75 * n) for n in (2, 4, 6, 8, 10, 12, 14, 16, 18, 20)], axis=0)
    hiss = band_noise(2_000, 4_000, 1, level=0.05).samples[0]
    engine = Track("engine", (AudioBuffer(tones + hiss, RATE),), target_lufs=-16.0)
    plan = plan_mix([engine, bird], strategy="hafezi")
    cut = plan.tracks[0].filters[0]
    assert cut.kind == "peak"
    assert cut.q == 2.0
    assert cut.frequency_hz == pytest.approx(3_000.0, rel=0.02)
    assert isinstance(cut.gain_db, float)
    assert cut.gain_db <= 0.0
    assert "bird" in cut.reason
    assert plan.tracks[1].filters == ()
    assert len(plan.tracks[0].filters) <= 3


@given(st.integers(1, 20))
def test_panning_positions_are_spread_evenly_over_all_places(count: int) -> None:
    places = sorted(pan(place, count) for place in range(1, count + 1))
    assert places == pytest.approx(np.linspace(0.0, 1.0, count).tolist() if count > 1 else [0.5])


def test_tracks_of_one_band_are_spread_and_low_ones_are_not() -> None:
    tracks = [Track(str(n), (noise(0.1, n),)) for n in range(4)]
    at = positions({0: 3, 1: 3, 2: 0, 3: 0}, cutoffs_hz(4), tracks)
    assert at == {0: PANNING_WIDTH, 1: pytest.approx(1.0 - PANNING_WIDTH), 2: 0.5, 3: 0.5}


def test_a_fader_rides_what_grows_softer() -> None:
    sound = noise(12.0).samples[0] * np.repeat([1.0, 0.5], 6 * RATE)
    plan = plan_mix([Track("crowd", (AudioBuffer(sound, RATE),), target_lufs=-23.0)], strategy="mansbridge")
    fader_db = plan.tracks[0].fader_db
    assert isinstance(fader_db, Curve)
    assert fader_db.at([11.5]) > fader_db.at([5.0]) + 1.5
    assert np.abs(fader_db.values).max() <= 6.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-40.0, 40.0), min_size=1, max_size=60), st.floats(0.05, 2.0))
def test_a_simplified_curve_is_never_farther_off_than_allowed(values: list[float], tolerance: float) -> None:
    times = [0.01 * k for k in range(len(values))]
    setting = simplified(times, values, tolerance)
    curve = setting if isinstance(setting, Curve) else Curve((0.0,), (setting,))
    assert np.abs(curve.at(times) - values).max() <= tolerance + 1e-9
    assert len(curve.times_s) <= len(values)


def test_following_rises_and_falls_in_its_own_times() -> None:
    out = smoothed(np.repeat([0.0, 1.0, 0.0], 100), 0.01, 0.02, 0.2)
    assert out[101] == pytest.approx(1.0 - np.exp(-1.0), abs=0.01)  # two steps of 10 ms
    assert out[219] == pytest.approx(np.exp(-1.0), abs=0.01)


def test_k_weights_are_the_meters() -> None:
    hertz = np.array([60.0, 1_000.0, 8_000.0])
    from mixer.loudness import k_weighting

    z = np.exp(-2j * np.pi * hertz / RATE)
    expected = np.prod([np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z)) ** 2 for b, a in k_weighting(RATE)], 0)
    assert k_weights(hertz, RATE) == pytest.approx(expected)


KINDS = ["peak", "low_shelf", "high_shelf", "low_cut", "high_cut"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_filters_of_the_model_are_those_that_are_rendered(kind: str, rate: int) -> None:
    from mixer.bands import filter_power

    section = Filter(kind, 1_300.0, -5.0, 1.7)  # type: ignore[arg-type]
    hertz = np.array([50.0, 400.0, 1_300.0, 2_500.0, 15_000.0])
    expected = np.abs(response(sections_of([section], rate), hertz, rate)) ** 2
    assert filter_power(section, hertz, rate, np.zeros(1))[:, 0] == pytest.approx(expected, rel=1e-6)
    moving = Filter(kind, 1_300.0, Curve((0.0, 1.0), (0.0, -10.0)), 1.7)  # type: ignore[arg-type]
    assert filter_power(moving, hertz, rate, np.array([0.5]))[:, 0] == pytest.approx(expected, rel=1e-6)


def test_clips_may_lie_anywhere() -> None:
    late = Track("late", (noise(1.0),), (Clip(0, 60.0, 1.0),), target_lufs=-20.0)
    for name in NAMES:
        plan = plan_mix([late, Track("now", (noise(1.0, 4),), target_lufs=-20.0)], strategy=name, duration_s=2.0)
        assert plan.tracks[0].filters == ()
