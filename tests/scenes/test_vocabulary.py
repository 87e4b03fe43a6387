"""The packaged words: all that the product promises of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import COCO_LABELS, ROOTS, Concept, Role, SceneError, load_vocabulary
from tests.conftest import shared

WORDS = load_vocabulary()
CONCEPTS = sorted(WORDS.concepts)
PLACES = sorted(WORDS.places)


def concept(label: str) -> Concept:
    found = WORDS.find(label)
    assert found is not None, label
    return found


def test_there_are_at_least_300_concepts_and_40_places() -> None:
    assert len(CONCEPTS) >= 300
    assert len(PLACES) >= 40


def test_coco_labels_are_those_of_the_detectors() -> None:
    metadata = shared("weights/yolo11n_int8_openvino_model/metadata.yaml").read_text()
    names = dict(re.findall(r"^  (\d+): (.+)$", metadata, re.MULTILINE))
    assert [names[str(n)] for n in range(80)] == list(COCO_LABELS)


@pytest.mark.parametrize("label", COCO_LABELS)
def test_every_coco_label_sounds_or_says_why_it_is_silent(label: str) -> None:
    found = WORDS.concepts[label]
    assert found.sounds != bool(found.why_silent)
    assert found.sounds == bool(found.search)
    assert found.height_m is not None


def test_silence_is_explained_in_a_sentence() -> None:
    for found in WORDS.concepts.values():
        if found.role is Role.SILENT:
            assert re.fullmatch(r"[A-Z].+\.", found.why_silent), found.name


@pytest.mark.parametrize("name", ["dining table", "chair", "bench", "couch", "bed", "stop sign", "tie"])
def test_what_nobody_hears_is_silent(name: str) -> None:
    assert concept(name).role is Role.SILENT


def test_no_sound_brings_music_unasked() -> None:
    assert all("music" in found.avoid for found in WORDS.concepts.values() if found.sounds)
    assert all("speech" in concept(label).avoid for label in ("person", "tv", "cell phone", "radio"))


def test_every_path_ends_at_a_root() -> None:
    for name in CONCEPTS:
        ends = [path[-1] for path in WORDS.climb(name) if not WORDS.concepts[path[-1]].parents]
        assert ends, name
        assert set(ends) <= set(ROOTS)


def test_events_recur_and_nothing_else_does() -> None:
    for found in WORDS.concepts.values():
        assert (found.rate_per_min > 0) == (found.role is Role.EVENT), found.name


def test_ontology_ids_are_nodes_of_audioset() -> None:
    nodes = {node["id"] for node in json.loads(shared("ontology/audioset_ontology.json").read_text())}
    used = {found.audioset for found in WORDS.concepts.values() if found.audioset}
    assert used <= nodes
    assert len(used) > 100


def test_parents_agree_with_audioset_where_both_have_nodes() -> None:
    """A root's node is an ancestor of its descendants' nodes more often than not: the tree is in AudioSet's manner."""
    nodes = {node["id"]: node for node in json.loads(shared("ontology/audioset_ontology.json").read_text())}
    below: dict[str, set[str]] = {}

    def descendants(node: str) -> set[str]:
        if node not in below:
            below[node] = set()
            below[node] = {node}.union(*(descendants(child) for child in nodes[node]["child_ids"]))
        return below[node]

    for root in ("animal", "thing"):
        under = [f for f in WORDS.concepts.values() if f.audioset and any(p[-1] == root for p in WORDS.climb(f.name))]
        node = WORDS.concepts[root].audioset
        assert node is not None
        agreeing = [found for found in under if found.audioset in descendants(node)]
        assert len(agreeing) > 0.75 * len(under), root


@pytest.mark.parametrize(
    ("label", "many", "heard_as"),
    [
        ("person", 12, "crowd"),
        ("car", 3, None),
        ("car", 5, "traffic"),
        ("sheep", 6, "flock of sheep"),
        ("dog", 2, None),
    ],
)
def test_groups(label: str, many: int, heard_as: str | None) -> None:
    found = concept(label)
    assert found.group_from is not None
    assert (found.group_as if many >= found.group_from else None) == heard_as


def test_groups_are_heard_as_concepts_that_sound() -> None:
    for found in WORDS.concepts.values():
        if found.group_as is not None:
            assert WORDS.concepts[found.group_as].sounds


