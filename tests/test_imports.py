"""Imports point one way: scenes → ∅, freesound → ∅, mixer → ∅, models → mixer, scenes; extender → all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "scenes": set(),
    "freesound": set(),
    "mixer": set(),
    "models": {"mixer", "scenes"},
    "extender": {"scenes", "freesound", "mixer", "models"},
}
AT_HOME_IN = {
    "tensorflow": "models",
    "keras": "models",
    "torch": "extender/vision",
    "torchvision": "extender/vision",
    "ultralytics": "extender/vision",
    "typer": "extender/cli",
}
"""Frameworks and the one place that may import them; all but Typer inside the function that needs them."""
WORKSHOP = "models/sounds"
"""Makes and judges the sounds that extender ships, so it may import extender; nothing that users run imports it."""


def imports(tree: ast.AST, inside_function: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield (module, whether inside a function) for every import that runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside_function) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, inside_function
        yield from imports(node, inside_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def violations(root: Path) -> list[str]:
    """Return every import in the five packages under ``root`` that points the wrong way."""
    found = []
    for package, allowed in MAY_IMPORT.items():
        for path in sorted((root / package).rglob("*.py")):
            where = path.relative_to(root).as_posix()
            in_workshop = where.startswith(WORKSHOP + "/")
            for name, inside in imports(ast.parse(path.read_text(encoding="utf-8"))):
                module = name.split(".")[0]
                if f"{name}.".startswith(WORKSHOP.replace("/", ".") + ".") and not in_workshop:
                    found.append(f"{where} imports {name}, which only makes and judges")
                if module == "extender" and in_workshop:
                    continue
                if module in MAY_IMPORT and module != package and module not in allowed:
                    found.append(f"{where} imports {module}")
                if module in AT_HOME_IN:
                    if not where.startswith(AT_HOME_IN[module] + "/"):
                        found.append(f"{where} imports {module}, which is at home in {AT_HOME_IN[module]}")
                    elif module != "typer" and not inside:
                        found.append(f"{where} imports {module} outside a function")
    return found


def test_imports_point_one_way() -> None:
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("mixer/x.py", "import extender"),
        ("mixer/x.py", "from scenes import Scene"),
        ("scenes/x.py", "def f():\n    import mixer"),
        ("freesound/deep/x.py", "from mixer.types import Clip"),
        ("models/x.py", "import extender.types"),
        ("models/sounds/x.py", "import freesound"),
        ("extender/x.py", "def f():\n    from models.sounds.statistics import measured"),
        ("extender/y.py", "from models.sounds import statistics"),
        ("mixer/x.py", "def f():\n    import tensorflow"),
        ("scenes/x.py", "def f():\n    import ultralytics"),
        ("extender/vision/x.py", "import ultralytics"),
        ("extender/pipeline.py", "import typer"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, file: str, line: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line, encoding="utf-8")
    assert len(violations(tmp_path)) == 1


def test_what_is_allowed_is_not_caught(tmp_path: Path) -> None:
    path = tmp_path / "extender" / "vision" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text("import mixer, scenes, freesound\ndef f():\n    import ultralytics\n", encoding="utf-8")
    workshop = tmp_path / "models" / "sounds" / "x.py"
    workshop.parent.mkdir(parents=True)
    workshop.write_text("from extender.audio import read_audio\nimport models.sounds.split\n", encoding="utf-8")
    assert violations(tmp_path) == []


def test_no_module_that_old_pickles_resolve_into() -> None:
    names = {path.name for path in (ROOT / "models").rglob("*.py")}
    assert not names & {"yolo.py", "common.py"}
