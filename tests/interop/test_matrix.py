"""A sample of the matrix of programs in every run, held against `docs/interop.md`; all of it in a campaign."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import campaigns
from tests.interop import matrix, page
from tests.interop.matrix import PASS, Cell, Sealed, Signed, Whole
from tests.interop.peers import Peer

PROGRAMS = [
    pytest.param("OpenSSL"),
    pytest.param("NSS", marks=pytest.mark.nss),
    pytest.param("gpgsm", marks=pytest.mark.gpgsm),
]
ALONE, LETTERS = 24, 8


@pytest.fixture(scope="module", params=PROGRAMS)
def peers(request: pytest.FixtureRequest) -> Iterator[dict[str, Peer]]:
    with matrix.peers([request.param]) as found:
        yield found


def contradictions(outcomes: dict[Cell, str], peers: dict[str, Peer], text: str) -> list[str]:
    """Where the page says something else. Another version may know more than it, and never less."""
    table, known = page.read(text), page.versions(text)
    found = []
    for cell, outcome in outcomes.items():
        assert not isinstance(cell, Whole)
        stated, seen = page.says(table, cell), page.kind_of(outcome)
        (name,) = {cell.writer, cell.reader} - {"this"}
        if stated != seen and (known[name] == peers[name].version or stated == PASS):
            found.append(f"{cell}: {outcome}, and the page says {stated}")
    return found


def test_signatures_and_envelopes_are_as_the_page_says(peers: dict[str, Peer]) -> None:
    drawn = campaigns.drawn(matrix.alone(list(peers)), ALONE, f"alone {list(peers)}")
    assert contradictions(matrix.measure(drawn, peers), peers, page.PATH.read_text()) == []


def test_letters_whose_halves_pass_pass_whole(peers: dict[str, Peer]) -> None:
    table = page.read(page.PATH.read_text())
    stated: dict[Cell, str] = {
        cell: page.says(table, cell)
        for cell in matrix.alone(list(peers))
        if isinstance(cell, Signed | Sealed)
    }
    drawn = campaigns.drawn(matrix.product(stated, list(peers)), LETTERS, f"letters {list(peers)}")
    assert len(drawn) >= LETTERS
    outcomes = matrix.measure(drawn, peers)
    assert {cell: outcome for cell, outcome in outcomes.items() if outcome != PASS} == {}


def test_a_page_that_is_wrong_is_noticed() -> None:
    row = "ECDSA P-256, SHA-256"
    right = page.PATH.read_text()
    wrong = right.replace(f"| {row} | pass", f"| {row} | refused [1]", 1)
    assert wrong != right
    with matrix.peers(["OpenSSL"]) as peers:
        known = {"OpenSSL": peers["OpenSSL"].version}
        outcomes = matrix.measure([Signed("this", "OpenSSL", row, form) for form in matrix.FORMS], peers)
        assert contradictions(outcomes, peers, right) == []
        if page.versions(right)["OpenSSL"] == known["OpenSSL"]:
            assert len(contradictions(outcomes, peers, wrong)) == 2
        assert contradictions(dict.fromkeys(outcomes, "refused: no"), peers, right)
