"""The whole flow of a render: picture → Scene → Cast → Arrangement → MixPlan → files."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import extender
from extender.arranging import ArrangeOptions, arrange
from extender.audio import read_audio
from extender.casting import cast
from extender.errors import InputError, SourceError
from extender.looping import played_s, unrolled
from extender.mixing import Mixing, mix_into, mixing_of
from extender.naming import safe_name
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
from extender.project import (
    VERSION,
    read_project,
    seal,
    set_by_hand,
)
from extender.remix import Remix, named_locks, named_priorities
from extender.searching import Watch, unwatched, usual_strategy
from extender.sources import DEFAULT_ORDER, make_sources
from extender.sources.base import LicencePolicy, Pick, Preference, SoundSource, SourceContext
from extender.taste import in_use
from extender.taste import write as remember
from extender.tasting import automatic_after, noticed, season, start_filters, weighted
from extender.types import Arrangement, Cast, Project, Role, Search
from extender.vision.base import PlaceTagger
from extender.vision.see import SeeOptions, see
from mixer import AudioBuffer, Meters, MixPlan, Room, Track
from mixer.threads import thread_count
from scenes import Scene, Vocabulary, load_vocabulary, room_between

LAST_RESORT = "procedural"
"""The source that needs nothing: where all others have nothing for a picture, it still gives a soundscape."""
Hour = Literal["picture", "day", "night"]
OUTPUTS = ("credits", "report")
"""What is written beside the sound and the project unless a person says otherwise."""


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """Which sounds may be used, and which are preferred; see :class:`~extender.sources.base.SourceContext`."""

    licence: LicencePolicy = "any"
    pick: Pick = "best"
    prefer: Preference = "rating"
    near: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What a person may choose; the defaults sound good.

    ``hour``: when it is, if not as the picture tells. ``near_picture``: sounds from where the picture was taken are
    preferred, if it tells. ``named``: pairs of what a thing is called and the ``SOURCE:ID`` that plays it.
    ``strategy``: None is what is usual for the duration. ``locks`` and ``priorities``: see
    :class:`~extender.remix.Remix`.
    """

    see: SeeOptions = field(default_factory=SeeOptions)
    arrange: ArrangeOptions = field(default_factory=ArrangeOptions)
    sources: tuple[str, ...] = DEFAULT_ORDER
    libraries: tuple[Path, ...] = ()
    sounds: SoundOptions = field(default_factory=SoundOptions)
    hour: Hour = "picture"
    near_picture: bool = False
    named: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = OUTPUTS
    strategy: str | None = None
    search: Search = field(default_factory=Search)
    locks: tuple[str, ...] = ()
    priorities: Mapping[str, float] = field(default_factory=dict)
    loudness_lufs: float = -20.0
    file_format: str = "wav"
    stems: bool = False
    force: bool = False

    @property
    def mixed_by(self) -> str:
        """Name of the strategy that mixes."""
        return self.strategy or usual_strategy(self.arrange.duration_s)


@dataclass(frozen=True, slots=True)
class Soundscape:
    """What a render left behind."""

    folder: Path
    mix: Path
    project: Project
    meters: Meters
    requests: Mapping[str, int] = field(default_factory=dict)
    """How many requests of which source's API it took."""


def default_output(source: Path) -> Path:
    """Return ``photo.soundscape`` beside where the person is, or the project's own folder."""
    if source.name == "project.json":
        return source.absolute().parent
    return Path(f"{safe_name(source.stem or source.name)}.soundscape")


