"""What a person changes is remembered if they want it, and begins the next soundscapes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.errors import InputError
from extender.taste import MOST, Edit, Memory, Noticed, Preferred, Taste, remembered, taste_of, write
from extender.tasting import bright_db, season, weighted
from extender.types import Search
from mixer import Filter, TrackSettings, Weights
from mixer.optimise.objectives import score
from tests.extender.test_project import sample
from tests.extender.tuned import edit, project_of, run, settings_of, soundscape


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, synthesised: Path) -> Path:
    root = tmp_path_factory.mktemp("tasted")
    (root / "cache").mkdir()
    (root / "cache" / "procedural").symlink_to(synthesised)
    return soundscape(root, root / "cache").parent


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where taste is remembered; nothing is there yet."""
    monkeypatch.setenv("EXTENDER_TASTE", str(tmp_path / "own" / "taste.json"))
    return tmp_path / "own" / "taste.json"


def done(*words: str | Path, cache: Path | None = None, ends: int = 0) -> str:
    result = run(cache or Path("nowhere"), *words)
    assert result.exit_code == ends, result.output
    return result.output


def rendered(made: Path, out: Path, seed: int) -> Path:
    """Render the picture's scene, short."""
    words = ("render", made / "photo.jpg", "--scene", made / "scene.json", "-o", out, "-d", "1.5", "--seed", str(seed))
    own = ("--sources", "folder,procedural", "--sounds", made / "mine", "--offline", "--outputs", "credits")
    done(*words, *own, "--strategy", "balanced", "--quiet", cache=made / "cache")
    return out


def offsets(folder: Path, kinds: dict[str, float]) -> dict[str, float]:
    """What an engineer adds to each track: by its kind or by what it is."""
    project = project_of(folder)
    return {r["id"]: kinds.get(r["played"], kinds.get(r["kind"], 0.0)) for r in project["cast"]["roles"]}


LIKES = {"ambience": 2.0, "bird": -3.0, "bird song": -3.0}
"""Of the simulated engineer, dB."""


def targets(folder: Path) -> dict[str, float]:
    return {part["id"]: part["target_lufs"] for part in project_of(folder)["arrangement"]["parts"]}


def test_an_engineer_who_likes_beds_loud_and_birds_soft_is_understood(made: Path, file: Path, tmp_path: Path) -> None:
    before = targets(rendered(made, tmp_path / "plain", 40))
    done("taste", "on")
    mixes = 4
    for seed in range(mixes):
        folder = rendered(made, tmp_path / f"s{seed}", seed)
        heard = project_of(folder)["taste"]["loudness_db"]
        for name, wanted in offsets(folder, LIKES).items():
            gain_db = settings_of(folder, name)["gain_db"] + wanted - heard.get(name, 0.0)  # what is still missing
            edit(folder, name, gain_db=gain_db)
        done("render", folder / "project.json", "--force", "--outputs", "credits", "--quiet")
    learned = json.loads(done("taste", "show", "--json"))
    assert learned["mixes"] == mixes
    beds = [value for name, value in learned["offsets"]["loudness_db"].items() if name.startswith("ambience/")]
    assert beds == [pytest.approx(2.0, abs=0.7)] * len(beds)
    assert 0.8 < learned["offsets"]["loudness_db"]["ambience"] <= 2.0
    birds = [v for name, v in learned["offsets"]["loudness_db"].items() if "/bird" in name]
    assert birds == [pytest.approx(-3.0, abs=1.0)]
    rest = [v for name, v in learned["offsets"]["loudness_db"].items() if "/bus" in name or "/dog" in name]
    assert len(rest) == 2
    assert np.abs(rest).max() < 1.0
    assert "dB louder" in done("taste", "show")

    after, wanted_db = targets(rendered(made, tmp_path / "seasoned", 40)), offsets(tmp_path / "plain", LIKES)
    missing = {name: abs(before[name] + wanted_db[name] - after[name]) for name in before}
    assert sum(missing.values()) < 0.5 * sum(map(abs, wanted_db.values()))
    assert "by your taste" in json.dumps(project_of(tmp_path / "seasoned"))
    assert project_of(tmp_path / "seasoned")["taste"]["mixes"] == mixes

    sha = (tmp_path / "seasoned" / "soundscape.wav").read_bytes()
    done("taste", "forget")
    done("render", tmp_path / "seasoned" / "project.json", "--force", "--outputs", "credits", "--quiet")
    assert (tmp_path / "seasoned" / "soundscape.wav").read_bytes() == sha
    assert targets(rendered(made, tmp_path / "forgotten", 40)) == before


