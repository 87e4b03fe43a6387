"""What the scripts that write pages of the documentation have in common."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_or_check(page: str, name: str) -> int:
    """Write a page of the documentation; with --check only say whether it is up to date. Returns the exit code."""
    target = ROOT / "docs" / name
    if "--check" not in sys.argv:
        target.write_text(page, encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write(f"docs/{name} is out of date: run python scripts/{Path(sys.argv[0]).name}\n")
    return 1
