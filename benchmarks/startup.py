"""How long commands take that should feel instant: `python -m benchmarks.startup`.

Prints JSON lines: median seconds of 7 runs after one warm-up, and the ratio to a bare Python in the same run.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from benchmarks.common import emit, measure

RUNS = 7


def median_s(command: list[str]) -> float:
    """Return the median wall time of several runs after one that does not count."""
    measure(command)
    return statistics.median(measure(command).seconds for _ in range(RUNS))


def main() -> None:
    """Measure and print."""
    extender = str(Path(sys.executable).with_name("extender"))
    bare = median_s([sys.executable, "-c", "pass"])
    for name, command in {
        "extender --help": [extender, "--help"],
        "extender render --help": [extender, "render", "--help"],
        "import mixer": [sys.executable, "-c", "import mixer"],
        "import scenes": [sys.executable, "-c", "import scenes"],
    }.items():
        seconds = median_s(command)
        emit(workload=name, seconds=round(seconds, 3), bare_python_s=round(bare, 3), ratio=round(seconds / bare, 1))


if __name__ == "__main__":
    main()
