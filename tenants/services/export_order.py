"""Write the work order of an offline key: every certificate that waits for it, and its next list."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from django.conf import settings

from pki.ceremony import judge_order
from pki.orders import CertificateItem, Item, ListItem, Order, write_order
from tenants.models import AuthorityKey, AuthorityRequest, Generation, Revocation, Tenant, WorkOrder
from tenants.models.ceremonies import OrderState
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.make_authority import organisation_here, wish_for

ORDER_LIFETIME = timedelta(days=14)


def offline_generations(at: datetime) -> list[Generation]:
    """Inside a scope: valid generations whose key is outside the portal, but whose lists are ours to publish."""
    online = AuthorityKey.objects.values("generation_id")
    valid = Generation.objects.filter(not_after__gt=at).exclude(id__in=online)
    return list(valid.select_related("authority").order_by("authority__name", "number"))


def export_order(
    tenant_id: uuid.UUID, person_id: uuid.UUID | None, generation_id: uuid.UUID, at: datetime
) -> WorkOrder:
    """A new order for the key of the generation; an earlier one that waits is withdrawn by it.

    `person_id`: None for the operator's command line. Raises Refused, PkiError, Generation.DoesNotExist.
    """
    at = at.replace(microsecond=0)
    with tenant_scope(tenant_id, write=True):
        signer = (
            Generation.objects.select_for_update(of=("self",))
            .select_related("authority")
            .get(id=generation_id)
        )
        if AuthorityKey.objects.filter(generation=signer).exists():
            raise refuse(
                "signer-online", f"The portal holds the key of {signer} itself: nothing has to be carried anywhere.",
            )  # fmt: skip
        if signer.not_after <= at:
            raise refuse(
                "signer-ended", f"{signer} has ended on {signer.not_after:%Y-%m-%d}; it signs nothing more."
            )
        WorkOrder.objects.filter(signer=signer, state=OrderState.OPEN).update(state=OrderState.WITHDRAWN)
        signer.last_crl_number += 1
        signer.save(update_fields=["last_crl_number"])
        order = Order(
            uuid.uuid4().hex,
            Tenant.objects.get(id=tenant_id).name,
            at,
            min(at + ORDER_LIFETIME, signer.not_after),
            signer.certificate,
            (*_certificates(signer, at), _list(signer, at)),
        )
        judge_order(order, at)
        content = write_order(order)
        return WorkOrder.objects.create(
            id=uuid.UUID(hex=order.id),
            signer=signer,
            content=content,
            sha256=hashlib.sha256(content).digest(),
            made_by_id=person_id,
            made_at=at,
            expires_at=order.expires_at,
        )


def _certificates(signer: Generation, at: datetime) -> list[Item]:
    organisation = organisation_here()
    return [
        CertificateItem(
            request.id.hex,
            request.title,
            bytes(request.proof or b""),
            not request.is_cross,
            wish_for(request, signer, organisation, at),
        )
        for request in AuthorityRequest.objects.ready_for(signer)
    ]


def _list(signer: Generation, at: datetime) -> ListItem:
    lifetime = timedelta(seconds=settings.ROOT_CRL_LIFETIME_SECONDS)
    entries = tuple(row.entry for row in Revocation.objects.on_list_of(signer.id).filter(revoked_at__lte=at))
    ends = min(at + lifetime, signer.not_after)
    return ListItem(uuid.uuid4().hex, signer.last_crl_number, at, ends, entries)


def unlisted(signer: Generation) -> int:
    """Inside a scope: how many revocations the newest published list of a signer does not name yet."""
    newest = signer.crls.newest_first().first()
    made = Revocation.objects.on_list_of(signer.id)
    if newest is not None:
        made = made.filter(revoked_at__gt=newest.this_update)
    return made.count()


def forest_of_order(order_id: uuid.UUID) -> uuid.UUID | None:
    """For the operator's command line: whose order it is."""
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        with tenant_scope(tenant_id):
            if WorkOrder.objects.filter(id=order_id).exists():
                return tenant_id
    return None
