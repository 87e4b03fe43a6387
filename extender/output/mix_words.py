"""What was done to the tracks of a mix, in words for people."""

from __future__ import annotations

import math
import re

import numpy as np

from extender.output.report_words import minus, number
from mixer import Comparison, Compressor, Curve, Duck, Expander, Filter, MaskingReport, Setting, TrackSettings
from mixer.curve import at_start, extremes

Step = tuple[str, str]
"""What was done, and why; the second may be empty."""


def percent(share: float) -> str:
    """Return a share as ``"12 %"``, below a tenth with one digit; ``"–"`` for a silent track's.

    >>> percent(0.256), percent(0.014), percent(float("nan"))
    ('26 %', '1.4 %', '–')
    """
    if math.isnan(share):
        return "–"
    return f"{100.0 * share:.0f} %" if share >= 0.0995 or share == 0.0 else f"{100.0 * share:.1f} %"


def least_heard(report: MaskingReport) -> int | None:
    """Return the number of the track that is heard least; None where all are silent."""
    return None if np.isnan(report.mur).all() else int(np.nanargmin(report.mur))


def heard_line(made: Comparison) -> str:
    """Return how much is heard in one sentence, before and after where both are known."""
    after, before = made.after, made.before
    least = least_heard(after)
    if least is None:
        return "Nothing is heard: all tracks are silent."
    mean = percent(float(np.nanmean(after.mur)))
    if before is None or before is after or (first := least_heard(before)) is None:
        worst = f"{after.ids[least]}: {percent(after.mur[least])}"
        return f"{mean} of the tracks’ loudness is heard on average, least of {worst}."
    was = percent(float(np.nanmean(before.mur)))
    if np.array_equal(before.mur, after.mur, equal_nan=True):
        return f"{mean} of the tracks’ loudness is heard on average; nothing was found that lets more be heard."
    worst = f"{percent(before.mur[first])} → {percent(after.mur[least])}"
    who = before.ids[first] if first == least else f"{before.ids[first]} before, {after.ids[least]} now"
    return f"{was} → {mean} of the tracks’ loudness is heard on average, of the one heard least {worst} ({who})."


def hertz(frequency_hz: float) -> str:
    """Return a frequency: ``"188 Hz"``, ``"2.5 kHz"``."""
    return f"{frequency_hz:.0f} Hz" if frequency_hz < 999.5 else f"{frequency_hz / 1000.0:.1f} kHz"


def steps(settings: TrackSettings) -> list[Step]:
    """Return all that is done to a track's sound, in the order in which it is done."""
    found: list[Step] = []
    if settings.expander:
        found.append((_expander(settings.expander), settings.expander.reason))
    found += [(_filter(section), section.reason) for section in settings.filters]
    if settings.compressor:
        found.append((_compressor(settings.compressor), settings.compressor.reason))
    found += [(_duck(duck), duck.reason) for duck in settings.ducks]
    if isinstance(settings.fader_db, Curve) or settings.fader_db:
        found.append((f"fader {_range(settings.fader_db, 'dB')}", ""))
    return [(signed(what), signed(_without(what, why))) for what, why in found]


def other_reasons(settings: TrackSettings) -> list[str]:
    """Return what the track's reason says beyond that of the steps."""
    told = settings.reason
    parts = [settings.expander, *settings.filters, settings.compressor, *settings.ducks]
    for part in parts:
        if part is not None and part.reason:
            told = told.replace(part.reason, "", 1)
    return [signed(line.strip()) for line in told.split("; ") if line.strip()]


def signed(text: str) -> str:
    """Return text whose negative numbers have true minus signs; hyphens in names stay.

    >>> signed("-6.0 dB on take-2, +0° to -29°")
    '−6.0 dB on take-2, +0° to −29°'
    """
    return re.sub(r"(?<![\w.–-])-(?=\d)", "−", text)


def _without(what: str, why: str) -> str:
    """Leave out of a reason what has been said: ``-6.0 dB at 2.5 kHz, where …`` begins as the step does."""
    said = re.sub(r"^([+-][\d.]+ dB at [\d.]+ k?Hz(, )?|[\d.]+ dB (down|lower)[^;]*(; |$))", "", why)
    return said if said != why or why != what else ""


def _range(setting: Setting, unit: str) -> str:
    """Return a value, or from where to where it moves."""
    low, high = extremes(setting)
    if not isinstance(setting, Curve) or minus(f"{low:.1f}") == minus(f"{high:.1f}"):
        return number(low, unit, sign=True)
    return f"{number(high, sign=True)} to {number(low, unit, sign=True)} over time"


def _filter(section: Filter) -> str:
    where = hertz(at_start(section.frequency_hz))
    if section.kind in ("low_cut", "high_cut"):
        side = "below" if section.kind == "low_cut" else "above"
        return f"what is {side} {where} is cut off"
    what = {"peak": "at", "low_shelf": "below", "high_shelf": "above"}[section.kind]
    q = f", Q {at_start(section.q):.2g}" if section.kind == "peak" else ""
    return f"{_range(section.gain_db, 'dB')} {what} {where}{q}"


def _expander(e: Expander) -> str:
    return (
        f"expander below {_range(e.threshold_db, 'dBFS')}, ratio 1:{at_start(e.ratio):.2g}, at most {e.range_db:.0f} dB"
    )


def _compressor(c: Compressor) -> str:
    makeup = "" if not isinstance(c.makeup_db, Curve) and c.makeup_db == 0.0 else f", then {_range(c.makeup_db, 'dB')}"
    return f"compressor above {_range(c.threshold_db, 'dBFS')}, ratio {at_start(c.ratio):.2g}:1{makeup}"


def _duck(d: Duck) -> str:
    where = "" if d.frequency_hz is None else f" at {hertz(d.frequency_hz)}"
    return f"{at_start(d.depth_db):.1f} dB lower{where} while {d.by} sounds"
