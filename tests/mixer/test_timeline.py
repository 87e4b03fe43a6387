"""What a track plays before it is placed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixer import AudioBuffer, Clip, Fade, Samples, Track
from mixer.timeline import TrackReader, downmix, fade_gain
from tests.mixer.signals import RATE, noise, sine


def played(track: Track, seconds: float, channels: int = 1) -> Samples:
    """Sum the pieces."""
    frames = round(seconds * RATE)
    blocks = []
    for start, pieces in zip(range(0, frames, 65_536), TrackReader(track, RATE).play(frames, channels), strict=True):
        block = np.zeros((channels, min(65_536, frames - start)), np.float32)
        for piece in pieces:
            block[:, piece.start : piece.start + piece.samples.shape[1]] += piece.samples
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def test_a_take_is_heard_as_it_is() -> None:
    take = noise(3)
    assert np.array_equal(played(Track("a", (take,)), 3), take.samples)
    late = played(Track("a", (take,), (Clip(0, 1.5, 1.0, offset_s=0.5),)), 3)
    assert not late[:, : 3 * RATE // 2].any()
    assert np.array_equal(late[:, 3 * RATE // 2 : 5 * RATE // 2], take.samples[:, RATE // 2 : 3 * RATE // 2])
    assert not late[:, 5 * RATE // 2 :].any()


def test_past_its_end_a_take_is_silent() -> None:
    take = noise(1)
    sound = played(Track("a", (take,), (Clip(0, 0.0, 3.0, offset_s=0.4), Clip(0, 1.0, 1.0, offset_s=7.0))), 3)
    assert np.array_equal(sound[:, : RATE * 6 // 10], take.samples[:, RATE * 4 // 10 :])
    assert not sound[:, RATE * 6 // 10 :].any()


def test_a_clip_past_the_end_of_the_mix_is_cut() -> None:
    assert played(Track("a", (noise(3),), (Clip(0, 1.0, 3.0), Clip(0, 9.0, 1.0))), 2).shape == (1, 2 * RATE)


@given(correlation=st.floats(-0.9, 1.0), at=st.floats(0, 1))
def test_crossfades_keep_power_at_any_correlation(correlation: float, at: float) -> None:
    """Power of a·x + b·y with correlation ρ is a² + b² + 2ρab."""
    fade = Fade(1.0, correlation)
    a, b = (float(fade_gain(fade, np.array([at]), rising=rising)[0]) for rising in (True, False))
    assert a**2 + b**2 + 2 * correlation * a * b == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("onset_s", [0.0, 1.2, 1.3])
def test_a_loop_of_one_recording_has_no_dip(onset_s: float) -> None:
    """Identical material crossfades to itself exactly, wherever blocks end."""
    take = AudioBuffer(sine(-6, 4), RATE)
    fade = Fade(0.25, correlation=1.0)
    clips = (
        Clip(0, onset_s, 1.0, fade_out=fade),
        Clip(0, onset_s + 0.75, 1.0, offset_s=0.75, fade_in=fade),
    )
    sound = played(Track("a", (take,), clips), 4)
    start = round(onset_s * RATE)
    assert np.abs(sound[0, start : start + 84_000] - take.samples[0, :84_000]).max() < 1e-6


def test_fades_reach_both_ends_and_clip_gain_counts() -> None:
    take = AudioBuffer(np.ones(RATE), RATE)
    clip = Clip(0, 0.0, 1.0, gain_db=-6.0206, fade_in=Fade(0.2), fade_out=Fade(0.5))
    sound = played(Track("a", (take,), (clip,)), 1)[0]
    assert sound[0] < 0.001
    assert sound[-1] < 0.001
    assert sound[RATE // 10] == pytest.approx(0.5 * np.sqrt(0.5), abs=1e-3)
    assert sound[RATE * 3 // 10] == pytest.approx(0.5, abs=1e-5)
    assert sound[RATE * 3 // 4] == pytest.approx(0.5 * np.sqrt(0.5), abs=1e-3)


def frequency_hz(sound: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    return float(np.argmax(spectrum)) * RATE / (8 * len(sound))


@pytest.mark.parametrize("cents", [0.0, 100.0, -1_200.0, 2_400.0])
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_pitch_and_rate(cents: float, rate: int) -> None:
    """At any rate of the take: the tone at its pitch, from the right moment of the take."""
    n = np.arange(4 * rate)
    tone = np.sin(2 * np.pi * 440 * n / rate) * (n >= 2 * rate)
    speed = 2 ** (cents / 1_200)
    clip = Clip(0, 0.1, 0.6, offset_s=2.0 - 0.2 * speed, pitch_cents=cents)
    sound = played(Track("a", (AudioBuffer(tone, rate),), (clip,)), 1)[0]
    begins = int(np.argmax(np.abs(sound) > 0.2)) / RATE
    assert begins == pytest.approx(0.3, abs=0.002)
    assert frequency_hz(sound[round(0.35 * RATE) : round(0.65 * RATE)]) == pytest.approx(440 * speed, rel=0.004)


def test_downmix() -> None:
    stereo = noise(0.1, channels=2).samples
    assert downmix(stereo, 2) is stereo
    assert downmix(stereo, 1)[0] == pytest.approx((stereo[0] + stereo[1]) / np.sqrt(2), abs=1e-6)
    for channels in (3, 4, 5, 6, 8, 16):
        sound = noise(0.1, channels=channels).samples
        assert downmix(sound, 2).shape == (2, sound.shape[1])
        assert downmix(sound, 1).shape == (1, sound.shape[1])
    centre = np.zeros((5, 3), np.float32)
    centre[2] = 1.0
    assert downmix(centre, 2) == pytest.approx(np.full((2, 3), 0.7071))
    lfe = np.zeros((6, 3), np.float32)
    lfe[3] = 1.0
    assert not downmix(lfe, 2).any()


def test_empty_takes_and_tracks_without_clips_are_silent() -> None:
    empty = Track("a", (AudioBuffer(np.zeros((1, 0)), 44_100),), (Clip(0, 0.0, 1.0), Clip(0, 0.0, 1.0, pitch_cents=50)))
    assert not played(empty, 1).any()
    assert not played(Track("b", (AudioBuffer(np.zeros((1, 0)), 44_100),)), 1).any()
