"""Reading and writing sound files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from extender.audio import FORMATS, SAMPLE_RATE, open_for_writing, read_audio
from extender.errors import InputError


@pytest.mark.parametrize("file_format", sorted(FORMATS))
def test_what_is_written_is_read_again(tmp_path: Path, file_format: str) -> None:
    path = tmp_path / "x.bin"
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    stereo = np.stack([tone, -0.5 * tone])
    with open_for_writing(path, file_format, 2) as write:
        for start in range(0, SAMPLE_RATE, 10_000):
            write(stereo[:, start : start + 10_000])
    audio = read_audio(path)
    assert audio.channels == 2
    assert audio.duration_s == pytest.approx(1.0, abs=0.05)
    middle = audio.samples[:, 10_000:30_000]
    assert np.sqrt(np.mean(middle**2, axis=1)) == pytest.approx([0.25 / 2**0.5, 0.125 / 2**0.5], rel=0.03)
    if file_format in ("wav", "flac"):
        assert soundfile.info(path).subtype == "PCM_24"
        assert np.abs(audio.samples - stereo).max() < 2**-22


def test_hours_of_wav_are_rf64(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with open_for_writing(path, "wav", 2, frames=6 * 3600 * SAMPLE_RATE) as write:
        write(np.zeros((2, 100), np.float32))
    assert path.read_bytes()[:4] == b"RF64"


def test_other_rates_and_lengths(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (22_050 * 3, 1)), 22_050)
    assert read_audio(path).sample_rate == SAMPLE_RATE
    assert read_audio(path).frames == 3 * SAMPLE_RATE
    assert read_audio(path, max_s=1.0).frames == SAMPLE_RATE


def test_ffmpeg_reads_what_libsndfile_does_not(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, which is not installed")
    wav, m4a = tmp_path / "x.wav", tmp_path / "x.m4a"
    soundfile.write(wav, 0.2 * np.sin(np.arange(48_000) / 20), 48_000)
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(wav), str(m4a)], check=True)
    audio = read_audio(m4a)
    assert audio.duration_s == pytest.approx(1.0, abs=0.1)
    assert np.sqrt(np.mean(audio.samples**2)) == pytest.approx(0.2 / 2**0.5, rel=0.05)


def test_bad_files_are_one_line(tmp_path: Path) -> None:
    empty, text, silent = tmp_path / "empty.wav", tmp_path / "text.wav", tmp_path / "none.wav"
    empty.write_bytes(b"")
    text.write_text("this is no sound")
    soundfile.write(silent, np.zeros((0, 1)), 48_000)
    for path in (empty, text, silent, tmp_path / "missing.wav", tmp_path):
        with pytest.raises(InputError) as caught:
            read_audio(path)
        assert "\n" not in str(caught.value)
