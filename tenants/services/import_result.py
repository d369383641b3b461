"""Take what a ceremony signed: all of it or nothing, once, for the very order that waits."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki import crl as lists
from pki.ceremony import check_result
from pki.orders import LARGEST_FILE, CertificateItem, Order, Result, malformed, read_order, read_result
from tenants.models import Approval, CrlPublication, Generation, WorkOrder
from tenants.models.ceremonies import OrderState
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.approvals import Content, act, register
from tenants.services.found_forest import record_list
from tenants.services.record_generation import record_signed, tell_relying


@dataclass(frozen=True)
class _Verified:
    """Everything in it has been checked against the order, and its signatures against the signer's key."""

    order_id: uuid.UUID
    signer_id: uuid.UUID
    result_sha256: bytes
    certificates: tuple[tuple[uuid.UUID, x509.Certificate], ...]
    lists: tuple[lists.Crl, ...]


def import_result(
    tenant_id: uuid.UUID, person_id: uuid.UUID | None, data: bytes, at: datetime
) -> Approval | None:
    """Publish what the result holds (None), or let it wait for a second administrator. Raises Refused, PkiError."""
    result = _read(data)
    with tenant_scope(tenant_id):
        order = _order_of(result)
        signer = Generation.objects.select_related("authority").get(id=order.signer_id)
    summary = (
        f"Publish what a ceremony signed with the key of {signer}, in answer to order {order.id.hex[:8]}."
    )
    return act(IMPORT, tenant_id, person_id, summary, {"result": data.decode()}, at)


def order_id_of(data: bytes) -> uuid.UUID:
    """Which order a result answers. Raises MalformedInput."""
    return _order_id(_read(data))


def _prepare(tenant_id: uuid.UUID, content: Content, at: datetime) -> _Verified:
    data = str(content["result"]).encode()
    result = _read(data)
    with tenant_scope(tenant_id):
        row = _order_of(result)
        _must_wait(row, at)
        newest = CrlPublication.objects.filter(generation_id=row.signer_id).newest_first().first()
    order = read_order(bytes(row.content))
    check_result(order, bytes(row.sha256), result)
    made = tuple(_lists(order, result))
    published = lists.Crl.parse(bytes(newest.der)) if newest else None
    for one in made:
        # A certificate of an authority that was revoked never leaves the list while the authority's root lives.
        lists.check_successor(one, published, issuer=order.signer, at=at, still_valid=lambda _: True)
    return _Verified(
        row.id, row.signer_id, hashlib.sha256(data).digest(), tuple(_certificates(order, result)), made
    )


def _read(data: bytes) -> Result:
    if len(data) > LARGEST_FILE:
        raise malformed("result of a ceremony")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise malformed("result of a ceremony") from None
    return read_result(data)


def _order_id(result: Result) -> uuid.UUID:
    try:
        return uuid.UUID(hex=result.order_id)
    except ValueError:
        raise malformed("result of a ceremony") from None


def _order_of(result: Result) -> WorkOrder:
    row = WorkOrder.objects.filter(id=_order_id(result)).first()
    if row is None:
        raise refuse(
            "no-such-order", "The result answers an order that this organisation never made.",
            remedy="Choose the result of your own order; it names the order's number.", owner="administrator",
        )  # fmt: skip
    return row


def _must_wait(row: WorkOrder, at: datetime) -> None:
    if row.state == OrderState.ANSWERED:
        raise refuse(
            "order-answered", "This order has been answered already; what was signed then is published.",
            remedy="There is nothing to do. For a newer list export a new order.", owner="administrator",
        )  # fmt: skip
    if row.state == OrderState.WITHDRAWN:
        raise refuse(
            "order-withdrawn", "A later order has replaced this one.",
            remedy="Sign the later order and bring its result.", owner="administrator",
        )  # fmt: skip
    if at > row.expires_at:
        raise refuse(
            "order-expired", f"The order had to be answered until {row.expires_at:%Y-%m-%d %H:%M}Z.",
            remedy="Export a new order and sign that.", owner="administrator",
        )  # fmt: skip


def _lists(order: Order, result: Result) -> list[lists.Crl]:
    return [lists.Crl.parse(result.signed[i.id]) for i in order.items if not isinstance(i, CertificateItem)]


def _certificates(order: Order, result: Result) -> list[tuple[uuid.UUID, x509.Certificate]]:
    return [
        (uuid.UUID(hex=item.id), x509.load_der_x509_certificate(result.signed[item.id]))
        for item in order.items
        if isinstance(item, CertificateItem)
    ]


def _record(person_id: uuid.UUID | None, verified: _Verified, at: datetime) -> None:
    row = WorkOrder.objects.select_for_update(of=("self",)).get(id=verified.order_id)
    _must_wait(row, at)
    signer = Generation.objects.select_for_update(of=("self",)).get(id=verified.signer_id)
    newest = CrlPublication.objects.filter(generation=signer).newest_first().first()
    for one in verified.lists:
        if newest is not None and (one.number or 0) <= newest.number:
            raise refuse(
                "list-outdated", f"List {newest.number} of {signer} was published since; this one is older.",
                remedy="Export a new order and sign that.", owner="administrator",
            )  # fmt: skip
        record_list(signer, one, at)
    for request_id, certificate in verified.certificates:
        record_signed(request_id, certificate, at)
    row.state, row.answered_at, row.result_sha256 = OrderState.ANSWERED, at, verified.result_sha256
    row.save(update_fields=["state", "answered_at", "result_sha256"])
    tell_relying()


IMPORT = register("ceremony-import", prepare=_prepare, record=_record)
