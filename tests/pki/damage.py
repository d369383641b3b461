"""Certificates that load, and whose names or extensions cannot be parsed when they are looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

KEY = ec.generate_private_key(ec.SECP256R1())
_GARBAGE = b"\x05\x00\x01"
_EXTENSIONS = {
    "basic constraints": "2.5.29.19",
    "key usage": "2.5.29.15",
    "alternative name": "2.5.29.17",
    "extended key usage": "2.5.29.37",
    "distribution points": "2.5.29.31",
    "issuer access": "1.3.6.1.5.5.7.1.1",
    "key identifier": "2.5.29.14",
    "name constraints": "2.5.29.30",
    "policies": "2.5.29.32",
}
DAMAGED = (*_EXTENSIONS, "the same extension twice", "subject", "issuer")


def damaged(how: str, at: datetime | None = None, *, is_authority: bool = False) -> x509.Certificate:
    """A self-issued certificate of `KEY` with this fault. Its own signature holds where the fault is in an extension."""
    at = (at or datetime.now(UTC)).replace(microsecond=0)
    subject, issuer = _named("Subject"), _named("Issuer")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer if how in ("subject", "issuer") else subject)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=9))
    )
    if is_authority and how != "basic constraints":
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
    for number in _oids(how):
        garbage = x509.UnrecognizedExtension(x509.ObjectIdentifier(number), _GARBAGE)
        builder = builder.add_extension(garbage, critical=False)
    der = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
    return x509.load_der_x509_certificate(_patched(how, der))


def _oids(how: str) -> tuple[str, ...]:
    if how == "the same extension twice":
        return ("1.2.3.4.5", "1.2.3.4.6")
    return (_EXTENSIONS[how],) if how in _EXTENSIONS else ()


def _patched(how: str, der: bytes) -> bytes:
    if how == "the same extension twice":
        return der.replace(b"\x2a\x03\x04\x06", b"\x2a\x03\x04\x05")
    if how in ("subject", "issuer"):
        return der.replace(how.title().encode(), b"\xff\xfe" + how.title().encode()[2:])
    return der


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
