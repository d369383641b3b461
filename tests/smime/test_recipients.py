"""RFC 5652 §6.2: every form of recipient is read, named, and found by the reader it is for."""

from __future__ import annotations

import hashlib
import os

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime import cms, der, oids
from smime.decrypt import Decrypted, DecryptionStatus, decrypt
from smime.errors import Malformed
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial, KeyIdentifier
from smime.recipients import KemRecipient, UnsupportedRecipient, read_recipients

from .forge import CONTENT, content_info
from .people import Person, person

ALICE, BOB = person("p-256", "Alice"), person("p-256", "Bob", 1)
SHARED_INFO = bytes.fromhex("3015300b060960864801650304012da206040400000100")  # aes256-wrap, 256 bits, no ukm


def recipient_key_identifier(someone: Person, *extra: bytes) -> bytes:
    """`[0]` RecipientKeyIdentifier with whatever optional fields."""
    return der.tlv(der.context(0), der.octet_string(KeyIdentifier.of(someone.certificate).value), *extra)


def agreement_for(content_key: bytes, *readers: tuple[Person, bytes]) -> bytes:
    """One KeyAgreeRecipientInfo for several readers on one curve: a shared ephemeral key, a rid for each."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    entries = []
    for someone, rid in readers:
        public_key = someone.certificate.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        secret = ephemeral.exchange(ec.ECDH(), public_key)
        kek = X963KDF(hashes.SHA256(), 32, SHARED_INFO).derive(secret)
        entries.append(der.sequence(rid, der.octet_string(keywrap.aes_key_wrap(kek, content_key))))
    wrap = AlgorithmIdentifier(oids.AES_256_WRAP).to_der()
    key = der.tlv(der.context(1), AlgorithmIdentifier(oids.EC_PUBLIC_KEY).to_der(), der.bit_string(point))
    return der.tlv(
        der.context(1),
        der.integer(3),
        der.tlv(der.context(0), key),
        AlgorithmIdentifier(oids.STD_DH_SHA256, wrap).to_der(),
        der.sequence(*entries),
    )


def opened(
    recipient: bytes, content_key: bytes, *readers: Person, cipher: str = oids.AES_256_GCM
) -> Decrypted:
    """CONTENT in AuthEnvelopedData with this one RecipientInfo, as `readers` see it."""
    nonce = os.urandom(12)
    sealed = AESGCM(content_key).encrypt(nonce, CONTENT, None)
    parameters = der.sequence(der.octet_string(nonce), der.integer(16))
    inner = der.sequence(
        der.integer(0),
        der.tlv(der.SET, recipient),
        der.sequence(
            der.oid(oids.DATA),
            AlgorithmIdentifier(cipher, parameters).to_der(),
            der.tlv(der.context(0, constructed=False), sealed[:-16]),
        ),
        der.octet_string(sealed[-16:]),
    )
    message = cms.parse(content_info(oids.AUTH_ENVELOPED_DATA, inner))
    assert isinstance(message, cms.AuthEnvelopedData)
    return decrypt(message, keys=[someone.decryption for someone in readers])


def by_name(someone: Person) -> tuple[Person, bytes]:
    return someone, IssuerAndSerial.of(someone.certificate).to_der()


def test_two_readers_in_one_key_agreement_both_open_it() -> None:
    content_key = os.urandom(32)
    both = agreement_for(content_key, by_name(ALICE), by_name(BOB))
    for someone in (ALICE, BOB):
        result = opened(both, content_key, someone)
        assert (result.content, result.key_certificate) == (CONTENT, someone.certificate)
    assert len(opened(both, content_key, BOB).recipients) == 2


@pytest.mark.parametrize(
    "extra",
    [
        (),
        (der.tlv(0x18, b"20261124120000Z"),),  # date, and other: for key stores that nobody has
        (der.tlv(0x18, b"20261124120000Z"), der.sequence(der.oid("1.2.3.4"))),
    ],
)
def test_a_reader_named_by_key_identifier_in_a_key_agreement_opens_it(extra: tuple[bytes, ...]) -> None:
    content_key = os.urandom(32)
    named = agreement_for(content_key, by_name(ALICE), (BOB, recipient_key_identifier(BOB, *extra)))
    assert opened(named, content_key, BOB).content == CONTENT


def test_a_static_key_of_the_sender_is_named_as_not_supported() -> None:
    """originator as issuerAndSerialNumber: static-static agreement, which nobody sends."""
    static = der.tlv(
        der.context(1),
        der.integer(3),
        der.tlv(der.context(0), IssuerAndSerial.of(ALICE.certificate).to_der()),
        AlgorithmIdentifier(oids.STD_DH_SHA256, AlgorithmIdentifier(oids.AES_256_WRAP).to_der()).to_der(),
        der.sequence(der.sequence(by_name(BOB)[1], der.octet_string(bytes(40)))),
    )
    result = opened(static, os.urandom(32), BOB)
    assert result.status is DecryptionStatus.UNSUPPORTED
    assert "static key of the sender" in result.findings[0].summary


@pytest.mark.parametrize(
    ("encoded", "kind"),
    [
        (der.tlv(der.context(2), der.integer(4)), "a key shared in advance"),
        (der.tlv(der.context(3), der.integer(0)), "a password"),
        (der.tlv(der.context(4), der.oid("1.2.3.4"), der.sequence()), r"recipient information 1.2.3.4"),
        (der.tlv(der.context(9), der.integer(0)), "recipient form [9]"),
    ],
)
def test_a_form_that_is_not_read_is_named_and_the_others_open(encoded: bytes, kind: str) -> None:
    (found,) = read_recipients(der.Reader(der.tlv(der.SET, encoded)).next())
    assert found == UnsupportedRecipient(kind)
    result = opened(encoded, os.urandom(32), BOB)
    assert result.status is DecryptionStatus.UNSUPPORTED
    assert kind in result.findings[0].summary
    content_key = os.urandom(32)
    assert opened(encoded + agreement_for(content_key, by_name(BOB)), content_key, BOB).content == CONTENT


def kem_info(*fields: bytes) -> bytes:
    return der.tlv(der.context(4), der.oid(oids.KEM_RECIPIENT_INFO), der.sequence(*fields))


_KEM = AlgorithmIdentifier(oids.ML_KEM_768).to_der()
_KDF = AlgorithmIdentifier(oids.HKDF_SHA256).to_der()
_WRAP = AlgorithmIdentifier(oids.AES_256_WRAP).to_der()
_TEXT = der.octet_string(b"x")


def test_a_key_encapsulation_is_read_field_by_field() -> None:
    ukm = der.tlv(der.context(0), der.octet_string(b"context"))
    identifier = der.tlv(der.context(0, constructed=False), b"id")
    encoded = kem_info(der.integer(0), identifier, _KEM, _TEXT, _KDF, der.integer(32), ukm, _WRAP, _TEXT)
    (found,) = read_recipients(der.Reader(der.tlv(der.SET, encoded)).next())
    assert isinstance(found, KemRecipient)
    assert (found.rids, found.ukm, found.kek_octets) == ((KeyIdentifier(b"id"),), b"context", 32)


@pytest.mark.parametrize("missing", range(8))
def test_a_key_encapsulation_that_lacks_a_field_is_malformed(missing: int) -> None:
    fields = [der.integer(0), by_name(BOB)[1], _KEM, _TEXT, _KDF, der.integer(32), _WRAP, _TEXT]
    whole = der.tlv(der.SET, kem_info(*fields))
    read_recipients(der.Reader(whole).next())
    del fields[missing]
    with pytest.raises(Malformed):
        read_recipients(der.Reader(der.tlv(der.SET, kem_info(*fields))).next())


def test_something_behind_a_key_encapsulation_is_malformed() -> None:
    fields = [der.integer(0), by_name(BOB)[1], _KEM, _TEXT, _KDF, der.integer(32), _WRAP, _TEXT]
    for odd in (
        kem_info(*fields, _TEXT),
        der.tlv(der.context(4), der.oid(oids.KEM_RECIPIENT_INFO), der.sequence(*fields), _TEXT),
    ):
        with pytest.raises(Malformed):
            read_recipients(der.Reader(der.tlv(der.SET, odd)).next())


def _triple_des_wrapped(kek: bytes, content_key: bytes) -> bytes:
    """RFC 3217 §3.1."""
    iv = os.urandom(8)
    checked = content_key + hashlib.sha1(content_key, usedforsecurity=False).digest()[:8]
    reversed_text = (iv + _triple_des(kek, iv, checked))[::-1]
    return _triple_des(kek, bytes.fromhex("4adda22c79e82105"), reversed_text)


def _triple_des(key: bytes, iv: bytes, octets: bytes) -> bytes:
    encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(octets) + encryptor.finalize()


def test_what_old_clients_wrap_with_triple_des_opens_and_is_called_weak() -> None:
    """The rating is that of the weaker of cipher and wrap (RFC 8551 §2.3): here AES-192 under a Triple DES key."""
    ephemeral, content_key = ec.generate_private_key(ec.SECP256R1()), os.urandom(24)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    wrap = AlgorithmIdentifier(oids.DES_EDE3_WRAP, der.NULL_VALUE).to_der()  # RFC 5753 §7.2: with NULL
    bits = der.tlv(der.context(2), der.octet_string((192).to_bytes(4, "big")))
    public_key = BOB.certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    kek = X963KDF(hashes.SHA1(), 24, der.sequence(wrap, bits)).derive(  # noqa: S303
        ephemeral.exchange(ec.ECDH(), public_key)
    )
    key = der.tlv(der.context(1), AlgorithmIdentifier(oids.EC_PUBLIC_KEY).to_der(), der.bit_string(point))
    encrypted_key = der.octet_string(_triple_des_wrapped(kek, content_key))
    recipient = der.tlv(
        der.context(1),
        der.integer(3),
        der.tlv(der.context(0), key),
        AlgorithmIdentifier(oids.STD_DH_SHA1, wrap).to_der(),
        der.sequence(der.sequence(by_name(BOB)[1], encrypted_key)),
    )
    result = opened(recipient, content_key, BOB, cipher=oids.AES_192_GCM)
    assert (result.content, result.weak) == (CONTENT, True)
    assert [finding.code for finding in result.findings] == ["encryption-weak"]
