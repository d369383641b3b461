"""What a report says of a letter: which header is believed and shown, what its layers are called, what stays shut."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import rsa

from smime import der, oids
from smime.headers import protect
from smime.key_transport import KeyTransport, recipient_info
from smime.mime import Entity, build_body, message
from smime.report import Encryption, Seal
from tests.smime.forge import content_info
from tests.smime.letters import ALICE, AT, BOB, FROM, TEXT, codes, encrypt, fields, opened, sign
from tests.smime.test_decrypt import cbc_encrypted
from tests.smime.test_layers import compressed, part
from tests.smime.test_spoofing import clear_signed, leaf

BODY = build_body(TEXT)
WHOLE = {
    "From": FROM,
    "Sender": "office@contoso.example",
    "Reply-To": "answers@contoso.example",
    "To": "bob@contoso.example",
    "Cc": "dana@contoso.example",
    "Subject": "Figures",
    "Date": "Tue, 24 Nov 2026 12:00:00 +0000",
    "Message-ID": "<2@contoso.example>",
    "In-Reply-To": "<1@contoso.example>",
    "References": "<0@contoso.example> <1@contoso.example>",
}


@pytest.mark.parametrize("signed", [True, False])
def test_every_field_that_people_read_is_shown_in_order(signed: bool) -> None:
    shuffled = [*reversed(WHOLE.items())]
    protected = protect(BODY, shuffled, encrypted=False, legacy_display=False)
    report = opened(message(protected.outer, sign(protected.entity) if signed else BODY))
    assert report.headers == tuple(WHOLE.items())
    assert {entry.name: entry.value for entry in report.believed_fields} == WHOLE


def test_a_field_that_stands_twice_is_shown_once() -> None:
    report = opened(message([*fields(), ("Cc", "a@x.example"), ("Cc", "b@x.example")], BODY))
    assert report.headers.count(("Cc", "a@x.example")) == 1
    assert "b@x.example" not in str(report.headers)
    assert [entry.value for entry in report.believed_fields if entry.key == "cc"] == ["a@x.example"]


def test_of_an_unsigned_envelope_only_the_subject_is_taken() -> None:
    inner = protect(
        BODY,
        [*fields(To="inside@contoso.example"), ("Comments", "hidden")],
        encrypted=True,
        legacy_display=False,
    )
    outer = [(name, "outside@contoso.example" if name == "To" else value) for name, value in inner.outer]
    report = opened(message(outer, encrypt(inner.entity)))
    assert report.header("To") == "outside@contoso.example"
    assert report.header("Subject") == dict(fields())["Subject"]
    assert list(report.protected_headers) == ["Subject"]


def test_a_plain_letter_that_claims_protection_has_its_outer_header() -> None:
    inner = protect(BODY, fields(Subject="inside"), encrypted=False, legacy_display=False)
    report = opened(message(fields(Subject="outside"), Entity(inner.entity.headers, inner.entity.body)))
    assert (report.header("Subject"), report.protected_headers) == ("outside", {})


def test_the_wrapping_of_rfc_8551_is_known_by_its_author_where_it_says_nothing() -> None:
    for author, subject in ((FROM, "inside"), ("Carl <carl@contoso.example>", "outside")):
        inner = message(fields(Subject="inside", From=author), BODY)
        wrapped = Entity((("Content-Type", "message/rfc822"),), inner)
        report = opened(message(fields(Subject="outside"), sign(wrapped)))
        assert (report.seal, report.header("Subject")) == (Seal.OK, subject)


def test_another_kind_of_signature_is_named_by_its_protocol() -> None:
    entity = clear_signed(BODY, leaf("application/pgp-signature", b"x"))
    kind = entity.headers[0][1].replace("application/pkcs7-signature", "application/pgp-signature")
    report = opened(message(fields(), Entity((("Content-Type", kind),), entity.body)))
    (finding,) = (finding for finding in report.findings if finding.code == "signature-protocol")
    assert "application/pgp-signature" in finding.summary


def enveloped(recipients: bytes, algorithm: bytes, octets: bytes) -> bytes:
    body = der.tlv(der.context(0, constructed=False), octets)
    encrypted = der.sequence(der.oid(oids.DATA), algorithm, body)
    return content_info(
        oids.ENVELOPED_DATA, der.sequence(der.integer(0), der.tlv(der.SET, recipients), encrypted)
    )


def triple_des(content: bytes) -> bytes:
    """What a program of the nineties wrote to Bob."""
    content_key, public_key = os.urandom(24), BOB.certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    info = recipient_info(BOB.certificate, public_key, content_key, KeyTransport.PKCS1_V15)
    encrypted = cbc_encrypted(TripleDES(content_key), oids.DES_EDE3_CBC, 8, content)
    return enveloped(info, encrypted.algorithm.to_der(), bytes(encrypted.octets or b""))


def test_an_old_cipher_around_a_good_signature_is_weak_and_without_one_unprotected() -> None:
    for content, state in ((sign(BODY), Encryption.WEAK), (BODY, Encryption.UNPROTECTED)):
        entity = part("application/pkcs7-mime; smime-type=enveloped-data", triple_des(content.to_bytes()))
        report = opened(message(fields(), entity))
        assert (report.encryption, report.text, report.encryption_algorithm) == (state, TEXT, "3DES-CBC")
        assert "encryption-weak" in codes(report)


def test_an_envelope_under_a_password_is_named_as_not_supported() -> None:
    password = der.tlv(der.context(3), der.integer(0))
    algorithm = der.sequence(der.oid(oids.AES_256_CBC), der.octet_string(bytes(16)))
    entity = part(
        "application/pkcs7-mime; smime-type=enveloped-data", enveloped(password, algorithm, bytes(16))
    )
    report = opened(message(fields(), entity))
    assert (report.encryption, report.seal, report.text) == (Encryption.UNSUPPORTED, Seal.NONE, "")
    assert [layer.outcome for layer in report.layers] == ["unsupported"]


def test_a_compressed_layer_says_so() -> None:
    report = opened(message(fields(), compressed(BODY.to_bytes())))
    assert [(layer.kind.value, layer.algorithm) for layer in report.layers] == [("compressed", "zlib")]


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 24 Nov 2026 12:00:00 +0000",
        "Tue, 24 Nov 2026 14:00:00 +0200",
        "Tue, 24 Nov 2026 02:00:00 -1000",
        "Tue, 24 Nov 2026 12:00:00 -0000",
    ],
)
def test_a_date_is_compared_in_its_own_zone(date: str) -> None:
    assert opened(message(fields(Date=date), sign(BODY))).seal is Seal.OK
    late = opened(message(fields(Date=date), sign(BODY, at=AT + timedelta(hours=2))))
    assert (late.seal, late.signature.value) == (Seal.WARN_TIME, "good")


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Tue, 99 Nov 2026 12:00:00 +0000", "1 Jan 0000 00:00 +9999"]
)
def test_a_date_that_cannot_be_read_contradicts_nothing(date: str) -> None:
    assert opened(message(fields(Date=date), sign(BODY, at=AT - timedelta(hours=5)))).seal is Seal.OK


def test_readers_and_certificates_of_a_letter_are_listed() -> None:
    report = opened(message(fields(), encrypt(sign(BODY), BOB.certificate)))
    assert len(report.recipients) == 1
    assert f"{BOB.certificate.serial_number:x}" in report.recipients[0]
    assert report.certificates == (ALICE.certificate,)
