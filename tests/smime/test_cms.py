"""RFC 5652: structure from bytes, and the budgets that hold before anything is looked into."""

from __future__ import annotations

import base64
import functools
import sys
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from smime import cms, der, oids
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import Malformed, OverBudget, SmimeError, Unsupported
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial
from smime.recipients import UnsupportedRecipient
from smime.sign import certs_only, signed_data

from .forge import CONTENT, attributes_over, content_info, signed_message, signer_info
from .people import AT, person

ALICE = "p-256"


@functools.cache
def opaque() -> bytes:
    return signed_data(CONTENT, signers=[person(ALICE).signing], at=AT, detached=False)


def test_a_signed_message_shows_its_parts() -> None:
    signed = cms.parse(opaque())
    assert isinstance(signed, cms.SignedData)
    assert (signed.version, signed.content_type, bytes(signed.content or b"")) == (1, oids.DATA, CONTENT)
    assert signed.certificates == (person(ALICE).certificate.public_bytes(Encoding.DER),)
    assert [signer.sid for signer in signed.signers] == [IssuerAndSerial.of(person(ALICE).certificate)]


@pytest.mark.parametrize("label", ["CMS", "PKCS7", "PKCS #7 SIGNED DATA"])
def test_pem_armour_is_taken_off(label: str) -> None:
    armoured = f"-----BEGIN {label}-----\n{base64.encodebytes(opaque()).decode()}-----END {label}-----\n"
    assert cms.parse(armoured.encode()) == cms.parse(opaque())


@pytest.mark.parametrize(
    "armoured",
    [
        b"-----BEGIN CMS-----\nMAAA",
        b"-----BEGIN CMS-----\n!!!\n-----END CMS-----",
        b"-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----",
        b"-----BEGIN CMS-----" + b" " * 100_000 + b"!\n-----END CMS-----",
    ],
)
def test_broken_armour_is_refused(armoured: bytes) -> None:
    with pytest.raises(Malformed):
        cms.parse(armoured)


def test_padding_behind_the_end_is_ignored_and_anything_else_is_not() -> None:
    assert cms.parse(opaque() + b"\r\n\x00\x00") == cms.parse(opaque())
    with pytest.raises(Malformed, match="behind"):
        cms.parse(opaque() + b"\r\n\x00x")


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"0", b"hello", b"\x30\x00", b"\x30\x80\x00\x00", b"\x04\x01a"]
)
def test_what_is_no_cms_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        cms.parse(data)


@pytest.mark.parametrize("cut", [1, 10, 100, 300])
def test_a_truncated_message_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed):
        cms.parse(opaque()[:-cut])


@pytest.mark.parametrize(
    ("content_type", "name"),
    [(oids.DIGESTED_DATA, "DigestedData"), (oids.ENCRYPTED_DATA, "EncryptedData"), ("1.2.3.4", "1.2.3.4")],
)
def test_another_content_type_is_named(content_type: str, name: str) -> None:
    with pytest.raises(Unsupported, match=name):
        cms.parse(content_info(content_type, der.sequence()))


def test_every_error_tells_what_happened_and_what_to_do() -> None:
    for data in (b"hello", content_info("1.2.3.4", der.sequence()), b"\x30\x80" * 60_000):
        with pytest.raises(SmimeError) as caught:
            cms.parse(data)
        finding = caught.value.finding
        assert finding.summary
        assert finding.remedy
        assert finding.owner


def test_deep_nesting_is_refused_quickly() -> None:
    nested = b""
    for _ in range(1_000):
        nested = der.tlv(der.SEQUENCE, nested)
    with pytest.raises(SmimeError):
        cms.parse(nested)


def test_nesting_inside_an_attribute_meets_the_depth_cap() -> None:
    nested = der.NULL_VALUE
    for _ in range(der.MAX_DEPTH):
        nested = der.sequence(nested)
    unsigned = der.tlv(der.context(1), der.sequence(der.oid("1.2.3"), der.tlv(der.SET, nested)))
    info = signer_info(person(ALICE), attributes=attributes_over(CONTENT), unsigned=unsigned)
    with pytest.raises(OverBudget, match="nested"):
        cms.parse(signed_message([info]))


# --- budgets: one more than allowed is refused, whatever it contains -----------------------------------------------


def test_certificates_are_counted_before_they_are_read() -> None:
    one = der.sequence(der.NULL_VALUE)
    allowed = cms.parse(signed_message([], certificates=one * cms.MAX_CERTIFICATES))
    assert isinstance(allowed, cms.SignedData)
    assert len(allowed.certificates) == 50
    with pytest.raises(OverBudget, match="certificates"):
        cms.parse(signed_message([], certificates=one * (cms.MAX_CERTIFICATES + 1)))


