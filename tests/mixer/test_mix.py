"""Whole mixes: what must be true of every one."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixer import (
    AudioBuffer,
    Clip,
    Limiter,
    MixerError,
    MixPlan,
    MixSession,
    Position,
    Room,
    Samples,
    Track,
    TrackSettings,
    integrated_loudness,
    mix,
    mix_to,
    plan_mix,
    render,
    true_peak,
)
from tests.mixer.signals import RATE, barks, ffmpeg_levels, noise, scene

ROOM = Room(7.0, 0.3)
STRATEGIES = ["flat", "balanced"]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("loudness_lufs", [-20.0, -9.0])
def test_stems_sum_to_the_mix_before_the_limiter(strategy: str, loudness_lufs: float) -> None:
    result = mix(scene(), strategy=strategy, duration_s=4.5, room=ROOM, loudness=loudness_lufs, stems=True)
    total: Samples = np.zeros_like(result.mix.samples)
    for stem in result.stems.values():
        total += stem.samples
    limiter = Limiter(2, RATE, result.plan.bus.ceiling_dbtp)
    limited = np.concatenate([limiter.process(total), limiter.flush()], axis=1)
    assert np.abs(limited - result.mix.samples).max() < 1e-5
    assert (result.meters.limiter_reduction_db > 0.0) == (loudness_lufs > -15.0)
    assert list(result.stems) == [track.id for track in scene()]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_mirrored_scene_gives_the_mirrored_mix(strategy: str) -> None:
    one = mix(scene(), strategy=strategy, duration_s=4.5, room=ROOM, loudness=-14.0)
    other = mix(scene(mirrored=True), strategy=strategy, duration_s=4.5, room=ROOM, loudness=-14.0)
    assert np.abs(one.mix.samples - other.mix.samples[::-1]).max() < 1e-7
    assert [t.gain_db for t in one.plan.tracks] == pytest.approx([t.gain_db for t in other.plan.tracks], abs=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_silence_stays_silent(strategy: str) -> None:
    quiet = Track("quiet", (AudioBuffer(np.zeros(RATE), 44_100),), target_lufs=-20.0)
    late = Track("late", (noise(1),), (Clip(0, 60.0, 1.0),), target_lufs=-20.0)
    result = mix([quiet, late], strategy=strategy, duration_s=2.0, room=ROOM, stems=True)
    assert result.mix.frames == 2 * RATE
    assert not result.mix.samples.any()
    assert not any(stem.samples.any() for stem in result.stems.values())
    assert result.meters.loudness_lufs is result.meters.true_peak_dbtp is None
    assert [t.gain_db for t in result.plan.tracks] == [0.0, 0.0]
    assert all("silent" in t.reason for t in result.plan.tracks)
    assert mix([], duration_s=0.5).mix.frames == RATE // 2


def test_a_silent_track_changes_nothing() -> None:
    tracks = scene()
    quiet = Track("quiet", (AudioBuffer(np.zeros(RATE), RATE),), target_lufs=-20.0)
    with_it, without = (mix(t, duration_s=4.5, room=ROOM) for t in ([*tracks, quiet], tracks))
    assert np.array_equal(with_it.mix.samples, without.mix.samples)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("loudness_lufs", [-20.0, -10.0])
def test_a_plan_survives_json_and_gives_the_same_bytes(strategy: str, loudness_lufs: float) -> None:
    tracks = scene()
    planned = plan_mix(tracks, strategy=strategy, duration_s=4.5, room=ROOM, loudness=loudness_lufs)
    first = mix(tracks, strategy=strategy, duration_s=4.5, room=ROOM, loudness=loudness_lufs)
    assert first.plan == planned == MixPlan.from_json(planned.to_json())
    again = render(scene(), MixPlan.from_json(planned.to_json()), stems=True, measure_tracks=True)
    assert first.mix.samples.tobytes() == again.mix.samples.tobytes()
    assert first.meters == again.meters


def rendered(session: MixSession, plan: MixPlan) -> Samples:
    blocks: list[Samples] = []
    session.render(plan, write=blocks.append)
    return np.concatenate(blocks, axis=1)


def test_neither_the_cache_nor_the_spool_changes_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = scene()
    planned = plan_mix(tracks, strategy="balanced", duration_s=4.5, room=ROOM, loudness=-12.0)
    results = []
    for cache_bytes, in_memory in ((256_000_000, 64_000_000), (0, 1_000)):
        monkeypatch.setattr("mixer.spool.IN_MEMORY_BYTES", in_memory)
        with MixSession(tracks, duration_s=4.5, room=ROOM, cache_bytes=cache_bytes) as session:
            session.levels(planned.tracks)
            bus = session.settle_bus(planned.tracks, -12.0, -1.0)
            assert bus == planned.bus
            results += [rendered(session, planned), rendered(session, planned)]
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    results.append(render(tracks, planned).mix.samples)
    assert all(np.array_equal(result, results[0]) for result in results)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("room", [None, ROOM, Room(30.0, 0.7)])
def test_every_placed_track_has_its_target(strategy: str, room: Room | None) -> None:
    result = mix(scene(), strategy=strategy, duration_s=4.5, room=room, stems=True)
    bus_db = result.plan.bus.gain_db
    for track, meter in zip(scene(), result.meters.tracks, strict=True):
        if track.target_lufs is not None:
            measured = integrated_loudness(result.stems[track.id])
            assert measured is not None
            assert measured - bus_db == pytest.approx(track.target_lufs, abs=0.1)
            assert meter.loudness_lufs == pytest.approx(track.target_lufs, abs=0.01)
        peak_dbtp = true_peak(result.stems[track.id])
        assert meter.true_peak_dbtp is not None
        assert peak_dbtp == pytest.approx(meter.true_peak_dbtp + bus_db, abs=0.01)


def level_error(tracks: list[Track], strategy: str, room: Room | None) -> float:
    """The stated objective of both strategies: mean distance of the placed tracks from their targets, in LU."""
    meters = mix(tracks, strategy=strategy, duration_s=4.5, room=room).meters
    errors = [
        abs((m.loudness_lufs or -70.0) - t.target_lufs)
        for t, m in zip(tracks, meters.tracks, strict=True)
        if t.target_lufs is not None
    ]
    return float(np.mean(errors))


@pytest.mark.parametrize("room", [None, ROOM])
def test_no_strategy_leaves_its_objective_worse_than_flat(room: Room | None) -> None:
    assert level_error(scene(), "balanced", room) <= level_error(scene(), "flat", room) + 0.01


def test_without_a_target_a_track_keeps_its_level_and_its_distance() -> None:
    near, far = (Track(str(d), (noise(2),), position=Position(0.0, 0.0, d)) for d in (1.0, 10.0))
    for strategy in STRATEGIES:
        gains = [t.gain_db for t in plan_mix([near, far], strategy=strategy).tracks]
        assert gains == pytest.approx([0.0, -20.0])


@pytest.mark.parametrize("loudness_lufs", [-30.0, -20.0, -14.0, -10.0])
def test_the_mix_has_its_loudness_and_keeps_its_ceiling(loudness_lufs: float, tmp_path: Path) -> None:
    result = mix(scene(), duration_s=4.5, room=ROOM, loudness=loudness_lufs)
    assert result.meters.loudness_lufs == pytest.approx(loudness_lufs, abs=0.1)
    assert integrated_loudness(result.mix) == pytest.approx(result.meters.loudness_lufs)
    soundfile.write(tmp_path / "mix.wav", result.mix.samples.T, RATE, subtype="PCM_24")
    loudness, peak = ffmpeg_levels(tmp_path / "mix.wav")
    assert loudness == pytest.approx(loudness_lufs, abs=0.15)
    assert peak <= -1.0


def test_where_peaks_forbid_the_loudness_the_plan_says_so() -> None:
    clicks = np.zeros(4 * RATE)
    clicks[:: RATE // 2] = 1.0
    result = mix([Track("clicks", (AudioBuffer(clicks, RATE),), target_lufs=-30.0)], loudness=-8.0)
    assert "short of -8.0" in result.plan.bus.reason
    assert result.meters.limiter_reduction_db <= 20.1
    assert result.meters.true_peak_dbtp is not None
    assert result.meters.true_peak_dbtp <= -1.0


def test_duration_is_exact_and_its_end_has_no_click() -> None:
    tracks = [Track("hum", (noise(3),), target_lufs=-20.0)]
    for duration_s in (0.00001, 0.1, 65_536 / RATE, 1.3655, 2.0, 2.73069):
        result = mix(tracks, duration_s=duration_s, room=ROOM, stems=True)
        assert result.mix.frames == max(1, round(duration_s * RATE))
        assert result.stems["hum"].frames == result.mix.frames
        if duration_s > 0.05:
            assert np.abs(result.mix.samples[:, -1]).max() < 1e-4
    assert mix(tracks).mix.duration_s == 3.0
    assert mix(tracks, room=ROOM).mix.duration_s > 3.3  # the room is heard out


def test_what_is_fixed_is_kept() -> None:
    mine = TrackSettings("dog", -12.5, True, -33.0, 2.0, 0.3, -9.0, "mine")
    for strategy in STRATEGIES:
        planned = plan_mix(scene(), strategy=strategy, duration_s=4.5, room=ROOM, fixed={"dog": mine, "gone": mine})
        assert planned.tracks[1] == mine
        assert plan_mix(scene(), strategy=strategy, duration_s=4.5, bus_gain_db=3.25).bus.gain_db == 3.25


def test_planning_again_around_what_was_planned_changes_nothing() -> None:
    for strategy in STRATEGIES:
        planned = plan_mix(scene(), strategy=strategy, duration_s=4.5, room=ROOM)
        fixed = {t.id: t for t in planned.tracks}
        assert plan_mix(scene(), strategy=strategy, duration_s=4.5, room=ROOM, fixed=fixed) == planned


def test_the_order_of_sounds_is_that_of_their_azimuths() -> None:
    azimuths = (60.0, 31.0, 12.0, 0.0, -5.0, -28.0, -70.0)
    tracks = [Track(str(a), (noise(2, 9),), position=Position(a, 0.0, 8.0), target_lufs=-25.0) for a in azimuths]
    stems = mix(tracks, room=ROOM, stage_half_deg=70.0, stems=True).stems.values()
    balance = [np.square(s.samples[0]).sum() / np.square(s.samples).sum() for s in stems]
    assert balance == sorted(balance, reverse=True)


def test_reasons_are_for_people() -> None:
    planned = plan_mix(scene(), strategy="balanced", duration_s=4.5, room=ROOM)
    wind, dog, bird, _, pond = (t.reason for t in planned.tracks)
    assert wind.startswith("a bed, 100 % wide; ")
    assert dog.startswith("25° left, 4 m away, room ")
    assert bird.startswith("40° right, 60 m away, room ")
    assert bird.endswith(" dB to -26.0 LUFS")
    assert pond.endswith("no target")
    assert "-20.0 LUFS" in planned.bus.reason


def test_what_cannot_be_mixed_is_said_in_one_line() -> None:
    tracks = scene()
    planned = plan_mix(tracks, duration_s=1.0)
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: mix([tracks[0], tracks[0]]), "unique ids"),
        (lambda: mix([]), "duration_s must be given"),
        (lambda: mix(tracks, duration_s=-1.0), "seconds above 0"),
        (lambda: mix(tracks, loudness=3.0), "in -70..0"),
        (lambda: mix(tracks, sample_rate=100), "8,000..192,000"),
        (lambda: mix(tracks, strategy="loud"), "unknown mix strategy 'loud'; installed: "),
        (lambda: mix(tracks, layout="tin can"), "unknown spatialiser 'tin can'; installed: 5.1, ambisonic, "),
        (lambda: mix_to(tracks[:2], plan=planned, write=lambda block: None), "must be for the tracks"),
        (lambda: render(tracks[::-1], planned), "must be for the tracks"),
    ]
    for work, expected in cases:
        with pytest.raises(MixerError) as caught:
            work()
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(TypeError, match="unknown option 'loudnes'"):
        mix(tracks, loudnes=-20.0)  # type: ignore[call-arg]


def test_a_plan_that_was_edited_badly_names_the_field() -> None:
    text = plan_mix(scene(), duration_s=1.0).to_json()
    document = json.loads(text)
    for path, value in ((("bus", "gain_db"), "loud"), (("stage_half_deg",), 0.5), (("surprise",), 1)):
        broken = json.loads(text)
        place = broken
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        with pytest.raises(MixerError, match=path[-1]):
            MixPlan.from_json(json.dumps(broken))
    assert MixPlan.from_json(json.dumps(document)).to_json() == text


def test_hand_set_values_are_followed() -> None:
    tracks = scene()
    planned = plan_mix(tracks, duration_s=4.5)
    louder = replace(planned, tracks=tuple(replace(t, gain_db=t.gain_db + 3.0) for t in planned.tracks))
    plain, more = (render(tracks, p).mix.samples for p in (planned, louder))
    assert np.abs(more - plain * 10 ** (3 / 20)).max() < 1e-5


def test_progress_is_told_and_reaches_the_end() -> None:
    told: list[tuple[str, float]] = []
    mix(scene(), duration_s=4.5, loudness=-10.0, progress=lambda stage, done: told.append((stage, done)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == [
        "measuring tracks", "measuring the mix", "settling the level", "mixing",
    ]  # fmt: skip
    assert told[-1] == ("mixing", 1.0)
    assert all(0.0 <= done <= 1.0 for _, done in told)


def test_an_error_while_writing_comes_through_at_once() -> None:
    def full(block: Samples) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        mix_to(scene(), duration_s=60.0, write=full)


def test_a_full_temporary_folder_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, data: object) -> None:
            raise OSError(28, "No space left on device")

    from mixer.spool import Spool

    spool = Spool()
    spool.close()
    monkeypatch.setattr(spool, "_file", Full())
    with pytest.raises(MixerError, match="temporary folder takes no more"):
        spool.write(np.zeros((2, 10), np.float32))


def peak_memory(duration_s: float) -> int:
    """Bytes at most held while planning and rendering so long a mix, cache switched off."""
    loop = Clip(0, 0.0, 5.0)
    clips = tuple(replace(loop, onset_s=5.0 * n) for n in range(round(duration_s / 5)))
    tracks = [Track(str(n), (noise(5, n, rate=8_000),), clips, Position(9.0 * n), -24.0) for n in range(2)]
    frames = 0

    def count(block: Samples) -> None:
        nonlocal frames
        frames += block.shape[1]

    tracemalloc.start()
    with MixSession(tracks, duration_s=duration_s, sample_rate=8_000, room=ROOM, cache_bytes=0) as session:
        settings = [TrackSettings(t.id, 0.0, azimuth_deg=5.0, reverb_db=-6.0) for t in tracks]
        session.levels(settings)
        bus = session.settle_bus(settings, -20.0, -1.0)
        plan = MixPlan("test", duration_s, tuple(settings), bus, ROOM, sample_rate=8_000)
        session.render(plan, write=count)
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert frames == round(duration_s * 8_000)
    return peak


def test_memory_grows_with_tracks_not_with_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixer.spool.IN_MEMORY_BYTES", 100_000)
    assert peak_memory(360.0) < 1.15 * peak_memory(60.0)


def test_an_hour() -> None:
    """One sound every ten minutes, in blocks."""
    clips = tuple(Clip(0, 600.0 * n, 2.0) for n in range(6))
    track = Track("bell", (barks(2, rate=8_000),), clips, Position(20.0, 0.0, 5.0), -26.0)
    blocks: list[tuple[int, bool]] = []
    _, meters = mix_to(
        [track], duration_s=3_600.0, sample_rate=8_000, loudness=-30.0,
        write=lambda block: blocks.append((block.shape[1], bool(block.any()))),
    )  # fmt: skip
    assert sum(frames for frames, _ in blocks) == 3_600 * 8_000
    assert max(frames for frames, _ in blocks) <= 131_072
    assert sum(loud for _, loud in blocks) <= 24
    assert meters.loudness_lufs == pytest.approx(-30.0, abs=0.1)
