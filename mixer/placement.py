"""How a track is played to the loudspeakers of a layout: which gains its pieces get, and which filters their sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mixer.air import NEAR_M, air_filter
from mixer.convolve import BLOCK, Convolver, Signal, convolve
from mixer.curve import Curve, Setting, at_start, extremes
from mixer.material import downmix
from mixer.plan import TrackSettings
from mixer.room import RoomResponse
from mixer.timeline import Piece, Reader
from mixer.types import Clip, Samples

NEAREST_M = 0.1
"""Levels rise no further when something comes closer."""
CONTROL_S = 0.001
"""Gains of what moves are worked out this often, and are linear between."""
_DECORRELATION_S = 0.03
_DECORRELATION_SEED = 1_957
_AIR_STEP_M, _MOST_AIRS = 15.0, 12
"""Where the distance changes, the air is blended from filters so far apart, but not more of them."""

Gains = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What all tracks of a mix share.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frames : int
        Length of the mix.
    half_deg : float
        The azimuth that is heard from one loudspeaker alone.
    room : RoomResponse or None
    """

    sample_rate: int
    frames: int
    half_deg: float
    room: RoomResponse | None


@dataclass(frozen=True, slots=True, eq=False)
class Panned:
    """A track for which placing is nothing but gains.

    Parameters
    ----------
    gains : (channels,) float32
    blocks : iterator of (frames,) float32 or None
        What is to be multiplied by them; None = silence.
    """

    gains: NDArray[np.float32]
    blocks: Iterator[Signal | None]


def decorrelator(sample_rate: int, number: int = 0) -> NDArray[np.float64]:
    """Return a fixed FIR that keeps the spectrum's magnitude and scatters its phase, unit energy.

    Added to the side it spreads a mono bed; in the mono sum it cancels. Flat on the grid of its own length, random
    phase, fading within 30 ms so that it does not smear (G. Kendall, "The decorrelation of audio signals and its impact
    on spatial imagery", CMJ 19(4), 1995). Each number gives another one.
    """
    taps = 2 * round(_DECORRELATION_S * sample_rate / 2)
    rng = np.random.default_rng(_DECORRELATION_SEED + number)
    impulse = rng.standard_normal(taps) * np.exp(-3.0 * np.arange(taps) / taps)
    spectrum = np.fft.rfft(impulse)
    phase = spectrum / np.abs(spectrum)
    phase[[0, -1]] = 0.0  # no side at 0 Hz
    impulse = np.fft.irfft(phase, taps)
    return np.asarray(impulse / math.sqrt(float(np.square(impulse).sum())))


