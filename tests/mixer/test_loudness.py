"""Loudness and true peak: the EBU's signals made here, the EBU's and ITU's own files, and ffmpeg."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer import AudioBuffer, LoudnessMeter, MixerError, TruePeakMeter, integrated_loudness, true_peak
from mixer.loudness import k_weighting
from tests.conftest import shared
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
    assert stereo(levels(*segments)).integrated() == pytest.approx(expected, abs=0.1)


def test_surround_weights() -> None:
    front, centre, back, off = sine(-28, 20), sine(-24, 20), sine(-30, 20), np.zeros(20 * RATE)
    assert metered(front, front, centre, back, back).integrated() == pytest.approx(-23.0, abs=0.1)
    assert metered(front, front, centre, sine(0, 20), back, back).integrated() == pytest.approx(-23.0, abs=0.1)
    assert metered(front, front, off, off, off).integrated() == metered(front, front).integrated()
    with pytest.raises(MixerError, match=r"1\.\.12 channels, got 13"):
        LoudnessMeter(13, RATE)
    with pytest.raises(MixerError, match="8,000 Hz or more, got 4000"):
        LoudnessMeter(1, 4_000)


def test_short_term_and_momentary() -> None:
    assert stereo(levels(*((-20, 1.34), (-30, 1.66)) * 5)).max_short_term == pytest.approx(-23.0, abs=0.1)
    assert stereo(levels(*((-20, 0.18), (-30, 0.22)) * 25)).max_momentary == pytest.approx(-23.0, abs=0.1)
    for n in (0, 7, 19):
        short = stereo(levels((SILENT, 0.15 * n), (-23, 3), (SILENT, 1)))
        assert short.max_short_term == pytest.approx(-23.0, abs=0.1)
        moment = stereo(levels((SILENT, 0.02 * n), (-38 + n, 0.4), (SILENT, 1)))
        assert moment.max_momentary == pytest.approx(-38.0 + n, abs=0.1)


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


@pytest.mark.parametrize(("divisor", "degrees"), [(4, 0), (4, 45), (6, 60), (8, 67.5)])
def test_true_peak_of_tones_between_the_samples(divisor: int, degrees: float) -> None:
    """EBU 3341-15 to 18: −6 dBTP within +0.2/−0.4; the ends faded, or the edge is the peak."""
    n = np.arange(RATE)
    tone = 0.5 * np.sin(2 * np.pi * n / divisor + np.radians(degrees)) * np.minimum(1, np.minimum(n, n[::-1]) / 480)
    assert true_peak(AudioBuffer(tone, RATE)) == pytest.approx(-6.02, abs=0.02)
    assert true_peak(AudioBuffer(1.41 / 0.5 * tone, RATE)) == pytest.approx(2.98, abs=0.02)


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


def test_ebu_files() -> None:
    folder = shared("loudness/ebu")
    for path in sorted(folder.glob("*.flac")):
        case, _, _ = path.stem.removeprefix("seq-3341-").rpartition("-")
        kind = int(case.split("-")[0])
        sound = read(path)
        meter = LoudnessMeter(sound.channels, sound.sample_rate)
        meter.add(sound.samples)
        if kind in (1, 2):
            assert meter.integrated() == pytest.approx(-23.0 if kind == 1 else -33.0, abs=0.1), path.name
        elif kind == 10:
            assert meter.max_short_term == pytest.approx(-23.0, abs=0.1), path.name
        elif kind in (12, 13):
            assert meter.max_momentary == pytest.approx(-23.0, abs=0.1), path.name
        else:
            expected = -6.0 if kind < 19 else 3.0 if kind == 19 else 0.0
            peak_dbtp = true_peak(sound)
            assert peak_dbtp is not None
            assert -0.4 <= peak_dbtp - expected <= 0.2, path.name


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
