"""The spool between forests: bytes and an envelope, nothing else crosses.

`put` writes the item in the sender's transaction. `receive` opens the recipient's scope and stores the letter; the
letter's row is unique by the delivery it came by, so it comes exactly once however often the task runs. `confirm` tells
the sender's delivery what became of it and removes the item.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from mail.facts import read_facts
from mail.models import Delivery, Message, RawMessage, SpoolItem
from mail.models.letters import DeliveryState, Folder
from mail.models.spool import SpoolOutcome
from tenants import clock, due_work
from tenants.models import Person
from tenants.scoping import tenant_scope


def put(
    recipient_tenant_id: uuid.UUID,
    envelope_from: str,
    envelope_to: str,
    data: bytes,
    sender_tenant_id: uuid.UUID,
    delivery_id: uuid.UUID,
    at: datetime,
) -> None:
    """Hand a letter to another (or the own) forest, inside the sender's write scope."""
    item = SpoolItem.objects.create(
        recipient_tenant_id=recipient_tenant_id,
        envelope_from=envelope_from,
        envelope_to=envelope_to,
        data=data,
        sender_tenant_id=sender_tenant_id,
        delivery_id=delivery_id,
        queued_at=at,
    )
    due_work.schedule("receive", recipient_tenant_id, item.id)


@due_work.due_work("receive", queue="mail")
def receive(tenant_id: uuid.UUID, item_id: uuid.UUID) -> datetime | None:
    """Take a spooled letter into its recipient's inbox, or state that nobody has this address."""
    item = SpoolItem.objects.filter(
        id=item_id, recipient_tenant_id=tenant_id, outcome=SpoolOutcome.WAITING
    ).first()
    if item is None:
        return None
    at, raw = clock.now(), bytes(item.data)
    facts = read_facts(raw)
    with tenant_scope(tenant_id, write=True):
        person = Person.objects.active().by_address(item.envelope_to).first()
        outcome = SpoolOutcome.UNKNOWN if person is None else SpoolOutcome.TAKEN
        # Whoever changes the outcome stores the letter: a task that runs twice at once finds nothing to change.
        mine = SpoolItem.objects.filter(id=item.id, outcome=SpoolOutcome.WAITING).update(
            outcome=outcome, data=b""
        )
        if mine and person is not None:
            store_letter(person.id, raw, facts, at, spool_id=item.delivery_id)
        if mine:
            due_work.schedule("confirm", item.sender_tenant_id, item.delivery_id)
    return None


def store_letter(
    person_id: uuid.UUID,
    raw: bytes,
    facts: dict[str, object],
    at: datetime,
    *,
    spool_id: uuid.UUID | None = None,
    is_imported: bool = False,
) -> Message:
    """Put a received or imported letter into the inbox, inside the write scope."""
    stored = RawMessage.objects.create(
        data=raw, sha256=hashlib.sha256(raw).digest(), size=len(raw), stored_at=at
    )
    message = Message.objects.create(
        person_id=person_id,
        raw=stored,
        folder=Folder.INBOX,
        received_at=at,
        spool_id=spool_id,
        is_imported=is_imported,
        **facts,
    )
    if not message.is_encrypted:  # a locked one waits for its reader
        due_work.schedule("judge", message.tenant_id, message.id)
    return message


@due_work.due_work("confirm", queue="mail")
def confirm(tenant_id: uuid.UUID, delivery_id: uuid.UUID) -> datetime | None:
    """Record at the sender what became of the letter, and remove the spooled item."""
    item = SpoolItem.objects.filter(delivery_id=delivery_id, sender_tenant_id=tenant_id).first()
    if item is None or item.outcome == SpoolOutcome.WAITING:
        return None
    taken = item.outcome == SpoolOutcome.TAKEN
    with tenant_scope(tenant_id, write=True):
        Delivery.objects.filter(id=delivery_id).open().update(
            state=DeliveryState.DELIVERED if taken else DeliveryState.FAILED,
            failure=""
            if taken
            else f"Nobody there has the address {item.envelope_to}. Check it and send again.",
            finished_at=clock.now(),
        )
        SpoolItem.objects.filter(id=item.id).delete()
    return None
