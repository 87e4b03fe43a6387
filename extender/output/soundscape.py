"""Fill a soundscape folder: the sounds that are used, the mix, its stems, report, credits and project."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extender.audio import MAX_EXCERPT_S, SAMPLE_RATE, open_for_writing, read_audio
from extender.errors import InputError
from extender.excerpts import choose
from extender.output.base import Output, Rendered
from extender.plugins import load_plugin
from extender.progress import Progress
from extender.project import to_json
from extender.types import Cast, Excerpt, Project, Role, SoundAsset
from mixer.types import Samples
from models import sha256_of

AS_THEY_ARE = ("procedural",)
"""Sources whose sounds were made to be used whole."""


def file_stem(role_id: str) -> str:
    """Return a role's id as a file name that any system takes: letters, digits and hyphens, at most 60."""
    return re.sub(r"[^a-z0-9]+", "-", role_id.lower()).strip("-")[:60] or "sound"


def gather_sounds(cast: Cast, folder: Path) -> Cast:
    """Copy every take into ``folder/sounds`` under a plain name; where a part of it is best, only that.

    Parameters
    ----------
    cast : Cast
        Takes with absolute paths.
    folder : Path

    Returns
    -------
    Cast
        The same with paths relative to ``folder``, the hashes of the files as they lie there, and what is said of
        excerpts in the reasons.
    """
    (folder / "sounds").mkdir(exist_ok=True)
    known: dict[tuple[str, Excerpt | None], SoundAsset] = {}
    names = {path.stem for path in (folder / "sounds").iterdir()}
    return replace(cast, roles=tuple(_gather_role(role, folder, known, names) for role in cast.roles))


def _gather_role(
    role: Role, folder: Path, known: dict[tuple[str, Excerpt | None], SoundAsset], names: set[str]
) -> Role:
    takes = []
    for number, take in enumerate(role.takes, 1):
        excerpt = take.excerpt or (choose(Path(take.file), role.kind) if take.source not in AS_THEY_ARE else None)
        key = take.file, excerpt
        if key not in known:
            known[key] = _gather(take, excerpt, folder, _free_name(f"{file_stem(role.id)}-{number}", names))
        takes.append(known[key])
    return _with_excerpts(replace(role, takes=tuple(takes)))


def _with_excerpts(role: Role) -> Role:
    """Say of which takes only a part is used, and why that."""
    parts = {(take.source, take.id): f"; used: {take.excerpt}" for take in role.takes if take.excerpt}
    considered = tuple(
        replace(c, reason=f"{c.reason}{parts.get((c.source, c.id), '')}") if c.chosen else c for c in role.considered
    )
    told = [
        f"; used of take {number}: {take.excerpt}" if len(role.takes) > 1 else f"; used: {take.excerpt}"
        for number, take in enumerate(role.takes, 1)
        if take.excerpt
    ]
    return replace(role, considered=considered, reason="".join((role.reason, *told)))


def _free_name(wish: str, names: set[str]) -> str:
    """Return the wish, or the wish with a number where two ids look alike as file names."""
    name = next(n for n in (wish, *(f"{wish}-{i}" for i in range(2, 10_000))) if n not in names)
    names.add(name)
    return name


def _gather(take: SoundAsset, excerpt: Excerpt | None, folder: Path, stem: str) -> SoundAsset:
    source = Path(take.file)
    if excerpt is not None:
        relative = f"sounds/{stem}.flac"
        heard = read_audio(source, start_s=excerpt.start_s, max_s=min(MAX_EXCERPT_S, excerpt.end_s - excerpt.start_s))
        over = max(1.0, float(np.abs(heard.samples).max()))  # lossy formats decode beyond full scale; FLAC cannot
        with open_for_writing(folder / relative, "flac", heard.channels) as write:
            write(heard.samples / np.float32(over))
        return replace(
            take,
            file=relative,
            sha256=sha256_of(folder / relative),
            duration_s=heard.duration_s,
            changes=(*take.changes, f"excerpt {excerpt}"),
            excerpt=excerpt,
        )
    suffix = re.sub(r"[^a-z0-9.]", "", source.suffix.lower())[:8]
    relative = f"sounds/{stem}{suffix}"
    shutil.copyfile(source, folder / relative)
    return replace(take, file=relative, sha256=sha256_of(folder / relative))


