"""How far a person's enrolment is: nothing yet, waiting for the authority, refused, in need of consent, or done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pki.findings import Finding, error
from tenants.access import Actor
from tenants.models import CustodyKey, Enrolment, Person
from tenants.models.certificates import EnrolmentState
from tenants.scoping import tenant_scope
from tenants.services.enrol import missing_codes
from tenants.services.readmission import barring_revocation, enrolment_barred


class Stage(StrEnum):
    FORM = "form"
    WORKING = "working"
    FAILED = "failed"
    BARRED = "barred"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """`has_pin`: the keys are protected already, so a certificate that is missing is asked for under the same PIN."""

    stage: Stage
    has_pin: bool
    refusal: Finding | None = None


def enrolment_state(actor: Actor, at: datetime) -> Progress:
    """What the enrolment page shows. Opens a scope of its own."""
    with tenant_scope(actor.tenant_id):
        if not CustodyKey.objects.current().filter(person_id=actor.person_id).exists():
            return Progress(Stage.FORM, has_pin=False)
        wishes = Enrolment.objects.filter(person_id=actor.person_id)
        if wishes.filter(state=EnrolmentState.WAITING).exists():
            return Progress(Stage.WORKING, has_pin=True)
        if not missing_codes(actor.person_id, at):
            return Progress(Stage.DONE, has_pin=True)
        if barring_revocation(Person.objects.get(id=actor.person_id)) is not None:
            return Progress(Stage.BARRED, has_pin=True, refusal=enrolment_barred().finding)
        newest = wishes.order_by("-asked_at").values_list("asked_at", flat=True)[:1]
        refused = wishes.filter(state=EnrolmentState.REFUSED, asked_at__in=list(newest)).first()
    if refused is None:
        return Progress(Stage.FORM, has_pin=True)
    return Progress(Stage.FAILED, has_pin=True, refusal=_finding(refused))


def _finding(refused: Enrolment) -> Finding:
    return error(
        "enrolment-refused",
        refused.refusal,
        remedy="Your keys stay protected by your PIN; nothing has to be entered again.",
        owner="administrator",
    )
