"""`extender weights`: fetch, list, path."""

from __future__ import annotations

from typing import Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, print_json, progress_bar

weights_app = typer.Typer(no_args_is_help=True, help="The detector's weights: fetch, list, path.")


@weights_app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="An official name, as `extender weights list` shows them.")
    ] = "yolo11n.pt",
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Download official weights into the user's cache, checked against their published hash.

    [bold]Example[/bold]

      extender weights fetch yolo11n.pt
    """
    with one_line_errors(debug):
        from extender.vision.weights import fetch_weights

        with progress_bar(show=not quiet) as progress:
            path = fetch_weights(name, progress=progress)
        if not quiet:
            typer.echo(str(path))


@weights_app.command("list")
def list_(json_output: JsonOption = False, debug: DebugOption = False) -> None:
    """Show the official weights and what is in the cache."""
    with one_line_errors(debug):
        from dataclasses import asdict

        from extender.vision.weights import list_weights

        listed = list_weights()
        if json_output:
            print_json([{k: str(v) if k == "path" and v else v for k, v in asdict(entry).items()} for entry in listed])
            return
        for entry in listed:
            typer.echo(f"{entry.name:24} {entry.state:14} {entry.path or ''}".rstrip())


@weights_app.command()
def path(
    weights: Annotated[str | None, typer.Argument(help="A file or a name; default: what a render would use.")] = None,
    debug: DebugOption = False,
) -> None:
    """Print the path of the weights that a render would use."""
    with one_line_errors(debug):
        from extender.vision.weights import weights_path

        typer.echo(str(weights_path(weights)))
