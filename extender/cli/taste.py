"""`extender taste`: whether what you change is remembered, what that says, and forgetting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from extender.cli.common import DebugOption, JsonOption, one_line_errors, print_json

if TYPE_CHECKING:
    from extender.taste import Taste

taste_app = typer.Typer(
    no_args_is_help=True,
    help="Learn from what you change in soundscapes: in one file on this machine, and only if you turn it on.",
)


@taste_app.command()
def on(debug: DebugOption = False) -> None:
    """From now on remember what is changed by hand or taken back in a soundscape, and begin new ones accordingly."""
    with one_line_errors(debug):
        from dataclasses import replace

        from extender.taste import remembered, write

        path = write(replace(remembered(), on=True))
        typer.echo(f"what you change is remembered in {path}, and nowhere else")


@taste_app.command()
def off(debug: DebugOption = False) -> None:
    """Remember nothing more, and mix as if nothing was known; what is known stays in the file."""
    with one_line_errors(debug):
        from dataclasses import replace

        from extender.taste import memory_file, remembered, write

        memory = remembered()
        if memory.on:
            write(replace(memory, on=False))
        kept = f"; {len(memory.edits)} mixes stay in {memory_file()}" if memory.edits else ""
        typer.echo(f"nothing is remembered{kept}")


@taste_app.command()
def show(json_output: JsonOption = False, debug: DebugOption = False) -> None:
    """Tell what is known of your taste."""
    with one_line_errors(debug):
        from dataclasses import asdict

        from extender.taste import memory_file, remembered, taste_of

        memory = remembered()
        taste = taste_of(memory)
        if json_output:
            print_json({"on": memory.on, "file": str(memory_file()), **asdict(taste)})
            return
        typer.echo(f"taste is {'on' if memory.on else 'off'}; {taste.mixes} edited mixes in {memory_file()}")
        for line in _lines(taste):
            typer.echo(line)


@taste_app.command()
def forget(debug: DebugOption = False) -> None:
    """Remove all that is known; whether things are remembered from now on stays as it is."""
    with one_line_errors(debug):
        from extender.errors import InputError
        from extender.taste import Memory, memory_file, remembered, write

        path = memory_file()
        try:
            memory = remembered()
        except InputError:  # what cannot be read is forgotten as well
            memory = Memory()
        if path.exists():
            write(Memory(on=memory.on))
        typer.echo(f"{len(memory.edits)} mixes are forgotten")


def _lines(taste: Taste) -> list[str]:
    """Return what is known in words."""
    from extender.output.report_words import number
    from extender.taste import FEATURES

    units = {
        "loudness_db": "dB louder",
        "bright_db": "dB more above 2 kHz",
        "outward_deg": "° further out",
        "wider": "wider",
    }
    lines = []
    for feature in FEATURES:
        for name in taste.offsets.get(feature, {}):
            kind, _, concept = name.partition("/")
            value = taste.of(feature, kind, concept)
            if value:
                lines.append(f"{concept or f'any {kind}'}: {number(value, sign=True)} {units[feature]}")
    w = taste.weights
    lines.append(f"a mix is chosen by residue={w.residue:g}, loudness={w.loudness:g}, clarity={w.clarity:g}")
    return lines
