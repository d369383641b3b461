"""From signatures to the seal: certificates that cannot be read, weak signatures, claims of time (RFC 8550 §4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pki.path import Failure
from smime import der, oids
from smime.author import subject_of
from smime.mime import build_body, message
from smime.report import Seal, SecurityReport, Signature
from smime.seal import CLOCK_TOLERANCE, mathematics, read_lists
from tests.smime.forge import CONTENT, attributes_over, signed_message, signer_info
from tests.smime.letters import ALICE, AT, TEXT, TRUST, codes, fields, opened, sign
from tests.smime.people import Person, certify, key, person, rewritten
from tests.smime.test_layers import part
from tests.smime.test_verify import sha1_signed

BODY = build_body(TEXT)


def send(entity, **options: object) -> SecurityReport:
    return opened(message(fields(), entity), **options)  # type: ignore[arg-type]


def opaque(signed: bytes, **options: object) -> SecurityReport:
    return send(part("application/pkcs7-mime; smime-type=signed-data", signed), **options)


# Certificates that cannot be read --------------------------------------------------------------------------------


def with_usage(octets: bytes) -> Person:
    """Alice with these octets, which are none, in the place of her key usage."""

    def change(written: list[bytes]) -> None:
        at = written[7].index(der.oid("2.5.29.15"))
        tail = written[7][at:]
        written[7] = written[7][:at] + tail.replace(b"\x04\x04\x03\x02", b"\x04\x04" + octets, 1)

    return rewritten(certify(key("p-256", 61)), change)


def test_a_signer_whose_extensions_cannot_be_read_is_no_author_and_the_letter_is_read() -> None:
    report = send(sign(BODY, with_usage(b"\x7f\x02")))
    assert (report.signature, report.seal, report.text) == (Signature.GOOD, Seal.INVALID, TEXT)
    assert report.sender == "mismatch"
    assert report.signer is not None
    assert (report.signer.name, report.signer.address) == ("Alice", None)
    assert "certificate-not-for-signing" not in codes(report)  # the path says what is wrong


def unreadable_subject() -> Person:
    """Alice with a common name that is no UTF-8."""

    def change(written: list[bytes]) -> None:
        name = der.sequence(der.oid("2.5.4.3"), der.tlv(0x0C, b"\xff\xfe"))
        written[5] = der.sequence(der.tlv(der.SET, name))

    return rewritten(certify(key("p-256", 62)), change)


def test_a_signer_whose_name_cannot_be_read_is_no_author_and_the_letter_is_read() -> None:
    odd = unreadable_subject()
    with pytest.raises(ValueError, match="pars"):
        _ = odd.certificate.subject
    assert list(subject_of(odd.certificate)) == []
    known = replace(TRUST, intermediates=(odd.certificate,))
    report = opaque(signed_message([signer_info(odd, attributes=attributes_over(CONTENT))]), trust=known)
    assert (report.signature, report.text) == (Signature.GOOD, "Hello")
    assert report.seal not in (Seal.OK, Seal.REV_STALE, Seal.REV_UNKNOWN)
    assert report.signer is not None
    assert report.signer.certificate == odd.certificate


def test_a_list_of_a_letter_that_cannot_be_read_is_left_aside() -> None:
    assert read_lists([b"", b"x", der.sequence(der.NULL_VALUE)]) == ()


# Weak, and no signature at all ------------------------------------------------------------------------------------


def test_an_obsolete_signature_is_named_so_whatever_else_is_right() -> None:
    report = opaque(sha1_signed(person("rsa-2048", "Alice")))
    assert (report.seal, report.signature, report.sender) == (Seal.WEAK, Signature.WEAK, "match")
    assert "signature-weak" in codes(report)
    assert report.path is not None
    assert report.path.failure is Failure.NONE


def test_without_a_layer_there_is_no_signature() -> None:
    assert mathematics([]) is Signature.NONE
    report = send(BODY)
    assert (report.seal, report.signature, report.sender, report.signer) == (
        Seal.NONE, Signature.NONE, None, None,
    )  # fmt: skip


# Claims of time ---------------------------------------------------------------------------------------------------


def test_a_signature_without_a_time_claims_none_and_is_sealed() -> None:
    timeless = [one for one in attributes_over(CONTENT) if der.oid(oids.SIGNING_TIME) not in one]
    report = opaque(signed_message([signer_info(ALICE, attributes=timeless)], [ALICE]))
    assert (report.seal, report.signer.signing_time if report.signer else AT) == (Seal.OK, None)


TIMES = {
    "at the date": (AT, set()),
    "an hour later": (AT + CLOCK_TOLERANCE, set()),
    "a second more": (AT + CLOCK_TOLERANCE + timedelta(seconds=1), {"signing-time-differs"}),
    "an hour earlier": (AT - CLOCK_TOLERANCE, set()),
    "a second less": (AT - CLOCK_TOLERANCE - timedelta(seconds=1), {"signing-time-differs"}),
    "as the certificate began": (AT - timedelta(days=1), {"signing-time-differs"}),
    "an hour before it began": (AT - timedelta(days=1) - CLOCK_TOLERANCE, {"signing-time-differs"}),
    "before it began": (
        AT - timedelta(days=1) - CLOCK_TOLERANCE - timedelta(seconds=1),
        {"signing-time-differs", "signed-outside-validity"},
    ),
    "as the certificate ended": (AT + timedelta(days=365), {"signing-time-differs"}),
    "when it had ended": (
        AT + timedelta(days=365, seconds=1), {"signing-time-differs", "signed-outside-validity"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("when", TIMES)
def test_a_signing_time_that_fits_neither_the_date_nor_the_certificate_is_said(when: str) -> None:
    moment, said = TIMES[when]
    report = send(sign(BODY, at=moment))
    assert codes(report) & {"signing-time-differs", "signed-outside-validity"} == said
    assert report.seal is (Seal.WARN_TIME if said else Seal.OK)
    assert report.signature is Signature.GOOD


def test_a_letter_without_a_date_contradicts_no_signing_time() -> None:
    dateless = [(name, value) for name, value in fields() if name != "Date"]
    report = opened(message(dateless, sign(BODY, at=AT - timedelta(hours=5))))
    assert report.seal is Seal.OK
