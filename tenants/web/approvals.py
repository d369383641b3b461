"""What waits for a second administrator, and the rule that makes it wait."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pki.errors import PkiError
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Approval, Person, Tenant
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.approvals import approve as let_happen
from tenants.services.approvals import decline, set_two_person_rule
from tenants.web.answers import see_other
from tenants.web.forms import sentence

MOST_DECIDED = 50


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    pk: uuid.UUID
    summary: str
    sha256: bytes
    asked_by: str
    asked_at: datetime
    is_own: bool
    state: str
    decided_by: str
    decided_at: datetime | None

    @classmethod
    def of(cls, row: Approval, person_id: uuid.UUID) -> ApprovalRow:
        return cls(
            row.id,
            row.summary,
            bytes(row.sha256),
            row.asked_by.name if row.asked_by else "",
            row.asked_at,
            row.asked_by_id == person_id,
            row.state,
            row.decided_by.name if row.decided_by else "",
            row.decided_at,
        )


@administrator
@require_safe
def approvals(request: SignedInRequest) -> HttpResponse:
    me = request.actor.person_id
    with tenant_scope(request.actor.tenant_id):
        rows = Approval.objects.select_related("asked_by", "decided_by")
        waiting = [ApprovalRow.of(row, me) for row in rows.waiting().order_by("asked_at", "id")]
        decided = rows.exclude(id__in=[row.pk for row in waiting]).order_by("-decided_at")[:MOST_DECIDED]
        context = {
            "waiting": waiting,
            "decided": [ApprovalRow.of(row, me) for row in decided],
            "rule": Tenant.objects.get(id=request.actor.tenant_id).needs_two_people,
            "administrators": Person.objects.administrators().count(),
        }
    return render(request, "tenants/admin/approvals.html", context)


@administrator
@require_POST
def approval_approve(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """POST sha256: what the page showed."""
    try:
        seen = bytes.fromhex(request.POST.get("sha256", ""))
    except ValueError:
        seen = b""
    try:
        done = let_happen(request.actor, pk, seen, clock.now())
    except Approval.DoesNotExist:
        raise Http404 from None
    except (Refused, PkiError) as refused:
        messages.error(request, sentence(refused.finding))
    else:
        messages.success(request, _("Approved and done: %(summary)s") % {"summary": done.summary})
    return see_other("tenants:approvals")


@administrator
@require_POST
def approval_decline(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        decline(request.actor, pk, clock.now())
    except Approval.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        messages.success(request, _("Nothing was done, and nothing will be."))
    return see_other("tenants:approvals")


@administrator
@require_POST
def two_person_rule(request: SignedInRequest) -> HttpResponse:
    """POST on: "1" or "0"."""
    try:
        waiting = set_two_person_rule(request.actor, on=request.POST.get("on") == "1", at=clock.now())
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        if waiting is None:
            messages.success(request, _("The rule is as you chose."))
        else:
            tell_waiting(request)
    return see_other("tenants:approvals")


def tell_waiting(request: SignedInRequest) -> None:
    """After an act that now waits for a second administrator."""
    messages.info(
        request, _("This waits for a second administrator, who decides it on the page Approvals. Nothing is done yet.")
    )  # fmt: skip
