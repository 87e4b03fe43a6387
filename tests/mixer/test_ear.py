"""Short-time spectra and the ear model, against golden values, the equations as printed, and themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixer import MixerError
from mixer.ear import EarModel, band_edges, ear_weighting_db
from mixer.ear_kernels import compare, excite, group
from mixer.kernels import SWITCH, uses_numba
from mixer.stft import Framer, Resampler, hann, spectra_of, stft
from tests.mixer.signals import RATE, noise, sine

EAR = EarModel()
GOLDEN = [  # k, lower edge, centre, upper edge, E_IN, a, m, B: mixing equations, worked out by hand from BS.1387
    (0, 80.000, 91.708, 103.445, 9.6504, 0.51330, 3.00, 4.87401),
    (1, 103.445, 115.216, 127.023, 6.6109, 0.45504, 3.00, 8.13680),
    (10, 324.055, 337.077, 350.207, 2.2260, 0.23026, 3.00, 13.87257),
    (40, 1464.392, 1493.238, 1522.559, 1.2754, 0.10519, 3.00, 14.35180),
    (49, 2064.590, 2103.573, 2143.227, 1.2031, 0.09458, 3.0625, 14.38083),
    (80, 6381.463, 6497.031, 6614.670, 1.0779, 0.07743, 5.00, 14.42778),
    (108, 17385.417, 17690.044, 18000.0, 1.0342, 0.07238, 6.75, 5.96434),
]


def spectra(signal: NDArray[np.floating], ear: EarModel = EAR) -> NDArray[np.complex64]:
    """All frames of one channel."""
    blocks = [np.atleast_2d(signal).astype(np.float32)]
    found = np.concatenate(list(stft(blocks, window=ear.window, overlap=ear.window // ear.hop)), axis=1)
    return np.asarray(found[0], np.complex64)


def heard(signal: NDArray[np.floating], ear: EarModel = EAR) -> NDArray[np.float32]:
    return ear.excitation(ear.band_powers(spectra(signal, ear)))


def random_powers(seed: int, frames: int = 70) -> NDArray[np.float32]:
    """Up to 110 dB SPL in a band, many far below the internal noise."""
    return (10.0 ** np.random.default_rng(seed).uniform(-3.0, 11.0, (109, frames))).astype(np.float32)


@pytest.mark.parametrize("row", GOLDEN)
def test_table_of_bands(row: tuple[float, ...]) -> None:
    k, low, centre, high, internal, a, m, norm = row
    band = int(k)
    assert EAR.bands == 109
    assert EAR.edges_hz[band : band + 2] == pytest.approx([low, high], abs=6e-4)
    assert EAR.centres_hz[band] == pytest.approx(centre, abs=6e-4)
    assert EAR.noise[band] == pytest.approx(internal, abs=6e-5)
    assert EAR.smear[band] == pytest.approx(a, abs=6e-6)
    assert EAR.mask_db[band] == m
    assert EAR.norm[band] == pytest.approx(norm, abs=1e-5)


def test_masking_offset_and_bands_of_mud_and_harshness() -> None:
    assert int((EAR.mask_db > 3.0).argmax()) == 49
    centres = EAR.centres_hz
    assert np.flatnonzero((centres >= 200) & (centres <= 500)).tolist() == list(range(5, 16))
    assert np.flatnonzero((centres >= 1000) & (centres <= 4000)).tolist() == list(range(31, 67))


def test_outer_ear() -> None:
    hertz = [50, 100, 1_000, 2_000, 3_300, 4_000, 8_000, 16_000]
    golden = [-23.981, -13.766, -1.913, 1.091, 5.586, 3.977, -2.197, -21.856]
    assert ear_weighting_db(hertz) == pytest.approx(golden, abs=6e-4)


def test_full_scale_is_92_db() -> None:
    level = 10**9.2 / (0.84971762641205 / 4 * 2047) ** 2
    power = np.abs(spectra(sine(0.0, 1.0, 1019.5))[20]) ** 2 * level
    assert int(power.argmax()) == 43
    assert 10 * np.log10(power[43]) == pytest.approx(92.0, abs=1e-3)


def test_tone_spreads_as_published() -> None:
    E = heard(sine(60.0 - 92.0, 1.0, 1_000.0))[:, 20]
    M = EAR.mask(E[:, np.newaxis])[:, 0]
    for hertz, excitation_db, mask_db in ((995, 49.72, 46.72), (1275, 33.50, 30.50), (1493, 21.72, 18.72), (2184, 3.75, 0.62)):  # fmt: skip # noqa: E501
        band = int(np.abs(EAR.centres_hz - hertz).argmin())
        assert 10 * np.log10(E[band]) == pytest.approx(excitation_db, abs=6e-3)
        assert 10 * np.log10(M[band]) == pytest.approx(mask_db, abs=6e-3)


def test_loudness_of_40_db_at_1_khz() -> None:
    assert EAR.loudness_sone(heard(sine(40.0 - 92.0, 1.0, 1_000.0)))[20] == pytest.approx(0.584, abs=5e-4)


def plain(power: NDArray[np.float32]) -> NDArray[np.float64]:
    """Steps 6 to 8 as they are printed, one sum for each pair of bands."""
    bands, frames = power.shape
    E = power.astype(np.float64) + EAR.noise[:, np.newaxis]
    k = np.arange(bands)
    steps = k[:, np.newaxis] - k  # to i, from l
    smeared = np.zeros_like(E)
    last = np.zeros(bands)
    for t in range(frames):
        up = np.minimum(10.0 ** ((-2.4 - 23.0 / EAR.centres_hz) * 0.25) * E[:, t] ** 0.05, 2.0**-0.02)
        down = 10.0 ** (2.7 * 0.25)
        A = (1 - down ** -(k + 1.0)) / (1 - 1 / down) + (1 - up ** (bands - k)) / (1 - up) - 1
        S = np.where(steps < 0, down ** np.minimum(steps, 0.0), up ** np.maximum(steps, 0))
        spread = ((E[:, t] / A * S) ** 0.4).sum(axis=1) ** 2.5 / EAR.norm
        last = EAR.smear * last + (1 - EAR.smear) * spread
        smeared[:, t] = np.maximum(last, spread)
    return smeared


def test_excitation_is_as_printed() -> None:
    power = random_powers(1)
    assert EAR.excitation(power) == pytest.approx(plain(power), rel=1e-5)


def test_compiled_and_numpy_agree() -> None:
    if not uses_numba():
        pytest.skip("needs Numba, which is missing or switched off")
    power = random_powers(2)
    compiled, numpy = np.empty_like(power), np.empty_like(power)
    ends = [EAR.state(), EAR.state()]
    excite(power, EAR.tables, EAR._lower, EAR._per_log, ends[0], compiled)
    excite.fallback(power, EAR.tables, EAR._lower, EAR._per_log, ends[1], numpy)
    assert compiled == pytest.approx(numpy, rel=1e-5)
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)
    rng = np.random.default_rng(3)
    own, mix = (rng.normal(0, 9, (2, 7, 1025)).astype(np.float32).view(np.float32) * (1 + 1j) for _ in range(2))
    own, mix = own[0].astype(np.complex64), mix[1].astype(np.complex64)
    found = [[np.empty((109, 7), np.float32) for _ in range(2)] for _ in range(2)]
    group(own, np.float32(0.3), mix, EAR.groups, *found[0])
    group.fallback(own, np.float32(0.3), mix, EAR.groups, *found[1])
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    sides = [np.stack([random_powers(s, 9) + np.float32(0.5) for s in (a, a + 1)]) for a in (4, 6)]
    shapes = [(2, 109, 9), (2, 109, 9), *[(109, 9)] * 4]
    weighed = [[np.empty(shape, np.float32) for shape in shapes] for _ in range(2)]
    compare(sides[0], sides[1], EAR.tables, *weighed[0])
    compare.fallback(sides[0], sides[1], EAR.tables, *weighed[1])
    for one, other in zip(*weighed, strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=5e-5)


def test_without_numba_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = noise(0.5, 3).samples[0]
    compiled = heard(signal)
    monkeypatch.setenv(SWITCH, "1")
    assert heard(signal) == pytest.approx(compiled, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 9_999), max_size=8), window=st.sampled_from([256, 512, 2048]), overlap=st.sampled_from([1, 2, 4, 8]))  # fmt: skip # noqa: E501
def test_blocks_change_nothing(cuts: list[int], window: int, overlap: int) -> None:
    signal = noise(10_000 / RATE, 4, channels=2).samples
    whole = np.concatenate(list(stft([signal], window=window, overlap=overlap)), axis=1)
    blocks = np.split(signal, sorted(cuts), axis=1)
    assert np.array_equal(whole, np.concatenate(list(stft(blocks, window=window, overlap=overlap)), axis=1))
    assert whole.shape == (2, -(-10_000 * overlap // window), window // 2 + 1)


def test_spectra_are_those_of_the_text() -> None:
    signal = noise(0.2, 5).samples[0]
    padded = np.pad(signal.astype(np.float64), 1024)
    n = np.arange(2048)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 2047)
    assert hann(2048) == pytest.approx(window)
    found = spectra(signal)
    for t in range(len(found)):
        frame = np.pad(padded[t * 1024 : t * 1024 + 2048], (0, max(0, t * 1024 + 2048 - len(padded))))
        assert found[t] == pytest.approx(np.fft.rfft(frame * window), abs=1e-4)


def test_silence_is_skipped_without_losing_count() -> None:
    sound = noise(0.3, 6).samples
    loud, skipping = Framer(1, 2048, 1024), Framer(1, 2048, 1024)
    blocks = [None, None, sound, None, None, None, sound, None]
    for block in blocks:
        length = sound.shape[1]
        one = loud.add(np.zeros_like(sound) if block is None else block, length)
        other = skipping.add(block, length)
        assert one[0] == other[0]
        if other[1] is None:
            assert one[1] is not None
            assert not one[1].any()
        else:
            assert one[1] is not None
            assert np.array_equal(one[1], other[1])
    assert loud.finish()[0] == skipping.finish()[0]
    assert skipping.silent


def test_excitation_goes_on_from_its_state() -> None:
    power = random_powers(7, 150)
    state = EAR.state()
    parts = [EAR.excitation(part, state) for part in np.split(power, [1, 2, 64, 100], axis=1)]
    assert np.concatenate(parts, axis=1) == pytest.approx(EAR.excitation(power), rel=1e-6)


def test_silence_is_not_heard() -> None:
    E = EAR.excitation(np.zeros((109, 50), np.float32))
    assert np.all(2.0 * EAR.noise[:, np.newaxis] > E)
    assert np.all(0.5 * EAR.noise[:, np.newaxis] < E)


@pytest.mark.parametrize("window", [512, 1024, 4096, 8192])
def test_other_windows_hear_tones_as_loud(window: int) -> None:
    tone = sine(-30.0, 1.0, 2_000.0)
    reference, other = EAR, EarModel(RATE, window, 4)
    totals = [e.band_powers(spectra(tone, e)).sum(axis=0)[len(spectra(tone, e)) // 2] for e in (reference, other)]
    assert 10 * np.log10(totals[1] / totals[0]) == pytest.approx(0.0, abs=0.15)


def test_other_rates() -> None:
    slow = EarModel(44_100)
    tone = heard(sine(-30.0, 1.0, 1_000.0, 44_100), slow)[:, 20]
    assert 10 * np.log10(tone.max() / heard(sine(-30.0, 1.0, 1_000.0))[:, 20].max()) == pytest.approx(0.0, abs=0.3)
    narrow = EarModel(8_000)
    power = narrow.band_powers(spectra(noise(0.5, rate=8_000).samples[0], narrow))
    assert not power[narrow.edges_hz[:-1] > 4_010].any()
    assert np.isfinite(narrow.excitation(power)).all()


def test_extreme_levels_stay_finite() -> None:
    loudest = np.full((109, 5), 1e16, np.float32)
    assert np.isfinite(EAR.excitation(loudest)).all()
    assert EAR.excitation(loudest) == pytest.approx(plain(loudest), rel=1e-3)
    assert np.isfinite(heard(noise(0.2, level=1e-20).samples[0])).all()


def test_resampling_in_blocks_is_resampling_the_whole() -> None:
    sound = noise(0.5, 9, rate=44_100, channels=2).samples
    whole = Resampler(2, 44_100, 48_000)
    reference = np.concatenate((whole.add(sound, sound.shape[1]), whole.add(None, 0, last=True)), axis=1)
    pieces = Resampler(2, 44_100, 48_000)
    found = [pieces.add(part, part.shape[1]) for part in np.split(sound, [5_000, 5_001], axis=1)]
    found.append(pieces.add(None, 0, last=True))
    assert np.concatenate(found, axis=1) == pytest.approx(reference, abs=1e-6)
    assert reference.shape == (2, 24_000)


def test_bad_values_are_told() -> None:
    with pytest.raises(MixerError, match="overlap"):
        EarModel(RATE, 2048, 3)
    with pytest.raises(MixerError, match="window"):
        list(stft([np.zeros((1, 10), np.float32)], window=63))
    with pytest.raises(MixerError, match="sample_rate"):
        EarModel(4_000)
    with pytest.raises(MixerError, match="spectra"):
        EAR.band_powers(np.zeros((3, 100), np.complex64))
    with pytest.raises(MixerError, match="powers"):
        EAR.excitation(np.zeros((108, 3), np.float32))


def test_one_batch_is_as_many_single_frames() -> None:
    signal = noise(0.3, 10).samples[0]
    many = spectra_of(signal, 100, 9, EAR.taper, 1024)
    for t in range(9):
        assert np.array_equal(many[t], spectra_of(signal, 100 + t * 1024, 1, EAR.taper, 1024)[0])


def test_edges_are_contiguous() -> None:
    edges = band_edges()
    assert np.all(np.diff(edges) > 0.0)
    assert edges[[0, -1]] == pytest.approx([80.0, 18_000.0])
