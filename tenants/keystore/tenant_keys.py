"""A forest's own keys, one per kind, each sealed under its kind's master key (which lives outside the database)."""

from __future__ import annotations

import os

from django.conf import settings

from tenants.keystore.sealing import context, seal, unseal
from tenants.models import TenantKey
from tenants.models.custody import KeyKind
from tenants.scoping import current_tenant_id


class MasterKeyWithheld(RuntimeError):
    """This process may not hold the master key of that kind: the work belongs to another worker."""


def master_key(kind: KeyKind) -> bytes:
    """The master key of a kind. Raises MasterKeyWithheld where the process does not hold it."""
    key: bytes | None = (
        settings.PEOPLE_MASTER_KEY if kind == KeyKind.PEOPLE else settings.AUTHORITY_MASTER_KEY
    )
    if key is None:
        raise MasterKeyWithheld(
            f"A {settings.PKIPORTAL_ROLE} process does not hold the master key of {kind}."
        )
    return key


def create_tenant_keys() -> None:
    """Make the forest's key of every kind. Called once, inside its write scope, when it is founded."""
    for kind in KeyKind:
        sealed = seal(master_key(kind), os.urandom(32), _bound_to(kind))
        TenantKey.objects.create(kind=kind, sealed=sealed)


def tenant_key(kind: KeyKind) -> bytes:
    """The open scope's forest key of a kind (32 octets)."""
    row = TenantKey.objects.get(kind=kind)
    return unseal(master_key(kind), bytes(row.sealed), _bound_to(kind))


def _bound_to(kind: KeyKind) -> bytes:
    return context("tenant key", current_tenant_id(), kind)
