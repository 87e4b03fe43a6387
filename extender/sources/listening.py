"""A look at a sound before it is used: what is silent, clipped, humming, music or speech is told by its samples.

For every source of recordings. What is doubtful passes: the wrong rejection of a bell costs more than a rare jingle.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extender.sources.base import Query
from extender.sources.folder.words import stems
from mixer.types import AudioBuffer

Table = NDArray[np.float64]

SILENT_PEAK = 1e-3
"""A sound that nowhere exceeds this (−60 dBFS) is not to be heard."""

CLIPPED_SHARE = 0.05
"""So many of the samples may lie in flat tops."""

PILED_SHARE = 0.03
"""So many of the samples may be piled up just below the peak, which is what lossy coding leaves of flat tops."""

HUM_SHARE = 0.5
"""So much of the energy may lie on the mains and its harmonics."""

IN_TUNE = 0.75
"""Mean resultant length of the partials around the tempered scale; 1 = exactly in tune, 0 = anywhere."""

MUSIC_PULSE = 0.45
"""Least autocorrelation of the onsets at a beat of 60 to 180 a minute for something to be music."""

VOCAL = frozenset(
    stems(
        "speech voice spoken talk talking narration dialogue monologue interview podcast tts announcer voiceover people"
        " person man woman crowd murmur walla chatter babble hubbub conversation child children baby laugh laughter"
        " cheer shout scream announcement phone radio television audience protest playground sneeze cough cry crying"
    )
)
"""Who searches for these does not mind speech; who searches for a dog does, whether that is said or not."""

_HUMMING = frozenset(
    stems("hum humming buzz drone transformer fridge refrigerator freezer fan ventilation generator motor engine idle")
)
"""Words of things whose steady tone is theirs, and no fault of the recording."""

_MAX_S = 20.0
_FFT = 8192
_HOP = 2048
_FLOOR = 1e-12


def objection_for(audio: AudioBuffer, query: Query) -> str | None:
    """Return why a sound should not be used for a query, or None; see :func:`objection`."""
    searched = {stem for word in (*query.words, query.concept) for stem in stems(word)}
    unasked = "speech" in query.avoid or query.kind != "ambience"
    return objection(
        audio,
        music_welcome="music" not in query.avoid,
        hum_welcome=bool(_HUMMING & searched),
        speech_welcome=bool(VOCAL & searched) or not unasked,
    )


def objection(
    audio: AudioBuffer, *, music_welcome: bool = False, hum_welcome: bool = False, speech_welcome: bool = False
) -> str | None:
    """Return why a sound should not be used, in a few words, or None if nothing speaks against it.

    Parameters
    ----------
    audio : AudioBuffer
        (channels, frames), float32; the 20 s in its middle are looked at, for silence all of it.
    music_welcome, hum_welcome, speech_welcome : bool
        Music, a steady hum, or somebody who talks, is what is wanted.
    """
    if float(np.abs(audio.samples).max(initial=0.0)) < SILENT_PEAK:
        return "it is silent"
    length = int(_MAX_S * audio.sample_rate)
    first = max(0, audio.frames - length) // 2
    samples = np.asarray(audio.samples[:, first : first + length], dtype=np.float64)
    if (clipped := clipped_share(samples)) > CLIPPED_SHARE:
        return f"it is clipped ({100 * clipped:.0f} % of the samples)"
    if (piled := piled_share(samples)) > PILED_SHARE:
        return f"it was clipped before it was packed ({100 * piled:.0f} % of the samples pile up below the peak)"
    mono = samples.mean(axis=0)
    if not np.abs(mono).max() > SILENT_PEAK:
        mono = samples[0]  # the channels cancel each other out
    if not hum_welcome and (hum := hum_share(mono, audio.sample_rate)) > HUM_SHARE:
        return f"it is mains hum ({100 * hum:.0f} % of the energy)"
    power = _power(mono)
    if not music_welcome and power.shape[0] >= 4 and is_musical(power, audio.sample_rate):
        return "it sounds like music (in tune, with several notes and a beat)"
    tuned = power.shape[0] >= 4 and in_tune(power, audio.sample_rate) > IN_TUNE  # instruments, whose pitch holds
    if not speech_welcome and not tuned and is_speech(mono, audio.sample_rate):
        return "it sounds like speech (a voice of gliding pitch, in syllables)"
    return None


def clipped_share(samples: Table) -> float:
    """Return the share of samples in flat tops: three or more in a row within 0.1 % of the peak, above −6 dBFS."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 0.5 or samples.shape[1] < 3:
        return 0.0
    flat = np.abs(samples) >= 0.999 * peak
    rows = flat[:, :-2] & flat[:, 1:-1] & flat[:, 2:]
    return float(3 * rows.mean()) if rows.any() else 0.0


