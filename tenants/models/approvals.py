"""What one administrator asked for and another one has to let happen."""

from __future__ import annotations

import hashlib

from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet


class ApprovalState(models.TextChoices):
    OPEN = "open", "Waiting"
    APPROVED = "approved", "Approved and done"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ApprovalQuerySet(TenantQuerySet["Approval"]):
    def waiting(self) -> ApprovalQuerySet:
        return self.filter(state=ApprovalState.OPEN)


class Approval(TenantOwned):
    """One act that waits for a second administrator. `content` is the whole of what is done once it is approved; the
    approver names it by its hash. `asked_by` is empty for the operator's command line.
    """

    kind = models.CharField(max_length=40)
    summary = models.CharField(max_length=300, help_text="what will happen, in one sentence")
    content = models.TextField(help_text="JSON, exactly the octets that `sha256` is of")
    sha256 = models.BinaryField(max_length=32)
    asked_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=ApprovalState.choices, default=ApprovalState.OPEN)
    decided_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = TenantManager.from_queryset(ApprovalQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "sha256"],
                condition=models.Q(state="open"),
                name="approval_asked_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved", asked_by=models.F("decided_by")),
                name="approval_by_a_second_person",
            ),
        ]

    def is_whole(self) -> bool:
        """Whether the content is still what was asked for."""
        return hashlib.sha256(self.content.encode()).digest() == bytes(self.sha256)
