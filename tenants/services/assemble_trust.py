"""What the forest brings to a judgement: its roots, the issuers it knows, the newest lists at hand.

The same values are handed out as long as nothing of it has changed, so that verdicts reached with them are remembered
(`pki.memo`) until the next list or decision.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from cryptography import x509
from django.db.models import Max

from pki.crl import Crl
from pki.trust import EVERY_USE, Trust, TrustAnchor, Use
from tenants.models import (
    CrlPublication,
    CrossCertificate,
    ForeignCrl,
    Generation,
    KnownCertificate,
    MailDomain,
    OutsideDocument,
    TrustRoot,
)
from tenants.models.trust import DocumentKind, TrustState
from tenants.scoping import TenantQuerySet, current_tenant_id
from tenants.services.pull_publications import MOST_LEARNED, PUBLISHED

# Of the own issuers, of those that this portal publishes, and of lists of either: far above what a portal holds.
MOST_ISSUERS = 2000
MOST_FORESTS = 64  # whose values a process keeps
MOST_LISTS = 512  # that a process keeps parsed
A_QUERY = 400  # digests named in one query

Manifest: TypeAlias = tuple[Any, ...]

_turn = threading.Lock()
_assembled: dict[uuid.UUID, tuple[Manifest, Trust]] = {}
_parsed: dict[bytes, Crl] = {}


def assemble_trust() -> Trust:
    """Inside an open scope. The values may leave it."""
    roots = list(TrustRoot.objects.believed().order_by("id"))
    own_domains = _own_domains()
    own_lists, foreign_lists, unreachable = _own_lists(), _foreign_lists(), _unreachable()
    unmarked = _unmarked_lists()
    manifest: Manifest = (
        own_domains,
        tuple(_terms(root) for root in roots),
        tuple(_digests(Generation.objects.order_by("-not_before", "id"))),
        KnownCertificate.objects.count(),  # its rows are added, never changed
        own_lists,
        foreign_lists,
        tuple(crl.sha256 for crl in unmarked),
        unreachable,
    )
    with _turn:
        held = _assembled.get(current_tenant_id())
    if held is not None and held[0] == manifest:
        return held[1]
    trust = Trust(
        tuple(_anchor(root, own_domains) for root in roots),
        tuple(_certificate(der) for der in _issuers()),
        (
            *_lists(CrlPublication.objects.all(), own_lists),
            *_lists(ForeignCrl.objects.all(), foreign_lists),
            *unmarked,
        ),
        unreachable,
    )
    with _turn:
        if len(_assembled) >= MOST_FORESTS:
            _assembled.clear()
        _assembled[current_tenant_id()] = manifest, trust
    return trust


def _terms(root: TrustRoot) -> Manifest:
    """Everything about a believed root that a verdict depends on or shows."""
    return (
        bytes(root.sha256),
        tuple(root.domains),
        root.state,
        root.label,
        root.organisation,
        root.for_signing,
        root.for_encryption,
        root.begins_at,
        root.ends_at,
    )


def _digests(rows: TenantQuerySet[Any]) -> Iterable[bytes]:
    return (bytes(sha256) for sha256 in rows.values_list("sha256", flat=True))


def _own_lists() -> tuple[bytes, ...]:
    return tuple(_digests(CrlPublication.objects.newest_of_each().order_by("id")[:MOST_ISSUERS]))


def _foreign_lists() -> tuple[bytes, ...]:
    return tuple(
        _digests(ForeignCrl.objects.exclude(sha256=b"").order_by("-this_update", "id")[:MOST_ISSUERS])
    )


def _unmarked_lists() -> tuple[Crl, ...]:
    """Those that were kept before their digests were."""
    return tuple(
        parsed_list(bytes(der)) for der in ForeignCrl.objects.filter(sha256=b"").values_list("der", flat=True)
    )


def _unreachable() -> frozenset[bytes]:
    """Lists that no address gave anew when they were last asked for."""
    kept = OutsideDocument.objects.filter(kind=DocumentKind.LIST, list_sha256__isnull=False)
    asked = [
        (bytes(sha256 or b""), failures) for sha256, failures in kept.values_list("list_sha256", "failures")
    ]
    there = {sha256 for sha256, failures in asked if not failures}
    return frozenset(sha256 for sha256, failures in asked if failures) - there


def _lists(rows: TenantQuerySet[Any], wanted: Sequence[bytes]) -> Iterable[Crl]:
    """Each list is read and indexed once in a process, not once for every letter."""
    found = {sha256: _parsed[sha256] for sha256 in wanted if sha256 in _parsed}
    missing = [sha256 for sha256 in wanted if sha256 not in found]
    for start in range(0, len(missing), A_QUERY):
        chosen = rows.filter(sha256__in=missing[start : start + A_QUERY])
        found |= {bytes(sha256): Crl.parse(bytes(der)) for sha256, der in chosen.values_list("sha256", "der")}
    with _turn:
        if len(_parsed) + len(missing) > MOST_LISTS:
            _parsed.clear()
        _parsed.update((sha256, found[sha256]) for sha256 in missing[:MOST_LISTS] if sha256 in found)
    return (found[sha256] for sha256 in wanted if sha256 in found)


def _issuers() -> list[bytes]:
    """Candidates for paths, best known first, as the search tries equals in this order: own, published here, learned."""
    own = Generation.objects.order_by("-not_before")
    known = KnownCertificate.objects.order_by("learned_at", "id")
    crossed = CrossCertificate.objects.order_by("published_at", "id")
    kinds = (
        own.values_list("der", flat=True)[:MOST_ISSUERS],
        crossed.values_list("der", flat=True)[:MOST_ISSUERS],
        known.filter(source=PUBLISHED).values_list("der", flat=True)[:MOST_ISSUERS],
        known.exclude(source=PUBLISHED).values_list("der", flat=True)[:MOST_LEARNED],
    )
    return [bytes(der) for kind in kinds for der in kind]


def _own_domains() -> tuple[str, ...]:
    names = (
        MailDomain.objects.filter(tenant_id=current_tenant_id())
        .order_by("name")
        .values_list("name", flat=True)
    )
    return tuple(entry for name in names for entry in (name, f".{name}"))


def _anchor(row: TrustRoot, own_domains: tuple[str, ...]) -> TrustAnchor:
    """For the forest's own domains and what lies below them only its own roots are heard, whatever was decided."""
    excluded = () if row.state == TrustState.OWN else own_domains
    return TrustAnchor(
        _certificate(bytes(row.der)),
        tuple(row.domains),
        row.label,
        row.organisation,
        excluded,
        uses_of(row),
        row.begins_at,
        row.ends_at,
    )


def uses_of(row: TrustRoot) -> frozenset[Use]:
    """What a root is believed about."""
    given: dict[Use, bool] = {"signing": row.for_signing, "encryption": row.for_encryption}
    return frozenset(use for use in EVERY_USE if given[use])


def last_trust_change() -> datetime | None:
    """When the forest last changed what it believes (None: never). Verdicts from before are to be made anew."""
    changed: datetime | None = TrustRoot.objects.aggregate(at=Max("decided_at"))["at"]
    return changed


def last_arrival() -> datetime | None:
    """When a document from outside last changed what is known. Verdicts from before that wait for one are made anew."""
    changed: datetime | None = OutsideDocument.objects.aggregate(at=Max("changed_at"))["at"]
    return changed


@lru_cache(maxsize=2048)
def _certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


@lru_cache(maxsize=256)
def parsed_list(der: bytes) -> Crl:
    """Parsed and indexed once per process, not once per page."""
    return Crl.parse(der)
