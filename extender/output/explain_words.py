"""What was done to a track, why, and what it gained, in words that need no studio."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from extender.changes import Change
from extender.output.mix_words import hertz, percent, steps
from extender.output.report_words import degrees, listed, number
from mixer import Filter, MaskingReport, TrackSettings
from mixer.curve import Curve, at_start, extremes
from mixer.locks import Limit, Limits
from mixer.masking_words import hertz_range

SELDOM = 0.05
"""A share of the time for which nobody was covered to speak of."""
NARROW_Q = 2.5
_HEIGHTS = (
    (60.0, "the very deep"), (250.0, "the deep"), (500.0, "the low middle"), (2_000.0, "the middle"),
    (4_000.0, "the clear upper middle"), (8_000.0, "the bright"), (math.inf, "the airy top"),
)  # fmt: skip
LEGEND = (
    "“Heard” is the share of a sound’s loudness that the other sounds do not cover. dB tells how loud: 1 dB is just "
    "noticed, 10 dB is twice as loud. Hz and kHz tell how high: 100 Hz is a deep hum, 1 kHz a whistle, 8 kHz a hiss."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the words are made from.

    Parameters
    ----------
    settings : TrackSettings
    number : int
        Of the track.
    from_deg : float
        Where it stood.
    offset_db : float or None
        How far its loudness is from its target.
    before, after : MaskingReport
    limits : Limits
        What a person's locks leave of it.
    """

    settings: TrackSettings
    number: int
    from_deg: float
    offset_db: float | None
    before: MaskingReport
    after: MaskingReport
    limits: Limits


def told(change: Change, seen: Seen) -> tuple[str, str]:
    """Return what was done, and why."""
    settings, before, after = seen.settings, seen.before, seen.after
    own = f"of it {_was_now(before, after, seen.number)}"
    if change.kind == "filter":
        section = settings.filters[change.number]
        because = _why_cut if ":cut-" in change.name else _why_lift
        return _filtered(section), because(before, after, settings.id, section)
    if change.kind == "moved":
        what = f"moved from {degrees(seen.from_deg)} to {degrees(at_start(settings.azimuth_deg))}"
        if _forced(seen.limits.pan, seen.from_deg):
            return what, f"your lock has it there; {own}"
        return what, _why_moved(before, after, settings.id)
    if change.kind == "fader":
        if isinstance(settings.fader_db, Curve) or seen.offset_db is None:
            return "its fader moves over time", "so that its loudness stays the same"
        way = "louder" if seen.offset_db > 0.0 else "softer"
        lock = "your lock has it so; " if _forced(seen.limits.gain, 0.0) else ""
        return f"{number(abs(seen.offset_db), 'dB')} {way} than its part in the picture gives it", f"{lock}{own}"
    if change.kind == "compressor":
        why = "loud moments are held back, so that soft ones come up at the same loudness"
        return _step(settings, change), f"{why}; {own}"
    if change.kind == "expander":
        why = "the noise between its sounds is let down, so that others are heard there"
        return _step(settings, change), why
    by = settings.ducks[change.number].by
    return _step(settings, change), f"of {by} {_was_now(before, after, before.ids.index(by))}"


def _forced(limit: Limit, value: float) -> bool:
    """Tell whether a lock leaves no room for a value."""
    return isinstance(limit, tuple) and not limit[0] <= value <= limit[1]


def _step(settings: TrackSettings, change: Change) -> str:
    """Return the words of one step of processing."""
    n = change.number
    alone = TrackSettings(settings.id, 0.0)
    one = {
        "expander": replace(alone, expander=settings.expander),
        "compressor": replace(alone, compressor=settings.compressor),
        "duck": replace(alone, ducks=settings.ducks[n : n + 1]),
    }[change.kind]
    return steps(one)[0][0]


def _filtered(section: Filter) -> str:
    """Return what a filter does: ``"6.0 dB less at 3.3 kHz (the clear upper middle), a narrow band"``."""
    frequency_hz = at_start(section.frequency_hz)
    where = f"{hertz(frequency_hz)} ({_height(frequency_hz)})"
    if section.kind in ("low_cut", "high_cut"):
        return f"what is {'below' if section.kind == 'low_cut' else 'above'} {where} is cut off"
    low, high = extremes(section.gain_db)
    most = low if abs(low) > abs(high) else high
    amount = f"{number(abs(most), 'dB')} {'less' if most < 0.0 else 'more'}"
    side = {"low_shelf": "below", "high_shelf": "above"}.get(section.kind, "at")
    narrow = ", a narrow band" if section.kind == "peak" and at_start(section.q) >= NARROW_Q else ""
    moves = ", and only while that is needed" if isinstance(section.gain_db, Curve) else ""
    return f"{'up to ' if moves else ''}{amount} {side} {where}{narrow}{moves}"


