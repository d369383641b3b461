"""Vendored files are exactly those of the published packages. `python -m tests.test_vendor` writes the lock anew."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
VENDORS = (TESTS.parent / "static" / "vendor", TESTS / "browser" / "vendor")
LOCK = "integrity.json"


def digests(vendor: Path) -> dict[str, str]:
    """Path relative to the vendor folder → SHA-256, for every file in a package's folder."""
    return {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in sorted(vendor.iterdir())
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("vendor", VENDORS, ids=("static", "browser"))
def test_every_vendored_file_is_the_one_that_was_locked(vendor: Path) -> None:
    assert digests(vendor) == json.loads((vendor / LOCK).read_text())


@pytest.mark.parametrize("vendor", VENDORS, ids=("static", "browser"))
def test_every_vendored_folder_carries_its_licence_and_version(vendor: Path) -> None:
    for folder in (entry for entry in vendor.iterdir() if entry.is_dir()):
        assert list(folder.glob("LICENSE*")), f"{folder.name} has no licence"
        assert folder.name.rsplit("-", 1)[1][0].isdigit(), f"{folder.name} names no version"


if __name__ == "__main__":
    for vendor in VENDORS:
        (vendor / LOCK).write_text(json.dumps(digests(vendor), indent=2) + "\n")
