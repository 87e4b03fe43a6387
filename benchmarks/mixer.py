"""How fast the mixer is, against the least that reading and writing cost, and against its peers. Prints JSON lines.

Run from the root of the repository: ``python -m benchmarks.mixer [--tracks 8 32 128] [--repeat 5] [--only mix …]``.

Files are 24-bit WAV, 48 kHz, mono: noise, and bursts with silence between. ``mix`` is six second-order sections,
compressor, gain and pan on each track, read from the files and written to a 24-bit stereo file; ``floor`` reads with
libsndfile, pans, sums and writes, two threads, everything allocated beforehand. Ours and its rivals take turns in one
process, warmed up; figures are medians (of ``--ffmpeg-repeat`` runs for ffmpeg, if that is given). Peers that are not
installed are left out; they do what is nearest to the same (compressors differ) and are anchors of cost, not quality.
pedalboard is GPL and is for benchmarks only.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import importlib
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import mixer
from benchmarks.common import ROOT, emit, measure

RATE = 48_000
EQ = (
    (75.0, 3.0, 1.0),
    (100.0, -2.0, 0.6),
    (250.0, -3.0, 0.7),
    (750.0, 2.0, 1.0),
    (2_500.0, -2.0, 1.0),
    (7_500.0, 3.0, 0.7),
)
"""Hz, dB, Q."""
GAIN_DB, THRESHOLD_DB, RATIO, ATTACK_S, RELEASE_S = -18.0, -24.0, 3.0, 0.005, 0.1

Work = Callable[[], object]


def make_files(folder: Path, tracks: int, seconds: float) -> list[Path]:
    """Write the recordings."""
    n = np.arange(round(seconds * RATE))
    paths = [folder / f"{number:03}.wav" for number in range(tracks)]
    for number, path in enumerate(paths):
        sound = np.random.default_rng(number).standard_normal(len(n), np.float32) * np.float32(0.05)
        if number % 2:
            sound *= (np.exp(-6.0 * (n / RATE % 2.3)) * (n / RATE % 2.3 < 0.8)).astype(np.float32)
        soundfile.write(path, sound, RATE, subtype="PCM_24")
    return paths


def azimuth_deg(number: int) -> float:
    """Return where a track stands."""
    return -40.0 + 80.0 * (number * 0.618 % 1.0)


def gains(number: int) -> tuple[float, float]:
    """Return what left and right get of a track."""
    from mixer.spatial import pan_gains, pan_position

    left, right = pan_gains(pan_position(azimuth_deg(number), 45.0))
    return float(left), float(right)


def the_plan(tracks: int, seconds: float) -> mixer.MixPlan:
    """Return the plan that ours follows."""
    filters = tuple(mixer.Filter("peak", hertz, gain_db, q) for hertz, gain_db, q in EQ)
    compressor = mixer.Compressor(THRESHOLD_DB, RATIO, attack_s=ATTACK_S, release_s=RELEASE_S)
    settings = tuple(
        mixer.TrackSettings(
            str(n), GAIN_DB, azimuth_deg=azimuth_deg(n), filters=filters, compressor=compressor
        ) for n in range(tracks)
    )  # fmt: skip
    return mixer.MixPlan("benchmark", seconds, settings)


def tracks_of(paths: Sequence[Path]) -> list[mixer.Track]:
    """Return the files as tracks."""
    return [mixer.Track(str(n), (mixer.AudioFile(path),)) for n, path in enumerate(paths)]


def ours(paths: Sequence[Path], seconds: float) -> None:
    """Render the plan from files to a file; measure the mix."""
    with soundfile.SoundFile(paths[0].parent / "ours.wav", "w", RATE, 2, "PCM_24") as file:
        mixer.mix_to(tracks_of(paths), plan=the_plan(len(paths), seconds), write=lambda block: file.write(block.T))


def in_two_threads(paths: Sequence[Path], work: Callable[[int, Path, np.ndarray[Any, Any]], None], frames: int) -> None:
    """Let each of two threads do its half of the tracks into a sum of its own; write the whole."""
    totals = np.zeros((2, 2, frames), np.float32)

    def half(thread: int) -> None:
        for number in range(thread, len(paths), 2):
            work(number, paths[number], totals[thread])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(half, range(2)))
    totals[0] += totals[1]
    soundfile.write(paths[0].parent / "peer.wav", totals[0].T, RATE, subtype="PCM_24")


def floor(paths: Sequence[Path], frames: int) -> Work:
    """Return what reads, pans, sums and writes."""
    from mixer.lanes import add_panned

    buffers = np.empty((2, frames), np.float32)

    def add(number: int, path: Path, total: np.ndarray[Any, Any]) -> None:
        buffer = buffers[number % 2]
        soundfile.read(path, out=buffer)
        add_panned(total, buffer, np.array(gains(number), np.float32))

    return lambda: in_two_threads(paths, add, frames)


def pedalboard(paths: Sequence[Path], frames: int) -> Work:
    """Return the same chain by pedalboard."""
    board: Any = importlib.import_module("pedalboard")

    from mixer.lanes import add_panned

    def add(number: int, path: Path, total: np.ndarray[Any, Any]) -> None:
        chain = board.Pedalboard([
            *(board.PeakFilter(hertz, gain_db, q) for hertz, gain_db, q in EQ),
            board.Compressor(THRESHOLD_DB, RATIO, 1_000 * ATTACK_S, 1_000 * RELEASE_S), board.Gain(GAIN_DB),
        ])  # fmt: skip
        sound = chain(soundfile.read(path, dtype="float32")[0], RATE)
        add_panned(total, sound, np.array(gains(number), np.float32))

    return lambda: in_two_threads(paths, add, frames)


def ffmpeg(paths: Sequence[Path]) -> Work:
    """Return the same chain by ffmpeg."""
    bands = ",".join(f"equalizer=f={hertz:g}:t=q:w={q:g}:g={gain_db:g}" for hertz, gain_db, q in EQ)
    dynamics = f"acompressor=threshold={THRESHOLD_DB}dB:ratio={RATIO}:attack={1e3 * ATTACK_S}:release={1e3 * RELEASE_S}"
    chains = []
    for number in range(len(paths)):
        left, right = gains(number)
        pan = f"pan=stereo|c0={left:.6f}*c0|c1={right:.6f}*c0"
        chains.append(f"[{number}:a]{bands},{dynamics},volume={GAIN_DB}dB,{pan}[t{number}]")
    joined = "".join(f"[t{n}]" for n in range(len(paths)))
    graph = ";".join([*chains, f"{joined}amix=inputs={len(paths)}:normalize=0[m]"])
    inputs = [part for path in paths for part in ("-i", str(path))]
    command = [
        shutil.which("ffmpeg") or "ffmpeg", "-v", "error", "-nostdin", "-y", *inputs, "-filter_complex", graph,
        "-map", "[m]", "-c:a", "pcm_s24le", str(paths[0].parent / "peer.wav"),
    ]  # fmt: skip
    return lambda: subprocess.run(command, check=True, capture_output=True)


def in_turn(works: dict[str, Work], repeat: int, **fewer: int | None) -> dict[str, float]:
    """Run each once to warm up, then all in turn; return the medians in seconds. Some may run fewer times."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(repeat):
        for name, work in works.items():
            if number >= (fewer.get(name) or repeat):
                continue
            begin = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in times.items()}


