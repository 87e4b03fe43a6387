"""What every model's parameters must be, what they do, and the commands that set them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from extender.cli import app
from extender.errors import UsageError
from extender.output.library_page import clips_of, write_library_page
from extender.sources.procedural import MODELS
from extender.sources.procedural.insects import chirps_per_s
from extender.sources.procedural.model import loudness_lufs, rendered
from extender.sources.procedural.registry import BY_NAME, model_named
from extender.sources.procedural.streaming import stream
from mixer.types import Samples

runner = CliRunner()


def made(name: str, **values: float) -> Samples:
    """Render a model, loops and beds for three seconds."""
    model = BY_NAME[name]
    return rendered(model, 5, duration_s=None if model.kind == "event" else 3.0, values=values)


def centroid_hz(sound: Samples) -> float:
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    f = np.fft.rfftfreq(sound.shape[1], 1 / 48_000)
    return float((f * power).sum() / power.sum())


def test_most_models_have_physical_parameters() -> None:
    with_some = [model for model in MODELS if model.parameters]
    assert len(with_some) >= 150
    for model in with_some:
        names = [p.name for p in model.parameters]
        assert len(set(names)) == len(names), model.name
        assert all(p.what for p in model.parameters), model.name


@pytest.mark.parametrize("name", [model.name for model in MODELS if model.parameters][::5])
def test_both_ends_of_every_range_make_a_sound(name: str) -> None:
    for parameter in BY_NAME[name].parameters:
        for value in (parameter.low, parameter.high):
            sound = made(name, **{parameter.name: value})
            assert np.isfinite(sound).all()
            assert np.abs(sound).max() <= 0.9
            assert -37.0 < loudness_lufs(sound) < -21.0, (name, parameter.name, value)


@pytest.mark.parametrize(
    ("name", "parameter", "low", "high"),
    [("fountain", "height", 10.0, 0.3), ("dog", "distance", 240.0, 12.0), ("ship-horn", "length", 300.0, 30.0),
     ("church-bell", "mass", 5_000.0, 100.0), ("cow", "mass", 900.0, 80.0), ("whoosh", "speed", 5.0, 25.0),
     ("vacuum", "rpm", 6_000.0, 35_000.0), ("television-next-room", "wall", 55.0, 12.0), ("frog", "length", 15.0, 3.0)],
)  # fmt: skip
def test_what_is_larger_or_farther_sounds_lower(name: str, parameter: str, low: float, high: float) -> None:
    assert centroid_hz(made(name, **{parameter: low})) < centroid_hz(made(name, **{parameter: high}))


def test_crickets_chirp_by_dolbears_law() -> None:
    assert chirps_per_s(13.0) * 60.0 == pytest.approx(40.0 + 4.0 * (55.4 - 50.0))
    assert chirps_per_s(30.0) > 1.8 * chirps_per_s(18.0)


@pytest.mark.parametrize("name", ["traffic", "distant-traffic", "room-tone", "refrigerator", "stream", "highway"])
def test_streams_of_beds_are_steady(name: str) -> None:
    model = replace(BY_NAME[name], duration_s=8.0)  # more joints in less time
    sound = np.concatenate(list(islice(stream(model, 2, block=48_000), 60)), axis=1)
    short = [loudness_lufs(sound[:, at : at + 144_000]) for at in range(0, sound.shape[1] - 144_000, 48_000)]
    assert np.std(short) < 2.0
    assert loudness_lufs(sound) == pytest.approx(-23.0, abs=1.5)
    steps = np.abs(np.diff(sound, axis=1)).max(axis=0)
    joints = np.zeros(steps.size, dtype=bool)
    for at in range(264_000, sound.shape[1], 264_000):  # 8 s less 2.5 s
        joints[at - 10 : at + 10] = True
        joints[at + 119_990 : at + 120_010] = True
    assert steps[joints].max() <= steps[~joints].max(), "no clicks where pieces begin and end"


def test_clock_goes_on_in_time() -> None:
    model = BY_NAME["clock"]
    sound = np.concatenate(list(islice(stream(model, 1, values={"beats": 3.3}, block=48_000), 40)), axis=1)[0]
    level = np.convolve(np.abs(sound), np.ones(480) / 480, "same")[::48]
    loud = 0.2 * level.max()
    ticks = [i for i in range(50, level.size - 50) if level[i] > loud and level[i] == level[i - 50 : i + 51].max()]
    assert len(ticks) == pytest.approx(132, abs=2)
    assert np.diff(ticks).min() > 240, "no tick between two, also where pieces are joined"


# --- commands ------------------------------------------------------------------------------------------------------


def test_list_tells_ranges() -> None:
    result = runner.invoke(app, ["sounds", "procedural", "list"])
    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if line.startswith("crickets "))
    assert "temperature 10 to 38 °C (23)" in line
    listed = json.loads(runner.invoke(app, ["sounds", "procedural", "list", "--json"]).stdout)
    assert len(listed) == len(MODELS)
    crowd = next(model for model in listed if model["name"] == "crowd")
    assert crowd["parameters"][0]["unit"] == "persons"


def test_render_writes_what_the_model_makes(tmp_path: Path) -> None:
    target = tmp_path / "bark.flac"
    arguments = ["sounds", "procedural", "render", "dog", "--param", "mass=60", "--seed", "7", "--take", "2"]
    assert runner.invoke(app, [*arguments, "-o", str(target)]).exit_code == 0
    heard, rate = soundfile.read(target, dtype="float32", always_2d=True)
    assert rate == 48_000
    assert np.allclose(heard.T, rendered(BY_NAME["dog"], 7, 2, values={"mass": 60.0}), atol=1e-6)
    again = runner.invoke(app, [*arguments, "-o", str(target)])
    assert again.exit_code == 4
    assert "exists already" in again.stderr
    assert runner.invoke(app, [*arguments, "-o", str(target), "--force"]).exit_code == 0


def test_render_streams_any_length(tmp_path: Path) -> None:
    target = tmp_path / "long.wav"
    arguments = ["sounds", "procedural", "render", "refrigerator", "--duration", "65s", "-o", str(target)]
    assert runner.invoke(app, arguments).exit_code == 0
    assert soundfile.info(target).frames == 65 * 48_000
    barks = tmp_path / "barks.wav"
    assert runner.invoke(app, ["sounds", "procedural", "render", "dog", "-d", "7", "-o", str(barks)]).exit_code == 0
    heard, _ = soundfile.read(barks)
    assert heard.size == 7 * 48_000
    assert abs(heard[-1]) < 1e-3, "what is cut off is faded"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["wnd"], "there is no model 'wnd'; did you mean wind"),
        (["wind", "--param", "speed=99"], "speed goes from 1 to 30 m/s"),
        (["wind", "--param", "haste=9"], "wind has no parameter 'haste'; it has: speed (1 to 30 m/s)"),
        (["wind", "--param", "speed"], "--param wants NAME=VALUE"),
        (["wind", "--param", "speed=fast"], "--param wants NAME=VALUE"),
        (["wind", "-o", "x.aiff"], "--output wants a name that ends in .wav, .flac, .ogg, .mp3"),
    ],
)
def test_errors_teach(arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, ["sounds", "procedural", "render", *arguments])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not any(tmp_path.iterdir())


def test_page_shows_every_clip(tmp_path: Path) -> None:
    models = [BY_NAME["knock"], BY_NAME["refrigerator"]]
    page = write_library_page(models, tmp_path / "page")
    text = page.read_text("utf-8")
    clips = [clip for model in models for clip in clips_of(model)]
    assert [clip.name for clip in clips][:3] == ["knock", "knock.knocks.low", "knock.knocks.high"]
    for clip in clips:
        assert f"sounds/{clip.name}.png" in text
    files = {path.name for path in (tmp_path / "page" / "sounds").iterdir()}
    assert len(files) == 2 * len(clips), "a sound and a picture each, and nothing temporary"
    assert "Knocking" in text
    assert "http" not in text.replace("http-equiv", ""), "nothing from elsewhere"


def test_unknown_models_are_met_with_near_ones() -> None:
    for wanted, near in (("Street traffic", "traffic"), ("sneze", "sneeze"), ("thunderstorm", "storm")):
        with pytest.raises(UsageError, match=rf"did you mean .*\b{near}\b"):
            model_named(wanted)
    with pytest.raises(UsageError, match="see 'extender sounds procedural list'"):
        model_named("qqqqqq")
