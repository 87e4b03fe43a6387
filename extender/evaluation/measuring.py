"""One scene mixed one way: planned against the clock, measured as it is rendered, and packed to be heard."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from extender.audio import SAMPLE_RATE, open_for_writing
from extender.evaluation.scenes import STRICT, Scene
from extender.evaluation.systems import System
from extender.output.preview import Preview, mix_preview
from mixer import AudioFile, LoudnessMeter, MixPlan, MixSession, Track, TrackSettings, meter
from mixer.meters import HARSH_HZ, MUD_HZ, steadiness
from mixer.residue import Residue, analyse_residue
from mixer.strategies.base import MixRequest, plan_bus
from mixer.types import Samples

EXCERPT_S = 20.0
"""Of longer scenes people are given so much to compare."""
_FAR_DOWN_LUFS = -60.0
"""At this loudness no peak needs a limiter."""

Stopped = Callable[[], bool]
"""Tells whether somebody wants it to end: what a search was interrupted in is not measured."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of one mix. None = undefined, or not to be known of a finished mix without its stems.

    Parameters
    ----------
    loudness_lufs, range_lu, true_peak_dbtp : float or None
        Of the mix after the limiter.
    steadiness : float or None
        AVM (:func:`mixer.meters.steadiness`).
    limiter_db : float
        The most that the limiter took.
    residue_sone, muddy_sone, harsh_sone : float or None
        R of :class:`mixer.residue.Residue` in all, at 200–500 Hz and at 1–4 kHz; the sum of the tracks being brought to
        the same loudness in all mixes of a scene.
    lost_share, energy_share : float or None
        ρ, the share of all loudness that is lost, and the literal reading: the share of power that lies under the
        masking threshold or is cancelled.
    mur, msr : tuple of float
        Of the tracks that sound, in their order; both 0..1.
    seconds : float or None
        Of planning, by the clock.
    error : float or None
        Mean relative error of what a search predicted of the mixes that it then measured.
    trials : tuple of (float, float)
        Their residue or objective, predicted and exact.
    evaluations : int
        Mixes that a search has tried.
    reason : str
        What the plan says of its outcome.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    loudness_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    steadiness: float | None
    limiter_db: float = 0.0
    residue_sone: float | None = None
    muddy_sone: float | None = None
    harsh_sone: float | None = None
    lost_share: float | None = None
    energy_share: float | None = None
    mur: tuple[float, ...] = ()
    msr: tuple[float, ...] = ()
    seconds: float | None = None
    error: float | None = None
    trials: tuple[tuple[float, float], ...] = ()
    evaluations: int = 0
    reason: str = ""

    @property
    def mean_mur(self) -> float | None:
        """What is heard of the tracks on average."""
        return float(np.mean(self.mur)) if self.mur else None

    @property
    def worst_mur(self) -> float | None:
        """What is heard of the track that is heard least."""
        return min(self.mur, default=None)

    @property
    def mean_msr(self) -> float | None:
        """How far the tracks are masked on average."""
        return float(np.mean(self.msr)) if self.msr else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What can be heard of a mix.

    Parameters
    ----------
    whole : Preview
    excerpt : Preview or None
        For the listening test, where the scene is longer than EXCERPT_S.
    start_s : float
        Where the excerpt begins.
    """

    whole: Preview
    excerpt: Preview | None
    start_s: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is the same for all mixes: loudness, ceiling, seed, and whether they are to be heard."""

    loudness_lufs: float = -20.0
    ceiling_dbtp: float = -1.0
    seed: int = 0
    sounds: bool = True


