"""Letters of other programs through `python -m smime open --cases`, as a person would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conformance.corpora import ROOT


def answers(folder: Path, cases: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answer to every case, by id. Nothing may be written to standard error."""
    file = folder / "cases.json"
    file.write_text(json.dumps(cases))
    run = subprocess.run(
        [sys.executable, "-m", "smime", "open", "--cases", str(file), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert [entry["id"] for entry in found] == [case["id"] for case in cases]
    return {entry["id"]: entry for entry in found}
