"""Ask once more for the revocation lists that this forest relies on; the fetch worker brings them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from tenants import due_work
from tenants.models import OutsideDocument, Reliance
from tenants.scoping import tenant_scope

IN_USE = timedelta(hours=2)
PAUSE = timedelta(minutes=1)  # however often somebody asks, an address that failed is not asked again sooner


def ask_for_lists(tenant_id: uuid.UUID, at: datetime) -> int:
    """How many publishers are asked: those of this portal, and those outside that did not answer lately."""
    publishers = list(
        Reliance.objects.filter(relying_id=tenant_id).values_list("publisher_id", flat=True).distinct()
    )
    with tenant_scope(tenant_id, write=True):
        for publisher_id in publishers:
            due_work.schedule("pull_publications", tenant_id, publisher_id)
        failed = OutsideDocument.objects.filter(failures__gt=0, wanted_at__gt=at - IN_USE)
        due = list(failed.exclude(asked_at__gt=at - PAUSE).values_list("id", flat=True))
        OutsideDocument.objects.filter(id__in=due).update(next_at=at)
        for row_id in due:
            due_work.schedule("fetch_document", tenant_id, row_id)
    return len(publishers) + len(due)
