"""The YOLO detector on real photographs: it finds what is there, and leaves the process and the folder as they were."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extender.errors import InstallError, WeightsError
from extender.vision.base import DetectorUnavailable, Pixels
from extender.vision.grouping import iou
from extender.vision.picture import load_picture
from scenes import Box, Sighting
from tests.conftest import shared

STREET = "000000423617.jpg"
KITCHEN = "000000397133.jpg"


def needs_ultralytics() -> None:
    """Skip where it is absent, without importing it: that alone would set environment variables."""
    if importlib.util.find_spec("ultralytics") is None:
        pytest.skip("needs ultralytics: pip install 'image-extender[detect]'")


@pytest.fixture(scope="session")
def yolo(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A loaded detector; skipped where ultralytics is absent."""
    from extender.vision.yolo import YoloDetector

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXTENDER_CACHE", str(tmp_path_factory.mktemp("cache")))
        needs_ultralytics()
        yield YoloDetector(weights, trusted=True)


def truth(photos: Path, name: str) -> list[tuple[str, Box]]:
    """Return the annotated objects larger than 1 % of a photograph."""
    data = json.loads((photos / "annotations.json").read_text())
    image = next(i for i in data["images"] if i["file_name"] == name)
    names = {c["id"]: c["name"] for c in data["categories"]}
    result = []
    for a in data["annotations"]:
        if a["image_id"] == image["id"] and not a["iscrowd"]:
            x, y, w, h = a["bbox"]
            box = Box(
                x / image["width"],
                y / image["height"],
                min(1.0, (x + w) / image["width"]),
                min(1.0, (y + h) / image["height"]),
            )
            if box.area > 0.01:
                result.append((names[a["category_id"]], box))
    return result


def found_share(sightings: list[Sighting], objects: list[tuple[str, Box]]) -> float:
    """Return the recall at IoU 0.5."""
    hits = sum(any(s.label == label and iou(s.box, box) >= 0.5 for s in sightings) for label, box in objects)
    return hits / len(objects)


def test_it_finds_most_large_objects(yolo: Any, photos: Path) -> None:
    for name in (STREET, "000000078499.jpg", "000000234748.jpg"):
        sightings = yolo.detect(load_picture(photos / name).pixels)
        assert found_share(sightings, truth(photos, name)) >= 0.6
        assert [s.confidence for s in sightings] == sorted((s.confidence for s in sightings), reverse=True)
    assert yolo.name == "yolo11n.pt"


def test_red_is_red(yolo: Any, photos: Path) -> None:
    """With red and blue exchanged the red stop sign is seen with less confidence, or not at all."""
    pixels = load_picture(photos / "000000460229.jpg").pixels

    def confidence(view: Pixels) -> float:
        return max((s.confidence for s in yolo.detect(view) if s.label == "stop sign"), default=0.0)

    assert confidence(pixels) > 0.8
    assert confidence(pixels) > confidence(np.ascontiguousarray(pixels[:, :, ::-1]))


def test_the_same_picture_gives_the_same_answer_and_a_mirrored_one_the_mirror_image(yolo: Any, photos: Path) -> None:
    pixels = load_picture(photos / STREET).pixels
    one = yolo.detect(pixels)
    assert yolo.detect(pixels) == one
    best = one[0]
    mirrored = yolo.detect(np.ascontiguousarray(pixels[:, ::-1]))
    assert best.confidence > 0.8
    back = Box(1 - best.box.x1, best.box.y0, 1 - best.box.x0, best.box.y1)
    assert any(s.label == best.label and iou(s.box, back) > 0.8 for s in mirrored)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (1000, 3)])
def test_odd_shapes_are_looked_at_without_complaint(yolo: Any, shape: tuple[int, int]) -> None:
    for s in yolo.detect(np.full((*shape, 3), 128, np.uint8)):
        assert 0.0 <= s.confidence <= 1.0