def render_picture(
    picture: Path | None,
    output: Path,
    options: RenderOptions,
    progress: Progress = silent,
    watch: Watch = unwatched,
    tagger: PlaceTagger | None = None,
) -> Soundscape:
    """Turn a picture (or, with None, only ``options.see.scene_file``) into a soundscape folder.

    ``watch`` tells whether somebody wants a search for the mix to end with the best so far. ``tagger`` is a place model
    that is loaded already; by default the one that the options name is loaded.

    Raises
    ------
    extender.errors.ExtenderError
        One line that says what is wrong and what to do; nothing is left behind.
    """
    check_target(output, force=options.force)
    vocabulary = load_vocabulary()
    wanted, whence = _near(picture, options)
    sources = sources_of(options.sources, options.libraries, offline=options.see.offline, sounds=wanted)
    seen = see(picture, options=options.see, vocabulary=vocabulary, progress=progress, tagger=tagger)
    scene = at_hour(replace(seen.scene, notes=(*seen.scene.notes, *whence)), options.hour)
    scene, roles = cast_scene(scene, vocabulary, sources, options, progress)
    roles = with_named(scene, roles, vocabulary, options, wanted)
    scene = replace(scene, notes=(*scene.notes, *_left_out(sources, options), *said_by(sources, roles)))
    # Only now, so that a render that is killed while it fetches sounds leaves nothing beside the picture.
    with whole_folder(output, force=options.force) as folder:
        roles = gather_sounds(roles, folder)
        sounds = load_sounds(roles, folder, progress)
        progress("arranging", 0.0)
        arrangement = arrange(scene, roles, vocabulary, sounds, options.arrange)
        project = season(_project(scene, roles, arrangement, options))
        room, stage_half_deg = room_of(scene, vocabulary), stage_of(scene)
        mixing = Mixing(
            options.mixed_by, project.search, project.seed, options.loudness_lufs, room, stage_half_deg,
            locks=project.locks, start_filters=start_filters(project),
        )  # fmt: skip
        copy = save_picture(seen.pixels, folder) if seen.pixels is not None else None
        made = _finish(project, sounds, mixing, Target(folder, output, copy, options.outputs), progress, watch)
        return replace(made, requests=requests_of(sources))


def at_hour(scene: Scene, hour: Hour) -> Scene:
    """Return the scene by day or by night, whatever its picture tells."""
    return scene if hour == "picture" else replace(scene, place=replace(scene.place, night=hour == "night"))


REQUESTS_SENT = "requests that casting sent"
"""How the note begins that counts them: true of the render that cast the sounds, and not of those after it."""

Change = Callable[[Project], Role]
"""Returns one role of a project anew, with its takes where they were fetched to (absolute paths)."""
Edit = Callable[[Project, Sequence[Track]], Project]
"""Returns a project with other settings; as if a person had written them into the file."""


def render_project(
    path: Path,
    output: Path,
    *,
    force: bool = False,
    outputs: Sequence[str] = OUTPUTS,
    progress: Progress = silent,
    change: Change | None = None,
    edit: Edit | None = None,
    remix: Remix | None = None,
    watch: Watch = unwatched,
) -> Soundscape:
    """Render a project again: the same bytes if it is untouched, with a person's changes if it is not.

    ``change`` casts one role anew; it is arranged anew where and as loud as it was, and all others stay as they are.
    ``edit`` changes settings. ``remix``: all automatic settings are made anew; what a person has set or locked stays.

    Raises
    ------
    extender.errors.ExtenderError
        One line that says what is wrong and what to do; nothing is left behind.
    """
    project = read_project(path)
    check_target(output, force=force)
    origin = path.absolute().parent
    anew = change(project) if change is not None else None
    with whole_folder(output, force=force) as folder:
        kept = Cast(tuple(role for role in project.cast.roles if anew is None or role.id != anew.id))
        roles = {role.id: role for role in bring_sounds(kept, origin, folder).roles}
        if anew is not None:
            roles |= {role.id: role for role in gather_sounds(Cast((anew,)), folder).roles}
        project = replace(project, cast=replace(project.cast, roles=tuple(roles[r.id] for r in project.cast.roles)))
        sounds = load_sounds(project.cast, folder, progress)
        if anew is not None:
            project = _rearranged(project, anew.id, sounds)
        if edit is not None:
            project = edit(project, tracks_of(project.arrangement, project.cast, sounds, project.priorities))
        memory = in_use()
        learned = noticed(project, tracks_of(project.arrangement, project.cast, sounds)) if memory else None
        if remix is not None:
            project = weighted(remix(project))
        mixing = mixing_of(project, again=remix is not None)
        project = replace(project, by_hand=project.by_hand if remix is not None else set_by_hand(project))
        copy = bring_picture(origin, folder)
        made = _finish(project, sounds, mixing, Target(folder, output, copy, tuple(outputs)), progress, watch)
    if memory and learned:
        remember(memory.with_edit(learned))
    return made


