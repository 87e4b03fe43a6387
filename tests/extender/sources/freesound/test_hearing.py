"""What is heard in a preview decides too: what should not be used makes room for the next, with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from extender.casting import cast
from extender.cli import app
from extender.sources.base import Query
from extender.types import Role
from scenes import Box, Detection, Place, Scene, load_vocabulary
from tests.extender.sources import signals
from tests.extender.sources.freesound.conftest import Source
from tests.freesound_server import FreesoundServer
from tests.freesound_server.catalogue import Sound

HORN = Query("car horn", ("car horn", "horn honk"), "event", ("music",), takes=1, seed=5)
BEST = {"category_code": "fx-v", "num_ratings": 90, "rating": 9.2, "num_downloads": 90_000}
Make = Callable[..., Sound]


def car_horn(source: Source) -> Role:
    horn = Detection("car horn-1", "car horn", 0.9, Box(0.1, 0.1, 0.5, 0.5), 0.9, 0.0, 0.0, 5.0, 1)
    found = cast(Scene(Place("nowhere at all"), (horn,)), load_vocabulary(), [source()], seed=1)
    return next(role for role in found.roles if role.id == "car horn-1")


def shouted(seconds: float) -> Any:
    rng = np.random.default_rng(2)
    rumble = np.convolve(rng.standard_normal(round(seconds * signals.RATE)), np.ones(30) / 5, "same")
    return np.clip(rumble * 4.0, -0.9, 0.9)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (lambda: 0.6 * signals.speech(6.0, seed=3), "speech"),
        (lambda: 0.6 * signals.music(8.0, seed=2), "music"),
        (lambda: 0.6 * signals.hum(4.0, 50.0), "hum"),
        (lambda: shouted(3.0), "clipped"),
        (lambda: np.zeros(signals.RATE), "silent"),
    ],
)
def test_what_is_not_asked_for_makes_room(
    server: FreesoundServer, source: Source, make: Make, held: Callable[[], Any], reason: str
) -> None:
    wrong = make(500, "car horn", seconds=6.0, **BEST)
    soundfile.write(wrong.path, held(), signals.RATE)
    server.state.put(wrong)
    role = car_horn(source)
    assert role.takes[0].id == "200"
    (told,) = (c for c in role.considered if c.id == "500")
    assert not told.chosen
    assert told.reason.startswith("could not be had")
    assert reason in told.reason


def test_a_person_who_names_it_gets_it(server: FreesoundServer, source: Source, make: Make) -> None:
    talk = make(500, "car horn", seconds=6.0, **BEST)
    soundfile.write(talk.path, 0.6 * signals.speech(6.0, seed=3), signals.RATE)
    server.state.put(talk)
    own = source()
    assert Path(own.fetch(own.find("500")).file).is_file()


def test_of_a_long_preview_the_clean_onset(server: FreesoundServer, source: Source, make: Make) -> None:
    late = make(500, "car horn", seconds=18.0, **BEST)
    rng = np.random.default_rng(1)
    signal = 0.001 * rng.standard_normal(18 * 22_050)
    honk = 0.5 * rng.standard_normal(22_050) * np.exp(-np.linspace(0, 5, 22_050))
    signal[13 * 22_050 : 14 * 22_050] += honk
    soundfile.write(late.path, signal, 22_050)
    server.state.put(late)
    take = car_horn(source).takes[0]
    assert take.id == "500"
    assert take.duration_s == pytest.approx(18.0, abs=0.1)
    assert take.excerpt is not None
    assert take.excerpt.start_s == pytest.approx(13.0, abs=0.1)
    assert take.excerpt.end_s <= 14.5


def test_stars_and_votes_are_shown(
    server: FreesoundServer, source: Source, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.state.put(make(500, "car horn", **BEST))
    by_id = {c.id: c for c in source().search(HORN)}
    assert (by_id["500"].rating, by_id["500"].ratings) == (4.6, 90)
    assert by_id["200"].rating is None
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path / "cache"))
    command = ["sounds", "search", "car horn", "--sources", "freesound,procedural"]
    table = CliRunner().invoke(app, command).output.splitlines()
    assert "rating" in table[0]
    assert "4.6 (90)" in next(line for line in table if "freesound:500" in line)
    assert " – " in next(line for line in table if "freesound:200" in line)
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    first = next(each for each in told if each["id"] == "500")
    assert (first["rating"], first["ratings"]) == (4.6, 90)
