"""Learn another forest's authority certificates and lists (each relying forest pulls in its own scope)."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from cryptography import x509

from pki import keys
from pki.crl import Crl
from pki.errors import PkiError
from pki.foreign_lists import check_received
from pki.parsing import load_certificate
from tenants import clock, due_work, public
from tenants.models import ForeignCrl, KnownCertificate
from tenants.scoping import tenant_scope

PUBLISHED = "published in this portal"
# Issuers from letters and files, which outsiders write: so many a forest keeps, and so many of one name.
MOST_LEARNED = 500
MOST_OF_ONE_NAME = 10


@due_work.due_work("pull_publications", queue="fetch")
def pull_publications(tenant_id: uuid.UUID, publisher_id: uuid.UUID) -> datetime | None:
    """Keep what the publisher's forest has published. A list is kept only if its issuer's key verifies it."""
    published = public.publications(publisher_id)
    at = clock.now()
    with tenant_scope(tenant_id, write=True):
        for issuer_der, crl_ders in published.issuers:
            keep_certificate(issuer_der, PUBLISHED, at)
            for crl_der in crl_ders:
                keep_list(crl_der, load_certificate(issuer_der), PUBLISHED, at)
    return None


def keep_certificate(der: bytes, source: str, at: datetime) -> None:
    """Remember an authority certificate as a candidate for paths, inside the write scope.

    Only what is published here, or lies on a path that was verified up to a believed root, should come here: candidates
    that lead nowhere crowd out those that do. Beyond the share of what is not published, nothing more is kept.
    """
    sha256 = hashlib.sha256(der).digest()
    if KnownCertificate.objects.filter(sha256=sha256).exists():
        return
    subject_sha256 = hashlib.sha256(load_certificate(der).subject.public_bytes()).digest()
    if source != PUBLISHED and not _has_room(subject_sha256):
        return
    KnownCertificate.objects.get_or_create(
        sha256=sha256,
        defaults={"der": der, "subject_sha256": subject_sha256, "source": source, "learned_at": at},
    )


def _has_room(subject_sha256: bytes) -> bool:
    learned = KnownCertificate.objects.exclude(source=PUBLISHED)
    of_one_name = learned.filter(subject_sha256=subject_sha256).count()
    return of_one_name < MOST_OF_ONE_NAME and learned.count() < MOST_LEARNED


def keep_list(der: bytes, issuer: x509.Certificate, source: str, at: datetime) -> bool:
    """Keep a list if its issuer's key verifies it and it may follow the one at hand. Inside the write scope."""
    try:
        receive_list(Crl.parse(der), issuer, source, at)
    except PkiError:
        return False
    return True


def receive_list(
    crl: Crl, issuer: x509.Certificate, source: str, at: datetime, certificate: x509.Certificate | None = None
) -> bool:
    """Put a list in the place of the one at hand of its issuer and scope; says whether it is another one.

    `certificate`: see `pki.foreign_lists.check_received`. Raises CrlRefusal, MalformedInput: then nothing was replaced.
    Inside the write scope.
    """
    spki = keys.spki_sha256(issuer.public_key())
    of_issuer = ForeignCrl.objects.filter(issuer_spki_sha256=spki)
    held = of_issuer.filter(scope_sha256=crl.scope_sha256).first()
    known = None if held is None else Crl.parse(bytes(held.der))
    check_received(crl, known, issuer=issuer, certificate=certificate, at=at)
    ForeignCrl.objects.update_or_create(
        issuer_spki_sha256=spki,
        scope_sha256=crl.scope_sha256,
        defaults={
            "der": crl.der,
            "sha256": crl.sha256,
            "number": crl.number,
            "this_update": crl.this_update,
            "next_update": crl.next_update,
            "source": source[:200],
            "fetched_at": at,
        },
    )
    if source == PUBLISHED and crl.scope_sha256:
        # The one list of this issuer has become several: what it said is now theirs to say, releases too.
        of_issuer.filter(scope_sha256=b"", number__lt=crl.number).delete()
    return known is None or known.sha256 != crl.sha256
