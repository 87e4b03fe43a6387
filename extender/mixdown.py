"""Mixing stems: sound files and folders of them in; a mix, its plan and a page about it out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from extender.audio import SAMPLE_RATE, WAV_LIMIT_BYTES, Reading, decode, open_for_writing
from extender.errors import InputError, OutputError, UsageError
from extender.output.soundscape import file_stem
from extender.output.workspace import whole_file
from extender.progress import Progress, silent
from extender.searching import STRATEGY, Watch, strategy_of, unwatched
from extender.sources.folder.records import AUDIO_SUFFIXES
from extender.types import Search
from mixer import (
    AudioFile,
    Comparison,
    MixerError,
    MixPlan,
    MixStrategy,
    Position,
    Spatialiser,
    Track,
    as_tracks,
    mix_and_compare,
)
from mixer.plugins import SPATIALISERS, make
from mixer.types import Samples

SUFFIXES = {".wav": "wav", ".flac": "flac", ".ogg": "ogg", ".mp3": "mp3"}
"""How the name of a mix ends → its format."""
MOST_CHANNELS = {"wav": 16, "flac": 8, "ogg": 16, "mp3": 2}
RATES = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
"""A mix has its stems' rate where they share one of these, else the second."""
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class MixdownOptions:
    """What a person may choose.

    ``targets`` (LUFS), ``pans`` (degrees, + = left) and ``priorities`` (0..1) are by the names of tracks. With ``plan``
    all of these are the plan's. ``stems``: a folder for what each track became.
    """

    strategy: str = STRATEGY
    search: Search = field(default_factory=Search)
    loudness_lufs: float = -20.0
    layout: str = "stereo"
    duration_s: float | None = None
    seed: int = 0
    freedom_deg: float = 15.0
    targets: Mapping[str, float] = field(default_factory=dict)
    pans: Mapping[str, float] = field(default_factory=dict)
    priorities: Mapping[str, float] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    plan: Path | None = None
    stems: Path | None = None
    report: bool = True
    force: bool = False


@dataclass(frozen=True, slots=True)
class Mixdown:
    """What a mixdown left behind, and what was found of it."""

    mix: Path
    plan_file: Path
    report: Path | None
    stems: tuple[Path, ...]
    tracks: tuple[Track, ...]
    comparison: Comparison


def mixdown(
    given: Sequence[Path],
    output: Path,
    options: MixdownOptions,
    progress: Progress = silent,
    watch: Watch = unwatched,
) -> Mixdown:
    """Mix sound files of any length, and write what came of it.

    Parameters
    ----------
    given : sequence of Path
        Sound files, and folders whose sound files are taken.
    output : Path
        Of the mix; ends in one of SUFFIXES. The plan and the page get its name, ``.plan.json`` and ``.html``.
    options : MixdownOptions
    progress, watch : callable

    Raises
    ------
    extender.errors.ExtenderError, mixer.MixerError
        One line that says what is wrong and what to do; nothing is left behind.
    """
    form = _format(output)
    plan_file, page = output.with_suffix(".plan.json"), output.with_suffix(".html")
    for path in (output, plan_file, page) if options.report else (output, plan_file):
        _check_free(path, force=options.force)
    # What it does not know is said before any work is done.
    strategy = (
        strategy_of(options.strategy, options.search, progress=progress, watch=watch) if not options.plan else None
    )
    plan = read_plan(options.plan) if options.plan else None
    files = find_stems(given, output)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="image-extender-")))
        tracks = _tracks(files, options, scratch)
        rate = _rate(tracks, form)
        if plan is not None:
            tracks, rate = _as_planned(tracks, plan), plan.sample_rate
        work = stack.enter_context(whole_file(output, force=options.force))
        kept = {path: stack.enter_context(whole_file(path, force=options.force)) for path in (plan_file,)}
        if options.report:
            kept[page] = stack.enter_context(whole_file(page, force=options.force))
        stems = _stem_files(stack, options, tracks)
        made = _make(tracks, rate, form, work, stems, options, plan or strategy, progress)
        kept[plan_file].write_text(made.plan.to_json() + "\n", encoding="utf-8")
        if options.report:
            from extender.output.mix_page import render_mix_page

            progress("writing the report", 0.0)
            html = render_mix_page(tracks, made, work, output.name, plan_name=plan_file.name)
            kept[page].write_text(html, encoding="utf-8", newline="\n")
    paths = tuple(path for path, _ in stems.values())
    return Mixdown(output, plan_file, page if options.report else None, paths, tracks, made)


