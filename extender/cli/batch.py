"""`extender batch`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from extender.cli.common import INTERRUPTED, DebugOption, QuietOption, one_line_errors
from extender.cli.render import options_said, render

if TYPE_CHECKING:
    from extender.batch.jobs import Job
    from extender.batch.pool import Pool
    from extender.pipeline import RenderOptions

SOME_FAILED = 1
WORK, CLUSTER = "Work", "Cluster"
_OWN = ("source", "output", "force", "quiet", "json_output", "debug")
"""Options of render that mean something else here, or nothing."""


def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Folders, pictures, videos, patterns in quotes, tables (.csv), or - for a list on standard input; and "
            "any options of `extender render`.",
            show_default=False,
            metavar="INPUT...",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of all soundscapes.")] = Path("soundscapes"),
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; by default as many as cores and memory allow.", min=1, rich_help_panel=WORK),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed before.", rich_help_panel=WORK)
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a picture is given up.", min=1.0, rich_help_panel=WORK)
    ] = None,
    every: Annotated[
        str, typer.Option(help="Of videos: one picture every so long, as 10s or 1m.", rich_help_panel=WORK)
    ] = "10s",
    title: Annotated[str | None, typer.Option(help="Of the gallery; by default the output's name.")] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Use a Dask cluster on this machine.", rich_help_panel=CLUSTER)
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Use the Dask cluster of this scheduler: tcp://HOST:8786.", rich_help_panel=CLUSTER),
    ] = None,
    tls: Annotated[
        Path | None,
        typer.Option(help="Folder with ca.pem, cert.pem and key.pem for a tls:// scheduler.", rich_help_panel=CLUSTER),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace soundscapes that were not made by a batch.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print events, one JSON object a line.")] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Turn folders of pictures into soundscapes. What is finished is not done again: run it as often as you like.

    Every option of [bold]extender render[/bold] may be given; columns of a table named as options hold for single
    pictures.

    [bold]Examples[/bold]

      extender batch photos/ -o soundscapes/

      extender batch photos/ "more/**/*.png" --duration 60 --format flac --workers 4

      extender batch holiday.mp4 --every 30s

      find /archive -name "*.jpg" | extender batch - -o archive

      extender batch table.csv --retry-failed          # columns: picture, duration, seed, …

      extender batch photos/ --scheduler tcp://node1:8786
    """
    with one_line_errors(debug):
        from extender.batch.jobs import check_apart
        from extender.batch.run import run_batch
        from extender.cli.batch_display import display_for
        from extender.naming import shown

        names, said = split(inputs)
        options_in(said)  # a mistake is said before anything is looked for
        check_apart(names, output)
        jobs = list(jobs_of(names, said, output, every))
        pool = _pool(output, workers, timeout, cluster=cluster, scheduler=scheduler, tls=tls)
        with display_for(len(jobs), json_output=json_output, quiet=quiet) as display:
            summary = run_batch(
                jobs, output, pool, retry_failed=retry_failed, force=force,
                title=shown(title or output.absolute().name), tell=display.tell,
            )  # fmt: skip
            display.end(summary, output)
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)
    if summary.failed:
        raise typer.Exit(SOME_FAILED)


def _pool(
    output: Path, workers: int | None, timeout: float | None, *, cluster: bool, scheduler: str | None, tls: Path | None
) -> Pool:
    from extender.errors import UsageError

    if not (cluster or scheduler):
        from extender.batch.pool import LocalPool, workers_for

        if tls is not None:
            raise UsageError("--tls goes with --scheduler")
        return LocalPool(output, workers_for(workers), timeout)
    from extender.batch.cluster import DaskPool

    if cluster and scheduler:
        raise UsageError("--cluster starts a cluster on this machine, --scheduler uses another: give one of them")
    if timeout is not None:
        raise UsageError("--timeout is for processes of this machine, not for a cluster")
    if scheduler and workers is not None:
        raise UsageError("--workers is for this machine; a scheduler's workers are those that it has")
    files = {} if tls is None else {name: tls / f"{name}.pem" for name in ("ca", "cert", "key")}
    for path in files.values():
        if not path.is_file():
            raise UsageError(f"--tls {tls}: no {path.name} in it")
    return DaskPool(output, scheduler, workers or 0, {name: str(path) for name, path in files.items()})


