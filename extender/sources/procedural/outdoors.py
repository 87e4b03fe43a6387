"""Places: beds that are heard from everywhere, made of the sounds of the other files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from extender.sources.procedural.animals import cow, hoofbeats, sheep
from extender.sources.procedural.birds import birdsong, chorus, cicadas, crickets, frog, gull, hen, owl
from extender.sources.procedural.city import breaker, hammering, heavy_machine
from extender.sources.procedural.household import crockery, cutlery, hum, impact, keyboard, page
from extender.sources.procedural.model import Model
from extender.sources.procedural.people import called, murmur, steps_indoors
from extender.sources.procedural.toolkit import (
    THIRDS_HZ,
    Rng,
    Signal,
    add,
    arrivals,
    band,
    filtered,
    frames,
    in_place,
    mixed,
    noise,
    peak,
    stereo,
    stretched,
    texture,
    unit,
    wander,
)
from extender.sources.procedural.travel import train
from extender.sources.procedural.vehicles import car_pass, traffic
from extender.sources.procedural.water import lake, stream, surf
from extender.sources.procedural.weather import bubbles, leaves, whistling, wind
from mixer.types import Samples

Make = Callable[[Rng, float], Signal | Samples]
_OCTAVES = np.log2(THIRDS_HZ / 1000.0)


def level_of(samples: np.ndarray) -> float:
    """Return the root mean square, 1 for silence."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) or 1.0


def together(*parts: tuple[float, Samples]) -> Samples:
    """Return beds added at their levels in dB."""
    total = sum(bed / level_of(bed) * np.float32(10 ** (db / 20)) for db, bed in parts)
    return np.asarray(total, dtype=np.float32)


def sprinkled(
    rng: Rng, duration_s: float, makers: Sequence[tuple[Make, float]], per_s: float, *, far_hz: float = 3_000.0,
    t60_s: float = 0.8, wet_db: float = -4.0,
) -> Samples:  # fmt: skip
    """Return single sounds now and then, far off and to all sides: (maker, its length in s) chosen at random."""
    count = frames(duration_s)
    out = np.zeros((2, count), dtype=np.float32)
    for at in arrivals(rng, duration_s + 2.0, per_s, 0.3) - 2.0:
        make, length = makers[int(rng.integers(len(makers)))]
        sound = unit(np.atleast_2d(make(rng, length))[0])
        angle = rng.uniform(0.1, 0.9) * np.pi / 2
        gain = float(rng.lognormal(-0.4, 0.6))
        add(out[0], float(at), sound, gain * np.cos(angle))
        add(out[1], float(at) + 0.0004, sound, gain * np.sin(angle))
    return np.stack([in_place(rng, side, t60_s, wet_db, 20.0, lambda f: band(f, 0.0, far_hz, 1))[:count] for side in out])


def air(rng: Rng, duration_s: float, slope_db: float, top_hz: float, *, depth_db: float = 1.0) -> Samples:
    """Return the quiet of a place: noise falling by ``slope_db`` per octave (third-octave levels) up to ``top_hz``."""
    levels = -slope_db * (_OCTAVES + 4.0) + 20 * np.log10(band(THIRDS_HZ, 35.0, top_hz, 1))
    count = frames(duration_s)
    return stereo(
        lambda: texture(rng, count, levels.tolist(), depth_db=depth_db, common=0.4, low_hz=0.08, high_hz=12.0, slope=0.6)
    )


# --- outdoors ------------------------------------------------------------------------------------------------------


def distant_traffic(rng: Rng, duration_s: float) -> Samples:
    """A town heard from afar: a low roar that breathes."""
    count = frames(duration_s)
    levels = np.interp(_OCTAVES, [-5, -3.5, -2, -0.5, 1, 2.5, 4], [-10, -3, -1, -6, -17, -34, -52])
    swell = 2.2 * np.stack([wander(rng, 400, 14.0, 0.06, 0.5, 0.6)] * 27, axis=1) * np.clip(0.6 + 0.25 * _OCTAVES + 0.5, 0.4, 1.5)
    return stereo(
        lambda: texture(rng, count, levels.tolist(), depth_db=1.3, common=0.4, low_hz=0.15, slope=0.5, motion_db=swell)
    )


def busy_traffic(rng: Rng, duration_s: float) -> Samples:
    """Much traffic at a crossing."""
    return together((0.0, traffic(rng, duration_s)), (-3.0, traffic(rng, duration_s)[::-1]))