def test_nothing_is_touched_while_it_is_off(made: Path, file: Path, tmp_path: Path) -> None:
    folder = rendered(made, tmp_path / "out", 1)
    edit(folder, "bird-1", gain_db=-20.0)
    done("render", folder / "project.json", "--force", "--outputs", "credits", "--quiet")
    done("taste", "off")
    done("taste", "show")
    done("taste", "forget")
    assert not file.parent.exists()
    assert project_of(folder)["automatic"] == []
    assert project_of(folder)["taste"] is None


def test_what_is_taken_back_and_changed_again_counts_once(made: Path, file: Path, tmp_path: Path) -> None:
    done("taste", "on")
    folder = shutil.copytree(made / "out", tmp_path / "out")
    done("render", folder / "project.json", "--force", "--again", "--outputs", "credits", "--quiet")
    done("undo", folder / "project.json", "--all-of", "bus-1", "--quiet")
    (first,) = remembered().edits
    assert first.preferred is not None
    assert first.preferred.intervention > 0.0
    assert taste_of(remembered()).weights.intervention > Weights().intervention
    edit(folder, "dog-1", gain_db=settings_of(folder, "dog-1")["gain_db"] + 4.0, azimuth_deg=50.0)
    done("render", folder / "project.json", "--force", "--outputs", "credits", "--quiet")
    (second,) = remembered().edits
    dog = next(track for track in second.tracks if track.concept.startswith("dog"))
    assert dog.loudness_db == pytest.approx(4.0, abs=0.3)
    assert dog.outward_deg > 5.0
    text = file.read_bytes()
    done("render", folder / "project.json", "--force", "--outputs", "credits", "--quiet")
    assert file.read_bytes() == text


def front(rng: np.random.Generator, count: int = 24) -> np.ndarray[Any, Any]:
    """Mixes of which none is best in all: residue, loudness, clarity and intervention of each."""
    share = rng.dirichlet(np.ones(3), count)
    residue, loudness, clarity = 0.95 - 0.25 * share[:, 0], 0.3 - 0.3 * share[:, 1], 0.95 - 0.25 * share[:, 2]
    done_to_it = rng.uniform(0.1, 0.4, count)
    return np.column_stack([residue, loudness, clarity, done_to_it]) + rng.normal(0, 0.01, (count, 4))


@pytest.mark.parametrize("hidden", [Weights(clarity=2.0), Weights(clarity=0.5), Weights()])
def test_what_counts_for_an_engineer_is_found_from_the_mixes_they_make(hidden: Weights) -> None:
    rng, memory, regret = np.random.default_rng(3), Memory(on=True), []
    for number in range(30):
        known, mixes = taste_of(memory).weights, front(rng)
        first, second = mixes[score(mixes, known).argmin()], mixes[score(mixes, hidden).argmin()]
        regret.append(float(score(first, hidden) - score(second, hidden)))
        gain = (first - second).tolist()
        told = Preferred(gain[0], gain[2], gain[3], ((3 * first[1], 3 * second[1]),))
        memory = memory.with_edit(Edit(str(number), (Noticed("event", "bell"),), told))
    found = taste_of(memory).weights
    assert found.clarity / found.residue == pytest.approx(hidden.clarity / hidden.residue, rel=0.3)
    if hidden != Weights():  # later mixes are nearer to what the engineer would make
        assert np.mean(regret[15:]) < 0.5 * np.mean([first for first in regret[:3] if first > 0.0] or [1.0])


def test_an_engineer_who_is_not_always_the_same_is_understood_in_the_end() -> None:
    rng, hidden = np.random.default_rng(5), {"rain": 2.0, "wind": 2.0, "bird": -3.0, "dog": 0.5, "bus": 0.0}
    kinds = {"rain": "ambience", "wind": "ambience"}
    memory = Memory(1, True)
    for number in range(40):
        heard = [Noticed(kinds.get(n, "event"), n, db + rng.normal(0, 1.5)) for n, db in hidden.items()]
        memory = memory.with_edit(Edit(str(number), tuple(heard)))
    taste = taste_of(memory)
    for name, wanted in hidden.items():
        found = taste.offsets["loudness_db"][f"{kinds.get(name, 'event')}/{name}"]
        assert found == pytest.approx(wanted, abs=0.6)
    assert taste.of("loudness_db", "ambience", "sea") == pytest.approx(2.0, abs=0.8)