class Layout:
    """A set of loudspeakers, or of spherical harmonics: what the built-in spatialisers have in common.

    Everything is worked out on signals that a mirror either keeps (even) or turns round (odd): the mid and the side
    of each pair of loudspeakers, the ones in the middle, or harmonics. So a mirrored scene gives the mirrored mix,
    sample for sample.

    Attributes
    ----------
    name : str
    channels : int
    loudness_channels : slice
        Those that the meters measure the loudness of.
    keeps : int
        Which takes keep their channels, see :func:`mixer.material.downmix`.
    pairs : tuple of (left, right, mid, side)
        Channels, and the signals that they are made of: L = M + S, R = M − S.
    singles : tuple of (channel, signal)
    room : tuple of (odd, number) or None
        Which response of the room each signal is heard through.
    side : tuple of float
        How the side (L − R)/2 of a recording with two channels is shared among the signals.
    spread : tuple of float
        How the decorrelated copy of a one-channel bed is.
    widest : float
        Radians: at width 1, how far the power of a one-channel bed has gone from point (cos²) to spread (sin²).
    """

    name: ClassVar[str]
    channels: ClassVar[int]
    loudness_channels: ClassVar[slice] = slice(None)
    keeps: ClassVar[int]
    pairs: ClassVar[tuple[tuple[int, int, int, int], ...]] = ()
    singles: ClassVar[tuple[tuple[int, int], ...]] = ()
    room: ClassVar[tuple[tuple[bool, int] | None, ...]]
    side: ClassVar[tuple[float, ...]]
    spread: ClassVar[tuple[float, ...]]
    widest: ClassVar[float] = 0.0

    @property
    def signals(self) -> int:
        """How many signals there are."""
        return len(self.room)

    @property
    def room_responses(self) -> tuple[int, int]:
        """How many even and odd responses of the room are needed."""
        wanted = [response for response in self.room if response]
        return tuple(sum(odd is parity for odd, _ in wanted) for parity in (False, True))  # type: ignore[return-value]

    def direct(self, azimuth_deg: Gains, elevation_deg: Gains, half_deg: float) -> Gains:
        """Return the gains of a point of unit power, (signals, n)."""
        raise NotImplementedError

    def sends(self, azimuth_deg: Gains, half_deg: float) -> Gains:
        """Return the gains into the responses of the room, (signals, n): unit power over all channels."""
        raise NotImplementedError

    def unplaced(self, samples: Samples) -> Samples:
        """Return a recording as it is heard where nothing places it, (channels, frames)."""
        raise NotImplementedError

    def bed(self, samples: Samples, turn_deg: Gains) -> Samples:
        """Return a recording with more than two channels as signals, (signals, frames)."""
        del turn_deg
        out: Samples = np.zeros((self.signals, samples.shape[1]), np.float32)
        for left, right, mid, side in self.pairs:
            out[mid] = (samples[left] + samples[right]) * np.float32(0.5)
            out[side] = (samples[left] - samples[right]) * np.float32(0.5)
        for channel, signal in self.singles:
            out[signal] = samples[channel]
        return out

    def speakers(self, signals: Sequence[Signal | None], frames: int) -> Samples | None:
        """Return the channels, (channels, frames); None where all signals are silent."""
        if all(signal is None for signal in signals):
            return None
        out: Samples = np.zeros((self.channels, frames), np.float32)
        for left, right, m, s in self.pairs:
            mid, side = signals[m], signals[s]
            if mid is not None and side is not None:
                np.add(mid[:frames], side[:frames], out=out[left])
                np.subtract(mid[:frames], side[:frames], out=out[right])
            elif mid is not None:
                out[left] = out[right] = mid[:frames]
            elif side is not None:
                out[left] = side[:frames]
                np.negative(side[:frames], out=out[right])
        for channel, number in self.singles:
            signal = signals[number]
            if signal is not None:
                out[channel] = signal[:frames]
        return out

    def gains(self, azimuth_deg: float, elevation_deg: float, half_deg: float) -> NDArray[np.float32]:
        """Return the gains of a point that stands still, (channels,)."""
        signals = self.direct(np.array([azimuth_deg]), np.array([elevation_deg]), half_deg)[:, 0]
        out = np.zeros(self.channels)
        for left, right, mid, side in self.pairs:
            out[left], out[right] = signals[mid] + signals[side], signals[mid] - signals[side]
        for channel, signal in self.singles:
            out[channel] = signals[signal]
        return out.astype(np.float32)

    def panned(self, reader: Reader, settings: TrackSettings, stage: Stage) -> Panned | None:
        """Return gains and what they apply to, if placing this track is no more than that; else None."""
        track = reader.track
        if not settings.placed:
            if any(track.takes[clip.take].channels > 1 for clip in track.clips):
                return None
            return Panned(self.gains(0.0, 0.0, stage.half_deg), _one_signal(reader, stage, np.ones(1)))
        azimuth_deg, distance_m = settings.azimuth_deg, settings.distance_m
        if isinstance(azimuth_deg, Curve) or isinstance(distance_m, Curve) or extremes(settings.width)[1] > 0.0:
            return None
        if any(clip.path for clip in track.clips) or (stage.room is not None and settings.reverb_db is not None):
            return None
        gains = self.gains(azimuth_deg, track.position.elevation_deg, stage.half_deg)
        return Panned(gains, _one_signal(reader, stage, air_filter(distance_m, stage.sample_rate)))

    def place(self, reader: Reader, settings: TrackSettings, stage: Stage) -> Iterator[Samples | None]:
        """Yield the placed track. See :class:`mixer.spatial.Spatialiser`."""
        panned = self.panned(reader, settings, stage)
        if panned is not None:
            for block in panned.blocks:
                yield None if block is None else block * panned.gains[:, np.newaxis]
        elif settings.placed:
            placement = _Placement(self, reader, settings, stage)
            for number, pieces in enumerate(reader.play(stage.frames, self.keeps if placement.wide else 1)):
                start = number * BLOCK
                yield self.speakers(placement.block(pieces, start), min(BLOCK, stage.frames - start))
        else:
            for number, pieces in enumerate(reader.play(stage.frames, self.keeps)):
                yield self._together(pieces, min(BLOCK, stage.frames - number * BLOCK))

    def _together(self, pieces: Sequence[Piece], frames: int) -> Samples | None:
        if not pieces:
            return None
        if len(pieces) == 1 and pieces[0].samples.shape[1] == frames:
            return self.unplaced(pieces[0].samples)
        out: Samples = np.zeros((self.channels, frames), np.float32)
        for piece in pieces:
            out[:, piece.start : piece.start + piece.samples.shape[1]] += self.unplaced(piece.samples)
        return out