def highway(rng: Rng, duration_s: float) -> Samples:
    """A motorway: tyres without end."""
    count = frames(duration_s)
    levels = np.interp(_OCTAVES, [-5, -3.5, -2, -0.5, 0.4, 1, 2.5, 4], [-17, -11, -9, -4, -1, -4, -18, -36])
    lanes = [2.6 * np.stack([wander(rng, 600, 20.0, 0.15, 1.2, 0.3)] * 27, axis=1) for _ in range(2)]
    return np.stack(
        [texture(rng, count, levels.tolist(), depth_db=1.2, common=0.4, low_hz=0.6, motion_db=lane) for lane in lanes]
    )


def urban(rng: Rng, duration_s: float) -> Samples:
    """A town round about: traffic, people, something being done somewhere."""
    things: list[tuple[Make, float]] = [(car_pass, 7.0), (hammering, 2.0), (steps_indoors, 3.0)]
    return together(
        (0.0, distant_traffic(rng, duration_s)), (-6.0, murmur(rng, duration_s, 10, near=0.3, wet_db=0.0, t60_s=1.0, cut_hz=2_500.0)),
        (-7.0, sprinkled(rng, duration_s, things, 0.2, t60_s=0.9)),
    )  # fmt: skip


def residential(rng: Rng, duration_s: float) -> Samples:
    """A quiet street: birds near, the town far, once a car."""
    return together(
        (0.0, distant_traffic(rng, duration_s)), (-6.0, chorus(rng, duration_s, 3, -30.0, rate=0.6)),
        (-5.0, sprinkled(rng, duration_s, [(car_pass, 8.0)], 0.06, t60_s=0.7)),
    )  # fmt: skip


def square(rng: Rng, duration_s: float) -> Samples:
    """A square: people strolling and talking, traffic beyond."""
    return together(
        (0.0, murmur(rng, duration_s, 16, near=0.5, wet_db=-2.0, t60_s=1.1)), (-4.0, distant_traffic(rng, duration_s)),
        (-8.0, sprinkled(rng, duration_s, [(steps_indoors, 4.0)], 0.5, far_hz=6_000.0)),
    )  # fmt: skip


def construction(rng: Rng, duration_s: float) -> Samples:
    """A building site."""
    machine = heavy_machine(rng, duration_s)
    return together(
        (0.0, np.stack([machine, np.roll(machine, 900)])), (-3.0, distant_traffic(rng, duration_s)),
        (-1.0, sprinkled(rng, duration_s, [(hammering, 2.4), (breaker, 3.5), (hammering, 2.4)], 0.35, far_hz=5_000.0)),
    )  # fmt: skip


def countryside(rng: Rng, duration_s: float) -> Samples:
    """Open country: light wind, a few birds, an animal somewhere."""
    animals: list[tuple[Make, float]] = [(cow, 1.8), (sheep, 1.2), (hen, 1.5)]
    return together(
        (0.0, chorus(rng, duration_s, 3, -18.0, rate=0.6)), (-3.0, wind(rng, duration_s)),
        (-9.0, sprinkled(rng, duration_s, animals, 0.08, t60_s=1.2, wet_db=0.0)),
    )  # fmt: skip


def farm(rng: Rng, duration_s: float) -> Samples:
    """A farmyard."""
    animals: list[tuple[Make, float]] = [(cow, 1.9), (sheep, 1.2), (hen, 1.8), (hen, 2.0), (lambda g, s: hoofbeats(g, s, "walk"), 4.0)]
    return together(
        (0.0, sprinkled(rng, duration_s, animals, 0.7, far_hz=6_000.0, t60_s=0.6, wet_db=-8.0)),
        (-6.0, chorus(rng, duration_s, 3, -20.0)), (-10.0, wind(rng, duration_s)),
    )  # fmt: skip


def park(rng: Rng, duration_s: float) -> Samples:
    """A park: birds and leaves, children far off, the town behind."""
    return together(
        (0.0, birdsong(rng, duration_s)), (-5.0, leaves(rng, duration_s)), (-12.0, sprinkled(rng, duration_s, [(called, 0.5)], 0.9, t60_s=0.9, wet_db=0.0)),
        (-9.0, distant_traffic(rng, duration_s)),
    )  # fmt: skip


def forest(rng: Rng, duration_s: float) -> Samples:
    """A wood by day."""
    return together((0.0, leaves(rng, duration_s)), (0.0, chorus(rng, duration_s, 5, -30.0, rate=0.8)))


