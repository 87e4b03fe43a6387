"""A masking report in pictures, by matplotlib (the extra ``plot``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixer.errors import MixerError
from mixer.types import check

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mixer.masking_report import MaskingReport

_TICKS_HZ = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MixerError("plots need matplotlib: pip install 'image-extender[plot]'") from None
    return Figure(figsize=(width, height), layout="constrained")


def _height(report: MaskingReport) -> float:
    return min(2.0 + 0.3 * len(report.ids), 24.0)


def _names(axis: Any, ids: tuple[str, ...], **how: Any) -> None:
    step = max(1, len(ids) // 64)
    axis.set_ticks(range(0, len(ids), step), ids[::step], fontsize=8, **how)


def plot_report(report: MaskingReport) -> Figure:
    """Draw the masking matrix (who takes how much of whose loudness), and the masked share of each track by band."""
    figure = _figure(12.0, _height(report))
    matrix, bands = figure.subplots(1, 2, width_ratios=(1, 1.4))
    drawn = matrix.imshow(report.lost, vmin=0.0, vmax=1.0, cmap="magma_r", aspect="auto", interpolation="nearest")
    _names(matrix.yaxis, report.ids)
    _names(matrix.xaxis, report.ids, rotation=60, ha="right")
    matrix.set(ylabel="masks", xlabel="is masked", title="Loudness of a track that lies where another masks it")
    figure.colorbar(drawn, ax=matrix, label="share")
    shown = np.ma.masked_where(report.activity <= 0.0, report.masked_share)
    _by_band(bands, report, shown, figure, "Masked by all others together (grey: not heard)", "share of the time")
    return figure


def _by_band(
    axes: Axes, report: MaskingReport, values: Any, figure: Figure, title: str, label: str, *, change: bool = False
) -> None:
    axes.set_facecolor("0.85")
    rows = np.arange(len(report.ids) + 1) - 0.5
    low, colours = (-1.0, "RdBu_r") if change else (0.0, "magma_r")
    drawn = axes.pcolormesh(report.band_hz, rows, values, vmin=low, vmax=1.0, cmap=colours)
    axes.set_xscale("log")
    axes.set_xticks(_TICKS_HZ, [f"{hz // 1000}k" if hz >= 1000 else str(hz) for hz in _TICKS_HZ])
    axes.minorticks_off()
    axes.invert_yaxis()
    _names(axes.yaxis, report.ids)
    axes.set(xlabel="Hz", title=title)
    figure.colorbar(drawn, ax=axes, label=label)


def compare(before: MaskingReport, after: MaskingReport) -> Figure:
    """Draw how much of each track is heard before and after, and where in the spectrum that changed.

    Raises
    ------
    MixerError
        The reports are not of the same tracks; matplotlib is missing.
    """
    check(before.ids == after.ids, "compare", "after", f"a report on {list(before.ids)}", list(after.ids))
    figure = _figure(12.0, _height(before))
    heard, bands = figure.subplots(1, 2, width_ratios=(1, 1.4))
    rows = np.arange(len(before.ids))
    for report, offset, colour, name in ((before, -0.2, "0.7", "before"), (after, 0.2, "tab:blue", "after")):
        told = report.mur[report.loudness_sone > 0.0]
        mean = f": mean {told.mean():.2f}, least {told.min():.2f}" if told.size else ""
        heard.barh(rows + offset, np.nan_to_num(report.mur), 0.4, color=colour, label=f"{name}{mean}")
    heard.set(xlim=(0.0, 1.0), xlabel="share of its loudness that is heard (MUR)", title="Heard in the mix")
    heard.invert_yaxis()
    _names(heard.yaxis, before.ids)
    heard.legend(fontsize=8)
    change = after.masked_share - before.masked_share
    shown = np.ma.masked_where((before.activity <= 0.0) & (after.activity <= 0.0), change)
    title = "Time in which it is masked: blue = less, red = more"
    _by_band(bands, before, shown, figure, title, "change of the share", change=True)
    return figure
