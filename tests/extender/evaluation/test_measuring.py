"""What is measured of a mix: alike for all, at equal loudness, by hand as by strategy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extender.errors import UsageError
from extender.evaluation.measuring import EXCERPT_S, Wanted, loudest_start_s, measure_manual, measure_system
from extender.evaluation.scenes import Scene, find_scenes
from extender.evaluation.systems import DEFAULT, System, systems_of
from mixer import AudioBuffer, Track, Weights
from tests.extender.evaluation.conftest import make_scene, sounds, write

FLAT, QUIET = System("flat", "flat"), Wanted(sounds=False)


def go_on() -> bool:
    return False


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return find_scenes(make_scene(tmp_path_factory.mktemp("s"), seconds=3.0))[0].load()


def test_levels_and_clarity_are_measured_at_the_wanted_loudness(scene: Scene) -> None:
    made, heard = measure_system(scene, FLAT, QUIET, None, go_on)
    assert made.loudness_lufs == pytest.approx(-20.0, abs=0.05)
    assert len(made.mur) == len(made.msr) == 3
    assert made.residue_sone is not None
    assert made.muddy_sone is not None
    assert made.harsh_sone is not None
    assert made.muddy_sone + made.harsh_sone < made.residue_sone
    assert made.worst_mur == min(made.mur)
    assert made.seconds is not None
    assert heard is None


def test_residue_is_compared_at_equal_loudness(scene: Scene) -> None:
    """The same mix, all tracks 12 dB softer, leaves the same."""
    tracks = tuple(
        replace(track, target_lufs=level) for track, level in zip(scene.tracks, (-24, -26, -22), strict=True)
    )
    loud = replace(scene, tracks=tracks)
    soft = replace(scene, tracks=tuple(replace(t, target_lufs=t.target_lufs - 12.0) for t in tracks if t.target_lufs))
    first, second = (measure_system(each, FLAT, QUIET, None, go_on)[0] for each in (loud, soft))
    assert second.residue_sone == pytest.approx(first.residue_sone, rel=1e-3)
    assert second.mur == pytest.approx(first.mur, rel=1e-3)


def test_the_limiter_does_not_make_the_tracks_louder(scene: Scene) -> None:
    """However deep the ceiling is, the sum of the tracks is taken at the same loudness."""
    free, pressed = (
        measure_system(scene, FLAT, Wanted(ceiling_dbtp=c, sounds=False), None, go_on)[0] for c in (-1.0, -16.0)
    )
    assert pressed.limiter_db > 1.0
    assert pressed.residue_sone == pytest.approx(free.residue_sone, rel=1e-3)


def test_a_track_alone_loses_nothing(scene: Scene) -> None:
    made, _ = measure_system(replace(scene, tracks=scene.tracks[:1]), FLAT, QUIET, None, go_on)
    assert made.lost_share == pytest.approx(0.0, abs=0.02)
    assert made.mur == pytest.approx((1.0,), abs=0.02)


def test_silent_tracks_do_not_count(scene: Scene) -> None:
    silent = Track("nothing", (AudioBuffer(np.zeros(48_000), 48_000),))
    made, _ = measure_system(replace(scene, tracks=(*scene.tracks, silent)), FLAT, QUIET, None, go_on)
    assert len(made.mur) == 3
    assert made.worst_mur is not None
    assert made.worst_mur > 0.0


def test_stems_by_hand_that_are_the_flat_mix_measure_as_the_flat_mix(tmp_path: Path) -> None:
    make_scene(tmp_path / "s")
    for name, sound in sounds(1).items():
        write((tmp_path / "s" / "manual" / name).with_suffix(".wav"), 0.5 * sound)
    scene = find_scenes(tmp_path / "s")[0].load()
    flat, _ = measure_system(scene, FLAT, QUIET, None, go_on)
    manual, _ = measure_manual(scene, QUIET, None)
    assert manual.residue_sone == pytest.approx(flat.residue_sone, rel=1e-3)
    assert manual.mur == pytest.approx(flat.mur, rel=1e-3)
    assert manual.seconds is None


def test_of_a_finished_mix_the_levels_are_known(two_scenes: Path) -> None:
    scene = find_scenes(two_scenes)[0].load()
    made, heard = measure_manual(scene, Wanted(), None)
    assert made.loudness_lufs is not None
    assert made.loudness_lufs < -20.5  # as it was delivered; what is heard of it is as loud as the others
    assert made.residue_sone is made.worst_mur is made.mean_msr is None
    assert heard is not None
    assert heard.whole.data


def test_searches_tell_what_they_predicted(scene: Scene) -> None:
    made, _ = measure_system(scene, System("asra", "asra", "quick"), QUIET, None, go_on)
    flat, _ = measure_system(scene, FLAT, QUIET, None, go_on)
    assert made.evaluations > 0
    assert made.trials
    assert made.error is not None
    assert made.error < 0.5
    assert made.worst_mur is not None
    assert flat.worst_mur is not None
    assert made.worst_mur >= flat.worst_mur - 0.02


def test_what_was_interrupted_is_not_measured(scene: Scene) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure_system(scene, FLAT, QUIET, None, lambda: True)


def test_the_excerpt_is_where_most_is_heard() -> None:
    levels = np.full(900, -50.0)
    levels[300:500] = -20.0
    levels[10] = -5.0
    assert loudest_start_s(levels) == pytest.approx(30.0)
    assert loudest_start_s(levels[: round(10 * EXCERPT_S)]) == 0.0
    assert loudest_start_s(np.full(500, -np.inf)) == 0.0


def test_long_scenes_get_an_excerpt(tmp_path: Path) -> None:
    t = np.arange(23 * 48_000) / 48_000
    write(tmp_path / "s" / "tone.flac", 0.1 * np.sin(2 * np.pi * 440 * t) * (t > 2.5))
    scene = find_scenes(tmp_path / "s")[0].load()
    _, heard = measure_system(scene, FLAT, Wanted(), None, go_on)
    assert heard is not None
    assert heard.excerpt is not None
    assert (heard.whole.duration_s, heard.excerpt.duration_s) == pytest.approx((23.0, EXCERPT_S))
    assert heard.start_s == pytest.approx(2.5, abs=0.51)


def test_systems_are_made_of_their_names() -> None:
    made = systems_of(DEFAULT, "quick", Weights(3.0, 0.1, 1.0), trained=False)
    assert tuple(system.name for system in made) == DEFAULT
    by_name = {system.name: system for system in made}
    assert (by_name["asra"].effort, by_name["tuned"].effort, by_name["flat"].effort) == ("quick", "normal", None)
    assert by_name["refine"].effort == "quick"
    assert by_name["tuned"].told == (
        "asra, weights residue 3, loudness 0.1, clarity 1, effort normal, the band model predicts"
    )
    assert (by_name["asra"].weights, by_name["flat"].told) == (None, "")
    assert [system.name for system in systems_of(["unmask"], "best", Weights())] == ["flat", "unmask"]
    assert systems_of(["tuned"], "best", Weights())[1].effort == "best"
    assert all(system.make().plan for system in made)
    with pytest.raises(UsageError, match=r"unknown 'loud'; there are: .*unmask.*tuned"):
        systems_of(["loud"], "quick", Weights())


def test_the_trained_network_searches_where_it_can_be_run(scene: Scene) -> None:
    pytest.importorskip("onnxruntime")
    asra = systems_of(["asra", "unmask"], "quick", Weights())[1]
    assert asra.trained
    made, _ = measure_system(scene, asra, QUIET, None, go_on)
    assert made.error is not None
    assert made.error < 0.5
    assert made.trials
