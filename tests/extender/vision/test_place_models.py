"""Place models by name, and what is said when one cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from extender.errors import ExtenderError, UsageError, WeightsError
from extender.plugins import installed
from extender.vision.base import PlaceModel
from extender.vision.detectors import DetectorContext
from extender.vision.place import JoinedPlaceTagger
from extender.vision.place_models import GROUP, by_place, make_place_model
from extender.vision.see import SeeOptions, see
from scenes import load_vocabulary

PIXELS = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)


class Sure:
    """A place model that knows what it sees."""

    name = "sure"

    def __init__(self, **shares: float) -> None:
        self._shares = {name.replace("_", " "): share for name, share in shares.items()}

    def places(self, pixels: object) -> dict[str, float]:
        return self._shares


def test_the_built_in_ones_are_there() -> None:
    assert {"own", "imagenet", "open-vocabulary"} <= set(installed(GROUP))
    own = make_place_model("own", DetectorContext())
    told = own.places(PIXELS)
    assert set(told) <= set(load_vocabulary().places)
    assert 0.0 < sum(told.values()) <= 1.0


def test_words_become_places() -> None:
    assert by_place({"seashore": 0.5, "Coast": 0.25, "wooden spoon": 0.2, "lakeside": 0.0}) == {"beach": 0.75}


def test_what_cannot_be_had_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match="no place model 'nonesuch'"):
        make_place_model("nonesuch", DetectorContext())
    with pytest.raises(WeightsError, match="takes no file"):
        make_place_model("own:x.npz", DetectorContext())
    for name in ("imagenet", "open-vocabulary"):
        with pytest.raises(WeightsError, match=r"put yolo\w+-[-\w]+\.pt into") as refused:
            make_place_model(name, DetectorContext())
        assert "\n" not in str(refused.value)
    with pytest.raises(WeightsError, match=r"missing\.pt"):
        see(None, options=SeeOptions(place_model="imagenet:missing.pt"), vocabulary=load_vocabulary())


def test_what_a_sure_model_tells_is_the_place() -> None:
    place = JoinedPlaceTagger(Sure(church=0.99)).tag(PIXELS, [])
    assert (place.label, place.indoor, place.likely) == ("church", True, None)
    assert place.source == "sure and colour and light"


def test_two_plausible_places_are_both_kept_if_both_are_in_or_out_of_doors() -> None:
    both = JoinedPlaceTagger(Sure(museum=0.5, library=0.4)).tag(PIXELS, [])
    assert both.likely is not None
    assert list(both.likely) == ["museum", "library"] == sorted(both.likely, key=lambda n: -both.likely[n])  # type: ignore[index]
    assert both.confidence == both.likely["museum"]
    across = JoinedPlaceTagger(Sure(street=0.5, shop=0.45)).tag(PIXELS, [])
    assert across.likely is None


def test_a_model_that_knows_nothing_leaves_a_general_place() -> None:
    place = JoinedPlaceTagger(Sure()).tag(np.full((60, 80, 3), 128, np.uint8), [])
    assert place.label in ("indoor", "outdoor")


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    """A classifier of ultralytics' own shape with random weights and two words."""
    ultralytics = pytest.importorskip("ultralytics", reason="needs ultralytics", exc_type=ImportError)
    model = ultralytics.YOLO("yolo11n-cls.yaml", task="classify", verbose=False)
    model.model.names = {n: "seashore" if n % 2 else "library" for n in range(1000)}
    path = tmp_path / "random-cls.pt"
    model.save(path)
    return path


def test_a_classifier_is_a_place_model(classifier: Path) -> None:
    made: Callable[[bool], PlaceModel] = lambda trusted: make_place_model(  # noqa: E731
        f"imagenet:{classifier}", DetectorContext(trust_weights=trusted)
    )
    with pytest.raises(WeightsError, match="--trust-weights"):
        made(False)
    model = made(True)
    assert model.name == "random-cls.pt"
    assert set(model.places(PIXELS)) <= {"beach", "library"}
    with pytest.raises(WeightsError, match="expected weights that segment"):
        make_place_model(f"open-vocabulary:{classifier}", DetectorContext(trust_weights=True))


def test_a_detector_is_no_place_model(weights: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs ultralytics", exc_type=ImportError)
    with pytest.raises(ExtenderError, match="made to detect"):
        make_place_model(f"imagenet:{weights}", DetectorContext(trust_weights=True))