def mix(
    folder: Path, tracks: int, seconds: float, repeat: int, ffmpeg_repeat: int | None = None
) -> Iterator[dict[str, Any]]:
    """Mix by ours, the floor, pedalboard and ffmpeg."""
    paths = make_files(folder, tracks, seconds)
    frames = round(seconds * RATE)
    works: dict[str, Work] = {"floor": floor(paths, frames), "ours": lambda: ours(paths, seconds)}
    if importlib.util.find_spec("pedalboard"):
        works["pedalboard"] = pedalboard(paths, frames)
    if shutil.which("ffmpeg"):
        works["ffmpeg"] = ffmpeg(paths)
    times = in_turn(works, repeat, ffmpeg=ffmpeg_repeat)
    yield {"benchmark": "mix", "tracks": tracks, **ratios(times)}


def ratios(times: dict[str, float]) -> dict[str, float]:
    """Return seconds of all, and how the others compare: above 1, ours is faster (but for the floor)."""
    figures = {f"{name}_s": round(value, 3) for name, value in times.items()}
    if "floor" in times:
        figures["ours_to_floor"] = round(times["ours"] / times["floor"], 2)
    rivals = [name for name in times if name not in ("ours", "floor")]
    return figures | {f"{name}_to_ours": round(times[name] / times["ours"], 2) for name in rivals}