def _one_signal(reader: Reader, stage: Stage, taps: NDArray[np.float64]) -> Iterator[Signal | None]:
    """Yield the sum of the pieces, one channel, through a filter."""
    convolver = Convolver({(0, 0): taps}, 1, 1) if len(taps) > 1 else None
    for number, pieces in enumerate(reader.play(stage.frames, 1)):
        frames = min(BLOCK, stage.frames - number * BLOCK)
        if convolver is None:
            yield _sum_of([(piece.start, piece.samples[0]) for piece in pieces], frames)
        else:
            block = convolver.process([_sum_of([(piece.start, piece.samples[0]) for piece in pieces], BLOCK)])[0]
            yield None if block is None else block[:frames]


def _sum_of(parts: Sequence[tuple[int, Signal]], frames: int) -> Signal | None:
    """Add up what begins at different places of a block; a single one that fills it is handed on as it is."""
    if not parts:
        return None
    if len(parts) == 1 and parts[0][1].shape[0] == frames:
        return parts[0][1]
    total: Signal = np.zeros(frames, np.float32)
    for start, signal in parts:
        total[start : start + signal.shape[0]] += signal
    return total


_POINT, _SIDE, _SPREAD, _SIDE_ROOM, _SPREAD_ROOM, _MANY = range(6)
"""Inputs of the filters; from the last on, as many as there are signals each: beds, direct sound, sends to the room."""