def test_place_ambiences_are_ambiences() -> None:
    for place in WORDS.places.values():
        for name in (*place.ambience, *place.night_ambience):
            assert WORDS.concepts[name].role is Role.AMBIENCE, (place.name, name)
        assert 1 <= len(place.ambience) <= 3
    assert WORDS.places["indoor"].indoor
    assert not WORDS.places["outdoor"].indoor


def test_hard_rooms_are_less_damped_than_soft_ones_and_the_open_air_most() -> None:
    damping = {name: place.damping for name, place in WORDS.places.items()}
    assert damping["bathroom"] < damping["kitchen"] < damping["bedroom"] < damping["field"]
    assert WORDS.places["church"].room_size_m > WORDS.places["living room"].room_size_m > 1.0


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Fire_Hydrant", "fire hydrant"),
        ("TVs", "tv"),
        ("wine-glass", "wine glass"),
        ("People", "person"),
        ("women", "person"),
        ("wolves", "wolf"),
        ("knives", "knife"),
        ("Ponies", "horse"),
        ("churches", "church"),
        ("buses", "bus"),
        ("aeroplane", "airplane"),
        ("pottedplant", "potted plant"),
        ("red maple tree", "maple"),
        ("a very tall tree", "tree"),
        ("bowl of fruit", "bowl"),
        ("a man in a red jacket", "person"),
        ("a group of people", "crowd"),
        ("statue of a horse", "statue"),
        ("car_(automobile)", "car"),
        ("crane (bird)", "heron"),
        ("tabby, tabby cat", "cat"),
        ("tree-merged", "tree"),
        ("toy car", "toy"),
        ("hot dog", "hot dog"),
        ("", None),
        ("  ", None),
        ("qwertyuiop", None),
    ],
)
def test_find(label: str, name: str | None) -> None:
    found = WORDS.find(label)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("livingroom", "living room"),
        ("PARoffice", "office"),
        ("busy city street", "street"),
        ("church/indoor", "church"),
        ("bamboo_forest", "jungle"),
        ("the moon", None),
    ],
)
def test_find_place(label: str, name: str | None) -> None:
    found = WORDS.find_place(label)
    assert (found.name if found else None) == name


SPELLINGS: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "title": str.title,
    "underscores": lambda word: word.replace(" ", "_"),
    "signs": lambda word: f" {word}. ",
}


@given(st.sampled_from(CONCEPTS), st.sampled_from(sorted(SPELLINGS)))
def test_find_knows_every_spelling_of_every_word(name: str, spelling: str) -> None:
    for word in (name, *WORDS.concepts[name].aliases):
        assert WORDS.find(SPELLINGS[spelling](word)) is WORDS.concepts[name]


@given(st.text(max_size=60))
def test_find_takes_any_text(label: str) -> None:
    found = WORDS.find(label)
    assert found is None or found is WORDS.concepts[found.name]
    place = WORDS.find_place(label)
    assert place is None or place is WORDS.places[place.name]


@given(st.sampled_from(CONCEPTS))
def test_climbing(name: str) -> None:
    paths = list(WORDS.climb(name))
    assert paths[0] == (name,)
    assert [len(path) for path in paths] == sorted(len(path) for path in paths)
    ends = [path[-1] for path in paths]
    assert len(set(ends)) == len(ends)
    for path in paths:
        assert path[0] == name
        assert all(parent in WORDS.concepts[child].parents for child, parent in pairwise(path))
    assert paths == list(WORDS.climb(name))


def test_climbing_a_maple_and_a_tiger() -> None:
    assert list(WORDS.climb("maple"))[:2] == [("maple",), ("maple", "tree")]
    ends = [path[-1] for path in WORDS.climb("tiger")]
    assert [end for end in ends if end in ("carnivore", "mammal", "animal")] == ["carnivore", "mammal", "animal"]


def test_climbing_needs_a_concept() -> None:
    with pytest.raises(SceneError, match="expected the name of a concept, got 'Maple Tree'"):
        WORDS.climb("Maple Tree")


