"""Loudness and true peak: the EBU's signals made here, the EBU's and ITU's own files, and ffmpeg."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer import AudioBuffer, LoudnessMeter, MixerError, TruePeakMeter, integrated_loudness, true_peak
from mixer.loudness import CHANNEL_WEIGHTS, LoudnessSeries, _coefficients, channel_weight, k_weighting
from mixer.meter_kernels import weighted_energies
from mixer.types import Samples
from tests.conftest import SHARED, shared
from tests.mixer.signals import RATE, Mono, barks, ffmpeg_levels, levels, noise, sine

SILENT = -np.inf


def metered(*channels: Mono, rate: int = RATE) -> LoudnessMeter:
    meter = LoudnessMeter(len(channels), rate)
    meter.add(AudioBuffer(np.array(channels), rate).samples)
    return meter


def stereo(signal: Mono, rate: int = RATE) -> LoudnessMeter:
    return metered(signal, signal, rate=rate)


def test_k_weighting_at_48_khz_is_the_standards_table() -> None:
    (b1, a1), (b2, a2) = k_weighting(48_000)
    assert b1 == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-8)
    assert a1 == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-8)
    assert b2 == pytest.approx([1.0, -2.0, 1.0])
    assert a2 == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-8)


def test_block_filter_equals_the_recursive_filter() -> None:
    from scipy.signal import lfilter

    sound = barks(4).samples[0].astype(np.float64)
    filtered = sound + 1e-15
    for b, a in k_weighting(RATE):
        filtered = lfilter(b, a, filtered)
    meter = metered(sound)
    hops = np.square(filtered).reshape(-1, RATE // 10).sum(axis=1)
    assert np.concatenate(meter._whole()._tenths) == pytest.approx(hops, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_a_tone_measures_its_level_at_any_rate(rate: int) -> None:
    """EBU 3341-1; at low rates the bilinear shelf differs by some hundredths."""
    assert stereo(levels((-23, 3), rate=rate), rate).integrated() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (((-23, 20),), -23.0),
        (((-33, 20),), -33.0),
        (((-36, 10), (-23, 60), (-36, 10)), -23.0),
        (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.0),
        (((-26, 20), (-20, 20.1), (-26, 20)), -23.0),
    ],
    ids=["3341-1", "3341-2", "3341-3", "3341-4", "3341-5"],
)
def test_integrated_loudness(segments: tuple[tuple[float, float], ...], expected: float) -> None:
    meter = stereo(levels(*segments))
    assert meter.integrated() == pytest.approx(expected, abs=0.1)
    if len(segments) == 1:
        assert meter.max_momentary == pytest.approx(expected, abs=0.1)
        assert meter.max_short_term == pytest.approx(expected, abs=0.1)


def test_surround_weights_3341_6() -> None:
    front, centre, back, off = sine(-28, 20), sine(-24, 20), sine(-30, 20), np.zeros(20 * RATE)
    assert metered(front, front, centre, back, back).integrated() == pytest.approx(-23.0, abs=0.1)
    assert metered(front, front, centre, sine(0, 20), back, back).integrated() == pytest.approx(-23.0, abs=0.1)
    assert metered(front, front, off, off, off).integrated() == metered(front, front).integrated()


def test_weights_of_advanced_layouts() -> None:
    """BS.1770-5, Annex 3: what is beside the listener and not above counts 1.5 dB more; LFE does not count."""
    assert channel_weight((110.0, 0.0)) == channel_weight((-60.0, 29.0)) == 1.41
    assert channel_weight((90.0, 30.0)) == channel_weight((135.0, 0.0)) == channel_weight((59.0, 0.0)) == 1.0
    assert CHANNEL_WEIGHTS[12] == (1.0, 1.0, 1.0, 0.0, 1.41, 1.41, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    alone = metered(sine(-20, 2)).integrated()
    assert alone is not None
    for count, weights in CHANNEL_WEIGHTS.items():
        assert len(weights) == count
        for channel, weight in enumerate(weights):
            sounds = [sine(-20, 2) if c == channel else np.zeros(2 * RATE) for c in range(count)]
            expected = alone + 10 * np.log10(weight) if weight else None
            assert metered(*sounds).integrated() == (expected if expected is None else pytest.approx(expected))


def test_what_cannot_be_measured() -> None:
    with pytest.raises(MixerError, match=r"1\.\.12 channels, got 13"):
        LoudnessMeter(13, RATE)
    with pytest.raises(MixerError, match="8,000 Hz or more, got 4000"):
        LoudnessMeter(1, 4_000)
    with pytest.raises(MixerError, match=r"listens to 2 channels, got a block of shape \(1, 480\)"):
        LoudnessMeter(2, RATE).add(np.zeros((1, 480), np.float32))
    with pytest.raises(MixerError, match="NaN or infinity"):
        LoudnessMeter(1, RATE).add(np.full((1, 480), np.nan, np.float32))
    with pytest.raises(MixerError, match="series=True"):
        LoudnessMeter(1, RATE).series()


def in_stereo(signal: Mono) -> LoudnessSeries:
    meter = LoudnessMeter(2, RATE, series=True)
    meter.add(AudioBuffer(np.array([signal, signal]), RATE).samples)
    series = meter.series()
    assert meter.max_momentary == pytest.approx(np.nanmax(series.momentary_lufs))
    if not np.isnan(series.short_term_lufs).all():
        assert meter.max_short_term == pytest.approx(np.nanmax(series.short_term_lufs))
    return series


def test_short_term_stays_3341_9() -> None:
    series = in_stereo(levels(*((-20, 1.34), (-30, 1.66)) * 5))
    assert np.isnan(series.short_term_lufs[series.time_s < 2.995]).all()
    assert series.short_term_lufs[series.time_s >= 3.0] == pytest.approx(-23.0, abs=0.1)


def test_momentary_stays_3341_12() -> None:
    series = in_stereo(levels(*((-20, 0.18), (-30, 0.22)) * 25))
    assert series.momentary_lufs[series.time_s >= 1.0] == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("n", range(20))
def test_short_term_wherever_it_begins_3341_10_and_11(n: int) -> None:
    assert stereo(levels((SILENT, 0.15 * n), (-23, 3), (SILENT, 1))).max_short_term == pytest.approx(-23.0, abs=0.1)
    rising = stereo(levels((SILENT, 0.15 * n), (-38 + n, 3), (SILENT, 3 - 0.15 * n)))
    assert rising.max_short_term == pytest.approx(-38.0 + n, abs=0.1)


@pytest.mark.parametrize("n", range(20))
def test_momentary_wherever_it_begins_3341_13_and_14(n: int) -> None:
    assert stereo(levels((SILENT, 0.02 * n), (-23, 0.4), (SILENT, 1))).max_momentary == pytest.approx(-23.0, abs=0.1)
    rising = stereo(levels((SILENT, 0.02 * n), (-38 + n, 0.4), (SILENT, 0.8 - 0.02 * n)))
    assert rising.max_momentary == pytest.approx(-38.0 + n, abs=0.1)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [((-20, -30), 10.0), ((-20, -15), 5.0), ((-40, -20), 20.0), ((-50, -35, -20, -35, -50), 15.0)],
    ids=["3342-1", "3342-2", "3342-3", "3342-4"],
)
def test_loudness_range(steps: tuple[float, ...], expected: float) -> None:
    assert stereo(levels(*((level, 20.0) for level in steps))).loudness_range() == pytest.approx(expected, abs=1.0)


def test_silence_and_what_is_short() -> None:
    meter = metered(np.zeros(5 * RATE))
    assert meter.integrated() is meter.max_momentary is meter.loudness_range() is meter.gain_to(-23.0) is None
    assert metered(np.zeros(0)).integrated() is None
    whole, half = sine(-20, 0.4), sine(-20, 0.2)
    padded = metered(half).integrated()
    assert padded == pytest.approx((metered(whole).integrated() or 0) - 3.01, abs=0.05)
    assert metered(sine(-20, 2.99)).loudness_range() is None
    click = LoudnessMeter(1, RATE, series=True)
    click.add(AudioBuffer(sine(-20, 0.04), RATE).samples)
    assert click.integrated() == pytest.approx((metered(whole).integrated() or 0) - 10, abs=0.3)
    assert click.series().momentary_lufs[39:] == pytest.approx(click.integrated())
    click.add(AudioBuffer(sine(-20, 0.36), RATE).samples)
    assert click.integrated() == pytest.approx(metered(whole).integrated(), abs=0.1)


def test_a_sound_in_silence_takes_no_longer_than_noise() -> None:
    """Recursive filters become slow on the denormal numbers in which decays end."""
    impulse = np.zeros((1, 30 * RATE), np.float32)
    impulse[0, 100] = 1.0

    def seconds(sound: Samples) -> float:
        start = time.perf_counter()
        LoudnessMeter(1, RATE).add(sound)
        return time.perf_counter() - start

    pairs = [(seconds(impulse), seconds(noise(30).samples)) for _ in range(4)]
    assert min(quiet for quiet, _ in pairs) < 1.5 * min(loud for _, loud in pairs)


@pytest.mark.parametrize(("channels", "rate"), [(1, RATE), (3, 44_100), (2, 22_050)])
def test_compiled_and_plain_are_the_same(channels: int, rate: int) -> None:
    sound = np.repeat(barks(3, rate=rate).samples, channels, axis=0) * np.arange(1, channels + 1)[:, np.newaxis]
    sound[0, : rate // 2] = 0.0
    edges = np.array([1, 7, 500, 501, 20_000], np.int64)
    states, pending, sums = np.zeros((2, channels, 6)), np.zeros((2, channels)), np.zeros((2, 2, 5, channels))
    for half, part in enumerate(np.split(sound.astype(np.float32), [rate], axis=1)):
        part = np.ascontiguousarray(part)
        for n, kernel in enumerate((weighted_energies.__call__, weighted_energies.fallback)):
            kernel(part, _coefficients(rate), states[n], pending[n], edges, sums[n, half])
    assert sums[0] == pytest.approx(sums[1], rel=1e-6, abs=1e-12)
    assert pending[0] == pytest.approx(pending[1], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("rate", [1_000, 4_000, 6_300])
def test_low_rates_are_raised_first(rate: int) -> None:
    hertz = 300.0
    slow, fast = (AudioBuffer(sine(-20, 6, hertz, r), r) for r in (rate, RATE))
    assert integrated_loudness(slow) == pytest.approx(integrated_loudness(fast), abs=0.1)


def test_files_are_measured_as_arrays(tmp_path: Path) -> None:
    sound = noise(3, channels=2)
    for name, subtype in (("a.wav", "FLOAT"), ("b.wav", "PCM_24"), ("c.flac", "PCM_24")):
        soundfile.write(tmp_path / name, sound.samples.T, RATE, subtype=subtype)
        assert integrated_loudness(tmp_path / name) == pytest.approx(integrated_loudness(sound), abs=1e-4)
    assert integrated_loudness(sound.samples, RATE) == integrated_loudness(sound)


def test_gain_reaches_the_target_through_the_gates() -> None:
    """A quiet recording hides its quietest part under the absolute gate; raised, that part counts."""
    meter = stereo(levels((-62, 5), (-69, 5), (-90, 5)))
    gain_db = meter.gain_to(-20.0)
    assert gain_db is not None
    assert meter.integrated(gain_db) == pytest.approx(-20.0, abs=1e-6)
    louder = stereo(levels((-62 + gain_db, 5), (-69 + gain_db, 5), (-90 + gain_db, 5)))
    assert louder.integrated() == pytest.approx(-20.0, abs=1e-3)
    inaudible = stereo(levels((-100, 2)))
    assert inaudible.integrated() is None
    assert inaudible.integrated(inaudible.gain_to(-30.0) or 0.0) == pytest.approx(-30.0, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, 3 * RATE), max_size=12), rate=st.sampled_from([22_050, 44_100, RATE]))
def test_meters_do_not_care_how_a_stream_is_cut(cuts: list[int], rate: int) -> None:
    sound = noise(3, channels=2).samples
    whole, parts = LoudnessMeter(2, rate), LoudnessMeter(2, rate)
    peak, peaks = TruePeakMeter(2), TruePeakMeter(2)
    whole.add(sound)
    peak.add(sound)
    for part in np.split(sound, sorted(cuts), axis=1):
        parts.add(part)
        peaks.add(part)
        parts.integrated()  # looking does not disturb
    assert parts.integrated() == pytest.approx(whole.integrated(), abs=1e-9)
    assert parts.loudness_range() == pytest.approx(whole.loudness_range(), abs=1e-9)
    assert parts.max_short_term == pytest.approx(whole.max_short_term, abs=1e-9)
    assert peaks.peak == peak.peak


@pytest.mark.parametrize(
    ("divisor", "degrees"),
    [(4, 0), (4, 45), (6, 60), (8, 67.5)],
    ids=["3341-15", "3341-16 and 19", "3341-17", "3341-18"],
)
def test_true_peak_of_tones_between_the_samples(divisor: int, degrees: float) -> None:
    """EBU 3341-15 to 19: −6 and 3 dBTP within +0.2/−0.4; the ends faded, or the edge is the peak."""
    n = np.arange(RATE)
    tone = 0.5 * np.sin(2 * np.pi * n / divisor + np.radians(degrees)) * np.minimum(1, np.minimum(n, n[::-1]) / 480)
    assert true_peak(AudioBuffer(tone, RATE)) == pytest.approx(-6.02, abs=0.02)
    assert true_peak(AudioBuffer(1.41 / 0.5 * tone, RATE)) == pytest.approx(2.98, abs=0.02)


@pytest.mark.parametrize("quarters", range(4), ids=["3341-20", "3341-21", "3341-22", "3341-23"])
def test_true_peak_of_a_pulse_between_the_samples(quarters: int) -> None:
    """0 dBTP within +0.2/−0.4, wherever between two samples the crest lies."""
    t = np.arange(-100, 100) - quarters / 4
    pulse = np.sinc(0.7 * t) * np.cos(np.pi * t / 240) ** 2
    assert true_peak(AudioBuffer(pulse, RATE)) == pytest.approx(0.0, abs=0.1)


def test_true_peak_is_never_below_the_sample_peak_and_silence_has_none() -> None:
    sound = noise(1, channels=2)
    peak_dbtp = true_peak(sound)
    assert peak_dbtp is not None
    assert peak_dbtp >= 20 * np.log10(np.abs(sound.samples).max())
    assert true_peak(AudioBuffer(np.zeros((2, 1_000)), RATE)) is None
    assert true_peak(AudioBuffer([0.0] * 50 + [0.5], RATE)) == pytest.approx(-6.02, abs=0.01)


def read(path: Path) -> AudioBuffer:
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return AudioBuffer(sound.T, rate)


@pytest.mark.parametrize(
    ("name", "expected"), [("AbsGateTest", -69.5), ("RelGateTest", -10.0)], ids=["absolute gate", "relative gate"]
)
def test_itu_files(name: str, expected: float) -> None:
    assert integrated_loudness(read(shared(f"loudness/1770-2_Comp_{name}.flac"))) == pytest.approx(expected, abs=0.1)


def ebu_cases() -> list[str]:
    """The names of the EBU's test signals; "none" where they are not here, so that the test can say why."""
    return [path.stem for path in sorted((SHARED / "loudness/ebu").glob("*.flac"))] or ["none"]