def bring_sounds(cast: Cast, origin: Path, folder: Path) -> Cast:
    """Copy the sounds of an existing project into a new soundscape folder, checking each.

    Returns
    -------
    Cast
        With the hash filled in where a person left it empty.

    Raises
    ------
    InputError
        A sound is missing, lies outside the project's folder, or is not the one that the project was made with.
    """
    (folder / "sounds").mkdir(exist_ok=True)
    roles = []
    for role in cast.roles:
        takes = []
        for take in role.takes:
            source = (origin / take.file).resolve()
            if not source.is_relative_to(origin.resolve()):
                raise InputError(
                    f"sound {take.file!r} of {role.id} lies outside the project's folder; put it in sounds/"
                )
            if not source.is_file():
                raise InputError(f"sound {take.file!r} of {role.id} is missing in {origin}")
            found = sha256_of(source)
            if take.sha256 is not None and found != take.sha256:
                raise InputError(
                    f"sound {take.file!r} of {role.id} is not the one the project was made with (SHA-256 differs); "
                    'to use it all the same, set its "sha256" to null'
                )
            target = folder / "sounds" / source.relative_to(origin.resolve()).name
            if not target.exists():
                shutil.copyfile(source, target)
            elif sha256_of(target) != found:
                raise InputError(f"two sounds of the project are called {target.name!r}; rename one")
            takes.append(replace(take, file=f"sounds/{target.name}", sha256=found))
        roles.append(replace(role, takes=tuple(takes)))
    return replace(cast, roles=tuple(roles))


class MixFiles:
    """The files that a rendering writes into as it goes: the mix, and one for each track if wished."""

    def __init__(self, folder: Path, file_format: str, stem_ids: tuple[str, ...], *, duration_s: float) -> None:
        self.mix = folder / f"soundscape.{file_format}"
        self._stack = ExitStack()
        frames = round(duration_s * SAMPLE_RATE)

        def opened(path: Path, coding: str) -> Callable[[Samples], None]:
            writing = open_for_writing(path, coding, 2, frames=frames)
            return self._stack.enter_context(writing)

        self._write = opened(self.mix, file_format)
        self._stems: dict[str, Callable[[Samples], None]] = {}
        names: set[str] = set()
        if stem_ids:
            (folder / "stems").mkdir(exist_ok=True)
        for stem_id in stem_ids:
            path = folder / "stems" / f"{_free_name(file_stem(stem_id), names)}.wav"
            self._stems[stem_id] = opened(path, "float")

    @property
    def has_stems(self) -> bool:
        """Whether stems are written."""
        return bool(self._stems)

    def write(self, block: Samples) -> None:
        """Append a block (2, frames) to the mix."""
        self._write(block)

    def write_stem(self, stem_id: str, block: Samples) -> None:
        """Append a block (2, frames) to one track's stem."""
        self._stems[stem_id](block)

    def __enter__(self) -> MixFiles:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()


PICTURE = "picture.jpg"
PICTURE_PIXELS = 1280


def save_picture(pixels: NDArray[np.uint8], folder: Path) -> Path:
    """Keep a small copy of the picture for the report: at most 1280 pixels wide or high, and no metadata.

    Parameters
    ----------
    pixels : uint8, (height, width, 3)
    folder : Path
    """
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((PICTURE_PIXELS, PICTURE_PIXELS))
    image.save(folder / PICTURE, "JPEG", quality=85)
    return folder / PICTURE


def bring_picture(origin: Path, folder: Path) -> Path | None:
    """Copy the picture of an existing project, if it has one."""
    if not (origin / PICTURE).is_file():
        return None
    shutil.copyfile(origin / PICTURE, folder / PICTURE)
    return folder / PICTURE


def write_project(project: Project, folder: Path) -> None:
    """Write project.json."""
    (folder / "project.json").write_text(to_json(project), encoding="utf-8")


def write_outputs(rendered: Rendered, names: Sequence[str], progress: Progress) -> None:
    """Let the named outputs add their files, in order. Raises UsageError for a name that is not installed."""
    for number, name in enumerate(names, 1):
        output: Output = load_plugin("extender.outputs", name)
        output(rendered)
        progress("writing the report", number / len(names))
