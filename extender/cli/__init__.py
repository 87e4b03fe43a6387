"""The command line. Every command imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from extender.cli.batch import batch
from extender.cli.cache import cache_app
from extender.cli.detect import detect
from extender.cli.doctor import doctor
from extender.cli.evaluate import evaluate
from extender.cli.explain import explain, undo
from extender.cli.mix import mix
from extender.cli.render import demo, render
from extender.cli.sounds import sounds_app
from extender.cli.swap import swap
from extender.cli.taste import taste_app
from extender.cli.weights import weights_app

app = typer.Typer(
    name="extender",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Turn a picture into the place it shows, as sound.",
    epilog=(
        "Exit codes: 0 done · 1 other failure · 2 wrong usage · 3 unusable input · 4 output cannot be written · "
        "5 weights · 6 no sounds · 7 broken installation · 130 interrupted."
    ),
)
app.command()(render)
app.command(context_settings={"ignore_unknown_options": True})(batch)
app.command()(swap)
app.command()(explain)
app.command()(undo)
app.command()(mix)
app.command()(evaluate)
app.command()(demo)
app.command()(detect)
app.command()(doctor)
app.add_typer(weights_app, name="weights")
app.add_typer(sounds_app, name="sounds")
app.add_typer(cache_app, name="cache")
app.add_typer(taste_app, name="taste")


def _version(wanted: bool) -> None:
    if wanted:
        from extender import __version__

        typer.echo(f"image-extender {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Turn a picture into the place it shows, as sound."""


def main() -> None:
    """Run the command line."""
    app()
