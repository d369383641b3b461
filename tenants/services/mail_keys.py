"""A person's private keys: all of them, opened with an unlocked custody key."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki import keys
from tenants.keystore.custody import Custody
from tenants.models import Certificate, MailKey


@dataclass(frozen=True)
class SealedKey:
    """A certificate and its private key, still sealed to the person. May leave the scope."""

    certificate_id: uuid.UUID
    certificate: x509.Certificate
    sealed: bytes

    def open(self, custody: Custody) -> keys.PrivateKey:
        """The private key. Raises SealBroken if it is not this person's."""
        return keys.from_pkcs8(custody.open(self.sealed, "mail key", self.certificate_id), verified=True)

    def open_to_sign(self, custody: Custody) -> keys.SigningPrivateKey:
        """The same for a signing certificate. Raises TypeError for a key that only agrees."""
        private_key = self.open(custody)
        if not isinstance(private_key, keys.SigningPrivateKey):
            raise TypeError("This key cannot sign.")
        return private_key


def all_keys(person_id: uuid.UUID) -> list[SealedKey]:
    """Every key that the person can open, newest first: expiry and revocation never stop reading. Inside a scope."""
    rows = (
        MailKey.objects.openable()
        .filter(person_id=person_id)
        .select_related("certificate")
        .order_by("-certificate__not_before")
    )
    return [_sealed(row) for row in rows]


def retired_certificates(person_id: uuid.UUID) -> list[x509.Certificate]:
    """Certificates whose keys are sealed with a PIN that was forgotten. Inside a scope."""
    rows = MailKey.objects.filter(person_id=person_id, retired_at__isnull=False).select_related("certificate")
    return [row.certificate.certificate for row in rows]


def current_key(person_id: uuid.UUID, at: datetime, *, to_sign: bool) -> SealedKey | None:
    """The newest valid, unrevoked certificate that was issued here and has a key here. Inside a scope."""
    usable = Certificate.objects.issued_here().filter(person_id=person_id).with_key().current(at)
    usable = usable.signing() if to_sign else usable.encryption()
    row = usable.select_related("mail_key").first()
    return None if row is None else SealedKey(row.id, row.certificate, bytes(row.mail_key.sealed))


def certificates_of(sealed: Sequence[SealedKey]) -> list[x509.Certificate]:
    return [key.certificate for key in sealed]


def _sealed(row: MailKey) -> SealedKey:
    return SealedKey(row.certificate_id, row.certificate.certificate, bytes(row.sealed))
