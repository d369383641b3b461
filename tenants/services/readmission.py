"""Who may not enrol by themselves: whoever's certificate was revoked because they should not have one any more.

An administrator lets them in again, by `allow_enrolment` or with `start_over`.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from pki.crl import Reason
from tenants.access import Actor
from tenants.models import Person, Revocation
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope

# RFC 5280 §5.3.1: the person, not the key, was the reason.
BARRING = (Reason.PRIVILEGE_WITHDRAWN, Reason.AFFILIATION_CHANGED, Reason.CESSATION_OF_OPERATION)


def barring_revocation(person: Person) -> Revocation | None:
    """The newest revocation that keeps the person from enrolling; None if they may. Inside a scope."""
    found = Revocation.objects.filter(
        certificate__person=person, reason__in=[reason.value for reason in BARRING]
    )
    if person.enrolment_allowed_at is not None:
        found = found.filter(revoked_at__gt=person.enrolment_allowed_at)
    return found.order_by("-revoked_at").first()


def enrolment_barred() -> Refused:
    """The refusal that the person reads."""
    return refuse(
        "enrolment-barred",
        "Your certificate was revoked, and new ones are not issued to you without an administrator’s consent.",
        remedy="Ask your administrator: on your page among the people they can allow new certificates.",
        owner="administrator",
    )


def allow_enrolment(actor: Actor, person_id: uuid.UUID, at: datetime) -> Person:
    """Let the person ask for new certificates, under the PIN they have. Raises Refused, Person.DoesNotExist."""
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator manages people.", owner="administrator")
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.get(id=person_id)
        person.enrolment_allowed_at = at
        person.save(update_fields=["enrolment_allowed_at"])
    return person
