"""Running and falling water, water in the house; waves are a fitted texture."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.grains import bubbles, in_place, mixed, stereo
from extender.sources.procedural.model import Model, Parameter
from extender.sources.procedural.toolkit import (
    SAMPLE_RATE,
    Rng,
    Signal,
    band,
    filtered,
    frames,
    glide,
    noise,
    peak,
    spectra_count,
    stretched,
    texture,
    wander,
    whistling,
)
from mixer.types import Samples

_STREAM = (
    -50,
    -46,
    -42,
    -38,
    -33,
    -27,
    -22,
    -18,
    -16,
    -14,
    -13,
    -12,
    -11,
    -11,
    -12,
    -13,
    -13,
    -13,
    -14,
    -15,
    -17,
    -19,
    -21,
    -24,
    -28,
    -33,
    -40,
)
_FALL = (
    -26,
    -24,
    -22,
    -20,
    -18,
    -17,
    -16,
    -15,
    -14,
    -13,
    -12,
    -12,
    -12,
    -12,
    -12,
    -12,
    -12,
    -13,
    -13,
    -14,
    -15,
    -16,
    -18,
    -20,
    -23,
    -27,
    -33,
)
_FOUNTAIN = (
    -48,
    -46,
    -43,
    -40,
    -36,
    -32,
    -28,
    -25,
    -22,
    -20,
    -18,
    -16,
    -15,
    -14,
    -13,
    -12,
    -11,
    -10,
    -10,
    -10,
    -11,
    -12,
    -13,
    -15,
    -18,
    -22,
    -28,
)
_TAP = (
    -48,
    -46,
    -44,
    -40,
    -36,
    -31,
    -26,
    -22,
    -20,
    -19,
    -20,
    -22,
    -22,
    -20,
    -18,
    -16,
    -14,
    -12,
    -10,
    -9,
    -9,
    -9,
    -10,
    -12,
    -15,
    -20,
    -26,
)


def lapping_water(rng: Rng, count: int, duration_s: float, period: float = 1.2) -> Signal:
    """Small waves against a wall or hull: slaps, gulps, drips."""
    points = int(duration_s * 100)
    slap = np.exp(0.55 * wander(rng, points, 100.0, 0.42 / period, 2.6 / period, 0.2))
    wash = texture(rng, count, _STREAM, depth_db=1.5, common=0.5, low_hz=1.5, motion_db=10 * np.log10(slap)[:, None])
    near = stretched(np.minimum(slap, 4.0), count)
    gulps = bubbles(rng, count, duration_s, 30.0, 0.002, 0.010, 0.7) * near
    drips = bubbles(rng, count, duration_s, 14.0, 0.001, 0.004, 0.5) * near
    return mixed((0.0, wash), (-5.0, gulps), (-6.0, drips))


LAPPING = Parameter("period", 0.4, 4.0, 1.2, "s", "from one small wave to the next")


def lake(rng: Rng, duration_s: float, period: float = LAPPING.default) -> Samples:
    """Calm water at a shore or quay."""
    return stereo(lambda: lapping_water(rng, frames(duration_s), duration_s, period))


FLOW = Parameter("flow", 1.0, 1_000.0, 30.0, "l/s", "how much water runs by")


def stream(rng: Rng, duration_s: float, flow: float = FLOW.default) -> Samples:
    """A brook over stones: more water is lower and traps larger bubbles."""
    count = frames(duration_s)
    more = float(np.log2(flow / FLOW.default))

    def side() -> Signal:
        bed = texture(rng, count, _STREAM, depth_db=1.3, common=0.25, low_hz=0.8, slope=0.2, tilt_db=-0.4 * more)
        small = bubbles(rng, count, duration_s, 170.0 * 2.0 ** (0.12 * more), 0.0008, 0.004)
        large = bubbles(rng, count, duration_s, 16.0 * 2.0 ** (0.3 * more), 0.003, 0.009 * 2.0 ** (0.1 * more), 0.6)
        murmur = stretched(np.exp(0.35 * wander(rng, int(duration_s * 50), 50.0, 0.5, 8.0, 0.3)), count)
        return mixed((0.0, bed), (-1.0, small * murmur), (-3.0, large * murmur))

    return stereo(side)


RIVER = Parameter("flow", 1.0, 1_000.0, 40.0, "m³/s", "how much water runs by")


def river(rng: Rng, duration_s: float, flow: float = RIVER.default) -> Samples:
    """A broad river: it slides along, boils here and there, and gurgles only at its banks."""
    count = frames(duration_s)
    more = float(np.log2(flow / RIVER.default))

    def side() -> Signal:
        body = texture(
            rng, count, _STREAM, depth_db=1.8, common=0.45, low_hz=0.15, slope=0.5, tilt_db=-2.2 - 0.25 * more
        )
        boils = stretched(np.exp(0.7 * wander(rng, int(duration_s * 20), 20.0, 0.1, 1.5, 0.5)), count)
        swirl = bubbles(rng, count, duration_s, 12.0, 0.004, 0.012, 0.5) * boils
        bank = bubbles(rng, count, duration_s, 45.0, 0.0012, 0.005)
        return mixed((0.0, body), (-9.0 + more, swirl), (-12.0 - more, bank))

    return stereo(side)


FALL = Parameter("height", 1.0, 100.0, 10.0, "m", "how far the water falls")


def waterfall(rng: Rng, duration_s: float, height: float = FALL.default) -> Samples:
    """Much water falling; from high up it thunders."""
    count = frames(duration_s)
    tilt_db = -0.6 * float(np.log2(height / FALL.default))
    return stereo(lambda: texture(rng, count, _FALL, depth_db=0.8, common=0.3, low_hz=0.5, slope=0.3, tilt_db=tilt_db))


JETS = Parameter("height", 0.2, 12.0, 1.5, "m", "how high the jets rise")


def fountain(rng: Rng, duration_s: float, height: float = JETS.default) -> Signal:
    """Jets falling back into a basin."""
    count = frames(duration_s)
    tilt_db = -0.7 * float(np.log2(height / JETS.default))
    fall = texture(rng, count, _FOUNTAIN, depth_db=1.1, common=0.4, low_hz=0.8, slope=0.25, tilt_db=tilt_db)
    splash = bubbles(rng, count, duration_s, 190.0, 0.0006, 0.0035)
    patter = stretched(np.exp(0.4 * wander(rng, int(duration_s * 100), 100.0, 1.0, 15.0, 0.2)), count)
    return mixed((0.0, fall), (-4.0, splash * patter))


TAP = Parameter("flow", 0.5, 20.0, 6.0, "l/min", "how far the tap is open")


def tap(rng: Rng, duration_s: float, flow: float = TAP.default) -> Signal:
    """Water running into a basin; the basin drums, the drain gurgles. A thin jet only trickles."""
    count = frames(duration_s)
    more = float(np.log2(flow / TAP.default))
    jet = texture(rng, count, _TAP, depth_db=1.0, common=0.4, low_hz=0.8, slope=0.25, tilt_db=0.3 * more)
    drum = noise(rng, count, lambda f: peak(f, 330.0, 5.0) + 0.6 * peak(f, 610.0, 8.0) + 0.4 * peak(f, 1_180.0, 9.0))
    drum = drum * stretched(np.exp(0.3 * wander(rng, int(duration_s * 100), 100.0, 2.0, 25.0, 0.2)), count)
    splash = bubbles(rng, count, duration_s, 150.0 * 2.0 ** (0.5 * more), 0.0006, 0.003)
    gurgle = bubbles(rng, count, duration_s, 9.0, 0.004, 0.010, 0.8)
    return mixed((0.0, jet), (-9.0 + 2.0 * more, drum), (-6.0 - 2.0 * more, splash), (-11.0 + more, gurgle))


def hydrant(rng: Rng, duration_s: float) -> Signal:
    """A strong jet of water on a pavement."""
    count = frames(duration_s)
    jet = texture(rng, count, _FALL, depth_db=1.2, common=0.6, low_hz=0.5, tilt_db=1.5)
    return mixed((0.0, jet), (-8.0, bubbles(rng, count, duration_s, 120.0, 0.0006, 0.003)))


SHOWER = Parameter("flow", 3.0, 20.0, 9.0, "l/min", "how much water comes")


def shower(rng: Rng, duration_s: float, flow: float = SHOWER.default) -> Signal:
    """A shower is turned on and off again."""
    count = frames(duration_s)
    more = float(np.log2(flow / SHOWER.default))
    tilt_db = 0.5 - 0.5 * more
    jets = texture(rng, count, _FOUNTAIN, depth_db=1.0, common=0.4, low_hz=0.8, slope=0.25, tilt_db=tilt_db)
    tub = noise(rng, count, lambda f: peak(f, 280.0, 3.0) + 0.6 * peak(f, 720.0, 4.0))
    on = stretched(glide([(0, 0), (0.06, 0.7), (0.15, 1), (0.9, 1), (0.96, 0.2), (1, 0)], 200), count)
    drops = bubbles(rng, count, duration_s, 90.0, 0.0006, 0.003)
    return in_place(rng, mixed((0.0, jets), (-8.0 + 2.0 * more, tub), (-9.0, drops)) * on, 0.4, -9.0)


AIR = Parameter("flow", 20.0, 600.0, 150.0, "l/h", "how much air the pump gives")


def aquarium(rng: Rng, duration_s: float, flow: float = AIR.default) -> Signal:
    """Air bubbling through a tank, its pump humming."""
    count = frames(duration_s)
    rise = stretched(np.exp(0.4 * wander(rng, int(duration_s * 50), 50.0, 1.0, 8.0, 0.2)), count)
    t = np.arange(count) / SAMPLE_RATE
    pump = np.sum([np.sin(2 * np.pi * 50 * h * t + h) / h for h in (1, 2, 3, 4, 6)], axis=0).astype(np.float32)
    air = bubbles(rng, count, duration_s, 70.0 * (flow / AIR.default) ** 0.6, 0.0016, 0.006, 0.6)
    return mixed((0.0, air * rise), (-14.0, pump))


def flush(rng: Rng, duration_s: float) -> Signal:
    """A toilet: the lever, the rush, the gurgle, the cistern filling again."""
    count = frames(duration_s)
    moments = spectra_count(count)
    rush = glide([(0, -45), (0.03, -6), (0.08, 0), (0.32, -2), (0.45, -16), (0.6, -40), (1, -70)], moments)
    rushing = texture(rng, count, _FALL, depth_db=2.0, common=0.6, low_hz=1.5, motion_db=rush[:, None], tilt_db=-1.0)
    swirl = stretched(glide([(0, 0), (0.05, 0.6), (0.3, 0.8), (0.43, 1.0), (0.6, 0.05), (1, 0)], 100), count)
    gurgle = bubbles(rng, count, duration_s, 70.0, 0.002, 0.009, 0.6) * swirl
    fill = stretched(glide([(0, 0), (0.3, 0.1), (0.5, 0.5), (0.85, 0.5), (1, 0)], 100), count)
    refill = noise(rng, count, lambda f: band(f, 2_500.0, 9_000.0, 1) + 0.4 * peak(f, 1_300.0, 12.0)) * fill
    whole = mixed((0.0, rushing), (-3.0, gurgle), (-15.0, refill))
    return in_place(rng, whole * stretched(glide([(0, 0), (0.01, 1), (0.85, 1), (1, 0)], 200), count), 0.35, -9.0)


GLASS = Parameter("height", 0.05, 0.4, 0.13, "m", "height of the glass")


def pour(rng: Rng, duration_s: float, height: float = GLASS.default) -> Signal:
    """Filling a glass: the column of air above shortens, its pitch rises (c / 4L)."""
    duration_s *= rng.uniform(0.8, 1.2)
    count = frames(duration_s)
    moments = spectra_count(count)
    length_m = glide([(0, height), (1, 0.23 * height)], moments)
    column = whistling(rng, count, 343.0 / (4.0 * (length_m + 0.02)), np.zeros(moments), 0.09)
    swallow = bubbles(rng, count, duration_s, 160.0, 0.0008, 0.005, 0.5)
    trickle = texture(rng, count, _TAP, depth_db=1.5, common=0.5, low_hz=1.5)
    unsteady = stretched(np.exp(0.35 * wander(rng, int(duration_s * 100), 100.0, 2.0, 15.0, 0.2)), count)
    hand = stretched(glide([(0, 0), (0.06, 1), (0.9, 0.9), (1, 0)], 200), count)
    return in_place(rng, mixed((-1.0, column), (0.0, swallow), (-8.0, trickle)) * unsteady * hand, 0.2, -16.0)


DRIPS = Parameter("rate", 6.0, 240.0, 75.0, "drops/min", "how often it drips")


def drip(rng: Rng, duration_s: float, rate: float = DRIPS.default) -> Signal:
    """Single drops into standing water."""
    count = frames(duration_s)
    drops = np.zeros(count, dtype=np.float32)
    at = 0.05
    while at < duration_s - 0.4:
        one = bubbles(rng, frames(0.25), 0.1, 25.0, 0.0018, 0.0032, 1.0)
        start = frames(at)
        drops[start : start + one.size] += one[: count - start]
        at += rng.uniform(0.63, 1.37) * 60.0 / rate
    return in_place(rng, filtered(drops, lambda f: band(f, 300.0, 9_000.0, 1)), 0.9, -9.0, 14.0)


MODELS = (
    Model("lake", ("lake", "swimming pool", "lapping water"), "ambience", 2, 26.0, "Lapping water", lake, (LAPPING,)),
    Model("stream", ("stream", "water"), "ambience", 2, 24.0, "Stream", stream, (FLOW,)),
    Model("river", ("river",), "ambience", 2, 26.0, "River", river, (RIVER,)),
    Model("waterfall", ("waterfall",), "ambience", 2, 22.0, "Waterfall", waterfall, (FALL,)),
    Model("fountain", ("fountain", "geyser"), "loop", 1, 22.0, "Fountain", fountain, (JETS,)),
    Model("tap", ("water tap", "sink"), "loop", 1, 20.0, "Running tap", tap, (TAP,)),
    Model("hydrant", ("sprinkler", "fire hydrant"), "loop", 1, 20.0, "Jet of water", hydrant),
    Model("shower", ("shower",), "event", 1, 7.0, "Shower", shower, (SHOWER,)),
    Model("aquarium", ("aquarium",), "loop", 1, 20.0, "Aquarium", aquarium, (AIR,)),
    Model("flush", ("toilet",), "event", 1, 8.5, "Toilet flush", flush),
    Model("pour", ("pouring water", "bottle"), "event", 1, 3.4, "Pouring a drink", pour, (GLASS,)),
    Model("drip", ("dripping water",), "event", 1, 4.5, "Dripping water", drip, (DRIPS,)),
)
