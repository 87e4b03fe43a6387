"""Place models by name: our own, and through ultralytics a classifier of ImageNet or a tagger of many words.

Entry points of ``extender.place_models`` are called with a :class:`~extender.vision.detectors.DetectorContext`, whose
``weights`` are what stood after the colon of ``--place-model NAME:FILE``, or None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from extender.errors import InstallError, WeightsError
from extender.plugins import load_plugin
from extender.vision.base import Pixels, PlaceModel
from extender.vision.detectors import DetectorContext
from scenes import load_vocabulary, place_kin

GROUP = "extender.place_models"
OWN = "own"
IMAGENET_WEIGHTS = "yolo11n-cls.pt"
OPEN_WEIGHTS = "yoloe-11s-seg-pf.pt"


class OwnPlaces:
    """The model that comes with the package (:mod:`models.places`); what it does not believe is for other places.

    It knows fifteen; ``scenes/data/place_kin.csv`` says what its word may mean where a picture shows something else.
    """

    name = "place model"

    def __init__(self, context: DetectorContext) -> None:
        if context.weights is not None:
            raise WeightsError(f"the place model {OWN!r} takes no file, got {context.weights}")
        from models.places import place_model

        try:
            self._model = place_model()
        except (OSError, ValueError) as problem:
            raise InstallError(f"{problem}: reinstall image-extender") from problem

    def places(self, pixels: Pixels) -> dict[str, float]:
        """Return the probability of each place that is meant; together how sure the model is that it knows it."""
        told = self._model(pixels)
        meant: dict[str, float] = defaultdict(float)
        for name, share in by_place(told.shares).items():
            for place, part in place_kin().get(name, {name: 1.0}).items():
                meant[place] += share * told.known * part
        return dict(meant)


class UltralyticsPlaces:
    """A classifier or tagger whose words name places among other things, through ultralytics.

    Parameters
    ----------
    context : DetectorContext
        ``weights``: a file, or the name of one in the weights folder; None = ``default``.
    default : str
    task : {"classify", "segment"}
        What the weights must be for: a classifier, or a tagger that finds things of many words.

    Raises
    ------
    extender.errors.ExtenderError
        One line: ultralytics or the weights are not there, or are not to be trusted, or are for another task.
    """

    def __init__(self, context: DetectorContext, default: str, task: str) -> None:
        from extender.vision.ultralytics_tags import Tagger
        from extender.vision.weights import place_weights

        weights = place_weights(context.weights, default)
        self.name = weights.name
        self._tagger = Tagger(weights, trusted=context.trust_weights, task=task)

    def places(self, pixels: Pixels) -> dict[str, float]:
        """Return the probability of each place that is named; together 1 or less."""
        told = by_place(self._tagger(pixels))
        return {name: share / max(1.0, sum(told.values())) for name, share in told.items()}


def make_imagenet(context: DetectorContext) -> PlaceModel:
    """Return a classifier with ImageNet's 1,000 classes, of which some three dozen are places."""
    return UltralyticsPlaces(context, IMAGENET_WEIGHTS, "classify")


def make_open_vocabulary(context: DetectorContext) -> PlaceModel:
    """Return YOLOE without prompts, which knows 4,585 words."""
    return UltralyticsPlaces(context, OPEN_WEIGHTS, "segment")


def make_place_model(asked: str, context: DetectorContext) -> PlaceModel:
    """Return a place model by name; ``context.weights`` is replaced by what stands after a colon.

    Raises
    ------
    extender.errors.ExtenderError
        One line: there is none of that name, or it cannot be used here.
    """
    name, _, file = asked.partition(":")
    own = DetectorContext(Path(file) if file else None, context.trust_weights, context.offline, context.progress)
    make: Callable[[DetectorContext], PlaceModel] = load_plugin(GROUP, name)
    return make(own)


def by_place(words: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities of words as those of the vocabulary's places; words that name none are left out."""
    vocabulary = load_vocabulary()
    shares: dict[str, float] = {}
    for word, share in words.items():
        found = vocabulary.find_place(word)
        if found is not None and np.isfinite(share) and share > 0.0:
            shares[found.name] = shares.get(found.name, 0.0) + float(share)
    return shares
