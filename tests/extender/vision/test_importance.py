"""Each term of the importance by itself, and the formula as documented."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.vision.base import Pixels
from extender.vision.importance import centrality_of, importance, importance_of, laplacian_of, sharpness_in
from scenes import Box

unit = st.floats(0.0, 1.0)
TERMS = ("area", "centrality", "confidence", "sharpness")


def test_the_formula() -> None:
    got = importance(area=0.25, centrality=0.6, confidence=0.9, sharpness=0.5)
    assert got == pytest.approx(0.40 * 0.5 + 0.25 * 0.6 + 0.20 * 0.9 + 0.15 * 0.5)
    assert importance(area=1.0, centrality=1.0, confidence=1.0, sharpness=1.0) == pytest.approx(1.0)
    assert importance(area=0.0, centrality=0.0, confidence=0.0, sharpness=0.0) == 0.0


@pytest.mark.parametrize("term", TERMS)
@given(values=st.tuples(unit, unit, unit, unit), one=unit, other=unit)
def test_it_grows_with_each_term_and_stays_within_0_and_1(
    term: str, values: tuple[float, ...], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    terms = dict(zip(TERMS, values, strict=True))
    less, more = importance(**(terms | {term: low})), importance(**(terms | {term: high}))
    assert 0.0 <= less <= more <= 1.0
    if high > low + 1e-9:
        assert less < more


def test_centrality() -> None:
    assert centrality_of(Box(0.4, 0.4, 0.6, 0.6)) == pytest.approx(1.0)
    assert centrality_of(Box(0.2, 0.5, 0.3, 0.5 + 1e-12)) == pytest.approx(1 - 0.5 / math.sqrt(2))
    assert centrality_of(Box(0.0, 0.0, 1e-9, 1e-9)) == pytest.approx(0.0, abs=1e-8)


@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_centrality_falls_towards_the_corner(one: float, other: float) -> None:
    near, far = sorted((one, other))

    def at(offset: float) -> float:
        centre = 0.5 + offset * 0.8
        return centrality_of(Box(centre - 0.05, centre - 0.05, centre + 0.05, centre + 0.05))

    assert at(far) <= at(near) + 1e-12


def half_sharp() -> Pixels:
    """Noise at the left, nothing at the right."""
    pixels = np.full((40, 80, 3), 128, np.uint8)
    pixels[:, :40] = np.random.default_rng(0).integers(0, 255, (40, 40, 1))
    return pixels


def test_the_sharp_half_matters_more() -> None:
    laplacian = laplacian_of(half_sharp())
    left, right = Box(0.05, 0.2, 0.4, 0.8), Box(0.6, 0.2, 0.95, 0.8)
    assert sharpness_in(laplacian, left) > 0.6
    assert sharpness_in(laplacian, right) == 0.0
    assert sharpness_in(laplacian, Box(0.0, 0.0, 1.0, 1.0)) == pytest.approx(0.5)
    assert importance_of(left, 0.9, laplacian) - importance_of(right, 0.9, laplacian) == pytest.approx(
        0.15 * sharpness_in(laplacian, left)
    )


def test_the_laplacian_of_a_single_bright_point() -> None:
    pixels = np.zeros((5, 5, 3), np.uint8)
    pixels[2, 2] = 100
    expected = np.zeros((5, 5), np.float32)
    expected[2, 2] = -400
    expected[[1, 3, 2, 2], [2, 2, 1, 3]] = 100
    assert laplacian_of(pixels) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 1)])
def test_tiny_and_even_pictures_count_as_evenly_sharp(size: tuple[int, int]) -> None:
    laplacian = laplacian_of(np.full((*size, 3), 77, np.uint8))
    assert sharpness_in(laplacian, Box(0.999, 0.999, 1.0, 1.0)) == 0.5
    box = Box(0.2, 0.2, 0.8, 0.8)
    assert importance_of(box, 1.0, laplacian) == importance_of(box, 1.0, None)


@given(x0=st.floats(0.0, 1.0, exclude_max=True), y0=st.floats(0.0, 1.0, exclude_max=True))
def test_every_box_has_at_least_a_pixel(x0: float, y0: float) -> None:
    box = Box(x0, y0, math.nextafter(x0, 2), math.nextafter(y0, 2))
    assert 0.0 <= sharpness_in(laplacian_of(half_sharp()), box) <= 1.0
