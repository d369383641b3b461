"""Authorities, the generations of their keys, and the lists they publish."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509
from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class AuthorityKind(models.TextChoices):
    ROOT = "root", "Root"
    INTERMEDIATE = "intermediate", "Policy authority"
    ISSUING = "issuing", "Issuing authority"


class Authority(TenantOwned):
    """A root (offline), an authority for authorities (online or offline) or one that issues to people (online)."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=AuthorityKind.choices)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="authority_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_root(self) -> bool:
        return self.kind == AuthorityKind.ROOT


class GenerationQuerySet(TenantQuerySet["Generation"]):
    def issuing(self, at: datetime) -> GenerationQuerySet:
        """Generations that may sign end-entity certificates at `at`, newest first."""
        return self.filter(
            authority__kind=AuthorityKind.ISSUING, is_issuing=True, not_before__lte=at, not_after__gt=at
        ).order_by("-not_before")

    def list_due(self, at: datetime, period: timedelta) -> GenerationQuerySet:
        """Generations whose key is online and whose newest list is older than `period`, or that have none."""
        fresh = CrlPublication.objects.filter(this_update__gt=at - period).values("generation_id")
        return self.filter(authority__kind=AuthorityKind.ISSUING, not_after__gt=at).exclude(id__in=fresh)


class Generation(TenantOwned):
    """One key of an authority with its certificate. Lists and issuer certificates are published per generation."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="generations")
    number = models.PositiveIntegerField()
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    spki_sha256 = models.BinaryField(max_length=32)
    serial_number = models.CharField(max_length=40, help_text="hexadecimal, upper case")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    is_issuing = models.BooleanField(default=True)
    last_crl_number = models.PositiveBigIntegerField(
        default=0, help_text="taken under the row's lock, never reused"
    )
    shard_count = models.PositiveSmallIntegerField(
        default=1, help_text="lists that share the certificates among them; may only grow"
    )
    crl_failure = models.CharField(
        max_length=200, blank=True, help_text="why the last attempt published nothing"
    )
    crl_failed_at = models.DateTimeField(null=True)

    objects = TenantManager.from_queryset(GenerationQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "authority", "number"], name="generation_number")
        ]

    def __str__(self) -> str:
        return f"{self.authority.name} G{self.number}"

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(bytes(self.der))


class AuthorityKey(TenantOwned):
    """The private key of an issuing generation, sealed under the forest's key of the authorities kind."""

    generation = models.OneToOneField(Generation, on_delete=models.PROTECT, related_name="key")
    sealed = models.BinaryField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"


class CrlPublicationQuerySet(TenantQuerySet["CrlPublication"]):
    def newest_first(self) -> CrlPublicationQuerySet:
        return self.order_by("-number")

    def newest_of_each(self) -> CrlPublicationQuerySet:
        """The current list of every shard of every generation."""
        newest = (
            CrlPublication.objects.filter(
                generation=models.OuterRef("generation"), shard=models.OuterRef("shard")
            )
            .order_by("-number")
            .values("number")[:1]
        )
        return self.filter(number=models.Subquery(newest))


class CrlPublication(TenantOwned):
    """A published list, exactly as served. Never updated: the newest number of a shard is its current one."""

    append_only = True

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="crls")
    shard = models.PositiveSmallIntegerField(default=0)
    number = models.PositiveBigIntegerField(help_text="rises through all shards of the generation")
    this_update = models.DateTimeField()
    next_update = models.DateTimeField()
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    entry_count = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="octets")
    published_at = models.DateTimeField()

    objects = TenantManager.from_queryset(CrlPublicationQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "generation", "number"], name="crl_number")]
        indexes = [models.Index(fields=["tenant", "generation", "shard", "-number"], name="crl_newest")]
