"""Stems of ensembles: scores of the music21 corpus, each part played by itself on a sampled instrument.

Needs the packages music21 and mido, and the programs of Debian's ``fluidsynth`` and ``fluid-soundfont-gm``. Nothing is
fetched: the scores come with music21.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.residue.sounds import HELD_OUT, family_of

F32 = NDArray[np.float32]

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SECONDS, EXCERPT_S = 32.0, 28.0
"""Of each piece, to learn from; and where it is to be mixed."""
RATE = 48_000
LOUDEST = 0.7
"""Peak of all stems of a piece together, of full scale."""

STRINGS, CHOIR, WINDS, BRASS = (40, 40, 41, 42), (52, 53, 52, 53), (73, 68, 71, 70), (56, 56, 60, 57)
"""General MIDI programmes, from the highest part to the lowest, from 0."""
NAMES = {40: "violin", 41: "viola", 42: "cello", 52: "voices", 53: "voices", 56: "trumpet", 57: "trombone", 60: "horn",
         68: "oboe", 70: "bassoon", 71: "clarinet", 73: "flute"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A score and who plays it.

    Parameters
    ----------
    score : str
        In music21's corpus.
    programmes : tuple of int
        For the parts in turn; the last one plays all that are left.
    family : str
        What is held out or learned together: the composer.
    """

    score: str
    programmes: tuple[int, ...]
    family: str

    @property
    def name(self) -> str:
        """A name for a folder."""
        return self.score.replace("/", "-").rsplit(".", 1)[0]


PIECES = (
    *(Piece(f"mozart/k{work}/movement{n}", STRINGS, "mozart") for work, n in ((155, 1), (156, 2), (458, 1), (458, 3))),
    *(Piece(f"beethoven/opus18no1/movement{n}", STRINGS, "beethoven") for n in (1, 2, 3)),
    Piece("beethoven/opus132", STRINGS, "beethoven"),
    Piece("corelli/opus3no1/1grave", STRINGS, "corelli"),
    *(Piece(f"bach/bwv{n}", CHOIR, "bach") for n in ("10.7", "101.7", "103.6")),
    *(Piece(f"bach/bwv{n}", WINDS, "bach") for n in ("104.6", "108.6")),
    *(Piece(f"bach/bwv{n}", BRASS, "bach") for n in ("11.6", "110.7")),
    *(Piece(f"palestrina/Agnus_{n:02d}", CHOIR, "palestrina") for n in (0, 3, 7)),
    Piece("haydn/opus74no1/movement1", STRINGS, "haydn"),
    Piece("haydn/opus1no1/movement1", STRINGS, "haydn"),
    Piece("schumann_robert/opus41no1/movement1", STRINGS, "schumann"),
    Piece("josquin/milleRegrets", CHOIR, "josquin"),
    Piece("monteverdi/madrigal.3.1.mxl", CHOIR, "monteverdi"),
    Piece("monteverdi/madrigal.3.10.mxl", BRASS, "monteverdi"),
)


def held_out() -> tuple[Piece, ...]:
    """Return the pieces that no model has learned from: chamber music and choirs of four composers."""
    return tuple(piece for piece in PIECES if family_of(piece.family) in HELD_OUT)


def write_stems(folder: Path, soundfont: Path = SOUNDFONT) -> Iterator[str]:
    """Write ``folder/family/piece/part.flac`` for all pieces, to learn from; yield the name of each when it is there.

    Parts have a peak of 0.5 each. Pieces that are there already are kept.

    Raises
    ------
    RuntimeError
        FluidSynth, the soundfont or a package is missing.
    """
    for piece in PIECES:
        yield _once(folder / piece.family / piece.name, piece, soundfont, SECONDS, _write_apart)