def test_a_huge_certificate_is_refused() -> None:
    with pytest.raises(OverBudget, match="certificate"):
        cms.parse(signed_message([], certificates=der.sequence(bytes(cms.MAX_CERTIFICATE_OCTETS + 1))))


def test_an_attribute_that_is_no_structure_is_malformed() -> None:
    info = signer_info(person(ALICE), attributes=[*attributes_over(CONTENT), der.octet_string(b"x")])
    with pytest.raises(Malformed, match="attribute"):
        cms.parse(signed_message([info]))


@pytest.mark.parametrize("version", [-1, 1 << 31])
def test_a_version_that_counts_nothing_is_malformed(version: int) -> None:
    inner = der.sequence(
        der.integer(version), der.set_of([]), der.sequence(der.oid(oids.DATA)), der.set_of([])
    )
    with pytest.raises(Malformed, match="range"):
        cms.parse(content_info(oids.SIGNED_DATA, inner))


def test_a_signer_that_is_no_structure_is_malformed() -> None:
    with pytest.raises(Malformed, match="signer"):
        cms.parse(signed_message([der.octet_string(b"x")]))


def test_signers_are_counted_before_they_are_read() -> None:
    with pytest.raises(OverBudget, match="signers"):
        cms.parse(signed_message([der.sequence()] * (cms.MAX_SIGNERS + 1)))


def test_revocation_lists_are_counted_before_they_are_read() -> None:
    def with_lists(count: int) -> bytes:
        crls = der.tlv(der.context(1), der.sequence() * count)
        encapsulated = der.sequence(der.oid(oids.DATA))
        inner = der.sequence(der.integer(1), der.set_of([]), encapsulated, crls, der.set_of([]))
        return content_info(oids.SIGNED_DATA, inner)

    allowed = cms.parse(with_lists(cms.MAX_CRLS))
    assert isinstance(allowed, cms.SignedData)
    assert len(allowed.crls) == 20
    with pytest.raises(OverBudget, match="revocation lists"):
        cms.parse(with_lists(cms.MAX_CRLS + 1))


def enveloped(infos: bytes) -> bytes:
    algorithm = AlgorithmIdentifier(oids.AES_256_CBC, der.octet_string(bytes(16))).to_der()
    body = der.tlv(der.context(0, constructed=False), bytes(16))
    encrypted = der.sequence(der.oid(oids.DATA), algorithm, body)
    return content_info(oids.ENVELOPED_DATA, der.sequence(der.integer(2), der.tlv(der.SET, infos), encrypted))


def test_recipients_are_counted_before_they_are_read() -> None:
    one = der.tlv(der.context(3), der.integer(0))
    allowed = cms.parse(enveloped(one * 2000))
    assert isinstance(allowed, cms.EnvelopedData)
    assert allowed.recipients == (UnsupportedRecipient("a password"),) * 2000
    with pytest.raises(OverBudget, match="recipients"):
        cms.parse(enveloped(one * 2001))


def test_recipients_inside_one_key_agreement_count_each() -> None:
    rid = IssuerAndSerial.of(person(ALICE).certificate).to_der()
    key = der.sequence(rid, der.octet_string(b"x"))
    algorithm = AlgorithmIdentifier(oids.STD_DH_SHA256).to_der()
    originator = der.tlv(der.context(0), der.tlv(der.context(0, constructed=False), b"id"))

    def agreement(keys: int) -> bytes:
        return der.tlv(der.context(1), der.integer(3), originator, algorithm, der.sequence(key * keys))

    assert isinstance(cms.parse(enveloped(agreement(1000) * 2)), cms.EnvelopedData)
    with pytest.raises(OverBudget, match="recipients"):
        cms.parse(enveloped(agreement(1000) + agreement(1001)))


def test_an_envelope_for_nobody_is_malformed() -> None:
    with pytest.raises(Malformed, match="nobody"):
        cms.parse(enveloped(b""))


# --- BER -------------------------------------------------------------------------------------------------------------


def in_ber(encoded: bytes) -> bytes:
    """The outer five levels with indefinite lengths, and long strings in segments of seven octets."""
    return _in_ber(der.Reader(encoded).next(), 5)


def _in_ber(element: der.Element, levels: int) -> bytes:
    if element.tag == der.OCTET_STRING and levels > 0 and len(element) > 7:
        content = element.content
        return b"\x24\x80" + _segments(content) + b"\x00\x00"
    if element.tag == der.context(0, constructed=False) and levels > 0:
        return b"\xa0\x80" + _segments(element.content) + b"\x00\x00"
    if element.tag & der.CONSTRUCTED and levels > 0:
        children = b"".join(_in_ber(child, levels - 1) for child in element.reader().each())
        return bytes((element.tag, 0x80)) + children + b"\x00\x00"
    return element.raw


