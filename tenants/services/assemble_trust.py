"""What the forest brings to a judgement: its roots, the issuers it knows, the newest lists at hand."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from django.db.models import Max

from pki.crl import Crl
from pki.trust import Trust, TrustAnchor
from tenants.models import CrlPublication, ForeignCrl, Generation, KnownCertificate, MailDomain, TrustRoot
from tenants.models.trust import TrustState
from tenants.scoping import current_tenant_id
from tenants.services.pull_publications import MOST_LEARNED, PUBLISHED

# Of the own issuers, of those that this portal publishes, and of lists of either: far above what a portal holds.
MOST_ISSUERS = 2000


def assemble_trust() -> Trust:
    """Inside an open scope. The values may leave it."""
    own_domains = _own_domains()
    anchors = tuple(_anchor(row, own_domains) for row in TrustRoot.objects.believed())
    published = CrlPublication.objects.newest_of_each()
    lists = [bytes(der) for der in published.values_list("der", flat=True)[:MOST_ISSUERS]]
    foreign = ForeignCrl.objects.order_by("-this_update")
    lists += [bytes(der) for der in foreign.values_list("der", flat=True)[:MOST_ISSUERS]]
    issuers = tuple(_certificate(der) for der in _issuers())
    return Trust(anchors, issuers, tuple(parsed_list(der) for der in lists))


def _issuers() -> list[bytes]:
    """Candidates for paths, best known first, as the search tries equals in this order: own, published here, learned."""
    own = Generation.objects.order_by("-not_before")
    known = KnownCertificate.objects.order_by("learned_at", "id")
    kinds = (
        own.values_list("der", flat=True)[:MOST_ISSUERS],
        known.filter(source=PUBLISHED).values_list("der", flat=True)[:MOST_ISSUERS],
        known.exclude(source=PUBLISHED).values_list("der", flat=True)[:MOST_LEARNED],
    )
    return [bytes(der) for kind in kinds for der in kind]


def _own_domains() -> tuple[str, ...]:
    names = MailDomain.objects.filter(tenant_id=current_tenant_id()).values_list("name", flat=True)
    return tuple(entry for name in names for entry in (name, f".{name}"))


def _anchor(row: TrustRoot, own_domains: tuple[str, ...]) -> TrustAnchor:
    """For the forest's own domains and what lies below them only its own roots are heard, whatever was decided."""
    excluded = () if row.state == TrustState.OWN else own_domains
    return TrustAnchor(
        _certificate(bytes(row.der)), tuple(row.domains), row.label, row.organisation, excluded
    )


def last_trust_change() -> object:
    """When the forest last changed what it believes (None: never). Verdicts from before are to be made anew."""
    return TrustRoot.objects.aggregate(at=Max("decided_at"))["at"]


@lru_cache(maxsize=2048)
def _certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


@lru_cache(maxsize=256)
def parsed_list(der: bytes) -> Crl:
    """Parsed and indexed once per process, not once per letter."""
    return Crl.parse(der)
