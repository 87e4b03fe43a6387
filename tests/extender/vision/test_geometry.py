"""The camera model: known angles and distances, and what must hold for every box."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extender.vision.geometry import FARTHEST_M, NEAREST_M, UNKNOWN_HEIGHT_M, Camera, locate
from scenes import Box, Picture, Sighting, load_vocabulary

SQUARE_90 = Camera(hfov_deg=90.0, aspect=1.0)  # half width and half height at distance 1 are 1
SPHERE = Camera(hfov_deg=360.0, aspect=0.5, panorama=True)

unit = st.floats(0.0, 1.0)
cameras = st.builds(Camera, hfov_deg=st.floats(5.0, 360.0), aspect=st.floats(0.2, 5.0), panorama=st.booleans())


@pytest.mark.parametrize(
    ("point", "azimuth", "elevation"),
    [
        ((0.5, 0.5), 0.0, 0.0),
        ((0.0, 0.5), 45.0, 0.0),
        ((1.0, 0.5), -45.0, 0.0),
        ((0.5, 0.0), 0.0, 45.0),
        ((0.5, 1.0), 0.0, -45.0),
        ((0.25, 0.5), math.degrees(math.atan(0.5)), 0.0),
        ((0.0, 0.0), 45.0, math.degrees(math.atan(1 / math.sqrt(2)))),
    ],
)
def test_known_directions_of_a_pinhole_camera(point: tuple[float, float], azimuth: float, elevation: float) -> None:
    assert SQUARE_90.direction(*point) == pytest.approx((azimuth, elevation))


@pytest.mark.parametrize(
    ("point", "direction"),
    [
        ((0.5, 0.5), (0.0, 0.0)),
        ((0.25, 0.5), (90.0, 0.0)),
        ((0.0, 0.5), (180.0, 0.0)),
        ((1.0, 0.5), (-180.0, 0.0)),
        ((0.5, 0.0), (0.0, 90.0)),
        ((0.5, 1.0), (0.0, -90.0)),
    ],
)
def test_known_directions_of_a_panorama(point: tuple[float, float], direction: tuple[float, float]) -> None:
    assert SPHERE.direction(*point) == pytest.approx(direction)


def test_known_distances() -> None:
    # A person of 1.7 m who fills a quarter of the picture's height: the picture is 2 high at distance 1.
    assert SQUARE_90.distance_m(Box(0.4, 0.375, 0.6, 0.625), 1.7) == pytest.approx(1.7 / 0.5)
    # The same box at the left, its centre 0.8 to the side of the axis: the ray is longer.
    assert SQUARE_90.distance_m(Box(0.0, 0.375, 0.2, 0.625), 1.7) == pytest.approx(3.4 * math.hypot(1, 0.8))
    # 18° high in a panorama: half of it spans 9°.
    assert SPHERE.distance_m(Box(0.4, 0.45, 0.6, 0.55), 1.7) == pytest.approx(0.85 / math.tan(math.radians(9)))
    # Default lens, landscape 3:2.
    camera = Camera()
    high = 2 * math.tan(math.radians(32.5)) * 2 / 3
    assert camera.distance_m(Box(0.4, 0.25, 0.6, 0.75), 1.5) == pytest.approx(1.5 / (0.5 * high))


@given(
    camera=cameras,
    x0=st.floats(0.0, 0.98),
    width=st.floats(0.01, 1.0),
    y0=st.floats(0.0, 0.98),
    height=st.floats(0.01, 1.0),
)
def test_a_mirrored_box_is_mirrored_in_azimuth_alone(
    camera: Camera, x0: float, width: float, y0: float, height: float
) -> None:
    box = Box(x0, y0, min(1.0, x0 + width), min(1.0, y0 + height))
    mirrored = Box(1.0 - box.x1, box.y0, 1.0 - box.x0, box.y1)
    azimuth, elevation = camera.direction(*box.centre)
    assert camera.direction(*mirrored.centre) == pytest.approx((-azimuth, elevation), abs=1e-9)
    assert camera.distance_m(mirrored, 1.7) == pytest.approx(camera.distance_m(box, 1.7))


@given(height=st.floats(0.01, 0.4), x=st.floats(0.2, 0.8), hfov=st.floats(20.0, 120.0))
def test_a_box_twice_as_high_is_half_as_far(height: float, x: float, hfov: float) -> None:
    camera = Camera(hfov)

    def distance(h: float) -> float:
        return camera.distance_m(Box(x - 0.1, 0.5 - h / 2, x + 0.1, 0.5 + h / 2), 1.7)

    assume(distance(2 * height) > NEAREST_M and distance(height) < FARTHEST_M)
    assert distance(2 * height) == pytest.approx(distance(height) / 2)


@given(camera=cameras, one=unit, other=unit, y=unit)
def test_further_left_is_more_to_the_left(camera: Camera, one: float, other: float, y: float) -> None:
    assume(abs(one - other) > 1e-6)
    left, right = min(one, other), max(one, other)
    assert camera.direction(left, y)[0] > camera.direction(right, y)[0]


@given(camera=cameras, one=unit, other=unit, x=unit)
def test_further_up_is_higher(camera: Camera, one: float, other: float, x: float) -> None:
    assume(abs(one - other) > 1e-6)
    assert camera.direction(x, min(one, other))[1] > camera.direction(x, max(one, other))[1]


@given(camera=cameras, y0=st.floats(0.0, 0.9), height=st.floats(0.001, 1.0), metres=st.floats(0.001, 1000.0))
def test_all_values_are_within_their_ranges(camera: Camera, y0: float, height: float, metres: float) -> None:
    box = Box(0.0, y0, 1.0, min(1.0, y0 + height))
    azimuth, elevation = camera.direction(*box.centre)
    assert -180.0 <= azimuth <= 180.0
    assert -90.0 <= elevation <= 90.0
    assert NEAREST_M <= camera.distance_m(box, metres) <= FARTHEST_M


def test_a_box_cut_by_an_edge_is_nearer() -> None:
    whole = SQUARE_90.distance_m(Box(0.4, 0.01, 0.6, 0.99), 8.0)
    below = SQUARE_90.distance_m(Box(0.4, 0.02, 0.6, 1.0), 8.0)
    both = SQUARE_90.distance_m(Box(0.4, 0.0, 0.6, 1.0), 8.0)
    assert below == pytest.approx(whole / 2, rel=0.01)
    assert both == pytest.approx(whole / 4, rel=0.03)


def test_distances_are_clamped() -> None:
    assert SQUARE_90.distance_m(Box(0.4, 0.5, 0.6, 0.5001), 5.0) == FARTHEST_M
    assert SQUARE_90.distance_m(Box(0.4, 0.1, 0.6, 0.9), 0.05) == NEAREST_M


def test_a_thing_of_unknown_height_counts_as_one_metre() -> None:
    box = Box(0.4, 0.4, 0.6, 0.6)
    assert SQUARE_90.distance_m(box, None) == SQUARE_90.distance_m(box, UNKNOWN_HEIGHT_M)


def test_the_camera_of_a_picture() -> None:
    assert Camera.of(None) == Camera(65.0, 2 / 3)
    assert Camera.of(Picture("a", 300, 200, "", 40.0)) == Camera(40.0, 2 / 3)
    assert Camera.of(Picture("a", 400, 200, "", 360.0, panorama=True)) == SPHERE


def test_the_height_comes_from_the_vocabulary_and_given_values_are_kept() -> None:
    vocabulary = load_vocabulary()
    person = vocabulary.find("person")
    assert person is not None
    box = Box(0.1, 0.3, 0.2, 0.6)
    worked_out = locate(Sighting("person", box), SQUARE_90, vocabulary)
    assert worked_out.distance_m == SQUARE_90.distance_m(box, person.height_m)
    assert (worked_out.azimuth_deg, worked_out.elevation_deg) == SQUARE_90.direction(*box.centre)
    given_ones = locate(
        Sighting("person", box, azimuth_deg=-170.0, elevation_deg=12.0, distance_m=0.1), SQUARE_90, vocabulary
    )
    assert (given_ones.azimuth_deg, given_ones.elevation_deg, given_ones.distance_m) == (-170.0, 12.0, 0.1)
    unknown = locate(Sighting("flux capacitor", box), SQUARE_90, vocabulary)
    assert unknown.distance_m == SQUARE_90.distance_m(box, UNKNOWN_HEIGHT_M)
