"""`extender evaluate`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, print_json, progress_bar
from extender.cli.options import MIXING, OUTPUT, SOUND, Effort, SeedOption

if TYPE_CHECKING:
    from extender.evaluation.opinions import Opinions
    from extender.evaluation.run import Evaluation
    from extender.evaluation.table import Report


def evaluate(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="A folder of stems, a soundscape, or a folder of such folders; with --results, answers and the folder "
            "of the evaluation.",
            metavar="FOLDER",
            show_default=False,
            readable=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to be made, or gone on with.", rich_help_panel=OUTPUT),
    ] = None,
    strategies: Annotated[
        str | None,
        typer.Option(help="Which to compare; default: all, and 'tuned'.", metavar="NAME,…", rich_help_panel=MIXING),
    ] = None,
    effort: Annotated[
        Effort, typer.Option(help="Of refine and asra; tuned has the next one up.", rich_help_panel=MIXING)
    ] = Effort.NORMAL,
    tuned: Annotated[
        str,
        typer.Option(help="What counts how much for 'tuned'.", metavar="NAME=NUMBER,…", rich_help_panel=MIXING),
    ] = "residue=3,loudness=.1,clarity=1",
    trained: Annotated[
        bool,
        typer.Option("--predictor/--no-predictor", help="Search with the trained network.", rich_help_panel=MIXING),
    ] = True,
    loudness: Annotated[
        float, typer.Option(help="LUFS of all mixes.", min=-70.0, max=0.0, rich_help_panel=SOUND)
    ] = -20.0,
    scenes: Annotated[int | None, typer.Option(help="Only the first so many.", min=1, show_default=False)] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration",
            "-d",
            help="Only the first so many seconds of each.",
            min=0.5,
            max=86_400.0,
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 0,
    trials: Annotated[
        int, typer.Option(help="Scenes of the listening test; 0 = none.", min=0, max=40, rich_help_panel=OUTPUT)
    ] = 8,
    sounds: Annotated[
        bool, typer.Option("--sounds/--no-sounds", help="Keep the mixes to be heard.", rich_help_panel=OUTPUT)
    ] = True,
    results: Annotated[bool, typer.Option("--results", help="Read answers to the listening test instead.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as Markdown.", rich_help_panel=OUTPUT)
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Measure again what is known.")] = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Mix every scene of a folder in every way, measure the mixes alike, and make a blind listening test of them.

    Mixes that were measured are kept: interrupted, it goes on where it was.

    [bold]Examples[/bold]

      extender evaluate songs/ -o compared

      extender evaluate songs/ -o compared --strategies flat,unmask,asra --scenes 5

      extender evaluate --results results-*.json compared
    """
    with one_line_errors(debug):
        from extender.errors import UsageError

        if results:
            _read_results(paths, seed, json_output=json_output, quiet=quiet)
            return
        if len(paths) != 1:
            raise UsageError(f"one folder is evaluated at a time, got {len(paths)}; with --results give answers too")
        if output is None:
            raise UsageError("say with --output FOLDER where the evaluation goes")
        from extender.cli.choices import weights_in
        from extender.evaluation.measuring import Wanted
        from extender.evaluation.run import EvaluateOptions
        from extender.evaluation.run import evaluate as run
        from extender.evaluation.systems import DEFAULT, systems_of

        names = DEFAULT if strategies is None else [name.strip() for name in strategies.split(",") if name.strip()]
        options = EvaluateOptions(
            systems_of(names, effort.value, weights_in(tuned), trained=trained),
            Wanted(loudness_lufs=loudness, seed=seed, sounds=sounds),
            scenes,
            duration,
            trials,
            force,
        )
        with _interruptible() as stopped, progress_bar(show=not (quiet or json_output)) as progress:
            made = run(paths[0], output, options, progress, stopped)
        if json_output:
            print_json(_as_json(made))
        elif markdown:
            from extender.evaluation.table import as_markdown

            typer.echo(as_markdown(made.report, _command(context)), nl=False)
        elif not quiet:
            _tell(made)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether somebody has interrupted: a search then ends early, and what it found does not count."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    previous = [(number, signal.signal(number, stop)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield lambda: asked
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def _as_json(made: Evaluation) -> dict[str, object]:
    from extender.evaluation.table import summary_of

    return {
        "folder": str(made.folder),
        "files": [str(path) for path in made.files],
        "scenes": len(made.report.scenes),
        "known": made.again,
        "summary": summary_of(made.report),
    }


