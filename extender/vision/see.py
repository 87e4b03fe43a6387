"""Picture → Scene: read it, find the things in it, say where they are, how much they matter, and what place it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from extender.errors import InputError, InstallError
from extender.progress import Progress, silent
from extender.vision.base import Detector, Pixels, PlaceTagger
from extender.vision.detectors import DetectorContext, make_detector
from extender.vision.expecting import Expected, expected
from extender.vision.geometry import Camera, locate
from extender.vision.grouping import MAX_SOUNDS, Thing, grouped, limited, numbered, without_doubles
from extender.vision.importance import importance_of, laplacian_of
from extender.vision.picture import LoadedPicture, load_picture
from extender.vision.place import JoinedPlaceTagger, place_from_things
from extender.vision.place_models import OWN, make_place_model
from scenes import Detection, Place, Scene, SceneError, Sighting, Vocabulary, read_scene_file

PLACE_ALONE = "nothing was detected, the sound is that of the place alone: {}"


@dataclass(frozen=True, slots=True)
class SeeOptions:
    """How a picture is looked at.

    Parameters
    ----------
    detector : str or Detector
        Name of an installed detector, ``"none"``, or one that is ready.
    weights, trust_weights, offline
        As in DetectorContext.
    scene_file : Path or None
        Things (and perhaps the place) are read from here; no detector runs.
    panorama : bool
        The picture is the whole circle, even if its metadata does not say so.
    max_sounds : int
        How many things may sound.
    confidence : float
        0..1, what a detector is less sure of is not used.
    place_model : str
        Name of an installed place model; ``NAME:FILE`` with weights of its own.
    """

    detector: str | Detector = "yolo"
    weights: str | Path | None = None
    trust_weights: bool = False
    offline: bool = False
    scene_file: Path | None = None
    panorama: bool = False
    max_sounds: int = MAX_SOUNDS
    confidence: float = 0.25
    place_model: str = OWN


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a look at a picture gave.

    Parameters
    ----------
    scene : scenes.Scene
    pixels : (h, w, 3) uint8 or None
        The picture, upright, no side over 2,048 px; None where there is only a scene file.
    """

    scene: Scene
    pixels: Pixels | None = None


def see(
    picture: Path | None,
    *,
    options: SeeOptions,
    vocabulary: Vocabulary,
    progress: Progress = silent,
    tagger: PlaceTagger | None = None,
) -> Seen:
    """Return what a picture, or a scene file alone, shows.

    A scene file's own values are kept; what it leaves open is worked out as for a detector's sightings.

    Raises
    ------
    extender.errors.ExtenderError
        One line: the picture, the scene file, or the weights asked for cannot be used.
    """
    progress("looking", 0.0)
    judge = tagger or _tagger(options, progress)  # what was asked for and cannot be had is said before any work
    loaded = load_picture(picture, panorama=options.panorama) if picture is not None else None
    look = _from_file(options.scene_file, loaded) if options.scene_file else _detect(loaded, options, progress)
    progress("looking", 0.7)
    place = look.place or _place(loaded, look.sightings, vocabulary, judge)
    found = Expected(look.sightings, ()) if options.scene_file else expected(look.sightings, place)
    things = grouped(_things(found.sightings, loaded, vocabulary), vocabulary, _camera(loaded))
    things, left_out = limited(things, vocabulary, options.max_sounds)
    scene = Scene(
        place=place,
        detections=numbered(things),
        picture=loaded.picture if loaded else None,
        detector=look.by,
        notes=(*(loaded.notes if loaded else ()), *look.notes, *found.notes, *([left_out] if left_out else ())),
    )
    progress("looking", 1.0)
    return Seen(scene, loaded.pixels if loaded else None)


@dataclass(frozen=True, slots=True)
class _Look:
    """Who saw what."""

    by: str
    sightings: list[Sighting]
    place: Place | None = None
    notes: tuple[str, ...] = ()


def _from_file(path: Path, loaded: LoadedPicture | None) -> _Look:
    picture = loaded.picture if loaded else None
    try:
        draft = read_scene_file(
            path,
            picture_name=picture.name if picture else None,
            picture_size=(picture.width, picture.height) if picture else None,
        )
    except SceneError as problem:
        raise InputError(str(problem)) from problem
    return _Look("scene file", list(draft.sightings), draft.place)


def _detect(loaded: LoadedPicture | None, options: SeeOptions, progress: Progress) -> _Look:
    if loaded is None:
        raise InputError("there is nothing to look at: give a picture, or a scene file with --scene")
    detector, why_none = _detector(options, progress)
    if detector is None:
        return _Look("none", [], notes=(PLACE_ALONE.format(why_none),))
    progress("looking", 0.3)
    try:
        sightings = [s for s in detector.detect(loaded.pixels) if s.confidence >= options.confidence]
    except InstallError as problem:  # packages that do not fit together show it only when they are used
        return _Look("none", [], notes=(PLACE_ALONE.format(problem),))
    nothing = f"{detector.name} recognised nothing here: the sound is that of the place alone"
    return _Look(detector.name, without_doubles(sightings), notes=() if sightings else (nothing,))


def _detector(options: SeeOptions, progress: Progress) -> tuple[Detector | None, str]:
    if not isinstance(options.detector, str):
        return options.detector, ""
    context = DetectorContext(options.weights, options.trust_weights, options.offline, progress)
    return make_detector(options.detector, context)


def _place(
    loaded: LoadedPicture | None, sightings: list[Sighting], vocabulary: Vocabulary, tagger: PlaceTagger
) -> Place:
    """Return the place; one the vocabulary does not know becomes plain indoors or outdoors."""
    place = tagger.tag(loaded.pixels, sightings) if loaded else place_from_things(sightings)
    if vocabulary.find_place(place.label) is not None:
        return place
    general = "indoor" if place.indoor else "outdoor"
    return replace(place, label=general, likely=None)


def _tagger(options: SeeOptions, progress: Progress) -> PlaceTagger:
    context = DetectorContext(None, options.trust_weights, options.offline, progress)
    return JoinedPlaceTagger(make_place_model(options.place_model, context))


def _camera(loaded: LoadedPicture | None) -> Camera:
    return Camera.of(loaded.picture if loaded else None)


def _things(sightings: Iterable[Sighting], loaded: LoadedPicture | None, vocabulary: Vocabulary) -> list[Thing]:
    camera = _camera(loaded)
    laplacian = laplacian_of(loaded.pixels) if loaded and sightings else None
    things = []
    for s in sightings:
        where = locate(s, camera, vocabulary)
        importance = importance_of(s.box, s.confidence, laplacian) if s.importance is None else s.importance
        detection = Detection(
            id=s.id or s.label,
            label=s.label,
            confidence=s.confidence,
            box=s.box,
            importance=importance,
            azimuth_deg=where.azimuth_deg,
            elevation_deg=where.elevation_deg,
            distance_m=where.distance_m,
            count=s.count,
        )
        things.append(Thing(detection, named=s.id is not None))
    return things
