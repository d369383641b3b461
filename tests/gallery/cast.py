"""The people, forests and certificates of the samples. Certificates are real; their key is thrown away."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
_KEY = ec.generate_private_key(ec.SECP256R1())


def thing(**attributes: Any) -> SimpleNamespace:
    """A plain value: what a template reads and no more."""
    return SimpleNamespace(**attributes)


def name(common: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def certificate(subject: str, issuer: str, *, days_back: int = 60, days_on: int = 337) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=days_back))
        .not_valid_after(NOW + timedelta(days=days_on))
        .sign(_KEY, hashes.SHA256())
    )


@dataclass(frozen=True)
class Forest:
    name: str
    hue: int
    mark: int


CONTOSO, FABRIKAM, NORTHWIND = Forest("Contoso", 1, 1), Forest("Fabrikam", 2, 2), Forest("Northwind", 3, 3)


@dataclass(frozen=True)
class Someone:
    name: str
    address: str
    is_administrator: bool = False
    pk: uuid.UUID = field(default_factory=uuid.uuid4)


ALICE = Someone("Alice Arden", "alice@contoso.example")
OLGA = Someone("Olga Orlova", "olga@contoso.example", is_administrator=True)
BOB = Someone("Bob Berger", "bob@fabrikam.example")

BOB_SIGNING = certificate("Bob Berger", "Fabrikam Issuing G1")
CHARLIE_SIGNING = certificate("Charlie Chen", "Northwind Issuing G1")
EXPIRED = certificate("Bob Berger", "Fabrikam Issuing G1", days_back=400, days_on=-3)
NORTHWIND_ROOT = certificate("Northwind Root G1", "Northwind Root G1", days_back=900, days_on=4500)


def hexadecimal(value: x509.Certificate) -> str:
    return value.fingerprint(hashes.SHA256()).hex()
