"""The work queue: every action that must happen is a row here, written in the transaction of its cause."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models


class DueWorkQuerySet(models.QuerySet["DueWork"]):
    def due(self, at: datetime) -> DueWorkQuerySet:
        """Due at `at` and not leased to a living worker, oldest first."""
        free = models.Q(lease_until__isnull=True) | models.Q(lease_until__lte=at)
        return self.filter(free, next_run_at__lte=at).order_by("next_run_at")


class DueWork(models.Model):
    """One thing to do. No content: the kind, whose forest, which row, when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    tenant_id = models.UUIDField()
    row_id = models.UUIDField()
    next_run_at = models.DateTimeField()
    # Raised by every request for the same work: what was asked for while it ran is run again, not lost.
    asked = models.PositiveIntegerField(default=1)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(
        max_length=200, blank=True, help_text="the class of the last failure, no content"
    )

    objects = DueWorkQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "kind", "row_id"], name="due_work_once")]
        indexes = [models.Index(fields=["next_run_at"], name="due_work_next")]
