"""The words: what is in a picture, and what that sounds like. Knows nothing of audio, network or frameworks."""

from scenes.coco import COCO_LABELS
from scenes.errors import SceneError
from scenes.io import SceneDraft, read_example, read_scene_file, scene_to_json, write_scene_file
from scenes.layers import Layer, beds_of, events_of, room_between
from scenes.place_things import odds_in, place_kin, place_kinds, place_odds, place_things
from scenes.types import Box, Detection, Picture, Place, Scene, Sighting
from scenes.vocabulary import ROOTS, Concept, PlaceConcept, Role, Vocabulary, load_vocabulary

__all__ = [
    "COCO_LABELS",
    "ROOTS",
    "Box",
    "Concept",
    "Detection",
    "Layer",
    "Picture",
    "Place",
    "PlaceConcept",
    "Role",
    "Scene",
    "SceneDraft",
    "SceneError",
    "Sighting",
    "Vocabulary",
    "beds_of",
    "events_of",
    "load_vocabulary",
    "odds_in",
    "place_kin",
    "place_kinds",
    "place_odds",
    "place_things",
    "read_example",
    "read_scene_file",
    "room_between",
    "scene_to_json",
    "write_scene_file",
]
