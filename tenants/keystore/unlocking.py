"""A custody key unlocked for fifteen minutes: wrapped in a row under a key that only the reader's cookie holds.

Neither the row nor the cookie opens anything alone; it works with many web processes; nothing of it enters the session
store, the broker or a log.
"""

from __future__ import annotations

import base64
import os
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from tenants.keystore.custody import Custody
from tenants.keystore.sealing import SealBroken, context, seal, unseal
from tenants.models import UnlockedKey
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What the reader's browser keeps, and until when it is worth anything."""

    cookie: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"<Unlocked until {self.expires_at:%H:%M:%S}>"


def keep_unlocked(custody: Custody, at: datetime) -> Unlocked:
    """Wrap an opened custody key for UNLOCK_SECONDS; lapsed rows of the person are removed."""
    wrapping, row_id = os.urandom(32), uuid.uuid4()
    expires_at = at + timedelta(seconds=settings.UNLOCK_SECONDS)
    wrapped = seal(wrapping, custody.raw(), _bound_to(custody.tenant_id, custody.person_id, row_id))
    with tenant_scope(custody.tenant_id, write=True):
        UnlockedKey.objects.filter(person_id=custody.person_id, expires_at__lte=at).delete()
        UnlockedKey.objects.create(
            id=row_id, person_id=custody.person_id, wrapped=wrapped, expires_at=expires_at
        )
    return Unlocked(f"{row_id.hex}.{base64.urlsafe_b64encode(wrapping).decode()}", expires_at)


def find_unlocked(
    tenant_id: uuid.UUID, person_id: uuid.UUID, cookie: str | None, at: datetime
) -> tuple[Custody, datetime] | None:
    """The custody key that the cookie opens for this person, with its end; None if locked, lapsed or not theirs."""
    parsed = _parse(cookie)
    if parsed is None:
        return None
    row_id, wrapping = parsed
    with tenant_scope(tenant_id):
        row = UnlockedKey.objects.open_at(at).filter(id=row_id, person_id=person_id).first()
    if row is None:
        return None
    try:
        raw = unseal(wrapping, bytes(row.wrapped), _bound_to(tenant_id, person_id, row_id))
    except SealBroken:
        return None  # a forged or foreign cookie is the same as none: the key stays locked
    return Custody.from_raw(tenant_id, person_id, raw), row.expires_at


def lock(tenant_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Lock the person's key everywhere, at once."""
    with tenant_scope(tenant_id, write=True):
        UnlockedKey.objects.filter(person_id=person_id).delete()


def _parse(cookie: str | None) -> tuple[uuid.UUID, bytes] | None:
    try:
        row, wrapping = (cookie or "").split(".")
        key = base64.urlsafe_b64decode(wrapping)
        return (uuid.UUID(hex=row), key) if len(key) == 32 else None
    except ValueError:
        return None


def _bound_to(tenant_id: uuid.UUID, person_id: uuid.UUID, row_id: uuid.UUID) -> bytes:
    return context("unlocked key", tenant_id, person_id, row_id)