def _command(context: typer.Context) -> str:
    """Return what was asked for, as one would type it beside the folders."""
    given = {
        name: [each.name if isinstance(each, Path) else str(each) for each in _each(value)]
        for name, value in context.params.items()
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    words = ["extender evaluate", *given.pop("paths", [])]
    for name, told in given.items():
        option = "--predictor" if name == "trained" else f"--{name}"
        words += [option if context.params[name] is not False else option.replace("--", "--no-"), *told]
    return " ".join(words)


def _each(value: Any) -> Sequence[Any]:
    """Return the words of an option's value; a switch has none."""
    if isinstance(value, bool):
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _tell(made: Evaluation) -> None:
    from extender.evaluation.page import lede
    from extender.evaluation.table import rows_for_people

    head, rows = rows_for_people(made.report)
    _print_table(head, rows)
    typer.echo(lede(made.report))
    _notes(made.report)
    pages = [path for path in made.files if path.suffix == ".html"]
    for path in pages:
        typer.echo(f"Open {path}")


def _notes(report: Report) -> None:
    """Say what a table alone would hide."""
    off = [
        (row.system, row.loudness_off_lu)
        for row in report.rows
        if row.loudness_off_lu is not None and row.loudness_off_lu > 0.5 and row.system != "manual"
    ]
    for name, value in off:
        typer.echo(f"{name} is off the loudness of flat by up to {value:.1f} LU: its peaks stand too far out")


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(head):
        table.add_column(escape(name), justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=400)
    console.print(table)


def _read_results(paths: Sequence[Path], seed: int, *, json_output: bool, quiet: bool) -> None:
    from extender.errors import UsageError
    from extender.evaluation.opinions import as_json, write_opinions

    folders = [path for path in paths if path.is_dir()]
    files = [path for path in paths if not path.is_dir()]
    if len(folders) != 1 or not files:
        raise UsageError("--results wants answers and the folder of the evaluation: RESULTS.json … FOLDER")
    found, written = write_opinions(folders[0], files, seed)
    if json_output:
        print_json(as_json(found) | {"files": [str(path) for path in written]})
    elif not quiet:
        _tell_opinions(found, written)


def _tell_opinions(found: Opinions, written: Sequence[Path]) -> None:
    from extender.evaluation.opinions import opinion_score, told_chance
    from extender.evaluation.trial import ATTRIBUTES

    def cell(name: str, key: str) -> str:
        mean = found.ratings.get((name, key))
        return "–" if mean is None else f"{mean.value:.0f} [{mean.low:.0f}, {mean.high:.0f}]"

    def score(name: str) -> str:
        mean = found.ratings.get((name, "overall"))
        return "–" if mean is None else f"{opinion_score(mean.value):.1f}"

    typer.echo(f"{found.listeners} listener{'' if found.listeners == 1 else 's'}, {found.trials} pairs")
    head = ["", *(title for _, title, _ in ATTRIBUTES), "MOS, 1–5"]
    _print_table(head, [[name, *(cell(name, key) for key, _, _ in ATTRIBUTES), score(name)] for name in found.systems])
    rows = [
        [f"{p.first} – {p.second}", str(p.wins), str(p.losses), str(p.ties), told_chance(p.corrected)]
        for p in found.preferences
    ]
    _print_table(["preferred", "first", "second", "no difference", "by chance"], rows)
    typer.echo(f"Open {written[1]}")
