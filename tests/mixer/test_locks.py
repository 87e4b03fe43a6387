"""Locks: how they are written, and that no strategy changes what is locked, whatever it finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer import Compressor, Curve, Filter, MixerError, MixPlan, MixSession, Position, Room, Track, plan_mix
from mixer.curve import extremes
from mixer.locks import KEPT, PARTS, Limits, Lock, curve_db, nearest_azimuth, parse_lock, parse_locks, tamed, within
from mixer.optimise.effort import Effort
from mixer.optimise.objectives import unclear
from mixer.plan import TrackSettings
from mixer.processors import Duck, Expander
from mixer.strategies.asra import Asra
from mixer.strategies.base import MixRequest, begun
from mixer.strategies.levels import in_place
from mixer.strategies.refine import Refine
from tests.mixer.signals import RATE, barks
from tests.mixer.test_strategies import band_noise

SECONDS = 1.2
NAMES = ("bed", "engine", "birds", "talk")
ROOM = Room(8.0, 0.6)


def street() -> list[Track]:
    """A bed, an engine over birds, barks without a target."""
    return [
        Track("bed", (band_noise(80, 3_000, 1, SECONDS),), target_lufs=-28.0, width=1.0),
        Track("engine", (band_noise(150, 7_000, 2, SECONDS),), position=Position(-10.0), target_lufs=-20.0),
        Track("birds", (band_noise(3_000, 6_000, 3, SECONDS),), position=Position(12.0, 0.0, 3.0), target_lufs=-26.0),
        Track("talk", (barks(SECONDS),), position=Position(2.0), priority=1.0),
    ]


TRACKS = street()


def set_by_hand(name: str) -> TrackSettings:
    """Settings as a person might have left them."""
    return TrackSettings(
        name, -4.5, True, 25.0, 2.0, reverb_db=-9.0, fader_db=-1.5, reason="by hand",
        filters=(Filter("peak", 900.0, -5.0, 1.1), Filter("high_shelf", 6_000.0, Curve((0.0, 1.0), (0.0, 3.0)))),
        compressor=Compressor(-30.0, 3.0), expander=Expander(-60.0), ducks=(Duck("engine", 3.0, -40.0),),
    )  # fmt: skip


def quick(name: str) -> Any:
    """A strategy that takes little time."""
    if name == "asra":
        made: Any = Asra()
    elif name == "refine":
        made = Refine()
    else:
        return name
    made.effort = Effort(96, 1)
    return made


@st.composite
def lock(draw: st.DrawFn) -> Lock:
    """Any lock."""
    track, part = draw(st.sampled_from((*NAMES, "b*"))), draw(st.sampled_from((*PARTS, "all")))
    if part == "all" or draw(st.booleans()):
        return Lock(track, part)  # type: ignore[arg-type]  # drawn from those there are
    low, high = {
        "gain": ((-9.0, -1.0, 2.0), (-1.0, 2.5, 6.0)), "eq": ((-3.0, -1.0, 0.0), (0.0, 1.0, 4.0)),
        "compression": ((1.0,), (1.0, 1.6, 3.0)), "pan": ((-40.0, -5.0), (-4.0, 5.0, 30.0)),
    }[part]  # fmt: skip
    edges = sorted((draw(st.sampled_from(low)), draw(st.sampled_from(high))))
    return Lock(track, part, edges[0], edges[1])  # type: ignore[arg-type]


def assert_kept(plan: MixPlan, locks: tuple[Lock, ...], known: dict[str, TrackSettings]) -> None:
    """What is locked must be as it was, or within its range."""
    with MixSession(TRACKS, duration_s=SECONDS, room=ROOM) as session:
        levels = session.levels(plan.tracks)
        start = {t.id: begun(t, MixRequest(SECONDS, session, ROOM)) for t in TRACKS}
    for track, settings_, level in zip(TRACKS, plan.tracks, levels, strict=True):
        limits = Limits.of(locks, track.id)
        kept = known.get(track.id, start[track.id])
        if limits.eq == KEPT:
            assert settings_.filters == kept.filters
        elif limits.eq is not None:
            low, high = curve_db(settings_.filters, RATE)
            assert limits.eq[0] - 0.011 <= low <= high <= limits.eq[1] + 0.011
        if limits.compression == KEPT:
            assert (settings_.expander, settings_.compressor) == (kept.expander, kept.compressor)
            assert settings_.ducks == tuple(duck for duck in kept.ducks if duck.by != track.id)
        elif limits.compression is not None:
            ratio = settings_.compressor.ratio if settings_.compressor else 1.0
            assert extremes(ratio)[1] <= limits.compression[1]
            assert settings_.expander is None
            assert settings_.ducks == ()
        if limits.pan == KEPT:
            for name in ("placed", "azimuth_deg", "distance_m", "width", "reverb_db"):
                assert getattr(settings_, name) == getattr(kept, name)
        elif limits.pan is not None:
            azimuth = extremes(settings_.azimuth_deg) if settings_.placed else (0.0, 0.0)
            assert limits.pan[0] - 1e-9 <= azimuth[0] <= azimuth[1] <= limits.pan[1] + 1e-9
        if limits.gain == KEPT and track.id in known:
            assert (settings_.gain_db, settings_.fader_db) == (kept.gain_db, kept.fader_db)
        elif limits.gain is not None:
            wanted, loudness = track.target_lufs, level.at(settings_).loudness_lufs
            range_ = (0.0, 0.0) if limits.gain == KEPT else limits.gain
            if wanted is None:  # its own level: how loud it is in its place, or in the middle, with nothing done to it
                continue
            assert loudness is not None
            assert range_[0] - 0.06 <= loudness - wanted <= range_[1] + 0.06
            fader = extremes(settings_.fader_db)
            if isinstance(settings_.fader_db, Curve):
                assert range_[0] <= fader[0] <= fader[1] <= range_[1]


ALL = ("flat", "balanced", "unmask", "hafezi", "mansbridge", "perez-gonzalez", "asra", "refine")


def room_for(locks: list[Lock]) -> bool:
    """Tell whether all locks can be kept at once."""
    try:
        return bool(parse_locks(locks, NAMES))
    except MixerError:
        return False


@pytest.mark.parametrize("strategy", ALL)
@settings(max_examples=5, deadline=None)
@given(
    st.lists(lock(), min_size=1, max_size=4).filter(room_for), st.sets(st.sampled_from(NAMES[1:])), st.integers(0, 9)
)
def test_no_strategy_changes_what_is_locked(strategy: str, locks: list[Lock], by_hand: set[str], seed: int) -> None:
    known = {name: set_by_hand(name) for name in by_hand}
    chosen = parse_locks(locks, NAMES)
    plan = plan_mix(
        TRACKS, strategy=quick(strategy), duration_s=SECONDS, room=ROOM, locks=chosen, given=known, seed=seed,
        freedom_deg=40.0,
    )  # fmt: skip
    assert_kept(plan, chosen, known)


def test_all_locked_is_all_left_alone() -> None:
    known = {"birds": set_by_hand("birds")}
    plan = plan_mix(TRACKS, strategy=quick("asra"), duration_s=SECONDS, room=ROOM, locks=["*"], given=known)
    assert plan.tracks[2] == known["birds"]
    for track, settings_ in zip(TRACKS, plan.tracks, strict=True):
        if track.id != "birds":
            place = in_place(track, ROOM)
            assert (settings_.filters, settings_.compressor, settings_.azimuth_deg) == ((), None, place.azimuth_deg)


def test_what_is_not_locked_is_still_made_better() -> None:
    free = plan_mix(TRACKS, duration_s=SECONDS, room=ROOM)
    held = plan_mix(TRACKS, duration_s=SECONDS, room=ROOM, locks=["engine:eq"])
    assert free.tracks[1].filters
    assert not held.tracks[1].filters
    assert any(s.azimuth_deg != t.position.azimuth_deg or s.filters for s, t in zip(held.tracks, TRACKS, strict=True))


def test_without_locks_nothing_is_different() -> None:
    assert plan_mix(TRACKS, duration_s=SECONDS) == plan_mix(
        TRACKS, duration_s=SECONDS, locks=[], given={"bed": set_by_hand("bed")}
    )


class Stubborn:
    """A strategy of somebody who has never heard of locks."""

    name = "stubborn"

    def plan(self, tracks: Any, request: MixRequest) -> MixPlan:
        cut = (Filter("peak", 2_000.0, -12.0, 1.0),)
        made = tuple(
            TrackSettings(t.id, 0.0, azimuth_deg=80.0, filters=cut, compressor=Compressor(-40.0, 8.0)) for t in tracks
        )
        return MixPlan(self.name, request.duration_s, made)


def test_a_strategy_that_knows_no_locks_is_held_as_well() -> None:
    locks = parse_locks(["birds", "engine:eq=-3..3", "engine:pan=-30..10", "b*:compression=1..2"], NAMES)
    plan = plan_mix(TRACKS, strategy=Stubborn(), duration_s=SECONDS, room=ROOM, locks=locks)
    assert_kept(plan, locks, {})
    assert plan.tracks[1].azimuth_deg == 10.0
    assert "locked: eq, pan" in plan.tracks[1].reason


@given(lock())
def test_a_lock_is_read_as_it_is_written(made: Lock) -> None:
    assert parse_lock(str(made)) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bell", Lock("bell")), ("bell:all", Lock("bell")), (" bell : gain ", Lock("bell", "gain")),
        ("bell:dynamics", Lock("bell", "compression")), ("bell:place=-30..10", Lock("bell", "pan", -30.0, 10.0)),
        ("a:b:eq=-3..3", Lock("a:b", "eq", -3.0, 3.0)), ("bell:gain=-2", Lock("bell", "gain", -2.0, -2.0)),
    ],
)  # fmt: skip
def test_a_lock_can_be_written_in_several_ways(text: str, expected: Lock) -> None:
    assert parse_lock(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "bell:", ":gain", "bell:loud", "bell=3", "bell:gain=", "bell:gain=1..x", "bell:gain=3..-3",
        "bell:gain=nan..1", "bell:gain=-inf..0", "bell:eq=3", "bell:eq=1..3", "bell:compression=2..4",
        "bell:compression=0..2", "bell:pan=0..200",
    ],
)  # fmt: skip
def test_what_is_no_lock_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(MixerError) as caught:
        parse_lock(text)
    assert "\n" not in str(caught.value)
    assert repr(text) in str(caught.value)


def test_locks_must_fit_the_tracks_and_each_other() -> None:
    with pytest.raises(MixerError, match="no such track; there are: bed, engine"):
        plan_mix(TRACKS[:2], locks=["bell:gain"])
    with pytest.raises(MixerError, match="nothing in common"):
        plan_mix(TRACKS[:2], locks=["bed:gain=-3..-1", "b*:gain=0..2"])
    assert Limits.of(parse_locks(["bed:pan=-30..10", "b*:pan=0..40"], NAMES), "bed").pan == (0.0, 10.0)
    assert Limits.of(parse_locks(["bed:pan=-30..10", "b*"], NAMES), "bed").whole


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(40, 12_000), st.floats(-18, 18), st.floats(0.3, 4.0)), max_size=6),
    st.floats(-9, 0), st.floats(0, 9),
)  # fmt: skip
def test_filters_are_tamed_all_alike(sections: list[tuple[float, float, float]], low: float, high: float) -> None:
    filters = tuple(Filter("peak", *section) for section in sections)
    held = tamed(filters, low, high, RATE)
    least, most = curve_db(held, RATE)
    assert low - 0.011 <= least <= most <= high + 0.011
    assert tamed(held, low, high, RATE) == held
    gains = [(before.gain_db, after.gain_db) for before, after in zip(filters, held, strict=False)]
    if len(held) == len(filters):
        shares = [float(after) / float(before) for before, after in gains if abs(float(before)) > 0.5]  # type: ignore[arg-type]
        assert not shares or np.ptp(shares) < 0.1


def test_the_shorter_way_round() -> None:
    assert nearest_azimuth(-170.0, (90.0, 180.0)) == 180.0
    assert nearest_azimuth(-80.0, (90.0, 180.0)) in (90.0, 180.0)
    assert nearest_azimuth(3.0, (-5.0, 5.0)) == 3.0


def test_within_gives_back_what_is_allowed_itself() -> None:
    place = in_place(TRACKS[1], ROOM)
    loud = set_by_hand("engine")
    assert within(loud, Limits(), place, RATE) is loud
    assert within(loud, Limits(eq=(-12.0, 12.0)), place, RATE) is loud
    assert within(loud, Limits(KEPT, KEPT, KEPT, KEPT), loud, RATE) is loud


def test_what_matters_more_counts_more() -> None:
    lost = [0.2, 0.8]
    assert unclear(lost, counts=[1.0, 1.0]) == unclear(lost)
    assert unclear(lost, counts=[1.5, 1.0]) > unclear(lost) > unclear(lost, counts=[0.5, 1.0])
