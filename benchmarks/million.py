"""What a million pictures would take: a calculation from what a small batch took, and a simulation of the questions.

    python -m benchmarks.million OUTPUT [--pictures 1000000] [--cores 64] [--requests-a-day 2000]

OUTPUT is the folder of a finished batch: its seconds, sizes, places and things are what is drawn from. The questions
to Freesound are simulated: every picture draws a place and things of the vocabulary, some far more often than others
(Zipf's law, with the exponent that the batch shows, or 1), and every concept that was never searched for costs its
questions once; then the shared cache answers. One JSON line for each number of pictures.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.common import emit
from extender.sources.freesound.budget import QUESTIONS_PER_CONCEPT
from scenes import load_vocabulary

DOWNLOADS_EACH = 3
"""Takes of a concept that are fetched; previews are files, and count no request of the API."""
PREVIEW_BYTES = 400_000


def unique_after(pictures: int, each: float, kinds: int, exponent: float) -> float:
    """Return how many of ``kinds`` concepts are expected to have been drawn at least once.

    With p_k ∝ k^−exponent, Σ 1 − (1 − p_k)^(pictures · each).
    """
    p = np.arange(1, kinds + 1, dtype=np.float64) ** -exponent
    p /= p.sum()
    return float(-np.expm1(pictures * each * np.log1p(-p)).sum())


def zipf_exponent(counts: list[int]) -> float:
    """Return the slope of log count over log rank, 0.5..2; 1 where there is too little to tell."""
    if len(counts) < 8:
        return 1.0
    y, x = np.log(np.sort(counts)[::-1]), np.log(np.arange(1, len(counts) + 1))
    return float(np.clip(-np.polyfit(x, y, 1)[0], 0.5, 2.0))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--cores", type=int, default=64)
    parser.add_argument("--requests-a-day", type=int, default=2_000)
    chosen = parser.parse_args()
    told = json.loads((chosen.output / "batch.json").read_text("utf-8"))
    done = [picture for picture in told["pictures"] if picture["status"] == "done"]
    sizes: Counter[str] = Counter()
    for picture in done:
        for file in (chosen.output / picture["name"]).rglob("*"):
            if file.is_file():
                sizes["sounds" if file.parent.name == "sounds" else file.name] += file.stat().st_size
    seconds = float(np.median([picture["seconds"] for picture in done]))
    heard = Counter(word for picture in done for word in (*picture["objects"], picture["place"]))
    each = sum(heard.values()) / len(done)
    exponent = zipf_exponent(list(heard.values()))
    vocabulary = load_vocabulary()
    kinds = sum(concept.sounds for concept in vocabulary.concepts.values()) + len(vocabulary.places)
    for pictures in sorted({1_000, 10_000, 100_000, chosen.pictures}):
        unique = unique_after(pictures, each, kinds, exponent)
        requests = unique * QUESTIONS_PER_CONCEPT
        emit(
            benchmark="million", pictures=pictures, seconds_each=round(seconds, 2),
            days=round(pictures * seconds / chosen.cores / 86_400, 2), cores=chosen.cores,
            terabytes=round(pictures * sum(sizes.values()) / len(done) / 1e12, 3),
            terabytes_without_sounds=round(pictures * (sum(sizes.values()) - sizes["sounds"]) / len(done) / 1e12, 3),
            words_each=round(each, 2), exponent=round(exponent, 2), concepts_met=round(unique), of=kinds,
            requests=round(requests), request_days=round(requests / chosen.requests_a_day, 2),
            cache_gigabytes=round(unique * DOWNLOADS_EACH * PREVIEW_BYTES / 1e9, 2),
        )  # fmt: skip


if __name__ == "__main__":
    main()
