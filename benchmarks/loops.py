"""Whether a loop's joint can be told from the rest: level and spectrum there, and everywhere else in the sound.

    python -m benchmarks.loops LOOP.wav …        # sounds that are meant to be looped
    python -m benchmarks.loops --beds            # every synthesised bed, 60 s of it as a loop

One JSON line for each. ``dip_db`` is the lowest level of 50 ms against the half second around it, ``flux`` the rise of
the spectrum from one frame of 21 ms to the next (positive differences of magnitudes, over their sum); each within 0.3 s
of the joint, and the share of all such stretches of the sound in which it is as bad or worse (1 = it is nowhere better
than here, 0 = nowhere as bad), played round and round.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import emit
from extender.arranging.analysis import analyse
from extender.arranging.loops import loop
from extender.audio import SAMPLE_RATE, read_audio
from extender.looping import Looped, played_s, unrolled
from extender.sources.procedural.model import rendered
from extender.sources.procedural.registry import MODELS
from extender.types import Arrangement, Mood, Part
from mixer import AudioBuffer, Position, Samples, Track, mix_to

F64 = NDArray[np.float64]
NEAR_S = 0.3
BED_S = 60.0


def dips_db(samples: Samples) -> F64:
    """Return, every 10 ms of a loop, how far 50 ms lie below the half second around them."""
    hop = SAMPLE_RATE // 100
    power = np.square(samples, dtype=np.float64).mean(axis=0)
    steps = power[: power.size // hop * hop].reshape(-1, hop).mean(axis=1) + 1e-12

    def round_about(count: int) -> F64:
        half = count // 2
        padded = np.concatenate([steps[-half:], steps, steps[:half]])
        return np.asarray(np.convolve(padded, np.ones(count) / count, "valid"))

    return np.asarray(10.0 * np.log10(round_about(5) / round_about(51)))


def fluxes(samples: Samples, size: int = 1024) -> F64:
    """Return the spectral flux of a loop, every ``size`` / 4 frames, 0..1."""
    mono = samples.mean(axis=0, dtype=np.float64)
    hop = size // 4
    count = mono.size // hop
    rolled = np.concatenate([mono, mono[: 2 * size]])
    starts = np.arange(count + 4)[:, np.newaxis] * hop % mono.size
    magnitudes = np.abs(np.fft.rfft(rolled[starts + np.arange(size)] * np.hanning(size), axis=1))
    rise = np.maximum(magnitudes[4:] - magnitudes[:-4], 0.0).sum(axis=1)
    return np.asarray(rise / (magnitudes[4:].sum(axis=1) + magnitudes[:-4].sum(axis=1) + 1e-9))


def judged(values: F64, per_s: float) -> tuple[float, float]:
    """Return the largest value near the joint (index 0), and the share of all stretches of that length as large."""
    near = max(1, round(NEAR_S * per_s))
    at_joint = float(np.concatenate([values[-near:], values[:near]]).max())
    blocks = values[: values.size // (2 * near) * 2 * near].reshape(-1, 2 * near).max(axis=1)
    return at_joint, float((blocks >= at_joint).mean())


def report(name: str, samples: Samples) -> None:
    """Print one line."""
    dip, dip_share = judged(-dips_db(samples), 100.0)
    flux, flux_share = judged(fluxes(samples), SAMPLE_RATE / 256)
    emit(
        benchmark="loops", sound=name, seconds=samples.shape[1] / SAMPLE_RATE, dip_db=round(-dip, 2),
        dip_as_bad_elsewhere=round(dip_share, 3), flux=round(flux, 4), flux_as_bad_elsewhere=round(flux_share, 3),
    )  # fmt: skip


def beds() -> Iterator[tuple[str, Samples]]:
    """Yield every synthesised bed as a loop."""
    mood = Mood(loop=True)
    for model in MODELS:
        if model.kind != "ambience":
            continue
        take = AudioBuffer(rendered(model, 1), SAMPLE_RATE)
        clips = loop([take], [analyse(take)], BED_S, np.random.default_rng(1), ring=True)
        arrangement = Arrangement(BED_S, (Part("bed", "ambience", clips, Position(), -30.0, 1.0),), mood)
        blocks: list[Samples] = []
        looped = Looped(arrangement, blocks.append, lambda name, block: None, sample_rate=SAMPLE_RATE)
        track = Track("bed", (take,), unrolled(clips, arrangement), Position(distance_m=30.0), -30.0, 1.0)
        mix_to([track], write=looped.write, strategy="balanced", duration_s=played_s(arrangement))
        yield model.name, np.concatenate(blocks, axis=1)


def main() -> None:
    """Measure files or beds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="LOOP")
    parser.add_argument("--beds", action="store_true")
    chosen = parser.parse_args()
    for file in chosen.files:
        report(file.stem, read_audio(file).samples)
    if chosen.beds:
        for name, samples in beds():
            report(name, samples)


if __name__ == "__main__":
    main()
