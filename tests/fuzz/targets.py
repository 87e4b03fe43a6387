"""What is fed hostile input, with what it is made from."""

from __future__ import annotations

import io
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tests.fuzz.mutate import spoiled_bytes, spoiled_json, spoiled_table

Spoil = Callable[[bytes, random.Random], bytes]
ROOTS = ("SceneError", "MixerError", "FreesoundError", "ModelError", "ExtenderError")


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads.

    Parameters
    ----------
    name : str
    seeds : callable
        Returns valid inputs.
    spoil : callable
    read : callable
        Reads one input, from a file in the folder that is given; raises one of our errors for what it refuses.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    spoil: Spoil
    read: Callable[[bytes, Path], object]


def is_ours(error: BaseException) -> bool:
    """Tell whether an error is one that people are told in one line."""
    return any(kind.__name__ in ROOTS for kind in type(error).__mro__) and "\n" not in str(error)


# --- pictures ------------------------------------------------------------------------------------------------------


@lru_cache
def pictures() -> Sequence[bytes]:
    from PIL import Image

    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, (24, 32, 3), np.uint8)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[274], exif[271] = 6, "Maker"
    exif.get_ifd(0x8769)[41989] = 28
    out = []
    for kind, more in (
        ("JPEG", {"exif": exif, "quality": 60}), ("PNG", {}), ("WEBP", {"exif": exif}), ("GIF", {}), ("BMP", {}),
        ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {}), ("PPM", {}), ("JPEG2000", {}),
    ):  # fmt: skip
        file = io.BytesIO()
        image.save(file, kind, **more)
        out.append(file.getvalue())
    for mode in ("1", "L", "P", "RGBA", "I;16", "CMYK"):
        file = io.BytesIO()
        made = Image.new("I;16", (8, 8)) if mode == "I;16" else image.convert(mode)
        made.save(file, "JPEG" if mode == "CMYK" else "PNG")
        out.append(file.getvalue())
    return out


def read_picture(data: bytes, folder: Path) -> object:
    from extender.vision.picture import load_picture

    path = folder / "p.jpg"
    path.write_bytes(data)
    return load_picture(path)


# --- sounds --------------------------------------------------------------------------------------------------------


@lru_cache
def sounds() -> Sequence[bytes]:
    import soundfile

    noise = np.random.default_rng(2).normal(0, 0.1, (1_500, 2)).astype(np.float32)
    out = []
    for kind, coding in (
        ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAVEX", "PCM_24"), ("RF64", "PCM_16"), ("AIFF", "PCM_16"),
        ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("AU", "ULAW"),
        ("CAF", "PCM_16"), ("W64", "PCM_16"), ("WAV", "IMA_ADPCM"),
    ):  # fmt: skip
        file = io.BytesIO()
        soundfile.write(file, noise, 48_000, coding, format=kind)
        out.append(file.getvalue())
    return out


def read_sound(data: bytes, folder: Path) -> object:
    from extender.audio import read_audio

    path = folder / "s.wav"
    path.write_bytes(data)
    # What libsndfile gives up on goes to ffmpeg, two processes each: only some are sent there.
    with mock.patch.dict(os.environ, {} if len(data) % 97 == 0 else {"PATH": ""}):
        return read_audio(path, max_s=10.0)


# --- scenes, projects, plans ---------------------------------------------------------------------------------------


@lru_cache
def scenes() -> Sequence[bytes]:
    from scenes import read_example, scene_to_json
    from scenes.types import Place, Scene

    draft = read_example("street")
    boxes = [{"label": s.label, "box": [0.1, 0.1, 0.4, 0.5]} for s in draft.sightings]
    own = {"version": 1, "place": {"label": "street"}, "objects": boxes}
    coco = {
        "images": [{"id": 1, "width": 640, "height": 480, "file_name": "p.jpg"}],
        "categories": [{"id": 3, "name": "car"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 20, 100, 80], "score": 0.9}],
    }
    empty = scene_to_json(Scene(Place("street"), ()))
    yolo = b"0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.1 0.1 0.9\n"
    return [json.dumps(own).encode(), json.dumps(coco).encode(), empty.encode(), yolo]


