"""Letters to addresses outside the portal, through Django's mail backend (a relay; the demo writes them to a folder).

At least once, with frozen bytes and Message-ID: a repeat is recognisable as the same letter (RFC 5321 §4.5.4.1).
"""

from __future__ import annotations

import smtplib
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import F

from mail.models import Delivery
from mail.models.letters import DeliveryState
from tenants import clock, due_work
from tenants.scoping import tenant_scope

GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321 §4.5.4.1 asks for four to five days


class FrozenMessage(EmailMessage):
    """A message whose bytes are given: the backend sends them as they are."""

    def __init__(self, raw: bytes, envelope_from: str, envelope_to: str) -> None:
        super().__init__(from_email=envelope_from, to=[envelope_to])
        self._raw = raw

    def message(self, *_: Any, **__: Any) -> Any:
        return self

    def as_bytes(self, *_: Any, linesep: str = "\r\n", **__: Any) -> bytes:
        return self._raw


@due_work.due_work("hand_over", queue="mail")
def hand_over(tenant_id: uuid.UUID, delivery_id: uuid.UUID) -> datetime | None:
    """Hand one delivery to the relay. A refusal for good is recorded; anything else is tried again by the queue."""
    with tenant_scope(tenant_id, write=True):
        delivery = Delivery.objects.open().filter(id=delivery_id).select_related("raw", "message").first()
        if delivery is None:
            return None
        Delivery.objects.filter(id=delivery_id).update(attempts=F("attempts") + 1)
        raw, sender = bytes(delivery.raw.data), delivery.message.from_address
    if clock.now() - delivery.queued_at > GIVE_UP_AFTER:
        text = f"The mail relay could not be reached for five days, so the letter to {delivery.recipient} was given up."
        _finish(
            tenant_id,
            delivery_id,
            DeliveryState.FAILED,
            f"{text} Send it again when your operator has mended it.",
        )
        return None
    try:
        FrozenMessage(raw, sender, delivery.recipient).send()
    except smtplib.SMTPRecipientsRefused as refusal:
        code, reply = next(iter(refusal.recipients.values()))
        if code < 500:
            raise
        text = f"The mail relay refused {delivery.recipient}: {reply.decode('utf-8', 'replace')[:200]}"
        _finish(tenant_id, delivery_id, DeliveryState.FAILED, text)
    else:
        _finish(tenant_id, delivery_id, DeliveryState.HANDED_OVER, "")
    return None


def _finish(tenant_id: uuid.UUID, delivery_id: uuid.UUID, state: DeliveryState, failure: str) -> None:
    with tenant_scope(tenant_id, write=True):
        Delivery.objects.filter(id=delivery_id).open().update(
            state=state, failure=failure, finished_at=clock.now()
        )
