"""When a correspondent's new certificate takes the place of a known one without a question.

A known certificate that is revoked or has expired protects nobody any more: to ask whether it should stay in use would
be a false alarm. A good one of the same person, for the same purpose, then follows it. While the known one is usable,
its owner's correspondent decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mail.models import ContactCertificate
from pki.path import Failure, Verdict, validate
from pki.trust import Trust
from tenants.access import Actor
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class Succession:
    """SHA-256 of known certificates that have ended, and of new ones that are good now."""

    ended: frozenset[bytes] = frozenset()
    good: frozenset[bytes] = frozenset()

    def follows(self, new: bytes, known: Iterable[bytes]) -> bool:
        """Whether the new one takes the place of all of these, at least one."""
        named = {bytes(sha256) for sha256 in known}
        return bool(named) and named <= self.ended and new in self.good


def judge_succession(
    actor: Actor, address: str, new: Iterable[x509.Certificate], trust: Trust, at: datetime
) -> Succession:
    """Judged before anything is written. Opens a read scope."""
    with tenant_scope(actor.tenant_id):
        held = ContactCertificate.objects.in_use().filter(
            contact__person_id=actor.person_id, contact__address=address.lower()
        )
        known = [row.certificate for row in held]
    if not known:
        return Succession()
    return Succession(
        frozenset(sha256_of(c) for c in known if has_ended(c, trust, address, at)),
        frozenset(sha256_of(c) for c in new if _is_good(c, trust, address, at)),
    )


def has_ended(certificate: x509.Certificate, trust: Trust, address: str, at: datetime) -> bool:
    """Revoked or past its end: not merely in doubt, and not merely under a root that is not believed."""
    if certificate.not_valid_after_utc < at:
        return True
    return validate(leaf=certificate, trust=trust, at=at, address=address).failure is Failure.REVOKED


def _is_good(certificate: x509.Certificate, trust: Trust, address: str, at: datetime) -> bool:
    return validate(leaf=certificate, trust=trust, at=at, address=address).verdict is Verdict.GOOD


def sha256_of(certificate: x509.Certificate) -> bytes:
    """As contacts keep it."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
