"""Find a certificate that the forest holds by its fingerprint, and say where it came from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from tenants.models import Certificate, Generation, Hold, KnownCertificate, Revocation, TrustRoot
from tenants.services.list_certificates import describe


class Origin(StrEnum):
    PERSON = "person"
    AUTHORITY = "authority"
    TRUST_ROOT = "trust-root"
    LEARNED = "learned"


@dataclass(frozen=True)
class HeldCertificate:
    """A certificate of the forest. May leave the scope. `person_id`, `revocation` and `hold` only for people's.

    `published`: the number of the current list, if it names the certificate.
    """

    certificate: x509.Certificate
    origin: Origin
    note: str = ""
    person_id: uuid.UUID | None = None
    revocation: Revocation | None = None
    hold: Hold | None = None
    published: int | None = None


def find_certificate(sha256: bytes, at: datetime) -> HeldCertificate | None:
    """Look among people's certificates, authorities, trust roots and learned ones. Inside a scope."""
    person = Certificate.objects.filter(sha256=sha256).select_related("revocation").first()
    if person is not None:
        (line,) = describe([person], at)
        return HeldCertificate(
            person.certificate,
            Origin.PERSON,
            "",
            person.person_id,
            line.revocation,
            line.hold,
            line.published,
        )
    generation = Generation.objects.filter(sha256=sha256).first()
    if generation is not None:
        return HeldCertificate(generation.certificate, Origin.AUTHORITY)
    root = TrustRoot.objects.filter(sha256=sha256).first()
    if root is not None:
        return HeldCertificate(root.certificate, Origin.TRUST_ROOT, root.get_state_display())
    known = KnownCertificate.objects.filter(sha256=sha256).first()
    if known is not None:
        return HeldCertificate(x509.load_der_x509_certificate(bytes(known.der)), Origin.LEARNED, known.source)
    return None