def test_loading_is_quick_and_once_a_process() -> None:
    assert load_vocabulary() is load_vocabulary()
    code = (
        "import sys, time, scenes; t = time.process_time(); scenes.load_vocabulary(); "
        "print(time.process_time() - t, 'numpy' in sys.modules, 'pydantic' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    seconds, *heavy = run.stdout.split()
    assert float(seconds) < 0.1  # about 0.01 on an idle machine
    assert heavy == ["False", "False"]


HEADER = "name,role,parents,search,rate_per_min,loudness_db"


def extra(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def test_a_person_adds_and_changes_words(tmp_path: Path) -> None:
    path = extra(tmp_path, "# mine", "theremin,event,thing,theremin,2,70", "dog,event,pet,dachshund bark,1,70")
    words = load_vocabulary(path)
    assert words.concepts["theremin"].search == ("theremin",)
    dog = words.concepts["dog"]
    assert (dog.search, dog.rate_per_min) == (("dachshund bark",), 1.0)
    assert dog.height_m == WORDS.concepts["dog"].height_m  # a column that the file does not have stays
    assert WORDS.concepts["dog"].search[0] == "dog bark"
    assert len(words.concepts) == len(CONCEPTS) + 1


def test_a_person_s_word_wins_over_an_alias(tmp_path: Path) -> None:
    words = load_vocabulary(extra(tmp_path, "puppy,event,dog,puppy bark,2,70"))
    puppy, dog = words.find("puppies"), words.find("hound")
    assert puppy is not None
    assert puppy.name == "puppy"
    assert dog is not None
    assert dog.name == "dog"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,event,thing,x,fast,70", "mine.csv row 2, column rate_per_min: expected a number, got 'fast'"),
        ("x,event,thing,x,0,70", "mine.csv row 2, column rate_per_min: expected above 0..600 for an event, got 0.0"),
        ("x,event,thing,x,nan,70", "row 2, column rate_per_min"),
        ("x,event,thing,x,1,900", "row 2, column loudness_db: expected 0..194 dB SPL, got 900.0"),
        ("x,noisy,thing,x,1,70", "column role: expected event, loop, ambience, silent, got 'noisy'"),
        ("x,event,thing,,1,70", "column search: expected one search word or more"),
        ("x,silent,thing,,,", "column why_silent: expected the reason"),
        ("X y,event,thing,x,1,70", "column name: expected words in lower case without signs, got 'X y'"),
        ("x,event,thing,x,1", "mine.csv row 2: expected 6 cells, got 5"),
        ("x,event,nothing,x,1,70", "'x', column parents: expected concepts, got 'nothing'"),
        ("x,event,x,x,1,70", "column parents: expected other concepts, got 'x'"),
        ("x,event,,x,1,70", "'x', column parents: expected some"),
        ("nature,event,thing,x,1,70", "'nature', column parents: expected none, for it is a root"),
        ("tree,loop,maple,x,,70", "column parents: expected no circle"),
        ("x,event,thing,a||b,1,70", "column search: expected different words parted by"),
    ],
)
def test_mistakes_are_one_line_with_row_and_column(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SceneError) as caught:
        load_vocabulary(extra(tmp_path, row))
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("name,colour", ["x,blue"], "row 1: expected the columns"),
        ("role,search", ["event,x"], r"row 1: .* no \['name'\]"),
        ("name,name", ["x,y"], "a column twice"),
        (HEADER, ["x,event,thing,x,1,70"] * 2, "row 3, column name: 'x' is there already, at mine.csv row 2"),
        (
            "name,parents,role,search,rate_per_min,aliases",
            [f"{n},thing,event,x,1,zz" for n in "xy"],
            "'zz' already means 'x'",
        ),
        ("name,group_from,group_as", ["dog,2,chair"], "expected a concept that sounds, got a silent concept: 'chair'"),
        ("name,group_from,group_as", ["dog,2,"], "column group_as"),
    ],
)
def test_mistakes_of_a_whole_file(tmp_path: Path, header: str, rows: list[str], message: str) -> None:
    with pytest.raises(SceneError, match=message):
        load_vocabulary(extra(tmp_path, *rows, header=header))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"none\.csv: expected a vocabulary that can be read"):
        load_vocabulary(tmp_path / "none.csv")


@given(st.binary(max_size=300))
def test_any_bytes_make_a_vocabulary_or_one_clear_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        load_vocabulary(path)
    except SceneError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  # either outcome is right
