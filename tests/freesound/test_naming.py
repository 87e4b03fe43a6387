"""No sound chooses where it is written."""

from __future__ import annotations

import random
import re
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freesound import QueryError, file_name

HOSTILE = [
    "../../x", "..\\..\\x", "CON", "con.wav", "NUL", "COM1", "/etc/passwd", "C:\\Windows\\x", "~/x", "-rf", ".hidden",
    "a" * 300, "🌧" * 300, "rain\x00.wav", "rain\n.wav", "$(rm -rf ~)", "`x`", "a|b;c&d", "", " ", ".", "..", "a/b",
    "Pluie d’été 雨 🌧/..\\evil:name?.WAV", "\u202egnp.exe", "%2e%2e%2f", "file://x", "x.ogg.exe",
]  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(
    st.integers(1, 2**40),
    st.one_of(st.text(max_size=300), st.sampled_from(HOSTILE), st.text("./\\~CONnul:$`-", max_size=30)),
    st.one_of(st.sampled_from(["wav", "ogg", "mp3", "aif", "exe", "../x", ""]), st.text(max_size=5)),
)
def test_any_name_gives_a_harmless_file(number: int, name: str, ending: str) -> None:
    check(number, name, ending)


def test_ten_thousand_names_give_harmless_files() -> None:
    """Signs of all planes of Unicode and those that mean something to file systems, drawn from a seed."""
    draw = random.Random(3)
    special = "./\\:~$`'\"<>|?*%&; \n\r\t\x00\u202e\u200d.-_"
    endings = ("wav", "ogg", "mp3", "aif", "AIFF", "exe", "../x", "", "o/g", "🌧")
    for _ in range(10_000):
        text = "".join(
            draw.choice(special)
            if draw.random() < 0.3
            else chr(draw.choice((draw.randrange(128), draw.randrange(0x110000))))
            for _ in range(draw.choice((1, 5, 20, 300)))
        )
        name = draw.choice((text, draw.choice(HOSTILE) + text, text + draw.choice(HOSTILE)))
        check(draw.randrange(1, 2**40), name, draw.choice(endings))


def check(number: int, name: str, ending: str) -> None:
    """Whatever a sound is called, its file lies in the folder, under a name that every system takes."""
    file = file_name(number, name, ending)
    assert re.fullmatch(r"\d+__[a-z0-9]+(-[a-z0-9]+)*\.(wav|ogg|mp3|aiff|flac|m4a|wv|zip|bin)", file)
    assert len(file) <= 100
    assert file.startswith(f"{number}__")
    assert Path("/folder", file).resolve().parent == Path("/folder")
    assert not PureWindowsPath(file).is_reserved()


@pytest.mark.parametrize(
    ("name", "ending", "file"),
    [
        ("Rain 00", "wav", "7__rain-00.wav"),
        ("Pluie d’été 雨 🌧/..\\evil:name?.WAV", "ogg", "7__pluie-dete-evil-name.ogg"),
        ("dog.mp3", "wav", "7__dog.wav"),
        ("雨", "mp3", "7__sound.mp3"),
        ("x", "exe", "7__x.bin"),
        ("x", "AIF", "7__x.aiff"),
    ],
)
def test_names_stay_readable(name: str, ending: str, file: str) -> None:
    assert file_name(7, name, ending) == file


@pytest.mark.parametrize("number", [0, -1, True, 2**60])
def test_the_number_must_be_one(number: int) -> None:
    with pytest.raises(QueryError, match="expected the number"):
        file_name(number, "x", "wav")
