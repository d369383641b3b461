"""An administrator agrees to an enrolment, or refuses it, where the template asks for that."""

from __future__ import annotations

import uuid
from datetime import datetime

from tenants import due_work
from tenants.access import Actor
from tenants.models import Enrolment, EnrolmentDecision
from tenants.models.certificates import EnrolmentState
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.admit import AwaitsApproval, admit
from tenants.services.publish_template import is_only_administrator


def decide_enrolment(actor: Actor, enrolment_id: uuid.UUID, at: datetime, *, approved: bool) -> Enrolment:
    """Record the decision and let the worker issue, or end the enrolment. Raises Refused, Enrolment.DoesNotExist.

    Nobody decides about their own enrolment, unless the forest has no other administrator; the record then says so.
    """
    with tenant_scope(actor.tenant_id, write=True):
        only = is_only_administrator(actor)
        wish = (
            Enrolment.objects.select_for_update(of=("self",))
            .select_related("person", "template")
            .get(id=enrolment_id)
        )
        own = wish.person_id == actor.person_id
        if own and not only and approved:
            raise refuse(
                "enrolment-own", "You asked for this certificate; another administrator has to agree.",
                remedy="Ask another administrator.", owner="administrator",
            )  # fmt: skip
        admission = admit(wish, at) if wish.state == EnrolmentState.WAITING else None
        if not isinstance(admission, AwaitsApproval):
            raise refuse(
                "enrolment-decided", "This enrolment does not wait for a decision any more.",
                remedy="Load the page again to see what became of it.",
            )  # fmt: skip
        EnrolmentDecision.objects.create(
            enrolment=wish,
            template=admission.template,
            approved=approved,
            decided_by_id=actor.person_id,
            alone=own,
            at=at,
        )
        if approved:
            due_work.schedule("issue", actor.tenant_id, wish.id)
        else:
            wish.state, wish.done_at = EnrolmentState.REFUSED, at
            wish.refusal = f"An administrator did not agree to a certificate of the template “{admission.template.title}”."
            wish.save(update_fields=["state", "refusal", "done_at"])
        return wish
