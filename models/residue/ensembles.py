"""Stems of ensembles: scores of the music21 corpus, each part played by itself on a sampled instrument.

Needs the packages music21 and mido, and the programs of Debian's ``fluidsynth`` and ``fluid-soundfont-gm``. Nothing is
fetched: the scores come with music21.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SECONDS = 32.0
"""Of each piece."""

STRINGS, CHOIR, WINDS, BRASS = (40, 40, 41, 42), (52, 53, 52, 53), (73, 68, 71, 70), (56, 56, 60, 57)
"""General MIDI programmes, from the highest part to the lowest, from 0."""


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


def write_stems(folder: Path, soundfont: Path = SOUNDFONT) -> Iterator[str]:
    """Write ``folder/family/piece/part.flac`` for all pieces; yield the name of each when it is there.

    Pieces that are there already are kept.

    Raises
    ------
    RuntimeError
        FluidSynth or the soundfont is missing.
    """
    program = shutil.which("fluidsynth")
    if program is None or not soundfont.exists():
        raise RuntimeError(
            f"stems need the program fluidsynth and {soundfont}: apt install fluidsynth fluid-soundfont-gm"
        )
    for piece in PIECES:
        place = folder / piece.family / piece.name
        if not place.exists():
            unfinished = place.with_name(place.name + ".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            _write(piece, unfinished, program, soundfont)
            unfinished.replace(place)
        yield piece.name


def _write(piece: Piece, place: Path, program: str, soundfont: Path) -> None:
    import soundfile
    from music21 import corpus  # type: ignore[import-not-found,unused-ignore]

    score: Any = corpus.parse(piece.score)
    if not hasattr(score, "parts"):  # a file with a score for each voice
        score = score.mergeScores()
    for number, part in enumerate(score.parts):
        programme = piece.programmes[min(number, len(piece.programmes) - 1)]
        midi, wave = place / f"{number}.mid", place / f"{number}.wav"
        if not _write_midi(part, programme, _quarter_s(score), midi):
            continue
        told = ["-ni", "-q", "-g", "0.6", "-r", "48000", "-R", "0", "-C", "0", "-O", "float", "-T", "wav"]
        subprocess.run([program, *told, "-F", wave, soundfont, midi], check=True, capture_output=True)  # noqa: S603
        samples, rate = soundfile.read(wave, dtype="float32", always_2d=True)
        mono = samples[: round(SECONDS * rate)].mean(axis=1)
        if abs(mono).max() > 0.0:
            soundfile.write(place / f"{number}.flac", mono * (0.5 / abs(mono).max()), rate, "PCM_16")
        midi.unlink()
        wave.unlink()


def _quarter_s(score: Any) -> float:
    from music21 import tempo  # type: ignore[import-not-found,unused-ignore]

    marks = [m.getQuarterBPM() for m in score.recurse().getElementsByClass(tempo.MetronomeMark)]
    usable = [m for m in marks if m and 30.0 <= m <= 240.0]
    return 60.0 / (usable[0] if usable else 88.0)


def _write_midi(part: Any, programme: int, quarter_s: float, path: Path) -> bool:
    """Write the first SECONDS of a part; tell whether it has a note there."""
    import mido  # type: ignore[import-not-found,unused-ignore]

    ticks = 480
    last = SECONDS / quarter_s
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
