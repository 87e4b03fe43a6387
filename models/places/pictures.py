"""Scene pictures with their classes: a zip archive or folder with ``train/CLASS/*.jpg``, ``test/CLASS/*.jpg``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

FOLDERS = ("train", "test")
_ENDINGS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pictures and what they show.

    Parameters
    ----------
    names : tuple of str
        ``"train/Coast/image_0007.jpg"``, in alphabetical order.
    labels : (n,) int64
        Indices of ``classes``.
    classes : tuple of str
        In alphabetical order.
    read : function of str
        Returns the bytes of a named picture.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    read: Callable[[str], bytes]

    def grey(self, number: int) -> NDArray[np.uint8]:
        """Return a picture as (h, w) uint8."""
        from PIL import Image

        with Image.open(io.BytesIO(self.read(self.names[number]))) as image:
            return np.asarray(image.convert("L"))


def labelled(data: Path, *folders: str) -> Labelled:
    """List the pictures of some of the folders ``train`` and ``test``.

    Raises
    ------
    ValueError
        There are no such pictures.
    OSError, zipfile.BadZipFile
        The data cannot be read.
    """
    if data.is_dir():
        every = [path.relative_to(data).as_posix() for path in data.rglob("*")]
        read: Callable[[str], bytes] = lambda name: (data / name).read_bytes()  # noqa: E731
    else:
        archive = zipfile.ZipFile(data)
        every, read = archive.namelist(), archive.read
    paths = [PurePosixPath(name) for name in sorted(every) if name.lower().endswith(_ENDINGS)]
    wanted = [path for path in paths if len(path.parts) == 3 and path.parts[0] in folders]
    if not wanted:
        raise ValueError(f"{data}: expected pictures {'/'.join(folders)}/CLASS/*.jpg, got none")
    classes = tuple(sorted({path.parts[1] for path in wanted}))
    labels = np.array([classes.index(path.parts[1]) for path in wanted])
    return Labelled(tuple(map(str, wanted)), labels, classes, read)
