"""GET /api/enrolment/: how far the caller's enrolment is, and what became of each wish: step, reason, owner."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import clock
from tenants.access import actor_of
from tenants.models import Enrolment
from tenants.scoping import tenant_scope
from tenants.services.enrolment_failures import Failure, failure_of
from tenants.services.enrolment_state import enrolment_state

SHOWN = 50


class IsMember(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return actor_of(request._request) is not None


class EnrolmentState(APIView):
    """Read-only. The newest wishes first; no key and no request is given back."""

    http_method_names = ("get", "head", "options")
    permission_classes = (IsMember,)

    def get(self, request: Request) -> Response:
        actor = actor_of(request._request)
        assert actor is not None  # noqa: S101  the permission has seen to it
        progress = enrolment_state(actor, clock.now())
        with tenant_scope(actor.tenant_id):
            mine = Enrolment.objects.filter(person_id=actor.person_id).select_related("template")
            wishes = [_wish(row) for row in mine.order_by("-asked_at", "id")[:SHOWN]]
        answer = {
            "state": progress.stage.value,
            "failure": _failure(progress.failure),
            "next_try": progress.next_try_at,
            "enrolments": wishes,
        }
        response = Response(answer)
        response["Cache-Control"] = "no-store, private"
        return response


def _wish(row: Enrolment) -> dict[str, Any]:
    return {
        "template": row.template.code,
        "version": row.template.version,
        "state": row.state,
        "key": "here" if row.public_key is None else "elsewhere",
        "renewal": row.replaces_id is not None,
        "asked": row.asked_at,
        "done": row.done_at,
        "next_try": row.next_try_at,
        "failure": _failure(failure_of(row)),
    }


def _failure(failure: Failure | None) -> dict[str, str] | None:
    if failure is None:
        return None
    finding = failure.finding
    return {
        "step": failure.step.value,
        "code": finding.code,
        "summary": finding.summary,
        "remedy": finding.remedy,
        "owner": finding.owner,
    }


enrolment = EnrolmentState.as_view()
enrolment.access = "member"  # type: ignore[attr-defined]  # the isolation tests read it from the URL resolver
