"""Calls and struck things that ship: known levels, new takes, one individual, and no more numbers than were meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.sources.procedural import calls_stored
from extender.sources.procedural.animals import dog
from extender.sources.procedural.calls import (
    BANDS_HZ,
    TEMPO,
    Call,
    CallFit,
    caller,
    counted,
    harmonics,
    packed,
    sounded,
    unpacked,
)
from extender.sources.procedural.calls_bouts import Bout, bout
from extender.sources.procedural.calls_stored import FILE, call_fit, struck_fit
from extender.sources.procedural.desk import clock
from extender.sources.procedural.struck import BURST_AT, MODES, thing
from extender.sources.procedural.toolkit import Dice
from mixer.types import Samples

RATE = 48_000
LARGEST_BYTES = 1_500_000


def steady(hz: float, harmonic_db: float, noise_db: float, duration_s: float = 1.0, points: int = 12) -> Call:
    shape = (points, BANDS_HZ.size)
    return Call(
        duration_s,
        np.linspace(0, 1, points),
        np.full(points, hz),
        np.full(shape, harmonic_db),
        np.full(shape, noise_db),
    )


def centroid_hz(sound: Samples) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float(np.sum(power * np.fft.rfftfreq(sound.size, 1 / RATE)) / power.sum())


@pytest.mark.parametrize("hz", [110.0, 437.0, 1_300.0])
def test_harmonics_have_the_amplitude_of_the_table(hz: float) -> None:
    sound = sounded(np.random.default_rng(0), steady(hz, -20.0, -140.0))
    middle = sound[8_000:40_000].astype(np.float64) * np.hanning(32_000)
    spectrum = np.abs(np.fft.rfft(middle)) * 2.0 / np.hanning(32_000).sum()
    for number in (1, 2, 5):
        at = round(number * hz * 32_000 / RATE)
        assert 20.0 * np.log10(spectrum[at - 2 : at + 3].max()) == pytest.approx(-20.0, abs=1.5)


def test_noise_has_the_density_of_the_table() -> None:
    sound = sounded(np.random.default_rng(0), steady(500.0, -140.0, -60.0, 3.0), voiced=False)
    power = np.abs(np.fft.rfft(sound[RATE // 4 : -RATE // 4].astype(np.float64))) ** 2
    f = np.fft.rfftfreq(sound.size - RATE // 2, 1 / RATE)
    inside = (f > 1_000.0) & (f < 9_000.0)
    density = 2.0 * power[inside].mean() / (RATE * (sound.size - RATE // 2))
    assert 10.0 * np.log10(density) == pytest.approx(-60.0, abs=0.5)


@given(st.floats(60.0, 3_000.0), st.floats(0.3, 3.0))
@settings(max_examples=20, deadline=None)
def test_sum_of_harmonics_is_the_sum_of_cosines(hz: float, bend: float) -> None:
    pitch = hz * bend ** np.linspace(0.0, 1.0, 400)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    wrapped = phase - 2 * np.pi * np.round(phase / (2 * np.pi))
    count = 18_000.0 / pitch
    number = np.arange(1, int(count.max()) + 2)
    gains = np.clip(count[:, None] - number + 1.0, 0.0, 1.0)
    direct = (gains * np.cos(number * phase[:, None])).sum(axis=1)
    assert harmonics(wrapped, pitch) == pytest.approx(direct, abs=0.01 * number.size)


@given(st.integers(0, 1_000), st.integers(8, 60))
@settings(max_examples=20, deadline=None)
def test_a_take_survives_packing(seed: int, points: int) -> None:
    rng = np.random.default_rng(seed)
    made = Call(
        float(rng.uniform(0.05, 3.0)),
        np.linspace(0, 1, points),
        rng.uniform(80.0, 900.0, points),
        rng.uniform(-70.0, 0.0, (points, BANDS_HZ.size)),
        rng.uniform(-90.0, -20.0, (points, BANDS_HZ.size)),
    )
    vector = packed(made)
    assert vector.size == 1 + TEMPO + points * (1 + 2 * BANDS_HZ.size) == counted(points).size
    back = unpacked(vector, points)
    assert back.duration_s == pytest.approx(made.duration_s)
    assert back.at == pytest.approx(made.at, abs=1e-6)
    assert back.pitch_hz == pytest.approx(made.pitch_hz)
    assert back.harmonic_db == pytest.approx(made.harmonic_db)
    assert back.noise_db == pytest.approx(made.noise_db)


def test_stored_numbers_are_near_those_that_were_measured() -> None:
    rng = np.random.default_rng(0)
    points, d = 10, counted(10).size
    fit = CallFit(
        points, rng.normal(0, 20, d).astype(np.float32),
        (rng.normal(0, 1, (3, d)) / counted(points)).astype(np.float32),
        rng.normal(0, 3, (5, 3)).astype(np.float32), np.array([0, 0, 1, 1, 2], dtype=np.int16), 0.01, 0.5, True,
        np.array([-0.5, 0.2], dtype=np.float32), np.array([0.7, 0.3], dtype=np.float32),
    )  # fmt: skip
    calls, struck = calls_stored.unpacked(calls_stored.packed({"a": fit}, {"b": struck_fit("clock")}))
    assert calls["a"].mean == pytest.approx(fit.mean, abs=0.05)
    apart = (calls["a"].basis - fit.basis) * counted(points)
    assert np.abs(apart).max() < 0.03
    assert calls["a"].who.tolist() == [0, 0, 1, 1, 2]
    assert len(struck["b"].strikers) == len(struck_fit("clock").strikers)


def test_the_file_is_small_and_holds_no_code() -> None:
    assert FILE.stat().st_size <= LARGEST_BYTES
    with np.load(FILE, allow_pickle=False) as arrays:
        assert all(np.isfinite(arrays[name]).all() for name in arrays.files)


def test_few_numbers_are_kept_of_a_recording() -> None:
    calls, struck = calls_stored.unpacked(dict(np.load(FILE, allow_pickle=False)))
    for name, fit in calls.items():
        assert fit.points <= 100, name
        assert fit.basis.shape[0] <= 20, name
        samples = sum(fit.call(place).duration_s for place in fit.places) * RATE
        assert fit.mean.size + fit.basis.size + fit.places.size < 0.3 * samples, name
    for name, things in struck.items():
        assert all(
            s.burst_db.shape == (2, BURST_AT.size, BANDS_HZ.size) and s.hz.size == MODES for s in things.strikers
        )
        assert len(things.strikers) <= 20, name


@pytest.mark.parametrize("name", ["dog", "rooster", "baby", "gull"])
def test_takes_differ_and_the_individual_stays(name: str) -> None:
    fit = call_fit(name)

    def pitches(individual: int) -> list[float]:
        voice = caller(Dice([individual], [0]), fit)
        return [float(np.log(np.median(voice.call(Dice([individual], [take])).pitch_hz))) for take in range(8)]

    many = np.array([pitches(individual) for individual in range(12)])
    assert all(len(set(row)) == 8 for row in many.tolist())
    if int(fit.who.max()) > 2:
        assert many.std(axis=1).mean() < many.mean(axis=1).std() * 1.5
        assert np.ptp(many.mean(axis=1)) > 0.05
    sounds = [caller(Dice([1], [0]), fit).utter(Dice([1], [take])).tobytes() for take in (1, 2, 1)]
    assert sounds[0] == sounds[2] != sounds[1]


def test_a_heavy_dog_is_lower_and_an_excited_one_sooner_again() -> None:
    heavy = np.mean([centroid_hz(dog(Dice([s], [s]), 2.0, mass=60.0)) for s in range(6)])
    light = np.mean([centroid_hz(dog(Dice([s], [s]), 2.0, mass=5.0)) for s in range(6)])
    assert heavy < 0.7 * light
    voice = caller(Dice([1], [1]), call_fit("dog"))
    like = Bout(4, 4, 0.9, 0.01)
    calm, urged = (bout(Dice([2], [3]), voice, 9.0, excitement, like).size for excitement in (0.0, 1.0))
    assert urged < 0.6 * calm


def test_a_bout_ends_when_it_should() -> None:
    voice = caller(Dice([1], [1]), call_fit("dog"))
    assert bout(Dice([2], [3]), voice, 1.0, 0.5, Bout(50, 50, 0.5)).size < 2.5 * RATE


@pytest.mark.parametrize("beats", [1.0, 2.0, 5.0])
def test_a_clock_keeps_its_beat(beats: float) -> None:
    sound = clock(Dice([3], [4]), 12.0, beats)
    assert sound.size == 12 * RATE
    level = np.abs(sound)[: sound.size // 480 * 480].reshape(-1, 480).max(axis=1)
    likeness = np.correlate(level - level.mean(), level - level.mean(), "full")[level.size - 1 :]
    lag = round(2 * 100 / beats)  # tick to tick
    around = likeness[max(lag - 2, 1) : lag + 3].max()
    assert around > 0.3 * likeness[0]


def test_a_thing_keeps_its_tune_and_its_strikes_differ() -> None:
    fit = struck_fit("clock")
    one, same, other = (thing(Dice([seed], [take]), fit) for seed, take in ((1, 1), (1, 2), (2, 1)))
    assert one.hz.tolist() == same.hz.tolist() != other.hz.tolist()
    first, second = (one.strikes(Dice([1], [take]), np.array([0.0]), np.zeros(1)) for take in (1, 2))
    assert not np.array_equal(first[:4_000], second[:4_000])
    assert np.array_equal(first, one.strikes(Dice([1], [1]), np.array([0.0]), np.zeros(1)))
