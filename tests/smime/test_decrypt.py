"""RFC 5652 §6, RFC 5083, RFC 3560, RFC 5753: what opens, and the one answer for all that does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smime import cms, decrypt, der, key_agreement, key_transport, oids
from smime.attributes import Attributes, attribute
from smime.decrypt import Decrypted, DecryptionStatus
from smime.encrypt import ContentCipher, enveloped_data
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial, KeyIdentifier
from smime.recipients import KeyAgreeRecipient, KeyTransRecipient, RecipientInfo, UnsupportedRecipient
from smime.rsa_parameters import OaepParameters
from smime.signatures import DIGESTS

from .forge import CONTENT, content_info
from .people import Person, certify, key, person

BOB = person("rsa-2048", "Bob")
OK, FAIL, LOCKED, UNSUPPORTED = (
    DecryptionStatus.OK,
    DecryptionStatus.FAIL,
    DecryptionStatus.LOCKED,
    DecryptionStatus.UNSUPPORTED,
)
V15 = AlgorithmIdentifier(oids.RSA_ENCRYPTION, der.NULL_VALUE)


def opened(message: cms.EnvelopedData | cms.AuthEnvelopedData, *people: Person) -> Decrypted:
    return decrypt.decrypt(message, keys=[someone.decryption for someone in people or (BOB,)])


def written(cipher: ContentCipher, *people: Person) -> cms.EnvelopedData | cms.AuthEnvelopedData:
    certificates = [someone.certificate for someone in people or (BOB,)]
    message = cms.parse(enveloped_data(CONTENT, recipients=certificates, cipher=cipher))
    assert isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData)
    return message


def rsa_public() -> rsa.RSAPublicKey:
    public_key = BOB.certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    return public_key


def to_bob(
    content_key: bytes,
    algorithm: AlgorithmIdentifier = V15,
    scheme: padding.AsymmetricPadding | None = None,
) -> KeyTransRecipient:
    encrypted = rsa_public().encrypt(content_key, scheme or padding.PKCS1v15())
    return KeyTransRecipient(IssuerAndSerial.of(BOB.certificate), algorithm, encrypted)


def cbc_encrypted(cipher: object, oid: str, block: int, content: bytes = CONTENT) -> cms.EncryptedContent:
    iv = os.urandom(block)
    padder = block_padding.PKCS7(block * 8).padder()
    encryptor = Cipher(cipher, modes.CBC(iv)).encryptor()  # type: ignore[arg-type]
    octets = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    return cms.EncryptedContent(oids.DATA, AlgorithmIdentifier(oid, der.octet_string(iv)), memoryview(octets))


def enveloped(recipient: RecipientInfo, encrypted: cms.EncryptedContent) -> cms.EnvelopedData:
    return cms.EnvelopedData(0, (recipient,), encrypted)


# --- content algorithms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("oid", "octets", "name"),
    [
        (oids.AES_128_CBC, 16, "AES-128-CBC"),
        (oids.AES_192_CBC, 24, "AES-192-CBC"),
        (oids.AES_256_CBC, 32, "AES-256-CBC"),
    ],
)
def test_aes_cbc_of_every_size_is_read_and_not_authenticated(oid: str, octets: int, name: str) -> None:
    content_key = os.urandom(octets)
    encrypted = cbc_encrypted(algorithms.AES(content_key), oid, 16)
    result = opened(enveloped(to_bob(content_key), encrypted))
    assert (result.status, result.content, result.authenticated) == (OK, CONTENT, False)
    assert (result.algorithm, result.weak) == (name, False)


def test_triple_des_is_read_and_weak() -> None:
    content_key = os.urandom(24)
    encrypted = cbc_encrypted(TripleDES(content_key), oids.DES_EDE3_CBC, 8)
    result = opened(enveloped(to_bob(content_key), encrypted))
    assert (result.status, result.content, result.weak, result.algorithm) == (OK, CONTENT, True, "3DES-CBC")
    assert [finding.code for finding in result.findings] == ["encryption-weak"]


def test_a_key_of_1024_bits_makes_the_encryption_weak() -> None:
    old = person("rsa-1024", "Old")
    public_key = old.certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    content_key = os.urandom(32)
    recipient = KeyTransRecipient(
        IssuerAndSerial.of(old.certificate), V15, public_key.encrypt(content_key, padding.PKCS1v15())
    )
    encrypted = cbc_encrypted(algorithms.AES(content_key), oids.AES_256_CBC, 16)
    result = opened(enveloped(recipient, encrypted), old)
    assert (result.status, result.weak) == (OK, True)


def gcm_encrypted(
    content_key: bytes,
    *,
    oid: str = oids.AES_256_GCM,
    tag_octets: int = 16,
    announced: bytes | None = None,
    attributes: Attributes | None = None,
    content_type: str = oids.DATA,
) -> cms.AuthEnvelopedData:
    """AuthEnvelopedData to Bob. `announced` is the encoding of aes-ICVlen, by default that of `tag_octets`."""
    nonce = os.urandom(12)
    encryptor = Cipher(algorithms.AES(content_key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(b"" if attributes is None else attributes.in_der_order())
    octets = encryptor.update(CONTENT)
    encryptor.finalize()
    length = der.integer(tag_octets) if announced is None else announced
    parameters = der.sequence(der.octet_string(nonce), length)
    encrypted = cms.EncryptedContent(content_type, AlgorithmIdentifier(oid, parameters), memoryview(octets))
    return cms.AuthEnvelopedData(0, (to_bob(content_key),), encrypted, attributes, encryptor.tag[:tag_octets])


@pytest.mark.parametrize(
    ("oid", "octets"), [(oids.AES_128_GCM, 16), (oids.AES_192_GCM, 24), (oids.AES_256_GCM, 32)]
)
@pytest.mark.parametrize("tag_octets", [12, 13, 14, 15, 16])
def test_aes_gcm_of_every_size_is_read_and_authenticated(oid: str, octets: int, tag_octets: int) -> None:
    result = opened(gcm_encrypted(os.urandom(octets), oid=oid, tag_octets=tag_octets))
    assert (result.status, result.content, result.authenticated) == (OK, CONTENT, True)


def test_a_tag_size_that_is_not_announced_means_twelve() -> None:
    content_key = os.urandom(32)
    assert opened(gcm_encrypted(content_key, tag_octets=12, announced=b"")).status is OK
    assert opened(gcm_encrypted(content_key, tag_octets=16, announced=b"")).status is FAIL


@pytest.mark.parametrize("tag_octets", [0, 4, 8, 11])
def test_a_short_tag_is_refused_even_if_it_is_right(tag_octets: int) -> None:
    assert opened(gcm_encrypted(os.urandom(32), tag_octets=tag_octets)).status is FAIL


def test_a_tag_behind_the_ciphertext_is_refused() -> None:
    message = gcm_encrypted(os.urandom(32))
    moved = bytes(message.encrypted.octets or b"") + message.mac
    encrypted = replace(message.encrypted, octets=memoryview(moved))
    assert opened(replace(message, encrypted=encrypted, mac=b"")).status is FAIL


def test_aes_ccm_is_read() -> None:
    content_key, nonce = os.urandom(32), os.urandom(12)
    sealed = AESCCM(content_key, tag_length=16).encrypt(nonce, CONTENT, b"")
    parameters = der.sequence(der.octet_string(nonce), der.integer(16))
    algorithm = AlgorithmIdentifier(oids.AES_256_CCM, parameters)
    encrypted = cms.EncryptedContent(oids.DATA, algorithm, memoryview(sealed[:-16]))
    result = opened(cms.AuthEnvelopedData(0, (to_bob(content_key),), encrypted, None, sealed[-16:]))
    assert (result.status, result.content, result.authenticated) == (OK, CONTENT, True)


def authenticated(*entries: bytes) -> Attributes:
    return Attributes.read(der.Reader(der.tlv(der.context(1), *entries)).next())


CONTENT_TYPE = attribute(oids.CONTENT_TYPE, der.oid(oids.DATA))
A_TIME = attribute(oids.SIGNING_TIME, der.tlv(der.UTC_TIME, b"261124120000Z"))


def test_authenticated_attributes_are_taken_in_der_order() -> None:
    assert CONTENT_TYPE < A_TIME
    assert opened(gcm_encrypted(os.urandom(32), attributes=authenticated(A_TIME, CONTENT_TYPE))).status is OK


def test_a_changed_authenticated_attribute_shows_nothing() -> None:
    message = gcm_encrypted(os.urandom(32), attributes=authenticated(CONTENT_TYPE, A_TIME))
    later = attribute(oids.SIGNING_TIME, der.tlv(der.UTC_TIME, b"261124120001Z"))
    result = opened(replace(message, authenticated_attributes=authenticated(CONTENT_TYPE, later)))
    assert (result.status, result.content) == (FAIL, None)
    assert opened(replace(message, authenticated_attributes=None)).status is FAIL


def test_authenticated_attributes_name_the_content_and_are_required_for_other_types() -> None:
    content_key = os.urandom(32)
    assert opened(gcm_encrypted(content_key, attributes=authenticated(A_TIME))).status is FAIL
    assert opened(gcm_encrypted(content_key, content_type=oids.SIGNED_DATA)).status is FAIL


def test_gcm_in_a_plain_envelope_is_opened_named_and_counts_as_unprotected() -> None:
    content_key, nonce = os.urandom(32), os.urandom(12)
    parameters = der.sequence(der.octet_string(nonce), der.integer(16))
    sealed = AESGCM(content_key).encrypt(nonce, CONTENT, None)
    algorithm = AlgorithmIdentifier(oids.AES_256_GCM, parameters)
    encrypted = cms.EncryptedContent(oids.DATA, algorithm, memoryview(sealed))
    result = opened(enveloped(to_bob(content_key), encrypted))
    assert (result.status, result.content, result.authenticated) == (OK, CONTENT, False)
    assert [(finding.code, finding.owner) for finding in result.findings] == [
        ("aead-in-enveloped-data", "sender")
    ]


def test_cbc_in_an_authenticated_envelope_is_not_opened() -> None:
    content_key = os.urandom(32)
    encrypted = cbc_encrypted(algorithms.AES(content_key), oids.AES_256_CBC, 16)
    result = opened(cms.AuthEnvelopedData(0, (to_bob(content_key),), encrypted, None, b""))
    assert (result.status, result.content) == (UNSUPPORTED, None)
    assert result.findings[0].code == "encryption-unsupported"


def test_an_authenticated_envelope_rewritten_as_cbc_gives_nothing_away() -> None:
    """AEAD to CBC downgrade: the GCM keystream is no padded CBC, and the answer is the usual one."""
    message = gcm_encrypted(os.urandom(32))
    parameters = der.octet_string(os.urandom(16))
    octets = bytes(message.encrypted.octets or b"").ljust(48, b"x")
    rewritten = replace(
        message.encrypted,
        algorithm=AlgorithmIdentifier(oids.AES_256_CBC, parameters),
        octets=memoryview(octets),
    )
    result = opened(cms.EnvelopedData(0, message.recipients, rewritten))
    assert result.authenticated is False
    assert result.content is None or CONTENT not in result.content


def hkdf_message(content_key: bytes) -> cms.EnvelopedData:
    """RFC 9709 §3: the content key passes through HKDF with the inner algorithm as info."""
    iv = os.urandom(16)
    inner = AlgorithmIdentifier(oids.AES_256_CBC, der.octet_string(iv))
    derived = HKDF(hashes.SHA256(), 32, b"The Cryptographic Message Syntax", inner.to_der()).derive(
        content_key
    )
    padder = block_padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(iv)).encryptor()
    octets = encryptor.update(padder.update(CONTENT) + padder.finalize()) + encryptor.finalize()
    outer = AlgorithmIdentifier(oids.CEK_HKDF_SHA256, inner.to_der())
    return enveloped(to_bob(content_key), cms.EncryptedContent(oids.DATA, outer, memoryview(octets)))


def test_a_content_key_that_passes_through_hkdf_is_read() -> None:
    assert opened(hkdf_message(os.urandom(32))).content == CONTENT


def test_hkdf_binds_the_key_to_the_algorithm() -> None:
    message = hkdf_message(os.urandom(32))
    inner = message.encrypted.algorithm.parameters or b""
    stripped = AlgorithmIdentifier.read(der.Reader(inner).next())
    other_iv = AlgorithmIdentifier(oids.AES_256_CBC, der.octet_string(os.urandom(16))).to_der()
    altered = AlgorithmIdentifier(oids.CEK_HKDF_SHA256, other_iv)
    for algorithm in (stripped, altered):
        encrypted = replace(message.encrypted, algorithm=algorithm)
        assert opened(replace(message, encrypted=encrypted)).content != CONTENT


@pytest.mark.parametrize(
    ("oid", "name"),
    [(oids.RC2_CBC, "RC2"), (oids.DES_CBC, "DES"), (oids.RC4, "RC4"), ("1.2.3.4", "1.2.3.4")],
)
def test_an_unknown_content_encryption_is_named(oid: str, name: str) -> None:
    algorithm = AlgorithmIdentifier(oid, der.octet_string(bytes(8)))
    encrypted = cms.EncryptedContent(oids.DATA, algorithm, memoryview(bytes(16)))
    result = opened(enveloped(to_bob(os.urandom(16)), encrypted))
    assert result.status is UNSUPPORTED
    assert name in result.findings[0].summary


# --- RSA -----------------------------------------------------------------------------------------------------------

SHA = {"1": oids.SHA1, "224": oids.SHA224, "256": oids.SHA256, "384": oids.SHA384, "512": oids.SHA512}


def oaep_message(parameters: OaepParameters, encoded: bytes | None = None) -> cms.EnvelopedData:
    content_key = os.urandom(32)
    scheme = padding.OAEP(
        mgf=padding.MGF1(DIGESTS[parameters.mask_digest]),
        algorithm=DIGESTS[parameters.digest],
        label=parameters.label or None,
    )
    algorithm = AlgorithmIdentifier(oids.RSAES_OAEP, parameters.to_der() if encoded is None else encoded)
    encrypted = cbc_encrypted(algorithms.AES(content_key), oids.AES_256_CBC, 16)
    return enveloped(to_bob(content_key, algorithm, scheme), encrypted)


@pytest.mark.parametrize("mask", SHA)
@pytest.mark.parametrize("digest", SHA)
def test_oaep_opens_with_every_pair_of_digests(digest: str, mask: str) -> None:
    assert opened(oaep_message(OaepParameters(SHA[digest], SHA[mask]))).content == CONTENT


def test_oaep_opens_with_a_label() -> None:
    assert opened(oaep_message(OaepParameters(oids.SHA256, oids.SHA256, b"x"))).content == CONTENT


def explicit_defaults() -> bytes:
    """The SHA-1 defaults written out, which DER forbids and clients do."""
    sha1 = AlgorithmIdentifier(oids.SHA1, der.NULL_VALUE).to_der()
    mask = AlgorithmIdentifier(oids.MGF1, sha1).to_der()
    source = AlgorithmIdentifier(oids.P_SPECIFIED, der.octet_string(b"")).to_der()
    return der.sequence(der.tlv(0xA0, sha1), der.tlv(0xA1, mask), der.tlv(0xA2, source))


@pytest.mark.parametrize("encoded", [der.sequence(), explicit_defaults()])
def test_oaep_defaults_may_be_absent_or_written_out(encoded: bytes) -> None:
    assert opened(oaep_message(OaepParameters(), encoded)).content == CONTENT


@pytest.mark.parametrize("encoded", [b"", der.NULL_VALUE, der.sequence(der.tlv(0xA3, der.integer(1)))])
def test_oaep_without_sensible_parameters_is_refused(encoded: bytes) -> None:
    result = opened(oaep_message(OaepParameters(), encoded))
    assert (result.status, result.content) == (UNSUPPORTED, None)


def test_oaep_with_a_digest_outside_sha2_is_named() -> None:
    sha3 = AlgorithmIdentifier(oids.SHA3_256).to_der()
    result = opened(oaep_message(OaepParameters(), der.sequence(der.tlv(0xA0, sha3))))
    assert result.status is UNSUPPORTED
    assert "SHA3-256" in result.findings[0].summary


# --- one answer ------------------------------------------------------------------------------------------------------


def _altered_key(message: cms.EnvelopedData | cms.AuthEnvelopedData) -> RecipientInfo:
    recipient = message.recipients[0]
    assert isinstance(recipient, KeyTransRecipient)
    flipped = recipient.encrypted_key[:-1] + bytes((recipient.encrypted_key[-1] ^ 1,))
    return replace(recipient, encrypted_key=flipped)


def _flipped(octets: memoryview | None) -> memoryview:
    altered = bytearray(octets or b"")
    altered[-1] ^= 1
    return memoryview(bytes(altered))


def _failures() -> dict[str, Callable[[], cms.EnvelopedData | cms.AuthEnvelopedData]]:
    gcm = written(ContentCipher.AES_256_GCM)
    assert isinstance(gcm, cms.AuthEnvelopedData)
    wrong_label = oaep_message(OaepParameters(oids.SHA256, oids.SHA256, b"x"))
    other_label = AlgorithmIdentifier(oids.RSAES_OAEP, OaepParameters(oids.SHA256, oids.SHA256).to_der())
    labelled = wrong_label.recipients[0]
    assert isinstance(labelled, KeyTransRecipient)
    aes = cbc_encrypted(algorithms.AES(os.urandom(32)), oids.AES_256_CBC, 16)
    ec = written(ContentCipher.AES_256_GCM, person("p-256"))
    assert isinstance(ec, cms.AuthEnvelopedData)
    return {
        "key of nobody here": lambda: written(ContentCipher.AES_256_GCM, person("rsa-3072", "Carol")),
        "changed ciphertext": lambda: replace(
            gcm, encrypted=replace(gcm.encrypted, octets=_flipped(gcm.encrypted.octets))
        ),
        "changed tag": lambda: replace(gcm, mac=bytes(16)),
        "changed encrypted key": lambda: replace(gcm, recipients=(_altered_key(gcm),)),
        "encrypted key of no size": lambda: replace(
            gcm,
            recipients=(replace(_altered_key(gcm), encrypted_key=b""),),  # type: ignore[type-var]
        ),
        "content key too short": lambda: replace(gcm, recipients=(to_bob(os.urandom(16)),)),
        "wrong content key": lambda: replace(gcm, recipients=(to_bob(os.urandom(32)),)),
        "wrong OAEP label": lambda: replace(
            wrong_label, recipients=(replace(labelled, algorithm=other_label),)
        ),
        "no ciphertext": lambda: replace(gcm, encrypted=replace(gcm.encrypted, octets=None)),
        "broken padding": lambda: enveloped(
            to_bob(bytes(32)), replace(aes, octets=memoryview(_cbc_without_padding(bytes(32), aes)))
        ),
        "ciphertext of no whole blocks": lambda: enveloped(
            to_bob(os.urandom(32)), replace(aes, octets=memoryview(b"x" * 17))
        ),
        "wrong wrapped key": lambda: replace(ec, mac=bytes(16)),
    }


def _cbc_without_padding(content_key: bytes, encrypted: cms.EncryptedContent) -> bytes:
    iv = der.Reader(encrypted.algorithm.parameters or b"").next().content
    encryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).encryptor()
    return encryptor.update(bytes(32)) + encryptor.finalize()


@pytest.mark.parametrize("cause", list(_failures()))
def test_every_failure_looks_the_same(cause: str, caplog: pytest.LogCaptureFixture) -> None:
    result = opened(_failures()[cause](), BOB, person("p-256"))
    assert (result.status, result.content, result.key_certificate) == (FAIL, None, None)
    assert result.findings == (decrypt.FAILED,)
    assert (result.authenticated, result.weak) == (False, False)
    assert caplog.records == []


def test_an_envelope_without_its_ciphertext_is_the_one_failure() -> None:
    """RFC 5652 §6.1 lets it stand elsewhere; in a letter it stands nowhere."""
    recipient = der.tlv(
        der.SEQUENCE,
        der.integer(0),
        IssuerAndSerial.of(BOB.certificate).to_der(),
        V15.to_der(),
        der.octet_string(rsa_public().encrypt(bytes(16), padding.PKCS1v15())),
    )
    algorithm = AlgorithmIdentifier(oids.AES_128_CBC, der.octet_string(bytes(16))).to_der()
    inner = der.sequence(der.integer(0), der.set_of([recipient]), der.sequence(der.oid(oids.DATA), algorithm))
    message = cms.parse(content_info(oids.ENVELOPED_DATA, inner))
    assert isinstance(message, cms.EnvelopedData)
    result = opened(message)
    assert (result.status, result.content, result.findings) == (FAIL, None, (decrypt.FAILED,))
    assert str(result.recipients[0]) == str(IssuerAndSerial.of(BOB.certificate))


def test_a_wrong_padding_of_the_key_is_only_noticed_at_the_content() -> None:
    """PKCS#1 v1.5: whatever the unwrap makes of garbage, the content is tried (RFC 3218 §2.3)."""
    gcm = written(ContentCipher.AES_256_GCM)
    tried: list[int] = []

    algorithm_open = decrypt.ContentAlgorithm.open

    def watching(
        self: decrypt.ContentAlgorithm, key: bytes, octets: memoryview, *, tag: bytes, aad: bytes
    ) -> bytes:
        tried.append(len(key))
        return algorithm_open(self, key, octets, tag=tag, aad=aad)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decrypt.ContentAlgorithm, "open", watching)
        for garbage in (b"\x00" * 255 + b"\x02", os.urandom(100), b""):
            recipient = replace(to_bob(bytes(32)), encrypted_key=garbage)
            assert opened(replace(gcm, recipients=(recipient,))).status is FAIL
    assert tried == [32, 32, 32]


