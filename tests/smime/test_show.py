"""The words of `python -m smime show`: every state has some, and a secret text is never among them."""

from __future__ import annotations

import pytest

from pki.findings import info
from smime.compose import certificates_entity
from smime.mime import Attachment, build_body, message
from smime.report import Encryption, Seal, SecurityReport
from smime.show import ENCRYPTIONS, SEALS, describe

from .letters import ALICE, BOB, MALLORY, SUBJECT, TEXT, encrypt, fields, letter, opened, sign
from .people import person

FILE = Attachment("plan.txt", "text/plain", b"the plan")


def shown(report: SecurityReport) -> str:
    return "\n".join(describe(report, "one"))


def test_every_state_has_words_of_its_own() -> None:
    assert set(SEALS) == set(Seal)
    assert set(ENCRYPTIONS) == set(Encryption)
    assert len({*SEALS.values(), *ENCRYPTIONS.values()}) == len(SEALS) + len(ENCRYPTIONS)


@pytest.mark.parametrize("seal", list(Seal))
@pytest.mark.parametrize("encryption", [Encryption.NONE, Encryption.FAIL])
def test_the_verdict_comes_first(seal: Seal, encryption: Encryption) -> None:
    lines = describe(SecurityReport(seal, encryption), "one")
    assert lines[0] == "Letter one"
    assert lines[1].endswith(f"[{seal.value}]")
    assert lines[2].endswith(f"[{encryption.value}]")
    assert lines[3:] == ["Layers: none"]


def test_a_letter_that_stays_shut_is_not_called_unsigned() -> None:
    text = shown(opened(letter(), reader=MALLORY))
    assert "Who signed it is inside the encryption. [NONE]" in text
    assert "Not signed" not in text


def test_a_signed_letter_shows_its_text_its_files_and_what_protects_its_header() -> None:
    report = opened(letter(cipher=None, attachments=[FILE]))
    text = shown(report)
    assert "1. signed with ECDSA with SHA-256 (multipart/signed): good" in text
    assert "signer: Alice <alice@contoso.example>, signed 2026-11-24 12:00 UTC [SIG_OK]" in text
    assert f"Subject: {SUBJECT}  (signed-only)" in text
    assert "Attachment: plan.txt (text/plain, 8 bytes)" in text
    assert f"  {TEXT.splitlines()[0]}" in text.splitlines()


def test_an_encrypted_letter_names_its_readers_and_keeps_its_text() -> None:
    text = shown(opened(letter(attachments=[FILE])))
    assert "1. encrypted with AES-256-GCM (application/pkcs7-mime): ok" in text
    assert "recipient: certificate" in text
    assert TEXT.splitlines()[0] not in text
    assert "Post-quantum" not in text


def test_a_post_quantum_letter_says_so_and_what_it_does_not_mean() -> None:
    kem = person("ml-kem-768", "Bob")
    raw = message(fields(), encrypt(sign(build_body(TEXT)), kem.certificate))
    text = shown(opened(raw, reader=kem))
    assert "Post-quantum: every copy of its key" in text
    assert "nothing about the signature" in text


def test_an_unsigned_letter_and_a_certificate_without_address_are_told_too() -> None:
    plain = opened(b"From: a@b.example\r\n\r\nHello\r\n")
    assert "Layers: none" in shown(plain)
    assert "  From: a@b.example  (unprotected)" in shown(plain)
    handed_over = message(fields(), certificates_entity([ALICE.certificate, BOB.certificate]))
    assert "info: This letter only hands over certificates (2)." in shown(opened(handed_over))
    stranger = shown(opened(letter(signer=MALLORY)))
    assert "what to do" in stranger
    assert f"[{Seal.MISMATCH.value}]" in stranger


def test_a_finding_without_a_remedy_gives_no_advice() -> None:
    report = SecurityReport(Seal.NONE, Encryption.NONE, findings=(info("bare-text", "It is bare."),))
    assert shown(report).endswith("Findings:\n  info: It is bare. [bare-text]")
