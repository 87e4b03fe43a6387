"""Which things speak for which places, and how strongly: 1 = one of them, surely seen, is enough by itself.

Below 0 = it speaks against the place: vehicles around an aeroplane make no street.
"""

from __future__ import annotations

from collections.abc import Mapping

INDOOR_PLACES = frozenset(
    ("indoor", "kitchen", "living room", "dining room", "bedroom", "bathroom", "office", "restaurant", "airport")
)

OUTDOOR_PLACES = frozenset(
    (
        *("outdoor", "street", "railway", "airfield", "harbour", "stadium", "skate park", "zoo", "park", "forest"),
        *("field", "farm", "savanna", "snow", "sky", "beach", "sea", "lake"),
    )
)

MANY_PERSONS = 4
"""From so many on, people at a game are spectators too."""

IMPLIES: Mapping[str, Mapping[str, float]] = {
    # streets and other ways
    "car": {"street": 0.8},
    "bus": {"street": 1.0},
    "truck": {"street": 0.8},
    "motorcycle": {"street": 0.9},
    "bicycle": {"street": 0.5, "park": 0.2},
    "traffic light": {"street": 1.2},
    "stop sign": {"street": 1.2},
    "parking meter": {"street": 1.2},
    "fire hydrant": {"street": 0.7},
    "train": {"railway": 1.4},
    "airplane": {"airfield": 1.4, "sky": 0.6, "street": -1.0},
    # water
    "boat": {"harbour": 0.6, "sea": 0.5, "lake": 0.3},
    "surfboard": {"beach": 1.0, "sea": 0.7},
    # snow
    "skis": {"snow": 1.4},
    "snowboard": {"snow": 1.4},
    # play
    "bench": {"park": 0.5},
    "frisbee": {"park": 1.0},
    "kite": {"park": 0.5, "beach": 0.6, "field": 0.3},
    "skateboard": {"skate park": 0.9, "street": 0.4},
    "sports ball": {"stadium": 0.6, "park": 0.4},
    "baseball bat": {"stadium": 1.2},
    "baseball glove": {"stadium": 1.0},
    "tennis racket": {"stadium": 1.1},
    "umbrella": {"street": 0.15, "beach": 0.3},
    "person": {"street": 0.1},
    # animals
    "bird": {"outdoor": 0.1, "park": 0.1, "sea": 0.1, "beach": 0.1},
    "cat": {"living room": 0.5},
    "dog": {"park": 0.2, "living room": 0.1},
    "horse": {"field": 0.7, "farm": 0.4, "beach": 0.1},
    "cow": {"field": 0.9, "farm": 0.8},
    "sheep": {"field": 0.9, "farm": 0.7},
    "elephant": {"zoo": 1.1, "savanna": 0.7},
    "bear": {"zoo": 0.8, "forest": 0.7},
    "zebra": {"zoo": 0.8, "savanna": 1.0},
    "giraffe": {"zoo": 0.9, "savanna": 0.9},
    # at home
    "oven": {"kitchen": 1.2},
    "microwave": {"kitchen": 1.1},
    "refrigerator": {"kitchen": 1.1},
    "toaster": {"kitchen": 0.9},
    "sink": {"bathroom": 0.8, "kitchen": 0.6},
    "toilet": {"bathroom": 1.5},
    "toothbrush": {"bathroom": 1.0},
    "hair drier": {"bathroom": 0.9},
    "bed": {"bedroom": 1.4},
    "couch": {"living room": 1.2},
    "remote": {"living room": 0.6},
    "vase": {"living room": 0.3},
    "teddy bear": {"bedroom": 0.4, "living room": 0.2},
    "potted plant": {"living room": 0.2},
    "tv": {"living room": 0.6, "office": 0.4},
    "book": {"office": 0.2, "living room": 0.2},
    # at work
    "laptop": {"office": 0.9},
    "keyboard": {"office": 1.0},
    "mouse": {"office": 0.8},
    "cell phone": {"office": 0.1, "indoor": 0.1},
    "suitcase": {"airport": 0.7},
    # at table
    "dining table": {"dining room": 0.7, "restaurant": 0.4},
    "chair": {"dining room": 0.2, "office": 0.1, "living room": 0.1},
    "wine glass": {"restaurant": 0.6},
    "bottle": {"restaurant": 0.15, "kitchen": 0.1},
    "cup": {"dining room": 0.1, "office": 0.1, "kitchen": 0.1, "restaurant": 0.1},
    "fork": {"restaurant": 0.3, "dining room": 0.3},
    "knife": {"restaurant": 0.2, "dining room": 0.2, "kitchen": 0.1},
    "spoon": {"restaurant": 0.2, "dining room": 0.2, "kitchen": 0.1},
    "bowl": {"dining room": 0.2, "restaurant": 0.2, "kitchen": 0.2},
    "pizza": {"restaurant": 0.7},
    "sandwich": {"restaurant": 0.5},
    "hot dog": {"restaurant": 0.3, "street": 0.2},
    "donut": {"restaurant": 0.4},
    "cake": {"dining room": 0.5, "restaurant": 0.2},
    "broccoli": {"restaurant": 0.4, "kitchen": 0.2},
    "carrot": {"restaurant": 0.2, "kitchen": 0.2},
    "banana": {"kitchen": 0.3},
    "apple": {"kitchen": 0.3},
    "orange": {"kitchen": 0.3},
}
"""Weights of the 80 COCO labels; those not named (backpack, tie, …) are met everywhere."""
