"""Sounds without an end: one block after the other, at one level, in the memory of two pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from extender.errors import UsageError
from extender.sources.procedural.model import NO_VALUES, Model, dice, gain_of, levelled, rendered, unlevelled
from extender.sources.procedural.toolkit import SAMPLE_RATE, frames
from mixer.types import Samples

BLOCK = 65_536
CROSSFADE_S = 2.5
"""How long two pieces of a bed overlap; short against a piece, long against what moves in it."""
PAUSE_S = (0.6, 2.2)
"""Between the takes of an event: at least the first, the second more on the average."""
_PAUSES = 0x7061757365
"""Sets the randomness of the pauses apart from that of the sounds."""


def stream(
    model: Model, seed: int, take: int = 0, values: Mapping[str, float] = NO_VALUES, block: int = BLOCK
) -> Iterator[Samples]:
    """Yield a sound for ever, in blocks of (channels, ``block``) float32.

    Loops and beds go on with steady statistics and never repeat; events come take after take with pauses. The level is
    set once, from the first piece (−23 LUFS), and never ridden. Same numbers, same sound, whatever the block.

    Parameters
    ----------
    seed, take, values
        As for :func:`extender.sources.procedural.model.rendered`.
    block : int
        Frames, > 0.

    Raises
    ------
    UsageError
        At once: a value has no such parameter or is out of its range, or the block is empty.
    """
    if block < 1:
        raise UsageError(f"a block has at least one frame, got {block}")
    return _cut(_pieces(model, (seed, take), model.values(values)), block)


def excerpt(model: Model, seed: int, take: int, values: Mapping[str, float], count: int) -> Iterator[Samples]:
    """Yield the first ``count`` frames of a stream, its last 20 ms faded out if that cuts an event off."""
    fade = min(frames(0.02), count)
    done = 0
    for block in stream(model, seed, take, values):
        part = block[:, : count - done]
        left = count - done - np.arange(part.shape[1], dtype=np.float32)
        if model.kind == "event" and left[-1] <= fade:
            part = part * np.minimum(left / fade, 1.0).astype(np.float32)
        done += part.shape[1]
        yield part
        if done >= count:
            return


def _pieces(model: Model, chosen: tuple[int, int], values: Mapping[str, float]) -> Iterator[Samples]:
    if model.stream is not None:
        return _own(model, model.stream(dice(model, *chosen), values))
    return _takes(model, chosen, values) if model.kind == "event" else _crossfaded(model, chosen, values)


def _own(model: Model, blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Set the level of a model's own stream from its beginning, as long as one piece would be."""
    source = (np.atleast_2d(samples) for samples in blocks)
    first: list[Samples] = []
    while sum(samples.shape[1] for samples in first) < frames(model.duration_s):
        first.append(next(source))
    beginning = np.concatenate(first, axis=1)
    del first
    gain = gain_of(beginning)
    yield levelled(beginning, gain)
    del beginning
    for samples in source:
        yield levelled(samples, gain)


def _crossfaded(model: Model, chosen: tuple[int, int], values: Mapping[str, float]) -> Iterator[Samples]:
    """Join independent pieces of one individual.

    They are uncorrelated, so their powers add: gains cos and sin, whose squares add up to one, keep the level.
    """
    overlap = frames(CROSSFADE_S)
    quarter = (np.arange(overlap, dtype=np.float32) + 0.5) * np.float32(np.pi / 2 / overlap)
    rise, fall = np.sin(quarter), np.cos(quarter)
    step = frames(model.duration_s) - overlap
    if model.beat_s is not None:
        beat = model.beat_s(values)
        step = frames(beat * max(int(step / SAMPLE_RATE / beat), 1))
    gain: float | None = None
    tail: Samples | None = None
    piece = 0
    while True:
        raw = unlevelled(model, chosen, model.duration_s, values, piece=piece)
        gain = gain_of(raw) if gain is None else gain
        samples = levelled(raw, gain)
        if tail is not None:
            samples[:, :overlap] = samples[:, :overlap] * rise + tail * fall
        tail = samples[:, step : step + overlap].copy()
        yield samples[:, :step]
        piece += 1


def _takes(model: Model, chosen: tuple[int, int], values: Mapping[str, float]) -> Iterator[Samples]:
    """Let an event happen again and again, never twice the same."""
    seed, take = chosen
    pauses = np.random.default_rng([seed, take, _PAUSES])
    while True:
        samples = rendered(model, seed, take, values=values)
        yield samples
        pause_s = PAUSE_S[0] + float(pauses.exponential(PAUSE_S[1]))
        yield np.zeros((samples.shape[0], frames(min(pause_s, 20.0))), dtype=np.float32)
        take += 1


def _cut(pieces: Iterator[Samples], block: int) -> Iterator[Samples]:
    """Yield the same samples in blocks of one length."""
    waiting: list[Samples] = []
    have = 0
    for samples in pieces:
        waiting.append(samples)
        have += samples.shape[1]
        if have < block:
            continue
        joined = np.concatenate(waiting, axis=1) if len(waiting) > 1 else samples
        whole = have - have % block
        for at in range(0, whole, block):
            yield np.ascontiguousarray(joined[:, at : at + block])
        waiting = [joined[:, whole:].copy()]
        have -= whole
