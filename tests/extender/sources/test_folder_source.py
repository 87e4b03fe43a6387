"""A person's own sounds are found by what they are, fetched when they can be heard, and followed as they change."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from extender.errors import InputError, SourceError
from extender.sources.base import Candidate, Query, SourceContext
from extender.sources.folder import FolderSource
from extender.sources.folder.scoring import MIN_SCORE, duration_fitness
from extender.types import Kind
from scenes import Role, load_vocabulary
from tests.extender.sources.conftest import Make


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def source(library: Path, cache: Path) -> FolderSource:
    return FolderSource(SourceContext(cache, (library,)))


def query(*words: str, kind: Kind = "event", avoid: tuple[str, ...] = (), seed: int = 0, concept: str = "") -> Query:
    return Query(concept or words[0], words, kind, avoid, 3, seed)


def names(found: list[Candidate]) -> list[str]:
    return [candidate.id.partition("/")[2] for candidate in found]


def search_concept(own: FolderSource, name: str) -> list[Candidate]:
    concept = load_vocabulary().concepts[name]
    kind: Kind = "ambience" if concept.role is Role.AMBIENCE else "loop" if concept.role is Role.LOOP else "event"
    return own.search(Query(name, concept.search, kind, concept.avoid, 3, 1))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> FolderSource:
    from tests.conftest import shared

    return source(shared("sounds"), tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize(
    ("concept", "label"),
    [("dog", "dog_bark"), ("rain", "rain"), ("clock", "clock_tick"), ("fire", "fire_crackl"), ("cat", "cat_meow")],
)
def test_real_recordings_are_found_by_what_they_are(real: FolderSource, concept: str, label: str) -> None:
    found = search_concept(real, concept)
    assert found
    assert all(label.split("_")[0] in candidate.id for candidate in found[:5])
    assert label in found[0].id
    assert found[0].licence != "unknown"


@pytest.mark.parametrize("concept", ["toaster", "mouse", "refrigerator", "crane", "bowl"])
def test_what_a_real_library_lacks_is_not_found(real: FolderSource, concept: str) -> None:
    assert names(search_concept(real, concept)) == []


def test_a_real_recording_is_fetched_where_it_lies(real: FolderSource) -> None:
    best = search_concept(real, "dog")[0]
    asset = real.fetch(best)
    path = Path(asset.file)
    assert path.is_absolute()
    assert path.is_relative_to(real.libraries[0])
    assert asset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert asset.duration_s == pytest.approx(5.0, abs=0.1)
    assert (asset.author, asset.licence, asset.url) == (best.author, best.licence, best.url)


def test_the_same_seed_repeats_and_others_choose_among_equals(real: FolderSource) -> None:
    first = [names(real.search(query("dog bark", seed=seed))) for seed in range(6)]
    assert first == [names(real.search(query("dog bark", seed=seed))) for seed in range(6)]
    assert len({found[0] for found in first}) > 2
    for seed in range(3):
        scores = [candidate.score for candidate in real.search(query("dog bark", seed=seed))]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) >= MIN_SCORE


def test_a_warm_index_answers_as_a_cold_one(library: Path, cache: Path, make_sound: Make) -> None:
    for number in range(8):
        make_sound(library / "dog" / f"bark {number}.wav", seconds=0.1 + number)
    cold = source(library, cache).search(query("dog bark", seed=4))
    warm = source(library, cache).search(query("dog bark", seed=4))
    assert warm == cold
    assert all(candidate.duration_s for candidate in warm)


def test_better_words_score_higher(library: Path, cache: Path, make_sound: Make) -> None:
    better_to_worse = (
        "dog bark/a.wav",
        "loud dog bark/b.wav",
        "barking of a small dog/c.wav",
        "dogs/garden/a long day with much bark.wav",
    )
    for path in better_to_worse:
        make_sound(library / path)
    found = source(library, cache).search(query("dog bark", concept="dog"))
    assert names(found) == list(better_to_worse)
    assert "dog bark" in found[0].reason


def test_one_word_or_two_is_the_same(library: Path, cache: Path, make_sound: Make) -> None:
    make_sound(library / "door bell" / "x.wav")
    make_sound(library / "doorbell" / "y.wav")
    own = source(library, cache)
    assert set(names(own.search(query("doorbell")))) == set(names(own.search(query("door bell"))))
    assert len(own.search(query("doorbell"))) == 2


def test_false_friends_do_not_win(library: Path, cache: Path, make_sound: Make) -> None:
    make_sound(library / "mouse" / "squeak.wav")
    make_sound(library / "a day at the sea with my dog and his ball.wav")
    own = source(library, cache)
    assert own.search(query("mouse click", "computer mouse", avoid=("music", "animal"), concept="mouse")) == []
    assert own.search(query("ball", concept="sports ball")) == []


def test_a_folder_named_as_the_concept_is_found(library: Path, cache: Path, make_sound: Make) -> None:
    make_sound(library / "birds" / "x.wav")
    found = source(library, cache).search(query("bird chirp", "bird call", avoid=("music",), concept="bird"))
    assert names(found) == ["birds/x.wav"]


@pytest.mark.parametrize(
    ("path", "avoid", "kept"),
    [
        ("rain/rain song 120 bpm.wav", ("music",), False),
        ("rain/rain.wav", ("music",), True),
        ("bird/bird song at dawn.wav", ("music",), True),
        ("rain/man talking in the rain.wav", ("speech",), False),
        ("rain/rain.wav", ("thunder storm",), True),
        ("rain/rain before thunder storm.wav", ("thunder storm",), False),
    ],
)
def test_words_to_avoid_disqualify(
    library: Path, cache: Path, make_sound: Make, path: str, avoid: tuple[str, ...], kept: bool
) -> None:
    make_sound(library / path, seconds=2.0)
    word = path.partition("/")[0]
    assert bool(source(library, cache).search(query(word, avoid=avoid))) is kept


def test_toys_and_games_come_after_the_real_thing(library: Path, cache: Path, make_sound: Make) -> None:
    make_sound(library / "car passing toy.wav")
    make_sound(library / "car passing by slowly.wav")
    assert names(source(library, cache).search(query("car passing")))[0] == "car passing by slowly.wav"
    assert "toy car.wav" in names(
        source(make_sound(library / "toy car.wav").parent, cache.with_name("other")).search(query("toy car"))
    )


def test_length_and_width_suit_the_kind(library: Path, cache: Path, make_sound: Make) -> None:
    make_sound(library / "rain" / "short.wav", seconds=0.5)
    make_sound(library / "rain" / "middling.wav", seconds=5.0)
    make_sound(library / "rain" / "long.wav", seconds=45.0)
    make_sound(library / "rain" / "wide.wav", seconds=45.0, channels=2)
    own = source(library, cache)
    assert names(own.search(query("rain", kind="ambience"))) == ["rain/wide.wav", "rain/long.wav", "rain/middling.wav"]
    assert names(own.search(query("rain", kind="event")))[-1] in {"rain/long.wav", "rain/wide.wav"}


def test_fitness_of_durations_has_the_stated_corners() -> None:
    assert [duration_fitness(s, "event") for s in (0.01, 0.2, 12.0)] == [0.0, 1.0, 1.0]
    assert [duration_fitness(s, "loop") for s in (1.0, 60.0, 600.0)] == [0.0, 1.0, 1.0]
    growing = [duration_fitness(float(s), "ambience") for s in range(2, 61)]
    assert growing == sorted(growing)


def test_a_known_licence_is_preferred(library: Path, cache: Path, make_sound: Make) -> None:
    for name in ("a", "b"):
        make_sound(library / f"{name}.wav")
    (library / "list.csv").write_text("file,label,licence\na.wav,rain,\nb.wav,rain,CC BY 4.0\n")
    found = source(library, cache).search(query("rain"))
    assert names(found) == ["b.wav", "a.wav"]
    assert [candidate.licence for candidate in found] == ["CC-BY-4.0", "unknown"]


def test_new_changed_and_removed_files_are_seen(library: Path, cache: Path, make_sound: Make) -> None:
    old = make_sound(library / "rain" / "old.wav", seconds=2.0)
    assert names(source(library, cache).search(query("rain"))) == ["rain/old.wav"]
    make_sound(library / "more" / "rain" / "new.wav")
    assert set(names(source(library, cache).search(query("rain")))) == {"rain/old.wav", "more/rain/new.wav"}
    make_sound(old, seconds=3.0)
    by_name = {c.id: c.duration_s for c in source(library, cache).search(query("rain"))}
    assert by_name["library/rain/old.wav"] == pytest.approx(3.0)
    old.unlink()
    assert names(source(library, cache).search(query("rain"))) == ["more/rain/new.wav"]
    (library / "list.csv").write_text("file,label\nmore/rain/new.wav,hail\n")
    assert names(source(library, cache).search(query("hail"))) == ["more/rain/new.wav"]


def test_an_unchanged_library_is_not_walked_again(
    library: Path, cache: Path, make_sound: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sound(library / "rain" / "x.wav")
    for folder in (library / "rain", library):
        os.utime(folder, (1_600_000_000, 1_600_000_000))  # a stamp that is settled
    assert source(library, cache).count() == 1

    def never(*_: object) -> None:
        raise AssertionError("walked again")

    monkeypatch.setattr("extender.sources.folder.index.scan", never)
    assert source(library, cache).count() == 1


@pytest.mark.parametrize("damage", [b"", b"not a database at all", None])
def test_a_damaged_index_is_made_anew(library: Path, cache: Path, make_sound: Make, damage: bytes | None) -> None:
    make_sound(library / "rain" / "x.wav")
    source(library, cache).count()
    (file,) = (cache / "libraries").glob("*.sqlite3")
    if damage is None:
        content = bytearray(file.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        file.write_bytes(content)
    else:
        file.write_bytes(damage)
    assert names(source(library, cache).search(query("rain"))) == ["rain/x.wav"]


def test_an_index_of_another_version_is_made_anew(library: Path, cache: Path, make_sound: Make) -> None:
    make_sound(library / "rain" / "x.wav")
    source(library, cache).count()
    (file,) = (cache / "libraries").glob("*.sqlite3")
    with sqlite3.connect(file) as db:
        db.execute("DROP TABLE words")
        db.execute("PRAGMA user_version=99")
    db.close()
    assert source(library, cache).count() == 1


def test_hidden_files_links_in_circles_and_other_files_are_passed_over(
    library: Path, cache: Path, make_sound: Make
) -> None:
    make_sound(library / "rain" / "x.wav")
    make_sound(library / ".trash" / "rain.wav")
    make_sound(library / "rain" / "._x.wav")
    (library / "rain" / "rain.txt").write_text("rain")
    (library / "rain" / "round").symlink_to(library)
    (library / "rain" / "self").symlink_to("self")
    (library / "nowhere.wav").symlink_to("gone.wav")
    own = source(library, cache)
    assert names(own.search(query("rain"))) == ["rain/x.wav"]


@pytest.mark.parametrize(
    ("content", "message"), [(b"RIFF....WAVE is not enough", "cannot decode|knows it as sound"), (None, "silent")]
)
def test_what_cannot_be_heard_is_refused(
    library: Path, cache: Path, make_sound: Make, content: bytes | None, message: str
) -> None:
    path = make_sound(library / "rain" / "x.wav", peak=0.0)
    if content:
        path.write_bytes(content)
    own = source(library, cache)
    (found,) = own.search(query("rain"))
    with pytest.raises(SourceError, match=message) as caught:
        own.fetch(found)
    assert "\n" not in str(caught.value)


def test_empty_files_are_no_candidates(library: Path, cache: Path) -> None:
    (library / "rain.wav").touch()
    assert source(library, cache).search(query("rain")) == []


@pytest.mark.parametrize("sound", ["library/gone.wav", "other/x.wav", "library/../secret.wav", "library//x.wav", ""])
def test_only_sounds_of_the_libraries_are_fetched(library: Path, cache: Path, make_sound: Make, sound: str) -> None:
    make_sound(library.parent / "secret.wav")
    make_sound(library / "x.wav")
    wanted = Candidate("folder", sound, "t", (), None, "", "", "", 1.0, "")
    with pytest.raises(SourceError, match="there is no sound"):
        source(library, cache).fetch(wanted)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_what_libsndfile_reads_is_read(library: Path, cache: Path, make_sound: Make, suffix: str) -> None:
    make_sound(library / "rain" / f"x{suffix}", seconds=1.5)
    own = source(library, cache)
    (found,) = own.search(query("rain"))
    assert own.fetch(found).duration_s == pytest.approx(1.5, abs=0.2)


def test_what_ffmpeg_reads_is_read(library: Path, cache: Path, make_sound: Make) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, which is not here")
    wav = make_sound(library.parent / "x.wav", seconds=2.0)
    target = library / "rain" / "x.m4a"
    target.parent.mkdir()
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-c:a", "aac", target], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("needs an ffmpeg that writes AAC")
    own = source(library, cache)
    (found,) = own.search(query("rain"))
    assert found.duration_s is None
    assert own.fetch(found).duration_s == pytest.approx(2.0, abs=0.2)


def test_libraries_come_from_the_environment_or_the_users_own_folder(
    library: Path, cache: Path, make_sound: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(library.parent))
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_: library.parent / "own")
    monkeypatch.delenv("EXTENDER_SOUNDS", raising=False)
    empty = FolderSource(SourceContext(cache))
    assert (empty.libraries, empty.search(query("rain"))) == ((), [])
    own = make_sound(library.parent / "own" / "sounds" / "rain.wav").parent
    assert FolderSource(SourceContext(cache)).libraries == (own.resolve(),)
    monkeypatch.setenv("EXTENDER_SOUNDS", os.pathsep.join((str(library), str(library))))
    assert FolderSource(SourceContext(cache)).libraries == (library.resolve(),)
    assert FolderSource(SourceContext(cache, (own,))).libraries == (own.resolve(),)


def test_a_library_that_is_no_folder_is_one_clear_line(library: Path, cache: Path) -> None:
    with pytest.raises(InputError, match="is no folder; check --sounds"):
        source(library / "nowhere", cache)


def test_a_cache_that_cannot_be_written_is_one_clear_line(library: Path, tmp_path: Path, make_sound: Make) -> None:
    make_sound(library / "rain.wav")
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(SourceError, match="set EXTENDER_CACHE"):
        source(library, tmp_path / "cache").search(query("rain"))


def test_two_libraries_answer_as_one(tmp_path: Path, cache: Path, make_sound: Make) -> None:
    make_sound(tmp_path / "one" / "rain.wav")
    make_sound(tmp_path / "two" / "rain.wav")
    both = FolderSource(SourceContext(cache, (tmp_path / "one", tmp_path / "two")))
    found = both.search(query("rain"))
    assert {candidate.id for candidate in found} == {"one/rain.wav", "two/rain.wav"}
    assert {Path(both.fetch(candidate).file).parent.name for candidate in found} == {"one", "two"}
