"""How valid input is spoiled: bytes, JSON trees, tables."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from copy import deepcopy
from typing import Any

SIZES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000 - 8)
LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -(10**400), 0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"),
    "", " ", "0", "null", "NaN", "\0", "\ud800", "é", "🎧", "../../etc/passwd", "C:\\con", "a" * 5_000, "=1+1", "%s%n",
    "<script>", [], {}, [[]], [None], {"": None}, [0] * 300,
)  # fmt: skip
WORDS = (
    b"",
    b",",
    b'"',
    b"\r",
    b"\n",
    b"\0",
    b";",
    b"\t",
    b"\xff",
    b"\xef\xbb\xbf",
    b"nan",
    b"-1",
    b"1e999",
    b"9" * 400,
)


def spoiled_bytes(data: bytes, draw: random.Random) -> bytes:
    """Return bytes with one to six faults: flipped, overwritten, cut, doubled, inserted."""
    out = bytearray(data)
    for _ in range(draw.randint(1, 6)):
        if not out:
            return bytes(draw.randbytes(draw.randint(0, 64)))
        at, kind = draw.randrange(len(out)), draw.randrange(8)
        if draw.random() < 0.6:
            at = min(at, draw.randrange(1, 257))  # headers are where readers are led astray
            at = min(at, len(out) - 1)
        if kind == 0:
            out[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            out[at] = draw.randrange(256)
        elif kind == 2:
            width, order = draw.choice((2, 4, 8)), draw.choice(("little", "big"))
            number = draw.choice(SIZES) % (1 << (8 * width))
            out[at : at + width] = number.to_bytes(width, order)  # type: ignore[arg-type]
        elif kind == 3:
            del out[at : at + draw.randint(1, 64)]
        elif kind == 4:
            out[at:at] = out[at : at + draw.randint(1, 64)] * draw.randint(1, 4)
        elif kind == 5:
            out[at:at] = draw.randbytes(draw.randint(1, 16))
        elif kind == 6:
            del out[at:]
        else:
            other = draw.randrange(len(out))
            size = draw.randint(1, 32)
            out[at : at + size] = out[other : other + size]
    return bytes(out)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        found += _paths(below, (*path, key))
    return found


def spoiled_json(text: bytes, draw: random.Random) -> bytes:
    """Return a JSON document with faults in its tree, and sometimes in its bytes too."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return spoiled_bytes(text, draw)
    for _ in range(draw.randint(1, 3)):
        path = draw.choice(_paths(document))
        if not path:
            document = deepcopy(draw.choice(LEAVES)) if draw.random() < 0.05 else document
            continue
        owner = document
        for key in path[:-1]:
            owner = owner[key]
        _spoil(owner, path[-1], draw)
    spoiled = json.dumps(document, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    if draw.random() < 0.1:
        depth = draw.choice((100, 20_000))
        spoiled = spoiled.replace(b"null", b"[" * depth + b"]" * depth, 1)
    return spoiled_bytes(spoiled, draw) if draw.random() < 0.2 else spoiled


def _spoil(owner: Any, key: Any, draw: random.Random) -> None:
    kind = draw.randrange(6)
    if kind <= 2:
        owner[key] = deepcopy(draw.choice(LEAVES))
    elif kind == 3:
        del owner[key]
    elif kind == 4 and isinstance(owner, dict):
        owner[draw.choice(("", "x", str(key) + "_", str(key).upper(), "__class__", "__init__"))] = deepcopy(owner[key])
    elif isinstance(owner[key], int | float) and not isinstance(owner[key], bool):
        with suppress(OverflowError):
            owner[key] = owner[key] * draw.choice((-1, 0, 1e6, 1e-6, 1e300))
    elif isinstance(owner, list):
        owner.append(deepcopy(owner[key]))
    else:
        owner[key] = [deepcopy(owner[key])]


def spoiled_table(text: bytes, draw: random.Random) -> bytes:
    """Return a table with cells, lines and separators out of order, and sometimes faults in its bytes."""
    lines = text.split(b"\n")
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(lines))
        cells = lines[at].split(b",")
        kind = draw.randrange(6)
        if kind == 0:
            cells[draw.randrange(len(cells))] = draw.choice(WORDS)
        elif kind == 1:
            cells.insert(draw.randrange(len(cells) + 1), draw.choice(WORDS))
        elif kind == 2:
            del cells[draw.randrange(len(cells))]
        elif kind == 3:
            lines.insert(at, lines[draw.randrange(len(lines))])
            continue
        elif kind == 4:
            cells[0], cells[-1] = cells[-1], cells[0]
        else:
            leaf = deepcopy(draw.choice(LEAVES))
            cells[draw.randrange(len(cells))] = str(leaf).encode("utf-8", "surrogatepass")
        lines[at] = b",".join(cells)
    joined = b"\n".join(lines)
    return spoiled_bytes(joined, draw) if draw.random() < 0.3 else joined
