"""Keys that open keys: the tenant keys of each kind, a person's custody pair, and its unlocked copy."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class KeyKind(models.TextChoices):
    PEOPLE = "people", "People"
    AUTHORITIES = "authorities", "Authorities"


class TenantKey(TenantOwned):
    """A forest's own AES-256 key of one kind, sealed under that kind's master key."""

    kind = models.CharField(max_length=16, choices=KeyKind.choices)
    sealed = models.BinaryField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "kind"], name="tenant_key_kind")]


class CustodyKeyQuerySet(TenantQuerySet["CustodyKey"]):
    def current(self) -> CustodyKeyQuerySet:
        """Pairs that are sealed to and unlocked; at most one a person."""
        return self.filter(retired_at__isnull=True)


class CustodyKey(TenantOwned):
    """A person's X25519 pair. The public half seals; the private half is sealed under PIN and tenant key together.

    Whoever forgets the PIN starts over with another pair. The old one is retired and kept: nothing is sealed to it any
    more, and what was stays sealed.
    """

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="custody_keys")
    public_key = models.BinaryField(max_length=32)
    sealed_private_key = models.BinaryField()
    salt = models.BinaryField(max_length=16)
    argon2_memory_kib = models.PositiveIntegerField()
    argon2_passes = models.PositiveSmallIntegerField()
    argon2_lanes = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField(default=1, help_text="part of the seal's associated data")
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    pauses = models.PositiveSmallIntegerField(
        default=0, help_text="each pause is twice as long as the one before"
    )
    paused_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, help_text="replaced, because its PIN was forgotten")

    objects = TenantManager.from_queryset(CustodyKeyQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "person"],
                condition=models.Q(retired_at__isnull=True),
                name="custody_key_current",
            )
        ]

    def is_paused(self, at: datetime) -> bool:
        return self.paused_until is not None and at < self.paused_until


class UnlockedKeyQuerySet(TenantQuerySet["UnlockedKey"]):
    def open_at(self, at: datetime) -> UnlockedKeyQuerySet:
        return self.filter(expires_at__gt=at)


class UnlockedKey(TenantOwned):
    """A custody private key for a short while, wrapped under a random key that only the reader's cookie holds."""

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="unlocked_keys")
    wrapped = models.BinaryField()
    expires_at = models.DateTimeField()

    objects = TenantManager.from_queryset(UnlockedKeyQuerySet)()

    class Meta:
        base_manager_name = "objects"
