"""Letters of Thunderbird's own test suite, judged as that client judges them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.corpora import corpora
from tests.conformance.letters import answers

pytestmark = pytest.mark.corpora

SEALED = ("SIG_OK", "SIG_OK_REV_STALE")
DECRYPTED = ("ENC_OK", "ENC_WEAK", "ENC_UNPROTECTED")


@pytest.fixture(scope="module")
def corpus() -> tuple[Path, dict[str, Any]]:
    folder = corpora("thunderbird")
    return folder, json.loads((folder / "expected.json").read_text())


@pytest.fixture(scope="module")
def opened(corpus, tmp_path_factory) -> dict[str, dict[str, Any]]:
    folder, expected = corpus
    keys = expected["keys"]
    cases = [
        {
            "id": case["filename"],
            "message": str(folder / case["filename"]),
            "keys": [{"file": str(folder / keys["recipient"]), "password": keys["p12_password"]}],
            "anchors": [str(folder / keys["trust"])],
            "at": "2023-11-21T21:00:00Z",
            "revocation": "ignored",
        }
        for case in expected["cases"]
    ]
    return answers(tmp_path_factory.mktemp("thunderbird"), cases)


def test_every_letter_of_that_client_is_judged_as_there(corpus, opened) -> None:
    _, expected = corpus
    assert len(expected["cases"]) >= 7
    for case in expected["cases"]:
        answer = opened[case["filename"]]
        assert ("encrypted" in answer["layers"]) is case["enc"], case
        assert ("signed" in answer["layers"]) is case["sig"], case
        assert (answer["seal"] in SEALED) is case["sig_good"], (case, answer)
        assert (answer["encryption"] in DECRYPTED) is case["enc"], (case, answer)
        assert case.get("check_text", "") in answer["text"], case


def test_a_good_letter_names_alice_and_matches_her(opened) -> None:
    answer = opened["alice.dsig.SHA256.multipart.env.eml"]
    assert answer["layers"] == ["encrypted", "signed"]
    assert (answer["signature"], answer["path"], answer["sender"]) == ("good", "good", "match")
    assert answer["signer"].lower() == "alice@example.com"
    assert answer["encryption"] == "ENC_OK"


def test_the_changed_letter_the_old_digest_and_the_unsigned_envelope_say_what_they_are(opened) -> None:
    assert opened["alice.dsig.SHA256.multipart.bad.eml"]["seal"] == "SIG_BAD"
    assert opened["alice.dsig.SHA1.multipart.eml"]["seal"] == "SIG_WEAK"
    assert opened["alice.env.eml"]["encryption"] == "ENC_UNPROTECTED"
    for answer in opened.values():
        assert answer["findings"], answer["id"]
