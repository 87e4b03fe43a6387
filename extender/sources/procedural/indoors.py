"""Places indoors: the tone of a room, the people in it, what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from extender.sources.procedural.beds import Make, air, bed, sprinkled, together
from extender.sources.procedural.city import hammering
from extender.sources.procedural.desk import keyboard, page
from extender.sources.procedural.grains import add, bubbles, in_place, mixed, stereo
from extender.sources.procedural.kitchen import crockery, cutlery, hum, impact
from extender.sources.procedural.model import Parameter
from extender.sources.procedural.people import CROWD, blurred, called, murmur
from extender.sources.procedural.steps import steps_indoors
from extender.sources.procedural.toolkit import Rng, Signal, band, filtered, frames, noise, peak, stretched, wander
from extender.sources.procedural.travel import TRAIN, train
from mixer.types import Samples


def room(rng: Rng, duration_s: float, size: float = 1.0, fan_db: float = -16.0, top_hz: float = 900.0) -> Samples:
    """Return the tone of a room: 1/f noise with the room's own modes, the mains, a breath of ventilation."""
    count = frames(duration_s)
    modes = 62.0 / size * np.array([1.0, 1.37, 1.9, 2.6]) * rng.uniform(0.9, 1.1, 4)

    def side() -> Signal:
        base = noise(
            rng,
            count,
            lambda f: (
                np.maximum(f, 25.0) ** -0.85
                * band(f, 30.0, top_hz, 1)
                * (1 + sum(1.5 * peak(f, m, 7.0) for m in modes))
            ),
        )
        slow = stretched(np.exp(0.12 * wander(rng, int(duration_s * 10), 10.0, 0.05, 2.0, 0.6)), count)
        vent = noise(rng, count, lambda f: band(f, 180.0, 1_800.0, 1))
        return mixed((0.0, base * slow), (fan_db, vent))

    mains = hum(rng, duration_s, 50.0, 8.0, (100.0, 300.0))
    return together((0.0, stereo(side)), (-24.0, np.stack([mains, mains])))


ROOM = Parameter("volume", 5.0, 20_000.0, 40.0, "m³", "of the room")


def room_tone(rng: Rng, duration_s: float, volume: float = ROOM.default) -> Samples:
    """A quiet room; its modes lie as low as it is long."""
    return room(rng, duration_s, (volume / ROOM.default) ** (1.0 / 3.0))


def large_room(rng: Rng, duration_s: float, volume: float = 2_000.0) -> Samples:
    """A large empty room: lower, wider; a step or a knock somewhere."""
    larger = (volume / 2_000.0) ** (1.0 / 3.0)
    taps: list[tuple[Make, float]] = [(lambda g, s: impact(g, "wood"), 0.3), (steps_indoors, 3.0)]
    return together(
        (0.0, room(rng, duration_s, 2.5 * larger, -12.0)),
        (-16.0, sprinkled(rng, duration_s, taps, 0.09, t60_s=2.2 * larger, wet_db=4.0)),
    )


def with_things(things: Sequence[tuple[Make, float]], per_s: float, things_db: float, **tone: float) -> Make:
    """Return a model of a room in which something small happens now and then."""

    def bed(rng: Rng, duration_s: float, activity: float = 1.0) -> Samples:
        happening = sprinkled(rng, duration_s, things, per_s * activity, far_hz=4_500.0, t60_s=0.5, wet_db=-5.0)
        return together((0.0, room(rng, duration_s, **tone)), (things_db, happening))

    return bed


def ventilation(rng: Rng, duration_s: float) -> Samples:
    """Air ducts."""
    return together((0.0, air(rng, duration_s, 1.6, 2_200.0, depth_db=0.7)), (-9.0, room(rng, duration_s)))


