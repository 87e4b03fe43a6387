"""Which part of a recording is used: synthetic recordings where it is known, and real ones."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from extender.audio import MAX_EXCERPT_S, is_heard, read_audio
from extender.cli import app
from extender.errors import InputError
from extender.excerpts import HOP_S, Profile, choose, choose_in, profile_of
from extender.output.soundscape import gather_sounds
from extender.types import Cast, Considered, Excerpt, Kind, Role, SoundAsset
from tests.conftest import shared

RATE = 16_000
Signal = NDArray[np.float64]


def noise(seconds: float, level_db: float, seed: int = 0) -> Signal:
    signal = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return np.asarray(signal * 10 ** (level_db / 20))


def silence(seconds: float) -> Signal:
    return np.zeros(round(seconds * RATE))


def handling(seconds: float, level_db: float) -> Signal:
    """A microphone that is held in a hand: thumps and rubbing, low and irregular."""
    rng = np.random.default_rng(7)
    rubbing = np.convolve(rng.standard_normal(round(seconds * RATE)), np.ones(80) / 80, mode="same")
    thumps = np.zeros(rubbing.size)
    for at in rng.integers(0, thumps.size - RATE, int(2 * seconds)):
        time = np.arange(RATE // 4) / RATE
        thumps[at : at + time.size] += rng.uniform(0.3, 1.0) * np.sin(2 * np.pi * 70 * time) * np.exp(-time * 25)
    both = rubbing / np.abs(rubbing).max() * 0.5 + thumps
    return np.asarray(both / np.abs(both).max() * 10 ** (level_db / 20))


def bark(peak: float = 0.7) -> Signal:
    time = np.arange(round(0.3 * RATE)) / RATE
    pitch = np.cumsum(500 + 300 * np.sin(np.pi * time / 0.3)) / RATE
    voice = sum(np.sin(2 * np.pi * n * pitch) / n for n in range(1, 7))
    shape = np.minimum(1.0, time / 0.01) * np.exp(-time * 12)
    return np.asarray(peak * voice * shape / np.abs(voice * shape).max())


def dub(bed: Signal, *events: tuple[float, Signal]) -> Signal:
    mixed = bed.copy()
    for at_s, event in events:
        first = round(at_s * RATE)
        mixed[first : first + event.size] += event
    return mixed


@pytest.fixture
def chosen(tmp_path: Path) -> Any:
    """Return a function that writes a recording and returns the part of it that is used."""

    def choose_of(signal: Signal, kind: Kind) -> Excerpt | None:
        soundfile.write(tmp_path / "x.wav", signal, RATE, subtype="FLOAT")
        return choose(tmp_path / "x.wav", kind)

    return choose_of


def test_the_rain_after_a_long_silence(chosen: Any) -> None:
    part = chosen(np.concatenate([silence(90), noise(30, -25)]), "ambience")
    assert part.start_s == pytest.approx(90, abs=0.5)
    assert part.end_s == pytest.approx(120, abs=0.5)


@pytest.mark.parametrize("at_s", [10.0, 30.0, 63.0, 95.0])
@pytest.mark.parametrize("peak_db", [-6.0, 0.0])
def test_a_bed_is_taken_beside_a_bang(chosen: Any, at_s: float, peak_db: float) -> None:
    bang = noise(0.4, peak_db, 3) * np.exp(-np.arange(round(0.4 * RATE)) / RATE * 15)
    part = chosen(dub(noise(100, -32), (at_s, bang)), "loop")
    assert part.end_s <= at_s or part.start_s >= at_s + 0.1
    assert part.end_s - part.start_s >= 20


def test_a_bed_that_could_be_used_whole_leaves_a_bang_out_too(chosen: Any) -> None:
    bang = noise(0.4, -3, 3) * np.exp(-np.arange(round(0.4 * RATE)) / RATE * 15)
    part = chosen(dub(noise(30, -32), (10, bang)), "ambience")
    assert part.start_s >= 10.1
    assert part.end_s - part.start_s >= 15


def test_of_two_steady_parts_the_louder_and_not_the_passing_lorry(chosen: Any) -> None:
    two = np.concatenate([noise(70, -40), noise(70, -30, 1)])
    assert chosen(two, "ambience").start_s >= 69.5
    lorry = noise(20, -14, 2) * np.hanning(20 * RATE) ** 2
    part = chosen(dub(noise(140, -40), (100, lorry)), "ambience")
    assert part.end_s <= 104


def test_three_barks_after_handling_noise(chosen: Any) -> None:
    signal = dub(np.concatenate([handling(70, -20), noise(8, -60)]), *((71.5 + n, bark()) for n in range(3)))
    part = chosen(signal, "event")
    assert part.start_s == pytest.approx(71.5, abs=0.1)
    assert 73.7 <= part.end_s <= 74.6
    assert "onset" in part.reason


def test_a_clipped_bark_is_passed_over(chosen: Any) -> None:
    recording = dub(noise(40, -60), (5, bark(20.0)), (25, bark(0.8)))
    part = chosen(np.clip(recording, -0.99, 0.99), "event")
    assert part.start_s == pytest.approx(25, abs=0.1)


def test_a_recording_that_begins_in_the_midst_gives_the_next_onset(chosen: Any) -> None:
    signal = dub(noise(20, -60), (0, bark()[800:]), (12, bark()))
    assert chosen(signal, "event").start_s == pytest.approx(12, abs=0.1)


def test_a_sound_without_onset_gives_its_loudest_steady_part(chosen: Any) -> None:
    part = chosen(np.concatenate([noise(80, -40), noise(40, -25, 1)]), "event")
    assert part.reason == "its loudest steady part"
    assert part.start_s >= 78


def test_short_recordings_are_used_whole(chosen: Any) -> None:
    assert chosen(dub(noise(8, -60), (2, bark()), (5, bark())), "event") is None
    assert chosen(noise(40, -30), "ambience") is None
    assert chosen(silence(3), "ambience") is None
    assert chosen(noise(0.001, -30), "event") is None


def test_silence_and_what_is_no_number_do_no_harm(chosen: Any) -> None:
    assert chosen(silence(100), "event").end_s <= 100
    broken = noise(100, -30)
    broken[50 * RATE : 60 * RATE] = np.nan
    part = chosen(broken, "ambience")
    assert part.end_s <= 50.5 or part.start_s >= 59.5


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-110.0, 0.0), min_size=1, max_size=300),
    st.integers(1, 30),
    st.sampled_from(("event", "loop", "ambience")),
)
def test_whatever_the_course_the_part_lies_inside(levels: list[float], each: int, kind: Kind) -> None:
    power = np.repeat(10 ** (np.array(levels) / 10), each)[:, None] * np.full(4, 0.25)
    profile = Profile(power, np.zeros(len(power)), len(power) * HOP_S)
    part = choose_in(profile, kind)
    assert part == choose_in(profile, kind)
    if part is None:
        assert profile.duration_s <= MAX_EXCERPT_S
    else:
        assert 0 <= part.start_s < part.end_s <= profile.duration_s + 1e-6
        assert part.end_s - part.start_s <= MAX_EXCERPT_S + 1e-6


def test_levels_are_weighted_as_the_ear_has_it(tmp_path: Path) -> None:
    time = np.arange(RATE) / RATE
    for hz, expected in ((1000, 0.0), (100, -19.1), (50, -30.2), (4000, 1.0)):
        soundfile.write(tmp_path / "tone.wav", np.sin(2 * np.pi * hz * time), RATE, subtype="FLOAT")
        level = float(np.median(profile_of(tmp_path / "tone.wav").level_db))
        assert level == pytest.approx(expected - 3.0, abs=0.6)


def test_an_hour_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    minute = (noise(60, -40) * 32767).astype(np.int16)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for _ in range(40):
            file.write(minute)
        file.write((noise(60, -20, 5) * 32767).astype(np.int16))
        for _ in range(19):
            file.write(minute)
    tracemalloc.start()
    part = choose(path, "ambience")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert part is not None
    assert part.start_s == pytest.approx(2400, abs=0.5)
    assert peak < 40e6  # decoded it would be 230 MB


def test_only_the_part_is_decoded_and_it_is_the_part(tmp_path: Path) -> None:
    path = tmp_path / "x.flac"
    soundfile.write(path, np.concatenate([silence(90), noise(30, -25)]), RATE)
    audio = read_audio(path, start_s=90.0, max_s=20.0)
    assert audio.duration_s == pytest.approx(20.0, abs=0.01)
    assert np.sqrt(np.mean(audio.samples**2)) == pytest.approx(10 ** (-25 / 20), rel=0.1)
    assert is_heard(path, 1e-3)
    assert not is_heard(path, 0.9)


def test_ffmpeg_reads_parts_too(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, which is not installed")
    import subprocess

    wav, m4a = tmp_path / "x.wav", tmp_path / "x.m4a"
    soundfile.write(wav, np.concatenate([silence(70), noise(20, -25)]), RATE)
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(wav), str(m4a)], check=True)
    part = choose(m4a, "ambience")
    assert part is not None
    assert part.start_s == pytest.approx(70, abs=0.6)
    assert np.sqrt(np.mean(read_audio(m4a, start_s=75, max_s=5).samples ** 2)) == pytest.approx(0.056, rel=0.15)


def test_what_cannot_be_decoded_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no sound")
    for call in (lambda: choose(tmp_path / "x.wav", "event"), lambda: is_heard(tmp_path / "y.wav", 0.1)):
        with pytest.raises(InputError) as caught:
            call()
        assert "\n" not in str(caught.value)


def asset(path: Path, seconds: float) -> SoundAsset:
    return SoundAsset(str(path), None, "test", path.stem, path.stem, "ann", "CC0-1.0", "", seconds)


def test_the_soundscape_holds_the_part_and_says_which_and_why(tmp_path: Path) -> None:
    path = tmp_path / "rain.wav"
    soundfile.write(path, np.concatenate([silence(90), noise(30, -25)]), RATE)
    considered = (
        Considered("test", "rain", "rain", 0.9, True, "fits"),
        Considered("test", "no", "no", 0.1, False, "x"),
    )
    role = Role("rain-1", "loop", "rain", "rain", ("rain",), (asset(path, 120.0),), considered, reason="rain, here")
    (tmp_path / "out").mkdir()
    (kept,) = gather_sounds(Cast((role,)), tmp_path / "out").roles
    (take,) = kept.takes
    assert take.excerpt is not None
    assert take.duration_s == pytest.approx(30, abs=0.6)
    assert read_audio(tmp_path / "out" / take.file).duration_s == pytest.approx(take.duration_s)
    assert take.changes == ("excerpt 90.0–120.0 s, its loudest steady part",)
    assert kept.reason == "rain, here; used: 90.0–120.0 s, its loudest steady part"
    assert kept.considered[0].reason == "fits; used: 90.0–120.0 s, its loudest steady part"
    assert kept.considered[1] == considered[1]


def test_a_part_that_was_chosen_before_is_not_chosen_anew(tmp_path: Path) -> None:
    from dataclasses import replace

    path = tmp_path / "rain.wav"
    soundfile.write(path, noise(20, -25), RATE)
    before = replace(asset(path, 20.0), excerpt=Excerpt(3.0, 9.0, "somebody's choice"))
    role = Role("rain-1", "loop", "rain", "rain", ("rain",), (before,))
    (tmp_path / "out").mkdir()
    (kept,) = gather_sounds(Cast((role,)), tmp_path / "out").roles
    assert kept.takes[0].excerpt == before.excerpt
    assert kept.takes[0].duration_s == pytest.approx(6.0)


def test_one_recording_may_be_a_bed_and_an_event(tmp_path: Path) -> None:
    path = tmp_path / "yard.wav"
    soundfile.write(path, dub(noise(80, -45), (70, bark())), RATE)
    roles = tuple(Role(f"{k}-1", k, k, k, (k,), (asset(path, 80.0),)) for k in ("ambience", "event", "loop"))
    (tmp_path / "out").mkdir()
    bed, event, loop = gather_sounds(Cast(roles), tmp_path / "out").roles
    assert bed.takes[0].file == loop.takes[0].file != event.takes[0].file
    assert bed.takes[0].excerpt is not None
    assert event.takes[0].excerpt is not None
    assert bed.takes[0].excerpt.end_s <= 70.0 <= event.takes[0].excerpt.end_s


def test_a_render_of_the_project_takes_the_same_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    library = tmp_path / "mine" / "rain"
    library.mkdir(parents=True)
    soundfile.write(library / "rain.flac", np.concatenate([silence(90), noise(30, -25)]), RATE)
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path / "cache"))
    scene = {"version": 1, "place": "street", "objects": [{"label": "rain", "box": [0.1, 0.1, 0.5, 0.5]}]}
    (tmp_path / "scene.json").write_text(json.dumps(scene))
    runner, out = CliRunner(), tmp_path / "out"
    own = ["--scene", str(tmp_path / "scene.json"), "--sounds", str(tmp_path / "mine"), "--sources", "folder"]
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (80, 60)).save(photo)
    done = runner.invoke(app, ["render", str(photo), *own, "-o", str(out), "-d", "5", "--offline"])
    assert done.exit_code == 0, done.output
    shutil.rmtree(tmp_path / "mine")
    project = json.loads((out / "project.json").read_text(encoding="utf-8"))
    (take,) = next(r for r in project["cast"]["roles"] if r["wanted"] == "rain")["takes"]
    assert take["excerpt"]["start_s"] == pytest.approx(90, abs=0.5)
    assert "90.0–120.0 s" in (out / "credits.txt").read_text(encoding="utf-8")
    assert "90.0–120.0 s" in (out / "report.html").read_text(encoding="utf-8")
    first = (out / "soundscape.wav").read_bytes()
    done = runner.invoke(app, ["render", str(out / "project.json"), "--force"])
    assert done.exit_code == 0, done.output
    assert (out / "soundscape.wav").read_bytes() == first
    assert json.loads((out / "project.json").read_text(encoding="utf-8")) == project


@pytest.mark.parametrize("name", ["rain", "waves", "birds"])
def test_of_long_real_beds_a_long_steady_part(name: str) -> None:
    path = shared(f"sounds/blanket/{name}.ogg")
    part = choose(path, "ambience")
    assert part is not None
    assert 40 <= part.end_s - part.start_s <= 60


@pytest.mark.parametrize("name", ["blanket/fireplace.ogg", "blanket/summer-night.ogg", "ambient_engine/water.mp3"])
def test_real_beds_without_flaws_are_used_whole(name: str) -> None:
    assert choose(shared(f"sounds/{name}"), "ambience") is None


def test_real_barks_are_found_behind_real_wind(tmp_path: Path, recordings: Path) -> None:
    wind = read_audio(shared("sounds/blanket/wind.ogg")).samples.mean(axis=0)
    rain = read_audio(shared("sounds/blanket/rain.ogg")).samples.mean(axis=0)
    bed = np.concatenate([0.05 * wind / np.abs(wind).max(), 0.002 * rain / np.abs(rain).max()])
    for number, path in enumerate(sorted((recordings / "esc10" / "dog_bark").glob("*.ogg"))[:6]):
        dog = read_audio(path).samples.mean(axis=0)
        dog = 0.7 * dog / np.abs(dog).max()
        first = int(np.flatnonzero(np.abs(dog) > 0.1)[0])
        at = 40 * 48_000
        signal = bed.copy()
        signal[at - first : at - first + dog.size] += dog
        soundfile.write(tmp_path / f"{number}.wav", signal, 48_000)
        part = choose(tmp_path / f"{number}.wav", "event")
        assert part is not None
        assert part.start_s <= 40.3, path.name
        assert part.end_s > 40.05, path.name