def piled_share(samples: Table) -> float:
    """Return how many samples too many lie around a level in the upper half, above −6 dBFS; of the worst channel.

    Amplitudes grow ever rarer towards the peak, or, of steady tones, ever more frequent. Where they first grow rarer
    and then pile up, tops were cut off; lossy coding rounds them, so that they no longer lie in a row. So they were
    where half of all lie up there, of which a sine has two fifths.
    """
    worst = 0.0
    for channel in np.abs(samples):
        peak = float(channel.max(initial=0.0))
        if peak < 0.5:
            continue
        share = np.histogram(channel, bins=40, range=(0.0, peak))[0] / channel.size
        smooth = np.convolve(share, np.ones(3) / 3.0, "same")
        level = 16 + int(smooth[16:].argmax())
        shoulder = float(share[int(0.45 * level) : int(0.75 * level)].mean())
        centre = float(share[: int(0.3 * level)].mean())
        around = share[int(0.8 * level) : int(np.ceil(1.2 * level)) + 1]
        if (smooth[level] >= 1.2 * shoulder and shoulder <= 1.05 * centre) or around.sum() > 0.5:
            worst = max(worst, float(np.maximum(0.0, around - shoulder).sum()))
    return worst


def hum_share(mono: Table, sample_rate: int) -> float:
    """Return how much of the energy above 20 Hz lies on 50 or 60 Hz and harmonics, three of twelve at least.

    Mains keep their frequency to a tenth of a hertz, and engines do not: in windows of a second a line counts that is
    steady, no wider than 5 to 7 Hz, and 10 dB above what is beside it, with what it has beyond that.
    """
    size = sample_rate
    if mono.size < 2 * size:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(mono, size)[:: size // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)[:, :800]) ** 2
    mean, steady = power.mean(axis=0), np.median(power, axis=0)
    total = float(np.mean(np.square(frames * np.hanning(size)).sum(axis=1))) * size / 2 - float(mean[:20].sum())
    shares = []
    for mains in (50, 60):
        lines = []
        for harmonic in range(1, 13):
            at, half = mains * harmonic, 2 + (harmonic > 4)
            here = slice(at - half, at + half + 1)
            beside = np.median([*mean[at - half - 9 : at - half - 2], *mean[at + half + 3 : at + half + 10]])
            if mean[here].max() > 10.0 * beside and steady[here].sum() > 0.3 * mean[here].sum():
                lines.append(float(mean[here].sum() - beside * (2 * half + 1)))
        shares.append(sum(lines) / max(total, _FLOOR) if len(lines) >= 3 else 0.0)
    return min(1.0, max(shares))


def is_speech(mono: Table, sample_rate: int) -> bool:
    """Tell whether somebody talks for 2 s or more.

    Speech is voiced between 75 and 320 Hz in runs of a tenth of a second and longer, a few of them each second; its
    pitch glides and hardly ever jumps, over more than a semitone and less than an octave or so; its colour changes
    with every sound; and its level moves as syllables do, at 2 to 8 Hz.
    """
    voice = _voice_of(mono, sample_rate)
    if voice is None or voice.voiced.sum() * _STEP_S < 2.0:
        return False
    heard = voice.voiced
    both = heard[1:] & heard[:-1]
    pitch = np.log2(voice.pitch_hz)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], heard.astype(int), [0]])))
    runs = (edges[1::2] - edges[::2]) * _STEP_S
    runs = runs[runs >= 0.05]
    low, high = np.percentile(pitch[heard], [10, 90])
    return bool(
        runs.size
        and heard.sum() >= 0.3 * voice.active.sum()
        and 75.0 <= voice.pitch_hz[heard].mean() <= 320.0
        and 0.12 <= high - low <= 1.2
        and np.mean(np.abs(np.diff(pitch))[both] < 0.06) >= 0.8
        and voice.colour_db[heard].std(axis=0).mean() >= 4.5
        and 1.0 <= runs.size / (mono.size / sample_rate) <= 6.0
        and 0.06 <= float(np.median(runs)) <= 0.6
        and syllabic_share(voice.level) >= 0.22
    )


