"""The residue network: its data, its inputs, and that all ways to run it agree. Training is not tested here."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixer import AudioBuffer, Track
from mixer.bands import Listened
from mixer.dynamics import peaks_of, reductions
from mixer.errors import MixerError
from mixer.optimise.predictor import Candidates, ResiduePredictor
from mixer.processors import Compressor
from mixer.residue import analyse_residue
from mixer.session import MixSession
from mixer.strategies.levels import in_place
from models.residue import ensembles
from models.residue.candidates import candidates_of, listen_evenly
from models.residue.dataset import Example, Sizes, as_listened, build, load
from models.residue.ensembles import (
    CHOIR,
    LOUDEST,
    NAMES,
    PIECES,
    SOUNDFONT,
    STRINGS,
    _Part,
    _write_together,
    held_out,
    write_ensembles,
)  # fmt: skip
from models.residue.evaluation import band_model, pooled, score, side_by_side
from models.residue.examples import RATE, Scene, draw_scene, draw_settings, locked, neutral
from models.residue.inference import FOLDER, ResidueModel, checksums, forward
from models.residue.inputs import Inputs, from_log, in_log, inputs_of
from models.residue.material import Lesson, batches, padded, track_rows
from models.residue.quick import QuickModel
from models.residue.quick_kernels import lost_loudness
from models.residue.sounds import HELD_OUT, Sound, catalogue, family_of
from models.residue.target import STEP, measure

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="ONNX Runtime is not installed (pip install onnxruntime)"
)


def needs_training() -> None:
    """Skip where what training needs is missing."""
    for name in ("keras", "onnx"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed (pip install image-extender[train])")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of ten short sounds in two families, one of them held out."""
    place = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    seconds = np.arange(72_000) / 48_000
    for number in range(5):
        hiss = np.cumsum(rng.standard_normal(72_000)) * 0.003 * (1.0 + np.sin(2.0 * np.pi * (1 + number) * seconds))
        tone = 0.2 * np.sin(2.0 * np.pi * 300.0 * (number + 1) * seconds) * (np.sin(9.0 * seconds) > 0.0)
        for family, sound in (("steps", hiss + 0.02 * rng.standard_normal(72_000)), ("birds", tone + 0.01 * hiss)):
            (place / family).mkdir(exist_ok=True)
            soundfile.write(place / family / f"{number}.wav", np.clip(sound, -1.0, 1.0), 48_000)
    return place


@pytest.fixture(scope="module")
def sounds(folder: Path) -> list[Sound]:
    return catalogue([folder])