def _rearranged(project: Project, role_id: str, sounds: Mapping[str, AudioBuffer]) -> Project:
    """Put one role on the timeline anew, where and as loud as it was; nothing else moves."""
    options = ArrangeOptions(project.arrangement.duration_s, project.seed, mood=project.arrangement.mood)
    anew = arrange(project.scene, project.cast, load_vocabulary(), sounds, options)
    found = {part.id: part for part in anew.parts}
    parts = tuple(
        replace(found[p.id], position=p.position, target_lufs=p.target_lufs, width=p.width) if p.id == role_id else p
        for p in project.arrangement.parts
    )
    return replace(project, arrangement=replace(project.arrangement, parts=parts))


def _near(picture: Path | None, options: RenderOptions) -> tuple[SoundOptions, tuple[str, ...]]:
    """Return where sounds are preferred from, if a person wants the picture's place to count, and what to say of it."""
    if not options.near_picture:
        return options.sounds, ()
    from extender.vision.whereabouts import whereabouts

    where = whereabouts(picture) if picture is not None else None
    if where is None:
        return options.sounds, ("the picture does not tell where it was taken, so --near has no effect",)
    note = "sounds recorded near the place where the picture was taken are preferred; the place itself is not kept"
    return replace(options.sounds, near=where), (note,)


def with_named(scene: Scene, roles: Cast, vocabulary: Vocabulary, options: RenderOptions, sounds: SoundOptions) -> Cast:
    """Give the things that a person named a sound for that sound."""
    if not options.named:
        return roles
    from extender.recast import named_role, roles_called

    context = source_context(options.libraries, offline=options.see.offline, sounds=sounds)
    for label, named in options.named:
        for role in roles_called(label, scene, roles):
            anew = named_role(role, named, vocabulary, context, seed=options.arrange.seed, heard=False)
            roles = replace(roles, roles=tuple(anew if r.id == role.id else r for r in roles.roles))
    return roles


def said_by(sources: Sequence[SoundSource], roles: Cast) -> tuple[str, ...]:
    """Return what is to be told of the sources: what stood in the way, the terms of those that play, the requests."""
    playing = {take.source for role in roles.roles for take in role.takes}
    told = [f"{source.name}: {note}" for source in sources for note in getattr(source, "notes", ())]
    told += [f"{s.name}: {terms}" for s in sources if s.name in playing and (terms := str(getattr(s, "terms", "")))]
    asked = [f"{count} of {name}" for name, count in requests_of(sources).items() if count]
    return tuple(dict.fromkeys((*told, *([f"{REQUESTS_SENT}: {', '.join(asked)}"] if asked else []))))


def _left_out(sources: Sequence[SoundSource], options: RenderOptions) -> tuple[str, ...]:
    """Say that recordings from the network could have been had, where there is none."""
    there = {source.name for source in sources}
    if options.see.offline or "openverse" in there or "openverse" not in options.sources or "freesound" in there:
        return ()
    return ("there is no network, so no recordings from Freesound or Openverse were looked for",)


def requests_of(sources: Sequence[SoundSource]) -> Mapping[str, int]:
    """Return how many requests were sent to each source's API; only those that have one."""
    return {s.name: int(s.api_requests) for s in sources if hasattr(s, "api_requests")}


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