@contextmanager
def stems_of(plan: MixPlan, given: Sequence[Path]) -> Iterator[tuple[Track, ...]]:
    """Yield the tracks of a plan, from the sound files and folders that it was made of.

    Raises
    ------
    InputError
        Something does not exist, or is not what the plan knows.
    """
    with tempfile.TemporaryDirectory(prefix="image-extender-") as scratch:
        yield _as_planned(_tracks(find_stems(given, Path()), MixdownOptions(), Path(scratch)), plan)


def find_stems(given: Iterable[Path], output: Path) -> tuple[Path, ...]:
    """Return the sound files that are meant, each once: files as given, of folders those in it, by name.

    Raises
    ------
    InputError
        Something does not exist, or a folder holds no sound file.
    UsageError
        The output is one of the stems.
    """
    found: dict[Path, Path] = {}
    for path in given:
        if path.is_dir():
            inside = sorted(_sounds_in(path), key=lambda p: (p.name.lower(), p.name))
            inside = [p for p in inside if p.resolve() != output.resolve()]
            if not inside:
                raise InputError(f"{path} holds no sound files; give a folder of stems, or the files")
        elif path.exists():
            inside = [path]
        else:
            raise InputError(f"no such file or folder: {path}")
        found |= {p.resolve(): p for p in inside if p.resolve() not in found}
    if output.resolve() in found:
        raise UsageError(f"{output} is a stem as well; give the mix another name with --output")
    return tuple(found.values())


def _sounds_in(folder: Path) -> list[Path]:
    try:
        inside = list(folder.iterdir())
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror or error}") from None
    return [p for p in inside if p.suffix.lower() in AUDIO_SUFFIXES and not p.name.startswith(".") and p.is_file()]


def read_plan(path: Path) -> MixPlan:
    """Read a plan. Raises InputError naming the file and what is wrong in it."""
    try:
        return MixPlan.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    except MixerError as error:
        raise InputError(f"{path}: {error}") from None


def _format(output: Path) -> str:
    form = SUFFIXES.get(output.suffix.lower())
    if form is None:
        raise UsageError(f"--output {output.name}: must end in {', '.join(SUFFIXES)}, which tells the format")
    return form


