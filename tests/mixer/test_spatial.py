"""Stereo: geometry as properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer import AudioBuffer, Clip, Position, Room, Samples, Stereo, Track, TrackSettings
from mixer.room import room_response
from mixer.spatial import Stage, decorrelator, pan_gains, pan_position
from mixer.timeline import TrackReader
from tests.mixer.signals import RATE, noise

azimuths = st.floats(-180, 180)


def placed(track: Track, settings: TrackSettings, seconds: float = 2.0, room: Room | None = None) -> Samples:
    stage = Stage(RATE, round(seconds * RATE), 45.0, room_response(room, RATE))
    blocks = list(Stereo().place(TrackReader(track, RATE), settings, stage))
    lengths = [min(65_536, stage.frames - n * 65_536) for n in range(len(blocks))]
    return np.concatenate(
        [np.zeros((2, k), np.float32) if b is None else b for b, k in zip(blocks, lengths, strict=True)], axis=1
    )


def level_db(sound: Samples) -> float:
    return float(10 * np.log10(np.square(sound, dtype=np.float64).mean()))


def correlation(sound: Samples) -> float:
    return float(np.asarray(np.corrcoef(sound))[0, 1])


@given(azimuth_deg=azimuths, half_deg=st.floats(1, 180))
def test_panning_keeps_power_and_is_symmetric(azimuth_deg: float, half_deg: float) -> None:
    left, right = pan_gains(pan_position(azimuth_deg, half_deg))
    assert float(left**2 + right**2) == pytest.approx(1.0)
    mirrored = pan_gains(pan_position(-azimuth_deg, half_deg))
    assert (float(left), float(right)) == (float(mirrored[1]), float(mirrored[0]))
    if 1e-6 < azimuth_deg < 180 - 1e-6:
        assert left > right


@given(first=st.floats(-90, 90), second=st.floats(-90, 90))
def test_order_from_left_to_right_is_kept(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert float(pan_position(low, 45.0)) <= float(pan_position(high, 45.0)) + 1e-9


@given(azimuth_deg=st.floats(90, 180))
def test_what_is_behind_is_folded(azimuth_deg: float) -> None:
    front, behind = (float(pan_position(a, 60.0)) for a in (180 - azimuth_deg, azimuth_deg))
    assert behind == pytest.approx(front, abs=1e-6)


def test_the_middle_and_the_loudspeakers() -> None:
    assert [float(g) for g in pan_gains(0.0)] == pytest.approx([np.sqrt(0.5)] * 2)
    assert [float(g) for g in pan_gains(pan_position(45.0, 45.0))] == pytest.approx([1.0, 0.0], abs=1e-9)
    assert [float(g) for g in pan_gains(pan_position(-90.0, 45.0))] == pytest.approx([0.0, 1.0], abs=1e-9)


def test_a_point_keeps_its_power_wherever_it_stands() -> None:
    track = Track("a", (take := noise(2),))
    power = np.square(take.samples, dtype=np.float64).sum()
    for azimuth_deg in (-90.0, -20.0, 0.0, 33.0, 180.0):
        sound = placed(track, TrackSettings("a", 0.0, azimuth_deg=azimuth_deg))
        assert np.square(sound, dtype=np.float64).sum() == pytest.approx(power, rel=1e-5)


def test_unplaced_is_in_the_middle_and_dry_whatever_else_is_set() -> None:
    track = Track("a", (take := noise(2),), position=Position(40.0, 0.0, 80.0))
    settings = TrackSettings("a", 0.0, placed=False, azimuth_deg=40.0, distance_m=80.0, width=1.0, reverb_db=0.0)
    sound = placed(track, settings, room=Room(5.0, 0.3))
    assert np.array_equal(sound[0], sound[1])
    assert np.abs(sound[0] - take.samples[0] * np.sqrt(0.5)).max() < 1e-7
    stereo = Track("b", (wide := noise(2, channels=2),))
    sound = placed(stereo, TrackSettings("b", 0.0, placed=False))
    assert np.abs(sound - wide.samples).max() < 1e-6


def test_width_opens_a_recording_from_a_point_to_itself() -> None:
    take = noise(2, channels=2)
    for width in (0.0, 0.5, 1.0):
        sound = placed(Track("a", (take,)), TrackSettings("a", 0.0, width=width))
        side = (take.samples[0] - take.samples[1]) / 2
        assert np.abs((sound[0] - sound[1]) / 2 - width * side).max() < 1e-6
        assert np.abs(sound.sum(axis=0) - take.samples.sum(axis=0)).max() < 1e-6  # the mono sum stays
    assert np.abs(sound - take.samples).max() < 1e-6


def test_width_spreads_a_mono_bed() -> None:
    take = noise(4)
    narrow = placed(Track("a", (take,)), TrackSettings("a", 0.0), 4.0)
    wide = placed(Track("a", (take,)), TrackSettings("a", 0.0, width=1.0), 4.0)
    assert correlation(narrow) == pytest.approx(1.0)
    assert abs(correlation(wide)) < 0.15
    assert level_db(wide) == pytest.approx(level_db(narrow), abs=0.3)
    assert level_db(wide[:1]) == pytest.approx(level_db(wide[1:]), abs=0.5)
    mono = wide.sum(axis=0)  # the spread cancels: no comb in the mono sum
    assert np.abs(mono - narrow.sum(axis=0) * np.cos(np.pi / 4)).max() < 1e-5
    halfway = placed(Track("a", (take,)), TrackSettings("a", 0.0, width=0.5), 4.0)
    assert 0.4 < correlation(halfway) < 0.9


def test_decorrelator_has_unit_energy_and_no_dc() -> None:
    for rate in (22_050, 44_100, RATE):
        taps = decorrelator(rate)
        assert float(np.square(taps).sum()) == pytest.approx(1.0)
        assert abs(float(taps.sum())) < 1e-9


def test_the_room_has_the_level_that_is_asked_for() -> None:
    track = Track("a", (noise(3),))
    for azimuth_deg in (0.0, 10.0, 45.0):
        dry = placed(track, TrackSettings("a", 0.0, azimuth_deg=azimuth_deg), 3.0)
        for reverb_db in (-12.0, 0.0):
            settings = TrackSettings("a", 0.0, azimuth_deg=azimuth_deg, reverb_db=reverb_db)
            wet = placed(track, settings, 3.0, Room(4.0, 0.3)) - dry
            assert level_db(wet[:, RATE:]) - level_db(dry[:, RATE:]) == pytest.approx(reverb_db, abs=0.4)


def test_the_room_surrounds_what_stands_beside() -> None:
    track = Track("a", (noise(3),))
    settings = TrackSettings("a", 0.0, azimuth_deg=45.0, reverb_db=0.0)
    dry = placed(track, TrackSettings("a", 0.0, azimuth_deg=45.0), 3.0)
    wet = placed(track, settings, 3.0, Room(4.0, 0.3)) - dry
    assert abs(correlation(wet)) < 0.35
    assert level_db(wet[:1]) == pytest.approx(level_db(wet[1:]), abs=1.5)


@pytest.mark.parametrize("room", [None, Room(6.0, 0.3)])
@pytest.mark.parametrize("width", [0.0, 0.7])
def test_mirrored_places_sound_mirrored_bit_for_bit(room: Room | None, width: float) -> None:
    take = noise(2, channels=2)
    mirrored_take = AudioBuffer(take.samples[::-1], RATE)
    for azimuth_deg in (0.0, 13.0, 45.0, 120.0):
        settings = TrackSettings("a", 0.0, azimuth_deg=azimuth_deg, distance_m=30.0, width=width, reverb_db=-3.0)
        mirror = TrackSettings("a", 0.0, azimuth_deg=-azimuth_deg, distance_m=30.0, width=width, reverb_db=-3.0)
        one = placed(Track("a", (take,)), settings, room=room)
        other = placed(Track("a", (mirrored_take,)), mirror, room=room)
        assert np.array_equal(one, other[::-1])


def moving(*points: tuple[float, float, float]) -> Track:
    path = tuple(Position(azimuth, 0.0, distance, time) for azimuth, distance, time in points)
    take = AudioBuffer(np.ones(3 * RATE), RATE)
    return Track("a", (take,), (Clip(0, 0.0, 3.0, path=path),), Position(path[0].azimuth_deg, 0.0, path[0].distance_m))


def settings_of(track: Track, azimuth_deg: float | None = None) -> TrackSettings:
    position = track.position
    azimuth_deg = position.azimuth_deg if azimuth_deg is None else azimuth_deg
    return TrackSettings("a", 0.0, azimuth_deg=azimuth_deg, distance_m=1.0)


def test_what_moves_moves_without_steps() -> None:
    track = moving((45.0, 1.0, 0.5), (-45.0, 1.0, 2.5))
    sound = placed(track, settings_of(track), 3.0)
    assert sound[:, 100] == pytest.approx([1.0, 0.0], abs=1e-6)  # rests before the path begins
    assert sound[:, 3 * RATE // 2] == pytest.approx([np.sqrt(0.5)] * 2, abs=1e-3)
    assert sound[:, -1] == pytest.approx([0.0, 1.0], abs=1e-6)
    assert np.abs(np.diff(sound)).max() < 2 * np.pi / 2 / (2 * RATE)  # a quarter circle in 2 s, no step
    assert np.square(sound).sum(axis=0) == pytest.approx(np.ones(3 * RATE), abs=1e-4)
    assert (np.diff(sound[0]) <= 5e-7).all()


def test_distance_along_a_path_is_level() -> None:
    track = moving((0.0, 2.0, 0.0), (0.0, 20.0, 2.0), (0.0, 0.01, 3.0))
    sound = placed(track, settings_of(track), 3.0)[0] * np.sqrt(2)
    assert sound[0] == pytest.approx(1.0, abs=1e-3)
    assert 20 * np.log10(sound[2 * RATE]) == pytest.approx(-20.0, abs=0.02)
    assert sound.max() <= 20.01  # nearer than 0.1 m it rises no further


def test_a_path_turns_with_its_track_and_goes_the_short_way_round() -> None:
    track = moving((0.0, 1.0, 0.0), (20.0, 1.0, 3.0))
    turned = placed(track, settings_of(track, -20.0), 3.0)
    still = placed(Track("a", track.takes), TrackSettings("a", 0.0, azimuth_deg=-20.0), 3.0)
    assert turned[:, 0] == pytest.approx(still[:, 0], abs=1e-6)
    assert turned[:, -1] == pytest.approx([np.sqrt(0.5)] * 2, abs=1e-3)
    behind = moving((170.0, 1.0, 0.0), (-170.0, 1.0, 3.0))
    sound = placed(behind, settings_of(behind), 3.0)
    assert sound.min() > 0.5  # never out at a side


def test_a_moving_source_in_a_room_equals_a_still_one_where_it_rests() -> None:
    take = noise(3)
    clip = Clip(0, 0.0, 3.0, path=(Position(20.0, 0.0, 9.0),))
    settings = TrackSettings("a", 0.0, azimuth_deg=20.0, distance_m=9.0, reverb_db=-4.0)
    place = Position(20.0, 0.0, 9.0)
    room = Room(6.0, 0.4)
    moves = placed(Track("a", (take,), (clip,), place), settings, 3.0, room)
    stands = placed(Track("a", (take,), (), place), settings, 3.0, room)
    assert np.abs(moves - stands).max() < 1e-5
