"""What the page around every page shows: forest, person, key chip, counts.

Signed out it costs no query. Signed in it costs two, and only when a template asks: fragments and redirects pay nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from mail.models import Draft, Message
from mail.models.letters import Folder
from tenants import clock
from tenants.access import Actor, actor_of
from tenants.models import Approval, CustodyKey, Person, TemplateDraft, Tenant, TrustRequest
from tenants.models.trust import TrustRequestState
from tenants.scoping import tenant_scope
from tenants.web.unlocked import unlocked_key


@dataclass(frozen=True, slots=True)
class KeyChip:
    open: bool
    seconds_left: int
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shell:
    """Empty when nobody is signed in."""

    forest: Tenant | None = None
    person: Actor | None = None
    key: KeyChip | None = None
    unread: int = 0
    drafts: int = 0
    requests: int = 0
    approvals: int = 0
    template_work: int = 0


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `shell`, made when it is first read."""
    return {"shell": SimpleLazyObject(lambda: shell_of(request))}


def shell_of(request: HttpRequest) -> Shell:
    """The shell of this request, made once. Call it outside a scope."""
    if not hasattr(request, "_shell"):
        request._shell = _shell_of(request)  # type: ignore[attr-defined]
    made: Shell = request._shell  # type: ignore[attr-defined]
    return made


def _shell_of(request: HttpRequest) -> Shell:
    # Error pages may be drawn before the session middleware has run.
    actor = actor_of(request) if hasattr(request, "user") else None
    if actor is None:
        return Shell()
    with tenant_scope(actor.tenant_id):
        counts = _counted(actor).get()
    return Shell(
        forest=actor.tenant,
        person=actor,
        key=_key_chip(request, actor) if counts["has_key"] else None,
        unread=counts["unread"],
        drafts=counts["draft_count"],
        requests=counts["request_count"],
        approvals=counts["approval_count"],
        template_work=counts["template_count"],
    )


def _counted(actor: Actor) -> QuerySet[Person, Any]:
    """One row, one query: whether there is a key, and the counts of the rail."""
    inbox = Message.objects.filter(person_id=OuterRef("id"), folder=Folder.INBOX, seen_at__isnull=True)
    drafts = Draft.objects.filter(person_id=OuterRef("id"))
    asked = TrustRequest.objects.filter(state=TrustRequestState.OPEN)
    waiting = Approval.objects.waiting()
    others = TemplateDraft.objects.exclude(author_id=actor.person_id)
    if not actor.is_administrator:
        asked, waiting, others = asked.none(), waiting.none(), others.none()
    return (
        Person.objects.filter(id=actor.person_id)
        .annotate(
            has_key=Exists(CustodyKey.objects.current().filter(person_id=OuterRef("id"))),
            unread=_count(inbox),
            draft_count=_count(drafts),
            request_count=_count(asked),
            approval_count=_count(waiting),
            template_count=_count(others),
        )
        .values("has_key", "unread", "draft_count", "request_count", "approval_count", "template_count")
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("tenant_id").annotate(n=Count("id")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _key_chip(request: HttpRequest, actor: Actor) -> KeyChip:
    found = unlocked_key(request, actor)
    if found is None:
        return KeyChip(open=False, seconds_left=0, closes_at=None)
    left = int((found[1] - clock.now()).total_seconds())
    return KeyChip(open=left > 0, seconds_left=max(left, 0), closes_at=found[1])
