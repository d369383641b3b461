"""The forest's algorithm policy: which key new certificates of a template get, from a date on."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef

from pki.keys import KeyType
from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet


class AlgorithmPolicyQuerySet(TenantQuerySet["AlgorithmPolicy"]):
    def in_force(self, at: datetime) -> AlgorithmPolicyQuerySet:
        """Those that have begun, the one that counts first: the later decision, whenever it began."""
        return self.filter(in_force_at__lte=at).order_by("-version")

    def coming(self, at: datetime) -> AlgorithmPolicyQuerySet:
        """Those that will count some day, the next one first: not begun, and not overtaken by a later decision."""
        later = AlgorithmPolicy.objects.filter(
            version__gt=OuterRef("version"), in_force_at__lte=OuterRef("in_force_at")
        )
        return self.filter(~Exists(later), in_force_at__gt=at).order_by("in_force_at")


class AlgorithmPolicy(TenantOwned):
    """One version, never changed: a later one takes its place from its own date on.

    `key_types`: template code → key type. What is not named stays as its template has it. `approved_by`: the second
    administrator; empty where the forest had one only.
    """

    append_only = True

    version = models.PositiveIntegerField()
    key_types = models.JSONField()
    in_force_at = models.DateTimeField()
    decided_by = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    objects = TenantManager.from_queryset(AlgorithmPolicyQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "version"], name="algorithm_policy_version")]

    def __str__(self) -> str:
        return f"Policy {self.version}"

    @property
    def keys(self) -> dict[str, KeyType]:
        """By template code."""
        return {code: KeyType(value) for code, value in self.key_types.items()}
