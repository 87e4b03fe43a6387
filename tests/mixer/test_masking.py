"""Who masks whom: properties that must hold, the exact measures, schedules, reports."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from mixer import AudioBuffer, Clip, MixerError, Position, Track, TrackSettings
from mixer.ear import EarModel
from mixer.ear_kernels import pairs, unlike
from mixer.kernels import SWITCH
from mixer.masking import Watch, analyse_session, masking_over_time
from mixer.masking_engine import MaskingAnalyser, proportional, two_ears
from mixer.masking_plot import compare
from mixer.masking_report import MaskingReport
from mixer.partial import clarity
from mixer.session import MixSession
from mixer.stft import stft
from tests.conftest import shared
from tests.mixer.signals import RATE, noise, scene, sine

ARRAYS = [f.name for f in fields(MaskingReport) if f.name not in ("ids", "frame_s", "seconds")]


def white(seed: int, seconds: float = 1.0, level: float = 0.003) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0.0, level, round(seconds * RATE))


def analyse(tracks: Mapping[str, ArrayLike], *, block: int = 65_536, **options: object) -> MaskingReport:
    """Analyse signals, (frames,) or (channels, frames) each, of one shape."""
    signals = [np.atleast_2d(np.asarray(signal, np.float32)) for signal in tracks.values()]
    channels, frames = signals[0].shape
    with MaskingAnalyser(list(tracks), channels=channels, **options) as analyser:  # type: ignore[arg-type]
        for start in range(0, frames, block):
            parts = [signal[:, start : start + block] for signal in signals]
            analyser.add([part if part.any() else None for part in parts], parts[0].shape[1])
        return analyser.finish()


def same(one: MaskingReport, other: MaskingReport, within: float = 1e-6) -> None:
    for name in ARRAYS:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=within, abs=2 * within, nan_ok=True), name


def test_identical_tracks_mask_nothing() -> None:
    report = analyse({"a": white(1), "b": white(1)})
    assert not report.contribution.any()
    assert not report.msr.any()
    assert report.explain() == ["no track masks another to speak of"]


@pytest.mark.parametrize(
    ("louder_db", "msr", "mur"),
    [(-20, 0.0, 0.958), (-10, 0.0, 0.823), (0, 0.0023, 0.381), (10, 0.324, 0.0), (20, 0.856, 0.0), (30, 1.0, 0.0)],
)
def test_noise_beside_noise(louder_db: float, msr: float, mur: float) -> None:
    report = analyse({"a": white(1, 2.0, 0.015), "b": white(2, 2.0, 0.015 * 10 ** (louder_db / 20))})
    assert report.msr[0] == pytest.approx(msr, abs=0.01)
    assert report.mur[0] == pytest.approx(mur, abs=0.01)


@settings(max_examples=8, deadline=None)
@given(low=st.floats(-30, 20), more=st.floats(0.5, 10))
def test_louder_others_mask_more(low: float, more: float) -> None:
    reports = [analyse({"a": white(3, 0.4), "b": white(4, 0.4) * 10 ** (db / 20)}) for db in (low, low + more)]
    assert reports[1].mur[0] <= reports[0].mur[0] + 1e-4
    assert reports[1].msr[0] >= reports[0].msr[0] - 1e-4
    assert np.all(reports[1].masked_share[0] >= reports[0].masked_share[0] - 0.1)


def test_two_tracks_are_each_others_others() -> None:
    report = analyse({"a": white(5, 2.0) * (np.arange(96_000) % 30_000 < 17_000), "b": sine(-40.0, 2.0, 700.0)})
    for i, j in ((0, 1), (1, 0)):
        assert report.masked_time[i, j] == pytest.approx(report.masked_share[j], abs=0.03)
        assert report.depth_db[i, j] == pytest.approx(report.masked_db[j], abs=0.5)


def test_measures_are_those_of_partial_loudness() -> None:
    """The same by the reference in NumPy, on all frames at once."""
    signals = np.stack([white(6, 1.0), white(7, 1.0) * np.linspace(0, 6, RATE), sine(-45.0, 1.0, 3_000.0)])
    signals[0, 20_000:] = 0.0
    sides = np.stack([signals * [[1.0], [0.3], [0.7]], signals * [[0.2], [1.0], [0.7]]], axis=1).astype(np.float32)
    report = analyse({str(n): side for n, side in enumerate(sides)})
    ear = EarModel()

    def excited(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.concatenate(list(stft([samples])), axis=1)
        return np.stack([ear.excitation(ear.band_powers(channel)) for channel in found])

    own = np.stack([excited(side) for side in sides])
    rest = np.stack([excited(sides.sum(axis=0) - side) for side in sides])
    told = clarity(ear, own, rest)
    assert report.loudness_sone == pytest.approx(told.loudness_sone, rel=1e-4)
    assert report.heard_bands.sum(axis=1) == pytest.approx(told.partial_sone, rel=1e-3, abs=1e-4)
    assert report.mur == pytest.approx(told.mur, abs=1e-3)
    assert report.msr == pytest.approx(told.msr, abs=1e-4)


def test_pairs_are_as_defined() -> None:
    """C, X and the rest from d_ij(t, b), worked out one by one from the excitations."""
    signals = {"a": white(8), "b": white(9) * (1 + np.sin(np.arange(RATE) / 3_000)), "c": sine(-50.0, 1.0, 1_500.0)}
    report = analyse(signals)
    ear = EarModel()
    spectra = [np.concatenate(list(stft([x[np.newaxis].astype(np.float32)])), axis=1)[0] for x in signals.values()]
    E = [ear.excitation(ear.band_powers(found)) for found in spectra]
    M = [ear.mask(e) for e in E]
    act = [e > 10**0.6 * ear.noise[:, np.newaxis] for e in E]
    C = np.zeros((3, 3, 109))
    for i in range(3):
        for j in range(3):
            d = 10 * np.log10(M[i] / E[j])
            both = act[i] & act[j]
            masks = both & (d > 0)
            C[i, j] = np.where(both, np.clip(d, 0, 20) / 20, 0).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
            depth = np.where(masks, d, 0).sum(axis=1) / np.maximum(masks.sum(axis=1), 1)
            assert report.depth_db[i, j] == pytest.approx(depth, abs=1e-3)
            assert report.masked_time[i, j] == pytest.approx(masks.sum(axis=1) / np.maximum(act[j].sum(axis=1), 1))
        assert report.activity[i] == pytest.approx(act[i].mean(axis=1))
    X = 2 * np.minimum(C, C.transpose(1, 0, 2)) / (C + C.transpose(1, 0, 2) + 1e-12)
    assert report.contribution == pytest.approx(C, abs=1e-5)
    assert report.interchange == pytest.approx(X, abs=1e-3)


def test_compiled_pairs_are_those_of_numpy() -> None:
    rng = np.random.default_rng(10)
    tracks, frames = 9, 61
    masker, maskee = (rng.uniform(0, 60, (tracks, 2, 109, frames)).astype(np.float32) for _ in range(2))
    active = (rng.random((tracks, 109, frames)) < 0.5).astype(np.float32)
    masker = np.where(active[:, np.newaxis] > 0, masker, -1e9).astype(np.float32)
    maskee = np.where(active[:, np.newaxis] > 0, maskee, 1e9).astype(np.float32)
    found = []
    for work in (pairs, pairs.fallback):
        clipped, depth = (np.zeros((109, tracks, tracks)) for _ in range(2))
        masked, together = (np.zeros((109, tracks, tracks), np.float32) for _ in range(2))
        work(masker, maskee, active, 0, 100, clipped, depth, masked, together)
        found.append((clipped, depth, masked, together))
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, rel=1e-6)
        assert not one[100:].any()


def test_without_numba_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = {"a": white(11, 0.3), "b": np.stack([white(12, 0.3)] * 2)[0] * 0.4, "c": sine(-50.0, 0.3)}
    compiled = analyse(signals)
    monkeypatch.setenv(SWITCH, "1")
    same(analyse(signals), compiled, 2e-4)


@pytest.mark.parametrize(("window", "overlap"), [(2048, 2), (1024, 8), (4096, 4)])
def test_blocks_change_nothing(window: int, overlap: int) -> None:
    rng = np.random.default_rng(13)
    moving = np.stack([white(14, 1.5), white(15, 1.5)])
    still = np.outer([1.0, 0.3], white(16, 1.5) * (np.arange(72_000) % 40_000 < 9_000))
    late = np.outer([0.0, 1.0], sine(-40.0, 1.5)) * (np.arange(72_000) > 50_000)
    signals = {"moving": moving, "still": still, "late": late}
    whole = analyse(signals, window=window, overlap=overlap)
    for block in (int(rng.integers(900, 9_000)), 65_536, 24_000):
        same(analyse(signals, window=window, overlap=overlap, block=block), whole)


def test_same_bytes_twice() -> None:
    signals = {str(n): white(n, 0.5) for n in range(5)}
    one, other = analyse(signals), analyse(signals)
    for name in ARRAYS:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_silence_is_not_masked_and_masks_nothing() -> None:
    report = analyse({"rain": white(17), "nothing": np.zeros(RATE), "whisper": white(18, 1.0, 1e-7)})
    assert not report.contribution.any()
    assert not report.activity[1:].any()
    assert np.isnan(report.mur[1:]).all()
    assert np.isnan(report.msr[1:]).all()
    assert report.mur[0] > 0.98  # the ear's own noise is there
    assert "silent" in report._repr_html_()
    silence = analyse({"a": np.zeros(RATE), "b": np.zeros(RATE)})
    assert silence.explain() == ["nothing is heard"]
    assert repr(silence) == "MaskingReport(2 tracks, 1.0 s)"


def test_pauses_do_not_count() -> None:
    """What is masked while it sounds is masked all of its time, however long it is silent."""
    short = white(19, 3.0, 0.003) * (np.arange(3 * RATE) < RATE)
    report = analyse({"storm": white(20, 3.0, 0.3), "short": short})
    bands = slice(20, 90)
    assert report.masked_time[0, 1, bands].min() > 0.95
    assert report.activity[1, bands].max() < 0.4
    assert report.msr[1] > 0.6


def test_ears_apart_do_not_mask() -> None:
    """What is masked must be masked in both ears: a noise on the left leaves the right ear free."""
    left, right, both = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.7, 0.7])
    loud, soft = white(21, 1.0, 0.1), white(22, 1.0, 0.003)

    def heard(where: NDArray[np.float64], at: NDArray[np.float64]) -> float:
        report = analyse({"loud": np.outer(where, loud), "soft": np.outer(at, soft)})
        assert (report.masked_share[1].max() > 0.5) == (report.mur[1] < 0.5)
        return float(report.mur[1])

    assert heard(left, right) > 0.98
    assert heard(left, both) > 0.98
    assert heard(left, left) < 0.01
    assert heard(both, both) < 0.01


def test_mirrored_is_the_same() -> None:
    signals = {"a": np.stack([white(23), white(24)]), "b": np.outer([1.0, 0.2], white(25))}
    same(analyse(signals), analyse({name: sides[::-1] for name, sides in signals.items()}))


def test_one_channel_is_two_alike() -> None:
    signals = {"a": white(26), "b": white(27) * 0.3}
    same(analyse(signals), analyse({name: np.stack([signal] * 2) for name, signal in signals.items()}))


def test_points_are_heard_by_one_spectrum() -> None:
    sound = white(28).astype(np.float32)
    assert proportional(np.stack([sound, sound * np.float32(0.25)]))[:2] == (0, 0.25)
    assert proportional(np.stack([sound * np.float32(-0.5), sound]))[:2] == (1, -0.5)
    assert proportional(np.stack([sound, white(29).astype(np.float32)]))[0] == -1
    assert proportional(np.zeros((2, 9), np.float32)) == (0, 1.0, 0.0)
    late = sound.copy()
    late[-1] += np.float32(1e-3)
    assert proportional(np.stack([sound, late]))[0] == -1
    assert bool(unlike(sound, late, np.float32(1), np.float32(1e-6))) == bool(
        unlike.fallback(sound, late, np.float32(1), np.float32(1e-6))
    )


def test_more_channels_are_folded_to_ears() -> None:
    sound = white(30).astype(np.float32)
    assert two_ears(sound[np.newaxis]).shape == (1, RATE)
    surround = two_ears(np.outer([1, 0, 0, 0, 0.5, 0], sound).astype(np.float32), "5.1")
    assert surround[0] == pytest.approx(sound * (1 + 0.5 * 0.7071), abs=1e-6)
    assert not surround[1].any()
    ahead = two_ears(np.outer([1, 0, 0, 1], sound).astype(np.float32), "ambisonic")  # W Y Z X
    assert ahead[0] == pytest.approx(ahead[1])
    left = two_ears(np.outer([1, 1, 0, 0], sound).astype(np.float32), "ambisonic")
    assert np.abs(left[0]).max() > 1.0 * np.abs(sound).max()
    assert np.abs(left[1]).max() < 1e-6
    report = analyse({"a": np.outer([1, 1, 0, 0], sound), "b": np.outer([1, -1, 0, 0], white(31))}, layout="ambisonic")
    assert report.mur == pytest.approx([1.0, 1.0], abs=0.02)


def test_other_rates_are_resampled() -> None:
    def at(rate: int) -> MaskingReport:
        t = np.arange(2 * rate) / rate
        tone, chord = 0.01 * np.sin(2 * np.pi * 1_100 * t), 0.01 * np.sin(2 * np.pi * 1_000 * t)
        return analyse({"tone": tone, "chord": chord + 0.3 * tone}, sample_rate=rate, block=10_000)

    reference = at(RATE)
    for rate in (44_100, 96_000):
        report = at(rate)
        assert report.seconds == pytest.approx(2.0, abs=1e-3)
        assert report.mur == pytest.approx(reference.mur, abs=0.01)
        assert report.depth_db == pytest.approx(reference.depth_db, abs=0.5)


def placed(tracks: list[Track], gain_db: float = -6.0) -> list[TrackSettings]:
    return [
        TrackSettings(
            t.id, gain_db, azimuth_deg=t.position.azimuth_deg, distance_m=t.position.distance_m, width=t.width
        )
        for t in tracks
    ]


def test_the_schedule_is_what_is_analysed() -> None:
    """A track that sounds from 3 to 5 s masks nothing elsewhere."""
    loud = Track("engine", (noise(10, 1, 0.2),), (Clip(0, 3.0, 2.0),))
    soft = Track("birds", (noise(10, 2, 0.006),))
    tracks = [loud, soft]
    with MixSession(tracks, duration_s=8.0) as session:
        report = analyse_session(session, placed(tracks))
        times_s, d_db = masking_over_time(session, placed(tracks), [Watch("engine", "birds", 500, 8_000)])
    assert report.seconds == 8.0
    assert report.activity[0, 50] == pytest.approx(0.25, abs=0.02)
    assert report.masked_time[0, 1, 40:90] == pytest.approx(np.full(50, 0.25), abs=0.02)
    masked = d_db[0] > 3.0
    assert times_s[masked].min() == pytest.approx(3.0, abs=0.03)
    assert times_s[masked].max() == pytest.approx(5.0, abs=0.06)
    assert masked.mean() == pytest.approx(0.25, abs=0.01)
    assert not d_db[0, times_s < 2.9].any()
    assert any("engine masks birds" in line and "26 % of the time" in line for line in report.explain())


def test_session_is_its_stems() -> None:
    """What is analysed is what is rendered: gains, places, paths and all."""
    tracks = scene()
    plan = [replace(s, gain_db=-3.0 * n) for n, s in enumerate(placed(tracks))]
    with MixSession(tracks, duration_s=4.0) as session:
        report = analyse_session(session, plan)
        stems = [np.zeros((2, 192_000), np.float32) for _ in tracks]
        at = 0
        for blocks in session.in_step(plan):
            length = min(65_536, 192_000 - at)
            for stem, block, s in zip(stems, blocks, plan, strict=True):
                if block is not None:
                    stem[:, at : at + length] = block * 10 ** (s.gain_db / 20)
            at += length
    same(report, analyse(dict(zip([t.id for t in tracks], stems, strict=True))), 1e-4)


def test_progress_and_bad_watches_are_told() -> None:
    tracks = [Track("a", (noise(2, 1),)), Track("b", (noise(2, 2),))]
    told: list[float] = []
    with MixSession(tracks, duration_s=2.0) as session:
        analyse_session(session, placed(tracks), progress=lambda stage, done: told.append(done))
        assert told == sorted(told)
        assert told[-1] == 1.0
        with pytest.raises(MixerError, match="cat"):
            masking_over_time(session, placed(tracks), [Watch("cat", "a")])
        with pytest.raises(MixerError, match="low_hz"):
            masking_over_time(session, placed(tracks), [Watch("a", "b", 1_000.0, 1_001.0)])
    with pytest.raises(MixerError, match="unique"):
        MaskingAnalyser(["a", "a"])
    with MaskingAnalyser(["a"]) as analyser, pytest.raises(MixerError, match="blocks"):
        analyser.add([np.zeros((2, 5), np.float32)], 6)


def alternating() -> MaskingReport:
    """Two noises that are loud in turn."""
    swap = np.arange(4 * RATE) // RATE % 2
    return analyse({"engine": white(32, 4.0, 0.02) * (swap + 0.02), "birds": white(33, 4.0, 0.02) * (1.02 - swap)})


def test_roles_that_swap_are_seen() -> None:
    report = alternating()
    assert report.interchange[0, 1, 40:90].min() > 0.5
    lines = report.explain()
    assert any(line.endswith("and is masked by it in turn") for line in lines)
    one_sided = analyse({"engine": white(32, 1.0, 0.05), "birds": white(33, 1.0)})
    assert not one_sided.interchange[0, 1, 40:90].any()
    assert one_sided.contribution[0, 1, 40:90].min() > 0.2
    first = one_sided.findings()[0]
    assert (first.masked, first.share > 0.9, first.time > 0.9) == ("birds", True, True)


def test_words_are_plain() -> None:
    t = np.arange(2 * RATE) / RATE
    birds = 0.003 * np.sin(2 * np.pi * 2_500 * t + 20 * np.sin(2 * np.pi * 5 * t))
    lines = analyse({"birds": birds, "engine": white(34, 2.0, 0.02)}).explain()
    assert lines == ["engine masks birds at 1.5–4.6 kHz for 100 % of the time, 14 dB"]
    crowd = analyse({str(n): white(n) for n in range(5)})
    assert len(crowd.explain(3)) == 3
    assert all(line.startswith("all others together mask ") for line in crowd.explain(3))
    assert all(line.endswith(" % of its loudness is heard") for line in crowd.explain(3))


@pytest.mark.parametrize("name", ["report.npz", "report.json"])
def test_reports_are_kept(tmp_path: Path, name: str) -> None:
    report = analyse({"a & b": white(35), "ü": white(36, 1.0, 0.05), "silent": np.zeros(RATE)})
    path = report.save(tmp_path / name)
    again = MaskingReport.load(path)
    assert again.ids == report.ids
    assert (again.frame_s, again.seconds) == (report.frame_s, report.seconds)
    for array in ARRAYS:
        one, other = getattr(again, array), getattr(report, array)
        assert one == pytest.approx(other, abs=0.0 if name.endswith("npz") else 1e-3, nan_ok=True)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    if name.endswith("json"):
        json.loads(path.read_text("utf-8"), parse_constant=lambda told: pytest.fail(f"{told} is not JSON"))


def test_what_is_no_report_is_told(tmp_path: Path) -> None:
    report = analyse({"a": white(37, 0.1)})
    with pytest.raises(MixerError, match=r"\.npz or \.json"):
        report.save(tmp_path / "report.txt")
    with pytest.raises(MixerError, match="cannot be written"):
        report.save(tmp_path / "nowhere" / "report.json")
    for name, content in (("a.json", b"{}"), ("b.json", b"[1"), ("c.npz", b"nothing"), ("d.json", b'{"ids": 3}')):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MixerError, match=name):
            MaskingReport.load(tmp_path / name)
    with pytest.raises(MixerError, match="missing"):
        MaskingReport.load(tmp_path / "missing.npz")
    with pytest.raises(MixerError, match="msr"):
        replace(report, msr=np.zeros(2, np.float32))


def test_reports_show_themselves() -> None:
    report = analyse({"<b>": white(38), "engine": white(39, 1.0, 0.05)})
    assert repr(report).startswith("MaskingReport(2 tracks, 1.0 s, least heard: <b>, ")
    assert "&lt;b&gt;" in report._repr_html_()
    assert "<b>" not in report._repr_html_()
    assert report.lost[1, 0] > 0.9
    assert report.lost[0, 1] < 0.05


def test_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    before = alternating()
    after = analyse({"engine": white(32, 1.0) * 0.1, "birds": white(33, 1.0)})
    for figure in (before.plot(), compare(before, after)):
        figure.savefig(tmp_path / "plot.png", dpi=40)
        assert len(figure.axes) >= 3
        assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["engine", "birds"]
    with pytest.raises(MixerError, match="report on"):
        compare(before, analyse({"x": white(40, 0.1)}))


def test_plots_tell_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MixerError, match=r"image-extender\[plot\]"):
        alternating().plot()


def test_memory_does_not_grow() -> None:
    """Ten times the sound leaves behind nothing but sums."""

    def held(seconds: int) -> int:
        with MaskingAnalyser(["a", "b"], channels=1) as analyser:
            for _ in range(seconds):
                analyser.add([white(1, 1.0)[np.newaxis].astype(np.float32), None], RATE)
            arrays = [v for v in vars(analyser).values() if isinstance(v, np.ndarray)]
            tails = [t.framer._tail for t in analyser._tracks]
            return sum(a.nbytes for a in arrays + tails)

    assert held(10) <= held(1) + 4 * 2 * 2048


def test_recordings() -> None:
    """Loud rain masks a soft clock and some of a dog's barks, not the other way round."""
    from soundfile import read

    tracks = []
    for label, gain, azimuth_deg in (("rain", 0.05, 0.0), ("dog_bark", 0.02, 20.0), ("clock_tick", 0.002, -20.0)):
        sound, rate = read(str(sorted(shared(f"sounds/esc10/{label}").glob("*.ogg"))[0]), always_2d=True)
        scaled = sound.T * (gain / float(np.sqrt(np.mean(sound**2))))
        tracks.append(Track(label, (AudioBuffer(scaled, rate),), position=Position(azimuth_deg, 0.0, 1.0)))
    with MixSession(tracks, duration_s=5.0) as session:
        report = analyse_session(session, placed(tracks))
    assert report.ids[int(np.argmax(report.mur))] == "rain"
    assert report.ids[int(np.argmin(report.mur))] == "clock_tick"
    assert report.lost[0, 2] > 0.5
    assert report.lost[2, 0] < 0.01
    assert np.all((report.contribution >= 0) & (report.contribution <= 1))
    assert np.all(report.heard_bands <= report.loudness_bands + 1e-6)
    assert any("rain masks clock_tick" in line for line in report.explain())
