"""The whole flow of a render: picture → Scene → Cast → Arrangement → MixPlan → files."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import extender
from extender.arranging import ArrangeOptions, arrange
from extender.audio import read_audio
from extender.casting import cast
from extender.errors import InputError, SourceError
from extender.output.base import Rendered
from extender.output.soundscape import (
    MixFiles,
    bring_picture,
    bring_sounds,
    gather_sounds,
    save_picture,
    write_outputs,
    write_project,
)
from extender.output.workspace import check_target, whole_folder
from extender.progress import Progress, silent
from extender.project import changed_by_hand, kept_settings, read_project, seal
from extender.sources import make_sources
from extender.sources.base import SoundSource, SourceContext
from extender.types import Arrangement, Cast, Project
from extender.vision.see import SeeOptions, see
from mixer import AudioBuffer, Meters, MixPlan, Room, Track, TrackSettings, mix_to
from scenes import Scene, Vocabulary, load_vocabulary

LAST_RESORT = "procedural"
"""The source that needs nothing: where all others have nothing for a picture, it still gives a soundscape."""
OUTPUTS = ("credits", "report")
"""What is written beside the sound and the project unless a person says otherwise."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What a person may choose; the defaults sound good."""

    see: SeeOptions = field(default_factory=SeeOptions)
    arrange: ArrangeOptions = field(default_factory=ArrangeOptions)
    sources: tuple[str, ...] = ("folder", "procedural")
    libraries: tuple[Path, ...] = ()
    outputs: tuple[str, ...] = OUTPUTS
    strategy: str = "balanced"
    loudness_lufs: float = -20.0
    file_format: str = "wav"
    stems: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Soundscape:
    """What a render left behind."""

    folder: Path
    mix: Path
    project: Project
    meters: Meters


def default_output(source: Path) -> Path:
    """Return ``photo.soundscape`` beside where the person is, or the project's own folder."""
    return (
        source.absolute().parent if source.name == "project.json" else Path(f"{source.stem or source.name}.soundscape")
    )


def render_picture(
    picture: Path | None, output: Path, options: RenderOptions, progress: Progress = silent
) -> Soundscape:
    """Turn a picture (or, with None, only ``options.see.scene_file``) into a soundscape folder.

    Raises
    ------
    extender.errors.ExtenderError
        One line that says what is wrong and what to do; nothing is left behind.
    """
    check_target(output, force=options.force)
    vocabulary = load_vocabulary()
    sources = sources_of(options.sources, options.libraries, offline=options.see.offline)
    seen = see(picture, options=options.see, vocabulary=vocabulary, progress=progress)
    with whole_folder(output, force=options.force) as folder:
        scene, roles = cast_scene(seen.scene, vocabulary, sources, options, progress)
        roles = gather_sounds(roles, folder)
        sounds = load_sounds(roles, folder, progress)
        progress("arranging", 0.0)
        arrangement = arrange(scene, roles, vocabulary, sounds, options.arrange)
        mixing = Mixing(options.strategy, options.loudness_lufs, room_of(scene, vocabulary), stage_of(scene))
        project = _project(scene, roles, arrangement, options)
        copy = save_picture(seen.pixels, folder) if seen.pixels is not None else None
        return _finish(project, sounds, mixing, Target(folder, output, copy, options.outputs), progress)


def render_project(
    path: Path, output: Path, *, force: bool = False, outputs: Sequence[str] = OUTPUTS, progress: Progress = silent
) -> Soundscape:
    """Render a project again: the same bytes if it is untouched, with a person's changes if it is not.

    Raises
    ------
    extender.errors.ExtenderError
        One line that says what is wrong and what to do; nothing is left behind.
    """
    project = read_project(path)
    check_target(output, force=force)
    origin = path.absolute().parent
    with whole_folder(output, force=force) as folder:
        project = replace(project, cast=bring_sounds(project.cast, origin, folder))
        sounds = load_sounds(project.cast, folder, progress)
        copy = bring_picture(origin, folder)
        return _finish(project, sounds, _mixing_of(project), Target(folder, output, copy, tuple(outputs)), progress)