@settings(max_examples=30, deadline=None)
@given(st.floats(-12, 12), st.integers(1, 40))
def test_one_edit_moves_half_way_and_many_nearly_all_the_way(wish: float, times: int) -> None:
    memory = Memory(1, True, tuple(Edit(str(n), (Noticed("event", "bird", wish),)) for n in range(times)))
    learned = taste_of(memory).offsets["loudness_db"]
    share = 3.4**2 / (3.4**2 + 3.0**2 / times)
    assert learned["event/bird"] == pytest.approx(share * wish, abs=0.01)
    assert abs(learned["event"]) <= abs(learned["event/bird"]) + 0.001
    assert taste_of(memory) == taste_of(memory)


def test_a_new_concept_begins_as_its_kind() -> None:
    edits = tuple(Edit(str(n), (Noticed("ambience", f"place {n % 4}", 3.0),)) for n in range(12))
    taste = taste_of(Memory(1, True, edits))
    assert 1.0 < taste.of("loudness_db", "ambience", "harbour") < taste.of("loudness_db", "ambience", "place 1") <= 3.0
    assert taste.of("loudness_db", "event", "bell") == 0.0
    assert taste.of("loudness_db", "ambience", "harbour") == taste.of("loudness_db", "ambience", "never heard")


def test_the_memory_is_bounded_and_the_latest_counts() -> None:
    memory = Memory()
    for n in range(MOST + 20):
        memory = memory.with_edit(Edit(str(n), ()))
    memory = memory.with_edit(Edit("30", (Noticed("event", "bell", 1.0),)))
    assert len(memory.edits) == MOST
    assert memory.edits[-1].mix == "30"


def test_a_soundscape_begins_as_a_person_likes_it(file: Path) -> None:
    many = tuple(
        Edit(str(n), (Noticed("event", "dog", 6.0, 5.0, 20.0),), Preferred(-0.05, 0.05, 0.0)) for n in range(20)
    )
    write(Memory(1, True, many))
    plain = sample()
    still = [replace(p, clips=tuple(replace(c, path=()) for c in p.clips)) for p in plain.arrangement.parts]
    plain = replace(plain, arrangement=replace(plain.arrangement, parts=tuple(still)))
    made = season(plain)
    for old, new in zip(plain.arrangement.parts, made.arrangement.parts, strict=True):
        assert new.target_lufs == pytest.approx(old.target_lufs + 6.0, abs=0.7)
        assert new.position.azimuth_deg == pytest.approx(old.position.azimuth_deg + 20.0, abs=3.0)
    assert made.taste is not None
    assert made.taste.bright_db["dog-1"] == pytest.approx(5.0, abs=0.6)
    assert made.search.weights is None  # its strategy chooses nothing by weights
    asra = weighted(replace(plain, plan=replace(plain.plan, strategy="asra")))
    assert asra.search.weights is not None
    assert asra.search.weights.clarity > asra.search.weights.residue
    own = Weights(clarity=0.1)
    asra = weighted(replace(plain, plan=replace(plain.plan, strategy="asra"), search=Search(weights=own)))
    assert asra.search.weights == own
    write(Memory(1, False, many))
    assert season(plain) is plain


def test_bright_is_what_a_shelf_makes() -> None:
    shelf = TrackSettings("x", 0.0, filters=(Filter("high_shelf", 2_000.0, 6.0),))
    assert bright_db(shelf) == pytest.approx(6.0, abs=0.7)
    assert bright_db(replace(shelf, filters=(Filter("low_shelf", 2_000.0, 6.0),))) == pytest.approx(-6.0, abs=0.7)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', '{"version": 1, "edits": 3}', '{"version": 1, "no": 1}'])
def test_a_file_that_is_none_of_ours_is_told_of_and_can_be_forgotten(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(InputError):
        remembered()
    assert str(file) in done("taste", "show", ends=3)
    done("taste", "forget")
    assert remembered() == Memory()


def test_taste_survives_its_file(file: Path) -> None:
    memory = Memory(1, True, (Edit("a", (Noticed("event", "bell", 1.5),), Preferred(0.1, 0.2, 0.3, ((0.0, 1.0),))),))
    assert write(memory) == file
    assert remembered() == memory
    assert isinstance(taste_of(memory), Taste)
