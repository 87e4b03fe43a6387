"""Pictures for batches, and the command that renders them quickly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import sha256_of

OPTIONS = ["--duration", "1", "--sources", "procedural", "--detector", "none", "--strategy", "balanced", "--offline"]
PICTURES = ("one.jpg", "sub/two.png", "sub/three ü.jpg")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three small pictures: blue, green, grey."""
    folder = tmp_path_factory.mktemp("with space 🎧") / "in"
    (folder / "sub").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, colour in zip(PICTURES, ((60, 120, 220), (40, 140, 40), (150, 150, 150)), strict=True):
        pixels = np.clip(rng.normal(np.array(colour), 30, (90, 120, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def command(*arguments: object) -> list[str]:
    """Return the command of a batch."""
    return [sys.executable, "-c", "from extender.cli import main; main()", "batch", *OPTIONS, *map(str, arguments)]


def run(*arguments: object, code: int = 0, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a batch; it must end with this code, and without a traceback."""
    words = command(*arguments)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, env=env)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def digests(output: Path) -> dict[str, str]:
    """Return what was made."""
    return {str(p.relative_to(output)): sha256_of(p) for p in sorted(output.glob("**/soundscape.wav"))}


@pytest.fixture(scope="session")
def undisturbed(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the output of a batch that nothing went wrong with."""
    output = tmp_path_factory.mktemp("batch") / "out"
    done = run(pictures, "-o", output, "--workers", 2)
    assert f"{len(PICTURES)} made (" in done.stderr
    assert "a minute with 2 workers)" in done.stderr
    assert done.stdout == ""
    return output
