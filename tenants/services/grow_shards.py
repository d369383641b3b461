"""Share a generation's certificates among more lists. The number only grows: addresses are fixed into certificates."""

from __future__ import annotations

import uuid

from tenants import due_work
from tenants.models import Generation
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

MOST_SHARDS = 128


def grow_shards(tenant_id: uuid.UUID, generation_id: uuid.UUID, count: int) -> Generation:
    """From now on `count` lists. Raises Refused, Generation.DoesNotExist.

    The one list becomes the first of them: its address stays and is stated in it from now on. A certificate is given to
    a new list only once that is published (`issue`).
    """
    with tenant_scope(tenant_id, write=True):
        generation = Generation.objects.select_for_update().get(id=generation_id)
        if not generation.shard_count < count <= MOST_SHARDS:
            raise refuse(
                "shards-only-grow",
                f"{generation.shard_count} lists are published; their number may only grow, to {MOST_SHARDS} at most.",
                remedy="Name a larger number, or leave it: certificates point to the lists that are there.",
                owner="operator",
            )
        generation.shard_count = count
        generation.save(update_fields=["shard_count"])
        due_work.schedule("publish_crl", tenant_id, generation_id)
    return generation
