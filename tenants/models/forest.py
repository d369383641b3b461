"""A forest (tenant) and the mail domains that are routed to it."""

from __future__ import annotations

import uuid

from django.db import models


class Tenant(models.Model):
    """One forest: an organisation with its own people, authorities, trust and policy."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    hue = models.PositiveSmallIntegerField(default=1, help_text="1-6, the colour of the forest's badge")
    mark = models.PositiveSmallIntegerField(default=1, help_text="1-7, the tree of the forest's badge")
    founded_at = models.DateTimeField()
    needs_two_people = models.BooleanField(
        default=False, help_text="weighty acts of an administrator wait for a second one"
    )

    def __str__(self) -> str:
        return self.name


class MailDomain(models.Model):
    """A mail domain that belongs to exactly one forest. Lower case, A-labels."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="mail_domains")
    name = models.CharField(max_length=253, unique=True)
    include_subdomains = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name