def write_ensembles(folder: Path, pieces: Sequence[Piece], soundfont: Path = SOUNDFONT) -> Iterator[str]:
    """Write ``folder/piece/1-violin.wav``, … of pieces, to be mixed; yield the name of each when it is there.

    The first EXCERPT_S of each, 48 kHz, one channel, 24 bit. Parts are as loud to each other as they were played; their
    sum has a peak of LOUDEST. Pieces that are there already are kept.

    Raises
    ------
    RuntimeError
        As :func:`write_stems`.
    """
    for piece in pieces:
        yield _once(folder / piece.name, piece, soundfont, EXCERPT_S, _write_together)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A part as it was played: its number in the score, who plays it, and (frames,) float32."""

    number: int
    programme: int
    samples: F32


def _once(
    place: Path, piece: Piece, soundfont: Path, seconds: float, write: Callable[[Path, list[_Part]], None]
) -> str:
    """Play and write a piece, under a temporary name first, where it is not there."""
    if not place.exists():
        unfinished = place.with_name(place.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        write(unfinished, list(_played(piece, unfinished, soundfont, seconds)))
        unfinished.replace(place)
    return piece.name


def _write_apart(place: Path, parts: list[_Part]) -> None:
    import soundfile

    for part in parts:
        samples = part.samples * np.float32(0.5 / np.abs(part.samples).max())
        soundfile.write(place / f"{part.number}.flac", samples, RATE, "PCM_16")


def _write_together(place: Path, parts: list[_Part]) -> None:
    import soundfile

    frames = max(len(part.samples) for part in parts)
    padded = [np.pad(part.samples, (0, frames - len(part.samples))) for part in parts]
    gain = np.float32(LOUDEST / np.abs(np.sum(padded, axis=0)).max())
    for number, (part, samples) in enumerate(zip(parts, padded, strict=True), 1):
        name = NAMES.get(part.programme, "part")
        soundfile.write(place / f"{number}-{name}.wav", samples * gain, RATE, "PCM_24")


def _played(piece: Piece, place: Path, soundfont: Path, seconds: float) -> Iterator[_Part]:
    """Play the parts that have a note in the first seconds, one after the other; ``place`` is scribbled in."""
    program = shutil.which("fluidsynth")
    if program is None or not soundfont.exists():
        raise RuntimeError(
            f"stems need the program fluidsynth and {soundfont}: apt install fluidsynth fluid-soundfont-gm"
        )
    import soundfile

    score = _score(piece)
    midi, wave = place / "part.mid", place / "part.wav"
    told = ["-ni", "-q", "-g", "0.6", "-r", f"{RATE}", "-R", "0", "-C", "0", "-O", "float", "-T", "wav"]
    for number, part in enumerate(score.parts):
        programme = piece.programmes[min(number, len(piece.programmes) - 1)]
        if not _write_midi(part, programme, _quarter_s(score), seconds, midi):
            continue
        subprocess.run([program, *told, "-F", wave, soundfont, midi], check=True, capture_output=True)  # noqa: S603
        samples: F32 = soundfile.read(wave, dtype="float32", always_2d=True)[0][: round(seconds * RATE)].mean(axis=1)
        if np.abs(samples).max() > 0.0:
            yield _Part(number, programme, samples)
    for path in (midi, wave):
        path.unlink(missing_ok=True)


def _score(piece: Piece) -> Any:
    """Return one score with a part for each voice, of a file with a score for each voice as well."""
    try:
        import mido  # type: ignore[import-not-found,unused-ignore]  # noqa: F401  # both are needed
        from music21 import corpus  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise RuntimeError(f"stems need {error.name}: pip install music21 mido") from None
    score: Any = corpus.parse(piece.score)
    return score if hasattr(score, "parts") else score.mergeScores()


def _quarter_s(score: Any) -> float:
    from music21 import tempo  # type: ignore[import-not-found,unused-ignore]

    marks = [m.getQuarterBPM() for m in score.recurse().getElementsByClass(tempo.MetronomeMark)]
    usable = [m for m in marks if m and 30.0 <= m <= 240.0]
    return 60.0 / (usable[0] if usable else 88.0)


def _write_midi(part: Any, programme: int, quarter_s: float, seconds: float, path: Path) -> bool:
    """Write the first seconds of a part; tell whether it has a note there."""
    import mido  # type: ignore[import-not-found,unused-ignore]

    ticks = 480
    last = seconds / quarter_s
    events: list[tuple[float, int, int]] = []
    for note in part.flatten().stripTies().notes:
        start = float(note.offset)
        if start < last and note.duration.quarterLength > 0:
            stop = min(start + 0.95 * float(note.duration.quarterLength), last)
            for pitch in note.pitches:
                events += [(start, 1, pitch.midi), (stop, 0, pitch.midi)]
    file = mido.MidiFile(ticks_per_beat=ticks)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=round(quarter_s * 1e6)))
    track.append(mido.Message("program_change", program=programme))
    now = 0
    for at, on, pitch in sorted(events):
        tick = round(at * ticks)
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, note=int(pitch), velocity=84 if on else 0, time=tick - now))
        now = tick
    file.save(path)
    return bool(events)
