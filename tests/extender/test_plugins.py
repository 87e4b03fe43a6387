"""Parts are found by name, loaded when chosen, and a broken one harms nobody else."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy
import pytest

from extender.errors import InstallError, UsageError
from extender.plugins import BUILT_IN, KINDS, installed, load_plugin
from extender.sources import make_source, make_sources, source_names
from extender.sources.base import SourceContext

ROOT = Path(__file__).resolve().parents[2]
GROUP = "extender.sound_sources"


def plant(folder: Path, name: str, entry_points: str, **modules: str) -> None:
    """Lay an installed distribution into a folder: its metadata and its modules."""
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry_points}\n")
    for module, code in modules.items():
        (folder / f"{module}.py").write_text(code)


GOOD = """
class Attic:
    name = "attic"
    def __init__(self, context): self.context = context
    def search(self, query): return []
    def fetch(self, candidate): raise NotImplementedError
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def context(tmp_path: Path) -> SourceContext:
    return SourceContext(tmp_path / "cache")


def test_the_built_in_table_says_what_pyproject_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {group: names for group, names in project["entry-points"].items() if group.startswith("extender.")}
    assert declared == BUILT_IN
    assert set(KINDS) == set(BUILT_IN)


def test_a_plugin_is_listed_and_made(site: Path, context: SourceContext) -> None:
    plant(site, "attic-sounds", "attic = planted_attic:Attic", planted_attic=GOOD)
    assert source_names() == tuple(sorted({*BUILT_IN[GROUP], "attic"} | set(source_names())))
    assert "attic" in source_names()
    assert make_source("attic", context).name == "attic"
    assert [s.name for s in make_sources([" attic", "attic", ""], context)] == ["attic"]


def test_an_unknown_name_lists_what_is_installed() -> None:
    with pytest.raises(UsageError, match=r"no sound source 'tape'; installed: .*folder.*procedural"):
        load_plugin(GROUP, "tape")
    with pytest.raises(UsageError, match="no plugin 'x'; installed: none"):
        load_plugin("extender.nothing", "x")


def test_no_name_at_all_is_said(context: SourceContext) -> None:
    with pytest.raises(UsageError, match="no sound source was named"):
        make_sources([" "], context)


def test_a_broken_plugin_fails_only_when_chosen(site: Path, context: SourceContext) -> None:
    plant(site, "attic-sounds", "attic = planted_fine:Attic", planted_fine=GOOD)
    plant(site, "broken-sounds", "broken = planted_broken:Source", planted_broken="import a_module_that_is_nowhere")
    assert {"attic", "broken"} <= set(installed(GROUP))
    assert make_source("attic", context).name == "attic"
    with pytest.raises(InstallError, match=r"'broken' \(broken-sounds 1.2, .*\).*No module named 'a_module") as caught:
        make_source("broken", context)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("class Source:\n    def __init__(self, context): raise RuntimeError('no tape\\nin the machine')", "no tape"),
        ("class Source:\n    name = 'x'\n    def __init__(self, context): pass", "lacks search and fetch"),
        ("", "has no attribute 'Source'"),
    ],
)
def test_a_plugin_that_cannot_be_made_says_why(site: Path, context: SourceContext, code: str, message: str) -> None:
    module = f"planted_{abs(hash(message))}"
    plant(site, "odd-sounds", f"odd = {module}:Source", **{module: code})
    with pytest.raises(InstallError, match=message) as caught:
        make_source("odd", context)
    assert "\n" not in str(caught.value)


def test_two_packages_with_one_name_are_both_named(site: Path) -> None:
    plant(site, "one", "same = planted_one:Attic", planted_one=GOOD)
    plant(site, "two", "same = planted_two:Attic", planted_two=GOOD)
    with pytest.raises(InstallError, match=r"offered by one 1.2, .* and two 1.2, .*; uninstall one"):
        load_plugin(GROUP, "same")


def test_a_built_in_name_cannot_be_taken_over(site: Path) -> None:
    plant(site, "thief", "folder = planted_thief:Attic", planted_thief=GOOD)
    assert load_plugin(GROUP, "folder").__module__.startswith("extender.sources.folder")


def test_built_ins_are_found_without_distribution_metadata(tmp_path: Path) -> None:
    for package in Path(numpy.__file__).parents[1].glob("numpy*"):
        if package.suffix != ".dist-info":
            (tmp_path / package.name).symlink_to(package)
    code = "from extender.plugins import installed; print(*installed('extender.sound_sources'))"
    run = [sys.executable, "-S", "-c", code]  # -S: no site-packages, hence no metadata of ours
    done = subprocess.run(run, cwd=ROOT, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert {"folder", "openverse", "procedural"} <= set(done.stdout.split()), done.stderr


def test_a_folder_source_without_a_folder_stands_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXTENDER_SOUNDS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    order = ["folder", "procedural"]
    assert [s.name for s in make_sources(order, SourceContext(tmp_path))] == ["procedural"]
    assert [s.name for s in make_sources(["folder"], SourceContext(tmp_path))] == ["folder"]
    own = SourceContext(tmp_path, libraries=(tmp_path,))
    assert [s.name for s in make_sources(order, own)] == order
