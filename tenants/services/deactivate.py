"""Keep somebody out who leaves, and tell the world: their certificates are revoked in the same transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from pki.crl import Reason
from tenants.access import Actor
from tenants.models import Certificate, Person
from tenants.scoping import tenant_scope
from tenants.services.add_person import record_access
from tenants.services.revoke import record_revocation


def deactivate(actor: Actor, person_id: uuid.UUID, at: datetime, *, revoke: bool) -> tuple[Person, int]:
    """The person, and how many certificates were revoked (cessationOfOperation). Raises Refused, Person.DoesNotExist.

    What waits for the authority is refused when its turn comes (`issue`); an issue that is under way either was recorded
    before the person's row was locked here, and its certificate is revoked with the others, or is refused after it.
    """
    with tenant_scope(actor.tenant_id, write=True):
        person = record_access(actor, person_id, active=False)
        rows = list(Certificate.objects.issued_here().filter(person=person).unrevoked(at)) if revoke else []
        for row in rows:
            record_revocation(actor, row, Reason.CESSATION_OF_OPERATION, at)
    return person, len(rows)
