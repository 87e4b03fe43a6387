"""What every output is given, and what it must do: add its files to the folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from extender.types import Project
from mixer.results import Meters


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished render, before its folder gets its name.

    Parameters
    ----------
    folder : Path
        Where files may be added; holds ``sounds/`` and the mix already.
    project : Project
    meters : Meters
    mix_file : Path
    picture : Path or None
        A JPEG copy of the picture inside the folder, without metadata.
    """

    folder: Path
    project: Project
    meters: Meters
    mix_file: Path
    picture: Path | None


class Output(Protocol):
    """Something that is written beside the mix. Entry-point group ``extender.outputs``: a function of this shape."""

    def __call__(self, rendered: Rendered) -> None:
        """Add files to ``rendered.folder``.

        Raises
        ------
        extender.errors.OutputError
            One line that says why it cannot.
        """
        ...
