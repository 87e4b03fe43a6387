"""The blind test: nothing gives away which is which, and what people answer comes back to the right mixes."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from extender.errors import InputError
from extender.evaluation.opinions import Answers, Trial, opinions_of, read_answers, read_key, write_opinions
from extender.evaluation.scenes import find_scenes
from extender.evaluation.store import Store
from extender.evaluation.trial import ATTRIBUTES, Key, chosen_systems, listening_test
from mixer import AudioBuffer, integrated_loudness
from tests.extender.evaluation.conftest import run
from tests.extender.output.test_report import Page

KEYS = [key for key, _, _ in ATTRIBUTES]


def setup_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="setup">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def sounds_of(html: str) -> dict[str, bytes]:
    pattern = r'<script type="application/octet-stream" id="sound-([0-9a-f]+)">(.*?)</script>'
    return {name: base64.b64decode(data) for name, data in re.findall(pattern, html, re.DOTALL)}


@pytest.fixture(scope="module")
def html(evaluated: Path) -> str:
    return (evaluated / "listen.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def key(evaluated: Path) -> Key:
    return read_key(evaluated)


def test_the_page_is_closed_and_names_no_mix(html: str) -> None:
    page = Page(html)
    assert "http:" not in html
    assert "https:" not in html
    assert not page.attributes("src")
    without_sounds = re.sub(r'id="sound-[^<]*<', "<", html)
    for name in ("flat", "hafezi", "unmask", "manual", "scene 2", "scene 10"):
        assert not re.search(rf"\b{name}\b", without_sounds), name


def test_every_control_has_a_name(html: str) -> None:
    page = Page(html)
    labelled = set(page.attributes("for"))
    for tag, attributes in page.tags:
        if tag == "input" and attributes["type"] != "radio":
            assert attributes.get("aria-label") or attributes["id"] in labelled
        if tag in ("fieldset", "section", "progress"):
            assert tag == "fieldset" or attributes.get("aria-label") or attributes.get("aria-labelledby")
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert html.count("<legend>") == html.count("<fieldset")


def test_all_pairs_of_a_scene_are_there_and_numbers_stand_for_one_mix_each(html: str, key: Key) -> None:
    setup = setup_of(html)
    assert setup["test"] == key.test
    assert setup["attributes"] == KEYS
    assert set(sounds_of(html)) == set(key.sounds)
    assert len({(b.scene, b.system) for b in key.sounds.values()}) == len(key.sounds) == 6
    pairs: list[set[frozenset[str]]] = []
    for scene in setup["scenes"]:
        assert len({key.sounds[name].scene for name in scene["gains"]}) == 1
        assert list(scene["gains"]) == sorted(scene["gains"])
        pairs.append({frozenset(key.sounds[name].system for name in pair) for pair in scene["pairs"]})
        assert all(pair == sorted(pair) for pair in scene["pairs"])
    expected = {frozenset(pair) for pair in combinations(("flat", "hafezi", "unmask"), 2)}
    assert pairs == [expected, expected]


def test_what_is_heard_is_equally_loud(html: str) -> None:
    sounds = sounds_of(html)
    for scene in setup_of(html)["scenes"]:
        levels = []
        for name, gain_db in scene["gains"].items():
            assert gain_db <= 0.0
            samples, rate = soundfile.read(io.BytesIO(sounds[name]), dtype="float32", always_2d=True)
            level = integrated_loudness(AudioBuffer(samples.T, rate))
            assert level is not None
            levels.append(level + gain_db)
        assert np.ptp(levels) < 0.02


def test_the_same_seed_gives_the_same_test_and_another_seed_another(evaluated: Path, two_scenes: Path) -> None:
    store = Store(evaluated)
    results = [kept for found in find_scenes(two_scenes) if (kept := store.kept(found))]
    names = ("flat", "hafezi", "unmask")
    first, again, other = (listening_test(results, names, evaluated, seed) for seed in (0, 0, 1))
    assert first == again
    assert first is not None
    assert other is not None
    assert not set(json.loads(first.key)["sounds"]) & set(json.loads(other.key)["sounds"])
    assert listening_test([], names, evaluated, 0) is None
    assert listening_test(results, ("flat",), evaluated, 0) is None
    assert chosen_systems(results, ("manual", *names)) == ("flat", "unmask", "hafezi")  # not all have one by hand


def person(key: Key, name: str, like: Callable[[str], float], test: str | None = None) -> dict[str, Any]:
    """Return the answers of somebody who likes some systems better than others."""
    by_scene: dict[str, list[str]] = {}
    for number, blinded in key.sounds.items():
        by_scene.setdefault(blinded.scene, []).append(number)
    trials = []
    for numbers in by_scene.values():
        for a, b in combinations(numbers, 2):
            liked = {side: like(key.sounds[n].system) for side, n in (("a", a), ("b", b))}
            better = "none" if liked["a"] == liked["b"] else max(liked, key=lambda side: liked[side])
            ratings = {side: {"overall": value, "clarity": value / 2, "balance": None} for side, value in liked.items()}
            trials.append({"a": a, "b": b, "preference": better, "ratings": ratings, "seconds": 30.0})
    return {
        "format": "extender-listening-results", "version": 1, "test": test or key.test, "listener": name,
        "seed": 5, "trials": trials,
    }  # fmt: skip


def save(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


LIKES = {"flat": 20.0, "hafezi": 60.0, "unmask": 60.0}


def test_made_up_people_who_like_something_are_found_out(evaluated: Path, key: Key, tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    shutil.copytree(evaluated, folder)
    files = [save(tmp_path / f"results-{n}.json", person(key, f"p{n}", LIKES.__getitem__)) for n in range(4)]
    told = run("--results", *files, folder)
    assert told.exit_code == 0, told.output
    assert "4 listeners, 24 pairs" in told.stdout
    found = json.loads(run("--results", *files, folder, "--json").stdout)
    assert found["ratings"]["unmask"]["overall"] == {"value": 60.0, "low": 60.0, "high": 60.0, "count": 16}
    assert found["ratings"]["flat"]["clarity"]["value"] == 10.0
    assert "balance" not in found["ratings"]["flat"]
    assert found["opinion_scores"]["flat"] == 1.8
    by_pair = {(p["first"], p["second"]): p for p in found["preferences"]}
    assert by_pair[("unmask", "flat")]["wins"] == 8
    assert by_pair[("unmask", "flat")]["chance"] == pytest.approx(2 / 2**8)
    assert by_pair[("hafezi", "unmask")]["ties"] == 8
    assert by_pair[("hafezi", "unmask")]["chance"] == 1.0
    html = (folder / "opinions.html").read_text(encoding="utf-8")
    assert "4 listeners judged 24 pairs" in Page(html).text
    assert "http:" not in html
    assert "https:" not in html


def test_the_last_answer_to_a_pair_counts(key: Key) -> None:
    a, b = next((a, b) for a, b in combinations(key.sounds, 2) if key.sounds[a].scene == key.sounds[b].scene)
    first = Trial(a, b, "a", {"a": {"overall": 10.0}, "b": {}})
    last = Trial(b, a, "a", {"a": {"overall": 90.0}, "b": {}})

    def file(listener: str, *trials: Trial) -> Answers:
        return Answers("extender-listening-results", 1, key.test, listener, 1, trials)

    once = opinions_of([file("x", first), file("x", first, last)], key)
    assert (once.listeners, once.trials) == (1, 1)
    assert once.preferences[0].first == key.sounds[b].system
    twice = opinions_of([file("x", first), file("y", last)], key)
    assert (twice.listeners, twice.trials, twice.preferences[0].wins, twice.preferences[0].losses) == (2, 2, 1, 1)


def test_hostile_answers_are_one_line(evaluated: Path, key: Key, tmp_path: Path) -> None:
    good = person(key, "x", LIKES.__getitem__)
    path = tmp_path / "results.json"
    other = next(n for n in key.sounds if key.sounds[n].scene != key.sounds[good["trials"][0]["a"]].scene)

    def changed(**changes: object) -> str:
        return json.dumps(good | changes)

    def first(**changes: object) -> str:
        return changed(trials=[good["trials"][0] | changes])

    texts = [
        "", "null", "[]", "{", "\x00", "[" * 200_000, '{"format": "x"}', "NaN", changed(format="other"),
        changed(version=2), changed(test="another"), changed(more=1), changed(listener="x" * 1_000), changed(seed="1"),
        changed(trials=good["trials"][:1] * 3_000), changed(trials={}), changed(listener=None),
        first(a="nobody"), first(a=good["trials"][0]["b"]), first(a=other),
        first(preference="c"), first(preference=None),
        first(ratings={"a": {"overall": 101}, "b": {}}), first(ratings={"a": {"overall": -1}, "b": {}}),
        first(ratings={"a": {"overall": "loud"}, "b": {}}), first(ratings={"a": {"beauty": 3}, "b": {}}),
        first(ratings={"c": {}}), first(ratings=[]), first(seconds="long"), first(a="x" * 100_000),
        changed(**{"bad\nname": 1}), first(ratings={"a": {"over\nall": 1}, "b": {}}),
        changed(trials=[]).replace("5", "1e999"), '{"trials": ' + "9" * 100_000 + "}",
    ]  # fmt: skip
    for text in texts:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as error:
            read_answers(path, key)
        assert len(str(error.value).splitlines()) == 1, str(error.value)[:300]
        assert len(str(error.value)) < 400, str(error.value)[:300]
    for data in (b"\xff\xfe\x00", b" " * 5_000_001):
        path.write_bytes(data)
        with pytest.raises(InputError):
            read_answers(path, key)
    with pytest.raises(InputError):
        read_answers(tmp_path / "nowhere.json", key)
    assert read_answers(save(path, good), key).listener == "x"


def test_what_cannot_be_read_leaves_nothing(evaluated: Path, key: Key, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    answers = save(tmp_path / "results.json", person(key, "x", LIKES.__getitem__))
    nothing = save(tmp_path / "nothing.json", person(key, "x", LIKES.__getitem__) | {"trials": []})
    before = sorted(path.name for path in evaluated.iterdir())
    for words, code, told in (
        ((answers,), 2, "--results wants"),
        ((evaluated,), 2, "--results wants"),
        ((answers, empty), 3, "listen-key.json"),
        ((nothing, evaluated), 3, "nobody has judged"),
        ((tmp_path / "nowhere.json", evaluated), 3, "cannot read"),
    ):
        made = run("--results", *words)
        assert made.exit_code == code, made.output
        assert told in made.stderr
        assert len(made.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in evaluated.iterdir()) == before


def test_writing_opinions_is_the_same_every_time(evaluated: Path, key: Key, tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    shutil.copytree(evaluated, folder)
    files = [save(tmp_path / f"r{n}.json", person(key, f"p{n}", lambda s, n=n: LIKES[s] + n)) for n in range(3)]  # type: ignore[misc]
    _, (table, page) = write_opinions(folder, files, 3)
    first = table.read_bytes(), page.read_bytes()
    write_opinions(folder, files, 3)
    assert (table.read_bytes(), page.read_bytes()) == first
