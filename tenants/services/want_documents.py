"""Ask for what a judgement lacked, or will soon lack: missing issuers and lists that are published outside this portal.

Nothing is fetched here: rows of due work are written, and the fetch worker asks. Issuers are wanted where a path breaks
for want of one; lists only along a path that reaches a believed root, so that letters of strangers make nobody ask for
their lists.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from pki import keys
from pki.claims import claims_of
from pki.locations import issuer_addresses, list_addresses
from pki.path import Failure, PathResult, Verdict
from tenants import due_work
from tenants.models import OutsideDocument
from tenants.models.trust import DocumentKind
from tenants.scoping import tenant_scope

MOST_A_MESSAGE = 4  # new addresses because of one letter, and because of any other single judgement
MOST_DOCUMENTS = 2000  # rows of a forest; the one that nobody has wanted for longest makes room
IN_USE = timedelta(hours=1)  # how exactly it is known when a row was last wanted
PATIENCE = timedelta(seconds=30)  # how long a page says that it is being asked

# Another certificate of an authority on the path, or of the one that is missing, may repair it.
REPAIRABLE = frozenset(
    {Failure.INCOMPLETE, Failure.SIGNATURE, Failure.TIME, Failure.CONSTRAINT, Failure.REVOKED, Failure.USAGE}
)
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """`new`: addresses that nobody had asked before. `pending`: an answer is on its way."""

    new: int = 0
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    kind: DocumentKind
    key: bytes
    address: str
    certificate: bytes
    issuer: bytes | None = None
    is_pinned: bool = False


def want_documents(
    tenant_id: uuid.UUID, results: Iterable[PathResult], at: datetime, *, most: int = MOST_A_MESSAGE
) -> Asked:
    """Opens a read scope, and a write scope only where there is something to write. `most`: new addresses at most."""
    wanted = {one.key: one for result in results for one in wanted_by(result)}
    if not wanted:
        return Asked()
    with tenant_scope(tenant_id):
        rows = OutsideDocument.objects.filter(key__in=list(wanted)).defer("content", "certificate", "issuer")
        held = {bytes(row.key): row for row in rows}
    new = [one for key, one in wanted.items() if key not in held][: max(0, most)]
    due = [row for row in held.values() if row.next_at <= at or at - row.wanted_at >= IN_USE]
    if new or due:
        with tenant_scope(tenant_id, write=True):
            for one in new:
                _ask_first(tenant_id, one, at)
            for row in due:
                OutsideDocument.objects.filter(id=row.id).update(wanted_at=at)
                due_work.schedule("fetch_document", tenant_id, row.id, at=max(at, row.next_at))
    pending = any(row.asked_at is None and at - row.wanted_at < PATIENCE for row in held.values())
    return Asked(len(new), bool(new) or pending)


def _ask_first(tenant_id: uuid.UUID, one: Wanted, at: datetime) -> None:
    if OutsideDocument.objects.count() >= MOST_DOCUMENTS:
        for oldest in OutsideDocument.objects.order_by("wanted_at")[:1]:
            oldest.delete()
    row, _ = OutsideDocument.objects.get_or_create(
        key=one.key,
        defaults={
            "kind": one.kind,
            "address": one.address,
            "certificate": one.certificate,
            "issuer": one.issuer,
            "is_pinned": one.is_pinned,
            "wanted_at": at,
            "next_at": at,
        },
    )
    due_work.schedule("fetch_document", tenant_id, row.id)


def wanted_by(result: PathResult) -> Iterator[Wanted]:
    """What a judgement would be better with, the nearest to the person first."""
    if result.verdict is not Verdict.GOOD and result.failure in REPAIRABLE:
        yield from _issuers(result)
    if result.anchor is not None and result.failure is not Failure.UNTRUSTED:
        yield from _lists(result)


def _issuers(result: PathResult) -> Iterator[Wanted]:
    """Of the certificate below the one where the path breaks; of its top where it ends."""
    broken = result.failing if result.failing in result.path else result.path[0]
    index = result.path.index(broken)
    if result.anchor is not None:
        if index + 1 >= len(result.path) or index == 0:
            return  # the person's own certificate, or a root: no other issuer mends that
        index += 1
    certificate = result.path[index]
    der = certificate.public_bytes(Encoding.DER)
    for address in [one for one in issuer_addresses(certificate) if _is_outside(one)][:1]:
        yield Wanted(DocumentKind.ISSUER, OutsideDocument.issuer_key(address, der), address, der)


def _lists(result: PathResult) -> Iterator[Wanted]:
    is_pinned = result.verdict is not Verdict.INVALID
    for index in range(len(result.path) - 1, 0, -1):
        certificate, issuer = result.path[index], result.path[index - 1]
        for addresses in list_addresses(certificate):
            for address in [one for one in addresses if _is_outside(one)][:1]:
                yield Wanted(
                    DocumentKind.LIST,
                    _list_key(address, certificate, issuer),
                    address,
                    certificate.public_bytes(Encoding.DER),
                    issuer.public_bytes(Encoding.DER),
                    is_pinned,
                )


def _list_key(address: str, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    spki = keys.spki_sha256(issuer.public_key())
    return OutsideDocument.list_key(address, spki, about_authorities=claims_of(certificate).is_authority)


def _is_outside(address: str) -> bool:
    """What this portal publishes comes from its database, never over the network."""
    return len(address) <= _LONGEST and not address.startswith(f"{settings.PUBLISH_BASE_URL}/pki/")
