"""NIST's signed letters (PKITS): each carries the chain and the lists of one test, and is judged like the chain.

Every letter is opened twice in one process: with the lists as files, and with nothing but what it carries. Letters
whose test needs other policy settings than the defaults are left to `test_pkits`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest

from tests.conformance.corpora import corpora
from tests.conformance.letters import answers

pytestmark = pytest.mark.corpora

DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
# letter → why it is never called good here
EXCEPTIONS = {
    "4.1.4": "signed with DSA, which S/MIME 4.0 has dropped (RFC 8551 §2.2): named as unsupported",
    "4.1.5": "signed with DSA, and its key inherits its parameters",
}


@pytest.fixture(scope="module")
def tests() -> list[dict[str, Any]]:
    held = json.loads((corpora("pkits") / "expected.json").read_text())["tests"]
    return [test for test in held if test.get("eml") and test["default_policy_settings"]]


@pytest.fixture(scope="module")
def opened(tests, tmp_path_factory) -> dict[str, dict[str, Any]]:
    cases = [
        {
            "id": f"{test['id']} {lists}",
            "message": str(DATA / test["eml"]),
            "anchors": [str(DATA / test["trust_anchor"])],
            "crls": [str(DATA / name) for name in test["crls"]] if lists == "given" else [],
            "at": "2011-04-15T00:00:00Z",
        }
        for test in tests
        for lists in ("given", "carried")
    ]
    return answers(tmp_path_factory.mktemp("pkits-letters"), cases)


def test_every_letter_is_judged_like_its_chain(tests, opened) -> None:
    assert len(tests) >= 210
    differing = set()
    for test in tests:
        for lists in ("given", "carried"):
            answer = opened[f"{test['id']} {lists}"]
            assert answer["layers"] == ["signed"]
            if (answer["path"] == "good") is not test["should_validate"]:
                differing.add(test["id"])
    assert differing == set(EXCEPTIONS)


def test_lists_that_only_the_letter_carries_never_give_the_full_seal(opened) -> None:
    for name, answer in opened.items():
        if name.endswith("carried"):
            assert answer["seal"] != "SIG_OK", name
            if answer["seal"] == "SIG_OK_REV_STALE":
                assert "list-from-letter" in {finding["code"] for finding in answer["findings"]}


def test_letters_of_certificates_without_an_address_are_never_sealed(opened) -> None:
    sealed = [name for name, answer in opened.items() if answer["sender"] == "mismatch"]
    assert sealed
    assert all(not opened[name]["seal"].startswith("SIG_OK") for name in sealed)
