"""Bad and odd input: one MixerError that names the track, or a right result; nothing is muted in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from typer.testing import CliRunner

from extender.cli import app
from mixer import AudioBuffer, AudioFile, Clip, MixerError, Samples, Track, analyse, meter, mix, mix_to, plan_mix
from tests.mixer.signals import RATE, noise, sine

Sound = NDArray[np.floating[Any]]
Call = Callable[[Any], object]

CALLS: dict[str, Call] = {
    "mix": lambda sound: mix({"good": noise(0.5), "odd": sound}),
    "mix_to": lambda sound: mix_to({"good": noise(0.5), "odd": sound}, write=lambda block: None, strategy="balanced"),
    "analyse": lambda sound: analyse({"good": noise(0.5), "odd": sound}),
}


def wav(path: Path, sound: Sound, rate: int = RATE, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, np.atleast_2d(sound).T, rate, subtype=subtype)
    return path


def with_a(value: float, at: int = 20_000) -> Sound:
    sound = np.array(noise(0.5).samples)
    sound[0, at] = value
    return sound


def extender(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in ("mix", *words)])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number_in_an_array(call: Call, value: float) -> None:
    with pytest.raises(MixerError, match=r"track 'odd': .*finite, got 'NaN or infinity'"):
        call(with_a(value))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_no_number_in_a_file(call: Call, rate: int, tmp_path: Path) -> None:
    path = wav(tmp_path / "take.wav", with_a(np.nan), rate)
    with pytest.raises(
        MixerError, match=rf"track 'odd': .*take.wav must be finite, got NaN or infinity at {20_000 / rate:.3f} s"
    ):
        call(path)


def test_no_number_for_the_meter(tmp_path: Path) -> None:
    for sound in (with_a(np.nan), wav(tmp_path / "take.wav", with_a(np.inf)), with_a(-np.inf)):
        with pytest.raises(MixerError, match=r"finite, got '?NaN or infinity"):
            meter(sound)


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (np.zeros(0), "track 'odd': must have one sample or more"),
        (np.zeros((2, 0)), "track 'odd': must have one sample or more"),
        (np.zeros((0, 480)), r"track 'odd': .*\(channels, frames\), got \(0, 480\)"),
        ([], "track 'odd': must have one sample or more"),
        ("nowhere.wav", "track 'odd': nowhere.wav: no such file"),
        (np.zeros(480, complex), "track 'odd': must be numbers"),
        (np.zeros(480, np.int16), "track 'odd': must be floats with full scale = ±1, got int16: divide by 32,768"),
    ],
)
def test_nothing_in_it(sound: object, said: str) -> None:
    for call in CALLS.values():
        with pytest.raises(MixerError, match=said):
            call(sound)


def test_an_empty_file(tmp_path: Path) -> None:
    path = wav(tmp_path / "empty.wav", np.zeros((1, 0)))
    for call in CALLS.values():
        with pytest.raises(MixerError, match="track 'odd': must have one sample or more"):
            call(path)
    assert meter(path).loudness_lufs is None
    told = extender(path, "-o", tmp_path / "mix.wav")
    assert (told.exit_code, told.output) == (3, "extender: track 'empty': must have one sample or more, got none\n")


@pytest.mark.parametrize("rate", [8_000, 384_000])
def test_low_and_high_rates_are_resampled(rate: int, tmp_path: Path) -> None:
    tone = AudioBuffer(sine(-20.0, 1.0, 500.0, rate), rate)
    path = wav(tmp_path / "tone.wav", tone.samples, rate)
    told = meter(tone)
    assert told.loudness_lufs is not None
    for sound in (tone, path):
        result = mix({"tone": sound}, strategy="flat", bus_gain_db=0.0)
        assert result.mix.frames == RATE
        assert result.mix.sample_rate == RATE
        middle = result.mix.samples[0, 9_600:-9_600]
        assert np.sqrt(np.mean(np.square(middle, dtype=np.float64))) == pytest.approx(0.05, rel=0.002)  # −3 dB, −3 dB
        assert result.meters.loudness_lufs == pytest.approx(told.loudness_lufs, abs=0.25)  # K-weighting at 8 kHz
    report = analyse({"tone": path, "good": noise(1.0)})
    assert np.isfinite(report.mur).all()


def test_one_sample() -> None:
    click = np.array([0.5])
    result = mix({"click": click})
    assert result.mix.frames == 1
    assert np.isfinite(result.mix.samples).all()
    assert result.mix.samples.any()
    both = mix({"click": click, "good": noise(1.0)})
    assert both.mix.frames == RATE
    assert meter(click).sample_peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert analyse({"click": click, "good": noise(1.0)}).mur[1] > 0.99


def test_direct_current_passes_as_it_is_and_is_told() -> None:
    sound = 0.25 + 0.1 * noise(2.0).samples
    assert meter(sound).dc == pytest.approx((0.25,), abs=0.001)
    result = mix({"dc": sound, "good": noise(2.0, 3)})
    assert np.isfinite(result.mix.samples).all()
    assert result.meters.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    assert analyse({"dc": np.full(RATE, 0.25), "good": noise(1.0)}).mur[1] > 0.8


def test_clipped_sound_is_mixed_and_told(tmp_path: Path) -> None:
    sound = np.clip(8.0 * np.array(noise(1.0, level=0.3).samples), -1.0, 1.0)
    assert meter(sound).clipped_samples > RATE // 2
    hot = wav(tmp_path / "hot.wav", 3.0 * sound)  # floats beyond full scale are sound as well
    for given in (sound, hot):
        result = mix({"clipped": given, "good": noise(1.0, 5)}, loudness=-6.0)
        assert result.meters.true_peak_dbtp is not None
        assert result.meters.true_peak_dbtp <= -0.99


@pytest.mark.parametrize("strategy", ["balanced", "unmask"])
def test_levels_a_hundred_decibels_apart(strategy: str) -> None:
    loud, soft = noise(2.0, 1, level=0.5), AudioBuffer(noise(2.0, 2, level=0.5).samples * np.float32(1e-5), RATE)
    result = mix({"loud": loud, "soft": soft}, strategy=strategy, stems=True)
    gap = [m.loudness_lufs for m in result.meters.tracks]
    assert gap[0] is not None
    assert gap[1] is None or gap[0] - gap[1] == pytest.approx(100.0, abs=0.5)
    assert result.meters.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    assert np.abs(result.stems["soft"].samples).max() > 0.0
    brought = [Track("loud", (loud,), target_lufs=-20.0), Track("soft", (soft,), target_lufs=-20.0)]
    levels = [m.loudness_lufs for m in mix(brought, strategy=strategy).meters.tracks]
    assert levels == pytest.approx([-20.0, -20.0], abs=0.1)


def test_no_track_at_all(tmp_path: Path) -> None:
    assert not mix([], duration_s=0.1).mix.samples.any()
    with pytest.raises(MixerError, match="duration_s must be given where no track has a clip"):
        mix([])
    with pytest.raises(MixerError, match="there are no tracks: one or more are needed"):
        analyse([], duration_s=0.1)
    told = extender(tmp_path, "-o", tmp_path / "mix.wav")
    assert (told.exit_code, told.output.count("\n")) == (3, 1)
    assert "holds no sound files" in told.output


def test_one_track() -> None:
    result = mix({"alone": noise(1.0)})
    assert result.meters.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    assert result.plan.tracks[0].filters == ()
    assert analyse({"alone": noise(1.0)}).mur == pytest.approx([1.0], abs=1e-3)


def test_silent_tracks() -> None:
    result = mix({"silent": np.zeros(RATE), "good": noise(1.0)})
    assert result.plan.tracks[0].reason.endswith("silent: nothing of it is heard")
    assert result.meters.tracks[0].loudness_lufs is None
    nothing = mix({"silent": np.zeros(RATE), "still": np.zeros((2, RATE))})
    assert not nothing.mix.samples.any()
    assert nothing.plan.bus.reason.startswith("nothing is heard")


def test_five_hundred_tracks() -> None:
    rng = np.random.default_rng(1)
    sounds = {f"t{n}": rng.normal(0.0, 0.02, 9_600).astype(np.float32) for n in range(500)}
    result = mix(sounds)
    assert len(result.plan.tracks) == 500
    assert "no room is made among more than 160 tracks" in result.plan.bus.reason
    assert result.meters.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    report = analyse({name: sounds[name] for name in list(sounds)[:150]})
    assert report.lost.shape == (150, 150)
    planned = plan_mix({name: sounds[name] for name in list(sounds)[:60]})
    assert planned.strategy == "unmask"


def test_ten_hours_in_memory_are_refused_with_the_name_of_the_track() -> None:
    far = Track("bell", (noise(1.0),), (Clip(0, 36_000.0, 1.0),))
    for stems in (False, True):
        with pytest.raises(MixerError, match=r"got 36,001 s of .* GB; track 'bell' ends at 36,001 s: use mixer.mix_to"):
            mix([far], stems=stems)


def sparse_wav(path: Path, seconds: int) -> Path:
    """Write a mono WAV file of silence that takes no room on the disk, with a click near its end."""
    path.write_bytes(b"")
    soundfile.write(path, np.zeros(1), 8_000, subtype="PCM_16")
    head = bytearray(path.read_bytes()[:44])
    size = seconds * 8_000 * 2
    head[4:8], head[40:44] = (36 + size).to_bytes(4, "little"), size.to_bytes(4, "little")
    path.write_bytes(bytes(head))
    os.truncate(path, 44 + size)
    with path.open("r+b") as file:
        file.seek(44 + size - 20_000)
        file.write(np.full(100, 9_000, "<i2").tobytes())
    return path


TEN_HOURS = """
import re, resource, sys, numpy as np
from pathlib import Path
from mixer import AudioFile, Clip, AudioBuffer, Track, mix_to
long = AudioFile(sys.argv[1])
heard = [0, 0.0]
def write(block):
    heard[0] += block.shape[1]
    heard[1] = max(heard[1], float(np.abs(block).max()))
