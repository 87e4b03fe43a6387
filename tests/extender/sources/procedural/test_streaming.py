"""Sounds without an end, and the values that models are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
import pytest

from extender.errors import UsageError
from extender.sources.procedural.model import NO_VALUES, Model, Parameter, loudness_lufs, rendered
from extender.sources.procedural.registry import BY_NAME
from extender.sources.procedural.streaming import CROSSFADE_S, stream
from extender.sources.procedural.toolkit import Rng, Signal, frames
from mixer.types import Samples


def hiss(rng: Rng, duration_s: float, loud: float = 1.0, grain: float = 1.0) -> Signal:
    """White noise: what is not steady here would be the stream's doing."""
    return (loud * rng.standard_normal(frames(duration_s)) ** round(grain)).astype(np.float32)


PARAMETERS = (Parameter("loud", 0.5, 2.0, 1.0, "", "how loud"), Parameter("grain", 1.0, 3.0, 1.0, "mm", "how coarse"))
HISS = Model("hiss", ("hiss",), "loop", 1, 6.0, "Hiss", hiss, PARAMETERS)


def heard(model: Model, seconds: float, block: int, values: Mapping[str, float] = NO_VALUES) -> Samples:
    """Return the beginning of a stream."""
    blocks = stream(model, 3, values=values, block=block)
    return np.concatenate(list(islice(blocks, frames(seconds) // block + 1)), axis=1)[:, : frames(seconds)]


@pytest.mark.parametrize("name", ["rain", "clock", "dog"])
def test_block_changes_nothing(name: str) -> None:
    small, large = (heard(BY_NAME[name], 24.0, block) for block in (9_999, 200_000))
    assert small.tobytes() == large.tobytes()


def test_beginning_is_the_rendered_sound() -> None:
    whole = rendered(HISS, 3)
    assert np.array_equal(heard(HISS, 6.0 - CROSSFADE_S, 4_096), whole[:, : frames(6.0 - CROSSFADE_S)])


def test_joints_keep_the_level_and_nothing_repeats() -> None:
    sound = heard(HISS, 30.0, 48_000)[0]
    tenths = np.sqrt(np.mean(np.square(sound.reshape(-1, 4_800)), axis=1))
    assert 20 * np.log10(tenths.max() / tenths.min()) < 1.5
    seconds = sound.reshape(-1, 48_000) / np.linalg.norm(sound.reshape(-1, 48_000), axis=1, keepdims=True)
    alike = seconds @ seconds.T - np.eye(30)
    assert np.abs(alike).max() < 0.05


def test_own_stream_of_a_model_is_used_and_levelled_once() -> None:
    def endless(rng: Rng, values: Mapping[str, float]) -> Iterator[Samples]:
        while True:
            yield (7.0 * values["loud"] * rng.standard_normal((1, 1_000))).astype(np.float32)

    model = Model("hiss", ("hiss",), "loop", 1, 6.0, "Hiss", hiss, PARAMETERS, endless)
    one, other = heard(model, 12.0, 1_234), heard(model, 12.0, 50_000)
    assert one.tobytes() == other.tobytes()
    assert loudness_lufs(one) == pytest.approx(-23.0, abs=0.3)


def test_events_come_again_with_pauses() -> None:
    sound = heard(BY_NAME["dog"], 30.0, 65_536)[0]
    first = rendered(BY_NAME["dog"], 3)[0]
    second = rendered(BY_NAME["dog"], 3, 1)[0]
    assert np.array_equal(sound[: first.size], first)
    rest = sound[first.size :]
    start = int(np.flatnonzero(rest)[0])
    assert start >= frames(0.6)
    assert np.array_equal(rest[start : start + 2_000], second[np.flatnonzero(second)[0] :][:2_000])


def test_values_reach_the_model() -> None:
    quiet = rendered(HISS, 3, values={"grain": 1.0})
    coarse = rendered(HISS, 3, values={"grain": 3.0})
    assert quiet.tobytes() == rendered(HISS, 3).tobytes() != coarse.tobytes()
    assert rendered(HISS, 1, duration_s=2.0).shape == (1, 96_000)
    assert heard(HISS, 1.0, 4_800, values={"grain": 3.0}).tobytes() == coarse[:, :48_000].tobytes()


def test_wrong_values_are_told_in_one_line() -> None:
    with pytest.raises(UsageError, match=r"^grain goes from 1 to 3 mm \(how coarse\); got 4$"):
        rendered(HISS, 1, values={"grain": 4.0})
    with pytest.raises(UsageError, match="got nan"):
        rendered(HISS, 1, values={"grain": float("nan")})
    with pytest.raises(UsageError, match=r"no parameter 'speed'; it has: loud \(0.5 to 2\), grain \(1 to 3 mm\)"):
        stream(HISS, 1, values={"speed": 4.0})
    with pytest.raises(UsageError, match="at least one frame"):
        stream(HISS, 1, block=0)


@pytest.mark.parametrize(
    "wrong", [("Loud", 0, 1, 0), ("loud", 1, 0, 1), ("loud", 0, 1, 2), ("loud", 1, 1, 1), ("rng", 0, 1, 0)]
)
def test_parameters_that_cannot_be_are_refused(wrong: tuple[str, float, float, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Parameter(*wrong, "", "")


def test_values_are_told_as_people_say_them() -> None:
    assert Parameter("speed", 0, 30, 5, "m/s", "").told(12.0) == "speed 12 m/s"
    assert Parameter("persons", 2, 90, 20, "persons", "").told(24.0) == "24 persons"
