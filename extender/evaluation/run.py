"""The whole flow of an evaluation: scenes → mixes → measurements → tables, a page, a listening test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from extender.evaluation.measuring import Stopped, Wanted, measure_manual, measure_system
from extender.evaluation.scenes import Found, Scene, find_scenes
from extender.evaluation.store import Entry, SceneResult, Store, in_order, key_of, with_entry
from extender.evaluation.systems import FLAT, MANUAL, System
from extender.evaluation.table import Report, as_csv, as_json, report_of
from extender.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What a person may choose.

    ``scenes``: only the first so many. ``longest_s``: only the beginning of each. ``trials``: how many scenes the
    listening test has. ``force``: measure all again.
    """

    systems: tuple[System, ...]
    wanted: Wanted = field(default_factory=Wanted)
    scenes: int | None = None
    longest_s: float | None = None
    trials: int = 8
    force: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation left behind."""

    folder: Path
    report: Report
    files: tuple[Path, ...]
    again: int
    """Mixes that were not measured again, for they were known."""


def evaluate(
    folder: Path, output: Path, options: EvaluateOptions, progress: Progress = silent, stopped: Stopped = lambda: False
) -> Evaluation:
    """Mix and measure all scenes of a folder, and write what came of it.

    What was measured is kept at once: after an interruption the same call goes on where it was.

    Raises
    ------
    extender.errors.ExtenderError, mixer.MixerError
        One line that says what is wrong and what to do.
    """
    from extender.evaluation.page import evaluation_page
    from extender.evaluation.trial import listening_test

    scenes = find_scenes(folder)[: options.scenes]
    store = Store(output)
    results, again = [], 0
    for number, found in enumerate(scenes):

        def tell(stage: str, fraction: float, number: int = number, name: str = found.name) -> None:
            progress(f"{name}: {stage}", (number + fraction) / len(scenes))

        result, known = _scene(found, store, options, tell, stopped)
        results.append(result)
        again += known
    names = ((MANUAL,) if any(MANUAL in result.entries for result in results) else ()) + tuple(
        system.name for system in options.systems
    )
    report = report_of(results, names, options.systems, options.wanted)
    files = [store.write("evaluation.json", as_json(report)), store.write("evaluation.csv", as_csv(report))]
    if options.wanted.sounds and options.trials:
        test = listening_test(results, names, store.folder, options.wanted.seed, scenes=options.trials)
        if test is not None:
            files += [store.write("listen.html", test.page), store.write("listen-key.json", test.key)]
    files.append(
        store.write("evaluation.html", evaluation_page(report, listens=any(f.name == "listen.html" for f in files)))
    )
    return Evaluation(output, report, tuple(files), again)


def _scene(
    found: Found, store: Store, options: EvaluateOptions, progress: Progress, stopped: Stopped
) -> tuple[SceneResult, int]:
    """Return all mixes of a scene, and how many of them were known."""
    progress("reading", 0.0)
    digest = found.digest()
    named: list[tuple[str, System | None]] = [(system.name, system) for system in options.systems]
    keys = {name: key_of(digest, system, options.wanted, options.longest_s) for name, system in named}
    manual = key_of(digest, None, options.wanted, options.longest_s)
    kept = None if options.force else store.kept(found)
    known = in_order(kept, {MANUAL: manual, **keys}) if kept else None
    if known and options.wanted.sounds:
        known = in_order(known, {n: e.key for n, e in known.entries.items() if store.has_sound(e)})
    if known and set(keys) <= set(known.entries):
        return known, len(known.entries)
    scene = found.load(longest_s=options.longest_s)
    result = known or SceneResult(found.name, tuple(track.id for track in scene.tracks), scene.duration_s)
    count = len(result.entries)
    if scene.manual or scene.manual_stems:
        named.append((MANUAL, None))
        keys[MANUAL] = manual
    for number, (name, system) in enumerate(named):
        if name in result.entries:
            continue
        progress(name, number / len(named))
        result = _mix(found, scene, store, options, result, name, system, keys[name], stopped)
    return in_order(result, {name: keys[name] for name in (MANUAL, *keys) if name in keys}), count


def _mix(
    found: Found,
    scene: Scene,
    store: Store,
    options: EvaluateOptions,
    result: SceneResult,
    name: str,
    system: System | None,
    key: str,
    stopped: Stopped,
) -> SceneResult:
    """Return the result with one more mix, which is kept at once."""
    flat = result.entries.get(FLAT)
    start_s = flat.sound.start_s if flat and flat.sound else None
    if system is None:
        measured, heard = measure_manual(scene, options.wanted, start_s)
    else:
        measured, heard = measure_system(scene, system, options.wanted, start_s, stopped)
    sound = store.keep_sound(found, name, heard) if heard else None
    result = with_entry(result, name, Entry(key, measured, sound))
    store.keep(found, result)
    return result
