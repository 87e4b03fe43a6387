"""How many threads work at the same time."""

from __future__ import annotations

import os

VARIABLE = "MIXER_THREADS"


def thread_count() -> int:
    """Return how many threads to use: what ``MIXER_THREADS`` says, else one for each core that this process may use.

    Results do not depend on it.
    """
    said = os.environ.get(VARIABLE, "")
    if said.isdecimal() and int(said) >= 1:
        return min(int(said), 1024)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
