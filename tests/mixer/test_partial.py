"""Partial loudness and the measures made of it: what section after section of theory says must come out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixer import MixerError
from mixer.ear import EarModel
from mixer.partial import clarity, masked_share, masker_to_signal_db, partial_loudness, unfairness
from mixer.stft import Framer
from tests.mixer.signals import RATE, Mono, noise, sine

EAR = EarModel()
Excitation = NDArray[np.float32]


def heard(signal: Mono) -> Excitation:
    """The excitation of a mono sound, (1, bands, frames), without the frames at its ends."""
    framer = Framer(1, EAR.window, EAR.hop)
    count, samples = framer.add(np.asarray(signal, np.float32)[np.newaxis], len(signal))
    assert samples is not None
    frames = np.lib.stride_tricks.sliding_window_view(samples[0], EAR.window)[:: EAR.hop][:count]
    spectra = np.fft.rfft(frames * EAR.taper).astype(np.complex64)
    return EAR.excitation(EAR.band_powers(spectra))[np.newaxis, :, 2:-2]


def white(seed: int, seconds: float = 3.0, level: float = 0.02) -> Mono:
    return np.asarray(noise(seconds, seed, level).samples[0], np.float64)


@pytest.mark.parametrize(
    ("accompaniment_db", "msr", "mur"),
    [
        (-20, 0.0, 0.958),
        (-10, 0.0, 0.823),
        (0, 0.0023, 0.381),
        (10, 0.324, 0.0),
        (20, 0.856, 0.0),
        (30, 1.0, 0.0),
    ],
)
def test_pairs_of_white_noise(accompaniment_db: float, msr: float, mur: float) -> None:
    """The values that an independent implementation of the same equations gave."""
    own, other = heard(white(1)), heard(10 ** (accompaniment_db / 20) * white(2))
    measured = clarity(EAR, own[np.newaxis], other[np.newaxis])
    assert measured.msr[0] == pytest.approx(msr, abs=0.012)
    assert measured.mur[0] == pytest.approx(mur, abs=0.012)


def test_identical_tracks_mask_nothing_by_the_threshold() -> None:
    own = heard(white(1))[np.newaxis]
    assert clarity(EAR, own, own).msr[0] == 0.0
    assert masker_to_signal_db(EAR, own, own).max() <= -3.0 + 1e-9


def test_a_tone_appears_above_noise_near_its_level() -> None:
    """1 kHz in noise 160 Hz wide at 70 dB: by this model audible from about 68.6 dB, in textbooks from about 66."""
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=4 * RATE))
    hertz = np.fft.rfftfreq(4 * RATE, 1 / RATE)
    band = np.fft.irfft(np.where(np.abs(hertz - 1_000) < 80, spectrum, 0))
    masker = heard(band / band.std() * 10 ** ((70 - 92) / 20) / np.sqrt(2))

    def audible(level_db: float) -> bool:
        tone = heard(sine(level_db - 92, 4.0))
        centre = int(np.argmax(tone.mean(axis=2)[0]))
        left = partial_loudness(EAR, tone, masker)[0, centre]
        return bool(np.mean(left > 0.0) > 0.5)

    level_db = next(level for level in np.arange(60.0, 80.0, 0.2) if audible(level))
    assert level_db == pytest.approx(68.0, abs=1.5)


def test_a_tone_alone_has_its_loudness() -> None:
    tone = heard(sine(40.0 - 92.0, 2.0))[np.newaxis]
    silence = np.broadcast_to(heard(np.zeros(2 * RATE)), tone.shape)
    alone = clarity(EAR, tone, silence)
    assert alone.loudness_sone[0] == pytest.approx(0.584, abs=0.005)
    assert alone.mur[0] > 0.9
    assert alone.msr[0] == 0.0


def test_silence_has_no_clarity_and_is_left_out() -> None:
    silence, sound = heard(np.zeros(2 * RATE)), heard(white(1, 2.0))
    measured = clarity(EAR, np.stack([silence, sound]), np.stack([sound, silence]))
    assert np.isnan(measured.msr[0])
    assert measured.loudness_sone[0] == pytest.approx(0.0, abs=1e-6)
    assert measured.msr[1] == 0.0
    assert unfairness(measured.msr) == (0.0, 0.0)
    assert unfairness([np.nan]) == (0.0, 0.0)


def test_the_better_ear_counts() -> None:
    own, other = heard(white(1, 2.0)), heard(10 * white(2, 2.0))
    silence = heard(np.zeros(2 * RATE))
    left_only, apart = np.stack([own, silence], axis=1), np.stack([other, silence], axis=1)
    across = np.stack([silence, other], axis=1)
    assert clarity(EAR, left_only, across).msr[0] == 0.0
    assert clarity(EAR, left_only, across).mur[0] > 0.9
    assert clarity(EAR, left_only, apart).mur[0] == clarity(EAR, own[np.newaxis], other[np.newaxis]).mur[0]
    both = np.concatenate([left_only, left_only[:, ::-1]], axis=0)
    mirrored = clarity(EAR, both, np.concatenate([apart, apart[:, ::-1]]))
    assert mirrored.mur[0] == mirrored.mur[1]


def test_unfairness_is_of_one_scale_for_any_number_of_tracks() -> None:
    assert unfairness([1.0, 1.0]) == unfairness([1.0] * 30) == (1.0, 0.0)
    assert unfairness([0.0, 0.6]) == pytest.approx((0.18, 0.6))


def test_shapes_must_agree() -> None:
    own = heard(white(1, 1.0))
    with pytest.raises(MixerError, match="109 bands"):
        clarity(EAR, own[np.newaxis, :, :50], own[np.newaxis, :, :50])
    with pytest.raises(MixerError, match="109 bands"):
        partial_loudness(EAR, own, own[..., :3])


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), more_db=st.floats(0.0, 40.0))
def test_partial_loudness_is_bounded_and_falls_with_the_masker(seed: int, more_db: float) -> None:
    rng = np.random.default_rng(seed)
    own, rest = (10 ** (rng.uniform(0.0, 110.0, (1, EAR.bands, 4)) / 10) for _ in range(2))
    left = partial_loudness(EAR, own, rest)
    assert (left >= 0.0).all()
    assert (left <= EAR.specific_loudness(own.astype(np.float32)) * (1 + 1e-4) + 1e-9).all()
    louder = 10 ** (more_db / 10) * rest
    assert (partial_loudness(EAR, own, louder) <= left + 1e-9).all()
    before, after = masked_share(EAR, own, rest), masked_share(EAR, own, louder)
    assert np.isnan(before) or 0.0 <= before <= after <= 1.0
    assert (partial_loudness(EAR, np.float64(10 ** (more_db / 10)) * own, rest) >= left - 1e-9).all()