def cache_folder() -> Path:
    """Return where things are kept that can be had again: ``$EXTENDER_CACHE``, else the user's cache."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("EXTENDER_CACHE") or user_cache_path("image-extender"))


def writable_cache() -> Path:
    """Return the cache folder, or, where it cannot be written, one for this process alone."""
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except OSError:
        own = Path(tempfile.mkdtemp(prefix="image-extender-"))
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return own


def sources_of(names: Sequence[str], libraries: Sequence[Path], *, offline: bool) -> Sequence[SoundSource]:
    """Make the named sound sources, in order."""
    return make_sources(names, SourceContext(writable_cache(), tuple(libraries), offline))


def cast_scene(
    scene: Scene,
    vocabulary: Vocabulary,
    sources: Sequence[SoundSource],
    options: RenderOptions,
    progress: Progress,
) -> tuple[Scene, Cast]:
    """Cast a scene; if the chosen sources have nothing at all for it, synthesise it and note that in the scene."""

    def found_in(these: Sequence[SoundSource]) -> Cast:
        seed, most = options.arrange.seed, options.see.max_sounds
        return cast(scene, vocabulary, these, seed=seed, max_sounds=most, progress=progress)

    try:
        return scene, found_in(sources)
    except SourceError:
        if LAST_RESORT in options.sources:
            raise
    note = f"nothing in {', '.join(options.sources)} fits this picture, so all its sounds are synthesised"
    noted = replace(scene, notes=(*scene.notes, note))
    return noted, found_in(sources_of((LAST_RESORT,), (), offline=True))


def load_sounds(roles: Cast, folder: Path, progress: Progress = silent) -> Mapping[str, AudioBuffer]:
    """Decode every take once. Keys are SoundAsset.file. Raises InputError for what does not decode."""
    files = list(dict.fromkeys(take.file for role in roles.roles for take in role.takes))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        decoded: dict[str, AudioBuffer] = {}
        for number, audio in enumerate(pool.map(lambda file: read_audio(folder / file), files), 1):
            decoded[files[number - 1]] = audio
            progress("loading sounds", number / len(files))
    return decoded


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the tracks are to be mixed; with ``plan`` to the letter, else anew around what is fixed."""

    strategy: str
    loudness_lufs: float
    room: Room | None
    stage_half_deg: float
    ceiling_dbtp: float = -1.0
    plan: MixPlan | None = None
    fixed: Mapping[str, TrackSettings] = field(default_factory=dict)
    bus_gain_db: float | None = None


def _mixing_of(project: Project) -> Mixing:
    """Follow an untouched plan to the letter; otherwise plan anew, keeping all that a person has set."""
    plan = project.plan
    mixing = Mixing(plan.strategy, plan.bus.loudness_lufs, plan.room, plan.stage_half_deg, plan.bus.ceiling_dbtp)
    touched = changed_by_hand(project)
    if not touched:
        return replace(mixing, plan=plan)
    by_hand = plan.bus.gain_db if "bus/gain_db" in touched else None
    return replace(mixing, fixed=kept_settings(project), bus_gain_db=by_hand)


def room_of(scene: Scene, vocabulary: Vocabulary) -> Room | None:
    """Return the room that a place has; None in the open."""
    place = vocabulary.find_place(scene.place.label)
    if place is None:
        place = vocabulary.find_place("indoor" if scene.place.indoor else "outdoor")
    return Room(place.room_size_m, place.damping) if place and place.damping < 1.0 else None


def stage_of(scene: Scene) -> float:
    """Return the azimuth of a loudspeaker: the picture's edges are the stage's edges; of a panorama, the sides."""
    if scene.picture is None:
        return 32.5
    return min(90.0, max(5.0, scene.picture.hfov_deg / 2))


def tracks_of(arrangement: Arrangement, roles: Cast, sounds: Mapping[str, AudioBuffer]) -> Sequence[Track]:
    """Join the timeline and the sounds into what the mixer takes."""
    takes = {role.id: tuple(sounds[take.file] for take in role.takes) for role in roles.roles}
    return [
        Track(p.id, takes[p.id], p.clips, p.position, p.target_lufs, p.width) for p in arrangement.parts
    ]  # fmt: skip


def _project(scene: Scene, roles: Cast, arrangement: Arrangement, options: RenderOptions) -> Project:
    return Project(
        version=1,
        generator=f"image-extender {extender.__version__}",
        seed=options.arrange.seed,
        format=options.file_format,  # type: ignore[arg-type]  # checked by the command line
        stems=options.stems,
        scene=scene,
        cast=roles,
        arrangement=arrangement,
        plan=MixPlan(options.strategy, arrangement.duration_s, ()),
        made={},
    )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a render goes: the unfinished folder, the name it will have, the copy of the picture, what is written."""

    folder: Path
    output: Path
    picture: Path | None
    outputs: tuple[str, ...]


def _finish(
    project: Project, sounds: Mapping[str, AudioBuffer], mixing: Mixing, target: Target, progress: Progress
) -> Soundscape:
    """Mix, then write everything that goes beside the sound."""
    tracks = tracks_of(project.arrangement, project.cast, sounds)
    if not tracks:
        raise InputError("the project has no part that sounds")
    stem_ids = tuple(t.id for t in tracks) if project.stems else ()
    with MixFiles(target.folder, project.format, stem_ids, duration_s=project.arrangement.duration_s) as files:
        plan, meters = _mix(tracks, mixing, project.arrangement.duration_s, files, progress)
    project = seal(replace(project, plan=plan))
    write_project(project, target.folder)
    rendered = Rendered(target.folder, project, meters, files.mix, target.picture)
    write_outputs(rendered, target.outputs, progress)
    return Soundscape(target.output, target.output / files.mix.name, project, meters)


def _mix(
    tracks: Sequence[Track], mixing: Mixing, duration_s: float, files: MixFiles, progress: Progress
) -> tuple[MixPlan, Meters]:
    """Plan, unless there is a plan to be followed, and write the mix and its stems."""
    return mix_to(
        tracks,
        plan=mixing.plan,
        write=files.write,
        write_stem=files.write_stem if files.has_stems else None,
        progress=progress,
        strategy=mixing.strategy,
        duration_s=duration_s,
        room=mixing.room,
        stage_half_deg=mixing.stage_half_deg,
        loudness_lufs=mixing.loudness_lufs,
        ceiling_dbtp=mixing.ceiling_dbtp,
        fixed=mixing.fixed,
        bus_gain_db=mixing.bus_gain_db,
    )