# --- whose key --------------------------------------------------------------------------------------------------------


def test_of_many_keys_the_one_that_is_named_opens() -> None:
    others = [certify(key("rsa-2048"), "Bob").decryption for _ in range(5)]
    message = written(ContentCipher.AES_256_GCM)
    result = decrypt.decrypt(message, keys=[*others, BOB.decryption])
    assert (result.status, result.key_certificate) == (OK, BOB.certificate)


def test_a_recipient_named_by_key_identifier_opens() -> None:
    content_key = os.urandom(32)
    recipient = replace(to_bob(content_key), rid=KeyIdentifier.of(BOB.certificate))
    encrypted = cbc_encrypted(algorithms.AES(content_key), oids.AES_256_CBC, 16)
    assert opened(enveloped(recipient, encrypted)).content == CONTENT


def test_a_damaged_copy_of_the_key_does_not_hide_a_good_one() -> None:
    message = written(ContentCipher.AES_256_GCM)
    both = replace(message, recipients=(_altered_key(message), *message.recipients))
    assert opened(both).status is OK


def test_a_message_that_names_one_key_endlessly_is_given_up() -> None:
    message = written(ContentCipher.AES_256_GCM)
    endless = replace(
        message, recipients=(_altered_key(message),) * decrypt.MAX_ATTEMPTS + message.recipients
    )
    assert opened(endless).status is FAIL


