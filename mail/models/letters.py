"""Letters of a person: the bytes as received or sent, where they lie, and what became of each recipient."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from smime.report import Encryption, Seal
from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class RawMessage(TenantOwned):
    """An RFC 5322 message, byte for byte. Never changed."""

    append_only = True

    data = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveIntegerField(help_text="octets")
    stored_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"


class Folder(models.TextChoices):
    INBOX = "inbox", "Inbox"
    SENT = "sent", "Sent"


_SEALS_WITH_PROBLEM = (
    Seal.BAD,
    Seal.REVOKED,
    Seal.INVALID,
    Seal.WEAK,
    Seal.INCOMPLETE,
    Seal.UNTRUSTED,
    Seal.MISMATCH,
)
_LOCKS_WITH_PROBLEM = (Encryption.FAIL, Encryption.UNSUPPORTED, Encryption.UNPROTECTED)
# The mathematics and the addresses alone: no decision about trust makes these better.
SEALS_WITHOUT_TRUST = frozenset(s.value for s in (Seal.BAD, Seal.WEAK, Seal.MISMATCH, Seal.NONE))
# A document that arrives, an issuer's certificate or a list, can change these.
SEALS_THAT_WAIT = frozenset(
    s.value
    for s in (
        Seal.REV_UNKNOWN,
        Seal.REV_STALE,
        Seal.INCOMPLETE,
        Seal.UNTRUSTED,
        Seal.INVALID,
        Seal.WARN_TIME,
        Seal.REVOKED,
    )
)
PROBLEM = models.Q(seal__in=[s.value for s in _SEALS_WITH_PROBLEM]) | models.Q(
    encryption__in=[e.value for e in _LOCKS_WITH_PROBLEM]
)


class MessageQuerySet(TenantQuerySet["Message"]):
    def of(self, person_id: Any) -> MessageQuerySet:
        return self.filter(person_id=person_id)

    def newest_first(self, folder: str) -> MessageQuerySet:
        return self.filter(folder=folder).order_by("-received_at", "-id")

    def before(self, received_at: datetime, message_id: Any) -> MessageQuerySet:
        """The page after a row: keyset, so that page 1 000 costs what page 1 costs."""
        older = models.Q(received_at__lt=received_at)
        return self.filter(older | models.Q(received_at=received_at, id__lt=message_id))

    def unread(self) -> MessageQuerySet:
        return self.filter(seen_at__isnull=True)

    def problem(self) -> MessageQuerySet:
        """Letters whose signature or encryption asked for attention when they were last read."""
        return self.filter(PROBLEM)

    def by_author(self, address: str) -> MessageQuerySet:
        """Letters of this author: as judged once they were read, until then as they claim outside."""
        return self.filter(from_address__iexact=address)


class Message(TenantOwned):
    """A letter in somebody's folder. What the list shows of it is a cache of what was last read from the bytes."""

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="messages")
    raw = models.ForeignKey(RawMessage, on_delete=models.PROTECT, related_name="+")
    folder = models.CharField(max_length=16, choices=Folder.choices)
    received_at = models.DateTimeField(help_text="receipt or import: the time signatures are judged at")
    seen_at = models.DateTimeField(null=True)
    from_address = models.CharField(max_length=320, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    to_line = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=500, blank=True, help_text="the outer Subject")
    sealed_subject = models.BinaryField(
        null=True, help_text="the protected Subject, sealed to the reader's custody key"
    )
    rfc_message_id = models.CharField(max_length=500, blank=True)
    is_signed = models.BooleanField(default=False)
    is_encrypted = models.BooleanField(default=False)
    has_attachments = models.BooleanField(default=False)
    seal = models.CharField(
        max_length=24, blank=True, help_text="smime.report.Seal as last judged; empty: not read yet"
    )
    encryption = models.CharField(
        max_length=24, blank=True, help_text="smime.report.Encryption as last judged"
    )
    judged_at = models.DateTimeField(null=True)
    documents_asked = models.PositiveSmallIntegerField(
        default=0, help_text="addresses outside that were asked because of this letter"
    )
    is_imported = models.BooleanField(default=False)
    spool_id = models.UUIDField(
        null=True, help_text="the delivery this letter came by; unique, so it comes once"
    )

    objects = TenantManager.from_queryset(MessageQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "spool_id"], name="message_delivered_once")]
        indexes = [
            models.Index(fields=["tenant", "person", "folder", "-received_at", "-id"], name="message_folder"),
            models.Index(
                fields=["tenant", "person", "folder"],
                condition=models.Q(seen_at__isnull=True),
                name="message_unread",
            ),
        ]


class DeliveryRoute(models.TextChoices):
    PORTAL = "portal", "In this portal"
    SMTP = "smtp", "By SMTP"


class DeliveryState(models.TextChoices):
    QUEUED = "queued", "On its way"
    DELIVERED = "delivered", "Delivered"
    HANDED_OVER = "handed-over", "Handed to the mail relay"
    FAILED = "failed", "Not delivered"


class DeliveryQuerySet(TenantQuerySet["Delivery"]):
    def open(self) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.QUEUED)


class Delivery(TenantOwned):
    """What became of a sent letter for one recipient. Its bytes are frozen: every attempt sends the same."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    raw = models.ForeignKey(
        RawMessage, on_delete=models.PROTECT, related_name="+", help_text="a Bcc has bytes of its own"
    )
    recipient = models.EmailField(max_length=320)
    route = models.CharField(max_length=8, choices=DeliveryRoute.choices)
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    failure = models.CharField(max_length=300, blank=True, help_text="a sentence for the sender")
    attempts = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = TenantManager.from_queryset(DeliveryQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "message", "recipient"], name="delivery_recipient")
        ]


class Draft(TenantOwned):
    """A letter being written, sealed to its writer's custody key as a whole: not even its subject is readable."""

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="drafts")
    in_reply_to = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    sealed = models.BinaryField()
    updated_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-updated_at"]


class DraftAttachment(TenantOwned):
    """A file of a draft, sealed by itself: the text is saved every few seconds, a file once, and neither needs a PIN."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="attachments")
    sealed_name = models.BinaryField(help_text="its name and media type")
    sealed = models.BinaryField(help_text="its content")
    size = models.PositiveIntegerField(help_text="octets of the file")
    added_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        ordering = ["added_at", "id"]