def measure_system(
    scene: Scene, system: System, wanted: Wanted, start_s: float | None, stopped: Stopped
) -> tuple[Measurement, Heard | None]:
    """Mix a scene and measure it.

    Parameters
    ----------
    scene : Scene
    system : System
    wanted : Wanted
    start_s : float or None
        Where the excerpt begins; None = where the most is heard.
    stopped : callable

    Raises
    ------
    KeyboardInterrupt
        Somebody wanted it to end meanwhile.
    """
    with _session(scene.tracks, scene) as session:
        request = MixRequest(
            scene.duration_s, session, room=scene.room, stage_half_deg=scene.stage_half_deg,
            loudness_lufs=wanted.loudness_lufs, ceiling_dbtp=wanted.ceiling_dbtp, seed=wanted.seed,
        )  # fmt: skip
        strategy, began = system.make(), time.perf_counter()
        plan, searched = _planned(strategy, scene.tracks, request)
        seconds = time.perf_counter() - began
        if stopped():
            raise KeyboardInterrupt
        made, heard = _measured(session, plan, wanted, start_s)
    made = replace(made, seconds=round(seconds, 3), reason=plan.bus.reason)
    return replace(made, **searched), heard


def measure_manual(scene: Scene, wanted: Wanted, start_s: float | None) -> tuple[Measurement, Heard | None]:
    """Measure the mix by hand: all of it where there is what became of its stems, else its levels."""
    if scene.manual_stems:
        with _session(scene.manual_stems, scene) as session:
            settings = [TrackSettings(track.id, 0.0, placed=False) for track in scene.manual_stems]
            plan = plan_bus("manual", settings, MixRequest(
                scene.duration_s, session, stage_half_deg=scene.stage_half_deg,
                loudness_lufs=wanted.loudness_lufs, ceiling_dbtp=wanted.ceiling_dbtp,
            ))  # fmt: skip
            made, heard = _measured(session, plan, wanted, start_s)
        return replace(made, seconds=None), heard
    assert scene.manual is not None  # noqa: S101 - it is only asked for where there is one
    track = Track("mix", (AudioFile(scene.manual),))
    with _session((track,), scene) as session:
        plan = plan_bus("manual", [TrackSettings("mix", 0.0, placed=False)], MixRequest(
            scene.duration_s, session, loudness_lufs=wanted.loudness_lufs, ceiling_dbtp=wanted.ceiling_dbtp,
        ))  # fmt: skip
        _, heard = _rendered(session, plan, wanted, start_s)
    found = meter(scene.manual)
    return Measurement(found.loudness_lufs, found.range_lu, found.true_peak_dbtp, found.steadiness), heard


def _session(tracks: Sequence[Track], scene: Scene) -> MixSession:
    return MixSession(
        tracks, duration_s=scene.duration_s, stage_half_deg=scene.stage_half_deg, room=scene.room,
        sample_rate=SAMPLE_RATE,
    )  # fmt: skip


def _planned(strategy: Any, tracks: Sequence[Track], request: MixRequest) -> tuple[MixPlan, dict[str, Any]]:
    """Plan; of a search, return what it tells of itself as well."""
    if not hasattr(strategy, "search"):
        return strategy.plan(tracks, request), {}
    from mixer.strategies.asra import searched_plan

    found = strategy.search(tracks, request)
    pairs = tuple((float(t.predicted[0]), float(t.exact[0])) for t in found.trials if t.predicted.size)
    told = {"error": float(found.error) if pairs else None, "trials": pairs, "evaluations": int(found.evaluations)}
    return searched_plan(strategy.name, found, request), told


def _measured(
    session: MixSession, plan: MixPlan, wanted: Wanted, start_s: float | None
) -> tuple[Measurement, Heard | None]:
    """Measure a plan by its tracks and as it is rendered."""
    # What the limiter takes is not given back, as in the bus: all mixes are compared at the loudness of their sums.
    quiet = session.settle_bus(plan.tracks, _FAR_DOWN_LUFS, plan.bus.ceiling_dbtp, bus=plan.bus)
    gain_db = quiet.gain_db + wanted.loudness_lufs - _FAR_DOWN_LUFS if session.tracks else 0.0
    at_level = [replace(s, gain_db=min(max(s.gain_db + gain_db, -200.0), 120.0)) for s in plan.tracks]
    left = analyse_residue(session, at_level)
    made, heard = _rendered(session, plan, wanted, start_s)
    return replace(made, **_of_residue(left)), heard


