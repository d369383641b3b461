"""RFC 7292, RFC 5958: modern kinds of key in key files, and what is handed out where no file carries them."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

import pytest
from asn1crypto import algos, cms, pkcs12
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed448
from cryptography.hazmat.primitives.serialization import Encoding

from pki import keys, passwords
from pki.errors import RefusedRequest
from pki.formats import Identity, read_certificates, write_pkcs8
from pki.keys import KeyType
from pki.pkcs12 import read_pkcs12

from .conftest import Forest, some_key

MODERN = [KeyType.ED25519, KeyType.X25519, KeyType.ML_DSA_65, KeyType.ML_KEM_768, KeyType.ML_KEM_1024]
ITERATIONS = 1000


def key_file(private_keys: list[bytes], certificates: list[x509.Certificate], password: str) -> bytes:
    """A key file of plain key bags, put together by another library; its integrity is protected by the password."""
    bags = [
        {"bag_id": "key_bag", "bag_value": asn1_keys.PrivateKeyInfo.load(encoded)} for encoded in private_keys
    ]
    for certificate in certificates:
        value = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        bags.append({"bag_id": "cert_bag", "bag_value": {"cert_id": "x509", "cert_value": value}})
    contents = pkcs12.SafeContents(bags).dump()
    safe = pkcs12.AuthenticatedSafe([{"content_type": "data", "content": contents}]).dump()
    salt = os.urandom(8)
    (reading,) = passwords.readings(password)
    key = passwords.derive("sha256", reading, salt, ITERATIONS, 3, 32)
    digest = algos.DigestInfo(
        {"digest_algorithm": {"algorithm": "sha256"}, "digest": hmac.new(key, safe, hashlib.sha256).digest()}
    )
    mac = {"mac": digest, "mac_salt": salt, "iterations": ITERATIONS}
    return bytes(
        pkcs12.Pfx(
            {
                "version": "v3",
                "auth_safe": cms.ContentInfo({"content_type": "data", "content": safe}),
                "mac_data": mac,
            }
        ).dump()
    )


def certified(contoso: Forest, public_key: Any) -> x509.Certificate:
    """Any key in a certificate; what it may be used for is no matter here."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(contoso.root.certificate.subject)
        .issuer_name(contoso.root.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(contoso.root.certificate.not_valid_before_utc)
        .not_valid_after(contoso.root.certificate.not_valid_after_utc)
    )
    return builder.sign(contoso.root.private_key, hashes.SHA384())


def plain(private_key: Any) -> bytes:
    return bytes(
        private_key.private_bytes(
            Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def test_a_file_with_a_key_of_every_modern_kind_is_read_whole(contoso: Forest) -> None:
    private_keys = [some_key(kind) for kind in MODERN]
    certificates = [certified(contoso, key.public_key()) for key in private_keys]
    read = read_pkcs12(
        key_file([keys.to_pkcs8(key) for key in private_keys], certificates, "secret"), "secret"
    )
    assert [one.certificate for one in read.identities] == certificates
    assert [keys.key_type(one.private_key.public_key()) for one in read.identities] == MODERN
    assert (read.certificates, read.unusable_keys) == ([], ())


def test_a_kind_that_is_not_handled_is_named_and_the_others_are_read(contoso: Forest) -> None:
    good = some_key(KeyType.ED25519)
    odd = [ed448.Ed448PrivateKey.generate(), dsa.generate_private_key(2048)]
    certificates = [certified(contoso, key.public_key()) for key in (good, *odd)]
    read = read_pkcs12(key_file([*map(plain, odd), keys.to_pkcs8(good)], certificates, "secret"), "secret")
    assert [one.certificate for one in read.identities] == certificates[:1]
    assert read.unusable_keys == ("Ed448", "DSA")
    assert read.certificates == certificates[1:]


def test_a_key_without_its_certificate_is_named(contoso: Forest) -> None:
    data = key_file([keys.to_pkcs8(some_key(KeyType.X25519))], [contoso.root.certificate], "secret")
    read = read_pkcs12(data, "secret")
    assert (read.identities, read.unusable_keys) == ([], ("X25519",))


@pytest.mark.parametrize("kind", [*MODERN, KeyType.P256])
def test_what_is_handed_out_instead_opens_with_the_password_only(kind: KeyType, contoso: Forest) -> None:
    private_key = some_key(kind)
    identity = Identity(private_key, certified(contoso, private_key.public_key()))
    written = write_pkcs8(identity=identity, chain=[contoso.root.certificate], password="secret")
    again = serialization.load_pem_private_key(written, b"secret")
    assert keys.spki(again.public_key()) == keys.spki(private_key.public_key())
    assert read_certificates(written) == [identity.certificate, contoso.root.certificate]
    for wrong in (b"Secret", None):
        with pytest.raises((ValueError, TypeError)):
            serialization.load_pem_private_key(written, wrong)
    assert keys.to_pkcs8(private_key) not in written


def test_without_a_password_no_key_is_handed_out(contoso: Forest) -> None:
    identity = Identity(contoso.root.private_key, contoso.root.certificate)
    with pytest.raises(RefusedRequest):
        write_pkcs8(identity=identity, chain=[], password="")
