"""Places outdoors: beds that are heard from everywhere, made of the sounds of the other files."""

from __future__ import annotations

import numpy as np

from extender.sources.procedural.animals import cow, sheep
from extender.sources.procedural.beds import OCTAVES, Make, air, bed, sprinkled, together
from extender.sources.procedural.birds import birdsong, chorus, gull, hen, owl
from extender.sources.procedural.city import breaker, hammering, heavy_machine
from extender.sources.procedural.grains import stereo
from extender.sources.procedural.horses import hoofbeats
from extender.sources.procedural.insects import cicadas, crickets, frog
from extender.sources.procedural.kitchen import impact
from extender.sources.procedural.people import called, murmur
from extender.sources.procedural.steps import steps_indoors
from extender.sources.procedural.toolkit import (
    Rng,
    band,
    filtered,
    frames,
    noise,
    stretched,
    texture,
    wander,
    whistling,
)
from extender.sources.procedural.vehicles import car_pass, traffic
from extender.sources.procedural.water import lake, stream, surf
from extender.sources.procedural.weather import leaves, wind
from mixer.types import Samples


def distant_traffic(rng: Rng, duration_s: float) -> Samples:
    """A town heard from afar: a low roar that breathes."""
    count = frames(duration_s)
    levels = np.interp(OCTAVES, [-5, -3.5, -2, -0.5, 1, 2.5, 4], [-10, -3, -1, -6, -17, -34, -52])
    swell = (
        2.2
        * np.stack([wander(rng, 400, 14.0, 0.06, 0.5, 0.6)] * 27, axis=1)
        * np.clip(0.6 + 0.25 * OCTAVES + 0.5, 0.4, 1.5)
    )
    return stereo(
        lambda: texture(rng, count, levels.tolist(), depth_db=1.3, common=0.4, low_hz=0.15, slope=0.5, motion_db=swell)
    )


def busy_traffic(rng: Rng, duration_s: float) -> Samples:
    """Much traffic at a crossing."""
    return together((0.0, traffic(rng, duration_s)), (-3.0, traffic(rng, duration_s)[::-1]))


def highway(rng: Rng, duration_s: float) -> Samples:
    """A motorway: tyres without end."""
    count = frames(duration_s)
    levels = np.interp(OCTAVES, [-5, -3.5, -2, -0.5, 0.4, 1, 2.5, 4], [-17, -11, -9, -4, -1, -4, -18, -36])
    lanes = [2.6 * np.stack([wander(rng, 600, 20.0, 0.15, 1.2, 0.3)] * 27, axis=1) for _ in range(2)]
    return np.stack(
        [texture(rng, count, levels.tolist(), depth_db=1.2, common=0.4, low_hz=0.6, motion_db=lane) for lane in lanes]
    )


def urban(rng: Rng, duration_s: float) -> Samples:
    """A town round about: traffic, people, something being done somewhere."""
    things: list[tuple[Make, float]] = [(car_pass, 7.0), (hammering, 2.0), (steps_indoors, 3.0)]
    return together(
        (0.0, distant_traffic(rng, duration_s)),
        (-6.0, murmur(rng, duration_s, 10, near=0.3, wet_db=0.0, t60_s=1.0, cut_hz=2_500.0)),
        (-7.0, sprinkled(rng, duration_s, things, 0.2, t60_s=0.9)),
    )


def residential(rng: Rng, duration_s: float) -> Samples:
    """A quiet street: birds near, the town far, once a car."""
    return together(
        (0.0, distant_traffic(rng, duration_s)),
        (-6.0, chorus(rng, duration_s, 3, -30.0, rate=0.6)),
        (-5.0, sprinkled(rng, duration_s, [(car_pass, 8.0)], 0.06, t60_s=0.7)),
    )


def square(rng: Rng, duration_s: float) -> Samples:
    """A square: people strolling and talking, traffic beyond."""
    return together(
        (0.0, murmur(rng, duration_s, 16, near=0.5, wet_db=-2.0, t60_s=1.1)),
        (-4.0, distant_traffic(rng, duration_s)),
        (-8.0, sprinkled(rng, duration_s, [(steps_indoors, 4.0)], 0.5, far_hz=6_000.0)),
    )


