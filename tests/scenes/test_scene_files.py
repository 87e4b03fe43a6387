"""Scene files: ours, COCO's and YOLO's; a round trip; and one clear line for whatever is not one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenes import (
    COCO_LABELS,
    Box,
    Detection,
    Picture,
    Place,
    Scene,
    SceneDraft,
    SceneError,
    Sighting,
    load_vocabulary,
    read_example,
    read_scene_file,
    scene_to_json,
    write_scene_file,
)
from scenes.foreign import CROWD_COUNT
from tests.conftest import shared

DOG = {"label": "dog", "box": [0.1, 0.2, 0.3, 0.4]}

unit = st.floats(0.0, 1.0)
words = st.text(st.characters(categories=("L", "Nd", "P", "S")), min_size=1, max_size=30)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, x1 = sorted(draw(st.lists(unit, min_size=2, max_size=2, unique=True)))
    y0, y1 = sorted(draw(st.lists(unit, min_size=2, max_size=2, unique=True)))
    return Box(x0, y0, x1, y1)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    ids = draw(st.lists(words, max_size=4, unique=True))
    found = tuple(
        Detection(
            id=name,
            label=draw(words),
            confidence=draw(unit),
            box=draw(boxes()),
            importance=draw(unit),
            azimuth_deg=draw(st.floats(-180, 180)),
            elevation_deg=draw(st.floats(-90, 90)),
            distance_m=draw(st.floats(0.1, 1e4)),
            count=draw(st.integers(1, 100)),
        )
        for name in ids
    )
    tags = st.none() | st.dictionaries(words, unit, max_size=3)
    place = draw(st.builds(Place, words, unit, st.booleans(), st.booleans(), tags, words))
    return Scene(place, found, Picture("photo.jpg", 640, 480, "00"))


def write(tmp_path: Path, content: object, name: str = "scene.json") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def document(*objects: object, **more: object) -> dict[str, object]:
    return {"version": 1, "objects": list(objects), **more}


def failure(path: Path, **options: Any) -> str:
    with pytest.raises(SceneError) as caught:
        read_scene_file(path, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 400
    return message


# Ours


@given(scenes())
def test_a_full_scene_survives_the_round_trip(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> None:
    path = tmp_path_factory.getbasetemp() / "round.json"
    write_scene_file(path, scene, overwrite=True, full=True)
    draft = read_scene_file(path)
    assert draft.place == scene.place
    assert draft.sightings == tuple(
        Sighting(
            d.label, d.box, d.confidence, d.count, d.id, d.importance, d.azimuth_deg, d.elevation_deg, d.distance_m
        )
        for d in scene.detections
    )


@given(scenes())
def test_a_scene_to_edit_leaves_out_what_follows_from_the_box(scene: Scene) -> None:
    rows = json.loads(scene_to_json(scene))["objects"]
    for row, detection in zip(rows, scene.detections, strict=True):
        assert (row["id"], row["label"], row["count"]) == (detection.id, detection.label, detection.count)
        assert "azimuth_deg" not in row
        assert ("distance_m" in row) == ("importance" in row) == (detection.count > 1)


def test_short_forms(tmp_path: Path) -> None:
    corners = {"x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}
    draft = read_scene_file(write(tmp_path, document(DOG, {**DOG, "box": corners, "count": 3}, place="City Street")))
    assert draft.place == Place("street", indoor=False)
    assert draft.sightings[0] == Sighting("dog", Box(0.1, 0.2, 0.3, 0.4))
    assert draft.sightings[1].box == draft.sightings[0].box
    assert draft.sightings[1].count == 3


def test_a_place_knows_whether_it_is_indoors(tmp_path: Path) -> None:
    kitchen = read_scene_file(write(tmp_path, document(place="kitchen"))).place
    assert kitchen is not None
    assert kitchen.indoor
    own = read_scene_file(write(tmp_path, document(place={"label": "spaceship", "indoor": True, "tags": {"night": 1}})))
    assert own.place == Place("spaceship", indoor=True, tags={"night": 1.0})
    assert read_scene_file(write(tmp_path, document())) == SceneDraft(None, ())


def test_a_box_that_sticks_out_by_rounding_is_clipped(tmp_path: Path) -> None:
    draft = read_scene_file(write(tmp_path, document({**DOG, "box": [-0.004, 0, 0.5, 1.01]})))
    assert draft.sightings[0].box == Box(0, 0, 0.5, 1)


def test_an_unknown_place_is_answered_with_a_guess(tmp_path: Path) -> None:
    assert "'stret'; did you mean street" in failure(write(tmp_path, document(place="stret")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "scene.json: line 1, column 1: expected JSON"),
        ('{"version": 1,\n "objects": [}', "scene.json: line 2, column 14: expected JSON"),
        ("[1]", "scene.json: expected an object with version, place and objects, got a list"),
        ("3", "scene.json: scene: expected an object, got 3"),
        ("[" * 100_000, "nested without end"),
        ("9" * 10_000, "of ordinary length"),
        ('{"version": 1, "version": 1}', "expected every key once, got 'version' twice"),
        ({"objects": []}, "version: expected a whole number"),
        ({"version": 2}, "version: expected 1, got 2"),
        ({"version": True}, "version: expected a whole number in 0..100,000, got True"),
        (document(colour=1), "colour: expected only version, picture, comment, place, objects, got an unknown key"),
        (document(objects={}), "objects: expected a list, got an object"),
        (document(7), "objects[0]: expected an object, got 7"),
        (document(DOG, {"label": "cat"}), "objects[1].box: expected {x0, y0, x1, y1} or [x0, y0, x1, y1], got None"),
        (document({**DOG, "labl": "x"}), "objects[0].labl: expected only id, label, "),
        (document({**DOG, "label": ""}), "objects[0].label: expected a text"),
        (
            document({**DOG, "label": "a\nb"}),
            "objects[0].label: expected a text of 1 to 200 printable",
        ),
        (document({**DOG, "label": 5}), "objects[0].label: expected a text"),
        (document({**DOG, "box": [0, 0, 1]}), "objects[0].box: expected [x0, y0, x1, y1], got 3 values"),
        (document({**DOG, "box": [0, 0, "1", 1]}), "objects[0].box.x1: expected a number, got '1'"),
        (document({**DOG, "box": [10, 20, 300, 400]}), "objects[0].box.x0: expected a fraction of the picture in 0..1"),
        (document({**DOG, "box": [0.5, 0, 0.5, 1]}), "objects[0].box: Box.corners must be x0 < x1"),
        (document({**DOG, "confidence": 1.5}), "objects[0]: Sighting.confidence must be in 0..1, got 1.5"),
        (document({**DOG, "confidence": None}), "objects[0].confidence: expected a number, got None"),
        (document({**DOG, "count": 0}), "objects[0]: Sighting.count must be 1 or more"),
        (document({**DOG, "count": 1.5}), "objects[0].count: expected a whole number"),
        (document({**DOG, "azimuth_deg": 181}), "objects[0]: Sighting.azimuth_deg must be in -180..180"),
        (document({**DOG, "distance_m": 0}), "objects[0]: Sighting.distance_m must be metres above 0"),
        (document({**DOG, "importance": 10**400}), "objects[0].importance: expected a finite number, got inf"),
        (document({**DOG, "id": "a"}, {**DOG, "id": "a"}), "objects: expected every id once, got 'a' twice"),
        (json.dumps(document({**DOG, "importance": float("nan")})), "expected numbers, got NaN"),
        (document(place=3), "place: expected an object, got 3"),
        (document(place={"label": "street", "indoor": "no"}), "place.indoor: expected true or false, got 'no'"),
        (document(place={"label": "street", "tags": {"sky": 2}}), "place: Place.tags[sky] must be in 0..1"),
        (document(place={"indoor": True}), "place.label: expected a text"),
    ],
)
def test_mistakes_are_one_line_with_the_position(tmp_path: Path, content: object, message: str) -> None:
    said = failure(write(tmp_path, content))
    assert said.startswith("scene.json: ")
    assert message in said


def test_what_is_no_readable_file(tmp_path: Path) -> None:
    assert "no such file" in failure(tmp_path / "none.json")
    assert "a folder" in failure(tmp_path)
    (tmp_path / "x.json").write_bytes(b'{"version": 1, "picture": "\xff"}')
    assert "x.json: byte 27: expected text in UTF-8" in failure(tmp_path / "x.json")
    assert "empty file" in failure(write(tmp_path, " ", "x.scene"))


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenes.io.MAX_BYTES", 100)
    assert "at most 0.0001 MB" in failure(write(tmp_path, document(comment="x" * 100)))


def test_writing_keeps_what_is_there_and_leaves_nothing_behind(tmp_path: Path) -> None:
    scene = Scene(Place("street"))
    path = tmp_path / "scene.json"
    write_scene_file(path, scene)
    before = path.read_bytes()
    with pytest.raises(SceneError, match="it exists"):
        write_scene_file(path, Scene(Place("park")))
    assert path.read_bytes() == before
    write_scene_file(path, Scene(Place("park")), overwrite=True)
    assert read_scene_file(path).place == Place("park")
    with pytest.raises(SceneError, match="cannot be written"):
        write_scene_file(tmp_path / "none" / "scene.json", scene)
    with pytest.raises(SceneError, match="cannot be written"):
        write_scene_file(tmp_path, scene, overwrite=True)
    assert list(tmp_path.iterdir()) == [path]


def test_the_example_is_a_street_with_a_bus_and_four_persons() -> None:
    draft = read_example()
    assert draft.place is not None
    assert draft.place.label == "street"
    assert sorted(s.label for s in draft.sightings) == ["bus"] + ["person"] * 4
    assert all(s.id and s.importance and s.azimuth_deg and s.elevation_deg and s.distance_m for s in draft.sightings)
    by_box = sorted(draft.sightings, key=lambda s: s.box.centre[0])
    assert [s.azimuth_deg for s in by_box] == sorted((s.azimuth_deg for s in by_box), reverse=True)  # type: ignore[type-var]
    with pytest.raises(SceneError, match="expected street, got 'moon'"):
        read_example("moon")


# COCO


def coco(**image: object) -> dict[str, Any]:
    return {
        "info": {"year": 2017},
        "images": [{"id": 7, "file_name": "a.jpg", "width": 200, "height": 100, **image}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
        "annotations": [
            {"image_id": 7, "category_id": 18, "bbox": [20, 10, 100, 50], "area": 5000, "segmentation": [[1]]},
            {"image_id": 7, "category_id": 1, "bbox": [0, 0, 201, 100], "iscrowd": 1, "score": 0.5},
            {"image_id": 8, "category_id": 1, "bbox": [0, 0, 1, 1]},
        ],
    }


def test_coco(tmp_path: Path) -> None:
    draft = read_scene_file(write(tmp_path, coco()), picture_name="anything.jpg", picture_size=(400, 200))
    assert draft == SceneDraft(
        None,
        (
            Sighting("dog", Box(0.1, 0.1, 0.6, 0.6)),
            Sighting("person", Box(0.0, 0.0, 1.0, 1.0), confidence=0.5, count=CROWD_COUNT),
        ),
    )
    person = load_vocabulary().concepts["person"]
    assert person.group_from is not None
    assert person.group_from <= CROWD_COUNT


def test_coco_without_sizes_takes_the_picture_s(tmp_path: Path) -> None:
    document = coco()
    del document["images"][0]["width"], document["images"][0]["height"]
    path = write(tmp_path, document)
    assert read_scene_file(path, picture_size=(200, 100)).sightings[0].box == Box(0.1, 0.1, 0.6, 0.6)
    assert "images[0].width: expected a number" in failure(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": []}, "images: expected one image, or the name of the picture to choose by, got 0 images"),
        ({"images": {}}, "images: expected a list"),
        ({"categories": []}, "annotations[0].category_id: expected one of the categories, got 18"),
        ({"categories": [{"id": None}]}, "categories[0].id: expected a number or text, got None"),
        ({"annotations": [{"image_id": 7, "category_id": 1}]}, "annotations[0].bbox: expected [x, y, width, height]"),
        (
            {"annotations": [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 300, 5]}]},
            "annotations[0].bbox.x1: expected a fraction of the picture in 0..1, got 1.5",
        ),
        ({"annotations": [3]}, "annotations[0]: expected an object"),
        ({"images": [{"id": 7, "width": 0, "height": 1}]}, "images[0]: expected a size of 1×1 or more"),
    ],
)
def test_mistakes_in_coco_files(tmp_path: Path, change: dict[str, object], message: str) -> None:
    assert message in failure(write(tmp_path, coco() | change))


def test_coco_for_another_picture_and_coco_results(tmp_path: Path) -> None:
    message = failure(write(tmp_path, coco()), picture_size=(100, 200))
    assert "images[0]: expected a picture of the shape 200×100, got one of 100×200" in message
    results = [{"image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.9}]
    assert "expected COCO annotations, got COCO results" in failure(write(tmp_path, results))


def test_all_photographs_of_the_test_data() -> None:
    path = shared("photos/annotations.json")
    truth = json.loads(path.read_text())
    assert "got 51 images" in failure(path)
    assert "expected one named 'none.jpg'" in failure(path, picture_name="none.jpg")
    total = 0
    for image in truth["images"]:
        size = (image["width"], image["height"])
        draft = read_scene_file(path, picture_name=image["file_name"], picture_size=size)
        rows = [row for row in truth["annotations"] if row["image_id"] == image["id"]]
        assert len(draft.sightings) == len(rows)
        for sighting, row in zip(draft.sightings, rows, strict=True):
            assert sighting.label in COCO_LABELS
            assert sighting.box.width * size[0] == pytest.approx(row["bbox"][2], abs=0.01 * size[0])
            assert (sighting.count > 1) == bool(row["iscrowd"])
        total += len(rows)
    assert total == len(truth["annotations"])


# YOLO


def test_yolo_with_coco_s_names(tmp_path: Path) -> None:
    draft = read_scene_file(write(tmp_path, "16 0.5 0.5 0.2 0.4\n\n0 0.25 0.5 0.5 1.0 0.75\n", "a.txt"))
    dog, person = draft.sightings
    assert (dog.label, dog.confidence) == ("dog", 1.0)
    assert (dog.box.x0, dog.box.y0, dog.box.x1, dog.box.y1) == pytest.approx((0.4, 0.3, 0.6, 0.7))
    assert (person.label, person.confidence, person.box) == ("person", 0.75, Box(0, 0, 0.5, 1))
    assert read_scene_file(write(tmp_path, "", "none.txt")) == SceneDraft(None, ())


def test_yolo_with_a_neighbour_s_names(tmp_path: Path) -> None:
    write(tmp_path, "fountain\nold church bell\n", "classes.txt")
    path = write(tmp_path, "1 0.5 0.5 0.2 0.4", "a.txt")
    assert read_scene_file(path).sightings[0].label == "old church bell"
    assert "line 1: expected the number of one of 2 classes, got '2'" in failure(
        write(tmp_path, "2 .5 .5 .2 .4", "a.txt")
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("80 0.5 0.5 0.2 0.4", "line 2: expected the number of one of 80 classes, got '80'"),
        ("dog 0.5 0.5 0.2 0.4", "line 2: expected the number of one of 80 classes, got 'dog'"),
        ("-1 0.5 0.5 0.2 0.4", "line 2: expected the number of one of 80 classes, got '-1'"),
        ("0 0.5 0.5 0.2", "line 2: expected class x y width height [confidence], got 4 values"),
        ("0 .1 .1 .2 .1 .2 .2 .1 .2", "line 2: expected class x y width height [confidence], got 9 values; outlines"),
        ("0 0.5 0.5 0.2 high", "line 2: expected numbers, got 'high'"),
        ("0 0.5 0.5 0.2 nan", "line 2: expected a finite number, got nan"),
        ("0 320 240 20 40", "line 2.x0: expected a fraction of the picture in 0..1, got 310"),
        ("0 0.5 0.5 0 0", "line 2: Box.corners must be"),
        ("0 0.5 0.5 0.2 0.4 7", "line 2: Sighting.confidence must be in 0..1, got 7.0"),
    ],
)
def test_mistakes_in_yolo_files(tmp_path: Path, line: str, message: str) -> None:
    assert failure(write(tmp_path, f"0 0.5 0.5 0.2 0.4\n{line}\n", "a.txt")).startswith(f"a.txt: {message}")


# Anything

KEYS = [
    "version",
    "place",
    "objects",
    "label",
    "box",
    "count",
    "id",
    "x0",
    "tags",
    "images",
    "annotations",
    "categories",
    "name",
    "file_name",
    "width",
    "height",
    "image_id",
    "category_id",
    "bbox",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(json_values, json_values, json_values)
def test_any_json_gives_a_scene_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, whole: object, place: object, item: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    for content in (whole, document(item, place=place), document({**DOG, "box": item}, {**DOG, "id": place})):
        path.write_text(json.dumps(content), encoding="utf-8")
        _reads_or_says_why(path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from([".json", ".txt", ""]))
def test_any_bytes_give_a_scene_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(data)
    _reads_or_says_why(path)


def _reads_or_says_why(path: Path) -> None:
    message = ""
    try:
        assert isinstance(read_scene_file(path, picture_name="a.jpg", picture_size=(4, 3)), SceneDraft)
    except SceneError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
