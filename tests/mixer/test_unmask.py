"""Making room: what ``unmask`` must and must not do, and the model that it asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixer import AudioBuffer, Clip, Curve, MixPlan, MixSession, Position, Room, Track, TrackSettings, plan_mix
from mixer.bands import BandModel, Listened, choose_frames, listen, planning_ear
from mixer.bands_kernels import audible, specific
from mixer.masking import analyse_session
from mixer.strategies.desk import objective
from tests.mixer.signals import RATE, barks, noise
from tests.mixer.test_strategies import band_noise

SECONDS = 4.0


def street() -> list[Track]:
    """An engine over birds and speech-like noise, all near each other, and a bed."""
    return [
        Track("bed", (band_noise(80, 3_000, 1, SECONDS),), target_lufs=-28.0, width=1.0),
        Track("engine", (band_noise(100, 7_000, 2, SECONDS),), position=Position(-10.0), target_lufs=-20.0),
        Track("birds", (band_noise(3_000, 6_000, 3, SECONDS),), position=Position(12.0), target_lufs=-26.0),
        Track("talk", (band_noise(300, 3_000, 4, SECONDS),), position=Position(2.0), target_lufs=-26.0, priority=1.0),
        Track("dog", (barks(SECONDS),), position=Position(-30.0), target_lufs=-24.0),
    ]


def heard(tracks: list[Track], plan: MixPlan) -> np.ndarray[Any, Any]:
    """MUR of each track by the exact analysis."""
    with MixSession(tracks, duration_s=plan.duration_s, room=plan.room) as session:
        return np.asarray(analyse_session(session, plan.tracks).mur, np.float64)


def steps(settings: TrackSettings) -> tuple[object, ...]:
    return (*settings.filters, *settings.ducks, settings.expander or (), settings.compressor or ())


@pytest.fixture(scope="module")
def plan() -> MixPlan:
    return plan_mix(street(), strategy="unmask", duration_s=SECONDS)


def test_more_is_heard_than_without_and_nobody_loses(plan: MixPlan) -> None:
    places, flat = (heard(street(), plan_mix(street(), strategy=s, duration_s=SECONDS)) for s in ("balanced", "flat"))
    now = heard(street(), plan)
    assert objective(now) < objective(places) - 0.05
    assert now.min() > flat.min()
    assert (now >= places - 0.0201).all()


def test_an_engine_over_birds_is_cut_where_they_sing(plan: MixPlan) -> None:
    cuts = [f for f in plan.tracks[1].filters if "birds" in f.reason]
    assert cuts
    assert all(2_000.0 < f.frequency_hz < 8_000.0 for f in cuts if isinstance(f.frequency_hz, float))
    assert "birds" in plan.tracks[1].reason
    assert "%" in plan.bus.reason


def test_filters_are_few_shallow_and_neither_wide_nor_narrow(plan: MixPlan) -> None:
    for track, chosen in zip(street(), plan.tracks, strict=True):
        assert len(chosen.filters) <= 4
        for section in chosen.filters:
            values = section.gain_db.values if isinstance(section.gain_db, Curve) else (section.gain_db,)
            assert min(values) >= -8.0 * (1.0 - track.priority / 2.0) - 0.05
            assert max(values) <= 3.0
            assert isinstance(section.q, float)
            assert 0.7 <= section.q <= 4.0
            assert section.reason


def lateral(azimuth_deg: float) -> float:
    return float(np.degrees(np.arcsin(np.sin(np.radians(azimuth_deg)))))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-179, 179).filter(bool), min_size=3, max_size=4), st.sampled_from([0.0, 10.0, 40.0]))
def test_places_keep_their_order_and_stay_near(azimuths: list[int], freedom_deg: float) -> None:
    tracks = [
        Track(str(n), (band_noise(400, 4_000, n, 1.0),), position=Position(float(a)), target_lufs=-20.0 - n)
        for n, a in enumerate(azimuths)
    ]
    planned = plan_mix(tracks, strategy="unmask", duration_s=1.0, freedom_deg=freedom_deg).tracks
    now = [float(s.azimuth_deg) for s in planned if not isinstance(s.azimuth_deg, Curve)]
    for true, at in zip(azimuths, now, strict=True):
        assert abs((at - true + 180.0) % 360.0 - 180.0) <= freedom_deg + 0.06
        assert (abs(at) > 90.0) == (abs(true) > 90.0)
    order = np.argsort([lateral(a) for a in azimuths], kind="stable")
    assert (np.diff(np.array([lateral(a) for a in now])[order]) >= -0.11).all()


def test_nobody_passes_what_is_half_wide() -> None:
    azimuths = {"cup": 9.0, "keyboard": 4.0, "television": -4.0}
    tracks = [
        Track(
            name, (band_noise(400, 4_000, n, 1.0),), position=Position(azimuth_deg), target_lufs=-24.0,
            width=0.4 if name == "television" else 0.0,
        )
        for n, (name, azimuth_deg) in enumerate(azimuths.items())
    ]  # fmt: skip
    planned = plan_mix(tracks, strategy="unmask", duration_s=1.0).tracks
    now = [float(s.azimuth_deg) for s in planned if not isinstance(s.azimuth_deg, Curve)]
    assert now == sorted(now, reverse=True)


def test_a_mirrored_scene_is_planned_the_mirrored_way() -> None:
    def mirrored(track: Track) -> Track:
        return replace(track, position=replace(track.position, azimuth_deg=-track.position.azimuth_deg))

    points = street()[1:]  # a bed of one channel has sides of its own
    one = plan_mix(points, strategy="unmask", duration_s=SECONDS)
    other = plan_mix([mirrored(track) for track in points], strategy="unmask", duration_s=SECONDS)
    assert [s.azimuth_deg for s in one.tracks] == [-s.azimuth_deg for s in other.tracks]  # type: ignore[operator]
    assert [s.filters for s in one.tracks] == [s.filters for s in other.tracks]
    assert [s.gain_db for s in one.tracks] == pytest.approx([s.gain_db for s in other.tracks], abs=1e-3)


def test_lows_beds_and_what_moves_stay_where_they_are() -> None:
    path = (Position(-5.0, 0.0, 3.0, 0.0), Position(5.0, 0.0, 3.0, 1.5))
    tracks = [
        Track("rumble", (band_noise(40, 120, 1, 2.0),), position=Position(5.0), target_lufs=-20.0),
        Track("bed", (band_noise(200, 4_000, 2, 2.0),), target_lufs=-24.0, width=1.0, position=Position(3.0)),
        Track("car", (band_noise(200, 4_000, 3, 2.0),), (Clip(0, 0.0, 2.0, path=path),), Position(-5.0), -20.0),
        Track("voice", (band_noise(200, 4_000, 4, 2.0),), position=Position(4.0), target_lufs=-20.0),
    ]
    planned = plan_mix(tracks, strategy="unmask").tracks
    assert [s.azimuth_deg for s in planned[:3]] == [5.0, 3.0, -5.0]


def test_what_has_no_place_gets_the_whole_stage() -> None:
    tracks = [Track(str(n), (band_noise(300, 5_000, n, 2.0),), target_lufs=-22.0) for n in range(4)]
    planned = plan_mix(tracks, strategy="unmask").tracks
    assert len({s.azimuth_deg for s in planned}) == 4
    assert max(abs(float(s.azimuth_deg)) for s in planned if not isinstance(s.azimuth_deg, Curve)) > 30.0


def test_what_does_not_overlap_is_left_alone() -> None:
    tracks = [
        Track("low", (band_noise(150, 400, 1, 2.0),), position=Position(20.0), target_lufs=-22.0),
        Track("high", (band_noise(6_000, 9_000, 2, 2.0),), position=Position(-20.0), target_lufs=-22.0),
    ]
    plan, places = (plan_mix(tracks, strategy=s) for s in ("unmask", "balanced"))
    assert [steps(s) for s in plan.tracks] == [((), ()), ((), ())]
    assert [s.azimuth_deg for s in plan.tracks] == [s.azimuth_deg for s in places.tracks]
    assert "levels and places only" in plan.bus.reason


def test_roles_that_swap_get_a_filter_that_moves() -> None:
    """One is wide and the other one lies in a band in which each is loud while the other is soft."""
    turn = np.repeat(np.tile([1.0, 0.5], 4), RATE // 2)[: int(SECONDS * RATE)]
    ping, pong = (band_noise(1_000, 2_500, n, SECONDS).samples[0] * t for n, t in ((1, turn), (2, turn[::-1])))
    wide = band_noise(200, 7_000, 3, SECONDS).samples[0]
    tracks = [
        Track("ping", (AudioBuffer(0.5 * ping + wide, RATE),), position=Position(0.5), target_lufs=-20.0),
        Track("pong", (AudioBuffer(pong, RATE),), position=Position(0.5), target_lufs=-24.0),
    ]
    plan = plan_mix(tracks, strategy="unmask", duration_s=SECONDS, freedom_deg=0.0)
    filters = [f for s in plan.tracks for f in s.filters if "only while" in f.reason]
    assert filters
    assert all(isinstance(f.gain_db, Curve) for f in filters)
    assert all("in turn" in f.reason for f in filters)


def test_a_bed_is_ducked_under_a_bell() -> None:
    bell = barks(SECONDS).samples[0] * 0.3
    tracks = [
        Track("bed", (noise(SECONDS),), target_lufs=-22.0, width=1.0, priority=0.1),
        Track("bell", (AudioBuffer(bell, RATE),), (Clip(0, 0.0, 0.6), Clip(0, 2.2, 0.6, 2.2)), target_lufs=-24.0),
        Track("hum", (band_noise(100, 200, 5, SECONDS),), target_lufs=-30.0),
    ]
    plan = plan_mix(tracks, strategy="unmask", duration_s=SECONDS)
    assert [d.by for d in plan.tracks[0].ducks] == ["bell"]
    assert "bell" in plan.tracks[0].ducks[0].reason


def test_a_track_without_a_target_keeps_the_loudness_that_it_has() -> None:
    tracks = [
        Track("a", (band_noise(200, 6_000, 1, 2.0),), position=Position(10.0)),
        Track("b", (band_noise(2_000, 5_000, 2, 2.0, 0.03),), position=Position(-10.0)),
    ]
    from mixer import mix

    after, before = (mix(tracks, strategy=s).meters.tracks for s in ("unmask", "balanced"))
    assert [m.loudness_lufs for m in after] == pytest.approx([m.loudness_lufs for m in before], abs=0.05)


def model_of(tracks: list[Track], plan: MixPlan) -> tuple[Listened, np.ndarray[Any, Any]]:
    ear = planning_ear(plan.sample_rate)
    with MixSession(tracks, duration_s=plan.duration_s, room=plan.room, sample_rate=plan.sample_rate) as session:
        frames = choose_frames(tracks, plan.duration_s, ear.hop / ear.sample_rate)
        listened = listen(session, plan.tracks, ear, frames)
        return listened, np.asarray(analyse_session(session, plan.tracks).mur, np.float64)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_model_hears_what_the_exact_analysis_hears(rate: int) -> None:
    plan = plan_mix(street(), strategy="balanced", duration_s=SECONDS, room=Room(6.0, 0.5), sample_rate=rate)
    listened, exact = model_of(street(), plan)
    with BandModel(listened, [True] * 5) as model:
        assert model.mur == pytest.approx(exact, abs=0.03)
        unchanged = model.trial({1: model.applied(1, np.ones((1, 1, 1)))})
        assert unchanged.mur == pytest.approx(model.mur, abs=1e-5)
        softer = model.trial({1: model.listened.powers[1] * np.float32(0.01)})
        assert (np.delete(softer.mur, 1) > np.delete(model.mur, 1)).all()
        assert softer.mur[1] < model.mur[1]
        model.keep(softer)
        assert model.mur is softer.mur


def test_levels_are_locked_in_the_model() -> None:
    plan = plan_mix(street(), strategy="balanced", duration_s=SECONDS)
    listened, _ = model_of(street(), plan)
    with BandModel(listened, [True, False, True, True, True]) as model:
        louder = np.full((1, 1, 1), 4.0)
        assert model.applied(0, louder, 4.0) == pytest.approx(listened.powers[0], rel=1e-4)
        assert model.applied(1, louder, 4.0) == pytest.approx(4.0 * listened.powers[1], rel=1e-4)


def test_frames_stand_for_all_of_the_mix_and_seldom_sounds_are_not_missed() -> None:
    long = Track("long", (noise(0.1),), (Clip(0, 0.0, 600.0),))
    brief = Track("brief", (noise(0.5),), (Clip(0, 300.0, 0.5),))
    frames = choose_frames([long, brief], 600.0, 1024 / RATE)
    assert len(frames.numbers) <= 4_000
    assert frames.weights.sum() == pytest.approx(600.0 * RATE / 1024, rel=0.01)
    inside = (frames.numbers * 1024 / RATE > 300.0) & (frames.numbers * 1024 / RATE < 300.5)
    assert inside.sum() >= 20
    assert len(choose_frames([], 0.01, 1024 / RATE).numbers) == 1


def test_compiled_loudness_is_the_plain_one() -> None:
    ear = planning_ear(RATE)
    own, rest = (
        np.exp(np.random.default_rng(n).uniform(0.0, 20.0, (ear.bands, 2, 33))).astype(np.float32) for n in (1, 2)
    )
    loud, plain = np.empty_like(own), np.empty_like(own)
    specific(own, ear.tables, loud)
    specific.fallback(own, ear.tables, plain)
    assert loud == pytest.approx(plain, rel=2e-5, abs=1e-6)
    left, bare = (np.empty((ear.bands, 33), np.float32) for _ in range(2))
    audible(plain, own, rest, ear.tables, left)
    audible.fallback(plain, own, rest, ear.tables, bare)
    assert left == pytest.approx(bare, rel=2e-4, abs=1e-5)
