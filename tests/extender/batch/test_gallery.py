"""The page over all soundscapes: as many as there are, and quick with thousands."""

from __future__ import annotations

import re
from pathlib import Path

from extender.batch.gallery import write_gallery
from extender.batch.record import Record
from tests.extender.output.browser import opened

HOSTILE = "<script>alert(1)</script>"


def records(count: int) -> list[Record]:
    return [
        Record(
            f"p{n}.soundscape", f"in/{HOSTILE}{n}.jpg", "done", "k", place=HOSTILE, objects=("dog",), licence="CC0-1.0",
            duration_s=1.0, mix="soundscape.wav",
        )
        for n in range(count)
    ]  # fmt: skip


def test_all_can_be_heard_without_a_script(tmp_path: Path) -> None:
    page = write_gallery(records(300), tmp_path, "All", wanted=301).read_text("utf-8")
    assert page.count('<p class="hear"><a href="./p') == 300
    assert "300 of 301 pictures" in page
    assert HOSTILE not in page
    assert "<noscript><style>html:not(.js) .gallery { display: grid; }" in page


def test_of_hundreds_few_are_shown_at_once(tmp_path: Path) -> None:
    dom = opened(write_gallery(records(300), tmp_path, "All", wanted=300), tmp_path / "profile")
    assert re.search(r'<output id="found"[^>]*>300</output>', dom)
    shown = len(re.findall(r"<li data-words", dom))
    assert 96 <= shown < 300
    assert dom.count("<audio") == shown  # each with a player
    assert dom.count('class="hear"><a ') == 0
