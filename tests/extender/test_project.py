"""project.json: strict to read, and what a person changed is told from what was automatic."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from extender.errors import InputError
from extender.project import VERSION, changed_by_hand, kept_settings, read_project, seal, to_json
from extender.types import Arrangement, Cast, Part, Project, Role, SoundAsset
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.types import Clip, Fade, Position
from scenes import Box, Detection, Place, Scene


def sample() -> Project:
    """Return a small project of two parts."""
    roles, parts, settings, seen = [], [], [], []
    for name in ("dog-1", "bird-1"):
        take = SoundAsset(f"sounds/{name}-1.flac", "ab" * 32, "folder", name, "Title", "Ann", "CC0-1.0", "", 2.0)
        roles.append(Role(name, "event", "dog", "dog", ("dog",), (take,)))
        clip = Clip(0, 1.0, 1.5, fade_in=Fade(0.1), path=(Position(), Position(5.0, time_s=1.0)))
        parts.append(Part(name, "event", (clip,), Position(10.0, 0.0, 5.0), -25.0))
        settings.append(TrackSettings(name, 3.0, azimuth_deg=10.0, distance_m=5.0, reverb_db=-12.0, reason="because"))
        seen.append(Detection(name, "dog", 0.9, Box(0.1, 0.1, 0.4, 0.5), 0.6, 10.0, -3.0, 5.0))
    return seal(
        Project(
            version=VERSION,
            generator="test",
            seed=0,
            format="wav",
            stems=False,
            scene=Scene(Place("street", 0.7, tags={"sky": 0.2}), tuple(seen), notes=("a note",)),
            cast=Cast(tuple(roles)),
            arrangement=Arrangement(10.0, tuple(parts)),
            plan=MixPlan("balanced", 10.0, tuple(settings), BusSettings(4.0), Room(10.0, 0.5)),
            made={},
        )
    )


def written(tmp_path: Path, project: Project | str) -> Path:
    path = tmp_path / "project.json"
    path.write_text(project if isinstance(project, str) else to_json(project), encoding="utf-8")
    return path


def edited(tmp_path: Path, *path: str | int, value: object) -> Project:
    """Return the sample after one value in its file was changed."""
    data = json.loads(to_json(sample()))
    target = data
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return read_project(written(tmp_path, json.dumps(data)))


def test_a_project_survives_its_file(tmp_path: Path) -> None:
    project = sample()
    assert read_project(written(tmp_path, project)) == project
    assert not changed_by_hand(project)
    assert set(kept_settings(project)) == {"dog-1", "bird-1"}


def test_a_setting_changed_by_hand_is_kept(tmp_path: Path) -> None:
    project = edited(tmp_path, "plan", "tracks", 0, "gain_db", value=9.0)
    assert list(changed_by_hand(project)) == ["set/dog-1"]
    assert kept_settings(project)["dog-1"].gain_db == 9.0


def test_what_depends_on_an_edit_is_worked_out_anew(tmp_path: Path) -> None:
    for change in (
        ("arrangement", "parts", 0, "target_lufs", -20.0),
        ("arrangement", "parts", 0, "clips", 0, "onset_s", 3.0),
        ("cast", "roles", 0, "takes", 0, "sha256", "cd" * 32),
    ):
        project = edited(tmp_path, *change[:-1], value=change[-1])
        assert list(changed_by_hand(project)) == ["from/dog-1"]
        assert set(kept_settings(project)) == {"bird-1"}


def test_both_edits_together_keep_the_setting(tmp_path: Path) -> None:
    project = edited(tmp_path, "arrangement", "parts", 0, "target_lufs", value=-20.0)
    louder = replace(project.plan.tracks[0], gain_db=11.0)
    project = replace(project, plan=replace(project.plan, tracks=(louder, project.plan.tracks[1])))
    assert kept_settings(project)["dog-1"].gain_db == 11.0


def test_another_room_or_length_changes_every_track(tmp_path: Path) -> None:
    assert not kept_settings(edited(tmp_path, "plan", "room", "size_m", value=30.0))
    assert not kept_settings(edited(tmp_path, "arrangement", "duration_s", value=20.0))


def test_a_bus_gain_set_by_hand_is_noticed(tmp_path: Path) -> None:
    assert list(changed_by_hand(edited(tmp_path, "plan", "bus", "gain_db", value=0.0))) == ["bus/gain_db"]


def test_the_words_of_a_reason_change_nothing(tmp_path: Path) -> None:
    assert not changed_by_hand(edited(tmp_path, "plan", "tracks", 0, "reason", value="my own words"))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("extra",), 1, "no known key"),
        (("plan", "tracks", 0, "gain"), 1, "no known key"),
        (("seed",), "one", "seed"),
        (("plan", "tracks", 0, "gain_db"), float("nan"), "plan.tracks.0.gain_db"),
        (("plan", "tracks", 0, "gain_db"), 9999.0, "-200..120"),
        (("plan", "tracks", 0, "id"), "cat-9", "no settings for part"),
        (("arrangement", "parts", 0, "id"), "cat-9", "no role"),
        (("arrangement", "parts", 0, "clips", 0, "take"), 7, "take 7"),
        (("version",), 99, f"version must be {VERSION}"),
        (("format",), "aiff", "format"),
        (("scene", "detections", 0, "box", "x0"), 4.0, "0..1"),
        (("cast", "roles"), None, "cast.roles"),
    ],
)
def test_bad_values_are_one_line_that_names_them(
    tmp_path: Path, path: tuple[str | int, ...], value: object, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        edited(tmp_path, *path, value=value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00", "{}", '{"version": 1}', "[" * 5000])
def test_what_is_no_project_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_project(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_project(tmp_path / "project.json")


def test_a_project_of_the_first_version_is_read(tmp_path: Path) -> None:
    data = json.loads(to_json(sample()))
    data["version"] = 1
    data["plan"]["spatialiser"] = data["plan"].pop("layout")
    for settings in data["plan"]["tracks"]:
        for new in ("fader_db", "expander", "filters", "linear_phase", "compressor", "ducks"):
            del settings[new]
    assert read_project(written(tmp_path, json.dumps(data))) == sample()
