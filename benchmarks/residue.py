"""What the residue network costs: start, and a batch of 64 candidates of 10 s × 8 tracks, on this machine.

    python -m benchmarks.residue [--repeats 20]

One JSON line for each of ONNX Runtime, NumPy, the quick model that the network corrects, and the band model that a
search asks without a network. Each runs in a process of its own: seconds from nothing to the first prediction (imports,
weights, session, the first batch; compiled kernels come from their cache), then a batch in milliseconds on the clock
and of processor time, and the peak of memory before there is a model and in the end. Figures mean something on a quiet
machine only. The target is 100 ms on two cores.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.common import emit, measure

CANDIDATES, TRACKS, SECONDS = 64, 8, 10.0
TARGET_MS = 100.0
WAYS = ("onnx", "numpy", "quick", "band")


def figures(way: str, repeats: int) -> dict[str, Any]:
    """Measure one way in this process, which should have done nothing before."""
    import mixer
    from mixer.optimise.genome import Codec
    from mixer.strategies.base import MixRequest, levelled
    from mixer.strategies.levels import in_place

    rng = np.random.default_rng(1)
    with mixer.MixSession(_tracks(rng), duration_s=SECONDS) as session:
        tracks = session.tracks
        placed = levelled(tracks, [in_place(t, None) for t in tracks], MixRequest(SECONDS, session))
        before_mb = _peak_mb()
        start = time.perf_counter()
        listen, make = _made(way)
        made_s = time.perf_counter() - start
        start = time.perf_counter()
        listened = listen(session, placed)
        listen_s = time.perf_counter() - start
    codec = Codec(tracks, placed, placed, listened)
    candidates = codec.candidates(codec.genomes(rng.random((CANDIDATES, len(codec.free)))))
    start = time.perf_counter()
    predict = make(listened)
    predict(candidates)
    first_s = time.perf_counter() - start
    wall, cpu = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        predict(candidates)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    batch_ms = 1_000.0 * float(np.median(wall))
    return {
        "start_s": round(made_s + first_s, 3), "listen_s": round(listen_s, 3), "batch_ms": round(batch_ms, 1),
        "best_ms": round(1_000.0 * min(wall), 1), "cpu_ms": round(1_000.0 * float(np.median(cpu)), 1),
        "before_mb": round(before_mb), "in_time": batch_ms < TARGET_MS,
    }  # fmt: skip


def _tracks(rng: np.random.Generator) -> list[Any]:
    """Return tracks that sound all the time, each louder in a range of its own, at their places."""
    import mixer

    tracks = []
    for number in range(TRACKS):
        spectrum = np.fft.rfft(rng.standard_normal(round(SECONDS * 48_000)))
        octaves = np.log2(np.maximum(np.fft.rfftfreq(round(SECONDS * 48_000), 1 / 48_000), 1.0) / (80 * 2.0**number))
        samples = np.fft.irfft(spectrum * np.exp(-np.square(octaves / 2.0))).astype(np.float32)
        take = mixer.AudioBuffer(0.2 * samples / np.abs(samples).max(), 48_000)
        tracks.append(mixer.Track(f"{number}", (take,), position=mixer.Position(15.0 * number - 50), target_lufs=-26.0))
    return tracks


def _made(way: str) -> tuple[Callable[..., Any], Callable[[Any], Callable[[Any], Any]]]:
    """Return what listens, and what makes a predictor of what was heard."""
    if way == "band":
        from mixer.optimise.model import BatchModel
        from mixer.optimise.predictor import listen_evenly

        return listen_evenly, lambda listened: BatchModel(listened).outcome
    from models.residue import ResidueModel
    from models.residue import listen_evenly as listen_well
    from models.residue.quick import QuickModel

    if way == "quick":
        return lambda *scene: listen_well(*scene)[1], lambda listened: QuickModel(listened).worked
    model = ResidueModel(runtime=way)
    return model.listen, lambda listened: lambda candidates: model.predict(listened, candidates)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> None:
    """Measure each way in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        sys.stdout.write(json.dumps(figures(options.only, options.repeats)))
        return
    for way in WAYS:
        if way == "onnx" and importlib.util.find_spec("onnxruntime") is None:
            emit(benchmark="residue", way=way, skipped="ONNX Runtime is not installed")
            continue
        command = [sys.executable, "-m", "benchmarks.residue", "--only", way, "--repeats", f"{options.repeats}"]
        run = measure(command)
        if run.code:
            raise SystemExit(run.err)
        emit(benchmark="residue", way=way, **json.loads(run.out), peak_mb=round(run.peak_mb))


if __name__ == "__main__":
    main()
