"""`extender mix`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extender.cli.common import (
    ENDED_EARLY,
    DebugOption,
    EndEarly,
    JsonOption,
    QuietOption,
    one_line_errors,
    print_json,
    progress_bar,
)
from extender.cli.options import (
    MIXING,
    OUTPUT,
    SOUND,
    EffortOption,
    MethodOption,
    NetworkOption,
    SecondsOption,
    SeedOption,
    StrategyOption,
)
from extender.cli.tuning import LockOption, PriorityOption, checked_locks, numbers_by_name, priorities_of

if TYPE_CHECKING:
    from extender.mixdown import Mixdown

_PLANNED = (
    "strategy",
    "effort",
    "seconds",
    "weights",
    "method",
    "network",
    "loudness",
    "layout",
    "duration",
    "seed",
    "freedom",
    "target",
    "pan",
    "priority",
    "lock",
)
"""Options that a plan has decided already."""


def _by_name(help_text: str, metavar: str, option: str) -> Any:
    return typer.Option(option, help=help_text, metavar=metavar, rich_help_panel=SOUND)


def mix(
    context: typer.Context,
    stems: Annotated[
        list[Path], typer.Argument(help="Sound files, or folders of them.", show_default=False, readable=False)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The mix: .wav (24 bits), .flac, .ogg or .mp3.", rich_help_panel=OUTPUT),
    ] = Path("mix.wav"),
    strategy: StrategyOption = None,
    effort: EffortOption = None,
    seconds: SecondsOption = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            "--mix-weights",
            help="What counts how much for asra: residue=1,loudness=.1,clarity=1.",
            metavar="NAME=NUMBER,…",
            rich_help_panel=MIXING,
        ),
    ] = None,
    method: MethodOption = None,
    network: NetworkOption = False,
    loudness: Annotated[
        float, typer.Option(help="LUFS of the mix.", min=-60.0, max=-5.0, rich_help_panel=SOUND)
    ] = -20.0,
    layout: Annotated[
        str, typer.Option(help="stereo, mono, quad, 5.1, ambisonic, ambisonic2, ambisonic3.", rich_help_panel=SOUND)
    ] = "stereo",
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration",
            "-d",
            help="Seconds; default: the longest stem.",
            min=0.001,
            max=86_400.0,
            show_default=False,
            rich_help_panel=SOUND,
        ),
    ] = None,
    seed: SeedOption = 0,
    freedom: Annotated[
        float,
        typer.Option(help="Degrees that a track may be moved from its --pan.", min=0, max=180, rich_help_panel=SOUND),
    ] = 15.0,
    target: Annotated[
        list[str] | None, _by_name("Loudness of a track before the bus; default: its own.", "TRACK=LUFS", "--target")
    ] = None,
    pan: Annotated[
        list[str] | None,
        _by_name("Where a track stands: 45 = left, -45 = right; default: free.", "TRACK=DEG", "--pan"),
    ] = None,
    priority: PriorityOption = None,
    lock: LockOption = None,
    plan: Annotated[
        Path | None,
        typer.Option(help="Follow the .plan.json of an earlier mix to the letter.", readable=False),
    ] = None,
    stem_folder: Annotated[
        Path | None,
        typer.Option(
            "--stems", help="Write what became of each track into this folder.", readable=False, rich_help_panel=OUTPUT
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Write a page about the mix.", rich_help_panel=OUTPUT)
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace existing files.", rich_help_panel=OUTPUT)
    ] = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Mix sound files so that each of them is heard: the mix, its plan, and a page that shows what was done.

    A track is called as its file, without the ending.

    [bold]Examples[/bold]

      extender mix stems/ -o song.wav

      extender mix voice.wav band/*.flac -o song.mp3 --priority voice=1 --target voice=-18 --pan guitar=30

      extender mix stems/ -o song.wav --strategy asra --seconds 60     # Ctrl-C takes the best so far

      extender mix stems/ -o song.wav --lock voice --lock drums:eq=-3..3

      extender mix stems/ -o song.wav --plan song.plan.json --force     # again, after editing the plan
    """
    with one_line_errors(debug):
        from extender.cli.choices import search_of
        from extender.errors import UsageError
        from extender.mixdown import MixdownOptions, mixdown
        from extender.searching import STRATEGY

        if plan is not None:
            given = [n for n in _PLANNED if getattr(context.get_parameter_source(n), "name", "") == "COMMANDLINE"]
            if given:
                raise UsageError(f"--{given[0]} cannot be given with --plan, which decides it; edit the plan instead")
        options = MixdownOptions(
            strategy=strategy or STRATEGY,
            search=search_of(effort, seconds, weights, method, network=network),
            loudness_lufs=loudness,
            layout=layout,
            duration_s=duration,
            seed=seed,
            freedom_deg=freedom,
            targets=numbers_by_name(target, "--target", "TRACK=LUFS", -70.0, 0.0),
            pans=numbers_by_name(pan, "--pan", "TRACK=DEG", -180.0, 180.0),
            priorities=priorities_of(priority),
            locks=checked_locks(lock),
            plan=plan,
            stems=stem_folder,
            report=report,
            force=force,
        )
        watch = EndEarly(say=not (quiet or json_output))
        with progress_bar(show=not (quiet or json_output)) as progress:
            made = mixdown(stems, output, options, progress, watch)
        if json_output:
            print_json(_as_json(made))
        elif not quiet:
            if watch.asked:
                typer.echo(f"note: {ENDED_EARLY}")
            _tell(made)


def _as_json(made: Mixdown) -> dict[str, Any]:
    plan, meters = made.comparison.plan, made.comparison.meters
    before, after = made.comparison.before, made.comparison.after
    measured = {track.id: track for track in meters.tracks}
    tracks = [
        {
            "id": settings.id,
            "gain_db": settings.gain_db,
            "loudness_lufs": measured[settings.id].loudness_lufs,
            "heard_before": _share(before.mur[number]) if before else None,
            "heard": _share(after.mur[number]),
            "reason": settings.reason,
        }
        for number, settings in enumerate(plan.tracks)
    ]
    return {
        "mix": str(made.mix),
        "plan": str(made.plan_file),
        "report": str(made.report) if made.report else None,
        "stems": [str(path) for path in made.stems],
        "strategy": plan.strategy,
        "duration_s": plan.duration_s,
        "sample_rate": plan.sample_rate,
        "layout": plan.layout,
        "loudness_lufs": meters.loudness_lufs,
        "true_peak_dbtp": meters.true_peak_dbtp,
        "limiter_reduction_db": meters.limiter_reduction_db,
        "bus": plan.bus.reason,
        "tracks": tracks,
        "masking": after.explain(),
    }


def _share(value: float) -> float | None:
    """Return a share with four digits; None for a track that is silent."""
    return None if math.isnan(value) else round(float(value), 4)


def _tell(made: Mixdown) -> None:
    from extender.output.mix_words import heard_line

    plan, meters = made.comparison.plan, made.comparison.meters
    typer.echo(heard_line(made.comparison))
    level = "silence" if meters.loudness_lufs is None else f"{meters.loudness_lufs:.1f} LUFS"
    peak = "" if meters.true_peak_dbtp is None else f", {meters.true_peak_dbtp:.1f} dBTP"
    count = len(plan.tracks)
    typer.echo(f"{made.mix}: {count} track{'' if count == 1 else 's'}, {plan.duration_s:.4g} s, {level}{peak}")
    typer.echo(f"Again, or changed: --plan {made.plan_file}")
    if made.report:
        typer.echo(f"Open {made.report}")
