"""A letter written by the portal opens in it: text, files, subject, seal (RFC 8551, RFC 9788)."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from pki.trust import Trust
from smime.mime import Attachment, build_body, message
from smime.mime_read import parse
from smime.report import Encryption, Seal, Signature
from tests.smime.letters import (
    ALICE,
    AT,
    BOB,
    CBC,
    GCM,
    MALLORY,
    SUBJECT,
    TEXT,
    codes,
    encrypt,
    fields,
    letter,
    opened,
    sign,
)  # fmt: skip

FILE = Attachment("Zahlen – März.csv", "text/csv", b"a;b\n1;2\n")


@pytest.mark.parametrize(
    ("cipher", "opaque", "legacy", "html"),
    list(
        itertools.product([GCM, CBC, None], [False, True], [False, True], [None, "<p>the <b>figures</b></p>"])
    ),
)
def test_a_signed_letter_opens_with_its_seal(cipher, opaque: bool, legacy: bool, html: str | None) -> None:
    raw = letter(cipher=cipher, opaque=opaque, legacy_display=legacy, html=html, attachments=[FILE])
    report = opened(raw)
    assert (report.seal, report.signature, report.sender) == (Seal.OK, Signature.GOOD, "match")
    assert report.encryption is (Encryption.OK if cipher else Encryption.NONE)
    assert report.text == TEXT
    assert report.html == html
    assert report.attachments == (FILE,)
    assert report.header("Subject") == SUBJECT
    assert report.signer is not None
    assert report.signer.address == "alice@contoso.example"
    assert codes(report) <= {"issuer-nonconformant"}  # the root of these tests is made by hand


def test_outside_an_encrypted_letter_the_subject_is_dots_and_nothing_of_it_leaks() -> None:
    raw = letter()
    assert parse(raw).value("subject") == "[...]"
    assert b"igures" not in raw
    report = opened(raw)
    assert report.subject_was_encrypted
    assert report.protected_headers["Subject"] == SUBJECT
    assert report.protected_headers["From"] == "Alice <alice@contoso.example>"


def test_a_locked_key_says_so_and_shows_nothing() -> None:
    report = opened(letter(), reader=None, locked=[BOB.certificate])
    assert (report.seal, report.encryption, report.text) == (Seal.NONE, Encryption.LOCKED, "")
    assert report.header("Subject") == "[...]"


def test_a_letter_for_somebody_else_fails_with_the_one_text() -> None:
    raw = letter()
    cms = bytearray(parse(raw).content())
    cms[-200] ^= 1  # in the ciphertext, behind all structure
    damaged = opened(bytes(cms))
    other = opened(raw, reader=ALICE)
    assert other.encryption is damaged.encryption is Encryption.FAIL
    assert {f.summary for f in other.findings} == {f.summary for f in damaged.findings}


def test_any_of_several_keys_opens_the_letter() -> None:
    report = opened(letter(), reader=None, keys=[ALICE.decryption, BOB.decryption, MALLORY.decryption])
    assert report.encryption is Encryption.OK


def test_a_changed_word_breaks_the_seal_and_is_still_shown() -> None:
    raw = letter(cipher=None).replace(b"figures are", b"figurez are")
    report = opened(raw)
    assert (report.seal, report.signature) == (Seal.BAD, Signature.BAD)
    assert "figurez" in report.text
    assert report.protected_headers == {}
    assert report.signer is not None  # named all the same


def test_an_unknown_issuer_is_untrusted_and_named() -> None:
    report = opened(letter(), trust=Trust(()))
    assert report.seal in (Seal.UNTRUSTED, Seal.INCOMPLETE)
    assert report.signature is Signature.GOOD
    assert report.signer is not None


def test_without_lists_revocation_is_unknown_when_it_is_required() -> None:
    assert opened(letter(), revocation="required").seal is Seal.REV_UNKNOWN


def test_an_expired_certificate_warns_about_time() -> None:
    assert opened(letter(), at=AT + timedelta(days=1000)).seal is Seal.WARN_TIME


def test_a_letter_signed_long_before_its_date_warns_about_time() -> None:
    body = build_body(TEXT)
    raw = message(fields(), sign(body, at=AT - timedelta(hours=3)))
    report = opened(raw)
    assert report.seal is Seal.WARN_TIME
    assert "signing-time-differs" in codes(report)


def test_line_ends_that_a_store_changed_are_restored_for_the_digest() -> None:
    raw = letter(cipher=None).replace(b"\r\n", b"\n")
    report = opened(raw)
    assert report.seal is Seal.OK
    assert "line-ends-restored" in codes(report)


def test_triple_wrapping_reports_the_inner_signature() -> None:
    inner = sign(build_body(TEXT))
    raw = message(fields(), sign(encrypt(inner), MALLORY))
    report = opened(raw)
    assert [layer.kind.value for layer in report.layers] == ["signed", "encrypted", "signed"]
    assert report.seal is Seal.OK
    assert report.signer is not None
    assert report.signer.address == "alice@contoso.example"
    assert "outer-signature" in codes(report)


def test_the_senders_own_signature_file_is_an_attachment_like_any_other() -> None:
    own = Attachment("contract.pdf.p7s", "application/pkcs7-signature", b"\x30\x03\x02\x01\x00")
    for cipher in (GCM, None):
        report = opened(letter(attachments=[own], cipher=cipher))
        assert report.attachments == (own,)
        assert report.seal is Seal.OK


def test_a_forwarded_letter_travels_as_a_file() -> None:
    forwarded = Attachment("letter.eml", "message/rfc822", letter(cipher=None))
    report = opened(letter(attachments=[forwarded]))
    assert report.attachments[0].content == forwarded.content
    assert report.seal is Seal.OK


def test_the_same_letter_judged_at_the_same_time_gives_the_same_report() -> None:
    raw = letter(attachments=[FILE])
    assert opened(raw) == opened(raw)
