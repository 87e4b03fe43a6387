"""From a picture, or a scene file, to a scene."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from extender.errors import InputError, UsageError, WeightsError
from extender.vision.base import Pixels
from extender.vision.geometry import Camera
from extender.vision.see import SeeOptions, see
from scenes import Box, Scene, Sighting, load_vocabulary, read_example, write_scene_file

VOCABULARY = load_vocabulary()


@dataclass
class Fixed:
    """A detector that sees what it was made with."""

    sightings: list[Sighting]
    name: str = "fixed"
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def detect(self, pixels: Pixels) -> list[Sighting]:
        self.shapes.append(pixels.shape)
        return self.sightings


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture with some detail."""
    noise = np.random.default_rng(3).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(noise).save(path)
    return path


def look(path: Path | None, **options: object) -> Scene:
    return see(path, options=replace(SeeOptions(), **options), vocabulary=VOCABULARY).scene  # type: ignore[arg-type]


def at(label: str, x: float, confidence: float = 0.9) -> Sighting:
    return Sighting(label, Box(x - 0.05, 0.4, x + 0.05, 0.7), confidence)


def test_a_picture_becomes_a_scene(photo: Path) -> None:
    detector = Fixed([at("dog", 0.2), at("car", 0.8, 0.5), at("dining table", 0.5), at("cat", 0.5, 0.1)])
    told: list[float] = []
    seen = see(
        photo,
        options=SeeOptions(detector=detector),
        vocabulary=VOCABULARY,
        progress=lambda _, fraction: told.append(fraction),
    )
    scene = seen.scene
    assert scene.detector == "fixed"
    assert scene.picture is not None
    assert (scene.picture.name, scene.picture.width, scene.picture.height) == ("photo.png", 90, 60)
    assert detector.shapes == [(60, 90, 3)]
    assert seen.pixels is not None
    assert {d.id for d in scene.detections} == {"dog-1", "car-1", "dining-table-1"}  # the cat is too unsure
    dog = next(d for d in scene.detections if d.label == "dog")
    assert (dog.azimuth_deg, dog.elevation_deg) == Camera.of(scene.picture).direction(*dog.box.centre)
    concept = VOCABULARY.find("dog")
    assert concept is not None
    assert dog.distance_m == Camera.of(scene.picture).distance_m(dog.box, concept.height_m)
    assert scene.notes == ()
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_same_picture_gives_the_same_scene_in_whatever_order_things_are_seen(photo: Path) -> None:
    sightings = [at("person", 0.06 + 0.07 * i, 0.5 + 0.02 * i) for i in range(12)] + [at("dog", 0.5), at("car", 0.3)]
    one = look(photo, detector=Fixed(sightings))
    assert look(photo, detector=Fixed(sightings[::-1])) == one
    assert [(d.label, d.count) for d in one.detections if d.count > 1] == [("crowd", 12)]


def test_doubles_and_the_limit(photo: Path) -> None:
    sightings = [at("dog", 0.5, 0.9), at("dog", 0.501, 0.4), *(at("cat", 0.1 * i) for i in (1, 3, 7, 9))]
    scene = look(photo, detector=Fixed(sightings), max_sounds=3)
    assert len(scene.detections) == 3
    assert [d.confidence for d in scene.detections if d.label == "dog"] == [0.9]
    assert scene.notes == ("2 less important things are left out (2 × cat): --max-sounds 5 keeps all",)


def test_left_and_right_stay_as_in_the_picture(photo: Path) -> None:
    labels = ("dog", "cat", "car", "bird", "horse", "cow")
    scene = look(photo, detector=Fixed([at(label, 0.1 + 0.15 * i) for i, label in enumerate(labels)]))
    by_box = sorted(scene.detections, key=lambda d: d.box.centre[0])
    assert [d.label for d in by_box] == list(labels)
    assert [d.azimuth_deg for d in by_box] == sorted((d.azimuth_deg for d in scene.detections), reverse=True)


def test_nothing_seen_is_said(photo: Path) -> None:
    scene = look(photo, detector=Fixed([]))
    assert scene.detections == ()
    assert scene.notes == ("fixed recognised nothing here: the sound is that of the place alone",)


def test_without_a_detector_there_is_still_a_place(photo: Path) -> None:
    scene = look(photo, detector="none")
    assert scene.detector == "none"
    assert len(scene.notes) == 1
    assert VOCABULARY.find_place(scene.place.label) is not None


