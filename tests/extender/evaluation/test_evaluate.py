"""`extender evaluate`: tables and pages come out, what is known is not measured again, and bad input is one line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extender.evaluation.measuring import Wanted
from extender.evaluation.run import EvaluateOptions, evaluate
from extender.evaluation.systems import systems_of
from extender.evaluation.table import MARK
from extender.output.page import contrast
from mixer import Weights
from tests.extender.evaluation.conftest import make_scene, run, write
from tests.extender.output.test_report import Page

SYSTEMS = ("manual", "flat", "hafezi", "unmask")


def test_figures_come_out_as_json_and_as_csv(evaluated: Path) -> None:
    found = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))
    assert [scene["name"] for scene in found["scenes"]] == ["scene 2", "scene 10"]
    assert [set(scene["systems"]) for scene in found["scenes"]] == [set(SYSTEMS), set(SYSTEMS[1:])]
    summary = found["summary"]
    assert tuple(summary) == SYSTEMS
    assert summary["flat"]["reduction"]["value"] == 0.0
    assert summary["unmask"]["reduction"]["value"] > 0.2
    assert summary["unmask"]["worst_improved"] == summary["unmask"]["worst_compared"] == 2
    assert summary["unmask"]["loudness_off_lu"] < 0.5
    assert summary["manual"]["reduction"] is None
    assert summary["manual"]["loudness"]["count"] == 1
    for scene in found["scenes"]:
        flat = scene["systems"]["flat"]
        for name, figures in scene["systems"].items():
            if name != "manual":
                assert figures["reduction"] == pytest.approx(
                    1 - figures["residue_sone"] / flat["residue_sone"], abs=1e-5
                )
    with (evaluated / "evaluation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert {row["system"] for row in rows} == set(SYSTEMS)
    assert float(rows[-1]["worst_mur"]) == found["scenes"][1]["systems"]["unmask"]["worst_mur"]


def test_the_page_is_whole_and_plays_what_lies_beside_it(evaluated: Path) -> None:
    html = (evaluated / "evaluation.html").read_text(encoding="utf-8")
    page = Page(html)
    assert "http:" not in html
    assert "https:" not in html
    mixes = [href for href in page.attributes("href") if href.startswith("mixes/")]
    assert len(mixes) == 7
    for href in mixes:
        assert (evaluated / href.replace("%20", " ")).stat().st_size > 1_000
    for text in ("scene 2", "scene 10", "bird", "hafezi", "59", "2 of 2"):
        assert text in page.text
    assert "nan" not in page.text.lower().split()
    assert html.count('role="img"') >= 4


def test_signs_can_be_seen_on_both_papers() -> None:
    from extender.evaluation.drawings import LOOKS
    from extender.output.page import TRACK_COLOURS

    assert len({shape for _, shape in LOOKS.values()}) == len(LOOKS)  # colour never tells alone
    for colour, _ in LOOKS.values():
        light, dark = TRACK_COLOURS[int(colour[1:])]
        assert contrast(light, "#fbfaf7") >= 3.0
        assert contrast(dark, "#131518") >= 3.0


def test_what_is_known_is_not_measured_again(evaluated: Path, two_scenes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    shutil.copytree(evaluated, folder)
    before = {path: path.stat().st_mtime_ns for path in (folder / "mixes").rglob("*.mp3")}
    told = json.loads(run(two_scenes, "-o", folder, "--strategies", "flat,hafezi,unmask", "--json").stdout)
    assert (told["scenes"], told["known"]) == (2, 7)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    for name in ("evaluation.json", "evaluation.csv", "evaluation.html", "listen.html", "listen-key.json"):
        assert (folder / name).read_bytes() == (evaluated / name).read_bytes()
    more = json.loads(run(two_scenes, "-o", folder, "--strategies", "flat,hafezi,unmask,balanced", "--json").stdout)
    assert more["known"] == 7
    assert list(more["summary"]) == [*SYSTEMS, "balanced"]
    other = json.loads(run(two_scenes, "-o", folder, "--strategies", "hafezi", "--scenes", 1, "--json").stdout)
    assert (other["known"], list(other["summary"])) == (3, ["manual", "flat", "hafezi"])
    louder = json.loads(run(two_scenes, "-o", folder, "--strategies", "flat", "--loudness", -18, "--json").stdout)
    assert louder["known"] == 0
    assert louder["summary"]["flat"]["loudness"]["value"] == pytest.approx(-18.0, abs=0.1)


def test_what_is_damaged_or_gone_is_measured_again(evaluated: Path, two_scenes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    shutil.copytree(evaluated, folder)
    kept = sorted((folder / "measured").iterdir())
    kept[0].write_text(kept[0].read_text(encoding="utf-8")[:-40], encoding="utf-8")
    next((folder / "mixes").glob("*/unmask.mp3")).unlink()
    told = json.loads(run(two_scenes, "-o", folder, "--strategies", "flat,hafezi,unmask", "--json").stdout)
    assert told["known"] < 7
    assert len(list((folder / "mixes").rglob("unmask.mp3"))) == 2
    again = json.loads(run(two_scenes, "-o", folder, "--strategies", "flat,hafezi,unmask", "--force", "--json").stdout)
    assert again["known"] == 0


def test_after_an_interruption_it_goes_on_where_it_was(two_scenes: Path, tmp_path: Path) -> None:
    options = EvaluateOptions(systems_of(["flat", "balanced"], "quick", Weights()), Wanted(sounds=False))
    seen: list[str] = []

    def stopped() -> bool:
        return len(seen) > 1

    with pytest.raises(KeyboardInterrupt):
        evaluate(two_scenes, tmp_path / "out", options, lambda stage, fraction: seen.append(stage), stopped)
    assert not (tmp_path / "out" / "evaluation.json").exists()
    made = evaluate(two_scenes, tmp_path / "out", options)
    whole = evaluate(two_scenes, tmp_path / "other", options)
    assert whole.again == 0

    def figures(folder: Path) -> Any:
        found = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        for scene in found["scenes"]:
            for system in scene["systems"].values():
                system["seconds"] = None
        return found["scenes"]

    assert figures(made.folder) == figures(whole.folder)
    assert not list((tmp_path / "out").rglob(".*"))


def test_tables_for_people_and_for_papers(evaluated: Path, two_scenes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    shutil.copytree(evaluated, folder)
    words = (two_scenes, "-o", folder, "--strategies", "flat,hafezi,unmask")
    told = run(*words).stdout
    assert "2 of 2" in told
    assert "worst better" in told
    assert f"Open {folder / 'listen.html'}" in told
    lines = run(*words, "--markdown").stdout.splitlines()
    assert (lines[0], lines[-1]) == MARK
    assert (
        f"`extender evaluate {two_scenes.name} --output compared --strategies flat,hafezi,unmask --markdown`"
        in lines[1]
    )
    table = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert len(table) == 2 + len(SYSTEMS)


def test_scenes_with_odd_names_stay_apart_and_harmless(tmp_path: Path) -> None:
    for name in ("<b>&", "=1+1", "ünï"):
        make_scene(tmp_path / "scenes" / name, seconds=0.5)
    out = tmp_path / "out"
    made = run(tmp_path / "scenes", "-o", out, "--strategies", "flat,balanced", "--quiet")
    assert made.exit_code == 0, made.output
    html = (out / "evaluation.html").read_text(encoding="utf-8")
    assert "<b>" not in html
    assert "<b>&" in Page(html).text
    assert "\n'=1+1," in (out / "evaluation.csv").read_text(encoding="utf-8")
    assert len(list((out / "measured").glob("*.json"))) == 3


def test_without_sounds_nothing_is_kept_of_them(two_scenes: Path, tmp_path: Path) -> None:
    assert run(two_scenes, "-o", tmp_path / "o", "--strategies", "flat", "--no-sounds", "--quiet").exit_code == 0
    names = {path.name for path in (tmp_path / "o").iterdir()}
    assert names == {"measured", "evaluation.json", "evaluation.csv", "evaluation.html"}


def test_what_cannot_be_meant_is_one_line(two_scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    cases: list[tuple[tuple[object, ...], int, str]] = [
        ((two_scenes,), 2, "--output"),
        ((two_scenes, two_scenes, "-o", tmp_path / "o"), 2, "one folder"),
        ((two_scenes, "-o", tmp_path / "o", "--strategies", "loud"), 2, "unknown 'loud'"),
        ((two_scenes, "-o", tmp_path / "o", "--tuned", "residue=-1"), 2, "weights are written as"),
        ((two_scenes, "-o", tmp_path / "o", "--tuned", "residue"), 2, "weights are written as"),
        ((two_scenes, "-o", tmp_path / "file"), 4, "not a folder"),
        ((two_scenes, "-o", tmp_path / "full"), 4, "something else"),
        ((tmp_path / "nowhere", "-o", tmp_path / "o"), 3, "no such file"),
        ((tmp_path / "full", "-o", tmp_path / "o"), 3, "no scene"),
    ]
    for words, code, told in cases:
        made = run(*words)
        assert made.exit_code == code, made.output
        assert told in made.stderr
        assert len(made.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "o").exists()


def test_where_nothing_is_lost_or_heard_nothing_is_made_less(tmp_path: Path) -> None:
    write(tmp_path / "odd" / "alone" / "tone.wav", 0.1 * np.sin(np.arange(24_000)))
    for name in ("a", "b"):
        write(tmp_path / "odd" / "silent" / f"{name}.wav", np.zeros(24_000))
    made = run(tmp_path / "odd", "-o", tmp_path / "out", "--effort", "quick", "--strategies", "unmask,asra", "--json")
    assert made.exit_code == 0, made.output
    summary = json.loads(made.stdout)["summary"]
    for system in ("flat", "unmask", "asra"):
        assert summary[system]["reduction"] is None
        assert summary[system]["loudness"]["count"] == 1
        assert summary[system]["worst_improved"] == 0
    assert "NaN" not in (tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8")
