"""What is done to a track between its schedule and its place: expander, filters, compressor, ducks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice, repeat
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from mixer.convolve import BLOCK
from mixer.curve import extremes
from mixer.dynamics import GROUP, Groups, gains, peaks_of, ramped, reductions
from mixer.equaliser import Automated, Cascade, LinearPhase, band_section, is_flat, is_static, sections_of
from mixer.plan import TrackSettings
from mixer.processors import Duck
from mixer.timeline import Piece, Reader
from mixer.types import Clip, Samples, Track

Key = Callable[[str], Reader]
"""Gives a fresh reader of another track by its id."""

T = TypeVar("T")

_HALF_POWER = np.float32(0.5**0.5)
_Name: TypeAlias = int | Clip
"""What is kept apart: a clip that moves, or all that stands still and has so many channels."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """What sounds in a block: (channels, frames of the block), and the clip's frame at its start."""

    clip: Clip
    first: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of a track: its sounds, by what is kept apart."""

    first: int
    frames: int
    sounds: dict[_Name, _Sound]


def processed(reader: Reader, settings: TrackSettings, key: Key) -> Reader:
    """Return a reader that plays what another one plays, processed.

    Parameters
    ----------
    reader : Reader
    settings : TrackSettings
        Expander, filters, compressor, ducks, in this order.
    key : callable
        Gives a fresh reader of another track, as recorded and scheduled: what ducks this one.

    Returns
    -------
    Reader
        ``reader`` itself where nothing is asked for that changes anything.

    Notes
    -----
    The result depends on the settings and the sound alone, and has its timing. Clips with a path stay apart, each with
    its own filters, whose ringing is played on after the clip's end; all that stands still is summed first, and its
    pieces last through the whole mix. Levels are those of the sum of all clips, and all get the same gain: the loudest
    channel tells, no image moves.
    """
    settings = _effective(settings)
    if not (settings.expander or settings.filters or settings.compressor or settings.ducks):
        return reader
    return _Processed(reader, settings, key)


def _effective(settings: TrackSettings) -> TrackSettings:
    """Leave out what changes nothing."""
    expander, compressor = settings.expander, settings.compressor
    if expander and (expander.range_db == 0.0 or extremes(expander.ratio)[1] == 1.0):
        expander = None
    if compressor and extremes(compressor.ratio)[1] == 1.0 and extremes(compressor.makeup_db) == (0.0, 0.0):
        compressor = None
    return replace(
        settings,
        expander=expander,
        filters=tuple(f for f in settings.filters if not is_flat(f)),
        compressor=compressor,
        ducks=tuple(duck for duck in settings.ducks if extremes(duck.depth_db)[1] > 0.0),
    )


class _Processed:
    """See :func:`processed`."""

    def __init__(self, reader: Reader, settings: TrackSettings, key: Key) -> None:
        self._reader = reader
        self._settings = settings
        self._key = key

    @property
    def track(self) -> Track:
        return self._reader.track

    @property
    def sample_rate(self) -> int:
        return self._reader.sample_rate

    def play(self, frames: int, channels: int) -> Iterator[list[Piece]]:
        """Yield the pieces of each block; see :meth:`mixer.timeline.TrackReader.play`."""
        settings, rate = self._settings, self.sample_rate
        blocks = _blocks(self._reader.play(frames, channels), frames, rate)
        if settings.expander:
            blocks, heard = tee(blocks)
            falls = reductions(map(_level, heard), settings.expander, rate)
            blocks = _turned_down(blocks, gains(zip(falls, strict=False), 0.0, rate))
        blocks = self._filtered(blocks)
        reduced: list[Iterator[Groups]] = []
        makeup_db = settings.compressor.makeup_db if settings.compressor else 0.0
        if settings.compressor:
            blocks, heard = tee(blocks)
            reduced.append(reductions(map(_level, heard), settings.compressor, rate))
        keyed = list(zip(settings.ducks, self._keyed(settings.ducks, frames), strict=True))
        reduced += [falls for duck, falls in keyed if duck.frequency_hz is None]
        if reduced:
            blocks = _turned_down(blocks, gains(zip(*reduced, strict=False), makeup_db, rate))
        for duck, falls in keyed:
            if duck.frequency_hz is not None:
                blocks = _carved(blocks, gains(zip(falls, strict=False), 0.0, rate), duck, duck.frequency_hz, rate)
        return (_pieces(block) for block in blocks)

    def _filtered(self, blocks: Iterator[_Block]) -> Iterator[_Block]:
        rate = self.sample_rate
        filters = self._settings.filters
        still = sections_of([f for f in filters if is_static(f)], rate)
        if still and self._settings.linear_phase:
            blocks = _each(blocks, partial(LinearPhase, still, rate))
        elif still:
            blocks = _each(blocks, partial(Cascade, still))
        for moving in (f for f in filters if not is_static(f)):
            blocks = _each(blocks, partial(Automated, moving, rate))
        return blocks

    def _keyed(self, ducks: tuple[Duck, ...], frames: int) -> list[Iterator[Groups]]:
        """Return the reductions of each duck; a key that several follow is played once."""
        levels: dict[str, list[Iterator[Groups]]] = {}
        for by in {duck.by: None for duck in ducks}:
            reader = self._key(by)
            blocks = _blocks(reader.play(frames, 1), frames, self.sample_rate)
            levels[by] = list(tee(map(_level, blocks), sum(duck.by == by for duck in ducks)))
        return [reductions(levels[duck.by].pop(), duck, self.sample_rate) for duck in ducks]


def tee(source: Iterator[T], count: int = 2) -> tuple[Iterator[T], ...]:
    """Let several follow one iterator; unlike that of itertools, it lets go of what all have seen."""
    waiting: list[deque[T]] = [deque() for _ in range(count)]

    def follow(mine: deque[T]) -> Iterator[T]:
        while True:
            if not mine:
                try:
                    item = next(source)
                except StopIteration:
                    return
                for each in waiting:
                    each.append(item)
                del item
            yield mine.popleft()

    return tuple(map(follow, waiting))


def _blocks(played: Iterable[list[Piece]], frames: int, sample_rate: int) -> Iterator[_Block]:
    """Sum the pieces of each block, but for those that move."""
    whole = Clip(take=0, onset_s=0.0, duration_s=frames / sample_rate)
    for number, pieces in enumerate(played):
        start = number * BLOCK
        length = min(BLOCK, frames - start)
        sounds: dict[_Name, _Sound] = {}
        shared: set[_Name] = set()  # arrays that are not ours to write to
        for piece in pieces:
            moves = bool(piece.clip.path)
            name: _Name = piece.clip if moves else piece.samples.shape[0]
            clip, first = (piece.clip, piece.first - piece.start) if moves else (whole, start)
            if name not in sounds and piece.samples.shape[1] == length:
                sounds[name] = _Sound(clip, first, piece.samples)
                shared.add(name)
                continue
            if name not in sounds:
                sounds[name] = _Sound(clip, first, np.zeros((piece.samples.shape[0], length), np.float32))
            elif name in shared:
                sounds[name] = _Sound(clip, first, sounds[name].samples.copy())
                shared.remove(name)
            sounds[name].samples[:, piece.start : piece.start + piece.samples.shape[1]] += piece.samples
        yield _Block(start, length, sounds)


def _pieces(block: _Block) -> list[Piece]:
    return [Piece(sound.clip, 0, sound.first, sound.samples) for sound in block.sounds.values()]


def _level(block: _Block) -> Groups:
    """Return the level of the sum of a block's sounds: in both channels, where any has two."""
    parts = [sound.samples for sound in block.sounds.values()]
    if len(parts) < 2:
        return peaks_of(parts[0] if parts else None, block.frames)
    channels = max(part.shape[0] for part in parts)
    total = np.zeros((channels, block.frames), np.float32)
    for part in parts:
        total += part if part.shape[0] == channels else part * _HALF_POWER
    return peaks_of(total, block.frames)


