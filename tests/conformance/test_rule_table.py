"""The table of rules in docs/conformance.md names tests that exist."""

from __future__ import annotations

import re

from tests.variables import ROOT

PAGE = ROOT / "docs" / "conformance.md"
_CELL = re.compile(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)")


def named() -> list[tuple[str, str]]:
    table = PAGE.read_text().partition("## Rules and their tests")[2]
    return [(file, test) for file, names in _CELL.findall(table) for test in re.findall(r"`(\w+)`", names)]


def test_every_rule_of_the_table_is_held_by_a_test_that_exists() -> None:
    found = named()
    assert len(found) > 60
    missing = [
        f"{file}: {test}"
        for file, test in found
        if f"def test_{test}(" not in (ROOT / "tests" / file).read_text()
    ]
    assert missing == []
