"""A loop's end is its beginning, whatever the mixer does on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.arranging.analysis import analyse
from extender.arranging.loops import loop
from extender.audio import SAMPLE_RATE
from extender.errors import InputError
from extender.looping import LoopCut, Looped, lead_s, played_s, unrolled
from extender.types import Arrangement, Mood, Part
from mixer import AudioBuffer, Clip, Compressor, Meters, MixPlan, Position, Room, Samples, Track, TrackSettings, mix_to

LOOP = Mood(loop=True)


def arrangement(duration_s: float, *clips: Clip, mood: Mood = LOOP) -> Arrangement:
    return Arrangement(duration_s, (Part("a", "event", clips, Position(), -24.0),), mood)


def rendered(arranged: Arrangement, take: AudioBuffer, plan: MixPlan | None = None) -> tuple[Samples, Meters]:
    blocks: list[Samples] = []
    looped = Looped(arranged, blocks.append, lambda name, block: None, sample_rate=SAMPLE_RATE)
    track = Track("a", (take,), unrolled(arranged.parts[0].clips, arranged), Position(20.0, 0.0, 8.0), -24.0)
    _, meters = mix_to(
        [track], plan=plan, write=looped.write, strategy="balanced", duration_s=played_s(arranged), room=Room(12.0, 0.3)
    )
    return np.concatenate(blocks, axis=1), looped.meters(meters)


def noise(seconds: float, seed: int = 0) -> AudioBuffer:
    return AudioBuffer(np.random.default_rng(seed).normal(0, 0.1, round(seconds * SAMPLE_RATE)), SAMPLE_RATE)


def test_a_tail_that_goes_beyond_the_end_is_heard_at_the_beginning() -> None:
    arranged = arrangement(4.0, Clip(0, 3.5, 1.0))
    sound, meters = rendered(arranged, noise(1.0))
    assert sound.shape == (2, 4 * SAMPLE_RATE)
    level = np.square(sound).mean(axis=0).reshape(40, -1).mean(axis=1)
    assert level[35:].min() > 10.0 * level[10:30].max()
    assert level[:5].min() > 10.0 * level[10:30].max()
    assert level[5] > 3.0 * level[20]  # the room's own tail goes on
    assert meters.loudness_lufs == pytest.approx(-20.0, abs=0.3)


def test_the_last_sample_is_the_one_before_the_first() -> None:
    tone = AudioBuffer(0.3 * np.sin(2 * np.pi * 220 * np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE), SAMPLE_RATE)
    clips = loop([tone], [analyse(tone)], 9.0, np.random.default_rng(2), ring=True)
    settings_ = TrackSettings("a", 0.0, compressor=Compressor(-30.0, 4.0), reverb_db=-12.0)
    arranged = arrangement(9.0, *clips)
    plan = MixPlan("by hand", played_s(arranged), (settings_,), room=Room(12.0, 0.3))
    sound, _ = rendered(arranged, tone, plan)
    steps = np.abs(np.diff(sound, axis=1)).max(axis=1)
    assert (np.abs(sound[:, 0] - sound[:, -1]) <= 1.05 * steps).all()
    twice = np.concatenate([sound[:, -4800:], sound[:, :4800]], axis=1)
    # No step in the slope either: a click would stand out of the tone's own curvature.
    bend = np.abs(np.diff(sound, 2, axis=1)).max()
    assert np.abs(np.diff(twice, 2, axis=1)).max() <= 1.5 * bend


@pytest.mark.parametrize("duration_s", [2.0, 7.0, 23.0, 61.0])
def test_a_ring_closes(duration_s: float) -> None:
    take = noise(10.0)
    clips = loop([take], [analyse(take)], duration_s, np.random.default_rng(1), ring=True)
    beyond_s = clips[-1].onset_s + clips[-1].duration_s - duration_s
    assert beyond_s == pytest.approx(clips[0].fade_in.duration_s)
    assert clips[0].fade_in == clips[-1].fade_out
    assert beyond_s > 0.1
    arranged = arrangement(duration_s, *clips)
    sound, _ = rendered(arranged, take)
    assert sound.shape[1] == round(duration_s * SAMPLE_RATE)
    level_db = 10 * np.log10(np.square(np.roll(sound[0], SAMPLE_RATE)).reshape(-1, 4800).mean(axis=1))
    assert abs(level_db[:20] - np.median(level_db)).max() < 1.5


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.5, 200.0), st.floats(0.0, 0.999), st.floats(0.05, 1.0), st.integers(-8, 8),
    st.lists(st.integers(1, 70_000), min_size=1, max_size=8),
)  # fmt: skip
def test_what_is_cut_out_is_periodic_however_the_blocks_fall(
    duration_s: float, at: float, share: float, cents: int, sizes: list[int]
) -> None:
    arranged = arrangement(duration_s, Clip(0, at * duration_s, share * duration_s, 0.5, pitch_cents=25.0 * cents))
    for clip in unrolled(arranged.parts[0].clips, arranged):
        assert clip.onset_s >= 0.0
        assert 0.0 < clip.duration_s <= share * duration_s + 1e-9
        late_s = share * duration_s - clip.duration_s
        assert clip.offset_s == pytest.approx(0.5 + late_s * 2 ** (25.0 * cents / 1200))
    rate = 100
    total, lead = round(played_s(arranged) * rate), round(lead_s(arranged) * rate)
    played = np.tile(np.random.default_rng(0).normal(0, 1, total - lead).astype(np.float32), 3)[-total:][np.newaxis]
    out: list[Samples] = []
    cut = LoopCut(out.append, arranged, rate)
    start = 0
    for number in range(total):
        size = sizes[number % len(sizes)]
        cut.add(played[:, start : start + size])
        start += size
        if start >= total:
            break
    np.testing.assert_allclose(np.concatenate(out, axis=1), played[:, lead:], atol=1e-6)


def test_what_is_no_loop_is_played_as_it_is() -> None:
    clips = (Clip(0, 1.0, 2.0),)
    plain = arrangement(4.0, *clips, mood=Mood())
    assert unrolled(clips, plain) == clips
    assert played_s(plain) == 4.0


def test_a_path_that_began_before_is_where_it_had_come_to() -> None:
    path = (Position(-40.0, 0.0, 5.0, 0.0), Position(40.0, 0.0, 5.0, 8.0))
    arranged = arrangement(100.0, Clip(0, 68.0, 8.0, path=path))
    first, whole = unrolled(arranged.parts[0].clips, arranged)
    assert first.onset_s == 0.0
    assert first.path[0].azimuth_deg == pytest.approx(-20.0)
    assert first.path[-1].time_s == pytest.approx(6.0)
    assert whole.path == path


@pytest.mark.parametrize("wrong", [{"density": 0.0}, {"calm": 1.5}, {"at_once": 0}])
def test_moods_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"Mood\.\w+ must be"):
        Mood(**wrong)  # type: ignore[arg-type]