def company(
    talkers: int,
    near: float,
    t60_s: float,
    wet_db: float,
    things: Sequence[tuple[Make, float]],
    per_s: float,
    things_db: float,
    cut_hz: float = 4_000.0,
    tone_db: float = -10.0,
) -> Make:
    """Return a model of a room full of people and what they do there."""

    def bed(rng: Rng, duration_s: float, persons: float = talkers) -> Samples:
        voices, apart, wetter_db = blurred(persons, near)
        wet = wet_db + wetter_db
        busy = per_s * (persons / talkers) ** 0.5
        fewer_db = 2.0 * float(np.log2(persons / talkers))
        talk = murmur(rng, duration_s, voices, near=apart, wet_db=wet, t60_s=t60_s, cut_hz=cut_hz)
        doing = sprinkled(rng, duration_s, things, busy, far_hz=6_000.0, t60_s=t60_s, wet_db=wet)
        return together((fewer_db, talk), (things_db, doing), (tone_db, room(rng, duration_s, 1.8, -10.0)))

    return bed


PRESS = Parameter("rate", 10.0, 120.0, 45.0, "strokes/min", "of the press")


def factory(rng: Rng, duration_s: float, rate: float = PRESS.default) -> Samples:
    """Machines in a hall: hum, a press in its rhythm, metal."""
    count = frames(duration_s)
    press = np.zeros((2, count), dtype=np.float32)
    period = 60.0 / rate
    for at in np.arange(0.1, duration_s, period):
        blow = mixed((0.0, impact(rng, "pan", 190.0)), (-4.0, impact(rng, "steel", 700.0)))
        for side, gain in zip(press, (1.0, 0.7), strict=True):
            add(side, float(at + rng.normal(0, 0.01)), blow, gain)
    halls = np.stack([in_place(rng, side, 1.6, 0.0, 25.0)[:count] for side in press])
    metal: list[tuple[Make, float]] = [(lambda g, s: impact(g, "steel"), 0.5), (lambda g, s: impact(g, "pan"), 0.5)]
    return together(
        (0.0, np.stack([hum(rng, duration_s, 50.0, -3.0, (100.0, 2_500.0)) for _ in range(2)])),
        (-3.0, halls),
        (-8.0, sprinkled(rng, duration_s, metal, 0.5, far_hz=5_000.0, t60_s=1.6, wet_db=0.0)),
    )


DRIVE = Parameter("speed", 20.0, 160.0, 80.0, "km/h", "how fast it goes")


def car_inside(rng: Rng, duration_s: float, speed: float = DRIVE.default) -> Samples:
    """In a moving car."""
    faster = speed / DRIVE.default
    return together(
        (0.0, air(rng, duration_s, 2.6, 700.0 * faster**0.5, depth_db=1.6)),
        (-9.0, np.stack([hum(rng, duration_s, 62.0 * faster**0.3, 0.0, (60, 300))] * 2)),
    )


def train_inside(rng: Rng, duration_s: float, speed: float = TRAIN.default) -> Samples:
    """In a railway carriage."""
    rolling = filtered(train(rng, duration_s, speed), lambda f: band(f, 0.0, 420.0, 1))
    return together((0.0, np.stack([rolling, np.roll(rolling, 1_500)])), (-4.0, air(rng, duration_s, 2.0, 1_200.0)))


def cabin(rng: Rng, duration_s: float) -> Samples:
    """In an airliner."""
    return together(
        (0.0, air(rng, duration_s, 0.9, 900.0, depth_db=0.8)),
        (-14.0, np.stack([hum(rng, duration_s, 95.0, 4.0, (200, 900))] * 2)),
    )


_TABLE: list[tuple[Make, float]] = [(cutlery, 1.6), (crockery, 1.4), (cutlery, 1.8)]


_STEPS: list[tuple[Make, float]] = [(steps_indoors, 3.5)]


_DESK: list[tuple[Make, float]] = [(keyboard, 3.5), (keyboard, 4.0), (page, 1.0)]


_DRIPS: list[tuple[Make, float]] = [(lambda g, s: _drop(g), 0.3)]


_BANGS: list[tuple[Make, float]] = [(lambda g, s: impact(g, "pan"), 0.8), (lambda g, s: impact(g, "wood"), 0.3)]


def _drop(rng: Rng) -> Signal:
    return bubbles(rng, frames(0.3), 0.08, 30.0, 0.0015, 0.0035, 1.0) + np.float32(1e-6)