def _of_residue(left: Residue) -> dict[str, Any]:
    sounding = left.loudness_sone > 0.0
    return {
        "residue_sone": left.sone,
        "muddy_sone": left.within_sone(*MUD_HZ),
        "harsh_sone": left.within_sone(*HARSH_HZ),
        "lost_share": left.share,
        "energy_share": float(left.energy.mean()) if left.energy.size else None,
        "mur": tuple(float(value) for value in left.mur[sounding]),
        "msr": tuple(float(value) for value in np.nan_to_num(left.msr[sounding])),
    }


def _rendered(
    session: MixSession, plan: MixPlan, wanted: Wanted, start_s: float | None
) -> tuple[Measurement, Heard | None]:
    """Render once: into the meters, and into what can be heard of it."""
    meter = LoudnessMeter(session.channels, session.sample_rate)
    with tempfile.TemporaryDirectory(prefix="image-extender-") as scratch:
        path = Path(scratch) / "mix.wav"
        with _into(path if wanted.sounds else None, session) as write:

            def take(block: Samples) -> None:
                meter.add(block)
                write(block)

            levels = session.render(plan, write=take)
        momentary = meter.gating_blocks()
        made = Measurement(
            levels.loudness_lufs, levels.loudness_range_lu, levels.true_peak_dbtp, steadiness(momentary),
            levels.limiter_reduction_db,
        )  # fmt: skip
        if not wanted.sounds:
            return made, None
        start_s = loudest_start_s(momentary) if start_s is None else start_s
        whole = mix_preview(path)
        if session.frames <= EXCERPT_S * session.sample_rate:
            return made, Heard(whole, None, 0.0)
        part = Path(scratch) / "part.wav"
        _cut(path, part, start_s)
        return made, Heard(whole, mix_preview(part), start_s)


@contextmanager
def _into(path: Path | None, session: MixSession) -> Iterator[Callable[[Samples], None]]:
    if path is None:
        yield lambda block: None
        return
    with open_for_writing(
        path, "float", session.channels, frames=session.frames, sample_rate=session.sample_rate
    ) as write:
        yield write


def loudest_start_s(momentary_lufs: NDArray[np.float64]) -> float:
    """Return where the EXCERPT_S begin in which most is heard.

    Parameters
    ----------
    momentary_lufs : (n,) float64
        Of blocks of 400 ms, 100 ms apart.

    Examples
    --------
    >>> loudest_start_s(np.array([-60.0] * 100 + [-20.0] * 400))
    10.0
    """
    blocks = round(EXCERPT_S / 0.1)
    if len(momentary_lufs) <= blocks:
        return 0.0
    # in sone rather than in energy, so that one bang does not decide
    loud = np.power(10.0, 0.03 * np.maximum(momentary_lufs, -70.0))
    sums = np.cumsum(np.concatenate([[0.0], loud]))
    window = sums[blocks:] - sums[:-blocks]
    return round(0.1 * int(np.argmax(window > window.max() * (1.0 - 1e-9))), 1)


def _cut(path: Path, part: Path, start_s: float) -> None:
    """Write the excerpt of a sound file into another, with short fades at its ends."""
    import soundfile

    with soundfile.SoundFile(path) as file:
        file.seek(min(round(start_s * file.samplerate), max(0, file.frames - round(EXCERPT_S * file.samplerate))))
        samples = file.read(round(EXCERPT_S * file.samplerate), dtype="float32", always_2d=True)
        slope = np.linspace(0.0, 1.0, min(round(0.02 * file.samplerate), len(samples)), dtype=np.float32)[:, np.newaxis]
        samples[: len(slope)] *= slope
        samples[len(samples) - len(slope) :] *= slope[::-1]
        soundfile.write(part, samples, file.samplerate, subtype="FLOAT")


def to_number(value: float | None, digits: int) -> float | None:
    """Return a number for JSON, rounded; None for what is not finite."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
