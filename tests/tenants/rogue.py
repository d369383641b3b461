"""A root that belongs to nobody of the cast, made by hand, without constraints: what an attacker brings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.certificates import new_serial_number
from tenants import clock

Extensions = Iterable[tuple[x509.ExtensionType, bool]]


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage(*bits: str) -> x509.KeyUsage:
    """The key usage with exactly these bits, by their names in pyca."""
    known = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{bit: bit in bits for bit in known})


def signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signing_key: ec.EllipticCurvePrivateKey,
    extensions: Extensions,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(new_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=300))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing_key, hashes.SHA256())


AUTHORITY: Extensions = (
    (x509.BasicConstraints(True, None), True),
    (usage("key_cert_sign", "crl_sign"), True),
)


class RogueRoot:
    """An authority that signs whatever it is asked to."""

    def __init__(self, common_name: str = "Rogue Root") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = signed(
            named(common_name), named(common_name), self.key.public_key(), self.key, AUTHORITY
        )

    def below(self, common_name: str) -> RogueRoot:
        """An authority under this root that signs as willingly."""
        made = RogueRoot(common_name)
        made.certificate = signed(
            named(common_name), self.certificate.subject, made.key.public_key(), self.key, AUTHORITY
        )
        return made

    def person(self, address: str, common_name: str = "Olga Orlova") -> x509.Certificate:
        """A certificate that can sign and be encrypted to."""
        said = (
            (x509.SubjectAlternativeName([x509.RFC822Name(address)]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
            (usage("digital_signature", "key_agreement"), True),
        )
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return signed(named(common_name), self.certificate.subject, key, self.key, said)

    def authority(self, subject: x509.Name, *more: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
        """An authority of any name under this root, whose key is thrown away."""
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return signed(subject, self.certificate.subject, key, self.key, (*AUTHORITY, *more))
