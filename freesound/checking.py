"""Is a file what it says it is? By its first bytes, and by decoding it."""

from __future__ import annotations

from pathlib import Path

from freesound.errors import IntegrityError

HEAD_BYTES = 16
"""So many bytes tell the kind."""
_DECODABLE = frozenset(("wav", "ogg", "mp3", "aiff", "flac"))
_DECODED_S = 10.0
_OGG_PAGE_BYTES = 65_307
_NO_AUDIO_TYPES = ("text/", "application/json", "application/xml", "application/xhtml", "image/")


def kind_of(head: bytes) -> str:
    """Return the kind of file that begins so, ``"ogg"``; empty = none that Freesound has."""
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"wvpk":
        return "wv"
    if head[4:8] == b"ftyp":
        return "m4a"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return "mp3"
    return ""


def check_head(head: bytes, kind: str, what: str) -> None:
    """Raise IntegrityError unless a file that begins so is of this kind; ``""`` = any kind of sound."""
    found = kind_of(head)
    if found == kind or (not kind and found not in ("", "zip")):
        return
    shown = head[:HEAD_BYTES].decode("ascii", "replace")
    shown = "".join(sign if sign.isprintable() else "." for sign in shown)
    raise IntegrityError(
        f"{what}: expected {kind or 'a sound'}, got {found or 'something else'} that begins with {shown!r}: "
        "not kept; take another sound"
    )


def check_tail(path: Path, kind: str, what: str) -> None:
    """Raise IntegrityError where a file stops in the middle; of the kinds of preview only Ogg tells.

    A wrong Content-Length can make half a file look whole, and half a file decodes. The last page of a stream is marked
    (RFC 3533, section 6: header type flag 0x04) and states its own length.
    """
    if kind != "ogg":
        return
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _OGG_PAGE_BYTES))
        tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    segments = page[26] if len(page) > 26 else 0
    length = 27 + segments + sum(page[27 : 27 + segments])
    if not page.startswith(b"OggS") or len(page) < length or not page[5] & 0x04:
        raise IntegrityError(f"{what}: it stops in the middle: not kept; try later or take another sound")


def check_content_type(content_type: str, what: str) -> None:
    """Raise IntegrityError when the answer says that it is a web page or a message."""
    if content_type.lower().startswith(_NO_AUDIO_TYPES):
        raise IntegrityError(
            f"{what}: expected a sound, got {content_type.split(';')[0][:60]}: not kept; try later or take another"
        )


def decodes(path: Path, kind: str) -> None:
    """Raise IntegrityError unless the file is heard: something comes out when its beginning is decoded.

    Checks nothing where ``soundfile`` is not installed or does not read this kind.
    """
    if kind not in _DECODABLE:
        return
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: its library is missing
        return
    try:
        with soundfile.SoundFile(str(path)) as sound:
            frames = len(sound.read(int(_DECODED_S * sound.samplerate), dtype="float32"))
    except (soundfile.SoundFileError, RuntimeError) as error:
        why = str(getattr(error, "error_string", error)).rstrip(".")
        raise IntegrityError(f"{path.name}: cannot be decoded ({why}): not kept; take another sound") from None
    if frames == 0:
        raise IntegrityError(f"{path.name}: holds no sound: not kept; take another")
