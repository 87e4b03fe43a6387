"""Layouts other than stereo: geometry, level, mirror, and what many-channel recordings become."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer import AudioBuffer, Clip, MixPlan, Position, Room, Samples, Track, TrackSettings, mix, render
from mixer.layouts import Ambisonic, Ambisonic2, Ambisonic3, Mono, Quad, Surround51
from mixer.placement import Layout
from mixer.plugins import SPATIALISERS, make, names
from mixer.spatial import Stereo
from tests.mixer.signals import RATE, noise, scene

LAYOUTS = ["mono", "stereo", "quad", "5.1", "ambisonic", "ambisonic2", "ambisonic3"]
MIRRORS = {
    "mono": [0],
    "stereo": [1, 0],
    "quad": [1, 0, 3, 2],
    "5.1": [1, 0, 2, 3, 5, 4],
    **{f"ambisonic{order if order > 1 else ''}": list(range((order + 1) ** 2)) for order in (1, 2, 3)},
}
"""The channel on the other side; harmonics with m < 0 change their sign."""
ROOM = Room(7.0, 0.3)
azimuths = st.floats(-180, 180)


def mirrored(samples: Samples, layout: str) -> Samples:
    out = samples[MIRRORS[layout]]
    if layout.startswith("ambisonic"):
        degree = np.sqrt(np.arange(len(out))).astype(int)
        out = out * np.where(np.arange(len(out)) - degree * (degree + 1) < 0, -1, 1)[:, np.newaxis].astype(np.float32)
    return out


def gains(layout: Layout, azimuth_deg: float, elevation_deg: float = 0.0) -> Samples:
    return layout.gains(azimuth_deg, elevation_deg, 45.0)


def heard(track: Track, place: TrackSettings, layout: str, seconds: float = 2.0, room: Room | None = None) -> Samples:
    """One track, nothing else."""
    return render([track], MixPlan("test", seconds, (place,), room=room, layout=layout)).mix.samples


def test_all_are_there_and_have_their_channels() -> None:
    assert set(LAYOUTS) <= set(names(SPATIALISERS))
    assert [make(SPATIALISERS, name).channels for name in LAYOUTS] == [1, 2, 4, 6, 4, 9, 16]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mirrored_scene_gives_the_mirrored_mix(layout: str) -> None:
    one, other = (mix(scene(m), duration_s=4.5, room=ROOM, loudness=-20.0, layout=layout).mix for m in (False, True))
    assert one.channels == make(SPATIALISERS, layout).channels
    assert np.abs(one.samples).max() > 0.01
    assert np.abs(one.samples - mirrored(other.samples, layout)).max() < 1e-6


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stems_sum_to_the_mix_and_silence_is_silent(layout: str) -> None:
    result = mix(scene(), duration_s=3.0, room=ROOM, loudness=-30.0, layout=layout, stems=True)
    total = np.sum([stem.samples for stem in result.stems.values()], axis=0)
    assert result.meters.limiter_reduction_db == 0.0
    assert np.abs(total - result.mix.samples).max() < 1e-6
    assert result.meters.loudness_lufs == pytest.approx(-30.0, abs=0.1)
    for track, meter in zip(scene(), result.meters.tracks, strict=True):
        assert track.target_lufs is None or meter.loudness_lufs == pytest.approx(track.target_lufs, abs=0.01)
    quiet = Track("quiet", (AudioBuffer(np.zeros(RATE), RATE),))
    assert not mix([quiet], room=ROOM, layout=layout).mix.samples.any()


@pytest.mark.parametrize("layout", [Quad(), Surround51()])
@given(azimuth_deg=azimuths)
def test_a_ring_keeps_power_and_uses_neighbours(layout: Layout, azimuth_deg: float) -> None:
    found = gains(layout, azimuth_deg)
    assert np.square(found).sum() == pytest.approx(1.0, abs=1e-6)
    assert (found > 1e-6).sum() <= 2
    assert (found > -1e-6).all()
    mirror = gains(layout, -azimuth_deg)
    assert np.abs(found[MIRRORS[layout.name]] - mirror).max() < 1e-6


@pytest.mark.parametrize(
    ("layout", "speakers"),
    [
        (Quad(), {45.0: 0, -45.0: 1, 135.0: 2, -135.0: 3}),
        (Surround51(), {30.0: 0, -30.0: 1, 0.0: 2, 110.0: 4, -110.0: 5}),
    ],
)
def test_where_a_loudspeaker_stands_it_sounds_alone(layout: Layout, speakers: dict[float, int]) -> None:
    for azimuth_deg, channel in speakers.items():
        expected = np.zeros(layout.channels)
        expected[channel] = 1.0
        assert gains(layout, azimuth_deg) == pytest.approx(expected, abs=1e-6)
    assert gains(layout, 180.0)[-2:] == pytest.approx([np.sqrt(0.5)] * 2)


def test_nothing_reaches_the_lfe_but_an_lfe() -> None:
    result = mix(scene(), duration_s=3.0, room=ROOM, layout="5.1").mix.samples
    assert not result[3].any()
    bed = noise(2, channels=6)
    assert np.array_equal(heard(Track("a", (bed,)), TrackSettings("a", 0.0, placed=False), "5.1"), bed.samples)


@given(azimuth_deg=azimuths, elevation_deg=st.floats(-90, 90))
def test_harmonics_are_those_of_ambix(azimuth_deg: float, elevation_deg: float) -> None:
    """The first order by its definition; all orders by the addition theorem."""
    a, e = np.radians([azimuth_deg, elevation_deg])
    found = gains(Ambisonic3(), azimuth_deg, elevation_deg)
    assert found[:4] == pytest.approx([1, np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], abs=1e-6)
    for degree in range(4):  # SN3D: the squares of each degree sum to 1
        assert np.square(found[degree**2 : (degree + 1) ** 2]).sum() == pytest.approx(1.0, abs=1e-5)
    assert gains(Ambisonic2(), azimuth_deg, elevation_deg) == pytest.approx(found[:9])


def test_known_values_of_the_second_and_third_order() -> None:
    """Straight to the left, and straight up: from the table of the AmbiX paper."""
    left, up = gains(Ambisonic3(), 90.0), gains(Ambisonic3(), 0.0, 90.0)
    assert left[4:9] == pytest.approx([0, 0, -0.5, 0, -np.sqrt(3) / 2], abs=1e-6)
    assert left[9] == pytest.approx(-np.sqrt(5 / 8), abs=1e-6)
    assert up == pytest.approx([1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0], abs=1e-6)


def test_elevation_is_that_of_the_track_and_of_paths() -> None:
    take = AudioBuffer(np.full(2 * RATE, 0.5), RATE)
    above = heard(Track("a", (take,), position=Position(0.0, 60.0)), TrackSettings("a", 0.0), "ambisonic")
    assert 2 * above[:, RATE] == pytest.approx([1.0, 0.0, np.sin(np.pi / 3), 0.5], abs=1e-6)
    path = (Position(0.0, -90.0, 1.0, 0.0), Position(0.0, 90.0, 1.0, 2.0))
    rising = heard(Track("a", (take,), (Clip(0, 0.0, 2.0, path=path),)), TrackSettings("a", 0.0), "ambisonic")
    assert 2 * rising[2, [100, RATE, 2 * RATE - 600]] == pytest.approx([-1.0, 0.0, 1.0], abs=0.01)


def test_loudness_of_ambisonics_is_that_of_w() -> None:
    track = Track("a", (noise(3),), position=Position(70.0), target_lufs=-26.0)
    result = mix([track], layout="ambisonic", loudness=-26.0)
    assert result.meters.tracks[0].loudness_lufs == pytest.approx(-26.0, abs=0.01)
    mono = mix([track], layout="mono", loudness=-26.0)
    assert np.abs(mono.mix.samples[0] - result.mix.samples[0]).max() < 1e-6


@pytest.mark.parametrize(("layout", "channels"), [("quad", 4), ("5.1", 6), ("ambisonic", 4), ("ambisonic2", 9)])
def test_a_bed_in_the_channels_of_the_mix_is_heard_as_it_is(layout: str, channels: int) -> None:
    bed = noise(2, channels=channels)
    settings = TrackSettings("a", 0.0, width=1.0)
    sound = heard(Track("a", (bed,)), settings, layout)[:, : 2 * RATE - 500]
    assert np.abs(sound - bed.samples[:, : 2 * RATE - 500]).max() < 1e-6


def test_ambisonic_beds_turn_with_their_azimuth() -> None:
    """A plane wave from ahead, turned by an angle, comes from that angle."""
    x = noise(1).samples[0]
    for layout, turn_deg in itertools.product((Ambisonic(), Ambisonic2(), Ambisonic3()), (0.0, 35.0, -120.0)):
        ahead = gains(layout, 10.0, 20.0)[:, np.newaxis] * x
        turned = layout.bed(np.asarray(ahead, np.float32), np.array([turn_deg]))
        assert np.abs(turned - gains(layout, 10.0 + turn_deg, 20.0)[:, np.newaxis] * x).max() < 1e-6


def test_lower_orders_fit_in_higher_ones_and_higher_in_lower() -> None:
    take = noise(1, channels=9)
    assert np.array_equal(Ambisonic3().unplaced(take.samples)[:9], take.samples)
    assert np.array_equal(Ambisonic().unplaced(take.samples), take.samples[:4])


def test_a_wide_mono_bed_surrounds() -> None:
    track = Track("a", (noise(4),))
    for layout, at in (("quad", [0, 1, 2, 3]), ("ambisonic", [1, 2, 3])):
        wide = heard(track, TrackSettings("a", 0.0, width=1.0), layout, 4.0)[at]
        alike = np.corrcoef(wide) - np.eye(len(at))
        assert np.abs(alike).max() < 0.6
        powers = np.square(wide).mean(axis=1)
        assert powers.max() / powers.min() < 2.5
    w = heard(track, TrackSettings("a", 0.0, width=1.0), "ambisonic", 4.0)[0]
    assert np.square(w).mean() == pytest.approx(np.square(track.takes[0].samples).mean(), rel=0.1)  # type: ignore[union-attr]


@pytest.mark.parametrize("layout", ["stereo", "quad", "5.1"])
def test_the_room_adds_the_level_that_is_asked_for(layout: str) -> None:
    track = Track("a", (noise(3),))
    for azimuth_deg in (0.0, 90.0):
        dry = heard(track, TrackSettings("a", 0.0, azimuth_deg=azimuth_deg), layout, 3.0)
        wet = heard(track, TrackSettings("a", 0.0, azimuth_deg=azimuth_deg, reverb_db=0.0), layout, 3.0, Room(4.0, 0.3))
        power = [np.square(s[:, RATE : 2 * RATE], dtype=np.float64).sum() for s in (dry, wet - dry)]
        assert 10 * np.log10(power[1] / power[0]) == pytest.approx(0.0, abs=0.6)


def test_unplaced_recordings_pass_bit_for_bit() -> None:
    """Flat plans: the very samples of the recordings."""
    plain = TrackSettings("a", 0.0, placed=False)
    for layout, channels in (("mono", 1), ("stereo", 2), ("quad", 4), ("5.1", 6), ("ambisonic", 4), ("ambisonic3", 16)):
        take = noise(2, channels=channels)
        assert np.array_equal(heard(Track("a", (take,)), plain, layout), take.samples)
    take = noise(2)
    assert np.array_equal(heard(Track("a", (take,)), TrackSettings("a", 0.0), "mono"), take.samples)
    assert isinstance(make(SPATIALISERS, "mono"), Mono)
    assert Stereo().room_responses == (1, 1)
    assert Ambisonic().room_responses == (3, 1)