def test_the_process_and_the_folder_stay_as_they_were(
    weights: Path, yolo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from extender.vision.yolo import YoloDetector

    monkeypatch.chdir(tmp_path)
    environment, printing = dict(os.environ), np.get_printoptions()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        YoloDetector(weights, trusted=True).detect(np.zeros((64, 64, 3), np.uint8))
    assert dict(os.environ) == environment
    assert np.get_printoptions() == printing
    assert list(tmp_path.iterdir()) == []
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_a_fresh_process_writes_and_says_nothing_and_needs_no_torchvision(weights: Path, tmp_path: Path) -> None:
    needs_ultralytics()
    code = (
        "import sys, os, numpy as np; from pathlib import Path; before = dict(os.environ)\n"
        "from extender.vision.yolo import YoloDetector\n"
        "d = YoloDetector(Path(sys.argv[1]), trusted=True); d.detect(np.zeros((64, 64, 3), np.uint8))\n"
        "import ultralytics.utils as u\n"
        "assert dict(os.environ) == before, set(os.environ) ^ set(before)\n"
        "assert 'torchvision' not in sys.modules and 'matplotlib' not in sys.modules\n"
        "assert not u.AUTOINSTALL and not u.ONLINE and not u.SETTINGS['sync']\n"
    )
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO_", "XDG_", "OMP_"))}
    environment |= {
        "HOME": str(home),
        "EXTENDER_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    }
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(weights)],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(here.iterdir()) == []
    assert not any(home.rglob("*ltralytics*"))


def test_an_openvino_export_finds_the_same(yolo: Any, photos: Path) -> None:
    pytest.importorskip("openvino", reason="needs openvino", exc_type=ImportError)
    from extender.vision.yolo import YoloDetector

    exported = YoloDetector(shared("weights/yolo11n_int8_openvino_model"))
    assert exported.name == "yolo11n_int8_openvino_model"
    for name in (STREET, KITCHEN):
        pixels = load_picture(photos / name).pixels
        other = exported.detect(pixels)
        for s in yolo.detect(pixels):
            if s.confidence > 0.7:
                assert any(o.label == s.label and iou(o.box, s.box) > 0.6 for o in other)


def test_weights_that_only_look_whole_are_one_line(tmp_path: Path, weights: Path) -> None:
    needs_ultralytics()
    import zipfile

    from extender.vision.yolo import YoloDetector

    fake = tmp_path / "fake.pt"
    with zipfile.ZipFile(fake, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
    cut = tmp_path / "cut.pt"
    cut.write_bytes(weights.read_bytes()[:1_000_000])
    for path in (fake, cut):
        with pytest.raises(WeightsError) as caught:
            YoloDetector(path, trusted=True)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_damaged_openvino_export_is_one_line(tmp_path: Path) -> None:
    needs_ultralytics()
    pytest.importorskip("openvino", reason="needs openvino", exc_type=ImportError)
    from extender.vision.yolo import YoloDetector

    folder = tmp_path / "broken_openvino_model"
    shutil.copytree(shared("weights/yolo11n_int8_openvino_model"), folder)
    xml = next(folder.glob("*.xml"))
    xml.write_bytes(xml.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="broken_openvino_model could not be used") as caught:
        YoloDetector(folder).detect(np.zeros((64, 64, 3), np.uint8))
    assert "\n" not in str(caught.value)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from extender.vision import yolo as module

    absent = {"ultralytics"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in absent else object())
    path = tmp_path / "a.onnx"
    path.write_bytes(b"x")
    with pytest.raises(DetectorUnavailable, match=r'pip install "image-extender\[detect\]"'):
        module.YoloDetector(path)
    absent = {"onnxruntime"}
    with pytest.raises(DetectorUnavailable, match="pip install onnxruntime"):
        module.YoloDetector(path)


def test_a_torchvision_that_does_not_match_is_one_line(yolo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(yolo._model, "predict", fails)
    with pytest.raises(InstallError, match=r"torchvision .* does not match torch .*pip install") as caught:
        yolo.detect(np.zeros((8, 8, 3), np.uint8))
    assert "\n" not in str(caught.value)
