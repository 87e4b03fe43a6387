"""The place model: its parts by their properties, a small training from end to end, and the packaged weights."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from models.places import place_model, read_model
from models.places.__main__ import main
from models.places.descriptors import LENGTH, dense_descriptors
from models.places.fisher import REGIONS, Mixture, fisher_vector, fitted_mixture
from models.places.head import (
    calibration_error,
    class_accuracy,
    confusion,
    fit,
    fitted_belief,
    fitted_temperature,
    probabilities,
)
from models.places.model import LEAST_PX, SIDE_PX, prepared, quantised
from models.places.pictures import labelled
from models.places.training import altered
from tests.conftest import shared


def noise(seed: int, height: int = 80, width: int = 100) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((height, width), dtype=np.float32)


def test_descriptors_are_of_unit_length_and_lie_in_the_picture() -> None:
    found = dense_descriptors(noise(1))
    assert found.values.shape == (len(found.x), LENGTH)
    np.testing.assert_allclose((found.values**2).sum(axis=1), 1.0, atol=1e-3)
    for where in (found.x, found.y):
        assert 0.0 < where.min() < 0.25
        assert 0.75 < where.max() < 1.0


def test_descriptors_do_not_depend_on_brightness_and_hardly_on_contrast() -> None:
    picture = noise(2)
    plain = dense_descriptors(picture).values
    np.testing.assert_allclose(dense_descriptors(picture + np.float32(0.2)).values, plain, atol=1e-3)
    np.testing.assert_allclose(dense_descriptors(picture * np.float32(0.7)).values, plain, atol=0.02)


def test_nothing_is_described_as_nothing() -> None:
    assert np.abs(dense_descriptors(np.full((80, 100), 0.5, np.float32)).values).max() == 0.0


def test_a_turned_edge_turns_its_descriptor() -> None:
    across = np.zeros((80, 80), np.float32)
    across[40:] = 1.0
    one, other = (dense_descriptors(p).values.sum(axis=0).reshape(-1, 8).sum(axis=0) for p in (across, across.T.copy()))
    assert one.argmax() == 2  # the gradient points down
    assert other.argmax() == 0  # and to the right


def test_a_mixture_finds_the_clusters_there_are() -> None:
    rng = np.random.default_rng(3)
    middles = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    points = np.concatenate([m + rng.normal(size=(400, 2)) for m in middles]).astype(np.float32)
    mixture = fitted_mixture(points, 3, rng)
    order = np.argsort(mixture.means @ [1.0, 2.0])
    np.testing.assert_allclose(mixture.means[order], middles, atol=0.3)
    np.testing.assert_allclose(mixture.variances, 1.0, atol=0.25)
    np.testing.assert_allclose(mixture.posteriors(points).sum(axis=1), 1.0, atol=1e-4)


def test_a_fisher_vector_has_length_one_and_is_nothing_for_what_is_as_usual() -> None:
    rng = np.random.default_rng(4)
    mixture = Mixture(np.full(2, 0.5, np.float32), np.array([[-4, 0], [4, 0]], np.float32), np.ones((2, 2), np.float32))
    count = 40_000
    usual = (mixture.means[rng.integers(0, 2, count)] + rng.normal(size=(count, 2))).astype(np.float32)
    x, y = rng.random((2, count), dtype=np.float32)
    vector = fisher_vector(usual, x, y, mixture)
    assert vector.shape == (len(REGIONS), 2 * 2 * 2)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    moved = fisher_vector(usual + np.array([0.5, 0.0], np.float32), x, y, mixture)
    first = moved[0].reshape(2, 2, 2)  # by mean or deviation, Gaussian, dimension
    assert (first[0, :, 0] > 0.4 * np.linalg.norm(first)).all()  # all that differs is the first mean


def test_least_squares_part_what_can_be_parted() -> None:
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(3), 20)
    points = 3.0 * np.eye(3)[labels] + rng.normal(0.0, 0.3, (60, 3))
    head = fit(points @ points.T, labels, 3, 1e-3)
    told = (points @ points.T @ head.alpha + head.bias).argmax(axis=1)
    assert (told == labels).all()
    assert class_accuracy(told, labels, 3).tolist() == [1.0, 1.0, 1.0]
    assert confusion(told, labels, 3).tolist() == (20 * np.eye(3, dtype=int)).tolist()


def test_the_temperature_makes_confidence_true() -> None:
    rng = np.random.default_rng(6)
    scores = rng.normal(size=(20_000, 4))
    true = probabilities(scores, 0.5)
    labels = (true.cumsum(axis=1) > rng.random((len(true), 1))).argmax(axis=1)
    found = fitted_temperature(scores, labels)
    assert found == pytest.approx(0.5, rel=0.05)
    assert calibration_error(probabilities(scores, found), labels) < 0.02
    assert calibration_error(probabilities(scores, 0.05), labels) > 0.1


def test_strangers_are_told_from_what_is_known() -> None:
    rng = np.random.default_rng(12)
    known, strangers = rng.normal(0.3, 0.2, 500), rng.normal(-0.3, 0.2, 100)
    slope, offset = fitted_belief(known, strangers)
    assert slope > 0.0
    assert offset == pytest.approx(0.0, abs=0.1 * slope)  # even odds midway, though the known are more


def test_eight_bits_are_enough() -> None:
    weights = np.random.default_rng(7).normal(size=(3, 8, 50)).astype(np.float32)
    small, scales = quantised(weights)
    assert small.dtype == np.int8
    assert np.abs(small * scales[..., None] - weights).max() <= scales.max() / 2 + 1e-6


@pytest.mark.parametrize("size", [(640, 480), (30, 20), (4000, 100), (1, 1), (200, 200)])
def test_a_picture_is_looked_at_in_one_size(size: tuple[int, int]) -> None:
    grey = prepared(np.zeros((size[1], size[0], 3), np.uint8))
    assert max(grey.shape) == SIDE_PX
    assert min(grey.shape) >= LEAST_PX


def test_altered_pictures_keep_size_and_range() -> None:
    rng = np.random.default_rng(8)
    for _ in range(5):
        changed = altered(noise(9), rng)
        assert changed.shape == (80, 100)
        assert 0.0 <= changed.min() <= changed.max() <= 1.0


pictures = st.tuples(st.integers(1, 50), st.integers(1, 50)).flatmap(lambda s: arrays(np.uint8, (*s, 3)))


@settings(max_examples=10, deadline=None)
@given(pixels=pictures)
def test_any_picture_has_probabilities(pixels: NDArray[np.uint8]) -> None:
    told = place_model()(pixels)
    assert len(told.shares) == 15
    assert sum(told.shares.values()) == pytest.approx(1.0)
    assert all(0.0 <= share <= 1.0 for share in (*told.shares.values(), told.known))


def test_the_packaged_model_is_small_and_needs_little() -> None:
    assert len((files("models") / "weights" / "places.npz").read_bytes()) <= 2_000_000
    code = (
        "import sys, numpy; from models.places import place_model; place_model()(numpy.zeros((9, 9, 3), 'uint8'));"
        "print([m for m in ('scipy.signal', 'scipy.optimize', 'librosa', 'tensorflow', 'torch') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_packaged_model_knows_its_own_pictures() -> None:
    data = labelled(shared("scene15.zip"), "train")
    model = place_model()
    assert model.classes == data.classes
    some = range(7, len(data.names), 50)
    start = time.process_time()
    told = [max(shares, key=shares.__getitem__) for n in some for shares in [model(data.grey(n)).shares]]
    assert np.mean([name == data.classes[data.labels[n]] for n, name in zip(some, told, strict=True)]) > 0.9
    assert (time.process_time() - start) / len(told) < 0.3  # far above what it takes where nothing else runs


def test_a_model_survives_its_file_and_nothing_else_is_read(tmp_path: Path) -> None:
    model = replace(place_model(), about="a test")
    path = tmp_path / "m.npz"
    model.write(path)
    again = read_model(path)
    pixels = (255 * noise(10)).astype(np.uint8)
    assert again(pixels).shares == pytest.approx(model(pixels).shares, abs=1e-6)
    assert again(pixels).known == pytest.approx(model(pixels).known)
    assert again.about == "a test"
    content = path.read_bytes()
    pickled = io.BytesIO()
    np.savez(pickled, version=np.array([{"a": 1}], dtype=object))
    for other in (content[:1000], b"", b"PK no", pickled.getvalue()):
        path.write_bytes(other)
        with pytest.raises(ValueError, match=r"m\.npz: expected a place model"):
            read_model(path)


def drawn(kind: str, rng: np.random.Generator) -> Image.Image:
    """Return stripes across, stripes down, or noise."""
    rows, columns = np.mgrid[:90, :120]
    stripes = {"across": rows, "down": columns}.get(kind)
    wave = rng.random(rows.shape) if stripes is None else np.sin(stripes / rng.uniform(2.0, 5.0))
    return Image.fromarray((128 + 90 * wave + rng.normal(0, 5, rows.shape)).clip(0, 255).astype(np.uint8))


def test_training_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(11)
    data = tmp_path / "data.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for folder, count in (("train", 10), ("test", 4)):
            for kind in ("across", "down", "noise"):
                for number in range(count):
                    buffer = io.BytesIO()
                    drawn(kind, rng).save(buffer, "png")
                    archive.writestr(f"{folder}/{kind}/{number}.png", buffer.getvalue())
    model, shipped = str(tmp_path / "m.npz"), str(tmp_path / "shipped.npz")
    assert main(["train", str(data), "-o", model]) == 0
    assert main(["export", model, "-o", shipped]) == 0
    assert Path(model).read_bytes() == Path(shipped).read_bytes()
    capsys.readouterr()
    assert main(["evaluate", str(data), "--model", shipped]) == 0
    said = capsys.readouterr().out
    assert "mean_class_accuracy: 1.0" in said
    assert "pictures: 12" in said
    first = Path(model).read_bytes()
    assert main(["train", str(data), "-o", model]) == 0
    assert Path(model).read_bytes() == first  # same data, same bytes


def test_wrong_data_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path)]) == 1
    assert main(["evaluate", str(tmp_path / "missing.zip")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert "expected pictures" in said
