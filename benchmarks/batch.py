"""How fast a batch is, how well workers share the machine, and whether anything is lost when processes are killed.

    python -m benchmarks.batch make --data PHOTOS --to FOLDER [--count 200]     # pictures: photographs with changes
    python -m benchmarks.batch speed --pictures FOLDER [-- OPTION …]            # 1 and 2 workers, --cluster, plain loop
        # --ways worker-on-all-cores: a single worker that is not bound to one core, as the others' measure is
    python -m benchmarks.batch kill --pictures FOLDER --times 20 [-- OPTION …]  # kill -9 at random, then compare

One JSON line for each run. Options after ``--`` are those of ``extender render``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import emit
from models import sha256_of

EXTENDER = [sys.executable, "-c", "from extender.cli import main; main()"]


def make(data: Path, to: Path, count: int) -> None:
    """Write pictures: each photograph as it is, then turned, cut, brighter, smaller, always by the same rule."""
    from PIL import Image, ImageEnhance, ImageOps

    photos = sorted(data.glob("*.jpg"))
    to.mkdir(parents=True)
    for number in range(count):
        photo, turn = photos[number % len(photos)], number // len(photos)
        with Image.open(photo) as image:
            picture = image.convert("RGB")
        if turn % 2:
            picture = ImageOps.mirror(picture)
        if turn >= 2:
            edge = 4 * turn
            picture = picture.crop((edge, edge, picture.width - edge, picture.height - edge))
            picture = ImageEnhance.Brightness(picture).enhance(1.0 + 0.05 * turn)
        folder = to / f"set-{turn}"
        folder.mkdir(exist_ok=True)
        picture.save(folder / photo.name, "JPEG", quality=90)


def digests(output: Path) -> dict[str, str]:
    """Return what was made."""
    return {str(p.relative_to(output)): sha256_of(p) for p in sorted(output.glob("**/soundscape.*")) if p.is_file()}


def peak_mb(pid: int) -> float:
    """Return the largest resident memory so far of a process, Linux."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0.0


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text("ascii").split()]
        except OSError:
            continue
        found += [below for child in children for below in (child, *descendants(child))]
    return found


def watched(command: Sequence[str]) -> tuple[float, float, dict[str, object]]:
    """Run a batch; return its seconds, the most memory of any process, and its summary."""
    begun, most = time.perf_counter(), 0.0
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if '"ended"' in line:
                most = max([most, *(peak_mb(pid) for pid in descendants(process.pid))])
    return time.perf_counter() - begun, most, json.loads(lines[-1])


LOOP = """
import sys, time
from pathlib import Path
from dataclasses import replace
from extender.cli.batch import jobs_of, split
from extender.batch.worker import tools_for
from extender.pipeline import render_picture
names, said = split(sys.argv[2:])
begun = None
for job in jobs_of(names, said, Path(sys.argv[1]), "10s"):
    tools = tools_for(job.options.see)
    begun = begun or time.perf_counter()
    see = replace(job.options.see, detector=tools.detector) if tools.detector else job.options.see
    render_picture(job.picture, Path(sys.argv[1]) / job.name, replace(job.options, see=see), tagger=tools.tagger)
print(time.perf_counter() - begun)
"""


def speed(pictures: Path, options: Sequence[str], work: Path, wanted: Sequence[str]) -> None:
    """Render all pictures in several ways, one after the other."""
    count = len([p for p in pictures.rglob("*") if p.is_file()])
    # One worker on one core is what two on two are compared with.
    one_core = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    ways = {
        "loop": [],
        "workers-1": ["--workers", "1"],
        "worker-on-all-cores": ["--workers", "1"],
        "workers-2": ["--workers", "2"],
        "cluster": ["--cluster", "--workers", "2"],
    }
    base = None
    for way in wanted:
        output = work / way
        if way == "loop":
            command = [*one_core, sys.executable, "-c", LOOP, str(output), str(pictures), *options]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, memory = float(done.stdout.split()[-1]), 0.0
        else:
            threads = one_core if way == "workers-1" else []
            command = [*threads, *EXTENDER, "batch", str(pictures), "-o", str(output), *ways[way], *options]
            seconds, memory, _ = watched(command)
        rate = 60.0 * count / seconds
        base = rate if way == "workers-1" else base
        emit(
            benchmark="batch", way=way, pictures=count, seconds=round(seconds, 1), per_minute=round(rate, 2),
            efficiency=round(rate / base / 2, 3) if base and way in ("workers-2", "cluster") else None,
            worker_peak_mb=round(memory) or None, same_as_first=digests(output) == digests(work / wanted[0]),
        )  # fmt: skip


