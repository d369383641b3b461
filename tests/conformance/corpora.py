"""Where the third-party conformance data lies; tests that need it skip when it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def corpora(name: str) -> Path:
    """The folder of one corpus (PKIPORTAL_CORPORA, by default ../shared/corpora), or a skip."""
    folder = ROOT / os.environ.get("PKIPORTAL_CORPORA", "../shared/corpora") / name
    if not folder.is_dir():
        pytest.skip(f"corpora: {folder} is absent", allow_module_level=True)
    return folder