def loudness(folder: Path, tracks: int, seconds: float, repeat: int) -> Iterator[dict[str, Any]]:
    """Integrated loudness of every file, read from it: two threads, but pyloudnorm, which holds the interpreter."""
    from mixer.loudness import integrated_loudness

    paths = make_files(folder, tracks, seconds)
    works: dict[str, Work] = {"ours": lambda: threaded(lambda path: integrated_loudness(mixer.AudioFile(path)), paths)}
    if library := ctypes.util.find_library("ebur128"):
        peer = libebur128(ctypes.CDLL(library))
        works["libebur128"] = lambda: threaded(peer, paths)
    if importlib.util.find_spec("pyloudnorm"):
        import pyloudnorm  # type: ignore[import-untyped, unused-ignore]

        meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
        works["pyloudnorm"] = lambda: [meter.integrated_loudness(soundfile.read(path)[0]) for path in paths]
    yield {"benchmark": "loudness", "tracks": tracks, **ratios(in_turn(works, repeat))}


def threaded(work: Callable[[Path], object], paths: Sequence[Path]) -> list[object]:
    """Do something with each file, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, paths))


def libebur128(library: ctypes.CDLL) -> Callable[[Path], float]:
    """Return a function that measures a file with the reference meter (mode I, values from ebur128.h)."""
    library.ebur128_init.restype = ctypes.c_void_p
    library.ebur128_init.argtypes = (ctypes.c_uint, ctypes.c_ulong, ctypes.c_int)
    library.ebur128_add_frames_float.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    library.ebur128_loudness_global.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_double))
    library.ebur128_destroy.argtypes = (ctypes.POINTER(ctypes.c_void_p),)

    def measured(path: Path) -> float:
        sound = np.ascontiguousarray(soundfile.read(path, dtype="float32")[0])
        state = ctypes.c_void_p(library.ebur128_init(1, RATE, 5))
        library.ebur128_add_frames_float(state, sound.ctypes.data, len(sound))
        result = ctypes.c_double()
        library.ebur128_loudness_global(state, ctypes.byref(result))
        library.ebur128_destroy(ctypes.byref(state))
        return result.value

    return measured


def masking(folder: Path, tracks: int, seconds: float, repeat: int) -> Iterator[dict[str, Any]]:
    """The whole masking analysis: every pair, every band, and each against the rest."""
    from mixer.masking import analyse_session

    made = tracks_of(make_files(folder, tracks, seconds))
    settings = [mixer.TrackSettings(str(n), 0.0, azimuth_deg=azimuth_deg(n)) for n in range(tracks)]

    def analyse() -> None:
        with mixer.MixSession(made, duration_s=seconds) as session:
            analyse_session(session, settings)

    yield {"benchmark": "masking", "tracks": tracks, **ratios(in_turn({"ours": analyse}, repeat))}


def impulse(folder: Path, tracks: int, seconds: float, repeat: int) -> Iterator[dict[str, Any]]:
    """The denormal trap: an impulse and then silence, against noise all the time."""
    frames = round(seconds * RATE)
    kinds = {}
    for kind in ("noise", "impulse"):
        (folder / kind).mkdir()
        paths = []
        for number in range(tracks):
            sound = np.random.default_rng(number).standard_normal(frames, np.float32) * np.float32(0.05)
            if kind == "impulse":
                sound = np.zeros(frames, np.float32)
                sound[RATE // 2] = 0.9
            paths.append(folder / kind / f"{number:03}.wav")
            soundfile.write(paths[-1], sound, RATE, subtype="PCM_24")
        kinds[kind] = paths
    times = in_turn({kind: lambda paths=paths: ours(paths, seconds) for kind, paths in kinds.items()}, repeat)  # type: ignore[misc]
    figures = {f"{kind}_s": round(value, 3) for kind, value in times.items()}
    ratio = round(times["impulse"] / times["noise"], 2)
    yield {"benchmark": "impulse", "tracks": tracks, **figures, "impulse_to_noise": ratio}


def memory(folder: Path, tracks: int, seconds: float, repeat: int) -> Iterator[dict[str, Any]]:
    """Peak memory of a process of its own, for the length given and ten times that."""
    del repeat
    for length in (seconds, 10.0 * seconds):
        path = make_files(folder, 1, length)[0]
        command = [sys.executable, "-m", "benchmarks.mixer", "--render", str(path), str(tracks), str(length)]
        run = measure(command, cwd=ROOT)
        if run.code:
            raise SystemExit(run.err)
        yield {
            "benchmark": "memory", "tracks": tracks, "length_s": length, "peak_mb": round(run.peak_mb),
            "seconds": round(run.seconds, 2),
        }  # fmt: skip


KINDS = {
    "mix": (mix, (8, 32, 128)), "loudness": (loudness, (8, 32, 128)), "masking": (masking, (32, 128)),
    "impulse": (impulse, (8,)), "memory": (memory, (32,)),
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, nargs="+", help="instead of each benchmark's own numbers")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--ffmpeg-repeat", type=int, help="fewer runs of ffmpeg, which takes minutes for many tracks")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--work", nargs=2, metavar=("KIND", "TRACKS"), help=argparse.SUPPRESS)
    parser.add_argument("--render", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.render:
        path, tracks, seconds = options.render
        ours([Path(path)] * int(tracks), float(seconds))
    elif options.work:
        with tempfile.TemporaryDirectory() as name:
            kind, tracks = options.work
            fewer = {"ffmpeg_repeat": options.ffmpeg_repeat} if kind == "mix" else {}
            for figures in KINDS[kind][0](Path(name), int(tracks), options.seconds, options.repeat, **fewer):
                print(json.dumps(figures), flush=True)
    else:
        for kind in options.only:
            for tracks in options.tracks or KINDS[kind][1]:
                show(kind, tracks, options.seconds, options.repeat, options.ffmpeg_repeat)


def show(kind: str, tracks: int, seconds: float, repeat: int, ffmpeg_repeat: int | None) -> None:
    """Measure one thing in a fresh process and print it with its peak memory."""
    command = [
        sys.executable, "-m", "benchmarks.mixer", "--work", kind, str(tracks), "--seconds", str(seconds),
        "--repeat", str(repeat), *(["--ffmpeg-repeat", str(ffmpeg_repeat)] if ffmpeg_repeat else []),
    ]  # fmt: skip
    run = measure(command, cwd=ROOT)
    if run.code:
        raise SystemExit(run.err)
    for line in run.out.splitlines():
        figures = json.loads(line)
        emit(
            **figures,
            seconds_of_audio=seconds,
            repeat=repeat,
            **({} if "peak_mb" in figures else {"process_peak_mb": round(run.peak_mb)}),
        )


if __name__ == "__main__":
    main()
