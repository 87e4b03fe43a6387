"""What callers hand in becomes tracks, or one clear line that names the track."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixer import AudioBuffer, MixerError, Track
from mixer.inputs import as_tracks


def test_arrays_buffers_files_and_tracks_go_in(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).normal(0.0, 0.1, (2, 4_410)).astype(np.float32)
    soundfile.write(tmp_path / "bell.wav", sound.T, 44_100)
    track = Track("wind", (AudioBuffer(sound, 44_100),))
    made = as_tracks([sound, AudioBuffer(sound, 22_050), tmp_path / "bell.wav", str(tmp_path / "bell.wav"), track])
    assert [t.id for t in made] == ["track 1", "track 2", "bell", "bell-2", "wind"]
    assert [t.takes[0].sample_rate for t in made] == [48_000, 22_050, 44_100, 44_100, 44_100]
    assert all(t.takes[0].frames == 4_410 and t.takes[0].channels == 2 for t in made)
    assert made[4] is track
    assert [t.id for t in as_tracks({"a": sound, "b": tmp_path / "bell.wav"})] == ["a", "b"]
    assert as_tracks([sound[0].tolist()], 8_000)[0].takes[0].sample_rate == 8_000


def test_a_name_that_a_track_has_is_not_given_twice() -> None:
    track = Track("track 2", (AudioBuffer(np.zeros(9), 48_000),))
    assert [t.id for t in as_tracks([track, np.zeros(9)])] == ["track 2", "track 2-2"]


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (lambda: np.array([0.0, np.nan]), "track 'x': AudioBuffer.samples must be finite"),
        (lambda: np.array([0.0, -np.inf]), "track 'x': AudioBuffer.samples must be finite"),
        (lambda: np.zeros(0), "track 'x': must have one sample or more"),
        (lambda: np.zeros((0, 99)), "track 'x': AudioBuffer.samples must be \\(channels, frames\\)"),
        (lambda: np.zeros((2, 3, 4)), "track 'x': AudioBuffer.samples must be \\(channels, frames\\)"),
        (lambda: np.zeros((4_800, 2)), "track 'x': must be \\(channels, frames\\), got \\(4800, 2\\): .*transpose"),
        (lambda: "no/such.wav", "track 'x': .*no such file"),
        (lambda: __file__, "track 'x': .*not a sound file"),
        (lambda: object(), "track 'x': must be numbers"),
    ],
)
def test_what_is_wrong_is_said_with_the_name(sound: Callable[[], object], said: str) -> None:
    with pytest.raises(MixerError, match=said):
        as_tracks({"x": sound()})  # type: ignore[dict-item]


def test_no_tracks_and_one_that_is_not_in_a_row() -> None:
    with pytest.raises(MixerError, match="there are no tracks"):
        as_tracks([])
    with pytest.raises(MixerError, match="must be a sequence or a mapping"):
        as_tracks(np.zeros(99))  # type: ignore[arg-type]