ACTIVITY = Parameter("activity", 0.2, 4.0, 1.0, "", "how often something happens, 1 = usual")


def company_of(usual: float) -> Parameter:
    """Return the parameter of how many people there are."""
    return replace(CROWD, high=500.0, default=usual)


MODELS = (
    bed("room-tone", ("room tone", "indoor ambience", "bedroom ambience"), "Room tone", room_tone, parameters=(ROOM,)),
    bed(
        "large-room",
        ("large room tone", "church ambience", "corridor ambience", "museum ambience"),
        "Large room",
        large_room,
        parameters=(replace(ROOM, default=2_000.0),),
    ),
    bed("kitchen-room", ("kitchen ambience",), "Kitchen", with_things(_TABLE, 0.12, -12.0), parameters=(ACTIVITY,)),
    bed("bathroom", ("bathroom ambience",), "Bathroom", with_things(_DRIPS, 0.5, -10.0), parameters=(ACTIVITY,)),
    bed("cave", ("cave ambience",), "Cave", with_things(_DRIPS, 0.8, -3.0, size=3.0), parameters=(ACTIVITY,)),
    bed(
        "garage",
        ("garage ambience", "tunnel"),
        "Garage",
        with_things(_BANGS, 0.1, -10.0, size=2.0, fan_db=-8.0),
        parameters=(ACTIVITY,),
    ),
    bed(
        "workshop",
        ("workshop ambience",),
        "Workshop",
        with_things([(hammering, 2.0), *_BANGS], 0.25, -5.0),
        parameters=(ACTIVITY,),
    ),
    bed("office", ("office ambience",), "Office", with_things(_DESK, 0.5, -7.0, fan_db=-8.0), parameters=(ACTIVITY,)),
    bed("ventilation", ("ventilation",), "Ventilation", ventilation),
    replace(
        bed("factory", ("factory ambience",), "Factory", factory, parameters=(PRESS,)),
        beat_s=lambda values: 60.0 / values["rate"],
    ),
    bed(
        "hubbub",
        ("hubbub", "hall murmur", "market murmur"),
        "People talking",
        company(24, 0.5, 1.0, -2.0, _STEPS, 0.3, -12.0),
        parameters=(company_of(24.0),),
    ),
    bed(
        "restaurant",
        ("restaurant murmur", "cafe murmur", "bar murmur"),
        "Restaurant",
        company(16, 0.6, 0.7, -4.0, _TABLE, 0.9, -6.0),
        parameters=(company_of(16.0),),
    ),
    bed(
        "classroom",
        ("classroom ambience",),
        "Classroom",
        company(7, 0.6, 0.7, -4.0, _DESK, 0.3, -10.0),
        parameters=(company_of(7.0),),
    ),
    bed(
        "hall",
        ("public hall ambience", "shop ambience", "mall ambience"),
        "Public hall",
        company(20, 0.3, 1.6, 3.0, _STEPS, 0.5, -8.0, 3_000.0),
        parameters=(company_of(20.0),),
    ),
    bed(
        "gym",
        ("gym ambience",),
        "Sports hall",
        company(8, 0.6, 1.8, 2.0, [(steps_indoors, 2.0), *_BANGS], 0.7, -3.0),
        parameters=(company_of(8.0),),
    ),
    bed(
        "pool",
        ("swimming pool ambience",),
        "Swimming pool",
        company(14, 0.5, 2.2, 4.0, [(called, 0.6), (called, 0.4), *_DRIPS], 1.2, -4.0),
        parameters=(company_of(14.0),),
    ),
    bed(
        "station",
        ("station hall", "platform ambience", "subway ambience", "airport hall"),
        "Station hall",
        company(24, 0.3, 2.2, 4.0, _STEPS, 0.7, -7.0, 3_000.0, -4.0),
        parameters=(company_of(24.0),),
    ),
    bed("car-interior", ("car interior",), "Inside a car", car_inside, parameters=(DRIVE,)),
    bed("train-interior", ("train interior",), "Inside a train", train_inside, parameters=(TRAIN,)),
    bed("cabin", ("airplane cabin",), "Inside an airliner", cabin),
)
