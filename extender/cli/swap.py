"""`extender swap`: another sound for one thing of a soundscape."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, progress_bar
from extender.cli.options import (
    LicenceOption,
    LicencePolicyName,
    OfflineOption,
    OutputOption,
    Pick,
    PickOption,
    Prefer,
    PreferOption,
    SoundsOption,
    SourcesOption,
)
from extender.cli.render import tell


def swap(
    project: Annotated[Path, typer.Argument(help="The project.json of a soundscape.", show_default=False)],
    label: Annotated[str, typer.Argument(help="What is to sound otherwise: dog, or its id dog-1.", show_default=False)],
    named: Annotated[
        str,
        typer.Option(
            "--with",
            help="SOURCE:ID, as `extender sounds search` shows it; default: the next best.",
            metavar="SOURCE:ID",
        ),
    ] = "",
    output: OutputOption = None,
    sources: SourcesOption = None,
    sounds: SoundsOption = None,
    licence: LicenceOption = LicencePolicyName.ANY,
    pick: PickOption = Pick.BEST,
    prefer: PreferOption = Prefer.RATING,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Give one thing another sound and render again; all others keep their sounds, places and levels.

    Without --with it is the next best sound that was not used yet. The soundscape is replaced unless --output names
    another folder.

    [bold]Examples[/bold]

      extender swap photo.soundscape/project.json dog

      extender swap photo.soundscape/project.json dog-2 --with freesound:1234
    """
    with one_line_errors(debug):
        from dataclasses import replace

        from extender.cli.choices import order_of, sound_options
        from extender.pipeline import default_output, render_project, requests_of, source_context
        from extender.recast import Swap
        from extender.sources import make_sources
        from scenes import load_vocabulary

        wanted = sound_options(licence.value, pick.value, prefer.value)
        libraries = tuple(sounds or ())
        context = source_context(libraries, offline=offline, sounds=wanted)
        asked = make_sources(order_of(sources, libraries), context)
        change = Swap(label, named, asked, context, load_vocabulary())
        with progress_bar(show=not (quiet or json_output)) as progress:
            target = output or default_output(project)
            result = render_project(project, target, force=output is None, progress=progress, change=change)
        if not (quiet or json_output):
            for source in asked:
                for note in getattr(source, "notes", ()):
                    if f"{source.name}: {note}" not in result.project.scene.notes:
                        typer.echo(f"note: {source.name}: {note}")
        tell(replace(result, requests=requests_of(asked)), json_output=json_output, quiet=quiet)
