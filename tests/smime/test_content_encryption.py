"""RFC 3565, RFC 5084, RFC 9709: parameters that are refused before any key is touched, and the binding of the key."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smime import cms, content_encryption, der, oids
from smime import decrypt as decrypting
from smime.content_encryption import ContentRefused
from smime.decrypt import FAILED, DecryptionKey, DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import Malformed, Unsupported
from smime.identifiers import AlgorithmIdentifier
from smime.recipients import KeyTransRecipient

from .forge import CONTENT
from .people import person

BOB = person("rsa-2048", "Bob")
IV = der.octet_string(bytes(16))
GCM = AlgorithmIdentifier(oids.AES_256_GCM, der.sequence(der.octet_string(bytes(12)), der.integer(16)))


def hkdf(inner: bytes | None) -> AlgorithmIdentifier:
    return AlgorithmIdentifier(oids.CEK_HKDF_SHA256, inner)


@pytest.mark.parametrize(
    "algorithm",
    [
        AlgorithmIdentifier(oids.AES_256_CBC),
        AlgorithmIdentifier(oids.AES_256_CBC, der.octet_string(bytes(15))),
        AlgorithmIdentifier(oids.AES_256_CBC, der.octet_string(bytes(8))),
        AlgorithmIdentifier(oids.DES_EDE3_CBC, IV),
        AlgorithmIdentifier(oids.AES_256_GCM),
        AlgorithmIdentifier(oids.AES_256_CCM),
        AlgorithmIdentifier(oids.AES_256_GCM, der.octet_string(bytes(12))),
        AlgorithmIdentifier(oids.AES_256_GCM, der.sequence(der.octet_string(bytes(6)), der.integer(16))),
        AlgorithmIdentifier(oids.AES_256_GCM, der.sequence(der.octet_string(bytes(65)), der.integer(16))),
        AlgorithmIdentifier(oids.AES_256_GCM, der.sequence(der.octet_string(bytes(12)), der.integer(17))),
        AlgorithmIdentifier(oids.AES_256_GCM, der.sequence(der.octet_string(bytes(12)), der.integer(8))),
        hkdf(None),
        hkdf(hkdf(AlgorithmIdentifier(oids.AES_256_CBC, IV).to_der()).to_der()),
        hkdf(AlgorithmIdentifier(oids.AES_256_CBC).to_der()),
    ],
)
def test_parameters_that_make_no_sense_are_malformed(algorithm: AlgorithmIdentifier) -> None:
    with pytest.raises(Malformed):
        content_encryption.read(algorithm)


def test_an_unknown_cipher_inside_the_binding_is_named() -> None:
    with pytest.raises(Unsupported, match="RC2"):
        content_encryption.read(hkdf(AlgorithmIdentifier(oids.RC2_CBC, IV).to_der()))


@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_a_bound_key_is_derived_as_the_standard_says(cipher: ContentCipher) -> None:
    """RFC 9709 §2 by hand: HKDF-SHA-256, the fixed salt, the DER of the inner identifier as info."""
    key = os.urandom(cipher.key_octets)
    seal = content_encryption.seal_gcm if cipher.authenticated else content_encryption.seal_cbc
    sealed = seal(key, CONTENT, cek_hkdf=True)
    assert sealed.algorithm.oid == "1.2.840.113549.1.9.16.3.31"
    inner = sealed.algorithm.parameters
    assert inner is not None
    derived = HKDF(hashes.SHA256(), len(key), b"The Cryptographic Message Syntax", inner).derive(key)
    plain = content_encryption.read(AlgorithmIdentifier.read(der.Reader(inner).next()))
    assert plain.title == cipher.value
    assert plain.open(derived, memoryview(sealed.octets), tag=sealed.tag, aad=b"") == CONTENT
    for other in (key, os.urandom(len(key))):
        if cipher.authenticated:
            with pytest.raises(ContentRefused):
                plain.open(other, memoryview(sealed.octets), tag=sealed.tag, aad=b"")


def test_gcm_keystream_cannot_be_passed_off_as_cbc_once_the_key_is_bound() -> None:
    """The downgrade that RFC 9709 is for: whoever rewrites the identifier changes the key."""
    encoded = enveloped_data(
        CONTENT, recipients=[BOB.certificate], cipher=ContentCipher.AES_256_GCM, cek_hkdf=True
    )
    message = cms.parse(encoded)
    assert isinstance(message, cms.AuthEnvelopedData)
    (recipient,) = message.recipients
    assert isinstance(recipient, KeyTransRecipient)
    for algorithm in (
        hkdf(AlgorithmIdentifier(oids.AES_256_CBC, IV).to_der()),
        AlgorithmIdentifier(oids.AES_256_CBC, IV),
    ):
        octets = memoryview(bytes(message.encrypted.octets or b"").ljust(48, b"x"))
        rewritten = cms.EncryptedContent(oids.DATA, algorithm, octets)
        result = decrypt(cms.EnvelopedData(0, message.recipients, rewritten), keys=[BOB.decryption])
        assert CONTENT not in (result.content or b"")
        assert result.authenticated is False


def test_the_binding_is_read_whatever_cipher_stands_inside() -> None:
    key, nonce = os.urandom(16), os.urandom(12)
    inner = AlgorithmIdentifier(oids.AES_128_GCM, der.sequence(der.octet_string(nonce), der.integer(16)))
    derived = HKDF(hashes.SHA256(), 16, b"The Cryptographic Message Syntax", inner.to_der()).derive(key)
    sealed = AESGCM(derived).encrypt(nonce, CONTENT, None)
    algorithm = content_encryption.read(hkdf(inner.to_der()))
    assert algorithm.open(key, memoryview(sealed[:-16]), tag=sealed[-16:], aad=b"") == CONTENT
    assert (algorithm.title, algorithm.authenticated) == ("AES-128-GCM", True)


def test_a_random_key_that_happens_to_give_a_padding_still_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that did not come out of OAEP is known to be wrong; a lucky CBC padding must not make a text of it."""
    unlucky = os.urandom(32)
    sealed = content_encryption.seal_cbc(unlucky, CONTENT)
    encoded = enveloped_data(CONTENT, recipients=[BOB.certificate], cipher=ContentCipher.AES_256_CBC)
    message = cms.parse(encoded)
    assert isinstance(message, cms.EnvelopedData)
    (recipient,) = message.recipients
    assert isinstance(recipient, KeyTransRecipient)
    oaep = AlgorithmIdentifier(oids.RSAES_OAEP, der.sequence())  # the encrypted key is no OAEP
    garbage = KeyTransRecipient(recipient.rid, oaep, recipient.encrypted_key)
    encrypted = cms.EncryptedContent(oids.DATA, sealed.algorithm, memoryview(sealed.octets))
    monkeypatch.setattr(decrypting.os, "urandom", lambda _: unlucky)
    result = decrypt(
        cms.EnvelopedData(0, (garbage,), encrypted), keys=[DecryptionKey(BOB.private_key, BOB.certificate)]
    )
    assert (result.status, result.content, result.findings) == (DecryptionStatus.FAIL, None, (FAILED,))
