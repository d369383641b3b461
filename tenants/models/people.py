"""Accounts of the portal and people of a forest."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet


class Account(AbstractBaseUser):
    """Who may sign in: an address, a password, and the one forest the address belongs to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    address = models.EmailField(max_length=254, unique=True, help_text="lower case")
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager["Account"]()

    USERNAME_FIELD = "address"
    EMAIL_FIELD = "address"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.address


class Role(models.TextChoices):
    MEMBER = "member", "Member"
    ADMINISTRATOR = "administrator", "Administrator"


class PersonQuerySet(TenantQuerySet["Person"]):
    def by_address(self, address: str) -> PersonQuerySet:
        return self.filter(address=address.lower())

    def active(self) -> PersonQuerySet:
        return self.filter(is_active=True)

    def administrators(self) -> PersonQuerySet:
        """Those who can act as such: active ones."""
        return self.active().filter(role=Role.ADMINISTRATOR)


class Person(TenantOwned):
    """A member of a forest: one mailbox, one account, certificates and letters."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    address = models.EmailField(max_length=254, help_text="lower case")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    is_active = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    enrolment_allowed_at = models.DateTimeField(
        null=True, help_text="when an administrator let the person enrol again after a revocation"
    )

    objects = TenantManager.from_queryset(PersonQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "address"], name="person_address")]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR


class SignInLink(models.Model):
    """A one-time link that an administrator hands over. Only the SHA-256 of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    secret_sha256 = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def is_usable(self, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at
