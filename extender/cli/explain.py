"""`extender explain` and `extender undo`: what automatic mixing did, and without some of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, print_json, progress_bar
from extender.cli.options import OutputOption
from extender.cli.render import tell

ProjectArgument = Annotated[
    Path, typer.Argument(help="The project.json of a soundscape, or the .plan.json of a mix.", show_default=False)
]


def explain(
    project: ProjectArgument,
    stems: Annotated[
        list[Path] | None, typer.Argument(help="The stems, for the plan of a mix.", show_default=False, readable=False)
    ] = None,
    track: Annotated[
        list[str] | None, typer.Option("--track", help="Only this track; may be given again.", metavar="TRACK")
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="Measure also what would be heard without each change; takes longer.")
    ] = False,
    json_output: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say in plain words what was changed on each track, why, and what it gained.

    Each change has a name, by which `extender undo` takes it back.

    [bold]Examples[/bold]

      extender explain photo.soundscape/project.json

      extender explain photo.soundscape/project.json --track bird-1 --each

      extender explain song.plan.json stems/
    """
    with one_line_errors(debug):
        from extender.errors import UsageError
        from extender.explain import explain_plan, explain_project

        with progress_bar(show=not json_output) as progress:
            if stems or project.name.endswith(".plan.json"):
                made = explain_plan(project, stems or (), each=each, progress=progress)
            else:
                made = explain_project(project, each=each, progress=progress)
        there = [told.id for told in made.tracks]
        for name in track or ():
            if name not in there:
                raise UsageError(f"--track {name}: no such track; there are: {', '.join(there)}")
        if json_output:
            found = made.as_dict()
            found["tracks"] = [told for told in found["tracks"] if not track or told["id"] in track]
            print_json(found)
            return
        for line in made.lines(track or ()):
            typer.echo(line)


def undo(
    project: Annotated[Path, typer.Argument(help="The project.json of a soundscape.", show_default=False)],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="What is taken back, as `extender explain` tells it: bell:cut-2khz.", show_default=False),
    ] = None,
    all_of: Annotated[
        list[str] | None,
        typer.Option("--all-of", help="Take back all that was done to a track; may be given again.", metavar="TRACK"),
    ] = None,
    output: OutputOption = None,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Take back what automatic mixing did to a track and render again; all else stays as it is.

    The track stays as loud as it was. What was taken back is not done again by itself, also not by --again. The
    soundscape is replaced unless --output names another folder.

    [bold]Examples[/bold]

      extender undo photo.soundscape/project.json bird-1:moved rain-1:cut-2.5khz

      extender undo photo.soundscape/project.json --all-of bell-1 -o without
    """
    with one_line_errors(debug):
        from extender.pipeline import default_output, render_project
        from extender.undo import Undo

        with progress_bar(show=not (quiet or json_output)) as progress:
            edit = Undo(tuple(names or ()), tuple(all_of or ()), progress)
            target = output or default_output(project)
            result = render_project(project, target, force=output is None, progress=progress, edit=edit)
        if not (quiet or json_output):
            for line in edit.said:
                typer.echo(line)
        tell(result, json_output=json_output, quiet=quiet)
