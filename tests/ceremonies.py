"""The offline machine, played by tests: the key that was written when the forest was founded signs a work order."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pki.ceremony import sign_order
from pki.orders import read_order, write_result
from pki.signer import Signer
from tenants import clock
from tenants.models import Generation, WorkOrder
from tenants.scoping import tenant_scope
from tenants.services.export_order import export_order
from tests.cast import Forest


def root_of(forest: Forest) -> Generation:
    with tenant_scope(forest.tenant):
        return Generation.objects.select_related("authority").get(authority__kind="root", number=1)


def generations(forest: Forest, name: str) -> list[Generation]:
    """Of an authority whose name ends like that, oldest first."""
    with tenant_scope(forest.tenant):
        rows = Generation.objects.filter(authority__name__endswith=name).select_related("authority")
        return list(rows.order_by("number"))


def export(forest: Forest, signer: Generation | None = None) -> WorkOrder:
    signer = signer or root_of(forest)
    return export_order(forest.tenant.id, forest.administrator.actor.person_id, signer.id, clock.now())


def sign(forest: Forest, order: WorkOrder) -> bytes:
    """The result's file, signed with the root's key file."""
    key = load_pem_private_key(forest.founded.root_key_file.read_bytes(), None)
    content = bytes(order.content)
    read = read_order(content)
    signer = Signer(key, read.signer)  # type: ignore[arg-type]
    return write_result(sign_order(read, hashlib.sha256(content).digest(), signer, clock.now()))
