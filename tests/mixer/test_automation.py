"""Settings that change while the mix goes on: on time to the sample, without clicks, whatever the blocks."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mixer import (
    AudioBuffer,
    BusSettings,
    Clip,
    Compressor,
    Curve,
    Filter,
    MixPlan,
    Position,
    Room,
    Samples,
    Track,
    TrackSettings,
    render,
)
from mixer.air import absorption_db_per_m
from mixer.spatial import pan_gains, pan_position
from tests.mixer.signals import RATE, noise, scene, sine

STEADY = AudioBuffer(np.full(4 * RATE, 0.25), RATE)
ROOM = Room(6.0, 0.3)


def played(
    settings: TrackSettings, take: AudioBuffer = STEADY, bus: BusSettings | None = None, **track: Any
) -> Samples:
    """One track for four seconds."""
    plan = MixPlan("test", 4.0, (settings,), bus or BusSettings(), track.pop("room", None))
    return render([Track("a", (take,), **track)], plan).mix.samples


def test_a_fader_follows_its_curve_to_the_sample() -> None:
    curve = Curve((0.5, 1.25, 3.0), (0.0, -30.0, 6.0))
    sound = played(TrackSettings("a", -6.0, placed=False, fader_db=curve))[0]
    seconds = np.arange(4 * RATE) / RATE
    expected = 0.25 * np.sqrt(0.5) * 10 ** ((curve.at(seconds) - 6.0) / 20)
    assert np.abs(sound / expected - 1.0).max() < 2e-3  # linear between points a millisecond apart
    away = np.min(np.abs(seconds[:, np.newaxis] - np.array(curve.times_s)), axis=1) > 0.001
    assert np.abs(sound / expected - 1.0)[away].max() < 2e-5


def test_jumps_do_not_click() -> None:
    """A jump takes a millisecond, for the fader and for places."""
    jump = Curve((1.0, 1.00001), (0.0, -60.0))
    turn = Curve((1.0, 1.00001), (45.0, -45.0))
    for settings in (TrackSettings("a", 0.0, fader_db=jump), TrackSettings("a", 0.0, azimuth_deg=turn)):
        sound = played(settings)
        assert np.abs(np.diff(sound)).max() < 0.25 / 40
        assert abs(float(sound[0, RATE - 60] - sound[0, 0])) < 1e-6
        changed = np.abs(sound[0, RATE + 60 :] - sound[0, 0])
        assert changed.min() > 0.15


def test_a_fader_at_rest_is_a_gain() -> None:
    take = noise(4)
    at_rest = played(TrackSettings("a", -3.0, fader_db=-9.0), take)
    assert np.abs(at_rest - played(TrackSettings("a", -12.0), take)).max() < 1e-7
    curve = Curve((1.0,), (-9.0,))
    assert np.abs(at_rest - played(TrackSettings("a", -3.0, fader_db=curve), take)).max() < 1e-7


def test_azimuth_moves_as_the_law_of_panning_says() -> None:
    curve = Curve((0.0, 4.0), (45.0, -45.0))
    sound = played(TrackSettings("a", 0.0, azimuth_deg=curve))[:, : 4 * RATE - 500]
    left, right = pan_gains(pan_position(curve.at(np.arange(4 * RATE - 500) / RATE), 45.0))
    assert np.abs(sound - 0.25 * np.array([left, right])).max() < 1e-5
    mirror = played(TrackSettings("a", 0.0, azimuth_deg=Curve((0.0, 4.0), (-45.0, 45.0))))[:, : 4 * RATE - 500]
    assert np.array_equal(sound, mirror[::-1])


def test_curves_that_stand_still_are_settings() -> None:
    take = noise(4)
    place = Position(30.0, 0.0, 12.0)
    still = TrackSettings("a", 0.0, azimuth_deg=20.0, distance_m=12.0, width=0.4, reverb_db=-6.0)
    for name in ("azimuth_deg", "distance_m", "width", "reverb_db"):
        for channels in (1, 2):
            take = noise(4, channels=channels)
            changing: dict[str, Any] = {name: Curve((0.5, 2.0), (getattr(still, name),) * 2)}
            curved = replace(still, **changing)
            one, other = (played(s, take, position=place, room=ROOM) for s in (still, curved))
            assert np.abs(one - other).max() < 1e-5, name


def test_distance_over_time_is_level_and_air() -> None:
    curve = Curve((0.0, 4.0), (10.0, 160.0))
    low, high = (AudioBuffer(sine(-12.0, 4.0, hertz), RATE) for hertz in (100.0, 8_000.0))
    for take, hertz in ((low, 100.0), (high, 8_000.0)):
        sound = played(TrackSettings("a", 0.0, distance_m=curve), take)[0]
        for at_s in (0.5, 2.0, 3.5):
            part = sound[round((at_s - 0.05) * RATE) : round((at_s + 0.05) * RATE)]
            distance_m = float(curve.at(at_s))
            expected_db = -15.02 - 20 * np.log10(distance_m / 10.0) - distance_m * float(absorption_db_per_m(hertz))
            assert 20 * np.log10(np.abs(part).max()) == pytest.approx(expected_db, abs=1.0)


def test_the_room_may_come_and_go() -> None:
    take = noise(4)
    dry = played(TrackSettings("a", 0.0), take)
    wet = played(TrackSettings("a", 0.0, reverb_db=Curve((1.0, 3.0), (-120.0, 0.0))), take, room=ROOM) - dry
    powers = [np.square(wet[:, n * RATE : (n + 1) * RATE]).mean() for n in range(4)]
    assert powers[0] < 1e-9
    assert powers[1] < powers[2] < powers[3]


def test_width_may_open() -> None:
    take = noise(4, channels=2)
    sound = played(TrackSettings("a", 0.0, width=Curve((0.0, 4.0), (0.0, 1.0))), take)[:, : 4 * RATE - 500]
    side = (take.samples[0] - take.samples[1])[: 4 * RATE - 500] / 2
    width = np.arange(4 * RATE - 500) / (4 * RATE)
    assert np.abs((sound[0] - sound[1]) / 2 - width * side).max() < 1e-5


def test_a_path_and_a_curve_add_up() -> None:
    path = (Position(0.0, 0.0, 1.0, 0.0), Position(20.0, 0.0, 1.0, 4.0))
    clips = (Clip(0, 0.0, 4.0, path=path),)
    sound = played(TrackSettings("a", 0.0, azimuth_deg=Curve((0.0, 4.0), (0.0, 20.0))), clips=clips)
    there = played(TrackSettings("a", 0.0, azimuth_deg=20.0))
    assert sound[:, 2 * RATE] == pytest.approx(there[:, 2 * RATE], abs=1e-4)


def test_the_bus_has_filters_and_a_fader() -> None:
    take = noise(4, level=0.02)
    plain = played(TrackSettings("a", 0.0), take)
    bus = BusSettings(fader_db=Curve((0.0, 4.0), (0.0, -20.0)), gain_db=-6.0)
    seconds = np.arange(4 * RATE) / RATE
    assert np.abs(played(TrackSettings("a", 0.0), take, bus) - plain * 10 ** ((-5 * seconds - 6) / 20)).max() < 1e-5
    shelf = Filter("high_shelf", 4_000.0, -6.0)
    on_bus = played(TrackSettings("a", 0.0), take, BusSettings(filters=(shelf,)))
    on_track = played(TrackSettings("a", 0.0, filters=(shelf,)), take)
    assert np.abs(on_bus - on_track)[:, : 4 * RATE - 500].max() < 1e-6
    moving = Filter("high_shelf", 4_000.0, Curve((0.0, 4.0), (0.0, -12.0)))
    assert np.abs(played(TrackSettings("a", 0.0), take, BusSettings(filters=(moving,))) - on_bus).max() > 0.001


def test_stems_go_through_the_bus_too() -> None:
    tracks = scene()
    bus = BusSettings(-24.0, filters=(Filter("peak", 900.0, 6.0),), fader_db=Curve((0.0, 3.0), (0.0, -6.0)))
    plan = MixPlan("test", 3.0, tuple(TrackSettings(t.id, 0.0, azimuth_deg=20.0) for t in tracks), bus)
    result = render(tracks, plan, stems=True)
    assert result.meters.limiter_reduction_db == 0.0
    total = np.sum([stem.samples for stem in result.stems.values()], axis=0)
    assert np.abs(total - result.mix.samples).max() < 1e-6
    assert np.array_equal(render(tracks, plan).mix.samples, result.mix.samples)


def everything() -> tuple[list[Track], MixPlan]:
    """A plan in which all changes."""
    tracks = scene()
    curve = Curve((0.3, 2.9), (-40.0, 35.0))
    dull = Filter("high_cut", Curve((0.0, 3.0), (8_000.0, 900.0)))
    settings = (
        TrackSettings("wind", -12.0, width=Curve((0.0, 3.0), (0.2, 1.0)), filters=(Filter("low_cut", 90.0), dull)),
        TrackSettings("dog", -12.0, azimuth_deg=curve, distance_m=Curve((1.0, 2.0), (2.0, 40.0)), reverb_db=-9.0),
        TrackSettings("bird", -12.0, reverb_db=Curve((1.0, 3.0), (-30.0, 0.0)), compressor=Compressor(-40.0, 4.0)),
        TrackSettings("car", -12.0, azimuth_deg=10.0, fader_db=Curve((0.5, 0.7, 2.0), (-20.0, 0.0, -3.0))),
        TrackSettings("pond", -12.0, filters=(Filter("peak", 500.0, -6.0),), linear_phase=True),
    )
    bus = BusSettings(-12.0, filters=(Filter("low_shelf", 120.0, 2.0),), fader_db=Curve((0.0, 3.0), (-3.0, 0.0)))
    return tracks, MixPlan("test", 3.0, settings, bus, ROOM)


def test_block_size_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks, plan = everything()
    expected = render(tracks, plan).mix.samples
    holders = [m for name, m in sys.modules.items() if name.startswith("mixer.") and hasattr(m, "BLOCK")]
    assert len(holders) > 4
    for block in (131_072, 32_768):
        for module in holders:
            monkeypatch.setattr(module, "BLOCK", block)
        assert np.abs(render(tracks, plan).mix.samples - expected).max() < 1e-6


def test_the_same_bytes_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks, plan = everything()
    expected = render(tracks, plan).mix.samples
    for cores in (1, 5):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert np.array_equal(render(tracks, plan, stems=cores == 5).mix.samples, expected)
