"""Takes that are read from files while they are played."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixer import AudioBuffer, AudioFile, Clip, Fade, MixerError, MixPlan, Samples, Take, Track, TrackSettings, render
from mixer.material import Material
from mixer.recordings import SoundRecording, WaveRecording, open_recording
from tests.mixer.signals import RATE, noise

PLAIN = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
         ("WAVEX", "PCM_24"), ("WAVEX", "FLOAT"), ("RF64", "PCM_24")]  # fmt: skip
OTHERS = [("WAV", "PCM_U8"), ("WAV", "ULAW"), ("FLAC", "PCM_24"), ("AIFF", "PCM_24"), ("W64", "PCM_24")]


def saved(folder: Path, take: AudioBuffer, form: str = "WAV", subtype: str = "FLOAT") -> AudioFile:
    path = folder / f"take.{form.lower()}"
    soundfile.write(path, take.samples.T, take.sample_rate, format=form, subtype=subtype)
    return AudioFile(path)


def played(take: Take, clips: tuple[Clip, ...] = (), seconds: float = 4.0) -> Samples:
    settings = TrackSettings("a", 0.0, placed=False)
    return render([Track("a", (take,), clips)], MixPlan("test", seconds, (settings,), layout="mono")).mix.samples


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(("form", "subtype"), PLAIN + OTHERS)
def test_what_is_read_is_what_libsndfile_reads(tmp_path: Path, form: str, subtype: str, channels: int) -> None:
    file = saved(tmp_path, noise(0.3, 5, 0.2, channels=channels), form, subtype)
    expected = soundfile.read(file.path, dtype="float32", always_2d=True)[0].T
    recording = open_recording(file)
    assert isinstance(recording, WaveRecording if (form, subtype) in PLAIN else SoundRecording)
    for start, count in ((0, file.frames), (77, 5_000), (file.frames - 9, 9), (0, 1)):
        assert np.array_equal(recording.read(start, count), expected[:, start : start + count])


def test_extremes_of_24_bits_are_exact(tmp_path: Path) -> None:
    values = np.array([-(2**23), 2**23 - 1, -1, 0, 1, 2**22, -(2**16) + 1], np.int32)
    soundfile.write(tmp_path / "a.wav", values << 8, RATE, subtype="PCM_24")
    assert np.array_equal(open_recording(AudioFile(tmp_path / "a.wav")).read(0, 7)[0], values / 2**23)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, RATE, 96_000])
@pytest.mark.parametrize("cents", [0.0, -300.0, 700.0])
def test_a_file_sounds_like_the_same_in_memory(tmp_path: Path, rate: int, cents: float) -> None:
    take = noise(4, 3, rate=rate)
    file = saved(tmp_path, take)
    clips = (
        Clip(0, 0.2, 2.7, offset_s=0.123, pitch_cents=cents, fade_in=Fade(0.3)),
        Clip(0, 1.5, 9.0, offset_s=1.9, pitch_cents=cents, gain_db=-3.0),
    )
    for schedule in (clips[:1], clips[1:], clips):
        assert np.abs(played(file, schedule) - played(take, schedule)).max() < 1e-6


def test_a_clip_past_the_end_of_its_file_is_silent(tmp_path: Path) -> None:
    for rate in (44_100, RATE):
        file = saved(tmp_path, noise(1, rate=rate))
        for cents in (0.0, 50.0):
            assert not played(file, (Clip(0, 0.0, 2.0, offset_s=1.5, pitch_cents=cents),)).any()
            sound = played(file, (Clip(0, 0.5, 3.0, pitch_cents=cents),))
            assert sound[0, RATE : RATE + 100].any()
            assert not sound[0, round(1.51 * RATE) :].any()


def test_long_files_are_not_kept_for_loops_but_short_ones_are(tmp_path: Path) -> None:
    file = saved(tmp_path, noise(2))
    loop = tuple(Clip(0, 0.5 * n, 1.0, fade_in=Fade(0.5), fade_out=Fade(0.5)) for n in range(6))
    track = Track("a", (file,), loop)
    kept, streamed = Material(track, RATE), Material(track, RATE, kept_bytes=1_000)
    for clip in loop:
        one, other = (material.sound(clip, RATE, 1).read(0, RATE) for material in (kept, streamed))
        assert np.array_equal(one, other)
    assert len(kept._whole) == 1
    assert not streamed._whole


def test_mixed_takes_and_channels(tmp_path: Path) -> None:
    files = [saved(tmp_path, noise(1), "FLAC", "PCM_16"), saved(tmp_path, noise(1, 2, channels=2), "WAV", "PCM_24")]
    clips = (Clip(0, 0.0, 1.0), Clip(1, 0.5, 1.0), Clip(0, 2.0, 0.5, 0.5))
    plan = MixPlan("test", 3.0, (TrackSettings("a", 0.0, placed=False),))
    buffers = [AudioBuffer(soundfile.read(f.path, dtype="float32", always_2d=True)[0].T, RATE) for f in files]
    one, other = (render([Track("a", tuple(takes), clips)], plan).mix.samples for takes in (files, buffers))
    assert np.array_equal(one, other)
    assert one.any()


def test_a_file_with_nan_names_its_track_and_when(tmp_path: Path) -> None:
    sound = np.zeros(3 * RATE, np.float32)
    sound[2 * RATE] = np.nan
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    with pytest.raises(MixerError, match=r"track 'a': .*a\.wav must be finite, got NaN or infinity at 2\.000 s"):
        played(AudioFile(tmp_path / "a.wav"))


def test_a_file_that_is_gone_or_cut_names_its_track(tmp_path: Path) -> None:
    file = saved(tmp_path, noise(3), subtype="PCM_24")
    os.truncate(file.path, 100_000)
    with pytest.raises(MixerError, match="track 'a': "):
        played(file)
    file.path.unlink()
    with pytest.raises(MixerError, match=r"track 'a': .*cannot be read"):
        played(file)


def test_memory_does_not_grow_with_the_length_of_files(tmp_path: Path) -> None:
    """In a process of its own, filters and compressor included."""
    code = (
        "import sys, mixer\n"
        "path, seconds = sys.argv[1], float(sys.argv[2])\n"
        "tracks = [mixer.Track(str(n), (mixer.AudioFile(path),)) for n in range(6)]\n"
        "eq = (mixer.Filter('peak', 500.0, 3.0), mixer.Filter('low_cut', 60.0))\n"
        "settings = tuple(mixer.TrackSettings(str(n), -20.0, azimuth_deg=5.0 * n, filters=eq,"
        " compressor=mixer.Compressor(-30.0, 3.0)) for n in range(6))\n"
        "mixer.mix_to(tracks, plan=mixer.MixPlan('t', seconds, settings), write=lambda block: None)\n"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])\n"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc/self/status, to see how much memory a process has had")
    peaks = []
    for seconds in (20.0, 120.0):
        rng = np.random.default_rng(1)
        with soundfile.SoundFile(tmp_path / "long.wav", "w", RATE, 1, "PCM_24") as file:
            for _ in range(round(seconds)):
                file.write(rng.normal(0.0, 0.05, RATE))
        command = [sys.executable, "-c", code, str(tmp_path / "long.wav"), str(seconds)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        peaks.append(int(told) / 1024)
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 400.0
