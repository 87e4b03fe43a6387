"""A small Freesound site on loopback, and the source that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extender.sources.base import SourceContext
from extender.sources.freesound import FreesoundSource
from tests.freesound_server import FreesoundServer
from tests.freesound_server.catalogue import CC0, Catalogue, Sound, read_deed

Source = Callable[..., FreesoundSource]
BY, BY_NC = read_deed("CC BY 4.0"), read_deed("CC BY-NC 4.0")


def noise(path: Path, number: int, seconds: float = 1.0, peak: float = 0.3) -> Path:
    """Write a sound of its own for a number: bursts of filtered noise."""
    import soundfile

    rng = np.random.default_rng(number)
    length = 1 + number % 40
    signal = np.convolve(rng.standard_normal(int(seconds * 22050)), np.ones(length) / length, mode="same")
    signal *= np.exp(-np.linspace(0.0, 3.0, signal.size))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, peak * signal / max(1e-9, float(np.abs(signal).max())), 22050)
    return path


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Sound]:
    """Return a function that makes a sound of the site: ``make(7, "dog bark", peak=0.0, deed=BY)``."""

    def sound(number: int, name: str, *, seconds: float = 1.0, peak: float = 0.3, **more: Any) -> Sound:
        values = {"tags": tuple(name.split()), "category_code": "fx-a", "descriptors": {"single_event": True}} | more
        path = noise(tmp_path / "originals" / f"{number}.wav", number, seconds, peak)
        plain = Sound(number, name, "ann", path, "wav", (), "", CC0, datetime(2020, 1, 1, tzinfo=UTC), seconds)
        return replace(plain, **values)

    return sound


@pytest.fixture
def server(tmp_path: Path, make: Callable[..., Sound], monkeypatch: pytest.MonkeyPatch) -> Iterator[FreesoundServer]:
    """A site with six barks, two horns, rain, and what only seems to be a dog; its key is set."""
    sounds = [
        *(make(100 + n, f"dog bark {'abcdef'[n]}", num_downloads=1000 - n) for n in range(6)),
        make(200, "car horn", category_code="fx-v", deed=BY),
        make(201, "car horn long", category_code="fx-v", deed=BY_NC),
        make(300, "rain", seconds=6.0, category_code="ss-n", descriptors={"loopable": True}),
        make(400, "Dog Days (my new song, 120 bpm)", tags=("dog", "bark", "music", "loop"), category_code="m-m"),
        make(401, "A man talks about a dog bark", tags=("speech", "voice", "dog", "bark"), category_code="sp-s"),
    ]
    with FreesoundServer(Catalogue.of(sounds), cache_dir=tmp_path / "site") as site:
        monkeypatch.setenv("FREESOUND_API_KEY", site.key)
        monkeypatch.setenv("FREESOUND_BASE_URL", site.base_url)
        yield site
        assert site.errors == []


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Return a function that makes the source; all share one cache."""

    def new(**options: Any) -> FreesoundSource:
        return FreesoundSource(SourceContext(tmp_path / "cache", **options))

    return new
