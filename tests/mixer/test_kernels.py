"""Kernels: compiled or not, the same result."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from mixer.kernels import SWITCH, Kernel, compiled, uses_numba


def _doubled_numpy(values: NDArray[np.float64]) -> str:
    values *= 2.0
    return "fallback"


@compiled()
def _twice(value: float) -> float:
    return value * 2.0


@compiled(fallback=_doubled_numpy)
def _doubled(values: NDArray[np.float64]) -> str:
    for n in range(len(values)):
        values[n] = _twice(values[n])
    return "compiled"


def test_a_kernel_is_compiled_where_it_can_be() -> None:
    values = np.arange(3.0)
    assert uses_numba()
    assert _doubled(values) == "compiled"
    assert values.tolist() == [0.0, 2.0, 4.0]


def test_the_switch_takes_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    values = np.arange(3.0)
    assert not uses_numba()
    assert _doubled(values) == "fallback"
    assert values.tolist() == [0.0, 2.0, 4.0]
    assert _twice(2.0) == 4.0


def test_without_numba_there_are_the_fallbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixer.kernels._numba", lambda: None)
    assert not uses_numba()
    assert _doubled(np.ones(1)) == "fallback"


def test_a_kernel_is_a_function_to_its_reader() -> None:
    assert isinstance(_twice, Kernel)
    assert vars(_twice)["__name__"] == "_twice"
    assert _twice.function(1.5) == 3.0


def test_kernels_without_a_place_to_keep_code_still_compile() -> None:
    code = (
        "from mixer.kernels import compiled\n"
        "exec('def f(x): return x + 1.0')\n"  # no source file, so no cache
        "print(compiled()(f)(1.0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2.0"


def test_importing_the_mixer_pulls_neither_numba_nor_scipy_signal() -> None:
    modules = "mixer.kernels, mixer.equaliser, mixer.dynamics, mixer.processing"
    code = f"import sys, {modules}; print([m for m in ('numba', 'scipy.signal') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
