"""Vendored files are exactly those of the published packages. `python -m tests.test_vendor` writes the lock anew."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "static" / "vendor"
LOCK = VENDOR / "integrity.json"


def digests() -> dict[str, str]:
    """Path relative to static/vendor → SHA-256, for every file in a package's folder."""
    return {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in sorted(VENDOR.iterdir())
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_vendored_file_is_the_one_that_was_locked() -> None:
    assert digests() == json.loads(LOCK.read_text())


def test_every_vendored_folder_carries_its_licence_and_version() -> None:
    for folder in (entry for entry in VENDOR.iterdir() if entry.is_dir()):
        assert list(folder.glob("LICENSE*")), f"{folder.name} has no licence"
        assert folder.name.rsplit("-", 1)[1][0].isdigit(), f"{folder.name} names no version"


if __name__ == "__main__":
    LOCK.write_text(json.dumps(digests(), indent=2) + "\n")
