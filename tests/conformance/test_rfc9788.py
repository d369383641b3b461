"""Header-protection letters with the keys of RFC 9216: what RFC 9788 says is protected, is."""

from __future__ import annotations

import email
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.corpora import corpora
from tests.conformance.letters import answers

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def corpus() -> tuple[Path, list[dict[str, Any]]]:
    folder = corpora("rfc9788")
    return folder, json.loads((folder / "expected.json").read_text())["cases"]


@pytest.fixture(scope="module")
def opened(corpus, tmp_path_factory) -> dict[str, dict[str, Any]]:
    folder, cases = corpus
    keys = corpora("rfc9216")
    wanted = [
        {
            "id": case["file"],
            "message": str(folder / case["file"]),
            "keys": [{"file": str(keys / "bob.p12"), "password": "bob"}],
            "anchors": [str(keys / "ca.rsa.crt")],
            "at": "2021-02-20T18:00:00Z",
            "revocation": "ignored",
        }
        for case in cases
    ]
    return answers(tmp_path_factory.mktemp("rfc9788"), wanted)


def test_every_letter_is_judged_as_expected(corpus, opened) -> None:
    _, cases = corpus
    assert len(cases) >= 5
    for case in cases:
        answer = opened[case["file"]]
        assert answer["signature"] == case["signed"], case
        assert answer["seal"] == ("SIG_OK" if case["signed"] == "good" else "SIG_BAD"), answer
        assert answer["signer"] == "alice@smime.example"
        if "encrypted" in case:
            assert (answer["encryption"] == "ENC_OK") is case["encrypted"]
            assert ("encrypted" in answer["layers"]) is case["encrypted"]
        if "protected_subject" in case:
            assert answer["protected_headers"].get("Subject") == case["protected_subject"], case


def test_the_subject_of_an_encrypted_letter_is_outside_only_as_dots(corpus, opened) -> None:
    folder, cases = corpus
    case = next(case for case in cases if case.get("outer_subject"))
    outside = email.message_from_bytes((folder / case["file"]).read_bytes())
    assert outside["Subject"] == case["outer_subject"]
    assert opened[case["file"]]["protected_headers"]["Subject"] == case["protected_subject"]


def test_a_letter_without_header_protection_protects_no_header(opened) -> None:
    assert opened["d03-multipart-nohp.eml"]["protected_headers"] == {}


def test_a_broken_signature_protects_no_header(opened) -> None:
    answer = opened["c01-bad-digest.eml"]
    assert answer["protected_headers"] == {}
    assert "content-changed" in {finding["code"] for finding in answer["findings"]}


def test_the_published_vector_keeps_all_of_its_header(opened) -> None:
    headers = opened["smime-multipart-complex-hp.eml"]["protected_headers"]
    assert {"From", "To", "Subject", "Date", "Message-ID"} <= set(headers)
