"""Holds with their releases, and orders to revoke everything of a generation."""

from __future__ import annotations

import uuid

from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class HoldQuerySet(TenantQuerySet["Hold"]):
    def open(self) -> HoldQuerySet:
        """Neither released nor followed by a revocation, which is final."""
        return self.filter(release__isnull=True, certificate__revocation__isnull=True)

    def on_list_of(self, generation_id: uuid.UUID) -> HoldQuerySet:
        """Holds whose entries the generation's list carries, in the order they were made."""
        return self.open().filter(generation_id=generation_id).order_by("held_at", "serial_number")


class Hold(TenantOwned):
    """A certificate on hold (RFC 5280 §5.3.1), with its CRL entry. It ends with a `HoldRelease` or a `Revocation`."""

    append_only = True

    certificate = models.ForeignKey("tenants.Certificate", on_delete=models.PROTECT, related_name="holds")
    generation = models.ForeignKey("tenants.Generation", on_delete=models.PROTECT, related_name="holds")
    serial_number = models.CharField(max_length=40)
    held_at = models.DateTimeField()
    entry_der = models.BinaryField()
    held_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantManager.from_queryset(HoldQuerySet)()

    class Meta:
        base_manager_name = "objects"


class HoldRelease(TenantOwned):
    """The end of a hold: the certificate leaves the next list and is used again. A row of its own, so history stays."""

    append_only = True

    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="release")
    released_at = models.DateTimeField()
    released_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"


class MassRevocation(TenantOwned):
    """An order to revoke every certificate of a generation; the worker fulfils it in batches (`revoke_generation`)."""

    generation = models.ForeignKey("tenants.Generation", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=32)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)
    revoked = models.PositiveIntegerField(default=0)

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