def read_scene(data: bytes, folder: Path) -> object:
    from scenes import read_scene_file

    path = folder / ("s.txt" if data[:1].isdigit() else "s.json")
    path.write_bytes(data)
    return read_scene_file(path, picture_name="p.jpg", picture_size=(640, 480))


@lru_cache
def projects() -> Sequence[bytes]:
    from extender.project import VERSION, seal, to_json
    from tests.extender.output.report_project import make_project

    with tempfile.TemporaryDirectory() as folder:
        project, _, _ = make_project(Path(folder))
    return [to_json(seal(replace(project, version=VERSION))).encode()]


def read_a_project(data: bytes, folder: Path) -> object:
    from extender.project import changed_by_hand, kept_settings, read_project

    path = folder / "project.json"
    path.write_bytes(data)
    project = read_project(path)
    return changed_by_hand(project), kept_settings(project)


@lru_cache
def plans() -> Sequence[bytes]:
    from mixer import Compressor, Curve, Duck, Expander, Filter, MixPlan, Room, TrackSettings

    rich = TrackSettings(
        "a", -3.0, azimuth_deg=Curve((0.0, 1.0), (-10.0, 10.0)), reverb_db=-12.0, fader_db=Curve((0.0,), (1.0,)),
        expander=Expander(-50.0, 2.0), filters=(Filter("peak", 1_000.0, -3.0),), compressor=Compressor(-20.0, 2.0),
        ducks=(Duck("b", 6.0, -30.0),),
    )  # fmt: skip
    plan = MixPlan("by hand", 3.0, (rich, TrackSettings("b", 0.0)), room=Room(10.0, 0.5))
    return [plan.to_json().encode()]


def read_plan(data: bytes, folder: Path) -> object:
    from mixer import MixerError, MixPlan

    del folder
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MixerError(str(error)) from None
    return MixPlan.from_json(text)


# --- tables --------------------------------------------------------------------------------------------------------


@lru_cache
def vocabularies() -> Sequence[bytes]:
    import scenes as package

    lines = (Path(package.__path__[0]) / "data" / "vocabulary.csv").read_bytes().split(b"\n")
    return [b"\n".join([lines[0], *lines[at : at + 12]]) for at in range(1, 120, 12)]


def read_vocabulary(data: bytes, folder: Path) -> object:
    from scenes import load_vocabulary

    path = folder / "extra.csv"
    path.write_bytes(data)
    vocabulary = load_vocabulary(path)
    return vocabulary.find("dog")


TABLE = b'picture,duration,seed,name,stems\na.jpg,10,3,first,yes\nb/c.png,,,,\n"quoted, name.jpg",1m,0,x/y,no\n'


def read_table(data: bytes, folder: Path) -> object:
    from extender.batch.jobs import found_in, named

    path = folder / "t.csv"
    path.write_bytes(data)
    return named(list(found_in([str(path)])))


JOURNAL = (
    b'{"name": "a", "picture": "a.jpg", "status": "done", "key": "k", "seconds": 1.0, "objects": ["car"], '
    b'"loudness_lufs": -20.0, "mix": "s.wav"}\n'
)


def read_journal(data: bytes, folder: Path) -> object:
    from extender.batch.record import FOLDER, Journal, is_valid, write_tables

    (folder / FOLDER).mkdir(exist_ok=True)
    (folder / FOLDER / "journal.jsonl").write_bytes(data)
    journal = Journal(folder)
    journal.close()
    records = list(journal.known.values())
    write_tables(records, folder, {})
    return [is_valid(record, folder) for record in records if "\0" not in record.name + record.mix]


LIBRARY = (
    b"file,label,seconds,licence,author,source\n"
    b"bark.wav,dog bark,1.5,CC0,Ann,https://freesound.org/s/1/\n"
    b'"a, b.wav",rain,,CC BY 4.0,,\n'
)


