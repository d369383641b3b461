"""The door for published documents: what any forest may read of another. Bytes only, never rows.

Each function opens the publisher's scope, read-only, and refuses to run inside another one.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pki.errors import MalformedInput
from pki.names import Mailbox, domain_covers
from tenants.models import (
    Certificate,
    CrlPublication,
    CrossCertificate,
    Generation,
    MailDomain,
    Person,
    TrustRoot,
)
from tenants.models.trust import TrustState
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class PublishedList:
    der: bytes
    sha256: bytes
    published_at: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class Publications:
    """The certificates of a forest's authorities, each with its newest lists (none before the first, one a shard)."""

    issuers: tuple[tuple[bytes, tuple[bytes, ...]], ...]


def forest_of(domain: str) -> uuid.UUID | None:
    """The forest that a mail domain (lower case, A-labels) is routed to.

    Its own entry first, else the closest parent that owns its subdomains.
    """
    parents = [domain.split(".", n)[-1] for n in range(1, domain.count(".") + 1)]
    exact = MailDomain.objects.filter(name=domain).values_list("tenant_id", flat=True).first()
    if exact is not None:
        return exact
    owners = MailDomain.objects.filter(name__in=parents, include_subdomains=True)
    return next((row.tenant_id for row in sorted(owners, key=lambda row: -len(row.name))), None)


def forest_of_address(address: str) -> uuid.UUID | None:
    """The forest that letters to an address are routed to, however its domain is written; None for one of nobody here."""
    try:
        return forest_of(Mailbox.parse(address).domain)
    except MalformedInput:
        return None


def current_list(tenant_id: uuid.UUID, generation_id: uuid.UUID, shard: int = 0) -> PublishedList | None:
    """The newest list of a generation's shard, exactly as signed."""
    return list_in_force(tenant_id, generation_id, shard, None)


def list_in_force(
    tenant_id: uuid.UUID, generation_id: uuid.UUID, shard: int, at: datetime | None
) -> PublishedList | None:
    """The list that was the newest at a date (None: now), exactly as signed then."""
    with tenant_scope(tenant_id):
        rows = CrlPublication.objects.filter(generation_id=generation_id, shard=shard).newest_first()
        row = (rows if at is None else rows.filter(this_update__lte=at)).first()
    return (
        None
        if row is None
        else PublishedList(bytes(row.der), bytes(row.sha256), row.published_at, row.next_update)
    )


def issuer_certificate(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> bytes | None:
    with tenant_scope(tenant_id):
        row = Generation.objects.filter(id=generation_id).first()
    return None if row is None else bytes(row.der)


def publications(tenant_id: uuid.UUID) -> Publications:
    """Every authority certificate with its newest lists."""
    with tenant_scope(tenant_id):
        issuers = []
        for generation in Generation.objects.order_by("not_before", "id"):
            newest = CrlPublication.objects.newest_of_each().filter(generation=generation).order_by("shard")
            ders = tuple(bytes(der) for der in newest.values_list("der", flat=True))
            issuers.append((bytes(generation.der), ders))
        crossed = CrossCertificate.objects.order_by("published_at", "id").values_list("der", flat=True)
        issuers += [(bytes(der), ()) for der in crossed]
    return Publications(tuple(issuers))


def root_certificates(tenant_id: uuid.UUID) -> tuple[bytes, ...]:
    """The roots that the forest calls its own: what a partner may import."""
    with tenant_scope(tenant_id):
        return tuple(bytes(row.der) for row in TrustRoot.objects.filter(state=TrustState.OWN))


def directory_certificates(
    publisher_id: uuid.UUID, address: str, *, asker: uuid.UUID, at: datetime
) -> tuple[str, tuple[bytes, ...]]:
    """The name and current certificates that can encrypt to an address, for a forest that the publisher believes.

    Nothing for any other forest, and nobody without a certificate has a name (docs/decisions/0007-open-directory.md).
    """
    roots = root_certificates(asker)
    domains = list(MailDomain.objects.filter(tenant_id=asker).values_list("name", flat=True))
    with tenant_scope(publisher_id):
        if not _believes(roots, domains, at):
            return "", ()
        person = Person.objects.active().by_address(address).first()
        mine = Certificate.objects.issued_here().filter(person=person).current(at).encryption()
        ders = tuple(bytes(row.der) for row in mine.kept_first()) if person else ()
        return (person.name, ders) if person and ders else ("", ())


def _believes(roots: Sequence[bytes], domains: Sequence[str], at: datetime) -> bool:
    """Whether the forest of the open scope believes one of these very roots for one of these domains now."""
    hashes = [hashlib.sha256(der).digest() for der in roots]
    believed = TrustRoot.objects.speaking_at(at).filter(state=TrustState.TRUSTED, sha256__in=hashes)
    return any(
        domain_covers(entry, domain) for root in believed for entry in root.domains for domain in domains
    )