def night_forest(rng: Rng, duration_s: float) -> Samples:
    """A wood by night."""
    return together(
        (0.0, crickets(rng, duration_s)), (-7.0, leaves(rng, duration_s)),
        (-8.0, sprinkled(rng, duration_s, [(owl, 3.0)], 0.07, t60_s=1.5, wet_db=0.0)),
    )  # fmt: skip


def jungle(rng: Rng, duration_s: float) -> Samples:
    """A rain forest."""
    return together(
        (0.0, cicadas(rng, duration_s)), (1.0, chorus(rng, duration_s, 7, -30.0, rate=1.3)), (-6.0, leaves(rng, duration_s)),
        (-5.0, sprinkled(rng, duration_s, [(frog, 1.2)], 0.5, far_hz=6_000.0)),
    )  # fmt: skip


def wetland(rng: Rng, duration_s: float) -> Samples:
    """A marsh: frogs, reeds, water."""
    return together(
        (0.0, sprinkled(rng, duration_s, [(frog, 1.2)], 2.2, far_hz=7_000.0, wet_db=-8.0)), (-4.0, leaves(rng, duration_s)),
        (-6.0, chorus(rng, duration_s, 3, -30.0)),
    )  # fmt: skip


def mountain(rng: Rng, duration_s: float) -> Samples:
    """Wind round rocks, high up: hollow and restless."""
    count = frames(duration_s)
    speed = np.maximum(1 + 0.35 * wander(rng, 2_500, 94.0, 0.08, 0.8, 0.8), 0.2)
    howl = np.stack(
        [whistling(rng, count, 420.0 * k * speed**0.8, np.minimum(-10 + 25 * np.log2(speed), 4.0), 0.14) for k in (1.0, 1.31)]
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
        (0.0, lake(rng, duration_s)), (-6.0, sprinkled(rng, duration_s, [(gull, 3.0), (rig, 1.0), (rig, 1.0)], 0.35, far_hz=6_000.0)),
        (-5.0, distant_traffic(rng, duration_s)),
    )  # fmt: skip


def underwater(rng: Rng, duration_s: float) -> Samples:
    """Below the surface: dull rumble, bubbles."""
    count = frames(duration_s)
    swash = stretched(np.exp(0.5 * wander(rng, int(duration_s * 20), 20.0, 0.1, 0.8, 0.5)), count)
    below = stereo(lambda: noise(rng, count, lambda f: band(f, 40.0, 220.0, 1)) * swash)
    blow = np.stack([filtered(side, lambda f: band(f, 0.0, 800.0, 1)) for side in stream(rng, duration_s)])
    return together((0.0, below), (-10.0, blow))


# --- indoors -------------------------------------------------------------------------------------------------------


def room(rng: Rng, duration_s: float, size: float = 1.0, fan_db: float = -16.0, top_hz: float = 900.0) -> Samples:
    """Return the tone of a room: 1/f noise with the room's own modes, the mains, a breath of ventilation."""
    count = frames(duration_s)
    modes = 62.0 / size * np.array([1.0, 1.37, 1.9, 2.6]) * rng.uniform(0.9, 1.1, 4)

    def side() -> Signal:
        base = noise(
            rng, count,
            lambda f: np.maximum(f, 25.0) ** -0.85 * band(f, 30.0, top_hz, 1) * (1 + sum(1.5 * peak(f, m, 7.0) for m in modes)),
        )  # fmt: skip
        slow = stretched(np.exp(0.12 * wander(rng, int(duration_s * 10), 10.0, 0.05, 2.0, 0.6)), count)
        vent = noise(rng, count, lambda f: band(f, 180.0, 1_800.0, 1))
        return mixed((0.0, base * slow), (fan_db, vent))

    mains = hum(rng, duration_s, 50.0, 8.0, (100.0, 300.0))
    return together((0.0, stereo(side)), (-24.0, np.stack([mains, mains])))


def room_tone(rng: Rng, duration_s: float) -> Samples:
    """A quiet room."""
    return room(rng, duration_s)


def large_room(rng: Rng, duration_s: float) -> Samples:
    """A large empty room: lower, wider; a step or a knock somewhere."""
    taps: list[tuple[Make, float]] = [(lambda g, s: impact(g, "wood"), 0.3), (steps_indoors, 3.0)]
    return together(
        (0.0, room(rng, duration_s, 2.5, -12.0)), (-16.0, sprinkled(rng, duration_s, taps, 0.09, t60_s=2.2, wet_db=4.0))
    )


