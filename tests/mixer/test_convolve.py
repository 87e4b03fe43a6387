"""Block convolution equals convolution."""

from __future__ import annotations

import numpy as np
import pytest

from mixer.convolve import BLOCK, Convolver, Signal, convolve


def run(convolver: Convolver, inputs: list[Signal | None], blocks: int, outputs: int) -> list[np.ndarray]:
    """Play whole signals through a convolver, digital silence as None."""
    heard: list[list[np.ndarray]] = [[] for _ in range(outputs)]
    for n in range(blocks):
        parts = [None if x is None else x[n * BLOCK : (n + 1) * BLOCK] for x in inputs]
        result = convolver.process([None if p is None or not p.any() else p for p in parts])
        for out, block in zip(heard, result, strict=True):
            out.append(np.zeros(BLOCK, np.float32) if block is None else block)
    return [np.concatenate(out) for out in heard]


@pytest.mark.parametrize("taps", [1, 2, 300, BLOCK, BLOCK + 1, 3 * BLOCK - 7])
def test_convolver_equals_convolution(taps: int) -> None:
    rng = np.random.default_rng(taps)
    sound = rng.normal(0, 0.1, 5 * BLOCK).astype(np.float32)
    sound[BLOCK : 3 * BLOCK] = 0.0  # a silence in which tails must go on
    a, b = rng.normal(0, 1, taps) / np.sqrt(taps), rng.normal(0, 1, 5)
    convolver = Convolver({(0, 0): a, (0, 1): b, (1, 1): a}, inputs=2, outputs=2)
    first, second = run(convolver, [sound, sound[::-1].copy()], 5, 2)
    assert np.abs(first - convolve(sound, a)[: 5 * BLOCK]).max() < 2e-6
    both = convolve(sound, b)[: 5 * BLOCK] + convolve(sound[::-1], a)[: 5 * BLOCK]
    assert np.abs(second - both).max() < 3e-6


def test_silence_costs_nothing_and_stays_silent() -> None:
    convolver = Convolver({(0, 0): np.ones(100), (0, 1): np.ones(1)}, inputs=1, outputs=2)
    assert convolver.process([None]) == [None, None]
    assert convolver.process([np.ones(BLOCK, np.float32)])[0] is not None
    tail, direct = convolver.process([None])
    assert tail is not None
    assert direct is None
    assert convolver.process([None]) == [None, None]


def test_convolve_is_numpys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=400), rng.normal(size=37)
    assert convolve(a, b) == pytest.approx(np.convolve(a, b))
