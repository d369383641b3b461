"""Revoke everything at once: all certificates of a person, or all that a generation of an authority has issued.

A person's are revoked in one transaction. A generation's may be a hundred thousand: an order is recorded, the worker
fulfils it in batches, and one list names them all.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from pki.crl import Reason
from tenants import clock, due_work
from tenants.access import Actor
from tenants.models import Certificate, Generation, Hold, MassRevocation, Person, Revocation
from tenants.models.certificates import CertificateQuerySet
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.revoke import REASONS, new_revocation, record_revocation, require_administrator

# Why everything of an authority is revoked, and what the entries of people's certificates then state: the compromise
# of an authority is a reason for authorities' certificates only (RFC 5280 §5.3.1, BR 7.2.2).
GENERATION_REASONS = {
    Reason.SUPERSEDED: Reason.SUPERSEDED,
    Reason.CA_COMPROMISE: Reason.UNSPECIFIED,
}

BATCH = 500


@dataclass(frozen=True, slots=True)
class Effects:
    """What a mass revocation would touch: certificates that are not revoked yet, and whose they are."""

    certificates: int
    signing: int
    encryption: int
    people: int


def effects_on_person(person_id: uuid.UUID, at: datetime) -> Effects:
    """Inside an open scope."""
    return _effects(Certificate.objects.issued_here().filter(person_id=person_id).unrevoked(at))


def effects_on_generation(generation_id: uuid.UUID, at: datetime) -> Effects:
    """Inside an open scope."""
    return _effects(Certificate.objects.filter(generation_id=generation_id).unrevoked(at))


def revoke_person(actor: Actor, person_id: uuid.UUID, reason: Reason, at: datetime) -> tuple[Person, int]:
    """The person, and how many certificates were revoked. Raises Refused, Person.DoesNotExist."""
    require_administrator(actor)
    if reason not in REASONS:
        raise refuse("reason-not-offered", "This reason cannot be given for a person's certificate.")
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.select_for_update(of=("self",)).get(id=person_id)
        rows = list(Certificate.objects.issued_here().filter(person=person).unrevoked(at))
        for row in rows:
            record_revocation(actor, row, reason, at)
    return person, len(rows)


def revoke_generation(actor: Actor, generation_id: uuid.UUID, reason: Reason, at: datetime) -> MassRevocation:
    """Order it; the worker begins at once. Raises Refused, Generation.DoesNotExist."""
    require_administrator(actor)
    if reason not in GENERATION_REASONS:
        raise refuse("reason-not-offered", "This reason cannot be given for everything of an authority.")
    with tenant_scope(actor.tenant_id, write=True):
        generation = Generation.objects.select_for_update().get(id=generation_id)
        if MassRevocation.objects.filter(generation=generation, done_at__isnull=True).exists():
            raise refuse("revoking-already", "Its certificates are being revoked already.")
        if not Certificate.objects.filter(generation=generation).unrevoked(at).exists():
            raise refuse("nothing-to-revoke", "It has no certificate that is valid and not revoked.")
        if reason is Reason.CA_COMPROMISE:
            generation.is_issuing = False
            generation.save(update_fields=["is_issuing"])
        order = MassRevocation.objects.create(
            generation=generation, reason=reason.value, ordered_at=at, ordered_by_id=actor.person_id
        )
        due_work.schedule("revoke_generation", actor.tenant_id, order.id)
    return order


@due_work.due_work("revoke_generation", queue="authority")
def fulfil(tenant_id: uuid.UUID, order_id: uuid.UUID) -> datetime | None:
    """Revoke batch by batch until nothing is left, then ask for the list. Safe to run twice, and to be killed."""
    while _revoke_batch(tenant_id, order_id):
        pass
    with tenant_scope(tenant_id, write=True):
        order = MassRevocation.objects.get(id=order_id)
        if order.done_at is None:
            order.done_at = clock.now()
            order.save(update_fields=["done_at"])
        due_work.schedule("publish_crl", tenant_id, order.generation_id)
    return None


def _revoke_batch(tenant_id: uuid.UUID, order_id: uuid.UUID) -> int:
    at = clock.now().replace(microsecond=0)
    with tenant_scope(tenant_id, write=True):
        order = MassRevocation.objects.select_for_update(of=("self",)).get(id=order_id)
        reason = GENERATION_REASONS[Reason(order.reason)]
        left = Certificate.objects.filter(generation_id=order.generation_id).unrevoked(at)
        rows = list(left.order_by("id")[:BATCH])
        held = dict(Hold.objects.open().filter(certificate__in=rows).values_list("certificate_id", "held_at"))
        made = [new_revocation(row, reason, held.get(row.id, at), order.ordered_by_id) for row in rows]
        # Somebody may revoke one of them by hand in this moment: theirs stands.
        Revocation.objects.bulk_create(made, ignore_conflicts=True)
        order.revoked += len(rows)
        order.save(update_fields=["revoked"])
    return len(rows)


def _effects(rows: CertificateQuerySet) -> Effects:
    return Effects(
        rows.count(),
        rows.signing().count(),
        rows.encryption().count(),
        rows.order_by().values("person_id").distinct().count(),
    )
