"""What all commands share: errors as one line, progress, JSON, the options that mean the same everywhere."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, NoReturn

import typer

from extender.errors import ExtenderError, OutputError
from extender.progress import Progress, silent

INTERRUPTED = 130

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def one_line_errors(debug: bool = False, *, check: bool = True) -> Iterator[None]:
    """Turn what a person can mend into one line on stderr and the documented exit code.

    Parameters
    ----------
    debug : bool
        Print the traceback first.
    check : bool
        Whether to make sure, before anything else, that our packages are the ones that will be imported.
    """
    from extender.ownership import check_ownership

    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        if check:
            check_ownership()
        yield
    except KeyboardInterrupt:
        _fail("interrupted; nothing was left half done", INTERRUPTED, debug)
    except ExtenderError as error:
        _fail(str(error), error.exit_code, debug)
    except ValueError as error:
        # The other packages' roots; looked up by name, so that nothing is imported only to be excepted.
        if type(error).__name__ not in ("SceneError", "MixerError", "FreesoundError", "ModelError"):
            raise
        _fail(str(error), 3, debug)
    except MemoryError:
        _fail("not enough memory; try a shorter --duration or fewer sounds with --max-sounds", 1, debug)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left; nothing more to say
        raise typer.Exit(1) from None
    except OSError as error:  # whatever is not foreseen of disks and networks
        where = f": {error.filename}" if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
        _fail(f"{error.strerror or error}{where}", OutputError.exit_code if full else 1, debug)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _fail(message: str, code: int, debug: bool) -> NoReturn:
    if debug:
        import traceback

        traceback.print_exc()
    typer.echo(f"extender: {message}", err=True)
    raise typer.Exit(code) from None


@contextmanager
def progress_bar(*, show: bool) -> Iterator[Progress]:
    """Yield a Progress that draws a bar on stderr while it is a terminal, and says nothing otherwise."""
    if not show or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def tell(stage: str, fraction: float) -> None:
            # Never quite full: a finished bar stops its clock, and the next stage is about to begin.
            bar.update(task, description=stage, completed=min(0.999, max(0.0, fraction)))

        yield tell


class EndEarly:
    """What Ctrl-C does while a search goes on: first it ends the search with the best so far, then it interrupts.

    Parameters
    ----------
    say : bool
        Tell on stderr that it was heard.

    Attributes
    ----------
    asked : bool
        Whether somebody has ended a search.
    """

    def __init__(self, *, say: bool) -> None:
        self.asked, self._say = False, say

    @contextmanager
    def __call__(self) -> Iterator[Callable[[], bool]]:
        """See :data:`extender.searching.Watch`."""
        previous = signal.getsignal(signal.SIGINT)
        if previous is not signal.SIG_IGN:  # what runs in the background of a script is not for the keyboard to end
            signal.signal(signal.SIGINT, self._first)
        try:
            yield lambda: self.asked
        finally:
            signal.signal(signal.SIGINT, previous)

    def _first(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._say:  # not through a buffer, in which the signal may have come
            os.write(2, b"\nending the search with the best so far; Ctrl-C again gives up\n")


ENDED_EARLY = "the search was ended early, and the best that had been measured was taken"


def print_json(value: object) -> None:
    """Print one JSON object on stdout."""
    typer.echo(json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False))
