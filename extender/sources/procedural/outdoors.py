"""Places outdoors: beds that are heard from everywhere, made of the sounds of the other files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extender.sources.procedural.animals import HERD, cow, sheep
from extender.sources.procedural.beds import OCTAVES, Make, air, bed, sprinkled, together
from extender.sources.procedural.birds import BIRDS, birdsong, chorus, gull, hen, owl
from extender.sources.procedural.city import breaker, hammering, heavy_machine
from extender.sources.procedural.fitted_textures import leaves, light_leaves, light_wind, waves, wind
from extender.sources.procedural.grains import stereo
from extender.sources.procedural.horses import hoofbeats
from extender.sources.procedural.insects import TEMPERATURE, cicadas, crickets, frog
from extender.sources.procedural.kitchen import impact
from extender.sources.procedural.model import Parameter
from extender.sources.procedural.people import called, murmur
from extender.sources.procedural.steps import steps_indoors
from extender.sources.procedural.toolkit import (
    THIRDS_HZ,
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
from extender.sources.procedural.vehicles import DENSITY, car_pass, traffic
from extender.sources.procedural.water import lake, stream
from mixer.air import absorption_db_per_m
from mixer.types import Samples

FAR = Parameter("distance", 100.0, 5_000.0, 700.0, "m", "how far off the streets are")


def distant_traffic(rng: Rng, duration_s: float, distance: float = FAR.default) -> Samples:
    """A town heard from afar: a low roar that breathes; air takes more of it the farther it is."""
    count = frames(duration_s)
    levels = np.interp(OCTAVES, [-5, -3.5, -2, -0.5, 1, 2.5, 4], [-10, -3, -1, -6, -17, -34, -52])
    levels = levels - (distance - FAR.default) * absorption_db_per_m(THIRDS_HZ, 15.0, 70.0)
    levels = np.maximum(levels, -80.0) - levels.max()
    swell = (
        2.2
        * np.stack([wander(rng, 400, 14.0, 0.06, 0.5, 0.6)] * 27, axis=1)
        * np.clip(0.6 + 0.25 * OCTAVES + 0.5, 0.4, 1.5)
    )
    return stereo(
        lambda: texture(rng, count, levels.tolist(), depth_db=1.3, common=0.4, low_hz=0.15, slope=0.5, motion_db=swell)
    )


def busy_traffic(rng: Rng, duration_s: float, density: float = 36.0) -> Samples:
    """Much traffic at a crossing."""
    half = density / 2
    return together((0.0, traffic(rng, duration_s, half)), (-3.0, traffic(rng, duration_s, half)[::-1]))


MOTORWAY = Parameter("speed", 50.0, 160.0, 105.0, "km/h", "how fast they go")


def highway(rng: Rng, duration_s: float, speed: float = MOTORWAY.default) -> Samples:
    """A motorway: tyres without end."""
    count = frames(duration_s)
    tilt_db = 2.0 * float(np.log2(speed / MOTORWAY.default))
    levels = np.interp(OCTAVES, [-5, -3.5, -2, -0.5, 0.4, 1, 2.5, 4], [-17, -11, -9, -4, -1, -4, -18, -36])
    lanes = [2.6 * np.stack([wander(rng, 600, 20.0, 0.15, 1.2, 0.3)] * 27, axis=1) for _ in range(2)]
    return np.stack(
        [
            texture(rng, count, levels.tolist(), depth_db=1.2, common=0.4, low_hz=0.6, motion_db=lane, tilt_db=tilt_db)
            for lane in lanes
        ]
    )


PERSONS = Parameter("persons", 2.0, 60.0, 10.0, "persons", "how many are near")


def urban(rng: Rng, duration_s: float, persons: float = PERSONS.default) -> Samples:
    """A town round about: traffic, people, something being done somewhere."""
    things: list[tuple[Make, float]] = [(car_pass, 7.0), (hammering, 2.0), (steps_indoors, 3.0)]
    return together(
        (0.0, distant_traffic(rng, duration_s)),
        (
            -6.0 + 2.0 * np.log2(persons / 10.0),
            murmur(rng, duration_s, round(persons), near=0.3, wet_db=0.0, t60_s=1.0, cut_hz=2_500.0),
        ),
        (-7.0, sprinkled(rng, duration_s, things, 0.2, t60_s=0.9)),
    )


def residential(rng: Rng, duration_s: float) -> Samples:
    """A quiet street: birds near, the town far, once a car."""
    return together(
        (0.0, distant_traffic(rng, duration_s)),
        (-6.0, chorus(rng, duration_s, 3, -30.0, rate=0.6)),
        (-5.0, sprinkled(rng, duration_s, [(car_pass, 8.0)], 0.06, t60_s=0.7)),
    )


def square(rng: Rng, duration_s: float, persons: float = 16.0) -> Samples:
    """A square: people strolling and talking, traffic beyond."""
    fewer_db = 2.0 * np.log2(persons / 16.0)
    return together(
        (fewer_db, murmur(rng, duration_s, round(persons), near=0.5, wet_db=-2.0, t60_s=1.1)),
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


BREEZE = Parameter("speed", 1.0, 25.0, 4.0, "m/s", "mean speed of the wind")


def countryside(rng: Rng, duration_s: float, speed: float = BREEZE.default) -> Samples:
    """Open country: light wind, a few birds, an animal somewhere."""
    animals: list[tuple[Make, float]] = [(cow, 1.8), (sheep, 1.2), (hen, 1.5)]
    return together(
        (0.0, chorus(rng, duration_s, 3, -18.0, rate=0.6)),
        (-3.0 + 3.0 * np.log2(speed / BREEZE.default), wind(rng, duration_s, speed)),
        (-9.0, sprinkled(rng, duration_s, animals, 0.08, t60_s=1.2, wet_db=0.0)),
    )


def farm(rng: Rng, duration_s: float, animals: float = 12.0) -> Samples:
    """A farmyard."""
    beasts: list[tuple[Make, float]] = [
        (cow, 1.9),
        (sheep, 1.2),
        (hen, 1.8),
        (hen, 2.0),
        (lambda g, s: hoofbeats(g, s, "walk"), 4.0),
    ]
    return together(
        (
            0.0,
            sprinkled(rng, duration_s, beasts, 0.7 * (animals / 12.0) ** 0.7, far_hz=6_000.0, t60_s=0.6, wet_db=-8.0),
        ),
        (-6.0, chorus(rng, duration_s, 3, -20.0)),
        (-10.0, light_wind(rng, duration_s)),
    )


def park(rng: Rng, duration_s: float, birds: float = 5.0, speed: float = BREEZE.default) -> Samples:
    """A park: birds and leaves, children far off, the town behind."""
    return together(
        (0.0, birdsong(rng, duration_s, birds)),
        (-5.0 + 3.0 * np.log2(speed / BREEZE.default), leaves(rng, duration_s, speed)),
        (-12.0, sprinkled(rng, duration_s, [(called, 0.5)], 0.9, t60_s=0.9, wet_db=0.0)),
        (-9.0, distant_traffic(rng, duration_s)),
    )


def forest(rng: Rng, duration_s: float, birds: float = 5.0, speed: float = BREEZE.default) -> Samples:
    """A wood by day."""
    rush_db = 3.0 * np.log2(speed / BREEZE.default)
    return together(
        (rush_db, leaves(rng, duration_s, speed)), (0.0, chorus(rng, duration_s, round(birds), -30.0, rate=0.8))
    )


def night_forest(rng: Rng, duration_s: float, temperature: float = 20.0) -> Samples:
    """A wood by night."""
    return together(
        (0.0, crickets(rng, duration_s, temperature)),
        (-7.0, light_leaves(rng, duration_s)),
        (-8.0, sprinkled(rng, duration_s, [(owl, 3.0)], 0.07, t60_s=1.5, wet_db=0.0)),
    )


def jungle(rng: Rng, duration_s: float) -> Samples:
    """A rain forest."""
    return together(
        (0.0, cicadas(rng, duration_s, 3.0)),
        (1.0, chorus(rng, duration_s, 7, -30.0, rate=1.3)),
        (-6.0, light_leaves(rng, duration_s)),
        (-5.0, sprinkled(rng, duration_s, [(frog, 1.2)], 0.5, far_hz=6_000.0)),
    )


def wetland(rng: Rng, duration_s: float) -> Samples:
    """A marsh: frogs, reeds, water."""
    return together(
        (0.0, sprinkled(rng, duration_s, [(frog, 1.2)], 2.2, far_hz=7_000.0, wet_db=-8.0)),
        (-4.0, leaves(rng, duration_s)),
        (-6.0, chorus(rng, duration_s, 3, -30.0)),
    )


def mountain(rng: Rng, duration_s: float, speed: float = 10.0) -> Samples:
    """Wind round rocks, high up: hollow and restless."""
    count = frames(duration_s)
    stronger = np.log2(speed / 10.0)
    relative = np.maximum(1 + 0.35 * wander(rng, 2_500, 94.0, 0.08, 0.8, 0.8), 0.2)
    howl = np.stack(
        [
            whistling(
                rng,
                count,
                420.0 * k * 2.0 ** (0.5 * stronger) * relative**0.8,
                np.minimum(-10 + 25 * np.log2(relative), 4.0),
                0.14,
            )
            for k in (1.0, 1.31)
        ]
    )
    return together((0.0, wind(rng, duration_s, speed)), (-9.0 + 2.0 * stronger, howl))


def desert(rng: Rng, duration_s: float, speed: float = 7.0) -> Samples:
    """A thin dry wind that carries sand."""
    count = frames(duration_s)
    gust = np.exp(0.6 * wander(rng, int(duration_s * 20), 20.0, 0.1, 1.0, 0.7))
    sand = stereo(lambda: noise(rng, count, lambda f: band(f, 3_500.0, 12_000.0, 1)) * stretched(gust, count))
    return together((0.0, wind(rng, duration_s, speed)), (-13.0 + 5.0 * np.log2(speed / 7.0), sand))


def winter(rng: Rng, duration_s: float, speed: float = BREEZE.default) -> Samples:
    """Snow lies: all is soft, a little wind."""
    soft = np.stack([filtered(side, lambda f: band(f, 0.0, 700.0, 1)) for side in wind(rng, duration_s, speed)])
    return together((0.0, soft), (-8.0, air(rng, duration_s, 2.0, 1_200.0)))


SWELL = Parameter("period", 5.0, 18.0, 9.0, "s", "from one wave to the next")


def ocean(rng: Rng, duration_s: float, period: float = SWELL.default, speed: float = 7.0) -> Samples:
    """The open sea: long swell, little foam."""
    windy_db = -8.0 + 4.0 * np.log2(speed / 7.0)
    return together((0.0, waves(rng, duration_s, period, 0.4)), (windy_db, wind(rng, duration_s, speed)))


def harbour(rng: Rng, duration_s: float) -> Samples:
    """A harbour: lapping, gulls, rigging."""
    rig: Make = lambda g, s: impact(g, "steel", g.uniform(900, 1_500))  # noqa: E731
    return together(
        (0.0, lake(rng, duration_s)),
        (-6.0, sprinkled(rng, duration_s, [(gull, 3.0), (rig, 1.0), (rig, 1.0)], 0.35, far_hz=6_000.0)),
        (-5.0, distant_traffic(rng, duration_s)),
    )


DEPTH = Parameter("depth", 0.5, 60.0, 4.0, "m", "below the surface")


def underwater(rng: Rng, duration_s: float, depth: float = DEPTH.default) -> Samples:
    """Below the surface: dull rumble, bubbles; the deeper, the less of them."""
    count = frames(duration_s)
    deeper = np.log2(depth / DEPTH.default)
    top_hz = 800.0 / 2.0 ** (0.35 * deeper)
    swash = stretched(np.exp(0.5 * wander(rng, int(duration_s * 20), 20.0, 0.1, 0.8, 0.5)), count)
    below = stereo(lambda: noise(rng, count, lambda f: band(f, 40.0, 220.0, 1)) * swash)
    blow = np.stack([filtered(side, lambda f: band(f, 0.0, top_hz, 1)) for side in stream(rng, duration_s)])
    return together((0.0, below), (-10.0 - 2.0 * deeper, blow))


# --- indoors -------------------------------------------------------------------------------------------------------


MODELS = (
    bed(
        "distant-traffic",
        ("distant traffic", "city night", "parking ambience"),
        "Distant traffic",
        distant_traffic,
        parameters=(FAR,),
    ),
    bed(
        "busy-traffic",
        ("busy traffic",),
        "Busy traffic",
        busy_traffic,
        parameters=(replace(DENSITY, high=90.0, default=36.0),),
    ),
    bed("highway", ("highway traffic", "bridge"), "Motorway", highway, parameters=(MOTORWAY,)),
    bed("urban", ("urban ambience", "environment"), "Town", urban, parameters=(PERSONS,)),
    bed("residential", ("residential ambience",), "Quiet street", residential),
    bed("square", ("square ambience",), "Square", square, parameters=(replace(PERSONS, default=16.0),)),
    bed("construction", ("construction ambience",), "Building site", construction),
    bed(
        "countryside", ("rural ambience", "field ambience", "nature"), "Countryside", countryside, parameters=(BREEZE,)
    ),
    bed("farm", ("farm ambience",), "Farmyard", farm, parameters=(HERD,)),
    bed(
        "park",
        ("park ambience", "garden ambience"),
        "Park",
        park,
        parameters=(
            replace(BIRDS, default=5.0),
            BREEZE,
        ),
    ),
    bed(
        "forest",
        ("forest ambience",),
        "Forest",
        forest,
        parameters=(
            replace(BIRDS, default=5.0),
            BREEZE,
        ),
    ),
    bed(
        "night-forest",
        ("night forest",),
        "Forest at night",
        night_forest,
        parameters=(replace(TEMPERATURE, default=20.0),),
    ),
    bed("jungle", ("jungle ambience",), "Rain forest", jungle),
    bed("wetland", ("wetland ambience",), "Marsh", wetland),
    bed(
        "mountain",
        ("mountain wind", "strong wind"),
        "Mountain wind",
        mountain,
        parameters=(replace(BREEZE, high=30.0, default=10.0),),
    ),
    bed("desert", ("desert wind",), "Desert wind", desert, parameters=(replace(BREEZE, default=7.0),)),
    bed("winter", ("winter ambience",), "Winter quiet", winter, parameters=(BREEZE,)),
    bed(
        "ocean",
        ("ocean",),
        "Open sea",
        ocean,
        30.0,
        parameters=(
            SWELL,
            replace(BREEZE, default=7.0),
        ),
    ),
    bed("harbour", ("harbour ambience",), "Harbour", harbour),
    bed("underwater", ("underwater ambience",), "Under water", underwater, parameters=(DEPTH,)),
)
