"""How quick the procedural models are.

    python -m benchmarks.procedural [--takes 3] [MODEL …]

One JSON line for each model: seconds of work per second of sound. How near the models come to recordings of what they
stand for is measured by ``python -m models.sounds evaluate``.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.common import emit
from extender.sources.procedural.model import rendered
from extender.sources.procedural.registry import MODELS
from extender.sources.procedural.toolkit import SAMPLE_RATE


def main() -> None:
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("models", nargs="*")
    options = parser.parse_args()
    rendered(MODELS[0], 0)  # imports are not what is measured
    for model in MODELS:
        if options.models and model.name not in options.models:
            continue
        start = time.perf_counter()
        takes = [rendered(model, seed) for seed in range(options.takes)]
        seconds = time.perf_counter() - start
        length = sum(take.shape[1] for take in takes) / SAMPLE_RATE
        emit(model=model.name, kind=model.kind, seconds_per_second=round(seconds / length, 4))


if __name__ == "__main__":
    main()
