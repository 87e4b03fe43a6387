"""The main job end to end: a picture or a scene becomes a folder, the same every time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from extender.cli import app
from extender.cli.choices import packaged_scene

RUNNER = CliRunner()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests here, so that sounds are synthesised once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def extender(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the command line in an empty folder with no sounds of the person's own."""
    monkeypatch.setenv("EXTENDER_CACHE", str(cache))
    monkeypatch.delenv("EXTENDER_WEIGHTS", raising=False)
    (cache / "no-sounds").mkdir(exist_ok=True)
    monkeypatch.setenv("EXTENDER_SOUNDS", str(cache / "no-sounds"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        return RUNNER.invoke(app, [str(a) for a in arguments], catch_exceptions=False)

    return run


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def project_of(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    return data


def scene_file(path: Path, *objects: tuple[str, float], place: str = "street") -> Path:
    """Write a scene of things at horizontal places 0..1."""
    things = [{"label": name, "box": [x - 0.05, 0.4, x + 0.05, 0.7]} for name, x in objects]
    path.write_text(json.dumps({"version": 1, "place": place, "objects": things}), encoding="utf-8")
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture of nothing in particular."""
    from PIL import Image

    path = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


def render_scene(extender: Any, picture: Path, scene: Path, out: str, *more: str) -> Path:
    result = extender("render", picture, "--scene", scene, "-o", out, "--offline", "-d", "6", *more)
    assert result.exit_code == 0, result.output
    return Path(out)


def test_all_files_come_out(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2), ("car", 0.8))
    folder = render_scene(extender, picture, scene, "out", "--stems")
    names = {p.name for p in folder.iterdir()}
    pages = {"report.html", "credits.txt", "credits.json", "project.json", "picture.jpg"}
    assert names == {"soundscape.wav", "sounds", "stems", *pages}
    info = soundfile.info(folder / "soundscape.wav")
    assert (info.samplerate, info.subtype, info.channels, info.frames) == (48_000, "PCM_24", 2, 6 * 48_000)
    assert {p.name for p in tmp_path.iterdir()} == {"s.json", "photo.jpg", "out"}


def test_stems_sum_to_the_mix_before_the_limiter(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2), ("car", 0.8))
    # Quiet enough that the limiter has nothing to do, so that the mix before it is the mix.
    folder = render_scene(extender, picture, scene, "out", "--stems", "--loudness", "-40")
    mix = soundfile.read(folder / "soundscape.wav")[0]
    stems = sum(soundfile.read(p)[0] for p in (folder / "stems").iterdir())
    assert np.abs(mix - stems).max() < 2e-6


def test_same_seed_same_bytes_and_the_project_gives_them_again(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2), ("bird", 0.7))
    first = render_scene(extender, picture, scene, "a", "--seed", "3")
    second = render_scene(extender, picture, scene, "b", "--seed", "3")
    other = render_scene(extender, picture, scene, "c", "--seed", "4")
    assert sha(first / "soundscape.wav") == sha(second / "soundscape.wav")
    assert sha(first / "soundscape.wav") != sha(other / "soundscape.wav")
    result = extender("render", first / "project.json", "-o", "again")
    assert result.exit_code == 0, result.output
    assert sha(Path("again") / "soundscape.wav") == sha(first / "soundscape.wav")
    assert sha(Path("again") / "report.html") == sha(first / "report.html")
    assert project_of(Path("again")) == project_of(first)


def test_an_edit_is_kept_and_what_follows_from_it_follows(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2), ("bird", 0.7))
    folder = render_scene(extender, picture, scene, "a", "--strategy", "unmask")
    data = project_of(folder)
    before = {t["id"]: dict(t) for t in data["plan"]["tracks"]}
    by_hand, levelled = "dog-1", "bird-1"
    for settings in data["plan"]["tracks"]:
        if settings["id"] == by_hand:
            settings["gain_db"] += 4.0
    for part in data["arrangement"]["parts"]:
        if part["id"] == levelled:
            part["target_lufs"] -= 5.0
    (folder / "project.json").write_text(json.dumps(data), encoding="utf-8")
    assert extender("render", folder / "project.json").exit_code == 4  # not overwritten unasked
    result = extender("render", folder / "project.json", "--force")
    assert result.exit_code == 0, result.output
    after = {t["id"]: t for t in project_of(folder)["plan"]["tracks"]}
    assert after[by_hand]["gain_db"] == pytest.approx(before[by_hand]["gain_db"] + 4.0)
    fall_db = before[levelled]["gain_db"] - after[levelled]["gain_db"]
    assert fall_db == pytest.approx(5.0, abs=0.5)  # the softer it is, the less is cut from it for others
    untouched = [i for i in before if i not in (by_hand, levelled)]
    assert untouched
    assert all(after[i] == before[i] for i in untouched)


def test_a_project_is_rendered_again_from_inside_its_folder(
    extender: Any, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = render_scene(extender, picture, scene_file(tmp_path / "s.json", ("dog", 0.2)), "a").absolute()
    before = sha(folder / "soundscape.wav")
    monkeypatch.chdir(folder)
    assert extender("render", "project.json").exit_code == 4
    result = extender("render", "project.json", "--force")
    assert result.exit_code == 0, result.output
    assert sha(Path("soundscape.wav")) == before


def test_left_is_left(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.1), ("bird", 0.9))
    folder = render_scene(extender, picture, scene, "a", "--stems")
    for name, louder in (("dog-1", 0), ("bird-1", 1)):
        energy = np.square(soundfile.read(folder / "stems" / f"{name}.wav")[0]).sum(axis=0)
        assert energy[louder] > 2 * energy[1 - louder]


def test_a_missing_or_changed_sound_is_one_line(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2))
    folder = render_scene(extender, picture, scene, "a")
    sound = folder / project_of(folder)["cast"]["roles"][-1]["takes"][0]["file"]
    whole = sound.read_bytes()
    soundfile.write(sound, np.random.default_rng(0).normal(0, 0.1, 48_000), 48_000, format="FLAC")
    changed = extender("render", folder / "project.json", "-o", "b")
    assert changed.exit_code == 3
    assert "SHA-256 differs" in changed.output
    sound.unlink()
    missing = extender("render", folder / "project.json", "-o", "b")
    assert missing.exit_code == 3
    assert "is missing" in missing.output
    sound.write_bytes(whole)
    assert extender("render", folder / "project.json", "-o", "b").exit_code == 0


@pytest.mark.parametrize("file_format", ["flac", "ogg", "mp3"])
def test_other_formats(extender: Any, picture: Path, tmp_path: Path, file_format: str) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2))
    folder = render_scene(extender, picture, scene, "a", "--format", file_format)
    assert soundfile.info(folder / f"soundscape.{file_format}").duration == pytest.approx(6.0, abs=0.1)


def test_the_packaged_scene_renders_without_a_picture(extender: Any) -> None:
    from extender.cli.choices import options_of, see_options
    from extender.pipeline import render_picture

    see = see_options(scene=packaged_scene(), offline=True)
    options = options_of(see=see, duration_s=4.0, seed=0, file_format="wav", stems=False, force=False)
    result = render_picture(None, Path("x.soundscape"), options)
    assert result.mix.is_file()
    assert any("bus" in role.wanted for role in result.project.cast.roles)


def test_json_is_one_object(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2))
    result = extender("render", picture, "--scene", scene, "-o", "x", "-d", "4", "--json")
    data = json.loads(result.stdout)
    assert Path(data["mix"]).is_file()
    assert data["loudness_lufs"] == pytest.approx(-20.0, abs=0.3)
    assert [s["played"] for s in data["sounds"] if s["wanted"] == "dog"] == ["dog"]


def test_quiet_prints_nothing(extender: Any, picture: Path, tmp_path: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2))
    assert extender("render", picture, "--scene", scene, "-o", "x", "-d", "4", "-q").output == ""


def test_without_detector_or_weights_the_place_alone_sounds(extender: Any, picture: Path) -> None:
    result = extender("render", picture, "--offline", "-d", "4", "-o", "x")
    assert result.exit_code == 0, result.output
    assert "place alone" in result.output
    roles = project_of(Path("x"))["cast"]["roles"]
    assert {r["kind"] for r in roles} == {"ambience", "event"}
    assert all(r["id"].startswith("place-event") for r in roles if r["kind"] == "event")


def test_sounds_of_my_own_come_first(extender: Any, picture: Path, tmp_path: Path, recordings: Path) -> None:
    scene = scene_file(tmp_path / "s.json", ("dog", 0.2))
    folder = render_scene(extender, picture, scene, "a", "--sounds", str(recordings))
    role = next(r for r in project_of(folder)["cast"]["roles"] if r["id"] == "dog-1")
    assert {t["source"] for t in role["takes"]} == {"folder"}
    assert "dog" in json.dumps(role["takes"]).lower()
    assert "CC" in (folder / "credits.txt").read_text(encoding="utf-8")
