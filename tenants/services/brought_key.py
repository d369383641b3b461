"""A signing certificate of another authority that the person brought along: used if nothing was issued here, and only
while its path holds here and it names the person's own address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.claims import claims_of
from pki.names import same_mailbox
from pki.verdicts import Verdict
from tenants.access import Actor
from tenants.models import Certificate
from tenants.scoping import tenant_scope
from tenants.services.judge_certificate import judge_certificate
from tenants.services.mail_keys import SealedKey

MOST_JUDGED = 5


@dataclass(frozen=True)
class BroughtKey:
    """`issuers`: the verified path between the certificate and its root, to send along."""

    key: SealedKey
    row: Certificate
    issuers: tuple[x509.Certificate, ...]


def brought_signing_key(actor: Actor, at: datetime) -> BroughtKey | None:
    """The newest that may be signed with now. Opens scopes of its own."""
    with tenant_scope(actor.tenant_id):
        mine = Certificate.objects.filter(person_id=actor.person_id, generation__isnull=True)
        rows = list(mine.with_key().current(at).signing().select_related("mail_key")[:MOST_JUDGED])
    for row in rows:
        if not any(same_mailbox(actor.address, named) for named in claims_of(row.certificate).mailboxes):
            continue
        judged = judge_certificate(actor, row.certificate, at).path
        if judged.verdict is Verdict.GOOD:
            key = SealedKey(row.id, row.certificate, bytes(row.mail_key.sealed))
            return BroughtKey(key, row, tuple(judged.path[1:-1]))
    return None
