"""Everything a forest's authorities issued, with revocations and the list that names them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from tenants.models import Certificate, CrlPublication, Hold, Revocation

PAGE = 50


class Which(StrEnum):
    ALL = "all"
    VALID = "valid"
    HELD = "held"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """`published`: the number of the current list if it names the certificate; None while that is still to come, and
    again when the certificate has `ended`: a list names it once after that, and no longer (RFC 5280 §3.3).
    """

    certificate: Certificate
    state: Which
    revocation: Revocation | None
    published: int | None
    hold: Hold | None = None
    ended: bool = False


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
    holds = {hold.certificate_id: hold for hold in Hold.objects.open().filter(certificate__in=rows)}
    named = [row for row in rows if hasattr(row, "revocation") or row.id in holds]
    numbers = published_numbers(named, {row.id: _entry(row, holds) for row in named})
    return tuple(_line(row, holds.get(row.id), numbers, at) for row in rows)


def published_number(row: Certificate) -> int | None:
    """The number of the current list if it names this revoked certificate. Inside a scope."""
    return published_numbers([row], {row.id: _entry(row, {})}).get(row.id)


def _entry(row: Certificate, holds: Mapping[uuid.UUID, Hold]) -> bytes:
    held = holds.get(row.id)
    return bytes(row.revocation.entry_der if held is None else held.entry_der)


def published_numbers(
    rows: Iterable[Certificate], entries: Mapping[uuid.UUID, bytes]
) -> dict[uuid.UUID, int]:
    """Certificate id → number of the current list that should name it, if it has the entry. Inside a scope.

    The octets of the entry are looked for in those of the list: that needs no index of a list seen for the first time.
    """
    numbers: dict[uuid.UUID, int] = {}
    newest: dict[tuple[uuid.UUID, int], CrlPublication | None] = {}
    for row in rows:
        if row.generation_id is None:
            continue
        where = (row.generation_id, row.shard)
        if where not in newest:
            lists = CrlPublication.objects.filter(generation_id=row.generation_id, shard=row.shard)
            newest[where] = lists.newest_first().first()
        current = newest[where]
        if current is not None and entries[row.id] in bytes(current.der):
            numbers[row.id] = current.number
    return numbers


def _line(
    row: Certificate, hold: Hold | None, numbers: dict[uuid.UUID, int], at: datetime
) -> CertificateLine:
    revocation, ended = getattr(row, "revocation", None), row.not_after <= at
    if revocation is not None:
        return CertificateLine(row, Which.REVOKED, revocation, numbers.get(row.id), ended=ended)
    if hold is not None and not ended:
        return CertificateLine(row, Which.HELD, None, numbers.get(row.id), hold)
    return CertificateLine(row, Which.EXPIRED if ended else Which.VALID, None, None, ended=ended)


def _filtered(rows: QuerySet[Certificate], which: Which, at: datetime) -> QuerySet[Certificate]:
    match which:
        case Which.VALID:
            return rows.filter(not_after__gt=at, revocation__isnull=True).exclude(id__in=_held())
        case Which.HELD:
            return rows.filter(not_after__gt=at, id__in=_held())
        case Which.REVOKED:
            return rows.filter(revocation__isnull=False)
        case Which.EXPIRED:
            return rows.filter(not_after__lte=at, revocation__isnull=True)
        case Which.ALL:
            return rows


def _held() -> QuerySet[Hold, Any]:
    return Hold.objects.open().values("certificate_id")


def _matches(q: str) -> Q:
    serial = "".join(q.replace(":", "").split()).upper()
    return (
        Q(person__name__icontains=q) | Q(person__address__icontains=q) | Q(serial_number__startswith=serial)
    )