def _why_cut(before: MaskingReport, after: MaskingReport, masker: str, section: Filter) -> str:
    """Return whom a track covered where it is cut: of all, the one to whom it matters most."""
    i, bands = before.ids.index(masker), _bands(before, at_start(section.frequency_hz))
    times, loud = before.masked_time[i][:, bands], before.loudness_bands[:, bands]
    lost = (times * loud).sum(axis=1)
    gained = np.nan_to_num(after.mur - before.mur)
    named = re.search(r"masks (\S+?)[;,]", section.reason)
    worth = np.where(before.loudness_sone > 0.0, lost / np.maximum(before.loudness_sone, 1e-12), 0.0)
    worth = worth * np.maximum(gained, 1e-3)
    j = before.ids.index(named[1]) if named and named[1] in before.ids else int(worth.argmax())
    time = float(lost[j] / max(float(loud[j].sum()), 1e-12))
    if time < SELDOM:
        return f"at the same loudness there is more of it elsewhere; of it {_was_now(before, after, i)}"
    over_db = float((before.depth_db[i, j, bands] * times[j] * loud[j]).sum() / lost[j])
    told = f"there it lay {max(over_db, 1.0):.0f} dB over {before.ids[j]} for {percent(time)} of the time"
    return f"{told}; of {before.ids[j]} {_was_now(before, after, j)}"


def _why_lift(before: MaskingReport, after: MaskingReport, masked: str, section: Filter) -> str:
    j, bands = before.ids.index(masked), _bands(before, at_start(section.frequency_hz))
    lost = (before.masked_time[:, j][:, bands] * before.loudness_bands[j, bands]).sum(axis=1)
    i = int(lost.argmax())
    who = f"there {before.ids[i]} covered it" if lost[i] > 0.0 else "it comes through best there"
    return f"{who}; of it {_was_now(before, after, j)}"


def _bands(report: MaskingReport, centre_hz: float) -> slice:
    """Return the bands within a third of an octave of a frequency."""
    third = 2.0 ** (1.0 / 3.0)
    centres = np.sqrt(report.band_hz[:-1] * report.band_hz[1:])
    inside = np.flatnonzero((centres >= centre_hz / third) & (centres <= centre_hz * third))
    if not len(inside):
        nearest = int(np.abs(np.log(centres / centre_hz)).argmin())
        return slice(nearest, nearest + 1)
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _why_moved(before: MaskingReport, after: MaskingReport, name: str) -> str:
    about = [f for f in before.findings() if f.masker is not None and name in (f.masker, f.masked)]
    gained = f"of {name} {_was_now(before, after, before.ids.index(name))}"
    if not about:
        return gained
    most = max(about, key=lambda f: f.share)
    other = most.masker if most.masked == name else most.masked
    return f"apart from {other}, {'which covered it' if most.masked == name else 'which it covered'}; {gained}"


def _was_now(before: MaskingReport, after: MaskingReport, n: int) -> str:
    was, now = float(before.mur[n]), float(after.mur[n])
    if math.isnan(was) or math.isnan(now):
        return "nothing is heard"
    if percent(now) == percent(was):
        return f"{percent(now)} is heard, as before"
    return f"{percent(now)} is now heard instead of {percent(was)}"


def heard(before: float | None, after: float | None) -> str:
    """Return how much of a track is heard, now and before."""
    if after is None:
        return "silent"
    if before is None or percent(after) == percent(before):
        return f"{percent(after)} of it is heard, as before"
    return f"{percent(after)} of it is heard, {percent(before)} before"


def covered(after: MaskingReport, name: str) -> str:
    """Return who still covers a track, and where; may be empty."""
    by = [f for f in after.findings() if f.masked == name and f.masker is not None][:2]
    if not by:
        return ""
    told = [f"by {f.masker} at {hertz_range(f.low_hz, f.high_hz)}" for f in by]
    return f"What is still covered is covered most {listed(told)}"


def outcome(before: MaskingReport, after: MaskingReport) -> str:
    """Return what came of it all, in one sentence."""
    if np.isnan(after.mur).all() or np.isnan(before.mur).all():
        return "Nothing is heard: all tracks are silent."
    was, now = (percent(float(np.nanmean(report.mur))) for report in (before, after))
    first, last = (int(np.nanargmin(report.mur)) for report in (before, after))
    least = f"{percent(float(after.mur[last]))} of {after.ids[last]}"
    if np.array_equal(before.mur, after.mur, equal_nan=True):
        return f"Levels and places only: on average {now} of each sound is heard, least {least}."
    worst = f"{percent(float(before.mur[first]))} of {before.ids[first]} before, {least} now"
    return f"On average {now} of each sound is heard, {was} before anything was changed; least: {worst}."


def missed(now: Mapping[str, float | None], without: Mapping[str, float]) -> str:
    """Say what would be heard otherwise without a change: of the two tracks that matter most."""
    lost = {name: share - without[name] for name, share in now.items() if share is not None and name in without}
    most = sorted(lost, key=lambda name: -abs(lost[name]))[:2]
    shares = [(percent(without[name]), percent(without[name] + lost[name]), name) for name in most]
    parts = [f"{other} instead of {share} of {name}" for other, share, name in shares if other != share]
    return f"without it {listed(parts)} would be heard" if parts else "without it nothing would be heard otherwise"


def _height(frequency_hz: float) -> str:
    return next(name for most, name in _HEIGHTS if frequency_hz < most)
