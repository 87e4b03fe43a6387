"""How quick the procedural models are, how loud, and how steady they go on for ever.

    python -m benchmarks.procedural [--seconds 10] [--repeat 2] [--streams 0] [--table] [MODEL …]

For each model the processor time of one thread per second of sound at 48 kHz (the best of ``--repeat`` individuals, of
loops and beds so many seconds each, of events as many takes as fill them), how many times faster than real time that
is, and the loudness. With ``--streams N`` the first N seconds of the stream of each loop and bed are measured too: the
deviation of the short-term loudness, and whether the joints of its pieces can be told: the lowest level of 400 ms and
the largest spectral flux (mean rise of the levels of 24 bands in dB from 20 ms to the next) in them, beside the same
outside them. One JSON line each, or with ``--table`` a Markdown table, the slowest first.
Set OMP_NUM_THREADS=1: the time of all threads is counted.
"""

from __future__ import annotations

import argparse
import time
from itertools import islice

import numpy as np

from benchmarks.common import emit
from extender.errors import UsageError
from extender.sources.procedural.model import Model, loudness_lufs, rendered
from extender.sources.procedural.registry import MODELS, model_named
from extender.sources.procedural.streaming import CROSSFADE_S, stream
from extender.sources.procedural.toolkit import SAMPLE_RATE
from mixer.types import Samples

STEP = 960


def speed(model: Model, seconds: float, repeat: int) -> dict[str, object]:
    """Measure processor time and loudness."""
    best, loudness = float("inf"), []
    for seed in range(repeat):
        spent, made, take = 0.0, 0.0, 0
        while made < seconds:
            start = time.process_time()
            samples = rendered(model, seed, take, duration_s=None if model.kind == "event" else seconds)
            spent += time.process_time() - start
            made += samples.shape[1] / SAMPLE_RATE
            take += 1
            loudness.append(loudness_lufs(samples))
        best = min(best, spent / made)
    return {
        "model": model.name, "kind": model.kind, "parameters": len(model.parameters),
        "seconds_per_second": round(best, 4), "times_real_time": round(1.0 / best),
        "lufs": round(float(np.median(loudness)), 1),
    }  # fmt: skip


def steadiness(model: Model, seconds: float) -> dict[str, object]:
    """Measure a stream: its level over time, at the joints and elsewhere."""
    blocks = islice(stream(model, 1, block=SAMPLE_RATE), int(seconds))
    sound = np.concatenate(list(blocks), axis=1)
    levels = level_db(sound, int(0.4 * SAMPLE_RATE), STEP)
    short = level_db(sound, 3 * SAMPLE_RATE, SAMPLE_RATE)
    flux = flux_db(sound)
    at = np.arange(levels.size) * STEP / SAMPLE_RATE + 0.2
    period = model.duration_s - CROSSFADE_S
    joint = (at > period) & ((at % period) < CROSSFADE_S) if model.stream is None else np.zeros(at.size, dtype=bool)
    told: dict[str, object] = {"short_term_deviation_lu": round(float(np.std(short)), 2)}
    for key, where in (("joints", joint), ("elsewhere", ~joint)):
        if where.any():
            told[f"lowest_db_{key}"] = round(float(levels[where].min() - np.median(levels)), 1)
            told[f"flux_db_{key}"] = round(float(flux[: where.size][where[: flux.size]].max()), 1)
    return told


def level_db(sound: Samples, length: int, step: int) -> np.ndarray:
    """Return the level of all channels in windows of ``length`` frames every ``step`` frames."""
    power = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64).sum(axis=0))])
    starts = np.arange(0, sound.shape[1] - length, step)
    return np.asarray(10.0 * np.log10((power[starts + length] - power[starts]) / length + 1e-12))


def flux_db(sound: Samples) -> np.ndarray:
    """Return how much the levels of bands rise from one window of 20 ms to the next."""
    pieces = sound.mean(axis=0)[: sound.shape[1] // STEP * STEP].reshape(-1, STEP) * np.hanning(STEP)
    power = np.abs(np.fft.rfft(pieces, axis=1)) ** 2
    edges = np.unique(np.geomspace(2, power.shape[1] - 1, 25).astype(int))
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1]
    bands_db = 10.0 * np.log10(bands + 1e-4 * bands.mean())
    return np.asarray(np.maximum(np.diff(bands_db, axis=0), 0.0).mean(axis=1))


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of sound, of each")
    parser.add_argument("--repeat", type=int, default=2, help="individuals; the quickest counts")
    parser.add_argument("--streams", type=float, default=0.0, help="seconds of each stream; 0 = none")
    parser.add_argument("--table", action="store_true", help="a Markdown table instead of JSON lines")
    parser.add_argument("models", nargs="*")
    options = parser.parse_args()
    try:
        models = [model_named(name) for name in options.models] or list(MODELS)
    except UsageError as error:
        parser.error(str(error))
    rendered(models[0], 0)  # imports are not what is measured
    lines = []
    for model in models:
        line = speed(model, options.seconds, options.repeat)
        if options.streams and model.kind != "event":
            line |= steadiness(model, options.streams)
        if options.table:
            lines.append(line)
        else:
            emit(**line)
    if options.table:
        print(table(lines))


def table(lines: list[dict[str, object]]) -> str:
    """Return lines as a Markdown table, the slowest first."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    rows = sorted(lines, key=lambda line: -float(str(line["seconds_per_second"])))
    cells = [columns, ["---"] * len(columns), *([str(row.get(name, "")) for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


if __name__ == "__main__":
    main()