def _check_free(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give another name with --output")
    if path.exists() and not force:
        raise OutputError(f"{path} exists already; give --force to replace it, or another name with --output")


def _tracks(files: Sequence[Path], options: MixdownOptions, scratch: Path) -> tuple[Track, ...]:
    """Make a track of each file, with what a person wants of it."""
    names = _names(files)
    for option, wanted in (("target", options.targets), ("pan", options.pans), ("priority", options.priorities)):
        for name in wanted:
            if name not in names:
                raise UsageError(f"--{option} {name}: no such track; there are: {', '.join(names)}")
    sounds = {name: _readable(path, scratch / f"{name}.wav") for name, path in zip(names, files, strict=True)}
    return tuple(
        replace(
            track,
            position=Position(options.pans.get(track.id, 0.0)),
            target_lufs=options.targets.get(track.id),
            priority=options.priorities.get(track.id, 0.5),
        )
        for track in as_tracks(sounds)
    )


def _names(files: Sequence[Path]) -> list[str]:
    """Return the files' names without endings, told apart by numbers."""
    names: list[str] = []
    for path in files:
        again = (f"{path.stem}-{n}" for n in range(2, len(files) + 2))
        names.append(next(name for name in (path.stem, *again) if name not in names))
    return names


def _readable(path: Path, copy: Path) -> AudioFile:
    """Return a file as the mixer streams it; what only ffmpeg reads is decoded into a copy."""

    def write(reading: Reading) -> None:
        with open_for_writing(
            copy, "float", reading.channels, frames=WAV_LIMIT_BYTES, sample_rate=reading.sample_rate
        ) as out:
            while (block := reading.read(_BLOCK)).size:
                out(block.T)

    try:
        return AudioFile(path)
    except MixerError:
        decode(path, write)
        return AudioFile(copy)


def _rate(tracks: Sequence[Track], form: str) -> int:
    """Return the rate of the mix: that of the stems where they agree on a common one, else 48 kHz."""
    rates = {take.sample_rate for track in tracks for take in track.takes}
    usual = [rate for rate in RATES if form != "mp3" or rate <= SAMPLE_RATE]
    return rates.pop() if len(rates) == 1 and rates <= set(usual) else SAMPLE_RATE


def _as_planned(tracks: Sequence[Track], plan: MixPlan) -> tuple[Track, ...]:
    """Return the tracks in the order of a plan."""
    there, planned = {track.id: track for track in tracks}, [settings.id for settings in plan.tracks]
    missing = [name for name in planned if name not in there]
    extra = [name for name in there if name not in planned]
    if missing:
        raise InputError(f"the plan has tracks that are not among the stems: {', '.join(missing)}")
    if extra:
        raise InputError(f"the plan knows nothing of these stems: {', '.join(extra)}; leave them out or plan anew")
    return tuple(there[name] for name in planned)


def _stem_files(stack: ExitStack, options: MixdownOptions, tracks: Sequence[Track]) -> dict[str, tuple[Path, Path]]:
    """Return where each track's own sound goes: its name, and its name until all is done."""
    folder = options.stems
    if folder is None:
        return {}
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"--stems {folder} is not a folder")
    if not folder.exists():
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {folder}: {error.strerror or error}") from None
        stack.callback(_remove_if_empty, folder)
    stems: dict[str, tuple[Path, Path]] = {}
    given = {take.path.resolve() for track in tracks for take in track.takes if isinstance(take, AudioFile)}
    for track in tracks:
        taken = {path for path, _ in stems.values()}
        stem = file_stem(track.id)
        names = (folder / f"{name}.wav" for name in (stem, *(f"{stem}-{n}" for n in range(2, len(tracks) + 2))))
        path = next(path for path in names if path not in taken)
        if path.resolve() in given:
            raise UsageError(f"{path} is one of the stems to be mixed; give another folder with --stems")
        stems[track.id] = path, stack.enter_context(whole_file(path, force=options.force))
    return stems


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _make(
    tracks: Sequence[Track],
    rate: int,
    form: str,
    work: Path,
    stems: Mapping[str, tuple[Path, Path]],
    options: MixdownOptions,
    by: MixPlan | MixStrategy | None,
    progress: Progress,
) -> Comparison:
    """Mix into the files: by a plan, or as a strategy plans."""
    plan = by if isinstance(by, MixPlan) else None
    layout = plan.layout if plan else options.layout
    channels = _channels(layout, form)
    longest_s = max(take.duration_s for track in tracks for take in track.takes)
    frames = round((plan.duration_s if plan else options.duration_s or longest_s) * rate)
    _allow_files(2 * len(tracks) + len(stems) + 64)
    with ExitStack() as open_files:

        def opened(path: Path, coding: str) -> Callable[[Samples], None]:
            return open_files.enter_context(open_for_writing(path, coding, channels, frames=frames, sample_rate=rate))

        mix = opened(work, form)
        parts = {name: (path, opened(part, "float")) for name, (path, part) in stems.items()}

        def write_stem(name: str, block: Samples) -> None:
            parts[name][1](block)

        chosen = {} if plan else {
            "strategy": by, "duration_s": options.duration_s, "loudness": options.loudness_lufs,
            "layout": layout, "freedom_deg": options.freedom_deg, "seed": options.seed, "sample_rate": rate,
            "locks": options.locks,
        }  # fmt: skip
        return mix_and_compare(
            tracks,
            write=mix,
            write_stem=write_stem if parts else None,
            plan=plan,
            progress=progress,
            **chosen,  # type: ignore[arg-type]  # the keys are those of MixOptions
        )


def _channels(layout: str, form: str) -> int:
    """Return how many channels a layout has. Raises UsageError where the format holds fewer."""
    spatialiser: Spatialiser = make(SPATIALISERS, layout)
    channels = spatialiser.channels
    if channels > MOST_CHANNELS[form]:
        fitting = [suffix for suffix, name in SUFFIXES.items() if channels <= MOST_CHANNELS[name]]
        raise UsageError(f"--layout {layout} has {channels} channels, too many for {form}; use {' or '.join(fitting)}")
    return channels


def _allow_files(count: int) -> None:
    """Let this process have enough files open at once, where its limit may be raised."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
