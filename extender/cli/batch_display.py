"""How a batch tells of its work: a bar on a terminal, lines where it is piped, JSON events where that is asked for."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from extender.batch.run import Summary, Told


class Display(Protocol):
    """Is told what happens."""

    def tell(self, told: Told) -> None:
        """Something happened to a picture."""
        ...

    def end(self, summary: Summary, output: Path) -> None:
        """All is over."""
        ...


@contextmanager
def display_for(count: int, *, json_output: bool, quiet: bool) -> Iterator[Display]:
    """Yield the display that fits."""
    if json_output:
        yield Events()
    elif quiet:
        yield Silence()
    elif not sys.stderr.isatty():
        yield Lines(count)
    else:
        with _bars(count) as display:
            yield display


class Silence:
    """Says nothing but which pictures failed."""

    def tell(self, told: Told) -> None:
        """See :class:`Display`."""
        if told.kind == "ended" and told.record.status == "failed":
            typer.echo(_failure(told), err=True)

    def end(self, summary: Summary, output: Path) -> None:
        """See :class:`Display`."""


class Events:
    """One JSON object a line on standard output."""

    def tell(self, told: Told) -> None:
        """See :class:`Display`."""
        event: dict[str, Any] = {"event": told.kind, "worker": told.worker}
        if told.kind == "stage":
            event |= {"name": told.record.name, "stage": told.stage, "fraction": round(told.fraction, 3)}
        else:
            event |= asdict(told.record)
        self._print(event)

    def end(self, summary: Summary, output: Path) -> None:
        """See :class:`Display`."""
        self._print(_numbers(summary) | {"event": "summary", "gallery": str(output / "index.html")})

    @staticmethod
    def _print(event: dict[str, Any]) -> None:
        typer.echo(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8"))


class Lines:
    """A line for each picture, on standard error."""

    def __init__(self, count: int) -> None:
        self._count, self._ended = count, 0

    def tell(self, told: Told) -> None:
        """See :class:`Display`."""
        self._ended += told.kind in ("ended", "kept")
        if told.kind == "ended":
            record = told.record
            said = f"{record.place}, {record.seconds:.1f} s" if record.status == "done" else _failure(told)
            name = f"{record.picture}: " if record.status == "done" else ""
            typer.echo(f"[{self._ended}/{self._count}] {name}{said}", err=True)

    def end(self, summary: Summary, output: Path) -> None:
        """See :class:`Display`."""
        typer.echo(_told(summary, output), err=True)


@contextmanager
def _bars(count: int) -> Iterator[Display]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(bar_width=24),
        MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bars(progress, console, count)


class _Bars:
    """An overall bar with rate and time left, and a line for each picture that is being worked on."""

    def __init__(self, progress: Any, console: Any, count: int) -> None:
        self._progress, self._console = progress, console
        self._all = progress.add_task("soundscapes", total=count, rate="")
        self._current: dict[str, Any] = {}
        self._started, self._made, self._failed = time.monotonic(), 0, 0

    def tell(self, told: Told) -> None:
        """See :class:`Display`."""
        name = told.record.name
        if told.kind == "begun":
            self._current[name] = self._progress.add_task(_short(told.record.picture), total=100, rate="")
        elif told.kind == "stage" and name in self._current:
            described = f"{_short(told.record.picture)}: {told.stage}"
            self._progress.update(self._current[name], completed=int(100 * told.fraction), description=described)
        elif told.kind in ("ended", "kept"):
            if name in self._current:
                self._progress.remove_task(self._current.pop(name))
            if told.kind == "ended":
                self._made += 1
                if told.record.status == "failed":
                    self._failed += 1
                    self._console.print(_failure(told), markup=False, highlight=False)
            minutes = (time.monotonic() - self._started) / 60.0
            rate = f"{self._made / minutes:.1f}/min" if self._made and minutes > 0.0 else ""
            failed = f" {self._failed} failed" if self._failed else ""
            self._progress.update(self._all, advance=1, rate=rate + failed)

    def end(self, summary: Summary, output: Path) -> None:
        """See :class:`Display`."""
        self._progress.stop()
        typer.echo(_told(summary, output))


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"…{text[-most + 1 :]}"


def _failure(told: Told) -> str:
    return f"failed: {told.record.picture}: {told.record.error}"


def _numbers(summary: Summary) -> dict[str, Any]:
    return {
        "rendered": summary.rendered, "kept": summary.kept, "failed": summary.failed,
        "seconds": round(summary.seconds, 2), "per_minute": round(summary.per_minute, 2), "workers": summary.workers,
        "interrupted": summary.interrupted,
    }  # fmt: skip


def _told(summary: Summary, output: Path) -> str:
    """Say in a few words what became of all."""
    parts = [f"{summary.rendered} made ({summary.per_minute:.1f} a minute with {summary.workers} workers)"]
    if summary.kept:
        parts.append(f"{summary.kept} there already")
    if summary.failed:
        parts.append(f"{summary.failed} failed: see batch.csv, and run it again with --retry-failed")
    if summary.interrupted:
        parts.append("interrupted: run the same command again to go on")
    return f"{'; '.join(parts)}\nOpen {output / 'index.html'}"
