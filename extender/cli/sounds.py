"""`extender sounds`: what a source would play."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, one_line_errors, print_json
from extender.cli.options import OfflineOption

if TYPE_CHECKING:
    from extender.types import Kind

sounds_app = typer.Typer(no_args_is_help=True, help="Your sounds and ours: search, list.")

LibraryOption = Annotated[
    list[Path] | None, typer.Option("--sounds", help="A folder of your own sounds; may be given again.", readable=False)
]
SourcesOption = Annotated[str, typer.Option(help="Where to look, in this order.")]


@sounds_app.command()
def search(
    word: Annotated[str, typer.Argument(help="What is to be heard: dog, rain, …", show_default=False)],
    sources: SourcesOption = "folder,procedural",
    sounds: LibraryOption = None,
    limit: Annotated[int, typer.Option(help="At most so many of each source.", min=1, max=1000)] = 10,
    seed: Annotated[int, typer.Option(help="Same seed, same answer.", min=0)] = 0,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show which sounds would be considered for a word, with scores and reasons.

    [bold]Example[/bold]

      extender sounds search "dog" --sounds ~/recordings
    """
    with one_line_errors(debug):
        from dataclasses import asdict

        from extender.pipeline import sources_of
        from extender.sources.base import Query
        from scenes import load_vocabulary

        concept = load_vocabulary().find(word)
        if concept is not None and not concept.sounds:
            typer.echo(f"{concept.name} makes no sound by itself: {concept.why_silent}", err=True)
        if concept is None or not concept.search:
            query = Query(word, (word,), "event", takes=limit, seed=seed)
        else:
            kind: Kind = "loop" if concept.role == "loop" else "ambience" if concept.role == "ambience" else "event"
            query = Query(concept.name, concept.search, kind, concept.avoid, limit, seed)
        found = []
        for source in sources_of(tuple(sources.split(",")), tuple(sounds or ()), offline=offline):
            found += source.search(query)[:limit]
        if json_output:
            print_json([asdict(candidate) for candidate in found])
            return
        if not found:
            typer.echo(f"nothing for {word!r}; try a wider word, or --sounds FOLDER")
        for c in found:
            length = f"{c.duration_s:6.1f} s" if c.duration_s is not None else "     ? s"
            typer.echo(f"{c.score:4.2f} {length}  {c.source}:{c.id}  {c.title}  [{c.licence}]  {c.reason}")


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
