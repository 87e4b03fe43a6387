"""Names of files and folders that every file system takes, and every program that opens them."""

from __future__ import annotations

import hashlib
import os
import re

LONGEST_NAME = 200
"""Bytes of a name's stem: file systems take 255, and temporary names need a few more."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}
)  # fmt: skip
_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')


def shown(name: str | os.PathLike[str]) -> str:
    """Return a name as one line that can be printed and written: what is no UTF-8, and control signs, are replaced.

    Under the locale C names come with their bytes hidden in surrogates; they are read as UTF-8.
    """
    text = os.fspath(name).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def safe_name(within: str) -> str:
    """Return a path that every file system takes: no reserved words, no forbidden signs, no part too long.

    Examples
    --------
    >>> safe_name("holiday/../aux"), safe_name('a: "b"?')
    ('holiday/aux_', 'a_ _b__')
    """
    parts = [part for part in within.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(_safe_part(part) for part in parts) or "_"


def _safe_part(part: str) -> str:
    part = _UNSAFE.sub("_", part.encode("utf-8", "replace").decode("utf-8")).rstrip(". ") or "_"
    base, dot, rest = part.partition(".")
    if base.rstrip().lower() in RESERVED:
        part = f"{base.rstrip()}_{dot}{rest}"
    raw = part.encode("utf-8")
    if len(raw) <= LONGEST_NAME:
        return part
    digest = hashlib.sha256(raw).hexdigest()[:12]
    return raw[: LONGEST_NAME - 13].decode("utf-8", "ignore").rstrip(". ") + "-" + digest
