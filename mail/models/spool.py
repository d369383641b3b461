"""The spool: the only way for a letter from one forest into another."""

from __future__ import annotations

import uuid

from django.db import models


class SpoolOutcome(models.TextChoices):
    WAITING = "waiting", "Waiting for the recipient's forest"
    TAKEN = "taken", "In the recipient's inbox"
    UNKNOWN = "unknown", "Nobody there has this address"


class SpoolItem(models.Model):
    """RFC 5322 bytes and an envelope. The recipient's task takes the letter in its own scope; the sender's task then
    reads the outcome and removes the item."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient_tenant_id = models.UUIDField()
    envelope_from = models.CharField(max_length=320)
    envelope_to = models.CharField(max_length=320)
    data = models.BinaryField()
    # Where the outcome is reported: opaque to the recipient's side.
    sender_tenant_id = models.UUIDField()
    delivery_id = models.UUIDField(unique=True)
    queued_at = models.DateTimeField()
    # Set by the recipient's side, in the transaction that takes or refuses the letter; its bytes are removed then.
    outcome = models.CharField(max_length=12, choices=SpoolOutcome.choices, default=SpoolOutcome.WAITING)
