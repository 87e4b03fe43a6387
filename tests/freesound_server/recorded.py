"""The site that the recorded exchanges were taken from, made again: its sounds, users and credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tests.freesound_server.accounts import Credential
from tests.freesound_server.catalogue import CC0, SAMPLING, Catalogue, Comment, Deed, Pack, Sound
from tests.freesound_server.server import FreesoundServer
from tests.freesound_server.uploads import Upload

PUBLIC_URL = "https://localhost:8765"
BY = Deed("Attribution", "http://creativecommons.org/licenses/by/4.0/")
BY3 = Deed("Attribution", "http://creativecommons.org/licenses/by/3.0/")
BY_NC = Deed("Attribution NonCommercial", "http://creativecommons.org/licenses/by-nc/4.0/")
_DESCRIPTORS = {
    "bpm": 120.0,
    "brightness": 55.1,
    "loopable": True,
    "loudness": -23.4,
    "mfcc": [-700.1, 10.2, 3.3],
    "note_name": "A4",
    "onset_count": 2,
    "onset_times": [0.1, 0.5],
    "pitch": 220.5,
    "single_event": False,
    "tonality": "C minor",
    "fsdsinet_detected_class": ["Rain", "Thunderstorm"],
    "fsdsinet_detections": [{"name": "Rain", "score": 0.91, "end_time": 2.0, "start_time": 0.0}],
    "fsdsinet_detections_count": 1,
}
UNICODE_NAME = "Pluie d’été 雨 🌧/..\\evil:name?.WAV"
USER_IDS = {"InspectorJ": 1, "ünïcode_user": 2, "other": 3, "dev": 4}
KEYS = {
    "good": "k" * 40,
    "pending": "p" * 40,
    "suspended": "s" * 40,
    "busy": "b" * 40,
}


def write_tone(folder: Path) -> Path:
    """Write the 352,844 bytes that every recorded sound had: 2 s of 16 bit stereo at 44.1 kHz."""
    import soundfile

    path = folder / "tone.wav"
    time_s = np.arange(2 * 44100) / 44100
    tone = 0.2 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(str(path), np.stack([tone, tone], axis=1), 44100, subtype="PCM_16")
    return path


def recorded_catalogue(folder: Path) -> Catalogue:
    """Return the 34 sounds of the recorded site, all with the same audio, written to ``folder``."""
    tone = write_tone(folder)
    pack = Pack(9678, 'Rain: tropical/heavy — "pack"', "InspectorJ", datetime(2026, 11, 20, 23, 58, 37, tzinfo=UTC))
    rain = Sound(
        id=1000,
        name="Rain 00",
        username="InspectorJ",
        path=tone,
        type="wav",
        tags=("field-recording", "rain", "storm", "weather"),
        description="",
        deed=CC0,
        created=datetime(2026, 8, 12, 23, 58, 37, tzinfo=UTC),
        category_code="ss-n",
        category_is_user_provided=True,
        descriptors=_DESCRIPTORS,
        was_remixed=True,
        label="rain",
    )
    rains = [
        replace(
            rain,
            id=1000 + n,
            name=f"Rain {n:02}",
            description=f'Heavy rain on a roof <a href="http://x">link</a> no {n}',
            deed=BY if n % 2 else CC0,
            pack=pack if n < 20 else None,
            num_ratings=5 if n % 3 else 0,
            rating=8.5 if n % 3 else 0.0,
            comments=(Comment("dev", "Nice ünïcode ☃", datetime(2026, 11, 20, 23, 58, 44, tzinfo=UTC)),)
            if n == 0
            else (),
        )
        for n in range(25)
    ]
    other = replace(rain, username="other", category_code=None, category_is_user_provided=False, was_remixed=False)
    other = replace(other, descriptors={"loudness": -20.0}, tags=("misc",))
    drops = ("rain", "drop", "water", "window", "glass", "long")
    unicode = replace(
        rain,
        id=2000,
        name=UNICODE_NAME,
        username="ünïcode_user",
        tags=("pluie", "rain", "été", "雨"),
        description="Déscription ☃",
        category_code="fx-n",
        category_is_user_provided=False,
        geotag=(41.3833, 2.1833),
        created=datetime(2026, 5, 4, 23, 58, 43, tzinfo=UTC),
        deed=BY3,
        was_remixed=False,
    )
    return Catalogue.of(
        [
            *rains,
            unicode,
            replace(other, id=2001, name="nsfw", is_explicit=True, deed=BY_NC, type="mp3", label="other"),
            replace(
                other,
                id=2002,
                name="Dog",
                tags=("dog",),
                type="flac",
                category_code="fx-a",
                category_is_user_provided=True,
            ),
            replace(other, id=2003, name="Nothing", path=None, descriptors={}, deed=SAMPLING),
            replace(other, id=2004, name="Drops", tags=drops),
            replace(other, id=2005, name="pending moderation", state="pending"),
            replace(other, id=2006, name="No previews", tags=drops, has_previews=False, deed=BY),
            replace(other, id=2007, name="ghost", tags=drops, category_code="ss-n", state="ghost"),
        ],
        USER_IDS,
    )


def recorded_server(folder: Path) -> FreesoundServer:
    """Return a server over the recorded site, with its users, bookmarks and uploads, not yet started."""
    server = FreesoundServer(
        recorded_catalogue(folder),
        key=KEYS["good"],
        client_id="c" * 20,
        level=99,
        clock=lambda: datetime(2026, 11, 21, tzinfo=UTC).timestamp(),
        public_url=PUBLIC_URL,
        media_url=PUBLIC_URL + "/data",
        cache_dir=folder / "cache",
    )
    server.accounts.add(replace(server.credential, allow_password_grant=True))
    server.accounts.add(Credential("p" * 20, KEYS["pending"], status="pending"))
    server.accounts.add(Credential("s" * 20, KEYS["suspended"], level=0))
    server.accounts.add(Credential("b" * 20, KEYS["busy"]))
    server.throttle.preload("b" * 20, 60)
    server.accounts.passwords["dev"] = "pw"
    server.state.bookmark("dev", 1000)
    server.state.bookmark("dev", 1001, "My loops")
    server.state.uploads["dev"] = {"t.wav": Upload("t.wav", (folder / "tone.wav").read_bytes())}
    return server
