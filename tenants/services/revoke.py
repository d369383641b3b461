"""Revoke a certificate that this forest issued: the entry is encoded now, the list follows within a minute."""

from __future__ import annotations

import uuid
from datetime import datetime

from pki.crl import Reason, RevokedEntry
from tenants import due_work
from tenants.access import Actor
from tenants.models import Certificate, Revocation
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

# What an administrator may state about a person's certificate (RFC 5280 §5.3.1; hold and removal are not offered).
REASONS = (
    Reason.UNSPECIFIED,
    Reason.KEY_COMPROMISE,
    Reason.AFFILIATION_CHANGED,
    Reason.SUPERSEDED,
    Reason.CESSATION_OF_OPERATION,
    Reason.PRIVILEGE_WITHDRAWN,
)


def revoke(
    actor: Actor,
    certificate_id: uuid.UUID,
    reason: Reason,
    at: datetime,
    invalidity_date: datetime | None = None,
) -> Revocation:
    """Record the revocation and ring for the new list. Raises Refused, Certificate.DoesNotExist."""
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator can revoke.", owner="administrator")
    if reason not in REASONS:
        raise refuse("reason-not-offered", "This reason cannot be given for a person's certificate.")
    if invalidity_date is not None and invalidity_date > at:
        raise refuse(
            "invalidity-in-future",
            "The key cannot become doubtful in the future.",
            remedy="Give an earlier date.",
        )
    with tenant_scope(actor.tenant_id, write=True):
        row = Certificate.objects.get(id=certificate_id)
        return record_revocation(actor, row, reason, at, invalidity_date)


def record_revocation(
    actor: Actor, row: Certificate, reason: Reason, at: datetime, invalidity_date: datetime | None = None
) -> Revocation:
    """Record it and ring, inside an open write scope. Raises Refused."""
    at = at.replace(microsecond=0)  # a list states whole seconds
    if row.generation_id is None:
        raise refuse(
            "issued-elsewhere", "Another organisation issued this certificate; only its authority can revoke it.",
            remedy="Tell the authority that issued it.",
        )  # fmt: skip
    if Revocation.objects.filter(certificate=row).exists():
        raise refuse("revoked-already", "This certificate is revoked already.")
    entry = RevokedEntry(int(row.serial_number, 16), at, reason, invalidity_date)
    made = Revocation.objects.create(
        certificate=row,
        generation_id=row.generation_id,
        serial_number=row.serial_number,
        revoked_at=at,
        reason=reason.value,
        invalidity_date=invalidity_date,
        entry_der=entry.to_der(),
        revoked_by_id=actor.person_id,
    )
    due_work.schedule("publish_crl", actor.tenant_id, row.generation_id)
    return made