@pytest.mark.parametrize("name", ebu_cases())
def test_ebu_files(name: str) -> None:
    case, _, _ = name.removeprefix("seq-3341-").rpartition("-")
    sound = read(shared(f"loudness/ebu/{name}.flac"))
    kind = int(case.split("-")[0])
    meter = LoudnessMeter(sound.channels, sound.sample_rate)
    meter.add(sound.samples)
    if kind in (1, 2):
        assert meter.integrated() == pytest.approx(-23.0 if kind == 1 else -33.0, abs=0.1)
    elif kind == 10:
        assert meter.max_short_term == pytest.approx(-23.0, abs=0.1)
    elif kind in (12, 13):
        assert meter.max_momentary == pytest.approx(-23.0, abs=0.1)
    else:
        expected = -6.0 if kind < 19 else 3.0 if kind == 19 else 0.0
        peak_dbtp = true_peak(sound)
        assert peak_dbtp is not None
        assert -0.4 <= peak_dbtp - expected <= 0.2


def test_recordings_measure_as_by_ffmpeg(recordings: Path, tmp_path: Path) -> None:
    for path in sorted(recordings.glob("*/*"))[::140]:
        sound = read(path)
        if sound.channels > 2 or sound.frames < sound.sample_rate:
            continue
        wav = tmp_path / "sound.wav"
        soundfile.write(wav, sound.samples.T, sound.sample_rate, subtype="FLOAT")
        loudness, peak = ffmpeg_levels(wav)
        measured = integrated_loudness(sound)
        if loudness > -70.0:
            assert measured == pytest.approx(loudness, abs=0.1), path.name
            assert true_peak(sound) == pytest.approx(peak, abs=0.2), path.name
