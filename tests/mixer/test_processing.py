"""Processing a track: what it does to the sound, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mixer.curve import Curve
from mixer.equaliser import response, sections_of
from mixer.kernels import SWITCH
from mixer.plan import TrackSettings
from mixer.processing import processed
from mixer.processors import Compressor, Duck, Expander, Filter
from mixer.timeline import Piece, Reader, TrackReader
from mixer.types import AudioBuffer, Clip, Position, Samples, Track
from tests.mixer.signals import RATE, noise, sine

FILTERS = (Filter("low_cut", 60.0), Filter("peak", 1_000.0, -6.0, 1.0), Filter("high_shelf", 6_000.0, 3.0))
BURSTS = tuple(Clip(0, onset_s, 0.5) for onset_s in (0.5, 2.0))
PATH = (Position(-60.0, 0.0, 9.0), Position(60.0, 0.0, 9.0, 0.5))


def no_key(by: str) -> Reader:
    raise AssertionError(by)


def settings(**what: Any) -> TrackSettings:
    return TrackSettings("it", 0.0, **what)


def pieces(
    track: Track, wanted: TrackSettings, frames: int, channels: int = 1, key: Callable[[str], Reader] = no_key
) -> list[list[Piece]]:
    return list(processed(TrackReader(track, RATE), wanted, key).play(frames, channels))


def heard(
    track: Track, wanted: TrackSettings, frames: int, channels: int = 1, key: Callable[[str], Reader] = no_key
) -> Samples:
    """Return the sum of all pieces, (channels, frames)."""
    total = np.zeros((channels, frames + 65_536), np.float32)
    for number, block in enumerate(pieces(track, wanted, frames, channels, key)):
        for piece in block:
            begin = number * 65_536 + piece.start
            total[:, begin : begin + piece.samples.shape[1]] += piece.samples
    return total[:, :frames]


def track_of(samples: NDArray[np.floating], *clips: Clip) -> Track:
    return Track("it", (AudioBuffer(samples, RATE),), clips)


def rms_db(sound: Samples, begin_s: float, end_s: float) -> float:
    part = sound[:, round(begin_s * RATE) : round(end_s * RATE)].astype(np.float64)
    return 10.0 * float(np.log10(max(1e-20, float(np.mean(part**2)))))


def test_what_changes_nothing_is_left_out_to_the_bit() -> None:
    reader = TrackReader(Track("it", (noise(2),)), RATE)
    idle = settings(
        filters=(Filter("peak", 100.0), Filter("low_shelf", 100.0, Curve((0.0, 1.0), (0.0, 0.0)))),
        compressor=Compressor(-30.0, 1.0),
        expander=Expander(-30.0, range_db=0.0),
        ducks=(Duck("other", 0.0, -30.0),),
        linear_phase=True,
    )
    assert processed(reader, idle, no_key) is reader
    assert processed(reader, settings(), no_key) is reader


def test_a_compressor_under_its_threshold_changes_no_bit() -> None:
    track = Track("it", (noise(2, level=0.01),))
    plain = heard(track, settings(), 2 * RATE)
    assert np.array_equal(heard(track, settings(compressor=Compressor(0.0, 4.0)), 2 * RATE), plain)


@pytest.mark.parametrize("linear_phase", [False, True])
def test_filters_have_their_response(linear_phase: bool) -> None:
    sound = np.zeros(3 * RATE)
    sound[70_000] = 1.0
    out = heard(track_of(sound), settings(filters=FILTERS, linear_phase=linear_phase), 3 * RATE)[0]
    hertz = np.array([60.0, 300.0, 1_000.0, 3_000.0, 10_000.0])
    spectrum = [abs(np.sum(out * np.exp(-2j * np.pi * f * np.arange(len(out)) / RATE))) for f in hertz]
    assert spectrum == pytest.approx(np.abs(response(sections_of(FILTERS, RATE), hertz, RATE)), rel=1e-3)
    assert np.argmax(np.abs(out)) == 70_000


def test_stereo_is_filtered_channel_by_channel() -> None:
    track = Track("it", (noise(2, channels=2),))
    both = heard(track, settings(filters=FILTERS), 2 * RATE, 2)
    for channel in range(2):
        alone = heard(track_of(track.takes[0].samples[channel]), settings(filters=FILTERS), 2 * RATE)  # type: ignore[union-attr]
        assert np.abs(both[channel] - alone[0]).max() < 1e-6


def test_mirrored_sound_is_processed_alike() -> None:
    sound = noise(3, channels=2).samples * np.array([[1.0], [0.3]], np.float32)
    wanted = settings(
        filters=FILTERS, compressor=Compressor(-40.0, 4.0, makeup_db=3.0), expander=Expander(-20.0), linear_phase=True
    )
    out, mirrored = (heard(track_of(s), wanted, 3 * RATE, 2) for s in (sound, sound[::-1]))
    assert np.array_equal(out, mirrored[::-1])


def test_the_filters_of_a_clip_ring_on_after_it() -> None:
    ringing = settings(filters=(Filter("peak", 100.0, 24.0, 4.0),))
    burst = Clip(0, 0.2, 0.5)
    out = heard(track_of(sine(-20.0, 1.0, 100.0), burst), ringing, 3 * RATE)
    assert rms_db(out, 0.75, 0.8) > -30.0
    assert not out[:, round(2.95 * RATE) :].any()
    moving = track_of(sine(-20.0, 1.0, 100.0), replace(burst, path=PATH))
    assert {piece.clip.path for block in pieces(moving, ringing, 3 * RATE) for piece in block} == {PATH}
    assert np.abs(heard(moving, ringing, 3 * RATE) - out).max() < 1e-6


def test_clips_that_move_stay_apart_and_know_when_they_are() -> None:
    track = track_of(noise(1).samples, *(replace(clip, path=PATH) for clip in BURSTS), Clip(0, 0.0, 0.5))
    wanted = settings(filters=FILTERS, compressor=Compressor(-40.0, 4.0))
    for number, block in enumerate(pieces(track, wanted, 3 * RATE)):
        for piece in block:
            begun = round(piece.clip.onset_s * RATE)
            assert piece.first - piece.start == number * 65_536 - begun
    standing = track_of(noise(1).samples, *BURSTS, Clip(0, 0.0, 0.5))
    assert np.abs(heard(track, wanted, 3 * RATE) - heard(standing, wanted, 3 * RATE)).max() < 1e-6


@pytest.mark.parametrize("lookahead_s", [0.0, 0.02])
def test_looking_ahead_shifts_no_sound_and_catches_the_attack(lookahead_s: float) -> None:
    # 1.3653 s is the border of two blocks: the first must know of the second
    sound = np.concatenate([sine(-60.0, 65_536 / RATE), sine(-6.0, 1.0)])
    compressor = Compressor(-30.0, 20.0, 0.0, 0.005, 0.1, lookahead_s)
    out = heard(track_of(sound), settings(compressor=compressor), len(sound))[0].astype(np.float64)
    gain = np.abs(out[sound != 0.0]) / np.abs(sound[sound != 0.0].astype(np.float32))
    assert (np.sign(out) == np.sign(sound.astype(np.float32))).all()
    assert gain.max() <= 1.0 + 1e-6
    peak_db = 20 * np.log10(np.abs(out[65_536 : 65_536 + 100]).max())
    assert peak_db < -20.0 if lookahead_s else peak_db > -12.0


def test_a_compressor_brings_levels_together() -> None:
    sound = np.concatenate([sine(-40.0, 1.0), sine(-10.0, 1.0)])
    compressor = Compressor(-30.0, 4.0, 0.0, 0.001, 0.5, makeup_db=5.0)
    out = heard(track_of(sound), settings(compressor=compressor), 2 * RATE)
    assert rms_db(out, 0.2, 0.9) == pytest.approx(-40.0 - 3.01 + 5.0, abs=0.1)
    # peaks at −10 dB are 20 dB over: 15 dB less, but for the release between half-waves
    assert rms_db(out, 1.5, 1.9) == pytest.approx(-10.0 - 3.01 - 15.0 + 5.0, abs=0.5)


def test_a_gate_silences_what_is_between_and_keeps_what_it_is_for() -> None:
    rng = np.random.default_rng(5)
    t = np.arange(3 * RATE) / RATE
    bark = rng.normal(0, 0.2, len(t)) * ((t > 1.0) & (t < 1.5))
    hiss = rng.normal(0, 1e-3, len(t))
    gate = Expander(-40.0, 10.0, 60.0, lookahead_s=0.005, hold_s=0.05, release_s=0.05)
    plain = track_of(bark + hiss)
    out, was = heard(plain, settings(expander=gate), len(t)), heard(plain, settings(), len(t))
    assert rms_db(out, 1.0, 1.5) == pytest.approx(rms_db(was, 1.0, 1.5), abs=0.05)
    assert rms_db(out, 0.3, 0.9) < rms_db(was, 0.3, 0.9) - 55.0
    assert rms_db(out, 2.2, 2.9) < rms_db(was, 2.2, 2.9) - 55.0


def test_a_duck_follows_its_key_and_releases() -> None:
    bell = track_of(sine(-10.0, 1.0), *BURSTS)
    bed = track_of(sine(-20.0, 4.0, 500.0))
    duck = Duck("bell", 9.0, -30.0, release_s=0.1)
    played = []

    def key(by: str) -> Reader:
        played.append(by)
        return TrackReader(bell, RATE)

    out = heard(bed, settings(ducks=(duck, Duck("bell", 3.0, -30.0))), 4 * RATE, key=key)
    level = -20.0 - 3.01
    assert played == ["bell"]
    assert rms_db(out, 0.0, 0.45) == pytest.approx(level, abs=0.1)
    assert rms_db(out, 0.8, 0.95) == pytest.approx(level - 12.0, abs=0.2)
    assert rms_db(out, 2.3, 2.45) == pytest.approx(level - 12.0, abs=0.2)
    late = heard(bed, settings(ducks=(duck,)), 4 * RATE, key=key)
    assert rms_db(late, 1.8, 1.95) == pytest.approx(level, abs=0.1)


def test_a_duck_of_a_band_leaves_the_rest() -> None:
    bell = track_of(sine(-10.0, 2.0), Clip(0, 1.0, 2.0))
    duck = Duck("bell", 12.0, -30.0, frequency_hz=1_000.0, q=1.0)
    for hertz, taken_db in ((1_000.0, 12.0), (50.0, 0.05), (16_000.0, 0.05)):
        tone = track_of(sine(-20.0, 3.0, hertz))
        out = heard(tone, settings(ducks=(duck,)), 3 * RATE, key=lambda by: TrackReader(bell, RATE))
        assert rms_db(out, 0.2, 0.9) == pytest.approx(-23.01, abs=0.05)
        assert rms_db(out, 1.5, 2.5) == pytest.approx(-23.01 - taken_db, abs=0.15)


def test_a_duck_of_a_band_at_its_full_depth_is_a_peak_filter() -> None:
    tone = track_of(np.full(4 * RATE, 0.5))
    bed = track_of(noise(4, 3).samples)
    duck = Duck("tone", 9.0, -30.0, frequency_hz=700.0, q=2.0)
    ducked = heard(bed, settings(ducks=(duck,)), 4 * RATE, key=lambda by: TrackReader(tone, RATE))
    filtered = heard(bed, settings(filters=(Filter("peak", 700.0, -9.0, 2.0),)), 4 * RATE)
    assert rms_db(ducked - filtered, 2.0, 3.9) < rms_db(filtered, 2.0, 3.9) - 120.0


EVERYTHING = settings(
    expander=Expander(-40.0, lookahead_s=0.01),
    filters=(*FILTERS, Filter("peak", Curve((0.0, 3.0), (100.0, 8_000.0)), -12.0, 2.0)),
    linear_phase=True,
    compressor=Compressor(-30.0, 4.0, lookahead_s=0.01, makeup_db=Curve((0.0, 3.0), (0.0, 6.0))),
    ducks=(Duck("bell", 6.0, -40.0), Duck("bell", 6.0, -40.0, frequency_hz=2_000.0)),
)


def bell(by: str) -> Reader:
    return TrackReader(track_of(noise(1, 9).samples, *BURSTS), RATE)


def test_silence_stays_silent() -> None:
    silent = track_of(np.zeros(2 * RATE))
    assert not heard(silent, EVERYTHING, 2 * RATE, key=bell).any()
    late = track_of(np.ones(100), Clip(0, 60.0, 0.001))
    assert not any(pieces(late, EVERYTHING, 2 * RATE, key=bell))


def test_after_its_end_a_track_falls_silent() -> None:
    out = pieces(track_of(noise(0.5).samples), EVERYTHING, 8 * RATE, key=bell)
    assert out[0]
    assert not any(out[-2:])


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    track = track_of(noise(3, 3).samples, *BURSTS, Clip(0, 1.0, 2.0, path=PATH))
    whole = heard(track, EVERYTHING, 4 * RATE, key=bell)
    for module in ("mixer.timeline", "mixer.processing"):
        monkeypatch.setattr(f"{module}.BLOCK", 24_000)  # longer than the linear-phase filter's half
    total = np.zeros_like(whole)
    for number, block in enumerate(pieces(track, EVERYTHING, 4 * RATE, key=bell)):
        for piece in block:
            begin = number * 24_000 + piece.start
            total[:, begin : begin + piece.samples.shape[1]] += piece.samples
    assert np.abs(total - whole).max() < 1e-6


def test_it_is_the_same_every_time_and_without_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    track = Track("it", (noise(2, 3, channels=2),), (Clip(0, 0.1, 1.5), Clip(0, 0.3, 1.0, path=PATH)))
    first, again = (heard(track, EVERYTHING, 2 * RATE, 2, bell) for _ in range(2))
    assert np.array_equal(first, again)
    monkeypatch.setenv(SWITCH, "1")
    assert np.abs(heard(track, EVERYTHING, 2 * RATE, 2, bell) - first).max() < 1e-6


def test_what_is_read_is_not_written_to() -> None:
    track = track_of(noise(2).samples, Clip(0, 0.0, 2.0), Clip(0, 0.0, 1.0))
    before = track.takes[0].samples.copy()  # type: ignore[union-attr]
    heard(track, EVERYTHING, 2 * RATE, key=bell)
    assert np.array_equal(before, track.takes[0].samples)  # type: ignore[union-attr]
