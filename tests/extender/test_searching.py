"""Searching for the mix, as people ask for it: by command, kept in the project, ended early."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from extender.cli import app
from extender.cli.choices import options_of, search_of, told_apart, weights_in
from extender.errors import InputError, UsageError
from extender.searching import strategy_of
from extender.types import Search
from extender.vision.see import SeeOptions
from mixer import MixPlan, MixRequest, Track, Weights
from mixer.optimise.genetic import evolve
from mixer.strategies.asra import Asra
from mixer.strategies.refine import Refine
from tests.extender.desk import Desk

RATE = 48_000


def extender(*words: object) -> Any:
    return CliRunner().invoke(app, ["mix", *map(str, words), "--no-report"])


@pytest.fixture
def stems(tmp_path: Path) -> Path:
    folder = tmp_path / "stems"
    folder.mkdir()
    rng = np.random.default_rng(1)
    t = np.arange(RATE) / RATE
    soundfile.write(folder / "rain.wav", rng.normal(0.0, 0.1, RATE), RATE)
    soundfile.write(folder / "bird.wav", 0.02 * np.sin(2 * np.pi * 3_000 * t) * (t % 0.25 < 0.1), RATE)
    soundfile.write(folder / "hum.wav", 0.05 * np.sin(2 * np.pi * 300 * t), RATE)
    return folder


def reason_of(mix: Path) -> str:
    return MixPlan.from_json(mix.with_suffix(".plan.json").read_text()).bus.reason


def test_stems_are_mixed_by_searching(stems: Path, tmp_path: Path) -> None:
    for strategy, more in [("asra", ("--weights", "clarity=2")), ("refine", ("--method", "es"))]:
        told = extender(stems, "-o", tmp_path / f"{strategy}.wav", "--strategy", strategy, "--effort", "quick", *more)
        assert told.exit_code == 0, told.output
        assert told.stderr == ""
        assert "mixes tried" in reason_of(tmp_path / f"{strategy}.wav")
    again = extender(stems, "-o", tmp_path / "again.wav", "--strategy", "refine", "--effort", "quick", "--method", "es")
    assert again.exit_code == 0
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "refine.wav").read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--strategy", "flat", "--effort", "quick"), "the mix strategy 'flat' has no option 'effort'; it has: none"),
        (("--seconds", "3"), "the mix strategy 'unmask' has no option 'seconds'; it has: none"),
        (("--strategy", "asra", "--method", "pso"), "'asra' has no option 'method'"),
        (("--strategy", "refine", "--weights", "residue=1"), "'refine' has no option 'weights'"),
        (("--strategy", "asra", "--weights", "beauty=1"), "with residue, loudness, clarity, worst, intervention"),
        (("--strategy", "asra", "--weights", "residue=-1"), "got 'residue=-1'"),
        (("--strategy", "asra", "--weights", "residue=0,loudness=0,clarity=0"), "not all 0"),
    ],
)
def test_one_line_for_what_cannot_be_meant(stems: Path, tmp_path: Path, words: Sequence[str], told: str) -> None:
    result = extender(stems, "-o", tmp_path / "song.wav", *words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["stems"]


def interrupt_when_searching(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    def interrupted(*arguments: Any, **options: Any) -> Any:
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
        return evolve(*arguments, **options)

    monkeypatch.setattr("mixer.optimise.search.evolve", interrupted)


def test_ctrl_c_takes_the_best_so_far(monkeypatch: pytest.MonkeyPatch, stems: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupt_when_searching(monkeypatch, 1)
    told = extender(stems, "-o", tmp_path / "song.wav", "--strategy", "asra", "--effort", "best")
    assert told.exit_code == 0, told.output
    assert "the search was ended early" in told.stdout
    assert reason_of(tmp_path / "song.wav").count("the search was ended early: ") == 1
    assert soundfile.info(tmp_path / "song.wav").frames == RATE
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_twice_gives_up(monkeypatch: pytest.MonkeyPatch, stems: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupt_when_searching(monkeypatch, 2)
    told = extender(stems, "-o", tmp_path / "song.wav", "--strategy", "asra", "--effort", "best", "-q")
    assert told.exit_code == 130
    assert told.stderr.splitlines() == ["extender: interrupted; nothing was left half done"]
    assert [p.name for p in tmp_path.iterdir()] == ["stems"]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_trained_predictor_is_handed_in_if_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Seen(Exception):  # noqa: N818  # not an error
        pass

    def plan(strategy: Any, tracks: Sequence[Track], request: MixRequest) -> MixPlan:
        made.append(strategy)
        raise Seen

    for kind in (Asra, Refine):
        monkeypatch.setattr(kind, "plan", plan)
        with pytest.raises(Seen):
            strategy_of(kind.name, Search(effort="best", network=kind is Asra)).plan([], None)  # type: ignore[arg-type]
    with pytest.raises(Seen):
        strategy_of("asra").plan([], None)  # type: ignore[arg-type]
    assert made[0].predictor.name == "the residue network"
    assert made.pop().predictor is None
    with pytest.raises(UsageError, match="has no use for the network"):
        strategy_of("unmask", Search(network=True))
    assert [strategy.effort.verified for strategy in made] == [10, 10]
    assert not hasattr(made[1], "predictor")


def test_weights_are_read() -> None:
    assert weights_in("residue=2, clarity=.5") == Weights(residue=2.0, clarity=0.5)
    assert weights_in("loudness=0") == Weights(loudness=0.0)
    for text in ("", "residue", "residue=x", "residue=nan", "clarity=1;residue=1"):
        with pytest.raises(UsageError, match="weights are written as residue=1"):
            weights_in(text)
    assert told_apart("yolo11n.pt", None) == ("yolo11n.pt", None)
    assert told_apart("models/a=b.pt", None) == ("models/a=b.pt", None)
    assert told_apart("residue=1,clarity=2", None) == (None, "residue=1,clarity=2")
    assert told_apart("yolo11n.pt", "residue=1") == ("yolo11n.pt", "residue=1")
    assert search_of("quick", 3.0, "residue=2").options() == {
        "effort": "quick", "seconds": 3.0, "weights": Weights(residue=2.0),
    }  # fmt: skip
    with pytest.raises(InputError, match="seconds"):
        Search(seconds=0.0)


def test_a_project_remembers_what_was_asked(desk: Desk) -> None:
    desk.scene("dog", "bird")
    offline = ("--offline", "--sources", "procedural", "--strategy", "asra", "--effort", "quick")
    told = desk.run(*desk.rendering("a", *offline, "--weights", "residue=2", "--outputs", "report"))
    assert told.returncode == 0, told.stderr
    file = desk.folder / "a" / "project.json"
    project = json.loads(file.read_text())
    asked = asdict(Weights(residue=2.0))
    search = {"effort": "quick", "seconds": None, "weights": asked, "method": None, "network": False}
    assert project["search"] == search
    outcome = project["plan"]["bus"]["reason"].split("; ", 1)[1]
    assert "mixes tried" in outcome
    page = (desk.folder / "a" / "report.html").read_text(encoding="utf-8")
    assert all(part in page for part in outcome.split("; "))

    assert desk.run("render", str(file), "-o", "b").returncode == 0
    assert (desk.folder / "b" / "soundscape.wav").read_bytes() == (desk.folder / "a" / "soundscape.wav").read_bytes()

    project["arrangement"]["parts"][-1]["target_lufs"] -= 3.0
    file.write_text(json.dumps(project))
    assert desk.run("render", str(file), "-o", "c").returncode == 0
    anew = json.loads((desk.folder / "c" / "project.json").read_text())
    assert (anew["plan"]["strategy"], anew["search"]) == ("asra", project["search"])
    assert "mixes tried" in anew["plan"]["bus"]["reason"]

    again = ("render", str(desk.folder / "b" / "project.json"), "-o")
    refused = desk.run(*again, "d", "--method", "pso")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert not (desk.folder / "d").exists()
    assert desk.run(*again, "e", "--strategy", "refine", "--method", "pso", "--effort", "quick").returncode == 0
    other = json.loads((desk.folder / "e" / "project.json").read_text())
    assert other["plan"]["strategy"] == "refine"
    assert other["search"] == {"effort": "quick", "seconds": None, "weights": None, "method": "pso", "network": False}


def test_other_words_in_the_project_plan_anew(desk: Desk) -> None:
    desk.scene("dog", "bird")
    offline = ("--offline", "--sources", "procedural", "--strategy", "refine", "--effort", "quick")
    assert desk.run(*desk.rendering("a", *offline)).returncode == 0
    file = desk.folder / "a" / "project.json"
    project = json.loads(file.read_text())
    project["search"]["method"] = "random"
    file.write_text(json.dumps(project))
    assert desk.run("render", str(file), "-o", "b").returncode == 0
    assert json.loads((desk.folder / "b" / "project.json").read_text())["plan"] != project["plan"]
    project["search"]["method"] = "luck"
    file.write_text(json.dumps(project))
    refused = desk.run("render", str(file), "-o", "c")
    assert (refused.returncode, refused.stderr.count("\n")) == (3, 1)
    assert "search.method" in refused.stderr


def test_long_soundscapes_are_mixed_without_a_search() -> None:
    def chosen(duration_s: float) -> str:
        options = options_of(
            see=SeeOptions(), duration_s=duration_s, seed=0, file_format="wav", stems=False, force=False
        )
        return options.mixed_by

    assert (chosen(60.0), chosen(61.0)) == ("asra", "unmask")