def test_of_an_endless_message_not_one_key_more_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty operations with a private key for one letter (the budget of decrypt.MAX_ATTEMPTS)."""
    message = written(ContentCipher.AES_256_GCM)
    damaged = _altered_key(message)
    last = replace(message, recipients=(*(damaged,) * 19, *message.recipients))
    assert opened(last).status is OK
    tried: list[object] = []
    genuine = decrypt._Sealed._try

    def counted(self: decrypt._Sealed, *way: object) -> object:
        tried.append(way)
        return genuine(self, *way)  # type: ignore[arg-type]

    monkeypatch.setattr(decrypt._Sealed, "_try", counted)
    endless = replace(message, recipients=(*(damaged,) * 20, *message.recipients * 5))
    assert (opened(endless).status, len(tried)) == (FAIL, 20)


def test_a_key_that_was_refused_opens_nothing_even_if_chance_would_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The random key in the place of a refused one is there for the time alone."""
    content_key = os.urandom(32)
    encrypted = cbc_encrypted(algorithms.AES(content_key), oids.AES_256_CBC, 16)
    oaep = key_transport.recipient_info(
        BOB.certificate, rsa_public(), bytes(32), key_transport.KeyTransport.OAEP_SHA256
    )
    carol = person("p-256", "Carol")
    agreed = key_agreement.recipient_info(carol.certificate, carol.certificate.public_key(), bytes(32))  # type: ignore[arg-type]
    for someone, encoded in ((BOB, oaep), (carol, agreed)):
        algorithm = AlgorithmIdentifier(oids.AES_256_CBC, encrypted.algorithm.parameters).to_der()
        body = der.tlv(der.context(0, constructed=False), bytes(encrypted.octets or b""))
        flipped = encoded[:-1] + bytes((encoded[-1] ^ 1,))
        inner = der.sequence(
            der.integer(2), der.set_of([flipped]), der.sequence(der.oid(oids.DATA), algorithm, body)
        )
        message = cms.parse(content_info(oids.ENVELOPED_DATA, inner))
        assert isinstance(message, cms.EnvelopedData)
        with monkeypatch.context() as lucky:
            lucky.setattr(decrypt.os, "urandom", lambda _: content_key)
            result = opened(message, someone)
        assert (result.status, result.content, result.findings) == (FAIL, None, (decrypt.FAILED,))


