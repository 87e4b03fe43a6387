"""Draw the pictures of docs/mixing.md from one scene of ``benchmarks.clarity``.

Run from the root of the repository: ``python -m scripts.mixing_pictures``. It needs ``../shared/data/sounds`` and the
extra ``plot``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

import mixer
from benchmarks.clarity_scenes import DURATION_S, SCENES, tracks
from mixer.equaliser import response, sections_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TARGET = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SEED = 11
DPI = 100


def main() -> None:
    """Mix the scene, and write three pictures."""
    scene = next(scene for scene in json.loads(SCENES.read_text(encoding="utf-8")) if scene["seed"] == SEED)
    made = mixer.mix_and_compare(tracks(scene), write=lambda block: None, duration_s=DURATION_S)
    assert made.before is not None  # noqa: S101 - no plan was given
    TARGET.mkdir(exist_ok=True)
    _save(matrices(made.before, made.after), "mixing-masking.png")
    _save(mixer.compare(made.before, made.after), "mixing-heard.png")
    _save(filter_curves(made.plan), "mixing-filters.png")


def matrices(before: mixer.MaskingReport, after: mixer.MaskingReport) -> Figure:
    """Draw the masking matrix before and after, on one scale."""
    figure = Figure(figsize=(12.0, 4.6), layout="constrained")
    for axes, report, title in zip(figure.subplots(1, 2), (before, after), ("before", "after"), strict=True):
        drawn = axes.imshow(report.lost, vmin=0.0, vmax=1.0, cmap="magma_r", interpolation="nearest")
        axes.set_xticks(range(len(report.ids)), report.ids, rotation=50, ha="right", fontsize=8)
        axes.set_yticks(range(len(report.ids)), report.ids, fontsize=8)
        axes.set(title=title, xlabel="is masked", ylabel="masks")
    figure.colorbar(drawn, ax=figure.axes, label="share of its loudness")
    return figure


def filter_curves(plan: mixer.MixPlan) -> Figure:
    """Draw what the filters of each track do; of those that move, what they do at most."""
    filtered = [settings for settings in plan.tracks if settings.filters]
    figure = Figure(figsize=(12.0, 1.2 + 1.5 * -(-len(filtered) // 3)), layout="constrained")
    hertz = np.geomspace(40.0, 20_000.0, 400)
    grid = figure.subplots(-(-len(filtered) // 3), 3, squeeze=False, sharex=True, sharey=True)
    for axes, settings in zip(grid.flat, filtered, strict=False):
        still = [f for f in settings.filters if not isinstance(f.gain_db, mixer.Curve)]
        moving = [f for f in settings.filters if isinstance(f.gain_db, mixer.Curve)]
        _curve(axes, still, hertz, plan.sample_rate, "-")
        for section in moving:
            curve = section.gain_db
            assert isinstance(curve, mixer.Curve)  # noqa: S101 - chosen so
            deepest = max(curve.values, key=abs)
            most = mixer.Filter(section.kind, section.frequency_hz, deepest, section.q)
            _curve(axes, [most], hertz, plan.sample_rate, "--")
        axes.set_title(settings.id, fontsize=9)
        axes.set(xscale="log", ylim=(-10.0, 6.0))
        axes.set_xticks((100, 1_000, 10_000), ("100 Hz", "1 kHz", "10 kHz"))
        axes.grid(visible=True, alpha=0.3)
    for axes in grid.flat[len(filtered) :]:
        axes.set_visible(False)
    figure.supylabel("dB")
    return figure


def _curve(axes: Axes, filters: list[mixer.Filter], hertz: np.ndarray, sample_rate: int, style: str) -> None:
    gain = np.abs(response(sections_of(filters, sample_rate), hertz, sample_rate)) if filters else np.ones(len(hertz))
    axes.plot(hertz, 20.0 * np.log10(gain), style, color="tab:blue", linewidth=1.5)


def _save(figure: Figure, name: str) -> None:
    figure.savefig(TARGET / name, dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()
