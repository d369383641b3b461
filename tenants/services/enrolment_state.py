"""How far a person's enrolment is: nothing yet, under way, waiting, refused, barred, or done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pki.findings import Finding
from tenants.access import Actor
from tenants.models import CustodyKey, Enrolment, Person
from tenants.models.certificates import EnrolmentState, EnrolmentStep
from tenants.scoping import tenant_scope
from tenants.services.enrol import missing_codes
from tenants.services.enrolment_failures import Failure, failure_of, unanswered
from tenants.services.readmission import barring_revocation, enrolment_barred

# A worker answers within seconds; after this long, nobody is working.
PATIENCE = timedelta(minutes=2)


class Stage(StrEnum):
    FORM = "form"
    WORKING = "working"
    WAITING = "waiting"
    FAILED = "failed"
    BARRED = "barred"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """`has_pin`: the keys are protected already, so a certificate that is missing is asked for under the same PIN.

    `failure`: why it ended, or, while it waits, what it waits for; `next_try_at`: when it is tried again by itself.
    """

    stage: Stage
    has_pin: bool
    failure: Failure | None = None
    next_try_at: datetime | None = None

    @property
    def refusal(self) -> Finding | None:
        return None if self.failure is None else self.failure.finding


def enrolment_state(actor: Actor, at: datetime) -> Progress:
    """What the enrolment page shows. Opens a scope of its own. A renewal under way is no matter of this page."""
    with tenant_scope(actor.tenant_id):
        if not CustodyKey.objects.current().filter(person_id=actor.person_id).exists():
            return Progress(Stage.FORM, has_pin=False)
        missing = missing_codes(actor.person_id, at)
        if not missing:
            return Progress(Stage.DONE, has_pin=True)
        wishes = Enrolment.objects.filter(person_id=actor.person_id, template__code__in=missing)
        waiting = list(wishes.waiting().order_by("-refusal", "asked_at"))
        if waiting:
            return _waiting(waiting[0], at)
        if barring_revocation(Person.objects.get(id=actor.person_id)) is not None:
            barred = Failure(EnrolmentStep.PERSON, enrolment_barred().finding)
            return Progress(Stage.BARRED, has_pin=True, failure=barred)
        newest = wishes.order_by("-asked_at").values_list("asked_at", flat=True)[:1]
        refused = wishes.filter(state=EnrolmentState.REFUSED, asked_at__in=list(newest)).first()
    if refused is None:
        return Progress(Stage.FORM, has_pin=True)
    return Progress(Stage.FAILED, has_pin=True, failure=failure_of(refused))


def _waiting(wish: Enrolment, at: datetime) -> Progress:
    """Working, or standing still for a reason that somebody else can change."""
    failure = failure_of(wish)
    if failure is None and wish.asked_at + PATIENCE < at:
        failure = unanswered()
    stage = Stage.WORKING if failure is None else Stage.WAITING
    return Progress(stage, has_pin=True, failure=failure, next_try_at=wish.next_try_at)
