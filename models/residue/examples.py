"""Random scenes and random settings for them: what a model of the residue learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mixer.curve import at_start
from mixer.loudness import integrated_loudness
from mixer.plan import TrackSettings
from mixer.processors import Compressor, Filter
from mixer.session import MixSession, TrackLevels
from mixer.strategies.levels import in_place
from mixer.types import AudioBuffer, Clip, Position, Samples, Track
from models.residue.sounds import Sound

T = TypeVar("T")

RATE = 48_000
SECONDS = 4.0
ENSEMBLES = 0.35
"""Share of scenes that are an ensemble, alone or among other sounds."""
MOST_TRACKS = 12
EQ_HZ = (60.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 2_500.0, 7_500.0)
EQ_Q = (1.0, 0.7, 0.7, 0.7, 0.7, 0.9, 0.9, 0.9)
"""Of the equalisers that are tried; the network is told what they do to each Bark, whatever they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Tracks that are heard together for SECONDS, with the files they come from.

    Parameters
    ----------
    tracks : tuple of Track
        With a target loudness each; their takes have −23 LUFS.
    families : tuple of str
    """

    tracks: tuple[Track, ...]
    families: tuple[str, ...]


def draw_scene(sounds: Sequence[Sound], rng: Generator) -> Scene:
    """Draw a scene of 2..12 tracks: sounds of any kind, an ensemble, or both."""
    pieces: dict[str, list[Sound]] = {}
    families: dict[str, list[Sound]] = {}
    for sound in sounds:
        (pieces.setdefault(sound.group, []) if sound.group else families.setdefault(sound.family, [])).append(sound)
    count = min(2 + int(rng.geometric(0.25)) - 1, MOST_TRACKS)
    chosen: list[tuple[Sound, float | None]] = []
    if pieces and (rng.random() < ENSEMBLES or not families):
        parts = pieces[_one(sorted(pieces), rng)]
        together_s = rng.uniform(0.0, 26.0)
        chosen = [(parts[k], together_s) for k in rng.permutation(len(parts))[:MOST_TRACKS]]
        count = max(len(chosen), count if rng.random() < 0.3 else len(chosen), 2)
    while len(chosen) < count and families:
        names = sorted(families)
        sizes = np.sqrt([len(families[name]) for name in names])
        family = names[int(rng.choice(len(names), p=sizes / sizes.sum()))]
        chosen.append((_one(families[family], rng), None))
    base_lufs = rng.uniform(-32.0, -20.0)
    spread_db = rng.uniform(0.0, 5.0)
    tracks = []
    for number, (sound, offset_s) in enumerate(chosen):
        take = _take(sound, offset_s, rng)
        if take is None:
            continue
        lufs = base_lufs + float(np.clip(rng.normal(0.0, spread_db), -12.0, 10.0))
        bed = offset_s is None and rng.random() < 0.15
        position = Position(azimuth_deg=round(rng.uniform(-60.0, 60.0), 1), distance_m=round(rng.uniform(1.0, 20.0), 1))
        clips = _clips(take, offset_s is None, rng)
        tracks.append(
            Track(f"{number}", (take,), clips, position, target_lufs=lufs, width=rng.uniform(0.3, 1.0) if bed else 0.0)
        )
    return Scene(tuple(tracks), tuple(sound.family for sound, _ in chosen))


def _one(items: Sequence[T], rng: Generator) -> T:
    return items[int(rng.integers(len(items)))]


def _take(sound: Sound, offset_s: float | None, rng: Generator) -> AudioBuffer | None:
    """Read an excerpt, at most SECONDS long, brought to −23 LUFS, equalised at random; None where it is silent."""
    import soundfile
    import soxr

    with soundfile.SoundFile(sound.path) as file:
        rate, frames = file.samplerate, file.frames
        length = min(frames, math.ceil(SECONDS * rate))
        start = rng.integers(frames - length + 1) if offset_s is None else min(round(offset_s * rate), frames - length)
        file.seek(int(start))
        samples: Samples = np.ascontiguousarray(file.read(length, dtype="float32", always_2d=True).T[:2])
    if rate != RATE:
        samples = np.ascontiguousarray(soxr.resample(samples.T, rate, RATE).T.astype(np.float32))
    if len(samples) == 2 and rng.random() < 0.5:
        samples = samples.mean(axis=0, keepdims=True)
    samples = _tilted(samples, rng) if rng.random() < 0.5 else samples
    loudness = integrated_loudness(AudioBuffer(samples, RATE))
    if loudness is None or loudness < -65.0:
        return None
    return AudioBuffer(samples * np.float32(10.0 ** ((-23.0 - loudness) / 20.0)), RATE)


def _tilted(samples: Samples, rng: Generator) -> Samples:
    """Give a recording another tone: a slope over the spectrum and a bump."""
    spectrum = np.fft.rfft(samples, axis=1)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(samples.shape[1], 1.0 / RATE), 20.0) / 1000.0)
    gain_db = rng.uniform(-3.0, 3.0) * octaves
    gain_db += rng.uniform(-8.0, 8.0) * np.exp(-((octaves - rng.uniform(-4.0, 3.5)) ** 2) / 0.5)
    return np.fft.irfft(spectrum * 10.0 ** (gain_db / 20.0), samples.shape[1], axis=1).astype(np.float32)


def _clips(take: AudioBuffer, free: bool, rng: Generator) -> tuple[Clip, ...]:
    """Play a take once from anywhere, or again and again; a part of a piece from the start."""
    whole = take.duration_s
    if not free or whole > 0.95 * SECONDS:
        return (Clip(0, 0.0, min(whole, SECONDS)),)
    onset_s, clips = float(rng.uniform(0.0, max(0.05, min(1.5, SECONDS - whole)))), []
    pause_s = float(rng.uniform(0.0, 1.5))
    while onset_s < SECONDS - 0.05:
        clips.append(Clip(0, onset_s, min(whole, SECONDS - onset_s), gain_db=float(rng.normal(0.0, 1.5))))
        onset_s += whole + pause_s
    return tuple(clips)


def neutral(scene: Scene) -> tuple[TrackSettings, ...]:
    """Return the places alone, without gains."""
    return tuple(in_place(track, None) for track in scene.tracks)


def draw_settings(
    places: Sequence[TrackSettings], peaks_db: NDArray[np.float64], rng: Generator
) -> list[TrackSettings]:
    """Draw settings for all tracks, as an optimiser would try them: most tracks changed, or few, much or little.

    Parameters
    ----------
    places : sequence of TrackSettings
    peaks_db : (tracks,) float64
        95th percentile of each track's levels, dB re full scale as recorded: thresholds lie around it.
    rng : Generator

    Returns
    -------
    list of TrackSettings
        Gains are not levelled: ``fader_db`` is an offset of at most 6 dB to the level lock.
    """
    size = rng.uniform(0.2, 1.0)
    share = rng.choice([0.25, 0.6, 1.0])
    drawn = []
    for place, peak_db in zip(places, peaks_db, strict=True):
        if rng.random() > share:
            drawn.append(place)
            continue
        gains_db = np.where(rng.random(len(EQ_HZ)) < 0.6, rng.uniform(-6.0, 6.0, len(EQ_HZ)) * size, 0.0)
        filters = tuple(
            Filter("peak", centre, round(float(gain_db), 2), q)
            for centre, gain_db, q in zip(EQ_HZ, gains_db, EQ_Q, strict=True)
            if gain_db
        )
        compressor = None
        if rng.random() < 0.4:
            threshold_db = float(np.clip(peak_db + rng.uniform(-20.0, 3.0), -90.0, 0.0))
            compressor = Compressor(round(threshold_db, 1), round(float(rng.uniform(1.2, 4.0)), 2))
        turn = rng.uniform(-20.0, 20.0) if rng.random() < 0.6 and place.width == 0.0 else 0.0
        azimuth = float(np.clip(at_start(place.azimuth_deg) + turn, -90.0, 90.0))
        fader_db = float(np.clip(rng.normal(0.0, 2.5 * size), -6.0, 6.0))
        drawn.append(replace(place, filters=filters, compressor=compressor, azimuth_deg=azimuth, fader_db=fader_db))
    return drawn


def locked(session: MixSession, scene: Scene, settings: Sequence[TrackSettings]) -> tuple[TrackSettings, ...]:
    """Return the settings with the gains of the level lock, each track at its target, and its fader in the gain."""
    bare = [replace(s, fader_db=0.0) for s in settings]
    levels: Sequence[TrackLevels] = session.levels(bare)
    result = []
    for track, drawn, place, level in zip(scene.tracks, settings, bare, levels, strict=True):
        gain_db = 0.0 if track.target_lufs is None else level.gain_to(track.target_lufs) or 0.0
        result.append(replace(place, gain_db=float(np.clip(gain_db + at_start(drawn.fader_db), -200.0, 120.0))))
    return tuple(result)
