"""RFC 5652 §6, RFC 5083, RFC 5084: what an envelope that leaves this house looks like."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.serialization import Encoding

from smime import cms, der, oids
from smime.decrypt import DecryptionKey, DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import RefusedComposition
from smime.identifiers import IssuerAndSerial
from smime.key_transport import KeyTransport
from smime.recipients import KeyAgreeRecipient, KeyTransRecipient

from .forge import CONTENT
from .people import Person, certify, key, person

GCM, CBC = ContentCipher.AES_256_GCM, ContentCipher.AES_256_CBC
KINDS = ["rsa-2048", "rsa-3072", "p-256", "p-384", "p-521", "x25519"]


def envelope(
    people: list[Person],
    cipher: ContentCipher,
    content: bytes = CONTENT,
    transport: KeyTransport = KeyTransport.PKCS1_V15,
) -> cms.EnvelopedData | cms.AuthEnvelopedData:
    encoded = enveloped_data(
        content, recipients=[p.certificate for p in people], cipher=cipher, key_transport=transport
    )
    message = cms.parse(encoded)
    assert isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData)
    return message


@pytest.mark.parametrize("cipher", list(ContentCipher))
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_opens_what_was_encrypted_to_it(kind: str, cipher: ContentCipher) -> None:
    result = decrypt(envelope([person(kind)], cipher), keys=[person(kind).decryption])
    assert (result.status, result.content, result.algorithm) == (DecryptionStatus.OK, CONTENT, cipher.value)
    assert result.authenticated is cipher.value.endswith("GCM")
    assert (result.key_certificate, result.weak, result.findings) == (person(kind).certificate, False, ())


@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_all_recipients_of_a_letter_open_it_whatever_their_keys(cipher: ContentCipher) -> None:
    people = [person(kind, name) for kind, name in zip(KINDS, "ABCDEF", strict=True)]
    message = envelope(people, cipher)
    assert set(decrypt(message, keys=[]).recipients) == {IssuerAndSerial.of(p.certificate) for p in people}
    for someone in people:
        assert decrypt(message, keys=[someone.decryption]).content == CONTENT


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096, 1_000_000])
@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_contents_of_every_size_come_back(size: int, cipher: ContentCipher) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    message = envelope([person("p-256")], cipher, content)
    assert decrypt(message, keys=[person("p-256").decryption]).content == content


def test_gcm_parameters_write_out_the_tag_size_and_the_tag_stands_in_mac() -> None:
    message = envelope([person("p-256")], GCM)
    assert isinstance(message, cms.AuthEnvelopedData)
    parameters = message.encrypted.algorithm.parameters
    assert parameters is not None
    assert (parameters[:4].hex(), parameters[-3:].hex(), len(parameters)) == ("3011040c", "020110", 19)
    assert (message.version, len(message.mac), message.authenticated_attributes) == (0, 16, None)
    assert len(message.encrypted.octets or b"") == len(CONTENT)
    assert message.encrypted.content_type == oids.DATA


def test_an_rsa_envelope_has_version_0_and_one_with_key_agreement_version_2() -> None:
    assert envelope([person("rsa-2048")], CBC).version == 0
    assert envelope([person("rsa-2048"), person("p-256")], CBC).version == 2


def test_rsa_key_transport_is_written_with_null() -> None:
    (recipient,) = envelope([person("rsa-2048")], GCM).recipients
    assert isinstance(recipient, KeyTransRecipient)
    assert recipient.algorithm.to_der().hex() == "300d06092a864886f70d0101010500"


def test_oaep_with_sha256_is_written_when_asked_for() -> None:
    message = envelope([person("rsa-2048")], GCM, transport=KeyTransport.OAEP_SHA256)
    (recipient,) = message.recipients
    assert isinstance(recipient, KeyTransRecipient)
    assert recipient.algorithm.to_der().hex() == (
        "303c06092a864886f70d010107302fa00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500"
    )
    assert decrypt(message, keys=[person("rsa-2048").decryption]).content == CONTENT


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        ("p-256", oids.STD_DH_SHA256),
        ("p-384", oids.STD_DH_SHA384),
        ("p-521", oids.STD_DH_SHA512),
        ("x25519", oids.STD_DH_HKDF_SHA256),
    ],
)
def test_key_agreement_wraps_with_aes_256_under_fresh_keys(kind: str, scheme: str) -> None:
    first, second = envelope([person(kind)], GCM).recipients + envelope([person(kind)], GCM).recipients
    assert isinstance(first, KeyAgreeRecipient)
    assert isinstance(second, KeyAgreeRecipient)
    assert first.algorithm.oid == scheme
    assert (first.algorithm.parameters or b"").hex() == "300b060960864801650304012d"
    assert first.originator is not None
    assert first.originator.algorithm.parameters is None
    assert first.originator != second.originator
    assert first.ukm is not None
    assert (len(first.ukm), first.ukm == second.ukm) == (32, False)


def test_every_letter_has_its_own_key_and_nonce() -> None:
    letters = [envelope([person("p-256")], cipher) for cipher in (GCM, GCM, CBC, CBC)]
    assert len({letter.encrypted.algorithm.parameters for letter in letters}) == 4
    assert len({bytes(letter.encrypted.octets or b"") for letter in letters}) == 4


def test_recipients_stand_in_der_order() -> None:
    encoded = enveloped_data(
        CONTENT, recipients=[person(kind).certificate for kind in KINDS], cipher=ContentCipher.AES_256_CBC
    )
    fields = der.Reader(encoded).next().reader()
    fields.next(der.OBJECT_IDENTIFIER)
    inner = fields.next(der.context(0)).reader().next(der.SEQUENCE).reader()
    inner.next(der.INTEGER)
    infos = [info.raw for info in inner.next(der.SET).reader().each()]
    assert infos == sorted(infos)


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, False, False, False, False)


@pytest.mark.parametrize(
    ("recipient", "why"),
    [
        (lambda: person("rsa-1024", "Old"), "RSA-1024, is too weak"),
        (lambda: person("ed25519"), "Ed25519, cannot receive"),
        (lambda: person("p-224", "Odd"), "cannot receive"),
        (lambda: certify(ed448.Ed448PrivateKey.generate()), "cannot receive"),  # type: ignore[arg-type]
        (lambda: certify(key("rsa-2048"), usage=_signing_only()), "not issued for encryption"),
        (lambda: certify(key("p-256"), usage=_signing_only()), "not issued for encryption"),
    ],
)
def test_a_certificate_that_cannot_receive_is_refused_by_name(recipient: object, why: str) -> None:
    someone = recipient()  # type: ignore[operator]
    with pytest.raises(RefusedComposition, match=why) as caught:
        enveloped_data(CONTENT, recipients=[person("p-256").certificate, someone.certificate], cipher=GCM)
    assert caught.value.finding.remedy


def _without_key_usage(someone: Person) -> x509.Certificate:
    """The certificate with keyUsage renamed to an extension that nobody knows."""
    encoded = someone.certificate.public_bytes(Encoding.DER)
    renamed = encoded.replace(b"\x06\x03\x55\x1d\x0f\x01\x01\xff", b"\x06\x03\x55\x1d\x7f\x01\x01\xff")
    assert renamed != encoded
    return x509.load_der_x509_certificate(renamed)


def _with_key_usage_twice(someone: Person) -> x509.Certificate:
    encoded = someone.certificate.public_bytes(Encoding.DER)
    doubled = encoded.replace(b"\x06\x03\x55\x1d\x0e", b"\x06\x03\x55\x1d\x0f")
    assert doubled != encoded
    return x509.load_der_x509_certificate(doubled)


@pytest.mark.parametrize("kind", [*KINDS, "ml-kem-768"])
def test_a_certificate_without_key_usage_permits_every_use(kind: str) -> None:
    """RFC 5280 §4.2.1.3."""
    certificate = _without_key_usage(person(kind))
    encoded = enveloped_data(CONTENT, recipients=[certificate], cipher=GCM)
    message = cms.parse(encoded)
    assert isinstance(message, cms.AuthEnvelopedData)
    result = decrypt(message, keys=[DecryptionKey(person(kind).private_key, certificate)])
    assert result.content == CONTENT


def test_a_certificate_whose_extensions_cannot_be_read_permits_none() -> None:
    with pytest.raises(RefusedComposition, match="not issued for encryption"):
        enveloped_data(CONTENT, recipients=[_with_key_usage_twice(person("p-256"))], cipher=GCM)


def test_a_letter_to_nobody_is_refused() -> None:
    with pytest.raises(RefusedComposition):
        enveloped_data(CONTENT, recipients=[], cipher=GCM)
