"""Common package names are checked before anything is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from extender.errors import InstallError
from extender.ownership import PACKAGES, check_ownership, owner_of


def test_ours_are_ours() -> None:
    check_ownership()
    assert all(owner_of(package).ours for package in PACKAGES)


def test_a_foreign_package_is_named_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "mixer"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("raise SystemExit('this must not run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mixer", raising=False)
    # An editable installation finds packages before the path does; it is set aside, as it is with an ordinary one.
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if "__editable__" not in repr(f)])
    with pytest.raises(InstallError, match="mixer") as caught:
        check_ownership()
    assert str(foreign) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_said() -> None:
    assert owner_of("no_such_package_anywhere").location is None
