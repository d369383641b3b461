"""Start a person over with new keys, when the PIN was forgotten: the way out that loses no more than the PIN did.

The certificates are revoked, so that nobody encrypts to a key that its owner cannot open. The custody pair and the keys
sealed to it are retired and never destroyed. The person then enrols as if for the first time.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from pki.crl import Reason
from tenants.access import Actor
from tenants.models import Certificate, CustodyKey, Enrolment, MailKey, Person, UnlockedKey
from tenants.models.certificates import EnrolmentState
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.revoke import record_revocation


def start_over(actor: Actor, person_id: uuid.UUID, at: datetime) -> Person:
    """Revoke what is in use (superseded), retire the keys, let the person enrol. Raises Refused, Person.DoesNotExist."""
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator manages people.", owner="administrator")
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.select_for_update(of=("self",)).get(id=person_id)
        retired = CustodyKey.objects.current().filter(person=person).update(retired_at=at)
        if not retired:
            raise refuse(
                "not-enrolled",
                f"{person.name} has not chosen a PIN yet; there is nothing to start over.",
                remedy="They choose one after signing in.",
            )
        # First: a worker that has a certificate ready finds its order withdrawn, or has handed it in before this.
        Enrolment.objects.filter(person=person, state=EnrolmentState.WAITING).update(
            state=EnrolmentState.REFUSED, refusal="You were started over with new keys.", done_at=at
        )
        for row in Certificate.objects.issued_here().filter(person=person).unrevoked(at):
            record_revocation(actor, row, Reason.SUPERSEDED, at)
        MailKey.objects.openable().filter(person=person).update(retired_at=at)
        UnlockedKey.objects.filter(person=person).delete()
        person.enrolment_allowed_at = at
        person.save(update_fields=["enrolment_allowed_at"])
    return person
