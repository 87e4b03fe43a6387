"""What the benchmarks share: run a command and take its time and memory; say which machine and commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Run:
    """One finished command."""

    code: int
    seconds: float
    peak_mb: float
    out: str
    err: str


def measure(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> Run:
    """Run a command and take its wall time and peak memory.

    It goes through a small helper process, so that the peak is that of this command alone (Linux).
    """
    code = (
        "import json,os,resource,subprocess,sys,time\n"
        "t=time.perf_counter()\n"
        "p=subprocess.run(sys.argv[1:],capture_output=True,text=True)\n"
        "s=time.perf_counter()-t\n"
        "m=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024\n"
        "print(json.dumps([p.returncode,s,m,p.stdout,p.stderr]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=cwd, env=env, capture_output=True, text=True, check=True
    )
    return Run(*json.loads(result.stdout))


def emit(**figures: Any) -> None:
    """Print one JSON line with the commit and the machine."""
    print(json.dumps(where() | figures), flush=True)


def where() -> dict[str, Any]:
    """Return commit and machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "commit": commit,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
