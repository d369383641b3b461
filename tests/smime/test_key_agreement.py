"""RFC 5753, RFC 8418: the shared info to the octet, and every form that peers send."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime import der, key_agreement, oids
from smime.errors import Malformed, Unsupported
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial
from smime.key_wrap import KeyRefused
from smime.recipients import KeyAgreeRecipient, OriginatorKey

from .people import person

CONTENT_KEY = os.urandom(32)
WRAPS = {16: oids.AES_128_WRAP, 24: oids.AES_192_WRAP, 32: oids.AES_256_WRAP}
# RFC 5753 §7.2 written out: SEQUENCE { aes256-wrap, [2] { OCTET STRING 256 } }
SHARED_INFO_256 = bytes.fromhex("3015300b060960864801650304012da206040400000100")


def agreement(
    kind: str,
    scheme: str,
    digest: hashes.HashAlgorithm,
    *,
    octets: int = 32,
    ukm: bytes | None = None,
    shared_info: bytes | None = None,
    wrap_parameters: bytes | None = None,
    originator_parameters: bytes | None = None,
    form: PublicFormat = PublicFormat.UncompressedPoint,
) -> KeyAgreeRecipient:
    """A KeyAgreeRecipient written by hand, independently of `smime.key_agreement`."""
    wrap = AlgorithmIdentifier(WRAPS[octets], wrap_parameters)
    if shared_info is None:
        ukm_part = b"" if ukm is None else der.tlv(0xA0, der.octet_string(ukm))
        bits = der.tlv(0xA2, der.octet_string((8 * octets).to_bytes(4, "big")))
        shared_info = der.sequence(wrap.to_der(), ukm_part, bits)
    recipient = person(kind).certificate.public_key()
    if isinstance(recipient, x25519.X25519PublicKey):
        ephemeral = x25519.X25519PrivateKey.generate()
        secret, public = ephemeral.exchange(recipient), ephemeral.public_key().public_bytes_raw()
        algorithm = AlgorithmIdentifier(oids.X25519, originator_parameters)
        kek = HKDF(digest, octets, ukm, shared_info).derive(secret)
    else:
        assert isinstance(recipient, ec.EllipticCurvePublicKey)
        point = ec.generate_private_key(recipient.curve)
        secret, public = (
            point.exchange(ec.ECDH(), recipient),
            point.public_key().public_bytes(Encoding.X962, form),
        )
        algorithm = AlgorithmIdentifier(oids.EC_PUBLIC_KEY, originator_parameters)
        kek = X963KDF(digest, octets, shared_info).derive(secret)
    rid = IssuerAndSerial.of(person(kind).certificate)
    return KeyAgreeRecipient(
        OriginatorKey(algorithm, public),
        ukm,
        AlgorithmIdentifier(scheme, wrap.to_der()),
        ((rid, keywrap.aes_key_wrap(kek, CONTENT_KEY)),),
    )


def unwrapped(kind: str, recipient: KeyAgreeRecipient) -> bytes:
    ((_, encrypted_key),) = recipient.encrypted_keys
    return key_agreement.read(recipient).unwrap(person(kind).private_key, encrypted_key)


SCHEMES = [
    (oids.STD_DH_SHA1, hashes.SHA1()),  # noqa: S303
    (oids.STD_DH_SHA224, hashes.SHA224()),
    (oids.STD_DH_SHA256, hashes.SHA256()),
    (oids.STD_DH_SHA384, hashes.SHA384()),
    (oids.STD_DH_SHA512, hashes.SHA512()),
    (oids.COFACTOR_DH_SHA1, hashes.SHA1()),  # noqa: S303
    (oids.COFACTOR_DH_SHA224, hashes.SHA224()),
    (oids.COFACTOR_DH_SHA256, hashes.SHA256()),
    (oids.COFACTOR_DH_SHA384, hashes.SHA384()),
    (oids.COFACTOR_DH_SHA512, hashes.SHA512()),
]


@pytest.mark.parametrize("ukm", [None, b"\x01" * 32])
@pytest.mark.parametrize(("scheme", "digest"), SCHEMES)
@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
def test_every_scheme_on_every_curve_opens(
    kind: str, scheme: str, digest: hashes.HashAlgorithm, ukm: bytes | None
) -> None:
    assert unwrapped(kind, agreement(kind, scheme, digest, ukm=ukm)) == CONTENT_KEY


@pytest.mark.parametrize("octets", [16, 24, 32])
def test_every_size_of_wrap_opens(octets: int) -> None:
    assert (
        unwrapped("p-256", agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256(), octets=octets))
        == CONTENT_KEY
    )


def test_the_shared_info_is_that_of_the_standard() -> None:
    recipient = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256(), shared_info=SHARED_INFO_256)
    assert unwrapped("p-256", recipient) == CONTENT_KEY


@pytest.mark.parametrize("ukm", [None, b"\x02" * 32])
@pytest.mark.parametrize(
    ("scheme", "digest"),
    [
        (oids.STD_DH_HKDF_SHA256, hashes.SHA256()),
        (oids.STD_DH_HKDF_SHA384, hashes.SHA384()),
        (oids.STD_DH_HKDF_SHA512, hashes.SHA512()),
    ],
)
def test_x25519_opens_with_every_hkdf(scheme: str, digest: hashes.HashAlgorithm, ukm: bytes | None) -> None:
    assert unwrapped("x25519", agreement("x25519", scheme, digest, ukm=ukm)) == CONTENT_KEY


def test_an_x25519_key_inside_an_octet_string_is_accepted() -> None:
    recipient = agreement("x25519", oids.STD_DH_HKDF_SHA256, hashes.SHA256())
    assert recipient.originator is not None
    wrapped = replace(recipient.originator, public_key=b"\x04\x20" + recipient.originator.public_key)
    assert unwrapped("x25519", replace(recipient, originator=wrapped)) == CONTENT_KEY


@pytest.mark.parametrize("parameters", [None, der.NULL_VALUE, der.oid("1.2.840.10045.3.1.7")])
def test_the_parameters_of_the_ephemeral_key_may_be_absent_null_or_the_curve(
    parameters: bytes | None,
) -> None:
    recipient = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256(), originator_parameters=parameters)
    assert unwrapped("p-256", recipient) == CONTENT_KEY


def test_a_compressed_point_opens() -> None:
    recipient = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256(), form=PublicFormat.CompressedPoint)
    assert unwrapped("p-256", recipient) == CONTENT_KEY


def test_a_peer_that_wrote_null_into_the_wrap_derived_over_it() -> None:
    recipient = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256(), wrap_parameters=der.NULL_VALUE)
    assert unwrapped("p-256", recipient) == CONTENT_KEY


def test_a_peer_that_sent_null_but_derived_without_it_opens_too() -> None:
    recipient = agreement(
        "p-256",
        oids.STD_DH_SHA256,
        hashes.SHA256(),
        wrap_parameters=der.NULL_VALUE,
        shared_info=SHARED_INFO_256,
    )
    assert unwrapped("p-256", recipient) == CONTENT_KEY


@pytest.mark.parametrize(
    ("kind", "public_key"),
    [
        ("p-256", b"\x04" + bytes(64)),  # not on the curve
        ("p-256", b"\x00"),  # infinity
        ("p-256", b""),
        ("p-384", b"\x04" + b"\x01" * 64),  # a point of another curve's size
        ("x25519", bytes(32)),  # the shared secret would be zero
        ("x25519", bytes(31)),
        ("rsa-2048", bytes(32)),
        ("ed25519", bytes(32)),
    ],
)
def test_an_impossible_ephemeral_key_is_refused_without_a_reason(kind: str, public_key: bytes) -> None:
    template = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256())
    originator = OriginatorKey(AlgorithmIdentifier(oids.EC_PUBLIC_KEY), public_key)
    with pytest.raises(KeyRefused) as caught:
        unwrapped(kind, replace(template, originator=originator))
    assert caught.value.args == ()


@pytest.mark.parametrize("encrypted_key", [b"", bytes(8), bytes(40), bytes(41)])
def test_a_wrapped_key_that_does_not_unwrap_is_refused_without_a_reason(encrypted_key: bytes) -> None:
    recipient = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256())
    with pytest.raises(KeyRefused) as caught:
        key_agreement.read(recipient).unwrap(person("p-256").private_key, encrypted_key)
    assert caught.value.args == ()


def test_unknown_schemes_and_wraps_are_named() -> None:
    recipient = agreement("p-256", oids.STD_DH_SHA256, hashes.SHA256())
    wrap = recipient.algorithm.parameters
    with pytest.raises(Unsupported, match=r"1\.3\.132\.1\.15\.1"):
        key_agreement.read(replace(recipient, algorithm=AlgorithmIdentifier("1.3.132.1.15.1", wrap)))
    rc2_wrap = AlgorithmIdentifier("1.2.840.113549.1.9.16.3.7", der.integer(58)).to_der()
    with pytest.raises(Unsupported, match="wrap"):
        key_agreement.read(replace(recipient, algorithm=AlgorithmIdentifier(oids.STD_DH_SHA256, rc2_wrap)))
    with pytest.raises(Unsupported, match="static"):
        key_agreement.read(replace(recipient, originator=None))
    with pytest.raises(Malformed):
        key_agreement.read(replace(recipient, algorithm=AlgorithmIdentifier(oids.STD_DH_SHA256)))
