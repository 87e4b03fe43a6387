"""Pictures out of videos: one every so many seconds, through ffmpeg if it is there."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from extender.batch.record import FOLDER
from extender.errors import InputError, InstallError

MOST_FRAMES = 100_000


def frames_of(video: Path, within: str, every_s: float, output: Path) -> list[tuple[Path, str]]:
    """Return the pictures of a video, one for each ``every_s`` seconds from its start, and their paths in the output.

    They are kept beside the journal, so that a second run finds the same; a changed video is taken apart anew.

    Raises
    ------
    InstallError
        There is no ffmpeg.
    InputError
        The video cannot be read.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise InstallError("videos need ffmpeg, which is not installed: https://ffmpeg.org/download.html")
    stat = video.stat()
    told = f"{video}:{stat.st_size}:{stat.st_mtime_ns}:{every_s}"
    folder = output / FOLDER / "frames" / hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if not (folder / "whole").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [
            ffmpeg, "-nostdin", "-v", "error", "-i", f"file:{video}", "-vf", f"fps=1/{every_s:g}:round=up:start_time=0",
            "-frames:v", str(MOST_FRAMES), "-q:v", "2", "-bitexact", f"{folder}/%06d.jpg",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")  # noqa: S603
        if done.returncode or not any(folder.glob("*.jpg")):
            reason = (done.stderr.strip().splitlines() or ["no picture in it"])[-1][:200]
            shutil.rmtree(folder, ignore_errors=True)
            raise InputError(f"{video}: no pictures can be had of it ({reason})")
        (folder / "whole").touch()
    pictures = sorted(folder.glob("*.jpg"))
    return [(picture, f"{within}/{_clock(number * every_s)}") for number, picture in enumerate(pictures)]


def _clock(seconds: float) -> str:
    """Return a time as a name that sorts: ``00h01m30s``, with tenths where there are some."""
    whole, tenths = divmod(round(seconds * 10), 10)
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:02d}h{m:02d}m{s:02d}s" + (f"{tenths}" if tenths else "")
