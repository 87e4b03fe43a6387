"""Air by the standard's tables, and a room that behaves like one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer import Room
from mixer.air import NEAR_M, absorption_db_per_m, air_filter
from mixer.room import LONGEST_S, REVERB_RANGE_DB, critical_distance_m, decay_time_s, reverb_db_at, room_response
from tests.mixer.signals import RATE

OCTAVES_HZ = 1_000.0 * 10.0 ** (0.3 * np.arange(-4, 4))  # exact midbands of 63 Hz .. 8 kHz


@pytest.mark.parametrize(
    ("temperature_c", "humidity_percent", "db_per_km"),
    [
        (10, 70, (0.1, 0.4, 1.0, 1.9, 3.7, 9.7, 32.8, 117)),
        (20, 70, (0.1, 0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6)),
        (30, 70, (0.1, 0.3, 1.0, 3.1, 7.4, 12.7, 23.1, 59.3)),
        (15, 20, (0.3, 0.6, 1.2, 2.7, 8.2, 28.2, 88.8, 202)),
        (15, 50, (0.1, 0.5, 1.2, 2.2, 4.2, 10.8, 36.2, 129)),
        (15, 80, (0.1, 0.3, 1.1, 2.4, 4.1, 8.3, 23.7, 82.8)),
    ],
)
def test_air_absorbs_as_tabulated(temperature_c: float, humidity_percent: float, db_per_km: tuple[float, ...]) -> None:
    """ISO 9613-2:1996, Table 2, which was computed from ISO 9613-1."""
    got = 1_000 * absorption_db_per_m(OCTAVES_HZ, temperature_c, humidity_percent)
    assert got == pytest.approx(np.array(db_per_km), rel=0.01, abs=0.06)


def test_default_air_is_that_of_a_mild_day() -> None:
    assert 1_000 * float(absorption_db_per_m(1_000)) == pytest.approx(4.66, abs=0.05)
    assert 1_000 * float(absorption_db_per_m(4_000)) == pytest.approx(29.5, abs=0.5)
    assert 1_000 * float(absorption_db_per_m(8_000)) == pytest.approx(105, abs=2)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("distance_m", [2.0, 10.0, 50.0, 120.0, 200.0])
def test_air_filter_follows_the_equation(distance_m: float, rate: int) -> None:
    taps = air_filter(distance_m, rate)
    hertz = np.linspace(20, min(10_000, 0.45 * rate), 300)
    response = np.exp(-2j * np.pi * np.outer(hertz, np.arange(len(taps))) / rate) @ taps
    expected_db = -distance_m * absorption_db_per_m(hertz)
    assert 20 * np.log10(np.abs(response)) == pytest.approx(expected_db, abs=0.5)
    assert np.argmax(np.abs(taps)) < 0.001 * rate  # hardly a delay


def test_near_air_is_left_out() -> None:
    assert air_filter(NEAR_M * 0.99, RATE).tolist() == [1.0]


@given(size_m=st.floats(0.5, 500), damping=st.floats(0, 1), distance_m=st.floats(0.05, 1_000))
def test_a_room_grows_and_dampens_as_expected(size_m: float, damping: float, distance_m: float) -> None:
    room = Room(size_m, damping)
    time_s = float(decay_time_s(room))
    assert 0.0 < time_s <= LONGEST_S
    assert float(decay_time_s(Room(min(500.0, size_m * 2), damping))) >= time_s
    assert float(decay_time_s(Room(size_m, min(1.0, damping + 0.1)))) <= time_s
    assert float(decay_time_s(room, 8_000)) <= time_s
    level_db = reverb_db_at(room, distance_m)
    if damping == 1.0:
        assert level_db is None
    else:
        assert level_db is not None
        further_db = reverb_db_at(room, distance_m * 2)
        assert further_db is not None
        assert REVERB_RANGE_DB[0] <= level_db <= further_db <= REVERB_RANGE_DB[1]


def test_a_room_of_known_size() -> None:
    """Eyring by hand: 0.161 · 8 / (6 · −ln(1 − 0.24)) without the air, whose share is small."""
    assert float(decay_time_s(Room(8.0, 0.2))) == pytest.approx(0.782, abs=0.03)
    assert reverb_db_at(Room(8.0, 0.2), critical_distance_m(Room(8.0, 0.2))) == pytest.approx(0.0, abs=1e-9)
    assert reverb_db_at(None, 3.0) is None


@pytest.mark.parametrize("room", [Room(0.5, 0.0), Room(3.0, 0.5), Room(8.0, 0.2), Room(60.0, 0.7), Room(500.0, 0.1)])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_response_has_unit_energy_and_ends(room: Room, rate: int) -> None:
    response = room_response(room, rate)
    assert response is not None
    for taps in (response.mid, response.side):
        assert float(np.square(taps, dtype=np.float64).sum()) == pytest.approx(1.0, abs=1e-4)
        assert len(taps) <= (LONGEST_S + 0.1) * rate
        assert taps[-1] == 0.0
    assert abs(float(response.mid @ response.side)) < 0.3  # all around, not in the middle


def test_response_decays_in_the_rooms_time() -> None:
    """By backward integration (Schroeder, JASA 37, 1965) between −5 and −25 dB, in the octave at 1 kHz."""
    from scipy.signal import butter, sosfiltfilt

    room = Room(12.0, 0.15)
    response = room_response(room, RATE)
    assert response is not None
    octave = butter(4, [707.0, 1_414.0], "bandpass", fs=RATE, output="sos")
    for taps in (response.mid, response.side):
        energy = np.cumsum(np.square(sosfiltfilt(octave, taps.astype(np.float64)))[::-1])[::-1]
        level_db = 10 * np.log10(energy[: len(energy) // 2] / energy[0])
        start, stop = (int(np.argmax(level_db < level)) for level in (-5.0, -25.0))
        assert 3 * (stop - start) / RATE == pytest.approx(float(decay_time_s(room)), rel=0.15)


def test_open_air_has_no_response_and_rooms_repeat() -> None:
    assert room_response(None, RATE) is None
    assert room_response(Room(20.0, 1.0), RATE) is None
    first, second = room_response(Room(5.0, 0.4), RATE), room_response(Room(5.0, 0.4), RATE)
    assert first is not None
    assert second is not None
    assert np.array_equal(first.mid, second.mid)
    assert np.array_equal(first.side, second.side)
