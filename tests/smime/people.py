"""Certificates for the tests of `smime`: one root, one line per person, any key and any lifetime.

Written with pyca's builder and not with `pki.certificates`, because these tests also need what the portal never
issues: two certificates of one name and number, no key identifier, a weak key.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.keys import MlKemPrivateKey, PrivateKey, SigningPrivateKey
from smime import der, oids
from smime.decrypt import DecryptionKey
from smime.sign import SigningKey

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """A key and its certificate, in both roles."""

    private_key: PrivateKey
    certificate: x509.Certificate

    @property
    def signing(self) -> SigningKey:
        assert isinstance(self.private_key, SigningPrivateKey)
        return SigningKey(self.private_key, self.certificate)

    @property
    def decryption(self) -> DecryptionKey:
        return DecryptionKey(self.private_key, self.certificate)


_MODERN = {
    "ed25519": ed25519.Ed25519PrivateKey,
    "x25519": x25519.X25519PrivateKey,
    "ml-dsa-44": mldsa.MLDSA44PrivateKey,
    "ml-dsa-65": mldsa.MLDSA65PrivateKey,
    "ml-dsa-87": mldsa.MLDSA87PrivateKey,
    "ml-kem-768": mlkem.MLKEM768PrivateKey,
    "ml-kem-1024": mlkem.MLKEM1024PrivateKey,
}
_CURVES = {"p-256": ec.SECP256R1(), "p-384": ec.SECP384R1(), "p-521": ec.SECP521R1(), "p-224": ec.SECP224R1()}


def key(kind: str, which: int = 0) -> PrivateKey:
    """A key of the pool, made once per test run: RSA keys are slow to make. `which` tells equals apart."""
    return _made(kind, which)


@functools.cache
def _made(kind: str, which: int) -> PrivateKey:
    del which  # only part of the cache's key
    if kind.startswith("rsa-"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[4:]))
    if kind in _MODERN:
        private_key: PrivateKey = _MODERN[kind].generate()  # type: ignore[attr-defined]
        return private_key
    return ec.generate_private_key(_CURVES[kind])


ROOT_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COMMON_NAME, "Test Root"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
    ]
)


def _builder(subject: x509.Name, private_key: PrivateKey, serial_number: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ROOT_NAME)
        .public_key(private_key.public_key())
        .serial_number(serial_number)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=365))
    )


@functools.cache
def root() -> Person:
    """The issuer of everybody here."""
    private_key = key("p-256", 99)
    certificate = (
        _builder(ROOT_NAME, private_key, 1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(private_key, hashes.SHA256())  # type: ignore[arg-type]
    )
    return Person(private_key, certificate)


def key_usage(**bits: bool) -> x509.KeyUsage:
    names = inspect.signature(x509.KeyUsage).parameters
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names})


def _person_usage(private_key: PrivateKey) -> x509.KeyUsage:
    if isinstance(private_key, rsa.RSAPrivateKey):
        return key_usage(digital_signature=True, key_encipherment=True)
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        return key_usage(digital_signature=True, key_agreement=True)
    if isinstance(private_key, x25519.X25519PrivateKey):
        return key_usage(key_agreement=True)
    if isinstance(private_key, MlKemPrivateKey):
        return key_usage(key_encipherment=True)
    return key_usage(digital_signature=True)


def certify(
    private_key: PrivateKey,
    name: str = "Alice",
    *,
    serial_number: int | None = None,
    key_identifier: bool = True,
    usage: x509.KeyUsage | None = None,
    extension: x509.ExtensionType | None = None,
) -> Person:
    """A person's certificate from the root."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, private_key, serial_number or x509.random_serial_number())
    builder = builder.add_extension(usage or _person_usage(private_key), critical=True)
    mailbox = x509.RFC822Name(f"{name.lower()}@contoso.example")
    builder = builder.add_extension(x509.SubjectAlternativeName([mailbox]), critical=False)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    builder = builder.add_extension(purposes, critical=False)
    if key_identifier:
        identifier = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return Person(private_key, builder.sign(root().private_key, hashes.SHA256()))  # type: ignore[arg-type]


def restricted_to_pss(someone: Person, parameters: bytes) -> Person:
    """The same person with an RSA key that its certificate restricts to RSASSA-PSS (RFC 4055 §1.2).

    pyca writes no such certificate.
    """

    def restricted(fields: list[bytes]) -> None:
        key_bits = list(der.Reader(fields[6]).next().reader().each())[1].raw
        fields[6] = der.sequence(der.sequence(der.oid(oids.RSASSA_PSS), parameters), key_bits)

    return rewritten(someone, restricted)


def rewritten(someone: Person, change: Callable[[list[bytes]], None]) -> Person:
    """The same person with other fields in the certificate (RFC 5280 §4.1: subject at 5, key at 6, extensions at 7).

    For what pyca does not write; the root signs again.
    """
    outer = der.Reader(someone.certificate.public_bytes(Encoding.DER)).next().reader()
    fields = [field.raw for field in outer.next(der.SEQUENCE).reader().each()]
    change(fields)
    signed = der.sequence(*fields)
    issuer = root().private_key
    assert isinstance(issuer, ec.EllipticCurvePrivateKey)
    signature = issuer.sign(signed, ec.ECDSA(hashes.SHA256()))
    encoded = der.sequence(signed, outer.next(der.SEQUENCE).raw, der.bit_string(signature))
    return Person(someone.private_key, x509.load_der_x509_certificate(encoded))


def person(kind: str, name: str = "Alice", which: int = 0) -> Person:
    """A person of the pool with a key of `kind`, such as "rsa-3072", "p-256", "ed25519", "x25519"."""
    return _certified(kind, name, which)


@functools.cache
def _certified(kind: str, name: str, which: int) -> Person:
    return certify(key(kind, which), name)
