"""Revoke a certificate that this forest issued: the entry is encoded now, the list follows within a minute."""

from __future__ import annotations

import uuid
from datetime import datetime

from pki.crl import Reason, RevokedEntry
from tenants import due_work
from tenants.access import Actor
from tenants.models import Certificate, Hold, Person, Revocation
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

# What an administrator may state about a person's certificate (RFC 5280 §5.3.1). A hold is a use case of its own
# (`hold`), removeFromCRL belongs to delta lists, the reasons of authorities to authorities.
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
    require_administrator(actor)
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
    """Record it and ring, inside an open write scope. Raises Refused.

    A certificate on hold is revoked from the day of its hold on: nobody was asked to rely on it since (X.509 §9.5.2.2).
    """
    at = at.replace(microsecond=0)  # a list states whole seconds
    issuer_of(row)
    lock_owner(row)  # against a hold or release of the same certificate at the same moment
    if row.not_after <= at:
        raise refuse(
            "ended-already", "This certificate has ended; a list would not name it any more.",
            remedy="There is nothing to do: nobody accepts it for anything newer than its end.",
        )  # fmt: skip
    if Revocation.objects.filter(certificate=row).exists():
        raise refuse("revoked-already", "This certificate is revoked already.")
    held_at = Hold.objects.open().filter(certificate=row).values_list("held_at", flat=True).first()
    made = new_revocation(row, reason, held_at or at, actor.person_id, invalidity_date)
    made.save()
    due_work.schedule("publish_crl", actor.tenant_id, made.generation_id)
    return made


def new_revocation(
    row: Certificate,
    reason: Reason,
    since: datetime,
    revoked_by_id: uuid.UUID,
    invalidity_date: datetime | None = None,
) -> Revocation:
    """The row, not yet saved, with its entry encoded."""
    entry = RevokedEntry(int(row.serial_number, 16), since, reason, invalidity_date)
    return Revocation(
        certificate=row,
        generation_id=issuer_of(row),
        serial_number=row.serial_number,
        revoked_at=since,
        reason=reason.value,
        invalidity_date=invalidity_date,
        entry_der=entry.to_der(),
        revoked_by_id=revoked_by_id,
    )


def require_administrator(actor: Actor) -> None:
    """Raises Refused."""
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator can revoke.", owner="administrator")


def issuer_of(row: Certificate) -> uuid.UUID:
    """The generation that issued it. Raises Refused."""
    if row.generation_id is None:
        raise refuse(
            "issued-elsewhere", "Another organisation issued this certificate; only its authority can revoke it.",
            remedy="Tell the authority that issued it.",
        )  # fmt: skip
    return row.generation_id


def lock_owner(row: Certificate) -> None:
    """Take the lock under which the certificates of a person change their state, until the scope closes."""
    Person.objects.select_for_update(of=("self",)).get(id=row.person_id)
