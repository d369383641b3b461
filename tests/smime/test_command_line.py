"""`python -m smime`: show one letter in words, open many by a case file."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pki.formats import Identity
from pki.pkcs12 import write_pkcs12
from smime.__main__ import main
from smime.mime_read import parse
from tests.smime.letters import AT, BOB, CBC, SUBJECT, TEXT, letter
from tests.smime.people import root

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a letter in several forms, Bob's key, the root, and files that are none of these."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "letter.eml").write_bytes(letter())
    (folder / "cbc.eml").write_bytes(letter(cipher=CBC, signer=None))
    (folder / "signed.eml").write_bytes(letter(cipher=None))
    bare = parse(letter(cipher=None, opaque=True)).content()
    (folder / "bare.p7m").write_bytes(bare)
    (folder / "bare.pem").write_bytes(
        b"-----BEGIN CMS-----\n" + base64.encodebytes(bare) + b"-----END CMS-----\n"
    )
    (folder / "root.pem").write_bytes(root().certificate.public_bytes(Encoding.PEM))
    (folder / "root.der").write_bytes(root().certificate.public_bytes(Encoding.DER))
    identity = Identity(BOB.private_key, BOB.certificate)
    (folder / "bob.p12").write_bytes(write_pkcs12(identity=identity, chain=[], password="right", name="Bob"))
    (folder / "noise").write_bytes(b"\0\1\2")
    (folder / "empty").write_bytes(b"")
    return folder


def case(**changed: Any) -> dict[str, Any]:
    standard: dict[str, Any] = {
        "id": "one",
        "message": "letter.eml",
        "keys": [{"file": "bob.p12", "password": "right"}],
        "anchors": ["root.pem"],
        "intermediates": [],
        "crls": [],
        "at": AT.isoformat(),
        "revocation": "ignored",
    }
    return standard | changed


def run(desk: Path, capsys: pytest.CaptureFixture[str], *cases: object) -> list[dict[str, Any]]:
    (desk / "cases.json").write_text(json.dumps(list(cases)))
    assert main(["open", "--cases", str(desk / "cases.json"), "--json"]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return [json.loads(line) for line in out.out.splitlines()]


def test_an_answer_has_exactly_the_promised_fields_in_order(desk, capsys) -> None:
    (answer,) = run(desk, capsys, case())
    assert list(answer) == [
        "id", "layers", "signature", "path", "sender", "seal", "encryption", "signer", "protected_headers", "text",
        "findings",
    ]  # fmt: skip
    findings = answer.pop("findings")
    headers = answer.pop("protected_headers")
    assert answer == {
        "id": "one",
        "layers": ["encrypted", "signed"],
        "signature": "good",
        "path": "good",
        "sender": "match",
        "seal": "SIG_OK",
        "encryption": "ENC_OK",
        "signer": "alice@contoso.example",
        "text": TEXT,
    }
    assert headers["Subject"] == SUBJECT
    assert all(list(finding) == ["code", "severity", "summary"] for finding in findings)


def test_answers_come_in_the_order_of_the_cases(desk, capsys) -> None:
    answers = run(desk, capsys, *(case(id=str(number), message=name) for number, name in enumerate(
        ["signed.eml", "letter.eml", "cbc.eml", "noise"])))  # fmt: skip
    assert [answer["id"] for answer in answers] == ["0", "1", "2", "3"]
    assert [answer["encryption"] for answer in answers] == ["NONE", "ENC_OK", "ENC_UNPROTECTED", "NONE"]


@pytest.mark.parametrize("name", ["bare.p7m", "bare.pem"])
def test_a_bare_object_has_the_author_of_its_protected_header(desk, capsys, name: str) -> None:
    (answer,) = run(desk, capsys, case(message=name, keys=[], anchors=["root.der"]))
    assert (answer["layers"], answer["signature"], answer["text"]) == (["signed"], "good", TEXT)
    assert answer["seal"] == "SIG_OK"  # the protected header names the author


def test_required_revocation_without_a_list_is_unknown(desk, capsys) -> None:
    (answer,) = run(desk, capsys, case(revocation="required"))
    assert (answer["seal"], answer["path"]) == ("SIG_OK_REV_UNKNOWN", "undetermined")
    standard = case()
    del standard["revocation"]
    assert run(desk, capsys, standard)[0]["seal"] == "SIG_OK_REV_UNKNOWN"


def test_an_absolute_path_and_a_missing_key_list_are_fine(desk, capsys) -> None:
    (answer,) = run(
        desk, capsys, {"id": "x", "message": str(desk / "signed.eml"), "at": "2026-11-24T12:00:00Z"}
    )
    assert (answer["signature"], answer["encryption"]) == ("good", "NONE")
    assert answer["seal"] in ("SIG_UNTRUSTED", "SIG_INCOMPLETE")


@pytest.mark.parametrize(
    "changed",
    [
        {"keys": [{"file": "bob.p12", "password": "wrong"}]},
        {"keys": [{"file": "noise", "password": ""}]},
        {"keys": [{"file": "absent.p12", "password": ""}]},
        {"message": "absent.eml"},
        {"message": "noise"},
        {"message": "empty"},
        {"message": "."},
        {"anchors": ["noise"]},
        {"anchors": ["absent.pem"]},
        {"crls": ["root.pem"]},
    ],
)
def test_a_file_that_cannot_be_used_is_an_answer_with_a_finding(desk, capsys, changed) -> None:
    (answer,) = run(desk, capsys, case(**changed))
    assert [finding for finding in answer["findings"] if finding["severity"] in ("error", "warning")]
    assert all(finding["summary"] for finding in answer["findings"])


def test_a_wrong_password_says_so_and_the_letter_stays_closed(desk, capsys) -> None:
    (answer,) = run(desk, capsys, case(keys=[{"file": "bob.p12", "password": "wrong"}]))
    assert (answer["encryption"], answer["seal"], answer["text"]) == ("ENC_FAIL", "NONE", "")
    assert "wrong" not in json.dumps(answer["findings"]).replace("wrong password", "")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "{}",
        '"text"',
        "[1]",
        "[{}]",
        '[{"id": "x"}]',
        '[{"id": "x", "message": "letter.eml"}]',
        '[{"id": "x", "message": "letter.eml", "at": "yesterday"}]',
        '[{"id": "x", "message": "letter.eml", "at": "2026-11-24", "keys": {}}]',
        '[{"id": "x", "message": "letter.eml", "at": "2026-11-24", "keys": ["bob.p12"]}]',
        '[{"id": "x", "message": "letter.eml", "at": "2026-11-24", "keys": [{"file": "a", "password": 1}]}]',
        '[{"id": "x", "message": "letter.eml", "at": "2026-11-24", "anchors": "root.pem"}]',
        '[{"id": "x", "message": "letter.eml", "at": "2026-11-24", "revocation": "maybe"}]',
        '[{"id": "x", "message": "a\\u0000b", "at": "2026-11-24"}]',
        '[{"id": 1, "message": "letter.eml", "at": "2026-11-24"}]',
        "[" * 100_000,
    ],
)
def test_a_broken_case_file_is_refused_with_status_2(desk, capsys, content: str) -> None:
    (desk / "broken.json").write_text(content)
    assert main(["open", "--cases", str(desk / "broken.json"), "--json"]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.startswith("Broken case file: ")


def test_an_absent_case_file_is_refused_with_status_2(desk, capsys) -> None:
    assert main(["open", "--cases", str(desk / "nowhere.json")]) == 2


def test_show_says_layers_signer_and_findings_in_words(desk) -> None:
    command = [
        sys.executable,
        "-m",
        "smime",
        "show",
        "signed.eml",
        "--anchor",
        "root.pem",
        "--at",
        AT.isoformat(),
    ]
    ran = subprocess.run(
        command, cwd=desk, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert ran.stderr == ""
    assert "1. signed with ECDSA" in ran.stdout
    assert "signer: Alice <alice@contoso.example>" in ran.stdout
    assert "SIG_OK_REV_UNKNOWN" in ran.stdout
    assert "what to do" in ran.stdout
    assert TEXT.splitlines()[0] in ran.stdout


def test_show_opens_an_envelope_with_a_key_and_does_not_print_its_text(desk, capsys, tmp_path) -> None:
    (tmp_path / "password").write_text("right\n")
    arguments = ["show", str(desk / "letter.eml"), "--key", str(desk / "bob.p12"), "--at", AT.isoformat()]
    assert main([*arguments, "--password-file", str(tmp_path / "password")]) == 0
    shown = capsys.readouterr().out
    assert "encrypted with AES-256-GCM" in shown
    assert f"Subject: {SUBJECT}  (signed-and-encrypted)" in shown
    assert TEXT.splitlines()[0] not in shown
    assert main(arguments) == 0
    assert "ENC_FAIL" in capsys.readouterr().out


def test_a_password_file_that_cannot_be_read_is_refused_before_any_letter(desk, capsys) -> None:
    (desk / "latin").write_bytes(b"gr\xfc\xdfe")
    for name in ("absent", "latin"):
        assert main(["show", str(desk / "letter.eml"), "--password-file", str(desk / name)]) == 2
        out = capsys.readouterr()
        assert out.out == ""
        assert out.err.startswith("The password file cannot be read: ")


def test_cases_are_told_in_words_where_no_json_is_asked_for(desk, capsys) -> None:
    (desk / "cases.json").write_text(json.dumps([case(id="the first"), case(id="the second", keys=[])]))
    assert main(["open", "--cases", str(desk / "cases.json")]) == 0
    out = capsys.readouterr().out
    assert "the first" in out
    assert "encrypted with AES-256-GCM" in out
    assert "ENC_FAIL" in out.partition("the second")[2]


def test_the_exit_status_is_that_of_the_command(desk) -> None:
    (desk / "broken.json").write_text("{")
    for name, status in (("broken.json", 2), ("cases.json", 0)):
        (desk / "cases.json").write_text(json.dumps([case()]))
        command = [sys.executable, "-m", "smime", "open", "--cases", str(desk / name), "--json"]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == status


def test_the_representation_of_a_case_hides_the_password() -> None:
    from smime.cases import KeyFile

    assert "hunter2" not in repr(KeyFile(Path("x.p12"), "hunter2"))