def kill(
    pictures: Path, options: Sequence[str], work: Path, times: int, seed: int, cluster: bool, known: Path | None
) -> None:
    """Kill the main process, a worker or the scheduler at random moments; go on; compare with an undisturbed run.

    With ``known`` the undisturbed run was made before. Ends when all is done, even if that took fewer kills.
    """
    draw = random.Random(seed)
    calm, rough = known or work / "calm", work / "rough"
    if known is None:
        first = [*EXTENDER, "batch", str(pictures), "-o", str(calm), "-q", "--workers", "2", *options]
        subprocess.run(first, check=True)
    killed = {"main": 0, "worker": 0} | ({"scheduler": 0} if cluster else {})
    scheduler: subprocess.Popen[bytes] | None = None
    nodes: list[subprocess.Popen[bytes]] = []
    port, runs, done = 20_000 + os.getpid() % 20_000, 0, False
    while not done and runs < 3 * times + 3:
        if cluster:
            scheduler, nodes = _cluster(scheduler, nodes, port)
        where = ["--scheduler", f"tcp://127.0.0.1:{port}"] if cluster else ["--workers", "2"]
        command = [*EXTENDER, "batch", str(pictures), "-o", str(rough), "-q", "--retry-failed", *where, *options]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        runs += 1
        time.sleep(draw.uniform(2.0, 5.0))
        while process.poll() is None and sum(killed.values()) < times:
            whom = draw.choice(list(killed))
            killed[whom] += _killed(whom, process, scheduler, nodes, draw)
            if whom != "worker":
                break
            time.sleep(draw.uniform(1.0, 4.0))
            if cluster:
                scheduler, nodes = _cluster(scheduler, nodes, port)
        done = process.wait() == 0
    for each in (*nodes, *([scheduler] if scheduler else [])):
        each.kill()
    again = subprocess.run(
        [*EXTENDER, "batch", str(pictures), "-o", str(rough), "--json", *options], capture_output=True, check=True
    )
    summary = json.loads(again.stdout.splitlines()[-1])
    emit(
        benchmark="batch-kill", cluster=cluster, pictures=len(digests(calm)), killed=killed, runs=runs,
        there=len(digests(rough)), valid=summary["kept"], identical=digests(rough) == digests(calm),
        left_behind=len([p for p in rough.glob("**/.*.partial") if ".batch" not in p.parts]),
    )  # fmt: skip


def _killed(
    whom: str,
    process: subprocess.Popen[bytes],
    scheduler: subprocess.Popen[bytes] | None,
    nodes: list[subprocess.Popen[bytes]],
    draw: random.Random,
) -> int:
    if whom == "main":
        process.kill()
    elif whom == "scheduler" and scheduler is not None:
        scheduler.kill()
    else:
        workers = [pid for node in nodes for pid in (node.pid, *descendants(node.pid))]
        local = [p for p in descendants(process.pid) if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]
        chosen = workers or local
        if not chosen:
            return 0
        os.kill(draw.choice(chosen), signal.SIGKILL)
    return 1


def _cluster(
    scheduler: subprocess.Popen[bytes] | None, nodes: list[subprocess.Popen[bytes]], port: int
) -> tuple[subprocess.Popen[bytes], list[subprocess.Popen[bytes]]]:
    """Start what is missing of a scheduler and two workers."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if scheduler is None or scheduler.poll() is not None:
        for node in nodes:
            node.kill()
        nodes = []
        code = "from distributed.cli.dask_scheduler import main; main()"
        command = [sys.executable, "-c", code, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        scheduler = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        time.sleep(3.0)
    nodes = [node for node in nodes if node.poll() is None]
    while len(nodes) < 2:
        code = "from distributed.cli.dask_worker import main; main()"
        command = [sys.executable, "-c", code, f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-dashboard"]
        nodes.append(subprocess.Popen(command, **quiet))  # type: ignore[call-overload]
        time.sleep(3.0)
    return scheduler, nodes


def main() -> None:
    """Run what was asked for."""
    arguments, _, options = _parted(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "speed", "kill"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--to", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--ways", default="workers-1,workers-2,cluster,loop")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--calm", type=Path, help="of kill: the output of an undisturbed run with the same options")
    chosen = parser.parse_args(arguments)
    if chosen.what == "make":
        make(chosen.data, chosen.to, chosen.count)
        return
    with tempfile.TemporaryDirectory() as folder:
        if chosen.what == "speed":
            speed(chosen.pictures, options, Path(folder), chosen.ways.split(","))
        else:
            kill(chosen.pictures, options, Path(folder), chosen.times, chosen.seed, chosen.cluster, chosen.calm)


def _parted(words: Sequence[str]) -> tuple[list[str], str, list[str]]:
    words = list(words)
    at = words.index("--") if "--" in words else len(words)
    return words[:at], "--", words[at + 1 :]


if __name__ == "__main__":
    main()