def test_without_weights_the_place_remains_and_one_line_says_what_mends_it(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EXTENDER_WEIGHTS", raising=False)
    scene = look(photo, offline=True)
    assert (scene.detector, scene.detections) == ("none", ())
    (note,) = scene.notes
    assert "\n" not in note
    assert "extender weights fetch" in note or "pip install" in note
    assert not (tmp_path / "cache").exists()


def test_what_was_asked_for_wrongly_is_an_error(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nonesuch"):
        look(photo, detector="nonesuch")
    with pytest.raises(InputError, match="nothing to look at"):
        look(None)
    with pytest.raises(InputError, match="no file"):
        look(tmp_path / "missing.jpg", detector="none")
    with pytest.raises(InputError, match="scene"):
        look(photo, scene_file=tmp_path / "missing.json")
    (tmp_path / "bad.json").write_text('{"version": 1, "objects": [{"label": "dog", "box": [0, 0, 1, NaN]}]}')
    with pytest.raises(InputError, match=r"bad\.json"):
        look(photo, scene_file=tmp_path / "bad.json")


def test_weights_asked_for_that_do_not_exist_are_an_error(photo: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs ultralytics", exc_type=ImportError)
    with pytest.raises(WeightsError, match="nowhere"):
        look(photo, weights="nowhere.pt")


def scene_file(folder: Path, *objects: dict[str, object], **more: object) -> Path:
    path = folder / "scene.json"
    path.write_text(json.dumps({"version": 1, "objects": list(objects)} | more))
    return path


def test_a_scene_files_values_are_kept_and_the_rest_is_worked_out(photo: Path, tmp_path: Path) -> None:
    box = [0.1, 0.4, 0.2, 0.7]
    path = scene_file(
        tmp_path,
        {"id": "rex", "label": "dog", "box": box, "importance": 0.123, "azimuth_deg": -99.0, "distance_m": 150.0},
        {"label": "dog", "box": box, "confidence": 0.7},
        place="beach",
    )
    scene = look(photo, scene_file=path, weights="not looked for")
    assert (scene.detector, scene.place.label, scene.place.source) == ("scene file", "beach", "scene file")
    rex = next(d for d in scene.detections if d.id == "rex")
    other = next(d for d in scene.detections if d.id == "dog-1")
    assert (rex.importance, rex.azimuth_deg, rex.distance_m) == (0.123, -99.0, 150.0)
    assert rex.elevation_deg == other.elevation_deg
    assert other.azimuth_deg == Camera.of(scene.picture).direction(*other.box.centre)[0]
    assert other.confidence == 0.7


def test_what_a_person_named_is_neither_grouped_nor_left_out(photo: Path, tmp_path: Path) -> None:
    def person(i: int) -> dict[str, object]:
        return {"label": "person", "box": [0.07 * i, 0.4, 0.07 * i + 0.05, 0.6]}

    named = [{"id": f"actor-{i}", **person(i)} for i in range(12)]
    scene = look(photo, scene_file=scene_file(tmp_path, *named), max_sounds=3)
    assert {d.id for d in scene.detections} == {f"actor-{i}" for i in range(12)}
    unnamed = look(photo, scene_file=scene_file(tmp_path, *map(person, range(12))), max_sounds=3)
    assert [(d.id, d.count) for d in unnamed.detections] == [("crowd-1", 12)]


def test_a_saved_scene_comes_back_the_same(photo: Path, tmp_path: Path) -> None:
    sightings = [at("person", 0.06 + 0.07 * i) for i in range(12)] + [at("dog", 0.3), at("dining table", 0.6)]
    first = look(photo, detector=Fixed(sightings))
    write_scene_file(tmp_path / "saved.json", first)
    again = look(photo, scene_file=tmp_path / "saved.json")
    assert again.detections == first.detections
    assert replace(again.place, source=first.place.source) == first.place
    assert again.picture == first.picture


def test_a_scene_file_needs_no_picture(tmp_path: Path) -> None:
    path = scene_file(tmp_path, {"label": "oven", "box": [0.1, 0.4, 0.3, 0.9]})
    seen = see(None, options=SeeOptions(scene_file=path), vocabulary=VOCABULARY)
    assert seen.pixels is None
    assert seen.scene.picture is None
    assert (seen.scene.place.label, seen.scene.place.source) == ("kitchen", "things seen")
    (oven,) = seen.scene.detections
    assert oven.azimuth_deg == Camera().direction(*oven.box.centre)[0]


def test_the_packaged_example_can_be_seen(tmp_path: Path) -> None:
    draft = read_example()
    assert draft.place is not None
    assert draft.sightings


def test_a_panorama_reaches_behind(tmp_path: Path) -> None:
    path = tmp_path / "sphere.png"
    Image.new("RGB", (200, 100), "grey").save(path)
    scene = look(path, detector=Fixed([at("dog", 0.06), at("cat", 0.94)]), panorama=True)
    assert scene.picture is not None
    assert scene.picture.panorama
    azimuths = {d.label: d.azimuth_deg for d in scene.detections}
    assert azimuths == pytest.approx({"dog": 158.4, "cat": -158.4})


def test_one_pixel(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1), "white").save(path)
    scene = look(path, detector=Fixed([Sighting("dog", Box(0, 0, 1, 1), 0.5)]))
    assert len(scene.detections) == 1
    assert look(path, detector="none").place.label