def syllabic_share(level: Table) -> float:
    """Return how much of the movement of a level between 0.3 and 30 Hz is between 2 and 8 Hz."""
    swing = level / max(float(level.mean()), _FLOOR) - 1.0
    spectrum = np.abs(np.fft.rfft(swing * np.hanning(swing.size))) ** 2
    hz = np.fft.rfftfreq(swing.size, _STEP_S)
    all_of_it = float(spectrum[(hz >= 0.3) & (hz < 30.0)].sum())
    return float(spectrum[(hz >= 2.0) & (hz < 8.0)].sum()) / max(all_of_it, _FLOOR)


@dataclass(frozen=True, slots=True)
class _Voice:
    """What tells speech, every 10 ms: is anything heard, is it voiced, its pitch, its level (amplitude), its colour."""

    active: NDArray[np.bool_]
    voiced: NDArray[np.bool_]
    pitch_hz: Table
    level: Table
    colour_db: Table


_STEP_S = 0.01
_SPEECH_RATE = 16_000


def _voice_of(mono: Table, sample_rate: int) -> _Voice | None:
    """Follow a voice by the autocorrelation below 2.5 kHz in windows of 40 ms (Boersma 1993); None if too short."""
    import soxr

    sound = soxr.resample(mono.astype(np.float32), sample_rate, _SPEECH_RATE, "MQ").astype(np.float64)
    if sound.size < 2 * _SPEECH_RATE:
        return None
    size, fft = round(0.04 * _SPEECH_RATE), 1024  # window and longest lag fit in
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[:: round(_STEP_S * _SPEECH_RATE)]
    power = np.abs(np.fft.rfft(frames * window, fft, axis=1)) ** 2
    hz = np.fft.rfftfreq(fft, 1.0 / _SPEECH_RATE)
    total = power[:, (hz >= 100.0) & (hz <= 4000.0)].sum(axis=1)
    active = total > 10 ** (-2.5) * float(np.percentile(total, 97))
    own = np.fft.irfft(np.abs(np.fft.rfft(window, fft)) ** 2)
    alike = np.fft.irfft(power * ((hz >= 60.0) & (hz <= 2500.0)), axis=1)
    alike /= (alike[:, :1] + _FLOOR) * (own / own[0] + 1e-3)
    shortest, longest = _SPEECH_RATE // 400, _SPEECH_RATE // 75
    lags = alike[:, shortest - 1 : longest + 2]
    inner = lags[:, 1:-1]
    peaks = np.where((inner > lags[:, :-2]) & (inner >= lags[:, 2:]), inner, 0.0)
    # of several as strong the shortest lag, or a voice would be taken for one an octave below
    first = (peaks >= 0.9 * peaks.max(axis=1, keepdims=True)).argmax(axis=1)
    strength = peaks[np.arange(len(peaks)), first]
    edges = np.geomspace(200.0, 4000.0, 13)
    bands = [power[:, (hz >= a) & (hz < b)].sum(axis=1) for a, b in itertools.pairwise(edges)]
    colour = 10.0 * np.log10(np.stack(bands, axis=1) + _FLOOR)
    return _Voice(
        active,
        active & (strength > 0.55),
        _SPEECH_RATE / (first + shortest).astype(np.float64),
        np.sqrt(total),
        colour - colour.mean(axis=1, keepdims=True),
    )


