"""`mixer`, `models`, `scenes` and `freesound` are common names: make sure that the ones imported are ours."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from extender.errors import InstallError

PACKAGES = ("mixer", "models", "scenes", "freesound")
MARKER = "OWNER"
DISTRIBUTION = "image-extender"


@dataclass(frozen=True, slots=True)
class Owner:
    """Where a package would be imported from, and whether it is ours."""

    package: str
    location: Path | None
    ours: bool


def owner_of(package: str) -> Owner:
    """Look, without importing anything: a foreign package may do whatever it likes when it is imported."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return Owner(package, None, False)
    if spec is None:
        return Owner(package, None, False)
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    if not folders:
        return Owner(package, Path(spec.origin) if spec.origin else None, False)
    marker = folders[0] / MARKER
    ours = marker.is_file() and marker.read_text(encoding="utf-8", errors="replace").strip() == DISTRIBUTION
    return Owner(package, folders[0], ours)


def check_ownership() -> None:
    """Raise an InstallError that names the first foreign or missing package."""
    for package in PACKAGES:
        owner = owner_of(package)
        if owner.ours:
            continue
        if owner.location is None:
            raise InstallError(
                f"the package {package!r} is missing; reinstall with: pip install --force-reinstall {DISTRIBUTION}"
            )
        raise InstallError(
            f"{package!r} would be imported from {owner.location}, which is not part of {DISTRIBUTION}; "
            "run from another folder, rename it, or use a fresh virtual environment"
        )