def jobs_of(inputs: Sequence[str], said: Sequence[str], output: Path, every: str) -> Iterator[Job]:
    """Yield a job for each picture that is meant; videos are taken apart."""
    from extender.batch.frames import frames_of
    from extender.batch.jobs import VIDEOS, Found, Job, found_in, named
    from extender.cli.options import seconds_in
    from extender.errors import InputError, UsageError
    from extender.naming import shown

    try:
        every_s = seconds_in(every)
    except typer.BadParameter as error:
        raise UsageError(f"--every {error}") from None
    found: list[Found] = []
    frames: dict[Path, str] = {}
    for path, within, columns in found_in(inputs, lines=sys.stdin if "-" in inputs else ()):
        if path.suffix.lower() in VIDEOS:
            for frame, name in frames_of(path, within, every_s, output):
                found.append((frame, name, columns))
                frames[frame] = f"{path}, {Path(name).name}"
        else:
            found.append((path, within, columns))
    if not found:
        raise InputError(f"no picture in {', '.join(inputs)}")
    plain, here = options_in(said), Path.cwd()
    for name, (path, _, columns) in zip(named(found), found, strict=True):
        options = options_in([*said, *_as_options(columns)], where=f"{path.name}: ") if columns else plain
        near = path.relative_to(here) if path.is_relative_to(here) else path
        yield Job(name, path, options, shown=shown(frames.get(path, near)))


def _as_options(columns: Mapping[str, str]) -> list[str]:
    """Return a table's columns as options; a flag's column says yes or no."""
    tokens: list[str] = []
    for name, value in columns.items():
        option = f"--{name.replace('_', '-')}"
        flag = _parameters().get(option)
        if flag is not None and flag.is_flag:
            tokens += [option] if value.lower() in ("1", "true", "yes", "x") else []
        else:
            tokens += [option, value]
    return tokens


def _command() -> Any:
    """Return the command ``render``, which gives back what was said instead of rendering."""

    def said(**values: Any) -> dict[str, Any]:
        return values

    said.__signature__ = inspect.signature(render, eval_str=True)  # type: ignore[attr-defined]
    said.__annotations__ = get_type_hints(render, include_extras=True)
    app = typer.Typer(add_completion=False)
    app.command()(said)
    return typer.main.get_command(app)


def _parameters() -> dict[str, Any]:
    """Return the options of ``render`` by all their names."""
    own = [p for p in _command().params if p.name not in _OWN]
    return {name: parameter for parameter in own for name in parameter.opts}


def split(tokens: Iterable[str]) -> tuple[list[str], list[str]]:
    """Part inputs from options of ``render`` and their values.

    Raises
    ------
    UsageError
        An option is not known, or its value is missing.
    """
    from extender.errors import UsageError

    known = _parameters()
    inputs: list[str] = []
    said: list[str] = []
    rest = iter(tokens)
    for word in rest:
        if word == "-" or not word.startswith("-"):
            inputs.append(word)
            continue
        name, equals, _ = word.partition("=")
        if name not in known:
            raise UsageError(f"no such option: {name}; see `extender batch --help` and `extender render --help`")
        said.append(word)
        if not equals and not known[name].is_flag:
            value = next(rest, None)
            if value is None:
                raise UsageError(f"{name} needs a value")
            said.append(value)
    if not inputs:
        raise UsageError("give a folder, a picture, a pattern, a table or - for a list")
    return inputs, said


def options_in(said: Sequence[str], *, where: str = "") -> RenderOptions:
    """Return the options of rendering that the words of a command line mean.

    Raises
    ------
    UsageError
        One of them cannot be meant so; ``where`` comes before the message.
    """
    from extender.batch.jobs import anywhere
    from extender.errors import UsageError

    command = _command()
    try:
        values = command.main([*said, "picture.jpg"], standalone_mode=False, prog_name="extender batch")
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise UsageError(where + " ".join(str(error.format_message()).split())) from None
    return anywhere(options_said(values))
