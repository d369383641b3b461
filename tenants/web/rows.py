"""What pages show of a person and of a certificate: plain values that may leave the scope."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from pki.names import common_name, display
from tenants.models import Certificate, Person


@dataclass(frozen=True, slots=True)
class PersonRow:
    pk: uuid.UUID
    name: str
    address: str
    is_active: bool
    is_administrator: bool

    @classmethod
    def of(cls, person: Person) -> PersonRow:
        return cls(person.id, person.name, person.address, person.is_active, person.is_administrator)


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate of a person, in a list or on a card."""

    pk: uuid.UUID
    sha256: bytes
    title: str
    key_description: str
    not_before: datetime
    not_after: datetime
    issuer_name: str
    can_sign: bool
    can_encrypt: bool

    @classmethod
    def of(cls, row: Certificate) -> CertificateRow:
        return cls(
            row.id,
            bytes(row.sha256),
            purpose_title(can_sign=row.can_sign, can_encrypt=row.can_encrypt),
            row.key_description,
            row.not_before,
            row.not_after,
            common_name(row.certificate.issuer) or display(row.certificate.issuer),
            row.can_sign,
            row.can_encrypt,
        )


def purpose_title(*, can_sign: bool, can_encrypt: bool) -> str:
    """'Signing', 'Encryption', 'Signing and encryption'."""
    if can_sign and can_encrypt:
        return _("Signing and encryption")
    if can_encrypt:
        return _("Encryption")
    return _("Signing") if can_sign else _("No use for letters")
