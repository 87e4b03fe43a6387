"""The package as people use it: the examples of its page, notebooks, before and after."""

from __future__ import annotations

import doctest
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import mixer
from mixer import AudioBuffer, MixerError, Track, analyse, mix, mix_and_compare, mix_to, plan_mix
from tests.mixer.signals import RATE, barks, noise, sine

DOCS = Path(__file__).resolve().parents[2] / "docs"


def sounds() -> dict[str, AudioBuffer]:
    return {"<sea>": noise(2.0, 1), "tone": AudioBuffer(sine(-30.0, 2.0), RATE), "barks": barks(2.0)}


def test_the_page_tells_the_truth() -> None:
    with np.errstate(under="ignore"):
        told = doctest.testfile(str(DOCS / "mixing.md"), module_relative=False)
    assert told.attempted > 10
    assert told.failed == 0


def test_the_pictures_of_the_page_are_there() -> None:
    page = (DOCS / "mixing.md").read_text(encoding="utf-8")
    named = [part.split(")")[0] for part in page.split("](")[1:]]
    files = [name for name in named if not name.startswith("http")]
    assert any(name.endswith(".png") for name in files)
    assert all((DOCS / name).is_file() for name in files)


class Balanced(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_renders_plans_and_reports_show_themselves_in_notebooks() -> None:
    made = mix(sounds())
    assert repr(made).startswith("Render(2 s, 2 ch, -20.0 LUFS, ")
    assert "MixPlan('unmask', 3 tracks, 2 s, stereo, 48,000 Hz, bus " in repr(made)
    report = analyse(sounds(), made.plan)
    for shown in (made, made.plan, report, mixer.meter(made.mix)):
        html = shown._repr_html_()
        assert "<sea>" not in html
        page = Balanced(html)
        assert "<sea>" in page.text or shown not in (made, made.plan, report)
    assert len(repr(made)) < 300


def test_before_and_after_are_those_of_the_analysis() -> None:
    blocks: list[mixer.Samples] = []
    made = mix_and_compare(sounds(), write=blocks.append)
    places = plan_mix(sounds(), strategy="balanced")
    assert made.before is not None
    np.testing.assert_allclose(made.before.mur, analyse(sounds(), places).mur, rtol=1e-5)
    np.testing.assert_allclose(made.after.mur, analyse(sounds(), made.plan).mur, rtol=1e-5)
    alone: list[mixer.Samples] = []
    plan, meters = mix_to(sounds(), write=alone.append)
    assert plan == made.plan
    assert meters == made.meters
    assert np.array_equal(np.concatenate(blocks, axis=1), np.concatenate(alone, axis=1))
    again = mix_and_compare(sounds(), plan=plan, write=lambda block: None)
    assert again.before is None
    np.testing.assert_array_equal(again.after.mur, made.after.mur)


@pytest.mark.parametrize("strategy", ["balanced", "unmask", "hafezi", "mansbridge", "perez-gonzalez"])
def test_no_strategy_changes_the_loudness_of_a_track_without_a_target(strategy: str) -> None:
    rng = np.random.default_rng(2)
    tones = AudioBuffer(sum(sine(-26.0, 3.0, f) for f in (300.0, 900.0, 2_700.0)), RATE)
    swelling = AudioBuffer(rng.normal(0, 0.1, 3 * RATE) * np.linspace(0.05, 1.0, 3 * RATE), RATE)
    tracks = [Track("tones", (tones,)), Track("swelling", (swelling,)), Track("barks", (barks(3.0),))]
    flat = {t.id: t.loudness_lufs for t in mix(tracks, strategy="flat").meters.tracks}
    for track in mix(tracks, strategy=strategy).meters.tracks:
        assert track.loudness_lufs == pytest.approx(flat[track.id], abs=0.05)


def test_an_unknown_option_is_said() -> None:
    with pytest.raises(TypeError, match="unknown option 'louder'"):
        plan_mix(sounds(), louder=True)  # type: ignore[call-arg]
    with pytest.raises(MixerError, match="loudness_lufs"):
        mix(sounds(), loudness=3.0)
