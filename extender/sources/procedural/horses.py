"""Hooves, whinnies and snorts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.animals import HERD, herd
from extender.sources.procedural.calls_bouts import EXCITEMENT, ONE, called
from extender.sources.procedural.distance import at_distance
from extender.sources.procedural.grains import bursts, in_place, mixed, sequence, struck
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import Rng, Signal, band, frames, noise, own, unit
from extender.sources.procedural.voices import Formants, Voice, uttered

SPEED = Parameter("speed", 3.0, 60.0, 6.0, "km/h", "how fast it goes: it walks to 8, trots to 20, then gallops")
SOFTNESS = Parameter("softness", 0.0, 1.0, 0.25, "", "of the ground: 0 paving, 1 turf")
_GAITS: dict[str, tuple[tuple[float, ...], float, float]] = {
    # when the feet fall within a stride, its length in s, at which speed in km/h
    "walk": ((0.0, 0.25, 0.5, 0.75), 1.12, 6.0),
    "trot": ((0.0, 0.5), 0.7, 13.0),
    "gallop": ((0.0, 0.27, 0.62, 0.79), 0.5, 32.0),
}


def gait_at(speed: float) -> str:
    """Return how a horse goes at a speed in km/h."""
    return "walk" if speed < 8.0 else "trot" if speed < 20.0 else "gallop"


def hoofbeats(rng: Rng, duration_s: float, gait: str, *, soft: float = 0.2, speed: float | None = None) -> Signal:
    """Return hooves: walk, trot or gallop; ``soft`` 0 = paving, 1 = turf. Strides get shorter with the speed's root."""
    offsets, period, usual = _GAITS[gait]
    period *= (usual / speed) ** 0.5 if speed else 1.0
    feet = own(rng).normal(1.0, 0.06, 4)
    times, which = [], []
    at = 0.05
    while at < duration_s - 0.25:
        for foot, share in enumerate(offsets):
            times.append(at + share * period + rng.normal(0, 0.008))
            which.append(foot)
        at += period * rng.normal(1.0, 0.025)
    beat = np.array(times)
    pitch = feet[np.array(which)] * rng.normal(1.0, 0.04, beat.size)
    force = rng.lognormal(0.0, 0.22, beat.size)
    modes = np.array([[95.0, 510.0, 860.0, 1_080.0, 1_750.0]])
    gains = np.array([[0.8 + soft, 0.7 - 0.6 * soft, 1.0 - 0.9 * soft, 0.8 - 0.75 * soft, 0.25 - 0.2 * soft]])
    count = frames(duration_s)
    clop = struck(
        rng,
        count,
        beat,
        pitch[:, None] * modes,
        np.array([[0.09, 0.05, 0.045, 0.035, 0.02]]),
        force[:, None] * gains,
        0.0012,
    )
    ground = noise(rng, count, lambda f: band(f, 150.0, 2_600.0 - 1_700.0 * soft, 1)) * bursts(
        count, beat - 0.003, 0.05 + 0.06 * soft, force, 0.1, 4.0
    )
    return in_place(rng, mixed((0.0, clop), (-5.0 + 4.0 * soft, ground)), 0.25, -14.0, 8.0)


def horse(rng: Rng, duration_s: float, speed: float = SPEED.default, softness: float = SOFTNESS.default) -> Signal:
    """A whinny, a snort, or hooves, now and then with a snort."""
    doing = rng.random()
    if doing < 0.6:
        return whinny(rng, duration_s) if doing < 0.4 else snort(rng, duration_s)
    soft = float(np.clip(softness + rng.uniform(-0.1, 0.1), 0.0, 1.0))
    steps = hoofbeats(rng, duration_s * rng.uniform(0.8, 1.1), gait_at(speed), soft=soft, speed=speed)
    if rng.random() < 0.4:
        puff = snort(rng, duration_s)
        at = frames(duration_s * rng.uniform(0.2, 0.4))
        end = min(steps.size, at + puff.size)
        steps[at:end] += 0.6 * np.abs(steps).max() * puff[: end - at] / np.abs(puff).max()
    return steps


whinny = called("whinny", 0.0, ONE, t60_s=0.5, wet_db=-15.0, first_ms=12.0)
snort = called("snort", 0.0, ONE, t60_s=0.2, wet_db=-18.0)


def hooves(rng: Rng, duration_s: float, speed: float = SPEED.default, softness: float = 0.75) -> Signal:
    """Steps of a large animal on soft ground."""
    return hoofbeats(rng, duration_s * rng.uniform(0.8, 1.1), gait_at(speed), soft=softness, speed=speed)


def zebra(rng: Rng, duration_s: float) -> Signal:
    """A zebra's yapping bark, a run of breaths in and out."""
    pieces, at = [], 0.0
    tone = own(rng).uniform(700, 820)
    for k in range(int(rng.integers(4, 8))):
        length = rng.uniform(0.12, 0.17)
        base = tone * rng.uniform(0.97, 1.03) * (1.15 if k % 2 else 0.9)
        shape: Formants = [(800, 220, 2), (1_000, 200, 0), (2_500, 350, -9), (3_600, 700, -18)]
        yap = uttered(
            rng,
            length,
            [(0, 0.8 * base), (0.5, 1.2 * base), (1, base)],
            [(0, 0), (0.2, 1), (0.7, 0.8), (1, 0)],
            [(0, shape), (1, shape)],
            Voice(tilt_db=-6, jitter=0.05, shimmer=0.2, rough=0.2, breath_db=-9, low_cut_hz=650),
        )
        pieces.append((at, unit(yap) * np.float32(rng.uniform(0.6, 1.0))))
        at += length + rng.uniform(0.08, 0.22)
    return in_place(rng, sequence(pieces), 0.4, -13.0, 10.0)


MODELS = (
    Model("horse", ("horse",), "event", 1, 4.5, "Horse", horse, (SPEED, SOFTNESS)),
    at_distance(Model("whinny", ("whinny",), "event", 1, 1.7, "Horse whinnying", whinny, (EXCITEMENT,)), 15.0),
    Model("horses", ("herd of horses",), "loop", 1, 24.0, "Horses", herd(horse, 4.5, 0.35), (HERD,)),
    Model(
        "hooves",
        ("animal hooves", "ungulate", "mammal", "animal"),
        "event",
        1,
        4.5,
        "Hooves on soft ground",
        hooves,
        (
            SPEED,
            replace(SOFTNESS, default=0.75),
        ),
    ),
    Model("zebra", ("zebra",), "event", 1, 1.8, "Zebra", zebra),
)
