"""Fitting events: what is known of a call or a struck thing is found again, and only what may be analysed is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from extender.sources.procedural.calls import BANDS_HZ, Call, sounded
from models.sounds.events import CALLS, STRUCK, fit, sources
from models.sounds.events_calls import Voice, aligned, fitted, measured
from models.sounds.events_modes import Modes, poles, ringing, struck_alike
from models.sounds.events_takes import Cutting, Take, bouts, takes
from models.sounds.events_voice import carried, pitch
from tests.conftest import shared

RATE = 48_000
CARD = Path(__file__).resolve().parents[2] / "models" / "cards" / "sounds.md"
POINTS = 40
VOICE = Voice(POINTS, 180.0, 1_400.0)


def call(top_hz: float = 600.0, duration_s: float = 0.3, noise_db: float = -80.0) -> Call:
    """A bark-like call: an arch of pitch, harmonics that fall 10 dB an octave, white noise."""
    u = np.linspace(0.0, 1.0, POINTS)
    harmonic = np.tile(-10.0 * np.log2(BANDS_HZ / 500.0), (POINTS, 1))
    return Call(
        duration_s, u, top_hz * (0.7 + 0.3 * np.sin(np.pi * u)), harmonic, np.full((POINTS, BANDS_HZ.size), noise_db)
    )


def taken(made: Call, seed: int = 0, individual: str = "one", onset_s: float = 0.0) -> Take:
    sound = sounded(np.random.default_rng(seed), made).astype(np.float64)
    margin = 2_400
    return Take(np.pad(sound, margin), margin, onset_s, individual, np.zeros(0))


def test_takes_are_cut_where_they_are() -> None:
    rng = np.random.default_rng(0)
    sound = 1e-4 * rng.standard_normal(3 * RATE)
    onsets = [0.4, 1.1, 2.2]
    for onset in onsets:
        start = round(onset * RATE)
        sound[start : start + 9_600] += 0.2 * rng.standard_normal(9_600) * np.hanning(9_600)
    found = takes(sound, "one", Cutting(0.06, 0.5, 0.05))
    assert [take.onset_s for take in found] == pytest.approx(onsets, abs=0.03)
    assert all(take.duration_s == pytest.approx(0.18, abs=0.04) for take in found)
    assert found[0].ground.size > RATE


def test_clipped_and_cut_off_takes_are_left() -> None:
    sound = 1e-5 * np.random.default_rng(0).standard_normal(2 * RATE)
    t = np.arange(9_600) / RATE
    sound[20_000:29_600] += np.clip(3.0 * np.sin(2 * np.pi * 200.0 * t) * np.hanning(9_600), -0.9, 0.9)
    assert takes(sound, "one", Cutting(0.06, 0.5, 0.05)) == []
    sound = sound[25_000:]
    assert takes(sound, "one", Cutting(0.06, 0.5, 0.05)) == []


def test_bouts_are_runs_of_takes() -> None:
    assert bouts([[0.0, 0.5, 1.0, 4.0], [1.0]], 1.5) == ([3, 1, 1], [0.5, 0.5])


def test_pitch_of_a_glide_is_found() -> None:
    t = np.arange(RATE // 2) / RATE
    hz = 300.0 * 2.0 ** (2.0 * t)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    sound = sum(np.cos(h * phase) / h for h in range(1, 8))
    found, strength = pitch(np.asarray(sound), 150.0, 1_200.0)
    inner = slice(6, -6)
    at = np.minimum(np.arange(found.size) * 240, t.size - 1)
    assert np.isfinite(found[inner]).all()
    assert found[inner] == pytest.approx(hz[at][inner], rel=0.02)
    assert strength[inner].min() > 0.8


def test_noise_has_no_pitch() -> None:
    found, _ = pitch(np.random.default_rng(3).standard_normal(RATE // 2), 150.0, 1_200.0)
    assert np.mean(np.isfinite(found)) < 0.2
    assert carried(found[:0], 300.0).size == 0
    assert carried(np.full(5, np.nan), 300.0) == pytest.approx(300.0)


def test_harmonics_and_noise_are_told_apart() -> None:
    known = call(noise_db=-70.0)
    found = measured(taken(known), VOICE)
    inner = slice(6, -6)
    assert found.pitch_hz[inner] == pytest.approx(known.pitch_hz[inner], rel=0.02)
    heard = (BANDS_HZ > 550.0) & (BANDS_HZ < 4_000.0)
    offset = np.median((found.harmonic_db - known.harmonic_db)[inner][:, heard])
    off = (found.harmonic_db - known.harmonic_db)[inner].mean(axis=0)[heard] - offset
    assert np.abs(off).max() < 2.5
    high = (BANDS_HZ > 1_500.0) & (BANDS_HZ < 12_000.0)
    noise = (found.noise_db - known.noise_db)[inner].mean(axis=0)[high] - offset
    assert np.abs(noise).max() < 3.5, "noise keeps its distance from the harmonics"


def test_alignment_undoes_a_shift_in_time() -> None:
    straight = measured(taken(call()), VOICE)
    u = np.linspace(0, 1, POINTS)
    bent = u + 0.12 * np.sin(np.pi * u)  # everything happens a little sooner
    late = Call(
        straight.duration_s,
        straight.at,
        np.interp(bent, u, straight.pitch_hz),
        np.stack([np.interp(bent, u, c) for c in straight.harmonic_db.T], axis=1),
        np.stack([np.interp(bent, u, c) for c in straight.noise_db.T], axis=1),
    )
    back = aligned(late, straight)
    before = np.abs(np.log(late.pitch_hz / straight.pitch_hz)).mean()
    after = np.abs(np.log(back.pitch_hz / straight.pitch_hz)).mean()
    assert after < 0.7 * before
    assert np.all(np.diff(back.at) > 0)


def test_individuals_are_found_where_they_are() -> None:
    tops = {"low": 450.0, "high": 800.0}
    found = [taken(call(top, 0.25 + 0.02 * k), k, name) for name, top in tops.items() for k in range(3)]
    made = fitted(found, VOICE, [0.5, 0.5, 0.6], [3, 2, 2])
    assert made.who.size == 6
    assert np.exp(made.gap_s[0]) == pytest.approx(0.5, rel=0.01)
    names = sorted(tops)
    for place, who in zip(made.places, made.who, strict=True):
        middle = float(np.median(made.call(place).pitch_hz))
        assert middle == pytest.approx(0.91 * tops[names[who]], rel=0.06)


def test_no_take_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one take"):
        fitted([], VOICE, [], [])


def test_modes_are_found() -> None:
    t = np.arange(round(0.3 * RATE)) / RATE
    known = {520.0: (0.25, 1.0), 1_340.0: (0.12, 0.5), 4_100.0: (0.05, 0.3)}
    sound = sum(a * np.exp(-6.9078 * t / t60) * np.sin(2 * np.pi * f * t) for f, (t60, a) in known.items())
    modes = poles(np.asarray(sound) + 1e-5 * np.random.default_rng(0).standard_normal(t.size))
    for f, (t60, a) in known.items():
        nearest = int(np.argmin(np.abs(modes.hz - f)))
        assert modes.hz[nearest] == pytest.approx(f, rel=0.002)
        assert modes.t60_s[nearest] == pytest.approx(t60, rel=0.1)
        assert modes.gain[nearest] == pytest.approx(a, rel=0.2)
    alone = Modes(np.array(list(known)), np.array([v[0] for v in known.values()]), np.ones(3))
    gains, ring = ringing(alone, np.asarray(sound))
    assert gains == pytest.approx([v[1] for v in known.values()], rel=0.05)
    assert np.std(ring - sound) < 0.05 * np.std(sound)


def test_a_clock_is_found_again() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(round(0.1 * RATE)) / RATE
    sound = 1e-5 * rng.standard_normal(5 * RATE)
    onset, onsets = 0.2, []
    for number in range(10):
        f = 1_500.0 if number % 2 == 0 else 2_300.0
        start = round(onset * RATE)
        sound[start : start + t.size] += np.exp(-6.9078 * t / 0.03) * np.sin(2 * np.pi * f * t)
        onsets.append(onset)
        onset += 0.42 if number % 2 == 0 else 0.48
    found = takes(sound, "clock", Cutting(0.004, 0.25, 0.04, 24.0, 13.0, 0.3))
    assert [take.onset_s for take in found] == pytest.approx(onsets, abs=0.01)
    made = struck_alike(found, 0.3, 3.0, alternate=True)
    assert made.gap_s == pytest.approx([0.42, 0.48], abs=0.01)
    for kind, f in enumerate((1_500.0, 2_300.0)):
        near = np.abs(made.hz - f) < 0.02 * f
        other = np.abs(made.hz - (3_800.0 - f)) < 0.02 * (3_800.0 - f)
        assert near.any()
        assert made.gain_db[kind][near].max() > -12.0
        if other.any():
            assert made.gain_db[kind][near].max() > made.gain_db[kind][other].max() + 12.0


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "file,label,seconds,licence,author,source_url\na.ogg,rain,5,CC0,somebody,\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="dog: expected a free recording labelled dog bark, got none"):
        fit(tmp_path, tmp_path, lambda line: None)
    assert not list(tmp_path.glob("*.npz"))


def test_only_free_recordings_that_do_not_judge_are_measured() -> None:
    every = sources(shared("sounds/manifest.csv").parent)
    assert set(every) == {*CALLS, *STRUCK}
    for name, recordings in every.items():
        assert recordings, name
        for recording in recordings:
            assert recording.licence == "CC0", recording.file
            assert not recording.held_out, recording.file
            assert not Path(recording.file).name.startswith(("4-", "5-")), recording.file


def test_card_names_every_source() -> None:
    text = CARD.read_text(encoding="utf-8")
    for recordings in sources(shared("sounds/manifest.csv").parent).values():
        for recording in recordings:
            assert f"`{Path(recording.file).stem}`" in text, recording.file
            assert recording.author in text, recording.author
