"""A small made-up render with real audio, for the tests of the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from extender.types import Arrangement, Cast, Considered, Part, Project, Role, SoundAsset
from mixer.plan import BusSettings, MixPlan, Room, TrackSettings
from mixer.results import Meters, TrackMeter
from mixer.types import Clip, Fade, Position
from scenes import Box, Detection, Picture, Place, Scene

RATE = 48_000


def write_tone(path: Path, duration_s: float, frequency_hz: float, *, channels: int = 1) -> None:
    """Write a sine at −12 dBFS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(round(duration_s * RATE)) / RATE
    wave = 0.25 * np.sin(2 * np.pi * frequency_hz * t)
    soundfile.write(path, np.repeat(wave[:, np.newaxis], channels, axis=1), RATE, subtype="PCM_16")


def _asset(folder: Path, name: str, frequency_hz: float, *, title: str, channels: int = 1) -> SoundAsset:
    write_tone(folder / "sounds" / f"{name}.wav", 2.0, frequency_hz, channels=channels)
    return SoundAsset(
        f"sounds/{name}.wav", None, "folder", name, title, "Ada", "CC-BY-4.0", "https://example.org/s/1", 2.0
    )


def make_project(folder: Path, *, duration_s: float = 6.0) -> tuple[Project, Meters, Path]:
    """Return a project of three sounds and a silent table, its meters and its mix, all written into the folder."""
    maple = Detection("maple-1", "maple", 0.9, Box(0.05, 0.1, 0.4, 0.9), 0.8, 20.0, 0.0, 8.0)
    people = Detection("person-1", "person", 0.8, Box(0.6, 0.4, 0.9, 0.9), 0.5, -15.0, 0.0, 5.0, count=4)
    table = Detection("dining-table-1", "dining table", 0.6, Box(0.3, 0.7, 0.6, 0.95), 0.2, 2.0, 0.0, 3.0)
    bed = _asset(folder, "bed", 110.0, title="Town by day", channels=2)
    wind = _asset(folder, "leaves", 440.0, title="Leaves")
    steps = (_asset(folder, "step-1", 660.0, title="Step one"), _asset(folder, "step-2", 880.0, title="Step two"))
    considered = (
        Considered("folder", "leaves", "Leaves", 0.9, True, "folder name = search word"),
        Considered("folder", "song", "Song of the leaves", 0.4, False, "looks like music"),
    )
    roles = (
        Role("ambience-1", "ambience", "city traffic", "city traffic", ("city traffic",), (bed,), reason="Best match."),
        Role("maple-1", "loop", "maple", "tree", ("maple", "tree"), (wind,), considered, True, "No maple anywhere."),
        Role("person-1", "event", "person", "person", ("person",), steps, reason="Two takes in turn."),
    )
    passing = (Position(-40.0, 0.0, 9.0), Position(10.0, 0.0, 4.0, 1.5))
    parts = (
        Part("ambience-1", "ambience", (Clip(0, 0.0, duration_s),), Position(), -30.0, 1.0, "Heard throughout."),
        Part("maple-1", "loop", (Clip(0, 0.0, 2.0, fade_out=Fade(0.5)),), Position(20.0, 0.0, 8.0), -24.0),
        Part(
            "person-1",
            "event",
            (Clip(0, 1.0, 1.5, path=passing), Clip(1, 3.0, 1.5)),
            Position(-15.0, 0.0, 5.0),
            -26.0,
            reason="Four times a minute.",
        ),
    )
    settings = (
        TrackSettings("ambience-1", -8.0, width=1.0, reason="A bed from all around."),
        TrackSettings("maple-1", -3.5, azimuth_deg=20.0, distance_m=8.0, reverb_db=-14.0, reason="Placed on the left."),
        TrackSettings("person-1", 1.5, azimuth_deg=-15.0, distance_m=5.0, reverb_db=-12.0, reason="Placed right."),
    )
    scene = Scene(
        Place("street", 0.7, tags={"sky": 0.3}, source="image statistics"),
        (maple, people, table),
        Picture("photo.jpg", 640, 480, "0" * 64),
        "yolo11n.pt",
        ("Only the first frame of the animation was used.",),
    )
    project = Project(
        version=1,
        generator="image-extender test",
        seed=7,
        format="wav",
        stems=False,
        scene=scene,
        cast=Cast(roles, ("dining table: makes no sound by itself",)),
        arrangement=Arrangement(duration_s, parts),
        plan=MixPlan("balanced", duration_s, settings, BusSettings(2.0), Room(12.0, 0.7), 32.5),
        made={},
    )
    levels = (
        TrackMeter("ambience-1", -30.1, -12.0),
        TrackMeter("maple-1", -26.0, -9.0),
        TrackMeter("person-1", None, None),
    )
    mix = folder / "soundscape.wav"
    write_tone(mix, duration_s, 1000.0, channels=2)
    return project, Meters(-20.04, -1.2, 5.5, 0.4, levels), mix


def with_names(project: Project, name: str, url: str) -> Project:
    """Put a name into every field that comes from outside, and a URL into every take."""
    roles = tuple(
        replace(
            role,
            wanted=f"{name} {role.wanted}",
            played=name,
            path=(name, name),
            reason=name,
            takes=tuple(replace(t, title=name, author=name, licence=name, source=name, url=url) for t in role.takes),
            considered=(Considered(name, name, name, 0.5, True, name),),
        )
        for role in project.cast.roles
    )
    detections = tuple(replace(d, label=name) for d in project.scene.detections)
    picture = replace(project.scene.picture, name=name) if project.scene.picture else None
    place = replace(project.scene.place, label=name, source=name, tags={name: 0.5})
    scene = replace(project.scene, detections=detections, place=place, notes=(name,), detector=name, picture=picture)
    return replace(
        project,
        scene=scene,
        cast=Cast(roles, (name,)),
        generator=name,
        arrangement=replace(
            project.arrangement, parts=tuple(replace(p, reason=name) for p in project.arrangement.parts)
        ),
        plan=replace(project.plan, strategy=name, tracks=tuple(replace(t, reason=name) for t in project.plan.tracks)),
    )
