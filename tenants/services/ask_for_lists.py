"""Ask once more for the revocation lists that this forest relies on; the fetch worker brings them."""

from __future__ import annotations

import uuid

from tenants import due_work
from tenants.models import Reliance
from tenants.scoping import tenant_scope


def ask_for_lists(tenant_id: uuid.UUID) -> int:
    """How many publishers were asked."""
    publishers = list(
        Reliance.objects.filter(relying_id=tenant_id).values_list("publisher_id", flat=True).distinct()
    )
    with tenant_scope(tenant_id, write=True):
        for publisher_id in publishers:
            due_work.schedule("pull_publications", tenant_id, publisher_id)
    return len(publishers)
