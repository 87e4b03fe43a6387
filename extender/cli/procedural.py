"""`extender sounds procedural`: the built-in synthesised sounds: list them, make one, look at all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, print_json, progress_bar
from extender.cli.options import ForceOption, seconds_in

if TYPE_CHECKING:
    from extender.progress import Progress
    from extender.sources.procedural import Model

procedural_app = typer.Typer(no_args_is_help=True, help="Synthesised sounds: list, render, see.")


@procedural_app.command("list")
def list_(
    json_output: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show every model: its kind, what it is, and its parameters with their ranges and usual values."""
    with one_line_errors(debug):
        from dataclasses import asdict

        from extender.sources.procedural import MODELS

        models = sorted(MODELS, key=lambda m: m.name)
        if json_output:
            names = ("name", "title", "kind", "channels", "duration_s", "concepts")
            print_json(
                [{n: getattr(m, n) for n in names} | {"parameters": [asdict(p) for p in m.parameters]} for m in models]
            )
            return
        _show(models)


def _show(models: list[Model]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("name", "kind", "what", "parameters (usual value)"):
        table.add_column(name, no_wrap=name in ("name", "kind"), overflow="fold")
    for model in models:
        ranges = "; ".join(f"{p.name} {p.span} ({p.default:g})" for p in model.parameters) or "–"
        table.add_row(*(escape(cell) for cell in (model.name, model.kind, model.title, ranges)))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=400)
    console.print(table)


@procedural_app.command()
def render(
    name: Annotated[str, typer.Argument(help="A model of the list.", show_default=False)],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="Set a parameter; may be repeated.", metavar="NAME=VALUE"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which individual: which dog, which street.", min=0)] = 0,
    take: Annotated[int, typer.Option(help="Which take of it: which bark.", min=0, max=9999)] = 0,
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration",
            "-d",
            parser=seconds_in,
            metavar="TIME",
            help="How long: 45, 90s, 10m, 8h. Events are repeated with pauses. Default: as long as the model is.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="WAV, FLAC, OGG or MP3, by its name. Default: NAME.wav.")
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Make one sound; of any length, in constant memory, without seams or repetition.

    [bold]Examples[/bold]

      extender sounds procedural render wind --param speed=18 -o gale.wav

      extender sounds procedural render crowd -p persons=200 --seed 7 --duration 1h -o crowd.flac
    """  # fmt: skip
    with one_line_errors(debug):
        from extender.sources.procedural.registry import model_named

        model = model_named(name)
        target = output or Path(f"{model.name}.wav")
        with progress_bar(show=not quiet and (duration or 0.0) > model.duration_s) as progress:
            seconds = _render(model, _values(param or []), seed, take, duration, target, force, progress)
        if not quiet:
            typer.echo(f"{target}: {model.title}, {seconds:.1f} s", err=True)


def _values(given: list[str]) -> dict[str, float]:
    """Read ``NAME=VALUE`` of each ``--param``."""
    from extender.errors import UsageError

    values = {}
    for text in given:
        name, equals, number = text.partition("=")
        try:
            values[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise UsageError(f"--param wants NAME=VALUE with a number, e.g. speed=12; got {text!r}")
    return values


def _render(
    model: Model,
    values: dict[str, float],
    seed: int,
    take: int,
    duration_s: float | None,
    target: Path,
    force: bool,
    progress: Progress,
) -> float:
    """Write the sound, whole or not at all; return its length in seconds."""
    from extender.audio import FORMATS, open_for_writing
    from extender.errors import UsageError
    from extender.output.workspace import whole_file
    from extender.sources.procedural.model import rendered
    from extender.sources.procedural.streaming import excerpt

    file_format = target.suffix.lower().lstrip(".")
    known = [name for name in FORMATS if name != "float"]
    if file_format not in known:
        raise UsageError(f"--output wants a name that ends in {', '.join('.' + n for n in known)}; got {str(target)!r}")
    model.values(values)
    with whole_file(target, force=force) as work:
        if duration_s is None:
            samples = rendered(model, seed, take, values=values)
            with open_for_writing(work, file_format, model.channels) as write:
                write(samples)
            return float(samples.shape[1] / 48_000)
        frames = round(duration_s * 48_000)
        done = 0
        with open_for_writing(work, file_format, model.channels, frames=frames) as write:
            for block in excerpt(model, seed, take, values, frames):
                write(block)
                done += block.shape[1]
                progress(model.name, done / frames)
    return duration_s


@procedural_app.command()
def page(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to be made.")],
    names: Annotated[list[str] | None, typer.Argument(help="Only these models.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Which individuals are heard.", min=0)] = 0,
    force: ForceOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a page with a player, a spectrogram and the ranges of every model; takes a minute or two.

    [bold]Example[/bold]

      extender sounds procedural page -o synthesised
    """
    with one_line_errors(debug):
        from extender.output.library_page import write_library_page
        from extender.sources.procedural.registry import MODELS, model_named

        models = tuple(model_named(name) for name in names) if names else MODELS
        with progress_bar(show=not quiet) as progress:
            target = write_library_page(models, output, seed=seed, force=force, progress=progress)
        if not quiet:
            typer.echo(f"{target}: {len(models)} models", err=True)