def construction(rng: Rng, duration_s: float) -> Samples:
    """A building site."""
    machine = heavy_machine(rng, duration_s)
    return together(
        (0.0, np.stack([machine, np.roll(machine, 900)])),
        (-3.0, distant_traffic(rng, duration_s)),
        (-1.0, sprinkled(rng, duration_s, [(hammering, 2.4), (breaker, 3.5), (hammering, 2.4)], 0.35, far_hz=5_000.0)),
    )


def countryside(rng: Rng, duration_s: float) -> Samples:
    """Open country: light wind, a few birds, an animal somewhere."""
    animals: list[tuple[Make, float]] = [(cow, 1.8), (sheep, 1.2), (hen, 1.5)]
    return together(
        (0.0, chorus(rng, duration_s, 3, -18.0, rate=0.6)),
        (-3.0, wind(rng, duration_s)),
        (-9.0, sprinkled(rng, duration_s, animals, 0.08, t60_s=1.2, wet_db=0.0)),
    )


def farm(rng: Rng, duration_s: float) -> Samples:
    """A farmyard."""
    animals: list[tuple[Make, float]] = [
        (cow, 1.9),
        (sheep, 1.2),
        (hen, 1.8),
        (hen, 2.0),
        (lambda g, s: hoofbeats(g, s, "walk"), 4.0),
    ]
    return together(
        (0.0, sprinkled(rng, duration_s, animals, 0.7, far_hz=6_000.0, t60_s=0.6, wet_db=-8.0)),
        (-6.0, chorus(rng, duration_s, 3, -20.0)),
        (-10.0, wind(rng, duration_s)),
    )


def park(rng: Rng, duration_s: float) -> Samples:
    """A park: birds and leaves, children far off, the town behind."""
    return together(
        (0.0, birdsong(rng, duration_s)),
        (-5.0, leaves(rng, duration_s)),
        (-12.0, sprinkled(rng, duration_s, [(called, 0.5)], 0.9, t60_s=0.9, wet_db=0.0)),
        (-9.0, distant_traffic(rng, duration_s)),
    )


def forest(rng: Rng, duration_s: float) -> Samples:
    """A wood by day."""
    return together((0.0, leaves(rng, duration_s)), (0.0, chorus(rng, duration_s, 5, -30.0, rate=0.8)))


def night_forest(rng: Rng, duration_s: float) -> Samples:
    """A wood by night."""
    return together(
        (0.0, crickets(rng, duration_s)),
        (-7.0, leaves(rng, duration_s)),
        (-8.0, sprinkled(rng, duration_s, [(owl, 3.0)], 0.07, t60_s=1.5, wet_db=0.0)),
    )


def jungle(rng: Rng, duration_s: float) -> Samples:
    """A rain forest."""
    return together(
        (0.0, cicadas(rng, duration_s)),
        (1.0, chorus(rng, duration_s, 7, -30.0, rate=1.3)),
        (-6.0, leaves(rng, duration_s)),
        (-5.0, sprinkled(rng, duration_s, [(frog, 1.2)], 0.5, far_hz=6_000.0)),
    )


def wetland(rng: Rng, duration_s: float) -> Samples:
    """A marsh: frogs, reeds, water."""
    return together(
        (0.0, sprinkled(rng, duration_s, [(frog, 1.2)], 2.2, far_hz=7_000.0, wet_db=-8.0)),
        (-4.0, leaves(rng, duration_s)),
        (-6.0, chorus(rng, duration_s, 3, -30.0)),
    )


def mountain(rng: Rng, duration_s: float) -> Samples:
    """Wind round rocks, high up: hollow and restless."""
    count = frames(duration_s)
    speed = np.maximum(1 + 0.35 * wander(rng, 2_500, 94.0, 0.08, 0.8, 0.8), 0.2)
    howl = np.stack(
        [
            whistling(rng, count, 420.0 * k * speed**0.8, np.minimum(-10 + 25 * np.log2(speed), 4.0), 0.14)
            for k in (1.0, 1.31)
        ]
    )
    return together((0.0, wind(rng, duration_s)), (-9.0, howl))


