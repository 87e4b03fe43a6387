"""Feed hostile input to everything that reads, and say what came of it.

    python -m tests.fuzz [--cases 20000] [--seed 0] [--keep FOLDER] [TARGET …]

One JSON line for each target: cases, how many were read and how many refused in one line, and what was found: errors
that are not ours, cases that took over 10 s, and the most memory. What was found is kept in FOLDER, to be mended and
then put under ``tests/fuzz/found``, where the tests read it.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.targets import TARGETS, cases, is_ours

HANG_S = 10.0
MOST_MB = 1_500.0


def tried(name: str, data: bytes, folder: Path) -> str:
    """Read one case; return ``"read"``, ``"refused"`` or what went wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            TARGETS[name].read(data, folder)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return "refused" if is_ours(error) else "".join(traceback.format_exception(error)[-4:])
    return "read"


def _work(link: Connection, name: str, seed: int, count: int, first: int) -> None:
    """Try cases one after the other; tell of each before and after."""
    faulthandler.disable()
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)  # decoders complain
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(cases(TARGETS[name], seed, count)):
            if number < first:
                continue
            link.send((number, None, 0.0))
            result = tried(name, data, Path(folder))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            link.send((number, result, memory))
    link.send((count, "over", 0.0))


def _worked_s(pid: int | None) -> float:
    """Return the processor time of a process, Linux: on a busy machine, waiting is not hanging."""
    try:
        values = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return float("inf")
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def fuzz(name: str, seed: int, count: int, keep: Path | None) -> dict[str, object]:
    """Try all cases of a target in a process of its own, which is replaced when it dies or hangs."""
    outcome: Counter[str] = Counter()
    found: dict[str, int] = {}
    peak, slowest, number, begun = 0.0, 0.0, 0, time.monotonic()
    while number < count:
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=_work, args=(there, name, seed, count, number))
        process.start()
        there.close()
        case_s, worked_s = time.monotonic(), 0.0
        wrong = ""
        while True:
            try:
                if not here.poll(1.0):
                    if time.monotonic() - case_s > HANG_S and _worked_s(process.pid) - worked_s > HANG_S / 2:
                        wrong = f"took over {HANG_S:g} s"
                        break
                    continue
                at, result, memory = here.recv()
            except EOFError:
                process.join()
                wrong = f"the process died ({process.exitcode})"
                break
            if result == "over":
                number = count
                break
            if result is None:
                number, case_s, worked_s = at, time.monotonic(), _worked_s(process.pid)
                continue
            slowest, peak = max(slowest, time.monotonic() - case_s), max(peak, memory)
            outcome[result if result in ("read", "refused") else "wrong"] += 1
            if result not in ("read", "refused"):
                found[result] = found.get(result, at)
        if wrong:
            outcome["wrong"] += 1
            found[wrong] = number
            number += 1
        process.kill()
        process.join()
    if keep is not None:
        _keep(name, seed, count, found, keep)
    return {
        "target": name, "cases": sum(outcome.values()), "read": outcome["read"], "refused": outcome["refused"],
        "wrong": outcome["wrong"], "kinds": [text.strip().splitlines()[-1][:160] for text in found],
        "slowest_s": round(slowest, 2), "peak_mb": round(peak), "seconds": round(time.monotonic() - begun, 1),
    }  # fmt: skip


def _keep(name: str, seed: int, count: int, found: dict[str, int], keep: Path) -> None:
    numbers = {number: text for text, number in found.items()}
    for number, data in enumerate(cases(TARGETS[name], seed, count)):
        if number in numbers:
            folder = keep / name
            folder.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256(data).hexdigest()[:12]
            (folder / f"{digest}.bin").write_bytes(data)
            (folder / f"{digest}.txt").write_text(numbers[number])


def main() -> int:
    """Print a line for each target; end with 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    failed = False
    for name in chosen.targets or TARGETS:
        told = fuzz(name, chosen.seed, chosen.cases, chosen.keep)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        failed |= bool(told["wrong"]) or float(str(told["peak_mb"])) > MOST_MB
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