def _segments(content: bytes) -> bytes:
    return b"".join(der.octet_string(content[n : n + 7]) for n in range(0, len(content), 7))


@pytest.mark.parametrize("detached", [False, True])
def test_a_signed_message_in_ber_is_read_like_the_same_in_der(detached: bool) -> None:
    encoded = signed_data(CONTENT, signers=[person(ALICE).signing], at=AT, detached=detached)
    assert cms.parse(in_ber(encoded)) == cms.parse(encoded)


@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_an_envelope_in_ber_with_segmented_ciphertext_is_read_like_the_same_in_der(
    cipher: ContentCipher,
) -> None:
    encoded = enveloped_data(CONTENT, recipients=[person(ALICE).certificate], cipher=cipher)
    assert cms.parse(in_ber(encoded)) == cms.parse(encoded)


def test_certificates_only_carry_no_signer_and_no_content() -> None:
    carrier = cms.parse(certs_only([person(ALICE).certificate, person("rsa-2048").certificate]))
    assert isinstance(carrier, cms.SignedData)
    assert (len(carrier.certificates), carrier.signers, carrier.content) == (2, (), None)


# --- work: the largest message that may arrive is answered within two seconds of processor time --------------------

MESSAGE_OCTETS = 50 * 1024 * 1024
SECONDS = 2.0


def refused_within_limit(encoded: bytes) -> None:
    limit = SECONDS * (10 if sys.gettrace() else 1)  # whoever counts the lines of every loop is slow
    began = time.process_time()
    with pytest.raises(SmimeError):
        cms.parse(encoded)
    assert time.process_time() - began < limit


@pytest.mark.slow
def test_endless_segments_of_a_ciphertext_are_given_up_in_time() -> None:
    algorithm = AlgorithmIdentifier(oids.AES_256_CBC, der.octet_string(bytes(16))).to_der()
    body = der.tlv(der.context(0), b"\x04\x00" * (MESSAGE_OCTETS // 2))
    recipients = der.tlv(der.SET, der.tlv(der.context(3), der.integer(0)))
    encrypted = der.sequence(der.oid(oids.DATA), algorithm, body)
    refused_within_limit(
        content_info(oids.ENVELOPED_DATA, der.sequence(der.integer(2), recipients, encrypted))
    )


@pytest.mark.slow
def test_endless_key_agreements_are_given_up_in_time() -> None:
    key = der.sequence(der.sequence(der.sequence(), der.integer(1)), der.octet_string(b""))
    algorithm = AlgorithmIdentifier(oids.STD_DH_SHA256).to_der()
    originator = der.tlv(der.context(0), der.tlv(der.context(0, constructed=False), b"id"))
    one = der.tlv(der.context(1), der.integer(3), originator, algorithm, der.sequence(key * 2000))
    refused_within_limit(enveloped(one * (MESSAGE_OCTETS // len(one))))


@pytest.mark.slow
def test_endless_nesting_and_endless_values_are_given_up_in_time() -> None:
    refused_within_limit(b"\x30\x80" * (MESSAGE_OCTETS // 2))
    refused_within_limit(b"\x30\x80" + b"\x05\x00" * (MESSAGE_OCTETS // 2))
    endless = der.tlv(
        der.context(1), der.sequence(der.oid("1.2.3"), der.tlv(der.SET, b"\x05\x00" * (8 << 20)))
    )
    info = signer_info(person(ALICE), attributes=attributes_over(CONTENT), unsigned=endless)
    refused_within_limit(signed_message([info]))


def test_compressed_data_without_content_is_malformed() -> None:
    inner = der.sequence(
        der.integer(0), AlgorithmIdentifier(oids.ZLIB).to_der(), der.sequence(der.oid(oids.DATA))
    )
    with pytest.raises(Malformed, match="without content"):
        cms.parse(content_info(oids.COMPRESSED_DATA, inner))


def test_a_name_of_megabytes_is_counted_and_not_spelled_out() -> None:
    pair = der.tlv(der.SET, der.sequence(der.oid("2.5.4.3"), der.tlv(0x0C, b"x")))
    issuer = der.sequence(pair * 100_000)
    assert str(IssuerAndSerial(issuer, 5)).endswith(f"with a name of {len(issuer)} octets")
    assert str(IssuerAndSerial(der.sequence(pair), 5)).endswith("CN=x")