def test_a_locked_key_is_told_from_a_missing_one() -> None:
    message = written(ContentCipher.AES_256_GCM)
    locked = decrypt.decrypt(message, keys=[], locked=[BOB.certificate])
    assert (locked.status, locked.findings) == (LOCKED, (decrypt.LOCKED,))
    other = decrypt.decrypt(message, keys=[], locked=[person("p-256").certificate])
    assert other.status is FAIL


def test_an_open_key_makes_a_locked_one_unneeded() -> None:
    carol = person("rsa-3072", "Carol")
    message = written(ContentCipher.AES_256_GCM, BOB, carol)
    result = decrypt.decrypt(message, keys=[BOB.decryption], locked=[carol.certificate])
    assert result.status is OK


@pytest.mark.parametrize(
    "recipient",
    [
        UnsupportedRecipient("a password"),
        UnsupportedRecipient("key encapsulation with ML-KEM-512", IssuerAndSerial.of(BOB.certificate)),
    ],
)
def test_an_unknown_way_to_the_key_is_named(recipient: UnsupportedRecipient) -> None:
    message = replace(written(ContentCipher.AES_256_GCM), recipients=(recipient,))
    result = opened(message)
    assert result.status is UNSUPPORTED
    assert recipient.kind in result.findings[0].summary


