"""`extender render` and `extender demo`."""

from __future__ import annotations

from collections.abc import Mapping
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
    OUTPUT,
    SOUND,
    AtOnceOption,
    CalmOption,
    DensityOption,
    DetectorOption,
    DurationOption,
    EffortOption,
    FileFormat,
    ForceOption,
    FormatOption,
    Hour,
    HourOption,
    LicenceOption,
    LicencePolicyName,
    LoopOption,
    MaxSoundsOption,
    MethodOption,
    MixWeightsOption,
    NetworkOption,
    OfflineOption,
    OutputOption,
    PanoramaOption,
    Pick,
    PickOption,
    PlaceModelOption,
    Prefer,
    PreferOption,
    SceneOption,
    SecondsOption,
    SeedOption,
    SoundsOption,
    SourcesOption,
    StemsOption,
    StrategyOption,
    TrustOption,
    WeightsOption,
)
from extender.cli.tuning import (
    AgainOption,
    LockOption,
    PriorityOption,
    UnlockOption,
    checked_locks,
    priorities_of,
)

if TYPE_CHECKING:
    from extender.pipeline import RenderOptions, Soundscape


def render(
    source: Annotated[
        Path,
        typer.Argument(help="A picture, or the project.json of a soundscape.", show_default=False, readable=False),
    ],
    output: OutputOption = None,
    duration: DurationOption = 30.0,
    density: DensityOption = 1.0,
    calm: CalmOption = 0.0,
    at_once: AtOnceOption = 4,
    loop: LoopOption = False,
    hour: HourOption = Hour.PICTURE,
    seed: SeedOption = 0,
    sources: SourcesOption = None,
    sounds: SoundsOption = None,
    licence: LicenceOption = LicencePolicyName.ANY,
    pick: PickOption = Pick.BEST,
    prefer: PreferOption = Prefer.RATING,
    near: Annotated[
        bool,
        typer.Option("--near", help="Prefer sounds recorded near where the picture was taken.", rich_help_panel=SOUND),
    ] = False,
    named: Annotated[
        list[str] | None,
        typer.Option(
            "--replace",
            help="Which sound plays a thing, as `extender sounds search` shows it; may be given again.",
            metavar="LABEL=SOURCE:ID",
            rich_help_panel=SOUND,
        ),
    ] = None,
    max_sounds: MaxSoundsOption = 8,
    strategy: StrategyOption = None,
    effort: EffortOption = None,
    seconds: SecondsOption = None,
    mix_weights: MixWeightsOption = None,
    method: MethodOption = None,
    network: NetworkOption = False,
    lock: LockOption = None,
    unlock: UnlockOption = None,
    priority: PriorityOption = None,
    again: AgainOption = False,
    loudness: Annotated[
        float, typer.Option(help="LUFS of the mix.", min=-60.0, max=-5.0, rich_help_panel=SOUND)
    ] = -20.0,
    quiet_level: Annotated[
        float, typer.Option(help="LUFS of the least important thing.", min=-60, max=0, rich_help_panel=SOUND)
    ] = -30.0,
    loud_level: Annotated[
        float, typer.Option(help="LUFS of the most important thing.", min=-60, max=0, rich_help_panel=SOUND)
    ] = -20.0,
    ambience_level: Annotated[
        float, typer.Option(help="LUFS of the ambience.", min=-60, max=0, rich_help_panel=SOUND)
    ] = -30.0,
    weights: WeightsOption = None,
    trust_weights: TrustOption = False,
    detector: DetectorOption = "yolo",
    place_model: PlaceModelOption = "own",
    scene: SceneOption = None,
    panorama: PanoramaOption = False,
    file_format: FormatOption = FileFormat.WAV,
    stems: StemsOption = False,
    outputs: Annotated[
        str, typer.Option(help="What is written beside the sound.", rich_help_panel=OUTPUT)
    ] = "credits,report",
    force: ForceOption = False,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Turn a picture into a soundscape: sound, report, credits, project.

    [bold]Examples[/bold]

      extender render photo.jpg

      extender render photo.jpg --duration 300 --format flac -o evening

      extender render photo.jpg --duration 2m --loop --calm 0.5      # for an installation

      extender render photo.jpg --sounds ~/recordings --stems

      extender render photo.jpg --licence commercial --replace dog=freesound:1234

      extender render photo.soundscape/project.json --force     # again, after editing it

      extender render photo.soundscape/project.json --force --strategy asra --lock bell --lock rain:gain=-3..0
    """
    said = dict(locals())
    with one_line_errors(debug):
        from extender.cli.choices import names_in, search_of, told_apart
        from extender.pipeline import default_output, render_picture, render_project
        from extender.remix import Remix
        from extender.searching import strategy_of

        target = output or default_output(source)
        weights, mix_weights = told_apart(weights, mix_weights)
        search = search_of(effort, seconds, mix_weights, method, network=network)
        locks, priorities = checked_locks(lock), priorities_of(priority)
        watch = EndEarly(say=not (quiet or json_output))
        with progress_bar(show=not (quiet or json_output)) as progress:
            if source.suffix.lower() == ".json":
                wanted = Remix(strategy, search, locks, checked_locks(unlock, "--unlock"), priorities)
                remix = wanted if again or wanted != Remix() else None
                if strategy:
                    strategy_of(strategy, search)  # what it does not know is said before any work is done
                result = render_project(
                    source, target, force=force, outputs=names_in(outputs), progress=progress, remix=remix, watch=watch
                )
            else:
                result = render_picture(source, target, options_said(said), progress, watch)
        tell(result, json_output=json_output, quiet=quiet, ended_early=watch.asked)


def options_said(said: Mapping[str, Any]) -> RenderOptions:
    """Return the options that the words of a command line mean.

    Parameters
    ----------
    said : mapping
        Parameters of :func:`render` by their names.

    Raises
    ------
    UsageError
        A choice contradicts another or names nothing.
    """
    from extender.cli.choices import options_of, search_of, see_options, sound_options, told_apart
    from extender.types import Mood

    weights, mix_weights = told_apart(said["weights"], said["mix_weights"])
    see = see_options(
        weights=weights,
        trust_weights=said["trust_weights"],
        detector=said["detector"],
        place_model=said["place_model"],
        scene=said["scene"],
        panorama=said["panorama"],
        max_sounds=said["max_sounds"],
        offline=said["offline"],
    )
    return options_of(
        see=see,
        duration_s=said["duration"],
        seed=said["seed"],
        sources=said["sources"],
        libraries=said["sounds"],
        sounds=sound_options(said["licence"].value, said["pick"].value, said["prefer"].value),
        near_picture=said["near"],
        named=said["named"],
        outputs=said["outputs"],
        strategy=said["strategy"],
        search=search_of(said["effort"], said["seconds"], mix_weights, said["method"], network=said["network"]),
        locks=checked_locks(said["lock"]),
        priorities=priorities_of(said["priority"]),
        loudness_lufs=said["loudness"],
        quiet_lufs=said["quiet_level"],
        loud_lufs=said["loud_level"],
        ambience_lufs=said["ambience_level"],
        mood=Mood(said["density"], said["calm"], said["at_once"], said["loop"]),
        hour=said["hour"].value,
        file_format=said["file_format"].value,
        stems=said["stems"],
        force=said["force"],
    )


def demo(
    output: OutputOption = None,
    duration: DurationOption = 30.0,
    seed: SeedOption = 0,
    file_format: FormatOption = FileFormat.WAV,
    stems: StemsOption = False,
    force: ForceOption = False,
    weights: WeightsOption = None,
    trust_weights: TrustOption = False,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Render a street photograph that comes with the detector, or a packaged scene where there are no weights.

    [bold]Example[/bold]

      extender demo -o demo.soundscape
    """
    with one_line_errors(debug):
        from extender.cli.choices import demo_choice, options_of, see_options
        from extender.pipeline import render_picture

        with progress_bar(show=not (quiet or json_output)) as progress:
            choice = demo_choice(weights, trust_weights=trust_weights, offline=offline, progress=progress)
            if not (quiet or json_output):
                typer.echo(choice.says)
            see = see_options(weights=weights, trust_weights=trust_weights, offline=offline, scene=choice.scene)
            options = options_of(
                see=see,
                duration_s=duration,
                seed=seed,
                file_format=file_format.value,
                stems=stems,
                force=force,
            )
            result = render_picture(choice.picture, output or Path("demo.soundscape"), options, progress)
        tell(result, json_output=json_output, quiet=quiet)


def tell(result: Soundscape, *, json_output: bool, quiet: bool, ended_early: bool = False) -> None:
    """Say what was made."""
    meters, project = result.meters, result.project
    if json_output:
        print_json(
            {
                "folder": str(result.folder),
                "mix": str(result.mix),
                "report": str(result.folder / "report.html"),
                "project": str(result.folder / "project.json"),
                "duration_s": project.arrangement.duration_s,
                "loudness_lufs": meters.loudness_lufs,
                "true_peak_dbtp": meters.true_peak_dbtp,
                "place": project.scene.place.label,
                "detector": project.scene.detector,
                "sounds": [
                    {"id": r.id, "wanted": r.wanted, "played": r.played, "fallback": r.fallback}
                    for r in project.cast.roles
                ],
                "silent": list(project.cast.silent),
                "requests": dict(result.requests),
                "notes": list(project.scene.notes),
            }
        )
        return
    if quiet:
        return
    from extender.output.report_words import summary
    from extender.pipeline import REQUESTS_SENT

    if ended_early:
        typer.echo(f"note: {ENDED_EARLY}")
    for note in project.scene.notes:
        if not note.startswith(REQUESTS_SENT):
            typer.echo(f"note: {note}")
    if sent := [f"{count} of {name}" for name, count in result.requests.items() if count]:
        typer.echo(f"note: {REQUESTS_SENT}: {', '.join(sent)}")
    typer.echo(summary(project))
    level = "silence" if meters.loudness_lufs is None else f"{meters.loudness_lufs:.1f} LUFS"
    peak = "" if meters.true_peak_dbtp is None else f", {meters.true_peak_dbtp:.1f} dBTP"
    typer.echo(f"{result.mix}: {project.arrangement.duration_s:g} s, {level}{peak}")
    typer.echo(f"Open {result.folder / 'report.html'}")
