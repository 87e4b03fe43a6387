"""Checksums agree with FIPS 180-4 and tell every change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import sha256_of, verify

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, one-block example


def test_known_value(tmp_path: Path) -> None:
    file = tmp_path / "abc"
    file.write_bytes(b"abc")
    assert sha256_of(file) == ABC
    assert verify(file, ABC)
    assert verify(file, f" {ABC.upper()}\n")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=300_000), position=st.integers(0, 299_999), bit=st.integers(0, 7))
def test_one_changed_bit_is_told(tmp_path: Path, data: bytes, position: int, bit: int) -> None:
    file = tmp_path / "data"
    published = hashlib.sha256(data).hexdigest()
    file.write_bytes(data)
    assert verify(file, published)
    changed = bytearray(data)
    changed[position % len(data)] ^= 1 << bit
    file.write_bytes(changed)
    assert not verify(file, published)


@pytest.mark.parametrize("wrong", ["", "abc", ABC[:-1], ABC[:-1] + "x", ABC + "0"])
def test_a_mistyped_checksum_is_no_damaged_file(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "abc"
    file.write_bytes(b"abc")
    with pytest.raises(ValueError, match="64 hex digits"):
        verify(file, wrong)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "none", ABC)