def test_an_unknown_way_for_somebody_else_does_not_disturb() -> None:
    message = written(ContentCipher.AES_256_GCM)
    mixed = replace(message, recipients=(UnsupportedRecipient("a password"), *message.recipients))
    assert opened(mixed).status is OK


def test_a_key_agreement_addressed_to_an_rsa_key_fails_quietly() -> None:
    message = written(ContentCipher.AES_256_GCM, person("p-256"))
    (recipient,) = message.recipients
    rid = IssuerAndSerial.of(BOB.certificate)
    moved = replace(recipient, encrypted_keys=((rid, bytes(40)),))  # type: ignore[call-arg, type-var]
    assert opened(replace(message, recipients=(moved,))).findings == (decrypt.FAILED,)


def test_what_is_not_known_is_named_to_its_reader_and_to_nobody_else() -> None:
    message = written(ContentCipher.AES_256_GCM)
    stranger = written(ContentCipher.AES_256_GCM, person("rsa-3072", "Carol")).recipients
    password = UnsupportedRecipient("a password")
    to_others = replace(message, recipients=(*stranger, password))
    assert (opened(to_others).status, opened(to_others).findings) == (FAIL, (decrypt.FAILED,))
    unknown = AlgorithmIdentifier("1.2.3.4")
    both = KeyAgreeRecipient(
        None, None, unknown,
        ((KeyIdentifier(b"somebody"), b"x"), (IssuerAndSerial.of(BOB.certificate), b"y")),
    )  # fmt: skip
    to_bob_too = replace(message, recipients=(*stranger, both))
    assert opened(to_bob_too).status is UNSUPPORTED


def test_every_answer_says_who_can_do_something() -> None:
    assert (decrypt.FAILED.code, decrypt.FAILED.owner) == ("decryption-failed", "you")
    assert (decrypt.LOCKED.code, decrypt.LOCKED.owner) == ("key-locked", "you")
    triple = enveloped(to_bob(key := os.urandom(24)), cbc_encrypted(TripleDES(key), oids.DES_EDE3_CBC, 8))
    assert [(f.code, f.owner) for f in opened(triple).findings] == [("encryption-weak", "sender")]
