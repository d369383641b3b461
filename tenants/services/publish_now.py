"""Ask the worker for the next list of an authority, outside its schedule."""

from __future__ import annotations

import uuid

from tenants import due_work
from tenants.access import Actor
from tenants.models import Authority, AuthorityKey
from tenants.refusals import refuse
from tenants.scoping import tenant_scope


def publish_now(actor: Actor, authority_id: uuid.UUID) -> int:
    """How many generations will publish; 0 for an offline authority. Raises Refused, Authority.DoesNotExist."""
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator can publish lists.", owner="administrator")
    with tenant_scope(actor.tenant_id, write=True):
        authority = Authority.objects.get(id=authority_id)
        keys = AuthorityKey.objects.filter(generation__authority=authority)
        generation_ids = list(keys.values_list("generation_id", flat=True))
        for generation_id in generation_ids:
            due_work.schedule("publish_crl", actor.tenant_id, generation_id)
    return len(generation_ids)