def is_musical(power: Table, sample_rate: int) -> bool:
    """Tell whether a sound has partials in tune with each other, four notes or more, and a beat."""
    return (
        in_tune(power, sample_rate) > IN_TUNE
        and notes(power, sample_rate) >= 4
        and (pulse(power, sample_rate) > MUSIC_PULSE)
    )


def in_tune(power: Table, sample_rate: int) -> float:
    """Return how closely the strong partials keep to one tempered scale of any tuning, 0..1."""
    semitones, weights = _partials(power, sample_rate)
    if semitones.size < 20:
        return 0.0
    return float(np.abs(np.sum(weights * np.exp(2j * np.pi * semitones)) / weights.sum()))


def notes(power: Table, sample_rate: int) -> int:
    """Return how many of the twelve notes have at least 5 % of the strength of all partials."""
    semitones, weights = _partials(power, sample_rate)
    if not semitones.size:
        return 0
    shares = np.bincount(np.round(semitones).astype(int) % 12, weights, minlength=12) / weights.sum()
    return int(np.sum(shares >= 0.05))


def pulse(power: Table, sample_rate: int) -> float:
    """Return the strongest autocorrelation of the onsets at 60 to 180 beats a minute, 0..1."""
    level = np.log10(power + _FLOOR * power.max())
    flux = np.maximum(np.diff(level, axis=0), 0.0).mean(axis=1)
    flux -= flux.mean()
    energy = float(np.dot(flux, flux))
    rate = sample_rate / _HOP
    lags = [n for n in range(round(rate * 60 / 180), round(rate * 60 / 60) + 1) if 0 < n < flux.size // 2]
    if energy <= _FLOOR or not lags:
        return 0.0
    return float(max(np.dot(flux[n:], flux[:-n]) / energy * flux.size / (flux.size - n) for n in lags))


def _power(mono: Table) -> Table:
    """Return the power spectra of overlapping Hann windows, (frames, bins)."""
    if mono.size < _FFT:
        return np.zeros((0, _FFT // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(mono, _FFT)[::_HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(_FFT), axis=1)) ** 2


def _partials(power: Table, sample_rate: int) -> tuple[Table, Table]:
    """Return pitch (semitones from A4) and amplitude of the eight strongest partials of each frame, 200 Hz to 4 kHz.

    The place of a peak is the vertex of a parabola through the logarithms of three bins (Smith & Serra 1987).
    """
    low, high = round(200 * _FFT / sample_rate), round(4000 * _FFT / sample_rate)
    band = power[:, low - 1 : high + 1]
    inner = band[:, 1:-1]
    threshold = np.maximum(inner.max(axis=1, keepdims=True) * 1e-3, power.max() * 1e-6)
    # a partial stands out from the noise around it, not only from its neighbours
    around = np.stack([np.roll(inner, n, axis=1) for n in (-8, -6, 6, 8)]).mean(axis=0)
    peaks = (inner > band[:, :-2]) & (inner >= band[:, 2:]) & (inner > threshold) & (inner > 10 * around)
    strength = np.where(peaks, inner, 0.0)
    keep = strength >= np.maximum(np.sort(strength, axis=1)[:, -8][:, None], _FLOOR)
    rows, columns = np.nonzero(keep & peaks)
    a, b, c = (np.log(band[rows, columns + n] + _FLOOR) for n in range(3))
    shift = 0.5 * (a - c) / np.where(np.abs(a - 2 * b + c) < _FLOOR, -1.0, a - 2 * b + c)
    hz = (columns + low + shift) * sample_rate / _FFT
    return 12 * np.log2(hz / 440.0), np.sqrt(inner[rows, columns])
