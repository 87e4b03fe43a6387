"""The page of a render: whole in itself, safe with any name, complete, and the same for the same input."""

from __future__ import annotations

import base64
import io
import re
import stat
import time
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from extender.errors import OutputError
from extender.output.page import TRACK_COLOURS, contrast
from extender.output.report import render_report, write_report
from extender.types import Arrangement, Cast, Project
from mixer.plan import MixPlan
from mixer.results import Meters
from mixer.types import Clip
from scenes import Place, Scene
from tests.extender.output.browser import opened
from tests.extender.output.report_project import make_project, with_names, write_tone

CREDITS = "“Leaves” by Ada, CC-BY-4.0, https://example.org/s/1.\nThe whole: CC-BY-4.0."
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """Collects tags with their attributes and the text, and fails on tags that do not balance."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("script", "style"):
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]


def render(folder: Path, project: Project, meters: Meters, mix: Path, **changes: Any) -> str:
    values = {"picture": None, "credits_text": CREDITS, **changes}
    return render_report(project=project, meters=meters, folder=folder, mix_file=mix, **values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photo.soundscape")


@pytest.fixture(scope="module")
def made(folder: Path) -> tuple[Project, Meters, Path]:
    return make_project(folder)


@pytest.fixture(scope="module")
def picture(folder: Path) -> Path:
    """A photograph that lies on its side (EXIF orientation 6) and tells where it was taken."""
    from PIL import Image

    image = Image.new("RGB", (1600, 2000), "white")
    image.paste((200, 0, 0), (0, 0, 1600, 1000))  # red above; upright it is on the right
    exif = Image.Exif()
    exif[274] = 6
    exif[271] = "Secret Camera"
    image.save(folder / "photo.jpg", exif=exif)
    return folder / "photo.jpg"


@pytest.fixture(scope="module")
def html(folder: Path, made: tuple[Project, Meters, Path], picture: Path) -> str:
    return render(folder, *made, picture=picture)


def test_needs_nothing_but_itself(html: str) -> None:
    page = Page(html)
    assert all(src.startswith("data:") for src in page.attributes("src"))
    for tag, attrs in page.tags:
        if "href" in attrs:
            allowed = {"a": ("https://example.org/", "#", "./soundscape.wav"), "link": ("data:,",)}
            assert attrs["href"].startswith(allowed[tag]), (tag, attrs)
    assert "@import" not in html
    assert "url(" not in html.replace("url(#stage-clip)", "")
    assert "http://" not in html


def test_says_everything(html: str, made: tuple[Project, Meters, Path]) -> None:
    project = made[0]
    text = Page(html).text
    for role in project.cast.roles:
        assert role.wanted in text
        assert role.reason in text
        assert all(take.title in text for take in role.takes)
        assert all(c.title in text and c.reason in text for c in role.considered)
    for part, settings in zip(project.arrangement.parts, project.plan.tracks, strict=True):
        assert part.reason in text
        assert settings.reason in text
    for words in (
        *project.scene.notes,
        *project.cast.silent,
        "maple, played as tree",
        "maple → tree",
        "4 × person",
        "−24.0 LUFS",
        "−26.0 LUFS",
        "−2.0 LU",  # the maple is off its target, and the page says so
        "+1.5 dB",
        "−20.0",
        "−1.2",
        "extender render project.json",
        "The whole: CC-BY-4.0.",
    ):
        assert words in text, words
    assert "nan" not in text.lower().split()


def test_summary_stands_in_words(html: str) -> None:
    assert (
        "A street: a maple (heard as tree) ahead on the left and four people ahead on the right, over city traffic."
        in Page(html).text
    )


def test_every_box_is_there_and_plays_its_sound(html: str) -> None:
    boxes = {a["aria-label"]: a for tag, a in Page(html).tags if tag == "button" and "box" in a.get("class", "")}
    assert len(boxes) == 2
    assert "left:5.00%;top:10.00%;width:35.00%;height:80.00%" in next(iter(boxes.values()))["style"]
    sounds = {a["id"] for tag, a in Page(html).tags if tag == "audio"}
    assert {f"sound-{a['data-play']}" for a in boxes.values()} <= sounds
    silent = [a for tag, a in Page(html).tags if tag == "span" and "silent" in a.get("class", "")]
    assert [a["title"] for a in silent] == ["dining table: makes no sound by itself"]


def test_what_is_embedded_decodes(html: str) -> None:
    from PIL import Image

    sounds = [a for tag, a in Page(html).tags if tag == "audio"]
    lengths = {}
    for attrs in sounds:
        samples, rate = soundfile.read(io.BytesIO(_data(attrs["src"])), always_2d=True)
        lengths[attrs["id"]] = len(samples) / rate
        assert np.abs(samples).max() > 0.1
    assert lengths == pytest.approx({"mix": 6.0, "sound-1": 2.0, "sound-2": 2.0, "sound-3": 4.0}, abs=0.15)
    images = [Image.open(io.BytesIO(_data(a["src"]))) for tag, a in Page(html).tags if tag == "img"]
    spectrogram, photo = images
    assert spectrogram.format == "PNG"
    assert photo.format == "JPEG"
    assert photo.size == (1280, 1024)  # upright, and no larger
    pixels = np.asarray(photo)
    assert (pixels[500, 1200] > 150).tolist() == [True, False, False]  # red, on the right
    assert (pixels[500, 80] > 200).all()
    assert not photo.getexif()
    assert b"Secret Camera" not in _data(Page(html).attributes("src")[-1])


def _data(uri: str) -> bytes:
    head, _, body = uri.partition(",")
    assert head.endswith(";base64")
    return base64.b64decode(body, validate=True)


def test_same_input_same_bytes(folder: Path, made: tuple[Project, Meters, Path], picture: Path, html: str) -> None:
    assert render(folder, *made, picture=picture) == html


HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} '`&<!-- ]]> \u202e"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<script>", 'https://a.b/"onclick="x', "//a.b", "http://["]
)
def test_hostile_names_stay_text(folder: Path, made: tuple[Project, Meters, Path], url: str) -> None:
    project, meters, mix = made
    hostile = render(folder, with_names(project, HOSTILE, url), meters, mix, credits_text=f"{HOSTILE}\n{url}")
    page = Page(hostile)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert HOSTILE in page.text
    assert "{{ 7*7 }}" in page.text
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert all(link.startswith(("#", "./", "https://a.b/")) and '"' not in link for link in links)
    assert all(src.startswith("data:") for src in page.attributes("src"))


def test_policy_allows_our_script_and_nothing_else(html: str) -> None:
    import hashlib

    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = next(a["content"] for _, a in Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_without_picture_the_boxes_stand_alone(folder: Path, made: tuple[Project, Meters, Path]) -> None:
    page = Page(render(folder, *made))
    assert any("stand-in" in a.get("class", "") for _, a in page.tags)
    assert sum("box" in a.get("class", "").split() for _, a in page.tags) == 3
    assert sum(tag == "img" for tag, _ in page.tags) == 1  # the spectrogram


def test_unreadable_picture_and_sound_do_not_stop_the_page(tmp_path: Path) -> None:
    project, meters, mix = make_project(tmp_path)
    (tmp_path / "photo.jpg").write_text("no picture")
    (tmp_path / "sounds" / "leaves.wav").write_text("no sound")
    (tmp_path / "sounds" / "bed.wav").unlink()
    page = Page(render(tmp_path, project, meters, mix, picture=tmp_path / "photo.jpg"))
    assert any("stand-in" in a.get("class", "") for _, a in page.tags)
    assert [a["id"] for tag, a in page.tags if tag == "audio"] == ["mix", "sound-3"]
    assert "no preview" in page.text


def test_an_empty_scene_has_a_page(tmp_path: Path) -> None:
    write_tone(tmp_path / "soundscape.flac", 0.5, 300.0)
    scene = Scene(Place("forest", night=True))
    project = Project(1, "test", 0, "flac", False, scene, Cast(()), Arrangement(0.5, ()), MixPlan("flat", 0.5, ()), {})
    text = Page(render(tmp_path, project, Meters(None, None, None, 0.0, ()), tmp_path / "soundscape.flac")).text
    assert "A forest at night, silent." in text


def test_an_hour_with_thousands_of_clips_stays_small_and_quick(tmp_path: Path) -> None:
    project, meters, _ = make_project(tmp_path)
    hour = 3600.0
    mix = tmp_path / "long.wav"
    with soundfile.SoundFile(mix, "w", 8000, 2, "PCM_16") as file:  # a low rate, to keep the disk out of the test
        for minute in range(60):
            file.write(np.random.default_rng(minute).normal(0.0, 0.1, (8000 * 60, 2)))
    clips = tuple(Clip(k % 2, k * hour / 5000, 1.5) for k in range(5000))
    parts = tuple(replace(p, clips=clips if p.kind == "event" else p.clips) for p in project.arrangement.parts)
    project = replace(project, arrangement=Arrangement(hour, parts), plan=replace(project.plan, duration_s=hour))
    start = time.perf_counter()
    html = render(tmp_path, project, meters, mix)
    assert time.perf_counter() - start < 30.0
    assert len(html.encode()) < 6_000_000
    text = Page(html).text
    assert "The page holds the first 3 min of 1 h" in text
    assert "5,000 clips" in text


def test_written_whole_and_readable(tmp_path: Path) -> None:
    project, meters, mix = make_project(tmp_path)
    target = tmp_path / "report.html"
    target.write_text("old")
    before = set(tmp_path.iterdir())
    arguments: dict[str, Any] = {
        "project": project, "meters": meters, "folder": tmp_path, "mix_file": mix, "picture": None, "credits_text": "",
    }  # fmt: skip
    write_report(target, **arguments)
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert set(tmp_path.iterdir()) == before
    assert stat.S_IMODE(target.stat().st_mode) & stat.S_IRUSR
    with pytest.raises(OutputError):
        write_report(tmp_path / "missing" / "report.html", **arguments)


@pytest.mark.parametrize(("scheme", "paper"), [(0, "#fbfaf7"), (1, "#131518")])
def test_track_colours_stand_out_from_the_paper_and_from_each_other(scheme: int, paper: str) -> None:
    colours = [pair[scheme] for pair in TRACK_COLOURS]
    assert all(contrast(colour, paper) >= 3.0 for colour in colours)
    assert all(max(contrast(colour, "#ffffff"), contrast(colour, "#111111")) >= 4.5 for colour in colours)
    for matrix in _SIGHTS:
        seen = [_oklab(np.clip(matrix @ _linear(colour), 0.0, 1.0)) for colour in colours]
        assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 0.1


_SIGHTS = (
    np.eye(3),
    # Machado, Oliveira & Fernandes 2009, severity 1: protanopia, deuteranopia, tritanopia
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
)


def _linear(colour: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _oklab(rgb: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    lms = np.array([[0.412221, 0.536333, 0.051446], [0.211903, 0.680700, 0.107397], [0.088302, 0.281719, 0.629979]])
    lab = np.array([[0.210454, 0.793618, -0.004072], [1.977998, -2.428592, 0.450594], [0.025904, 0.782772, -0.808676]])
    return np.asarray(lab @ np.cbrt(lms @ rgb))


def test_opens_in_a_browser_without_a_complaint(tmp_path: Path) -> None:
    project, meters, mix = make_project(tmp_path)
    report = tmp_path / "report.html"
    report.write_text(render(tmp_path, with_names(project, HOSTILE, "javascript:x"), meters, mix), encoding="utf-8")
    page = opened(report, tmp_path / "profile")
    assert re.search(r'<html[^>]* data-ready="yes"', page)  # our script ran to its end
    assert 'src="blob:' in page  # and took the sound over
