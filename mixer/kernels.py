"""Compiled loops: for what is recursive, or what would otherwise go through memory many times.

How to write one, beside the module that needs it (``mixer/ear_kernels.py``, …)::

    from mixer.kernels import compiled

    def _decay_numpy(x, a, state):
        ...  # NumPy or SciPy, the same result within 1e-6

    @compiled(fallback=_decay_numpy)
    def decay(x: NDArray[np.float64], a: float, state: NDArray[np.float64]) -> None:
        for n in range(len(x)):  # in the subset of Python that Numba compiles
            state[0] = x[n] + a * (state[0] - x[n])
            x[n] = state[0]

``decay(...)`` compiles when it is first called, keeps the machine code on disk, and releases the GIL while it runs.
Without Numba, or where the environment says ``MIXER_NO_NUMBA=1``, it calls the fallback; without a fallback, the
function itself as plain Python (only for loops over a few items). Kernels may call other kernels, and
use constants, of the same file only: what is kept on disk is compiled anew when that file changes.
Arguments are arrays, numbers and tuples of these; hand arrays over with one dtype and layout everywhere, as each
combination is compiled by itself. Results are written into arrays of the caller where they can be.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

SWITCH = "MIXER_NO_NUMBA"
"""Environment variable: 1 = use the fallbacks."""

_LOCK = threading.RLock()


def uses_numba() -> bool:
    """Tell whether kernels are compiled: Numba is there and is not switched off."""
    return os.environ.get(SWITCH, "") in ("", "0") and _numba() is not None


class Kernel(Generic[P, R]):
    """A function that is compiled when it is first called; see the module's text.

    Parameters
    ----------
    function : function
        In the subset of Python that Numba compiles.
    fallback : function or None
        With the same parameters and result.
    contract : bool
        Let a multiplication and an addition be one instruction with one rounding.

    Attributes
    ----------
    function, fallback
        As given: tests compare them.
    """

    def __init__(self, function: Callable[P, R], fallback: Callable[..., Any] | None, contract: bool) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.fallback = cast(Callable[P, R], fallback or function)
        self._contract = contract
        self._machine: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if not uses_numba():
            return self.fallback(*args, **kwargs)
        return (self._machine or self.machine())(*args, **kwargs)

    def machine(self) -> Callable[P, R]:
        """Return Numba's dispatcher of the function."""
        with _LOCK:
            if self._machine is None:
                self._machine = self._jit()
            return self._machine

    def _jit(self) -> Callable[P, R]:
        numba = _numba()
        plain = cast(FunctionType, self.function)
        # Numba knows its own dispatchers only: the kernels that this one calls are handed over as such.
        names = plain.__globals__
        called = {name: names[name].machine() for name in plain.__code__.co_names if _is_kernel(names.get(name))}
        if called:
            renewed = FunctionType(plain.__code__, {**names, **called}, plain.__name__, plain.__defaults__)
            plain = cast(FunctionType, functools.update_wrapper(renewed, plain))
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
        if self._contract:
            options["fastmath"] = {"contract"}
        try:
            return cast(Callable[P, R], numba.jit(nopython=True, cache=True, **options)(plain))
        except RuntimeError:  # nowhere to keep machine code: neither beside the file nor in the user's cache
            return cast(Callable[P, R], numba.jit(nopython=True, **options)(plain))


def compiled(
    *, fallback: Callable[..., Any] | None = None, contract: bool = False
) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Return a decorator that makes a function a :class:`Kernel`; see the module's text.

    Examples
    --------
    >>> @compiled(fallback=sum)
    ... def total(values):
    ...     result = 0.0
    ...     for value in values:
    ...         result += value
    ...     return result
    >>> total((1.0, 2.0))
    3.0
    """
    return lambda function: Kernel(function, fallback, contract)


def _is_kernel(value: object) -> bool:
    return isinstance(value, Kernel)


@functools.cache
def _numba() -> Any:
    """Return the module, or None where it is missing or does not go with this NumPy."""
    try:
        import numba
    except (ImportError, SystemError):
        return None
    return numba
