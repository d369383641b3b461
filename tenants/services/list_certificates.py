"""Everything a forest's authorities issued, with revocations and the list that names them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet

from tenants.models import Certificate, CrlPublication, Revocation
from tenants.services.assemble_trust import parsed_list

PAGE = 50


class Which(StrEnum):
    ALL = "all"
    VALID = "valid"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """`published`: the number of the current list if it names the certificate; None while that is still to come."""

    certificate: Certificate
    state: Which
    revocation: Revocation | None
    published: int | None


def list_certificates(
    which: Which, q: str, page: int, at: datetime
) -> tuple[tuple[CertificateLine, ...], bool]:
    """One page, newest first, and whether another follows. Inside a scope."""
    found = _filtered(Certificate.objects.issued_here(), which, at)
    if q.strip():
        found = found.filter(_matches(q.strip()))
    found = found.select_related("person", "generation__authority", "revocation").order_by("-added_at", "id")
    start = (page - 1) * PAGE
    rows = list(found[start : start + PAGE + 1])
    return describe(rows[:PAGE], at), len(rows) > PAGE


def describe(rows: Iterable[Certificate], at: datetime) -> tuple[CertificateLine, ...]:
    """State and publication of certificates. Inside a scope; rows with `revocation` selected cost no query each."""
    rows = list(rows)
    revoked = [row.revocation for row in rows if hasattr(row, "revocation")]
    numbers = published_numbers(revoked)
    return tuple(_line(row, numbers, at) for row in rows)


def published_numbers(revocations: Iterable[Revocation]) -> dict[uuid.UUID, int]:
    """Revocation id → number of its authority's current list, for those that this list names. Inside a scope."""
    numbers: dict[uuid.UUID, int] = {}
    newest: dict[uuid.UUID, CrlPublication | None] = {}
    for revocation in revocations:
        generation_id = revocation.generation_id
        if generation_id not in newest:
            lists = CrlPublication.objects.filter(generation_id=generation_id)
            newest[generation_id] = lists.newest_first().first()
        current = newest[generation_id]
        if current is None:
            continue
        if parsed_list(bytes(current.der)).find(int(revocation.serial_number, 16)) is not None:
            numbers[revocation.id] = current.number
    return numbers


def _line(row: Certificate, numbers: dict[uuid.UUID, int], at: datetime) -> CertificateLine:
    revocation = getattr(row, "revocation", None)
    if revocation is not None:
        return CertificateLine(row, Which.REVOKED, revocation, numbers.get(revocation.id))
    return CertificateLine(row, Which.EXPIRED if row.not_after <= at else Which.VALID, None, None)


def _filtered(rows: QuerySet[Certificate], which: Which, at: datetime) -> QuerySet[Certificate]:
    match which:
        case Which.VALID:
            return rows.filter(not_after__gt=at, revocation__isnull=True)
        case Which.REVOKED:
            return rows.filter(revocation__isnull=False)
        case Which.EXPIRED:
            return rows.filter(not_after__lte=at, revocation__isnull=True)
        case Which.ALL:
            return rows


def _matches(q: str) -> Q:
    serial = "".join(q.replace(":", "").split()).upper()
    return (
        Q(person__name__icontains=q) | Q(person__address__icontains=q) | Q(serial_number__startswith=serial)
    )