@pytest.fixture(scope="module")
def data(folder: Path, sounds: list[Sound], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set of one scene of each split."""
    place = tmp_path_factory.mktemp("data")
    both = [*sounds, *(Sound(s.path, s.family, "", "validation") for s in sounds)]
    assert list(build(place, both, Sizes((1, 3), (1, 2), (1, 3)), seed=5)) == [(1, 3), (2, 3), (3, 3)]
    return place


@pytest.fixture(scope="module")
def example(data: Path) -> Example:
    return load(data / "train-00000.npz")


@pytest.fixture(scope="module")
def heard(sounds: list[Sound]) -> Iterator[tuple[MixSession, Scene, Listened]]:
    """Yield a scene that has been listened to."""
    scene = draw_scene([s for s in sounds if s.split == "train"], np.random.default_rng(3))
    with MixSession(scene.tracks, duration_s=4.0) as session:
        yield session, scene, listen_evenly(session, locked(session, scene, neutral(scene)))[1]


def tried(scene: Scene, listened: Listened, count: int = 5) -> Candidates:
    peaks_db = np.full(len(scene.tracks), -15.0)
    rng = np.random.default_rng(1)
    return candidates_of(
        listened.ear, neutral(scene), [draw_settings(neutral(scene), peaks_db, rng) for _ in range(count)]
    )


def inputs(candidates: int = 3, tracks: int = 4, frames: int = 9, seed: int = 0) -> Inputs:
    rng = np.random.default_rng(seed)
    shapes = ((tracks, frames, 27), (candidates, tracks, 32), (candidates, tracks, frames, 2), (candidates, frames, 27))
    return Inputs(*(rng.normal(0.5, 1.0, shape).astype(np.float32) for shape in shapes))


def test_labels_and_folders_fall_into_families() -> None:
    assert family_of("Sea waves") == family_of("water") == "water"
    assert family_of("haydn") == "ensemble"
    assert family_of("sea lion") == "animals"
    assert {"water", "ensemble"} <= set(HELD_OUT)


def test_held_out_families_are_in_no_other_split(sounds: list[Sound]) -> None:
    assert {s.split for s in sounds if s.family in HELD_OUT} == {"test"}
    assert "test" not in {s.split for s in sounds if s.family not in HELD_OUT}


def test_a_folder_without_sounds_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected a folder with sound files"):
        catalogue([tmp_path])


def test_pieces_are_told_apart_by_name() -> None:
    assert len({piece.name for piece in PIECES}) == len(PIECES)
    assert {programme for piece in PIECES for programme in piece.programmes} <= set(NAMES)


def test_chamber_works_and_choirs_are_held_out() -> None:
    kept = held_out()
    assert len(kept) >= 6
    assert {piece.programmes for piece in kept} >= {STRINGS, CHOIR}
    assert not {piece.family for piece in kept} & {piece.family for piece in PIECES if piece not in kept}


def test_parts_are_as_loud_to_each_other_as_they_were_played(tmp_path: Path) -> None:
    loud, soft = np.full(480, 0.2, np.float32), np.full(300, 0.05, np.float32)
    _write_together(tmp_path, [_Part(0, 40, loud), _Part(2, 42, soft)])
    stems = [soundfile.read(tmp_path / name)[0] for name in ("1-violin.wav", "2-cello.wav")]
    assert np.abs(stems[0] + stems[1]).max() == pytest.approx(LOUDEST, abs=1e-4)
    assert stems[0][0] / stems[1][0] == pytest.approx(4.0, rel=1e-4)
    assert len(stems[0]) == len(stems[1]) == 480


def test_stems_tell_what_they_need(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="fluidsynth"):
        list(write_ensembles(tmp_path / "stems", held_out()[:1], tmp_path / "none.sf2"))


@pytest.mark.filterwarnings("ignore")
def test_a_file_with_a_score_for_each_voice_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("music21", reason="music21 is not installed (pip install image-extender[train])")
    if shutil.which("fluidsynth") is None or not SOUNDFONT.exists():
        pytest.skip("needs fluidsynth and fluid-soundfont-gm")
    monkeypatch.setattr(ensembles, "EXCERPT_S", 4.0)
    josquin = [piece for piece in held_out() if piece.family == "josquin"]
    assert list(write_ensembles(tmp_path, josquin)) == ["josquin-milleRegrets"]
    written = sorted((tmp_path / "josquin-milleRegrets").iterdir())
    assert [path.suffix for path in written] == [".wav"] * len(written)
    assert len(written) >= 2
    for path in written:
        samples, rate = soundfile.read(path)
        assert (len(samples), rate) == (4 * 48_000, 48_000)
        assert np.abs(samples).max() > 0.05


def test_the_target_is_the_residue_that_the_mixer_measures(heard: tuple[MixSession, Scene, Listened]) -> None:
    session, scene, _ = heard
    settings = draw_settings(neutral(scene), np.full(len(scene.tracks), -15.0), np.random.default_rng(2))
    levelled = locked(session, scene, settings)
    mine, theirs = measure(session, levelled), analyse_residue(session, levelled)
    np.testing.assert_allclose(mine.masked + mine.interfering, theirs.map[::STEP], atol=1e-4)
    assert (mine.heard <= mine.alone + 1e-5).all()


def test_a_data_set_goes_on_where_it_stopped(data: Path, sounds: list[Sound]) -> None:
    both = [*sounds, *(Sound(s.path, s.family, "", "validation") for s in sounds)]
    before = {path.name: path.read_bytes() for path in data.glob("*.npz")}
    (data / "test-00000.npz").unlink()
    list(build(data, both, Sizes((1, 3), (1, 2), (1, 3)), seed=5))
    again, known = load(data / "test-00000.npz"), data / "known.npz"
    known.write_bytes(before["test-00000.npz"])
    np.testing.assert_array_equal(again.masked, load(known).masked)
    known.unlink()
    with pytest.raises(ValueError, match="holds another data set"):
        list(build(data, both, Sizes((1, 3), (1, 2), (1, 3)), seed=6))
    assert json.loads((data / "manifest.json").read_text())["seed"] == 5


def test_the_quick_model_is_near_the_measure(example: Example) -> None:
    right = in_log(example.masked + example.interfering)
    worked = QuickModel(as_listened(example)).worked(example.candidates)
    assert np.square(in_log(worked.maps) - right).mean() < 0.05 * max(right.var(), 0.1)


def test_the_quick_model_is_right_about_the_mix_as_heard(example: Example) -> None:
    right = band_model(example, held=True)[0]
    found = in_log(QuickModel(as_listened(example)).worked(example.candidates.part(slice(0, 1))).maps[0])
    assert np.square(found - right).mean() < 1e-4
    assert np.abs(found - right).max() < 0.2


def test_compressors_are_followed() -> None:
    """Against the detector of the mixer, in the mean over each frame; hops' peaks alone would be 2 dB too much."""
    rng = np.random.default_rng(4)
    swell = 0.1 * (1.2 + np.sin(np.arange(4 * RATE) / RATE * 5.0))
    sound = (swell * rng.standard_normal(4 * RATE) * 0.3).astype(np.float32)[np.newaxis]
    track = Track("hiss", (AudioBuffer(sound, RATE),), target_lufs=-23.0)
    compressor = Compressor(-24.0, 3.0)
    with MixSession([track], duration_s=4.0) as session:
        places = [in_place(track, None)]
        listened = listen_evenly(session, places)[1]
    tried = candidates_of(listened.ear, places, [[replace(places[0], compressor=compressor)]])
    found = QuickModel(listened).worked(tried).down_db[0, 0]
    actual = next(reductions([peaks_of(sound, sound.shape[1])], compressor, RATE))
    hop, window = listened.ear.hop // 4, listened.ear.window // 4
    starts = [max(int(n) * hop - window // 2, 0) for n in listened.frames.numbers]
    means = np.array([actual[start : start + window].mean() for start in starts])
    assert means.max() > 4.0
    np.testing.assert_allclose(found[2:-2], means[2:-2], atol=2.0)
    assert abs(float((found - means)[2:-2].mean())) < 0.75


def test_memory_brings_the_band_model_nearer(example: Example) -> None:
    right = in_log(example.masked + example.interfering)
    now, held = (np.square(band_model(example, held=h) - right).mean() for h in (False, True))
    assert held <= now


def test_the_kernel_and_numpy_agree() -> None:
    rng = np.random.default_rng(0)
    signal = (10.0 ** rng.uniform(0.0, 6.0, (3, 2, 55, 7))).astype(np.float32)
    gain = (10.0 ** rng.uniform(-1.0, 1.0, (2, 3, 55))).astype(np.float32)
    moves = rng.uniform(0.1, 1.0, (2, 3, 7)).astype(np.float32)
    shares = np.full((2, 3, 2), np.nan, np.float32)
    shares[1, 0] = 0.3, 0.7
    tables = np.stack([rng.uniform(1.0, 2.0, 55), rng.uniform(1.0, 9.0, 55), rng.uniform(0.2, 0.6, 55),
                       rng.uniform(0.1, 0.5, 55), np.full(55, 0.2)]).astype(np.float32)  # fmt: skip
    fast, plain = np.zeros((2, 7, 27), np.float32), np.zeros((2, 7, 27), np.float32)
    lost_loudness(signal, gain, moves, shares, tables, fast)
    lost_loudness.fallback(signal, gain, moves, shares, tables, plain)
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-5)


def test_a_neutral_candidate_is_the_mix_as_heard(heard: tuple[MixSession, Scene, Listened]) -> None:
    _, scene, listened = heard
    given = inputs_of(QuickModel(listened), candidates_of(listened.ear, neutral(scene), [neutral(scene)]))
    np.testing.assert_allclose(given.settings[..., :31], 0.0, atol=1e-5)
    np.testing.assert_allclose(given.moving[..., 0], 0.0, atol=1e-6)


def test_maps_survive_the_logarithm() -> None:
    maps = np.random.default_rng(0).uniform(0.0, 5.0, (2, 3, 27)).astype(np.float32)
    np.testing.assert_allclose(from_log(in_log(maps)), maps, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("runtime", ["numpy", pytest.param("onnx", marks=needs_onnx)])
def test_the_order_of_tracks_does_not_matter(runtime: str) -> None:
    model, given = ResidueModel(runtime=runtime), inputs()
    order = [2, 0, 3, 1]
    turned = Inputs(given.levels[order], given.settings[:, order], given.moving[:, order], given.analytic)
    np.testing.assert_allclose(model.run(given), model.run(turned), atol=2e-5)


@needs_onnx
@pytest.mark.parametrize(("candidates", "tracks", "frames"), [(1, 1, 1), (37, 2, 5), (3, 16, 30)])
def test_onnx_and_numpy_agree(candidates: int, tracks: int, frames: int) -> None:
    given = inputs(candidates, tracks, frames)
    np.testing.assert_allclose(
        ResidueModel(runtime="onnx").run(given), ResidueModel(runtime="numpy").run(given), atol=1e-5
    )


def test_keras_and_numpy_agree(tmp_path: Path) -> None:
    needs_training()
    from models.residue.export import weights_of, write
    from models.residue.network import make_network

    network, rng = make_network(), np.random.default_rng(0)
    network.set_weights([w + rng.normal(0.0, 0.05, w.shape) for w in network.get_weights()])
    given = inputs()
    lesson = Lesson(given, given.analytic)
    (tracks, present, analytic), _ = padded([(lesson, mix) for mix in range(3)])
    right = np.asarray(network([tracks, present, analytic], training=False))
    np.testing.assert_allclose(forward(weights_of(network), given), right, atol=1e-5)
    write(weights_of(network), tmp_path)
    for runtime in ("numpy", "onnx") if importlib.util.find_spec("onnxruntime") else ("numpy",):
        np.testing.assert_allclose(ResidueModel(tmp_path, runtime=runtime).run(given), right, atol=1e-5)


def test_predictions_are_maps(heard: tuple[MixSession, Scene, Listened]) -> None:
    _, scene, listened = heard
    model, candidates = ResidueModel(runtime="numpy"), tried(scene, listened)
    maps = model.predict(listened, candidates)
    assert isinstance(model, ResiduePredictor)
    assert maps.shape == (5, len(listened.frames.numbers), 27)
    assert np.isfinite(maps).all()
    assert (maps >= 0.0).all()
    np.testing.assert_allclose(model.predict(listened, candidates.part(slice(1, 2))), maps[1:2], atol=1e-4)


def test_published_weights_are_checked(tmp_path: Path) -> None:
    with pytest.raises(MixerError, match="is missing"):
        ResidueModel(tmp_path)
    for name in (*checksums(FOLDER), "residue.sha256"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    ResidueModel(tmp_path)
    with (tmp_path / "residue.npz").open("ab") as file:
        file.write(b"!")
    with pytest.raises(MixerError, match="damaged"):
        ResidueModel(tmp_path)
    assert sum((FOLDER / name).stat().st_size for name in checksums(FOLDER)) < 3_000_000


def test_batches_hold_every_mix_once() -> None:
    mixes = [
        (Lesson(inputs(tracks=n % 5 + 1, seed=n), inputs(seed=n).analytic), mix) for n in range(30) for mix in range(3)
    ]
    cut = batches(mixes, 8, np.random.default_rng(0))
    assert sorted((id(lesson), mix) for batch in cut for lesson, mix in batch) == sorted((id(a), b) for a, b in mixes)
    assert max(map(len, cut)) == 8


def test_features_have_one_row_a_frame() -> None:
    lesson = Lesson(inputs(), inputs().analytic)
    assert track_rows(lesson.inputs, 1).shape == (4, 9, 61)
    assert pooled(lesson, 1).shape == (9, 184)
    assert side_by_side(lesson, 1).shape == (9, 12 * 62)


def test_a_perfect_model_has_a_perfect_score() -> None:
    lessons = [Lesson(inputs(6, seed=n), np.abs(inputs(6, seed=n).analytic)) for n in range(3)]
    perfect = score(lessons, lambda lesson: lesson.target)
    assert (perfect.mse_log, perfect.r2_log, perfect.scalar_error) == (0.0, 1.0, 0.0)
    assert perfect.rank == pytest.approx(1.0)
    worse = score(lessons, lambda lesson: lesson.target[::-1])
    assert worse.r2_log < 0.5
    assert worse.rank < 0.5
