"""Checksums of weight files and other data: what was published is what is loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hex digits, read in blocks.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, sha256: str) -> bool:
    """Tell whether a file's SHA-256 is the one expected (hex, any case).

    Raises
    ------
    ValueError
        ``sha256`` is not 64 hex digits: a typing error must not read as a damaged file.
    OSError
        The file cannot be read.
    """
    expected = sha256.strip().lower()
    if len(expected) != 64 or not set(expected) <= set("0123456789abcdef"):
        raise ValueError(f"a SHA-256 must be 64 hex digits, got {sha256!r}")
    return sha256_of(path) == expected
