"""Write the procedural sounds as files, a folder for each theme: material for training models on.

    python scripts/procedural_sounds.py FOLDER [--takes 2] [--seconds 12]

What is there already is kept, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import soundfile

from extender.sources.procedural.model import rendered
from extender.sources.procedural.registry import MODELS
from extender.sources.procedural.toolkit import SAMPLE_RATE


def main() -> None:
    """Write what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--takes", type=int, default=2, help="of each model, each another individual")
    parser.add_argument("--seconds", type=float, default=12.0, help="at most, of each")
    options = parser.parse_args()
    for number, model in enumerate(MODELS):
        theme = model.synthesise.__module__.rsplit(".", 1)[-1]
        for take in range(options.takes):
            path = options.folder / theme / f"{model.name}-{take}.flac"
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = rendered(model, seed=take)[:, : round(options.seconds * SAMPLE_RATE)]
            unfinished = path.with_suffix(".part")
            soundfile.write(unfinished, samples.T, SAMPLE_RATE, "PCM_16", format="FLAC")
            unfinished.replace(path)
        sys.stderr.write(f"\r{number + 1} of {len(MODELS)}")
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