def read_library(data: bytes, folder: Path) -> object:
    from extender.sources.folder.papers import read_papers

    (folder / "manifest.csv").write_bytes(data)
    return read_papers(folder, frozenset(["bark.wav", "a, b.wav"]), ["manifest.csv"])


# --- answers of Freesound ------------------------------------------------------------------------------------------


@lru_cache
def answers() -> Sequence[bytes]:
    """Return bodies as the service sends them: a list of sounds, one sound, an error."""
    sound: dict[str, Any] = {
        "id": 123, "name": "Dog bark.wav", "tags": ["dog", "bark"], "username": "ann", "license":
        "http://creativecommons.org/publicdomain/zero/1.0/", "duration": 1.5, "channels": 1, "samplerate": 44100.0,
        "filesize": 1000, "avg_rating": 4.5, "num_ratings": 3, "num_downloads": 10, "geotag": "41.4 2.1",
        "created": "2020-01-01T10:00:00", "type": "wav", "url": "https://freesound.org/people/ann/sounds/123/",
        "previews": {"preview-hq-ogg": "https://cdn.freesound.org/previews/0/123_1-hq.ogg"}, "description": "A dog",
        "pack": "https://freesound.org/apiv2/packs/1/", "images": {}, "analysis": {"lowlevel": {"mfcc": [1.0, 2.0]}},
        "similarity": None,
    }  # fmt: skip
    page = {"count": 1, "next": None, "previous": None, "results": [sound]}
    return [json.dumps(page).encode(), json.dumps(sound).encode(), b'{"detail": "Not found."}', b"<html>busy</html>"]


def read_answer(data: bytes, folder: Path) -> object:
    from freesound.answers import Answer, parse
    from freesound.models import read_pack, read_sound, read_user

    del folder
    answer = _answer(Answer, data)
    body = parse(answer, "a search")
    found = body.get("results", []) if isinstance(body, dict) else body
    things = found if isinstance(found, list) else [found]
    return [(read_sound(thing), read_pack(thing), read_user(thing)) for thing in [body, *things]]


def _answer(kind: Any, data: bytes) -> Any:
    status = 200 if len(data) % 5 else 404
    return kind(status, {"content-type": "application/json" if len(data) % 3 else "text/html"}, data)


# --- what is remembered --------------------------------------------------------------------------------------------


@lru_cache
def tastes() -> Sequence[bytes]:
    from extender.taste import Edit, Memory, Noticed

    edit = Edit(
        "mix-1", (Noticed("event", "dog", 2.0, 0.5, 10.0, 0.0), Noticed("ambience", "rain", -3.0, 0.0, 0.0, 0.2))
    )
    return [json.dumps(asdict(Memory(1, True, (edit,)))).encode()]


def read_taste(data: bytes, folder: Path) -> object:
    from extender.taste import remembered, taste_of

    path = folder / "taste.json"
    path.write_bytes(data)
    return taste_of(remembered(path))


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("picture", pictures, spoiled_bytes, read_picture),
        Target("sound", sounds, spoiled_bytes, read_sound),
        Target("scene", scenes, spoiled_json, read_scene),
        Target("project", projects, spoiled_json, read_a_project),
        Target("plan", plans, spoiled_json, read_plan),
        Target("vocabulary", vocabularies, spoiled_table, read_vocabulary),
        Target("table", lambda: [TABLE], spoiled_table, read_table),
        Target("journal", lambda: [JOURNAL], spoiled_json, read_journal),
        Target("library", lambda: [LIBRARY], spoiled_table, read_library),
        Target("answer", answers, spoiled_json, read_answer),
        Target("taste", tastes, spoiled_json, read_taste),
    )
}


def cases(target: Target, seed: int, count: int) -> Iterator[bytes]:
    """Yield spoiled inputs, always the same for a seed."""
    draw = random.Random(f"{seed}:{target.name}")
    seeds = target.seeds()
    for _ in range(count):
        yield target.spoil(draw.choice(seeds), draw)
