"""What is a scene: stems as they are, stems with a paper that says more, soundscapes; and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.errors import InputError
from extender.evaluation.scenes import CROSSFADE_S, Found, clips_at, find_scenes
from extender.project import VERSION, seal, to_json
from mixer import Position, Room
from tests.extender.evaluation.conftest import make_scene, sounds, write
from tests.extender.output.report_project import make_project


def test_a_folder_of_folders_is_so_many_scenes_in_their_order(two_scenes: Path) -> None:
    found = find_scenes(two_scenes)
    assert [scene.name for scene in found] == ["scene 2", "scene 10"]
    scene = found[0].load()
    assert [track.id for track in scene.tracks] == ["bird", "hum", "rain"]
    assert scene.duration_s == 2.0
    assert scene.manual is not None
    assert scene.manual.name == "mix.wav"
    assert found[1].load().manual is None
    assert found[0].load(longest_s=0.7).duration_s == 0.7


def test_a_folder_of_stems_is_one_scene(two_scenes: Path) -> None:
    (found,) = find_scenes(two_scenes / "scene 10")
    assert found.name == "scene 10"
    assert {track.target_lufs for track in found.load().tracks} == {None}


def test_a_paper_tells_places_levels_and_times(tmp_path: Path) -> None:
    make_scene(tmp_path / "s")
    told = {
        "duration_s": 5.0,
        "stage_half_deg": 30.0,
        "room": {"size_m": 12.0, "damping": 0.3},
        "stems": {
            "bird.wav": {"azimuth_deg": 20.0, "distance_m": 4.0, "target_lufs": -22.0, "onsets_s": [0.5, 3.0, 9.0]},
            "rain.flac": {"width": 1.0, "priority": 0.3, "loop": True},
        },
    }
    (tmp_path / "s" / "scene.json").write_text(json.dumps(told))
    scene = find_scenes(tmp_path / "s")[0].load()
    bird, hum, rain = scene.tracks
    assert (scene.duration_s, scene.stage_half_deg, scene.room) == (5.0, 30.0, Room(12.0, 0.3))
    assert (bird.position, bird.target_lufs) == (Position(20.0, 0.0, 4.0), -22.0)
    assert [clip.onset_s for clip in bird.clips] == [0.5, 3.0]
    assert (rain.width, rain.priority) == (1.0, 0.3)
    assert max(clip.onset_s + clip.duration_s for clip in rain.clips) == pytest.approx(5.0)
    assert [clip.onset_s for clip in hum.clips] == [0.0]


@given(st.floats(0.4, 20.0), st.floats(0.5, 60.0), st.lists(st.floats(0.0, 50.0), min_size=1, max_size=8, unique=True))
def test_clips_stay_within_the_scene_and_cross_where_they_overlap(
    take_s: float, duration_s: float, onsets_s: list[float]
) -> None:
    clips = clips_at(sorted(onsets_s), take_s, duration_s)
    for clip in clips:
        assert clip.onset_s + clip.duration_s <= duration_s + 1e-9
        assert clip.duration_s <= take_s
    for first, second in pairwise(clips):
        over = second.onset_s < first.onset_s + first.duration_s
        assert first.fade_out.duration_s == second.fade_in.duration_s == (CROSSFADE_S if over else 0.0)


def test_a_soundscape_is_a_scene_of_its_parts_as_they_were_before_mixing(tmp_path: Path) -> None:
    project, _, _ = make_project(tmp_path / "street.soundscape")
    (tmp_path / "street.soundscape" / "project.json").write_text(
        to_json(seal(replace(project, version=VERSION))), encoding="utf-8"
    )
    for given_as in (tmp_path, tmp_path / "street.soundscape", tmp_path / "street.soundscape" / "project.json"):
        (found,) = find_scenes(given_as)
        assert found.name == "street"
    scene = found.load()
    assert [track.id for track in scene.tracks] == [part.id for part in project.arrangement.parts]
    assert scene.duration_s == project.arrangement.duration_s


def test_what_became_of_stems_by_hand_goes_with_them(tmp_path: Path) -> None:
    make_scene(tmp_path / "s")
    for name, sound in sounds(1).items():
        write((tmp_path / "s" / "manual" / name).with_suffix(".wav"), 0.5 * sound)
    scene = find_scenes(tmp_path / "s")[0].load()
    assert [track.id for track in scene.manual_stems] == ["bird", "hum", "rain"]
    (tmp_path / "s" / "manual" / "hum.wav").unlink()
    with pytest.raises(InputError, match=r"one file for each stem.*'hum'"):
        find_scenes(tmp_path / "s")[0].load()


def test_the_digest_follows_sounds_and_papers(tmp_path: Path) -> None:
    scene = Found("s", make_scene(tmp_path / "s"))
    before = scene.digest()
    assert Found("other", shutil.copytree(tmp_path / "s", tmp_path / "t")).digest() != before  # of another folder
    (tmp_path / "s" / "notes.txt").write_text("no sound")
    assert scene.digest() == before
    (tmp_path / "s" / "scene.json").write_text("{}")
    assert scene.digest() != before


def test_names_of_files_are_plain_and_different() -> None:
    slugs = [Found(name, Path(name)).slug for name in ("plain-1", "a b", "a/b", "..", "ä", "", "x" * 200, "x" * 201)]
    assert slugs[0] == "plain-1"
    assert len(set(slugs)) == len(slugs)
    assert all("/" not in slug and slug not in ("", ".", "..") and len(slug) <= 70 for slug in slugs)


BAD: tuple[tuple[str, str], ...] = (
    ("{", "file"),
    ("[]", "file"),
    ('{"sample": 1}', "sample"),
    ('{"duration_s": 0}', "duration_s must be"),
    ('{"duration_s": 1e9}', "duration_s must be"),
    ('{"duration_s": NaN}', "duration_s"),
    ('{"stage_half_deg": 0}', "stage_half_deg must be"),
    ('{"stems": {"bird.wav": {"azimuth_deg": 900}}}', "azimuth_deg"),
    ('{"stems": {"bird.wav": {"distance_m": 0}}}', "distance_m"),
    ('{"stems": {"bird.wav": {"target_lufs": 3}}}', "target_lufs"),
    ('{"stems": {"bird.wav": {"onsets_s": []}}}', "onsets_s"),
    ('{"stems": {"bird.wav": {"onsets_s": [2, 1]}}}', "onsets_s"),
    ('{"stems": {"bird.wav": {"loud": 1}}}', "loud"),
    ('{"stems": {"cat.wav": {}}}', "no stem 'cat.wav'"),
    ('{"room": {"size_m": 0.0, "damping": 0}}', "size_m"),
    ("[" * 100_000, "file"),
)


@pytest.mark.parametrize(("text", "told"), BAD)
def test_bad_papers_are_told_in_one_line(text: str, told: str, tmp_path: Path) -> None:
    make_scene(tmp_path / "s", seconds=0.5)
    (tmp_path / "s" / "scene.json").write_text(text)
    with pytest.raises(InputError) as error:
        find_scenes(tmp_path / "s")[0].load()
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_scene_is_refused(tmp_path: Path) -> None:
    def refused(path: Path, told: str) -> None:
        with pytest.raises(InputError, match=told):
            find_scenes(path)[0].load()

    refused(tmp_path / "nowhere", "no such file")
    refused(tmp_path, "holds no scene")
    (tmp_path / "only a mix").mkdir()
    write(tmp_path / "only a mix" / "mix.wav", [0.0] * 480)
    refused(tmp_path, "holds no scene")
    two: Any = make_scene(tmp_path / "two", seconds=0.5)
    shutil.copy(two / "rain.flac", two / "bird.flac")
    refused(two, "two stems are called 'bird'")
