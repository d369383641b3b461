"""Learn missing issuers from the addresses in certificates (AIA, RFC 5280 §4.2.2.1) that this portal publishes.

Addresses elsewhere are not fetched here: opening a letter never waits for the network.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from django.conf import settings

from tenants import public
from tenants.models import KnownCertificate
from tenants.scoping import tenant_scope
from tenants.services.pull_publications import PUBLISHED, keep_certificate

DEEPEST = 8


def learn_issuers(tenant_id: uuid.UUID, certificates: Iterable[x509.Certificate], at: datetime) -> bool:
    """Follow the addresses upwards and keep what is found as candidates for paths; says whether anything was new."""
    found: dict[bytes, None] = {}
    level = list(certificates)
    for _ in range(DEEPEST):
        ders = {der for certificate in level for der in _published_issuers(certificate)} - found.keys()
        if not ders:
            break
        found.update(dict.fromkeys(ders))
        level = [x509.load_der_x509_certificate(der) for der in ders]
    if not found:
        return False
    with tenant_scope(tenant_id, write=True):
        before = KnownCertificate.objects.count()
        for der in found:
            keep_certificate(der, PUBLISHED, at)
        return KnownCertificate.objects.count() > before


def _published_issuers(certificate: x509.Certificate) -> Iterable[bytes]:
    pattern = re.compile(
        re.escape(f"{settings.PUBLISH_BASE_URL}/pki/") + r"([0-9a-f]{32})/([0-9a-f]{32})\.cer"
    )
    for address in _issuer_addresses(certificate):
        match = pattern.fullmatch(address)
        if match:
            der = public.issuer_certificate(uuid.UUID(hex=match[1]), uuid.UUID(hex=match[2]))
            if der is not None:
                yield der


def _issuer_addresses(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return []
    return [
        entry.access_location.value
        for entry in access
        if entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(entry.access_location, x509.UniformResourceIdentifier)
    ]
