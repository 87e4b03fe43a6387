"""Loops have no dip, no click, no gap, on real recordings."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from extender.arranging.analysis import analyse
from extender.arranging.loops import loop
from extender.audio import read_audio
from mixer.types import AudioBuffer, Clip, Fade

RATE = 48_000
REAL_LOOPS = [
    "ambient_engine/hum.mp3",
    "ambient_engine/water.mp3",
    "ambient_engine/bikes.mp3",
    "blanket/rain.ogg",
    "blanket/waves.ogg",
    "blanket/birds.ogg",
    "blanket/fireplace.ogg",
    "blanket/train.ogg",
    "blanket/city.ogg",
    "blanket/wind.ogg",
    "blanket/coffee-shop.ogg",
    "blanket/summer-night.ogg",
]


def fade(law: Fade, count: int, rising: bool) -> NDArray[np.float64]:
    """Return the fade's gains by the law stated in mixer.types.Fade."""
    x = np.linspace(0.0, np.pi / 2, count)
    norm = np.sqrt(1 + 2 * law.correlation * np.sin(x) * np.cos(x))
    return (np.sin(x) if rising else np.cos(x)) / norm


def placed(audio: AudioBuffer, clip: Clip, total: int) -> NDArray[np.float64]:
    """Return one clip on a timeline of ``total`` samples, channels' mean."""
    count = round(clip.duration_s * RATE)
    first = round(clip.offset_s * RATE)
    piece = audio.samples[:, first : first + count].mean(axis=0, dtype=np.float64) * 10 ** (clip.gain_db / 20)
    piece = np.pad(piece, (0, count - piece.size))
    for law, rising in ((clip.fade_in, True), (clip.fade_out, False)):
        length = min(count, round(law.duration_s * RATE))
        if length and rising:
            piece[:length] *= fade(law, length, True)
        elif length:
            piece[count - length :] *= fade(law, length, False)
    out = np.zeros(total)
    onset = round(clip.onset_s * RATE)
    piece = piece[: max(0, total - onset)]
    out[onset : onset + piece.size] = piece
    return out


def unrelated(clip: Clip) -> Clip:
    """Return the clip with ordinary equal-power fades."""
    return replace(clip, fade_in=Fade(clip.fade_in.duration_s), fade_out=Fade(clip.fade_out.duration_s))


def moving_sum(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the sum over a sliding window, every 10 ms."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((total[window:] - total[:-window])[::480])


@pytest.mark.parametrize("file", REAL_LOOPS)
def test_seams_neither_dip_nor_click_on_real_recordings(recordings: Path, file: str) -> None:
    audio = read_audio(recordings / file)
    clips = loop([audio], [analyse(audio)], 120.0, np.random.default_rng(5))
    total = 120 * RATE
    seams = [(b.onset_s, a.onset_s + a.duration_s) for a, b in itertools.pairwise(clips)]
    assert len(seams) >= 2
    single = [placed(audio, c, total) for c in clips]
    mixed = np.sum(single, axis=0)
    # What two unrelated sounds would have: the fades' law without its correction for correlation.
    power = np.sum([np.square(placed(audio, unrelated(c), total)) for c in clips], axis=0)
    window = round(0.4 * RATE)  # BS.1770's momentary window: what is heard as a dip
    for start_s, end_s in seams:
        a, b = round(start_s * RATE), round(end_s * RATE)
        got, want = moving_sum(mixed[a:b] ** 2, window), moving_sum(power[a:b], window)
        assert 10 * np.log10((got / want).min()) > -0.5
    steps = np.abs(np.diff(mixed))
    inside = np.abs(np.diff(audio.samples.mean(axis=0))).max() * 10 ** (max(c.gain_db for c in clips) / 20)
    # No step anywhere is larger than two of the recording's own could make it where stretches overlap.
    assert steps.max() <= 2 * inside


def test_a_loop_covers_the_timeline_without_a_gap() -> None:
    noise = AudioBuffer(np.random.default_rng(0).normal(0, 0.1, 5 * RATE), RATE)
    for duration in (0.3, 4.0, 61.7):
        clips = loop([noise], [analyse(noise)], duration, np.random.default_rng(1))
        assert clips[0].onset_s == 0.0
        assert clips[-1].onset_s + clips[-1].duration_s == pytest.approx(duration)
        for a, b in itertools.pairwise(clips):
            overlap = a.onset_s + a.duration_s - b.onset_s
            assert overlap == pytest.approx(a.fade_out.duration_s)
            assert a.fade_out == b.fade_in
            assert a.duration_s >= a.fade_in.duration_s + a.fade_out.duration_s - 1e-9
            assert a.offset_s + a.duration_s <= noise.duration_s + 1e-6


def test_an_hour_of_a_short_sound_ends() -> None:
    noise = AudioBuffer(np.random.default_rng(0).normal(0, 0.1, RATE // 2), RATE)
    clips = loop([noise], [analyse(noise)], 600.0, np.random.default_rng(1))
    assert len(clips) < 4000
    assert clips[-1].onset_s + clips[-1].duration_s == pytest.approx(600.0)


def test_fades_at_the_ends_of_a_recording_are_left_out() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 10 * RATE)
    ramp = np.minimum(1.0, np.linspace(0, 5, noise.size)) * np.minimum(1.0, np.linspace(5, 0, noise.size))
    faded = analyse(AudioBuffer(noise * ramp, RATE))
    assert 1.0 < faded.body[0] < 2.2
    assert 7.8 < faded.body[1] < 9.0


def test_a_steady_tone_is_joined_in_phase_or_compensated() -> None:
    tone = AudioBuffer(0.3 * np.sin(2 * np.pi * 100 * np.arange(8 * RATE) / RATE), RATE)
    clips = loop([tone], [analyse(tone)], 40.0, np.random.default_rng(3))
    mixed = np.sum([placed(tone, c, 40 * RATE) for c in clips], axis=0)
    level = moving_sum(mixed[RATE : -2 * RATE] ** 2, RATE // 10)
    assert 10 * np.log10(level.min() / np.median(level)) > -0.5
    assert 10 * np.log10(level.max() / np.median(level)) < 0.5


def test_silence_is_looped_without_complaint() -> None:
    silence = AudioBuffer(np.zeros(RATE), RATE)
    assert loop([silence], [analyse(silence)], 10.0, np.random.default_rng(0))


def test_takes_of_different_levels_are_matched() -> None:
    rng = np.random.default_rng(0)
    takes = [AudioBuffer(rng.normal(0, s, 6 * RATE), RATE) for s in (0.05, 0.2)]
    analyses = [analyse(t) for t in takes]
    clips = loop(takes, analyses, 60.0, rng)
    levels = {c.take: round(analyses[c.take].body_level_db + c.gain_db, 1) for c in clips}
    assert len(levels) == 2
    assert len(set(levels.values())) == 1


def test_the_end_of_the_timeline_is_faded_however_it_falls() -> None:
    noise = AudioBuffer(np.random.default_rng(0).normal(0, 0.1, 6 * RATE), RATE)
    for seed in range(40):
        last = loop([noise], [analyse(noise)], 30.0, np.random.default_rng(seed))[-1]
        assert last.fade_out.duration_s == pytest.approx(1.0, abs=0.01)