def _turned_down(blocks: Iterator[_Block], turned: Iterator[Groups | None]) -> Iterator[_Block]:
    """Multiply each block by its gain."""
    for block, gain, before in _with_gain(blocks, turned):
        if gain is None:
            yield block
        else:
            yield _Block(
                block.first,
                block.frames,
                {n: _Sound(s.clip, s.first, ramped(s.samples, gain, before)) for n, s in block.sounds.items()},
            )


def _with_gain(
    blocks: Iterator[_Block], turned: Iterator[Groups | None]
) -> Iterator[tuple[_Block, Groups | None, float]]:
    """Yield each block with its gain and the gain before it; None where both are 1."""
    before: float | None = None
    for block, gain in zip(blocks, turned, strict=False):
        if gain is None and before not in (None, 1.0):
            gain = np.ones(-(-block.frames // GROUP), np.float32)
        if gain is None:
            before = 1.0
            yield block, None, 1.0
        else:
            yield block, gain, float(gain[0]) if before is None else before
            before = float(gain[-1])


def _carved(
    blocks: Iterator[_Block], turned: Iterator[Groups | None], duck: Duck, frequency_hz: float, sample_rate: int
) -> Iterator[_Block]:
    """Turn down one band: x + (g − 1) · band(x), at the band's centre g, far from it 1, whatever g does.

    The band is so wide that at the full depth this is a peak filter of ``q``.
    """
    q = duck.q * 10.0 ** (-extremes(duck.depth_db)[1] / 40.0)
    section = band_section(frequency_hz, q, sample_rate)
    whole, other = tee(blocks)
    bands = _each(other, partial(Cascade, [section]))
    for (block, gain, before), band in zip(_with_gain(whole, turned), bands, strict=True):
        if gain is None:
            yield block
            continue
        sounds = dict(block.sounds)
        for name, ringing in band.sounds.items():
            taken = ramped(ringing.samples, gain - np.float32(1.0), before - 1.0)
            if name in block.sounds:
                taken += block.sounds[name].samples
            sounds[name] = _Sound(ringing.clip, ringing.first, taken)
        yield _Block(block.first, block.frames, sounds)


class _Processor(Protocol):
    """Filters one sound of a track, block by block."""

    looks_ahead: bool

    def process(self, block: Samples | None, frames: int, first: int, following: Samples | None) -> Samples | None:
        """Filter so many frames from that of the mix on; None is silence. ``following`` is the next block."""
        ...


def _each(blocks: Iterator[_Block], make: Callable[[int], _Processor]) -> Iterator[_Block]:
    """Filter each sound by a processor of its own, from its first block until it has rung out."""
    looks_ahead = make(1).looks_ahead
    here, ahead = tee(blocks) if looks_ahead else (blocks, iter(()))
    following: Iterator[_Block | None] = chain(islice(ahead, 1, None), repeat(None))
    running: dict[_Name, tuple[_Processor, Clip, int]] = {}
    for block, after in zip(here, following, strict=False):
        coming = after.sounds if after else {}
        sounds: dict[_Name, _Sound] = {}
        for name in {**running, **block.sounds, **coming}:
            sound, later = block.sounds.get(name), coming.get(name)
            if name not in running:
                begun = sound or later
                assert begun is not None  # noqa: S101  # the name is from one of them
                origin = begun.first - (block.first if sound else block.first + block.frames)
                running[name] = make(begun.samples.shape[0]), begun.clip, origin
            processor, clip, origin = running[name]
            now, then = (s.samples if s else None for s in (sound, later))
            out = processor.process(now, block.frames, block.first, then)
            if out is not None:
                sounds[name] = _Sound(clip, block.first + origin, out)
            elif sound is None:
                del running[name]
        yield _Block(block.first, block.frames, sounds)