class _Placement:
    """One track on the stage.

    What stands still has point and room in one filter; what moves, on a path or by settings that change, has gains
    that follow. Gains are worked out on a grid of control points that counts from the start of the mix, or of the clip
    for what is on a path, so that blocks do not matter. Where the distance changes, the air is a blend of filters.
    """

    def __init__(self, layout: Layout, reader: Reader, settings: TrackSettings, stage: Stage) -> None:
        track = reader.track
        self._layout, self._settings, self._stage, self._position = layout, settings, stage, track.position
        self.wide = extremes(settings.width)[1] > 0.0
        self._level = settings.reverb_db if stage.room is not None else None
        changing = (settings.azimuth_deg, settings.distance_m, self._level)
        self._moves = any(isinstance(s, Curve) for s in changing) or any(clip.path for clip in track.clips)
        self._airs_m = _airs_m(settings.distance_m)
        self._inputs = _MANY + 3 * layout.signals
        routes = {}
        for number, distance_m in enumerate(self._airs_m):
            air = air_filter(distance_m, stage.sample_rate)
            for (source, signal), taps in self._routes(air).items():
                routes[number * self._inputs + source, signal] = taps
        self._convolver = Convolver(routes, len(self._airs_m) * self._inputs, layout.signals)

    def _routes(self, air: Gains) -> dict[tuple[int, int], Gains]:
        """Connect the inputs to the signals."""
        layout, stage, count = self._layout, self._stage, self._layout.signals
        place = np.array([at_start(self._settings.azimuth_deg)]), np.array([self._position.elevation_deg])
        direct, sends = layout.direct(*place, stage.half_deg), layout.sends(place[0], stage.half_deg)
        level = 0.0 if self._level is None else 10.0 ** (at_start(self._level) / 20.0)
        routes: dict[tuple[int, int], Gains] = {}
        for n in range(count):
            room = self._room(n, air)
            spread = layout.spread[n] * decorrelator(stage.sample_rate, n - 1) if layout.spread[n] else np.zeros(1)
            if self._moves:
                routes[_MANY + count + n, n] = air
                routes[_MANY + 2 * count + n, n] = room
                routes[_SIDE, n], routes[_SIDE_ROOM, n] = layout.side[n] * air, layout.side[n] * room
                routes[_SPREAD, n], routes[_SPREAD_ROOM, n] = convolve(air, spread), convolve(room, spread)
            else:
                routes[_POINT, n] = _sum(direct[n, 0] * air, sends[n, 0] * level * room)
                heard = _sum(air, level * room)
                routes[_SIDE, n], routes[_SPREAD, n] = layout.side[n] * heard, convolve(heard, spread)
            routes[_MANY + n, n] = air
        wide = {_SIDE, _SPREAD, _SIDE_ROOM, _SPREAD_ROOM, *range(_MANY, _MANY + count)}
        return {route: taps for route, taps in routes.items() if taps.any() and (self.wide or route[0] not in wide)}

    def _room(self, signal: int, air: Gains) -> Gains:
        response, room = self._layout.room[signal], self._stage.room
        if response is None or room is None or self._level is None:
            return np.zeros(1)
        odd, number = response
        return convolve((room.odd if odd else room.even)[number], air)

    def block(self, pieces: Sequence[Piece], start: int) -> list[Signal | None]:
        """Return the signals of the next block, which begins at frame ``start`` of the mix."""
        parts: list[list[tuple[int, Signal]]] = [[] for _ in range(self._inputs)]
        for piece in pieces:
            for number, signal in self._heard(piece, start + piece.start):
                parts[number].append((piece.start, signal))
        inputs = [_sum_of(part, BLOCK) for part in parts]
        if len(self._airs_m) == 1:
            return self._convolver.process(inputs)
        shares = self._controlled(start, BLOCK, lambda s: _shares(_over(self._settings.distance_m, s), self._airs_m))
        blend = [None if signal is None else signal * share for share in shares for signal in inputs]
        return self._convolver.process(blend)

    def _heard(self, piece: Piece, start: int) -> Iterator[tuple[int, Signal]]:
        """Yield what a piece, which begins at a frame of the mix, gives to which input."""
        samples, count = piece.samples, piece.samples.shape[1]
        point = downmix(samples, 1)[0]
        if self.wide:
            width = self._settings.width
            if samples.shape[0] == 1:
                angle = self._over_time(lambda s: _over(width, s) * self._layout.widest, start, count)
                yield from self._leveled(_SPREAD, point * np.sin(angle), start)
                point = point * np.cos(angle)
            elif samples.shape[0] == 2:
                side = (samples[0] - samples[1]) * np.float32(0.5)
                yield from self._leveled(_SIDE, side * self._over_time(lambda s: _over(width, s), start, count), start)
            else:
                share = self._over_time(lambda s: _over(width, s), start, count)
                turn_deg = self._over_time(lambda s: _over(self._settings.azimuth_deg, s), start, count)
                for number, signal in enumerate(self._layout.bed(samples, np.asarray(turn_deg)), _MANY):
                    if signal.any():
                        yield number, signal * share
                point = point * (np.float32(1.0) - share)
        if not self._moves:
            yield _POINT, point
            return
        count_of = self._layout.signals
        for number, gain in enumerate(self._moving(piece.clip, piece.first, start, count)):
            if gain.any():
                yield _MANY + count_of + number, point * gain

    def _leveled(self, number: int, signal: Signal, start: int) -> Iterator[tuple[int, Signal]]:
        """Yield a bed's signal, and its share for the room where that changes."""
        if not self._moves:
            yield number, signal
            return
        away = self._over_time(self._nearness, start, len(signal))
        yield number, signal * away
        if self._level is not None:
            level = self._level
            room = self._over_time(lambda s: 10.0 ** (_over(level, s) / 20.0), start, len(signal))
            yield number + _SIDE_ROOM - _SIDE, signal * room

    def _nearness(self, seconds: Gains) -> Gains:
        """Return the level of a changing distance, re its first value."""
        distance_m = self._settings.distance_m
        if not isinstance(distance_m, Curve):
            return np.ones(len(seconds))
        return np.asarray(max(at_start(distance_m), NEAREST_M) / np.maximum(distance_m.at(seconds), NEAREST_M))

    def _over_time(self, law: Callable[[Gains], Gains], start: int, count: int) -> NDArray[np.float32]:
        """Return what a law of the mix's seconds gives for ``count`` frames, (count,), or (1,) if nothing changes."""
        settings = self._settings
        if not any(
            isinstance(s, Curve) for s in (settings.width, settings.azimuth_deg, settings.distance_m, self._level)
        ):
            return law(np.zeros(1)).astype(np.float32)
        values: NDArray[np.float32] = self._controlled(start, count, lambda s: law(s)[np.newaxis])[0]
        return values

    def _controlled(self, start: int, count: int, law: Callable[[Gains], Gains]) -> NDArray[np.float32]:
        """Work out a law, seconds (n,) → (k, n), on the control points; linear between, (k, count)."""
        rate = self._stage.sample_rate
        grid = max(1, round(CONTROL_S * rate))
        points = np.arange(start // grid, (start + count - 1) // grid + 2) * grid
        frames = np.arange(start, start + count)
        return np.array([np.interp(frames, points, values) for values in law(points / rate)], np.float32)

    def _moving(self, clip: Clip, first: int, start: int, count: int) -> NDArray[np.float32]:
        """Return the gains, direct and into the room, of frames ``first``… of a clip, (2 · signals, count)."""
        begins_s = (start - first) / self._stage.sample_rate

        def on_path(seconds: Gains) -> Gains:
            times = [p.time_s for p in clip.path]
            azimuths = np.unwrap([p.azimuth_deg for p in clip.path], period=360.0)  # the short way round
            elevation_deg = np.interp(seconds, times, [p.elevation_deg for p in clip.path])
            distance_m = np.interp(seconds, times, [p.distance_m for p in clip.path])
            away = max(self._position.distance_m, NEAREST_M) / np.maximum(distance_m, NEAREST_M)
            turn_deg = _over(self._settings.azimuth_deg, seconds + begins_s) - self._position.azimuth_deg
            return self._gains(np.interp(seconds, times, azimuths) + turn_deg, elevation_deg, away, seconds + begins_s)

        def standing(seconds: Gains) -> Gains:
            elevation_deg = np.full(len(seconds), self._position.elevation_deg)
            return self._gains(
                _over(self._settings.azimuth_deg, seconds), elevation_deg, np.ones(len(seconds)), seconds
            )

        return self._controlled(first, count, on_path) if clip.path else self._controlled(start, count, standing)

    def _gains(self, azimuth_deg: Gains, elevation_deg: Gains, away: Gains, seconds: Gains) -> Gains:
        layout, half_deg = self._layout, self._stage.half_deg
        away = away * self._nearness(seconds)
        direct = layout.direct(azimuth_deg, elevation_deg, half_deg) * away
        if self._level is None:
            return np.concatenate([direct, np.zeros_like(direct)])
        level = 10.0 ** (_over(self._level, seconds) / 20.0)
        # the direct sound falls with distance, the room's does not
        return np.concatenate([direct, layout.sends(azimuth_deg, half_deg) * level])


def _over(setting: Setting, seconds: Gains) -> Gains:
    return setting.at(seconds) if isinstance(setting, Curve) else np.full(len(seconds), float(setting))


def _airs_m(distance_m: Setting) -> list[float]:
    """Return the distances whose air is blended: one, or from the nearest to the farthest in even steps."""
    low, high = extremes(distance_m)
    if high <= low or high < NEAR_M:
        return [at_start(distance_m)]
    count = min(_MOST_AIRS, 1 + math.ceil((high - low) / _AIR_STEP_M))
    return [float(d) for d in np.linspace(low, high, count)]


def _shares(distance_m: Gains, airs_m: Sequence[float]) -> Gains:
    """Return how much of each air is heard at a distance, (airs, n): linear in distance, sums to 1."""
    place = np.interp(distance_m, airs_m, np.arange(len(airs_m)))
    return np.maximum(0.0, 1.0 - np.abs(place - np.arange(len(airs_m))[:, np.newaxis]))


def _sum(a: Gains, b: Gains) -> Gains:
    """Add two FIRs of different lengths."""
    total = np.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] += b
    return total
