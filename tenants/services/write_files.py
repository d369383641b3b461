"""Keep the folder of published files up to date: each list when it is made, or all that are current at once."""

from __future__ import annotations

import uuid

from pki.crl import Crl
from tenants import published_files
from tenants.models import CrlPublication, Generation
from tenants.scoping import tenant_scope


def write_files(generation: Generation, shard: int, crl: Crl) -> bool:
    """A list and its issuer's certificate; whether the list was put (there is a folder, and nothing newer in it).

    Raises OSError: the old file stays, and the queue publishes anew.
    """
    file = published_files.list_file(generation.tenant_id, generation.id, shard)
    issuer = published_files.issuer_file(generation.tenant_id, generation.id)
    if file is None or issuer is None:
        return False
    published_files.write_issuer(issuer, bytes(generation.der))
    return published_files.write_list(file, crl)


def write_all_files(tenant_id: uuid.UUID) -> int:
    """Everything current of a forest, such as when a folder is first named; how many lists were put. Raises OSError."""
    with tenant_scope(tenant_id):
        newest = CrlPublication.objects.newest_of_each().select_related("generation")
        rows = [(row.generation, row.shard, bytes(row.der)) for row in newest]
    return sum(write_files(generation, shard, Crl.parse(der)) for generation, shard, der in rows)
