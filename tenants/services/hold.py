"""Put a certificate on hold, and release it: the one revocation that can be taken back (RFC 5280 §5.3.1)."""

from __future__ import annotations

import uuid
from datetime import datetime

from pki.crl import Reason, RevokedEntry
from tenants import due_work
from tenants.access import Actor
from tenants.models import Certificate, Hold, HoldRelease, Revocation
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.revoke import issuer_of, lock_owner, require_administrator


def hold(actor: Actor, certificate_id: uuid.UUID, at: datetime) -> Hold:
    """On hold from now on, and on the next list. Raises Refused, Certificate.DoesNotExist."""
    require_administrator(actor)
    at = at.replace(microsecond=0)
    with tenant_scope(actor.tenant_id, write=True):
        row = Certificate.objects.get(id=certificate_id)
        generation_id = issuer_of(row)
        lock_owner(row)
        if row.not_after <= at:
            raise refuse("ended-already", "This certificate has ended; there is nothing to put on hold.")
        if Revocation.objects.filter(certificate=row).exists():
            raise refuse("revoked-already", "This certificate is revoked already; that is final.")
        if Hold.objects.open().filter(certificate=row).exists():
            raise refuse("held-already", "This certificate is on hold already.")
        entry = RevokedEntry(int(row.serial_number, 16), at, Reason.CERTIFICATE_HOLD)
        made = Hold.objects.create(
            certificate=row,
            generation_id=generation_id,
            serial_number=row.serial_number,
            held_at=at,
            entry_der=entry.to_der(),
            held_by_id=actor.person_id,
        )
        due_work.schedule("publish_crl", actor.tenant_id, made.generation_id)
    return made


def release(actor: Actor, certificate_id: uuid.UUID, at: datetime) -> HoldRelease:
    """Used again from now on, and no longer on the next list. Raises Refused, Certificate.DoesNotExist."""
    require_administrator(actor)
    with tenant_scope(actor.tenant_id, write=True):
        row = Certificate.objects.get(id=certificate_id)
        lock_owner(row)
        held = Hold.objects.open().filter(certificate=row).first()
        if held is None:
            raise refuse(
                "not-on-hold", "This certificate is not on hold.",
                remedy="A revocation is final: the person needs a new certificate.",
            )  # fmt: skip
        made = HoldRelease.objects.create(hold=held, released_at=at, released_by_id=actor.person_id)
        due_work.schedule("publish_crl", actor.tenant_id, held.generation_id)
    return made