def with_things(things: Sequence[tuple[Make, float]], per_s: float, things_db: float, **tone: float) -> Make:
    """Return a model of a room in which something small happens now and then."""

    def bed(rng: Rng, duration_s: float) -> Samples:
        happening = sprinkled(rng, duration_s, things, per_s, far_hz=4_500.0, t60_s=0.5, wet_db=-5.0)
        return together((0.0, room(rng, duration_s, **tone)), (things_db, happening))

    return bed


def ventilation(rng: Rng, duration_s: float) -> Samples:
    """Air ducts."""
    return together((0.0, air(rng, duration_s, 1.6, 2_200.0, depth_db=0.7)), (-9.0, room(rng, duration_s)))


def company(
    talkers: int, near: float, t60_s: float, wet_db: float, things: Sequence[tuple[Make, float]], per_s: float,
    things_db: float, cut_hz: float = 4_000.0, tone_db: float = -10.0,
) -> Make:  # fmt: skip
    """Return a model of a room full of people and what they do there."""

    def bed(rng: Rng, duration_s: float) -> Samples:
        talk = murmur(rng, duration_s, talkers, near=near, wet_db=wet_db, t60_s=t60_s, cut_hz=cut_hz)
        doing = sprinkled(rng, duration_s, things, per_s, far_hz=6_000.0, t60_s=t60_s, wet_db=wet_db)
        return together((0.0, talk), (things_db, doing), (tone_db, room(rng, duration_s, 1.8, -10.0)))

    return bed


def factory(rng: Rng, duration_s: float) -> Samples:
    """Machines in a hall: hum, a press in its rhythm, metal."""
    count = frames(duration_s)
    press = np.zeros((2, count), dtype=np.float32)
    period = rng.uniform(1.1, 1.6)
    for at in np.arange(0.1, duration_s, period):
        blow = mixed((0.0, impact(rng, "pan", 190.0)), (-4.0, impact(rng, "steel", 700.0)))
        for side, gain in zip(press, (1.0, 0.7), strict=True):
            add(side, float(at + rng.normal(0, 0.01)), blow, gain)
    halls = np.stack([in_place(rng, side, 1.6, 0.0, 25.0)[:count] for side in press])
    metal: list[tuple[Make, float]] = [(lambda g, s: impact(g, "steel"), 0.5), (lambda g, s: impact(g, "pan"), 0.5)]
    return together(
        (0.0, np.stack([hum(rng, duration_s, 50.0, -3.0, (100.0, 2_500.0)) for _ in range(2)])), (-3.0, halls),
        (-8.0, sprinkled(rng, duration_s, metal, 0.5, far_hz=5_000.0, t60_s=1.6, wet_db=0.0)),
    )  # fmt: skip


def car_inside(rng: Rng, duration_s: float) -> Samples:
    """In a moving car."""
    return together((0.0, air(rng, duration_s, 2.6, 700.0, depth_db=1.6)), (-9.0, np.stack([hum(rng, duration_s, 62.0, 0.0, (60, 300))] * 2)))


def train_inside(rng: Rng, duration_s: float) -> Samples:
    """In a railway carriage."""
    rolling = filtered(train(rng, duration_s), lambda f: band(f, 0.0, 420.0, 1))
    return together((0.0, np.stack([rolling, np.roll(rolling, 1_500)])), (-4.0, air(rng, duration_s, 2.0, 1_200.0)))


def cabin(rng: Rng, duration_s: float) -> Samples:
    """In an airliner."""
    return together((0.0, air(rng, duration_s, 0.9, 900.0, depth_db=0.8)), (-14.0, np.stack([hum(rng, duration_s, 95.0, 4.0, (200, 900))] * 2)))


_TABLE: list[tuple[Make, float]] = [(cutlery, 1.6), (crockery, 1.4), (cutlery, 1.8)]
_STEPS: list[tuple[Make, float]] = [(steps_indoors, 3.5)]
_DESK: list[tuple[Make, float]] = [(keyboard, 3.5), (keyboard, 4.0), (page, 1.0)]
_DRIPS: list[tuple[Make, float]] = [(lambda g, s: _drop(g), 0.3)]
_BANGS: list[tuple[Make, float]] = [(lambda g, s: impact(g, "pan"), 0.8), (lambda g, s: impact(g, "wood"), 0.3)]


def _drop(rng: Rng) -> Signal:
    return bubbles(rng, frames(0.3), 0.08, 30.0, 0.0015, 0.0035, 1.0) + np.float32(1e-6)


def _bed(name: str, concepts: tuple[str, ...], title: str, make: Make, duration_s: float = 24.0) -> Model:
    return Model(name, concepts, "ambience", 2, duration_s, title, make)


