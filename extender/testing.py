"""Contract checks for plugins: what every detector, sound source, mix strategy, spatialiser and output must keep to.

Each function raises an AssertionError that says what was expected, so a plugin's own test is one line::

    from extender.testing import check_sound_source
    check_sound_source(MySource(context), Query("dog", ("dog bark",), "event"))
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from extender.output.base import Output, Rendered
from extender.sources.base import Query, SoundSource
from mixer.plan import MixPlan
from mixer.types import Track


def _must(ok: bool, expected: str) -> None:
    if not ok:
        raise AssertionError(expected)


def check_sound_source(source: SoundSource, query: Query) -> None:
    """Search twice, fetch the best, decode it. The query must be one that the source can answer."""
    from extender.audio import read_audio

    _must(bool(source.name), "a source has a name")
    found = source.search(query)
    _must(bool(found), f"the source answers {query.concept!r}")
    _must(found == source.search(query), "the same query gives the same candidates")
    scores = [c.score for c in found]
    _must(scores == sorted(scores, reverse=True), "candidates come best first")
    _must(all(0.0 <= s <= 1.0 for s in scores), "scores are in 0..1")
    _must(all(c.source == source.name for c in found), "candidates carry the source's name")
    asset = source.fetch(found[0])
    path = Path(asset.file)
    _must(path.is_absolute() and path.is_file(), "fetch gives the absolute path of a file")
    _must(asset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest(), "sha256 is that of the file")
    _must(bool(asset.licence) and bool(asset.title), "title and licence are filled in")
    audio = read_audio(path)
    _must(float(np.abs(audio.samples).max()) > 0.0, "the sound is not silent")


def check_detector(detector: object, pixels: object) -> None:
    """Look at a picture (uint8, (height, width, 3)) twice; the sightings must be the same and be in the picture."""
    from scenes import Sighting

    detect = detector.detect  # type: ignore[attr-defined]
    found = detect(pixels)
    _must(bool(getattr(detector, "name", "")), "a detector has a name")
    _must(all(isinstance(s, Sighting) for s in found), "detect gives Sightings")
    _must(list(found) == list(detect(pixels)), "the same picture gives the same sightings")


def check_mix_strategy(name: str, tracks: Sequence[Track]) -> MixPlan:
    """Plan a mix with the named strategy and render it: complete, repeatable, and it survives JSON."""
    import mixer

    first = mixer.mix(tracks, strategy=name, stems=True)
    again = mixer.mix(tracks, strategy=name)
    _must({t.id for t in first.plan.tracks} == {t.id for t in tracks}, "the plan has settings for every track")
    _must(MixPlan.from_json(first.plan.to_json()) == first.plan, "the plan survives JSON")
    _must(bool(np.array_equal(first.mix.samples, again.mix.samples)), "the same tracks give the same mix")
    _must(all(t.reason for t in first.plan.tracks), "every setting has a reason")
    return first.plan


def check_output(output: Output, rendered: Rendered) -> None:
    """Let an output write into a rendered folder; it must add files there and change none that exist."""
    before = {p: p.read_bytes() for p in rendered.folder.rglob("*") if p.is_file()}
    output(rendered)
    after = [p for p in rendered.folder.rglob("*") if p.is_file()]
    _must(len(after) > len(before), "an output adds a file")
    _must(all(p.read_bytes() == data for p, data in before.items()), "an output changes no other file")
