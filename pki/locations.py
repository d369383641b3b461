"""Where a certificate says that its issuer and the lists about it are published (RFC 5280 §4.2.1.13, §4.2.2.1).

Claims of whoever made the certificate: nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from .extensions import find
from .parsing import PARSE_ERRORS


def issuer_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Web addresses of the issuer's certificates, as written; none where the extension cannot be read."""
    try:
        access = find(certificate, x509.AuthorityInformationAccess) or ()
        wanted = [
            e.access_location for e in access if e.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        ]
        return tuple(_web_addresses(wanted))
    except PARSE_ERRORS:
        return ()


def list_addresses(certificate: x509.Certificate) -> tuple[tuple[str, ...], ...]:
    """For each distribution point the web addresses of the same list; points of another issuer's lists are left out."""
    try:
        points = find(certificate, x509.CRLDistributionPoints) or ()
        found = [tuple(_web_addresses(point.full_name or ())) for point in points if not point.crl_issuer]
    except PARSE_ERRORS:
        return ()
    return tuple(addresses for addresses in found if addresses)


def _web_addresses(names: Iterable[x509.GeneralName]) -> Iterable[str]:
    for name in names:
        if isinstance(name, x509.UniformResourceIdentifier):
            scheme = name.value.partition(":")[0].lower()
            if scheme in ("http", "https"):
                yield name.value
