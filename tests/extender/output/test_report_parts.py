"""What the report is made of: spectrogram, previews, words, drawings."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from extender.output import report_words as words
from extender.output.preview import RATE, mix_preview, role_preview
from extender.output.report_stage import Source, draw_clips, draw_stage, spans, ticks
from extender.output.spectrogram import (
    RANGE_DB,
    _encoded,
    _linear_rgb,
    colour_map,
    erb_frequency,
    erb_number,
    measure,
    to_png,
)
from extender.types import Part
from mixer.types import Clip, Fade, Position
from scenes import Place
from tests.extender.output.report_project import make_project, write_tone


@pytest.mark.parametrize(
    ("frequency_hz", "duration_s"), [(100.0, 5.0), (1000.0, 0.3), (1000.0, 5.0), (1000.0, 300.0), (8000.0, 5.0)]
)
def test_a_tone_is_where_it_belongs(tmp_path: Path, frequency_hz: float, duration_s: float) -> None:
    write_tone(tmp_path / "tone.wav", duration_s, frequency_hz)
    seen = measure(tmp_path / "tone.wav")
    middle = seen.levels_db[:, seen.levels_db.shape[1] // 2]
    assert int(middle.argmax()) / len(middle) == pytest.approx(seen.height_of(frequency_hz), abs=0.02)
    assert middle.max() == pytest.approx(0.0, abs=3.0)
    assert np.median(middle) == -RANGE_DB
    assert seen.duration_s == pytest.approx(duration_s)


def test_time_runs_from_left_to_right(tmp_path: Path) -> None:
    samples = np.zeros((96_000, 2))
    samples[72_000:] = np.random.default_rng(0).normal(0.0, 0.1, (24_000, 2))
    soundfile.write(tmp_path / "late.wav", samples, 48_000)
    levels = measure(tmp_path / "late.wav").levels_db
    half = levels.shape[1] // 2
    assert (levels[:, :half] == -RANGE_DB).all()
    assert (levels[:, -half // 3 :] > -40.0).mean() > 0.9


@pytest.mark.parametrize("frames", [1, 63, 1000])
def test_silent_and_tiny_files_have_a_spectrogram(tmp_path: Path, frames: int) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(frames), 48_000)
    seen = measure(tmp_path / "short.wav")
    assert (seen.levels_db == -RANGE_DB).all()
    assert to_png(seen).startswith(b"\x89PNG")


@given(st.floats(1.0, 24_000.0))
def test_the_ears_scale_has_an_inverse(frequency_hz: float) -> None:
    assert float(erb_frequency(erb_number(np.array(frequency_hz)))) == pytest.approx(frequency_hz)


def test_colours_brighten_in_even_steps() -> None:
    colours = colour_map(64).astype(float) / 255.0
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    seen = np.cbrt(linear @ lms.T) @ lab.T
    assert (np.diff(seen[:, 0]) > 0.0).all()
    steps = np.linalg.norm(np.diff(seen, axis=0), axis=1)
    assert steps.max() / steps.min() < 2.0
    assert np.allclose(_encoded(_linear_rgb(seen)), colours, atol=2e-3)  # our OKLab is the published one


def test_preview_of_a_mix_keeps_its_length_and_pitch(tmp_path: Path) -> None:
    write_tone(tmp_path / "mix.wav", 5.0, 1000.0, channels=2)
    whole = mix_preview(tmp_path / "mix.wav")
    cut = mix_preview(tmp_path / "mix.wav", max_s=2.0)
    assert whole.whole
    assert not cut.whole
    samples, rate = soundfile.read(io.BytesIO(whole.data), always_2d=True)
    assert rate == RATE
    assert samples.shape[1] == 2
    assert len(samples) / rate == pytest.approx(5.0, abs=0.15)
    spectrum = np.abs(np.fft.rfft(samples[RATE : 2 * RATE, 0]))
    assert int(spectrum.argmax()) == pytest.approx(1000, abs=1)
    assert len(cut.data) < len(whole.data)


def test_preview_of_an_event_plays_its_takes_in_turn(tmp_path: Path) -> None:
    project, _, _ = make_project(tmp_path)
    role, part = project.cast.roles[2], project.arrangement.parts[2]
    both = role_preview(role, part, tmp_path)
    short = role_preview(role, part, tmp_path, max_s=1.0)
    assert both
    assert short
    assert both.duration_s == pytest.approx(4.0, abs=0.01)
    assert short.duration_s == pytest.approx(1.0, abs=0.01)
    samples, _ = soundfile.read(io.BytesIO(both.data))
    assert samples.ndim == 1
    for start_s, frequency_hz in ((0.5, 660), (2.5, 880)):
        stretch = samples[round(start_s * RATE) : round((start_s + 1.0) * RATE)]
        assert int(np.abs(np.fft.rfft(stretch)).argmax()) == pytest.approx(frequency_hz, abs=2)
    assert role_preview(role, part, tmp_path / "elsewhere") is None


def test_preview_starts_where_the_clip_does(tmp_path: Path) -> None:
    project, _, _ = make_project(tmp_path)
    bed, part = project.cast.roles[0], project.arrangement.parts[0]
    later = replace(part, clips=(Clip(0, 0.0, 1.0, offset_s=1.5),))
    preview = role_preview(bed, later, tmp_path)
    assert preview
    assert preview.duration_s == pytest.approx(0.5, abs=0.01)
    assert soundfile.info(io.BytesIO(preview.data)).channels == 2


@pytest.mark.parametrize(
    ("word", "count", "expected"),
    [
        ("bus", 1, "a bus"),
        ("umbrella", 1, "an umbrella"),
        ("bus", 2, "two buses"),
        ("person", 4, "four people"),
        ("sheep", 3, "three sheep"),
        ("church bell", 2, "two church bells"),
        ("fly", 20, "20 flies"),
        ("heavy rain", 1, "heavy rain"),
        ("footsteps", 1, "footsteps"),
        ("wine glass", 3, "three wine glasses"),
        ("scissors", 2, "two scissors"),
    ],
)
def test_counting(word: str, count: int, expected: str) -> None:
    assert words.counted(word, count) == expected


@pytest.mark.parametrize(
    ("azimuths", "expected"),
    [
        ([0.0], "straight ahead"),
        ([20.0], "ahead on the left"),
        ([-20.0, -30.0], "ahead on the right"),
        ([20.0, -20.0], "on both sides"),
        ([90.0], "on the left"),
        ([180.0], "behind"),
        ([0.0, 178.0], "all around"),
    ],
)
def test_directions(azimuths: list[float], expected: str) -> None:
    assert words.direction(azimuths) == expected


def test_numbers_have_signs_and_units() -> None:
    assert words.number(-20.04, "LUFS") == "−20.0 LUFS"
    assert words.number(-0.01, "dB") == "0.0 dB"
    assert words.number(2.0, "dB", sign=True) == "+2.0 dB"
    assert words.number(None, "dB") == "–"
    assert words.pan(16.25, 32.5) == "L 50 %"
    assert words.pan(-90.0, 32.5) == "R 100 %"
    assert words.pan(0.0, 32.5) == "C"
    assert words.degrees(-23.4) == "23° right"
    assert words.metres(1234.0) == "1.2 km"
    assert words.clock(3723.0) == "1:02:03"
    assert words.duration(3600.0) == "1 h"
    assert words.place_name(Place("street", night=True)) == "A street at night"
    assert words.place_name(Place("indoor", indoor=True)) == "Indoors"
    assert words.place_name(Place("stairs")) == "Stairs"


@given(st.text())
def test_linking_loses_no_text_and_links_only_the_web(text: str) -> None:
    pairs = words.linked(f"{text} https://example.org/a?b=1, {text}")
    assert "".join(part for part, _ in pairs) == f"{text} https://example.org/a?b=1, {text}"
    assert any(url == "https://example.org/a?b=1" for _, url in pairs)
    assert all(url.lower().startswith(("http://", "https://")) for _, url in pairs if url)


def _source(number: int, azimuth_deg: float, distance_m: float, *clips: Clip) -> Source:
    some = clips or (Clip(0, 0.0, 1.0),)
    part = Part(f"thing-{number}", "event", some, Position(azimuth_deg, 0.0, distance_m), -25.0)
    return Source(number, "thing", part, None)


@given(st.lists(st.tuples(st.floats(-180.0, 180.0), st.floats(0.1, 5000.0)), min_size=1, max_size=12))
def test_all_sounds_lie_on_the_drawing_apart_from_each_other(places: list[tuple[float, float]]) -> None:
    stage = draw_stage([_source(i, *place) for i, place in enumerate(places, 1)], hfov_deg=65.0)
    assert [d.number for d in stage.discs] == list(range(1, len(places) + 1))
    for disc in stage.discs:
        assert stage.x <= disc.x <= stage.x + stage.width
        assert stage.y <= disc.y <= stage.y + stage.height
    if len(places) <= 4:
        for i, a in enumerate(stage.discs):
            for b in stage.discs[i + 1 :]:
                assert np.hypot(a.x - b.x, a.y - b.y) > stage.disc_radius


@given(st.floats(1.0, 90.0), st.floats(0.5, 500.0))
def test_a_mirrored_scene_is_a_mirrored_stage(azimuth_deg: float, distance_m: float) -> None:
    left = draw_stage([_source(1, azimuth_deg, distance_m)], hfov_deg=None).discs[0]
    right = draw_stage([_source(1, -azimuth_deg, distance_m)], hfov_deg=None).discs[0]
    assert left.x0 == pytest.approx(-right.x0)
    assert left.y0 == pytest.approx(right.y0)
    assert left.x0 < 0.0  # + is left


def test_movements_are_drawn_once_each() -> None:
    path = (Position(40.0, 0.0, 20.0), Position(-40.0, 0.0, 20.0, 3.0))
    clips = tuple(Clip(0, float(k), 3.0, path=path) for k in range(5))
    stage = draw_stage([_source(1, 0.0, 10.0, *clips)], hfov_deg=65.0)
    assert len(stage.paths) == 1


def test_clips_become_bars_with_fades() -> None:
    clip = Clip(0, 1.0, 4.0, fade_in=Fade(1.0), fade_out=Fade(2.0))
    assert draw_clips([clip], 10.0) == "M100.0 18L200.0 2H300.0L500.0 18Z"
    many = [Clip(0, k * 0.01, 0.005) for k in range(50_000)]
    assert len(draw_clips(many, 500.0)) < 60_000


def test_spans_join_what_touches() -> None:
    clips = [Clip(0, 5.0, 1.0), Clip(0, 0.0, 2.0), Clip(0, 1.5, 2.0), Clip(0, 90.0, 1.0)]
    assert spans(clips, 60.0) == [(0.0, 3.5), (5.0, 6.0)]


@given(st.floats(0.05, 200_000.0))
def test_ticks_are_few_and_inside(duration_s: float) -> None:
    marks = ticks(duration_s)
    assert 1 <= len(marks) <= 9
    assert marks[0] == 0.0
    assert marks[-1] <= duration_s + 1e-6


def test_a_group_is_said_as_what_is_seen(tmp_path: Path) -> None:
    project, _, _ = make_project(tmp_path)
    crowd = replace(project.cast.roles[2], wanted="crowd", played="crowd", path=("crowd",))
    cast = replace(project.cast, roles=(*project.cast.roles[:2], crowd))
    assert "four people (heard as crowd) ahead on the right" in words.summary(replace(project, cast=cast))
    group = replace(project.scene.detections[1], label="crowd")
    scene = replace(project.scene, detections=(project.scene.detections[0], group))
    assert "a crowd ahead on the right" in words.summary(replace(project, cast=cast, scene=scene))
    assert words.seen_name(group) == "crowd (4)"
    assert words.seen_name(project.scene.detections[1]) == "4 × person"
    assert words.seen_name(replace(group, label="camel")) == "4 × camel"
