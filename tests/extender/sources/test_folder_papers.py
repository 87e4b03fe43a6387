"""Each known layout is read to the right label, author, licence and address; garbage is left aside in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extender.sources.folder.papers import read_papers, seconds_of
from extender.sources.folder.records import SoundRecord, record_of
from extender.sources.folder.scan import scan


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def records(root: Path) -> tuple[dict[str, SoundRecord], list[str]]:
    found = scan(root)
    notes, problems = read_papers(root, frozenset(found.files), list(found.papers))
    return {path: record_of(path, notes.get(path)) for path in found.files}, problems


def test_folders_are_labels_and_tags(tmp_path: Path) -> None:
    write(tmp_path, {"Animals/dog_bark/Big one-02.wav": b"", "loose rain.ogg": b"", "notes.txt": "no sound"})
    found, problems = records(tmp_path)
    assert set(found) == {"Animals/dog_bark/Big one-02.wav", "loose rain.ogg"}
    dog, rain = found["Animals/dog_bark/Big one-02.wav"], found["loose rain.ogg"]
    assert (dog.label, dog.tags, dog.title) == ("dog bark", ("Animals",), "Big one 02")
    assert (rain.label, rain.tags, rain.title) == ("", (), "loose rain")
    assert problems == []


@pytest.mark.parametrize(
    "table",
    [
        "file,label,seconds,licence,author,source_url\na/x.wav,Dog bark,2.5,CC0,Ann,https://x.org/1\n",
        "\ufeffFile Name;Category;Duration;License;Creator;URL\nx.wav;dog_bark;2,5;CC0;Ann;https://x.org/1\n",
        "path\tclass\tlength_s\trights\tuser\tlink\r\na\\x.wav\tdog-bark\t0:02.5\tCC0\tAnn\thttps://x.org/1\r\n",
        'licence,"filename",label,author,url,seconds\nCC0,"x","dog bark",Ann,https://x.org/1,2.5\n',
    ],
)
def test_tables_of_many_habits_say_the_same(tmp_path: Path, table: str) -> None:
    write(tmp_path, {"a/x.wav": b"", "list.csv": table})
    found, problems = records(tmp_path)
    sound = found["a/x.wav"]
    assert sound.label.lower() == "dog bark"
    assert (sound.licence, sound.author, sound.url, sound.duration_s) == ("CC0", "Ann", "https://x.org/1", 2.5)
    assert problems == []


def test_a_table_names_only_files_of_its_own_library(tmp_path: Path) -> None:
    write(
        tmp_path, {"other/secret.wav": b"", "library/list.csv": "file,label\n../other/secret.wav,dog\nnone.wav,cat\n"}
    )
    found, problems = records(tmp_path / "library")
    assert (found, problems) == ({}, [])


def test_a_table_of_something_else_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"dog/x.wav": b"", "budget.csv": "month,sum\nMay,7\n"})
    found, problems = records(tmp_path)
    assert found["dog/x.wav"].label == "dog"
    assert problems == []


def test_esc50(tmp_path: Path) -> None:
    licence = (
        "101 - Dog:\n"
        "- [1-100032-A.ogg]: clip derived from rose_bark.wav "
        "(http://www.freesound.org/people/nfrae/sounds/100032/) by nfrae [CC0]\n"
    )
    table = (
        "filename,fold,target,category,esc10,src_file,take\n"
        "1-100032-A-0.wav,1,0,dog,True,100032,A\n"
        "1-7-A-31.wav,1,31,mouse_click,False,7,A\n"
    )
    audio = {"ESC-50/audio/1-100032-A-0.wav": b"", "ESC-50/audio/1-7-A-31.wav": b""}
    write(tmp_path, {**audio, "ESC-50/meta/esc50.csv": table, "ESC-50/LICENSE": licence})
    found, problems = records(tmp_path)
    dog, mouse = found["ESC-50/audio/1-100032-A-0.wav"], found["ESC-50/audio/1-7-A-31.wav"]
    assert (dog.label, dog.author, dog.licence, dog.title) == ("dog", "nfrae", "CC0", "rose_bark.wav")
    assert "dog bark" in dog.tags
    assert dog.url == "http://www.freesound.org/people/nfrae/sounds/100032/"
    assert (mouse.label, mouse.licence, mouse.url) == ("mouse click", "CC-BY-NC-3.0", "https://freesound.org/s/7/")
    assert problems == []


def test_urbansound8k(tmp_path: Path) -> None:
    table = (
        "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        "100032-3-0-0.wav,100032,0.0,0.31,1,5,3,dog_bark\n"
        "7-9-0-0.wav,7,0.0,4.0,1,2,9,street_music\n"
    )
    write(tmp_path, {"audio/fold5/100032-3-0-0.wav": b"", "audio/fold2/7-9-0-0.wav": b""})
    write(tmp_path, {"metadata/UrbanSound8K.csv": table})
    found, _ = records(tmp_path)
    dog = found["audio/fold5/100032-3-0-0.wav"]
    assert (dog.label, dog.licence, dog.url) == ("dog bark", "CC-BY-NC-3.0", "https://freesound.org/s/100032/")
    assert "music" in found["audio/fold2/7-9-0-0.wav"].tags


def test_fsd50k(tmp_path: Path) -> None:
    info = {
        "64760": {
            "title": "Rex  barks.wav", "tags": ["dog", "garden"], "uploader": "ann", "description": "",
            "license": "http://creativecommons.org/licenses/by/3.0/",
        },
        "9": "odd",
    }  # fmt: skip
    write(
        tmp_path,
        {
            "FSD50K.dev_audio/64760.wav": b"",
            "FSD50K.eval_audio/9.wav": b"",
            "FSD50K.ground_truth/dev.csv": 'fname,labels,mids\n64760,"Bark,Dog,Domestic_animals_and_pets",x\n',
            "FSD50K.ground_truth/eval.csv": "fname,labels,mids\n9,Rain,x\n",
            "FSD50K.ground_truth/vocabulary.csv": "0,Bark,/m/05tny_\n",
            "FSD50K.metadata/dev_clips_info_FSD50K.json": json.dumps(info),
        },
    )
    found, problems = records(tmp_path)
    dog, rain = found["FSD50K.dev_audio/64760.wav"], found["FSD50K.eval_audio/9.wav"]
    assert (dog.label, dog.author, dog.title) == ("Bark", "ann", "Rex barks.wav")
    assert set(dog.tags) >= {"Dog", "Domestic animals and pets", "garden"}
    assert dog.licence == "http://creativecommons.org/licenses/by/3.0/"
    assert (rain.label, rain.url) == ("Rain", "https://freesound.org/s/9/")
    assert problems == []


def test_freesound_pack(tmp_path: Path) -> None:
    readme = (
        "Sound pack downloaded from Freesound\n----------\n\nLicenses in this pack\n---\n\n"
        "Attribution: http://creativecommons.org/licenses/by/3.0/\n"
        "Creative Commons 0: http://creativecommons.org/publicdomain/zero/1.0/\n\n"
        "Sounds in this pack\n-------------------\n\n"
        "  * 380277__ann_b__door-bell-04.wav\n    * url: https://freesound.org/s/380277/\n    * license: Attribution\n"
        "  * 5__ann_b__rain.wav\n    * url: https://freesound.org/s/5/\n    * license: Creative Commons 0\n"
    )
    names = ("380277__ann_b__door-bell-04.wav", "5__ann_b__rain.wav")
    write(tmp_path, {f"pack/{name}": b"" for name in names})
    write(tmp_path, {"pack/_readme_and_license.txt": readme})
    found, _ = records(tmp_path)
    bell, rain = (found[f"pack/{name}"] for name in names)
    assert (bell.title, bell.author, bell.url) == ("door bell 04", "ann_b", "https://freesound.org/s/380277/")
    assert bell.licence == "http://creativecommons.org/licenses/by/3.0/"
    assert rain.licence == "http://creativecommons.org/publicdomain/zero/1.0/"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("meta/esc50.csv", "something,else\n1,2\n"),
        ("list.csv", b"file,label\0\0\n"),
        ("list.csv", 'file,label\n"' + "x" * 200_000),
        ("FSD50K.metadata/dev_clips_info_FSD50K.json", "[" * 100_000),
        ("FSD50K.metadata/dev_clips_info_FSD50K.json", "[]"),
    ],
)
def test_a_paper_that_makes_no_sense_is_left_aside_in_one_line(tmp_path: Path, name: str, content: str | bytes) -> None:
    write(tmp_path, {"dog/x.wav": b"", name: content})
    found, problems = records(tmp_path)
    assert found["dog/x.wav"].label == "dog"
    assert len(problems) == 1
    assert problems[0].startswith(f"{name} was left aside: ")
    assert "\n" not in problems[0]


PAPERS = st.sampled_from(
    (
        "list.csv",
        "meta/esc50.csv",
        "metadata/UrbanSound8K.csv",
        "FSD50K.ground_truth/dev.csv",
        "FSD50K.metadata/dev_clips_info_FSD50K.json",
        "_readme_and_license.txt",
    )
)
HEADERS = st.sampled_from(
    ("", "file,label\n", "filename,category\n", "slice_file_name,class\n", "fname,labels\n", "* 1__a__b.wav\n")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(PAPERS, HEADERS, st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_garbage_never_stops_a_library(tmp_path: Path, name: str, header: str, content: bytes) -> None:
    for old in tmp_path.rglob("*.*"):
        if old.is_file():
            old.unlink()
    write(tmp_path, {"dog/x.wav": b"", name: header.encode() + content})
    found, problems = records(tmp_path)
    assert set(found) == {"dog/x.wav"}
    assert all("\n" not in problem for problem in problems)


@given(st.text(max_size=20))
def test_a_duration_is_above_zero_or_unknown(text: str) -> None:
    value = seconds_of(text)
    assert value is None or 0.0 < value < float("inf")


@pytest.mark.parametrize(
    ("text", "seconds"), [("5", 5.0), ("1:23", 83.0), ("1:00:00", 3600.0), ("0", None), ("-3", None), ("nan", None)]
)
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds
