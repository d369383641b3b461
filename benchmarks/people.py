"""A small authority and its people, for benchmarks: keys of any kind, certified by one root."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.trust import Trust, TrustAnchor
from smime.decrypt import DecryptionKey
from smime.sign import SigningKey

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """A key with its certificate."""

    private_key: Any
    certificate: x509.Certificate

    @property
    def signing(self) -> SigningKey:
        return SigningKey(self.private_key, self.certificate)

    @property
    def decryption(self) -> DecryptionKey:
        return DecryptionKey(self.private_key, self.certificate)


def _key(kind: str) -> Any:
    if kind.startswith("rsa-"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[4:]))
    return ec.generate_private_key({"p-256": ec.SECP256R1(), "p-384": ec.SECP384R1()}[kind])


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str, key: Any, extensions: list[tuple[x509.ExtensionType, bool]], signer: Any
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Benchmark Root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=365))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _usage(*bits: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in bits for name in names})


@cache
def root() -> Person:
    """The issuer of everybody."""
    key = _key("p-256")
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_usage("key_cert_sign", "crl_sign"), True),
    ]
    return Person(key, _certificate("Benchmark Root", key, extensions, key))


@cache
def person(kind: str, name: str = "alice", number: int = 0) -> Person:
    """The person of that name and number with a key of `kind`: rsa-2048, rsa-3072, p-256, p-384."""
    del number  # tells equals apart in the cache
    key = _key(kind)
    exchange = "key_encipherment" if kind.startswith("rsa-") else "key_agreement"
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (_usage("digital_signature", exchange), True),
        (x509.SubjectAlternativeName([x509.RFC822Name(f"{name}@bench.example")]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    return Person(key, _certificate(name, key, extensions, root().private_key))


def trust() -> Trust:
    """Trust in the benchmark's root."""
    return Trust((TrustAnchor(root().certificate, None, "Benchmark Root"),))