def source_context(libraries: Sequence[Path], *, offline: bool, sounds: SoundOptions | None = None) -> SourceContext:
    """Return what sources are made with."""
    wanted = sounds or SoundOptions()
    return SourceContext(
        writable_cache(),
        tuple(libraries),
        offline,
        licence=wanted.licence,
        pick=wanted.pick,
        prefer=wanted.prefer,
        near=wanted.near,
    )


def sources_of(
    names: Sequence[str], libraries: Sequence[Path], *, offline: bool, sounds: SoundOptions | None = None
) -> Sequence[SoundSource]:
    """Make the named sound sources, in order."""
    return make_sources(names, source_context(libraries, offline=offline, sounds=sounds))


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
    with ThreadPoolExecutor(max_workers=thread_count()) as pool:
        decoded: dict[str, AudioBuffer] = {}
        for number, audio in enumerate(pool.map(lambda file: read_audio(folder / file), files), 1):
            decoded[files[number - 1]] = audio
            progress("loading sounds", number / len(files))
    return decoded


def room_of(scene: Scene, vocabulary: Vocabulary) -> Room | None:
    """Return the room that a place has, or between those of plausible places; None in the open."""
    size_m, damping = room_between(scene.place, vocabulary)
    return Room(size_m, damping) if damping < 1.0 else None


def stage_of(scene: Scene) -> float:
    """Return the azimuth of a loudspeaker: the picture's edges are the stage's edges; of a panorama, the sides."""
    if scene.picture is None:
        return 32.5
    return min(90.0, max(5.0, scene.picture.hfov_deg / 2))


def tracks_of(
    arrangement: Arrangement,
    roles: Cast,
    sounds: Mapping[str, AudioBuffer],
    priorities: Mapping[str, float] = MappingProxyType({}),
) -> Sequence[Track]:
    """Join the timeline and the sounds into what the mixer takes."""
    takes = {role.id: tuple(sounds[take.file] for take in role.takes) for role in roles.roles}
    return [
        Track(
            p.id, takes[p.id], unrolled(p.clips, arrangement), p.position, p.target_lufs, p.width,
            priorities.get(p.id, 0.5),
        )
        for p in arrangement.parts
    ]  # fmt: skip


def _project(scene: Scene, roles: Cast, arrangement: Arrangement, options: RenderOptions) -> Project:
    return Project(
        version=VERSION,
        generator=f"image-extender {extender.__version__}",
        seed=options.arrange.seed,
        format=options.file_format,  # type: ignore[arg-type]  # checked by the command line
        stems=options.stems,
        scene=scene,
        cast=roles,
        arrangement=arrangement,
        plan=MixPlan(options.mixed_by, played_s(arrangement), ()),
        made={},
        search=options.search,
        locks=named_locks(options.locks, scene, roles),
        priorities=named_priorities(options.priorities, scene, roles),
    )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a render goes: the unfinished folder, the name it will have, the copy of the picture, what is written."""

    folder: Path
    output: Path
    picture: Path | None
    outputs: tuple[str, ...]


def _finish(
    project: Project,
    sounds: Mapping[str, AudioBuffer],
    mixing: Mixing,
    target: Target,
    progress: Progress,
    watch: Watch,
) -> Soundscape:
    """Mix, then write everything that goes beside the sound."""
    tracks = tracks_of(project.arrangement, project.cast, sounds, project.priorities)
    if not tracks:
        raise InputError("the project has no part that sounds")
    stem_ids = tuple(t.id for t in tracks) if project.stems else ()
    with MixFiles(target.folder, project.format, stem_ids, duration_s=project.arrangement.duration_s) as files:
        plan, meters = mix_into(tracks, mixing, project.arrangement, files, progress, watch)
    followed = [s.id for s in plan.tracks] if mixing.plan else list(mixing.fixed)
    project = seal(replace(project, plan=plan, automatic=automatic_after(project, plan, followed)))
    write_project(project, target.folder)
    rendered = Rendered(target.folder, project, meters, files.mix, target.picture)
    write_outputs(rendered, target.outputs, progress)
    return Soundscape(target.output, target.output / files.mix.name, project, meters)