click = AudioBuffer(np.ones(100), 8_000)
tracks = [Track("long", (long,)), Track("late", (click,), (Clip(0, 35_990.0, 0.0125),))]
mix_to(tracks, write=write, sample_rate=8_000, layout="mono", strategy="flat", bus_gain_db=0.0)
status = Path("/proc/self/status")  # getrusage counts what the parent process held, too
most = re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1] if status.exists() else resource.getrusage(0).ru_maxrss
print(*heard, most)
"""


def test_ten_hours_are_streamed_in_little_memory(tmp_path: Path) -> None:
    path = sparse_wav(tmp_path / "long.wav", 36_000)
    told = subprocess.run([sys.executable, "-c", TEN_HOURS, str(path)], capture_output=True, text=True, check=True)
    frames, peak, kilobytes = told.stdout.split()
    assert int(frames) == 36_000 * 8_000
    assert float(peak) > 0.2
    assert int(kilobytes) < 500_000 or sys.platform == "darwin"  # the mix alone would be 1.15 GB


def test_the_command_names_the_stem_and_leaves_nothing_behind(tmp_path: Path) -> None:
    stems = tmp_path / "stems"
    stems.mkdir()
    wav(stems / "good.wav", noise(0.5).samples)
    wav(stems / "bad.wav", with_a(np.nan))
    told = extender(stems, "-o", tmp_path / "mix.wav")
    assert told.exit_code == 3
    assert told.output.count("\n") == 1
    assert "track 'bad'" in told.output
    assert "at 0.417 s" in told.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["stems"]


def test_the_command_mixes_what_is_odd_but_sound(tmp_path: Path) -> None:
    stems = tmp_path / "stems"
    stems.mkdir()
    wav(stems / "low.wav", sine(-20.0, 0.7, 300.0, 8_000), 8_000)
    wav(stems / "high.wav", sine(-20.0, 0.4, 5_000.0, 384_000), 384_000)
    wav(stems / "click.wav", np.array([0.5]))
    wav(stems / "dc.wav", np.full(9_600, 0.3))
    wav(stems / "silent.wav", np.zeros((2, 30_000)))
    wav(stems / "clipped.wav", np.clip(np.array(noise(0.5, level=4.0).samples), -1.0, 1.0))
    wav(stems / "six.wav", noise(0.6, channels=6).samples)
    wav(stems / "soft.wav", noise(0.6, level=1e-6).samples)
    told = extender(stems, "-o", tmp_path / "mix.wav", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [track["id"] for track in found["tracks"]] == sorted(path.stem for path in stems.iterdir())
    assert found["duration_s"] == 0.7
    assert found["loudness_lufs"] == pytest.approx(-20.0, abs=0.1)
    assert found["tracks"][5]["heard"] is None  # silent
    assert soundfile.info(tmp_path / "mix.wav").samplerate == 48_000


def test_a_file_that_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("no sound")
    with pytest.raises(MixerError, match=r"words\.wav: not a sound file"):
        AudioFile(tmp_path / "words.wav")
    told = extender(tmp_path / "words.wav", "-o", tmp_path / "mix.wav")
    assert told.exit_code == 3
    assert "words.wav" in told.output
    assert told.output.count("\n") == 1


def test_a_file_that_ends_while_it_is_played(tmp_path: Path) -> None:
    path = wav(tmp_path / "cut.wav", noise(4.0).samples, subtype="PCM_24")
    track = Track("cut", (AudioFile(path),))
    os.truncate(path, 200_000)
    with pytest.raises(MixerError, match=r"track 'cut': .*cut\.wav"):
        mix([track])


def test_blocks_are_finite_whatever_comes() -> None:
    blocks: list[Samples] = []
    tiny = AudioBuffer(np.full(9_600, 1e-38, np.float32), RATE)
    huge = AudioBuffer(np.full(9_600, 1e6, np.float32), RATE)
    mix_to({"tiny": tiny, "huge": huge}, write=blocks.append, strategy="balanced")
    assert all(np.isfinite(block).all() for block in blocks)