def desert(rng: Rng, duration_s: float) -> Samples:
    """A thin dry wind that carries sand."""
    count = frames(duration_s)
    gust = np.exp(0.6 * wander(rng, int(duration_s * 20), 20.0, 0.1, 1.0, 0.7))
    sand = stereo(lambda: noise(rng, count, lambda f: band(f, 3_500.0, 12_000.0, 1)) * stretched(gust, count))
    return together((0.0, wind(rng, duration_s)), (-13.0, sand))


def winter(rng: Rng, duration_s: float) -> Samples:
    """Snow lies: all is soft, a little wind."""
    soft = np.stack([filtered(side, lambda f: band(f, 0.0, 700.0, 1)) for side in wind(rng, duration_s)])
    return together((0.0, soft), (-8.0, air(rng, duration_s, 2.0, 1_200.0)))


def ocean(rng: Rng, duration_s: float) -> Samples:
    """The open sea: long swell, little foam."""
    return together((0.0, surf(rng, duration_s, 9.0, 0.5)), (-8.0, wind(rng, duration_s)))


def harbour(rng: Rng, duration_s: float) -> Samples:
    """A harbour: lapping, gulls, rigging."""
    rig: Make = lambda g, s: impact(g, "steel", g.uniform(900, 1_500))  # noqa: E731
    return together(
        (0.0, lake(rng, duration_s)),
        (-6.0, sprinkled(rng, duration_s, [(gull, 3.0), (rig, 1.0), (rig, 1.0)], 0.35, far_hz=6_000.0)),
        (-5.0, distant_traffic(rng, duration_s)),
    )


def underwater(rng: Rng, duration_s: float) -> Samples:
    """Below the surface: dull rumble, bubbles."""
    count = frames(duration_s)
    swash = stretched(np.exp(0.5 * wander(rng, int(duration_s * 20), 20.0, 0.1, 0.8, 0.5)), count)
    below = stereo(lambda: noise(rng, count, lambda f: band(f, 40.0, 220.0, 1)) * swash)
    blow = np.stack([filtered(side, lambda f: band(f, 0.0, 800.0, 1)) for side in stream(rng, duration_s)])
    return together((0.0, below), (-10.0, blow))


# --- indoors -------------------------------------------------------------------------------------------------------


MODELS = (
    bed("distant-traffic", ("distant traffic", "city night", "parking ambience"), "Distant traffic", distant_traffic),
    bed("busy-traffic", ("busy traffic",), "Busy traffic", busy_traffic),
    bed("highway", ("highway traffic", "bridge"), "Motorway", highway),
    bed("urban", ("urban ambience", "environment"), "Town", urban),
    bed("residential", ("residential ambience",), "Quiet street", residential),
    bed("square", ("square ambience",), "Square", square),
    bed("construction", ("construction ambience",), "Building site", construction),
    bed("countryside", ("rural ambience", "field ambience", "nature"), "Countryside", countryside),
    bed("farm", ("farm ambience",), "Farmyard", farm),
    bed("park", ("park ambience", "garden ambience"), "Park", park),
    bed("forest", ("forest ambience",), "Forest", forest),
    bed("night-forest", ("night forest",), "Forest at night", night_forest),
    bed("jungle", ("jungle ambience",), "Rain forest", jungle),
    bed("wetland", ("wetland ambience",), "Marsh", wetland),
    bed("mountain", ("mountain wind", "strong wind"), "Mountain wind", mountain),
    bed("desert", ("desert wind",), "Desert wind", desert),
    bed("winter", ("winter ambience",), "Winter quiet", winter),
    bed("ocean", ("ocean",), "Open sea", ocean, 30.0),
    bed("harbour", ("harbour ambience",), "Harbour", harbour),
    bed("underwater", ("underwater ambience",), "Under water", underwater),
)
