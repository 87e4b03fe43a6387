"""The package from outside: its names, its weight, its plugins."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import mixer
from mixer import MixerError, Track, mix, plan_mix
from mixer.plugins import SPATIALISERS, STRATEGIES, make, names
from tests.mixer.signals import noise


def test_all_public_names_are_there() -> None:
    for name in mixer.__all__:
        assert name in ("Samples", "Setting", "Take") or getattr(mixer, name).__name__ == name
    assert set(mixer._LAZY) <= set(mixer.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mixer.nothing  # noqa: B018


def modules_after(code: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(told.stdout.split())


def test_import_is_light() -> None:
    loaded = modules_after("import mixer")
    assert "numpy" in loaded
    assert not {"scipy", "librosa", "soundfile", "soxr", "tensorflow", "pydantic"} & loaded


def test_mixing_needs_no_signal_package() -> None:
    """scipy.signal takes longer to import than a mix to make."""
    work = "import numpy as n, mixer; b = mixer.AudioBuffer(n.ones(9000), 44100); mixer.mix([mixer.Track('a', (b,))])"
    assert not {"scipy.signal", "scipy.stats", "librosa", "pydantic"} & modules_after(work)


@pytest.mark.parametrize("name", ["mixer", *(f"mixer.{p.stem}" for p in Path(mixer.__file__).parent.glob("[a-z]*.py"))])
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


class Hushed(mixer.Flat):
    """A strategy of somebody else."""

    name = "hushed"


def test_plugins_are_found_by_name_and_fail_only_when_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("hushed", "tests.mixer.test_package:Hushed", STRATEGIES),
        EntryPoint("broken", "tests.mixer.no_such_module:Broken", STRATEGIES),
    ]
    monkeypatch.setattr("mixer.plugins.entry_points", lambda group: [p for p in points if p.group == group])
    tracks = [Track("a", (noise(1),), target_lufs=-20.0)]
    assert names(STRATEGIES) == sorted({"broken", "hushed", *names(STRATEGIES)})
    assert {"balanced", "flat", "hafezi", "mansbridge", "perez-gonzalez"} <= set(names(STRATEGIES))
    assert {"mono", "stereo", "quad", "5.1", "ambisonic"} <= set(names(SPATIALISERS))
    assert plan_mix(tracks, strategy="hushed").strategy == "hushed"
    assert plan_mix(tracks, strategy=Hushed()) == plan_mix(tracks, strategy="hushed")
    assert mix(tracks, strategy="flat").plan.strategy == "flat"
    with pytest.raises(MixerError, match=r"'broken' \(tests\.mixer\.no_such_module:Broken\) cannot be loaded: Module"):
        make(STRATEGIES, "broken")
    with pytest.raises(MixerError, match="installed: asra, balanced, broken, flat, "):
        plan_mix(tracks, strategy="hush")
