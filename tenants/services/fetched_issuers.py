"""The issuers that were fetched for certificates at hand: candidates for the paths of these, and of nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.formats import read_certificates
from pki.locations import issuer_addresses
from tenants.models import OutsideDocument
from tenants.scoping import tenant_scope

DEEPEST = 8


def fetched_issuers(
    tenant_id: uuid.UUID, certificates: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Climbs from the certificates through what was fetched for each. Opens a scope; asks nobody."""
    found: dict[x509.Certificate, None] = {}
    level = list(dict.fromkeys(certificates))
    with tenant_scope(tenant_id):
        for _ in range(DEEPEST):
            keys = [key for certificate in level for key in _keys(certificate)]
            rows = OutsideDocument.objects.filter(key__in=keys, content__isnull=False)
            contents = list(rows.values_list("content", flat=True)) if keys else []
            level = [
                c for content in contents for c in read_certificates(bytes(content or b"")) if c not in found
            ]
            if not level:
                break
            found.update(dict.fromkeys(level))
    return tuple(found)


def _keys(certificate: x509.Certificate) -> Iterable[bytes]:
    der = certificate.public_bytes(Encoding.DER)
    return (OutsideDocument.issuer_key(address, der) for address in issuer_addresses(certificate))
