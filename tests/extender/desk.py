"""A folder to work in, with a cache of its own and a key for one server, and the command line to work with."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.freesound_server import FreesoundServer

ROOT = Path(__file__).resolve().parents[2]
MAIN = (sys.executable, "-c", "from extender.cli import main; main()")


class Desk:
    """See the module.

    Parameters
    ----------
    folder : Path
    server : FreesoundServer
    synthesised : Path
        Where synthesised sounds are kept for all tests.
    """

    def __init__(self, folder: Path, server: FreesoundServer, synthesised: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.cache.mkdir()
        (self.cache / "procedural").symlink_to(synthesised)
        self.key = server.key
        self.variables = {
            "EXTENDER_CACHE": str(self.cache),
            "EXTENDER_OPENVERSE_URL": "http://127.0.0.1:9/v1",
            "FREESOUND_BASE_URL": server.base_url,
            "FREESOUND_API_KEY": server.key,
            "XDG_DATA_HOME": str(folder / "data"),
            "COLUMNS": "200",
        }

    @property
    def environment(self) -> dict[str, str]:
        """What a process of its own is started with."""
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("EXTENDER_", "FREESOUND_"))}
        return clean | {"PYTHONPATH": str(ROOT)} | self.variables

    def scene(self, *labels: str) -> None:
        """Write a picture and a scene of these things."""
        from PIL import Image

        Image.new("RGB", (80, 60), (90, 120, 150)).save(self.folder / "photo.jpg")
        things = [{"label": label, "box": [i / 10, 0.4, i / 10 + 0.08, 0.7]} for i, label in enumerate(labels)]
        scene = {"version": 1, "place": "street", "objects": things}
        (self.folder / "scene.json").write_text(json.dumps(scene), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line here, as ``extender`` does; what is not told in one line is an error of the test."""
        from extender.cli import app

        done = CliRunner(env=self.variables).invoke(app, list(arguments), catch_exceptions=False)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own."""
        command = [*MAIN, *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def rendering(self, out: str, *more: str) -> tuple[str, ...]:
        """Return the words of a short render of the scene, without its page; what comes later counts."""
        return ("render", "photo.jpg", "--scene", "scene.json", "-o", out, "-d", "2", "--outputs", "credits", *more)

    def render(self, out: str, *more: str, process: bool = False) -> dict[str, Any]:
        """Render the scene, which must go well, and return what --json says."""
        done = (self.process if process else self.run)(*self.rendering(out, "--json", *more))
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def sha(self, out: str) -> str:
        """Return the digest of a mix."""
        return hashlib.sha256((self.folder / out / "soundscape.wav").read_bytes()).hexdigest()

    def takes(self, out: str) -> list[dict[str, Any]]:
        """Return the sounds of a soundscape; each must be in its folder, as it was fetched."""
        project = json.loads((self.folder / out / "project.json").read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = [take for role in project["cast"]["roles"] for take in role["takes"]]
        for take in found:
            content = (self.folder / out / take["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == take["sha256"]
        return found

    def sources(self, out: str) -> set[str]:
        """Return who the sounds of a soundscape came from."""
        return {take["source"] for take in self.takes(out)}

    def notes(self, out: str) -> str:
        """Return what a soundscape's project has to say."""
        project = json.loads((self.folder / out / "project.json").read_text(encoding="utf-8"))
        return "\n".join(project["scene"]["notes"])

    def leftovers(self) -> list[str]:
        """Return whatever is half done: in the folder of the person, and where previews are taken in."""
        mine = [p for p in self.folder.rglob("*") if self.cache not in p.parents]
        here = [str(p) for p in mine if p.name.startswith(".") or p.suffix in (".part", ".partial", ".old", ".tmp")]
        audio = [p for p in (self.cache / "freesound" / "audio").rglob("*") if p.is_file()]
        wrong = [p for p in audio if hashlib.sha256(p.read_bytes()).hexdigest() != p.stem]
        notes = [p for p in (self.cache / "freesound").glob("[ap]*/**/*") if p.is_file() and p.suffix == ".tmp"]
        return here + [str(path) for path in (*wrong, *notes)]

    def files_with_key(self) -> list[Path]:
        """Return all files below the folder that hold the key."""
        return [path for path in self.folder.rglob("*") if path.is_file() and self.key.encode() in path.read_bytes()]
