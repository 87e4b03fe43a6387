"""`extender sounds`: what a source would play; to hear it, to have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, one_line_errors, print_json
from extender.cli.options import (
    LicenceOption,
    LicencePolicyName,
    OfflineOption,
    Pick,
    PickOption,
    Prefer,
    PreferOption,
    SoundsOption,
    SourcesOption,
)
from extender.cli.procedural import procedural_app

if TYPE_CHECKING:
    from extender.sources.base import Candidate, Query, SoundSource
    from extender.types import Kind, SoundAsset

sounds_app = typer.Typer(no_args_is_help=True, help="Your sounds and ours: search, list.")
sounds_app.add_typer(procedural_app, name="procedural")


@sounds_app.command()
def search(
    word: Annotated[str, typer.Argument(help="What is to be heard: dog, rain, …", show_default=False)],
    sources: SourcesOption = None,
    sounds: SoundsOption = None,
    limit: Annotated[int, typer.Option(help="At most so many of each source.", min=1, max=1000)] = 10,
    licence: LicenceOption = LicencePolicyName.ANY,
    pick: PickOption = Pick.BEST,
    prefer: PreferOption = Prefer.RATING,
    play: Annotated[bool, typer.Option("--play", help="Play them, one after the other.")] = False,
    get: Annotated[
        Path | None,
        typer.Option(
            "--get", help="Copy them into this folder, with credits; it serves as --sounds.", metavar="FOLDER"
        ),
    ] = None,
    rows: Annotated[
        str | None, typer.Option("--only", help="Which rows to play or get: 1,3.", metavar="ROWS", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same answer.", min=0)] = 0,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show which sounds would be considered for a word, with rating, licence, length and reason; play or get them.

    [bold]Examples[/bold]

      extender sounds search "dog" --sounds ~/recordings

      extender sounds search "rain" --licence cc0 --only 1,2 --get rain
    """
    with one_line_errors(debug):
        from dataclasses import asdict

        from extender.cli.choices import order_of, sound_options
        from extender.pipeline import sources_of

        libraries = tuple(sounds or ())
        wanted = sound_options(licence.value, pick.value, prefer.value)
        asked = sources_of(order_of(sources, libraries), libraries, offline=offline, sounds=wanted)
        query = _query(word, limit, seed)
        found = _found(query, asked, limit)
        chosen = [found[row - 1] for row in _rows(rows, len(found))]
        if json_output:
            print_json([asdict(candidate) for candidate in found])
        elif found:
            _show(found)
        else:
            typer.echo(f"nothing for {word!r}; try a wider word, or --sounds FOLDER")
        by_name = {source.name: source for source in asked}
        if chosen and (play or get is not None):
            _have(chosen, by_name, word, query.kind, folder=get, play=play)


def _query(word: str, limit: int, seed: int) -> Query:
    from extender.sources.base import Query
    from scenes import load_vocabulary

    concept = load_vocabulary().find(word)
    if concept is not None and not concept.sounds:
        typer.echo(f"{concept.name} makes no sound by itself: {concept.why_silent}", err=True)
    if concept is None or not concept.search:
        return Query(word, (word,), "event", takes=limit, seed=seed)
    kind: Kind = "loop" if concept.role == "loop" else "ambience" if concept.role == "ambience" else "event"
    return Query(concept.name, concept.search, kind, concept.avoid, limit, seed)


def _found(query: Query, sources: Sequence[SoundSource], limit: int) -> list[Candidate]:
    """Return the first of each source; what one has to say is said, and the others go on."""
    from extender.errors import SourceError

    found: list[Candidate] = []
    for source in sources:
        told = set(getattr(source, "notes", ()))
        try:
            found += source.search(query)[:limit]
        except SourceError as error:
            typer.echo(f"{source.name}: {error}", err=True)
            told.add(str(error))
        for note in getattr(source, "notes", ()):
            if note not in told:
                typer.echo(f"{source.name}: {note}", err=True)
    return found


def _rows(text: str | None, count: int) -> list[int]:
    """Return the rows that somebody chose, counted from 1; all of them where nobody did."""
    from extender.errors import UsageError

    if text is None:
        return list(range(1, count + 1))
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    if not chosen or not all(part.isdecimal() and 1 <= int(part) <= count for part in chosen):
        raise UsageError(f"--only wants rows of the table, 1 to {count}, e.g. 1,3; got {text!r}")
    return list(dict.fromkeys(int(part) for part in chosen))


def _show(found: Sequence[Candidate]) -> None:
    """Draw a table as wide as the terminal; where there is none, as wide as it needs to be."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "score", "rating", "length", "licence"):
        table.add_column(name, justify="right" if name != "licence" else "left", no_wrap=True)
    table.add_column("sound", overflow="fold", min_width=16)
    table.add_column("title", overflow="fold")
    table.add_column("why", overflow="fold", style="dim")
    for row, c in enumerate(found, 1):
        length = f"{c.duration_s:.1f} s" if c.duration_s is not None else "? s"
        sound = f"{c.source}:{c.id}"
        cells = (str(row), f"{c.score:.2f}", _rating(c), length, c.licence, sound, c.title, c.reason)
        table.add_row(*(escape(cell) for cell in cells))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=400)
    console.print(table)


def _rating(candidate: Candidate) -> str:
    """Return stars and votes, ``4.6 (40)``; a dash where the source knows none."""
    votes = "" if candidate.ratings is None else f" ({candidate.ratings})"
    return "–" if candidate.rating is None else f"{candidate.rating:.1f}{votes}"


def _have(
    chosen: Sequence[Candidate],
    sources: dict[str, SoundSource],
    word: str,
    kind: Kind,
    *,
    folder: Path | None,
    play: bool,
) -> None:
    """Fetch the chosen sounds, play them, copy them; one that cannot be had is said, and the others go on."""
    from extender.errors import SourceError
    from extender.excerpts import choose
    from extender.listening import find_player, keep_sounds, play_file

    player = find_player() if play else ""
    assets: list[SoundAsset] = []
    for candidate in chosen:
        try:
            asset = sources[candidate.source].fetch(candidate)
        except SourceError as error:
            typer.echo(f"{candidate.source}:{candidate.id} could not be had: {error}", err=True)
            continue
        assets.append(asset)
        if play:
            typer.echo(f"playing {asset.source}:{asset.id}  {asset.title}", err=True)
            play_file(Path(asset.file), player, asset.excerpt or choose(Path(asset.file), kind))
    if not assets:
        raise SourceError("none of these sounds could be had")
    if folder is not None:
        table = keep_sounds(assets, word, folder)
        typer.echo(f"{len(assets)} in {folder}, credits in {table.name}", err=True)


@sounds_app.command("list")
def list_(
    json_output: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show the words of the vocabulary that the built-in synthesised sounds play."""
    with one_line_errors(debug):
        from extender.sources.procedural import MODELS

        models = sorted(MODELS, key=lambda m: m.name)
        if json_output:
            print_json([{"name": m.name, "kind": m.kind, "concepts": list(m.concepts)} for m in models])
            return
        for model in models:
            typer.echo(f"{model.name:20} {model.kind:9} {', '.join(model.concepts)}")
