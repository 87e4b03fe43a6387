"""`extender cache`: what is kept to be had again without network or work, and how to be rid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, print_json

if TYPE_CHECKING:
    from extender.keeping import Part

cache_app = typer.Typer(
    no_args_is_help=True, help="What was fetched and made, kept for the next time: info, clear, prune."
)

PartsArgument = Annotated[
    list[str] | None,
    typer.Argument(help="freesound, openverse, procedural, libraries, weights; default: all but weights."),
]


@cache_app.command()
def info(json_output: JsonOption = False, debug: DebugOption = False) -> None:
    """Show what the cache holds, and where it is.

    [bold]Example[/bold]

      extender cache info
    """
    with one_line_errors(debug):
        from extender.keeping import parts
        from extender.pipeline import cache_folder

        found = parts(cache_folder())
        if json_output:
            held = {part.name: {"bytes": part.size, "files": part.count, "what": part.what} for part in found}
            print_json({"folder": str(cache_folder()), "parts": held})
            return
        typer.echo(str(cache_folder()))
        for part in found:
            typer.echo(f"{part.name:12} {size_text(part.size):>10} {part.count:6} files  {part.what}")
        typer.echo(f"{'together':12} {size_text(sum(p.size for p in found)):>10} {sum(p.count for p in found):6} files")


@cache_app.command()
def clear(
    names: PartsArgument = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it; without, only say what would go.")] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Forget what was kept. How often services were asked today is remembered all the same.

    [bold]Example[/bold]

      extender cache clear freesound --yes
    """
    with one_line_errors(debug):
        from extender.errors import UsageError

        chosen = _chosen(names)
        size = sum(part.size for part in chosen)
        if not yes:
            raise UsageError(
                f"this would remove {size_text(size)} ({', '.join(p.name for p in chosen)}); say --yes to do it"
            )
        freed = sum(part.clear() for part in chosen)
        if not quiet:
            typer.echo(f"removed {size_text(freed)}")


@cache_app.command()
def prune(
    names: PartsArgument = None,
    max_mb: Annotated[float | None, typer.Option(help="Keep at most so much of each part.", min=0)] = None,
    max_days: Annotated[float | None, typer.Option(help="Keep only what was used in so many days.", min=0)] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Make the cache smaller: what was used longest ago goes first.

    [bold]Example[/bold]

      extender cache prune --max-mb 500 --max-days 90
    """
    with one_line_errors(debug):
        from extender.errors import UsageError

        if max_mb is None and max_days is None:
            raise UsageError("say how far: --max-mb 500, or --max-days 90")
        most = None if max_mb is None else int(max_mb * 1_000_000)
        age_s = None if max_days is None else max_days * 86_400.0
        freed = sum(part.prune(max_bytes=most, max_age_s=age_s) for part in _chosen(names))
        if not quiet:
            typer.echo(f"removed {size_text(freed)}")


def size_text(size: int) -> str:
    """Return a number of bytes for people: ``"12.3 MB"``."""
    return f"{size / 1e6:.1f} MB" if size >= 50_000 else f"{size / 1e3:.1f} kB"


def _chosen(names: list[str] | None) -> list[Part]:
    from extender.errors import UsageError
    from extender.keeping import EXPENSIVE, parts
    from extender.pipeline import cache_folder

    found = {part.name: part for part in parts(cache_folder())}
    wanted = names or [name for name in found if name not in EXPENSIVE]
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise UsageError(f"the cache has no part {unknown[0]!r}; it has {', '.join(found)}")
    return [found[name] for name in dict.fromkeys(wanted)]
