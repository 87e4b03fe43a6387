"""Dynamics that make room: beds that step back for events, noise that is let down, soft parts that are brought up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixer.ear import bark, hertz
from mixer.processors import Compressor, Duck, Expander
from mixer.strategies.desk import Desk, told

DUCK_DB = 6.0
SELDOM = 0.6
"""What sounds for less of the time is an event."""
SOUNDS_DB = -30.0
"""Of a track's highest level: under it, it does not sound."""
LEAST_PART = 0.02
"""MUR that a bed must be able to give an event to be ducked by it."""
FLOOR_DB, FLOOR_TIME = (12.0, 50.0), 0.25
"""How far under its loud parts the noise of a recording is, and for how much of the time it is alone."""
LEVEL_RANGE_DB = 8.0
"""From the middle to the loud parts of what may be compressed."""

F64 = NDArray[np.float64]


def duck_beds(desk: Desk) -> None:
    """Duck the bed under the bell: where a bed stands in the way of an event, all of it or the band that does."""
    for bed in desk.free:
        if desk.placed[bed].width <= 0.0:  # type: ignore[operator]  # no strategy moves the width of a bed
            continue
        gainable, _ = desk.model.room_to_gain()
        events = [j for j in np.flatnonzero(desk.heard).tolist() if j != bed and _seldom(desk.level_db(j))]
        for j in sorted(events, key=lambda n: (-gainable[bed, n].sum(), n))[:2]:
            if gainable[bed, j].sum() >= LEAST_PART:
                _duck(desk, bed, j, gainable[bed, j])


def _duck(desk: Desk, bed: int, event: int, gain: F64) -> None:
    settings, name, before = desk.settings[bed], desk.tracks[event].id, desk.mur[event]
    loud_db = float(desk.level_db(event).max())
    depth_db = round(DUCK_DB * (1.5 - desk.tracks[bed].priority), 1)
    whole = Duck(name, depth_db, threshold_db=round(min(max(loud_db - 20.0, -100.0), 0.0), 1), knee_db=12.0)
    z = bark(desk.model.ear.centres_hz)
    middle = float(z @ gain / gain.sum())
    spread = float(np.sqrt(np.square(z - middle) @ gain / gain.sum()))
    low, centre, high = (float(f) for f in hertz([middle - spread, middle, middle + spread]))
    band = replace(whole, frequency_hz=round(centre, 1), q=round(min(max(centre / max(high - low, 1.0), 0.5), 4.0), 2))
    for duck, where in ((band, f"around {centre:.0f} Hz"), (whole, "as a whole")):
        if desk.offer({bed: replace(settings, ducks=(*settings.ducks, duck))}, for_others=True):
            gained = f"{told(before, desk.mur[event])} of it heard"
            why = f"{depth_db:.1f} dB down {where} while {name} sounds; {gained}"
            desk.settings[bed] = replace(settings, ducks=(*settings.ducks, replace(duck, reason=why)))
            desk.say(bed, why)
            return


def _seldom(level_db: F64) -> bool:
    return float(np.mean(level_db > level_db.max() + SOUNDS_DB)) < SELDOM


def let_noise_down(desk: Desk) -> None:
    """Expand noisy recordings: what they bring between their own sounds is in the way of the others."""
    for number in desk.free:
        level_db = desk.level_db(number)
        level_db = level_db[level_db > level_db.max() - 80.0]
        floor_db, loud_db = np.percentile(level_db, (20.0, 95.0))
        alone = float(np.mean(np.abs(level_db - floor_db) < 3.0))
        settings = desk.settings[number]
        if not (FLOOR_DB[0] <= loud_db - floor_db <= FLOOR_DB[1]) or alone < FLOOR_TIME or settings.expander:
            continue
        threshold_db = round(float(min(floor_db + (loud_db - floor_db) / 2.0, 0.0)), 1)
        expander = Expander(threshold_db, ratio=2.0, range_db=12.0)
        if desk.offer({number: replace(settings, expander=expander)}, for_others=True):
            why = (
                f"its noise, {loud_db - floor_db:.0f} dB under its loud parts, is let down by up to 12 dB between them"
            )
            desk.settings[number] = replace(settings, expander=replace(expander, reason=why))
            desk.say(number, why)


def bring_up(desk: Desk) -> None:
    """Compress what is heard least, where its soft parts are lost: at the same loudness they come up."""
    least = sorted(desk.free, key=lambda n: (desk.mur[n], n))[: max(1, len(desk.free) // 3)]
    for number in least:
        level_db, settings, before = desk.level_db(number), desk.settings[number], desk.mur[number]
        level_db = level_db[level_db > level_db.max() - 50.0]
        middle_db, loud_db = np.percentile(level_db, (50.0, 95.0))
        if loud_db - middle_db < LEVEL_RANGE_DB or settings.compressor:
            continue
        for ratio in (3.0, 2.0):
            compressor = Compressor(round(float(min(middle_db, 0.0)), 1), ratio)
            if desk.offer({number: replace(settings, compressor=compressor)}):
                gained = f"{told(before, desk.mur[number])} of it heard"
                why = f"compressed {ratio:.0f}:1 over {middle_db:.0f} dBFS, which brings up its soft parts; {gained}"
                desk.settings[number] = replace(settings, compressor=replace(compressor, reason=why))
                desk.say(number, why)
                break
