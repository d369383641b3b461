"""Put an algorithm policy into force (authority worker): new template versions, then new certificates for whoever needs one.

On the policy's day the handler publishes a version of each template that it changes, and asks for the successor of
every certificate whose key is of another kind, a batch at a time. The old certificates stay valid beside their
successors until they end by themselves, so nobody is without one at any instant. It comes back every day for as long as
its policy is in force: for whoever was refused, or whom a later change of hands brought along.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from pki.keys import KeyType
from tenants import clock, due_work
from tenants.models import AlgorithmPolicy, Certificate, Enrolment, Template
from tenants.models.certificates import EnrolmentState
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.newest_certificates import newest_of
from tenants.services.policy_template import publish_for
from tenants.services.renew import ASK_AGAIN, renew

BATCH = 100  # orders at a time: other forests' revocations pass between two batches
PAUSE = timedelta(seconds=5)


@due_work.due_work("rotate", queue="authority")
def rotate(tenant_id: uuid.UUID, policy_id: uuid.UUID) -> datetime | None:
    """Act on one policy. Safe to run twice: it looks at what is there, never at what it did."""
    at = clock.now()
    with tenant_scope(tenant_id, write=True):
        policy = AlgorithmPolicy.objects.in_force(at).first()
        if policy is None or policy.id != policy_id:
            return None  # a later decision counts, and has a row of its own
        published = {code: publish_for(policy, code, key_type, at) for code, key_type in policy.keys.items()}
    with tenant_scope(tenant_id):
        due = [
            (row, template)
            for code, template in published.items()
            if template is not None
            for row in due_for(code, policy.keys[code], at)
        ]
    for row, template in due[:BATCH]:
        _ask(tenant_id, row, template, at)
    return at + (PAUSE if len(due) > BATCH else ASK_AGAIN)


def due_for(code: str, key_type: KeyType, at: datetime) -> list[Certificate]:
    """Certificates of other kinds of key that nothing is under way for. Inside a scope."""
    rows = [row for row in newest_of(code, at) if row.key_description != key_type.spoken]
    asked = Enrolment.objects.filter(replaces__in=[row.id for row in rows])
    lately = asked.filter(state=EnrolmentState.REFUSED, done_at__gt=at - ASK_AGAIN)
    busy = {
        *asked.waiting().values_list("replaces_id", flat=True),
        *lately.values_list("replaces_id", flat=True),
    }
    return [row for row in rows if row.id not in busy]


def _ask(tenant_id: uuid.UUID, row: Certificate, template: Template, at: datetime) -> None:
    with tenant_scope(tenant_id, write=True):
        try:
            renew(row, template, at)
        except Refused:
            return  # the person left or started over meanwhile; the board counts them as still to go
