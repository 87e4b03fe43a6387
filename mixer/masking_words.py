"""A masking report in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mixer.masking_report import MaskingReport

Bands = NDArray[np.floating]
_LARGEST_GAP = 2
"""So many bands between two that are masked do not part them."""
_NEARLY_ALL = 0.8
_IN_TURN = 0.3
"""From this interchange on, roles are said to swap."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One track masks another in one range of the spectrum.

    Parameters
    ----------
    masker : str or None
        None = all others together.
    masked : str
    low_hz, high_hz : float
    time : float
        Share of the time in which the masked is heard there, 0..1; bands weighted by its loudness in them.
    depth_db : float
        How far it is masked then.
    share : float
        How much of its loudness lies where and when that happens, 0..1.
    interchange : float
        0 = always this way round, 1 = roles swap half of the time; 0 for all others together.
    """

    masker: str | None
    masked: str
    low_hz: float
    high_hz: float
    time: float
    depth_db: float
    share: float
    interchange: float

    def __str__(self) -> str:
        return (
            f"{self.masker or 'all others together'} mask{'s' if self.masker else ''} {self.masked} at "
            f"{hertz_range(self.low_hz, self.high_hz)} for {self.time:.0%} of the time, {self.depth_db:.0f} dB".replace(
                "%", " %"
            )
        )


def findings(report: MaskingReport, least_time: float, least_share: float) -> list[Finding]:
    """See :meth:`mixer.masking_report.MaskingReport.findings`."""
    found: list[Finding] = []
    alone = report.loudness_sone
    for j, masked in enumerate(report.ids):
        if not alone[j] > 0.0:
            continue
        loud = report.loudness_bands[j].astype(np.float64)
        nothing = np.zeros_like(loud)
        sources: list[tuple[str | None, Bands, Bands, Bands]] = [
            (None, report.masked_share[j], report.masked_db[j], nothing)
        ]
        sources += [
            (report.ids[i], report.masked_time[i, j], report.depth_db[i, j], report.interchange[i, j])
            for i in range(len(report.ids))
            if i != j
        ]
        for masker, time, depth, interchange in sources:
            for low, high in ranges(time >= least_time):
                band = slice(low, high)
                weight = loud[band] * time[band]
                total, span = float(weight.sum()), float(loud[band].sum())
                if total < max(least_share * alone[j], 1e-12):
                    continue
                found.append(
                    Finding(
                        masker, masked, float(report.band_hz[low]), float(report.band_hz[high]), total / span,
                        float(weight @ depth[band]) / total, total / float(alone[j]),
                        float(weight @ interchange[band]) / total,
                    )
                )  # fmt: skip
    return sorted(found, key=lambda finding: -finding.share)


def ranges(masked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of True, small gaps bridged, as first and one past last.

    >>> ranges(np.array([0, 1, 1, 0, 1, 0, 0, 0, 1], bool))
    [(1, 5), (8, 9)]
    """
    found: list[tuple[int, int]] = []
    for band in np.flatnonzero(masked).tolist():
        if found and band - found[-1][1] <= _LARGEST_GAP:
            found[-1] = found[-1][0], band + 1
        else:
            found.append((band, band + 1))
    return found


def hertz_range(low: float, high: float) -> str:
    """Return a range in words, two digits each.

    >>> hertz_range(203.2, 511.0), hertz_range(1004.0, 4120.0), hertz_range(420.0, 2500.0)
    ('200–510 Hz', '1–4.1 kHz', '420 Hz–2.5 kHz')
    """
    (low_number, low_unit), (high_number, high_unit) = _two_digits(low), _two_digits(high)
    if low_unit == high_unit:
        return f"{low_number}–{high_number} {high_unit}"
    return f"{low_number} {low_unit}–{high_number} {high_unit}"


def _two_digits(hertz: float) -> tuple[str, str]:
    rounded = float(f"{hertz:.2g}")
    return (f"{rounded / 1000:g}", "kHz") if rounded >= 1000 else (f"{rounded:g}", "Hz")


def sentences(report: MaskingReport, limit: int) -> list[str]:
    """See :meth:`mixer.masking_report.MaskingReport.explain`."""
    if not report.ids or not report.loudness_sone.any():
        return ["nothing is heard"]
    found = report.findings()
    if not found:
        return ["no track masks another to speak of"]
    most = {f.masked: f.share for f in reversed(found) if f.masker is not None}  # the largest comes last, and stays
    told = []
    for finding in found:
        if finding.masker is None:
            if most.get(finding.masked, 0.0) >= _NEARLY_ALL * finding.share:
                continue  # it is one track that does it, and that is told anyway
            heard = f"{report.mur[report.ids.index(finding.masked)]:.0%}".replace("%", " %")
            told.append(f"{finding}: {heard} of its loudness is heard")
        else:
            turn = ", and is masked by it in turn" if finding.interchange >= _IN_TURN else ""
            told.append(f"{finding}{turn}")
    return told[:limit]
