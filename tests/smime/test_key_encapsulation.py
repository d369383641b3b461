"""RFC 9629, RFC 9936: ML-KEM recipients to the octet, what is refused, and when a letter is post-quantum."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding

from pki.certificates import can_encrypt
from smime import cms, der, key_encapsulation, oids
from smime.decrypt import FAILED, DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import Malformed, RefusedComposition, Unsupported
from smime.headers import protect
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial
from smime.key_wrap import KeyRefused
from smime.mime import build_body, message
from smime.recipients import KemRecipient, RecipientInfo, UnsupportedRecipient, all_post_quantum
from smime.report import Encryption, Seal, SecurityReport

from .forge import CONTENT
from .letters import TEXT, encrypt, fields, opened, sign
from .people import Person, certify, key, key_usage, person, root

ML_KEM = ["ml-kem-768", "ml-kem-1024"]
CONTENT_KEY = os.urandom(32)
# RFC 9629 §5 written out: SEQUENCE { aes256-wrap, INTEGER 32 }
OTHER_INFO_256 = bytes.fromhex("3010300b060960864801650304012d020120")
WRAPS = {16: oids.AES_128_WRAP, 24: oids.AES_192_WRAP, 32: oids.AES_256_WRAP}


def envelope(cipher: ContentCipher, *people: Person) -> cms.EnvelopedData | cms.AuthEnvelopedData:
    encoded = enveloped_data(CONTENT, recipients=[p.certificate for p in people], cipher=cipher)
    message = cms.parse(encoded)
    assert isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData)
    return message


def kem_recipient(someone: Person, *, octets: int = 32, ukm: bytes | None = None) -> KemRecipient:
    """A KEMRecipientInfo written by hand, independently of `smime.key_encapsulation`."""
    public_key = someone.certificate.public_key()
    assert isinstance(public_key, mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey)
    secret, ciphertext = public_key.encapsulate()
    wrap = AlgorithmIdentifier(WRAPS[octets])
    context = b"" if ukm is None else der.tlv(0xA0, der.octet_string(ukm))
    info = der.sequence(wrap.to_der(), der.integer(octets), context)
    assert octets != 32 or ukm is not None or info == OTHER_INFO_256
    kek = HKDF(hashes.SHA256(), octets, None, info).derive(secret)
    return KemRecipient(
        rid=IssuerAndSerial.of(someone.certificate),
        kem=AlgorithmIdentifier(
            oids.ML_KEM_768 if isinstance(public_key, mlkem.MLKEM768PublicKey) else oids.ML_KEM_1024
        ),
        ciphertext=ciphertext,
        kdf=AlgorithmIdentifier(oids.HKDF_SHA256),
        kek_octets=octets,
        ukm=ukm,
        wrap=wrap,
        encrypted_key=keywrap.aes_key_wrap(kek, CONTENT_KEY),
    )


def unwrapped(someone: Person, recipient: KemRecipient) -> bytes:
    return key_encapsulation.read(recipient).unwrap(someone.private_key, recipient.encrypted_key)


@pytest.mark.parametrize("cipher", list(ContentCipher))
@pytest.mark.parametrize("kind", ML_KEM)
def test_an_ml_kem_certificate_opens_what_was_encrypted_to_it(kind: str, cipher: ContentCipher) -> None:
    result = decrypt(envelope(cipher, person(kind)), keys=[person(kind).decryption])
    assert (result.status, result.content, result.weak) == (DecryptionStatus.OK, CONTENT, False)
    assert result.key_certificate == person(kind).certificate


def test_the_envelope_has_the_version_that_other_recipients_demand() -> None:
    """RFC 5652 §6.1: 3 as soon as one recipient is of another form; AuthEnvelopedData stays 0 (RFC 5083 §2.1)."""
    kem = person("ml-kem-768")
    assert envelope(ContentCipher.AES_256_CBC, kem).version == 3
    assert envelope(ContentCipher.AES_256_CBC, kem, person("rsa-2048"), person("p-256")).version == 3
    assert envelope(ContentCipher.AES_256_GCM, kem).version == 0


@pytest.mark.parametrize(("kind", "octets"), [("ml-kem-768", 1088), ("ml-kem-1024", 1568)])
def test_every_recipient_has_an_encapsulation_of_its_own(kind: str, octets: int) -> None:
    recipients = envelope(ContentCipher.AES_256_GCM, person(kind), person(kind, "Bob", 1)).recipients
    first, second = recipients
    assert isinstance(first, KemRecipient)
    assert isinstance(second, KemRecipient)
    assert first.ciphertext != second.ciphertext
    for recipient in (first, second):
        assert (len(recipient.ciphertext), recipient.kek_octets, recipient.ukm) == (octets, 32, None)
        assert recipient.wrap.to_der().hex() == "300b060960864801650304012d"
        assert recipient.kdf.to_der().hex() == "300d060b2a864886f70d010910031c"
        assert recipient.kem.parameters is None


@pytest.mark.parametrize("ukm", [None, b"", b"context"])
@pytest.mark.parametrize("octets", [16, 24, 32])
@pytest.mark.parametrize("kind", ML_KEM)
def test_every_size_of_wrap_opens_with_and_without_user_keying_material(
    kind: str, octets: int, ukm: bytes | None
) -> None:
    assert unwrapped(person(kind), kem_recipient(person(kind), octets=octets, ukm=ukm)) == CONTENT_KEY


def test_user_keying_material_is_part_of_the_derivation() -> None:
    recipient = kem_recipient(person("ml-kem-768"), ukm=b"context")
    for other in (None, b"", b"Context"):
        with pytest.raises(KeyRefused):
            unwrapped(person("ml-kem-768"), replace(recipient, ukm=other))


@pytest.mark.parametrize("octets", [1, 16, 24, 33, 256])
def test_a_key_size_that_contradicts_the_wrap_is_refused(octets: int) -> None:
    with pytest.raises(Malformed, match="key size"):
        key_encapsulation.read(replace(kem_recipient(person("ml-kem-768")), kek_octets=octets))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"kem": AlgorithmIdentifier(oids.ML_KEM_512)}, "ML-KEM-512"),
        ({"kem": AlgorithmIdentifier("1.2.3.4")}, r"1\.2\.3\.4"),
        ({"kdf": AlgorithmIdentifier("1.2.840.113549.1.9.16.3.29")}, r"derivation with 1\.2\.840"),
        ({"wrap": AlgorithmIdentifier("1.2.3.4")}, r"wrap with 1\.2\.3\.4"),
        ({"wrap": AlgorithmIdentifier(oids.DES_EDE3_WRAP), "kek_octets": 24}, "wrap with "),
    ],
)
def test_what_is_not_known_is_named_and_disturbs_nobody_else(change: dict[str, object], name: str) -> None:
    alice, bob = person("ml-kem-768"), person("rsa-2048", "Bob")
    strange = replace(kem_recipient(alice), **change)  # type: ignore[arg-type]
    with pytest.raises(Unsupported, match=name):
        key_encapsulation.read(strange)
    message = envelope(ContentCipher.AES_256_GCM, bob)
    only = decrypt(replace(message, recipients=(strange,)), keys=[alice.decryption, bob.decryption])
    assert only.status is DecryptionStatus.UNSUPPORTED
    assert "not supported" in only.findings[0].summary
    mixed = replace(message, recipients=(strange, *message.recipients))
    assert decrypt(mixed, keys=[alice.decryption, bob.decryption]).content == CONTENT


def test_a_letter_to_ml_kem_512_alone_is_named_although_nobody_here_can_hold_such_a_key() -> None:
    message = envelope(ContentCipher.AES_256_GCM, person("ml-kem-768"))
    (recipient,) = message.recipients
    assert isinstance(recipient, KemRecipient)
    small = replace(recipient, kem=AlgorithmIdentifier(oids.ML_KEM_512), ciphertext=bytes(768))
    result = decrypt(replace(message, recipients=(small,)), keys=[person("rsa-2048").decryption])
    assert result.status is DecryptionStatus.UNSUPPORTED
    assert "ML-KEM-512" in result.findings[0].summary


def _flipped(octets: bytes) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ 1,))


@pytest.mark.parametrize(
    "damage",
    [
        lambda r: replace(r, ciphertext=_flipped(r.ciphertext)),  # implicit rejection: another secret
        lambda r: replace(r, ciphertext=r.ciphertext[:-1]),
        lambda r: replace(r, ciphertext=b""),
        lambda r: replace(r, encrypted_key=_flipped(r.encrypted_key)),
        lambda r: replace(r, encrypted_key=b""),
        lambda r: replace(r, kem=AlgorithmIdentifier(oids.ML_KEM_1024)),  # not the kind of the reader's key
    ],
)
def test_every_damage_has_the_one_answer(damage: object) -> None:
    message = envelope(ContentCipher.AES_256_GCM, person("ml-kem-768"))
    damaged = replace(message, recipients=(damage(message.recipients[0]),))  # type: ignore[operator]
    result = decrypt(damaged, keys=[person("ml-kem-768").decryption])
    assert (result.status, result.content, result.findings) == (DecryptionStatus.FAIL, None, (FAILED,))


def test_a_key_of_another_kind_never_opens() -> None:
    recipient = kem_recipient(person("ml-kem-768"))
    for kind in ("rsa-2048", "p-256", "ml-kem-1024"):
        with pytest.raises(KeyRefused) as caught:
            unwrapped(person(kind), recipient)
        assert caught.value.args == ()


# --- the label ---------------------------------------------------------------------------------------------------


def test_a_letter_is_post_quantum_only_if_every_recipient_is() -> None:
    kems = [person("ml-kem-768"), person("ml-kem-1024", "Bob")]
    pure = envelope(ContentCipher.AES_256_GCM, *kems)
    assert [decrypt(pure, keys=[k.decryption]).post_quantum for k in kems] == [True, True]
    mixed = envelope(ContentCipher.AES_256_GCM, *kems, person("rsa-2048", "Carol"))
    for someone in (*kems, person("rsa-2048", "Carol")):
        result = decrypt(mixed, keys=[someone.decryption])
        assert (result.content, result.post_quantum) == (CONTENT, False)


def test_what_does_not_open_is_not_called_post_quantum() -> None:
    pure = envelope(ContentCipher.AES_256_GCM, person("ml-kem-768"))
    assert decrypt(pure, keys=[]).post_quantum is False


def test_an_unknown_form_of_recipient_takes_the_label_away() -> None:
    kem: RecipientInfo = kem_recipient(person("ml-kem-768"))
    assert all_post_quantum((kem,))
    assert not all_post_quantum((kem, UnsupportedRecipient("a password")))
    assert not all_post_quantum(())


def test_the_report_carries_the_label_only_if_every_envelope_deserves_it() -> None:
    alice, kem, bob = person("p-256"), person("ml-kem-768", "Bob"), person("rsa-2048", "Bob")
    protected = protect(build_body(TEXT), fields(), encrypted=True, legacy_display=False)
    signed = sign(protected.entity, alice)

    def judged(*envelopes: tuple[Person, ...]) -> SecurityReport:
        entity = signed
        for people in envelopes:
            entity = encrypt(entity, *(someone.certificate for someone in people))
        readers = [kem.decryption, bob.decryption]
        return opened(message(protected.outer, entity), reader=None, keys=readers)

    pure = judged((kem,))
    assert (pure.seal, pure.encryption, pure.post_quantum) == (Seal.OK, Encryption.OK, True)
    assert judged((kem,), (kem,)).post_quantum
    for other in (judged((kem, bob)), judged((kem,), (bob,)), judged((bob,), (kem,)), judged()):
        assert (other.text, other.post_quantum) == (pure.text, False)


# --- certificates ---------------------------------------------------------------------------------------------------


def test_an_ml_kem_certificate_that_allows_more_than_key_encipherment_is_not_usable() -> None:
    """RFC 9935 §5."""
    both = certify(key("ml-kem-768"), usage=key_usage(key_encipherment=True, digital_signature=True))
    assert not can_encrypt(both.certificate)
    with pytest.raises(RefusedComposition, match="keyEncipherment alone"):
        enveloped_data(CONTENT, recipients=[both.certificate], cipher=ContentCipher.AES_256_GCM)


def test_a_public_key_wrapped_in_an_octet_string_is_no_ml_kem_key() -> None:
    """RFC 9935 §4: the raw octets stand in the BIT STRING, without an OCTET STRING header before them."""
    someone = person("ml-kem-768")
    outer = der.Reader(someone.certificate.public_bytes(Encoding.DER)).next().reader()
    fields = [field.raw for field in outer.next(der.SEQUENCE).reader().each()]
    algorithm, bits = der.Reader(fields[6]).next().reader().each()
    wrapped = der.bit_string(der.octet_string(bits.bit_string()))
    fields[6] = der.sequence(algorithm.raw, wrapped)
    signed = der.sequence(*fields)
    issuer = root().private_key
    assert isinstance(issuer, ec.EllipticCurvePrivateKey)
    signature = der.bit_string(issuer.sign(signed, ec.ECDSA(hashes.SHA256())))
    odd = x509.load_der_x509_certificate(der.sequence(signed, outer.next(der.SEQUENCE).raw, signature))
    assert not can_encrypt(odd)
    with pytest.raises(RefusedComposition, match="not known here"):
        enveloped_data(CONTENT, recipients=[odd], cipher=ContentCipher.AES_256_GCM)