MODELS = (
    _bed("distant-traffic", ("distant traffic", "city night", "parking ambience"), "Distant traffic", distant_traffic),
    _bed("busy-traffic", ("busy traffic",), "Busy traffic", busy_traffic),
    _bed("highway", ("highway traffic", "bridge"), "Motorway", highway),
    _bed("urban", ("urban ambience",), "Town", urban),
    _bed("residential", ("residential ambience",), "Quiet street", residential),
    _bed("square", ("square ambience",), "Square", square),
    _bed("construction", ("construction ambience",), "Building site", construction),
    _bed("countryside", ("rural ambience", "field ambience", "nature"), "Countryside", countryside),
    _bed("farm", ("farm ambience",), "Farmyard", farm),
    _bed("park", ("park ambience", "garden ambience"), "Park", park),
    _bed("forest", ("forest ambience",), "Forest", forest),
    _bed("night-forest", ("night forest",), "Forest at night", night_forest),
    _bed("jungle", ("jungle ambience",), "Rain forest", jungle),
    _bed("wetland", ("wetland ambience",), "Marsh", wetland),
    _bed("mountain", ("mountain wind", "strong wind"), "Mountain wind", mountain),
    _bed("desert", ("desert wind",), "Desert wind", desert),
    _bed("winter", ("winter ambience",), "Winter quiet", winter),
    _bed("ocean", ("ocean",), "Open sea", ocean, 30.0),
    _bed("harbour", ("harbour ambience",), "Harbour", harbour),
    _bed("underwater", ("underwater ambience",), "Under water", underwater),
    _bed("room-tone", ("room tone", "indoor ambience", "environment", "bedroom ambience"), "Room tone", room_tone),
    _bed("large-room", ("large room tone", "church ambience", "corridor ambience", "museum ambience"), "Large room", large_room),
    _bed("kitchen-room", ("kitchen ambience",), "Kitchen", with_things(_TABLE, 0.12, -12.0)),
    _bed("bathroom", ("bathroom ambience",), "Bathroom", with_things(_DRIPS, 0.5, -10.0)),
    _bed("cave", ("cave ambience",), "Cave", with_things(_DRIPS, 0.8, -3.0, size=3.0)),
    _bed("garage", ("garage ambience", "tunnel"), "Garage", with_things(_BANGS, 0.1, -10.0, size=2.0, fan_db=-8.0)),
    _bed("workshop", ("workshop ambience",), "Workshop", with_things([(hammering, 2.0), *_BANGS], 0.25, -5.0)),
    _bed("office", ("office ambience",), "Office", with_things(_DESK, 0.5, -7.0, fan_db=-8.0)),
    _bed("library", ("library ambience",), "Library", with_things([(page, 1.0), (steps_indoors, 3.0)], 0.2, -11.0, size=2.0)),
    _bed("ventilation", ("ventilation",), "Ventilation", ventilation),
    _bed("factory", ("factory ambience",), "Factory", factory),
    _bed("hubbub", ("hubbub", "hall murmur", "market murmur"), "People talking", company(24, 0.5, 1.0, -2.0, _STEPS, 0.3, -12.0)),
    _bed("restaurant", ("restaurant murmur", "cafe murmur", "bar murmur"), "Restaurant", company(16, 0.6, 0.7, -4.0, _TABLE, 0.9, -6.0)),
    _bed("classroom", ("classroom ambience",), "Classroom", company(7, 0.6, 0.7, -4.0, _DESK, 0.3, -10.0)),
    _bed("hall", ("public hall ambience", "shop ambience", "mall ambience"), "Public hall", company(20, 0.3, 1.6, 3.0, _STEPS, 0.5, -8.0, 3_000.0)),
    _bed("gym", ("gym ambience",), "Sports hall", company(8, 0.6, 1.8, 2.0, [(steps_indoors, 2.0), *_BANGS], 0.7, -3.0)),
    _bed("pool", ("swimming pool ambience",), "Swimming pool", company(14, 0.5, 2.2, 4.0, [(called, 0.6), (called, 0.4), *_DRIPS], 1.2, -4.0)),
    _bed("station", ("station hall", "platform ambience", "subway ambience", "airport hall"), "Station hall", company(24, 0.3, 2.2, 4.0, _STEPS, 0.7, -7.0, 3_000.0, -4.0)),
    _bed("car-interior", ("car interior",), "Inside a car", car_inside),
    _bed("train-interior", ("train interior",), "Inside a train", train_inside),
    _bed("cabin", ("airplane cabin",), "Inside an airliner", cabin),
)
