"""Judge a certificate now, by itself, with everything the forest believes and knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.claims import claims_of
from pki.crl import Crl
from pki.memo import judge_once
from pki.path import PathResult
from pki.revocation import Good
from tenants.access import Actor
from tenants.models import CrlPublication, ForeignCrl, Generation, KnownCertificate, TrustRoot
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.fetched_issuers import fetched_issuers
from tenants.services.found_forest import publication
from tenants.services.want_documents import want_documents


@dataclass(frozen=True)
class Judged:
    """The verdict, where each certificate of the path came from (by SHA-256) and each list (by its DER's SHA-256)."""

    path: PathResult
    sources: Mapping[bytes, str]
    list_sources: Mapping[bytes, str]
    roots: Mapping[bytes, TrustRoot]


def judge_certificate(
    actor: Actor, certificate: x509.Certificate, at: datetime, *, offered: Sequence[x509.Certificate] = ()
) -> Judged:
    """The verdict on a certificate at this moment. `offered`: issuers that came along with it, in a letter or file.

    What the verdict lacks is asked for.
    """
    with tenant_scope(actor.tenant_id):
        trust = assemble_trust()
    fetched = fetched_issuers(actor.tenant_id, (certificate, *offered))
    result = judge_once(
        leaf=certificate,
        trust=trust,
        at=at,
        offered=(*offered, *fetched),
        purpose="email" if claims_of(certificate).mailboxes else "any",
    )
    want_documents(actor.tenant_id, [result], at)
    with tenant_scope(actor.tenant_id):
        sources, roots = _sources([sha256_of(one) for one in result.path])
        used = list_sources(result)
    return Judged(result, sources, used, roots)


def sha256_of(certificate: x509.Certificate) -> bytes:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def _sources(shown: Sequence[bytes]) -> tuple[dict[bytes, str], dict[bytes, TrustRoot]]:
    known = KnownCertificate.objects.filter(sha256__in=shown)
    sources = {bytes(sha): source for sha, source in known.values_list("sha256", "source")}
    own = Generation.objects.filter(sha256__in=shown)
    sources |= {bytes(sha): "" for sha in own.values_list("sha256", flat=True)}
    roots = {bytes(root.sha256): root for root in TrustRoot.objects.all()}
    return sources, roots


def list_sources(result: PathResult) -> dict[bytes, str]:
    """Where each list that a judgement rests on came from, by its DER's SHA-256. Inside an open scope."""
    lists = result.revocation.lists if isinstance(result.revocation, Good) else ()
    return {bytes(crl.sha256): _list_source(crl) for crl in lists}


def _list_source(crl: Crl) -> str:
    own = CrlPublication.objects.filter(sha256=crl.sha256).first()
    if own is not None:
        return publication(own.tenant_id, own.generation_id).crl_url
    candidates = ForeignCrl.objects.filter(this_update=crl.this_update)
    return next((row.source for row in candidates if bytes(row.der) == crl.der), "")
