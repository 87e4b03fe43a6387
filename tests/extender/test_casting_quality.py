"""The first sounds are the right ones, also of concepts and among decoys that the ranking was not made for."""

from __future__ import annotations

import pytest

from benchmarks.casting import accuracies, ask
from benchmarks.casting_sounds import DECOY, RULES, Half, halves, untidied, with_decoys
from scenes import load_vocabulary
from tests.conftest import shared
from tests.freesound_server.catalogue import read_folder


def test_the_halves_share_no_concept_and_no_decoy() -> None:
    folder = read_folder(shared("sounds"))
    parts = halves(load_vocabulary(), folder)
    tuning, held_out = ({concept.name for concept in part} for part in parts.values())
    assert not tuning & held_out
    assert len(tuning) + len(held_out) >= 60
    assert all(rule.titles["tuning"] != rule.titles["held-out"] for rule in RULES)
    worded = [with_decoys(folder, part, half) for half, part in parts.items()]
    names = [{sound.name for sound in catalogue if sound.label.startswith(DECOY)} for catalogue in worded]
    assert not names[0] & names[1]
    assert halves(load_vocabulary(), folder) == parts


@pytest.mark.parametrize("half", ["tuning", "held-out"])
def test_among_decoys_the_thing_comes_first(half: Half, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREESOUND_API_KEY", "")  # set by what follows, and put back
    folder = read_folder(shared("sounds"))
    concepts = halves(load_vocabulary(), folder)[half]
    found, questions = ask(untidied(with_decoys(folder, concepts, half), half), concepts)
    on, off = accuracies(found["semantic_on"]), accuracies(found["semantic_off"])
    assert on["top1"] >= 0.85
    assert on["top5"] >= 0.95
    assert off["top5"] < 0.5
    assert questions <= 2 * len(concepts)
