"""The command line: answers per case, refusals as a whole, plain words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pki.crl import Reason, RevokedEntry
from pki.signer import Signer
from tests.conformance.corpora import ROOT
from tests.pki.conftest import AT, DAY, Forest


@pytest.fixture
def folder(tmp_path: Path, contoso: Forest, alice: Signer) -> Path:
    """Alice's path and lists as files, some of them PEM."""
    (tmp_path / "alice.cer").write_bytes(alice.certificate.public_bytes(Encoding.DER))
    (tmp_path / "issuing.pem").write_bytes(contoso.issuing.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(contoso.root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "root.crl").write_bytes(contoso.root_list().der)
    (tmp_path / "people.crl").write_bytes(contoso.person_list().der)
    revoked = RevokedEntry(alice.certificate.serial_number, AT - DAY, Reason.SUPERSEDED)
    (tmp_path / "revoked.crl").write_bytes(contoso.person_list(revoked).der)
    (tmp_path / "junk").write_bytes(b"junk")
    return tmp_path


CASE = {
    "id": "alice",
    "leaf": "alice.cer",
    "intermediates": ["issuing.pem"],
    "anchors": ["root.pem"],
    "crls": ["root.crl", "people.crl"],
    "at": "2026-11-24T12:00:00Z",
    "purpose": "email",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pki", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_letter_is_shown_the_way_to_the_other_command(tmp_path: Path) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(b"From: a@contoso.example\r\nMIME-Version: 1.0\r\n\r\nHello.\r\n")
    shown = run("show", str(letter))
    assert shown.returncode == 1
    assert "This is a letter" in shown.stderr
    assert "python -m smime show letter.eml" in shown.stderr


def answer(folder: Path, *cases: dict) -> list[dict]:
    (folder / "cases.json").write_text(json.dumps(cases))
    done = run("validate", "--cases", str(folder / "cases.json"), "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_answers_come_in_order_one_per_line(folder: Path):
    revoked = {**CASE, "id": "revoked", "crls": ["root.crl", "revoked.crl"]}
    unknown = {**CASE, "id": "unknown", "crls": []}
    ignored = {**CASE, "id": "ignored", "crls": [], "revocation": "ignored"}
    answers = answer(folder, CASE, revoked, unknown, ignored)
    assert [(one["id"], one["verdict"]) for one in answers] == [
        ("alice", "good"),
        ("revoked", "invalid"),
        ("unknown", "undetermined"),
        ("ignored", "good"),
    ]
    assert all(set(one) == {"id", "verdict", "findings"} for one in answers)
    assert {"code", "severity", "summary"} == set(answers[1]["findings"][0])


def test_the_address_is_asked_for_when_given(folder: Path):
    right, wrong = {**CASE, "email": "alice@contoso.example"}, {**CASE, "email": "olga@contoso.example"}
    assert [one["verdict"] for one in answer(folder, right, wrong)] == ["good", "invalid"]


@pytest.mark.parametrize("field", ["leaf", "intermediates", "anchors"])
def test_a_file_that_is_no_certificate_makes_it_invalid(folder: Path, field: str):
    broken = {**CASE, field: "junk" if field == "leaf" else ["junk"]}
    (only,) = answer(folder, broken)
    assert only["verdict"] == "invalid"
    assert only["findings"][0]["code"] == "file-malformed"


def test_a_file_that_is_no_list_counts_as_absent(folder: Path):
    (only,) = answer(folder, {**CASE, "crls": ["root.crl", "junk"]})
    assert only["verdict"] == "undetermined"
    assert "crl-malformed" in {finding["code"] for finding in only["findings"]}


def test_absolute_paths_and_a_missing_purpose_are_fine(folder: Path):
    case = {**CASE, "leaf": str(folder / "alice.cer")}
    del case["purpose"]
    assert answer(folder, case)[0]["verdict"] == "good"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "{}",
        "[1]",
        "[{}]",
        json.dumps([{**CASE, "at": "yesterday"}]),
        json.dumps([{**CASE, "purpose": "tls"}]),
        json.dumps([{**CASE, "leaf": "absent.cer"}]),
        json.dumps([{**CASE, "crls": "root.crl"}]),
        json.dumps([{**CASE, "explicit_policy": "yes"}]),
        json.dumps([CASE, {**CASE, "id": 7}]),
    ],
)
def test_a_broken_case_file_is_refused_as_a_whole(folder: Path, text: str):
    (folder / "cases.json").write_text(text)
    done = run("validate", "--cases", str(folder / "cases.json"), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Broken case file" in done.stderr


def test_a_missing_case_file_is_refused(tmp_path: Path):
    assert run("validate", "--cases", str(tmp_path / "absent.json"), "--json").returncode == 2


def test_without_json_the_answer_is_for_people(folder: Path):
    (folder / "cases.json").write_text(json.dumps([{**CASE, "crls": []}]))
    done = run("validate", "--cases", str(folder / "cases.json"))
    assert done.stdout.startswith("alice: undetermined\n")
    assert "can't be determined" in done.stdout


def test_certificates_are_shown_in_plain_words(folder: Path):
    done = run("show", str(folder / "alice.cer"), str(folder / "issuing.pem"))
    assert done.returncode == 0
    for words in (
        "Alice, Contoso",
        "alice@contoso.example",
        "EC P-256",
        "sign mail",
        "only .contoso.example",
    ):
        assert words in done.stdout


def test_lists_are_shown_in_plain_words(folder: Path):
    done = run("show", str(folder / "revoked.crl"))
    assert "entries        1" in done.stdout


def test_showing_junk_says_so_and_goes_on(folder: Path):
    done = run("show", str(folder / "junk"), str(folder / "absent"), str(folder / "alice.cer"))
    assert done.returncode == 1
    assert "Alice" in done.stdout
    assert done.stderr.count("\n") == 2
