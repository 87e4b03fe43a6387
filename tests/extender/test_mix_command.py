"""`extender mix`: stems become a mix, its plan and a page, the same every time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from extender.cli import app
from mixer import MixPlan, meter
from tests.extender.output.test_report import Page

RATE = 44_100


def extender(*words: object) -> Any:
    return CliRunner().invoke(app, ["mix", *map(str, words)])


def write(path: Path, sound: Any, rate: int = RATE, subtype: str = "PCM_24") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.asarray(sound).T, rate, subtype=subtype)


def bird(seconds: float = 2.0, rate: int = RATE) -> Any:
    t = np.arange(round(seconds * rate)) / rate
    return 0.1 * np.sin(2 * np.pi * (3_000 + 600 * np.sin(40 * t)) * t) * (t % 0.5 < 0.2)


@pytest.fixture
def stems(tmp_path: Path) -> Path:
    """Stems of different lengths, rates and channels, one of them silent, and a file that is no sound."""
    rng = np.random.default_rng(1)
    folder = tmp_path / "stems"
    write(folder / "bird & co.wav", bird())
    write(folder / "rain.flac", rng.normal(0.0, 0.08, (2, 3 * RATE)))
    write(folder / "hum.ogg", 0.2 * np.sin(2 * np.pi * 110 * np.arange(48_000) / 48_000), 48_000, "VORBIS")
    write(folder / "nothing.wav", np.zeros(RATE))
    (folder / "notes.txt").write_text("no sound")
    return folder


def test_all_files_come_out_and_the_plan_gives_the_same_bytes(stems: Path, tmp_path: Path) -> None:
    told = extender(stems, "-o", tmp_path / "song.wav", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [track["id"] for track in found["tracks"]] == ["bird & co", "hum", "nothing", "rain"]
    assert (found["strategy"], found["sample_rate"], found["duration_s"]) == ("unmask", 48_000, 3.0)
    heard = {track["id"]: (track["heard_before"], track["heard"]) for track in found["tracks"]}
    assert heard["nothing"] == (None, None)
    assert min(after for _, after in heard.values() if after) >= min(was for was, _ in heard.values() if was)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["song.html", "song.plan.json", "song.wav", "stems"]
    info = soundfile.info(tmp_path / "song.wav")
    assert (info.subtype, info.channels, info.frames) == ("PCM_24", 2, 144_000)
    assert meter(tmp_path / "song.wav").loudness_lufs == pytest.approx(-20.0, abs=0.1)
    again = extender(stems, "-o", tmp_path / "again.wav", "--plan", tmp_path / "song.plan.json", "--no-report", "-q")
    assert (again.exit_code, again.output) == (0, "")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "song.wav").read_bytes()
    assert (tmp_path / "again.plan.json").read_text() == (tmp_path / "song.plan.json").read_text()
    assert not (tmp_path / "again.html").exists()


def test_the_page_is_closed_and_says_everything(stems: Path, tmp_path: Path) -> None:
    assert extender(stems, "-o", tmp_path / "song.wav").exit_code == 0
    html = (tmp_path / "song.html").read_text(encoding="utf-8")
    page = Page(html)
    assert all(src.startswith("data:") for src in page.attributes("src"))
    assert all(href.startswith(("#", "./song.wav", "data:,")) for href in page.attributes("href"))
    assert "http://" not in html
    plan = MixPlan.from_json((tmp_path / "song.plan.json").read_text())
    for settings in plan.tracks:
        assert settings.id in page.text
        for section in settings.filters:
            assert section.reason.split("; ")[-1] in page.text
    assert "silent: nothing of it is heard" in page.text
    assert "bird & co" in page.text
    assert html.count('class="matrix"') == 2
    assert "Before" in page.text
    told = extender(stems, "-o", tmp_path / "b.wav", "--plan", tmp_path / "song.plan.json")
    assert told.exit_code == 0
    html = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert html.count('class="matrix"') == 1
    assert "nan" not in Page(html).text.lower().split()


def test_what_a_person_wants_of_tracks(stems: Path, tmp_path: Path) -> None:
    told = extender(
        stems / "rain.flac", stems / "bird & co.wav", "-o", tmp_path / "song.flac", "--strategy", "balanced",
        "--target", "bird & co=-30", "--pan", "bird & co=45", "--loudness", "-23", "--duration", "2", "--json",
        "--stems", tmp_path / "parts",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    rain, bird_track = found["tracks"]
    assert (rain["id"], found["sample_rate"], found["loudness_lufs"]) == ("rain", RATE, pytest.approx(-23.0, abs=0.1))
    assert bird_track["loudness_lufs"] == pytest.approx(-30.0, abs=0.05)
    parts = [soundfile.read(path)[0] for path in found["stems"]]
    assert sorted(p.name for p in (tmp_path / "parts").iterdir()) == ["bird-co.wav", "rain.wav"]
    assert np.abs(parts[1][:, 1]).max() < 1e-6 < np.abs(parts[1][:, 0]).max()  # hard left
    mix, _ = soundfile.read(tmp_path / "song.flac")
    assert np.abs(mix - sum(parts)).max() < 1e-5  # no limiter at work
    assert len(mix) == 2 * RATE


def test_formats_layouts_and_tracks_of_one_name(stems: Path, tmp_path: Path) -> None:
    write(tmp_path / "other" / "rain.wav", bird(1.0))
    given = (stems / "rain.flac", tmp_path / "other", stems / "rain.flac")
    for name, layout, channels in (("a.mp3", "stereo", 2), ("b.ogg", "mono", 1), ("c.wav", "ambisonic", 4)):
        told = extender(*given, "-o", tmp_path / name, "--layout", layout, "--strategy", "flat", "--json")
        assert told.exit_code == 0, told.output
        assert [track["id"] for track in json.loads(told.stdout)["tracks"]] == ["rain", "rain-2"]
        info = soundfile.info(tmp_path / name)
        assert (info.channels, info.samplerate) == (channels, RATE)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which is not on the PATH")
def test_what_only_ffmpeg_reads(stems: Path, tmp_path: Path) -> None:
    import subprocess

    source, packed = stems / "bird & co.wav", tmp_path / "bird.m4a"
    subprocess.run(["ffmpeg", "-v", "quiet", "-i", source, packed], check=True)
    told = extender(packed, "-o", tmp_path / "song.wav", "--json", "--no-report")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["tracks"][0]["id"] == "bird"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere", "-o", "m.wav"], 3, "no such file or folder: nowhere"),
        (["stems", "-o", "m.aac"], 2, "--output m.aac: must end in .wav, .flac, .ogg, .mp3"),
        (["stems", "-o", "old.wav"], 4, "old.wav exists already; give --force"),
        (["stems", "-o", "m.wav", "--strategy", "loud"], 2, "there is no mix strategy 'loud'; installed: "),
        (["stems", "-o", "m.wav", "--layout", "octophonic"], 3, "octophonic"),
        (["stems", "-o", "m.mp3", "--layout", "5.1"], 2, "--layout 5.1 has 6 channels, too many for mp3; use .wav"),
        (["stems", "-o", "m.wav", "--target", "drum=-20"], 2, "--target drum: no such track; there are: bird & co"),
        (["stems", "-o", "m.wav", "--target", "rain=loud"], 2, "--target wants TRACK=LUFS with a number in -70..0"),
        (["stems", "-o", "m.wav", "--pan", "rain=200"], 2, "--pan wants TRACK=DEG with a number in -180..180"),
        (["stems", "-o", "m.wav", "--plan", "none.json"], 3, "cannot read none.json"),
        (["stems", "-o", "m.wav", "--plan", "stems/notes.txt"], 3, "notes.txt: "),
        (["stems", "-o", "m.wav", "--plan", "p.json", "--pan", "rain=3"], 2, "--pan cannot be given with --plan"),
        (["stems", "-o", "m.wav", "--plan", "p.json"], 3, "the plan has tracks that are not among the stems: gone"),
        (
            ["stems", "-o", "m.wav", "--plan", "q.json"],
            3,
            "knows nothing of these stems: bird & co, hum, nothing",
        ),
        (["stems/rain.flac", "-o", "stems/rain.flac", "-f"], 2, "is a stem as well"),
        (["stems/notes.txt", "-o", "m.wav"], 3, "notes.txt"),
        (["stems", "-o", "no/m.wav"], 4, "cannot write no/m.wav"),
    ],
)
def test_one_line_for_what_is_wrong(
    words: list[str], code: int, said: str, stems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.wav").write_bytes(b"mine")
    for name, track in (("p.json", "gone"), ("q.json", "rain")):
        Path(name).write_text(
            json.dumps({"strategy": "", "duration_s": 1.0, "tracks": [{"id": track, "gain_db": 0.0}]}), "utf-8"
        )
    before = sorted(path.name for path in tmp_path.rglob("*"))
    told = extender(*words)
    assert told.exit_code == code, told.output
    assert told.output.count("\n") == 1
    assert said in told.output
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert Path("old.wav").read_bytes() == b"mine"
