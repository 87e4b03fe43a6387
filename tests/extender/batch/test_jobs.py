"""What is to be done is found in a fixed order, each with a name that every file system takes."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extender.batch.jobs import SUFFIX, Found, check_apart, found_in, key_of, named
from extender.cli.batch import options_in, split
from extender.errors import InputError, UsageError
from extender.naming import LONGEST_NAME, RESERVED, safe_name
from extender.pipeline import RenderOptions


def plant(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture " + name.encode("utf-8", "surrogateescape"))


def found(*inputs: str, lines: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(path.name, within) for path, within, _ in found_in(inputs, lines=lines)]


def test_folders_are_searched_through_and_mirrored(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "b.jpg",
        "a/c.PNG",
        "a/deep/d.webp",
        "notes.txt",
        ".hidden/e.jpg",
        "b.soundscape/picture.jpg",
        ".f.jpg",
    )
    assert found(str(tmp_path)) == [("b.jpg", "b"), ("c.PNG", "a/c"), ("d.webp", "a/deep/d")]


def test_patterns_lists_and_single_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, "x/1.jpg", "x/y/2.jpg", "3.jpg", "tricky [1].jpg")
    assert found("x/**/*.jpg") == [("1.jpg", "1"), ("2.jpg", "y/2")]
    assert found("tricky [1].jpg") == [("tricky [1].jpg", "tricky [1]")]
    assert found("-", lines=("3.jpg\n", "\n", "x/1.jpg\r\n")) == [("3.jpg", "3"), ("1.jpg", "1")]
    assert found("3.jpg", "./3.jpg", "x/../3.jpg") == [("3.jpg", "3")]


def test_tables_give_pictures_their_own_options(tmp_path: Path) -> None:
    plant(tmp_path, "p/1.jpg", "p/2.jpg")
    table = tmp_path / "t.csv"
    table.write_text("picture,duration,name\np/1.jpg,10,first\np/2.jpg,,\n", "utf-8-sig")
    rows = list(found_in([str(table)]))
    assert [(path.name, within, dict(said)) for path, within, said in rows] == [
        ("1.jpg", "first", {"duration": "10"}), ("2.jpg", "p/2", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"file,duration\na.jpg,1\n", "expected a column 'picture'"),
        (b"picture\na.jpg,too,many\n", "line 2: more values than columns"),
        (b'picture\n""\n', "line 2: column 'picture' is empty"),
        (b"picture\n\xff\xfe\n", "not a CSV in UTF-8"),
        (b'picture\n"open', "not a CSV in UTF-8"),
        (b"", "expected a column 'picture'"),
    ],
)
def test_bad_tables_are_told_in_one_line(tmp_path: Path, text: bytes, said: str) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(text)
    with pytest.raises(InputError, match=said) as caught:
        list(found_in([str(table)]))
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_no_table_is_a_surprise(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    table = tmp_path_factory.getbasetemp() / "hostile.csv"
    table.write_bytes(b"picture\n" + text)
    said = ""
    try:
        rows = list(found_in([str(table)]))
    except InputError as error:
        rows, said = [], str(error)
    assert "\n" not in said
    assert all(isinstance(path, Path) for path, _, _ in rows)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        found(str(tmp_path / "nothing"))
    with pytest.raises(InputError, match="no file fits this pattern"):
        found(str(tmp_path / "*.jpg"))
    with pytest.raises(UsageError, match="is the input itself"):
        check_apart([str(tmp_path)], tmp_path / "x" / "..")


def test_names_that_would_be_the_same_keep_their_endings() -> None:
    pictures: list[Found] = [(Path(name), Path(name).stem, {}) for name in ("a.jpg", "a.png", "b.jpg", "A.JPG")]
    assert named(pictures) == [f"a.jpg{SUFFIX}", f"a.png{SUFFIX}", f"b{SUFFIX}", f"A.JPG-2{SUFFIX}"]
    many: list[Found] = [(Path("x.jpg"), "x", {}), (Path("x.jpg"), "x", {}), (Path("y.jpg"), "x.jpg", {})]
    assert len({name.lower() for name in named(many)}) == 3


@given(st.lists(st.text(max_size=300), min_size=1, max_size=6))
@example(["con", "CON.txt", "aux/../nul", "a/b\\c", "é" * 300, "🎧" * 100, "trailing. ", "..", "/", 'a:"b"?'])
def test_names_are_safe_everywhere_and_unique(texts: list[str]) -> None:
    names = named([(Path("p.jpg"), text, {}) for text in texts])
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        parts = name.split("/")
        assert parts
        for part in parts:
            assert part not in ("", ".", "..")
            assert not set(part) & set('<>:"|?*\\')
            assert not any(unicodedata.category(sign) == "Cc" and ord(sign) < 32 for sign in part)
            assert part.split(".")[0].lower() not in RESERVED
            assert len(part.encode("utf-8", "surrogateescape")) <= LONGEST_NAME + 40
    assert safe_name("photo") == "photo"


def test_the_key_follows_picture_and_options(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg")
    options = RenderOptions()
    first = key_of(tmp_path / "a.jpg", options, "1")
    assert key_of(tmp_path / "a.jpg", options, "1") == first
    assert key_of(tmp_path / "a.jpg", RenderOptions(loudness_lufs=-23.0), "1") != first
    assert key_of(tmp_path / "a.jpg", RenderOptions(force=True), "1") == first
    assert key_of(tmp_path / "a.jpg", options, "2") != first
    (tmp_path / "a.jpg").write_bytes(b"another")
    assert key_of(tmp_path / "a.jpg", options, "1") != first
    with pytest.raises(InputError, match="no such file"):
        key_of(tmp_path / "gone.jpg", options, "1")


def test_options_of_render_are_taken_as_render_takes_them() -> None:
    """Short names, units and bounds too."""
    made = options_in(["-d", "1h30m", "--loop", "--seed=7"])
    assert (made.arrange.duration_s, made.arrange.seed) == (5400.0, 7)
    for wrong, said in (
        (["-d", "soon"], "--duration"),
        (["--loudness", "5"], "--loudness"),
        (["--seed", "-1"], "--seed"),
    ):
        with pytest.raises(UsageError, match=said):
            options_in(wrong)
    assert split(["a", "-d", "8h", "b"]) == (["a", "b"], ["-d", "8h"])


def test_files_beside_a_table_are_meant_first(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/s.json")
    (tmp_path / "in/t.csv").write_text("picture,scene,weights\na.jpg,s.json,yolo11n\n")
    ((_, _, columns),) = found_in([str(tmp_path / "in/t.csv")])
    assert columns == {"scene": str(tmp_path / "in/s.json"), "weights": "yolo11n"}


def test_the_key_follows_a_library(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg", "one/x.wav", "two/x.wav", "two/y.wav")
    keys = {key_of(tmp_path / "a.jpg", RenderOptions(libraries=(tmp_path / name,)), "1") for name in ("one", "two")}
    assert len(keys) == 2
