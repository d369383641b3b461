"""Lists of earlier years for certificates that have ended: the last list of a certificate's life names all that was ever
revoked in it, and later ones no longer do (RFC 5280 §3.3).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from pki.crl import Crl
from pki.errors import PkiError
from tenants.public import list_in_force

MOST_RECALLED = 8
# The address as `found_forest.publication` writes it; the host may have changed in the years.
_ADDRESS = re.compile(r"/pki/([0-9a-f]{32})/([0-9a-f]{32})(?:-([1-9][0-9]{0,2}))?\.crl")


def recall_lists(certificates: Iterable[x509.Certificate], at: datetime) -> tuple[Crl, ...]:
    """From this portal's archives, unverified: the judgement checks their signatures. Opens the publishers' scopes."""
    ended = [one for one in certificates if one.not_valid_after_utc <= at][:MOST_RECALLED]
    wanted = {(where, one.not_valid_after_utc): None for one in ended for where in _addresses(one)}
    found = (list_in_force(*where, until) for where, until in list(wanted)[:MOST_RECALLED])
    return tuple(crl for kept in found if kept is not None and (crl := _parsed(kept.der)) is not None)


def _addresses(certificate: x509.Certificate) -> Iterable[tuple[uuid.UUID, uuid.UUID, int]]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return
    for name in (name for point in points for name in point.full_name or ()):
        if isinstance(name, x509.UniformResourceIdentifier):
            match = _ADDRESS.fullmatch(_path(name.value))
            if match:
                yield uuid.UUID(hex=match[1]), uuid.UUID(hex=match[2]), int(match[3] or 0)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _parsed(der: bytes) -> Crl | None:
    try:
        return Crl.parse(der)
    except PkiError:
        return None
