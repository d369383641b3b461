"""Revoke an authority's certificate: the entry goes on its issuer's list, at once or with the next ceremony."""

from __future__ import annotations

import uuid
from datetime import datetime

from cryptography import x509

from pki.crl import Reason, RevokedEntry
from pki.extensions import find
from tenants import due_work
from tenants.access import Actor
from tenants.models import Approval, AuthorityKey, Generation, Revocation
from tenants.refusals import refuse
from tenants.scoping import current_tenant_id, tenant_scope
from tenants.services.approvals import Content, Operator, act, register

REASONS = (Reason.SUPERSEDED, Reason.CESSATION_OF_OPERATION, Reason.CA_COMPROMISE, Reason.UNSPECIFIED)


def revoke_authority(
    actor: Actor | Operator, generation_id: uuid.UUID, reason: Reason, at: datetime
) -> Approval | None:
    """Stop it from issuing now, and put it on its issuer's list. Raises Refused, Generation.DoesNotExist."""
    with tenant_scope(actor.tenant_id):
        generation = Generation.objects.select_related("authority").get(id=generation_id)
    content = {"generation": generation_id.hex, "reason": reason.value}
    summary = (
        f"Revoke the authority {generation}: {reason.value}. Every certificate that it issued loses its path."
    )
    return act(REVOKE, actor.tenant_id, actor.person_id, summary, content, at)


def issuer_of(generation: Generation) -> Generation | None:
    """Inside a scope: the generation of ours whose key signed this one; None for roots and under outside authorities."""
    authority = generation.authority
    if authority.parent_id is None:
        return None
    identifier = find(generation.certificate, x509.AuthorityKeyIdentifier)
    for candidate in Generation.objects.filter(authority_id=authority.parent_id):
        own = find(candidate.certificate, x509.SubjectKeyIdentifier)
        if identifier and own and identifier.key_identifier == own.digest:
            return candidate
    return None


def _prepare(tenant_id: uuid.UUID, content: Content, at: datetime) -> tuple[uuid.UUID, uuid.UUID, Reason]:
    reason = Reason(content["reason"])
    if reason not in REASONS:
        raise refuse("reason-not-offered", "This reason cannot be given for an authority.")
    with tenant_scope(tenant_id):
        generation = Generation.objects.select_related("authority").get(id=uuid.UUID(content["generation"]))
        issuer = issuer_of(generation)
        if issuer is None:
            raise refuse(
                "issued-elsewhere", f"No authority of yours has signed {generation}: it stands on no list of yours.",
                remedy="A root is distrusted by those who trust it; an outside authority revokes what it signed.",
            )  # fmt: skip
        if Revocation.objects.filter(generation=issuer, serial_number=generation.serial_number).exists():
            raise refuse("revoked-already", "This authority is revoked already.")
    return generation.id, issuer.id, reason


def _record(person_id: uuid.UUID | None, prepared: tuple[uuid.UUID, uuid.UUID, Reason], at: datetime) -> None:
    generation_id, issuer_id, reason = prepared
    at = at.replace(microsecond=0)
    generation = Generation.objects.select_for_update(of=("self",)).get(id=generation_id)
    if Revocation.objects.filter(generation_id=issuer_id, serial_number=generation.serial_number).exists():
        raise refuse("revoked-already", "This authority is revoked already.")
    entry = RevokedEntry(int(generation.serial_number, 16), at, reason)
    Revocation.objects.create(
        generation_id=issuer_id,
        serial_number=generation.serial_number,
        revoked_at=at,
        reason=reason.value,
        entry_der=entry.to_der(),
        revoked_by_id=person_id,
    )
    generation.is_issuing = False
    generation.save(update_fields=["is_issuing"])
    if AuthorityKey.objects.filter(generation_id=issuer_id).exists():
        due_work.schedule("publish_crl", current_tenant_id(), issuer_id)


REVOKE = register("revoke-authority", prepare=_prepare, record=_record)
